// SPDX-License-Identifier: GPL-2.0-only
/*
 * inotify - a watch on each directory below the watched one
 */
#include <ftw.h>
#include <limits.h>
#include <sys/inotify.h>

#include "common.h"
#include "bench.h"

/* What a recursive watcher needs to know to stay one. */
#define OWN_EVENTS	(IN_CREATE | IN_MOVE | IN_DELETE_SELF | IN_ONLYDIR)

struct inotify {
	/* The path of each watch, with a '/' behind it. */
	char **paths;
	/* The last watch, and how many there is room for. They start at 1. */
	int last;
	int room;
	/* The path of the last event. */
	char path[PATH_MAX + NAME_MAX];
};

/* For nftw(3), which passes nothing on. */
static struct bench_watch *current;
static uint32_t current_mask;

static int add_watch(const char *path, const struct stat *stat, int type,
		     struct FTW *ftw)
{
	struct inotify *inotify = current->own;
	int wd;

	if (type != FTW_D)
		return 0;
	wd = inotify_add_watch(current->fd, path, current_mask);
	if (wd < 0)
		bench_die("cannot watch %s", path);
	if (wd >= inotify->room) {
		inotify->room = (wd + 1) * 2;
		inotify->paths = realloc(inotify->paths, inotify->room *
					 sizeof(*inotify->paths));
	}
	inotify->last = wd;
	if (asprintf(&inotify->paths[wd], "%s/", path) < 0)
		bench_die("no memory");
	return 0;
}

static uint32_t wanted(uint64_t events)
{
	uint32_t mask = OWN_EVENTS;

	/* The names differ, and for these events the bits do not. */
	mask |= events & (FAN_OPEN | FAN_CLOSE_WRITE | FAN_CREATE | FAN_DELETE);
	return mask;
}

static void inotify_start(struct bench_watch *watch)
{
	char path[192];

	watch->own = calloc(1, sizeof(struct inotify));
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		bench_die("cannot make an inotify instance");
	snprintf(path, sizeof(path), "%s/%s", watch->setup->tree->path,
		 watch->setup->watched);
	current = watch;
	current_mask = wanted(watch->setup->events);
	if (nftw(path, add_watch, 16, FTW_PHYS))
		bench_die("cannot walk %s", path);
}

static int inotify_take(struct bench_watch *watch)
{
	char buf[16384] __attribute__((aligned(8)));
	struct inotify *inotify = watch->own;
	const struct inotify_event *event;
	ssize_t len, at;
	int count = 0;

	len = read(watch->fd, buf, sizeof(buf));
	for (at = 0; at < len; at += sizeof(*event) + event->len) {
		event = (const void *)(buf + at);
		stpcpy(stpcpy(inotify->path, inotify->paths[event->wd]),
		       event->len ? event->name : "");
		count++;
	}
	return count;
}

static void inotify_stop(struct bench_watch *watch)
{
	struct inotify *inotify = watch->own;
	int i;

	for (i = 1; i <= inotify->last; i++)
		free(inotify->paths[i]);
	free(inotify->paths);
	free(inotify);
}

BENCH_WATCH(inotify) = {
	.sends = SENDS_INSIDE,
	.start = inotify_start,
	.take = inotify_take,
	.stop = inotify_stop,
};
