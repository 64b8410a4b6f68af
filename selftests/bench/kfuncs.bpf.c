// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers that skip every event, each after a call of one kfunc, or of a pair
 * that belongs together
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Handlers with a dot may sleep; those have their own that does nothing. */
#define HANDLER_IN(_sec, _name, ...)					\
	SEC(_sec "/" #_name)						\
	int BPF_PROG(_name, struct fsnotify_group *group,		\
		     struct fanotify_fastpath_hook *hook,		\
		     struct fanotify_fastpath_event *event)		\
	{								\
		__VA_ARGS__						\
		return FAN_FP_RET_SKIP_EVENT;				\
	}								\
									\
	SEC("?.struct_ops.link")					\
	struct fanotify_fastpath_ops ops_##_name = {			\
		.fp_handler = (void *)_name,				\
		.name = #_name,						\
	}

#define HANDLER(...)		HANDLER_IN("struct_ops", __VA_ARGS__)
#define SLEEPABLE(...)		HANDLER_IN("struct_ops.s", __VA_ARGS__)

SLEEPABLE(sleepable);

SLEEPABLE(data_inode,
	struct inode *inode = bpf_fanotify_data_inode(event);

	if (inode)
		bpf_iput(inode);
);

SLEEPABLE(data_dentry,
	struct dentry *dentry = bpf_fanotify_data_dentry(event);

	if (dentry)
		bpf_dput(dentry);
);

/* Beyond data_dentry. */
SLEEPABLE(dget_parent,
	struct dentry *dentry = bpf_fanotify_data_dentry(event);

	if (dentry) {
		bpf_dput(bpf_dget_parent(dentry));
		bpf_dput(dentry);
	}
);

HANDLER(is_subdir,
	struct dentry *dentry = event->dentry;

	if (dentry)
		bpf_is_subdir(dentry, dentry);
);

HANDLER(nearest_mark,
	struct fanotify_fastpath_mark mark = {};

	bpf_fanotify_nearest_mark(event, FAN_FP_PLACE_OBJECT, &mark);
);

HANDLER(ancestors,
	struct fanotify_fastpath_ancestor list[8];

	bpf_fanotify_ancestors(event, FAN_FP_PLACE_OBJECT, list, sizeof(list));
);

HANDLER(dentry_name,
	struct dentry *dentry = event->dentry;
	char name[64];

	if (dentry)
		bpf_fanotify_dentry_name(dentry, name, sizeof(name));
);

HANDLER(file_name,
	char name[64];

	bpf_fanotify_file_name(event, name, sizeof(name));
);

HANDLER(path,
	char path[256];

	bpf_fanotify_path(event, path, sizeof(path));
);

SLEEPABLE(xattr,
	struct dentry *dentry = event->dentry;
	char value[16];

	if (dentry)
		bpf_fanotify_xattr(dentry, "user.fp", value, sizeof(value));
);

HANDLER(hook_args,
	const __u8 *args = bpf_fanotify_hook_args(hook, 0, 8);

	if (args && args[7])
		return FAN_FP_RET_SEND_TO_USERSPACE;
);
