// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that stays inside until the test lets it go
 *
 * The test can then do, at leisure, what else happens only now and then.
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set by the test: stay inside while it is. */
int hold;
int hold_init;

/* Read by the test. */
int inside;
int inside_init;
int handled;
int inits;
int frees;
int freed_inside;

static int look_init(__u32 i, void *ctx)
{
	return !*(volatile int *)&hold_init;
}

static int look_handler(__u32 i, void *ctx)
{
	return !*(volatile int *)&hold;
}

/* A loop has a limit, so that a test that fails does not stay for ever. */
static int wait_init(__u32 i, void *ctx)
{
	bpf_loop(1 << 22, look_init, NULL, 0);
	return look_init(0, NULL);
}

static int wait_handler(__u32 i, void *ctx)
{
	bpf_loop(1 << 22, look_handler, NULL, 0);
	return look_handler(0, NULL);
}

SEC("struct_ops/hold_init_prog")
int BPF_PROG(hold_init_prog, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook)
{
	__sync_fetch_and_add(&inits, 1);
	inside_init = 1;
	bpf_loop(32, wait_init, NULL, 0);
	inside_init = 0;
	return 0;
}

SEC("struct_ops/hold_free")
void BPF_PROG(hold_free, struct fanotify_fastpath_hook *hook)
{
	if (inside)
		freed_inside = 1;
	__sync_fetch_and_add(&frees, 1);
}

SEC("struct_ops/hold_handler")
int BPF_PROG(hold_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	__sync_fetch_and_add(&handled, 1);
	inside = 1;
	bpf_loop(32, wait_handler, NULL, 0);
	inside = 0;
	return FAN_FP_RET_SKIP_EVENT;
}

SEC(".struct_ops.link")
struct fanotify_fastpath_ops hold_ops = {
	.fp_handler = (void *)hold_handler,
	.fp_init = (void *)hold_init_prog,
	.fp_free = (void *)hold_free,
	.name = "hold",
};
