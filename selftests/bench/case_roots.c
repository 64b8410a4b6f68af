// SPDX-License-Identifier: GPL-2.0-only
/*
 * roots - the same event with more and more roots, none of which is above it
 */
#include <sys/stat.h>

#include "bench.h"

BENCH_CASE(roots)
{
	static const int counts[] = { 1, 100, 10000 };
	struct bench_setup setup;
	struct bench_watch watch;
	struct bench_tree tree;
	unsigned int i;
	int root = 1;	/* "elsewhere" is the first */

	if (bench_lacks_fastpath("roots"))
		return;
	tree_make(&tree, 4, BENCH_FILES);
	/* All are there from the start: only the marks become more. */
	tree_fill(&tree, 10000, S_IFDIR);
	measure_open(&tree, "nop", "roots");
	setup_reference(&setup, &tree);
	bench_watch_start(&watch, bench_watch_kind("subtree"), &setup);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		for (; root < counts[i]; root++)
			group_include(watch.fd, &tree, tree_other(root));
		measure_work(bench_work("open"), &tree, &watch, "roots.%d",
			     counts[i]);
	}
	bench_watch_stop(&watch);
	tree_remove(&tree);
}
