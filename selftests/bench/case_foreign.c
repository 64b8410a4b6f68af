// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign - an ancestor carries marks of other groups
 */
#include <unistd.h>

#include "bench.h"

#define MAX_FOREIGN	4

BENCH_CASE(foreign)
{
	struct bench_listener listener;
	int groups[MAX_FOREIGN];
	struct bench_tree tree;
	int count;

	tree_make(&tree, 4, BENCH_FILES);
	listener_open(&listener, LISTENER_SUBTREE, tree.root);
	for (count = 0; count <= MAX_FOREIGN; count++) {
		if (count) {
			/* Not the parent: fsnotify itself would look there. */
			groups[count - 1] = listener_group();
			listener_include(groups[count - 1], tree.root, "d1");
		}
		if (count == 0 || count == 1 || count == MAX_FOREIGN)
			measure_open(&tree, NULL, "foreign.%d", count);
	}
	for (count = 0; count < MAX_FOREIGN; count++)
		close(groups[count]);
	listener_close(&listener);
	tree_remove(&tree);
}
