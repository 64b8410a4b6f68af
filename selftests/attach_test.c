// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching and detaching a handler, by name and by link
 */
#include "kselftest_harness.h"
#include "common.h"
#include "probe.skel.h"

FIXTURE(attach)
{
	struct fp_dir dir;
	struct probe *skel;
	int fd;
};

FIXTURE_SETUP(attach)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
				 O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	self->skel = probe__open();
	ASSERT_NE(NULL, self->skel);
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
}

FIXTURE_TEARDOWN(attach)
{
	probe__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

/* Make the handler available by name; returns the link that keeps it so. */
static struct bpf_link *register_probe(struct probe *skel)
{
	if (probe__load(skel))
		return NULL;
	skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	return bpf_map__attach_struct_ops(skel->maps.probe);
}

/* Attach the handler to @fd alone; returns the link that owns that. */
static struct bpf_link *attach_probe(struct probe *skel, int fd)
{
	fp_set_group(skel->maps.probe, fd);
	return register_probe(skel);
}

TEST_F(attach, c205_without_a_handler_every_event_is_queued)
{
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(attach, c405_by_link_the_handler_decides_until_the_link_is_closed)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(1, self->skel->bss->handled);

	ASSERT_EQ(0, bpf_link__destroy(link));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, self->skel->bss->handled);
}

TEST_F(attach, c403_by_name_the_handler_decides_until_it_is_detached)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));

	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(1, self->skel->bss->handled);

	ASSERT_EQ(0, fp_del(self->fd, "probe"));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, self->skel->bss->handled);
	bpf_link__destroy(link);
}

TEST_F(attach, c404_detaching_needs_no_name)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	EXPECT_EQ(-ENOENT, fp_del(self->fd, "other"));
	EXPECT_EQ(0, fp_del(self->fd, ""));
	EXPECT_EQ(-ENOENT, fp_del(self->fd, ""));
	bpf_link__destroy(link);
}

TEST_F(attach, c205_only_its_own_group_is_affected)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);
	int other;

	ASSERT_NE(NULL, link);
	other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, fanotify_mark(other, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(1, fp_count(other));
	close(other);
	bpf_link__destroy(link);
}

TEST_F(attach, c401_a_second_handler_is_refused_with_ebusy)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);
	struct probe *second, *named;
	struct bpf_link *by_name;

	ASSERT_NE(NULL, link);
	second = probe__open();
	ASSERT_NE(NULL, second);
	EXPECT_EQ(NULL, attach_probe(second, self->fd));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, second->bss->frees);

	named = probe__open();
	ASSERT_NE(NULL, named);
	by_name = register_probe(named);
	ASSERT_NE(NULL, by_name);
	EXPECT_EQ(-EBUSY, fp_add(self->fd, "probe", NULL, 0));

	/* Nor can what a link owns be detached by name. */
	EXPECT_EQ(-EBUSY, fp_del(self->fd, ""));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));

	bpf_link__destroy(by_name);
	probe__destroy(named);
	probe__destroy(second);
	bpf_link__destroy(link);
}

TEST_F(attach, c402_one_handler_serves_many_groups)
{
	struct bpf_link *link = register_probe(self->skel);
	int other;

	ASSERT_NE(NULL, link);
	other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, fanotify_mark(other, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	ASSERT_EQ(0, fp_add(other, "probe", NULL, 0));
	EXPECT_EQ(2, fp_counter("probe", "attached"));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd) + fp_count(other));
	EXPECT_EQ(2, self->skel->bss->handled);
	ASSERT_EQ(0, fp_del(other, ""));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(other));
	EXPECT_EQ(0, fp_count(self->fd));
	close(other);
	ASSERT_EQ(0, fp_del(self->fd, ""));
	bpf_link__destroy(link);
}

TEST_F(attach, c501_c503_c504_init_sees_the_arguments_and_a_zeroed_private_area)
{
	const char args[] = { 'a', 'b', 0, 'd' };
	struct bpf_link *link = register_probe(self->skel);
	__u64 id;

	ASSERT_NE(NULL, link);
	self->skel->bss->private_seen = 1;
	ASSERT_EQ(0, fp_add(self->fd, "probe", args, sizeof(args)));
	EXPECT_EQ(1, self->skel->bss->inits);
	EXPECT_EQ(sizeof(args), self->skel->bss->args_size);
	EXPECT_EQ(0, memcmp(self->skel->bss->args, args, sizeof(args)));
	EXPECT_EQ(0, self->skel->bss->args_past_end);
	EXPECT_EQ(0, self->skel->bss->args_far_past_end);
	EXPECT_EQ(0, self->skel->bss->private_seen);
	id = self->skel->bss->hook_id;
	EXPECT_NE(0, id);

	/* What fp_init wrote, the handler finds. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(43, self->skel->bss->private_seen);

	ASSERT_EQ(0, fp_del(self->fd, ""));
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	EXPECT_EQ(0, self->skel->bss->private_seen);
	EXPECT_EQ(0, self->skel->bss->args_size);
	EXPECT_LT(id, self->skel->bss->hook_id);
	ASSERT_EQ(0, fp_del(self->fd, ""));
	bpf_link__destroy(link);
}

TEST_F(attach, c501_by_link_init_sees_the_arguments)
{
	struct fp_ops *ops = fp_ops(self->skel->maps.probe);
	struct bpf_link *link;

	memcpy(ops->args, "xyz", 3);
	ops->args_size = 3;
	link = attach_probe(self->skel, self->fd);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(3, self->skel->bss->args_size);
	EXPECT_EQ(0, memcmp(self->skel->bss->args, "xyz", 4));
	bpf_link__destroy(link);
}

TEST_F(attach, c521_c522_init_can_refuse_and_free_is_not_called_then)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	self->skel->bss->init_verdict = -ERANGE;
	EXPECT_EQ(-ERANGE, fp_add(self->fd, "probe", NULL, 0));
	self->skel->bss->init_verdict = 7;
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "probe", NULL, 0));
	EXPECT_EQ(2, self->skel->bss->inits);
	EXPECT_EQ(0, self->skel->bss->frees);
	EXPECT_EQ(0, fp_counter("probe", "attached"));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	bpf_link__destroy(link);
}

TEST_F(attach, c521_what_is_no_errno_for_userspace_is_einval)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	self->skel->bss->init_verdict = 1;
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "probe", NULL, 0));
	/* ERESTARTSYS: the caller would try again for ever. */
	self->skel->bss->init_verdict = -512;
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "probe", NULL, 0));
	self->skel->bss->init_verdict = -511;
	EXPECT_EQ(-511, fp_add(self->fd, "probe", NULL, 0));
	bpf_link__destroy(link);
}

TEST_F(attach, c521_by_link_init_can_refuse)
{
	fp_set_group(self->skel->maps.probe, self->fd);
	self->skel->bss->init_verdict = -ERANGE;
	ASSERT_EQ(0, probe__load(self->skel));
	EXPECT_EQ(NULL, bpf_map__attach_struct_ops(self->skel->maps.probe));
	EXPECT_EQ(ERANGE, errno);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(attach, c522_free_is_called_once_for_each_attachment)
{
	struct bpf_link *link = register_probe(self->skel);
	int i;

	ASSERT_NE(NULL, link);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
		ASSERT_EQ(0, fp_del(self->fd, ""));
	}
	EXPECT_EQ(10, self->skel->bss->inits);
	EXPECT_EQ(10, self->skel->bss->frees);
	bpf_link__destroy(link);
}

TEST_F(attach, c409_a_link_is_told_when_its_group_is_closed)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);
	struct pollfd poll_link = {};

	ASSERT_NE(NULL, link);
	poll_link.fd = bpf_link__fd(link);
	EXPECT_EQ(0, poll(&poll_link, 1, 0));

	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(1, poll(&poll_link, 1, 20000));
	EXPECT_TRUE(poll_link.revents & POLLHUP);
	EXPECT_TRUE(FP_WAIT_FOR(self->skel->bss->frees == 1));
	EXPECT_EQ(0, bpf_link__destroy(link));
	EXPECT_EQ(1, self->skel->bss->frees);
}

TEST_F(attach, c409_a_link_whose_group_was_closed_goes_away_when_it_is_closed)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int fd;

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, bpf_link_get_info_by_fd(bpf_link__fd(link), &info, &len));
	fd = bpf_link_get_fd_by_id(info.id);
	ASSERT_LE(0, fd);
	close(fd);
	close(self->fd);
	self->fd = -1;
	ASSERT_TRUE(FP_WAIT_FOR(self->skel->bss->frees == 1));
	EXPECT_EQ(0, bpf_link__destroy(link));
	EXPECT_TRUE(FP_WAIT_FOR(bpf_link_get_fd_by_id(info.id) == -ENOENT));
}

TEST_F(attach, c403_by_name_closing_the_group_detaches)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	EXPECT_EQ(1, fp_counter("probe", "attached"));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(FP_WAIT_FOR(self->skel->bss->frees == 1));
	EXPECT_EQ(0, fp_counter("probe", "attached"));
	/* The link is the handler's, not the group's. */
	bpf_link__destroy(link);
}

static int attach_and_wait(void *arg)
{
	int *fds = arg;	/* the group and a pipe */
	struct probe *skel = probe__open();

	if (!skel || !attach_probe(skel, fds[0]) || write(fds[1], "x", 1) != 1)
		return 1;
	pause();
	return 0;
}

TEST_F(attach, c406_killing_the_owner_of_the_link_detaches)
{
	int pipe_fds[2], fds[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipe_fds));
	fds[0] = self->fd;
	fds[1] = pipe_fds[1];
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(attach_and_wait(fds));
	close(pipe_fds[1]);
	ASSERT_EQ(1, read(pipe_fds[0], &byte, 1));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_TRUE(FP_WAIT_FOR(!fp_touch(self->dir.file) &&
				fp_count(self->fd)));
	close(pipe_fds[0]);
}

TEST_F(attach, c407_a_pinned_link_outlives_its_owner)
{
	const char *pin = "/sys/fs/bpf/fp_attach_test";
	struct bpf_link *link;

	mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL);
	link = attach_probe(self->skel, self->fd);
	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, bpf_link__pin(link, pin));
	ASSERT_EQ(0, bpf_link__destroy(link));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));

	ASSERT_EQ(0, unlink(pin));
	EXPECT_TRUE(FP_WAIT_FOR(!fp_touch(self->dir.file) &&
				fp_count(self->fd)));
}

TEST_F(attach, c408_a_detached_link_detaches_the_handler)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, bpf_link__detach(link));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, bpf_link__destroy(link));
}

TEST_F(attach, c412_an_unregistered_handler_is_not_found)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	EXPECT_EQ(0, access(FP_SYSFS "/probe", F_OK));
	ASSERT_EQ(0, bpf_link__destroy(link));
	EXPECT_EQ(-1, access(FP_SYSFS "/probe", F_OK));
	EXPECT_EQ(-ENOENT, fp_add(self->fd, "probe", NULL, 0));
}

TEST_F(attach, c413_unregistering_leaves_attachments_in_tree_and_ends_them_in_module)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	ASSERT_EQ(0, bpf_link__destroy(link));
	EXPECT_EQ(-1, access(FP_SYSFS "/probe", F_OK));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	if (fp_in_tree()) {
		EXPECT_EQ(0, fp_count(self->fd));
		EXPECT_EQ(0, self->skel->bss->frees);
		EXPECT_EQ(0, fp_del(self->fd, ""));
		EXPECT_EQ(1, self->skel->bss->frees);
	} else {
		EXPECT_EQ(1, fp_count(self->fd));
		EXPECT_EQ(1, self->skel->bss->frees);
		EXPECT_EQ(-ENOENT, fp_del(self->fd, ""));
	}
}

TEST_F(attach, c411_a_name_is_taken_once)
{
	struct bpf_link *link = register_probe(self->skel);
	struct probe *second;

	ASSERT_NE(NULL, link);
	second = probe__open();
	ASSERT_NE(NULL, second);
	EXPECT_EQ(NULL, register_probe(second));
	EXPECT_EQ(EEXIST, errno);
	probe__destroy(second);

	bpf_link__destroy(link);
	second = probe__open();
	ASSERT_NE(NULL, second);
	link = register_probe(second);
	EXPECT_NE(NULL, link);
	bpf_link__destroy(link);
	probe__destroy(second);
}

static int attach_as_nobody(void *arg)
{
	int *fd = arg;

	if (setgid(65534) || setuid(65534))
		return 1;
	return -fp_add(*fd, "probe", NULL, 0);
}

TEST_F(attach, c703_a_handler_that_is_marked_unprivileged_needs_no_capability)
{
	struct bpf_link *link;

	fp_ops(self->skel->maps.probe)->flags = FAN_FP_F_UNPRIV;
	link = register_probe(self->skel);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(0, fp_in_child(attach_as_nobody, &self->fd));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(0, fp_del(self->fd, ""));
	bpf_link__destroy(link);
}

static int detach_as_nobody(void *arg)
{
	int *fd = arg;

	if (setgid(65534) || setuid(65534))
		return 1;
	return -fp_del(*fd, "probe");
}

static int replace_as_nobody(void *arg)
{
	int *fd = arg;

	if (setgid(65534) || setuid(65534))
		return 1;
	return -fp_replace(*fd, "probe", NULL, 0);
}

TEST_F(attach, c705_detaching_takes_only_the_file_descriptor)
{
	struct bpf_link *link = register_probe(self->skel);

	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	EXPECT_EQ(EPERM, fp_in_child(replace_as_nobody, &self->fd));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(0, fp_in_child(detach_as_nobody, &self->fd));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	bpf_link__destroy(link);
}

TEST_F(attach, c1107_sysfs_describes_a_registered_handler)
{
	struct bpf_link *link;

	fp_ops(self->skel->maps.probe)->flags = FAN_FP_F_UNPRIV;
	link = register_probe(self->skel);
	ASSERT_NE(NULL, link);
	EXPECT_STREQ("0x1", fp_sysfs("probe", "flags"));
	EXPECT_STREQ("does what the test says", fp_sysfs("probe", "desc"));
	EXPECT_STREQ("up to 8 bytes to look at", fp_sysfs("probe", "init_args"));
	bpf_link__destroy(link);
}

TEST_F(attach, c410_a_private_attachment_is_not_listed)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);

	ASSERT_NE(NULL, link);
	EXPECT_EQ(-1, access(FP_SYSFS "/probe", F_OK));
	bpf_link__destroy(link);
}

TEST_F(attach, c410_a_private_attachments_handler_is_not_found_by_name)
{
	struct bpf_link *link = attach_probe(self->skel, self->fd);
	int other;

	ASSERT_NE(NULL, link);
	other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOENT, fp_add(other, "probe", NULL, 0));
	close(other);
	bpf_link__destroy(link);
}

TEST_F(attach, c414_repeats_while_events_run)
{
	struct bpf_link *link = register_probe(self->skel);
	pid_t pid;
	int i;

	ASSERT_NE(NULL, link);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (;;)
			fp_touch(self->dir.file);
	}
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
		ASSERT_EQ(0, fp_del(self->fd, ""));
		fp_count(self->fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(200, self->skel->bss->frees);
	bpf_link__destroy(link);
}

TEST_HARNESS_MAIN
