// SPDX-License-Identifier: GPL-2.0-only
/*
 * create - make files and remove them again
 *
 * All of a batch are made before the first is removed, and the events are read
 * in between: for those about one name would be merged.
 */
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

/* Behind those that the tree has. */
#define FIRST	(BENCH_FILES - BENCH_BATCH)

static void create_run(const struct bench_tree *tree, int phase, int first)
{
	int i, err = 0;

	for (i = FIRST; i < FIRST + BENCH_BATCH; i++)
		err |= phase ? unlinkat(tree->dir, tree_file(i), 0) :
			       mknodat(tree->dir, tree_file(i), S_IFREG | 0600, 0);
	if (err)
		bench_die("cannot make or remove files");
}

BENCH_WORK(create) = {
	.unit = "create+unlink",
	.events = FAN_CREATE | FAN_DELETE,
	.files = BENCH_FILES - BENCH_BATCH,
	.phases = 2,
	.run = create_run,
	.units = BENCH_BATCH,
	/* Dentries and inodes are freed after a grace period of RCU. */
	.deferred = true,
};
