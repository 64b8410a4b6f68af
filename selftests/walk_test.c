// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an event is, when that is not as plain as a file in a directory
 */
#include "kselftest_harness.h"
#include "common.h"
#include "kfunc.skel.h"

/* What a test finds there if no handler was asked. */
#define NOT_ASKED	-9999

FIXTURE(walk)
{
	struct fp_dir dir;
	struct kfunc *skel;
	struct bpf_link *link;
	int fd;
	char in[96], out[96], file[128];	/* dir.path/{in,out}, in/file */
};

/* Make a group with the handler that notes what is nearest. */
static int group_with_nearest(struct kfunc *skel, unsigned int flags)
{
	int fd = fanotify_init(flags | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);

	if (fd >= 0 && fp_add(fd, "nearest", NULL, 0)) {
		close(fd);
		fd = -1;
	}
	skel->bss->found = NOT_ASKED;
	return fd;
}

FIXTURE_SETUP(walk)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir.path);
	snprintf(self->file, sizeof(self->file), "%s/file", self->in);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	ASSERT_EQ(0, fp_create(self->file));

	self->skel = kfunc__open();
	ASSERT_NE(NULL, self->skel);
	ASSERT_EQ(0, fp_choose(self->skel->obj, self->skel->maps.ops_nearest));
	ASSERT_EQ(0, kfunc__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.ops_nearest);
	ASSERT_NE(NULL, self->link);
	self->fd = group_with_nearest(self->skel, FAN_REPORT_FID);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(walk)
{
	close(self->fd);
	bpf_link__destroy(self->link);
	kfunc__destroy(self->skel);
	fp_dir_remove(&self->dir);
}

static int mark_sb(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask,
			     AT_FDCWD, path);
}

TEST_F(walk, c1004_a_mark_on_a_file_is_no_root)
{
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD, FAN_ATTRIB, AT_FDCWD,
				   self->file));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(0, self->skel->bss->found);
}

TEST_F(walk, c1004_a_mark_whose_masks_are_empty_is_no_root)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW },
	};

	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN | FAN_MODIFY, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd,
				   FAN_MARK_ADD | FAN_MARK_IGNORED_MASK,
				   FAN_ATTRIB, AT_FDCWD, self->in));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(1, self->skel->bss->found);

	/* A modification empties it: the new time is one. */
	ASSERT_EQ(0, utimensat(AT_FDCWD, self->in, times, 0));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(0, self->skel->bss->found);
}

TEST_F(walk, c1004_a_mark_that_was_removed_during_a_permission_wait_is_no_root)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response;
	int fd, status;
	pid_t pid;

	fd = group_with_nearest(self->skel, FAN_CLASS_CONTENT);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mark_sb(fd, FAN_OPEN_PERM | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fp_include(fd, self->in));
	self->skel->bss->nearest_sends = 1;
	pid = fork();
	if (!pid)
		_exit(-fp_touch(self->in));
	ASSERT_TRUE(FP_WAIT_FOR(read(fd, &event, sizeof(event)) ==
				sizeof(event)));
	EXPECT_EQ(1, self->skel->bss->found);

	/* Whoever waits keeps the mark in the inode's list. */
	self->skel->bss->nearest_sends = 0;
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_FLUSH, 0, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(0, self->skel->bss->found);

	response.fd = event.fd;
	response.response = FAN_ALLOW;
	ASSERT_EQ(sizeof(response), write(fd, &response, sizeof(response)));
	close(event.fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	close(fd);
}

TEST_F(walk, c1009_a_file_that_has_several_names_and_no_dentry_has_no_place)
{
	char second[128];

	snprintf(second, sizeof(second), "%s/second", self->in);
	ASSERT_EQ(0, link(self->file, second));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_ATTRIB, self->dir.path));

	/* The number of links changes before the name goes. */
	ASSERT_EQ(0, unlink(second));
	EXPECT_EQ(-ESTALE, self->skel->bss->found);
	EXPECT_EQ(1, fp_counter("nearest", "unplaced"));
	ASSERT_EQ(0, unlink(self->file));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(1, fp_counter("nearest", "unplaced"));
}

TEST_F(walk, c1001_a_root_that_is_deleted_is_its_own_place)
{
	ASSERT_EQ(0, fp_include(self->fd, self->out));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE_SELF | FAN_ONDIR,
			     self->dir.path));
	ASSERT_EQ(0, rmdir(self->out));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(0, self->skel->bss->mark.depth);
}

TEST_F(walk, c1009_another_directory_that_is_deleted_has_no_place)
{
	ASSERT_EQ(0, fp_include(self->fd, self->dir.path));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE_SELF | FAN_ONDIR,
			     self->dir.path));
	ASSERT_EQ(0, rmdir(self->out));
	EXPECT_EQ(-ESTALE, self->skel->bss->found);
	EXPECT_EQ(1, fp_counter("nearest", "unplaced"));
}

TEST_F(walk, c1004_a_file_that_is_deleted_is_no_root)
{
	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE_SELF, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD, FAN_ATTRIB, AT_FDCWD,
				   self->file));
	ASSERT_EQ(0, unlink(self->file));
	EXPECT_EQ(-ESTALE, self->skel->bss->found);
}

TEST_F(walk, c1001_a_deleted_file_is_in_the_directory_that_it_was_deleted_in)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE, self->dir.path));
	ASSERT_EQ(0, unlink(self->file));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(0, fp_counter("nearest", "unplaced"));
}

TEST_F(walk, c1001_an_object_that_is_just_being_made_is_in_its_directory)
{
	char path[128];

	/* cgroup2 reports a mkdir before the dentry has its inode. */
	mkdir("/tmp/cgroup", 0700);
	ASSERT_EQ(0, mount("none", "/tmp/cgroup", "cgroup2", 0, NULL));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD,
				   FAN_CREATE | FAN_ONDIR, AT_FDCWD,
				   "/tmp/cgroup"));
	snprintf(path, sizeof(path), "/tmp/cgroup/fp.%d", getpid());
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(1, self->skel->bss->mark.depth);
	EXPECT_EQ(0, rmdir(path));
	umount("/tmp/cgroup");
}

TEST_F(walk, c1001_the_directory_of_a_root_is_the_one_above_it)
{
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->in));
	EXPECT_EQ(1, self->skel->bss->found);
	self->skel->bss->place = FAN_FP_PLACE_DIR;
	ASSERT_EQ(0, fp_touch(self->in));
	EXPECT_EQ(0, self->skel->bss->found);
}

TEST_F(walk, c1001_the_new_directory_of_a_root_that_is_renamed_is_the_one_above_it)
{
	char moved[128];
	int fd;

	fd = group_with_nearest(self->skel, FAN_REPORT_DFID_NAME);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fp_include(fd, self->in));
	ASSERT_EQ(0, mark_sb(fd, FAN_RENAME | FAN_ONDIR, self->dir.path));
	self->skel->bss->place = FAN_FP_PLACE_NEW_DIR;
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->in, moved));
	EXPECT_EQ(0, self->skel->bss->found);
	ASSERT_EQ(0, fp_include(fd, self->out));
	ASSERT_EQ(0, rename(moved, self->in));
	EXPECT_EQ(0, self->skel->bss->found);
	ASSERT_EQ(0, rename(self->in, moved));
	EXPECT_EQ(1, self->skel->bss->found);
	close(fd);
}

TEST_F(walk, c1009_a_file_that_is_opened_by_its_handle_alone_has_no_place)
{
	const char *dir = "/mnt/disk0/walk", *path = "/mnt/disk0/walk/file";
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, disk, file;

	if (access("/mnt/disk0", F_OK))
		SKIP(return, "no disk");
	ASSERT_EQ(0, mkdir(dir, 0700));
	ASSERT_EQ(0, fp_create(path));
	ASSERT_EQ(0, name_to_handle_at(AT_FDCWD, path, &handle.head, &mount_id,
				       0));
	disk = open("/mnt/disk0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, disk);
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, "/mnt/disk0"));

	/* Nobody has looked the name up since. */
	ASSERT_EQ(0, fp_forget_inodes());
	file = open_by_handle_at(disk, &handle.head, O_RDONLY);
	ASSERT_LE(0, file);
	EXPECT_EQ(-ESTALE, self->skel->bss->found);
	EXPECT_EQ(1, fp_counter("nearest", "unplaced"));
	close(file);
	close(disk);
	EXPECT_EQ(0, unlink(path));
	EXPECT_EQ(0, rmdir(dir));
}

/* Levels of directories: a walk takes so long that renames get in between. */
#define LEVELS	5000
#define OPENS	2000

/* Make @levels directories, each in the one before; the last is the cwd. */
static int make_levels(const char *top, int levels)
{
	if (chdir(top))
		return -errno;
	while (levels--) {
		if (mkdir("d", 0700) || chdir("d"))
			return -errno;
	}
	return 0;
}

/*
 * "inner" is always below @in, which is a root: at the bottom of "outer", or,
 * while that one is elsewhere, directly.
 */
static void rename_for_ever(int in, int out, int bottom)
{
	for (;;) {
		if (renameat(bottom, "inner", in, "inner") ||
		    renameat(in, "outer", out, "outer") ||
		    renameat(out, "outer", in, "outer") ||
		    renameat(in, "inner", bottom, "inner"))
			_exit(1);
	}
}

TEST_F_TIMEOUT(walk, c1005_renames_on_the_way_up_lose_no_event, 120)
{
	int in, out, bottom, inner, i, lost = 0;
	char path[128];
	pid_t pid;

	ASSERT_EQ(0, fp_include(self->fd, self->in));
	snprintf(path, sizeof(path), "%s/outer", self->in);
	ASSERT_EQ(0, mkdir(path, 0700));
	in = open(self->in, O_RDONLY | O_DIRECTORY);
	out = open(self->out, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, in);
	ASSERT_LE(0, out);
	ASSERT_EQ(0, make_levels(path, LEVELS));
	bottom = open(".", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, bottom);
	ASSERT_EQ(0, mkdir("inner", 0700));
	inner = open("inner", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, inner);
	ASSERT_EQ(0, chdir("/"));
	close(openat(inner, "file", O_RDWR | O_CREAT, 0600));

	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	pid = fork();
	if (!pid)
		rename_for_ever(in, out, bottom);
	for (i = 0; i < OPENS; i++) {
		int file = openat(inner, "file", O_RDONLY);

		ASSERT_LE(0, file);
		close(file);
		lost += self->skel->bss->found != 1;
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(in);
	close(out);
	close(bottom);
	close(inner);
}

TEST_F_TIMEOUT(walk, c1010_what_is_too_far_below_the_root_has_no_place, 120)
{
	int last;

	ASSERT_EQ(0, mount("none", self->in, "tmpfs", 0, NULL));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, make_levels(self->in, FAN_FP_DEPTH_MAX - 1));
	ASSERT_EQ(0, fp_create("near"));
	ASSERT_EQ(0, mkdir("d", 0700));
	ASSERT_EQ(0, fp_create("d/far"));
	last = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, last);
	ASSERT_EQ(0, chdir("/"));

	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->in));
	close(openat(last, "near", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(FAN_FP_DEPTH_MAX, self->skel->bss->mark.depth);
	close(openat(last, "d/far", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(-ESTALE, self->skel->bss->found);
	EXPECT_EQ(1, fp_counter("nearest", "unplaced"));
	close(last);
	EXPECT_EQ(0, umount2(self->in, MNT_DETACH));
}

TEST_HARNESS_MAIN
