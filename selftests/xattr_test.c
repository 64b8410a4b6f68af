// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_fanotify_xattr()
 */
#include <sys/xattr.h>

#include "kselftest_harness.h"
#include "common.h"
#include "xattr.skel.h"

/* What xattr.bpf.c reads. */
enum { USER, SECURITY, TRUSTED, NO_SUFFIX, TOO_LONG };

FIXTURE(xattr)
{
	struct fp_dir dir;
	struct xattr *skel;
	struct xattr__bss *seen;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(xattr)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, setxattr(self->dir.file, "user.fp", "value", 5, 0));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = xattr__open();
	ASSERT_NE(NULL, self->skel);
	fp_set_group(self->skel->maps.ops_xattr, self->fd);
	ASSERT_EQ(0, xattr__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.ops_xattr);
	ASSERT_NE(NULL, self->link);
	self->seen = self->skel->bss;
	self->seen->size = sizeof(self->seen->value);
}

FIXTURE_TEARDOWN(xattr)
{
	bpf_link__destroy(self->link);
	xattr__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int make_dirs(const char *path)
{
	static const char * const names[] = { "lower", "upper", "work", "top" };
	char dir[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(dir, sizeof(dir), "%s/%s", path, names[i]);
		if (mkdir(dir, 0700))
			return -errno;
	}
	return 0;
}

static int watch(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask,
			     AT_FDCWD, path);
}

TEST_F(xattr, c908_the_value_is_read)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(5, self->seen->len);
	EXPECT_EQ(0, memcmp("value", self->seen->value, 6));
}

TEST_F(xattr, c908_an_attribute_that_is_not_there_is_enodata)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(-ENODATA, self->seen->len);
}

TEST_F(xattr, c908_what_is_stacked_on_others_is_refused)
{
	char top[128], file[160], options[400];

	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,index=on,nfs_export=on",
		 self->dir.path, self->dir.path, self->dir.path);
	snprintf(top, sizeof(top), "%s/top", self->dir.path);
	snprintf(file, sizeof(file), "%s/file", top);
	ASSERT_EQ(0, make_dirs(self->dir.path));
	ASSERT_EQ(0, mount("none", top, "overlay", 0, options));
	ASSERT_EQ(0, fp_create(file));
	ASSERT_EQ(0, setxattr(file, "user.fp", "value", 5, 0));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, top));
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(-EOPNOTSUPP, self->seen->len);
	EXPECT_EQ(0, umount(top));
}

TEST_F(xattr, c908_names_outside_user_are_refused)
{
	ASSERT_EQ(0, setxattr(self->dir.file, "security.fp", "secret", 6, 0));
	ASSERT_EQ(0, setxattr(self->dir.file, "trusted.fp", "secret", 6, 0));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	for (self->seen->which = SECURITY; self->seen->which <= NO_SUFFIX;
	     self->seen->which++) {
		self->seen->len = 0;
		ASSERT_EQ(0, fp_touch(self->dir.file));
		EXPECT_EQ(-EPERM, self->seen->len);
		EXPECT_EQ(0, self->seen->value[0]);
	}
}

TEST_F(xattr, c908_a_name_that_is_too_long_is_erange)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	self->seen->which = TOO_LONG;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(-ERANGE, self->seen->len);
}

TEST_F(xattr, c908_a_small_buffer_is_erange_and_none_asks_for_the_length)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	self->seen->size = 4;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(-ERANGE, self->seen->len);
	self->seen->size = 0;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(5, self->seen->len);
	self->seen->size = 5;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(5, self->seen->len);
	EXPECT_EQ(0, memcmp("value", self->seen->value, 6));
}

/* As a user who may write to the file and not read it. */
static int open_to_write(void *path)
{
	if (setgid(65534) || setuid(65534))
		return 1;
	return open(path, O_WRONLY) < 0;
}

TEST_F(xattr, c908_the_task_must_be_allowed_to_read_the_file)
{
	ASSERT_EQ(0, chmod(self->dir.path, 0755));
	ASSERT_EQ(0, chmod(self->dir.file, 0622));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_in_child(open_to_write, self->dir.file));
	EXPECT_EQ(FAN_OPEN, self->seen->last_mask);
	EXPECT_EQ(-EACCES, self->seen->len);
	EXPECT_EQ(0, self->seen->value[0]);

	ASSERT_EQ(0, chmod(self->dir.file, 0666));
	ASSERT_EQ(0, fp_in_child(open_to_write, self->dir.file));
	EXPECT_EQ(5, self->seen->len);
}

TEST_F(xattr, c908_an_attribute_is_read_under_the_locks_of_those_who_change_it)
{
	char path[128];

	ASSERT_EQ(0, watch(self->fd, FAN_ATTRIB | FAN_CREATE | FAN_RENAME |
			   FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, setxattr(self->dir.file, "user.fp", "other", 5, 0));
	EXPECT_EQ(FAN_ATTRIB, self->seen->last_mask);
	EXPECT_EQ(0, memcmp("other", self->seen->value, 6));
	ASSERT_EQ(0, chmod(self->dir.file, 0600));
	EXPECT_EQ(5, self->seen->len);
	ASSERT_EQ(0, removexattr(self->dir.file, "user.fp"));
	EXPECT_EQ(-ENODATA, self->seen->len);
	ASSERT_EQ(0, setxattr(self->dir.file, "user.fp", "again", 5, 0));

	snprintf(path, sizeof(path), "%s/new", self->dir.path);
	ASSERT_EQ(0, rename(self->dir.file, path));
	EXPECT_EQ(FAN_RENAME, self->seen->last_mask);
	EXPECT_EQ(0, memcmp("again", self->seen->value, 6));
	ASSERT_EQ(0, mkdir(self->dir.file, 0700));
	EXPECT_EQ(FAN_CREATE | FAN_ONDIR, self->seen->last_mask);
	EXPECT_EQ(-ENODATA, self->seen->len);
}

TEST_HARNESS_MAIN
