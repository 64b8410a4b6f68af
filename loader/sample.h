/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - the counts of all handlers and groups at one moment, for stat and top
 */
#ifndef _FANFP_SAMPLE_H
#define _FANFP_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "counts.h"

struct sample_row {
	char handler[32];	/* "" for a group without one */
	struct counts counts;
	double rates[N_COUNTS];	/* a second; see sample_rates() */
	/* Of a handler: to how many groups it is attached. */
	unsigned int attached;
	/* Of a group: who has it first, what is attached, and how many marks. */
	pid_t pid;
	int fd;
	char comm[32];
	uint64_t id;
	unsigned long inode_marks, mount_marks, fs_marks;
};

struct sample_rows {
	struct sample_row *list;
	size_t count, room;
};

struct sample {
	struct timespec time;	/* CLOCK_MONOTONIC */
	struct sample_rows handlers;	/* that can be attached by name */
	struct sample_rows groups;
	/* Processes that may not be looked into, groups whose handler is not told. */
	unsigned int hidden, untold;
};

/* Look; returns 0, or EXIT_FAILED with a message. To be freed in any case. */
int sample_take(struct sample *sample);
void sample_free(struct sample *sample);

/* Fill in what has changed a second since @before. */
void sample_rates(struct sample *now, const struct sample *before);

/* Say what is not in it; returns 0 or EXIT_FAILED. */
int sample_complete(const struct sample *sample);

#endif /* _FANFP_SAMPLE_H */
