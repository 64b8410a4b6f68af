// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that calls no kfunc
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

SEC("struct_ops/plain_free")
void BPF_PROG(plain_free, struct fanotify_fastpath_hook *hook)
{
}

SEC("struct_ops/plain_handler")
int BPF_PROG(plain_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	return FAN_FP_RET_SEND_TO_USERSPACE;
}

SEC(FAN_FP_OPS_SEC)
struct fanotify_fastpath_ops plain = {
	.fp_handler = (void *)plain_handler,
	.fp_free = (void *)plain_free,
	.name = "plain",
};
