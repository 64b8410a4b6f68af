/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath - what its files share
 *
 * A *handler* is a registered struct fanotify_fastpath_ops.  A *hook* is one
 * attachment of a handler to a group.  The files are named after these:
 *
 *   fastpath_handler.c	registration, sysfs
 *   fastpath_hook.c	attach, detach, ioctl
 *   fastpath_event.[ch]	one event asks one hook: the hot path
 *   fastpath_walk.c	the directories above an event
 *   fastpath_bpf.c	the BPF struct_ops type
 *   fastpath_kfuncs.c	what a BPF handler can call
 *   fastpath_glue.c	what differs between the flavours
 */
#ifndef _FANOTIFY_FASTPATH_PRIVATE_H
#define _FANOTIFY_FASTPATH_PRIVATE_H

#include <linux/container_of.h>
#include <linux/fanotify_fastpath.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

struct bpf_link;
struct btf;
struct fastpath_event;
struct seq_file;

/* Internal bit of handler flags: fp_handler may sleep, so it may nest. */
#define FASTPATH_F_MAY_SLEEP	BIT(31)

#define FASTPATH_USER_FLAGS	(FAN_FP_F_UNPRIV | FAN_FP_F_GROUP_FD)

/**
 * struct fastpath_stats - counters of one hook on one CPU
 * @sent: Events passed on, for whatever reason.
 * @skipped: Events dropped, permission events allowed.
 * @denied: Permission events denied.
 * @errors: Verdicts that the contract does not allow. The event was sent.
 * @nested: Events caused by the handler itself, which was not asked.
 * @unplaced: Times that a handler could not be told where an event is.
 *
 * @sent, @skipped and @denied add up to the events seen; each event adds one
 * to exactly one of them, on the CPU that it is decided on.
 */
struct fastpath_stats {
	unsigned long sent;
	unsigned long skipped;
	unsigned long denied;
	unsigned long errors;
	unsigned long nested;
	unsigned long unplaced;
};

/* Each event that was seen is one of these. */
static inline u64 fastpath_stats_seen(const struct fastpath_stats *stats)
{
	return (u64)stats->sent + stats->skipped + stats->denied;
}

/**
 * struct fastpath_handler - a registered handler
 */
struct fastpath_handler {
	/**
	 * @kobj: Counts the references to this memory: one of the
	 * registration, one of each user. In sysfs if the handler has a name
	 * to attach by.
	 */
	struct kobject kobj;
	/** @node: In the list of all handlers. Protected by fastpath_lock. */
	struct list_head node;
	/**
	 * @ops: Owned by the BPF map or the module that registered it. Valid
	 * until it is unregistered, and for as long as @users is not 0.
	 */
	struct fanotify_fastpath_ops *ops;
	/** @owner: Of @ops: a module or BPF_MODULE_OWNER. Constant. */
	struct module *owner;
	/**
	 * @link: The BPF link that made the registration, or NULL. Not a
	 * reference: the link unregisters the handler before it goes away, so
	 * it is valid under fastpath_lock while @registered. Protected by
	 * fastpath_lock.
	 */
	struct bpf_link *link;
	/** @registered: Can be attached. Protected by fastpath_lock. */
	bool registered;
	/**
	 * @users: Hooks that may call into @ops, and attempts to make one.
	 * Written under fastpath_lock.
	 */
	unsigned int users;
	/**
	 * @hooks: Those attached, and behind them those that are being
	 * finished, which still count. Protected by fastpath_lock.
	 */
	struct list_head hooks;
	/**
	 * @past: Counts of the hooks that are no more. Protected by
	 * fastpath_lock, under which a hook leaves @hooks for it.
	 */
	struct fastpath_stats past;
	/** @flags: FAN_FP_F_* and FASTPATH_F_*. Constant. */
	u32 flags;
	/** @name: Constant, as the two texts below. */
	char name[FAN_FP_NAME_MAX];
	/** @desc: Copied, for sysfs may be read while BPF frees @ops. */
	char desc[FAN_FP_DESC_MAX];
	/** @init_args: Likewise. */
	char init_args[FAN_FP_DESC_MAX];
};

/**
 * struct fastpath_hook - one attachment of a handler to a group
 *
 * Made by fastpath_attach(), which publishes it in the group. Whoever
 * unpublishes it, under fastpath_lock, owns it from then on and must finish it.
 */
struct fastpath_hook {
	/**
	 * @fp_handler: Of the handler's ops, here to save the hot path two
	 * loads; or fastpath_handler_sleeping(), which calls that.
	 */
	int (*fp_handler)(struct fsnotify_group *group,
			  struct fanotify_fastpath_hook *fp_hook,
			  struct fanotify_fastpath_event *fp_event);
	/** @fp_response: Likewise; NULL if the handler has none. */
	void (*fp_response)(struct fanotify_fastpath_hook *fp_hook,
			    struct fanotify_fastpath_event *fp_event,
			    u32 response);
	/** @stats: Owned. Each CPU writes its own. */
	struct fastpath_stats __percpu *stats;
	/** @may_sleep: What the handler does may cause events. Constant. */
	bool may_sleep;
	/** @handler: Counted in its users. Constant. */
	struct fastpath_handler *handler;
	/**
	 * @group: Where this is published, or NULL. Not a reference: the group
	 * unpublishes before it goes away. Protected by fastpath_lock.
	 */
	struct fsnotify_group *group;
	/** @node: In the handler's hooks once published. Same lock. */
	struct list_head node;
	/** @finish: Runs fastpath_hook_finish() where that can be deferred. */
	struct work_struct finish;
	/** @pub: What the handler sees. The args in it are owned. */
	struct fanotify_fastpath_hook pub;
};

/*
 * Protects the list of handlers, which hook is published in which group, and
 * what is said above to be. Taken under BPF's struct_ops mutex and without it.
 * Nothing is waited for under it, and no handler is called but fp_init of a BPF
 * handler that replaces another, which can't sleep.
 */
extern struct mutex fastpath_lock;

/* fastpath_handler.c */
int fastpath_handler_check(const struct fanotify_fastpath_ops *ops);
int fastpath_handler_register(struct fanotify_fastpath_ops *ops,
			      struct bpf_link *link);
void fastpath_handler_unregister(struct fanotify_fastpath_ops *ops,
				 struct bpf_link *link);
int fastpath_handler_update(struct fanotify_fastpath_ops *ops,
			    struct bpf_link *link);
struct fastpath_handler *fastpath_handler_find(const char *name);
bool fastpath_handler_get(struct fastpath_handler *handler);
void fastpath_handler_put(struct fastpath_handler *handler,
			  struct fastpath_hook *hook);
struct fastpath_hook *
fastpath_handler_hook(struct fastpath_handler *handler);
int fastpath_handler_init(void);
void fastpath_handler_exit(void);

/* fastpath_hook.c */
int fastpath_attach(struct fastpath_handler *handler,
		    struct fsnotify_group *group, const void *args,
		    u32 args_size, bool replace);
int fastpath_replace(struct fastpath_handler *old,
		     struct fastpath_handler *new, const void *args,
		     u32 args_size);
int fastpath_attach_fd(struct fastpath_handler *handler, int fd,
		       const void *args, u32 args_size);
struct fastpath_hook *fastpath_hook_unpublish(struct fastpath_hook *hook);
void fastpath_hook_finish(struct fastpath_hook *hook);
void fastpath_hook_retire(struct fastpath_hook *hook);
void fastpath_hook_stats(const struct fastpath_hook *hook,
			 struct fastpath_stats *sum);
int fastpath_group_info(struct fsnotify_group *group,
			struct fanotify_fastpath_info *info);
long fastpath_ioctl(struct fsnotify_group *group, unsigned int cmd,
		    void __user *argp);
void fastpath_group_gone(struct fsnotify_group *group);
int fastpath_hook_init(void);
void fastpath_hook_exit(void);

/* fastpath_event.c; the rest is in fastpath_event.h. */
int fastpath_handler_sleeping(struct fsnotify_group *group,
			      struct fanotify_fastpath_hook *fp_hook,
			      struct fanotify_fastpath_event *fp_event);

/* fastpath_walk.c */
int fastpath_nearest_mark(const struct fastpath_event *event,
			  enum fanotify_fastpath_place place,
			  struct fanotify_fastpath_mark *info);
int fastpath_marks(const struct fastpath_event *event,
		   enum fanotify_fastpath_place place,
		   struct fanotify_fastpath_mark *buf, u32 room);
int fastpath_ancestors(const struct fastpath_event *event,
		       enum fanotify_fastpath_place place,
		       struct fanotify_fastpath_ancestor *buf, u32 room);

/* fastpath_bpf.c, fastpath_kfuncs.c */
#ifdef CONFIG_FANOTIFY_FASTPATH_BPF
bool fastpath_bpf_owns(const struct module *owner);
bool fastpath_bpf_is_handler(const struct btf *btf, u32 btf_id);
int fastpath_bpf_init(void);
int fastpath_kfuncs_init(void);
#else
static inline bool fastpath_bpf_owns(const struct module *owner)
{
	return false;
}

static inline int fastpath_bpf_init(void)
{
	return 0;
}
#endif

/* fastpath_glue.c: the in-tree one and the module's. */

/* In-tree only. */
void fastpath_show_fdinfo(struct seq_file *m, struct fsnotify_group *group);

/*
 * Whether a hook keeps its handler's ops alive. If not, unregistering detaches
 * every hook of the handler and waits for it.
 */
extern const bool fastpath_ops_pinned;

/* Whether an answer of userspace's can be told from an automatic one. */
extern const bool fastpath_sees_answers;

/*
 * Keep @ops alive, or fail if it is already going away; undo that. Without
 * fastpath_ops_pinned, ops that BPF owns are left alone.
 */
bool fastpath_ops_get(const void *ops, struct module *owner);
void fastpath_ops_put(const void *ops, struct module *owner);

/* The group of a fanotify file, or NULL if it is another kind of file. */
struct fsnotify_group *fastpath_file_group(struct file *file);

/*
 * Make room in @group for a hook: until the group goes, fastpath_group_slot()
 * is then where it is published. May sleep; takes fastpath_lock.
 */
int fastpath_group_prepare(struct fsnotify_group *group);
struct fanotify_fastpath_hook __rcu **
fastpath_group_slot(struct fsnotify_group *group);

/* Wait until no event uses a hook that was unpublished before the call. */
void fastpath_synchronize(void);

#endif /* _FANOTIFY_FASTPATH_PRIVATE_H */
