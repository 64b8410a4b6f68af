// SPDX-License-Identifier: GPL-2.0-only
/*
 * fp_response: shown what userspace wrote, and nothing else
 *
 * In each test a child opens a file and waits; the parent is the listener.
 */
#include "kselftest_harness.h"
#include "common.h"
#include <sys/mman.h>

#include "response.skel.h"

#define MAX_QUEUED	"/proc/sys/fs/fanotify/max_queued_events"

#ifndef FAN_INFO
#define FAN_INFO	0x20
#define FAN_RESPONSE_INFO_AUDIT_RULE	1
struct fanotify_response_info_header {
	__u8 type;
	__u8 pad;
	__u16 len;
};

struct fanotify_response_info_audit_rule {
	struct fanotify_response_info_header hdr;
	__u32 rule_number;
	__u32 subj_trust;
	__u32 obj_trust;
};
#endif

FIXTURE(response)
{
	struct fp_dir dir;
	struct response *skel;
	struct response *next;	/* for those that replace */
	struct bpf_link *link;
	pid_t child;
	int fd;
	int asked;		/* the event's file descriptor */
};

static int open_group(const char *path, unsigned int flags)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | flags,
			       O_RDONLY | O_CLOEXEC);

	if (fd >= 0 &&
	    fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			  FAN_OPEN_PERM, AT_FDCWD, path)) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct bpf_link *attach_to(struct response *skel, int fd)
{
	fp_set_group(skel->maps.response_ops, fd);
	if (response__load(skel))
		return NULL;
	return bpf_map__attach_struct_ops(skel->maps.response_ops);
}

FIXTURE_SETUP(response)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = open_group(self->dir.path, FAN_ENABLE_AUDIT);
	ASSERT_LE(0, self->fd);
	self->skel = response__open();
	self->next = response__open();
	ASSERT_NE(NULL, self->skel);
	ASSERT_NE(NULL, self->next);
	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	self->child = 0;
	self->asked = -1;
}

FIXTURE_TEARDOWN(response)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->child > 0)
		waitpid(self->child, NULL, 0);
	bpf_link__destroy(self->link);
	response__destroy(self->skel);
	response__destroy(self->next);
	fp_dir_remove(&self->dir);
}

/*
 * A child that opens @path, with the errno of that as its exit status. It must
 * not keep the group and the link.
 */
static pid_t open_in_child(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		syscall(SYS_close_range, 3, ~0U, 0);
		_exit(-fp_touch(path));
	}
	return pid;
}

/* Wait for the child; its errno, or -1 if it was killed. */
static int child_errno(pid_t *pid)
{
	int status = 0;

	waitpid(*pid, &status, 0);
	*pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Read the next event; returns its file descriptor, or a negative errno. */
static int read_event(int fd)
{
	struct fanotify_event_metadata event;
	ssize_t len = read(fd, &event, sizeof(event));

	if (len < 0)
		return -errno;
	return len == sizeof(event) ? event.fd : -EINVAL;
}

static int answer(int fd, int asked, __u32 word)
{
	struct fanotify_response response = {
		.fd = asked,
		.response = word,
	};

	if (write(fd, &response, sizeof(response)) != sizeof(response))
		return -errno;
	close(asked);
	return 0;
}

/* Have a child ask, and read its question. */
#define ASK() do {							\
	self->child = open_in_child(self->dir.file);			\
	ASSERT_LT(0, self->child);					\
	self->asked = read_event(self->fd);				\
	ASSERT_LE(0, self->asked);					\
} while (0)

TEST_F(response, c801_sees_an_allow_in_the_task_that_asked)
{
	struct stat st;

	ASSERT_EQ(0, stat(self->dir.file, &st));
	ASK();
	EXPECT_EQ(0, self->skel->bss->responses);
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	self->asked = self->child;
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(1, self->skel->bss->responses);
	EXPECT_EQ(FAN_ALLOW, self->skel->bss->response);
	EXPECT_EQ(FAN_OPEN_PERM, self->skel->bss->mask);
	EXPECT_EQ(self->asked, self->skel->bss->pid);
	EXPECT_EQ(st.st_ino, self->skel->bss->ino);
}

TEST_F(response, c801_sees_a_deny)
{
	ASK();
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_DENY));
	EXPECT_EQ(EPERM, child_errno(&self->child));
	EXPECT_EQ(1, self->skel->bss->responses);
	EXPECT_EQ(FAN_DENY, self->skel->bss->response);
}

TEST_F(response, c801_sees_the_whole_word_that_userspace_wrote)
{
	struct {
		struct fanotify_response response;
		struct fanotify_response_info_audit_rule rule;
	} word = {
		.rule.hdr.type = FAN_RESPONSE_INFO_AUDIT_RULE,
		.rule.hdr.len = sizeof(word.rule),
	};

	ASK();
	word.response.fd = self->asked;
	word.response.response = FAN_DENY | FAN_AUDIT | FAN_INFO;
	ASSERT_EQ(sizeof(word), write(self->fd, &word, sizeof(word)));
	close(self->asked);
	EXPECT_EQ(EPERM, child_errno(&self->child));
	EXPECT_EQ(1, self->skel->bss->responses);
	EXPECT_EQ(FAN_DENY | FAN_AUDIT | FAN_INFO, self->skel->bss->response);
}

TEST_F(response, c802_finds_the_scratch_area_of_its_own_event)
{
	pid_t second;
	int asked;

	ASK();
	second = open_in_child(self->dir.file2);
	asked = read_event(self->fd);
	ASSERT_LE(0, asked);
	EXPECT_EQ(2, self->skel->bss->handled);

	ASSERT_EQ(0, answer(self->fd, asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&second));
	EXPECT_EQ(2, self->skel->bss->last_number);
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(1, self->skel->bss->last_number);
}

TEST_F(response, c803_is_not_called_when_the_handler_decides)
{
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	EXPECT_EQ(0, fp_touch(self->dir.file));
	self->skel->bss->verdict = -EACCES;
	EXPECT_EQ(-EACCES, fp_touch(self->dir.file));
	EXPECT_EQ(2, self->skel->bss->handled);
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c803_is_not_called_for_a_notification)
{
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_REMOVE |
				   FAN_MARK_FILESYSTEM, FAN_OPEN_PERM,
				   AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD |
				   FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD,
				   self->dir.path));
	ASK();
	close(self->asked);
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c804_is_not_called_when_the_group_is_closed)
{
	ASK();
	close(self->asked);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c804_is_not_called_when_the_event_was_never_read)
{
	self->child = open_in_child(self->dir.file);
	ASSERT_LT(0, self->child);
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->handled == 1));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c804_is_not_called_when_the_queue_is_full)
{
	struct response *skel = self->next;
	struct bpf_link *link;
	pid_t child;
	int fd, asked, ready;

	ASSERT_EQ(0, fp_write_text(MAX_QUEUED, "1"));
	fd = open_group(self->dir.path, 0);
	EXPECT_EQ(0, fp_write_text(MAX_QUEUED, "16384"));
	ASSERT_LE(0, fd);
	/* Not the fixture's: events go to the group with the small queue. */
	close(self->fd);
	self->fd = -1;
	link = attach_to(skel, fd);
	ASSERT_NE(NULL, link);

	child = open_in_child(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(ioctl(fd, FIONREAD, &ready) == 0 && ready));
	EXPECT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(2, skel->bss->handled);
	EXPECT_EQ(0, skel->bss->responses);

	asked = read_event(fd);
	ASSERT_LE(0, asked);
	ASSERT_EQ(0, answer(fd, asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&child));
	EXPECT_EQ(1, skel->bss->responses);
	close(fd);
	bpf_link__destroy(link);
}

TEST_F(response, c805_is_not_called_for_a_task_that_is_killed)
{
	ASK();
	ASSERT_EQ(0, kill(self->child, SIGKILL));
	EXPECT_EQ(-1, child_errno(&self->child));
	/* Too late: nobody waits for this any more. */
	EXPECT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c804_is_not_called_when_the_event_cannot_be_read)
{
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);

	ASSERT_NE(MAP_FAILED, nowhere);
	self->child = open_in_child(self->dir.file);
	ASSERT_LT(0, self->child);
	/* The kernel denies what it can't copy. */
	ASSERT_EQ(-1, read(self->fd, nowhere, 4096));
	ASSERT_EQ(EFAULT, errno);
	EXPECT_EQ(EPERM, child_errno(&self->child));
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c806_is_not_called_after_its_hook_is_detached)
{
	ASK();
	ASSERT_EQ(0, bpf_link__destroy(self->link));
	self->link = NULL;
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(0, self->skel->bss->responses);
}

TEST_F(response, c806_is_not_called_after_its_hook_is_replaced)
{
	fp_set_group(self->next->maps.response_ops, self->fd);
	ASSERT_EQ(0, response__load(self->next));
	ASK();
	ASSERT_EQ(0, bpf_link__update_map(self->link,
					  self->next->maps.response_ops));
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(0, self->skel->bss->responses);
	EXPECT_EQ(0, self->next->bss->responses);

	/* But what the new one passes on, it sees the answer to. */
	ASK();
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(1, self->next->bss->responses);
}

TEST_F(response, c806_is_not_called_for_an_event_that_no_handler_passed_on)
{
	ASSERT_EQ(0, bpf_link__destroy(self->link));
	ASK();
	self->link = attach_to(self->next, self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, answer(self->fd, self->asked, FAN_ALLOW));
	EXPECT_EQ(0, child_errno(&self->child));
	EXPECT_EQ(0, self->next->bss->responses);
}

TEST_HARNESS_MAIN
