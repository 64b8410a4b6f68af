/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - marks of a group: what they are on, and those that nobody needs
 */
#ifndef _FANFP_MARK_H
#define _FANFP_MARK_H

struct fanfp_mark_info;
struct mount_table;

/*
 * Open the marked inode with O_PATH, which causes no event; returns a descriptor,
 * or -1 if it can't be found.
 */
int mark_open(const struct fanfp_mark_info *mark, const struct mount_table *mounts);

/*
 * Remove the marks of rules from a group that has no handler. A pinned list leaves
 * them when it ends and fanfp is not there: other handlers, such as "subtree",
 * would take them for directories to exclude.
 */
void mark_remove_stale(int group);

#endif /* _FANFP_MARK_H */
