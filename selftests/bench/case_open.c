// SPDX-License-Identifier: GPL-2.0-only
/*
 * open - the reference: open files, none of which is in the watched directory
 *
 * With every watcher there is, each on a tree of its own, for the first mark on
 * a file system makes open(2) a little slower for good.
 */
#include "bench.h"

BENCH_CASE(open)
{
	const struct bench_watch_kind *kind = NULL;
	struct bench_tree tree;

	while ((kind = bench_next_watch_kind(kind))) {
		if (kind->permission)
			continue;
		tree_make(&tree, 4, BENCH_FILES);
		measure_open(&tree, kind->name, "open");
		tree_remove(&tree);
	}
}
