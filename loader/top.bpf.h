/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp top - what its BPF program counts
 */
#ifndef _FANFP_TOP_BPF_H
#define _FANFP_TOP_BPF_H

/* So many processes and directories are told apart between two looks. */
#define TOP_MAX_ENTRIES	8192

#define TOP_PATH_MAX	512

enum {
	TOP_SENT,
	TOP_SKIPPED,
	TOP_DENIED,
	TOP_N_VERDICTS
};

/* Of a process, by its id. */
struct top_process {
	unsigned long long counts[TOP_N_VERDICTS];
	char comm[16];
};

struct top_dir_key {
	unsigned long long ino;
	unsigned int dev;	/* as the kernel has it */
	unsigned int pad;
};

struct top_dir {
	unsigned long long counts[TOP_N_VERDICTS];
	/* From the root of the file system; its end, if it is too long. */
	char path[TOP_PATH_MAX];
	unsigned int whole;
	unsigned int pad;
};

#endif /* _FANFP_TOP_BPF_H */
