// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users without privileges: what they can attach to groups of their own
 *
 * Each test forks a child that gives up its privileges, makes a group, and
 * returns 0 or the errno of what it tried. A group of such a user reports file
 * handles, and has marks on single files and directories only.
 */
#include "kselftest_harness.h"
#include "common.h"
#include "probe.skel.h"

#define NOBODY	65534

FIXTURE(unpriv)
{
	struct fp_dir dir;
	struct probe *skel;
	struct bpf_link *link;
};

FIXTURE_VARIANT(unpriv)
{
	bool in_userns;
};

FIXTURE_VARIANT_ADD(unpriv, nobody)
{
	.in_userns = false,
};

/* With every capability, but only in there. */
FIXTURE_VARIANT_ADD(unpriv, root_of_a_user_namespace)
{
	.in_userns = true,
};

FIXTURE_SETUP(unpriv)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, chmod(self->dir.path, 0777));
	ASSERT_EQ(0, chmod(self->dir.file, 0666));
	self->skel = probe__open();
	ASSERT_NE(NULL, self->skel);
	self->link = NULL;
}

FIXTURE_TEARDOWN(unpriv)
{
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	fp_dir_remove(&self->dir);
}

static struct bpf_link *register_probe(struct probe *skel, __u32 flags)
{
	fp_ops(skel->maps.probe)->flags = flags;
	if (probe__load(skel))
		return NULL;
	skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	return bpf_map__attach_struct_ops(skel->maps.probe);
}

struct task {
	bool in_userns;
	const char *file;
};

static int drop_privileges(bool in_userns)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return errno;
	if (!in_userns)
		return 0;
	/* Its files in /proc are root's else. */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER))
		return errno;
	return -fp_write_text("/proc/self/uid_map", "0 65534 1");
}

/* A group of one who has no privileges, that watches @file. */
static int own_group(const struct task *task)
{
	int fd;

	errno = drop_privileges(task->in_userns);
	if (errno)
		return -errno;
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK,
			   O_RDONLY);
	if (fd < 0)
		return -errno;
	if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, task->file))
		return -errno;
	return fd;
}

static int attach(void *arg)
{
	int fd = own_group(arg);

	return fd < 0 ? 100 - fd : -fp_add(fd, "probe", NULL, 0);
}

TEST_F(unpriv, c702_a_handler_that_is_not_marked_is_refused_with_eperm)
{
	struct task task = { variant->in_userns, self->dir.file };

	self->link = register_probe(self->skel, 0);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(EPERM, fp_in_child(attach, &task));
	EXPECT_EQ(0, self->skel->bss->inits);
}

static int attach_and_use(void *arg)
{
	const struct task *task = arg;
	struct fanotify_fastpath_info info = {};
	int fd = own_group(task);

	if (fd < 0)
		return 100 - fd;
	if (fp_touch(task->file) || fp_count(fd) != 1)
		return 1;
	if (fp_add(fd, "probe", "ab", 2))
		return 2;
	if (fp_touch(task->file) || fp_count(fd) != 0)
		return 3;
	if (fp_ioctl_info(fd, FAN_IOC_GET_FP, &info) || info.skipped != 1)
		return 4;
	if (fp_replace(fd, "probe", NULL, 0))
		return 5;
	if (fp_del(fd, "probe"))
		return 6;
	if (fp_touch(task->file) || fp_count(fd) != 1)
		return 7;
	return 0;
}

TEST_F(unpriv, c703_a_handler_that_is_marked_serves_a_group_of_their_own)
{
	struct task task = { variant->in_userns, self->dir.file };

	self->link = register_probe(self->skel, FAN_FP_F_UNPRIV);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(0, fp_in_child(attach_and_use, &task));
	EXPECT_EQ(2, self->skel->bss->inits);
	EXPECT_EQ(2, self->skel->bss->frees);
}

static int read_sysfs(void *arg)
{
	const struct task *task = arg;
	int err = drop_privileges(task->in_userns);

	if (err)
		return err;
	return strcmp(fp_sysfs("probe", "desc"), "does what the test says");
}

TEST_F(unpriv, c704_sysfs_tells_what_there_is)
{
	struct task task = { variant->in_userns, self->dir.file };

	self->link = register_probe(self->skel, FAN_FP_F_UNPRIV);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(0, fp_in_child(read_sysfs, &task));
}

static int load(void *arg)
{
	const struct task *task = arg;
	int err = drop_privileges(task->in_userns);
	struct probe *skel;

	if (err)
		return err;
	libbpf_set_print(NULL);
	skel = probe__open();
	return skel && probe__load(skel) == -EPERM ? 0 : 1;
}

TEST_F(unpriv, c701_nobody_else_may_load_a_handler)
{
	struct task task = { variant->in_userns, self->dir.file };

	EXPECT_EQ(0, fp_in_child(load, &task));
}

TEST_HARNESS_MAIN
