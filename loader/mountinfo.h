/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - what is mounted where
 */
#ifndef _FANFP_MOUNTINFO_H
#define _FANFP_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A line of /proc/self/mountinfo. */
struct mount_entry {
	int id;
	dev_t dev;
	char *root;	/* what of the file system is mounted */
	char *point;	/* where */
	char *type;
};

struct mount_table {
	struct mount_entry *list;
	size_t count;
};

/* Read the table; returns 0 or a negative errno. */
int mount_table_read(struct mount_table *table);

void mount_table_free(struct mount_table *table);

/* The mount with this id, or NULL. */
const struct mount_entry *mount_table_find(const struct mount_table *table,
					   int id);

/* The mount that shows the most of the file system on @dev, or NULL. */
const struct mount_entry *mount_table_find_dev(const struct mount_table *table,
					       dev_t dev);

/* Whether a path is @dir or below it. */
bool path_is_below(const char *path, const char *dir);

#endif /* _FANFP_MOUNTINFO_H */
