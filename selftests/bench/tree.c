// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tmpfs with files to open
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

/* tree_fill() puts so many in a directory. */
#define OTHERS_PER_DIR	1000

static void make_file(int dir, const char *name, int type)
{
	int err = type == S_IFDIR ? mkdirat(dir, name, 0700) :
				    mknodat(dir, name, type | 0600, 0);

	if (err)
		bench_die("cannot make %s", name);
}

void tree_make(struct bench_tree *tree, int depth, int files)
{
	char name[16];
	int i;

	*tree = (struct bench_tree){ .path = "/tmp/bench.XXXXXX", .files = files };
	/* As many inodes as fit: the limit would be half the memory. */
	if (!mkdtemp(tree->path) ||
	    mount("bench", tree->path, "tmpfs", 0, "size=100%,nr_inodes=0"))
		bench_die("cannot mount a tmpfs on %s", tree->path);
	tree->root = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree->dir = dup(tree->root);
	for (i = 1; i < depth; i++) {
		int parent = tree->dir;

		snprintf(name, sizeof(name), "d%d", i);
		make_file(parent, name, S_IFDIR);
		tree->dir = openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(parent);
	}
	for (i = 0; i < files; i++) {
		snprintf(name, sizeof(name), "f%04d", i);
		make_file(tree->dir, name, S_IFREG);
	}
}

void tree_remove(struct bench_tree *tree)
{
	close(tree->root);
	close(tree->dir);
	if (umount(tree->path) || rmdir(tree->path))
		bench_die("cannot unmount %s", tree->path);
}

const char *tree_other(int number)
{
	static char path[32];

	snprintf(path, sizeof(path), "o%d/o%d", number / OTHERS_PER_DIR, number);
	return path;
}

void tree_fill(struct bench_tree *tree, int count, int type)
{
	char name[16];

	for (; tree->others < count; tree->others++) {
		if (tree->others % OTHERS_PER_DIR == 0) {
			snprintf(name, sizeof(name), "o%d",
				 tree->others / OTHERS_PER_DIR);
			make_file(tree->root, name, S_IFDIR);
		}
		make_file(tree->root, tree_other(tree->others), type);
	}
}
