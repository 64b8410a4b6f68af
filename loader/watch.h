/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp watch - what its files share
 */
#ifndef _FANFP_WATCH_H
#define _FANFP_WATCH_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/fanotify.h>
#include <sys/statfs.h>

#include "fanfp.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_RENAME
#define FAN_RENAME				0x10000000
#endif
#ifndef FAN_EVENT_INFO_TYPE_OLD_DFID_NAME
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME	10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME	12
#endif

/* A directory that the user named. */
struct watch_root {
	const char *dir;
	enum fanfp_root kind;
	/* No file descriptor: that would keep its file system mounted. */
	struct file_handle *handle;
	int mount_id;
	/* Where it is, since the last look at the mounts; NULL if it is gone. */
	char *now;
};

/* A mount by which events are watched and handles are opened. */
struct watch_mount {
	int id;
	dev_t dev;
	fsid_t fsid;
	char *root, *point, *type;
	/* Mounted below a root, and not named itself. */
	bool below;
	/* Can't be watched, which has been said. */
	bool refused;
	/* Open while events are printed; else -1, so that it can go away. */
	int fd;
};

struct watch {
	int group;
	uint64_t mask;
	bool one_file_system;
	struct watch_root *roots;
	size_t n_roots;
	struct watch_mount *mounts;
	size_t n_mounts;
	int mountinfo;	/* polls for changes of the mounts */
};

/* watch_roots.c */
int watch_add_root(struct watch *w, const char *dir, enum fanfp_root kind);
int watch_start(struct watch *w);
int watch_look_at_mounts(struct watch *w);
void watch_end(struct watch *w);

/* A file descriptor for handles with @fsid, or -1; good until the next one. */
int watch_mount_fd(struct watch *w, const void *fsid);
void watch_close_mount_fds(struct watch *w);

/* watch_print.c */
uint64_t watch_parse_events(char *list);
void watch_print_event(struct watch *w,
		       const struct fanotify_event_metadata *event);

#endif /* _FANFP_WATCH_H */
