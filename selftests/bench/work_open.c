// SPDX-License-Identifier: GPL-2.0-only
/*
 * open - open a file and close it, one after the other: the reference
 */
#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "bench.h"

static void open_run(const struct bench_tree *tree, int phase, int first)
{
	int i;

	for (i = first; i < first + BENCH_BATCH; i++)
		close(openat(tree->dir, tree_file(i), O_RDONLY | O_CLOEXEC));
}

BENCH_WORK(open) = {
	.unit = "open+close",
	.events = FAN_OPEN,
	.files = BENCH_FILES,
	.phases = 1,
	.run = open_run,
	.units = BENCH_BATCH,
};
