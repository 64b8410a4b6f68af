// SPDX-License-Identifier: GPL-2.0-only
/*
 * marks - a mark on the mount, or on the directory that the files are in, instead
 * of one on the file system
 */
#include <stdio.h>
#include <sys/fanotify.h>

#include "bench.h"

/* On a directory, a mark says to the subtree handler that it is watched. */
static void measure_mark(const char *type, unsigned int mark)
{
	static const char * const names[] = {
		"none", "ignore", "nop", "fid", "filter_fid", "subtree",
	};
	const unsigned int count = ARRAY_SIZE(names) - (mark == FAN_MARK_INODE);
	struct bench_setup setup;
	struct bench_tree tree;
	char prefix[32];
	unsigned int i;

	snprintf(prefix, sizeof(prefix), "mark.%s", type);
	for (i = 0; i < count; i++) {
		tree_make(&tree, 4, BENCH_FILES);
		setup_reference(&setup, &tree);
		setup.mark = mark;
		measure_watch(bench_work("open"), &setup, names[i], prefix);
		tree_remove(&tree);
	}
}

BENCH_CASE(marks)
{
	measure_mark("mount", FAN_MARK_MOUNT);
	measure_mark("inode", FAN_MARK_INODE);
}
