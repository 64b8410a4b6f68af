// SPDX-License-Identifier: GPL-2.0-only
/*
 * kept - the inodes and dentries that stay in memory when caches are dropped
 *
 * On ext4, for those of a tmpfs always stay: /mnt/disk0 is one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define FOLDER	"/mnt/disk0"
#define ROOTS	16
#define FILES	64	/* in each root, and in each directory that is none */

struct counts {
	long inodes;
	long dentries;
};

static long read_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		bench_die("cannot read %s", path);
	close(fd);
	return atol(text);
}

static void drop_caches(void)
{
	int i, fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	/* Dentries go first, and then the inodes that they held. */
	for (i = 0; i < 4; i++)
		if (write(fd, "2", 1) != 1)
			bench_die("cannot drop caches");
	close(fd);
}

static struct counts count_kept(void)
{
	drop_caches();
	return (struct counts){
		.inodes = read_number("/proc/sys/fs/inode-nr"),
		.dentries = read_number("/proc/sys/fs/dentry-state"),
	};
}

/* Open all files, half of which are below a root. */
static void open_all(struct bench_watch *watch, int drain)
{
	char path[64];
	int dir, i, fd;

	for (dir = 0; dir < 2 * ROOTS; dir++) {
		for (i = 0; i < FILES; i++) {
			snprintf(path, sizeof(path), FOLDER "/d%d/f%d", dir, i);
			fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
			if (fd < 0)
				bench_die("cannot open %s", path);
			close(fd);
		}
		if (watch && dir < drain && bench_watch_drain(watch) != FILES)
			bench_die("events are missing");
	}
}

static void measure_kept(const char *name, const struct bench_tree *tree,
			 int drain, bool report)
{
	struct bench_setup setup;
	struct bench_watch watch;
	struct counts before, after;
	char path[8];
	int i;

	setup_reference(&setup, tree);
	bench_watch_start(&watch, bench_watch_kind(name), &setup);
	before = count_kept();
	for (i = 0; i < ROOTS; i++) {
		snprintf(path, sizeof(path), "d%d", i);
		group_include(watch.fd, tree, path);
	}
	open_all(&watch, drain);
	after = count_kept();
	bench_watch_stop(&watch);
	if (!report)
		return;
	bench_report(after.inodes - before.inodes, "inodes", "kept.inodes.%s",
		     name);
	bench_report(after.dentries - before.dentries, "dentries",
		     "kept.dentries.%s", name);
}

BENCH_CASE(kept)
{
	struct bench_tree tree = { .path = FOLDER };
	char path[64];
	int i;

	if (bench_lacks_fastpath("kept") || bench_lacks_disk("kept"))
		return;
	for (i = 0; i < 2 * ROOTS; i++) {
		snprintf(path, sizeof(path), FOLDER "/d%d", i);
		if (mkdir(path, 0700))
			bench_die("cannot make %s", path);
	}
	if (mkdir(FOLDER "/elsewhere", 0700))
		bench_die("cannot make a directory in " FOLDER);
	open_all(NULL, 0);
	tree.root = open(FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Once for what the kernel and libbpf themselves keep from then on. */
	measure_kept("fid", &tree, 2 * ROOTS, false);
	measure_kept("subtree", &tree, ROOTS, false);
	measure_kept("fid", &tree, 2 * ROOTS, true);
	measure_kept("subtree", &tree, ROOTS, true);
	close(tree.root);
}
