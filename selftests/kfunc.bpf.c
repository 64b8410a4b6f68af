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
int above_parent;
__u64 parent_ino;
char name[8];
int name_len;
char file_name[16];
int file_name_len;
char path[64];
int path_len;
char small_path[8];
int small_path_len;
struct fanotify_fastpath_ancestor ancestors[8];
int n_ancestors;
int odd_size;
char value[8];
int value_len;
int absent_len;
int forbidden_len;

static const char attr[] = "user.test";
static const char absent[] = "user.absent";
static const char forbidden[] = "security.capability";

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

SEC("struct_ops.s/parent")
int BPF_PROG(parent, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct dentry *dentry = event->dentry;
	struct dentry *above;

	if (dentry) {
		above = bpf_dget_parent(dentry);
		parent_ino = above->d_inode->i_ino;
		below_parent = bpf_is_subdir(dentry, above);
		above_parent = bpf_is_subdir(above, dentry);
		bpf_dput(above);
	}
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops.s/xattr")
int BPF_PROG(xattr, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct dentry *dentry = event->dentry;
	char buf[8];

	if (dentry) {
		value_len = bpf_fanotify_xattr(dentry, attr, value,
					       sizeof(value));
		absent_len = bpf_fanotify_xattr(dentry, absent, buf,
						sizeof(buf));
		forbidden_len = bpf_fanotify_xattr(dentry, forbidden, buf,
						   sizeof(buf));
	}
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/names")
int BPF_PROG(names, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	file_name_len = bpf_fanotify_file_name(event, file_name,
					       sizeof(file_name));
	path_len = bpf_fanotify_path(event, path, sizeof(path));
	small_path_len = bpf_fanotify_path(event, small_path,
					   sizeof(small_path));
	return FAN_FP_RET_SKIP_EVENT;
}

SEC("struct_ops/above")
int BPF_PROG(above, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	n_ancestors = bpf_fanotify_ancestors(event, place, ancestors,
					     sizeof(ancestors));
	odd_size = bpf_fanotify_ancestors(event, place, ancestors,
					  sizeof(ancestors) - 1);
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
		below_self = bpf_is_subdir(dentry, dentry);
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

#define OPS(_name)							\
	SEC("?.struct_ops.link")					\
	struct fanotify_fastpath_ops ops_##_name = {			\
		.fp_handler = (void *)_name,				\
		.name = #_name,						\
	}

OPS(references);
OPS(parent);
OPS(xattr);
OPS(subdir);
OPS(names);
OPS(above);
OPS(nearest);
