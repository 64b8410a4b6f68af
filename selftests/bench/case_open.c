// SPDX-License-Identifier: GPL-2.0-only
/*
 * open - what a handler that skips adds to an open(2)
 */
#include "bench.h"

BENCH_CASE(open)
{
	static const enum bench_listener_kind kinds[] = {
		LISTENER_NONE, LISTENER_IGNORE, LISTENER_NOP, LISTENER_SUBTREE,
	};
	struct bench_tree tree;
	unsigned int i;

	tree_make(&tree, 4, BENCH_FILES);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		measure_listener(&tree, kinds[i], "open");
	tree_remove(&tree);
}
