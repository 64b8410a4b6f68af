// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler where what is inside and what is outside change places
 */
#include "kselftest_harness.h"
#include "subtree.h"

#include <linux/fs.h>

/* Two directories, of which the first is a root, with a file and a directory each. */
FIXTURE(border)
{
	struct fp_dir dir;
	char in[80], out[80];
	struct {
		char file[96], dir[96], below[112];
	} inside, outside;
	struct attached attached;
	int fd;
};

#define JOIN(_path, _dir, _name)					\
	snprintf(_path, sizeof(_path), "%s/%s", _dir, _name)

FIXTURE_SETUP(border)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	JOIN(self->in, self->dir.path, "in");
	JOIN(self->out, self->dir.path, "out");
	JOIN(self->inside.file, self->in, "file");
	JOIN(self->inside.dir, self->in, "dir");
	JOIN(self->inside.below, self->inside.dir, "below");
	JOIN(self->outside.file, self->out, "file");
	JOIN(self->outside.dir, self->out, "dir");
	JOIN(self->outside.below, self->outside.dir, "below");
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	ASSERT_EQ(0, mkdir(self->inside.dir, 0700));
	ASSERT_EQ(0, mkdir(self->outside.dir, 0700));
	ASSERT_EQ(0, fp_create(self->inside.file));
	ASSERT_EQ(0, fp_create(self->inside.below));
	ASSERT_EQ(0, fp_create(self->outside.file));
	ASSERT_EQ(0, fp_create(self->outside.below));

	self->fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_FID |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, attach_subtree(&self->attached, self->fd));
}

FIXTURE_TEARDOWN(border)
{
	detach_subtree(&self->attached);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int watch(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			     mask | FAN_ONDIR, AT_FDCWD, path) ? -errno : 0;
}

/* Ask for this instead. */
static int watch_only(int fd, __u64 mask, const char *path)
{
	fp_count(fd);
	return (fanotify_mark(fd, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0,
			      AT_FDCWD, path) ? -errno : 0) ?:
		watch(fd, mask, path);
}

static int opens_seen(int fd, const char *path)
{
	fp_count(fd);
	return fp_touch(path) ?: fp_count(fd);
}

static int exchange(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) ? -errno : 0;
}

TEST_F(border, c1005_c1006_directories_that_are_exchanged_take_along_what_is_below)
{
	ASSERT_EQ(0, unlink(self->outside.below));
	ASSERT_EQ(0, watch(self->fd, FAN_RENAME, self->dir.path));
	ASSERT_EQ(0, exchange(self->inside.dir, self->outside.dir));
	/* One leaves, one comes. */
	EXPECT_EQ(2, fp_count(self->fd));
	ASSERT_EQ(0, watch_only(self->fd, FAN_OPEN, self->dir.path));
	EXPECT_EQ(0, opens_seen(self->fd, self->outside.below));
	ASSERT_EQ(0, exchange(self->inside.dir, self->outside.dir));
	EXPECT_EQ(1, opens_seen(self->fd, self->inside.below));
}

TEST_F(border, c1005_a_root_that_is_exchanged_stays_the_only_one)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, exchange(self->in, self->out));
	EXPECT_EQ(0, opens_seen(self->fd, self->inside.below));
	EXPECT_EQ(1, opens_seen(self->fd, self->outside.below));
}

TEST_F(border, c1011_a_directory_that_is_moved_left_one_and_came_to_the_other)
{
	char to[96];

	JOIN(to, self->out, "moved");
	ASSERT_EQ(0, watch(self->fd, FAN_MOVED_FROM, self->dir.path));
	ASSERT_EQ(0, rename(self->inside.dir, to));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(to, self->inside.dir));
	EXPECT_EQ(0, fp_count(self->fd));

	ASSERT_EQ(0, watch_only(self->fd, FAN_MOVED_TO, self->dir.path));
	ASSERT_EQ(0, rename(self->inside.dir, to));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, rename(to, self->inside.dir));
	EXPECT_EQ(1, fp_count(self->fd));
}

/* An event about an entry is where the directory is; about itself, where it is. */
TEST_F(border, c1011_a_root_is_inside_itself_but_its_name_is_where_its_directory_is)
{
	char moved[96];

	JOIN(moved, self->dir.path, "moved");
	ASSERT_EQ(0, watch(self->fd, FAN_RENAME | FAN_MOVED_FROM | FAN_MOVED_TO,
			   self->dir.path));
	ASSERT_EQ(0, rename(self->in, moved));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, watch_only(self->fd, FAN_MOVE_SELF, self->dir.path));
	ASSERT_EQ(0, rename(moved, self->in));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(border, c1011_a_root_that_is_deleted_decides_for_itself_but_not_for_its_name)
{
	const char *const roots[] = { self->outside.dir, self->inside.dir };
	int i, root;

	ASSERT_EQ(0, unlink(self->inside.below));
	ASSERT_EQ(0, unlink(self->outside.below));
	/* An included one outside; an excluded one inside. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, i ? fp_exclude(self->fd, roots[i]) :
				 fp_include(self->fd, roots[i]));
		ASSERT_EQ(0, watch_only(self->fd, FAN_DELETE_SELF,
					self->dir.path));
		ASSERT_EQ(0, rmdir(roots[i]));
		EXPECT_EQ(!i, fp_count(self->fd));

		ASSERT_EQ(0, mkdir(roots[i], 0700));
		ASSERT_EQ(0, i ? fp_exclude(self->fd, roots[i]) :
				 fp_include(self->fd, roots[i]));
		/* While it is open, it keeps its mark. */
		root = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ASSERT_LE(0, root);
		ASSERT_EQ(0, watch_only(self->fd, FAN_DELETE, self->dir.path));
		ASSERT_EQ(0, rmdir(roots[i]));
		EXPECT_EQ(i, fp_count(self->fd));
		close(root);
	}
}

TEST_F(border, c1009_c1011_a_file_that_moved_itself_has_no_place_while_others_of_its_names_are_cached)
{
	char name[96], moved[96];

	JOIN(name, self->out, "name");
	JOIN(moved, self->out, "moved");
	ASSERT_EQ(0, watch(self->fd, FAN_MOVE_SELF, self->dir.path));
	ASSERT_EQ(0, rename(self->outside.file, moved));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, link(moved, name));
	ASSERT_EQ(0, rename(moved, self->outside.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, unplaced(self->fd));
}

TEST_F(border, c1006_a_whiteout_stays_where_its_file_was)
{
	char moved[96];
	struct stat stat;

	JOIN(moved, self->out, "moved");
	ASSERT_EQ(0, watch(self->fd, FAN_RENAME, self->dir.path));
	ASSERT_EQ(0, renameat2(AT_FDCWD, self->inside.file, AT_FDCWD, moved,
			       RENAME_WHITEOUT));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, lstat(self->inside.file, &stat));
	ASSERT_TRUE(S_ISCHR(stat.st_mode));
	ASSERT_EQ(0, watch_only(self->fd, FAN_DELETE, self->dir.path));
	ASSERT_EQ(0, unlink(self->inside.file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(border, c1011_a_file_that_gets_a_name_elsewhere_is_there_by_that_name_only)
{
	const char *const made[] = { self->in, self->out };
	const char *const linked[] = { self->out, self->in };
	int i;

	for (i = 0; i < 2; i++) {
		char path[96];
		int fd;

		JOIN(path, linked[i], "linked");
		fd = open(made[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, watch_only(self->fd, FAN_CREATE, self->dir.path));
		ASSERT_EQ(0, linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH));
		EXPECT_EQ(i, fp_count(self->fd));
		ASSERT_EQ(0, watch_only(self->fd, FAN_MODIFY, self->dir.path));
		/* What is open was made in the other. */
		ASSERT_EQ(1, write(fd, "x", 1));
		EXPECT_EQ(!i, fp_count(self->fd));
		ASSERT_EQ(0, truncate(path, 0));
		EXPECT_EQ(i, fp_count(self->fd));
		close(fd);
	}
}

TEST_F(border, c1005_nor_does_it_matter_what_a_directory_above_a_root_is_called)
{
	char root[112], below[128], moved[112], moved_below[144];

	JOIN(root, self->outside.dir, "root");
	JOIN(below, root, "file");
	JOIN(moved, self->dir.path, "moved");
	JOIN(moved_below, moved, "root/file");
	ASSERT_EQ(0, mkdir(root, 0700));
	ASSERT_EQ(0, fp_create(below));
	ASSERT_EQ(0, fp_include(self->fd, root));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, rename(self->outside.dir, moved));
	EXPECT_EQ(1, opens_seen(self->fd, moved_below));
	/* Nor if that is below one that is excluded. */
	ASSERT_EQ(0, fp_exclude(self->fd, self->out));
	ASSERT_EQ(0, rename(moved, self->outside.dir));
	EXPECT_EQ(1, opens_seen(self->fd, below));
	EXPECT_EQ(0, opens_seen(self->fd, self->outside.below));
}

TEST_F(border, c1001_the_root_of_a_file_system_can_be_one)
{
	char moved[96];

	ASSERT_EQ(0, fp_include(self->fd, self->dir.path));
	ASSERT_EQ(0, fp_exclude(self->fd, self->out));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	EXPECT_EQ(1, opens_seen(self->fd, self->dir.path));
	EXPECT_EQ(1, opens_seen(self->fd, self->dir.file));
	EXPECT_EQ(1, opens_seen(self->fd, self->inside.below));
	EXPECT_EQ(0, opens_seen(self->fd, self->outside.below));
	ASSERT_EQ(0, watch_only(self->fd, FAN_CREATE | FAN_DELETE,
				self->dir.path));
	JOIN(moved, self->dir.path, "new");
	ASSERT_EQ(0, mkdir(moved, 0700));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rmdir(moved));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(border, c1007_a_file_system_can_be_mounted_elsewhere)
{
	char to[] = "/tmp/fp.XXXXXX", path[64];

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_NE(NULL, mkdtemp(to));
	ASSERT_EQ(0, mount(self->dir.path, to, NULL, MS_MOVE, NULL));
	JOIN(path, to, "in/dir/below");
	EXPECT_EQ(1, opens_seen(self->fd, path));
	JOIN(path, to, "out/dir/below");
	EXPECT_EQ(0, opens_seen(self->fd, path));
	EXPECT_EQ(0, mount(to, self->dir.path, NULL, MS_MOVE, NULL));
	rmdir(to);
}

TEST_F(border, c1007_what_is_reached_in_a_mount_that_is_detached_is_where_it_is)
{
	int in = open(self->inside.dir, O_PATH | O_CLOEXEC);
	int out = open(self->outside.dir, O_PATH | O_CLOEXEC);

	ASSERT_LE(0, in);
	ASSERT_LE(0, out);
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, umount2(self->dir.path, MNT_DETACH));
	close(openat(in, "below", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(1, fp_count(self->fd));
	close(openat(out, "below", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(0, fp_count(self->fd));
	close(in);
	close(out);
}

TEST_F(border, c1007_a_file_that_is_mounted_on_another_is_where_its_name_is)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, mount(self->inside.file, self->outside.file, NULL, MS_BIND,
			   NULL));
	EXPECT_EQ(1, opens_seen(self->fd, self->outside.file));
	ASSERT_EQ(0, umount(self->outside.file));
	ASSERT_EQ(0, mount(self->outside.file, self->inside.file, NULL, MS_BIND,
			   NULL));
	EXPECT_EQ(0, opens_seen(self->fd, self->inside.file));
	ASSERT_EQ(0, umount(self->inside.file));
}

static int open_in_chroot(void *root)
{
	return chroot(root) || chdir("/") || fp_touch("/dir/below");
}

TEST_F(border, c1007_what_a_process_has_as_its_root_makes_no_difference)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_in_child(open_in_chroot, self->in));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, fp_in_child(open_in_chroot, self->out));
	EXPECT_EQ(0, fp_count(self->fd));
	/* A root that lies above what it can see. */
	ASSERT_EQ(0, fp_include(self->fd, self->dir.path));
	ASSERT_EQ(0, fp_in_child(open_in_chroot, self->out));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_HARNESS_MAIN
