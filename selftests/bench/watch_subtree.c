// SPDX-License-Identifier: GPL-2.0-only
/*
 * subtree - the fastpath with the subtree handler
 */
#include "common.h"
#include "bench.h"
#include "subtree.skel.h"

static void subtree_start(struct bench_watch *watch)
{
	const void *elf;
	size_t size;

	watch_group(watch, GROUP_FID);
	elf = subtree__elf_bytes(&size);
	watch_attach(watch, bpf_object__open_mem(elf, size, NULL), "subtree");
	group_include(watch->fd, watch->setup->tree, watch->setup->watched);
}

BENCH_WATCH(subtree) = {
	.sends = SENDS_INSIDE,
	.wants = fastpath_wants,
	.start = subtree_start,
	.take = watch_take_all,
};
