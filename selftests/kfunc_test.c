// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs
 */
#include "kselftest_harness.h"
#include "common.h"
#include "kfunc.skel.h"

FIXTURE(kfunc)
{
	struct fp_dir dir;
	struct kfunc *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(kfunc)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	self->skel = kfunc__open();
	ASSERT_NE(NULL, self->skel);
	self->link = NULL;
}

FIXTURE_TEARDOWN(kfunc)
{
	bpf_link__destroy(self->link);
	kfunc__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static struct bpf_link *attach_one(struct kfunc *skel, struct bpf_map *map,
				   int fd)
{
	fp_set_group(map, fd);
	if (fp_choose(skel->obj, map) || kfunc__load(skel))
		return NULL;
	return bpf_map__attach_struct_ops(map);
}

TEST_F(kfunc, c901_a_sleepable_handler_takes_and_releases_references)
{
	struct stat st;
	int i;

	self->link = attach_one(self->skel, self->skel->maps.ops_references,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, stat(self->dir.file, &st));
	/* Often enough for a reference too few to be missed. */
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(st.st_ino, self->skel->bss->ino);
	EXPECT_EQ(1, self->skel->bss->dentry_seen);
	EXPECT_EQ(1, self->skel->bss->below_self);

	/* No reference is left: the file system can be unmounted. */
	ASSERT_EQ(0, bpf_link__destroy(self->link));
	self->link = NULL;
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, umount(self->dir.path));
}

TEST_F(kfunc, c902_c903_a_sleepable_handler_climbs_to_the_root_by_parents)
{
	char sub[128], file[160];
	struct stat st, root;

	snprintf(sub, sizeof(sub), "%s/sub", self->dir.path);
	snprintf(file, sizeof(file), "%s/file", sub);
	ASSERT_EQ(0, mkdir(sub, 0700));
	ASSERT_EQ(0, fp_create(file));
	ASSERT_EQ(0, stat(sub, &st));
	ASSERT_EQ(0, stat(self->dir.path, &root));
	self->link = attach_one(self->skel, self->skel->maps.ops_parents,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(st.st_ino, self->skel->bss->parent_ino);
	EXPECT_STREQ("sub", self->skel->bss->name);
	EXPECT_EQ(0, self->skel->bss->parent_in_child);
	EXPECT_EQ(1, self->skel->bss->child_in_parent);
	EXPECT_EQ(2, self->skel->bss->levels);
	EXPECT_EQ(root.st_ino, self->skel->bss->root_ino);

	/* The root is its own parent. */
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_ONDIR, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(0, self->skel->bss->levels);
	EXPECT_EQ(root.st_ino, self->skel->bss->parent_ino);
	EXPECT_EQ(1, self->skel->bss->parent_in_child);

	/* No reference is left. */
	ASSERT_EQ(0, bpf_link__destroy(self->link));
	self->link = NULL;
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, umount(self->dir.path));
}

TEST_F(kfunc, c904_a_name_is_copied_if_it_fits)
{
	char path[128];

	self->link = attach_one(self->skel, self->skel->maps.ops_subdir,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->below_parent);
	EXPECT_EQ(4, self->skel->bss->name_len);
	EXPECT_STREQ("file", self->skel->bss->name);

	/* Seven characters and the NUL fit, eight do not. */
	snprintf(path, sizeof(path), "%s/1234567", self->dir.path);
	ASSERT_EQ(0, fp_create(path));
	EXPECT_EQ(7, self->skel->bss->name_len);
	EXPECT_STREQ("1234567", self->skel->bss->name);
	snprintf(path, sizeof(path), "%s/12345678", self->dir.path);
	ASSERT_EQ(0, fp_create(path));
	EXPECT_EQ(-ENAMETOOLONG, self->skel->bss->name_len);
	EXPECT_STREQ("", self->skel->bss->name);
}

TEST_F(kfunc, c1001_the_nearest_mark_has_its_masks_and_its_depth)
{
	char sub[128], file[160];

	snprintf(sub, sizeof(sub), "%s/sub", self->dir.path);
	snprintf(file, sizeof(file), "%s/file", sub);
	ASSERT_EQ(0, mkdir(sub, 0700));
	ASSERT_EQ(0, fp_create(file));
	fp_count(self->fd);
	self->link = attach_one(self->skel, self->skel->maps.ops_nearest,
				self->fd);
	ASSERT_NE(NULL, self->link);

	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(0, self->skel->bss->found);

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
				   FAN_ONDIR, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(2, self->skel->bss->mark.depth);
	EXPECT_EQ(FAN_ONDIR, self->skel->bss->mark.mask);
	EXPECT_EQ(0, self->skel->bss->mark.ignore_mask);

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR |
				   FAN_MARK_IGNORE |
				   FAN_MARK_IGNORED_SURV_MODIFY, FAN_ONDIR,
				   AT_FDCWD, sub));
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(1, self->skel->bss->mark.depth);
	EXPECT_EQ(0, self->skel->bss->mark.mask);
	EXPECT_EQ(FAN_ONDIR, self->skel->bss->mark.ignore_mask);
	EXPECT_EQ(0, self->skel->bss->mark.__reserved);

	/* From the directory it is one level less. */
	self->skel->bss->place = FAN_FP_PLACE_DIR;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(0, self->skel->bss->mark.depth);

	self->skel->bss->place = 77;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(-EINVAL, self->skel->bss->found);
}

TEST_F(kfunc, c1001_what_is_removed_is_as_deep_as_it_was)
{
	char sub[128], made[160];
	int held;

	snprintf(sub, sizeof(sub), "%s/sub", self->dir.path);
	snprintf(made, sizeof(made), "%s/made", sub);
	ASSERT_EQ(0, mkdir(sub, 0700));
	/* Who reads file descriptors is told of nothing that is removed. */
	close(self->fd);
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->link = attach_one(self->skel, self->skel->maps.ops_nearest,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_DELETE | FAN_ONDIR, AT_FDCWD, sub));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
				   FAN_ONDIR, AT_FDCWD, self->dir.path));

	/* Its dentry is gone with it, ... */
	ASSERT_EQ(0, mkdir(made, 0700));
	ASSERT_EQ(0, rmdir(made));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(2, self->skel->bss->mark.depth);

	/* ... or somebody has it open. */
	ASSERT_EQ(0, mkdir(made, 0700));
	held = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, rmdir(made));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(2, self->skel->bss->mark.depth);
	close(held);

	/* A file is looked for from where it was. */
	ASSERT_EQ(0, fp_create(made));
	ASSERT_EQ(0, unlink(made));
	EXPECT_EQ(1, self->skel->bss->found);
	EXPECT_EQ(1, self->skel->bss->mark.depth);
}

TEST_F(kfunc, c1004_marks_of_other_groups_and_evictable_marks_do_not_count)
{
	int other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);

	ASSERT_LE(0, other);
	self->link = attach_one(self->skel, self->skel->maps.ops_nearest,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fanotify_mark(other, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
				   FAN_ONDIR, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, self->skel->bss->found);

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR |
				   FAN_MARK_EVICTABLE, FAN_ONDIR, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, self->skel->bss->found);
	close(other);
}

/* A group that reports names, for all events of the file system in @mask. */
FIXTURE(names)
{
	struct fp_dir dir;
	struct kfunc *skel;
	struct kfunc__bss *seen;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(names)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = kfunc__open();
	ASSERT_NE(NULL, self->skel);
	self->link = attach_one(self->skel, self->skel->maps.ops_names,
				self->fd);
	ASSERT_NE(NULL, self->link);
	self->seen = self->skel->bss;
}

FIXTURE_TEARDOWN(names)
{
	bpf_link__destroy(self->link);
	kfunc__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int watch(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask,
			     AT_FDCWD, path);
}

TEST_F(names, c905_the_file_name_of_a_create_is_copied_if_it_fits)
{
	char path[128];

	ASSERT_EQ(0, watch(self->fd, FAN_CREATE, self->dir.path));
	snprintf(path, sizeof(path), "%s/1234567", self->dir.path);
	ASSERT_EQ(0, fp_create(path));
	EXPECT_EQ(7, self->seen->file_name_len);
	EXPECT_STREQ("1234567", self->seen->file_name);
	snprintf(path, sizeof(path), "%s/12345678", self->dir.path);
	ASSERT_EQ(0, fp_create(path));
	EXPECT_EQ(-ENAMETOOLONG, self->seen->file_name_len);
	EXPECT_STREQ("", self->seen->file_name);
}

TEST_F(names, c905_the_file_name_of_a_rename_is_the_old_one)
{
	char path[128];

	ASSERT_EQ(0, watch(self->fd, FAN_RENAME, self->dir.path));
	snprintf(path, sizeof(path), "%s/new", self->dir.path);
	ASSERT_EQ(0, rename(self->dir.file, path));
	EXPECT_EQ(FAN_RENAME, self->seen->last_mask);
	EXPECT_EQ(4, self->seen->file_name_len);
	EXPECT_STREQ("file", self->seen->file_name);
}

TEST_F(names, c905_the_file_name_of_a_deleted_file_is_the_one_it_had)
{
	ASSERT_EQ(0, watch(self->fd, FAN_DELETE, self->dir.path));
	ASSERT_EQ(0, unlink(self->dir.file2));
	EXPECT_STREQ("file2", self->seen->file_name);
}

TEST_F(names, c905_an_event_without_a_name_says_so)
{
	char path[128];

	ASSERT_EQ(0, watch(self->fd, FAN_DELETE_SELF | FAN_ONDIR,
			   self->dir.path));
	snprintf(path, sizeof(path), "%s/sub", self->dir.path);
	ASSERT_EQ(0, mkdir(path, 0700) ?: rmdir(path));
	EXPECT_EQ(FAN_DELETE_SELF | FAN_ONDIR, self->seen->last_mask);
	EXPECT_EQ(-ENOENT, self->seen->file_name_len);
	EXPECT_STREQ("", self->seen->file_name);
}

TEST_F(names, c906_a_path_is_written_if_it_fits)
{
	__u32 len = strlen(self->dir.file);

	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(len, self->seen->path_len);
	EXPECT_STREQ(self->dir.file, self->seen->path);

	self->skel->data->path_size = len + 1;
	self->seen->path[len + 1] = 'x';
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(len, self->seen->path_len);
	EXPECT_STREQ(self->dir.file, self->seen->path);
	EXPECT_EQ('x', self->seen->path[len + 1]);

	self->skel->data->path_size = len;
	self->seen->path[len] = 'y';
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(-ENAMETOOLONG, self->seen->path_len);
	EXPECT_STREQ("", self->seen->path);
	EXPECT_EQ('y', self->seen->path[len]);

	self->skel->data->path_size = 0;
	self->seen->path[0] = 'z';
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(-ENAMETOOLONG, self->seen->path_len);
	EXPECT_EQ('z', self->seen->path[0]);
}

TEST_F(names, c906_the_path_of_a_deleted_file_says_so)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s (deleted)", self->dir.file);
	ASSERT_EQ(0, watch(self->fd, FAN_CLOSE, self->dir.path));
	fd = open(self->dir.file, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unlink(self->dir.file));
	close(fd);
	EXPECT_STREQ(path, self->seen->path);
	EXPECT_EQ(strlen(path), self->seen->path_len);
}

TEST_F(names, c906_the_path_goes_through_the_mount_that_was_used)
{
	char sub[128], bind[128], file[160];

	snprintf(sub, sizeof(sub), "%s/sub", self->dir.path);
	snprintf(bind, sizeof(bind), "%s/bind", self->dir.path);
	snprintf(file, sizeof(file), "%s/file", bind);
	ASSERT_EQ(0, mkdir(sub, 0700) ?: mkdir(bind, 0700));
	ASSERT_EQ(0, mount(sub, bind, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	EXPECT_EQ(0, fp_create(file));
	EXPECT_STREQ(file, self->seen->path);
	EXPECT_EQ(0, umount2(bind, MNT_DETACH));
}

static int touch_in_jail(void *jail)
{
	return chroot(jail) || chdir("/") || fp_touch("/file");
}

TEST_F(names, c906_the_path_is_relative_to_the_root_of_the_task)
{
	ASSERT_EQ(0, watch(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_in_child(touch_in_jail, self->dir.path));
	EXPECT_STREQ("/file", self->seen->path);
}

static int leave_open(void *path)
{
	return open(path, O_RDONLY) < 0;
}

TEST_F(names, c906_a_task_that_exits_has_no_path)
{
	ASSERT_EQ(0, watch(self->fd, FAN_CLOSE, self->dir.path));
	ASSERT_EQ(0, fp_in_child(leave_open, self->dir.file));
	EXPECT_EQ(FAN_CLOSE_NOWRITE, self->seen->last_mask);
	EXPECT_EQ(-ESRCH, self->seen->path_len);
	EXPECT_STREQ("", self->seen->path);
	EXPECT_STREQ("file", self->seen->file_name);
}

TEST_F(names, c905_c906_a_new_directory_has_a_name_and_no_path)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/sub", self->dir.path);
	ASSERT_EQ(0, watch(self->fd, FAN_CREATE | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(FAN_CREATE | FAN_ONDIR, self->seen->last_mask);
	EXPECT_EQ(-ENOENT, self->seen->path_len);
	EXPECT_STREQ("", self->seen->path);
	EXPECT_STREQ("sub", self->seen->file_name);
}

TEST_HARNESS_MAIN
