// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers that the verifier must refuse, each for one reason
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define HANDLER(_name, body)						\
	int BPF_PROG(_name, struct fsnotify_group *group,		\
		     struct fanotify_fastpath_hook *hook,		\
		     struct fanotify_fastpath_event *event)		\
	body								\
									\
	SEC("?.struct_ops.link")					\
	struct fanotify_fastpath_ops ops_##_name = {			\
		.fp_handler = (void *)_name,				\
		.name = #_name,					\
	}

SEC("struct_ops.s/leak")
HANDLER(leak, {
	struct inode *inode = bpf_fanotify_data_inode(event);

	return inode ? 0 : 1;
});

SEC("struct_ops.s/double_release")
HANDLER(double_release, {
	struct inode *inode = bpf_fanotify_data_inode(event);

	if (inode) {
		bpf_iput(inode);
		bpf_iput(inode);
	}
	return 0;
});

SEC("struct_ops.s/unchecked")
HANDLER(unchecked, {
	bpf_iput(bpf_fanotify_data_inode(event));
	return 0;
});

SEC("struct_ops/sleeps")
HANDLER(sleeps, {
	struct inode *inode = bpf_fanotify_data_inode(event);

	if (inode)
		bpf_iput(inode);
	return 0;
});

SEC("struct_ops.s/leak_dentry")
HANDLER(leak_dentry, {
	return bpf_fanotify_data_dentry(event) ? 0 : 1;
});

SEC("struct_ops.s/leak_parent")
HANDLER(leak_parent, {
	struct dentry *dentry = event->dentry;

	return dentry && bpf_dget_parent(dentry) ? 0 : 1;
});

SEC("struct_ops.s/double_dput")
HANDLER(double_dput, {
	struct dentry *dentry = event->dentry;
	struct dentry *parent;

	if (dentry) {
		parent = bpf_dget_parent(dentry);
		bpf_dput(parent);
		bpf_dput(parent);
	}
	return 0;
});

SEC("struct_ops.s/unchecked_dentry")
HANDLER(unchecked_dentry, {
	bpf_dput(bpf_fanotify_data_dentry(event));
	return 0;
});

SEC("struct_ops.s/unchecked_parent")
HANDLER(unchecked_parent, {
	bpf_dput(bpf_dget_parent(event->dentry));
	return 0;
});

SEC("struct_ops/sleeps_dentry")
HANDLER(sleeps_dentry, {
	return bpf_fanotify_data_dentry(event) ? 0 : 1;
});

SEC("struct_ops/sleeps_parent")
HANDLER(sleeps_parent, {
	struct dentry *dentry = event->dentry;

	return dentry && bpf_dget_parent(dentry) ? 0 : 1;
});

static const char attr[] = "user.test";

SEC("struct_ops/sleeps_xattr")
HANDLER(sleeps_xattr, {
	struct dentry *dentry = event->dentry;
	char value[8];

	return dentry ? bpf_fanotify_xattr(dentry, attr, value, 8) : 0;
});

SEC("struct_ops.s/xattr_past_end")
HANDLER(xattr_past_end, {
	struct dentry *dentry = event->dentry;
	char value[8];

	return dentry ? bpf_fanotify_xattr(dentry, attr, value, 16) : 0;
});

SEC("struct_ops.s/xattr_name_varies")
HANDLER(xattr_name_varies, {
	struct dentry *dentry = event->dentry;
	char value[8] = "user.x";

	return dentry ? bpf_fanotify_xattr(dentry, value, value, 8) : 0;
});

SEC("struct_ops/name_past_end")
HANDLER(name_past_end, {
	char name[8];

	return bpf_fanotify_file_name(event, name, 16);
});

SEC("struct_ops/dentry_name_past_end")
HANDLER(dentry_name_past_end, {
	struct dentry *dentry = event->dentry;
	char name[8];

	return dentry ? bpf_fanotify_dentry_name(dentry, name, 16) : 0;
});

SEC("struct_ops/path_past_end")
HANDLER(path_past_end, {
	char path[8];

	return bpf_fanotify_path(event, path, 16);
});

SEC("struct_ops/ancestors_past_end")
HANDLER(ancestors_past_end, {
	struct fanotify_fastpath_ancestor list[2];

	return bpf_fanotify_ancestors(event, 0, list, sizeof(list) + 16);
});

SEC("struct_ops/unchecked_dentry_name")
HANDLER(unchecked_dentry_name, {
	char name[8];

	return bpf_fanotify_dentry_name(event->dentry, name, sizeof(name));
});

SEC("struct_ops/unchecked_args")
HANDLER(unchecked_args, {
	return *bpf_fanotify_hook_args(hook, 0, 1) & 1;
});

SEC("struct_ops/args_written")
HANDLER(args_written, {
	__u8 *args = (__u8 *)bpf_fanotify_hook_args(hook, 0, 1);

	if (args)
		*args = 0;
	return 0;
});

SEC("struct_ops/not_the_event")
HANDLER(not_the_event, {
	struct fanotify_fastpath_mark info;

	return bpf_fanotify_nearest_mark((void *)hook, 0, &info);
});

SEC("struct_ops.s/release_borrowed")
HANDLER(release_borrowed, {
	struct inode *inode = event->inode;

	if (inode)
		bpf_iput(inode);
	return 0;
});

SEC("struct_ops/field_unchecked")
HANDLER(field_unchecked, {
	return event->inode->i_ino & 1;
});

SEC("struct_ops/two_levels")
HANDLER(two_levels, {
	struct dentry *dentry = event->dentry;

	/* Only the event's own pointers are trusted. */
	return dentry ? bpf_is_subdir(dentry->d_parent, dentry) : 0;
});

SEC("struct_ops/writes_mask")
HANDLER(writes_mask, {
	event->mask = 0;
	return 0;
});

SEC("struct_ops/writes_id")
HANDLER(writes_id, {
	hook->id = 0;
	return 0;
});

SEC("struct_ops/writes_past_scratch")
HANDLER(writes_past_scratch, {
	*(volatile __u64 *)((char *)event + sizeof(*event)) = 0;
	return 0;
});

SEC("struct_ops.s/sleepable_init")
int BPF_PROG(sleepable_init, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook)
{
	return 0;
}

SEC("struct_ops/nothing")
int BPF_PROG(nothing, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	return 0;
}

SEC("?.struct_ops.link")
struct fanotify_fastpath_ops ops_sleepable_init = {
	.fp_handler = (void *)nothing,
	.fp_init = (void *)sleepable_init,
	.name = "sleepable_init",
};

SEC("struct_ops/other_type")
void BPF_PROG(other_type, struct sock *sk, __u32 ack, __u32 acked)
{
	/* An argument that the kfunc would take, were it allowed here. */
	bpf_fanotify_hook_args((void *)sk, 0, 1);
}

SEC("struct_ops/other_ssthresh")
__u32 BPF_PROG(other_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/other_undo")
__u32 BPF_PROG(other_undo, struct sock *sk)
{
	return 2;
}

SEC("?.struct_ops")
struct tcp_congestion_ops ops_other_type = {
	.cong_avoid = (void *)other_type,
	.ssthresh = (void *)other_ssthresh,
	.undo_cwnd = (void *)other_undo,
	.name = "fp_other",
};
