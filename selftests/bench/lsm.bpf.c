// SPDX-License-Identifier: GPL-2.0-only
/*
 * lsm - tell of the opens below a directory, from the hook of a security module
 */
#include "filter.bpf.h"

/* What belongs to an inode is found without looking it up. */
struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, char);
} roots SEC(".maps");

static __always_inline bool inode_is_root(struct inode *inode)
{
	return bpf_inode_storage_get(&roots, inode, NULL, 0);
}

SEC("lsm/file_open")
int BPF_PROG(lsm_open, struct file *file)
{
	filter_open(file);
	return 0;
}
