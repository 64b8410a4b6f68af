// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpus - the reference on all CPUs at once, each in a directory of its own
 *
 * Under -icount the CPUs take turns, and one turn is many batches: so a batch
 * seldom has instructions of another CPU in it. The workers are processes: a
 * thread would make every later system call of this program a little longer.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MAX_CPUS	8
#define BATCHES		64

struct worker {
	int cpu;
	/* Only the directory and the files differ from those of the others. */
	struct bench_tree tree;
};

/* In memory that all workers share. */
struct shared {
	pthread_barrier_t start;
	double medians[MAX_CPUS];
};

static void __attribute__((noreturn))
work(const struct worker *worker, struct shared *shared)
{
	const struct bench_work *open_work = bench_work("open");
	double batches[BATCHES];
	cpu_set_t cpus;
	int i;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		bench_die("cannot run on CPU %d", worker->cpu);
	pthread_barrier_wait(&shared->start);
	for (i = 0; i < BATCHES; i++) {
		uint64_t start = bench_now();

		open_work->run(&worker->tree, 0, 0);
		batches[i] = (double)(bench_now() - start) / open_work->units;
	}
	shared->medians[worker->cpu] = bench_median(batches, BATCHES);
	_exit(0);
}

static struct shared *make_shared(int count)
{
	pthread_barrierattr_t attr;
	struct shared *shared;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bench_die("cannot map memory");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->start, &attr, count);
	return shared;
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

static void run_workers(const struct worker *workers, int count,
			struct shared *shared)
{
	int i, status;

	for (i = 0; i < count; i++)
		if (!fork())
			work(&workers[i], shared);
	for (i = 0; i < count; i++)
		if (wait(&status) < 0 || status)
			bench_die("a worker failed");
}

static void measure_cpus(const char *name, const struct bench_setup *setup,
			 const struct worker *workers, int count)
{
	struct shared *shared;
	struct bench_watch watch;
	char text[32];
	int pass;

	if (!bench_watch_can(bench_watch_kind(name), setup))
		return;
	shared = make_shared(count);
	bench_watch_start(&watch, bench_watch_kind(name), setup);
	snprintf(text, sizeof(text), "cpus.%d.%s", count, name);
	for (pass = 0; pass <= BENCH_PASSES; pass++) {
		run_workers(workers, count, shared);
		/* The first is to warm up. */
		if (pass)
			bench_report(bench_median(shared->medians, count),
				     bench_clock_unit(), "%s", text);
	}
	bench_watch_stop(&watch);
	munmap(shared, sizeof(*shared));
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
