// SPDX-License-Identifier: GPL-2.0-only
/*
 * fentry - a BPF program at the entry of a function of the kernel, and a ring
 * buffer
 */
#include "common.h"
#include "ring.h"
#include "fentry.skel.h"

static struct fentry *load(uint32_t device)
{
	struct fentry *fentry = fentry__open();

	if (!fentry)
		bench_die("cannot open fentry");
	fentry->rodata->watched_dev = device;
	if (!fentry__load(fentry))
		return fentry;
	fentry__destroy(fentry);
	return NULL;
}

static const char *fentry_wants(void)
{
	struct fentry *fentry;
	struct bpf_link *link;

	/* Nothing says beforehand whether the kernel can do it. */
	libbpf_set_print(NULL);
	fentry = load(0);
	if (!fentry)
		return "the kernel does not take the program";
	link = bpf_program__attach(fentry->progs.fentry_open);
	bpf_link__destroy(link);
	fentry__destroy(fentry);
	if (!link)
		return "no program can be attached to a function (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)";
	return NULL;
}

static void fentry_start(struct bench_watch *watch)
{
	struct fentry *fentry = load(ring_device(watch->setup));
	int root = ring_watched(watch->setup);
	struct stat stat;
	char yes = 1;
	__u64 ino;

	if (!fentry)
		bench_die("cannot load fentry");
	if (fstat(root, &stat))
		bench_die("cannot stat the root");
	close(root);
	ino = stat.st_ino;
	if (bpf_map__update_elem(fentry->maps.roots, &ino, sizeof(ino), &yes,
				 sizeof(yes), BPF_ANY))
		bench_die("cannot set the root");
	ring_start(watch, fentry->maps.events, fentry->progs.fentry_open);
	watch->skeleton = fentry;
}

static void fentry_stop(struct bench_watch *watch)
{
	ring_stop(watch);
	fentry__destroy(watch->skeleton);
}

BENCH_WATCH(fentry) = {
	.sends = SENDS_INSIDE,
	.suits = ring_suits,
	.wants = fentry_wants,
	.start = fentry_start,
	.take = ring_take,
	.stop = fentry_stop,
};
