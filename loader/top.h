/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp top - what its files share
 */
#ifndef _FANFP_TOP_H
#define _FANFP_TOP_H

#include <stdbool.h>
#include <stddef.h>

#include "counts.h"
#include "sample.h"

/* What the events are told apart by. */
enum top_view {
	TOP_GROUPS,
	TOP_HANDLERS,
	TOP_PROCESSES,
	TOP_DIRS,
	N_TOP_VIEWS
};

struct top_view_info {
	const char *name;
	const char *heading;	/* of the label */
	int label_width;	/* it wants so many columns at least */
	int n_counts;		/* so many of the counts are known */
};

extern const struct top_view_info top_views[N_TOP_VIEWS];

/* One line of a view. */
struct top_row {
	/* What happened a second. */
	double rates[N_COUNTS];
	char *label;	/* owned; as somebody else has chosen it: to be cleaned */
	/* For JSON; what is 0 or "" does not belong to the view. */
	pid_t pid;
	int fd;
	unsigned long long id;
	unsigned int attached;
	char comm[32];
	char handler[32];
};

struct top_rows {
	struct top_row *list;
	size_t count, room;
};

/* By what the rows are sorted: one of the counts, or the label. */
#define TOP_BY_LABEL	N_COUNTS

struct top_state {
	enum top_view view;
	int sort;
	bool ascending;
	long interval;		/* seconds */
	/* What has been seen last. */
	struct sample sample;
	double seconds;		/* since the look before */
	double total[N_COUNTS];	/* of all groups, a second */
	struct top_rows rows[N_TOP_VIEWS];
	unsigned long long lost;	/* events that could not be counted */
	/* Counts by process and directory; NULL, and why not. */
	struct top_events *events;
	const char *why_not;
};

/* top_events.c */
struct top_events *top_events_open(const char **why_not);
void top_events_close(struct top_events *events);
int top_events_take(struct top_state *top);

/* top_view.c */
struct top_row *top_add_row(struct top_rows *rows);
__attribute__((format(printf, 2, 3)))
int top_set_label(struct top_row *row, const char *format, ...);
int top_look(struct top_state *top);
void top_sort(struct top_state *top);
void top_free(struct top_state *top);

/* top_screen.c */
int top_screen(struct top_state *top);

#endif /* _FANFP_TOP_H */
