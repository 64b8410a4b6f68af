// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits for a handler that runs, and what happens while fp_init does
 */
#include "kselftest_harness.h"
#include "common.h"
#include "hold.skel.h"

FIXTURE(hold)
{
	struct fp_dir dir;
	struct hold *skel;
	struct hold *other;
	struct bpf_link *link;
	struct bpf_link *other_link;
	int fd;
};

FIXTURE_SETUP(hold)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
				 O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	self->skel = hold__open_and_load();
	ASSERT_NE(NULL, self->skel);
	self->link = bpf_map__attach_struct_ops(self->skel->maps.hold_ops);
	ASSERT_NE(NULL, self->link);
	self->other = NULL;
	self->other_link = NULL;
}

FIXTURE_TEARDOWN(hold)
{
	self->skel->bss->hold = 0;
	self->skel->bss->hold_init = 0;
	bpf_link__destroy(self->other_link);
	hold__destroy(self->other);
	bpf_link__destroy(self->link);
	hold__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static pid_t start_touch(const char *path)
{
	pid_t pid = fork();

	if (!pid)
		_exit(-fp_touch(path));
	return pid;
}

static pid_t start_add(int fd)
{
	pid_t pid = fork();

	if (!pid)
		_exit(-fp_add(fd, "hold", NULL, 0));
	return pid;
}

static pid_t start_del(int fd)
{
	pid_t pid = fork();

	if (!pid)
		_exit(-fp_del(fd, "hold"));
	return pid;
}

/* Unregister; does not depend on who else has the link open. */
static pid_t start_unregister(struct bpf_link *link)
{
	pid_t pid = fork();

	if (!pid)
		_exit(-bpf_link__detach(link));
	return pid;
}

/* The exit status, or -1. */
static int end_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Whether the child is still at it after what is long for a guest. */
static bool still_runs(pid_t pid)
{
	siginfo_t info = {};

	usleep(500000);
	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
		!info.si_pid;
}

TEST_F(hold, c522_a_detach_waits_for_the_handler_that_runs)
{
	pid_t toucher, detacher;

	ASSERT_EQ(0, fp_add(self->fd, "hold", NULL, 0));
	self->skel->bss->hold = 1;
	toucher = start_touch(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->inside));

	detacher = start_del(self->fd);
	EXPECT_TRUE(still_runs(detacher));
	EXPECT_EQ(0, self->skel->bss->frees);

	self->skel->bss->hold = 0;
	EXPECT_EQ(0, end_of(toucher));
	EXPECT_EQ(0, end_of(detacher));
	EXPECT_EQ(1, self->skel->bss->frees);
	EXPECT_EQ(0, self->skel->bss->freed_inside);
}

TEST_F(hold, c414_a_detach_holds_up_no_event_meanwhile)
{
	pid_t toucher, detacher;

	ASSERT_EQ(0, fp_add(self->fd, "hold", NULL, 0));
	self->skel->bss->hold = 1;
	toucher = start_touch(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->inside));
	detacher = start_del(self->fd);
	ASSERT_TRUE(still_runs(detacher));

	/* The handler is no longer asked, though its fp_free must wait. */
	EXPECT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, self->skel->bss->handled);

	self->skel->bss->hold = 0;
	EXPECT_EQ(0, end_of(toucher));
	EXPECT_EQ(0, end_of(detacher));
}

TEST_F(hold, c522_unregistering_frees_after_the_handler_has_run)
{
	pid_t toucher, unregisterer;

	ASSERT_EQ(0, fp_add(self->fd, "hold", NULL, 0));
	self->skel->bss->hold = 1;
	toucher = start_touch(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->inside));

	unregisterer = start_unregister(self->link);
	/* In the tree the attachment goes on. */
	EXPECT_EQ(!fp_in_tree(), still_runs(unregisterer));
	EXPECT_EQ(0, self->skel->bss->frees);

	self->skel->bss->hold = 0;
	EXPECT_EQ(0, end_of(toucher));
	EXPECT_EQ(0, end_of(unregisterer));
	EXPECT_EQ(0, self->skel->bss->freed_inside);
	if (!fp_in_tree())
		EXPECT_EQ(1, self->skel->bss->frees);
}

TEST_F(hold, c401_who_attached_while_fp_init_ran_stays)
{
	pid_t adder;

	self->skel->bss->hold_init = 1;
	adder = start_add(self->fd);
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->inside_init));

	self->other = hold__open();
	ASSERT_NE(NULL, self->other);
	fp_set_group(self->other->maps.hold_ops, self->fd);
	ASSERT_EQ(0, hold__load(self->other));
	self->other_link = bpf_map__attach_struct_ops(self->other->maps.hold_ops);
	ASSERT_NE(NULL, self->other_link);

	self->skel->bss->hold_init = 0;
	EXPECT_EQ(EBUSY, end_of(adder));
	/* Its fp_init was content, so its fp_free is called. */
	EXPECT_EQ(1, self->skel->bss->inits);
	EXPECT_EQ(1, self->skel->bss->frees);

	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, self->skel->bss->handled);
	EXPECT_EQ(1, self->other->bss->handled);
	EXPECT_EQ(0, self->other->bss->frees);
}

TEST_F(hold, c412_a_handler_that_is_unregistered_while_fp_init_runs_is_not_attached)
{
	pid_t adder, unregisterer;

	self->skel->bss->hold_init = 1;
	adder = start_add(self->fd);
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->inside_init));

	unregisterer = start_unregister(self->link);
	/* In the module nothing else keeps what fp_init is part of. */
	EXPECT_EQ(!fp_in_tree(), still_runs(unregisterer));

	self->skel->bss->hold_init = 0;
	EXPECT_EQ(ENOENT, end_of(adder));
	EXPECT_EQ(0, end_of(unregisterer));
	EXPECT_EQ(1, self->skel->bss->inits);
	EXPECT_EQ(1, self->skel->bss->frees);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_HARNESS_MAIN
