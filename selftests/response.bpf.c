// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that asks userspace and notes what it answered
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set by the test. */
int verdict;

/* Read by the test. */
__u64 handled;
__u64 responses;
__u32 response;
__u32 mask;
__u32 pid;
__u64 hook_id;
__u64 ino;
__u64 number;
__u64 last_number;

SEC("struct_ops/response_handler")
int BPF_PROG(response_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	/* No other event has this number. */
	event->scratch[1] = __sync_fetch_and_add(&handled, 1) + 1;
	number = event->scratch[1];
	return verdict;
}

SEC("struct_ops/response_response")
void BPF_PROG(response_response, struct fanotify_fastpath_hook *hook,
	      struct fanotify_fastpath_event *event, __u32 word)
{
	struct inode *inode = event->inode;

	__sync_fetch_and_add(&responses, 1);
	response = word;
	mask = event->mask;
	pid = bpf_get_current_pid_tgid() >> 32;
	hook_id = hook->id;
	ino = inode ? inode->i_ino : 0;
	last_number = event->scratch[1];
}

SEC(".struct_ops.link")
struct fanotify_fastpath_ops response_ops = {
	.fp_handler = (void *)response_handler,
	.fp_response = (void *)response_response,
	.name = "response",
	.desc = "notes what userspace answers",
};
