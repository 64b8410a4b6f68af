// SPDX-License-Identifier: GPL-2.0-only
/*
 * depth - the same event further and further below the root of the file system
 */
#include <stdio.h>

#include "bench.h"

BENCH_CASE(depth)
{
	static const int depths[] = { 2, 4, 8, 16, 32 };
	struct bench_tree tree;
	char prefix[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		tree_make(&tree, depths[i], BENCH_FILES);
		snprintf(prefix, sizeof(prefix), "depth.%d", depths[i]);
		measure_open(&tree, "nop", prefix);
		measure_open(&tree, "subtree", prefix);
		tree_remove(&tree);
	}
}
