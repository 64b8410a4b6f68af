// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler on file systems that have ideas of their own about inodes
 *
 * The disks are at /mnt/disk0, /mnt/disk1, ...
 */
#include "kselftest_harness.h"
#include "common.h"
#include "subtree.skel.h"

#include <linux/btrfs.h>

static int mkdirs(const char *top, const char *const *names)
{
	char path[160];

	for (; *names; names++) {
		snprintf(path, sizeof(path), "%s/%s", top, *names);
		if (mkdir(path, 0700))
			return -errno;
	}
	return 0;
}

/* Where a file system of this type is mounted, or NULL. */
static const char *find_disk(const char *type)
{
	static char point[64];
	char line[512], name[32];
	FILE *mounts = fopen("/proc/mounts", "re");
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts)) {
		found = sscanf(line, "%*s %63s %31s", point, name) == 2 &&
			!strncmp(point, "/mnt/disk", 9) && !strcmp(name, type);
	}
	if (mounts)
		fclose(mounts);
	return found ? point : NULL;
}

static int mount_overlay(const char *dir)
{
	static const char *const dirs[] = {
		"lower", "lower/in", "lower/in/deep", "lower/out", "upper",
		"work", "merged", NULL,
	};
	char options[400], merged[96], file[160];

	snprintf(merged, sizeof(merged), "%s/merged", dir);
	snprintf(file, sizeof(file), "%s/lower/in/deep/file", dir);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,redirect_dir=on",
		 dir, dir, dir);
	return mkdirs(dir, dirs) ?: fp_create(file) ?:
		mount("none", merged, "overlay", 0, options) ? -errno : 0;
}

FIXTURE(fs)
{
	struct fp_dir dir;
	char top[96];		/* where the directories are */
	char in[120], deep[140], file[160], out[120], moved[140];
	bool here, overlay;
	struct subtree *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_VARIANT(fs)
{
	const char *type;
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(fs, ext4)
{
	.type = "ext4",
	.flags = FAN_REPORT_DFID_NAME,
};

FIXTURE_VARIANT_ADD(fs, btrfs)
{
	.type = "btrfs",
	.flags = FAN_REPORT_DFID_NAME,
};

FIXTURE_VARIANT_ADD(fs, xfs)
{
	.type = "xfs",
	.flags = FAN_REPORT_DFID_NAME,
};

/* Its inode numbers are made up when an inode is read. */
FIXTURE_VARIANT_ADD(fs, vfat)
{
	.type = "vfat",
	.flags = FAN_REPORT_DFID_NAME,
};

/* Its file handles can't be opened, so no group with handles watches it. */
FIXTURE_VARIANT_ADD(fs, overlay)
{
	.type = "overlay",
	.flags = FAN_CLASS_NOTIF,
};

static int group_of(unsigned int flags, struct subtree **skel,
		    struct bpf_link **link)
{
	int fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_UNLIMITED_MARKS | flags, O_RDONLY);

	*link = NULL;
	*skel = subtree__open();
	if (fd < 0 || !*skel)
		return -errno;
	fp_set_group((*skel)->maps.subtree, fd);
	if (subtree__load(*skel))
		return -errno;
	*link = bpf_map__attach_struct_ops((*skel)->maps.subtree);
	return *link ? fd : -errno;
}

static int watch_opens(int fd, const char *top)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			     AT_FDCWD, top) ? -errno : 0;
}

static int make_top(char *top, size_t size, const char *disk)
{
	static const char *const dirs[] = { "in", "in/deep", "out", NULL };
	char file[160];

	snprintf(top, size, "%s/fs.%d", disk, getpid());
	snprintf(file, sizeof(file), "%s/in/deep/file", top);
	return (mkdir(top, 0700) ? -errno : 0) ?: mkdirs(top, dirs) ?:
		fp_create(file);
}

FIXTURE_SETUP(fs)
{
	const char *disk = find_disk(variant->type);

	libbpf_set_print(fp_print);
	self->fd = -1;
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->overlay = !strcmp(variant->type, "overlay");
	if (self->overlay) {
		int err = mount_overlay(self->dir.path);

		if (err == -ENODEV)
			SKIP(return, "no overlay file system");
		ASSERT_EQ(0, err);
		snprintf(self->top, sizeof(self->top), "%s/merged",
			 self->dir.path);
	} else {
		if (!disk)
			SKIP(return, "no disk with %s", variant->type);
		ASSERT_EQ(0, make_top(self->top, sizeof(self->top), disk));
	}
	self->here = true;
	snprintf(self->in, sizeof(self->in), "%s/in", self->top);
	snprintf(self->deep, sizeof(self->deep), "%s/in/deep", self->top);
	snprintf(self->file, sizeof(self->file), "%s/in/deep/file", self->top);
	snprintf(self->out, sizeof(self->out), "%s/out", self->top);
	snprintf(self->moved, sizeof(self->moved), "%s/out/deep", self->top);
	self->fd = group_of(variant->flags, &self->skel, &self->link);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, watch_opens(self->fd, self->top));
}

FIXTURE_TEARDOWN(fs)
{
	if (self->here) {
		bpf_link__destroy(self->link);
		subtree__destroy(self->skel);
		close(self->fd);
		unlink(self->file);
		rmdir(self->deep);
		rmdir(self->in);
		rmdir(self->out);
		if (self->overlay)
			umount2(self->top, MNT_DETACH);
		else
			rmdir(self->top);
	}
	fp_dir_remove(&self->dir);
}

/* Open @dir/file; how many events? */
static int opens_seen(int fd, const char *dir)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/file", dir);
	fp_count(fd);
	return fp_touch(path) ?: fp_count(fd);
}

static int forget_inodes(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int ret;

	sync();
	ret = fd < 0 || write(fd, "2", 1) != 1;
	close(fd);
	return ret;
}

TEST_F(fs, c1001_c1002_c1005_what_is_below_is_sent_wherever_it_is_moved)
{
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(1, opens_seen(self->fd, self->deep));
		ASSERT_EQ(0, rename(self->deep, self->moved));
		EXPECT_EQ(0, opens_seen(self->fd, self->moved));
		ASSERT_EQ(0, rename(self->moved, self->deep));
		EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	}
	ASSERT_EQ(0, fp_exclude(self->fd, self->deep));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
}

TEST_F(fs, c1001_c1005_nor_does_it_matter_that_inodes_are_forgotten_and_read_again)
{
	struct stat before, after;
	int i, renumbered = 0;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, stat(self->file, &before));
		ASSERT_EQ(0, forget_inodes());
		ASSERT_EQ(0, stat(self->file, &after));
		renumbered += before.st_ino != after.st_ino;
		EXPECT_EQ(1, opens_seen(self->fd, self->deep));
		ASSERT_EQ(0, rename(self->deep, self->moved));
		ASSERT_EQ(0, forget_inodes());
		EXPECT_EQ(0, opens_seen(self->fd, self->moved));
		ASSERT_EQ(0, rename(self->moved, self->deep));
	}
	if (!strcmp(variant->type, "vfat"))
		EXPECT_LT(0, renumbered);
}

TEST_F(fs, c1001_a_file_that_is_changed_is_where_it_was)
{
	int fd;

	/* On overlay this copies it from one layer to the other. */
	fd = open(self->file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, write(fd, "x", 1));
	close(fd);
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, chmod(self->deep, 0711));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
}

TEST_F(fs, c1001_a_group_with_handles_needs_handles_that_can_be_opened)
{
	int fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_REPORT_DFID_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(self->overlay ? -EOPNOTSUPP : 0, watch_opens(fd, self->top));
	close(fd);
}

/* On btrfs, subvolumes: @disk/vol, with in/file in it. */
static int make_subvolume(const char *disk, const char *name)
{
	struct btrfs_ioctl_vol_args args = {};
	int dir = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	snprintf(args.name, sizeof(args.name), "%s", name);
	err = ioctl(dir, BTRFS_IOC_SUBVOL_CREATE, &args) ? -errno : 0;
	close(dir);
	return err;
}

static int snapshot(const char *of, const char *in, const char *name)
{
	struct btrfs_ioctl_vol_args_v2 args = {};
	int dir = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	args.fd = open(of, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(args.name, sizeof(args.name), "%s", name);
	err = ioctl(dir, BTRFS_IOC_SNAP_CREATE_V2, &args) ? -errno : 0;
	close(args.fd);
	close(dir);
	return err;
}

TEST(c1001_c1004_a_btrfs_snapshot_is_where_it_was_made_and_has_no_roots)
{
	const char *disk = find_disk("btrfs");
	char vol[96], in[128], file[160], snap[128], in_snap[160], below[200];
	struct subtree *skel;
	struct bpf_link *link;
	int fd;

	if (!disk)
		SKIP(return, "no disk with btrfs");
	libbpf_set_print(fp_print);
	snprintf(vol, sizeof(vol), "%s/vol", disk);
	snprintf(in, sizeof(in), "%s/in", vol);
	snprintf(file, sizeof(file), "%s/file", in);
	snprintf(snap, sizeof(snap), "%s/snap", disk);
	snprintf(in_snap, sizeof(in_snap), "%s/in", snap);
	snprintf(below, sizeof(below), "%s/below/in", in);
	ASSERT_EQ(0, make_subvolume(disk, "vol"));
	ASSERT_EQ(0, mkdir(in, 0700));
	ASSERT_EQ(0, fp_create(file));

	/* Without file handles there are no two kinds of handles to mix up. */
	fd = group_of(FAN_CLASS_NOTIF, &skel, &link);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fp_include(fd, in));
	ASSERT_EQ(0, watch_opens(fd, disk));
	ASSERT_EQ(0, snapshot(vol, disk, "snap"));
	ASSERT_EQ(0, snapshot(vol, in, "below"));
	EXPECT_EQ(1, opens_seen(fd, in));
	EXPECT_EQ(0, opens_seen(fd, in_snap));
	EXPECT_EQ(1, opens_seen(fd, below));
	bpf_link__destroy(link);
	subtree__destroy(skel);
	close(fd);
}

TEST(c1001_a_root_in_another_btrfs_subvolume_is_refused_with_exdev)
{
	const char *disk = find_disk("btrfs");
	char vol[96];
	int fd;

	if (!disk)
		SKIP(return, "no disk with btrfs");
	snprintf(vol, sizeof(vol), "%s/other", disk);
	ASSERT_EQ(0, make_subvolume(disk, "other"));
	fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_DFID_NAME,
			   O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, watch_opens(fd, disk));
	EXPECT_EQ(-EXDEV, fp_include(fd, vol));
	close(fd);
}

TEST_HARNESS_MAIN
