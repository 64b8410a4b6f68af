// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench - count the guest's instructions: bench PATTERN...
 *
 * Runs the cases whose names match, and prints a JSON object for each value
 * that is measured.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <x86intrin.h>

#include "bench.h"

/* A loop of two instructions, so often, and what may be added around it. */
#define CLOCK_LOOPS	1000000
#define CLOCK_SLACK	100
#define CLOCK_TRIES	8

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
	printf("\", \"value\": %.3f, \"unit\": \"%s\"}\n", value, unit);
	fflush(stdout);
}

uint64_t bench_now(void)
{
	return __rdtsc();
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

/*
 * The clock counts instructions if a loop of known length takes that many; once
 * is enough, for the kernel's tick may come in between.
 */
static void check_clock(void)
{
	double least = 1e18;
	int i;

	for (i = 0; i < CLOCK_TRIES; i++) {
		unsigned long count = CLOCK_LOOPS;
		uint64_t start = bench_now();
		double taken;

		asm volatile("1: dec %0; jnz 1b" : "+r" (count));
		taken = bench_now() - start;
		if (taken < least)
			least = taken;
	}
	bench_report(least / (2.0 * CLOCK_LOOPS), "ticks per instruction",
		     "clock");
	if (least < 2.0 * CLOCK_LOOPS ||
	    least > 2.0 * CLOCK_LOOPS + CLOCK_SLACK) {
		fprintf(stderr, "bench: %.0f ticks for %d instructions: this clock does not count instructions; boot with -icount shift=0\n",
			least, 2 * CLOCK_LOOPS);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct bench_case *bench_case;
	int i, found = 0;

	check_clock();
	for (bench_case = cases; bench_case; bench_case = bench_case->next) {
		for (i = 1; i < argc; i++)
			if (!fnmatch(argv[i], bench_case->name, 0))
				break;
		if (i < argc) {
			bench_case->run();
			found++;
		}
	}
	if (found)
		return 0;
	fprintf(stderr, "bench: no case of that name; there are");
	for (bench_case = cases; bench_case; bench_case = bench_case->next)
		fprintf(stderr, " %s", bench_case->name);
	fprintf(stderr, "\n");
	return 1;
}
