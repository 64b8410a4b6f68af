// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting what a work costs
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "bench.h"

void setup_reference(struct bench_setup *setup, const struct bench_tree *tree)
{
	*setup = (struct bench_setup){
		.tree = tree,
		.events = FAN_OPEN,
		.mark = FAN_MARK_FILESYSTEM,
		.watched = "elsewhere",
	};
}

void setup_inside(struct bench_setup *setup)
{
	setup->watched = "d1";
	setup->inside = true;
}

static double measure_batch(const struct bench_work *work,
			    const struct bench_tree *tree,
			    struct bench_watch *drain, int first, long *events)
{
	uint64_t start = bench_now();
	int phase;

	for (phase = 0; phase < work->phases; phase++) {
		work->run(tree, phase, first);
		if (drain)
			*events += bench_watch_drain(drain);
	}
	return (double)(bench_now() - start) / work->units;
}

/*
 * The median of the batches: the kernel's tick, every few million instructions,
 * falls into few of them.
 */
static double measure_pass(const struct bench_work *work,
			   const struct bench_tree *tree,
			   struct bench_watch *drain, long *events)
{
	double batches[BENCH_FILES / BENCH_BATCH], sum = 0;
	int i;

	for (i = 0; i < tree->files / BENCH_BATCH; i++) {
		batches[i] = measure_batch(work, tree, drain, i * BENCH_BATCH,
					   events);
		sum += batches[i];
	}
	return work->deferred ? sum / i : bench_median(batches, i);
}

/* A watcher that is fast because it misses events would be no baseline. */
static void check_events(struct bench_watch *watch, long events)
{
	const char *name = watch->kind->name;

	errno = EPROTO;
	if (bench_watch_sends(watch)) {
		if (!events)
			bench_die("%s: no events came", name);
		if (watch->kind->filters &&
		    watch->kept != (watch->setup->inside ? events : 0))
			bench_die("%s: %ld of %ld events were kept", name,
				  watch->kept, events);
	} else if (watch->kind->take && bench_watch_drain(watch)) {
		bench_die("%s: there are events", name);
	}
}

void measure_work(const struct bench_work *work, const struct bench_tree *tree,
		  struct bench_watch *watch, const char *metric, ...)
{
	struct bench_watch *drain =
		watch && bench_watch_sends(watch) ? watch : NULL;
	long events = 0;
	char text[64];
	va_list args;
	int i;

	va_start(args, metric);
	vsnprintf(text, sizeof(text), metric, args);
	va_end(args);

	for (i = 0; i < tree->files; i++)
		if (faccessat(tree->dir, tree_file(i), F_OK, 0))
			bench_die("no file %s", tree_file(i));
	measure_pass(work, tree, drain, &events);
	for (i = 0; i < BENCH_PASSES; i++)
		bench_report(measure_pass(work, tree, drain, &events),
			     bench_clock_unit(), "%s", text);
	if (profile_start()) {
		measure_pass(work, tree, drain, &events);
		profile_stop(text, (long)tree->files / BENCH_BATCH * work->units);
	}
	if (watch)
		check_events(watch, events);
}

void measure_watch(const struct bench_work *work,
		   const struct bench_setup *setup, const char *name,
		   const char *prefix)
{
	const struct bench_watch_kind *kind = bench_watch_kind(name);
	struct bench_watch watch;

	if (!bench_watch_can(kind, setup))
		return;
	bench_watch_start(&watch, kind, setup);
	measure_work(work, setup->tree, &watch, "%s.%s", prefix, name);
	bench_watch_stop(&watch);
}

void measure_open(const struct bench_tree *tree, const char *name,
		  const char *prefix)
{
	struct bench_setup setup;

	setup_reference(&setup, tree);
	measure_watch(bench_work("open"), &setup, name, prefix);
}
