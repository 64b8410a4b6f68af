// SPDX-License-Identifier: GPL-2.0-only
/*
 * nop - the fastpath with a handler that skips every event
 */
#include "common.h"
#include "bench.h"
#include "nop.skel.h"

static void nop_start(struct bench_watch *watch)
{
	const void *elf;
	size_t size;

	watch_group(watch, GROUP_FID);
	elf = nop__elf_bytes(&size);
	watch_attach(watch, bpf_object__open_mem(elf, size, NULL), "nop");
}

BENCH_WATCH(nop) = {
	.wants = fastpath_wants,
	.start = nop_start,
	.take = watch_take_all,
};
