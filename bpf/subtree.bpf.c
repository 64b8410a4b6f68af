// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * subtree - pass on what happens below marked directories
 *
 * The group watches a whole file system or mount with one mark. Directories are
 * included or excluded by inode marks of the same group: see
 * bpf_fanotify_nearest_mark(). The nearest marked directory above an event
 * decides; without one the event is skipped.
 *
 * Shows: kfuncs, deciding by event type, and what to do about an event that has
 * no place: send it.
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Events about an entry of a directory: the entry's place is the directory. */
#define ENTRY_EVENTS (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)

static int place_verdict(struct fanotify_fastpath_event *event,
			 enum fanotify_fastpath_place place)
{
	struct fanotify_fastpath_mark mark = {};
	int found;

	found = bpf_fanotify_nearest_mark(event, place, &mark);
	if (!found)
		return FAN_FP_RET_SKIP_EVENT;
	/* Better one event too many than one lost. The kernel counts it. */
	if (found < 0)
		return FAN_FP_RET_SEND_TO_USERSPACE;
	return mark.mask ? FAN_FP_RET_SEND_TO_USERSPACE : FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/subtree_handler")
int BPF_PROG(subtree_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	if (!(event->mask & (ENTRY_EVENTS | FAN_RENAME)))
		return place_verdict(event, FAN_FP_PLACE_OBJECT);
	if (place_verdict(event, FAN_FP_PLACE_DIR) ==
	    FAN_FP_RET_SEND_TO_USERSPACE)
		return FAN_FP_RET_SEND_TO_USERSPACE;
	/* Of interest if either end is inside. */
	if (event->mask & FAN_RENAME)
		return place_verdict(event, FAN_FP_PLACE_NEW_DIR);
	return FAN_FP_RET_SKIP_EVENT;
}

SEC(FAN_FP_OPS_SEC)
struct fanotify_fastpath_ops subtree = {
	.fp_handler = (void *)subtree_handler,
	.name = "subtree",
	.desc = "pass on events below the group's marked directories, skip the rest",
	.init_args = "none; roots are inode marks of the group",
	.flags = FAN_FP_F_UNPRIV,
};
