// SPDX-License-Identifier: GPL-2.0-only
/*
 * mask - the reference on a kernel that returns when the mask of an event is
 * computed (mask.patch): there, a mark delivers nothing
 */
#include "common.h"
#include "bench.h"

static void mask_start(struct bench_watch *watch)
{
	watch_group(watch, GROUP_FID);
}

/* Not one of the watchers: on other kernels it would lose events. */
static const struct bench_watch_kind mask_kind = {
	.name = "mask",
	.start = mask_start,
	.take = watch_take_all,
};

static bool delivers(const struct bench_setup *setup)
{
	struct bench_watch watch;
	bool delivered;

	bench_watch_start(&watch, &mask_kind, setup);
	close(openat(setup->tree->dir, tree_file(0), O_RDONLY | O_CLOEXEC));
	delivered = bench_watch_drain(&watch);
	bench_watch_stop(&watch);
	return delivered;
}

static void measure_mask(const char *name, uint64_t events)
{
	struct bench_setup setup;
	struct bench_watch watch;
	struct bench_tree tree;

	tree_make(&tree, 4, BENCH_FILES);
	setup_reference(&setup, &tree);
	setup.events = events;
	bench_watch_start(&watch, &mask_kind, &setup);
	measure_work(bench_work("open"), &tree, &watch, "mask.%s", name);
	bench_watch_stop(&watch);
	tree_remove(&tree);
}

BENCH_CASE(mask)
{
	struct bench_setup setup;
	struct bench_tree tree;
	bool can;

	tree_make(&tree, 4, BENCH_BATCH);
	setup_reference(&setup, &tree);
	can = !delivers(&setup);
	tree_remove(&tree);
	if (can)
		measure_mask("open", FAN_OPEN);
	else
		bench_left_out("mask", "this kernel delivers events");
}
