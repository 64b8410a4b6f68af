// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - the counts of all handlers and groups at one moment, for stat and top
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "tool.h"

static struct sample_row *add_row(struct sample_rows *rows)
{
	struct sample_row *list = array_grow(rows->list, rows->count, &rows->room,
					     sizeof(*list));

	if (!list)
		return NULL;
	rows->list = list;
	list[rows->count] = (struct sample_row){};
	return &list[rows->count++];
}

static int add_handler(const struct fanfp_handler_info *info, void *ctx)
{
	struct sample *sample = ctx;
	struct sample_row *row = add_row(&sample->handlers);

	if (!row)
		return -ENOMEM;
	snprintf(row->handler, sizeof(row->handler), "%s", info->name);
	row->counts = counts_of_handler(info);
	row->attached = info->attached;
	return 0;
}

static int add_group(const struct fanfp_group_entry *entry, void *ctx)
{
	struct sample *sample = ctx;
	struct sample_row *row = add_row(&sample->groups);

	if (!row)
		return -ENOMEM;
	row->pid = entry->holders[0].pid;
	row->fd = entry->holders[0].fd;
	process_name(row->pid, row->comm, sizeof(row->comm));
	row->inode_marks = entry->inode_marks;
	row->mount_marks = entry->mount_marks;
	row->fs_marks = entry->fs_marks;
	if (entry->err == -EPERM)
		sample->untold++;
	if (entry->err)
		return 0;
	snprintf(row->handler, sizeof(row->handler), "%s", entry->info.handler);
	row->id = entry->info.id;
	row->counts = counts_of_group(&entry->info);
	return 0;
}

int sample_take(struct sample *sample)
{
	LIBFANFP_OPTS(fanfp_each_opts, opts, .hidden = &sample->hidden);
	int err;

	*sample = (struct sample){};
	clock_gettime(CLOCK_MONOTONIC, &sample->time);
	err = fanfp_registry__for_each(add_handler, sample) ?:
		fanfp_group__for_each(&opts, add_group, sample);
	if (err == -ENOMEM)
		return failed("%s", strerror(ENOMEM));
	return err ? EXIT_FAILED : 0;	/* the library has said why */
}

void sample_free(struct sample *sample)
{
	free(sample->handlers.list);
	free(sample->groups.list);
	*sample = (struct sample){};
}

int sample_complete(const struct sample *sample)
{
	if (sample->hidden)
		return failed("%u processes were not looked into, and may have groups: that takes the right to trace them (CAP_SYS_PTRACE)",
			      sample->hidden);
	if (sample->untold)
		return failed("of %u groups it is not told what is attached: that takes the right to trace their processes (CAP_SYS_PTRACE)",
			      sample->untold);
	return 0;
}

/* The row of before that goes on in @row, or NULL. */
static const struct sample_row *find_row(const struct sample_rows *rows,
					 const struct sample_row *row)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const struct sample_row *before = &rows->list[i];

		/* A handler that was loaded again counts from 0 again. */
		if (before->id == row->id &&
		    !strcmp(before->handler, row->handler) &&
		    before->counts.of[COUNT_SEEN] <= row->counts.of[COUNT_SEEN])
			return before;
	}
	return NULL;
}

static void rates_of(struct sample_rows *now, const struct sample_rows *before,
		     double seconds)
{
	const struct sample_row *old;
	struct sample_row *row;
	int i;

	for (row = now->list; row < now->list + now->count; row++) {
		if (!*row->handler)
			continue;
		old = find_row(before, row);
		for (i = 0; i < N_COUNTS; i++)
			row->rates[i] = (row->counts.of[i] -
				(old ? old->counts.of[i] : 0)) / seconds;
	}
}

void sample_rates(struct sample *now, const struct sample *before)
{
	double seconds = now->time.tv_sec - before->time.tv_sec +
		(now->time.tv_nsec - before->time.tv_nsec) / 1e9;

	rates_of(&now->handlers, &before->handlers, seconds);
	rates_of(&now->groups, &before->groups, seconds);
}
