// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiting - the reference with a listener that is a process of its own, and
 * waits in read(2) for the next event
 *
 * As it is when events come now and then: each wakes the listener. In the other
 * cases it reads all of a batch at once, and nobody is woken: that is the least
 * it can cost.
 */
#include <sys/ioctl.h>

#include "common.h"
#include "bench.h"

/* The group whose events are to be read before the next file is opened. */
static int waited_for;

/* By then the listener waits again: it is asked for the next event first. */
static void wait_until_read(void)
{
	int bytes;

	do {
		sched_yield();
		if (ioctl(waited_for, FIONREAD, &bytes))
			bench_die("cannot see what is queued");
	} while (bytes);
}

static void open_and_wait(const struct bench_tree *tree, int phase, int first)
{
	int i;

	for (i = first; i < first + BENCH_BATCH; i++) {
		close(openat(tree->dir, tree_file(i), O_RDONLY | O_CLOEXEC));
		wait_until_read();
	}
}

/* Not one of the works: nobody else is to wait. */
static const struct bench_work waiting_work = {
	.phases = 1,
	.run = open_and_wait,
	.units = BENCH_BATCH,
};

static pid_t listen(struct bench_watch *watch)
{
	pid_t pid;

	group_block(watch->fd);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		watch->kind->take(watch);
}

static void measure_waiting(const char *name)
{
	struct bench_setup setup;
	struct bench_watch watch;
	struct bench_tree tree;
	pid_t pid;

	tree_make(&tree, 4, BENCH_FILES);
	setup_reference(&setup, &tree);
	bench_watch_start(&watch, bench_watch_kind(name), &setup);
	waited_for = watch.fd;
	pid = listen(&watch);
	measure_work(&waiting_work, &tree, NULL, "waiting.%s", name);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bench_watch_stop(&watch);
	tree_remove(&tree);
}

/* What it takes to ask whether events are queued, too. */
static void measure_none(void)
{
	struct bench_tree tree;

	tree_make(&tree, 4, BENCH_FILES);
	waited_for = group_open(GROUP_FID);
	measure_work(&waiting_work, &tree, NULL, "waiting.none");
	close(waited_for);
	tree_remove(&tree);
}

BENCH_CASE(waiting)
{
	measure_none();
	measure_waiting("fid");
	measure_waiting("fd");
	measure_waiting("filter_fid");
	measure_waiting("filter_fd");
}
