// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers in kernel modules: the sample, and one whose work causes events
 *
 * /kmod has fastpath_prefix.ko and fp_nest.ko.
 */
#include "kselftest_harness.h"
#include "common.h"

static int load(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return err;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

FIXTURE(kmod)
{
	struct fp_dir dir;
	int fd;
};

FIXTURE_SETUP(kmod)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
				 O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
}

FIXTURE_TEARDOWN(kmod)
{
	close(self->fd);
	unload("fastpath_prefix");
	unload("fp_nest");
	fp_dir_remove(&self->dir);
}

TEST_F(kmod, c402_the_sample_skips_by_prefix)
{
	char other[128];

	ASSERT_EQ(0, load("/kmod/fastpath_prefix.ko", ""));
	EXPECT_STREQ("the prefixes, each with a terminating NUL",
		     fp_sysfs("prefix", "init_args"));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "prefix", NULL, 0));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "prefix", "fi", 2));
	ASSERT_EQ(0, fp_add(self->fd, "prefix", "xyz\0fi", 7));

	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	snprintf(other, sizeof(other), "%s/xy", self->dir.path);
	ASSERT_EQ(0, fp_create(other));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, fp_del(self->fd, "prefix"));
}

TEST_F(kmod, c417_a_module_stays_while_its_handler_is_attached)
{
	ASSERT_EQ(0, load("/kmod/fastpath_prefix.ko", ""));
	ASSERT_EQ(0, fp_add(self->fd, "prefix", "fi", 3));
	EXPECT_EQ(-EAGAIN, unload("fastpath_prefix"));
	ASSERT_EQ(0, fp_del(self->fd, "prefix"));
	EXPECT_EQ(0, unload("fastpath_prefix"));
	EXPECT_EQ(-ENOENT, fp_add(self->fd, "prefix", "fi", 3));
}

static int nest_param(const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/module/fp_nest/parameters/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -9999;
	close(fd);
	return atoi(text);
}

TEST_F(kmod, c301_a_handler_is_not_entered_for_what_it_causes)
{
	char params[160];

	snprintf(params, sizeof(params), "path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	ASSERT_EQ(0, fp_add(self->fd, "nest", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));

	/* The event itself was skipped, the one that it caused was sent. */
	EXPECT_EQ(1, nest_param("entered"));
	EXPECT_EQ(0, nest_param("result"));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, fp_counter("nest", "nested"));
	EXPECT_EQ(1, fp_counter("nest", "sent"));
	EXPECT_EQ(1, fp_counter("nest", "skipped"));

	/* Nor is that left behind: the next event is shown to it. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(2, nest_param("entered"));
	ASSERT_EQ(0, fp_del(self->fd, "nest"));
}

TEST_F(kmod, c302_a_permission_event_that_a_handler_causes_is_allowed)
{
	char params[160];
	int fd;

	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
			   O_RDONLY);
	ASSERT_LE(0, fd);
	snprintf(params, sizeof(params), "path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	ASSERT_EQ(0, fp_add(fd, "nest", NULL, 0));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));

	/* Nobody answers: were it asked, this would hang. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, nest_param("entered"));
	EXPECT_EQ(0, nest_param("result"));
	EXPECT_EQ(0, fp_count(fd));
	EXPECT_EQ(1, fp_counter("nest", "nested"));
	EXPECT_EQ(2, fp_counter("nest", "skipped"));
	ASSERT_EQ(0, fp_del(fd, "nest"));
	close(fd);
}

TEST_HARNESS_MAIN
