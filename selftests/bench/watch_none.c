// SPDX-License-Identifier: GPL-2.0-only
/*
 * none - nobody watches
 */
#include "bench.h"

static void none_start(struct bench_watch *watch)
{
}

BENCH_WATCH(none) = {
	.start = none_start,
};
