// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the cases count with
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <x86intrin.h>

#include "bench.h"

/* A loop of two instructions, so often, and what may be added around it. */
#define LOOPS		1000000
#define SLACK		100
#define TRIES		8

static int perf_fd = -1;
static const char *unit = "instructions";

const char *bench_clock_unit(void)
{
	return unit;
}

uint64_t bench_now(void)
{
	uint64_t count;

	if (perf_fd < 0)
		return __rdtsc();
	if (read(perf_fd, &count, sizeof(count)) != sizeof(count))
		bench_die("cannot read the counter");
	return count;
}

/* All that this process does, in the kernel too, and its threads and children. */
static void start_perf(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = config,
		.inherit = 1,
	};

	perf_fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (perf_fd < 0)
		bench_die("this machine has no such counter");
}

/*
 * The time stamp counter counts instructions if a loop of known length takes
 * that many; once is enough, for the kernel's tick may come in between.
 */
static void check_icount(void)
{
	double least = 1e18;
	int i;

	for (i = 0; i < TRIES; i++) {
		unsigned long count = LOOPS;
		uint64_t start = bench_now();
		double taken;

		asm volatile("1: dec %0; jnz 1b" : "+r" (count));
		taken = bench_now() - start;
		if (taken < least)
			least = taken;
	}
	bench_report(least / (2.0 * LOOPS), "ticks per instruction", "clock");
	if (least >= 2.0 * LOOPS && least <= 2.0 * LOOPS + SLACK)
		return;
	fprintf(stderr, "bench: %.0f ticks for %d instructions: this clock does not count instructions; boot with -icount shift=0, or use another --clock\n",
		least, 2 * LOOPS);
	exit(1);
}

void bench_clock_start(const char *clock)
{
	if (!strcmp(clock, "icount")) {
		check_icount();
	} else if (!strcmp(clock, "instructions")) {
		start_perf(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS);
	} else if (!strcmp(clock, "task-clock")) {
		start_perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
		unit = "ns of CPU";
	} else {
		fprintf(stderr, "bench: there is no clock %s\n", clock);
		exit(2);
	}
}
