/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * For authors of BPF handlers: the types and kfuncs of fanotify fastpath.
 *
 * Include it instead of "vmlinux.h", which it includes. A handler compiled with
 * it runs on both flavours: the types are looked up by name when it is loaded,
 * in vmlinux (in-tree) or in the module.
 */
#ifndef _FANOTIFY_FASTPATH_BPF_H
#define _FANOTIFY_FASTPATH_BPF_H

/* A vmlinux.h of the in-tree flavour has these types; make them ours. */
#define fanotify_fastpath_event fanotify_fastpath_event___vmlinux
#define fanotify_fastpath_hook fanotify_fastpath_hook___vmlinux
#define fanotify_fastpath_ops fanotify_fastpath_ops___vmlinux
#define fanotify_fastpath_ancestor fanotify_fastpath_ancestor___vmlinux
#define fanotify_fastpath_mark fanotify_fastpath_mark___vmlinux
#define fanotify_fastpath_args fanotify_fastpath_args___vmlinux
#define fanotify_fastpath_info fanotify_fastpath_info___vmlinux
#define fanotify_fastpath_place fanotify_fastpath_place___vmlinux
#define FAN_FP_PLACE_OBJECT FAN_FP_PLACE_OBJECT___vmlinux
#define FAN_FP_PLACE_DIR FAN_FP_PLACE_DIR___vmlinux
#define FAN_FP_PLACE_NEW_DIR FAN_FP_PLACE_NEW_DIR___vmlinux
#include "vmlinux.h"
#undef fanotify_fastpath_event
#undef fanotify_fastpath_hook
#undef fanotify_fastpath_ops
#undef fanotify_fastpath_ancestor
#undef fanotify_fastpath_mark
#undef fanotify_fastpath_args
#undef fanotify_fastpath_info
#undef fanotify_fastpath_place
#undef FAN_FP_PLACE_OBJECT
#undef FAN_FP_PLACE_DIR
#undef FAN_FP_PLACE_NEW_DIR

#include <asm-generic/errno.h>	/* <errno.h> does not compile for BPF */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* vmlinux.h has the types already: the uapi header's own includes stay out. */
#define _LINUX_TYPES_H
#define _UAPI_LINUX_TYPES_H
#define _LINUX_IOCTL_H
#define _UAPI_LINUX_IOCTL_H
#define _IOW(...) 0
#define _IOWR(...) 0
#ifndef __aligned_u64
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#endif
#if __has_include("uapi/linux/fanotify_fastpath.h")
#include "uapi/linux/fanotify_fastpath.h"
#else
#include <linux/fanotify_fastpath.h>	/* where it is installed */
#endif

/* As in <linux/fanotify.h>, which does not go with vmlinux.h. */
#ifndef FAN_ACCESS
#define FAN_ACCESS		0x00000001
#define FAN_MODIFY		0x00000002
#define FAN_ATTRIB		0x00000004
#define FAN_CLOSE_WRITE		0x00000008
#define FAN_CLOSE_NOWRITE	0x00000010
#define FAN_OPEN		0x00000020
#define FAN_MOVED_FROM		0x00000040
#define FAN_MOVED_TO		0x00000080
#define FAN_CREATE		0x00000100
#define FAN_DELETE		0x00000200
#define FAN_DELETE_SELF		0x00000400
#define FAN_MOVE_SELF		0x00000800
#define FAN_OPEN_EXEC		0x00001000
#define FAN_OPEN_PERM		0x00010000
#define FAN_ACCESS_PERM		0x00020000
#define FAN_OPEN_EXEC_PERM	0x00040000
#define FAN_RENAME		0x10000000
#define FAN_ONDIR		0x40000000

/* Bits of what fp_response is told. */
#define FAN_ALLOW		0x01
#define FAN_DENY		0x02
#endif

/*
 * Section of a struct fanotify_fastpath_ops. So it is registered by a BPF link,
 * for as long as that is held or pinned. Without a link (".struct_ops") it can
 * be attached by name only, until "bpftool struct_ops unregister".
 */
#ifndef FAN_FP_OPS_SEC
#define FAN_FP_OPS_SEC ".struct_ops.link"
#endif

struct fanotify_fastpath_event {
	__u32 mask;
	int data_type;
	struct inode *dir;
	const struct qstr *file_name;
	struct inode *inode;
	struct dentry *dentry;
	const struct path *path;
	__kernel_fsid_t fsid;
	__u64 match_mask;
	__u64 scratch[2];
} __attribute__((preserve_access_index));

struct fanotify_fastpath_hook {
	__u64 id;
	__u32 args_size;
	__u64 private[8];
} __attribute__((preserve_access_index));

struct fanotify_fastpath_ops {
	int (*fp_handler)(struct fsnotify_group *group,
			  struct fanotify_fastpath_hook *fp_hook,
			  struct fanotify_fastpath_event *fp_event);
	int (*fp_init)(struct fsnotify_group *group,
		       struct fanotify_fastpath_hook *fp_hook);
	void (*fp_free)(struct fanotify_fastpath_hook *fp_hook);
	void (*fp_response)(struct fanotify_fastpath_hook *fp_hook,
			    struct fanotify_fastpath_event *fp_event,
			    __u32 response);
	__u32 flags;
	__s32 group_fd;
	__u32 args_size;
	char name[FAN_FP_NAME_MAX];
	char desc[FAN_FP_DESC_MAX];
	char init_args[FAN_FP_DESC_MAX];
	__u8 args[FAN_FP_ARGS_MAX];
};

/*
 * The kfuncs. Their contract is the kernel-doc in
 * fs/notify/fanotify/fastpath_kfuncs.c.
 */
extern struct inode *
bpf_fanotify_data_inode(struct fanotify_fastpath_event *event) __ksym __weak;
extern struct dentry *
bpf_fanotify_data_dentry(struct fanotify_fastpath_event *event) __ksym __weak;
extern struct dentry *bpf_dget_parent(struct dentry *dentry) __ksym __weak;
extern void bpf_iput(struct inode *inode) __ksym __weak;
extern void bpf_dput(struct dentry *dentry) __ksym __weak;
extern bool bpf_is_subdir(struct dentry *dentry,
			  struct dentry *ancestor) __ksym __weak;
extern int bpf_fanotify_nearest_mark(struct fanotify_fastpath_event *event,
				     enum fanotify_fastpath_place place,
				     struct fanotify_fastpath_mark *info) __ksym __weak;
extern int bpf_fanotify_marks(struct fanotify_fastpath_event *event,
			      enum fanotify_fastpath_place place,
			      struct fanotify_fastpath_mark *buf,
			      __u32 buf__sz) __ksym __weak;
extern int bpf_fanotify_ancestors(struct fanotify_fastpath_event *event,
				  enum fanotify_fastpath_place place,
				  struct fanotify_fastpath_ancestor *buf,
				  __u32 buf__sz) __ksym __weak;
extern int bpf_fanotify_dentry_name(struct dentry *dentry, char *buf,
				    __u32 buf__sz) __ksym __weak;
extern int bpf_fanotify_file_name(struct fanotify_fastpath_event *event,
				  char *buf, __u32 buf__sz) __ksym __weak;
extern int bpf_fanotify_path(struct fanotify_fastpath_event *event, char *buf,
			     __u32 buf__sz) __ksym __weak;
extern int bpf_fanotify_xattr(struct dentry *dentry, const char *name__str,
			      void *value, __u32 value__sz) __ksym __weak;
extern const __u8 *
bpf_fanotify_hook_args(struct fanotify_fastpath_hook *hook, __u32 offset,
		       const size_t rdonly_buf_size) __ksym __weak;

#endif /* _FANOTIFY_FASTPATH_BPF_H */
