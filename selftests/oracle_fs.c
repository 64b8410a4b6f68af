// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file systems that the oracle runs on
 */
#include <ftw.h>

#include "disks.h"
#include "oracle.h"

/* A folder of the test's own on @type: on a new tmpfs, or on a disk. */
static int make_base(struct fs *fs, const char *type)
{
	const char *disk = "/tmp";

	if (strcmp(type, "tmpfs"))
		disk = find_disk(type, NULL);
	if (!disk)
		return -ENODEV;
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
