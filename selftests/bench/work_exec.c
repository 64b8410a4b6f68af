// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec - execute files that turn out to be no programs
 *
 * All of execve(2) up to there, with the question whether the file may be
 * executed, and nothing of what would vary: a new process, and its end.
 */
#include <errno.h>
#include <fcntl.h>

#include "common.h"
#include "bench.h"

static void exec_prepare(struct bench_tree *tree)
{
	int i, fd;

	for (i = 0; i < tree->files; i++) {
		fd = openat(tree->dir, tree_file(i), O_WRONLY | O_CLOEXEC);
		/* Text, for which the kernel asks no module. */
		if (fd < 0 || write(fd, "none\n", 5) != 5 || fchmod(fd, 0700))
			bench_die("cannot write %s", tree_file(i));
		close(fd);
	}
}

static void exec_run(const struct bench_tree *tree, int phase, int first)
{
	char *const argv[] = { "none", NULL }, *const envp[] = { NULL };
	int i;

	for (i = first; i < first + BENCH_BATCH; i++) {
		syscall(SYS_execveat, tree->dir, tree_file(i), argv, envp, 0);
		if (errno != ENOEXEC)
			bench_die("cannot execute %s", tree_file(i));
	}
}

BENCH_WORK(exec) = {
	.unit = "exec",
	.events = FAN_OPEN_EXEC_PERM,
	.files = BENCH_FILES / 4,
	.prepare = exec_prepare,
	.phases = 1,
	.run = exec_run,
	.units = BENCH_BATCH,
	/* Memory maps are freed after a grace period of RCU. */
	.deferred = true,
};
