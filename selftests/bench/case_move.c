// SPDX-License-Identifier: GPL-2.0-only
/*
 * move - rename a directory with files below it into a watched subtree and out
 * again, and open one of the files in each place
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define TRIES	64

/* The directories, open so that no long paths are looked up. */
struct places {
	int inside, outside;
	int files;		/* the first of those that move along */
};

/* Read what there is: how many events? */
static long open_file(const struct places *places, const char *name,
		      struct bench_watch *watch)
{
	close(openat(places->files, name, O_RDONLY | O_CLOEXEC));
	return watch ? bench_watch_drain(watch) : 0;
}

static int open_dir(const struct bench_tree *tree, const char *path)
{
	int fd = openat(tree->root, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		bench_die("cannot open %s", path);
	return fd;
}

/*
 * With names of its own for each try: how many others the kernel's hash table has
 * in the same place is chance.
 */
static double move_in_and_out(const struct places *places,
			      struct bench_watch *watch, int number)
{
	char file[16], name[16], next[16];
	long inside, outside;
	uint64_t start, end;
	int err;

	snprintf(file, sizeof(file), "o%d", number);
	snprintf(name, sizeof(name), "m%d", number);
	snprintf(next, sizeof(next), "m%d", (number + 1) % TRIES);
	start = bench_now();
	err = renameat(places->outside, name, places->inside, name);
	inside = open_file(places, file, watch);
	err |= renameat(places->inside, name, places->outside, next);
	outside = open_file(places, file, watch);
	end = bench_now();
	if (err)
		bench_die("cannot rename a directory");
	if (inside != !!watch || outside)
		bench_die("%ld events inside, %ld outside", inside, outside);
	return end - start;
}

static void measure_moves(const struct bench_tree *tree,
			  struct bench_watch *watch, const char *name)
{
	struct places places = {
		.inside = open_dir(tree, "d1"),
		.outside = open_dir(tree, "."),
		.files = open_dir(tree, "m0/o0"),
	};
	double tries[TRIES];
	int pass, i;

	/* Once more, to warm up. */
	for (pass = 0; pass <= BENCH_PASSES; pass++) {
		for (i = 0; i < TRIES; i++)
			tries[i] = move_in_and_out(&places, watch, i);
		if (pass)
			bench_report(bench_median(tries, TRIES),
				     bench_clock_unit(), "move.%d.%s",
				     tree->others, name);
	}
	close(places.inside);
	close(places.outside);
	close(places.files);
}

/* Make directories of files, until @count files are below the one that moves. */
static void fill_moving(struct bench_tree *tree, int count)
{
	int i = tree->others;
	char from[32], to[48];

	tree_fill(tree, count, S_IFREG);
	for (; i < count; i += OTHERS_PER_DIR) {
		snprintf(from, sizeof(from), "o%d", i / OTHERS_PER_DIR);
		snprintf(to, sizeof(to), "m0/%s", from);
		if (renameat(tree->root, from, tree->root, to))
			bench_die("cannot rename %s", from);
	}
}

BENCH_CASE(move)
{
	static const int counts[] = { 1000, 100000 };
	struct bench_setup setup;
	struct bench_watch watch;
	struct bench_tree tree;
	unsigned int i;

	if (bench_lacks_fastpath("move"))
		return;
	tree_make(&tree, 4, BENCH_BATCH);
	if (mkdirat(tree.root, "m0", 0700))
		bench_die("cannot make a directory to move");
	setup_reference(&setup, &tree);
	setup_inside(&setup);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		fill_moving(&tree, counts[i]);
		bench_watch_start(&watch, bench_watch_kind("subtree"), &setup);
		measure_moves(&tree, &watch, "subtree");
		bench_watch_stop(&watch);
		measure_moves(&tree, NULL, "none");
	}
	tree_remove(&tree);
}
