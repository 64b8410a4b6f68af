// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * deny - deny opening files by name
 *
 * For permission events: a file whose name is the one given at attach can't be
 * opened; everything else is allowed. Nobody has to read the fanotify file
 * descriptor. Events that ask for no permission are passed on.
 *
 * Shows: arguments, the private area, refusing an attachment, a denial.
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define PERM_EVENTS	(FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM)

#define NAME_MAX	255

/* Where in the private area the length of the name is kept. */
#define PRIVATE_LEN	0

/* The byte of the arguments at @pos, or 0. */
static __u8 arg_byte(struct fanotify_fastpath_hook *hook, __u32 pos)
{
	const __u8 *byte = bpf_fanotify_hook_args(hook, pos, 1);

	return byte ? *byte : 0;
}

SEC("struct_ops/deny_init")
int BPF_PROG(deny_init, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook)
{
	__u32 len = hook->args_size;
	__u32 i;

	if (len < 1 || len > NAME_MAX)
		return -EINVAL;
	bpf_for(i, 0, len) {
		__u8 byte = arg_byte(hook, i);

		if (!byte || byte == '/')
			return -EINVAL;
	}
	hook->private[PRIVATE_LEN] = len;
	return 0;
}

SEC("struct_ops/deny_handler")
int BPF_PROG(deny_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	char name[NAME_MAX + 1] = {};
	struct dentry *dentry = event->dentry;
	__u32 len = hook->private[PRIVATE_LEN];
	__u32 i;

	if (!(event->mask & PERM_EVENTS))
		return FAN_FP_RET_SEND_TO_USERSPACE;
	if (!dentry)
		return FAN_FP_RET_SKIP_EVENT;
	if (bpf_fanotify_dentry_name(dentry, name, sizeof(name)) != len)
		return FAN_FP_RET_SKIP_EVENT;
	bpf_for(i, 0, len) {
		if (i > NAME_MAX || (__u8)name[i] != arg_byte(hook, i))
			return FAN_FP_RET_SKIP_EVENT;
	}
	return -EPERM;
}

SEC(FAN_FP_OPS_SEC)
struct fanotify_fastpath_ops deny = {
	.fp_handler = (void *)deny_handler,
	.fp_init = (void *)deny_init,
	.name = "deny",
	.desc = "deny opening files of one name, allow the rest (permission events)",
	.init_args = "the file name: 1 to 255 bytes, no '/', no terminating NUL",
};
