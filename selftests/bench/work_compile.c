// SPDX-License-Identifier: GPL-2.0-only
/*
 * compile - a job of many short processes: for each source a compiler that reads
 * it and its headers, and writes an object
 *
 * The compiler is this program: there is none in the guest. It is in the tree
 * too, so that it is opened each time. A batch is one compilation.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define HEADERS		32	/* that each source includes */
#define SOURCE_SIZE	4096
#define COMPILER	"cc"

static void copy_program(const struct bench_tree *tree)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = openat(tree->dir, COMPILER, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	ssize_t len;

	do
		len = sendfile(to, from, NULL, 1 << 20);
	while (len > 0);
	if (len < 0 || close(to) || close(from))
		bench_die("cannot copy this program");
}

static void compile_prepare(struct bench_tree *tree)
{
	static char text[SOURCE_SIZE];
	int i, fd;

	copy_program(tree);
	memset(text, ' ', sizeof(text));
	for (i = 0; i < tree->files; i++) {
		fd = openat(tree->dir, tree_file(i), O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, text, sizeof(text)) != sizeof(text))
			bench_die("cannot write %s", tree_file(i));
		close(fd);
	}
}

/* What reading a file and looking at each byte takes. */
static unsigned int read_file(const char *name)
{
	static unsigned char text[SOURCE_SIZE];
	unsigned int sum = 0;
	ssize_t i, len;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	len = read(fd, text, sizeof(text));
	close(fd);
	for (i = 0; i < len; i++)
		sum = sum * 31 + text[i];
	return sum;
}

/* In the directory of the files: "cc FIRST": the source, and behind it headers. */
static int compile(int first)
{
	unsigned int sum = 0;
	char object[16];
	int i, fd;

	for (i = first; i < first + 1 + HEADERS; i++)
		sum += read_file(tree_file(i));
	snprintf(object, sizeof(object), "%d.o", first);
	fd = open(object, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return write(fd, &sum, sizeof(sum)) != sizeof(sum);
}

/* Before main(), for the libraries cost more than the work. */
static void __attribute__((constructor)) compiler(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], COMPILER))
		_exit(compile(atoi(argv[1])));
}

static void compile_run(const struct bench_tree *tree, int phase, int first)
{
	char number[16];
	int status;
	pid_t pid;

	snprintf(number, sizeof(number), "%d", first);
	pid = vfork();
	if (!pid) {
		char *const argv[] = { COMPILER, number, NULL };
		char *const envp[] = { NULL };

		fchdir(tree->dir);
		execve(COMPILER, argv, envp);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		bench_die("cannot compile");
}

BENCH_WORK(compile) = {
	.unit = "compilation",
	.events = FAN_OPEN,
	.files = BENCH_FILES / 4,
	.prepare = compile_prepare,
	.phases = 1,
	.run = compile_run,
	.units = 1,
	/* Processes are freed after a grace period of RCU. */
	.deferred = true,
};
