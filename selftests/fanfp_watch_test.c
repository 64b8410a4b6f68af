// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch, as a user sees it: which directories, and which file systems
 */
#include "kselftest_harness.h"
#include "common.h"
#include "disks.h"
#include "run.h"
#include "fanfp_watch.h"

FIXTURE(watch)
{
	struct watched w;
	/* A place to mount in each directory. */
	char in_mnt[96], out_mnt[96];
};

FIXTURE_SETUP(watch)
{
	ASSERT_EQ(0, watched_make(&self->w));
	snprintf(self->in_mnt, sizeof(self->in_mnt), "%s/mnt", self->w.in);
	snprintf(self->out_mnt, sizeof(self->out_mnt), "%s/mnt", self->w.out);
	ASSERT_EQ(0, mkdir(self->in_mnt, 0700));
	ASSERT_EQ(0, mkdir(self->out_mnt, 0700));
}

FIXTURE_TEARDOWN(watch)
{
	if (self->w.running)
		EXPECT_EQ(0, watched_stop(&self->w, SIGINT));
	umount2(self->in_mnt, MNT_DETACH);
	umount2(self->out_mnt, MNT_DETACH);
	watched_remove(&self->w);
}

/* Whether the creation of a file is, or has been, printed. */
static bool printed_in(struct run *run, const char *dir, const char *name)
{
	char line[240];

	snprintf(line, sizeof(line), "%s/%s\n", dir, name);
	return strstr(said(run), line);
}

/* Whether this is said, or soon will be, so many times of this directory. */
static bool says_times(struct run *run, int times, const char *before,
		       const char *dir, const char *after)
{
	char line[300];

	snprintf(line, sizeof(line), "%s%s%s\n", before, dir, after);
	return FP_WAIT_FOR(count(said(run), line) >= times);
}

static bool says(struct run *run, const char *before, const char *dir,
		 const char *after)
{
	return says_times(run, 1, before, dir, after);
}

static int mount_tmpfs(const char *dir)
{
	return mount("none", dir, "tmpfs", 0, NULL) ? -errno : 0;
}

TEST_F(watch, prints_what_happens_below_and_nothing_else)
{
	char path[160], moved[160], line[400];
	const char *said_text = self->w.run.text;

	WATCH(&self->w);
	snprintf(path, sizeof(path), "%s/a", self->w.out);
	ASSERT_EQ(0, fp_create(path));
	snprintf(moved, sizeof(moved), "%s/b", self->w.in);
	ASSERT_EQ(0, rename(path, moved));
	snprintf(path, sizeof(path), "%s/deep", self->w.in);
	ASSERT_EQ(0, mkdir(path, 0700));
	snprintf(path, sizeof(path), "%s/deep/new\nline", self->w.in);
	ASSERT_EQ(0, fp_create(path));
	ASSERT_EQ(0, unlink(moved));
	snprintf(line, sizeof(line), "DELETE %s\n", moved);
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->w.run), line)));

	snprintf(line, sizeof(line), "RENAME %s/a -> %s/b\n", self->w.out,
		 self->w.in);
	SAYS(line);
	snprintf(line, sizeof(line), "CREATE,ISDIR %s/deep\n", self->w.in);
	SAYS(line);
	snprintf(line, sizeof(line), "%s/deep/new\\012line\n", self->w.in);
	SAYS(line);
	snprintf(line, sizeof(line), "CREATE %s/a\n", self->w.out);
	EXPECT_EQ(NULL, strstr(said_text, line));
}

TEST_F(watch, what_is_below_an_excluded_directory_is_not_printed)
{
	char out[120], again[160];

	snprintf(out, sizeof(out), "%s/out", self->w.in);
	snprintf(again, sizeof(again), "%s/again", out);
	ASSERT_EQ(0, mkdir(out, 0700));
	ASSERT_EQ(0, mkdir(again, 0700));
	WATCH(&self->w, "--exclude-dir", out, again);
	ASSERT_EQ(0, create_in(out, "unseen"));
	ASSERT_EQ(0, create_in(again, "seen"));
	ASSERT_EQ(0, create_in(self->w.in, "last"));
	ASSERT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "last")));
	EXPECT_TRUE(printed_in(&self->w.run, again, "seen"));
	EXPECT_FALSE(printed_in(&self->w.run, out, "unseen"));
}

TEST_F(watch, a_directory_is_watched_wherever_it_is_moved_and_its_successor_is_not)
{
	char moved[120];

	WATCH(&self->w);
	snprintf(moved, sizeof(moved), "%s/moved", self->w.out);
	ASSERT_EQ(0, rename(self->w.in, moved));
	ASSERT_EQ(0, mkdir(self->w.in, 0700));
	ASSERT_EQ(0, create_in(self->w.in, "unseen"));
	ASSERT_EQ(0, create_in(moved, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, moved, "seen")));
	EXPECT_FALSE(printed_in(&self->w.run, self->w.in, "unseen"));
}

TEST_F(watch, what_another_mount_namespace_does_is_printed_with_the_path_here)
{
	int status;
	pid_t pid;

	WATCH(&self->w);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(self->w.in, self->w.out, NULL, MS_BIND, NULL))
			_exit(1);
		_exit(-create_in(self->w.out, "file"));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "file")));
}

TEST_F(watch, directories_can_be_on_several_file_systems)
{
	char sub[120];

	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	snprintf(sub, sizeof(sub), "%s/sub", self->out_mnt);
	ASSERT_EQ(0, mkdir(sub, 0700));
	WATCH(&self->w, sub);
	ASSERT_EQ(0, create_in(self->out_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->w.out, "unseen"));
	ASSERT_EQ(0, create_in(sub, "seen"));
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, sub, "seen")));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "seen")));
	EXPECT_EQ(NULL, strstr(said(&self->w.run), "unseen"));
}

TEST_F(watch, a_file_system_mounted_below_is_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(&self->w);
	EXPECT_TRUE(says(&self->w.run, "Watching ", self->in_mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(self->in_mnt, "file"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "file")));
}

TEST_F(watch, mounts_that_come_and_go_are_followed)
{
	int i;

	WATCH(&self->w);
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
		ASSERT_TRUE(says_times(&self->w.run, i, "Watching ", self->in_mnt,
				       ", where a tmpfs is mounted."));
		ASSERT_EQ(0, create_in(self->in_mnt, "file"));
		EXPECT_TRUE(says_times(&self->w.run, i, "", self->in_mnt,
				       "/file"));
		/* Being watched keeps nothing mounted. */
		ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
		ASSERT_TRUE(says_times(&self->w.run, i, "No longer watching ",
				       self->in_mnt, ": unmounted."));
	}
	ASSERT_EQ(0, create_in(self->in_mnt, "below"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "below")));
}

TEST_F(watch, with_one_file_system_what_is_mounted_below_is_not_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(&self->w, "--one-file-system");
	ASSERT_EQ(0, create_in(self->in_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "seen")));
	EXPECT_FALSE(printed_in(&self->w.run, self->in_mnt, "unseen"));
}

TEST_F(watch, what_is_mounted_elsewhere_is_not_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	WATCH(&self->w, "--exclude-dir", self->w.out);
	ASSERT_EQ(0, create_in(self->out_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->in_mnt, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "seen")));
	EXPECT_FALSE(printed_in(&self->w.run, self->out_mnt, "unseen"));
}

TEST_F(watch, what_is_mounted_below_an_excluded_directory_is_not_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(&self->w, "--exclude-dir", self->in_mnt);
	ASSERT_EQ(0, create_in(self->in_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "seen")));
	EXPECT_FALSE(printed_in(&self->w.run, self->in_mnt, "unseen"));
}

TEST_F(watch, a_file_system_that_lives_on_elsewhere_is_watched_no_more)
{
	char sub[120];

	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	snprintf(sub, sizeof(sub), "%s/sub", self->out_mnt);
	ASSERT_EQ(0, mkdir(sub, 0700));
	WATCH(&self->w);
	ASSERT_EQ(0, mount(sub, self->in_mnt, NULL, MS_BIND, NULL));
	ASSERT_TRUE(says(&self->w.run, "Watching ", self->in_mnt,
			 ", where a tmpfs is mounted."));
	/* Through whichever mount. */
	ASSERT_EQ(0, create_in(sub, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "seen")));

	ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
	ASSERT_TRUE(says(&self->w.run, "No longer watching ", self->in_mnt,
			 ": unmounted."));
	ASSERT_EQ(0, create_in(sub, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "last"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "last")));
	EXPECT_EQ(NULL, strstr(said(&self->w.run), "unseen"));
}

TEST_F(watch, of_a_file_system_of_which_a_part_was_named_that_part_stays)
{
	char sub[120];

	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	snprintf(sub, sizeof(sub), "%s/sub", self->out_mnt);
	ASSERT_EQ(0, mkdir(sub, 0700));
	WATCH(&self->w, sub);
	/* For as long as it is there, the whole of it. */
	ASSERT_EQ(0, mount(self->out_mnt, self->in_mnt, NULL, MS_BIND, NULL));
	ASSERT_TRUE(says(&self->w.run, "Watching ", self->in_mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(self->out_mnt, "whole"));
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->w.run), "/whole\n")));
	ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
	ASSERT_TRUE(says(&self->w.run, "No longer watching ", self->in_mnt,
			 ": unmounted."));
	ASSERT_EQ(0, create_in(self->out_mnt, "unseen"));
	ASSERT_EQ(0, create_in(sub, "part"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, sub, "part")));
	EXPECT_EQ(NULL, strstr(said(&self->w.run), "unseen"));
}

TEST_F(watch, mounts_below_mounts_are_followed_and_go_with_them)
{
	char mnt[120];

	WATCH(&self->w);
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	snprintf(mnt, sizeof(mnt), "%s/mnt", self->in_mnt);
	ASSERT_EQ(0, mkdir(mnt, 0700));
	ASSERT_EQ(0, mount_tmpfs(mnt));
	ASSERT_TRUE(says(&self->w.run, "Watching ", mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(mnt, "file"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, mnt, "file")));
	ASSERT_EQ(0, umount2(self->in_mnt, MNT_DETACH));
	EXPECT_TRUE(says(&self->w.run, "No longer watching ", mnt,
			 ": unmounted."));
	EXPECT_TRUE(says(&self->w.run, "No longer watching ", self->in_mnt,
			 ": unmounted."));
}

TEST_F(watch, what_is_mounted_over_another_is_watched_beside_it)
{
	WATCH(&self->w);
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	ASSERT_TRUE(says_times(&self->w.run, 1, "Watching ", self->in_mnt,
			       ", where a tmpfs is mounted."));
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	ASSERT_TRUE(says_times(&self->w.run, 2, "Watching ", self->in_mnt,
			       ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(self->in_mnt, "over"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "over")));
	ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
	ASSERT_TRUE(says_times(&self->w.run, 1, "No longer watching ",
			       self->in_mnt, ": unmounted."));
	ASSERT_EQ(0, create_in(self->in_mnt, "under"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "under")));
}

TEST_F(watch, a_mount_that_is_moved_out_is_watched_no_more)
{
	WATCH(&self->w);
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	ASSERT_TRUE(says_times(&self->w.run, 1, "Watching ", self->in_mnt,
			       ", where a tmpfs is mounted."));
	ASSERT_EQ(0, mount(self->in_mnt, self->out_mnt, NULL, MS_MOVE, NULL));
	ASSERT_TRUE(says(&self->w.run, "No longer watching ", self->in_mnt,
			 ": it has been moved."));
	ASSERT_EQ(0, create_in(self->out_mnt, "unseen"));

	ASSERT_EQ(0, mount(self->out_mnt, self->in_mnt, NULL, MS_MOVE, NULL));
	ASSERT_TRUE(says_times(&self->w.run, 2, "Watching ", self->in_mnt,
			       ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(self->in_mnt, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->in_mnt, "seen")));
	EXPECT_EQ(NULL, strstr(said(&self->w.run), "unseen"));
}

TEST_F(watch, a_mount_is_watched_no_more_when_its_directory_is_moved_out)
{
	char deep[120], moved[120], mnt[160];

	snprintf(deep, sizeof(deep), "%s/deep", self->w.in);
	snprintf(moved, sizeof(moved), "%s/deep", self->w.out);
	snprintf(mnt, sizeof(mnt), "%s/mnt", deep);
	ASSERT_EQ(0, mkdir(deep, 0700));
	ASSERT_EQ(0, mkdir(mnt, 0700));
	WATCH(&self->w);
	ASSERT_EQ(0, mount_tmpfs(mnt));
	ASSERT_TRUE(says(&self->w.run, "Watching ", mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, rename(deep, moved));
	/* It is judged when mounts change. */
	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	EXPECT_TRUE(says(&self->w.run, "No longer watching ", mnt,
			 ": it has been moved."));
	snprintf(mnt, sizeof(mnt), "%s/mnt", moved);
	ASSERT_EQ(0, create_in(mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "last"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "last")));
	EXPECT_EQ(NULL, strstr(said(&self->w.run), "unseen"));
	EXPECT_EQ(0, umount(mnt));
}

TEST_F(watch, a_mount_is_judged_by_where_a_renamed_directory_is_now)
{
	char moved[120], mnt[160];

	WATCH(&self->w);
	snprintf(moved, sizeof(moved), "%s/moved", self->w.out);
	ASSERT_EQ(0, rename(self->w.in, moved));
	snprintf(mnt, sizeof(mnt), "%s/mnt", moved);
	ASSERT_EQ(0, mount_tmpfs(mnt));
	EXPECT_TRUE(says(&self->w.run, "Watching ", mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(mnt, "file"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, mnt, "file")));
	EXPECT_EQ(0, umount2(mnt, MNT_DETACH));
	ASSERT_EQ(0, rename(moved, self->w.in));
}

TEST_F(watch, when_its_directory_is_unmounted_it_ends)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH_PATH(&self->w, self->in_mnt);
	ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
	self->w.running = false;
	EXPECT_EQ(1, end(&self->w.run));
	EXPECT_NE(NULL, strstr(self->w.run.text, "nothing is left to watch"));
}

TEST_F(watch, what_can_not_be_watched_is_said_once)
{
	char file[120];

	snprintf(file, sizeof(file), "%s/file", self->w.in);
	ASSERT_EQ(0, fp_create(file));
	ASSERT_EQ(0, mount(self->w.dir.file, file, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, mount("none", self->in_mnt, "proc", 0, NULL));
	WATCH(&self->w);
	EXPECT_TRUE(says(&self->w.run, "Not watching ", file,
			 ": a file from elsewhere is mounted there."));
	EXPECT_TRUE(says(&self->w.run, "Not watching ", self->in_mnt,
			 ", where a proc is mounted: it has no file handles that last."));
	/* Not again when something else is mounted. */
	ASSERT_EQ(0, mount_tmpfs(self->w.in));
	ASSERT_EQ(0, umount(self->w.in));
	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	ASSERT_EQ(0, create_in(self->w.in, "last"));
	ASSERT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, self->w.in, "last")));
	EXPECT_EQ(2, count(said(&self->w.run), "Not watching "));
	EXPECT_EQ(0, umount(self->in_mnt));
	EXPECT_EQ(0, umount(file));
}

TEST_F(watch, of_btrfs_the_top_is_watched_with_its_subvolumes_but_none_alone)
{
	const char *device, *disk = find_disk("btrfs", &device);
	const char *said_text = self->w.run.text;
	char top[80], in_vol[100];
	struct run run;

	if (!disk)
		SKIP(return, "no disk with btrfs");
	snprintf(top, sizeof(top), "%s/watch", disk);
	snprintf(in_vol, sizeof(in_vol), "%s/vol", top);
	ASSERT_EQ(0, mkdir(top, 0700));
	ASSERT_EQ(0, make_subvolume(top, "vol"));
	WATCH(&self->w, top);
	ASSERT_EQ(0, create_in(in_vol, "file"));
	EXPECT_TRUE(FP_WAIT_FOR(printed_in(&self->w.run, in_vol, "file")));

	/* Mounted by itself: below a directory, and as one. */
	ASSERT_EQ(0, mount(device, self->in_mnt, "btrfs", 0,
			   "subvol=watch/vol"));
	EXPECT_TRUE(says(&self->w.run, "Not watching ", self->in_mnt,
			 ", where a btrfs is mounted: fanotify reports no names from a btrfs subvolume; watch the top of the file system, mounted with subvolid=5."));
	said_text = run.text;
	EXPECT_EQ(1, RUN("watch", self->in_mnt));
	SAYS(": cannot watch its file system: fanotify reports no names from a btrfs subvolume; watch the top of");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(0, umount(self->in_mnt));
}

TEST_F(watch, a_file_is_watched_by_its_name)
{
	const char *file = self->w.dir.file;
	char path[120];

	WATCH_PATH(&self->w, file);
	ASSERT_EQ(0, fp_create(self->w.dir.file2));
	ASSERT_EQ(0, create_in(self->w.dir.path, "other"));
	ASSERT_EQ(0, create_in(self->w.in, "file"));
	/* As an editor replaces it. */
	ASSERT_EQ(0, rename(self->w.dir.file2, file));
	PRINTS(&self->w, "RENAME %s -> %s\n", self->w.dir.file2, file);
	ASSERT_EQ(0, unlink(file));
	PRINTS(&self->w, "DELETE %s\n", file);
	ASSERT_EQ(0, fp_create(file));
	PRINTS(&self->w, ": CREATE");
	snprintf(path, sizeof(path), "%s/other", self->w.dir.path);
	PRINTS_NO(&self->w, "%s", path);
	PRINTS_NO(&self->w, "%s/file", self->w.in);
}

TEST_F(watch, a_file_and_a_directory_can_be_watched_together)
{
	WATCH(&self->w, self->w.dir.file);
	ASSERT_EQ(0, create_in(self->w.out, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	ASSERT_EQ(0, chmod(self->w.dir.file, 0640));
	PRINTS(&self->w, "ATTRIB %s\n", self->w.dir.file);
	PRINTS(&self->w, "%s/seen\n", self->w.in);
	PRINTS_NO(&self->w, "unseen");
}

TEST_F(watch, what_can_not_be_excluded_or_watched_is_one_line)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("watch", self->w.in, "--exclude-dir",
			 self->w.dir.file));
	SAYS("/file: cannot mark: Not a directory");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, RUN("watch", "/no/such"));
	SAYS("fanfp: /no/such: No such file or directory\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, RUN("watch", "/proc"));
	SAYS("fanfp: /proc: cannot watch its file system: it has no file handles that last\n");
	EXPECT_EQ(1, lines(run.text));
}

TEST_HARNESS_MAIN
