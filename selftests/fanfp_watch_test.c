// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch, as a user sees it: which directories, and which file systems
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"

#define FANFP		"/usr/sbin/fanfp"

#define RUN(...) TOOL(FANFP, __VA_ARGS__)

/* Start watching, and wait until it is ready. */
#define WATCH(_dir, ...) ({						\
	char _ready[200];						\
									\
	snprintf(_ready, sizeof(_ready), "Watching %s.\n", _dir);	\
	start(&self->run, FANFP, "watch", ##__VA_ARGS__, _dir, NULL);	\
	self->running = true;						\
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->run), _ready)));	\
})

FIXTURE(watch)
{
	struct fp_dir dir;
	struct run run;
	bool running;
	/* dir.path/{in,out}, and a place to mount in each. */
	char in[80], out[80], in_mnt[96], out_mnt[96];
};

FIXTURE_SETUP(watch)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir.path);
	snprintf(self->in_mnt, sizeof(self->in_mnt), "%s/mnt", self->in);
	snprintf(self->out_mnt, sizeof(self->out_mnt), "%s/mnt", self->out);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	ASSERT_EQ(0, mkdir(self->in_mnt, 0700));
	ASSERT_EQ(0, mkdir(self->out_mnt, 0700));
}

FIXTURE_TEARDOWN(watch)
{
	if (self->running)
		EXPECT_EQ(0, stop(&self->run, SIGINT));
	umount2(self->in_mnt, MNT_DETACH);
	umount2(self->out_mnt, MNT_DETACH);
	fp_dir_remove(&self->dir);
}

static int create_in(const char *dir, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fp_create(path);
}

/* Whether the creation of a file is, or has been, printed. */
static bool printed(struct run *run, const char *dir, const char *name)
{
	char line[240];

	snprintf(line, sizeof(line), "%s/%s\n", dir, name);
	return strstr(said(run), line);
}

static int count(const char *text, const char *line)
{
	int found = 0;

	while ((text = strstr(text, line))) {
		found++;
		text += strlen(line);
	}
	return found;
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
	const char *said_text = self->run.text;

	WATCH(self->in);
	snprintf(path, sizeof(path), "%s/a", self->out);
	ASSERT_EQ(0, fp_create(path));
	snprintf(moved, sizeof(moved), "%s/b", self->in);
	ASSERT_EQ(0, rename(path, moved));
	snprintf(path, sizeof(path), "%s/deep", self->in);
	ASSERT_EQ(0, mkdir(path, 0700));
	snprintf(path, sizeof(path), "%s/deep/new\nline", self->in);
	ASSERT_EQ(0, fp_create(path));
	ASSERT_EQ(0, unlink(moved));
	snprintf(line, sizeof(line), "DELETE %s\n", moved);
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->run), line)));

	snprintf(line, sizeof(line), "RENAME %s/a -> %s/b\n", self->out,
		 self->in);
	SAYS(line);
	snprintf(line, sizeof(line), "CREATE,ISDIR %s/deep\n", self->in);
	SAYS(line);
	snprintf(line, sizeof(line), "%s/deep/new\\012line\n", self->in);
	SAYS(line);
	snprintf(line, sizeof(line), "CREATE %s/a\n", self->out);
	EXPECT_EQ(NULL, strstr(said_text, line));
}

TEST_F(watch, what_is_below_an_excluded_directory_is_not_printed)
{
	char out[120], again[160];

	snprintf(out, sizeof(out), "%s/out", self->in);
	snprintf(again, sizeof(again), "%s/again", out);
	ASSERT_EQ(0, mkdir(out, 0700));
	ASSERT_EQ(0, mkdir(again, 0700));
	WATCH(self->in, "--exclude-dir", out, again);
	ASSERT_EQ(0, create_in(out, "unseen"));
	ASSERT_EQ(0, create_in(again, "seen"));
	ASSERT_EQ(0, create_in(self->in, "last"));
	ASSERT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in, "last")));
	EXPECT_TRUE(printed(&self->run, again, "seen"));
	EXPECT_FALSE(printed(&self->run, out, "unseen"));
}

TEST_F(watch, a_file_system_mounted_below_is_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(self->in);
	EXPECT_TRUE(says(&self->run, "Watching ", self->in_mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(self->in_mnt, "file"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in_mnt, "file")));
}

TEST_F(watch, mounts_that_come_and_go_are_followed)
{
	int i;

	WATCH(self->in);
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
		ASSERT_TRUE(says_times(&self->run, i, "Watching ", self->in_mnt,
				       ", where a tmpfs is mounted."));
		ASSERT_EQ(0, create_in(self->in_mnt, "file"));
		EXPECT_TRUE(says_times(&self->run, i, "", self->in_mnt,
				       "/file"));
		/* Being watched keeps nothing mounted. */
		ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
		ASSERT_TRUE(says_times(&self->run, i, "No longer watching ",
				       self->in_mnt, ": unmounted."));
	}
	ASSERT_EQ(0, create_in(self->in_mnt, "below"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in_mnt, "below")));
}

TEST_F(watch, with_one_file_system_what_is_mounted_below_is_not_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(self->in, "--one-file-system");
	ASSERT_EQ(0, create_in(self->in_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->in, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in, "seen")));
	EXPECT_FALSE(printed(&self->run, self->in_mnt, "unseen"));
}

TEST_F(watch, what_is_mounted_elsewhere_is_not_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	WATCH(self->in, "--exclude-dir", self->out);
	ASSERT_EQ(0, create_in(self->out_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->in_mnt, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in_mnt, "seen")));
	EXPECT_FALSE(printed(&self->run, self->out_mnt, "unseen"));
}

TEST_F(watch, what_is_mounted_below_an_excluded_directory_is_not_watched)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(self->in, "--exclude-dir", self->in_mnt);
	ASSERT_EQ(0, create_in(self->in_mnt, "unseen"));
	ASSERT_EQ(0, create_in(self->in, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in, "seen")));
	EXPECT_FALSE(printed(&self->run, self->in_mnt, "unseen"));
}

TEST_F(watch, a_file_system_that_lives_on_elsewhere_is_watched_no_more)
{
	char sub[120];

	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	snprintf(sub, sizeof(sub), "%s/sub", self->out_mnt);
	ASSERT_EQ(0, mkdir(sub, 0700));
	WATCH(self->in);
	ASSERT_EQ(0, mount(sub, self->in_mnt, NULL, MS_BIND, NULL));
	ASSERT_TRUE(says(&self->run, "Watching ", self->in_mnt,
			 ", where a tmpfs is mounted."));
	/* Through whichever mount. */
	ASSERT_EQ(0, create_in(sub, "seen"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in_mnt, "seen")));

	ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
	ASSERT_TRUE(says(&self->run, "No longer watching ", self->in_mnt,
			 ": unmounted."));
	ASSERT_EQ(0, create_in(sub, "unseen"));
	ASSERT_EQ(0, create_in(self->in, "last"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in, "last")));
	EXPECT_EQ(NULL, strstr(said(&self->run), "unseen"));
}

TEST_F(watch, a_mount_is_judged_by_where_a_renamed_directory_is_now)
{
	char moved[120], mnt[160];

	WATCH(self->in);
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->in, moved));
	snprintf(mnt, sizeof(mnt), "%s/mnt", moved);
	ASSERT_EQ(0, mount_tmpfs(mnt));
	EXPECT_TRUE(says(&self->run, "Watching ", mnt,
			 ", where a tmpfs is mounted."));
	ASSERT_EQ(0, create_in(mnt, "file"));
	EXPECT_TRUE(FP_WAIT_FOR(printed(&self->run, mnt, "file")));
	EXPECT_EQ(0, umount2(mnt, MNT_DETACH));
	ASSERT_EQ(0, rename(moved, self->in));
}

TEST_F(watch, when_its_directory_is_unmounted_it_ends)
{
	ASSERT_EQ(0, mount_tmpfs(self->in_mnt));
	WATCH(self->in_mnt);
	ASSERT_TRUE(FP_WAIT_FOR(!umount(self->in_mnt)));
	self->running = false;
	EXPECT_EQ(1, end(&self->run));
	EXPECT_NE(NULL, strstr(self->run.text, "nothing is left to watch"));
}

TEST_F(watch, what_can_not_be_watched_is_said_once)
{
	ASSERT_EQ(0, mount("none", self->in_mnt, "proc", 0, NULL));
	WATCH(self->in);
	EXPECT_TRUE(says(&self->run, "Not watching ", self->in_mnt,
			 ", where a proc is mounted: it has no file handles that last."));
	/* Not again when something else is mounted. */
	ASSERT_EQ(0, mount_tmpfs(self->in));
	ASSERT_EQ(0, umount(self->in));
	ASSERT_EQ(0, mount_tmpfs(self->out_mnt));
	ASSERT_EQ(0, create_in(self->in, "last"));
	ASSERT_TRUE(FP_WAIT_FOR(printed(&self->run, self->in, "last")));
	EXPECT_EQ(1, count(said(&self->run), "Not watching "));
	EXPECT_EQ(0, umount(self->in_mnt));
}

TEST_F(watch, something_that_is_no_directory_is_one_line)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("watch", self->dir.file));
	SAYS("/file: cannot mark: Not a directory");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, RUN("watch", "/no/such"));
	SAYS("fanfp: /no/such: cannot mark: No such file or directory");
	EXPECT_EQ(1, lines(run.text));
}

TEST_HARNESS_MAIN
