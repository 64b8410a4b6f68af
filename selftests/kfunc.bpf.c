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
int nearest_sends;
__u64 ino;
int dentry_seen;
int below_self;
int below_parent;
char name[8];
int name_len;
__u64 parent_ino;
__u64 root_ino;
int levels;
int parent_in_child;
int child_in_parent;
char file_name[8];
int file_name_len;
char path[256];
__u32 path_size = sizeof(path);
int path_len;
__u32 last_mask;

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

#define MAX_LEVELS	16

SEC("struct_ops.s/parents")
int BPF_PROG(parents, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct dentry *dentry = bpf_fanotify_data_dentry(event);
	struct dentry *parent;
	int i;

	levels = 0;
	if (!dentry)
		return FAN_FP_RET_SKIP_EVENT;
	parent = bpf_dget_parent(dentry);
	/* Without a test for NULL, of both pointers. */
	parent_ino = parent->d_inode->i_ino;
	parent_in_child = bpf_is_subdir(parent, dentry);
	child_in_parent = bpf_is_subdir(dentry, parent);
	name_len = bpf_fanotify_dentry_name(parent, name, sizeof(name));
	bpf_dput(parent);

	for (i = 0; i < MAX_LEVELS; i++) {
		parent = bpf_dget_parent(dentry);
		if (parent == dentry) {
			bpf_dput(parent);
			break;
		}
		bpf_dput(dentry);
		dentry = parent;
		levels++;
	}
	root_ino = dentry->d_inode->i_ino;
	bpf_dput(dentry);
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/names")
int BPF_PROG(names, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	__u32 size = path_size;

	last_mask = event->mask;
	file_name_len = bpf_fanotify_file_name(event, file_name,
					       sizeof(file_name));
	if (size <= sizeof(path))
		path_len = bpf_fanotify_path(event, path, size);
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/nearest")
int BPF_PROG(nearest, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	/* Each field is written, if there is a mark. */
	struct fanotify_fastpath_mark info = { .__reserved = ~0 };

	found = bpf_fanotify_nearest_mark(event, place, &info);
	mark = info;
	return nearest_sends ? FAN_FP_RET_SEND_TO_USERSPACE :
			       FAN_FP_RET_SKIP_EVENT;
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

SEC("?.struct_ops.link")
struct fanotify_fastpath_ops ops_parents = {
	.fp_handler = (void *)parents,
	.name = "parents",
};

SEC("?.struct_ops.link")
struct fanotify_fastpath_ops ops_names = {
	.fp_handler = (void *)names,
	.name = "names",
};
