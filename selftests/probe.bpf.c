// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that does what the test says and notes what it saw
 */
#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set by the test. */
int verdict;
int init_verdict;
int skip_private_write;

/* Read by the test. */
__u64 handled;
__u64 inits;
__u64 frees;
__u64 private_seen;
__u64 hook_id;
__u32 args_size;
__u8 args[8];
int args_past_end;
int args_far_past_end;

/* The last event. */
__u32 mask;
__u32 match_mask;
int data_type;
__u64 scratch_before;
bool has_dir;
bool has_inode;
bool has_dentry;
bool has_path;
bool same_inode;
__u64 ino;
__u64 dir_ino;
__u64 path_ino;
char dentry_name[64];
int dentry_name_len;
char file_name[64];

static __u8 arg_byte(struct fanotify_fastpath_hook *hook, __u32 pos)
{
	const __u8 *byte = bpf_fanotify_hook_args(hook, pos, 1);

	return byte ? *byte : 0;
}

SEC("struct_ops/probe_init")
int BPF_PROG(probe_init, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook)
{
	__u32 i;

	__sync_fetch_and_add(&inits, 1);
	hook_id = hook->id;
	args_size = hook->args_size;
	for (i = 0; i < sizeof(args); i++)
		args[i] = arg_byte(hook, i);
	args_past_end = !!bpf_fanotify_hook_args(hook, hook->args_size, 1);
	args_far_past_end = !!bpf_fanotify_hook_args(hook,
						     hook->args_size + 1, 1);
	private_seen = hook->private[0];
	hook->private[0] = 42;
	return init_verdict;
}

SEC("struct_ops/probe_free")
void BPF_PROG(probe_free, struct fanotify_fastpath_hook *hook)
{
	__sync_fetch_and_add(&frees, 1);
}

SEC("struct_ops/probe_handler")
int BPF_PROG(probe_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	const struct qstr *name = event->file_name;
	struct inode *inode = event->inode;
	struct inode *dir = event->dir;
	struct dentry *dentry = event->dentry;
	const struct path *path = event->path;

	__sync_fetch_and_add(&handled, 1);
	__sync_fetch_and_add(&hook->private[0], 1);
	private_seen = hook->private[0];

	scratch_before = event->scratch[0] | event->scratch[1];
	event->scratch[0] = 1;
	event->scratch[1] = 2;

	mask = event->mask;
	match_mask = event->match_mask;
	data_type = event->data_type;
	has_dir = dir;
	has_inode = inode;
	has_dentry = dentry;
	has_path = path;
	ino = inode ? inode->i_ino : 0;
	dir_ino = dir ? dir->i_ino : 0;
	same_inode = false;
	dentry_name_len = -1;
	/* Without a test for d_inode: a dentry here is never negative. */
	if (dentry) {
		same_inode = dentry->d_inode->i_ino == ino;
		dentry_name_len = bpf_fanotify_dentry_name(dentry, dentry_name,
							   sizeof(dentry_name));
	}
	path_ino = path ? path->dentry->d_inode->i_ino : 0;
	file_name[0] = 0;
	if (name)
		bpf_probe_read_kernel_str(file_name, sizeof(file_name),
					  name->name);
	return verdict;
}

SEC(".struct_ops.link")
struct fanotify_fastpath_ops probe = {
	.fp_handler = (void *)probe_handler,
	.fp_init = (void *)probe_init,
	.fp_free = (void *)probe_free,
	.name = "probe",
	.desc = "does what the test says",
	.init_args = "up to 8 bytes to look at",
};
