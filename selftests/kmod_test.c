// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers in kernel modules: the sample, one whose work causes events, and one
 * that takes its time
 *
 * /kmod has fastpath_prefix.ko, fp_nest.ko and fp_slow.ko.
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
	unload("fp_slow");
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

static int param(const char *module, const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -9999;
	close(fd);
	return atoi(text);
}

static int set_param(const char *module, const char *name, const char *value)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int set_nest_param(const char *name, const char *value)
{
	return set_param("fp_nest", name, value);
}

TEST_F(kmod, c451_flags_that_are_unknown_or_not_for_modules_are_einval)
{
	EXPECT_EQ(-EINVAL, load("/kmod/fp_nest.ko", "flags=0x20"));
	/* FAN_FP_F_GROUP_FD needs a link; the last bit is the kernel's own. */
	EXPECT_EQ(-EINVAL, load("/kmod/fp_nest.ko", "flags=0x2"));
	EXPECT_EQ(-EINVAL, load("/kmod/fp_nest.ko", "flags=0x80000000"));
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", "flags=0x1"));
	EXPECT_STREQ("0x1", fp_sysfs("nest", "flags"));
}

TEST_F(kmod, c451_a_handler_without_its_function_is_einval)
{
	EXPECT_EQ(-EINVAL, load("/kmod/fp_nest.ko", "no_handler=1"));
}

TEST_F(kmod, c101_c103_the_verdicts_are_those_of_any_handler)
{
	char params[160];
	int fd;

	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
			   O_RDONLY);
	ASSERT_LE(0, fd);
	snprintf(params, sizeof(params), "path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	ASSERT_EQ(0, fp_add(fd, "nest", NULL, 0));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_OPEN,
				   AT_FDCWD, self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(2, fp_counter("nest", "skipped"));
	ASSERT_EQ(0, set_nest_param("verdict", "-13"));
	EXPECT_EQ(-EACCES, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_counter("nest", "denied"));
	EXPECT_EQ(0, fp_count(fd));

	ASSERT_EQ(0, set_nest_param("verdict", "0"));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN_PERM, AT_FDCWD,
				   self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_counter("nest", "sent"));
	EXPECT_EQ(0, fp_counter("nest", "errors"));
	EXPECT_EQ(1, fp_count(fd));
	ASSERT_EQ(0, fp_del(fd, "nest"));
	close(fd);
}

static pid_t start_touch(const char *path)
{
	pid_t pid = fork();

	if (!pid)
		_exit(-fp_touch(path));
	return pid;
}

TEST_F(kmod, c301_a_handler_is_entered_by_many_tasks_at_once)
{
	char params[160];
	pid_t first, second;
	int status;

	snprintf(params, sizeof(params), "hold=1 path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	ASSERT_EQ(0, fp_add(self->fd, "nest", NULL, 0));
	first = start_touch(self->dir.file);
	ASSERT_TRUE(FP_WAIT_FOR(param("fp_nest", "entered") == 1));
	second = start_touch(self->dir.file);
	EXPECT_TRUE(FP_WAIT_FOR(param("fp_nest", "entered") == 2));
	ASSERT_EQ(0, set_nest_param("hold", "0"));
	EXPECT_EQ(first, waitpid(first, &status, 0));
	EXPECT_EQ(second, waitpid(second, &status, 0));
	/* Only what the two caused themselves. */
	EXPECT_EQ(2, fp_counter("nest", "nested"));
	ASSERT_EQ(0, fp_del(self->fd, "nest"));
}

TEST_F(kmod, c301_an_event_that_a_handler_causes_is_shown_to_those_of_other_groups)
{
	char params[160];
	int other;

	other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
			      O_RDONLY);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, fanotify_mark(other, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	snprintf(params, sizeof(params), "path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	ASSERT_EQ(0, fp_add(self->fd, "nest", NULL, 0));
	ASSERT_EQ(0, fp_add(other, "nest", NULL, 0));

	/* Each for the open here, and each for what the other one did then. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(4, param("fp_nest", "entered"));
	ASSERT_EQ(0, fp_del(other, "nest"));
	ASSERT_EQ(0, fp_del(self->fd, "nest"));
	close(other);
}

TEST_F(kmod, c301_a_handler_is_not_entered_for_what_it_causes)
{
	char params[160];

	snprintf(params, sizeof(params), "path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	ASSERT_EQ(0, fp_add(self->fd, "nest", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));

	/* The event itself was skipped, the one that it caused was sent. */
	EXPECT_EQ(1, param("fp_nest", "entered"));
	EXPECT_EQ(0, param("fp_nest", "result"));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(1, fp_counter("nest", "nested"));
	EXPECT_EQ(1, fp_counter("nest", "sent"));
	EXPECT_EQ(1, fp_counter("nest", "skipped"));

	/* Nor is that left behind: the next event is shown to it. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(2, param("fp_nest", "entered"));
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
	EXPECT_EQ(1, param("fp_nest", "entered"));
	EXPECT_EQ(0, param("fp_nest", "result"));
	EXPECT_EQ(0, fp_count(fd));
	EXPECT_EQ(1, fp_counter("nest", "nested"));
	EXPECT_EQ(2, fp_counter("nest", "skipped"));
	ASSERT_EQ(0, fp_del(fd, "nest"));
	close(fd);
}

TEST_F(kmod, c303_nobody_waits_for_another_groups_listener_inside_a_handler)
{
	char params[160];
	int other;

	other = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
			      O_RDONLY);
	ASSERT_LE(0, other);
	snprintf(params, sizeof(params), "path=%s", self->dir.file2);
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", params));
	/* The module flavour knows only groups that have had a handler. */
	ASSERT_EQ(0, fp_add(other, "nest", NULL, 0));
	ASSERT_EQ(0, fp_del(other, "nest"));
	ASSERT_EQ(0, fanotify_mark(other, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD,
				   self->dir.file2));
	ASSERT_EQ(0, fp_add(self->fd, "nest", NULL, 0));

	/* Nobody answers: were it asked, this would hang. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, param("fp_nest", "entered"));
	EXPECT_EQ(0, param("fp_nest", "result"));
	EXPECT_EQ(0, fp_count(other));
	ASSERT_EQ(0, fp_del(self->fd, "nest"));
	close(other);
}

/* Open a file in a child, and wait until the slow handler is at it. */
static pid_t open_slowly(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		syscall(SYS_close_range, 3, ~0U, 0);
		_exit(-fp_touch(path));
	}
	return FP_WAIT_FOR(param("fp_slow", "inside") == 1) ? pid : -1;
}

TEST_F(kmod, c522_a_detach_waits_for_the_handlers_that_run)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, load("/kmod/fp_slow.ko", ""));
	ASSERT_EQ(0, fp_add(self->fd, "slow", NULL, 0));
	pid = open_slowly(self->dir.file);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, fp_del(self->fd, "slow"));
	EXPECT_EQ(0, param("fp_slow", "inside"));
	EXPECT_EQ(1, param("fp_slow", "frees"));
	EXPECT_EQ(0, param("fp_slow", "too_early"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(kmod, c522_so_does_the_end_of_the_group)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, load("/kmod/fp_slow.ko", ""));
	ASSERT_EQ(0, fp_add(self->fd, "slow", NULL, 0));
	pid = open_slowly(self->dir.file);
	ASSERT_LT(0, pid);
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(FP_WAIT_FOR(param("fp_slow", "frees") == 1));
	EXPECT_EQ(0, param("fp_slow", "too_early"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(kmod, c602_a_replaced_hook_is_freed_when_no_event_uses_it)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, load("/kmod/fp_slow.ko", ""));
	ASSERT_EQ(0, fp_add(self->fd, "slow", NULL, 0));
	pid = open_slowly(self->dir.file);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, fp_replace(self->fd, "slow", NULL, 0));
	EXPECT_EQ(1, param("fp_slow", "frees"));
	EXPECT_EQ(0, param("fp_slow", "too_early"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, fp_del(self->fd, "slow"));
}

TEST_F(kmod, c413_when_a_module_unregisters_its_handler_it_is_detached)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, load("/kmod/fp_slow.ko", ""));
	ASSERT_EQ(0, fp_add(self->fd, "slow", NULL, 0));
	pid = open_slowly(self->dir.file);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, set_param("fp_slow", "registered", "0"));
	EXPECT_EQ(0, param("fp_slow", "inside"));
	EXPECT_EQ(1, param("fp_slow", "frees"));
	EXPECT_EQ(0, param("fp_slow", "too_early"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	EXPECT_EQ(-ENOENT, fp_del(self->fd, ""));
	EXPECT_EQ(-ENOENT, fp_add(self->fd, "slow", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, unload("fp_slow"));
}

TEST_F(kmod, c411_a_name_that_was_taken_can_be_registered_later)
{
	ASSERT_EQ(0, load("/kmod/fp_nest.ko", "name=slow"));
	ASSERT_EQ(0, load("/kmod/fp_slow.ko", "registered=0"));
	EXPECT_EQ(-EEXIST, set_param("fp_slow", "registered", "1"));
	ASSERT_EQ(0, unload("fp_nest"));
	EXPECT_EQ(0, set_param("fp_slow", "registered", "1"));
	EXPECT_EQ(0, fp_add(self->fd, "slow", NULL, 0));
	EXPECT_EQ(-EEXIST, set_param("fp_slow", "registered", "1"));
	EXPECT_EQ(0, set_param("fp_slow", "registered", "0"));
	EXPECT_EQ(0, set_param("fp_slow", "registered", "1"));
}

TEST_F(kmod, c1107_the_counts_do_not_step_back_during_a_detach)
{
	pid_t opener, detacher;
	int status, low = 0;

	ASSERT_EQ(0, load("/kmod/fp_slow.ko", ""));
	ASSERT_EQ(0, fp_add(self->fd, "slow", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	ASSERT_EQ(1, fp_counter("slow", "seen"));
	opener = open_slowly(self->dir.file);
	ASSERT_LT(0, opener);

	/* It waits for the handler that runs. */
	detacher = fork();
	if (!detacher)
		_exit(-fp_del(self->fd, "slow"));
	while (!waitpid(detacher, &status, WNOHANG))
		low += fp_counter("slow", "seen") < 1;
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, low);
	EXPECT_EQ(2, fp_counter("slow", "seen"));
	EXPECT_EQ(0, fp_counter("slow", "attached"));
	ASSERT_EQ(opener, waitpid(opener, &status, 0));
}

TEST_HARNESS_MAIN
