/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath - the kfuncs, declared so that they can be checked
 */
#ifndef _FANOTIFY_FASTPATH_KFUNCS_H
#define _FANOTIFY_FASTPATH_KFUNCS_H

#include <linux/fanotify_fastpath.h>

struct inode *bpf_fanotify_data_inode(struct fanotify_fastpath_event *event);
struct dentry *bpf_fanotify_data_dentry(struct fanotify_fastpath_event *event);
void bpf_iput(struct inode *inode);
void bpf_dput(struct dentry *dentry);
struct dentry *bpf_dget_parent(struct dentry *dentry);
bool bpf_is_subdir(struct dentry *dentry, struct dentry *ancestor);
int bpf_fanotify_nearest_mark(struct fanotify_fastpath_event *event,
			      enum fanotify_fastpath_place place,
			      struct fanotify_fastpath_mark *info);
int bpf_fanotify_marks(struct fanotify_fastpath_event *event,
		       enum fanotify_fastpath_place place,
		       struct fanotify_fastpath_mark *buf, u32 buf__sz);
int bpf_fanotify_ancestors(struct fanotify_fastpath_event *event,
			   enum fanotify_fastpath_place place,
			   struct fanotify_fastpath_ancestor *buf, u32 buf__sz);
int bpf_fanotify_dentry_name(struct dentry *dentry, char *buf, u32 buf__sz);
int bpf_fanotify_file_name(struct fanotify_fastpath_event *event, char *buf,
			   u32 buf__sz);
int bpf_fanotify_path(struct fanotify_fastpath_event *event, char *buf,
		      u32 buf__sz);
int bpf_fanotify_xattr(struct dentry *dentry, const char *name__str,
		       void *value, u32 value__sz);
const u8 *bpf_fanotify_hook_args(struct fanotify_fastpath_hook *hook,
				 u32 offset, const size_t rdonly_buf_size);

#endif /* _FANOTIFY_FASTPATH_KFUNCS_H */
