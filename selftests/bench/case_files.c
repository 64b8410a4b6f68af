// SPDX-License-Identifier: GPL-2.0-only
/*
 * files - the same files in file systems that have more and more others
 *
 * The others slow open(2) itself down: the kernel's hash table of dentries is of
 * one size. So it is measured without a group too, and after the other, for the
 * first mark on a file system makes open(2) a little slower for good.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "bench.h"

/* The measured files are among the 1,000, in whole batches. */
#define MEASURED	(15 * BENCH_BATCH)
/* An inode of a tmpfs and its dentry, generously. */
#define BYTES_PER_FILE	1400

static bool fits_memory(int files)
{
	struct sysinfo info;

	sysinfo(&info);
	return (uint64_t)info.freeram * info.mem_unit / BYTES_PER_FILE > files;
}

BENCH_CASE(files)
{
	static const int counts[] = { 1000, 10000, 100000, 1000000 };
	struct bench_tree tree;
	char prefix[24];
	unsigned int i;

	tree_make(&tree, 4, MEASURED);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		if (!fits_memory(counts[i])) {
			fprintf(stderr, "bench: no memory for %d files: not measured\n",
				counts[i]);
			break;
		}
		tree_fill(&tree, counts[i] - MEASURED, S_IFREG);
		snprintf(prefix, sizeof(prefix), "files.%d", counts[i]);
		measure_open(&tree, "subtree", prefix);
		measure_open(&tree, "none", prefix);
	}
	tree_remove(&tree);
}
