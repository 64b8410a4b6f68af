// SPDX-License-Identifier: GPL-2.0-only
/*
 * groups - more and more groups with a handler on the same file system
 */
#include "bench.h"

#define MAX_GROUPS	8

BENCH_CASE(groups)
{
	struct bench_watch watches[MAX_GROUPS];
	struct bench_setup setup;
	struct bench_tree tree;
	int count;

	if (bench_lacks_fastpath("groups"))
		return;
	tree_make(&tree, 4, BENCH_FILES);
	setup_reference(&setup, &tree);
	for (count = 1; count <= MAX_GROUPS; count++) {
		bench_watch_start(&watches[count - 1],
				  bench_watch_kind("subtree"), &setup);
		measure_work(bench_work("open"), &tree, &watches[0],
			     "groups.%d", count);
	}
	for (count = 0; count < MAX_GROUPS; count++)
		bench_watch_stop(&watches[count]);
	tree_remove(&tree);
}
