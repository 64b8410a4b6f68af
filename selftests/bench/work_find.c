// SPDX-License-Identifier: GPL-2.0-only
/*
 * find - walk through directories and stat(2) what is in them, as find(1) does
 *
 * It opens directories only; a batch is a directory with 64 others in it, of
 * which each has a few files.
 */
#include <ftw.h>
#include <stdio.h>

#include "common.h"
#include "bench.h"

#define FILES_PER_DIR	8

static void make(int dir, const char *name, int type)
{
	int err = type == S_IFDIR ? mkdirat(dir, name, 0700) :
				    mknodat(dir, name, S_IFREG | 0600, 0);

	if (err)
		bench_die("cannot make %s", name);
}

static void find_prepare(struct bench_tree *tree)
{
	char name[64];
	int i, j;

	for (i = 0; i < tree->files; i++) {
		if (i % BENCH_BATCH == 0) {
			snprintf(name, sizeof(name), "t%d", i / BENCH_BATCH);
			make(tree->dir, name, S_IFDIR);
		}
		snprintf(name, sizeof(name), "t%d/d%d", i / BENCH_BATCH, i);
		make(tree->dir, name, S_IFDIR);
		for (j = 0; j < FILES_PER_DIR; j++) {
			snprintf(name, sizeof(name), "t%d/d%d/file%d",
				 i / BENCH_BATCH, i, j);
			make(tree->dir, name, S_IFREG);
		}
	}
}

static int visit(const char *path, const struct stat *stat, int type,
		 struct FTW *ftw)
{
	return 0;
}

static void find_run(const struct bench_tree *tree, int phase, int first)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/t%d", tree->path, tree->dir_path,
		 first / BENCH_BATCH);
	if (nftw(path, visit, 16, FTW_PHYS))
		bench_die("cannot walk %s", path);
}

BENCH_WORK(find) = {
	.unit = "directory with 8 files",
	.events = FAN_OPEN | FAN_ONDIR,
	.files = BENCH_FILES / 4,
	.prepare = find_prepare,
	.phases = 1,
	.run = find_run,
	.units = BENCH_BATCH + 1,
};
