// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpus - the reference on all CPUs at once, each in a directory of its own
 *
 * Under -icount the CPUs take turns, and one turn is many batches: so a batch
 * seldom has instructions of another CPU in it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define MAX_CPUS	8
#define BATCHES		64

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	int cpu;
	/* Only the directory and the files differ from the shared tree. */
	struct bench_tree tree;
	double median;
};

static void *work(void *arg)
{
	const struct bench_work *open_work = bench_work("open");
	struct worker *worker = arg;
	double batches[BATCHES];
	cpu_set_t cpus;
	int i;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		bench_die("cannot run on CPU %d", worker->cpu);
	pthread_barrier_wait(worker->start);
	for (i = 0; i < BATCHES; i++) {
		uint64_t start = bench_now();

		open_work->run(&worker->tree, 0, 0);
		batches[i] = (double)(bench_now() - start) / open_work->units;
	}
	worker->median = bench_median(batches, BATCHES);
	return NULL;
}

static void make_dir(struct worker *worker, const struct bench_tree *tree)
{
	char name[16];
	int i;

	worker->tree = *tree;
	snprintf(name, sizeof(name), "cpu%d", worker->cpu);
	if (mkdirat(tree->dir, name, 0700))
		bench_die("cannot make %s", name);
	worker->tree.dir = openat(tree->dir, name,
				  O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < BENCH_BATCH; i++)
		if (mknodat(worker->tree.dir, tree_file(i), S_IFREG | 0600, 0))
			bench_die("cannot make %s", tree_file(i));
}

static void measure_cpus(const char *name, const struct bench_setup *setup,
			 struct worker *workers, int count)
{
	double medians[MAX_CPUS];
	struct bench_watch watch;
	pthread_barrier_t start;
	int pass, i;

	bench_watch_start(&watch, bench_watch_kind(name), setup);
	for (pass = 0; pass <= BENCH_PASSES; pass++) {
		pthread_barrier_init(&start, NULL, count);
		for (i = 0; i < count; i++) {
			workers[i].start = &start;
			if (pthread_create(&workers[i].thread, NULL, work,
					   &workers[i]))
				bench_die("cannot start a thread");
		}
		for (i = 0; i < count; i++) {
			pthread_join(workers[i].thread, NULL);
			medians[i] = workers[i].median;
		}
		pthread_barrier_destroy(&start);
		/* The first is to warm up. */
		if (pass)
			bench_report(bench_median(medians, count),
				     bench_clock_unit(), "cpus.%d.%s", count,
				     name);
	}
	bench_watch_stop(&watch);
}

BENCH_CASE(cpus)
{
	static const char * const names[] = { "none", "ignore", "nop", "subtree" };
	int i, count = sysconf(_SC_NPROCESSORS_ONLN);
	struct worker workers[MAX_CPUS] = {};
	struct bench_setup setup;
	struct bench_tree tree;

	if (count > MAX_CPUS)
		count = MAX_CPUS;
	tree_make(&tree, 3, 1);
	for (i = 0; i < count; i++) {
		workers[i].cpu = i;
		make_dir(&workers[i], &tree);
	}
	setup_reference(&setup, &tree);
	for (i = 0; i < (int)ARRAY_SIZE(names); i++)
		measure_cpus(names[i], &setup, workers, count);
	for (i = 0; i < count; i++)
		close(workers[i].tree.dir);
	tree_remove(&tree);
}
