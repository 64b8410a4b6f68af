/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching the subtree handler
 *
 * Include it after kselftest_harness.h.
 */
#ifndef _SELFTESTS_SUBTREE_H
#define _SELFTESTS_SUBTREE_H

#include "common.h"
#include "subtree.skel.h"

/* The subtree handler, attached to one group. */
struct attached {
	struct subtree *skel;
	struct bpf_link *link;
};

/* Attach it to @fd. Returns 0 or a negative errno; detach in any case. */
static inline int attach_subtree(struct attached *to, int fd)
{
	*to = (struct attached){ .skel = subtree__open() };
	if (!to->skel)
		return -errno;
	fp_set_group(to->skel->maps.subtree, fd);
	if (subtree__load(to->skel))
		return -errno;
	to->link = bpf_map__attach_struct_ops(to->skel->maps.subtree);
	return to->link ? 0 : -errno;
}

static inline void detach_subtree(struct attached *to)
{
	bpf_link__destroy(to->link);
	subtree__destroy(to->skel);
}

/* How many events of the group had no place. */
static inline int unplaced(int fd)
{
	struct fanotify_fastpath_info info = {};

	return fp_ioctl_info(fd, FAN_IOC_GET_FP, &info) ?: (int)info.unplaced;
}

#endif /* _SELFTESTS_SUBTREE_H */
