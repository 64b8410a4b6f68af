// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp stat: counts as text, JSON and OpenMetrics
 */
#include "kselftest_harness.h"
#include "common.h"
#include "openmetrics.h"
#include "run.h"
#include "fanfp_tool.h"

FIXTURE(fanfp_stat)
{
	struct fp_dir dir;
	int fd;
	char labels[128];
};

FIXTURE_SETUP(fanfp_stat)
{
	struct run run;

	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	ASSERT_EQ(0, fp_include(self->fd, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	snprintf(self->labels, sizeof(self->labels),
		 "pid=\"%d\",fd=\"%d\",comm=\"", getpid(), self->fd);
}

FIXTURE_TEARDOWN(fanfp_stat)
{
	struct run run;

	close(self->fd);
	RUN("handler", "unload", "subtree");
	fp_dir_remove(&self->dir);
}

TEST_F(fanfp_stat, counts_of_handlers_and_groups_are_printed)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("stat"));
	SAYS("HANDLER                         ATTACHED");
	SAYS("subtree                                1          3          1          2          0          0          0          0\n");
	SAYS(" subtree                              3          1          2          0          0          0          0\n");
}

TEST_F(fanfp_stat, json_has_the_same)
{
	struct run run;

	EXPECT_EQ(0, SHELL("fanfp -j stat | jq -e '.handlers[0] | .handler == \"subtree\" and .attached == 1 and .seen == 3 and .sent == 1 and .skipped == 2'"));
	EXPECT_EQ(0, SHELL("fanfp stat -p | jq -e '.groups[0] | .handler == \"subtree\" and .id > 0 and .seen == 3 and .sent == 1'"));
	EXPECT_EQ(0, SHELL("fanfp stat -j | jq -e '.time > 1000'"));
}

TEST_F(fanfp_stat, rates_are_per_second_of_the_interval)
{
	const char *said_text;
	struct run run;
	pid_t child;

	child = fork();
	if (!child) {
		for (;;) {
			fp_touch(self->dir.file2);
			usleep(20000);
		}
	}
	said_text = run.text;
	EXPECT_EQ(0, RUN("stat", "-i", "1", "-n", "2"));
	SAYS("seen/s");
	/* Twice, a second apart; and counts that grow by the rate. */
	EXPECT_EQ(0, SHELL("fanfp -j stat -i 2 -n 2 | jq -se 'length == 2 and (.[1].handlers[0] | (.seen_rate > 0.5 and .seen_rate == .sent_rate and .skipped_rate == 0)) and ((.[1].handlers[0].seen - .[0].handlers[0].seen) / 2 / .[1].handlers[0].seen_rate | . > 0.7 and . < 1.4)'")) {
		TH_LOG("%s", run.text);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST_F(fanfp_stat, an_interval_is_ended_by_a_signal)
{
	struct run run;

	start(&run, FANFP, "stat", "-i", "1", NULL);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "seen/s")));
	EXPECT_EQ(0, stop(&run, SIGINT));
}

#define HEAD_OF_X	"# TYPE x_events counter\n# UNIT x_events events\n# HELP x_events X.\n"

TEST_F(fanfp_stat, what_checks_openmetrics_is_strict)
{
	static const char *const wrong[] = {
		"",
		"# EOF",
		"# EOF\n\n",
		"# EOF\n# EOF\n",
		"\n# EOF\n",
		"x_events_total 1\n# EOF\n",
		"# TYPE x_events histogram\n# EOF\n",
		"# TYPE x_events counter\n# UNIT x_events bytes\n# EOF\n",
		"# TYPE x_events counter\n# TYPE x_events counter\n# EOF\n",
		"# TYPE x-events counter\n# EOF\n",
		"# FOO x_events y\n# EOF\n",
		HEAD_OF_X "x_events 1\n# EOF\n",
		HEAD_OF_X "x_events_total\n# EOF\n",
		HEAD_OF_X "x_events_total one\n# EOF\n",
		HEAD_OF_X "x_events_total -1\n# EOF\n",
		HEAD_OF_X "x_events_total  1\n# EOF\n",
		HEAD_OF_X "x_events_total 1 2\n# EOF\n",
		HEAD_OF_X "x_events_total 1\nx_events_total 2\n# EOF\n",
		HEAD_OF_X "x_events_total{} 1\n# EOF\n",
		HEAD_OF_X "x_events_total{a=\"1\",} 1\n# EOF\n",
		HEAD_OF_X "x_events_total{a=\"1\",a=\"2\"} 1\n# EOF\n",
		HEAD_OF_X "x_events_total{a=\"\\x\"} 1\n# EOF\n",
		HEAD_OF_X "x_events_total{a=\"\"\"} 1\n# EOF\n",
		HEAD_OF_X "x_events_total{a=1} 1\n# EOF\n",
		HEAD_OF_X "x_events_total 1\n# HELP x_events Y.\n# EOF\n",
		HEAD_OF_X "x_events_total 1\n# TYPE y_events gauge\n# TYPE x_events counter\n# EOF\n",
	};
	size_t i;

	EXPECT_STREQ("", openmetrics_check("# EOF\n"));
	EXPECT_STREQ("", openmetrics_check(HEAD_OF_X
		"x_events_total{a=\"1\"} 1\nx_events_total{a=\"\\\\\\\"\\n\"} 2\n# EOF\n"));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_NE(0, *openmetrics_check(wrong[i])) {
			TH_LOG("it takes: %s", wrong[i]);
		}
	}
}

TEST_F(fanfp_stat, openmetrics_is_valid_and_has_the_counts)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("stat", "--openmetrics"));
	EXPECT_STREQ("", openmetrics_check(run.text));
	SAYS("\nfanotify_fastpath_handler_events_total{handler=\"subtree\",verdict=\"sent\"} 1\n");
	SAYS("\nfanotify_fastpath_handler_events_total{handler=\"subtree\",verdict=\"skipped\"} 2\n");
	SAYS("\nfanotify_fastpath_handler_events_total{handler=\"subtree\",verdict=\"denied\"} 0\n");
	SAYS("\nfanotify_fastpath_handler_attached_groups{handler=\"subtree\"} 1\n");
	SAYS("\nfanotify_fastpath_group_events_total{handler=\"subtree\",attachment=\"");
	SAYS(self->labels);
	SAYS("\",kind=\"inode\"} 1\n");
	SAYS("\",kind=\"filesystem\"} 1\n");
}

TEST_F(fanfp_stat, what_processes_are_called_is_escaped)
{
	struct run run;
	const char *said_text = run.text;

	prctl(PR_SET_NAME, "a\"b\\c\033\377d");
	EXPECT_EQ(0, RUN("stat", "--openmetrics"));
	EXPECT_STREQ("", openmetrics_check(run.text));
	SAYS("comm=\"a\\\"b\\\\c??d\"");
	/* Nor does it reach a terminal, or break JSON. */
	EXPECT_EQ(0, RUN("stat"));
	SAYS(" a\"b\\c??d ");
	EXPECT_EQ(0, SHELL("fanfp -j stat | jq -e '.groups[0].comm == \"a\\\"b\\\\c\\u001b\\ufffdd\"'"));
	EXPECT_EQ(0, SHELL("fanfp group list | grep -F '(a\"b\\c??d)'"));
}

/* The content of a file, or "". */
static const char *content(const char *path)
{
	static char text[16384];
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[len] = '\0';
	return text;
}

TEST_F(fanfp_stat, a_file_is_replaced_when_all_is_written)
{
	struct run run;
	struct stat st;

	mkdir("/tmp/prom", 0755);
	EXPECT_EQ(0, SHELL("umask 022; fanfp stat --openmetrics --output /tmp/prom/fanfp.prom"));
	EXPECT_STREQ("", run.text);
	EXPECT_STREQ("", openmetrics_check(content("/tmp/prom/fanfp.prom")));
	ASSERT_EQ(0, stat("/tmp/prom/fanfp.prom", &st));
	EXPECT_EQ(0644, st.st_mode & 0777);
	/* Again and again, each time another file. */
	EXPECT_EQ(0, RUN("stat", "--openmetrics", "--output", "/tmp/prom/fanfp.prom",
			 "-n", "1"));
	EXPECT_EQ(0, SHELL("ls -A /tmp/prom | grep -c . | grep -x 1"));
	SHELL("rm -r /tmp/prom");
}

TEST_F(fanfp_stat, a_full_disk_leaves_the_old_file)
{
	struct run run;
	const char *said_text = run.text;

	mkdir("/tmp/full", 0755);
	/* One page, which is taken. */
	ASSERT_EQ(0, mount("fp", "/tmp/full", "tmpfs", 0, "size=4k"));
	ASSERT_EQ(0, SHELL("echo old > /tmp/full/fanfp.prom"));
	EXPECT_EQ(1, RUN("stat", "--openmetrics", "--output", "/tmp/full/fanfp.prom"));
	SAYS("fanfp: /tmp/full/fanfp.prom: No space left on device\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_STREQ("old\n", content("/tmp/full/fanfp.prom"));
	EXPECT_EQ(0, SHELL("ls -A /tmp/full | grep -c . | grep -x 1"));
	umount("/tmp/full");
	rmdir("/tmp/full");
}

TEST_F(fanfp_stat, what_can_not_be_written_is_one_line)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("stat", "--openmetrics", "--output", "/no/such/file"));
	SAYS("fanfp: /no/such/file: No such file or directory\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, RUN("stat", "--openmetrics", "--output", "/dev/null"));
	SAYS("fanfp: /dev/null: not a regular file\n");
	EXPECT_EQ(0, access("/dev/null", W_OK));
	EXPECT_EQ(1, RUN("stat", "--openmetrics", "--output", "/tmp"));
	SAYS("fanfp: /tmp: not a regular file\n");
	EXPECT_EQ(2, RUN("stat", "--output", "/tmp/x"));
	SAYS("fanfp stat: --output is for --openmetrics");
	EXPECT_EQ(2, RUN("stat", "--openmetrics", "-j"));
	EXPECT_EQ(2, RUN("stat", "-i", "0"));
	EXPECT_EQ(2, RUN("stat", "-i", "x"));
	EXPECT_EQ(2, RUN("stat", "-n", "-1"));
	EXPECT_EQ(2, RUN("stat", "nonsense"));
}

TEST_HARNESS_MAIN
