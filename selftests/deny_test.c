// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deny handler: no file of that name is opened, and nobody has to read
 */
#include "kselftest_harness.h"
#include "common.h"
#include "deny.skel.h"

FIXTURE(deny)
{
	struct fp_dir dir;
	struct deny *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(deny)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = deny__open_and_load();
	ASSERT_NE(NULL, self->skel);
	self->link = bpf_map__attach_struct_ops(self->skel->maps.deny);
	ASSERT_NE(NULL, self->link);
}

FIXTURE_TEARDOWN(deny)
{
	bpf_link__destroy(self->link);
	deny__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

TEST_F(deny, files_of_that_name_are_denied_and_no_others)
{
	char dir[96], path[128];

	ASSERT_EQ(0, fp_add(self->fd, "deny", "file", 4));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_touch(self->dir.file2));

	snprintf(dir, sizeof(dir), "%s/dir", self->dir.path);
	ASSERT_EQ(0, mkdir(dir, 0700));
	snprintf(path, sizeof(path), "%s/file", dir);
	EXPECT_EQ(-EPERM, fp_create(path));
	snprintf(path, sizeof(path), "%s/fil", dir);
	EXPECT_EQ(0, fp_create(path));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(2, fp_counter("deny", "denied"));
}

TEST_F(deny, a_renamed_file_is_judged_by_its_new_name)
{
	ASSERT_EQ(0, fp_add(self->fd, "deny", "file", 4));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, rename(self->dir.file, self->dir.file2));
	EXPECT_EQ(0, fp_touch(self->dir.file2));
	ASSERT_EQ(0, rename(self->dir.file2, self->dir.file));
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file));
}

TEST_F(deny, a_long_name_is_compared_to_its_end)
{
	char name[256], path[400];

	memset(name, 'n', 255);
	name[255] = '\0';
	ASSERT_EQ(0, fp_add(self->fd, "deny", name, 255));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	snprintf(path, sizeof(path), "%s/%s", self->dir.path, name);
	EXPECT_EQ(-EPERM, fp_create(path));
	path[strlen(path) - 1] = 'x';
	EXPECT_EQ(0, fp_create(path));
}

TEST_F(deny, arguments_that_are_no_file_name_are_einval)
{
	static char long_name[256];

	memset(long_name, 'n', sizeof(long_name));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "deny", NULL, 0));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "deny", "a/b", 3));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "deny", "a", 2));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "deny", long_name, 256));
	EXPECT_EQ(0, fp_counter("deny", "attached"));
}

TEST_HARNESS_MAIN
