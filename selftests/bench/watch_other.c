// SPDX-License-Identifier: GPL-2.0-only
/*
 * other_none, other_fid - nobody watches, or a listener without a handler, while
 * a group that watches another file system has a handler
 */
#include "common.h"
#include "bench.h"

struct other {
	struct bench_tree tree;
	struct bench_setup setup;
	struct bench_watch watch;
};

static void other_start(struct bench_watch *watch)
{
	struct other *other = calloc(1, sizeof(*other));

	watch->own = other;
	tree_make(&other->tree, 1, 1);
	setup_reference(&other->setup, &other->tree);
	bench_watch_start(&other->watch, bench_watch_kind("nop"), &other->setup);
}

static void other_stop(struct bench_watch *watch)
{
	struct other *other = watch->own;

	bench_watch_stop(&other->watch);
	tree_remove(&other->tree);
	free(other);
}

BENCH_WATCH(other_none) = {
	.wants = fastpath_wants,
	.start = other_start,
	.stop = other_stop,
};

static void other_fid_start(struct bench_watch *watch)
{
	other_start(watch);
	watch_group(watch, GROUP_FID);
}

BENCH_WATCH(other_fid) = {
	.sends = SENDS_ALL,
	.wants = fastpath_wants,
	.start = other_fid_start,
	.take = watch_take_all,
	.stop = other_stop,
};
