// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench - count what it costs to be told of what happens to files
 *
 * Runs the cases whose names match, and prints a JSON object for each value
 * that is measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char usage[] =
	"usage: bench [--clock CLOCK] [--timed] [--profile] [--skip PATTERN] PATTERN...\n"
	"  --clock icount        the time stamp counter counts instructions (default)\n"
	"  --clock instructions  a counter of the CPU's does, through perf\n"
	"  --clock task-clock    nanoseconds of CPU time, through perf\n"
	"  --timed               the cases that compare time, not instructions\n"
	"  --profile             each once more, for profile_plugin.c\n"
	"  --skip PATTERN        leave out watchers of that name\n"
	"  PATTERN               names of cases: all of\n";

static struct bench_case *cases;

void bench_add_case(struct bench_case *bench_case)
{
	struct bench_case **end = &cases;

	/* By name, for the linker's order is not ours. */
	while (*end && strcmp((*end)->name, bench_case->name) < 0)
		end = &(*end)->next;
	bench_case->next = *end;
	*end = bench_case;
}

void bench_die(const char *format, ...)
{
	int err = errno;
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

void bench_report(double value, const char *unit, const char *metric, ...)
{
	va_list args;

	printf("{\"metric\": \"");
	va_start(args, metric);
	vprintf(metric, args);
	va_end(args);
	printf("\", \"value\": %.4f, \"unit\": \"%s\"}\n", value, unit);
	fflush(stdout);
}

void bench_left_out(const char *name, const char *why)
{
	printf("{\"left_out\": \"%s\", \"why\": \"%s\"}\n", name, why);
	fflush(stdout);
}

void bench_allow(const char *limit)
{
	int fd = open(limit, O_WRONLY | O_CLOEXEC);

	if (write(fd, "1000000", 7) != 7)
		bench_die("cannot raise %s", limit);
	close(fd);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] :
		(values[count / 2 - 1] + values[count / 2]) / 2;
}

static int __attribute__((noreturn)) help(FILE *file, int status)
{
	struct bench_case *bench_case;

	fputs(usage, file);
	for (bench_case = cases; bench_case; bench_case = bench_case->next)
		fprintf(file, "      %s%s\n", bench_case->name,
			bench_case->timed ? " (timed)" : "");
	exit(status);
}

/*
 * In a process of its own, so that no case costs another something, and one that
 * fails does not end the others. Returns whether it succeeded.
 */
static bool run_case(const struct bench_case *bench_case, const char *clock)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!bench_case->timed)
			bench_clock_start(clock);
		bench_case->run();
		exit(0);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

static bool matches(const char *name, char **patterns, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "clock", required_argument, NULL, 'c' },
		{ "timed", no_argument, NULL, 't' },
		{ "profile", no_argument, NULL, 'p' },
		{ "skip", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *clock = "icount";
	struct bench_case *bench_case;
	bool timed = false;
	int option, found = 0, failed = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			clock = optarg;
			break;
		case 't':
			timed = true;
			break;
		case 'p':
			profile_enable();
			break;
		case 's':
			bench_skip_watches(optarg);
			break;
		case 'h':
			help(stdout, 0);
		default:
			help(stderr, 2);
		}
	}
	for (bench_case = cases; bench_case; bench_case = bench_case->next) {
		if (bench_case->timed != timed ||
		    !matches(bench_case->name, argv + optind, argc - optind))
			continue;
		found++;
		if (!run_case(bench_case, clock)) {
			fprintf(stderr, "bench: case %s failed\n",
				bench_case->name);
			failed++;
		}
	}
	if (!found)
		help(stderr, 2);
	return failed ? 1 : 0;
}
