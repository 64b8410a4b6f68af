// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that notes the ancestors of every event, and the marks on them
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set by the test. */
int place;
__u32 size;
__u32 marks_size;

/* Read by the test. */
struct fanotify_fastpath_ancestor list[32];
int total;
struct fanotify_fastpath_mark marks[8];
int marks_total;
struct fanotify_fastpath_mark nearest;
int nearest_found;

SEC("struct_ops/ancestors")
int BPF_PROG(ancestors, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	__u32 len = size, marks_len = marks_size;

	if (len <= sizeof(list))
		total = bpf_fanotify_ancestors(event, place, list, len);
	if (marks_len <= sizeof(marks))
		marks_total = bpf_fanotify_marks(event, place, marks,
						 marks_len);
	nearest_found = bpf_fanotify_nearest_mark(event, place, &nearest);
	return FAN_FP_RET_SKIP_EVENT;
}

SEC(".struct_ops.link")
struct fanotify_fastpath_ops ops_ancestors = {
	.fp_handler = (void *)ancestors,
	.name = "ancestors",
};
