// SPDX-License-Identifier: GPL-2.0-only
/*
 * close_write - open a file for writing and close it
 */
#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "bench.h"

static void close_write_run(const struct bench_tree *tree, int phase, int first)
{
	int i;

	for (i = first; i < first + BENCH_BATCH; i++)
		close(openat(tree->dir, tree_file(i), O_WRONLY | O_CLOEXEC));
}

BENCH_WORK(close_write) = {
	.unit = "open+close",
	.events = FAN_CLOSE_WRITE,
	.files = BENCH_FILES,
	.phases = 1,
	.run = close_write_run,
	.units = BENCH_BATCH,
};
