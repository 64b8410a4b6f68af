// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign - an ancestor carries marks of other groups
 */
#include <sys/fanotify.h>
#include <unistd.h>

#include "bench.h"

#define MAX_FOREIGN	4

BENCH_CASE(foreign)
{
	struct bench_setup setup;
	struct bench_watch watch;
	int groups[MAX_FOREIGN];
	struct bench_tree tree;
	int count;

	if (bench_lacks_fastpath("foreign"))
		return;
	tree_make(&tree, 4, BENCH_FILES);
	setup_reference(&setup, &tree);
	bench_watch_start(&watch, bench_watch_kind("subtree"), &setup);
	for (count = 0; count <= MAX_FOREIGN; count++) {
		if (count) {
			/* Not the parent: fsnotify itself would look there. */
			groups[count - 1] = group_open(GROUP_FID);
			group_include(groups[count - 1], &tree, "d1");
		}
		if (count == 0 || count == 1 || count == MAX_FOREIGN)
			measure_work(bench_work("open"), &tree, &watch,
				     "foreign.%d", count);
	}
	for (count = 0; count < MAX_FOREIGN; count++)
		close(groups[count]);
	bench_watch_stop(&watch);
	tree_remove(&tree);
}
