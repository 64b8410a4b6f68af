// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fanotify group that watches a file system, with a handler or without
 */
#include "common.h"
#include "bench.h"
#include "nop.skel.h"
#include "subtree.skel.h"

const char *listener_name(enum bench_listener_kind kind)
{
	static const char * const names[] = {
		[LISTENER_NONE] = "none",
		[LISTENER_IGNORE] = "ignore",
		[LISTENER_ALL] = "all",
		[LISTENER_NOP] = "nop",
		[LISTENER_SUBTREE] = "subtree",
	};

	return names[kind];
}

int listener_group(void)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_REPORT_DFID_NAME | FAN_UNLIMITED_QUEUE |
			       FAN_UNLIMITED_MARKS, O_RDONLY);

	if (fd < 0)
		bench_die("cannot make a group");
	return fd;
}

static void mark(int fd, unsigned int flags, uint64_t mask, int dir,
		 const char *path)
{
	if (fanotify_mark(fd, FAN_MARK_ADD | flags, mask, dir, path))
		bench_die("cannot mark %s", path);
}

static void attach(struct bench_listener *listener, struct bpf_map *map)
{
	listener->link = bpf_map__attach_struct_ops(map);
	if (!listener->link)
		bench_die("cannot attach %s", listener_name(listener->kind));
}

void listener_open(struct bench_listener *listener,
		   enum bench_listener_kind kind, int root)
{
	*listener = (struct bench_listener){ .kind = kind, .fd = -1 };
	if (kind == LISTENER_NONE)
		return;

	libbpf_set_print(fp_print);
	listener->fd = listener_group();
	mark(listener->fd, FAN_MARK_FILESYSTEM, FAN_OPEN, root, ".");

	if (kind == LISTENER_IGNORE) {
		mark(listener->fd, FAN_MARK_FILESYSTEM | FAN_MARK_IGNORE |
		     FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, root, ".");
	} else if (kind == LISTENER_NOP) {
		listener->nop = nop__open();
		if (!listener->nop)
			bench_die("cannot open nop");
		fp_set_group(listener->nop->maps.nop, listener->fd);
		if (nop__load(listener->nop))
			bench_die("cannot load nop");
		attach(listener, listener->nop->maps.nop);
	} else if (kind == LISTENER_SUBTREE) {
		listener->subtree = subtree__open();
		if (!listener->subtree)
			bench_die("cannot open subtree");
		fp_set_group(listener->subtree->maps.subtree, listener->fd);
		if (subtree__load(listener->subtree))
			bench_die("cannot load subtree");
		attach(listener, listener->subtree->maps.subtree);
	}
}

void listener_close(struct bench_listener *listener)
{
	bpf_link__destroy(listener->link);
	nop__destroy(listener->nop);
	subtree__destroy(listener->subtree);
	if (listener->fd >= 0)
		close(listener->fd);
}

void listener_include(int group, int root, const char *path)
{
	mark(group, FAN_MARK_ONLYDIR, FAN_ONDIR, root, path);
}

void listener_drain(struct bench_listener *listener, int count)
{
	char buf[16384] __attribute__((aligned(8)));

	while (count > 0) {
		struct fanotify_event_metadata *event = (void *)buf;
		ssize_t len = read(listener->fd, buf, sizeof(buf));

		if (len <= 0)
			bench_die("%d events are missing", count);
		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len))
			count--;
	}
	if (count)
		bench_die("%d events too many", -count);
}
