/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of fanotify fastpath share
 *
 * Include it after kselftest_harness.h.  Every test runs as root in a guest of
 * its own making: it may mount, mark and attach what it likes.
 */
#ifndef _SELFTESTS_COMMON_H
#define _SELFTESTS_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fanotify_fastpath.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE		0x00000400
#endif
#ifndef FAN_RENAME
#define FAN_RENAME		0x10000000
#endif
#ifndef FAN_REPORT_TARGET_FID
#define FAN_REPORT_TARGET_FID	0x00001000
#endif

#define FP_DEVICE	"/dev/fanotify_fastpath"
#define FP_SYSFS	"/sys/kernel/fanotify_fastpath"

/* struct fanotify_fastpath_ops as the test's BPF objects have it. */
struct fp_ops {
	void *fp_handler;
	void *fp_init;
	void *fp_free;
	void *fp_response;
	__u32 flags;
	__s32 group_fd;
	__u32 args_size;
	char name[FAN_FP_NAME_MAX];
	char desc[FAN_FP_DESC_MAX];
	char init_args[FAN_FP_DESC_MAX];
	__u8 args[FAN_FP_ARGS_MAX];
};

static inline struct fp_ops *fp_ops(struct bpf_map *map)
{
	size_t size;

	return bpf_map__initial_value(map, &size);
}

/* Make @map a private attachment to @fd; before it is loaded. */
static inline void fp_set_group(struct bpf_map *map, int fd)
{
	struct fp_ops *ops = fp_ops(map);

	ops->flags = (ops->flags & ~FAN_FP_F_UNPRIV) | FAN_FP_F_GROUP_FD;
	ops->group_fd = fd;
}

/*
 * Create of the struct_ops maps of @obj only @chosen, and load only its
 * programs.  (libbpf 1.5 heeds the '?' of a section for its first map alone.)
 */
static inline int fp_choose(struct bpf_object *obj, struct bpf_map *chosen)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && !err)
			err = bpf_map__set_autocreate(map, map == chosen);
	}
	return err;
}

/* The in-tree flavour takes requests on the fanotify fd itself. */
static inline bool fp_in_tree(void)
{
	return access(FP_DEVICE, F_OK);
}

/*
 * Show this process a kernel that has no fastpath, where it can be seen; all
 * others see what is there. Returns 0 or a negative errno.
 */
static inline int fp_hide(void)
{
	if (access(FP_SYSFS, F_OK))
		return 0;
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/sys/kernel", "tmpfs", 0, NULL))
		return -errno;
	/* And the module's device. */
	return fp_in_tree() || !mount("none", "/dev", "tmpfs", 0, NULL) ? 0 : -errno;
}

/*
 * Make a request about the group of @fd, which @group_fd in @arg can name.
 * Returns 0 or a negative errno.
 */
static inline int fp_request(int fd, unsigned long cmd, void *arg,
			     __s32 *group_fd)
{
	int dev, ret;

	if (fp_in_tree())
		return ioctl(fd, cmd, arg) ? -errno : 0;

	dev = open(FP_DEVICE, O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	*group_fd = fd;
	ret = ioctl(dev, cmd, arg) ? -errno : 0;
	close(dev);
	return ret;
}

static inline int fp_ioctl(int fd, unsigned long cmd,
			   struct fanotify_fastpath_args *args)
{
	return fp_request(fd, cmd, args, &args->group_fd);
}

static inline int fp_ioctl_info(int fd, unsigned long cmd,
				struct fanotify_fastpath_info *info)
{
	return fp_request(fd, cmd, info, &info->group_fd);
}

static inline int fp_add_flags(int fd, const char *name, __u32 flags,
			       const void *init_args, size_t size)
{
	struct fanotify_fastpath_args args = {
		.flags = flags,
		.init_args = (uintptr_t)init_args,
		.init_args_size = size,
	};

	snprintf(args.name, sizeof(args.name), "%s", name);
	return fp_ioctl(fd, FAN_IOC_ADD_FP, &args);
}

static inline int fp_add(int fd, const char *name, const void *init_args,
			 size_t size)
{
	return fp_add_flags(fd, name, 0, init_args, size);
}

static inline int fp_replace(int fd, const char *name, const void *init_args,
			     size_t size)
{
	return fp_add_flags(fd, name, FAN_FP_ADD_REPLACE, init_args, size);
}

static inline int fp_del(int fd, const char *name)
{
	struct fanotify_fastpath_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", name);
	return fp_ioctl(fd, FAN_IOC_DEL_FP, &args);
}

/* A value from sysfs; a text without its newline, or "" if there is none. */
static inline const char *fp_sysfs(const char *name, const char *attr)
{
	static char text[512];
	char path[256];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), FP_SYSFS "/%s/%s", name, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "";
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		len = 0;
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return text;
}

static inline long fp_counter(const char *name, const char *attr)
{
	const char *text = fp_sysfs(name, attr);

	return *text ? atol(text) : -1;
}

/* Make @dir a root of the subtree handler. Returns 0 or a negative errno. */
static inline int fp_include(int fd, const char *dir)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_ONDIR,
			     AT_FDCWD, dir) ? -errno : 0;
}

static inline int fp_exclude(int fd, const char *dir)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR |
			     FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY,
			     FAN_ONDIR, AT_FDCWD, dir) ? -errno : 0;
}

/* Read all events that are queued; returns how many and ORs their masks. */
static inline int fp_drain(int fd, __u64 *mask)
{
	char buf[16384] __attribute__((aligned(8)));
	int count = 0;
	ssize_t len;

	while ((len = read(fd, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *event = (void *)buf;

		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			count++;
			if (mask)
				*mask |= event->mask;
			if (event->fd >= 0)
				close(event->fd);
		}
	}
	return count;
}

static inline int fp_count(int fd)
{
	return fp_drain(fd, NULL);
}

/* Open and close; returns 0 or a negative errno. */
static inline int fp_touch(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static inline int fp_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Write to a file of proc, or the like; returns 0 or a negative errno. */
static inline int fp_write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Have the kernel forget the inodes and names that nobody uses. */
static inline int fp_forget_inodes(void)
{
	int i, err = 0;

	sync();
	/* What was used more than once is spared the first time. */
	for (i = 0; i < 3 && !err; i++)
		err = fp_write_text("/proc/sys/vm/drop_caches", "2");
	return err;
}

/* Wait, within a generous limit, until @cond holds. */
#define FP_WAIT_FOR(cond) ({						\
	int _tries = 2000;						\
	while (!(cond) && --_tries)					\
		usleep(10000);						\
	_tries > 0;							\
})

/* A tmpfs of the test's own, so that nobody else causes events. */
struct fp_dir {
	char path[64];
	char file[80];
	char file2[80];
};

static inline int fp_dir_make(struct fp_dir *dir)
{
	snprintf(dir->path, sizeof(dir->path), "/tmp/fp.XXXXXX");
	if (!mkdtemp(dir->path))
		return -errno;
	if (mount("fp", dir->path, "tmpfs", 0, NULL))
		return -errno;
	snprintf(dir->file, sizeof(dir->file), "%s/file", dir->path);
	snprintf(dir->file2, sizeof(dir->file2), "%s/file2", dir->path);
	return fp_create(dir->file) ?: fp_create(dir->file2);
}

static inline void fp_dir_remove(struct fp_dir *dir)
{
	umount2(dir->path, MNT_DETACH);
	rmdir(dir->path);
}

static inline int fp_print(enum libbpf_print_level level, const char *fmt,
			   va_list args)
{
	return level > LIBBPF_WARN ? 0 : vfprintf(stderr, fmt, args);
}

/* Run @fn in a child; returns its exit status, or -1. */
static inline int fp_in_child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(fn(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif /* _SELFTESTS_COMMON_H */
