// SPDX-License-Identifier: GPL-2.0-only
/*
 * nop - skip every event, and look at none: what any handler costs at least
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "GPL";

SEC("struct_ops/nop_handler")
int BPF_PROG(nop_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	return FAN_FP_RET_SKIP_EVENT;
}

SEC(FAN_FP_OPS_SEC)
struct fanotify_fastpath_ops nop = {
	.fp_handler = (void *)nop_handler,
	.name = "nop",
};
