// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch: which files, which processes, and how many events
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_watch.h"

FIXTURE(filter)
{
	struct watched w;
	/* Processes that have created something, and wait to be ended. */
	pid_t creators[8];
	int n_creators;
};

FIXTURE_SETUP(filter)
{
	self->n_creators = 0;
	ASSERT_EQ(0, watched_make(&self->w));
}

/* Who they are is told only while they are there. */
static void end_creators(pid_t *creators, int *count)
{
	while (*count) {
		pid_t pid = creators[--*count];

		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

FIXTURE_TEARDOWN(filter)
{
	end_creators(self->creators, &self->n_creators);
	watched_remove(&self->w);
}

/* --- files --------------------------------------------------------------------- */

TEST_F(filter, include_is_for_names_or_with_a_slash_for_paths)
{
	char sub[120];

	snprintf(sub, sizeof(sub), "%s/sub", self->w.in);
	ASSERT_EQ(0, mkdir(sub, 0700));
	WATCH(&self->w, "-e", "create", "--include", "*.[ch]", "--include",
	      "*/sub/a*");
	ASSERT_EQ(0, create_in(self->w.in, "unseen.o"));
	ASSERT_EQ(0, create_in(self->w.in, "a-unseen"));
	ASSERT_EQ(0, create_in(sub, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "seen.c"));
	ASSERT_EQ(0, create_in(sub, "seen.h"));
	ASSERT_EQ(0, create_in(sub, "a-seen"));
	PRINTS(&self->w, "%s/a-seen\n", sub);
	PRINTS(&self->w, "%s/seen.h\n", sub);
	PRINTS(&self->w, "%s/seen.c\n", self->w.in);
	PRINTS_NO(&self->w, "unseen");
}

TEST_F(filter, exclude_wins_over_include)
{
	WATCH(&self->w, "-e", "create", "--exclude", "unseen*", "--exclude",
	      "*/in/b*", "--include", "*.c");
	ASSERT_EQ(0, create_in(self->w.in, "unseen.c"));
	ASSERT_EQ(0, create_in(self->w.in, "b-unseen.c"));
	ASSERT_EQ(0, create_in(self->w.in, "seen.c"));
	PRINTS(&self->w, "/seen.c\n");
	PRINTS_NO(&self->w, "unseen");
}

TEST_F(filter, a_rename_is_judged_by_both_names)
{
	ASSERT_EQ(0, create_in(self->w.in, "a"));
	WATCH(&self->w, "-e", "rename", "--include", "*.c");
	ASSERT_EQ(0, rename(in(self->w.in, "a"), in(self->w.in, "b")));
	ASSERT_EQ(0, rename(in(self->w.in, "b"), in(self->w.in, "b.c")));
	ASSERT_EQ(0, rename(in(self->w.in, "b.c"), in(self->w.in, "d")));
	PRINTS(&self->w, "/in/b.c -> ");
	PRINTS(&self->w, "/in/b -> ");
	PRINTS_NO(&self->w, "/in/a -> ");
	KERNEL_DECIDED(&self->w, 2, 1);
}

TEST_F(filter, a_directory_has_its_name_in_events_of_its_own)
{
	char dirs[2][120];
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(dirs[i], sizeof(dirs[i]), "%s/%s", self->w.in,
			 i ? "seen" : "other");
		ASSERT_EQ(0, mkdir(dirs[i], 0700));
	}
	WATCH(&self->w, "-e", "open,attrib", "--include", "seen");
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, fp_touch(dirs[i]) ?: chmod(dirs[i], 0750));
	PRINTS(&self->w, "ISDIR %s\n", dirs[1]);
	PRINTS_NO(&self->w, "other");
}

TEST_F(filter, names_are_judged_in_the_kernel)
{
	WATCH(&self->w, "-e", "create,delete", "--include", "*.[ch]", "--include",
	      "seen", "--exclude", "un*");
	ASSERT_EQ(0, create_in(self->w.in, "other"));
	ASSERT_EQ(0, create_in(self->w.in, "unseen.c"));
	ASSERT_EQ(0, mkdir(in(self->w.in, "dir"), 0700));
	ASSERT_EQ(0, create_in(self->w.in, "a.c"));
	ASSERT_EQ(0, mkdir(in(self->w.in, "seen"), 0700));
	PRINTS(&self->w, "CREATE,ISDIR %s/seen\n", self->w.in);
	PRINTS(&self->w, "CREATE %s/a.c\n", self->w.in);
	KERNEL_DECIDED(&self->w, 2, 3);
}

TEST_F(filter, a_path_is_judged_by_fanfp)
{
	WATCH(&self->w, "-e", "create", "--include", "*/in/s*", "--include", "b");
	ASSERT_EQ(0, create_in(self->w.in, "other"));
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "other");
	KERNEL_DECIDED(&self->w, 2, 0);
}

TEST_F(filter, of_the_directory_of_a_file_the_kernel_leaves_out_the_rest)
{
	char path[120];

	ASSERT_EQ(0, create_in(self->w.in, "a[b]*"));
	snprintf(path, sizeof(path), "%s/a[b]*", self->w.in);
	WATCH_PATH(&self->w, path, "-e", "attrib,rename");
	ASSERT_EQ(0, create_in(self->w.in, "ab"));
	ASSERT_EQ(0, chmod(in(self->w.in, "ab"), 0600));
	ASSERT_EQ(0, rename(in(self->w.in, "ab"), in(self->w.in, "c")));
	ASSERT_EQ(0, chmod(self->w.in, 0700));
	ASSERT_EQ(0, chmod(path, 0600));
	PRINTS(&self->w, "ATTRIB %s\n", path);
	EXPECT_EQ(1, lines(printed(&self->w)));
	KERNEL_DECIDED(&self->w, 1, 3);
}

TEST_F(filter, there_can_be_more_files_than_the_kernel_has_room_for)
{
	char name[40], command[200];
	int i;

	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "file_with_a_rather_long_name_%03d", i);
		ASSERT_EQ(0, create_in(self->w.in, name));
	}
	ASSERT_EQ(0, create_in(self->w.in, "other"));
	snprintf(command, sizeof(command), "exec %s watch -q -e attrib %s/f*",
		 FANFP, self->w.in);
	start(&self->w.run, "/bin/sh", "-c", command, NULL);
	self->w.running = true;
	ASSERT_TRUE(FP_WAIT_FOR(!chmod(in(self->w.in, name), 0600) &&
				strstr(said(&self->w.run), "_299\n"))) {
		TH_LOG("%s", said(&self->w.run));
	}
	ASSERT_EQ(0, chmod(in(self->w.in, "other"), 0600));
	ASSERT_EQ(0, chmod(in(self->w.in, "file_with_a_rather_long_name_000"), 0600));
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&self->w.run), "_000\n")));
	EXPECT_EQ(NULL, strstr(said(&self->w.run), "other"));
}

TEST_F(filter, what_fanfp_does_is_left_out_in_the_kernel)
{
	char command[200];
	struct run run;

	WATCH_PATH(&self->w, self->w.dir.path, "-e", "open,create");
	/* To tell where this was, it opens a directory. */
	ASSERT_EQ(0, mkdir(in(self->w.in, "d"), 0700));
	PRINTS(&self->w, "/d\n");
	PRINTS_NO(&self->w, "fanfp(");
	snprintf(command, sizeof(command),
		 "fanfp -j group list --pid %d | jq -e '.[0] | .sent == 1 and .skipped > 0'",
		 self->w.run.pid);
	EXPECT_EQ(0, SHELL(command));
}

/* --- processes ----------------------------------------------------------------- */

/* Who creates a file in a directory, and which. */
struct creator {
	const char *dir, *name;
	const char *comm;
	const char *cgroup;
	uid_t uid;
};

static int create_as(void *arg)
{
	const struct creator *who = arg;
	int fd;

	prctl(PR_SET_NAME, who->comm ?: "tester");
	if (who->cgroup) {
		fd = open(in(who->cgroup, "cgroup.procs"), O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1)
			return 1;
		close(fd);
	}
	if (who->uid && (setgid(who->uid) || setuid(who->uid)))
		return 1;
	return !!create_in(who->dir, who->name);
}

/* Start a process, in a group of its own, that does something and waits. */
static pid_t start_creator(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		if (fn(arg))
			_exit(1);
		for (;;)
			pause();
	}
	/* Whoever comes first; the child may have gone on to execute. */
	setpgid(pid, pid);
	return pid;
}

#define START(_fn, _arg) ({						\
	pid_t _pid = start_creator(_fn, (void *)(_arg));		\
									\
	ASSERT_LT(0, _pid);						\
	self->creators[self->n_creators++] = _pid;			\
})

#define CREATE_AS(...) ({						\
	struct creator _who = { .dir = self->w.in, __VA_ARGS__ };	\
									\
	START(create_as, &_who);					\
	ASSERT_TRUE(FP_WAIT_FOR(!access(in(_who.dir, _who.name), F_OK))); \
})

TEST_F(filter, by_the_name_of_the_process)
{
	WATCH(&self->w, "-e", "create", "--comm", "one", "--comm",
	      "a-name-that-is-too-long");
	CREATE_AS(.name = "unseen", .comm = "two");
	CREATE_AS(.name = "first", .comm = "one");
	CREATE_AS(.name = "second", .comm = "a-name-that-is-too-long");
	PRINTS(&self->w, "a-name-that-is-(");
	PRINTS(&self->w, "/second\n");
	PRINTS(&self->w, "/first\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 2, 1);
}

TEST_F(filter, not_by_the_name_of_the_process)
{
	WATCH(&self->w, "-e", "create", "--not-comm", "one", "--not-comm",
	      "a b,c");
	CREATE_AS(.name = "unseen", .comm = "one");
	CREATE_AS(.name = "unseen2", .comm = "a b,c");
	CREATE_AS(.name = "seen", .comm = "two");
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 2);
}

TEST_F(filter, by_the_process)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	WATCH(&self->w, "-e", "create", "--pid", pid);
	CREATE_AS(.name = "unseen");
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 1);
}

TEST_F(filter, not_by_the_process)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	WATCH(&self->w, "-e", "create", "--not-pid", pid);
	ASSERT_EQ(0, create_in(self->w.in, "unseen"));
	CREATE_AS(.name = "seen");
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 1);
}

TEST_F(filter, by_the_user)
{
	WATCH(&self->w, "-e", "create", "--uid", "1234", "--uid", "1235");
	CREATE_AS(.name = "unseen");
	CREATE_AS(.name = "first", .uid = 1234);
	CREATE_AS(.name = "second", .uid = 1235);
	PRINTS(&self->w, ") uid 1235: CREATE %s/second\n", self->w.in);
	PRINTS(&self->w, ") uid 1234: CREATE %s/first\n", self->w.in);
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 2, 1);
}

TEST_F(filter, not_by_the_user)
{
	WATCH(&self->w, "-e", "create", "--not-uid", "1234");
	CREATE_AS(.name = "unseen", .uid = 1234);
	CREATE_AS(.name = "seen");
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 1);
}

#define CGROUP		"/sys/fs/cgroup/fanfp-watch-test"

TEST_F(filter, by_the_cgroup_and_what_is_below)
{
	ASSERT_EQ(0, mkdir(CGROUP, 0700));
	ASSERT_EQ(0, mkdir(CGROUP "/below", 0700));
	WATCH(&self->w, "-e", "create", "--cgroup", CGROUP);
	CREATE_AS(.name = "unseen");
	CREATE_AS(.name = "first", .cgroup = CGROUP);
	CREATE_AS(.name = "second", .cgroup = CGROUP "/below");
	PRINTS(&self->w, "/second\n");
	PRINTS(&self->w, "/first\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 2, 1);
	end_creators(self->creators, &self->n_creators);
	EXPECT_EQ(0, rmdir(CGROUP "/below"));
	EXPECT_EQ(0, rmdir(CGROUP));
}

TEST_F(filter, not_by_the_cgroup)
{
	ASSERT_EQ(0, mkdir(CGROUP, 0700));
	WATCH(&self->w, "-e", "create", "--not-cgroup", "/fanfp-watch-test");
	CREATE_AS(.name = "unseen", .cgroup = CGROUP);
	CREATE_AS(.name = "seen");
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 1);
	end_creators(self->creators, &self->n_creators);
	EXPECT_EQ(0, rmdir(CGROUP));
}

static int create_by_busybox(void *path)
{
	execl("/bin/busybox", "sh", "-c", "> \"$0\"; while :; do sleep 1; done",
	      path, NULL);
	return 1;
}

TEST_F(filter, by_the_program)
{
	/* By whichever name. */
	WATCH(&self->w, "-e", "create", "--exe", "/bin/touch");
	ASSERT_EQ(0, create_in(self->w.in, "unseen"));
	START(create_by_busybox, in(self->w.in, "seen"));
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 1);
}

TEST_F(filter, not_by_the_program)
{
	WATCH(&self->w, "-e", "create", "--not-exe", "/bin/busybox");
	START(create_by_busybox, in(self->w.in, "unseen"));
	ASSERT_TRUE(FP_WAIT_FOR(!access(in(self->w.in, "unseen"), F_OK)));
	ASSERT_EQ(0, create_in(self->w.in, "seen"));
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "unseen");
	KERNEL_DECIDED(&self->w, 1, 1);
}

TEST_F(filter, of_a_program_that_ends_what_it_closes_is_printed)
{
	struct run run;
	char command[200];

	/* Its memory, and with it what it runs, is gone before its files are. */
	WATCH(&self->w, "-e", "close_write", "--exe", "/bin/busybox");
	snprintf(command, sizeof(command), "exec 3> %s/f", self->w.in);
	EXPECT_EQ(0, SHELL(command));
	PRINTS(&self->w, "CLOSE_WRITE %s/f\n", self->w.in);
}

TEST_F(filter, all_that_is_asked_for_has_to_hold)
{
	WATCH(&self->w, "-e", "create", "--comm", "one", "--uid", "1234",
	      "--include", "seen*", "--not-comm", "two");
	CREATE_AS(.name = "seen-not1", .comm = "one");
	CREATE_AS(.name = "seen-not2", .comm = "two", .uid = 1234);
	CREATE_AS(.name = "not", .comm = "one", .uid = 1234);
	CREATE_AS(.name = "seen", .comm = "one", .uid = 1234);
	PRINTS(&self->w, "/seen\n");
	PRINTS_NO(&self->w, "not");
	KERNEL_DECIDED(&self->w, 1, 3);
}

TEST_F(filter, that_can_not_be_is_one_line)
{
	static const char * const wrong[][2] = {
		{ "--pid", "x" }, { "--pid", "-1" }, { "--not-pid", "" },
		{ "--uid", "no-such-user" }, { "--exe", "/no/such" },
		{ "--cgroup", "not/absolute" }, { "--cgroup", "/no/such" },
		{ "--rate", "0" }, { "--rate", "many" }, { "--dedupe=0", "-q" },
		{ "-t", "soon" }, { "-t", "-1" }, { "-e", "nonsense" },
		{ "-e", "" }, { "-e", "open," }, { "--include", "[a" },
		{ "--exclude", "[" }, { "--not-comm", "" },
	};
	struct run run;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(1, RUN("watch", wrong[i][0], wrong[i][1],
				 self->w.in)) {
			TH_LOG("%s %s", wrong[i][0], wrong[i][1]);
		}
		EXPECT_EQ(1, lines(run.text)) {
			TH_LOG("%s %s: %s", wrong[i][0], wrong[i][1], run.text);
		}
	}
}

/* --- how many ------------------------------------------------------------------ */

TEST_F(filter, of_more_events_than_the_rate_it_is_told_how_many)
{
	char name[16];
	int i;

	WATCH(&self->w, "-e", "create", "--rate", "3");
	ASSERT_EQ(0, kill(self->w.run.pid, SIGSTOP));
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, create_in(self->w.in, name));
	}
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "DROPPED: 7 events, above 3 a second\n");
	PRINTS(&self->w, "/f2\n");
	PRINTS_NO(&self->w, "/f3\n");
	ASSERT_EQ(0, create_in(self->w.in, "later"));
	PRINTS(&self->w, "/later\n");
}

TEST_F(filter, what_was_dropped_is_told_at_the_end)
{
	WATCH(&self->w, "-e", "create", "--rate", "1", "-j");
	ASSERT_EQ(0, kill(self->w.run.pid, SIGSTOP));
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	ASSERT_EQ(0, create_in(self->w.in, "g"));
	ASSERT_EQ(0, create_in(self->w.in, "h"));
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "/f\"");
	EXPECT_EQ(0, watched_stop(&self->w, SIGINT));
	PRINTS(&self->w, "\"events\":[\"DROPPED\"],\"dropped\":2}\n");
}

TEST_F(filter, an_event_of_a_file_is_printed_once_in_a_while)
{
	int i;

	WATCH(&self->w, "-e", "attrib,delete", "--dedupe=1000000");
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, chmod(self->w.in, 0700));
		ASSERT_EQ(0, create_in(self->w.in, "f"));
		ASSERT_EQ(0, unlink(in(self->w.in, "f")));
		PRINTS(&self->w, "DELETE");
	}
	ASSERT_EQ(0, create_in(self->w.in, "g"));
	ASSERT_EQ(0, unlink(in(self->w.in, "g")));
	PRINTS(&self->w, "DELETE %s/g\n", self->w.in);
	EXPECT_EQ(1, count(printed(&self->w), "/f\n"));
	EXPECT_EQ(1, count(printed(&self->w), "ATTRIB"));
}

TEST_F(filter, after_that_while_it_is_printed_again)
{
	WATCH(&self->w, "-e", "attrib", "--dedupe=10");
	ASSERT_TRUE(FP_WAIT_FOR(!chmod(self->w.in, 0700) &&
				count(printed(&self->w), "ATTRIB") >= 2));
}

TEST_HARNESS_MAIN
