// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiting - the reference with a listener that is a process of its own, and
 * waits in read(2) for the next event
 *
 * As listeners do when events come now and then. In the other cases it reads all
 * of a batch at once, and nobody is woken: that is the least it can cost.
 */
#include <sys/ioctl.h>

#include "common.h"
#include "bench.h"

/* Wait until the other process has read all, and then until it waits again. */
static int wait_until_read(struct bench_watch *watch)
{
	static bool waited;
	int bytes;

	waited = !waited;
	if (!waited)
		return 0;
	do {
		sched_yield();
		if (ioctl(watch->fd, FIONREAD, &bytes))
			bench_die("cannot see what is queued");
	} while (bytes);
	return BENCH_BATCH;
}

static pid_t listen(struct bench_watch *watch)
{
	pid_t pid;

	fcntl(watch->fd, F_SETFL, fcntl(watch->fd, F_GETFL) & ~O_NONBLOCK);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		watch->kind->take(watch);
}

static void measure_waiting(const char *name)
{
	struct bench_watch_kind kind = *bench_watch_kind(name);
	struct bench_setup setup;
	struct bench_watch watch;
	struct bench_tree tree;
	pid_t pid;

	tree_make(&tree, 4, BENCH_FILES);
	setup_reference(&setup, &tree);
	bench_watch_start(&watch, &kind, &setup);
	pid = listen(&watch);
	kind.take = wait_until_read;
	/* What it keeps, it knows itself. */
	kind.filters = false;
	measure_work(bench_work("open"), &tree, &watch, "waiting.%s", name);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bench_watch_stop(&watch);
	tree_remove(&tree);
}

BENCH_CASE(waiting)
{
	struct bench_tree tree;

	tree_make(&tree, 4, BENCH_FILES);
	measure_open(&tree, "none", "waiting");
	tree_remove(&tree);
	measure_waiting("fid");
	measure_waiting("fd");
	measure_waiting("filter_fid");
	measure_waiting("filter_fd");
}
