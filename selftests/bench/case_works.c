// SPDX-License-Identifier: GPL-2.0-only
/*
 * works - other work than opening files, and other events
 */
#include <stdio.h>

#include "bench.h"

static void measure_all(const struct bench_work *work)
{
	static const char * const names[] = {
		"none", "ignore", "nop", "subtree", "fid", "filter_fd",
		"filter_fid", "lsm", "fentry",
	};
	struct bench_setup setup;
	struct bench_tree tree;
	char prefix[32];
	unsigned int i;

	snprintf(prefix, sizeof(prefix), "work.%s", work->name);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		tree_make(&tree, 4, work->files);
		if (work->prepare)
			work->prepare(&tree);
		setup_reference(&setup, &tree);
		setup.events = work->events;
		measure_watch(work, &setup, names[i], prefix);
		tree_remove(&tree);
	}
}

BENCH_CASE(works)
{
	static const char * const works[] = {
		"close_write", "create", "rename", "find", "compile",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(works); i++)
		measure_all(bench_work(works[i]));
}
