// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp top: what it prints once
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "top.h"

#define OPENS		100

/* Open the file in @dir so often, in a process of that name. */
static void open_often(const char *comm, const char *dir, int count)
{
	char path[128];
	pid_t child;

	snprintf(path, sizeof(path), "%s/x", dir);
	child = fork();
	if (!child) {
		prctl(PR_SET_NAME, comm);
		while (count--)
			fp_touch(path);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Whether a process waits in poll(2). */
static bool is_waiting(pid_t pid)
{
	char path[64];
	long call = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%ld", &call) != 1)
		call = -1;
	fclose(file);
	return call == SYS_poll;
}

/* Count, in one long look, until it is told to end. */
#define START_COUNTING(...) do {					\
	start(&run, FANFP, __VA_ARGS__, NULL);				\
	ASSERT_TRUE(FP_WAIT_FOR(top_counts() && is_waiting(run.pid)));	\
} while (0)

#define STOP_COUNTING() EXPECT_EQ(0, stop(&run, SIGTERM))

/* Ask jq about what was said. */
static bool json_says(struct run *run, const char *filter)
{
	FILE *file = fopen("/tmp/top.json", "we");
	struct run jq;
	int failed;

	fputs(run->text, file);
	fclose(file);
	start(&jq, "/usr/bin/jq", "-e", filter, "/tmp/top.json", NULL);
	failed = end(&jq);
	if (failed)
		fprintf(stderr, "# %s: %s# of %s", filter, jq.text, run->text);
	unlink("/tmp/top.json");
	return !failed;
}

TEST_F(fanfp_top, once_counts_by_group_handler_process_and_directory)
{
	struct run run;

	START_COUNTING("-j", "top", "--once", "-i", "600");
	open_often("fp-sender", self->in, OPENS);
	open_often("fp-skipper", self->out, 2 * OPENS);
	STOP_COUNTING();
	/* Rates are rounded. */
#define ABOUT(_n) " * $s - " #_n " | . > -5 and . < 5)"
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .processes | map(select(.comm == \"fp-sender\")) | length == 1 and (.[0].sent" ABOUT(100) " and .[0].skipped == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .processes | map(select(.comm == \"fp-skipper\")) | length == 1 and (.[0].skipped" ABOUT(200) " and .[0].sent == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .directories | map(select(.directory == $ENV.FP_IN)) | length == 1 and (.[0].sent" ABOUT(100) " and .[0].skipped == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .directories | map(select(.directory == $ENV.FP_OUT)) | length == 1 and (.[0].skipped" ABOUT(200) " and .[0].sent == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .groups[0] | .handler == \"subtree\" and (.seen" ABOUT(300) " and (.sent" ABOUT(100)));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .handlers[0] | .attached == 1 and (.skipped" ABOUT(200)));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .total | (.seen" ABOUT(300) " and (.sent" ABOUT(100) " and .denied == 0"));
	EXPECT_TRUE(json_says(&run, ".lost == 0"));
	/* Nothing is left that counts. */
	EXPECT_FALSE(top_counts());
}

TEST_F(fanfp_top, once_prints_text_sorted)
{
	struct run run;
	const char *said_text = run.text;
	char path[96];

	START_COUNTING("top", "--once", "-i", "600", "-n", "1");
	open_often("fp-sender", self->in, OPENS);
	open_often("fp-skipper", self->out, 2 * OPENS);
	STOP_COUNTING();
	SAYS("groups, events/s:\n");
	SAYS("PID PROCESS          FD  HANDLER\n");
	SAYS("  subtree\n");
	SAYS("directories, events/s:\n");
	/* The first row only. */
	snprintf(path, sizeof(path), " %s\n", self->out);
	SAYS(path);
	SAYS(" fp-skipper\n");
	EXPECT_EQ(NULL, strstr(run.text, "fp-sender"));

	START_COUNTING("top", "--once", "-i", "600", "-n", "1", "--sort", "sent");
	open_often("fp-sender", self->in, OPENS);
	open_often("fp-skipper", self->out, 2 * OPENS);
	STOP_COUNTING();
	SAYS(" fp-sender\n");
	EXPECT_EQ(NULL, strstr(run.text, "fp-skipper"));
}

TEST_F(fanfp_top, denied_events_and_deep_directories_are_told)
{
	char deep[1200], path[1300];
	struct run run;
	int fd, i;

	/* Deeper than the path that is kept. */
	strcpy(deep, self->out);
	for (i = 0; i < 30; i++) {
		sprintf(deep + strlen(deep), "/%034d", i);
		ASSERT_EQ(0, mkdir(deep, 0755));
	}
	snprintf(path, sizeof(path), "%s/secret", deep);
	ASSERT_EQ(0, fp_create(path));
	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, RUN("handler", "load", "deny"));
	ASSERT_EQ(0, fp_add(fd, "deny", "secret", 6));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	START_COUNTING("-j", "top", "--once", "-i", "600");
	for (i = 0; i < OPENS; i++)
		EXPECT_EQ(-EPERM, fp_touch(path));
	STOP_COUNTING();
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .directories | map(select(.directory | endswith(\"0029\"))) | length == 1 and (.[0].denied" ABOUT(100) " and (.[0].directory | contains(\": ...\"))"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .total | (.denied" ABOUT(100)));
	close(fd);
	EXPECT_EQ(0, RUN("handler", "unload", "deny"));
}

/* Open a file in each of more directories than are told apart. */
static int open_in_many(const char *dir)
{
	char path[128];
	int i;

	for (i = 0; i < 8192 + 100; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		if (mkdir(path, 0755) && errno != EEXIST)
			return -1;
		strcat(path, "/x");
		if (fp_create(path))
			return -1;
	}
	return 0;
}

TEST_F(fanfp_top, events_that_are_not_told_apart_are_counted)
{
	struct run run;
	const char *said_text = run.text;

	START_COUNTING("-j", "top", "--once", "-i", "600", "-n", "1");
	ASSERT_EQ(0, open_in_many(self->out));
	STOP_COUNTING();
	EXPECT_TRUE(json_says(&run, ".lost >= 100 and .lost < 8192"));
	START_COUNTING("top", "--once", "-i", "600", "-n", "1");
	ASSERT_EQ(0, open_in_many(self->out));
	STOP_COUNTING();
	SAYS(" events more than there is room to tell apart.\n");
}

TEST_F(fanfp_top, what_may_not_be_counted_is_said)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, AS_NOBODY("fanfp top --once"));
	SAYS("handlers, events/s:\n");
	SAYS("fanfp: processes and directories are not counted: that takes CAP_BPF and CAP_PERFMON\n");
	EXPECT_EQ(NULL, strstr(run.text, "directories, events/s"));
}

TEST_F(fanfp_top, wrong_words_are_2)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(2, RUN("top", "-j"));
	SAYS("fanfp top: --json needs --once; see 'fanfp top help'\n");
	EXPECT_EQ(2, RUN("top", "-n", "1"));
	EXPECT_EQ(2, RUN("top", "-i", "0"));
	EXPECT_EQ(2, RUN("top", "--view", "nonsense"));
	SAYS("fanfp top: there is no view 'nonsense'; see 'fanfp top help'\n");
	EXPECT_EQ(2, RUN("top", "--sort", "s"));
	SAYS("fanfp top: 's' could be seen or ");
	EXPECT_EQ(2, RUN("top", "nonsense"));
	EXPECT_EQ(1, lines(run.text));
}

TEST_HARNESS_MAIN
