// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - the names of bits
 */
#include <fcntl.h>
#include <linux/fanotify.h>
#include <stdio.h>

#include "names.h"
#include "output.h"

/* Newer than the kernel headers of Debian 12. */
#ifndef FAN_REPORT_FD_ERROR
#define FAN_REPORT_FD_ERROR	0x00002000
#endif

/* The kernel's own O_LARGEFILE, which the libc of amd64 has as 0. */
#define KERNEL_O_LARGEFILE	00100000

const struct bit_name init_flag_names[] = {
	{ FAN_CLOEXEC, "cloexec" },
	{ FAN_NONBLOCK, "nonblock" },
	{ FAN_UNLIMITED_QUEUE, "unlimited_queue" },
	{ FAN_UNLIMITED_MARKS, "unlimited_marks" },
	{ FAN_ENABLE_AUDIT, "enable_audit" },
	{ FAN_REPORT_PIDFD, "report_pidfd" },
	{ FAN_REPORT_TID, "report_tid" },
	{ FAN_REPORT_FID, "report_fid" },
	{ FAN_REPORT_DIR_FID, "report_dir_fid" },
	{ FAN_REPORT_NAME, "report_name" },
	{ FAN_REPORT_TARGET_FID, "report_target_fid" },
	{ FAN_REPORT_FD_ERROR, "report_fd_error" },
	{}
};

const struct bit_name open_flag_names[] = {
	{ O_APPEND, "append" },
	{ O_CLOEXEC, "cloexec" },
	{ O_SYNC & ~O_DSYNC, "sync" },
	{ O_DSYNC, "dsync" },
	{ KERNEL_O_LARGEFILE, "largefile" },
	{ O_NOATIME, "noatime" },
	{ O_NONBLOCK, "nonblock" },
	{}
};

const struct bit_name mark_flag_names[] = {
	{ FAN_MARK_IGNORED_SURV_MODIFY, "ignored_surv_modify" },
	{ FAN_MARK_EVICTABLE, "evictable" },
	{ FAN_MARK_IGNORE, "ignore" },
	{}
};

const struct bit_name event_bit_names[] = {
	{ FAN_ACCESS, "access" },
	{ FAN_MODIFY, "modify" },
	{ FAN_ATTRIB, "attrib" },
	{ FAN_CLOSE_WRITE, "close_write" },
	{ FAN_CLOSE_NOWRITE, "close_nowrite" },
	{ FAN_OPEN, "open" },
	{ FAN_OPEN_EXEC, "open_exec" },
	{ FAN_MOVED_FROM, "moved_from" },
	{ FAN_MOVED_TO, "moved_to" },
	{ FAN_RENAME, "rename" },
	{ FAN_CREATE, "create" },
	{ FAN_DELETE, "delete" },
	{ FAN_DELETE_SELF, "delete_self" },
	{ FAN_MOVE_SELF, "move_self" },
	{ FAN_FS_ERROR, "fs_error" },
	{ FAN_OPEN_PERM, "open_perm" },
	{ FAN_OPEN_EXEC_PERM, "open_exec_perm" },
	{ FAN_ACCESS_PERM, "access_perm" },
	{ FAN_EVENT_ON_CHILD, "event_on_child" },
	{ FAN_ONDIR, "ondir" },
	{}
};

const char *class_name(uint32_t flags)
{
	if (flags & FAN_CLASS_CONTENT)
		return "content";
	return flags & FAN_CLASS_PRE_CONTENT ? "pre_content" : "notification";
}

const char *access_name(uint32_t flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "read-only";
	case O_WRONLY:
		return "write-only";
	default:
		return "read-write";
	}
}

void out_bits(const char *key, const char *text, uint64_t bits,
	      const struct bit_name *names)
{
	const char *before = text;
	char rest[32];

	out_list(key);
	while (bits) {
		const char *name = names->name;

		if (name && !(bits & names->bit)) {
			names++;
			continue;
		}
		if (!name) {
			snprintf(rest, sizeof(rest), "0x%llx",
				 (unsigned long long)bits);
			name = rest;
		}
		if (before)
			out_text("%s", before);
		out_string("", text ? "%s" : NULL, name);
		before = text ? "|" : NULL;
		bits = names->name ? bits & ~names->bit : 0;
	}
	out_close();
}
