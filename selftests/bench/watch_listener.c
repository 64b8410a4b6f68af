// SPDX-License-Identifier: GPL-2.0-only
/*
 * fid, fd - a listener that reads all events and does nothing about them, in a
 * group that reports directories and names, or file descriptors
 */
#include "common.h"
#include "bench.h"

static void fid_start(struct bench_watch *watch)
{
	watch_group(watch, GROUP_FID);
}

BENCH_WATCH(fid) = {
	.sends = SENDS_ALL,
	.start = fid_start,
	.take = watch_take_all,
};

static void fd_start(struct bench_watch *watch)
{
	watch_group(watch, GROUP_FD);
}

BENCH_WATCH(fd) = {
	.sends = SENDS_ALL,
	.suits = fd_suits,
	.start = fd_start,
	.take = watch_take_all,
};
