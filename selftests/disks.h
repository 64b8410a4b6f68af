/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file systems that a guest has, at /mnt/disk0, /mnt/disk1, ...
 */
#ifndef _SELFTESTS_DISKS_H
#define _SELFTESTS_DISKS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Where there is one of this type, or NULL, and its device; until the next call. */
static inline const char *find_disk(const char *type, const char **device)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	const struct mntent *disk;

	do {
		disk = getmntent(mounts);
	} while (disk && (strncmp(disk->mnt_dir, "/mnt/disk", 9) ||
			  strcmp(disk->mnt_type, type)));
	endmntent(mounts);
	if (!disk)
		return NULL;
	if (device)
		*device = disk->mnt_fsname;
	return disk->mnt_dir;
}

/* Returns 0 or a negative errno. */
static inline int make_subvolume(const char *disk, const char *name)
{
	struct btrfs_ioctl_vol_args args = {};
	int dir = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	snprintf(args.name, sizeof(args.name), "%s", name);
	err = ioctl(dir, BTRFS_IOC_SUBVOL_CREATE, &args) ? -errno : 0;
	close(dir);
	return err;
}

#endif /* _SELFTESTS_DISKS_H */
