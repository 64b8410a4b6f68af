/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - what is counted of a handler and of a group
 */
#ifndef _FANFP_COUNTS_H
#define _FANFP_COUNTS_H

#include "fanfp.h"

enum {
	COUNT_SEEN,
	COUNT_SENT,
	COUNT_SKIPPED,
	COUNT_DENIED,
	COUNT_ERRORS,
	COUNT_NESTED,
	COUNT_UNPLACED,
	N_COUNTS
};

extern const char *const count_names[N_COUNTS];

struct counts {
	unsigned long long of[N_COUNTS];
};

struct counts counts_of_group(const struct fanfp_group_info *info);
struct counts counts_of_handler(const struct fanfp_handler_info *info);

/* "seen 1, sent 0, ...", without a newline; or each by its name. */
void out_counts(const struct counts *counts);

#endif /* _FANFP_COUNTS_H */
