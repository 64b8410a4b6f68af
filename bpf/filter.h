/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A rule list as libfanfp compiles it and the handler "filter" runs it
 *
 * The rules become one array of tests. Each test says which one is next if it
 * holds and which if not, always one further down; the run ends at a verdict. So
 * a rule is the tests of its conditions, a value list is a test for each value,
 * and "first match decides" is where the tests lead to.
 *
 * Include it after fanotify_fastpath.bpf.h, or fanotify_fastpath.h.
 */
#ifndef _FANFP_FILTER_H
#define _FANFP_FILTER_H

#ifndef __bpf__
#include <linux/bpf.h>
#endif

/* Limits. Those that are used as masks are powers of two. */
#define RULE_TESTS		4096
#define RULE_ROOTS		64
#define RULE_TOKENS		16384
#define RULE_SETS		256

/* What a list needs to know of an event before its tests are run. */
#define RULE_NEEDS_INSIDE	1	/* the nearest mark */
#define RULE_NEEDS_ROOTS	2	/* all marks */

/* Bits for RULE_OPEN: how a file is open. FANFP_OPEN_* of the library are these. */
#define RULE_OPEN_READ	1
#define RULE_OPEN_WRITE	2
#define RULE_OPEN_APPEND	4
#define RULE_OPEN_TRUNC	8
#define RULE_OPEN_CREATE	16
#define RULE_OPEN_EXEC	32

/* What a test looks at, and what its a and b are. */
enum rule_op {
	RULE_VERDICT,	/* the end; a: what the handler returns */
	RULE_EVENT,	/* a: event bits, one of which must be there */
	RULE_INSIDE,
	RULE_BELOW,	/* a: bits of roots, one of which must be above */
	RULE_NAME,	/* a: first token of a pattern, b: the one after the last */
	RULE_NEW_NAME,	/* the same, for the new name of FAN_RENAME */
	RULE_COMM,	/* the same */
	RULE_OPEN,	/* a: RULE_OPEN_* bits, one of which must be there */
	RULE_PID,	/* a: lowest, b: highest */
	RULE_UID,	/* the same */
	RULE_GID,	/* the same */
	RULE_CGROUP,	/* a: id of the cgroup, b: its level */
	RULE_EXE,	/* a: inode number, b: device << 32 | generation */
	RULE_RATE,	/* a: when the next may come, written by the handler;
			 * b: most at a time << 32 | how many a second
			 */
};

struct rule_test {
	__u16 op;
	/*
	 * What RULE_INSIDE and RULE_BELOW are for an event without place, and
	 * RULE_EXE for a task that ends.
	 */
	__u16 if_unknown;
	__u16 yes;
	__u16 no;
	__u64 a;
	__u64 b;
};

/* Tokens of a pattern: a byte that must be there, or one of these. */
#define RULE_ANY		256	/* one byte, whichever */
#define RULE_STAR		257	/* any number of bytes */
#define RULE_SET		512	/* a byte of a set, by its number */

struct rule_set {
	__u32 bits[8];
};

struct rule_list {
	__u32 needs;
	__u32 n_roots;
	struct fanotify_fastpath_ancestor roots[RULE_ROOTS];
	struct rule_test tests[RULE_TESTS];
	__u16 tokens[RULE_TOKENS];
	struct rule_set sets[RULE_SETS];
};

/*
 * Who has caused events that were sent: when an event is read, its process may be
 * gone, and its pid that of another. There is an entry for each pid, until
 * userspace deletes it; if there is no room for one more, who that is, is not known.
 * There is room for as many as there are events that wait, if no limit was raised.
 */
#define RULE_SENDERS		16384

struct rule_sender {
	struct bpf_spin_lock lock;	/* to write all the others at once */
	__u32 pid;
	__u32 uid;
	__u32 unused;
	__u64 start;	/* of the process, on CLOCK_BOOTTIME */
	/*
	 * CLOCK_MONOTONIC. Events from before may be of another process, or of this
	 * one as another user; 0 if there are none.
	 */
	__u64 since;
	union {
		char comm[16];
		__u64 comm_words[2];
	};
};

/* For the program "note_senders", which has them noted; and what it tells. */
struct rule_noting {
	__u32 noted;		/* how many entries were made so far */
};

/*
 * What the program "identify" tells of an open file of the calling process, in
 * the terms that the handler compares.
 */
struct rule_identity {
	__s32 fd;
	__u32 level;		/* of a cgroup, by its directory */
	struct fanotify_fastpath_ancestor id;
};

/*
 * The mark on a root of a list is an ignore mark of exactly FAN_EVENT_ON_CHILD. It
 * hides no event, and adds none, unless the listener has an ignore mark there.
 */
#define RULE_ROOT_MASK	0x08000000

#endif /* _FANFP_FILTER_H */
