// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs, and what the verifier refuses
 */
#include "kselftest_harness.h"
#include "common.h"
#include <sys/xattr.h>

#include "kfunc.skel.h"
#include "refused.skel.h"

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

	self->link = attach_one(self->skel, self->skel->maps.ops_references,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, stat(self->dir.file, &st));
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

TEST_F(kfunc, c904_a_name_is_copied_if_it_fits)
{
	char path[128];

	self->link = attach_one(self->skel, self->skel->maps.ops_subdir,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->below_self);
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

	self->skel->bss->place = 77;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(-EINVAL, self->skel->bss->found);
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

TEST_F(kfunc, c902_c903_a_sleepable_handler_climbs_to_the_parent)
{
	struct stat st;

	self->link = attach_one(self->skel, self->skel->maps.ops_parent,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, stat(self->dir.path, &st));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(st.st_ino, self->skel->bss->parent_ino);
	EXPECT_EQ(1, self->skel->bss->below_parent);
	EXPECT_EQ(0, self->skel->bss->above_parent);

	/* The root of a file system is its own parent. */
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_ONDIR, AT_FDCWD, self->dir.path));
	self->skel->bss->parent_ino = 0;
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(st.st_ino, self->skel->bss->parent_ino);
	EXPECT_EQ(1, self->skel->bss->above_parent);

	/* No reference is left: the file system can be unmounted. */
	ASSERT_EQ(0, bpf_link__destroy(self->link));
	self->link = NULL;
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, umount(self->dir.path));
}

TEST_F(kfunc, c908_an_extended_attribute_of_users_is_read)
{
	self->link = attach_one(self->skel, self->skel->maps.ops_xattr,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, setxattr(self->dir.file, "user.test", "abc", 3, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(3, self->skel->bss->value_len);
	EXPECT_EQ(0, memcmp("abc", self->skel->bss->value, 4));
	EXPECT_EQ(-ENODATA, self->skel->bss->absent_len);
	EXPECT_EQ(-EPERM, self->skel->bss->forbidden_len);

	ASSERT_EQ(0, setxattr(self->dir.file, "user.test", "123456789", 9, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(-ERANGE, self->skel->bss->value_len);
}

static int write_as_nobody(void *arg)
{
	int fd;

	if (setgid(65534) || setuid(65534))
		return 1;
	fd = open(arg, O_WRONLY);
	return fd < 0;
}

TEST_F(kfunc, c908_an_extended_attribute_is_read_as_the_task_that_causes_the_event)
{
	self->link = attach_one(self->skel, self->skel->maps.ops_xattr,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, setxattr(self->dir.file, "user.test", "abc", 3, 0));
	ASSERT_EQ(0, chmod(self->dir.path, 0711));
	ASSERT_EQ(0, chmod(self->dir.file, 0622));
	ASSERT_EQ(0, fp_in_child(write_as_nobody, self->dir.file));
	EXPECT_EQ(-EACCES, self->skel->bss->value_len);
}

/* Make the group one that is told of names, for the file system. */
static int mark_names(int *fd, const char *path)
{
	close(*fd);
	*fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK |
			    FAN_REPORT_DFID_NAME, O_RDONLY);
	if (*fd < 0)
		return -errno;
	return fanotify_mark(*fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			     FAN_CREATE | FAN_RENAME | FAN_OPEN, AT_FDCWD, path);
}

TEST_F(kfunc, c905_the_name_that_an_event_is_about_is_copied_if_it_fits)
{
	char path[128], other[128];

	ASSERT_EQ(0, mark_names(&self->fd, self->dir.path));
	self->link = attach_one(self->skel, self->skel->maps.ops_names,
				self->fd);
	ASSERT_NE(NULL, self->link);
	snprintf(path, sizeof(path), "%s/fifteen_letters", self->dir.path);
	ASSERT_EQ(0, mknod(path, S_IFREG | 0600, 0));
	EXPECT_EQ(15, self->skel->bss->file_name_len);
	EXPECT_STREQ("fifteen_letters", self->skel->bss->file_name);

	snprintf(other, sizeof(other), "%s/sixteen_letters_", self->dir.path);
	ASSERT_EQ(0, mknod(other, S_IFREG | 0600, 0));
	EXPECT_EQ(-ENAMETOOLONG, self->skel->bss->file_name_len);
	EXPECT_STREQ("", self->skel->bss->file_name);

	/* A rename is about the old name. */
	ASSERT_EQ(0, unlink(other));
	ASSERT_EQ(0, rename(path, other));
	EXPECT_EQ(15, self->skel->bss->file_name_len);
	EXPECT_STREQ("fifteen_letters", self->skel->bss->file_name);
}

TEST_F(kfunc, c905_an_event_without_a_name_has_none)
{
	/* The root of a file system is not opened in a directory. */
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_ONDIR, AT_FDCWD, self->dir.path));
	self->link = attach_one(self->skel, self->skel->maps.ops_names,
				self->fd);
	ASSERT_NE(NULL, self->link);
	self->skel->bss->file_name[0] = 'x';
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(-ENOENT, self->skel->bss->file_name_len);
	EXPECT_STREQ("", self->skel->bss->file_name);
}

TEST_F(kfunc, c906_the_path_of_the_object_is_written_out_if_it_fits)
{
	char deleted[128];
	int fd;

	self->link = attach_one(self->skel, self->skel->maps.ops_names,
				self->fd);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(strlen(self->dir.file), self->skel->bss->path_len);
	EXPECT_STREQ(self->dir.file, self->skel->bss->path);
	EXPECT_EQ(-ENAMETOOLONG, self->skel->bss->small_path_len);
	EXPECT_STREQ("", self->skel->bss->small_path);

	fd = open(self->dir.file, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unlink(self->dir.file));
	snprintf(deleted, sizeof(deleted), "/proc/self/fd/%d", fd);
	ASSERT_EQ(0, fp_touch(deleted));
	snprintf(deleted, sizeof(deleted), "%s (deleted)", self->dir.file);
	EXPECT_STREQ(deleted, self->skel->bss->path);
	close(fd);
}

TEST_F(kfunc, c906_an_event_about_a_directory_entry_has_no_path)
{
	char path[128];

	ASSERT_EQ(0, mark_names(&self->fd, self->dir.path));
	self->link = attach_one(self->skel, self->skel->maps.ops_names,
				self->fd);
	ASSERT_NE(NULL, self->link);
	snprintf(path, sizeof(path), "%s/new", self->dir.path);
	ASSERT_EQ(0, mknod(path, S_IFREG | 0600, 0));
	EXPECT_EQ(-ENOENT, self->skel->bss->path_len);
	EXPECT_STREQ("", self->skel->bss->path);
}

/* Directories 1/2/3/... below @path, and a file in the last one. */
static int make_deep(const char *path, int depth, char *file, size_t size)
{
	size_t len = snprintf(file, size, "%s", path);

	while (depth--) {
		len += snprintf(file + len, size - len, "/d");
		if (mkdir(file, 0700) && errno != EEXIST)
			return -errno;
	}
	snprintf(file + len, size - len, "/file");
	return fp_create(file);
}

static __u64 ino_of(const char *path)
{
	struct stat st = {};

	stat(path, &st);
	return st.st_ino;
}

TEST_F(kfunc, c907_the_ancestors_are_listed_nearest_first)
{
	struct fanotify_fastpath_ancestor *list = self->skel->bss->ancestors;
	char file[256], dir[96], moved[96];
	struct stat st;

	ASSERT_EQ(0, make_deep(self->dir.path, 3, file, sizeof(file)));
	self->link = attach_one(self->skel, self->skel->maps.ops_above,
				self->fd);
	ASSERT_NE(NULL, self->link);
	list = self->skel->bss->ancestors;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(-EINVAL, self->skel->bss->odd_size);
	/* The file, three directories, the root. */
	EXPECT_EQ(5, self->skel->bss->n_ancestors);
	ASSERT_EQ(0, stat(file, &st));
	EXPECT_EQ(st.st_ino, list[0].ino);
	EXPECT_EQ(st.st_dev, list[0].dev);
	EXPECT_EQ(ino_of(self->dir.path), list[4].ino);
	EXPECT_EQ(0, list[5].ino);

	/* What was in the middle is moved up, with what is below it. */
	snprintf(dir, sizeof(dir), "%s/d/d", self->dir.path);
	snprintf(moved, sizeof(moved), "%s/moved", self->dir.path);
	ASSERT_EQ(0, rename(dir, moved));
	snprintf(file, sizeof(file), "%s/d/file", moved);
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(4, self->skel->bss->n_ancestors);
	EXPECT_EQ(ino_of(moved), list[2].ino);
	EXPECT_EQ(ino_of(self->dir.path), list[3].ino);

	self->skel->bss->place = FAN_FP_PLACE_DIR;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(3, self->skel->bss->n_ancestors);
	EXPECT_EQ(ino_of(moved), list[1].ino);
	self->skel->bss->place = 77;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(-EINVAL, self->skel->bss->n_ancestors);
}

TEST_F(kfunc, c907_it_is_told_how_many_ancestors_did_not_fit)
{
	struct fanotify_fastpath_ancestor *list;
	char file[256], dir[256];

	ASSERT_EQ(0, make_deep(self->dir.path, 20, file, sizeof(file)));
	self->link = attach_one(self->skel, self->skel->maps.ops_above,
				self->fd);
	ASSERT_NE(NULL, self->link);
	list = self->skel->bss->ancestors;
	ASSERT_EQ(0, fp_touch(file));
	EXPECT_EQ(22, self->skel->bss->n_ancestors);
	EXPECT_EQ(ino_of(file), list[0].ino);
	strcpy(dir, file);
	/* The last that fits is the seventh above the file. */
	dir[strlen(dir) - strlen("/d/d/d/d/d/d/file")] = '\0';
	EXPECT_EQ(ino_of(dir), list[7].ino);
}

TEST_F(kfunc, c907_the_ancestors_are_those_on_the_file_system)
{
	struct fanotify_fastpath_ancestor *list;
	char file[256], sub[256], bind[] = "/tmp/fp_bind.XXXXXX", path[256];

	ASSERT_EQ(0, make_deep(self->dir.path, 2, file, sizeof(file)));
	snprintf(sub, sizeof(sub), "%s/d/d", self->dir.path);
	ASSERT_NE(NULL, mkdtemp(bind));
	ASSERT_EQ(0, mount(sub, bind, NULL, MS_BIND, NULL));
	self->link = attach_one(self->skel, self->skel->maps.ops_above,
				self->fd);
	ASSERT_NE(NULL, self->link);
	list = self->skel->bss->ancestors;
	snprintf(path, sizeof(path), "%s/file", bind);
	ASSERT_EQ(0, fp_touch(path));
	EXPECT_EQ(4, self->skel->bss->n_ancestors);
	EXPECT_EQ(ino_of(self->dir.path), list[3].ino);
	umount2(bind, MNT_DETACH);
	rmdir(bind);
}

FIXTURE(refused)
{
	struct refused *skel;
};

FIXTURE_VARIANT(refused)
{
	const char *map;
	const char *prog;
	/* What the verifier says. NULL: it is refused before that. */
	const char *says;
};

#define REFUSED(_name, _says)						\
	FIXTURE_VARIANT_ADD(refused, _name) {				\
		.map = "ops_" #_name,					\
		.prog = #_name,						\
		.says = _says,						\
	}

REFUSED(leak, "Unreleased reference");
REFUSED(double_release, "bpf_iput");
REFUSED(unchecked, "Possibly NULL pointer passed");
REFUSED(leak_dentry, "Unreleased reference");
REFUSED(leak_parent, "Unreleased reference");
REFUSED(double_dput, "bpf_dput");
REFUSED(unchecked_dentry, "Possibly NULL pointer passed");
REFUSED(unchecked_parent, "Possibly NULL pointer passed");
REFUSED(sleeps_dentry, "must be sleepable to call sleepable kfunc bpf_fanotify_data_dentry");
REFUSED(sleeps_parent, "must be sleepable to call sleepable kfunc bpf_dget_parent");
REFUSED(sleeps_xattr, "must be sleepable to call sleepable kfunc bpf_fanotify_xattr");
REFUSED(xattr_past_end, "memory, len pair leads to invalid memory access");
REFUSED(xattr_name_varies, "arg#1 doesn't point to a const string");
REFUSED(name_past_end, "memory, len pair leads to invalid memory access");
REFUSED(dentry_name_past_end, "memory, len pair leads to invalid memory access");
REFUSED(path_past_end, "memory, len pair leads to invalid memory access");
REFUSED(ancestors_past_end, "memory, len pair leads to invalid memory access");
REFUSED(unchecked_dentry_name, "Possibly NULL pointer passed");
REFUSED(unchecked_args, "invalid mem access 'rdonly_mem_or_null'");
REFUSED(args_written, "cannot write into rdonly_mem");
REFUSED(not_the_event, "expected pointer to STRUCT fanotify_fastpath_event");
REFUSED(sleeps, "must be sleepable to call sleepable kfunc bpf_fanotify_data_inode");
REFUSED(release_borrowed, "expects refcounted PTR_TO_BTF_ID");
REFUSED(field_unchecked, "trusted_ptr_or_null_");
REFUSED(two_levels, "must be referenced or trusted");
REFUSED(writes_mask, "a handler may only write hook->private and event->scratch");
REFUSED(writes_id, "a handler may only write hook->private and event->scratch");
REFUSED(writes_past_scratch,
	"a handler may only write hook->private and event->scratch");
REFUSED(sleepable_init, "unsupported member fp_init");
REFUSED(other_type, "calling kernel function bpf_fanotify_hook_args is not allowed");

FIXTURE_SETUP(refused)
{
	self->skel = refused__open();
	ASSERT_NE(NULL, self->skel);
	libbpf_set_print(NULL);
}

FIXTURE_TEARDOWN(refused)
{
	refused__destroy(self->skel);
}

TEST_F(refused, c214_c215_c523_c909_c910_c911_c912_by_the_verifier)
{
	static char log[1 << 20];
	struct bpf_program *prog;
	struct bpf_map *map;

	map = bpf_object__find_map_by_name(self->skel->obj, variant->map);
	prog = bpf_object__find_program_by_name(self->skel->obj, variant->prog);
	ASSERT_NE(NULL, map);
	ASSERT_NE(NULL, prog);
	ASSERT_EQ(0, fp_choose(self->skel->obj, map));
	ASSERT_EQ(0, bpf_program__set_log_buf(prog, log, sizeof(log)));
	ASSERT_EQ(0, bpf_program__set_log_level(prog, 1));
	ASSERT_NE(0, refused__load(self->skel));
	EXPECT_NE(NULL, strstr(log, variant->says)) {
		TH_LOG("the verifier said:\n%s", log);
	}
}

TEST_HARNESS_MAIN
