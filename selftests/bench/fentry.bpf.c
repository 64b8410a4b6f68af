// SPDX-License-Identifier: GPL-2.0-only
/*
 * fentry - tell of the opens below a directory, from the entry of a function of
 * the kernel that all of them call
 */
#include "filter.bpf.h"

/* By inode number: such a program has no storage of inodes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, char);
} roots SEC(".maps");

static __always_inline bool inode_is_root(struct inode *inode)
{
	__u64 ino = inode->i_ino;

	return bpf_map_lookup_elem(&roots, &ino);
}

SEC("fentry/security_file_open")
int BPF_PROG(fentry_open, struct file *file)
{
	filter_open(file);
	return 0;
}
