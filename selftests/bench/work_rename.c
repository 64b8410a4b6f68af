// SPDX-License-Identifier: GPL-2.0-only
/*
 * rename - rename files in their directory, and back
 */
#include <stdio.h>

#include "common.h"
#include "bench.h"

static void rename_run(const struct bench_tree *tree, int phase, int first)
{
	char other[16];
	int i, err = 0;

	for (i = first; i < first + BENCH_BATCH; i++) {
		const char *name = tree_file(i);

		/* As long as the other. */
		memcpy(other, name, 6);
		other[0] = 'r';
		err |= phase ? renameat(tree->dir, other, tree->dir, name) :
			       renameat(tree->dir, name, tree->dir, other);
	}
	if (err)
		bench_die("cannot rename files");
}

BENCH_WORK(rename) = {
	.unit = "rename",
	.events = FAN_RENAME,
	.files = BENCH_FILES,
	.phases = 2,
	.run = rename_run,
	.units = 2 * BENCH_BATCH,
	/* Dentries are freed after a grace period of RCU. */
	.deferred = true,
};
