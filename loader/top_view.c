// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp top - the rows of its views
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "top.h"

const struct top_view_info top_views[N_TOP_VIEWS] = {
	[TOP_GROUPS] = {
		"groups", "    PID PROCESS          FD  HANDLER", 42, N_COUNTS
	},
	[TOP_HANDLERS] = {
		"handlers", "ATTACHED  HANDLER", 24, N_COUNTS
	},
	[TOP_PROCESSES] = {
		"processes", "    PID PROCESS", 24, COUNT_DENIED + 1
	},
	[TOP_DIRS] = {
		"directories", "DIRECTORY", 32, COUNT_DENIED + 1
	},
};

struct top_row *top_add_row(struct top_rows *rows)
{
	struct top_row *list = array_grow(rows->list, rows->count, &rows->room,
					  sizeof(*list));

	if (!list)
		return NULL;
	rows->list = list;
	list[rows->count] = (struct top_row){};
	return &list[rows->count++];
}

/* Returns 0, or EXIT_FAILED with a message. */
int top_set_label(struct top_row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (row && vasprintf(&row->label, format, args) < 0)
		row->label = NULL;
	va_end(args);
	return row && row->label ? 0 : failed("%s", strerror(ENOMEM));
}

static void free_rows(struct top_rows *rows)
{
	while (rows->count)
		free(rows->list[--rows->count].label);
	free(rows->list);
	*rows = (struct top_rows){};
}

/* Make a row of each handler, or of each group that has one. */
static int add_rows(struct top_state *top, enum top_view view,
		    const struct sample_rows *from)
{
	const struct sample_row *sample;
	struct top_row *row;
	int err = 0;

	for (sample = from->list; !err && sample < from->list + from->count;
	     sample++) {
		if (!*sample->handler)
			continue;
		row = top_add_row(&top->rows[view]);
		if (!row)
			return failed("%s", strerror(ENOMEM));
		memcpy(row->rates, sample->rates, sizeof(row->rates));
		memcpy(row->handler, sample->handler, sizeof(row->handler));
		memcpy(row->comm, sample->comm, sizeof(row->comm));
		row->attached = sample->attached;
		row->pid = sample->pid;
		row->fd = sample->fd;
		row->id = sample->id;
		if (view == TOP_GROUPS)
			err = top_set_label(row, "%7d %-15s %3d  %s",
					    (int)row->pid, row->comm, row->fd,
					    row->handler);
		else
			err = top_set_label(row, "%8u  %s", row->attached,
					    row->handler);
	}
	return err;
}

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	return b->tv_sec - a->tv_sec + (b->tv_nsec - a->tv_nsec) / 1e9;
}

/* Look again: rates are since the look before. Returns 0 or EXIT_FAILED. */
int top_look(struct top_state *top)
{
	struct sample before = top->sample;
	const struct sample_row *row;
	int err, i;

	err = sample_take(&top->sample);
	if (err)
		goto out;
	if (before.time.tv_sec)
		sample_rates(&top->sample, &before);
	top->seconds = seconds_between(&before.time, &top->sample.time);

	for (i = 0; i < N_TOP_VIEWS; i++)
		free_rows(&top->rows[i]);
	memset(top->total, 0, sizeof(top->total));
	for (row = top->sample.groups.list;
	     row < top->sample.groups.list + top->sample.groups.count; row++) {
		for (i = 0; i < N_COUNTS; i++)
			top->total[i] += row->rates[i];
	}
	err = add_rows(top, TOP_GROUPS, &top->sample.groups) ?:
		add_rows(top, TOP_HANDLERS, &top->sample.handlers);
	if (!err && top->events)
		err = top_events_take(top);
	if (!err)
		top_sort(top);
out:
	sample_free(&before);
	return err;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct top_row *first = a, *second = b;
	const struct top_state *top = ctx;
	int order = 0;

	if (top->sort != TOP_BY_LABEL) {
		double difference = second->rates[top->sort] -
			first->rates[top->sort];

		order = (difference > 0) - (difference < 0);
	}
	if (!order)
		order = strcmp(first->label, second->label);
	return top->ascending ? -order : order;
}

/* Sort all views; by a count the most comes first, unless ascending. */
void top_sort(struct top_state *top)
{
	int i;

	for (i = 0; i < N_TOP_VIEWS; i++) {
		if (top->rows[i].count)
			qsort_r(top->rows[i].list, top->rows[i].count,
				sizeof(*top->rows[i].list), compare, top);
	}
}

void top_free(struct top_state *top)
{
	int i;

	for (i = 0; i < N_TOP_VIEWS; i++)
		free_rows(&top->rows[i]);
	sample_free(&top->sample);
	top_events_close(top->events);
}
