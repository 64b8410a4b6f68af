// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file systems that the oracle runs on
 */
#include <ftw.h>
#include <mntent.h>

#include "oracle.h"

/* Find a disk of the guest that has a file system of @type. */
static int find_disk(const char *type, char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	struct mntent *mount;
	int err = -ENODEV;

	while (err && (mount = getmntent(mounts))) {
		if (strncmp(mount->mnt_dir, "/mnt/", 5) ||
		    strcmp(mount->mnt_type, type))
			continue;
		snprintf(path, size, "%s", mount->mnt_dir);
		err = 0;
	}
	endmntent(mounts);
	return err;
}

/* A folder of the test's own on @type: on a new tmpfs, or on a disk. */
static int make_base(struct fs *fs, const char *type)
{
	char disk[32] = "/tmp";
	int err = 0;

	if (strcmp(type, "tmpfs"))
		err = find_disk(type, disk, sizeof(disk));
	if (err)
		return err;
	snprintf(fs->base, sizeof(fs->base), "%s/fp.XXXXXX", disk);
	if (!mkdtemp(fs->base))
		return -errno;
	if (strcmp(type, "tmpfs"))
		return 0;
	if (mount("fp", fs->base, type, 0, NULL))
		return -errno;
	fs->mounted = true;
	return 0;
}

/*
 * An overlay in which all is in the upper layer, so that all can be renamed, and
 * whose handles can be opened, for it to be watched.
 */
static int mount_overlay(struct fs *fs)
{
	static const char *const layers[] = { "lower", "upper", "work", "top" };
	char path[80], options[320];
	int i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", fs->base, layers[i]);
		if (mkdir(path, 0700))
			return -errno;
	}
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,index=on,nfs_export=on",
		 fs->base, fs->base, fs->base);
	snprintf(fs->path, sizeof(fs->path), "%s/top", fs->base);
	if (mount("fp", fs->path, "overlay", 0, options))
		return -errno;
	fs->overlay = true;
	return 0;
}

/*
 * Make a folder on a file system of @type; an overlay is made on the type
 * @below. Returns -ENODEV if there is no such file system in the guest.
 */
int fs_make(struct fs *fs, const char *type, const char *below)
{
	int err;

	memset(fs, 0, sizeof(*fs));
	err = make_base(fs, below ?: type);
	if (err)
		return err;
	if (below)
		return mount_overlay(fs);
	snprintf(fs->path, sizeof(fs->path), "%s", fs->base);
	return 0;
}

static int remove_one(const char *path, const struct stat *stat, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

void fs_remove(struct fs *fs)
{
	if (fs->overlay)
		umount2(fs->path, MNT_DETACH);
	if (fs->mounted)
		umount2(fs->base, MNT_DETACH);
	if (fs->base[0])
		nftw(fs->base, remove_one, 16,
		     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
