// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - groups: attach by name, roots of subtrees, other processes' groups
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fanotify_fastpath.h"
#include "filter.h"
#include "internal.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE		0x00000400
#endif
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE	0x00000200
#endif

/*
 * In the tree the request goes to the fanotify file itself; on a kernel that
 * does not know it, to the module's device, with the file in the structure.
 */
static int group_request(int fanotify_fd, unsigned long cmd, void *arg,
			 int32_t *group_fd)
{
	int dev, err;

	if (!ioctl(fanotify_fd, cmd, arg))
		return 0;
	if (errno != ENOTTY)
		return -errno;

	dev = open(FANFP_DEVICE, O_RDWR | O_CLOEXEC);
	if (dev < 0) {
		err = -errno;
		if (!fanfp_supported())
			return -EOPNOTSUPP;
		/* There is one, but it is not the module: no fanotify file. */
		return err == -ENOENT ? -EINVAL : err;
	}
	*group_fd = fanotify_fd;
	err = ioctl(dev, cmd, arg) ? -errno : 0;
	close(dev);
	return err;
}

static int group_ioctl(int fanotify_fd, unsigned long cmd,
		       struct fanotify_fastpath_args *args)
{
	return group_request(fanotify_fd, cmd, args, &args->group_fd);
}

/* Size of the first published struct fanfp_group_info. */
#define GROUP_INFO_VER0	(offsetof(struct fanfp_group_info, unplaced) +	\
			 sizeof(((struct fanfp_group_info *)0)->unplaced))

int fanfp_group__info(int fanotify_fd, struct fanfp_group_info *info)
{
	struct fanotify_fastpath_info kernel = {};
	int err;

	/* A caller that is older than the library may have a smaller one. */
	if (info->sz < GROUP_INFO_VER0) {
		pr_warn("fanfp_group__info: " OPTS_UNKNOWN);
		return -EINVAL;
	}
	err = group_request(fanotify_fd, FAN_IOC_GET_FP, &kernel,
			    &kernel.group_fd);
	if (err == -ENOENT)
		pr_debug("file descriptor %d: the group has no handler",
			 fanotify_fd);
	else if (err == -EINVAL || err == -EBADF)
		pr_warn("file descriptor %d is not fanotify's", fanotify_fd);
	else if (err && err != -EOPNOTSUPP)
		pr_warn("file descriptor %d: cannot tell what is attached: %s",
			fanotify_fd, strerror(-err));
	if (err)
		return err;
	memcpy(info->handler, kernel.name, sizeof(info->handler));
	info->flags = kernel.flags;
	info->id = kernel.id;
	info->seen = kernel.seen;
	info->sent = kernel.sent;
	info->skipped = kernel.skipped;
	info->denied = kernel.denied;
	info->errors = kernel.errors;
	info->nested = kernel.nested;
	info->unplaced = kernel.unplaced;
	return 0;
}

static int set_name(struct fanotify_fastpath_args *args, const char *name)
{
	if (strlen(name) >= sizeof(args->name)) {
		pr_warn("%s: the name of a handler has at most %zu characters",
			name, sizeof(args->name) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(args->name, name);
	return 0;
}

static int add_by_name(int fanotify_fd, const char *name, uint32_t flags,
		       const struct fanfp_attach_opts *opts)
{
	struct fanotify_fastpath_args args = { .flags = flags };
	const void *init_args;
	size_t size;
	int err;

	err = set_name(&args, name);
	if (err)
		return err;
	err = fanfp_attach_args(name, opts, &init_args, &size);
	if (err)
		return err;
	args.init_args = (uintptr_t)init_args;
	args.init_args_size = size;

	err = group_ioctl(fanotify_fd, FAN_IOC_ADD_FP, &args);
	if (!err || (err == -EOPNOTSUPP && access(FANFP_SYSFS, F_OK)))
		return err;	/* which has been said */
	if (err == -ENOENT && flags & FAN_FP_ADD_REPLACE)
		pr_warn("handler '%s' is not registered, or the group has no handler to replace; see 'fanfp handler list'",
			name);
	else if (err == -ENOENT)
		pr_warn("handler '%s' is not registered; see 'fanfp handler list'",
			name);
	else if (err == -EBUSY && flags & FAN_FP_ADD_REPLACE)
		pr_warn("handler '%s': the group's handler is attached by a BPF link; replace that one's with fanfp_link__replace()",
			name);
	else if (err == -EBUSY)
		pr_warn("handler '%s': the group has a handler already; detach that first",
			name);
	else if (err == -EPERM)
		pr_warn("handler '%s' needs CAP_SYS_ADMIN (it is not marked unprivileged)",
			name);
	else if ((err == -EINVAL || err == -EBADF) &&
		 !fanfp_is_fanotify(getpid(), fanotify_fd))
		pr_warn("handler '%s': file descriptor %d is not fanotify's",
			name, fanotify_fd);
	else if (err == -EINVAL)
		pr_warn("handler '%s' refuses the arguments; see 'fanfp handler show %s'",
			name, name);
	else
		pr_warn("handler '%s': not attached: %s", name, strerror(-err));
	return err;
}

int fanfp_group__attach(int fanotify_fd, const char *name,
			const struct fanfp_attach_opts *opts)
{
	return add_by_name(fanotify_fd, name, 0, opts);
}

int fanfp_group__replace(int fanotify_fd, const char *name,
			 const struct fanfp_attach_opts *opts)
{
	return add_by_name(fanotify_fd, name, FAN_FP_ADD_REPLACE, opts);
}

int fanfp_group__detach(int fanotify_fd, const char *name)
{
	struct fanotify_fastpath_args args = {};
	int err;

	err = set_name(&args, name ?: "");
	if (err)
		return err;
	err = group_ioctl(fanotify_fd, FAN_IOC_DEL_FP, &args);
	if (err == -ENOENT)
		pr_warn("handler '%s' is not attached to the group",
			name ?: "(any)");
	else if (err == -EBUSY)
		pr_warn("the group's handler is attached by a BPF link; close or detach that");
	else if (err == -EINVAL || err == -EBADF)
		pr_warn("file descriptor %d is not fanotify's", fanotify_fd);
	else if (err && err != -EOPNOTSUPP)
		pr_warn("handler '%s': not detached: %s", name ?: "(any)",
			strerror(-err));
	return err;
}

static int root_mark(int fanotify_fd, unsigned int flags, int dir,
		     const char *path, enum fanfp_root root)
{
	/* Exactly this mask: it adds no event to the group and hides none. */
	uint64_t mask = root == FANFP_ROOT_OF_RULES ? RULE_ROOT_MASK : FAN_ONDIR;

	flags |= FAN_MARK_ONLYDIR;
	if (root != FANFP_INCLUDE)
		flags |= FAN_MARK_IGNORE;
	if (root != FANFP_INCLUDE && flags & FAN_MARK_ADD)
		flags |= FAN_MARK_IGNORED_SURV_MODIFY;
	return fanotify_mark(fanotify_fd, flags, mask, dir, path) ?
		-errno : 0;
}

/* What the kernel says of a group's marks, to be freed, or NULL. */
static char *list_marks(int fanotify_fd)
{
	char path[64], *marks = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fanotify_fd);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (getdelim(&marks, &size, '\0', file) < 0) {
		free(marks);
		marks = NULL;
	}
	fclose(file);
	return marks;
}

/* Add to a mark that is there; returns 1 if that changed it, 0 if not. */
static int add_to_mark(int fanotify_fd, int dir, enum fanfp_root root)
{
	char *before = list_marks(fanotify_fd), *after = NULL;
	int ret = root_mark(fanotify_fd, FAN_MARK_ADD, dir, ".", root);

	if (!ret) {
		after = list_marks(fanotify_fd);
		ret = before && after && strcmp(before, after);
	}
	free(before);
	free(after);
	return ret;
}

/*
 * Marks have no owner: whether this one is ours has to be found out. To read all
 * marks of the group each time would take ever longer. But the kernel refuses an
 * evictable mark where there is one that is not: if it takes it, nobody has relied
 * on one, and the second call makes it last. Until then, or if that fails, no
 * handler counts it.
 */
static int mark_dir(int fanotify_fd, int dir, enum fanfp_root root)
{
	int err = root_mark(fanotify_fd, FAN_MARK_ADD | FAN_MARK_EVICTABLE, dir,
			    ".", root);

	if (err == -EEXIST)
		return add_to_mark(fanotify_fd, dir, root);
	if (err)
		return err;
	err = root_mark(fanotify_fd, FAN_MARK_ADD, dir, ".", root);
	if (err)
		root_mark(fanotify_fd, FAN_MARK_REMOVE, dir, ".", root);
	return err ?: 1;
}

int fanfp_group__add_root(int fanotify_fd, const char *path,
			  enum fanfp_root root)
{
	/* One directory, whatever becomes of the path. */
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = dir < 0 ? -errno : mark_dir(fanotify_fd, dir, root);

	if (dir >= 0)
		close(dir);
	if (err >= 0)
		return err;
	if (err == -ENOSPC)
		pr_warn("%s: the user has no marks left; raise /proc/sys/fs/fanotify/max_user_marks, or use a group with FAN_UNLIMITED_MARKS",
			path);
	else if (err == -EXDEV)
		pr_warn("%s: in another btrfs subvolume than the one that is watched; watch the top of the file system (subvolid=5)",
			path);
	else
		pr_warn("%s: cannot mark: %s", path, strerror(-err));
	return err;
}

int fanfp_group__remove_root(int fanotify_fd, const char *path,
			     enum fanfp_root root)
{
	int err = root_mark(fanotify_fd, FAN_MARK_REMOVE, AT_FDCWD, path, root);

	if (err)
		pr_warn("%s: cannot remove its mark: %s", path,
			err == -ENOENT && !access(path, F_OK) ?
			"the group has none on it" : strerror(-err));
	return err;
}

static bool is_same(const char *path, const char *other)
{
	struct stat a, b;

	return !stat(path, &a) && !stat(other, &b) && a.st_dev == b.st_dev &&
		a.st_ino == b.st_ino;
}

/*
 * Wait for the events that are being decided. Closing a group that has a mark, as
 * an inotify instance can be, waits for all who may see the mark, and so for each
 * handler that runs. (Not if another thread forks meanwhile and its child has a
 * copy still.)
 */
static int wait_for_events(const char *dir)
{
	int fd = inotify_init1(IN_CLOEXEC);
	int err = 0;

	if (fd < 0 || inotify_add_watch(fd, dir, IN_DELETE_SELF) < 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (err)
		pr_warn("%s: cannot wait for the events that are being decided: inotify: %s%s",
			dir, strerror(-err), err == -EMFILE || err == -ENOSPC ?
			"; raise /proc/sys/fs/inotify/max_user_instances or max_user_watches" :
			"");
	return err;
}

int fanfp_group__move_root(int fanotify_fd, const char *from, const char *to,
			   enum fanfp_root root)
{
	int added, err;

	added = fanfp_group__add_root(fanotify_fd, to, root);
	if (added < 0)
		return added;
	/* There was a mark on it, and there has to be one. */
	if (!added && is_same(from, to))
		return 0;
	/*
	 * Who has looked at the new one before it had its mark may look at the old
	 * one only now.
	 */
	err = wait_for_events(to);
	if (!err)
		err = fanfp_group__remove_root(fanotify_fd, from, root);
	if (err && added)
		root_mark(fanotify_fd, FAN_MARK_REMOVE, AT_FDCWD, to, root);
	return err ?: added;
}

bool fanfp_is_fanotify(pid_t pid, int fd)
{
	char path[64], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	return !strcmp(target, "anon_inode:[fanotify]");
}

int fanfp_group__find_fd(pid_t pid)
{
	char path[64], list[256] = "";
	struct dirent *entry;
	int count = 0, fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir) {
		int err = errno == ENOENT ? ESRCH : errno;

		pr_warn("process %d: %s", (int)pid, strerror(err));
		return -err;
	}
	while ((entry = readdir(dir))) {
		size_t len = strlen(list);

		if (entry->d_name[0] == '.' ||
		    !fanfp_is_fanotify(pid, atoi(entry->d_name)))
			continue;
		fd = atoi(entry->d_name);
		count++;
		snprintf(list + len, sizeof(list) - len, " %d", fd);
	}
	closedir(dir);
	if (!count) {
		pr_warn("process %d has no fanotify file descriptor", (int)pid);
		return -ENOENT;
	}
	if (count > 1) {
		pr_warn("process %d has several fanotify file descriptors:%s; choose one (--fd)",
			(int)pid, list);
		return -EMFILE;
	}
	return fd;
}

int fanfp_group__open_pid(pid_t pid, int fd)
{
	int pidfd, ours;

	if (fd < 0) {
		fd = fanfp_group__find_fd(pid);
		if (fd < 0)
			return fd;
	}
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		int err = errno;

		pr_warn("process %d: %s", (int)pid, strerror(err));
		return -err;
	}
	ours = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (ours < 0) {
		int err = errno;

		if (err == EPERM)
			pr_warn("process %d: its file descriptor %d can't be had: that takes the right to trace the process (CAP_SYS_PTRACE)",
				(int)pid, fd);
		else
			pr_warn("process %d: file descriptor %d: %s", (int)pid,
				fd, strerror(err));
		close(pidfd);
		return -err;
	}
	close(pidfd);
	/* Looked at through ours: the process may have changed its own. */
	if (!fanfp_is_fanotify(getpid(), ours)) {
		pr_warn("process %d: file descriptor %d is not fanotify's",
			(int)pid, fd);
		close(ours);
		return -EINVAL;
	}
	return ours;
}
