/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF program that filters, and the ring buffer that it writes to
 */
#ifndef _SELFTESTS_BENCH_RING_H
#define _SELFTESTS_BENCH_RING_H

#include "bench.h"

/* The file system of a setup, as its superblock has it. */
uint32_t ring_device(const struct bench_setup *setup);
/* A descriptor of its watched directory. */
int ring_watched(const struct bench_setup *setup);

/* Attach a program that is loaded. The ring buffer is in @watch->own. */
void ring_start(struct bench_watch *watch, struct bpf_map *events,
		struct bpf_program *program);
int ring_take(struct bench_watch *watch);
void ring_stop(struct bench_watch *watch);

/* It is told of every open, and has no marks. */
bool ring_suits(const struct bench_setup *setup);

#endif /* _SELFTESTS_BENCH_RING_H */
