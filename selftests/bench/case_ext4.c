// SPDX-License-Identifier: GPL-2.0-only
/*
 * ext4 - the reference on ext4
 */
#include "bench.h"

BENCH_CASE(ext4)
{
	static const char * const names[] = {
		"none", "ignore", "nop", "subtree", "fid", "filter_fd",
		"filter_fid",
	};
	struct bench_tree tree;
	unsigned int i;

	if (bench_lacks_disk("ext4"))
		return;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		/* One directory less, for its own root is one. */
		tree_make_on_disk(&tree, 3, BENCH_FILES);
		measure_open(&tree, names[i], "ext4");
		tree_remove(&tree);
	}
}
