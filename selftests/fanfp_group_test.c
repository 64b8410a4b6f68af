// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp group, and what is the same for every command: help, wrong words,
 * output that can't be written
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"

FIXTURE(fanfp_group)
{
	struct fp_dir dir;
	int fd;
	char pid[16], fd_text[16];
};

FIXTURE_SETUP(fanfp_group)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_UNLIMITED_QUEUE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	snprintf(self->pid, sizeof(self->pid), "%d", getpid());
	snprintf(self->fd_text, sizeof(self->fd_text), "%d", self->fd);
	setenv("FP_PID", self->pid, 1);
	setenv("FP_DIR", self->dir.path, 1);
}

FIXTURE_TEARDOWN(fanfp_group)
{
	struct run run;

	close(self->fd);
	RUN("handler", "unload", "subtree");
	fp_dir_remove(&self->dir);
}

TEST_F(fanfp_group, is_listed_without_a_handler_too)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_MOUNT,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	EXPECT_EQ(0, RUN("group", "list"));
	SAYS(self->pid);
	SAYS(" (fanfp_group_tes), fd ");
	SAYS(": no handler\n");
	SAYS("    class content; flags cloexec|nonblock|unlimited_queue; opens files read-write|cloexec");
	SAYS("    marks: 1 mount\n");
	EXPECT_TRUE(JSON("-j group list",
		"[.[] | select(.processes[].pid == ($ENV.FP_PID | tonumber))] | length == 1 and .[0].handler == null and .[0].class == \"content\" and (.[0].flags | index(\"unlimited_queue\")) and .[0].access == \"read-write\""));
}

TEST_F(fanfp_group, marks_are_counted_by_kind_and_shown_one_by_one)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_CLOSE | FAN_OPEN_PERM, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_MOUNT,
				   FAN_ACCESS, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_include(self->fd, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_IGNORE |
				   FAN_MARK_IGNORED_SURV_MODIFY, FAN_MODIFY,
				   AT_FDCWD, self->dir.file));

	EXPECT_EQ(0, RUN("group", "list", "--pid", self->pid));
	SAYS("    marks: 2 inodes, 1 mount, 1 file system\n");
	EXPECT_EQ(NULL, strstr(run.text, self->dir.path));

	EXPECT_EQ(0, RUN("group", "show", "--pid", self->pid, "--fd",
			 self->fd_text));
	SAYS(": close_write|close_nowrite|open|open_perm\n");
	SAYS(": access\n");
	SAYS(": ondir\n");
	SAYS("/file (");
	SAYS(": ignores modify; ignored_surv_modify|ignore\n");

	EXPECT_TRUE(JSON("-j group show --pid $FP_PID",
		".[0].mark_counts == {inode: 2, mount: 1, filesystem: 1}"));
	EXPECT_TRUE(JSON("group show -j --pid $FP_PID",
		".[0].marks | map(select(.kind == \"filesystem\")) | .[0].path == $ENV.FP_DIR and .[0].mask == [\"close_write\", \"close_nowrite\", \"open\", \"open_perm\"]"));
	EXPECT_TRUE(JSON("group show -p --pid $FP_PID",
		".[0].marks | map(select(.kind == \"mount\")) | .[0].path == $ENV.FP_DIR and .[0].mask == [\"access\"]"));
	EXPECT_TRUE(JSON("group show -j --pid $FP_PID",
		".[0].marks | map(select(.path == $ENV.FP_DIR + \"/file\")) | .[0].kind == \"inode\" and .[0].mask == [] and .[0].ignored_mask == [\"modify\"] and .[0].flags == [\"ignored_surv_modify\", \"ignore\"]"));
}

TEST_F(fanfp_group, showing_marks_causes_no_event)
{
	struct run run;

	/* Whoever opened something below would wait for an answer for ever. */
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_ACCESS | FAN_OPEN_PERM |
				   FAN_ACCESS_PERM | FAN_ONDIR, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD,
				   self->dir.file));
	EXPECT_TRUE(JSON("group show -j --pid $FP_PID",
		".[0].marks | any(.path == $ENV.FP_DIR + \"/file\")"));
	EXPECT_EQ(0, fp_count(self->fd));
}

TEST_F(fanfp_group, shared_since_a_fork_is_one_with_all_who_have_it)
{
	struct run run;
	const char *said_text = run.text;
	/* Not for the tools that it runs. */
	int again = fcntl(self->fd, F_DUPFD_CLOEXEC, 0);
	pid_t child = fork();
	char text[64];

	if (!child) {
		prctl(PR_SET_NAME, "fp-child");
		pause();
		_exit(0);
	}
	ASSERT_LT(0, child);
	snprintf(text, sizeof(text), "%d", child);
	setenv("FP_CHILD", text, 1);
	ASSERT_TRUE(FP_WAIT_FOR(JSON("-j group list",
		"any(.[].processes[]; .comm == \"fp-child\")")));

	/* Ours twice, the child's twice, and one group. */
	EXPECT_TRUE(JSON("-j group list",
		"[.[] | select(.processes[].pid == ($ENV.FP_PID | tonumber))] | unique | length == 1 and (.[0].processes | length == 4)"));
	EXPECT_EQ(0, RUN("group", "list"));
	SAYS(" and process ");
	SAYS(" (fp-child), fd ");
	/* By either. */
	EXPECT_TRUE(JSON("-j group list --pid $FP_CHILD",
		"length == 1 and (.[0].processes | length) == 2"));

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(again);
	EXPECT_TRUE(JSON("-j group list --pid $FP_PID",
		".[0].processes | length == 1"));
}

TEST_F(fanfp_group, two_of_one_process_are_two)
{
	int other = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
	struct run run;

	ASSERT_LE(0, other);
	EXPECT_TRUE(JSON("-j group list --pid $FP_PID",
		"length == 2 and .[1].class == \"notification\" and .[1].flags == [\"report_fid\"]"));
	close(other);
}

TEST_F(fanfp_group, a_handler_attached_by_name_is_shown_with_its_counts)
{
	struct run run;

	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_TRUE(JSON("-j group list --pid $FP_PID",
		".[0] | .handler == \"subtree\" and .link == false and .seen == 1 and .skipped == 1 and .id > 0"));
	EXPECT_EQ(0, fp_del(self->fd, ""));
}

TEST_F(fanfp_group, processes_that_end_meanwhile_are_left_out)
{
	struct run run;
	pid_t child;
	int i;

	/* They come and go while it looks. */
	child = fork();
	if (!child) {
		for (;;) {
			pid_t other = fork();

			if (!other) {
				usleep(500);
				_exit(0);
			}
			waitpid(other, NULL, 0);
		}
	}
	for (i = 0; i < 10; i++)
		EXPECT_TRUE(JSON("-j group list",
			"any(.[].processes[]; .pid == ($ENV.FP_PID | tonumber))"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST_F(fanfp_group, who_may_not_look_is_told_so)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, AS_NOBODY("fanfp group list"));
	SAYS(" processes were not looked into, and may have groups: that takes the right to trace them (CAP_SYS_PTRACE)\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, AS_NOBODY("fanfp group list --pid 1"));
	SAYS("fanfp: process 1: Permission denied\n");
	EXPECT_EQ(1, lines(run.text));
}

TEST_F(fanfp_group, help_is_at_every_level)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("help"));
	SAYS("Usage: fanfp [OPTIONS] COMMAND");
	EXPECT_EQ(0, RUN("help", "group"));
	SAYS("Usage: fanfp group list");
	EXPECT_EQ(0, RUN("group", "help"));
	SAYS("Usage: fanfp group list");
	EXPECT_EQ(0, RUN("group", "show", "help"));
	SAYS("Usage: fanfp group list");
	EXPECT_EQ(0, RUN("detach", "help"));
	SAYS("Usage: fanfp detach");
	EXPECT_EQ(0, RUN("help", "replace"));
	SAYS("Usage: fanfp replace");
	EXPECT_EQ(0, RUN("stat", "--help"));
	SAYS("Usage: fanfp stat");
	EXPECT_EQ(0, RUN("top", "-h"));
	SAYS("Usage: fanfp top");
	EXPECT_EQ(0, RUN("help", "probe"));
	SAYS("Usage: fanfp probe");
}

TEST_F(fanfp_group, words_can_be_abbreviated_but_not_guessed)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("g", "l", "--pid", self->pid));
	SAYS(": no handler\n");
	EXPECT_TRUE(JSON("-j ver", ".version | startswith(\"fanfp\") | not"));

	EXPECT_EQ(2, RUN("h"));
	SAYS("fanfp: 'h' could be handler or help; see 'fanfp help'\n");
	EXPECT_EQ(2, RUN("groups"));
	SAYS("fanfp: there is no command 'groups'; see 'fanfp help'\n");
	EXPECT_EQ(2, RUN("help", "nonsense"));
	SAYS("fanfp: there is no command 'nonsense'; see 'fanfp help'\n");
	EXPECT_EQ(2, RUN("group", "nonsense"));
	SAYS("fanfp group: there is no command 'nonsense'; see 'fanfp group help'\n");
	EXPECT_EQ(2, RUN("group", "list", "nonsense"));
	SAYS("fanfp group: list takes no 'nonsense'; see 'fanfp group help'\n");
	EXPECT_EQ(2, RUN("group", "--nonsense"));
	SAYS("fanfp group: unrecognized option '--nonsense'\n");
	EXPECT_EQ(1, lines(run.text));
}

/* What each prints. */
static const char *const printers[] = {
	"group list", "-j group list", "handler list -j", "stat",
	"stat --openmetrics", "-p top --once", "probe", "-j version",
};

TEST_F(fanfp_group, a_full_disk_is_a_failure)
{
	const char *said_text;
	struct run run;
	char command[128];
	size_t i;

	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	said_text = run.text;
	for (i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
		snprintf(command, sizeof(command), "fanfp %s > /dev/full",
			 printers[i]);
		EXPECT_EQ(1, SHELL(command)) {
			TH_LOG("%s", command);
		}
		SAYS("fanfp: standard output: No space left on device\n");
	}
}

TEST_F(fanfp_group, a_closed_pipe_is_a_failure)
{
	const char *said_text;
	struct run run;
	char command[128];
	int ends[2];
	size_t i;

	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	said_text = run.text;
	ASSERT_EQ(0, pipe(ends));
	close(ends[0]);
	/* A number that a shell takes. */
	ASSERT_EQ(9, dup2(ends[1], 9));
	for (i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
		snprintf(command, sizeof(command), "fanfp %s >&9", printers[i]);
		EXPECT_EQ(1, SHELL(command)) {
			TH_LOG("%s", command);
		}
		SAYS("fanfp: standard output: Broken pipe\n");
	}
	close(ends[1]);
	close(9);
}

TEST_HARNESS_MAIN
