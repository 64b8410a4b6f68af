/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libfanfp - what is known of an event that is asked about
 */
#ifndef _FANFP_RULES_FACTS_H
#define _FANFP_RULES_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mountinfo.h"

struct fanfp_explain_opts;

/* Where something is: on which file system, and where there, whatever is mounted. */
struct spot {
	dev_t dev;
	char *path;		/* owned */
};

/* What is known of the process. */
#define FACT_PID	1
#define FACT_COMM	2
#define FACT_UID	4
#define FACT_GID	8
#define FACT_CGROUP	16
#define FACT_EXE	32

struct facts {
	uint64_t event;
	struct mount_table mounts;

	bool has_path;		/* or nothing is known of these: */
	bool deleted;		/* so where it was is not known to the kernel */
	bool inside;
	bool inside_known;
	struct spot places[2];	/* FAN_RENAME has two */
	unsigned int n_places;
	const char *names[2];
	unsigned int n_names;

	uint32_t open;		/* RULE_OPEN_* bits; 0 if that is not known */

	unsigned int known;	/* FACT_* bits */
	uint32_t pid, uid, gid;
	char comm[16];
	char *cgroup;		/* owned */
	char *exe;		/* owned */
	dev_t exe_dev;
	ino_t exe_ino;

	char *owned[2];		/* what names and paths are in */
};

/* Events that are about an open file. */
#define FACTS_FILE_EVENTS	(FAN_ACCESS | FAN_MODIFY | FAN_CLOSE | FAN_OPEN | \
				 FAN_OPEN_EXEC | RULE_PERM_EVENTS)

/* Find out all that can be; 0 or a negative errno, and has said why. */
int facts_gather(struct facts *facts, const struct fanfp_explain_opts *opts);
void facts_free(struct facts *facts);

/* Find where @path is; 0 or a negative errno. */
int facts_find(const struct facts *facts, const char *path, struct spot *spot);

/*
 * Whether one of the places is below @root or is it: of what is deleted, the
 * kernel knows only the latter.
 */
bool facts_is_below(const struct facts *facts, const struct spot *root);

#endif /* _FANFP_RULES_FACTS_H */
