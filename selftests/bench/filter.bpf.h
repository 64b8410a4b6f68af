/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A filter for subtrees in BPF programs that are told of every open on the
 * system: what lsm.bpf.c and fentry.bpf.c share
 *
 * They must define inode_is_root(). Unlike the subtree handler, the walk does
 * not notice that a rename comes in between.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

/* What is further below its root is not found. */
#define MAX_DEPTH	64
#define NAME_SIZE	256

struct open_event {
	__u64 ino;
	__u32 dev;
	__u32 pid;
	char name[NAME_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* The file system, as st_dev has it in the kernel. */
const volatile __u32 watched_dev;

static __always_inline bool inode_is_root(struct inode *inode);

static __always_inline bool is_inside(struct dentry *dentry)
{
	struct dentry *parent;
	int i;

	for (i = 0; i < MAX_DEPTH; i++) {
		if (inode_is_root(dentry->d_inode))
			return true;
		parent = dentry->d_parent;
		if (parent == dentry)
			break;
		dentry = parent;
	}
	return false;
}

static __always_inline void filter_open(struct file *file)
{
	struct inode *inode = file->f_inode;
	struct dentry *dentry = file->f_path.dentry;
	struct open_event *event;

	if (inode->i_sb->s_dev != watched_dev || !is_inside(dentry))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return;
	event->ino = inode->i_ino;
	event->dev = watched_dev;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_kernel_str(event->name, sizeof(event->name),
				  dentry->d_name.name);
	bpf_ringbuf_submit(event, 0);
}
