// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers that call each kfunc as it is meant
 *
 * Every struct_ops map is optional: a test loads one of them.
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set by the test, read by the test. */
int place;
struct fanotify_fastpath_mark mark;
int found;
__u64 ino;
int dentry_seen;
int below_self;
int below_parent;
int parent_below;
char name[8];
int name_len;

SEC("struct_ops.s/references")
int BPF_PROG(references, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct dentry *dentry;
	struct inode *inode;

	inode = bpf_fanotify_data_inode(event);
	if (inode) {
		ino = inode->i_ino;
		bpf_iput(inode);
	}
	dentry = bpf_fanotify_data_dentry(event);
	if (dentry) {
		dentry_seen = 1;
		below_self = bpf_is_subdir(dentry, dentry);
		bpf_dput(dentry);
	}
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/subdir")
int BPF_PROG(subdir, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct dentry *dentry = event->dentry;
	const struct path *path = event->path;

	if (dentry && path) {
		below_parent = bpf_is_subdir(dentry, dentry);
		name_len = bpf_fanotify_dentry_name(dentry, name, sizeof(name));
	}
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/nearest")
int BPF_PROG(nearest, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct fanotify_fastpath_mark info = {};

	found = bpf_fanotify_nearest_mark(event, place, &info);
	mark = info;
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("?.struct_ops.link")
struct fanotify_fastpath_ops ops_references = {
	.fp_handler = (void *)references,
	.name = "references",
};

SEC("?.struct_ops.link")
struct fanotify_fastpath_ops ops_subdir = {
	.fp_handler = (void *)subdir,
	.name = "subdir",
};

SEC("?.struct_ops.link")
struct fanotify_fastpath_ops ops_nearest = {
	.fp_handler = (void *)nearest,
	.name = "nearest",
};
