// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - marks of a group: what they are on, and those that nobody needs
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/fanotify.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "filter.h"
#include "mark.h"
#include "mountinfo.h"
#include "tool.h"

int mark_open(const struct fanfp_mark_info *mark, const struct mount_table *mounts)
{
	const struct mount_entry *mount = mount_table_find_dev(mounts, mark->dev);
	struct {
		struct file_handle head;
		unsigned char bytes[sizeof(mark->handle)];
	} handle = {
		.head.handle_type = mark->handle_type,
		.head.handle_bytes = mark->handle_bytes,
	};
	int before, fd = -1;
	struct statx at;

	if (!mark->handle_bytes || !mount)
		return -1;
	memcpy(handle.head.f_handle, mark->handle, mark->handle_bytes);
	/*
	 * The file system is reached through the working folder: opening something
	 * in it could cause the very events that somebody waits for.
	 */
	before = open(".", O_PATH | O_CLOEXEC);
	if (before >= 0 && !chdir(mount->point)) {
		/* Another file system can be mounted over it. */
		if (!statx(AT_FDCWD, ".", 0, STATX_MNT_ID, &at) &&
		    at.stx_mnt_id == (uint64_t)mount->id)
			fd = open_by_handle_at(AT_FDCWD, &handle.head,
					       O_PATH | O_CLOEXEC);
		if (fchdir(before) && fd >= 0) {
			close(fd);
			fd = -1;
		}
	}
	if (before >= 0)
		close(before);
	return fd;
}

struct stale {
	int group;
	struct mount_table mounts;
};

static int remove_one(const struct fanfp_mark_info *mark, void *ctx)
{
	const struct stale *stale = ctx;
	char path[64];
	int fd;

	/* Exactly this says nothing to the kernel: nobody else sets it. */
	if (mark->kind != FANFP_MARK_INODE || mark->ignored_mask != RULE_ROOT_MASK)
		return 0;
	fd = mark_open(mark, &stale->mounts);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || fanotify_mark(stale->group, FAN_MARK_REMOVE | FAN_MARK_IGNORE,
				    RULE_ROOT_MASK, AT_FDCWD, path))
		failed("device %u:%u, inode %llu: rules that have ended left a mark, which can't be removed: what is below may be skipped",
		       major(mark->dev), minor(mark->dev),
		       (unsigned long long)mark->ino);
	if (fd >= 0)
		close(fd);
	return 0;
}

void mark_remove_stale(int group)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	struct stale stale = { .group = group };

	if (fanfp_group__info(group, &info) != -ENOENT ||
	    mount_table_read(&stale.mounts))
		return;
	fanfp_mark__for_each(getpid(), group, remove_one, &stale);
	mount_table_free(&stale.mounts);
}
