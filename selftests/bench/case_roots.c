// SPDX-License-Identifier: GPL-2.0-only
/*
 * roots - the same event with more and more roots, none of which is above it
 */
#include <sys/stat.h>

#include "bench.h"

BENCH_CASE(roots)
{
	static const int counts[] = { 1, 100, 10000 };
	struct bench_listener listener;
	struct bench_tree tree;
	unsigned int i;
	int root = 0;

	tree_make(&tree, 4, BENCH_FILES);
	/* All are there from the start: only the marks become more. */
	tree_fill(&tree, 10000, S_IFDIR);
	measure_listener(&tree, LISTENER_NOP, "roots");
	listener_open(&listener, LISTENER_SUBTREE, tree.root);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (; root < counts[i]; root++)
			listener_include(listener.fd, tree.root, tree_other(root));
		measure_open(&tree, NULL, "roots.%d", counts[i]);
	}
	listener_close(&listener);
	tree_remove(&tree);
}
