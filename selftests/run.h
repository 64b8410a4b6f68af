/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a tool as a user does: what it prints and how it ends
 *
 * Include it after kselftest_harness.h and common.h.
 */
#ifndef _SELFTESTS_RUN_H
#define _SELFTESTS_RUN_H

#include <stdarg.h>

#define MAX_ARGS	16

/* A run of a tool: its process, and a file that gets all it prints. */
struct run {
	pid_t pid;
	char path[32];
	char text[8192];
};

/* Start a tool; its process calls @prepare first, unless that is NULL. */
static inline void start_as(struct run *run, void (*prepare)(void),
			    const char *program, ...)
{
	const char *argv[MAX_ARGS] = { program };
	va_list args;
	int fd, i = 0;

	va_start(args, program);
	while (argv[i] && i < MAX_ARGS - 1)
		argv[++i] = va_arg(args, const char *);
	va_end(args);

	strcpy(run->path, "/tmp/run.XXXXXX");
	fd = mkstemp(run->path);
	run->pid = fork();
	if (!run->pid) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (prepare)
			prepare();
		execv(program, (char **)argv);
		_exit(99);
	}
	close(fd);
}

#define start(_run, ...)	start_as(_run, NULL, __VA_ARGS__)

static inline const char *said(struct run *run)
{
	int fd = open(run->path, O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, run->text, sizeof(run->text) - 1);

	run->text[len < 0 ? 0 : len] = '\0';
	close(fd);
	return run->text;
}

/* Wait for the end; returns the exit code. */
static inline int end(struct run *run)
{
	int status;

	waitpid(run->pid, &status, 0);
	said(run);
	unlink(run->path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int stop(struct run *run, int sig)
{
	kill(run->pid, sig);
	return end(run);
}

/* Run a tool to its end, with the output in a variable "run". */
#define TOOL(...) ({ start(&run, __VA_ARGS__, NULL); end(&run); })
#define TOOL_AS(_prepare, ...)						\
	({ start_as(&run, _prepare, __VA_ARGS__, NULL); end(&run); })

/* The same for a command line of a shell, and for one without privileges. */
#define SHELL(_command)		TOOL("/bin/sh", "-c", _command)
#define AS_NOBODY(_command)						\
	TOOL("/bin/busybox", "su", "-s", "/bin/sh", "nobody", "-c", _command)

#define SAYS(_text)							\
	EXPECT_NE(NULL, strstr(said_text, _text)) {			\
		TH_LOG("it said: %s", said_text);			\
	}

/* One line, not a page. */
static inline int lines(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

#endif /* _SELFTESTS_RUN_H */
