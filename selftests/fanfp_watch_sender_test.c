// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch: who caused an event, also if that is not there any more
 */
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>

#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_watch.h"

FIXTURE(sender)
{
	struct watched w;
	pid_t living;	/* or 0 */
};

FIXTURE_SETUP(sender)
{
	self->living = 0;
	ASSERT_EQ(0, watched_make(&self->w));
}

FIXTURE_TEARDOWN(sender)
{
	if (self->living) {
		kill(self->living, SIGKILL);
		waitpid(self->living, NULL, 0);
	}
	watched_remove(&self->w);
}

/* Start a process with this pid, or any if it is 0. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = pid ? (uintptr_t)&pid : 0,
		.set_tid_size = !!pid,
	};

	return syscall(__NR_clone3, &args, sizeof(args));
}

/* Create a file in a process of its own that ends; returns its pid. */
static pid_t create_and_end(const char *path, const char *comm, uid_t uid, pid_t pid)
{
	int status;

	pid = fork_as(pid);
	if (!pid) {
		prctl(PR_SET_NAME, comm);
		_exit((uid && setuid(uid)) || fp_create(path));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return -1;
	return pid;
}

/* Does not read what happens, until it is let go on. */
#define HOLD(_w)	ASSERT_EQ(0, kill((_w)->run.pid, SIGSTOP))
#define LET_GO(_w)	ASSERT_EQ(0, kill((_w)->run.pid, SIGCONT))

TEST_F(sender, that_ended_before_it_is_read_is_named)
{
	pid_t root, user;

	WATCH(&self->w, "-e", "create");
	HOLD(&self->w);
	root = create_and_end(in(self->w.in, "a"), "short", 0, 0);
	user = create_and_end(in(self->w.in, "b"), "lived", 1234, 0);
	ASSERT_LT(0, root);
	ASSERT_LT(0, user);
	LET_GO(&self->w);
	PRINTS(&self->w, "short(%d) uid 0: CREATE %s/a\n", root, self->w.in);
	PRINTS(&self->w, "lived(%d) uid 1234: CREATE %s/b\n", user, self->w.in);
}

TEST_F(sender, that_is_a_shell_of_one_line_is_named)
{
	char command[200];
	struct run run;

	WATCH(&self->w, "-e", "create", "--format", "%C %u %f");
	HOLD(&self->w);
	snprintf(command, sizeof(command), ": > %s/f", self->w.in);
	EXPECT_EQ(0, SHELL(command));
	LET_GO(&self->w);
	PRINTS(&self->w, "sh 0 f\n");
}

TEST_F(sender, is_not_taken_for_another_one_with_its_pid)
{
	pid_t pid;

	WATCH(&self->w, "-e", "create");
	HOLD(&self->w);
	pid = create_and_end(in(self->w.in, "a"), "first", 0, 0);
	ASSERT_LT(0, pid);
	self->living = fork_as(pid);
	ASSERT_LE(0, self->living);
	if (!self->living) {
		prctl(PR_SET_NAME, "second");
		create_in(self->w.in, "b");
		while (access(in(self->w.in, "go"), F_OK))
			usleep(10000);
		create_in(self->w.in, "c");
		for (;;)
			pause();
	}
	ASSERT_EQ(pid, self->living);
	ASSERT_TRUE(FP_WAIT_FOR(!access(in(self->w.in, "b"), F_OK)));
	/* As far as it can be told, either can have been either. */
	usleep(10000);
	LET_GO(&self->w);
	PRINTS(&self->w, "?(%d) uid ?: CREATE %s/a\n", pid, self->w.in);
	PRINTS(&self->w, "?(%d) uid ?: CREATE %s/b\n", pid, self->w.in);
	/* What was the first one's has been read: it is certain again. */
	ASSERT_EQ(0, create_in(self->w.in, "go"));
	PRINTS(&self->w, "second(%d) uid 0: CREATE %s/c\n", pid, self->w.in);
}

TEST_F(sender, that_has_become_another_user_is_not_taken_for_that)
{
	WATCH(&self->w, "-e", "create", "-j");
	HOLD(&self->w);
	ASSERT_EQ(0, create_in(self->w.in, "a"));
	ASSERT_EQ(0, seteuid(1234));
	ASSERT_EQ(0, create_in(self->w.in, "b"));
	ASSERT_EQ(0, seteuid(0));
	LET_GO(&self->w);
	PRINTS(&self->w, "\"comm\":null,\"uid\":null,\"path\":\"%s/a\"", self->w.in);
	PRINTS(&self->w, "\"comm\":null,\"uid\":null,\"path\":\"%s/b\"", self->w.in);
}

TEST_F(sender, that_ended_long_ago_leaves_its_pid_to_another)
{
	char name[16];
	pid_t pid;
	int i;

	WATCH(&self->w, "-e", "create", "--format", "%C(%p) %u %f");
	pid = create_and_end(in(self->w.in, "a"), "first", 0, 0);
	ASSERT_LT(0, pid);
	/* What is noted of those that ended goes when there are some of them. */
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_LT(0, create_and_end(in(self->w.in, name), "many", 0, 0));
	}
	PRINTS(&self->w, " f99\n");
	ASSERT_EQ(0, create_in(self->w.in, "more"));
	PRINTS(&self->w, " more\n");
	HOLD(&self->w);
	ASSERT_EQ(pid, create_and_end(in(self->w.in, "b"), "second", 0, pid));
	LET_GO(&self->w);
	PRINTS(&self->w, "second(%d) 0 b\n", pid);
	PRINTS_NO(&self->w, "?");
	EXPECT_EQ(100, count(printed(&self->w), "many("));
	PRINTS(&self->w, "first(%d) 0 a\n", pid);
}

static void in_other_pid_namespace(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		_exit(98);
	pid = fork();
	if (!pid)
		return;
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 97);
}

TEST_F(sender, can_not_be_chosen_by_its_pid_in_another_namespace)
{
	const char *said_text;
	struct run run;

	EXPECT_EQ(1, TOOL_AS(in_other_pid_namespace, FANFP, "watch", "--not-pid",
			     "1", self->w.in));
	said_text = run.text;
	SAYS("--pid: the kernel compares pids of the first pid namespace");
	EXPECT_EQ(1, lines(run.text));
}

TEST_HARNESS_MAIN
