// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that reads an extended attribute of every object
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define LONG16	"0123456789abcdef"
#define LONG128	LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16

/* Set by the test. */
int which;
__u32 size;

/* Read by the test. */
char value[16];
int len;
__u32 last_mask;

static int read_one(struct dentry *dentry, __u32 room)
{
	switch (which) {
	case 0:
		return bpf_fanotify_xattr(dentry, "user.fp", value, room);
	case 1:
		return bpf_fanotify_xattr(dentry, "security.fp", value, room);
	case 2:
		return bpf_fanotify_xattr(dentry, "trusted.fp", value, room);
	case 3:
		return bpf_fanotify_xattr(dentry, "user", value, room);
	case 4:
		return bpf_fanotify_xattr(dentry, "user." LONG128 LONG128,
					  value, room);
	default:
		return 0;
	}
}

SEC("struct_ops.s/xattr")
int BPF_PROG(xattr, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct dentry *dentry = event->dentry;
	__u32 room = size;

	last_mask = event->mask;
	if (dentry && room <= sizeof(value))
		len = read_one(dentry, room);
	return FAN_FP_RET_SKIP_EVENT;
}

SEC(".struct_ops.link")
struct fanotify_fastpath_ops ops_xattr = {
	.fp_handler = (void *)xattr,
	.name = "xattr",
};
