// SPDX-License-Identifier: GPL-2.0-only
/*
 * sent - events that the listener gets and reads, with the subtree handler and
 * without a handler
 */
#include "bench.h"

static void measure_sent(struct bench_tree *tree, enum bench_listener_kind kind)
{
	struct bench_listener listener;

	listener_open(&listener, kind, tree->root);
	if (kind == LISTENER_SUBTREE)
		listener_include(listener.fd, tree->root, "d1");
	measure_open(tree, &listener, "sent.%s", listener_name(kind));
	listener_close(&listener);
}

BENCH_CASE(sent)
{
	struct bench_tree tree;

	tree_make(&tree, 4, BENCH_FILES);
	measure_sent(&tree, LISTENER_ALL);
	measure_sent(&tree, LISTENER_SUBTREE);
	tree_remove(&tree);
}
