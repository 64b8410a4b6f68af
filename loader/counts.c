// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - what is counted of a handler and of a group
 */
#include "counts.h"
#include "output.h"

const char *const count_names[N_COUNTS] = {
	[COUNT_SEEN] = "seen",
	[COUNT_SENT] = "sent",
	[COUNT_SKIPPED] = "skipped",
	[COUNT_DENIED] = "denied",
	[COUNT_ERRORS] = "errors",
	[COUNT_NESTED] = "nested",
	[COUNT_UNPLACED] = "unplaced",
};

/* The library's two structures name them alike. */
#define COUNTS_OF(_info) ((struct counts){ .of = {			\
	[COUNT_SEEN] = (_info)->seen,					\
	[COUNT_SENT] = (_info)->sent,					\
	[COUNT_SKIPPED] = (_info)->skipped,				\
	[COUNT_DENIED] = (_info)->denied,				\
	[COUNT_ERRORS] = (_info)->errors,				\
	[COUNT_NESTED] = (_info)->nested,				\
	[COUNT_UNPLACED] = (_info)->unplaced,				\
} })

struct counts counts_of_group(const struct fanfp_group_info *info)
{
	return COUNTS_OF(info);
}

struct counts counts_of_handler(const struct fanfp_handler_info *info)
{
	return COUNTS_OF(info);
}

void out_counts(const struct counts *counts)
{
	int i;

	for (i = 0; i < N_COUNTS; i++) {
		out_text("%s%s ", i ? ", " : "", count_names[i]);
		out_number(count_names[i], "%llu", counts->of[i]);
	}
}
