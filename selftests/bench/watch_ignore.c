// SPDX-License-Identifier: GPL-2.0-only
/*
 * ignore - a mark that ignores what it asks for: the floor, for the event never
 * enters fanotify
 */
#include "common.h"
#include "bench.h"

static void ignore_start(struct bench_watch *watch)
{
	watch_group(watch, GROUP_FID);
	group_ignore(watch->fd, watch->setup);
}

BENCH_WATCH(ignore) = {
	.start = ignore_start,
};
