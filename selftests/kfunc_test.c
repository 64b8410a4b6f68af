// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs, and what the verifier refuses
 */
#include "kselftest_harness.h"
#include "common.h"
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

TEST_F(kfunc, a_sleepable_handler_takes_and_releases_references)
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

TEST_F(kfunc, a_name_is_copied_if_it_fits)
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

TEST_F(kfunc, the_nearest_mark_has_its_masks_and_its_depth)
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

TEST_F(kfunc, marks_of_other_groups_and_evictable_marks_do_not_count)
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
REFUSED(sleeps, "must be sleepable");
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

TEST_F(refused, by_the_verifier)
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
