// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - the groups of all processes, and their marks, from /proc
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"

/* The descriptors of fanotify that were found. */
struct found {
	struct fanfp_holder *list;
	size_t count, room;
	unsigned int hidden;	/* processes that may not be looked into */
};

/* One group, while it is put together. */
struct listed {
	struct fanfp_group_entry entry;
	bool has_line;		/* its fdinfo tells of the handler */
};

static int add_holder(struct found *found, pid_t pid, int fd)
{
	if (found->count == found->room) {
		size_t room = found->room ? 2 * found->room : 16;
		void *list = reallocarray(found->list, room,
					  sizeof(*found->list));

		if (!list)
			return -ENOMEM;
		found->list = list;
		found->room = room;
	}
	found->list[found->count++] = (struct fanfp_holder){
		.pid = pid,
		.fd = fd,
	};
	return 0;
}

static int find_in_process(struct found *found, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && (entry = readdir(dir))) {
		if (isdigit(entry->d_name[0]) &&
		    fanfp_is_fanotify(pid, atoi(entry->d_name)))
			err = add_holder(found, pid, atoi(entry->d_name));
	}
	closedir(dir);
	return err;
}

static int find_in_all(struct found *found)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc))) {
		if (!isdigit(entry->d_name[0]))
			continue;
		err = find_in_process(found, atoi(entry->d_name));
		if (err == -EACCES || err == -EPERM)
			found->hidden++;
		/* That one has ended meanwhile. */
		if (err != -ENOMEM)
			err = 0;
	}
	closedir(proc);
	return err;
}

/* Whether two descriptors are of one file, and so of one group. */
static bool is_same(const struct fanfp_holder *a, const struct fanfp_holder *b)
{
	return !syscall(SYS_kcmp, a->pid, b->pid, KCMP_FILE,
			(unsigned long)a->fd, (unsigned long)b->fd);
}

/* Move what is of the same file as the first to the front; returns how many. */
static size_t gather(struct fanfp_holder *list, size_t count)
{
	size_t i, same = 1;

	for (i = 1; i < count; i++) {
		struct fanfp_holder holder = list[i];

		if (!is_same(&list[0], &holder))
			continue;
		/* The others keep their order. */
		memmove(&list[same + 1], &list[same],
			(i - same) * sizeof(*list));
		list[same++] = holder;
	}
	return same;
}

static FILE *open_fdinfo(const struct fanfp_holder *holder)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)holder->pid,
		 holder->fd);
	return fopen(path, "re");
}

/* The number behind "key:" in @line, hexadecimal; false if it is not there. */
static bool get_hex(const char *line, const char *key, uint64_t *number)
{
	char name[32];
	const char *at;

	snprintf(name, sizeof(name), " %s:", key);
	at = strstr(line, name);
	if (!at)
		return false;
	*number = strtoull(at + strlen(name), NULL, 16);
	return true;
}

/* The device that the kernel writes in its own form. */
static dev_t decode_dev(uint64_t dev)
{
	return makedev(dev >> 20, dev & 0xfffff);
}

static void get_handle(const char *line, struct fanfp_mark_info *mark)
{
	uint64_t bytes, type;
	const char *at;
	size_t i;

	at = strstr(line, " f_handle:");
	if (!at || !get_hex(line, "fhandle-bytes", &bytes) ||
	    !get_hex(line, "fhandle-type", &type) ||
	    bytes > sizeof(mark->handle))
		return;
	at += strlen(" f_handle:");
	for (i = 0; i < bytes; i++, at += 2) {
		if (sscanf(at, "%2hhx", &mark->handle[i]) != 1)
			return;
	}
	mark->handle_type = type;
	mark->handle_bytes = bytes;
}

/* Read a line of fdinfo; returns whether it is of a mark. */
static bool parse_mark(const char *line, struct fanfp_mark_info *mark)
{
	uint64_t mask, ignored, flags, number;

	*mark = (struct fanfp_mark_info){ .sz = sizeof(*mark) };
	if (strncmp(line, "fanotify ", 9) ||
	    !get_hex(line, "mask", &mask) ||
	    !get_hex(line, "ignored_mask", &ignored) ||
	    !get_hex(line, "mflags", &flags))
		return false;
	mark->mask = mask;
	mark->ignored_mask = ignored;
	mark->flags = flags;
	if (get_hex(line, "mnt_id", &number)) {
		mark->kind = FANFP_MARK_MOUNT;
		mark->mount_id = number;
		return true;
	}
	if (!get_hex(line, "sdev", &number))
		return false;
	mark->dev = decode_dev(number);
	mark->kind = FANFP_MARK_FS;
	if (get_hex(line, "ino", &mark->ino)) {
		mark->kind = FANFP_MARK_INODE;
		get_handle(line, mark);
	}
	return true;
}

/* In the tree, fdinfo tells what is attached. */
static bool parse_handler(const char *line, struct fanfp_group_info *info)
{
	unsigned long long id;

	if (sscanf(line, "fanotify fastpath:%31s id:%llu fp-flags:%x seen:%llu sent:%llu skipped:%llu denied:%llu errors:%llu nested:%llu unplaced:%llu",
		   info->handler, &id, &info->flags, &info->seen, &info->sent,
		   &info->skipped, &info->denied, &info->errors, &info->nested,
		   &info->unplaced) != 10)
		return false;
	info->id = id;
	return true;
}

/* Read what fdinfo says; false if the descriptor is gone or another's now. */
static bool read_group(struct listed *group, const struct fanfp_holder *holder)
{
	struct fanfp_group_entry *entry = &group->entry;
	FILE *file = open_fdinfo(holder);
	struct fanfp_mark_info mark;
	bool is_group = false;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return false;
	entry->inode_marks = 0;
	entry->mount_marks = 0;
	entry->fs_marks = 0;
	group->has_line = false;
	while (getline(&line, &size, file) > 0) {
		if (sscanf(line, "fanotify flags:%x event-flags:%x",
			   &entry->flags, &entry->event_flags) == 2)
			is_group = true;
		else if (parse_handler(line, &entry->info))
			group->has_line = true;
		else if (!parse_mark(line, &mark))
			continue;
		else if (mark.kind == FANFP_MARK_INODE)
			entry->inode_marks++;
		else if (mark.kind == FANFP_MARK_MOUNT)
			entry->mount_marks++;
		else
			entry->fs_marks++;
	}
	free(line);
	fclose(file);
	return is_group;
}

/* As fanfp_group__open_pid(), which would say of each what is wrong with it. */
static int duplicate(const struct fanfp_holder *holder)
{
	int pidfd, fd;

	pidfd = syscall(SYS_pidfd_open, holder->pid, 0);
	if (pidfd < 0)
		return -errno;
	fd = syscall(SYS_pidfd_getfd, pidfd, holder->fd, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	if (fd >= 0 && !fanfp_is_fanotify(getpid(), fd)) {
		close(fd);
		return -EBADF;
	}
	return fd;
}

/* Tell what is attached; returns 0 or a negative errno. */
static int read_handler(struct listed *group, const struct fanfp_holder *holder)
{
	struct fanfp_group_info *info = &group->entry.info;
	int fd, err;

	fd = duplicate(holder);
	if (fd < 0)
		return fd == -EPERM && group->has_line ? 0 : fd;
	*info = (struct fanfp_group_info){ .sz = sizeof(*info) };
	err = fanfp_group__info(fd, info);
	close(fd);
	return err;
}

int fanfp_group__for_each(const struct fanfp_each_opts *opts,
			  int (*fn)(const struct fanfp_group_entry *entry,
				    void *ctx), void *ctx)
{
	bool supported = !access(FANFP_SYSFS, F_OK);
	struct found found = {};
	unsigned int *hidden;
	size_t i, same;
	pid_t pid;
	int ret;

	if (!OPTS_OK(opts)) {
		pr_warn("fanfp_group__for_each: " OPTS_UNKNOWN);
		return -EINVAL;
	}
	hidden = OPTS_GET(opts, hidden, NULL);
	pid = OPTS_GET(opts, pid, 0);
	ret = pid ? find_in_process(&found, pid) : find_in_all(&found);
	if (ret && pid)
		pr_warn("process %d: %s", (int)pid, strerror(-ret));
	else if (ret)
		pr_warn("/proc: %s", strerror(-ret));
	for (i = 0; !ret && i < found.count; i += same) {
		struct listed group = {
			.entry.sz = sizeof(group.entry),
			.entry.holders = &found.list[i],
			.entry.info.sz = sizeof(group.entry.info),
		};
		size_t holder = i;

		same = gather(&found.list[i], found.count - i);
		group.entry.n_holders = same;
		while (holder < i + same &&
		       !read_group(&group, &found.list[holder]))
			holder++;
		if (holder == i + same)
			continue;	/* gone meanwhile */

		group.entry.err = supported ?
			read_handler(&group, &found.list[holder]) : -EOPNOTSUPP;
		if (group.entry.err != -ESRCH && group.entry.err != -EBADF)
			ret = fn(&group.entry, ctx);
	}
	if (hidden)
		*hidden = found.hidden;
	free(found.list);
	return ret;
}

int fanfp_mark__for_each(pid_t pid, int fd,
			 int (*fn)(const struct fanfp_mark_info *mark,
				   void *ctx), void *ctx)
{
	const struct fanfp_holder holder = { .pid = pid, .fd = fd };
	FILE *file = open_fdinfo(&holder);
	struct fanfp_mark_info mark;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	if (!file) {
		ret = -errno;
		pr_warn("process %d: file descriptor %d: %s", (int)pid, fd,
			strerror(-ret));
		return ret;
	}
	while (!ret && getline(&line, &size, file) > 0) {
		if (parse_mark(line, &mark))
			ret = fn(&mark, ctx);
	}
	free(line);
	fclose(file);
	return ret;
}
