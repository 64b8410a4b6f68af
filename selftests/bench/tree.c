// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files to work on
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define DISK		"/mnt/disk0"

static void make_file(int dir, const char *name, int type)
{
	int err = type == S_IFDIR ? mkdirat(dir, name, 0700) :
				    mknodat(dir, name, type | 0600, 0);

	if (err)
		bench_die("cannot make %s", name);
}

const char *tree_file(int number)
{
	static char names[BENCH_FILES][16];
	char *name = names[number];

	/* Once, so that it costs the measured loop nothing. */
	if (!*name)
		snprintf(name, sizeof(names[0]), "f%04d", number);
	return name;
}

static void fill_in(struct bench_tree *tree, int depth, int files)
{
	int i;

	tree->files = files;
	tree->root = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	make_file(tree->root, "elsewhere", S_IFDIR);
	tree->dir = dup(tree->root);
	for (i = 1; i < depth; i++) {
		int parent = tree->dir;
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		make_file(parent, name, S_IFDIR);
		tree->dir = openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(parent);
		if (i > 1)
			strcat(tree->dir_path, "/");
		strcat(tree->dir_path, name);
	}
	for (i = 0; i < files; i++)
		make_file(tree->dir, tree_file(i), S_IFREG);
}

void tree_make(struct bench_tree *tree, int depth, int files)
{
	*tree = (struct bench_tree){ .path = "/tmp/bench.XXXXXX" };
	/* As many inodes as fit: the limit would be half the memory. */
	if (!mkdtemp(tree->path) ||
	    mount("bench", tree->path, "tmpfs", 0, "size=100%,nr_inodes=0"))
		bench_die("cannot mount a tmpfs on %s", tree->path);
	fill_in(tree, depth, files);
}

void tree_make_on_disk(struct bench_tree *tree, int depth, int files)
{
	*tree = (struct bench_tree){
		.path = DISK "/bench.XXXXXX",
		.on_disk = true,
	};
	if (!mkdtemp(tree->path))
		bench_die("cannot make a directory in " DISK);
	fill_in(tree, depth, files);
}

bool bench_lacks_disk(const char *name)
{
	if (!access(DISK, W_OK))
		return false;
	bench_left_out(name, "there is no " DISK);
	return true;
}

static int remove_one(const char *path, const struct stat *stat, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

void tree_remove(struct bench_tree *tree)
{
	close(tree->root);
	close(tree->dir);
	if (tree->on_disk) {
		if (nftw(tree->path, remove_one, 16, FTW_DEPTH | FTW_PHYS))
			bench_die("cannot remove %s", tree->path);
	} else if (umount(tree->path) || rmdir(tree->path)) {
		bench_die("cannot unmount %s", tree->path);
	}
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
