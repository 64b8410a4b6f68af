// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fanotify group of a watcher
 */
#include "common.h"
#include "bench.h"

#define PERM_EVENTS	(FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM)

int group_open(unsigned int flags)
{
	int fd = fanotify_init(flags | FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
			       O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_die("cannot make a group");
	return fd;
}

static void mark(int fd, unsigned int flags, uint64_t mask,
		 const struct bench_tree *tree, const char *path)
{
	if (fanotify_mark(fd, FAN_MARK_ADD | flags, mask, tree->root, path))
		bench_die("cannot mark %s/%s", tree->path, path);
}

static void mark_setup(int fd, const struct bench_setup *setup,
		       unsigned int flags, uint64_t mask)
{
	if (setup->mark == FAN_MARK_INODE)
		mark(fd, flags, mask | FAN_EVENT_ON_CHILD, setup->tree,
		     setup->tree->dir_path);
	else
		mark(fd, flags | setup->mark, mask, setup->tree, ".");
}

void group_mark(int fd, const struct bench_setup *setup)
{
	mark_setup(fd, setup, 0, setup->events);
}

void group_ignore(int fd, const struct bench_setup *setup)
{
	mark_setup(fd, setup, FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY,
		   setup->events);
}

void group_include(int fd, const struct bench_tree *tree, const char *path)
{
	mark(fd, FAN_MARK_ONLYDIR, FAN_ONDIR, tree, path);
}

bool fd_suits(const struct bench_setup *setup)
{
	return !(setup->events & (FAN_CREATE | FAN_DELETE | FAN_RENAME));
}

bool bench_lacks_fastpath(const char *name)
{
	const char *why = fastpath_wants();

	if (why)
		bench_left_out(name, why);
	return why;
}

void group_block(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

const char *fastpath_wants(void)
{
	if (access(FP_DEVICE, F_OK) && access(FP_SYSFS, F_OK))
		return "this kernel has no fastpath";
	return NULL;
}

void watch_group(struct bench_watch *watch, unsigned int flags)
{
	/* Who answers permission events reports no file handles. */
	if (watch->setup->events & PERM_EVENTS)
		flags = FAN_CLASS_CONTENT;
	watch->fd = group_open(flags);
	group_mark(watch->fd, watch->setup);
}

void watch_attach(struct bench_watch *watch, struct bpf_object *object,
		  const char *name)
{
	struct bpf_map *map;

	watch->object = object;
	map = object ? bpf_object__find_map_by_name(object, name) : NULL;
	if (!map)
		bench_die("cannot open %s", name);
	fp_choose(object, map);
	fp_set_group(map, watch->fd);
	if (bpf_object__load(object))
		bench_die("cannot load %s", name);
	watch->link = bpf_map__attach_struct_ops(map);
	if (!watch->link)
		bench_die("cannot attach %s", name);
}

int watch_take_all(struct bench_watch *watch)
{
	char buf[16384] __attribute__((aligned(8)));
	struct fanotify_event_metadata *event = (void *)buf;
	ssize_t len = read(watch->fd, buf, sizeof(buf));
	int count = 0;

	for (; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len)) {
		if (event->fd >= 0)
			close(event->fd);
		count++;
	}
	return count;
}
