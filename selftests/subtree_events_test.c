// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler, event type by event type: what places it
 *
 * The table here is the one in the guide: "Where an event is".
 */
#include "kselftest_harness.h"
#include "subtree.h"

#ifndef FAN_REPORT_DFID_NAME_TARGET
#define FAN_REPORT_DFID_NAME_TARGET \
	(FAN_REPORT_DFID_NAME | FAN_REPORT_FID | FAN_REPORT_TARGET_FID)
#endif

/* Two directories, of which the first is a root. */
FIXTURE(placed)
{
	struct fp_dir dir;
	char in[80], out[80];
	struct attached attached;
	int fd;
};

FIXTURE_VARIANT(placed)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(placed, by_name)
{
	.flags = FAN_REPORT_DFID_NAME,
};

FIXTURE_VARIANT_ADD(placed, by_name_and_target)
{
	.flags = FAN_REPORT_DFID_NAME_TARGET,
};

FIXTURE_VARIANT_ADD(placed, by_directory)
{
	.flags = FAN_REPORT_DIR_FID,
};

/* These get no directory, but for events about an entry of one. */
FIXTURE_VARIANT_ADD(placed, by_handle)
{
	.flags = FAN_REPORT_FID,
};

FIXTURE_VARIANT_ADD(placed, by_descriptor)
{
	.flags = FAN_CLASS_NOTIF,
};

static const char *in_dir(const char *dir, const char *name)
{
	static char paths[4][160];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

/* A directory with a file that can be executed, and another directory. */
static int make_tree(const char *dir)
{
	return mkdir(dir, 0700) ?: fp_create(in_dir(dir, "file")) ?:
		mkdir(in_dir(dir, "dir"), 0700) ?:
		chmod(in_dir(dir, "file"), 0700);
}

FIXTURE_SETUP(placed)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir.path);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	self->fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | variant->flags,
				 O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, attach_subtree(&self->attached, self->fd));
}

FIXTURE_TEARDOWN(placed)
{
	detach_subtree(&self->attached);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int do_read(const char *dir)
{
	int fd = open(in_dir(dir, "file"), O_RDWR | O_CLOEXEC);
	char byte = 'x';
	int ret;

	ret = write(fd, &byte, 1) != 1 || pread(fd, &byte, 1, 0) != 1;
	close(fd);
	return ret;
}

static int do_list(const char *dir)
{
	return fp_touch(in_dir(dir, "dir"));
}

static int do_exec(const char *dir)
{
	pid_t pid = fork();
	int status;

	/* It is empty, so that this fails once it is open. */
	if (!pid)
		_exit(execl(in_dir(dir, "file"), "file", NULL) && errno != ENOEXEC);
	return waitpid(pid, &status, 0) != pid || status;
}

static int do_truncate(const char *dir)
{
	return truncate(in_dir(dir, "file"), 5);
}

static int do_chmod(const char *dir)
{
	return chmod(in_dir(dir, "file"), 0711) ?: chmod(in_dir(dir, "dir"), 0711);
}

static int do_create(const char *dir)
{
	return fp_create(in_dir(dir, "new"));
}

static int do_mkdir(const char *dir)
{
	return mkdir(in_dir(dir, "new"), 0700);
}

static int do_symlink(const char *dir)
{
	return symlink("nowhere", in_dir(dir, "new"));
}

static int do_link(const char *dir)
{
	return link(in_dir(dir, "file"), in_dir(dir, "new"));
}

static int do_unlink(const char *dir)
{
	return unlink(in_dir(dir, "file"));
}

static int do_rmdir(const char *dir)
{
	return rmdir(in_dir(dir, "dir"));
}

static int do_rename(const char *dir)
{
	return rename(in_dir(dir, "file"), in_dir(dir, "new"));
}

static int do_rename_dir(const char *dir)
{
	return rename(in_dir(dir, "dir"), in_dir(dir, "new"));
}

/* What a group must report, one of these, to have an event. */
#define ANY_GROUP	0
#define WITH_HANDLES	(FAN_REPORT_FID | FAN_REPORT_DIR_FID)
/* The event says which file, and no more. */
#define WITH_FILES	FAN_REPORT_FID
#define WITH_NAMES	FAN_REPORT_NAME

static const struct {
	const char *what;
	__u64 event;
	int (*act)(const char *dir);
	unsigned int groups;
	/* It comes from outside, too. */
	bool has_no_place;
} table[] = {
	{ "read", FAN_ACCESS, do_read, ANY_GROUP },
	{ "write", FAN_MODIFY, do_read, ANY_GROUP },
	{ "open", FAN_OPEN, do_read, ANY_GROUP },
	{ "open a directory", FAN_OPEN, do_list, ANY_GROUP },
	{ "execute", FAN_OPEN_EXEC, do_exec, ANY_GROUP },
	{ "close", FAN_CLOSE_WRITE, do_read, ANY_GROUP },
	{ "close a directory", FAN_CLOSE_NOWRITE, do_list, ANY_GROUP },
	{ "truncate", FAN_MODIFY, do_truncate, WITH_HANDLES },
	{ "chmod", FAN_ATTRIB, do_chmod, WITH_HANDLES },
	{ "create", FAN_CREATE, do_create, WITH_HANDLES },
	{ "mkdir", FAN_CREATE, do_mkdir, WITH_HANDLES },
	{ "symlink", FAN_CREATE, do_symlink, WITH_HANDLES },
	{ "link", FAN_CREATE, do_link, WITH_HANDLES },
	{ "unlink", FAN_DELETE, do_unlink, WITH_HANDLES },
	{ "rmdir", FAN_DELETE, do_rmdir, WITH_HANDLES },
	{ "rename, from", FAN_MOVED_FROM, do_rename, WITH_HANDLES },
	{ "rename, to", FAN_MOVED_TO, do_rename, WITH_HANDLES },
	{ "rename", FAN_RENAME, do_rename, WITH_NAMES },
	{ "rename, itself", FAN_MOVE_SELF, do_rename, WITH_FILES },
	{ "rename a directory, itself", FAN_MOVE_SELF, do_rename_dir,
	  WITH_HANDLES },
	{ "unlink, the last link", FAN_ATTRIB, do_unlink, WITH_FILES },
	{ "unlink, itself", FAN_DELETE_SELF, do_unlink, WITH_FILES, true },
	{ "rmdir, itself", FAN_DELETE_SELF, do_rmdir, WITH_HANDLES, true },
};

/* How often the event came when it was done in a new @dir; -1 if it can't be. */
static int events_of(int fd, __u64 event, const char *top,
		     int (*act)(const char *dir), const char *dir)
{
	int count;

	if (make_tree(dir) ||
	    fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			  event | FAN_ONDIR, AT_FDCWD, top))
		return -1;
	count = act(dir) ? -2 : fp_count(fd);
	fanotify_mark(fd, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM,
		      event | FAN_ONDIR, AT_FDCWD, top);
	return count;
}

TEST_F(placed, c1009_c1011_each_event_where_the_table_says)
{
	unsigned int i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char in[120], out[120];
		__u64 event = table[i].event;
		int inside, outside;

		if (table[i].groups && !(variant->flags & table[i].groups))
			continue;
		snprintf(in, sizeof(in), "%s/%u", self->in, i);
		snprintf(out, sizeof(out), "%s/%u", self->out, i);
		inside = events_of(self->fd, event, self->dir.path,
				   table[i].act, in);
		outside = events_of(self->fd, event, self->dir.path,
				    table[i].act, out);
		EXPECT_LE(1, inside) {
			TH_LOG("%s: %d inside", table[i].what, inside);
		}
		EXPECT_EQ(table[i].has_no_place, outside > 0) {
			TH_LOG("%s: %d outside", table[i].what, outside);
		}
	}
}

/* Groups with names, and two directories with a file in the first. */
FIXTURE(links)
{
	struct fp_dir dir;
	char in[80], out[80], file[96], other[96];
	struct attached attached;
	int fd;
};

FIXTURE_SETUP(links)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir.path);
	snprintf(self->file, sizeof(self->file), "%s/file", self->in);
	snprintf(self->other, sizeof(self->other), "%s/other", self->out);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	ASSERT_EQ(0, fp_create(self->file));
	self->fd = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_FID |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, attach_subtree(&self->attached, self->fd));
}

FIXTURE_TEARDOWN(links)
{
	detach_subtree(&self->attached);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int watch(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			     mask | FAN_ONDIR, AT_FDCWD, path);
}

TEST_F(links, c1011_a_hard_link_is_judged_by_the_name_that_is_used)
{
	ASSERT_EQ(0, link(self->file, self->other));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN | FAN_ATTRIB, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->other));
	ASSERT_EQ(0, chmod(self->other, 0600));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, chmod(self->file, 0600));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(links, c1009_c1011_the_link_count_of_a_file_with_several_names_has_no_place)
{
	ASSERT_EQ(0, link(self->file, self->other));
	ASSERT_EQ(0, watch(self->fd, FAN_ATTRIB, self->dir.path));
	ASSERT_EQ(0, unlink(self->other));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, unlink(self->file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(links, c1011_what_moved_itself_is_where_it_is_now)
{
	ASSERT_EQ(0, watch(self->fd, FAN_MOVE_SELF, self->dir.path));
	ASSERT_EQ(0, rename(self->file, self->other));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, rename(self->other, self->file));
	EXPECT_EQ(1, fp_count(self->fd));
	/* The root is its own place. */
	ASSERT_EQ(0, rename(self->in, in_dir(self->out, "in")));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(in_dir(self->out, "in"), self->in));
}

TEST_F(links, c1006_an_exchange_over_the_border_is_seen_both_ways)
{
	ASSERT_EQ(0, fp_create(self->other));
	ASSERT_EQ(0, watch(self->fd, FAN_MOVED_FROM | FAN_MOVED_TO | FAN_RENAME,
			   self->dir.path));
	ASSERT_EQ(0, syscall(SYS_renameat2, AT_FDCWD, self->file, AT_FDCWD,
			     self->other, 1 << 1 /* RENAME_EXCHANGE */));
	/* Two renames; what left and what came has the same name, so is one. */
	EXPECT_EQ(3, fp_count(self->fd));
}

TEST_F(links, c1011_a_file_without_a_name_is_in_the_directory_that_it_was_made_in)
{
	int in, out;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN | FAN_CLOSE_WRITE,
			   self->dir.path));
	in = open(self->in, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ASSERT_LE(0, in);
	EXPECT_EQ(1, fp_count(self->fd));
	out = open(self->out, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ASSERT_LE(0, out);
	EXPECT_EQ(0, fp_count(self->fd));
	close(in);
	close(out);
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(links, c1011_a_file_that_is_open_is_where_its_name_is_or_was)
{
	int fd = open(self->file, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, watch(self->fd, FAN_MODIFY, self->dir.path));
	ASSERT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(self->file, self->other));
	ASSERT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, rename(self->other, self->file));
	ASSERT_EQ(0, unlink(self->file));
	ASSERT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(1, fp_count(self->fd));
	close(fd);
}

TEST_F(links, c1011_a_directory_that_is_deleted_and_open_is_where_it_was)
{
	const char *const dirs[] = { self->in, self->out };
	char path[64];
	int i;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN | FAN_ATTRIB, self->dir.path));
	for (i = 0; i < 2; i++) {
		const char *dir = in_dir(dirs[i], "dir");
		int fd;

		ASSERT_EQ(0, mkdir(dir, 0700));
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, rmdir(dir));
		fp_count(self->fd);
		ASSERT_EQ(0, fchmod(fd, 0711));
		EXPECT_EQ(!i, fp_count(self->fd));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ASSERT_EQ(0, fp_touch(path));
		EXPECT_EQ(!i, fp_count(self->fd));
		close(fd);
	}
}

TEST_F(links, c1004_what_takes_the_place_of_a_root_is_none)
{
	char empty[96];

	ASSERT_EQ(0, unlink(self->file));
	snprintf(empty, sizeof(empty), "%s/empty", self->dir.path);
	ASSERT_EQ(0, mkdir(empty, 0700));
	ASSERT_EQ(0, rename(empty, self->in));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_create(self->file));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_touch(self->file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(links, c1007_another_mount_namespace_makes_no_difference)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(self->in, self->out, NULL, MS_BIND, NULL))
			_exit(1);
		_exit(-fp_touch(in_dir(self->out, "file")));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(1, fp_count(self->fd));
}

/* Act in a child and answer for @fd; returns if it was asked, -1 if that failed. */
static int is_asked(int fd, int (*act)(const char *dir), const char *dir)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response;
	bool asked = false;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(!!act(dir));
	while (!waitpid(pid, &status, WNOHANG)) {
		if (read(fd, &event, sizeof(event)) != sizeof(event))
			continue;
		asked = true;
		response.fd = event.fd;
		response.response = FAN_ALLOW;
		if (write(fd, &response, sizeof(response)) < 0)
			break;
		close(event.fd);
	}
	return status ? -1 : asked;
}

TEST_F(links, c1002_c1003_c1011_userspace_is_asked_about_what_is_below_alone)
{
	static const struct {
		__u64 event;
		int (*act)(const char *dir);
	} asks[] = {
		{ FAN_OPEN_PERM, do_read },
		{ FAN_OPEN_PERM | FAN_ONDIR, do_list },
		{ FAN_ACCESS_PERM, do_read },
		{ FAN_OPEN_EXEC_PERM, do_exec },
	};
	struct attached attached;
	char in[120], out[120];
	unsigned int i;
	int fd;

	snprintf(in, sizeof(in), "%s/tree", self->in);
	snprintf(out, sizeof(out), "%s/tree", self->out);
	ASSERT_EQ(0, make_tree(in));
	ASSERT_EQ(0, make_tree(out));
	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
			   O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fp_include(fd, self->in));
	ASSERT_EQ(0, attach_subtree(&attached, fd));
	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD |
					   FAN_MARK_FILESYSTEM, asks[i].event,
					   AT_FDCWD, self->dir.path));
		EXPECT_EQ(1, is_asked(fd, asks[i].act, in));
		EXPECT_EQ(0, is_asked(fd, asks[i].act, out));
		ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_FLUSH |
					   FAN_MARK_FILESYSTEM, 0, AT_FDCWD,
					   self->dir.path));
	}
	detach_subtree(&attached);
	close(fd);
}

TEST_HARNESS_MAIN
