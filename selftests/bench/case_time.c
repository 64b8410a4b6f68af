// SPDX-License-Identifier: GPL-2.0-only
/*
 * time - the reference in time, with a listener that runs beside the work
 *
 * One after the other, round by round: each with no watcher, and with each of
 * the watchers. Reported is how often the time without one it takes: wall time
 * until the work is done, and CPU time of all that take part until the events
 * are read too.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"

#define ROUNDS		7
#define REPEAT		2	/* all files, so often */

struct listener {
	struct bench_watch *watch;
	atomic_bool done;
};

struct times {
	double wall;
	double cpu;
};

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpu_of_children(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void *listen(void *arg)
{
	struct listener *listener = arg;
	struct pollfd pollfd = {
		.fd = listener->watch->fd,
		.events = POLLIN,
	};
	bool done;

	do {
		done = atomic_load(&listener->done);
		if (!done)
			poll(&pollfd, 1, 20);
		bench_watch_drain(listener->watch);
	} while (!done);
	return NULL;
}

static struct times run(const struct bench_work *work,
			const struct bench_setup *setup,
			const struct bench_watch_kind *kind)
{
	struct listener listener = {};
	struct bench_watch watch;
	struct times times;
	pthread_t thread;
	int i, repeat;
	bool sends;

	bench_watch_start(&watch, kind, setup);
	listener.watch = &watch;
	sends = bench_watch_sends(&watch);
	times.cpu = -cpu_of_children() - now(CLOCK_PROCESS_CPUTIME_ID);
	if (sends && pthread_create(&thread, NULL, listen, &listener))
		bench_die("cannot start a thread");
	times.wall = -now(CLOCK_MONOTONIC);
	for (repeat = 0; repeat < REPEAT; repeat++)
		for (i = 0; i < setup->tree->files; i += BENCH_BATCH)
			work->run(setup->tree, 0, i);
	times.wall += now(CLOCK_MONOTONIC);
	if (sends) {
		atomic_store(&listener.done, true);
		pthread_join(thread, NULL);
	}
	times.cpu += now(CLOCK_PROCESS_CPUTIME_ID);
	bench_watch_stop(&watch);
	times.cpu += cpu_of_children();
	return times;
}

static void measure_rounds(const char *prefix, uint64_t events, int files,
			   const char * const *names)
{
	const struct bench_watch_kind *none = bench_watch_kind("none");
	const struct bench_work *work = bench_work("open");
	struct bench_setup setup;
	struct bench_tree tree;
	struct times base, times;
	int round, i;

	tree_make(&tree, 4, files);
	setup_reference(&setup, &tree);
	setup.events = events;
	for (round = 0; round <= ROUNDS; round++) {
		base = run(work, &setup, none);
		for (i = 0; names[i]; i++) {
			const struct bench_watch_kind *kind =
				bench_watch_kind(names[i]);

			if (!bench_watch_can(kind, &setup))
				continue;
			times = run(work, &setup, kind);
			/* The first round is to warm up. */
			if (!round)
				continue;
			bench_report(times.wall / base.wall, "times none",
				     "time.%s.%s.wall", prefix, names[i]);
			bench_report(times.cpu / base.cpu, "times none",
				     "time.%s.%s.cpu", prefix, names[i]);
		}
	}
	tree_remove(&tree);
}

BENCH_TIMED_CASE(time)
{
	static const char * const open_names[] = {
		"ignore", "nop", "subtree", "lsm", "fentry", "fd", "fid",
		"filter_fd", "filter_fid", NULL
	};
	static const char * const perm_names[] = {
		"ignore", "nop", "subtree", "allow", NULL
	};

	measure_rounds("open", FAN_OPEN, BENCH_FILES, open_names);
	measure_rounds("perm", FAN_OPEN_PERM, BENCH_FILES / 4, perm_names);
}
