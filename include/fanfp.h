/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libfanfp: attach fanotify fastpath handlers
 *
 * Conventions, as libbpf's: functions that return a pointer return NULL and set
 * errno on failure; functions that return an int return 0 or more, or a
 * negative errno. What failed, why, and what to do about it goes to the print
 * function, and stays in fanfp_last_error(). Structures named *_opts start with
 * their size and can grow; LIBFANFP_OPTS() fills it in, and NULL stands for all
 * defaults.
 *
 * An object (handler, link) may be used by one thread at a time; different
 * objects may be used by different threads. A group is its file descriptor,
 * which any thread may use. See libfanfp(3).
 */
#ifndef _FANFP_H
#define _FANFP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef LIBFANFP_API
#define LIBFANFP_API __attribute__((visibility("default")))
#endif

/*
 * Declare and fill in a structure of options. C++ compilers may warn of members
 * that are left out, which here is what is meant.
 */
#define LIBFANFP_OPTS(TYPE, NAME, ...)					\
	struct TYPE NAME = ({						\
		struct TYPE ___opts;					\
		memset(&___opts, 0, sizeof(___opts));			\
		_Pragma("GCC diagnostic push")				\
		_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"") \
		___opts = (struct TYPE){				\
			.sz = sizeof(struct TYPE),			\
			__VA_ARGS__					\
		};							\
		_Pragma("GCC diagnostic pop")				\
		___opts;						\
	})

/**
 * fanfp_version_string() - tell the version of the library
 *
 * Return: As "0.1.0".
 */
LIBFANFP_API const char *fanfp_version_string(void);

/**
 * fanfp_supported() - tell whether this kernel has the fastpath
 *
 * Return: Whether it has; if not, a message says what to do.
 */
LIBFANFP_API bool fanfp_supported(void);

enum fanfp_print_level {
	FANFP_WARN,
	FANFP_INFO,
	FANFP_DEBUG,
};

/*
 * Gets one line, without a newline, or several that belong together, in the
 * thread whose call they are about.
 */
typedef void (*fanfp_print_fn)(enum fanfp_print_level level, const char *text);

/**
 * fanfp_set_print() - set where messages go
 * @print: The function; NULL for none. The default prints FANFP_WARN to stderr.
 *
 * Return: The function of before.
 */
LIBFANFP_API fanfp_print_fn fanfp_set_print(fanfp_print_fn print);

/**
 * fanfp_last_error() - tell what the last failure was
 *
 * Return: The message about the last call of this thread that failed, cut at
 * 1023 bytes, whatever the print function is; "" if none has. Good until the
 * next call of the library in this thread.
 */
LIBFANFP_API const char *fanfp_last_error(void);

/* --- handlers ------------------------------------------------------------ */

struct fanfp_handler;
struct fanfp_link;

/**
 * struct fanfp_open_opts - how to open a handler
 * @sz: Size of this structure.
 * @name: Name to register it by, instead of its own.
 * @prepare: Called when the handler is loaded, and has not seen an event yet: to
 *           fill its maps. If it returns a negative errno, so does what loads.
 * @ctx: Passed to @prepare.
 */
struct fanfp_open_opts {
	size_t sz;
	const char *name;
	int (*prepare)(struct fanfp_handler *handler, void *ctx);
	void *ctx;
};

/**
 * fanfp_handler__open_file() - open a handler in a BPF object file
 * @path: The file. It has one struct_ops map of type fanotify_fastpath_ops.
 * @opts: Options or NULL.
 *
 * Return: The handler, to be closed, or NULL and errno: ENOENT and the like for
 * the file, EINVAL if it is not such an object.
 */
LIBFANFP_API struct fanfp_handler *
fanfp_handler__open_file(const char *path, const struct fanfp_open_opts *opts);

/**
 * fanfp_handler__open_builtin() - open a handler that is in the library
 * @name: Its name: see fanfp_builtin__name().
 * @opts: Options or NULL.
 *
 * Return: The handler, to be closed, or NULL and errno: ENOENT if there is none.
 */
LIBFANFP_API struct fanfp_handler *
fanfp_handler__open_builtin(const char *name, const struct fanfp_open_opts *opts);

/**
 * fanfp_handler__open_mem() - open a handler in a BPF object in memory
 * @data: The object, as it is in a file; not needed any more afterwards.
 * @size: Its size.
 * @opts: Options or NULL.
 *
 * Return: The handler, to be closed, or NULL and errno: EINVAL if it is not such
 * an object.
 */
LIBFANFP_API struct fanfp_handler *
fanfp_handler__open_mem(const void *data, size_t size,
			const struct fanfp_open_opts *opts);

/**
 * fanfp_builtin__name() - tell the names of the handlers that are in the library
 * @index: Which one, from 0.
 *
 * Return: Its name; NULL if there are not as many.
 */
LIBFANFP_API const char *fanfp_builtin__name(unsigned int index);

/**
 * fanfp_handler__close() - close a handler
 * @handler: The handler or NULL. Its links stay.
 */
LIBFANFP_API void fanfp_handler__close(struct fanfp_handler *handler);

/**
 * fanfp_handler__name() - tell the name that a handler is registered by
 * @handler: The handler.
 *
 * Return: Its name; good until it is closed.
 */
LIBFANFP_API const char *fanfp_handler__name(const struct fanfp_handler *handler);

/**
 * fanfp_handler__desc() - tell what a handler does
 * @handler: The handler.
 *
 * Return: One line, or ""; good until it is closed.
 */
LIBFANFP_API const char *fanfp_handler__desc(const struct fanfp_handler *handler);

/**
 * fanfp_handler__init_args() - tell what the arguments of a handler are
 * @handler: The handler.
 *
 * Return: One line, or ""; good until it is closed.
 */
LIBFANFP_API const char *
fanfp_handler__init_args(const struct fanfp_handler *handler);

/**
 * fanfp_handler__map_fd() - find a BPF map of a handler
 * @handler: The handler, which has been loaded: from @prepare of &struct
 *           fanfp_open_opts on.
 * @name: The map.
 *
 * Return: Its file descriptor, which is closed with the handler, or a negative
 * errno: -ENOENT if it has no such map, -EBADF if it is not loaded.
 */
LIBFANFP_API int fanfp_handler__map_fd(const struct fanfp_handler *handler,
				       const char *name);

/**
 * struct fanfp_attach_opts - how to attach a handler
 * @sz: Size of this structure.
 * @args: Arguments of the attachment, for the handler's fp_init.
 * @args_size: Their size in bytes, at most 1024.
 */
struct fanfp_attach_opts {
	size_t sz;
	const void *args;
	size_t args_size;
};

/**
 * fanfp_handler__attach() - load a handler and attach it to one group
 * @handler: The handler. It can be attached, registered or put in the place of
 *           another once, and not again if that fails.
 * @fanotify_fd: The group.
 * @opts: Options or NULL.
 *
 * Return: The link that owns the attachment, or NULL and errno: EBUSY if the
 * group has a handler, EPERM, EOPNOTSUPP if the kernel has no fastpath, EINVAL
 * if @fanotify_fd is not fanotify's or the verifier refuses the handler, or
 * what the handler's fp_init refuses with.
 */
LIBFANFP_API struct fanfp_link *
fanfp_handler__attach(struct fanfp_handler *handler, int fanotify_fd,
		      const struct fanfp_attach_opts *opts);

/**
 * fanfp_handler__register() - load a handler and let it be attached by name
 * @handler: The handler; once, as for fanfp_handler__attach().
 *
 * Return: The link that keeps it registered, or NULL and errno: EEXIST if the
 * name is taken, else as fanfp_handler__attach().
 */
LIBFANFP_API struct fanfp_link *
fanfp_handler__register(struct fanfp_handler *handler);

/**
 * fanfp_link__fd() - get the file descriptor of a link
 * @link: The link.
 *
 * It polls as POLLHUP once the handler is detached: because the group was
 * closed, or somebody has used fanfp_link__detach().
 *
 * Return: The file descriptor, which is the link's.
 */
LIBFANFP_API int fanfp_link__fd(const struct fanfp_link *link);

/**
 * fanfp_link__replace() - put another handler in the place of a link's
 * @link: The link of an attachment.
 * @handler: The new handler; once, as for fanfp_handler__attach().
 * @opts: Options or NULL.
 *
 * Every event is shown to one of the two. The link stays, with its group and
 * where it is pinned.
 *
 * Return: 0 or a negative errno, and the old handler stays: -EOPNOTSUPP if the
 * link registers a handler by name, -ENOLINK if it is detached, or what
 * fanfp_handler__attach() fails with.
 */
LIBFANFP_API int fanfp_link__replace(struct fanfp_link *link,
				     struct fanfp_handler *handler,
				     const struct fanfp_attach_opts *opts);

/**
 * fanfp_link__pin() - let a link outlive its owner
 * @link: The link.
 * @path: Where, in a bpf file system; folders are made.
 *
 * Return: 0 or a negative errno.
 */
LIBFANFP_API int fanfp_link__pin(struct fanfp_link *link, const char *path);

/**
 * fanfp_link__open() - open a link that is pinned
 * @path: Where.
 *
 * Return: The link, to be destroyed, or NULL and errno: EINVAL if what is there
 * is no link of a handler.
 */
LIBFANFP_API struct fanfp_link *fanfp_link__open(const char *path);

/**
 * fanfp_link__unpin() - undo fanfp_link__pin()
 * @link: The link.
 *
 * Return: 0 or a negative errno.
 */
LIBFANFP_API int fanfp_link__unpin(struct fanfp_link *link);

/**
 * fanfp_link__detach() - detach or unregister now, whoever else has the link
 * @link: The link, also if it is pinned or another process has it too. It still
 *        has to be destroyed.
 *
 * Return: 0 or a negative errno.
 */
LIBFANFP_API int fanfp_link__detach(struct fanfp_link *link);

/**
 * fanfp_link__destroy() - let go of a link
 * @link: The link or NULL.
 *
 * This detaches or unregisters, unless the link is pinned or another process has
 * it too. So does the end of the process, however it ends.
 */
LIBFANFP_API void fanfp_link__destroy(struct fanfp_link *link);

/* --- groups ---------------------------------------------------------------- */

/**
 * fanfp_group__attach() - attach a registered handler by name
 * @fanotify_fd: The group.
 * @name: The handler.
 * @opts: Options or NULL.
 *
 * The handler stays attached until the group is closed or
 * fanfp_group__detach() is called.
 *
 * Return: 0 or a negative errno: -ENOENT if there is no such handler, -EPERM if
 * it takes CAP_SYS_ADMIN, -EBUSY if the group has a handler, -EINVAL if
 * @fanotify_fd is not fanotify's, -EOPNOTSUPP if the kernel has no fastpath, or
 * what the handler's fp_init refuses with.
 */
LIBFANFP_API int fanfp_group__attach(int fanotify_fd, const char *name,
				     const struct fanfp_attach_opts *opts);

/**
 * fanfp_group__replace() - put another handler in the place of one attached by name
 * @fanotify_fd: The group.
 * @name: The new handler, which can be the same.
 * @opts: Options or NULL.
 *
 * Every event is shown to one of the two. The new attachment starts afresh.
 *
 * Return: 0 or a negative errno, and the old handler stays: -ENOENT if there is no
 * such handler, or none is attached; -EBUSY if a link owns the attachment; else
 * as fanfp_group__attach().
 */
LIBFANFP_API int fanfp_group__replace(int fanotify_fd, const char *name,
				      const struct fanfp_attach_opts *opts);

/**
 * fanfp_group__detach() - undo fanfp_group__attach()
 * @fanotify_fd: The group.
 * @name: The handler, or NULL for whichever it is.
 *
 * Return: 0 or a negative errno: -ENOENT if it is not attached, -EBUSY if a
 * link owns the attachment.
 */
LIBFANFP_API int fanfp_group__detach(int fanotify_fd, const char *name);

/**
 * fanfp_group__find_fd() - find a process's fanotify descriptor
 * @pid: The process.
 *
 * Return: Its number there, or a negative errno: -ESRCH if there is no such
 * process, -ENOENT if it has no fanotify descriptor, -EMFILE if it has several,
 * -EACCES.
 */
LIBFANFP_API int fanfp_group__find_fd(pid_t pid);

/**
 * fanfp_group__open_pid() - get a duplicate of a process's fanotify descriptor
 * @pid: The process.
 * @fd: The number of the descriptor there, or -1 if it has only one.
 *
 * Return: A file descriptor, or a negative errno: -EINVAL if @fd is not
 * fanotify's, -EBADF if it is not open, -ESRCH, -EPERM, or if @fd is -1 what
 * fanfp_group__find_fd() returns.
 */
LIBFANFP_API int fanfp_group__open_pid(pid_t pid, int fd);

/* What it counts is said in <linux/fanotify_fastpath.h>. */
struct fanfp_group_info {
	size_t sz;
	char handler[32];	/* its name */
	uint32_t flags;		/* FAN_FP_F_* of the handler */
	uint64_t id;		/* of the attachment */
	unsigned long long seen, sent, skipped, denied, errors, nested,
			   unplaced;
};

/**
 * fanfp_group__info() - tell what is attached to a group
 * @fanotify_fd: The group.
 * @info: Filled, as far as its sz goes, which must be set.
 *
 * Return: 0 or a negative errno: -ENOENT if nothing is attached, -EINVAL if
 * @fanotify_fd is not fanotify's, -EOPNOTSUPP if the kernel has no fastpath.
 */
LIBFANFP_API int fanfp_group__info(int fanotify_fd,
				   struct fanfp_group_info *info);

/* A process that has a group open, and by which descriptor. */
struct fanfp_holder {
	pid_t pid;
	int fd;
};

/* Good while the function that gets it runs. */
struct fanfp_group_entry {
	size_t sz;		/* of what the library knows */
	const struct fanfp_holder *holders;
	size_t n_holders;	/* at least one; several share it since a fork */
	uint32_t flags;		/* as for fanotify_init(2): FAN_CLASS_* and the like */
	uint32_t event_flags;	/* and its event_f_flags */
	unsigned long inode_marks, mount_marks, fs_marks;
	int err;		/* as fanfp_group__info(); -EPERM: may not be told */
	struct fanfp_group_info info;	/* unless err */
};

struct fanfp_each_opts {
	size_t sz;
	pid_t pid;		/* only of this process; 0 for all */
	unsigned int *hidden;	/* gets how many processes may not be looked into */
};

/**
 * fanfp_group__for_each() - look at the groups of all processes
 * @opts: Options or NULL.
 * @fn: Called for each group once, with or without a handler, by process and
 *      descriptor; anything but 0 ends it.
 * @ctx: Passed to @fn.
 *
 * Groups that are closed meanwhile are left out. Needs no fastpath.
 *
 * Return: What @fn returned last, or a negative errno: -ESRCH, -EACCES if
 * there is no such process or it may not be looked into.
 */
LIBFANFP_API int
fanfp_group__for_each(const struct fanfp_each_opts *opts,
		      int (*fn)(const struct fanfp_group_entry *entry, void *ctx),
		      void *ctx);

enum fanfp_mark_kind {
	FANFP_MARK_INODE,
	FANFP_MARK_MOUNT,
	FANFP_MARK_FS,
};

/* Good while the function that gets it runs. */
struct fanfp_mark_info {
	size_t sz;		/* of what the library knows */
	enum fanfp_mark_kind kind;
	uint32_t flags;		/* FAN_MARK_IGNORE, _EVICTABLE, ... */
	uint64_t mask, ignored_mask;
	int mount_id;		/* of a mount */
	dev_t dev;		/* of an inode or a file system */
	uint64_t ino;		/* of an inode */
	/* Of an inode, as struct file_handle has it; 0 bytes if there is none. */
	int handle_type;
	unsigned int handle_bytes;
	unsigned char handle[128];
};

/**
 * fanfp_mark__for_each() - look at the marks of a group
 * @pid: A process that has it open.
 * @fd: The descriptor there.
 * @fn: Called for each mark; anything but 0 ends it.
 * @ctx: Passed to @fn.
 *
 * Return: What @fn returned last, or a negative errno.
 */
LIBFANFP_API int
fanfp_mark__for_each(pid_t pid, int fd,
		     int (*fn)(const struct fanfp_mark_info *mark, void *ctx),
		     void *ctx);

enum fanfp_root {
	FANFP_INCLUDE,
	FANFP_EXCLUDE,
};

/**
 * fanfp_group__add_root() - mark a directory for the subtree handler
 * @fanotify_fd: The group.
 * @path: The directory.
 * @root: Whether what is below it is passed on or skipped.
 *
 * Return: 1; 0 if the group has this mark already, which then is somebody
 * else's to remove; or a negative errno of fanotify_mark(2).
 */
LIBFANFP_API int fanfp_group__add_root(int fanotify_fd, const char *path,
				       enum fanfp_root root);

/**
 * fanfp_group__remove_root() - undo fanfp_group__add_root()
 * @fanotify_fd: The group.
 * @path: The directory, wherever it is now: /proc/self/fd/N names one that is
 *        open, and may have been moved.
 * @root: As it was added.
 *
 * Return: 0 or a negative errno of fanotify_mark(2): -ENOENT if there is no such
 * mark, or nothing at @path.
 */
LIBFANFP_API int fanfp_group__remove_root(int fanotify_fd, const char *path,
					  enum fanfp_root root);

/**
 * fanfp_group__move_root() - mark another directory instead of one
 * @fanotify_fd: The group.
 * @from: The directory that was marked.
 * @to: The one to mark. There is no moment when neither is.
 * @root: As it was added, and for both.
 *
 * Return: As fanfp_group__add_root() of @to, or the negative errno of the step
 * that failed, and then all is as it was.
 */
LIBFANFP_API int fanfp_group__move_root(int fanotify_fd, const char *from,
					const char *to, enum fanfp_root root);

/* --- what is registered ------------------------------------------------------ */

/* Good while the function that gets it runs. */
struct fanfp_handler_info {
	size_t sz;		/* of what the library knows */
	const char *name;
	const char *desc;
	const char *init_args;
	uint32_t flags;		/* FAN_FP_F_* */
	unsigned int attached;	/* groups */
	unsigned long long seen, sent, skipped, denied, errors, nested,
			   unplaced;
};

/**
 * fanfp_registry__for_each() - look at the handlers that can be attached by name
 * @fn: Called for each, in the order of their names; anything but 0 ends it.
 * @ctx: Passed to @fn.
 *
 * Return: What @fn returned last, or a negative errno: -EOPNOTSUPP if the kernel
 * has no fastpath.
 */
LIBFANFP_API int
fanfp_registry__for_each(int (*fn)(const struct fanfp_handler_info *info,
				   void *ctx), void *ctx);

#ifdef __cplusplus
}
#endif

#include "fanfp_rules.h"

#endif /* _FANFP_H */
