// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - whether an event is printed
 *
 * What the kernel can't decide: it does not know paths, nor what was printed. What it
 * does decide is in watch_rules.c.
 */
#include <fnmatch.h>
#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "watch.h"

/* How many files --dedupe remembers, at least. */
#define FILES		8192

/* --- patterns ---------------------------------------------------------------------- */

/* A pattern with a slash is for the path, another one for its last part. */
static bool matches(const struct watch_globs *globs, const char *path)
{
	const char *name = strrchr(path, '/');
	size_t i;

	for (i = 0; i < globs->count; i++) {
		const char *glob = globs->list[i];

		if (!fnmatch(glob, strchr(glob, '/') || !name ? path : name + 1, 0))
			return true;
	}
	return false;
}

static bool place_wanted(const struct watch_options *options,
			 const struct watch_place *place)
{
	char path[WATCH_PATH_MAX];

	watch_place_path(place, path);
	return (!options->include.count || matches(&options->include, path)) &&
		!matches(&options->exclude, path);
}

/* --- duplicates -------------------------------------------------------------------- */

/* What was printed of a file since a time (ms). */
struct printed {
	int64_t since;
	uint64_t mask;
};

static void free_printed(struct lh_entry *entry)
{
	free(lh_entry_k(entry));
	free(lh_entry_v(entry));
}

/* Leave of an event what was not printed of its file; returns whether that is any. */
static bool remove_printed(struct watch *w, struct watch_event *event)
{
	char path[2 * WATCH_PATH_MAX];
	struct printed *printed;

	watch_place_path(&event->from, path);
	if (event->to.info)
		watch_place_path(&event->to, path + strlen(path));
	printed = watch_memory_find(&w->printed, path);
	if (!printed) {
		printed = malloc(sizeof(*printed));
		if (!printed)
			return true;
		*printed = (struct printed){ w->ms, event->mask };
		watch_memory_add(&w->printed, path, printed);
		return true;
	}
	if (w->ms - printed->since >= w->options->dedupe)
		*printed = (struct printed){ w->ms, 0 };
	event->mask &= ~printed->mask | FAN_ONDIR;
	printed->mask |= event->mask;
	return event->mask & ~FAN_ONDIR;
}

int watch_filter_init(struct watch *w)
{
	return watch_memory_init(&w->printed, FILES, free_printed);
}

/* --- the rate ---------------------------------------------------------------------- */

static bool below_rate(struct watch *w)
{
	struct watch_rate *rate = &w->rate;

	if (!w->options->rate)
		return true;
	if (w->ms - rate->start >= 1000 && !rate->dropped)
		*rate = (struct watch_rate){ .start = w->ms };
	if (rate->printed == w->options->rate) {
		rate->dropped++;
		return false;
	}
	rate->printed++;
	return true;
}

/**
 * watch_rate_wait() - how long to wait until there may be something to tell
 * @w: What is watched.
 *
 * Return: Milliseconds, or -1 if there is nothing.
 */
int watch_rate_wait(const struct watch *w)
{
	int64_t left = w->rate.start + 1000 - w->ms;

	if (!w->rate.dropped)
		return -1;
	return left > 0 ? left : 0;
}

/**
 * watch_rate_dropped() - how many events were not printed in the last second
 * @w: What is watched.
 * @end: Do not wait for the second to end.
 *
 * Return: How many have to be told of.
 */
long watch_rate_dropped(struct watch *w, bool end)
{
	long dropped = w->rate.dropped;

	if (watch_rate_wait(w) > 0 && !end)
		return 0;
	w->rate.dropped = 0;
	return dropped;
}

/* --- all of it --------------------------------------------------------------------- */

/**
 * watch_event_wanted() - decide whether to print an event
 * @w: What is watched.
 * @event: The event. If it is wanted, it is taken for printed.
 *
 * Return: Whether it is wanted.
 */
bool watch_event_wanted(struct watch *w, struct watch_event *event)
{
	const struct watch_options *options = w->options;

	if (!watch_is_below(w, event))
		return false;
	if (!place_wanted(options, &event->from) &&
	    !(event->to.info && place_wanted(options, &event->to)))
		return false;
	if (options->dedupe && !remove_printed(w, event))
		return false;
	return below_rate(w);
}
