/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath: in-kernel handlers for fanotify groups.
 *
 * What a handler sees, be it a BPF program or a kernel module.
 */
#ifndef _LINUX_FANOTIFY_FASTPATH_H
#define _LINUX_FANOTIFY_FASTPATH_H

#include <linux/types.h>
#include <uapi/linux/fanotify_fastpath.h>

struct dentry;
struct file;
struct fsnotify_group;
struct inode;
struct module;
struct path;
struct qstr;

#define FAN_FP_SCRATCH_WORDS	2
#define FAN_FP_PRIVATE_WORDS	8

/**
 * struct fanotify_fastpath_event - the event a handler decides about
 * @mask: FAN_* bits: the event as the listener would see it, after the masks
 *        and ignore masks of the group's marks and before merging.
 * @data_type: enum fsnotify_data_type of what the file system reported.
 * @dir: Directory that @file_name is relative to, or NULL. For FAN_RENAME the
 *       old one.
 * @file_name: Name within @dir, or NULL. May be NULL though @dentry is there,
 *             which has a name in any case. Only as stable as the caller of
 *             fsnotify() keeps it: for the time of the call.
 * @fsid: File system of the object, when the group reports file handles (not
 *        in the module flavour); else zero.
 * @match_mask: Bits of enum fsnotify_iter_type: the kinds of mark that matched.
 * @inode: The object, or NULL.
 * @dentry: Dentry of the object, or NULL. Never negative.
 * @path: Path of the object, or NULL.
 * @scratch: Zero at the start; a handler may write it, and finds it again in
 *           fp_response for the same event.
 *
 * Lives on the stack of the task that caused the event. Nothing in it may be
 * kept after the handler has returned, unless a reference is taken.
 */
struct fanotify_fastpath_event {
	u32 mask;
	int data_type;
	struct inode *dir;
	const struct qstr *file_name;
	struct inode *inode;
	struct dentry *dentry;
	const struct path *path;
	__kernel_fsid_t fsid;
	u64 match_mask;
	u64 scratch[FAN_FP_SCRATCH_WORDS];
};

/**
 * struct fanotify_fastpath_hook - one attachment of a handler to a group
 * @id: Unique among all attachments since boot, never 0.
 * @args: The arguments given at attach, or NULL. Read-only; BPF reads them with
 *        bpf_fanotify_hook_args().
 * @args_size: Size of @args in bytes.
 * @__pad: Unused.
 * @private: The handler's own, zero at the start. Handlers run on all CPUs at
 *           once: use atomic operations, or write only from fp_init.
 */
struct fanotify_fastpath_hook {
	u64 id;
	const void *args;
	u32 args_size;
	u32 __pad;
	u64 private[FAN_FP_PRIVATE_WORDS];
};

/* So many members of the ops are functions; they come first. */
#define FAN_FP_OPS_PROGS	4

/**
 * struct fanotify_fastpath_ops - a handler
 * @fp_handler: Decide about one event: one of the FAN_FP_RET_* values, or a
 *              negative errno to deny a permission event. Called in the task
 *              that causes the event, under fsnotify_mark_srcu, on all CPUs at
 *              once. Must be there.
 * @fp_init: An attachment is being made. May refuse with a negative errno.
 *           Called before the first @fp_handler for @fp_hook. Optional.
 * @fp_free: Nothing runs for this attachment any more and nothing will.
 *           Called if and only if @fp_init returned 0 or there is none.
 *           Optional.
 * @fp_response: Userspace has answered a permission event that @fp_handler
 *               passed on. Called in the task that asked, with the same event
 *               and the whole word that userspace wrote: FAN_ALLOW or FAN_DENY
 *               and flags. Not called if nobody answered, or if the hook was
 *               detached or replaced meanwhile. Not in the module flavour,
 *               which refuses a handler that has it. Optional.
 * @owner: The module that @fp_handler is in. The core sets it for BPF.
 * @flags: FAN_FP_F_* bits.
 * @group_fd: With FAN_FP_F_GROUP_FD, the fanotify file descriptor to attach to,
 *            in the process that makes the link.
 * @args_size: With FAN_FP_F_GROUP_FD, the size of @args in bytes.
 * @name: Name to attach by. Letters, digits, '_', '-' and '.'. Must be there; with
 *        FAN_FP_F_GROUP_FD it only tells what is attached, and others can have
 *        the same.
 * @desc: What it does, in one line.
 * @init_args: What its arguments are, in one line.
 * @args: With FAN_FP_F_GROUP_FD, the arguments of the attachment.
 * @prog_ids: private: which BPF programs the first members are.
 * @udata: private: where BPF keeps what userspace asked for.
 *
 * fp_init and fp_free may be called under a global mutex of BPF, and fp_init of a
 * handler that takes the place of a link's under that of the fastpath: neither
 * may wait for anything that could wait for an attachment.
 */
struct fanotify_fastpath_ops {
	int (*fp_handler)(struct fsnotify_group *group,
			  struct fanotify_fastpath_hook *fp_hook,
			  struct fanotify_fastpath_event *fp_event);
	int (*fp_init)(struct fsnotify_group *group,
		       struct fanotify_fastpath_hook *fp_hook);
	void (*fp_free)(struct fanotify_fastpath_hook *fp_hook);
	void (*fp_response)(struct fanotify_fastpath_hook *fp_hook,
			    struct fanotify_fastpath_event *fp_event,
			    u32 response);
	struct module *owner;
	u32 flags;
	s32 group_fd;
	u32 args_size;
	char name[FAN_FP_NAME_MAX];
	char desc[FAN_FP_DESC_MAX];
	char init_args[FAN_FP_DESC_MAX];
	u8 args[FAN_FP_ARGS_MAX];
	u32 prog_ids[FAN_FP_OPS_PROGS];
	const struct fanotify_fastpath_ops *udata;
};

int fanotify_fastpath_register(struct fanotify_fastpath_ops *ops);
void fanotify_fastpath_unregister(struct fanotify_fastpath_ops *ops);

#endif /* _LINUX_FANOTIFY_FASTPATH_H */
