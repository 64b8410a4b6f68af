// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works, and which there are
 */
#include <string.h>

#include "bench.h"

static struct bench_work *works;

void bench_add_work(struct bench_work *work)
{
	work->next = works;
	works = work;
}

const struct bench_work *bench_work(const char *name)
{
	struct bench_work *work;

	for (work = works; work; work = work->next)
		if (!strcmp(work->name, name))
			return work;
	bench_die("no work %s", name);
}
