// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a handler returns, and what then happens to the event
 */
#include "kselftest_harness.h"
#include "common.h"
#include "probe.skel.h"

#ifndef EDQUOT
#define EDQUOT 122
#endif

/* A group with the probe attached by name and a mark for @event; or -1. */
static int group_with_probe(unsigned int class, __u64 event, const char *path,
			    struct probe **skel, struct bpf_link **link)
{
	int fd;

	fd = fanotify_init(class | FAN_NONBLOCK | FAN_CLOEXEC,
			   O_RDONLY | O_CLOEXEC);
	*skel = probe__open_and_load();
	if (fd < 0 || !*skel)
		return -1;
	*link = bpf_map__attach_struct_ops((*skel)->maps.probe);
	if (!*link || fp_add(fd, "probe", NULL, 0) ||
	    fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, event,
			  AT_FDCWD, path))
		return -1;
	return fd;
}

FIXTURE(verdict)
{
	struct fp_dir dir;
	struct probe *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_VARIANT(verdict)
{
	unsigned int class;
	__u64 event;
};

/* The same rules hold for events that are told and events that are asked. */
FIXTURE_VARIANT_ADD(verdict, notification) {
	.class = FAN_CLASS_NOTIF,
	.event = FAN_OPEN,
};

FIXTURE_VARIANT_ADD(verdict, permission) {
	.class = FAN_CLASS_CONTENT,
	.event = FAN_OPEN_PERM,
};

FIXTURE_SETUP(verdict)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = group_with_probe(variant->class, variant->event,
				    self->dir.path, &self->skel, &self->link);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(verdict)
{
	close(self->fd);
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	fp_dir_remove(&self->dir);
}

/* Open the file in a child; returns the child. */
static pid_t touch_in_child(const char *path)
{
	pid_t pid = fork();

	if (!pid)
		_exit(-fp_touch(path));
	return pid;
}

/*
 * Open the file and answer, if asked. Returns how many events came, and in
 * @result what the open did.
 */
static int touch_and_answer(int fd, const char *path, __u32 answer, int *result)
{
	pid_t pid = touch_in_child(path);
	int status, count = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct fanotify_event_metadata event;
		struct fanotify_response response;

		if (read(fd, &event, sizeof(event)) != sizeof(event)) {
			usleep(1000);
			continue;
		}
		count++;
		if (event.mask & FAN_OPEN_PERM) {
			response.fd = event.fd;
			response.response = answer;
			if (write(fd, &response, sizeof(response)) < 0)
				break;
		}
		close(event.fd);
	}
	*result = -WEXITSTATUS(status);
	return count + fp_count(fd);
}

TEST_F(verdict, c101_send_queues_the_event)
{
	int result;

	self->skel->bss->verdict = FAN_FP_RET_SEND_TO_USERSPACE;
	EXPECT_EQ(1, touch_and_answer(self->fd, self->dir.file, FAN_ALLOW,
				      &result));
	EXPECT_EQ(0, result);
	EXPECT_EQ(1, fp_counter("probe", "sent"));
	EXPECT_EQ(0, fp_counter("probe", "errors"));
}

TEST_F(verdict, c102_skip_drops_the_event_and_allows)
{
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	/* Nobody reads: an event that were asked about would hang here. */
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(1, fp_counter("probe", "skipped"));
	EXPECT_EQ(1, fp_counter("probe", "seen"));
}

TEST_F(verdict, c103_c104_an_errno_denies_only_a_permission_event)
{
	/* What is returned, and what open(2) then fails with. */
	static const struct {
		int verdict, result;
	} cases[] = {
		{ -EPERM, -EPERM }, { -EACCES, -EACCES }, { -EIO, -EIO },
		{ -EBUSY, -EBUSY }, { -ETXTBSY, -ETXTBSY },
		{ -ENOSPC, -ENOSPC }, { -EDQUOT, -EDQUOT },
		{ -EAGAIN, -EPERM }, { -ENOENT, -EPERM }, { -512, -EPERM },
		{ -EINTR, -EPERM }, { -4095, -EPERM },
	};
	long n = sizeof(cases) / sizeof(cases[0]);
	int result;
	long i;

	for (i = 0; i < n; i++) {
		self->skel->bss->verdict = cases[i].verdict;
		if (variant->event == FAN_OPEN_PERM) {
			EXPECT_EQ(cases[i].result, fp_touch(self->dir.file));
			EXPECT_EQ(0, fp_count(self->fd));
		} else {
			/* A handler's mistake never loses an event. */
			EXPECT_EQ(1, touch_and_answer(self->fd, self->dir.file,
						      FAN_ALLOW, &result));
			EXPECT_EQ(0, result);
		}
	}
	if (variant->event == FAN_OPEN_PERM) {
		EXPECT_EQ(n, fp_counter("probe", "denied"));
		EXPECT_EQ(0, fp_counter("probe", "errors"));
	} else {
		EXPECT_EQ(0, fp_counter("probe", "denied"));
		EXPECT_EQ(n, fp_counter("probe", "errors"));
		EXPECT_EQ(n, fp_counter("probe", "sent"));
	}
}

TEST_F(verdict, c105_anything_else_is_sent_and_counted)
{
	static const int verdicts[] = { 2, 4096, INT32_MAX, -4096, INT32_MIN };
	int result;
	long i;

	for (i = 0; i < 5; i++) {
		self->skel->bss->verdict = verdicts[i];
		EXPECT_EQ(1, touch_and_answer(self->fd, self->dir.file,
					      FAN_ALLOW, &result));
		EXPECT_EQ(0, result);
		EXPECT_EQ(i + 1, fp_counter("probe", "errors"));
	}
	EXPECT_EQ(5, fp_counter("probe", "sent"));
}

TEST_F(verdict, c201_an_ignored_event_does_not_reach_the_handler)
{
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	ASSERT_EQ(0, fanotify_mark(self->fd,
				   FAN_MARK_ADD | FAN_MARK_IGNORED_MASK |
				   FAN_MARK_IGNORED_SURV_MODIFY,
				   variant->event, AT_FDCWD, self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, self->skel->bss->handled);
	ASSERT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(1, self->skel->bss->handled);
}

TEST_F(verdict, c201_an_event_nobody_asked_for_does_not_reach_the_handler)
{
	ASSERT_EQ(0, chmod(self->dir.file, 0640));
	EXPECT_EQ(0, self->skel->bss->handled);
}

/* What only a permission event has: somebody who waits. */

FIXTURE(permission)
{
	struct fp_dir dir;
	struct probe *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(permission)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = group_with_probe(FAN_CLASS_CONTENT, FAN_OPEN_PERM,
				    self->dir.path, &self->skel, &self->link);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(permission)
{
	close(self->fd);
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	fp_dir_remove(&self->dir);
}

TEST_F(permission, c106_send_leaves_a_denial_to_userspace)
{
	int result;

	self->skel->bss->verdict = FAN_FP_RET_SEND_TO_USERSPACE;
	EXPECT_EQ(1, touch_and_answer(self->fd, self->dir.file, FAN_DENY,
				      &result));
	EXPECT_EQ(-EPERM, result);
	EXPECT_EQ(0, fp_counter("probe", "denied"));
}

TEST_F(permission, c415_detaching_does_not_wait_for_userspace)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response;
	int status;
	pid_t pid;

	self->skel->bss->verdict = FAN_FP_RET_SEND_TO_USERSPACE;
	pid = touch_in_child(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(read(self->fd, &event, sizeof(event)) ==
				sizeof(event)));

	/* The child waits for the answer: nothing else here does. */
	EXPECT_EQ(0, fp_del(self->fd, ""));
	EXPECT_EQ(1, self->skel->bss->frees);
	EXPECT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));

	response.fd = event.fd;
	response.response = FAN_DENY;
	ASSERT_EQ(sizeof(response), write(self->fd, &response,
					  sizeof(response)));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EPERM, WEXITSTATUS(status));
	close(event.fd);
}

TEST_F(permission, c416_killing_the_task_that_waits_lets_the_group_go)
{
	struct fanotify_event_metadata event;
	int status;
	pid_t pid;

	self->skel->bss->verdict = FAN_FP_RET_SEND_TO_USERSPACE;
	pid = touch_in_child(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(read(self->fd, &event, sizeof(event)) ==
				sizeof(event)));
	/* The child has a copy of the descriptor, so close this one last. */
	close(event.fd);
	close(self->fd);
	self->fd = -1;
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(FP_WAIT_FOR(self->skel->bss->frees == 1));
}

TEST_HARNESS_MAIN
