// SPDX-License-Identifier: GPL-2.0-only
/*
 * perm - permission events, answered by a handler or by userspace
 */
#include <stdio.h>
#include <sys/fanotify.h>

#include "bench.h"

static void measure_perm(const char *work_name, uint64_t events)
{
	static const char * const names[] = {
		"none", "ignore", "nop", "subtree", "lsm", "fentry", "allow",
	};
	const struct bench_work *work = bench_work(work_name);
	struct bench_setup setup;
	struct bench_tree tree;
	char prefix[32];
	unsigned int i;

	snprintf(prefix, sizeof(prefix), "perm.%s", work_name);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		tree_make(&tree, 4, BENCH_FILES / 4);
		if (work->prepare)
			work->prepare(&tree);
		setup_reference(&setup, &tree);
		setup.events = events;
		measure_watch(work, &setup, names[i], prefix);
		tree_remove(&tree);
	}
}

BENCH_CASE(perm)
{
	measure_perm("open", FAN_OPEN_PERM);
	measure_perm("exec", FAN_OPEN_EXEC_PERM);
}
