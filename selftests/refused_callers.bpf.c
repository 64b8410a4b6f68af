// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that may not call the kfunc that they call
 *
 * The verifier must refuse each of these handlers, for one reason.
 */
#include "refused.bpf.h"

char buf[8];

/* Kfuncs that may sleep, in handlers that may not. */

HANDLER(sleeps_data_inode, {
	bpf_fanotify_data_inode(event);
	return 0;
});

HANDLER(sleeps_data_dentry, {
	bpf_fanotify_data_dentry(event);
	return 0;
});

HANDLER(sleeps_iput, {
	bpf_iput(event->inode);
	return 0;
});

HANDLER(sleeps_dput, {
	bpf_dput(event->dentry);
	return 0;
});

HANDLER(sleeps_dget_parent, {
	bpf_dget_parent(event->dentry);
	return 0;
});

HANDLER(sleeps_xattr, {
	bpf_fanotify_xattr(event->dentry, "user.fp", buf, sizeof(buf));
	return 0;
});

/*
 * Programs of another struct_ops type. The arguments don't matter: whether it
 * may be called at all comes first.
 */
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

#define STRANGER(_name, ...)						\
	SEC("struct_ops/" #_name)					\
	void BPF_PROG(_name, struct sock *sk, __u32 ack, __u32 acked)	\
	{								\
		void *any = sk;						\
									\
		__VA_ARGS__;						\
	}								\
									\
	SEC("?.struct_ops")						\
	struct tcp_congestion_ops ops_##_name = {			\
		.cong_avoid = (void *)_name,				\
		.ssthresh = (void *)other_ssthresh,			\
		.undo_cwnd = (void *)other_undo,			\
		.name = "fp_other",					\
	}

STRANGER(stranger_data_inode, bpf_fanotify_data_inode(any));
STRANGER(stranger_data_dentry, bpf_fanotify_data_dentry(any));
STRANGER(stranger_iput, bpf_iput(any));
STRANGER(stranger_dput, bpf_dput(any));
STRANGER(stranger_dget_parent, bpf_dget_parent(any));
STRANGER(stranger_is_subdir, bpf_is_subdir(any, any));
STRANGER(stranger_nearest_mark, bpf_fanotify_nearest_mark(any, 0, any));
STRANGER(stranger_marks, bpf_fanotify_marks(any, 0, any, 32));
STRANGER(stranger_ancestors, bpf_fanotify_ancestors(any, 0, any, 16));
STRANGER(stranger_dentry_name, bpf_fanotify_dentry_name(any, any, 8));
STRANGER(stranger_file_name, bpf_fanotify_file_name(any, any, 8));
STRANGER(stranger_path, bpf_fanotify_path(any, any, 8));
STRANGER(stranger_xattr, bpf_fanotify_xattr(any, "user.fp", any, 8));
STRANGER(stranger_hook_args, bpf_fanotify_hook_args(any, 0, 1));
