// SPDX-License-Identifier: GPL-2.0-only
/*
 * References that are not kept well, and writes
 *
 * The verifier must refuse each of these handlers, for one reason.
 */
#include "refused.bpf.h"

SLEEPER(leak_inode, {
	struct inode *inode = bpf_fanotify_data_inode(event);

	return inode ? 0 : 1;
});

SLEEPER(leak_dentry, {
	struct dentry *dentry = bpf_fanotify_data_dentry(event);

	return dentry ? 0 : 1;
});

SLEEPER(leak_parent, {
	struct dentry *dentry = event->dentry;

	return dentry && bpf_dget_parent(dentry) == dentry;
});

SLEEPER(twice_iput, {
	struct inode *inode = bpf_fanotify_data_inode(event);

	if (inode) {
		bpf_iput(inode);
		bpf_iput(inode);
	}
	return 0;
});

SLEEPER(twice_dput, {
	struct dentry *dentry = bpf_fanotify_data_dentry(event);

	if (dentry) {
		bpf_dput(dentry);
		bpf_dput(dentry);
	}
	return 0;
});

SLEEPER(twice_dput_parent, {
	struct dentry *dentry = event->dentry;

	if (dentry) {
		dentry = bpf_dget_parent(dentry);
		bpf_dput(dentry);
		bpf_dput(dentry);
	}
	return 0;
});

SLEEPER(used_after_dput, {
	struct dentry *dentry = bpf_fanotify_data_dentry(event);

	if (!dentry)
		return 0;
	bpf_dput(dentry);
	return bpf_is_subdir(dentry, dentry);
});

SLEEPER(null_iput, {
	bpf_iput(bpf_fanotify_data_inode(event));
	return 0;
});

SLEEPER(null_dput, {
	bpf_dput(bpf_fanotify_data_dentry(event));
	return 0;
});

SLEEPER(borrowed_iput, {
	struct inode *inode = event->inode;

	if (inode)
		bpf_iput(inode);
	return 0;
});

SLEEPER(borrowed_dput, {
	struct dentry *dentry = event->dentry;

	if (dentry)
		bpf_dput(dentry);
	return 0;
});

SLEEPER(untrusted_iput, {
	struct dentry *dentry = event->dentry;

	if (dentry)
		bpf_iput(dentry->d_parent->d_inode);
	return 0;
});

SLEEPER(untrusted_dput, {
	struct dentry *dentry = event->dentry;

	if (dentry)
		bpf_dput(dentry->d_parent);
	return 0;
});

HANDLER(writes_mask, {
	event->mask = 0;
	return 0;
});

HANDLER(writes_id, {
	hook->id = 0;
	return 0;
});

HANDLER(writes_past_scratch, {
	*(volatile __u64 *)((char *)event + sizeof(*event)) = 0;
	return 0;
});

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} progs SEC(".maps");

HANDLER(tail_calls, {
	bpf_tail_call(ctx, &progs, 0);
	return 0;
});

HANDLER(writes_inode, {
	struct inode *inode = event->inode;

	if (inode)
		inode->i_generation = 0;
	return 0;
});

HANDLER(writes_before_private, {
	*(volatile __u32 *)&hook->args_size = 0;
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
