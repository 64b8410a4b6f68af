// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler: events below the group's marked directories
 */
#include "kselftest_harness.h"
#include <sys/inotify.h>
#include "subtree.h"

FIXTURE(subtree)
{
	struct fp_dir dir;
	struct attached attached;
	int fd;
	/* Under dir.path: in/deep, in/out, in/out/again, and out. */
	char in[96], deep[96], in_out[96], again[96], out[96];
};

static int make_dir(char *path, size_t size, const char *parent,
		    const char *name)
{
	snprintf(path, size, "%s/%s", parent, name);
	return mkdir(path, 0700);
}

static int remove_include(int fd, const char *dir)
{
	return fanotify_mark(fd, FAN_MARK_REMOVE, FAN_ONDIR, AT_FDCWD, dir);
}

/* Create a file in @dir, drop what that caused, open it: how many events? */
static int opens_seen(int fd, const char *dir)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/f", dir);
	if (fp_create(path))
		return -1;
	fp_count(fd);
	if (fp_touch(path))
		return -1;
	return fp_count(fd);
}

FIXTURE_SETUP(subtree)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, make_dir(self->in, 96, self->dir.path, "in"));
	ASSERT_EQ(0, make_dir(self->deep, 96, self->in, "deep"));
	ASSERT_EQ(0, make_dir(self->in_out, 96, self->in, "out"));
	ASSERT_EQ(0, make_dir(self->again, 96, self->in_out, "again"));
	ASSERT_EQ(0, make_dir(self->out, 96, self->dir.path, "out"));

	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME | FAN_UNLIMITED_QUEUE |
				 FAN_UNLIMITED_MARKS, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_RENAME | FAN_ONDIR, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, attach_subtree(&self->attached, self->fd));
}

FIXTURE_TEARDOWN(subtree)
{
	detach_subtree(&self->attached);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

TEST_F(subtree, c1003_without_a_root_nothing_is_sent)
{
	EXPECT_EQ(0, opens_seen(self->fd, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->dir.path));
}

TEST_F(subtree, c1002_what_is_below_an_included_directory_is_sent)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(1, opens_seen(self->fd, self->again));
	EXPECT_EQ(0, opens_seen(self->fd, self->out));
	EXPECT_EQ(0, opens_seen(self->fd, self->dir.path));
}

TEST_F(subtree, c1001_the_root_itself_is_inside)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_touch(self->in));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(0, fp_count(self->fd));
}

TEST_F(subtree, c1001_c1002_the_nearest_root_decides)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_exclude(self->fd, self->in_out));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(0, opens_seen(self->fd, self->in_out));
	EXPECT_EQ(0, opens_seen(self->fd, self->again));
	ASSERT_EQ(0, fp_include(self->fd, self->again));
	EXPECT_EQ(1, opens_seen(self->fd, self->again));
	EXPECT_EQ(0, opens_seen(self->fd, self->in_out));
}

TEST_F(subtree, c1002_a_root_that_is_included_and_excluded_is_included)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_exclude(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, remove_include(self->fd, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
}

#define ROOTS	10000

/* Open the files of every second root; how many events? */
static int every_second_seen(int fd, int top, int first)
{
	char name[32];
	int i, file;

	for (i = first; i < ROOTS; i += 2) {
		snprintf(name, sizeof(name), "%d/f", i);
		file = openat(top, name, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return -1;
		close(file);
	}
	return fp_count(fd);
}

TEST_F_TIMEOUT(subtree, c1002_c1004_there_can_be_any_number_of_roots, 120)
{
	int top = open(self->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[160];
	int i;

	ASSERT_LE(0, top);
	ASSERT_EQ(0, fp_include(self->fd, self->out));
	for (i = 0; i < ROOTS; i++) {
		snprintf(path, sizeof(path), "%s/%d", self->out, i);
		ASSERT_EQ(0, mkdir(path, 0700));
		ASSERT_EQ(0, i % 2 ? fp_exclude(self->fd, path) :
				     fp_include(self->fd, path));
		strcat(path, "/f");
		ASSERT_EQ(0, fp_create(path));
	}
	fp_count(self->fd);
	EXPECT_EQ(ROOTS / 2, every_second_seen(self->fd, top, 0));
	EXPECT_EQ(0, every_second_seen(self->fd, top, 1));
	/* All marks of inodes: not that of the file system. */
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_FLUSH, 0, AT_FDCWD,
				   self->out));
	EXPECT_EQ(0, every_second_seen(self->fd, top, 0));
	ASSERT_EQ(0, fp_include(self->fd, self->out));
	EXPECT_EQ(ROOTS / 2, every_second_seen(self->fd, top, 1));
	close(top);
}

TEST_F(subtree, c1004_a_removed_root_counts_no_more)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, remove_include(self->fd, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
}

TEST_F(subtree, c1004_a_deleted_root_counts_no_more)
{
	ASSERT_EQ(0, fp_include(self->fd, self->deep));
	ASSERT_EQ(0, rmdir(self->deep));
	ASSERT_EQ(0, mkdir(self->deep, 0700));
	fp_count(self->fd);
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
}

TEST_F(subtree, c1005_a_directory_that_is_moved_out_is_out)
{
	char moved[128];

	ASSERT_EQ(0, fp_include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->deep, moved));
	fp_count(self->fd);
	EXPECT_EQ(0, opens_seen(self->fd, moved));
	ASSERT_EQ(0, rename(moved, self->deep));
	fp_count(self->fd);
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
}

TEST_F(subtree, c1005_a_directory_that_is_moved_within_stays_inside)
{
	char moved[128];

	ASSERT_EQ(0, fp_include(self->fd, self->in));
	snprintf(moved, sizeof(moved), "%s/deep", self->again);
	ASSERT_EQ(0, rename(self->deep, moved));
	fp_count(self->fd);
	EXPECT_EQ(1, opens_seen(self->fd, moved));
	ASSERT_EQ(0, fp_exclude(self->fd, self->in_out));
	EXPECT_EQ(0, opens_seen(self->fd, moved));
}

TEST_F(subtree, c1005_a_root_that_is_moved_stays_a_root)
{
	char moved[128];

	ASSERT_EQ(0, fp_include(self->fd, self->deep));
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->deep, moved));
	fp_count(self->fd);
	EXPECT_EQ(1, opens_seen(self->fd, moved));
}

TEST_F(subtree, c1006_a_rename_is_sent_if_either_end_is_inside)
{
	char inside[128], inside2[128], outside[128], outside2[128];

	ASSERT_EQ(0, fp_include(self->fd, self->in));
	snprintf(inside, sizeof(inside), "%s/x", self->deep);
	snprintf(inside2, sizeof(inside2), "%s/y", self->in);
	snprintf(outside, sizeof(outside), "%s/x", self->out);
	snprintf(outside2, sizeof(outside2), "%s/y", self->dir.path);
	ASSERT_EQ(0, fp_create(inside));
	fp_count(self->fd);
	ASSERT_EQ(0, rename(inside, outside));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(outside, outside2));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, rename(outside2, inside));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(inside, inside2));
	EXPECT_EQ(1, fp_count(self->fd));
}

/* Mark @to and then no longer @from. Returns 0, or -1. */
static int move_include(int fd, const char *from, const char *to)
{
	int other = inotify_init1(IN_CLOEXEC);
	int err = fp_include(fd, to) ||
		inotify_add_watch(other, to, IN_DELETE_SELF) < 0;

	close(other);
	return err || remove_include(fd, from) ? -1 : 0;
}

TEST_F_TIMEOUT(subtree, c1012_a_group_is_closed_after_the_events, 120)
{
	struct fanotify_fastpath_info info = {};
	const int openings = 3000;
	char file[160];
	int i, running = 2;

	/* Looked at for each opening: deep before in. */
	snprintf(file, sizeof(file), "%s/file", self->deep);
	ASSERT_EQ(0, fp_include(self->fd, self->deep));
	ASSERT_EQ(0, fp_create(file));
	for (i = 0; i < running; i++) {
		int left = openings;

		if (fork())
			continue;
		while (left && !fp_touch(file))
			left--;
		_exit(left > 0);
	}
	while (running) {
		int status;

		EXPECT_EQ(0, move_include(self->fd, self->deep, self->in));
		EXPECT_EQ(0, move_include(self->fd, self->in, self->deep));
		if (waitpid(-1, &status, WNOHANG) > 0) {
			EXPECT_EQ(0, status);
			running--;
		}
		fp_count(self->fd);
	}
	ASSERT_EQ(0, fp_ioctl_info(self->fd, FAN_IOC_GET_FP, &info));
	EXPECT_EQ(0, info.skipped);
	/* And its making. */
	EXPECT_EQ(2 * openings + 1, info.sent);
}

TEST_F(subtree, c1007_an_access_through_a_bind_mount_is_seen)
{
	char bind[96], path[128];

	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(1, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, make_dir(bind, 96, "/tmp", "fp.bind"));
	ASSERT_EQ(0, mount(self->deep, bind, NULL, MS_BIND, NULL));
	fp_count(self->fd);
	snprintf(path, sizeof(path), "%s/f", bind);
	ASSERT_EQ(0, fp_touch(path));
	EXPECT_EQ(1, fp_count(self->fd));
	umount2(bind, MNT_DETACH);
	rmdir(bind);
}

TEST_F(subtree, c1007_a_group_can_watch_a_mount_instead)
{
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_FLUSH |
				   FAN_MARK_FILESYSTEM, 0, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_MOUNT,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_exclude(self->fd, self->in_out));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(0, opens_seen(self->fd, self->in_out));
	EXPECT_EQ(0, opens_seen(self->fd, self->out));
}

TEST_F(subtree, c1008_the_file_system_can_be_unmounted)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_exclude(self->fd, self->in_out));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(0, umount(self->dir.path));
}

TEST_F(subtree, c1004_marks_of_other_groups_are_no_roots)
{
	int other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, fp_include(other, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
	close(other);
}

TEST_F(subtree, c1009_what_has_no_place_is_sent_and_counted)
{
	char file[160], name[160];
	__u64 mask = 0;

	/* A group that is told of objects without a name. */
	detach_subtree(&self->attached);
	close(self->fd);
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_FID, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, attach_subtree(&self->attached, self->fd));

	/* The object is gone with its last name; where it was, nobody knows. */
	snprintf(file, sizeof(file), "%s/file", self->out);
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_create(file));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_DELETE_SELF | FAN_ATTRIB, AT_FDCWD,
				   self->dir.path));
	fp_count(self->fd);
	ASSERT_EQ(0, unlink(file));
	EXPECT_EQ(1, fp_drain(self->fd, &mask));
	EXPECT_EQ(FAN_DELETE_SELF, mask & FAN_DELETE_SELF);
	EXPECT_LE(1, unplaced(self->fd));

	/* Of two names it is not said which one, so no guess is made. */
	ASSERT_EQ(0, fp_create(file));
	snprintf(name, sizeof(name), "%s/name", self->out);
	ASSERT_EQ(0, link(file, name));
	fp_count(self->fd);
	mask = 0;
	ASSERT_EQ(0, unlink(name));
	fp_drain(self->fd, &mask);
	EXPECT_EQ(FAN_ATTRIB, mask & FAN_ATTRIB);
}

TEST_HARNESS_MAIN
