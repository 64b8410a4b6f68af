// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example daemon of docs/, built on the installed library
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"

#define DAEMON	"/usr/sbin/example-daemon"

FIXTURE(daemon)
{
	struct fp_dir dir;
	char in[80], in_file[96];
	struct run run;
};

FIXTURE_SETUP(daemon)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->in_file, sizeof(self->in_file), "%s/written", self->in);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	start(&self->run, DAEMON, self->in, NULL);
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->run), "ready\n")));
}

FIXTURE_TEARDOWN(daemon)
{
	fp_dir_remove(&self->dir);
}

/* A link of the system, of which there is at most one here; or -1. */
static int any_link(void)
{
	__u32 id = 0;

	return bpf_link_get_next_id(0, &id) ? -1 : bpf_link_get_fd_by_id(id);
}

static bool no_link(void)
{
	int fd = any_link();

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

TEST_F(daemon, prints_what_is_written_below_its_directories)
{
	struct run *run = &self->run;
	const char *said_text = run->text;

	ASSERT_EQ(0, fp_create(self->dir.file));
	ASSERT_EQ(0, fp_create(self->in_file));
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(run), " wrote ")));
	EXPECT_EQ(0, stop(run, SIGTERM));
	SAYS(self->in_file);
	EXPECT_EQ(NULL, strstr(said_text, self->dir.file));
	SAYS("1 of 2 events kept\n");
	EXPECT_TRUE(FP_WAIT_FOR(no_link()));
}

TEST_F(daemon, leaves_nothing_when_it_is_killed)
{
	EXPECT_FALSE(no_link());
	EXPECT_EQ(-SIGKILL, stop(&self->run, SIGKILL));
	EXPECT_TRUE(FP_WAIT_FOR(no_link()));
}

TEST_F(daemon, ends_when_it_is_detached_by_somebody)
{
	const char *said_text = self->run.text;
	int fd = any_link();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bpf_link_detach(fd));
	close(fd);
	EXPECT_EQ(1, end(&self->run));
	SAYS("example-daemon: the handler was detached by somebody\n");
}

TEST_F(daemon, says_what_is_wrong)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(2, TOOL(DAEMON, NULL));
	EXPECT_EQ(1, TOOL(DAEMON, self->in, "/no/such"));
	SAYS("example-daemon: /no/such: cannot mark: No such file or directory\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(0, stop(&self->run, SIGTERM));
}

TEST_HARNESS_MAIN
