// SPDX-License-Identifier: GPL-2.0-only
/*
 * setup - begin to watch a subtree: make a group, mark the file system, attach
 * the handler by name, mark the root
 */
#include "common.h"
#include "bench.h"
#include "subtree.skel.h"

#define TRIES	64

static double set_up(const struct bench_tree *tree)
{
	uint64_t start = bench_now(), end;
	int fd = group_open(GROUP_FID);

	if (fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			  tree->root, "."))
		bench_die("cannot mark the file system");
	if (fp_add(fd, "subtree", NULL, 0))
		bench_die("cannot attach subtree");
	group_include(fd, tree, "d1");
	end = bench_now();
	close(fd);
	return end - start;
}

static void measure_setup(const struct bench_tree *tree)
{
	double tries[TRIES];
	int pass, i;

	for (pass = 0; pass < BENCH_PASSES; pass++) {
		for (i = 0; i < TRIES; i++)
			tries[i] = set_up(tree);
		bench_report(bench_median(tries, TRIES), bench_clock_unit(),
			     "setup.%d", tree->others);
	}
}

/* To watch all these directories with inotify takes a walk, and memory. */
static void measure_inotify(const struct bench_tree *tree)
{
	struct bench_setup setup;
	struct bench_watch watch;
	uint64_t start;

	setup_reference(&setup, tree);
	setup_inside(&setup);
	setup.watched = ".";
	start = bench_now();
	bench_watch_start(&watch, bench_watch_kind("inotify"), &setup);
	bench_report(bench_now() - start, bench_clock_unit(),
		     "setup.%d.inotify", tree->others);
	bench_watch_stop(&watch);
}

BENCH_CASE(setup)
{
	static const int counts[] = { 1000, 100000 };
	struct bench_tree tree;
	struct subtree *skel;
	struct bpf_link *link;
	unsigned int i;

	if (bench_lacks_fastpath("setup"))
		return;
	skel = subtree__open_and_load();
	if (!skel)
		bench_die("cannot load subtree");
	link = bpf_map__attach_struct_ops(skel->maps.subtree);
	if (!link)
		bench_die("cannot register subtree");

	bench_allow("/proc/sys/fs/inotify/max_user_watches");
	tree_make(&tree, 4, BENCH_BATCH);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		tree_fill(&tree, counts[i], S_IFDIR);
		measure_setup(&tree);
		measure_inotify(&tree);
	}
	tree_remove(&tree);
	bpf_link__destroy(link);
	subtree__destroy(skel);
}
