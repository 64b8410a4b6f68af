// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers, and which there are
 */
#include <fnmatch.h>

#include "common.h"
#include "bench.h"

#define MAX_SKIP	16

static struct bench_watch_kind *kinds;
static const char *skip[MAX_SKIP];
static int skips;

void bench_add_watch(struct bench_watch_kind *kind)
{
	struct bench_watch_kind **end = &kinds;

	while (*end && strcmp((*end)->name, kind->name) < 0)
		end = &(*end)->next;
	kind->next = *end;
	*end = kind;
}

void bench_skip_watches(const char *pattern)
{
	if (skips == MAX_SKIP)
		bench_die("too many watchers to leave out");
	skip[skips++] = pattern;
}

const struct bench_watch_kind *
bench_next_watch_kind(const struct bench_watch_kind *kind)
{
	return kind ? kind->next : kinds;
}

const struct bench_watch_kind *bench_watch_kind(const char *name)
{
	const struct bench_watch_kind *kind = NULL;

	while ((kind = bench_next_watch_kind(kind)))
		if (!strcmp(kind->name, name))
			return kind;
	bench_die("no watcher %s", name);
}

bool bench_watch_can(const struct bench_watch_kind *kind,
		     const struct bench_setup *setup)
{
	const char *why;
	int i;

	for (i = 0; i < skips; i++)
		if (!fnmatch(skip[i], kind->name, 0))
			return false;
	if (kind->suits && !kind->suits(setup))
		return false;
	why = kind->wants ? kind->wants() : NULL;
	if (why)
		bench_left_out(kind->name, why);
	return !why;
}

void bench_watch_start(struct bench_watch *watch,
		       const struct bench_watch_kind *kind,
		       const struct bench_setup *setup)
{
	*watch = (struct bench_watch){
		.kind = kind,
		.setup = setup,
		.fd = -1,
	};
	libbpf_set_print(fp_print);
	kind->start(watch);
}

void bench_watch_stop(struct bench_watch *watch)
{
	if (watch->kind->stop)
		watch->kind->stop(watch);
	bpf_link__destroy(watch->link);
	bpf_object__close(watch->object);
	if (watch->fd >= 0)
		close(watch->fd);
}

bool bench_watch_sends(const struct bench_watch *watch)
{
	return watch->kind->sends == SENDS_ALL ||
		(watch->kind->sends == SENDS_INSIDE && watch->setup->inside);
}

long bench_watch_drain(struct bench_watch *watch)
{
	long total = 0;
	int count;

	while ((count = watch->kind->take(watch)))
		total += count;
	return total;
}
