// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_fanotify_ancestors() and bpf_fanotify_marks()
 */
#include <signal.h>
#include <sys/sysmacros.h>

#include "kselftest_harness.h"
#include "common.h"

#include "ancestors.skel.h"

#define DEPTH	20

FIXTURE(ancestors)
{
	struct fp_dir dir;
	struct ancestors *skel;
	struct ancestors__bss *seen;
	struct bpf_link *link;
	int fd;
	/* The file system's root, and each directory in the last. */
	char dirs[DEPTH + 1][160];
	char file[200];
};

/* Make @dirs below @top, each in the last. */
static int make_dirs(const char *top, char (*dirs)[160])
{
	int i;

	snprintf(dirs[0], sizeof(dirs[0]), "%s", top);
	for (i = 1; i <= DEPTH; i++) {
		snprintf(dirs[i], sizeof(dirs[i]), "%.150s/%d", dirs[i - 1], i);
		if (mkdir(dirs[i], 0700))
			return -errno;
	}
	return 0;
}

FIXTURE_SETUP(ancestors)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, make_dirs(self->dir.path, self->dirs));
	snprintf(self->file, sizeof(self->file), "%s/file", self->dirs[DEPTH]);
	ASSERT_EQ(0, fp_create(self->file));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = ancestors__open_and_load();
	ASSERT_NE(NULL, self->skel);
	self->link = bpf_map__attach_struct_ops(self->skel->maps.ops_ancestors);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "ancestors", NULL, 0));
	self->seen = self->skel->bss;
	self->seen->size = sizeof(self->seen->list);
	self->seen->marks_size = sizeof(self->seen->marks);
}

FIXTURE_TEARDOWN(ancestors)
{
	close(self->fd);
	bpf_link__destroy(self->link);
	ancestors__destroy(self->skel);
	fp_dir_remove(&self->dir);
}

static int watch(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask,
			     AT_FDCWD, path);
}

/* Whether an entry is the directory at @path, by all that it says. */
static bool is_dir_at(const struct fanotify_fastpath_ancestor *entry,
		      const char *path)
{
	struct {
		struct file_handle handle;
		/* tmpfs: generation, inode number in two parts. */
		__u32 fid[4];
	} fh = { .handle.handle_bytes = sizeof(fh.fid) };
	struct stat st;
	int mount_id;

	if (stat(path, &st) ||
	    name_to_handle_at(AT_FDCWD, path, &fh.handle, &mount_id, 0))
		return false;
	return entry->ino == st.st_ino && entry->generation == fh.fid[0] &&
		entry->dev == st.st_dev;
}

TEST_F(ancestors, c907_all_directories_up_to_the_root_nearest_first)
{
	int i;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->file));
	ASSERT_EQ(DEPTH + 1, self->seen->total);
	for (i = 0; i <= DEPTH; i++)
		EXPECT_TRUE(is_dir_at(&self->seen->list[i],
				      self->dirs[DEPTH - i])) {
			TH_LOG("entry %d", i);
		}
	EXPECT_EQ(0, self->seen->list[DEPTH + 1].ino);
}

TEST_F(ancestors, c907_a_directory_is_in_its_own_list)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dirs[2]));
	ASSERT_EQ(3, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[2]));
	EXPECT_TRUE(is_dir_at(&self->seen->list[1], self->dirs[1]));
	EXPECT_TRUE(is_dir_at(&self->seen->list[2], self->dirs[0]));

	self->seen->place = FAN_FP_PLACE_DIR;
	ASSERT_EQ(0, fp_touch(self->dirs[2]));
	ASSERT_EQ(2, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[1]));
}

TEST_F(ancestors, c907_the_root_has_itself_only)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dirs[0]));
	ASSERT_EQ(1, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[0]));
}

TEST_F(ancestors, c907_a_small_buffer_gets_the_nearest_and_the_number_of_all)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	self->seen->size = 3 * sizeof(self->seen->list[0]);
	self->seen->list[3].ino = 77;
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(DEPTH + 1, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[DEPTH]));
	EXPECT_TRUE(is_dir_at(&self->seen->list[2], self->dirs[DEPTH - 2]));
	EXPECT_EQ(77, self->seen->list[3].ino);
}

TEST_F(ancestors, c907_a_bad_size_and_a_bad_place_are_refused)
{
	const __u32 sizes[] = { 0, 8, 17 };
	int i;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	for (i = 0; i < 3; i++) {
		self->seen->size = sizes[i];
		ASSERT_EQ(0, fp_touch(self->file));
		EXPECT_EQ(-EINVAL, self->seen->total);
	}
	self->seen->size = sizeof(self->seen->list);
	self->seen->place = FAN_FP_PLACE_NEW_DIR + 1;
	self->seen->total = 0;
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(-EINVAL, self->seen->total);
	EXPECT_EQ(0, fp_counter("ancestors", "unplaced"));
}

TEST_F(ancestors, c907_a_rename_of_a_directory_in_the_middle_is_seen)
{
	char moved[200], file[240];

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(DEPTH + 1, self->seen->total);

	/* Of root/1/.../20, 15 moves up to the root: 15 to 20 and the root. */
	snprintf(moved, sizeof(moved), "%s/moved", self->dir.path);
	ASSERT_EQ(0, rename(self->dirs[15], moved));
	snprintf(file, sizeof(file), "%s/16/17/18/19/20/file", moved);
	ASSERT_EQ(0, fp_touch(file));
	ASSERT_EQ(7, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[5], moved));
	EXPECT_TRUE(is_dir_at(&self->seen->list[6], self->dirs[0]));
}

/* root/top/high/d/d/.../d/low, so deep that renames overtake a walk. */
#define VERY_DEEP	10000

struct deep {
	int root;
	int top;
	/* The last d, and low. */
	int last;
	int low;
};

static int make_and_open(int dir, const char *name)
{
	if (mkdirat(dir, name, 0700))
		return -errno;
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int make_deep(const char *path, struct deep *deep)
{
	int i;

	deep->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	deep->top = make_and_open(deep->root, "top");
	deep->last = make_and_open(deep->top, "high");
	for (i = 0; i < VERY_DEEP; i++) {
		int next = make_and_open(deep->last, "d");

		close(deep->last);
		deep->last = next;
	}
	deep->low = make_and_open(deep->last, "low");
	return openat(deep->low, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/*
 * For ever: low goes up to the root and, while it is there, so does high; then
 * high comes back, then low. So low is never below a high that is up there.
 */
static void move_about(const struct deep *deep)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!renameat(deep->last, "low", deep->root, "low") &&
	       !renameat(deep->top, "high", deep->root, "high") &&
	       !renameat(deep->root, "high", deep->top, "high") &&
	       !renameat(deep->root, "low", deep->last, "low"))
		;
	_exit(1);
}

TEST_F_TIMEOUT(ancestors, c907_c913_a_list_is_of_one_moment_between_renames, 120)
{
	int fd, up = 0, down = 0, marked;
	char path[200];
	struct deep deep;
	pid_t pid;

	fd = make_deep(self->dir.path, &deep);
	ASSERT_LE(0, fd);
	close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", deep.low);
	ASSERT_EQ(0, fp_include(self->fd, path));
	snprintf(path, sizeof(path), "%s/top/high", self->dir.path);
	ASSERT_EQ(0, fp_include(self->fd, path));
	snprintf(path, sizeof(path), "%s/top", self->dir.path);
	ASSERT_EQ(0, fp_include(self->fd, path));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		move_about(&deep);

	/* The harness ends it if one of them never comes. */
	while (up < 300 || down < 300) {
		fd = openat(deep.low, "file", O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		close(fd);
		if (self->seen->total == VERY_DEEP + 4)
			down++;
		else if (self->seen->total == 2)
			up++;
		else
			break;
		/* Low alone, or with high and top. */
		marked = self->seen->marks_total;
		if (marked != 1 && marked != 3)
			break;
	}
	EXPECT_TRUE(up >= 300 && down >= 300) {
		TH_LOG("a list of %d, with %d marks", self->seen->total,
		       self->seen->marks_total);
	}
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_F(ancestors, c907_a_rename_has_an_old_and_a_new_directory)
{
	char moved[200];

	ASSERT_EQ(0, watch(self->fd, FAN_RENAME, self->dir.path));
	snprintf(moved, sizeof(moved), "%s/moved", self->dirs[1]);
	self->seen->place = FAN_FP_PLACE_DIR;
	ASSERT_EQ(0, rename(self->file, moved));
	ASSERT_EQ(DEPTH + 1, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[DEPTH]));

	self->seen->place = FAN_FP_PLACE_NEW_DIR;
	ASSERT_EQ(0, rename(moved, self->file));
	ASSERT_EQ(DEPTH + 1, self->seen->total);
	ASSERT_EQ(0, rename(self->file, moved));
	ASSERT_EQ(2, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[1]));
}

TEST_F(ancestors, c907_a_bind_mount_does_not_shorten_the_list)
{
	char bind[80], file[120];

	snprintf(bind, sizeof(bind), "%s/bind", self->dir.path);
	snprintf(file, sizeof(file), "%s/16/17/18/19/20/file", bind);
	ASSERT_EQ(0, mkdir(bind, 0700));
	ASSERT_EQ(0, mount(self->dirs[15], bind, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	EXPECT_EQ(0, fp_touch(file));
	EXPECT_EQ(DEPTH + 1, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[DEPTH - 15], self->dirs[15]));
	EXPECT_TRUE(is_dir_at(&self->seen->list[DEPTH], self->dirs[0]));
	EXPECT_EQ(0, umount2(bind, MNT_DETACH));
}

TEST_F(ancestors, c907_c1009_what_cannot_be_placed_is_counted)
{
	ASSERT_EQ(0, watch(self->fd, FAN_DELETE_SELF | FAN_ONDIR,
			   self->dir.path));
	ASSERT_EQ(0, unlink(self->file) ?: rmdir(self->dirs[DEPTH]));
	EXPECT_EQ(-ESTALE, self->seen->total);
	EXPECT_LE(1, fp_counter("ancestors", "unplaced"));
}

TEST_F(ancestors, c907_a_deleted_directory_is_listed_once)
{
	struct stat st;

	ASSERT_EQ(0, watch(self->fd, FAN_DELETE | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, unlink(self->file) ?: stat(self->dirs[DEPTH], &st));
	ASSERT_EQ(0, rmdir(self->dirs[DEPTH]));
	ASSERT_EQ(DEPTH + 1, self->seen->total);
	EXPECT_EQ(st.st_ino, self->seen->list[0].ino);
	EXPECT_TRUE(is_dir_at(&self->seen->list[1], self->dirs[DEPTH - 1]));

	/* By the directory that the event names. */
	self->seen->place = FAN_FP_PLACE_DIR;
	ASSERT_EQ(0, rmdir(self->dirs[DEPTH - 1]));
	ASSERT_EQ(DEPTH - 1, self->seen->total);
	EXPECT_TRUE(is_dir_at(&self->seen->list[0], self->dirs[DEPTH - 2]));
}

TEST_F(ancestors, c913_all_marked_directories_nearest_first)
{
	struct fanotify_fastpath_mark *marks = self->seen->marks;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(0, self->seen->marks_total);

	ASSERT_EQ(0, fp_include(self->fd, self->dirs[DEPTH]));
	ASSERT_EQ(0, fp_exclude(self->fd, self->dirs[5]));
	ASSERT_EQ(0, fp_include(self->fd, self->dirs[0]));
	ASSERT_EQ(0, fp_touch(self->file));
	ASSERT_EQ(3, self->seen->marks_total);
	EXPECT_TRUE(is_dir_at(&marks[0].dir, self->dirs[DEPTH]));
	EXPECT_EQ(1, marks[0].depth);
	EXPECT_EQ(FAN_ONDIR, marks[0].mask);
	EXPECT_EQ(0, marks[0].ignore_mask);
	EXPECT_TRUE(is_dir_at(&marks[1].dir, self->dirs[5]));
	EXPECT_EQ(DEPTH - 5 + 1, marks[1].depth);
	EXPECT_EQ(0, marks[1].mask);
	EXPECT_EQ(FAN_ONDIR, marks[1].ignore_mask);
	EXPECT_TRUE(is_dir_at(&marks[2].dir, self->dirs[0]));
	EXPECT_EQ(DEPTH + 1, marks[2].depth);
	EXPECT_EQ(1, self->seen->nearest_found);
	EXPECT_EQ(0, memcmp(&marks[0], &self->seen->nearest, sizeof(marks[0])));
}

TEST_F(ancestors, c913_c1004_marks_that_do_not_count_are_not_listed)
{
	int other = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_include(other, self->dirs[1]));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR |
				   FAN_MARK_EVICTABLE, FAN_ONDIR, AT_FDCWD,
				   self->dirs[2]));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD, FAN_ATTRIB, AT_FDCWD,
				   self->file));
	ASSERT_EQ(0, fp_include(self->fd, self->dirs[3]));
	ASSERT_EQ(0, fp_touch(self->file));
	ASSERT_EQ(1, self->seen->marks_total);
	EXPECT_TRUE(is_dir_at(&self->seen->marks[0].dir, self->dirs[3]));
	close(other);
}

TEST_F(ancestors, c913_a_small_buffer_gets_the_nearest_marks_and_the_number_of_all)
{
	struct fanotify_fastpath_mark *marks = self->seen->marks;
	int i;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	for (i = 0; i <= DEPTH; i++)
		ASSERT_EQ(0, fp_include(self->fd, self->dirs[i]));
	self->seen->marks_size = 2 * sizeof(marks[0]);
	marks[2].dir.ino = 77;
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(DEPTH + 1, self->seen->marks_total);
	EXPECT_TRUE(is_dir_at(&marks[0].dir, self->dirs[DEPTH]));
	EXPECT_TRUE(is_dir_at(&marks[1].dir, self->dirs[DEPTH - 1]));
	EXPECT_EQ(77, marks[2].dir.ino);
}

TEST_F(ancestors, c913_a_bad_size_and_a_bad_place_for_marks_are_refused)
{
	const __u32 sizes[] = { 0, 16, 33 };
	int i;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	for (i = 0; i < 3; i++) {
		self->seen->marks_size = sizes[i];
		ASSERT_EQ(0, fp_touch(self->file));
		EXPECT_EQ(-EINVAL, self->seen->marks_total);
	}
	self->seen->marks_size = sizeof(self->seen->marks);
	self->seen->place = FAN_FP_PLACE_NEW_DIR + 1;
	self->seen->marks_total = 0;
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(-EINVAL, self->seen->marks_total);
}

TEST_F(ancestors, c913_a_directory_that_an_event_names_is_listed_once)
{
	ASSERT_EQ(0, watch(self->fd, FAN_DELETE, self->dir.path));
	ASSERT_EQ(0, fp_include(self->fd, self->dirs[0]));
	ASSERT_EQ(0, fp_include(self->fd, self->dirs[DEPTH]));
	ASSERT_EQ(0, unlink(self->file));
	ASSERT_EQ(2, self->seen->marks_total);
	EXPECT_TRUE(is_dir_at(&self->seen->marks[0].dir, self->dirs[DEPTH]));
	EXPECT_TRUE(is_dir_at(&self->seen->marks[1].dir, self->dirs[0]));
}

TEST_F(ancestors, c913_c1009_without_a_place_there_is_no_list_of_marks)
{
	ASSERT_EQ(0, watch(self->fd, FAN_DELETE_SELF | FAN_ONDIR,
			   self->dir.path));
	ASSERT_EQ(0, fp_include(self->fd, self->dirs[0]));
	ASSERT_EQ(0, unlink(self->file) ?: rmdir(self->dirs[DEPTH]));
	EXPECT_EQ(-ESTALE, self->seen->marks_total);
}

TEST_HARNESS_MAIN
