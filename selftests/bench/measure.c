// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting what it takes to open and close a file
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

static char names[BENCH_FILES][16];

static double measure_batch(const struct bench_tree *tree,
			    struct bench_listener *drain, int first)
{
	uint64_t start = bench_now();
	int i;

	for (i = first; i < first + BENCH_BATCH; i++)
		close(openat(tree->dir, names[i], O_RDONLY | O_CLOEXEC));
	if (drain)
		listener_drain(drain, BENCH_BATCH);
	return (double)(bench_now() - start) / BENCH_BATCH;
}

/*
 * The median of the batches: the kernel's tick, every few million instructions,
 * falls into few of them.
 */
static double measure_pass(const struct bench_tree *tree,
			   struct bench_listener *drain)
{
	double batches[BENCH_FILES / BENCH_BATCH];
	int i;

	for (i = 0; i < tree->files / BENCH_BATCH; i++)
		batches[i] = measure_batch(tree, drain, i * BENCH_BATCH);
	return bench_median(batches, i);
}

void measure_open(struct bench_tree *tree, struct bench_listener *drain,
		  const char *metric, ...)
{
	char text[64];
	va_list args;
	int i;

	va_start(args, metric);
	vsnprintf(text, sizeof(text), metric, args);
	va_end(args);

	for (i = 0; i < tree->files; i++) {
		snprintf(names[i], sizeof(names[i]), "f%04d", i);
		if (faccessat(tree->dir, names[i], F_OK, 0))
			bench_die("no file %s", names[i]);
	}
	measure_pass(tree, drain);
	for (i = 0; i < BENCH_PASSES; i++)
		bench_report(measure_pass(tree, drain), "instructions", "%s",
			     text);
}

void measure_listener(struct bench_tree *tree, enum bench_listener_kind kind,
		      const char *prefix)
{
	struct bench_listener listener;

	listener_open(&listener, kind, tree->root);
	measure_open(tree, NULL, "%s.%s", prefix, listener_name(kind));
	listener_close(&listener);
}
