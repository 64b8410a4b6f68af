// SPDX-License-Identifier: GPL-2.0-only
/*
 * sent - open files that are all in the watched directory, so that a listener
 * gets the events and reads them
 */
#include "bench.h"

BENCH_CASE(sent)
{
	const struct bench_watch_kind *kind = NULL;
	struct bench_setup setup;
	struct bench_tree tree;

	while ((kind = bench_next_watch_kind(kind))) {
		if (kind->sends == SENDS_NOTHING)
			continue;
		tree_make(&tree, 4, BENCH_FILES);
		setup_reference(&setup, &tree);
		setup_inside(&setup);
		measure_watch(bench_work("open"), &setup, kind->name, "sent");
		tree_remove(&tree);
	}
}
