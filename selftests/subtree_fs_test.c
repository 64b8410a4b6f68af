// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler on file systems that have ideas of their own about inodes
 *
 * The disks are at /mnt/disk0, /mnt/disk1, ...
 */
#include "kselftest_harness.h"
#include "subtree.h"
#include "disks.h"

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

static int mount_overlay(const char *dir, const char *more)
{
	static const char *const dirs[] = {
		"lower", "lower/in", "lower/in/deep", "lower/out", "upper",
		"work", "merged", NULL,
	};
	char options[400], merged[96], file[160];

	snprintf(merged, sizeof(merged), "%s/merged", dir);
	snprintf(file, sizeof(file), "%s/lower/in/deep/file", dir);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,redirect_dir=on%s",
		 dir, dir, dir, more);
	return mkdirs(dir, dirs) ?: fp_create(file) ?:
		mount("none", merged, "overlay", 0, options) ? -errno : 0;
}

FIXTURE(fs)
{
	struct fp_dir dir;
	char top[96];		/* where the directories are */
	char in[120], deep[140], file[160], out[120], moved[140];
	bool here, overlay;
	struct attached attached;
	int fd;
};

FIXTURE_VARIANT(fs)
{
	const char *type, *options;
	unsigned int flags;
	/* What comes of opening a file by a handle that the kernel forgot. */
	int by_handle;
};

/* One without FAN_REPORT_FID is not told of a file that is in no directory. */
#define HANDLES		(FAN_REPORT_FID | FAN_REPORT_DFID_NAME)

FIXTURE_VARIANT_ADD(fs, ext4)
{
	.type = "ext4",
	.flags = HANDLES,
};

FIXTURE_VARIANT_ADD(fs, btrfs)
{
	.type = "btrfs",
	.flags = HANDLES,
};

FIXTURE_VARIANT_ADD(fs, xfs)
{
	.type = "xfs",
	.flags = HANDLES,
};

/* Its inode numbers are made up when an inode is read. */
FIXTURE_VARIANT_ADD(fs, vfat)
{
	.type = "vfat",
	.flags = HANDLES,
	.by_handle = -ESTALE,
};

/* Its file handles can't be opened, so no group with handles watches it. */
FIXTURE_VARIANT_ADD(fs, overlay)
{
	.type = "overlay",
	.options = "",
	.flags = FAN_CLASS_NOTIF,
	.by_handle = -EOPNOTSUPP,
};

FIXTURE_VARIANT_ADD(fs, overlay_with_handles)
{
	.type = "overlay",
	.options = ",index=on,nfs_export=on",
	.flags = HANDLES,
};

static int group_of(unsigned int flags, struct attached *attached)
{
	int fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_UNLIMITED_MARKS | flags, O_RDONLY);

	return fd < 0 ? -errno : attach_subtree(attached, fd) ?: fd;
}

static int watch(int fd, __u64 mask, const char *top)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask,
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
	const char *disk = find_disk(variant->type, NULL);

	libbpf_set_print(fp_print);
	self->fd = -1;
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->overlay = !strcmp(variant->type, "overlay");
	if (self->overlay) {
		int err = mount_overlay(self->dir.path, variant->options);

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
	self->fd = group_of(variant->flags, &self->attached);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->top));
}

FIXTURE_TEARDOWN(fs)
{
	if (self->here) {
		detach_subtree(&self->attached);
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
		ASSERT_EQ(0, fp_forget_inodes());
		ASSERT_EQ(0, stat(self->file, &after));
		renumbered += before.st_ino != after.st_ino;
		EXPECT_EQ(1, opens_seen(self->fd, self->deep));
		ASSERT_EQ(0, rename(self->deep, self->moved));
		ASSERT_EQ(0, fp_forget_inodes());
		EXPECT_EQ(0, opens_seen(self->fd, self->moved));
		ASSERT_EQ(0, rename(self->moved, self->deep));
	}
	if (!strcmp(variant->type, "vfat"))
		EXPECT_LT(0, renumbered);
}

#define CGROUPS	"/sys/fs/cgroup"

/* Put this process into a memory cgroup of its own. */
static int enter_cgroup(const char *cgroup)
{
	char procs[96];

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	return fp_write_text(CGROUPS "/cgroup.subtree_control", "+memory") ?:
		(mkdir(cgroup, 0700) ? -errno : fp_write_text(procs, "0"));
}

static int leave_cgroup(const char *cgroup)
{
	return fp_write_text(CGROUPS "/cgroup.procs", "0") ?: rmdir(cgroup);
}

/* Take all memory from a cgroup that it can do without. */
static void reclaim(const char *cgroup)
{
	char path[96];
	int i;

	sync();
	snprintf(path, sizeof(path), "%s/memory.reclaim", cgroup);
	/* There never is so much, which is an error. What is in use, is spared once. */
	for (i = 0; i < 3; i++)
		fp_write_text(path, "1G");
}

TEST_F(fs, c1001_c1005_nor_that_they_are_reclaimed_when_memory_is_short)
{
	struct stat before, after;
	int i, renumbered = 0;
	char cgroup[64];

	snprintf(cgroup, sizeof(cgroup), CGROUPS "/fs.%d", getpid());
	ASSERT_EQ(0, enter_cgroup(cgroup));
	/* So that they are read again, with memory of the cgroup. */
	ASSERT_EQ(0, fp_forget_inodes());
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, stat(self->file, &before));
		reclaim(cgroup);
		ASSERT_EQ(0, stat(self->file, &after));
		renumbered += before.st_ino != after.st_ino;
		EXPECT_EQ(1, opens_seen(self->fd, self->deep));
		ASSERT_EQ(0, rename(self->deep, self->moved));
		reclaim(cgroup);
		EXPECT_EQ(0, opens_seen(self->fd, self->moved));
		ASSERT_EQ(0, rename(self->moved, self->deep));
	}
	EXPECT_EQ(0, leave_cgroup(cgroup));
	if (!strcmp(variant->type, "vfat"))
		EXPECT_LT(0, renumbered);
}

TEST_F(fs, c1004_c1008_it_can_be_unmounted_and_its_roots_are_gone_then)
{
	const char *device, *disk = find_disk(variant->type, &device);

	ASSERT_EQ(1, opens_seen(self->fd, self->deep));
	if (self->overlay) {
		EXPECT_EQ(0, umount(self->top));
		return;
	}
	ASSERT_EQ(0, umount(disk));
	ASSERT_EQ(0, mount(device, disk, variant->type, 0, NULL));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->top));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
}

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

/* Open by a handle what nobody has looked up since all was forgotten. */
static int open_unknown(const char *top, const char *path, int flags)
{
	struct handle handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, dir, fd;

	if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount_id, 0) ||
	    fp_forget_inodes())
		return -errno;
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open_by_handle_at(dir, &handle.head, flags | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

TEST_F(fs, c1009_c1011_a_file_opened_by_its_handle_has_no_place_unless_its_name_is_known)
{
	char file[160];
	int fd, named;

	if (variant->by_handle) {
		EXPECT_EQ(variant->by_handle,
			  open_unknown(self->top, self->file, O_RDWR));
		return;
	}
	/* A group that reports no more than directories is not told of it at all. */
	named = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_DFID_NAME,
			      O_RDONLY);
	ASSERT_LE(0, named);
	ASSERT_EQ(0, watch(named, FAN_OPEN, self->top));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN | FAN_MODIFY | FAN_ATTRIB,
			   self->top));
	ASSERT_EQ(0, rename(self->deep, self->moved));
	snprintf(file, sizeof(file), "%s/file", self->moved);
	fp_count(self->fd);
	fd = open_unknown(self->top, file, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, unplaced(self->fd));
	EXPECT_EQ(0, fp_count(named));
	close(named);

	/* That its name becomes known does not help what is open already. */
	EXPECT_EQ(0, opens_seen(self->fd, self->moved));
	ASSERT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, fchmod(fd, 0711));
	EXPECT_EQ(1, fp_count(self->fd));
	close(fd);
}

TEST_F(fs, c1011_a_directory_opened_by_its_handle_has_its_place)
{
	const char *const places[] = { self->deep, self->moved };
	int i;

	if (variant->by_handle) {
		EXPECT_EQ(variant->by_handle,
			  open_unknown(self->top, self->deep,
				       O_RDONLY | O_DIRECTORY));
		return;
	}
	ASSERT_EQ(0, watch(self->fd, FAN_CREATE | FAN_DELETE | FAN_ONDIR,
			   self->top));
	for (i = 0; i < 2; i++) {
		int dir = open_unknown(self->top, places[i],
				       O_RDONLY | O_DIRECTORY);

		ASSERT_LE(0, dir);
		/* The kernel itself opens directories to find its path. */
		fp_count(self->fd);
		ASSERT_EQ(0, mkdirat(dir, "new", 0700));
		ASSERT_EQ(0, unlinkat(dir, "new", AT_REMOVEDIR));
		EXPECT_EQ(i ? 0 : 1, fp_count(self->fd));
		close(dir);
		ASSERT_EQ(0, i ? rename(self->moved, self->deep) :
				 rename(self->deep, self->moved));
	}
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

TEST_F(fs, c1001_c1011_what_is_deleted_and_what_is_made_in_its_place_are_where_that_was)
{
	int handles = variant->flags == FAN_CLASS_NOTIF ? 0 : 1;
	const char *const dirs[] = { self->deep, self->moved };
	char file[160];
	int i;

	if (handles) {
		ASSERT_EQ(0, watch(self->fd, FAN_CREATE | FAN_DELETE | FAN_ONDIR,
				   self->top));
	}
	/* On overlay each leaves a whiteout, and the directory made is opaque. */
	for (i = 0; i < 2; i++) {
		snprintf(file, sizeof(file), "%s/file", dirs[i]);
		ASSERT_EQ(0, unlink(file));
		EXPECT_EQ(!i && handles, fp_count(self->fd));
		ASSERT_EQ(0, rmdir(dirs[i]));
		EXPECT_EQ(!i && handles, fp_count(self->fd));
		ASSERT_EQ(0, mkdir(dirs[i], 0700));
		EXPECT_EQ(!i && handles, fp_count(self->fd));
		ASSERT_EQ(0, fp_create(file));
		fp_count(self->fd);
		EXPECT_EQ(!i, opens_seen(self->fd, dirs[i]));
		/* And so is what comes to the other side. */
		ASSERT_EQ(0, i ? rename(dirs[1], dirs[0]) :
				 rename(dirs[0], dirs[1]));
		fp_count(self->fd);
		EXPECT_EQ(i, opens_seen(self->fd, dirs[!i]));
	}
}

TEST_F(fs, c1001_a_group_with_handles_needs_handles_that_can_be_opened)
{
	int fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_REPORT_DFID_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(variant->flags == FAN_CLASS_NOTIF ? -EOPNOTSUPP : 0,
		  watch(fd, FAN_OPEN, self->top));
	close(fd);
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
	const char *disk = find_disk("btrfs", NULL);
	char vol[96], in[128], file[160], snap[128], in_snap[160], below[200];
	struct attached attached;
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
	fd = group_of(FAN_CLASS_NOTIF, &attached);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fp_include(fd, in));
	ASSERT_EQ(0, fp_include(fd, vol));
	ASSERT_EQ(0, watch(fd, FAN_OPEN, disk));
	ASSERT_EQ(0, snapshot(vol, disk, "snap"));
	ASSERT_EQ(0, snapshot(vol, in, "below"));
	EXPECT_EQ(1, opens_seen(fd, in));
	EXPECT_EQ(0, opens_seen(fd, in_snap));
	EXPECT_EQ(1, opens_seen(fd, below));
	detach_subtree(&attached);
	close(fd);
}

TEST(c1001_a_root_in_another_btrfs_subvolume_is_refused_with_exdev)
{
	const char *disk = find_disk("btrfs", NULL);
	char vol[96];
	int fd;

	if (!disk)
		SKIP(return, "no disk with btrfs");
	snprintf(vol, sizeof(vol), "%s/other", disk);
	ASSERT_EQ(0, make_subvolume(disk, "other"));
	fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_DFID_NAME,
			   O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, watch(fd, FAN_OPEN, disk));
	EXPECT_EQ(-EXDEV, fp_include(fd, vol));
	close(fd);
}

TEST_HARNESS_MAIN
