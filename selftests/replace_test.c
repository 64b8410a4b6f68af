// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacing an attached handler: every event sees the old one or the new one
 */
#include "kselftest_harness.h"
#include "common.h"
#include "probe.skel.h"

FIXTURE(replace)
{
	struct fp_dir dir;
	struct probe *skel;	/* the first handler */
	struct probe *next;	/* what replaces it */
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(replace)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_UNLIMITED_QUEUE, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	self->skel = probe__open();
	self->next = probe__open();
	ASSERT_NE(NULL, self->skel);
	ASSERT_NE(NULL, self->next);
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	self->next->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	self->link = NULL;
}

FIXTURE_TEARDOWN(replace)
{
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	probe__destroy(self->next);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static struct bpf_link *attach_to(struct probe *skel, int fd)
{
	fp_set_group(skel->maps.probe, fd);
	if (probe__load(skel))
		return NULL;
	return bpf_map__attach_struct_ops(skel->maps.probe);
}

static pid_t open_for_ever(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		for (;;)
			fp_touch(path);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(replace, c602_by_name_starts_afresh)
{
	__u64 id;

	ASSERT_EQ(0, probe__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	id = self->skel->bss->hook_id;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(43, self->skel->bss->private_seen);

	ASSERT_EQ(0, fp_replace(self->fd, "probe", "new", 3));
	EXPECT_EQ(2, self->skel->bss->inits);
	EXPECT_EQ(1, self->skel->bss->frees);
	EXPECT_EQ(3, self->skel->bss->args_size);
	EXPECT_EQ(0, self->skel->bss->private_seen);
	EXPECT_LT(id, self->skel->bss->hook_id);
	EXPECT_EQ(1, fp_counter("probe", "attached"));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(43, self->skel->bss->private_seen);
	EXPECT_EQ(2, fp_counter("probe", "skipped"));
	ASSERT_EQ(0, fp_del(self->fd, ""));
	EXPECT_EQ(2, self->skel->bss->frees);
}

TEST_F(replace, c603_by_name_needs_something_to_replace)
{
	ASSERT_EQ(0, probe__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(-ENOENT, fp_replace(self->fd, "probe", NULL, 0));
	EXPECT_EQ(0, self->skel->bss->inits);
}

TEST_F(replace, c603_by_name_leaves_a_link_alone)
{
	struct bpf_link *named;

	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, probe__load(self->next));
	named = bpf_map__attach_struct_ops(self->next->maps.probe);
	ASSERT_NE(NULL, named);
	EXPECT_EQ(-EBUSY, fp_replace(self->fd, "probe", NULL, 0));
	EXPECT_EQ(0, self->next->bss->inits);
	bpf_link__destroy(named);
}

TEST_F(replace, c604_by_name_a_refusal_leaves_the_old_one)
{
	ASSERT_EQ(0, probe__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	self->skel->bss->init_verdict = -ERANGE;
	EXPECT_EQ(-ERANGE, fp_replace(self->fd, "probe", NULL, 0));
	EXPECT_EQ(0, self->skel->bss->frees);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, fp_del(self->fd, ""));
}

TEST_F(replace, c601_by_name_no_event_is_without_a_handler)
{
	pid_t pid;
	int i;

	ASSERT_EQ(0, probe__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	pid = open_for_ever(self->dir.file);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, fp_replace(self->fd, "probe", NULL, 0));
	end_child(pid);
	EXPECT_LT(0, self->skel->bss->handled);
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(100, self->skel->bss->frees);
	ASSERT_EQ(0, fp_del(self->fd, ""));
}

TEST_F(replace, c605_a_link_keeps_its_group)
{
	struct fp_ops *ops = fp_ops(self->next->maps.probe);

	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	memcpy(ops->args, "new", 3);
	ops->args_size = 3;
	/* Not a fanotify file descriptor, and nobody minds. */
	fp_set_group(self->next->maps.probe, STDERR_FILENO);
	ASSERT_EQ(0, probe__load(self->next));
	ASSERT_EQ(0, bpf_link__update_map(self->link, self->next->maps.probe));

	EXPECT_EQ(1, self->next->bss->inits);
	EXPECT_EQ(3, self->next->bss->args_size);
	EXPECT_TRUE(FP_WAIT_FOR(self->skel->bss->frees == 1));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, self->skel->bss->handled);
	EXPECT_EQ(1, self->next->bss->handled);
	EXPECT_EQ(0, fp_count(self->fd));

	/* The link is as it was: it detaches when it is closed. */
	ASSERT_EQ(0, bpf_link__destroy(self->link));
	self->link = NULL;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_TRUE(FP_WAIT_FOR(self->next->bss->frees == 1));
}

TEST_F(replace, c607_an_updated_link_is_told_when_its_group_is_closed)
{
	struct pollfd poll_link = {};

	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	fp_set_group(self->next->maps.probe, self->fd);
	ASSERT_EQ(0, probe__load(self->next));
	ASSERT_EQ(0, bpf_link__update_map(self->link, self->next->maps.probe));
	close(self->fd);
	self->fd = -1;
	poll_link.fd = bpf_link__fd(self->link);
	ASSERT_EQ(1, poll(&poll_link, 1, 20000));
	EXPECT_TRUE(poll_link.revents & POLLHUP);
	EXPECT_TRUE(FP_WAIT_FOR(self->next->bss->frees == 1));
}

TEST_F(replace, c604_a_refusal_leaves_the_links_handler)
{
	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	self->next->bss->init_verdict = -ERANGE;
	fp_set_group(self->next->maps.probe, self->fd);
	ASSERT_EQ(0, probe__load(self->next));
	EXPECT_EQ(-ERANGE,
		  bpf_link__update_map(self->link, self->next->maps.probe));
	EXPECT_EQ(0, self->skel->bss->frees);
	EXPECT_EQ(0, self->next->bss->frees);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(0, fp_count(self->fd));
}

TEST_F(replace, c606_the_expected_handler_can_be_named)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE);
	int link, map;

	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	fp_set_group(self->next->maps.probe, self->fd);
	ASSERT_EQ(0, probe__load(self->next));
	ASSERT_EQ(0, bpf_link__update_map(self->link, self->next->maps.probe));

	/* And back, if it is still the next one. */
	link = bpf_link__fd(self->link);
	map = bpf_map__fd(self->skel->maps.probe);
	opts.old_map_fd = map;
	EXPECT_EQ(-EPERM, bpf_link_update(link, map, &opts));
	EXPECT_EQ(1, self->skel->bss->inits);
	opts.old_map_fd = bpf_map__fd(self->next->maps.probe);
	EXPECT_EQ(0, bpf_link_update(link, map, &opts));
	EXPECT_EQ(2, self->skel->bss->inits);
}

TEST_F(replace, c608_a_registration_is_no_attachment)
{
	ASSERT_EQ(0, probe__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	fp_set_group(self->next->maps.probe, self->fd);
	ASSERT_EQ(0, probe__load(self->next));
	EXPECT_EQ(-EOPNOTSUPP,
		  bpf_link__update_map(self->link, self->next->maps.probe));
}

TEST_F(replace, c608_a_handler_for_a_name_can_not_replace_a_links)
{
	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, probe__load(self->next));
	EXPECT_EQ(-EINVAL,
		  bpf_link__update_map(self->link, self->next->maps.probe));
}

TEST_F(replace, c601_of_a_link_no_event_is_without_a_handler)
{
	pid_t pid;
	int i;

	self->link = attach_to(self->skel, self->fd);
	ASSERT_NE(NULL, self->link);
	fp_set_group(self->next->maps.probe, self->fd);
	ASSERT_EQ(0, probe__load(self->next));
	pid = open_for_ever(self->dir.file);
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, bpf_link__update_map(self->link,
						  self->next->maps.probe));
		ASSERT_EQ(0, bpf_link__update_map(self->link,
						  self->skel->maps.probe));
	}
	end_child(pid);
	EXPECT_LT(0, self->skel->bss->handled + self->next->bss->handled);
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_TRUE(FP_WAIT_FOR(self->skel->bss->frees == 50));
	EXPECT_TRUE(FP_WAIT_FOR(self->next->bss->frees == 50));
}

TEST_HARNESS_MAIN
