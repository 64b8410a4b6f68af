// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rule lists: each kind of condition, with what holds and what does not
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"
#include "lib_rules.h"

#include <sys/prctl.h>
#include <sys/sendfile.h>

#define CGROUP	"/tmp/fp.cgroup"

/* A group that gets opens and closes of a file system of its own, and its rules. */
FIXTURE(rules)
{
	struct fp_dir dir;
	int fd;
	struct fanfp_link *link;
};

FIXTURE_SETUP(rules)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_RENAME | FAN_ONDIR, AT_FDCWD,
				   self->dir.path));
	self->link = attach_rules(self->fd, "default skip\n");
	ASSERT_NE(NULL, self->link) {
		TH_LOG("%s", fanfp_last_error());
	}
}

FIXTURE_TEARDOWN(rules)
{
	fanfp_link__destroy(self->link);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

/* The path of something in the test's directory; two at a time. */
static const char *in(const struct fp_dir *dir, const char *name)
{
	static char paths[2][400];
	static int next;
	char *path = paths[next++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir->path, name);
	return path;
}

/* Whether opening @path is reported. */
static bool is_sent(int fd, const char *path)
{
	int count;

	fp_count(fd);
	if (fp_touch(path)) {
		printf("# %s: %s\n", path, strerror(errno));
		return false;
	}
	count = fp_count(fd);
	return count;
}

#define SENT(_name)	EXPECT_TRUE(is_sent(self->fd, in(&self->dir, _name)))
#define SKIPPED(_name)	EXPECT_FALSE(is_sent(self->fd, in(&self->dir, _name)))
#define MAKE(_name)	ASSERT_EQ(0, fp_create(in(&self->dir, _name)))
#define MKDIR(_name)	ASSERT_EQ(0, mkdir(in(&self->dir, _name), 0755))
#define UPDATE(...)	ASSERT_EQ(0, update_rulesf(self->link, __VA_ARGS__)) { \
				TH_LOG("%s", fanfp_last_error());	\
			}

TEST_F(rules, first_match_decides_and_the_default_for_the_rest)
{
	MAKE("a");
	MAKE("b");
	MAKE("c");
	UPDATE("skip name=a\n"
	       "send name=a,b   # not for a\n"
	       "default skip\n");
	SKIPPED("a");
	SENT("b");
	SKIPPED("c");
	UPDATE("skip name=a\n");
	SKIPPED("a");
	SENT("b");
	UPDATE("skip\n"
	       "send name=a\n");
	SKIPPED("a");
	UPDATE("# nothing\n");
	SENT("a");
	/* All conditions of a rule must hold, any value of each. */
	UPDATE("send name=a,b event=open !name=b\n"
	       "default skip\n");
	SENT("a");
	SKIPPED("b");
}

TEST_F(rules, name_is_a_pattern)
{
	const struct {
		const char *pattern, *fits, *does_not;
	} cases[] = {
		{ "file", "file", "file2" },
		{ "*", "file", NULL },
		{ "f*", "file", "a" },
		{ "*.c", "a.c", "a.cc" },
		{ "*.c", ".c", "c" },
		{ "*a*b*", "xxaxxbxx", "xxbxxaxx" },
		{ "*ab", "aab", "aba" },
		{ "?", "a", "ab" },
		{ "a?c", "abc", "ac" },
		{ "[a-c]x", "bx", "dx" },
		{ "[!a-c]x", "dx", "bx" },
		{ "[^a]x", "bx", "ax" },
		{ "[]x]", "]", "y" },
		{ "[[:digit:]]", "7", "x" },
		{ "\\*", "*", "x" },
		{ "\"a b\"", "a b", "a" },
		{ "\"a,b\"", "a,b", "a" },
		{ "\"\\x41\\n\\\"\"", "A\n\"", "A" },
		{ "\"#x\"", "#x", "x" },
		{ "a#x", "a#x", "a" },
		{ "\xff?", "\xff\xfe", "\xff" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		MAKE(cases[i].fits);
		if (cases[i].does_not)
			MAKE(cases[i].does_not);
	}
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		UPDATE("send name=%s\ndefault skip\n", cases[i].pattern);
		EXPECT_TRUE(is_sent(self->fd, in(&self->dir, cases[i].fits))) {
			TH_LOG("%s: %s", cases[i].pattern, cases[i].fits);
		}
		if (!cases[i].does_not)
			continue;
		EXPECT_FALSE(is_sent(self->fd,
				     in(&self->dir, cases[i].does_not))) {
			TH_LOG("%s: %s", cases[i].pattern, cases[i].does_not);
		}
		UPDATE("send !name=%s\ndefault skip\n", cases[i].pattern);
		EXPECT_FALSE(is_sent(self->fd, in(&self->dir, cases[i].fits)));
		EXPECT_TRUE(is_sent(self->fd,
				    in(&self->dir, cases[i].does_not)));
	}
}

TEST_F(rules, a_name_can_be_as_long_as_names_are)
{
	char name[256];

	memset(name, 'a', 255);
	name[255] = '\0';
	MAKE(name);
	UPDATE("send name=%s\ndefault skip\n", name);
	SENT(name);
	/* What takes the most steps. */
	name[254] = 'b';
	MAKE(name);
	UPDATE("send name=*%.127s\ndefault skip\n", name);
	SKIPPED(name);
	UPDATE("send name=*%.127sb\ndefault skip\n", name);
	SENT(name);
}

TEST_F(rules, a_rename_has_two_names)
{
	MAKE("old");
	MAKE("other");
	UPDATE("send event=rename name=new\ndefault skip\n");
	ASSERT_EQ(0, rename(in(&self->dir, "old"), in(&self->dir, "new")));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(in(&self->dir, "new"), in(&self->dir, "newer")));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(in(&self->dir, "other"), in(&self->dir, "old")));
	EXPECT_EQ(0, fp_count(self->fd));
}

TEST_F(rules, event_is_what_happens)
{
	int fd;

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_CLOSE | FAN_CREATE | FAN_DELETE,
				   AT_FDCWD, self->dir.path));
	UPDATE("send event=close_write,create\ndefault skip\n");
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	fd = open(self->dir.file, O_WRONLY | O_CLOEXEC);
	EXPECT_EQ(0, fp_count(self->fd));
	close(fd);
	EXPECT_EQ(1, fp_count(self->fd));
	MKDIR("sub");
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, rmdir(in(&self->dir, "sub")));
	EXPECT_EQ(0, fp_count(self->fd));

	UPDATE("send !event=close\ndefault skip\n");
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	UPDATE("skip !event=ondir\n");
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(0, fp_touch(self->dir.path));
	EXPECT_LT(0, fp_count(self->fd));
}

/* Whether opening with @flags is reported. */
static bool open_is_sent(int group, const char *path, int flags)
{
	int fd, count;

	fd = open(path, flags | O_CLOEXEC, 0700);
	count = fp_count(group);
	close(fd);
	fp_count(group);
	return count;
}

#define OPENS(_flags, _name)						\
	open_is_sent(self->fd, in(&self->dir, _name), _flags)

TEST_F(rules, open_is_how_a_file_is_opened)
{
	UPDATE("send open=write\ndefault skip\n");
	EXPECT_TRUE(OPENS(O_WRONLY, "file"));
	EXPECT_TRUE(OPENS(O_RDWR, "file"));
	EXPECT_FALSE(OPENS(O_RDONLY, "file"));
	UPDATE("send open=read\ndefault skip\n");
	EXPECT_TRUE(OPENS(O_RDONLY, "file"));
	EXPECT_TRUE(OPENS(O_RDWR, "file"));
	EXPECT_FALSE(OPENS(O_WRONLY, "file"));
	UPDATE("send open=append\ndefault skip\n");
	EXPECT_TRUE(OPENS(O_WRONLY | O_APPEND, "file"));
	EXPECT_FALSE(OPENS(O_WRONLY, "file"));
	UPDATE("send open=create\ndefault skip\n");
	EXPECT_TRUE(OPENS(O_RDONLY | O_CREAT, "made"));
	EXPECT_FALSE(OPENS(O_RDONLY | O_CREAT, "made"));
	/* Not for what is no open file: a rename. */
	UPDATE("send open=read,write\ndefault skip\n");
	ASSERT_EQ(0, rename(in(&self->dir, "made"), in(&self->dir, "moved")));
	EXPECT_EQ(0, fp_count(self->fd));
	UPDATE("send !open=read,write\ndefault skip\n");
	ASSERT_EQ(0, rename(in(&self->dir, "moved"), in(&self->dir, "made")));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(rules, open_exec_is_execution)
{
	int in_fd, out_fd;
	struct stat st;

	/* A copy of a program that is there. */
	in_fd = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	out_fd = open(in(&self->dir, "true"), O_WRONLY | O_CREAT | O_CLOEXEC,
		      0700);
	ASSERT_EQ(0, fstat(in_fd, &st));
	while (sendfile(out_fd, in_fd, NULL, st.st_size) > 0)
		;
	close(in_fd);
	close(out_fd);
	fp_count(self->fd);

	UPDATE("send open=exec\ndefault skip\n");
	EXPECT_EQ(0, IN_CHILD(execl(in(&self->dir, "true"), "true", NULL)));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_FALSE(OPENS(O_RDONLY, "true"));
}

TEST_F(rules, comm_is_the_name_of_the_thread)
{
	UPDATE("send comm=\"a b*\",exact\ndefault skip\n");
	prctl(PR_SET_NAME, "a bc");
	SENT("file");
	prctl(PR_SET_NAME, "exact");
	SENT("file");
	prctl(PR_SET_NAME, "exactly");
	SKIPPED("file");
	UPDATE("send !comm=exact\ndefault skip\n");
	SENT("file");
	prctl(PR_SET_NAME, "fifteen_letters");
	UPDATE("send comm=fifteen_letters\ndefault skip\n");
	SENT("file");
}

TEST_F(rules, pid_is_the_process)
{
	UPDATE("send pid=%d\ndefault skip\n", getpid());
	SENT("file");
	EXPECT_EQ(0, IN_CHILD(is_sent(self->fd, self->dir.file)));
	UPDATE("send !pid=%d,1\ndefault skip\n", getpid());
	SKIPPED("file");
	EXPECT_EQ(1, IN_CHILD(is_sent(self->fd, self->dir.file)));
}

TEST_F(rules, uid_and_gid_are_the_effective_ones)
{
	EXPECT_EQ(0, chmod(self->dir.file, 0644));
	EXPECT_EQ(0, chmod(self->dir.path, 0755));
	UPDATE("send uid=1000-1999,33\ndefault skip\n");
	SKIPPED("file");
	EXPECT_EQ(1, IN_CHILD(seteuid(1000);
			      is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(1, IN_CHILD(seteuid(33); is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(0, IN_CHILD(seteuid(2000);
			      is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(0, IN_CHILD(seteuid(999);
			      is_sent(self->fd, self->dir.file)));
	UPDATE("send gid=1999 !uid=1\ndefault skip\n");
	SKIPPED("file");
	EXPECT_EQ(1, IN_CHILD(setegid(1999);
			      is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(0, IN_CHILD(setegid(1999); seteuid(1);
			      is_sent(self->fd, self->dir.file)));
}

static int write_pid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int len = dprintf(fd, "%d\n", getpid());

	close(fd);
	return len > 0 ? 0 : -1;
}

TEST_F(rules, cgroup_is_that_or_below)
{
	mkdir(CGROUP, 0700);
	ASSERT_EQ(0, mount("none", CGROUP, "cgroup2", 0, NULL));
	mkdir(CGROUP "/fp", 0700);
	mkdir(CGROUP "/fp/sub", 0700);
	mkdir(CGROUP "/fp2", 0700);

	/* By the whole path, or as /proc/PID/cgroup has it. */
	UPDATE("send cgroup=" CGROUP "/fp\ndefault skip\n");
	SKIPPED("file");
	EXPECT_EQ(1, IN_CHILD(write_pid(CGROUP "/fp/cgroup.procs");
			      is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(1, IN_CHILD(write_pid(CGROUP "/fp/sub/cgroup.procs");
			      is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(0, IN_CHILD(write_pid(CGROUP "/fp2/cgroup.procs");
			      is_sent(self->fd, self->dir.file)));
	UPDATE("skip cgroup=/fp/sub,/fp2\n");
	SENT("file");
	EXPECT_EQ(1, IN_CHILD(write_pid(CGROUP "/fp/cgroup.procs");
			      is_sent(self->fd, self->dir.file)));
	EXPECT_EQ(0, IN_CHILD(write_pid(CGROUP "/fp/sub/cgroup.procs");
			      is_sent(self->fd, self->dir.file)));
	/* The root of all. */
	UPDATE("skip cgroup=/\n");
	SKIPPED("file");

	EXPECT_TRUE(FP_WAIT_FOR(!rmdir(CGROUP "/fp/sub")));
	EXPECT_TRUE(FP_WAIT_FOR(!rmdir(CGROUP "/fp")));
	EXPECT_TRUE(FP_WAIT_FOR(!rmdir(CGROUP "/fp2")));
	umount(CGROUP);
}

TEST_F(rules, exe_is_the_program_that_runs)
{
	UPDATE("send exe=/proc/self/exe\ndefault skip\n");
	SENT("file");
	EXPECT_EQ(0, IN_CHILD(execl("/bin/busybox", "cat", self->dir.file, NULL)));
	EXPECT_EQ(0, fp_count(self->fd));
	UPDATE("send exe=/bin/busybox\ndefault skip\n");
	SKIPPED("file");
	EXPECT_EQ(0, IN_CHILD(execl("/bin/busybox", "cat", self->dir.file, NULL)));
	EXPECT_EQ(1, fp_count(self->fd));
	UPDATE("skip !exe=/bin/busybox\n");
	SKIPPED("file");
}

TEST_F(rules, rate_is_how_many_may_come)
{
	struct timespec start, now;
	int sent = 0, seconds, i;

	UPDATE("send rate=1/s:5\ndefault skip\n");
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < 20; i++)
		sent += is_sent(self->fd, self->dir.file);
	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - start.tv_sec + 1;
	EXPECT_LE(5, sent);
	EXPECT_GE(5 + seconds, sent);

	/* One a second comes in, and not one by one. */
	usleep(1100000);
	SENT("file");
	/* Only what the rest of the rule lets through takes from it. */
	UPDATE("send rate=1/s:1 name=file2\n"
	       "default skip\n");
	for (i = 0; i < 5; i++)
		SKIPPED("file");
	SENT("file2");
	UPDATE("skip !rate=1000000/s\n");
	SENT("file");
}

TEST_F(rules, tell_who_has_caused_what_they_sent)
{
	struct fanfp_sender_info info = { .sz = sizeof(info) };
	struct fanfp_handler *handler;
	struct fanfp_link *other;
	int fd;

	UPDATE("send event=open\ndefault skip\n");
	MAKE("file");
	EXPECT_EQ(-ESRCH, fanfp_link__sender(self->link, getpid(), &info));
	EXPECT_EQ(0, fanfp_link__note_senders(self->link));
	SENT("file");
	prctl(PR_SET_NAME, "sender");
	SENT("file");
	EXPECT_EQ(0, fanfp_link__sender(self->link, getpid(), &info));
	EXPECT_EQ(geteuid(), info.uid);
	EXPECT_STREQ("sender", info.comm);
	EXPECT_EQ(-ESRCH, fanfp_link__sender(self->link, getppid(), &info));
	EXPECT_EQ(0, fanfp_link__all_read(self->link, 0));

	info.sz = 27;
	EXPECT_EQ(-EINVAL, fanfp_link__sender(self->link, getpid(), &info));
	EXPECT_NE(NULL, strstr(fanfp_last_error(), "fanfp_link__sender: options"));
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	handler = fanfp_handler__open_builtin("subtree", NULL);
	other = fanfp_handler__attach(handler, fd, NULL);
	ASSERT_NE(NULL, other);
	EXPECT_EQ(-EINVAL, fanfp_link__note_senders(other));
	EXPECT_NE(NULL, strstr(fanfp_last_error(), "did not attach rules"));
	EXPECT_EQ(-EINVAL, fanfp_link__all_read(other, 1));
	fanfp_link__destroy(other);
	fanfp_handler__close(handler);
	close(fd);
}

TEST_HARNESS_MAIN
