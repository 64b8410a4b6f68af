// SPDX-License-Identifier: GPL-2.0-only
/*
 * libfanfp: the groups of all processes, and their marks
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"

/* What fn is called with. */
struct calls {
	int count;
	int at;				/* fn says 7 at this one */
	pid_t pid;			/* only groups that it has first */
	int fd;
	struct fanfp_group_entry entry;
	struct fanfp_holder holders[4];
	struct fanfp_mark_info marks[4];
};

static int see_group(const struct fanfp_group_entry *entry, void *ctx)
{
	struct calls *calls = ctx;
	size_t i;

	for (i = 0; i < entry->n_holders; i++) {
		if (entry->holders[i].pid == calls->pid &&
		    entry->holders[i].fd == calls->fd)
			break;
	}
	if (i == entry->n_holders)
		return 0;
	calls->entry = *entry;
	for (i = 0; i < entry->n_holders && i < 4; i++)
		calls->holders[i] = entry->holders[i];
	return ++calls->count == calls->at ? 7 : 0;
}

static int see_mark(const struct fanfp_mark_info *mark, void *ctx)
{
	struct calls *calls = ctx;

	if (calls->count < 4)
		calls->marks[calls->count] = *mark;
	return ++calls->count == calls->at ? 7 : 0;
}

FIXTURE(fanfp_lib_list)
{
	struct fp_dir dir;
	int fd;
	struct calls calls;
};

FIXTURE_SETUP(fanfp_lib_list)
{
	lib_listen();
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->calls = (struct calls){ .pid = getpid(), .fd = self->fd };
}

FIXTURE_TEARDOWN(fanfp_lib_list)
{
	close(self->fd);
	fp_dir_remove(&self->dir);
}

TEST_F(fanfp_lib_list, each_group_is_told_once)
{
	const struct fanfp_group_entry *entry = &self->calls.entry;
	int again = dup(self->fd);

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	EXPECT_EQ(0, fanfp_group__for_each(NULL, see_group, &self->calls));
	EXPECT_EQ(1, self->calls.count);
	EXPECT_EQ(sizeof(*entry), entry->sz);
	EXPECT_EQ(2, entry->n_holders);
	EXPECT_EQ(again, self->calls.holders[1].fd);
	EXPECT_EQ(FAN_CLASS_CONTENT | FAN_CLOEXEC, entry->flags);
	EXPECT_EQ(O_RDWR, entry->event_flags & O_ACCMODE);
	EXPECT_EQ(0, entry->inode_marks);
	EXPECT_EQ(0, entry->mount_marks);
	EXPECT_EQ(1, entry->fs_marks);
	EXPECT_EQ(-ENOENT, entry->err);
	close(again);
}

TEST_F(fanfp_lib_list, what_is_attached_is_told)
{
	const struct fanfp_group_entry *entry = &self->calls.entry;
	struct fanfp_handler *handler;
	struct fanfp_link *link;

	handler = fanfp_handler__open_builtin("subtree", NULL);
	ASSERT_NE(NULL, handler);
	link = fanfp_handler__attach(handler, self->fd, NULL);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(0, fanfp_group__for_each(NULL, see_group, &self->calls));
	EXPECT_EQ(0, entry->err);
	EXPECT_STREQ("subtree", entry->info.handler);
	EXPECT_NE(0, entry->info.id);
	EXPECT_EQ(FAN_FP_F_GROUP_FD, entry->info.flags & FAN_FP_F_GROUP_FD);
	fanfp_link__destroy(link);
	fanfp_handler__close(handler);
}

TEST_F(fanfp_lib_list, it_ends_when_the_function_says_so)
{
	LIBFANFP_OPTS(fanfp_each_opts, opts, .pid = getpid());
	int other = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);

	self->calls.at = 1;
	EXPECT_EQ(7, fanfp_group__for_each(&opts, see_group, &self->calls));
	EXPECT_EQ(1, self->calls.count);
	close(other);
}

TEST_F(fanfp_lib_list, only_one_process_is_looked_into)
{
	LIBFANFP_OPTS(fanfp_each_opts, opts, .pid = 1);

	EXPECT_EQ(0, fanfp_group__for_each(&opts, see_group, &self->calls));
	EXPECT_EQ(0, self->calls.count);
	opts.pid = getpid();
	EXPECT_EQ(0, fanfp_group__for_each(&opts, see_group, &self->calls));
	EXPECT_EQ(1, self->calls.count);
	opts.pid = 999999;
	FAILS(ESRCH, fanfp_group__for_each(&opts, see_group, &self->calls),
	      "process 999999: No such process");
}

static int look_as_nobody(void *ctx)
{
	LIBFANFP_OPTS(fanfp_each_opts, opts);
	unsigned int hidden = 0;

	if (lib_become_nobody())
		return 1;
	opts.hidden = &hidden;
	if (fanfp_group__for_each(&opts, see_group, ctx) || !hidden)
		return 2;
	opts.pid = 1;
	return fanfp_group__for_each(&opts, see_group, ctx) != -EACCES ? 3 : 0;
}

TEST_F(fanfp_lib_list, what_may_not_be_looked_into_is_counted)
{
	EXPECT_EQ(0, fp_in_child(look_as_nobody, &self->calls));
}

TEST_F(fanfp_lib_list, options_of_a_newer_version_are_refused)
{
	struct {
		struct fanfp_each_opts opts;
		long more;
	} newer = { .opts.sz = sizeof(newer), .more = 1 };

	FAILS(EINVAL, fanfp_group__for_each(&newer.opts, see_group, &self->calls),
	      "does not know");
	newer.more = 0;
	EXPECT_EQ(0, fanfp_group__for_each(&newer.opts, see_group, &self->calls));
}

TEST_F(fanfp_lib_list, marks_are_told_one_by_one)
{
	const struct fanfp_mark_info *marks = self->calls.marks;
	struct stat st;
	int i, seen = 0;

	ASSERT_EQ(0, stat(self->dir.file, &st));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_OPEN_PERM, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_MOUNT,
				   FAN_ACCESS, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_IGNORE |
				   FAN_MARK_IGNORED_SURV_MODIFY, FAN_MODIFY,
				   AT_FDCWD, self->dir.file));
	EXPECT_EQ(0, fanfp_mark__for_each(getpid(), self->fd, see_mark,
					  &self->calls));
	ASSERT_EQ(3, self->calls.count);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(sizeof(*marks), marks[i].sz);
		seen |= 1 << marks[i].kind;
		switch (marks[i].kind) {
		case FANFP_MARK_FS:
			EXPECT_EQ(FAN_OPEN | FAN_OPEN_PERM, marks[i].mask);
			EXPECT_EQ(st.st_dev, marks[i].dev);
			break;
		case FANFP_MARK_MOUNT:
			EXPECT_EQ(FAN_ACCESS, marks[i].mask);
			EXPECT_LT(0, marks[i].mount_id);
			break;
		case FANFP_MARK_INODE:
			EXPECT_EQ(0, marks[i].mask);
			EXPECT_EQ(FAN_MODIFY, marks[i].ignored_mask);
			EXPECT_EQ(FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY,
				  marks[i].flags);
			EXPECT_EQ(st.st_dev, marks[i].dev);
			EXPECT_EQ(st.st_ino, marks[i].ino);
			EXPECT_LT(0, marks[i].handle_bytes);
		}
	}
	EXPECT_EQ(7, seen);

	self->calls.count = 0;
	self->calls.at = 2;
	EXPECT_EQ(7, fanfp_mark__for_each(getpid(), self->fd, see_mark,
					  &self->calls));
	EXPECT_EQ(2, self->calls.count);
	FAILS(ENOENT, fanfp_mark__for_each(getpid(), 999, see_mark, &self->calls),
	      "file descriptor 999: No such file or directory");
}

TEST_HARNESS_MAIN
