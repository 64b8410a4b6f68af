// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rule lists: the conditions on where an event is, and the marks for them
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"
#include "lib_rules.h"

#include <linux/btrfs.h>

FIXTURE(subtree)
{
	struct fp_dir dir;
	char a[96], b[96], c[96], file[128];	/* dir/a, dir/a/b, dir/c */
	int fd;
	struct fanfp_link *link;
};

static bool is_sent(int fd, const char *path)
{
	fp_count(fd);
	if (fp_touch(path)) {
		printf("# %s: %s\n", path, strerror(errno));
		return false;
	}
	return fp_count(fd);
}

FIXTURE_SETUP(subtree)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->a, sizeof(self->a), "%s/a", self->dir.path);
	snprintf(self->b, sizeof(self->b), "%s/a/b", self->dir.path);
	snprintf(self->c, sizeof(self->c), "%s/c", self->dir.path);
	snprintf(self->file, sizeof(self->file), "%s/a/b/file", self->dir.path);
	ASSERT_EQ(0, mkdir(self->a, 0700) ?: mkdir(self->b, 0700) ?:
		     mkdir(self->c, 0700));
	ASSERT_EQ(0, fp_create(self->file));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_CREATE | FAN_DELETE |
				   FAN_RENAME | FAN_DELETE_SELF | FAN_ONDIR,
				   AT_FDCWD, self->dir.path));
	self->link = attach_rules(self->fd, "default skip\n");
	ASSERT_NE(NULL, self->link) {
		TH_LOG("%s", fanfp_last_error());
	}
}

FIXTURE_TEARDOWN(subtree)
{
	fanfp_link__destroy(self->link);
	EXPECT_EQ(0, count_rule_marks(self->fd));
	close(self->fd);
	fp_dir_remove(&self->dir);
}

#define UPDATE(...)	ASSERT_EQ(0, update_rulesf(self->link, __VA_ARGS__)) { \
				TH_LOG("%s", fanfp_last_error());	\
			}

TEST_F(subtree, a_subtree_is_a_directory_and_all_below_it)
{
	UPDATE("send subtree=%s\ndefault skip\n", self->a);
	EXPECT_TRUE(is_sent(self->fd, self->a));
	EXPECT_TRUE(is_sent(self->fd, self->b));
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_FALSE(is_sent(self->fd, self->c));
	EXPECT_FALSE(is_sent(self->fd, self->dir.file));
	EXPECT_FALSE(is_sent(self->fd, self->dir.path));
	UPDATE("send !subtree=%s\ndefault skip\n", self->a);
	EXPECT_FALSE(is_sent(self->fd, self->file));
	EXPECT_TRUE(is_sent(self->fd, self->c));
	/* Any of several. */
	UPDATE("send subtree=%s,%s\ndefault skip\n", self->b, self->c);
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_TRUE(is_sent(self->fd, self->c));
	EXPECT_FALSE(is_sent(self->fd, self->a));
}

TEST_F(subtree, a_subtree_is_told_also_when_others_lie_between)
{
	UPDATE("skip subtree=%s\n"
	       "send subtree=%s\n"
	       "default skip\n", self->b, self->a);
	EXPECT_FALSE(is_sent(self->fd, self->file));
	EXPECT_TRUE(is_sent(self->fd, self->a));
	UPDATE("send subtree=%s subtree=%s subtree=%s\n"
	       "default skip\n", self->dir.path, self->a, self->b);
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_FALSE(is_sent(self->fd, self->a));
}

TEST_F(subtree, what_is_moved_or_reached_by_another_mount_is_where_it_is)
{
	char moved[128], path[160];

	UPDATE("send subtree=%s\ndefault skip\n", self->a);
	snprintf(moved, sizeof(moved), "%s/moved", self->c);
	snprintf(path, sizeof(path), "%s/file", moved);
	ASSERT_EQ(0, rename(self->b, moved));
	EXPECT_FALSE(is_sent(self->fd, path));
	ASSERT_EQ(0, rename(moved, self->b));
	EXPECT_TRUE(is_sent(self->fd, self->file));

	/* A root that is moved stays one. */
	snprintf(path, sizeof(path), "%s/moved/b/file", self->c);
	ASSERT_EQ(0, rename(self->a, moved));
	EXPECT_TRUE(is_sent(self->fd, path));
	ASSERT_EQ(0, rename(moved, self->a));

	ASSERT_EQ(0, mount(self->b, self->c, NULL, MS_BIND, NULL));
	snprintf(path, sizeof(path), "%s/file", self->c);
	EXPECT_TRUE(is_sent(self->fd, path));
	EXPECT_EQ(0, umount2(self->c, MNT_DETACH));
}

TEST_F(subtree, an_entry_is_where_its_directory_is)
{
	char path[128], moved[128];

	UPDATE("send subtree=%s\ndefault skip\n", self->a);
	snprintf(path, sizeof(path), "%s/x", self->a);
	snprintf(moved, sizeof(moved), "%s/x", self->c);
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(1, fp_count(self->fd));
	/* Of a rename either end counts. */
	ASSERT_EQ(0, rename(path, moved));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(moved, path));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(path, moved));
	fp_count(self->fd);
	snprintf(path, sizeof(path), "%s/y", self->c);
	ASSERT_EQ(0, rename(moved, path));
	EXPECT_EQ(0, fp_count(self->fd));
	/* Making the root itself is not in it. */
	snprintf(path, sizeof(path), "%s/c/y", self->dir.path);
	UPDATE("send event=delete subtree=%s\ndefault skip\n", path);
	ASSERT_EQ(0, rmdir(path));
	EXPECT_EQ(0, fp_count(self->fd));
}

/* What has no place is not lost: it is sent, and neither skipped nor allowed. */
TEST_F(subtree, without_a_place_an_event_is_kept)
{
	const char *const keep[] = {
		"send event=delete_self subtree=%s\ndefault skip\n",
		"send event=delete_self !subtree=%s\ndefault skip\n",
		"skip event=delete_self subtree=%s\n",
		"skip event=delete_self !subtree=%s\n",
		"send event=delete_self inside\ndefault skip\n",
		"skip event=delete_self inside\n",
		"skip event=delete_self !inside\n",
	};
	char path[128], text[256];
	__u64 mask;
	size_t i;

	snprintf(path, sizeof(path), "%s/x", self->a);
	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		snprintf(text, sizeof(text), keep[i], self->a);
		UPDATE("%s", text);
		ASSERT_EQ(0, mkdir(path, 0700) ?: rmdir(path));
		mask = 0;
		fp_drain(self->fd, &mask);
		EXPECT_TRUE(mask & FAN_DELETE_SELF) {
			TH_LOG("%s", text);
		}
	}
	/* A root itself knows that it is one. */
	UPDATE("default skip\n");
	ASSERT_EQ(0, mkdir(path, 0700));
	UPDATE("skip subtree=%s\n", path);
	ASSERT_EQ(0, rmdir(path));
	mask = 0;
	fp_drain(self->fd, &mask);
	EXPECT_FALSE(mask & FAN_DELETE_SELF);
}

TEST_F(subtree, inside_is_what_the_subtree_handler_decides)
{
	UPDATE("send inside\ndefault skip\n");
	EXPECT_FALSE(is_sent(self->fd, self->file));
	ASSERT_EQ(0, fp_include(self->fd, self->a));
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_FALSE(is_sent(self->fd, self->c));
	ASSERT_EQ(0, fp_exclude(self->fd, self->b));
	EXPECT_FALSE(is_sent(self->fd, self->file));
	EXPECT_TRUE(is_sent(self->fd, self->a));
	UPDATE("skip !inside\n");
	EXPECT_FALSE(is_sent(self->fd, self->file));
	EXPECT_TRUE(is_sent(self->fd, self->a));
	UPDATE("skip inside\n");
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_FALSE(is_sent(self->fd, self->a));
}

TEST_F(subtree, a_directory_of_a_rule_is_neither_inside_nor_outside)
{
	ASSERT_EQ(0, fp_include(self->fd, self->a));
	UPDATE("send inside\n"
	       "skip subtree=%s,%s\n"
	       "default skip\n", self->b, self->c);
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_FALSE(is_sent(self->fd, self->c));
	ASSERT_EQ(0, fp_exclude(self->fd, self->b));
	EXPECT_FALSE(is_sent(self->fd, self->file));
	/* Its mark goes, and leaves the other that is there. */
	UPDATE("send inside\ndefault skip\n");
	EXPECT_EQ(0, count_rule_marks(self->fd));
	EXPECT_FALSE(is_sent(self->fd, self->file));
	EXPECT_TRUE(is_sent(self->fd, self->a));
}

TEST_F(subtree, its_mark_adds_no_event_and_hides_none)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	struct fanfp_link *link;
	char text[160];

	/* A group with a mark of its own on the directory, not for directories. */
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN |
				   FAN_EVENT_ON_CHILD, AT_FDCWD, self->b));
	EXPECT_TRUE(is_sent(fd, self->file));
	EXPECT_FALSE(is_sent(fd, self->b));
	snprintf(text, sizeof(text), "send subtree=%s\n", self->b);
	link = attach_rules(fd, text);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(1, count_rule_marks(fd));
	EXPECT_TRUE(is_sent(fd, self->file));
	EXPECT_FALSE(is_sent(fd, self->b));
	fanfp_link__destroy(link);
	EXPECT_EQ(0, count_rule_marks(fd));
	EXPECT_TRUE(is_sent(fd, self->file));
	close(fd);
}

/* Deeper than what fits on the stack of a handler; and than it looks at all. */
static int make_marked(int fd, const char *top, int levels)
{
	int i;

	if (chdir(top))
		return -errno;
	for (i = 0; i < levels; i++) {
		if (mkdir("d", 0700) || fp_include(fd, "d") || chdir("d"))
			return -errno;
	}
	return fp_create("file");
}

TEST_F(subtree, many_marks_may_lie_between)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };

	ASSERT_EQ(0, make_marked(self->fd, self->b, 11));
	UPDATE("send subtree=%s\ndefault skip\n", self->a);
	EXPECT_TRUE(is_sent(self->fd, "file"));
	ASSERT_EQ(0, make_marked(self->fd, ".", 1));
	EXPECT_TRUE(is_sent(self->fd, "file"));
	ASSERT_EQ(0, make_marked(self->fd, ".", 200));
	EXPECT_TRUE(is_sent(self->fd, "file"));
	UPDATE("send subtree=%s\ndefault skip\n", self->c);
	EXPECT_FALSE(is_sent(self->fd, "file"));
	ASSERT_EQ(0, make_marked(self->fd, ".", 44));
	EXPECT_FALSE(is_sent(self->fd, "file"));
	/* The 257th: nobody knows, so it is sent. */
	ASSERT_EQ(0, make_marked(self->fd, ".", 1));
	EXPECT_TRUE(is_sent(self->fd, "file"));
	EXPECT_EQ(0, fanfp_group__info(self->fd, &info));
	EXPECT_EQ(0, info.unplaced);
	ASSERT_EQ(0, chdir("/"));
}

TEST_F(subtree, its_marks_come_and_go_with_the_rules)
{
	struct fanfp_link *none;
	char text[256];

	UPDATE("send subtree=%s\nskip subtree=%s,%s\n", self->a, self->b, self->a);
	EXPECT_EQ(2, count_rule_marks(self->fd));
	UPDATE("send subtree=%s\n", self->b);
	EXPECT_EQ(1, count_rule_marks(self->fd));
	UPDATE("send subtree=%s,%s\n", self->b, self->c);
	EXPECT_EQ(2, count_rule_marks(self->fd));
	/* What fails leaves things as they are. */
	fanfp_set_print(NULL);
	EXPECT_EQ(-EINVAL, update_rulesf(self->link, "send subtree=%s/no\n",
					 self->a));
	EXPECT_EQ(2, count_rule_marks(self->fd));
	snprintf(text, sizeof(text), "send subtree=%s\n", self->a);
	none = attach_rules(self->fd, text);
	EXPECT_EQ(NULL, none);
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(2, count_rule_marks(self->fd));
	UPDATE("default skip\n");
	EXPECT_EQ(0, count_rule_marks(self->fd));
}

TEST_F(subtree, an_unmount_is_not_held_up)
{
	char file[128];

	ASSERT_EQ(0, mount("none", self->c, "tmpfs", 0, NULL));
	UPDATE("send subtree=%s\n", self->c);
	EXPECT_EQ(0, umount(self->c));
	/* And other rules can come. */
	UPDATE("send subtree=%s\ndefault skip\n", self->a);
	EXPECT_TRUE(is_sent(self->fd, self->file));
	snprintf(file, sizeof(file), "%s/file", self->dir.path);
	EXPECT_FALSE(is_sent(self->fd, file));
}

TEST_F(subtree, a_closed_group_can_get_no_other_directories)
{
	int fd = dup(self->fd);
	struct fanfp_rules *rules;
	char text[128];

	snprintf(text, sizeof(text), "skip subtree=%s\n", self->a);
	rules = parse_rules(text);
	ASSERT_NE(NULL, rules);
	close(self->fd);
	lib_listen();
	FAILS(EBADF, fanfp_rules__update(self->link, rules),
	      "takes the fanotify file descriptor");
	FAILS(EINVAL, fanfp_link__set_group(self->link, 0),
	      "not the group that the link is attached to");
	EXPECT_EQ(0, update_rules(self->link, "skip name=x\n"));
	/* It has another number now. */
	EXPECT_EQ(0, fanfp_link__set_group(self->link, fd));
	EXPECT_EQ(0, fanfp_rules__update(self->link, rules));
	EXPECT_FALSE(is_sent(fd, self->file));
	EXPECT_EQ(1, count_rule_marks(fd));
	fanfp_rules__free(rules);
	self->fd = fd;
}

TEST_F(subtree, pinned_rules_stay_and_can_be_changed)
{
	const char *pin = "/sys/fs/bpf/fp_rules";
	struct fanfp_link *link;
	char text[128];

	mount("none", "/sys/fs/bpf", "bpf", 0, NULL);
	UPDATE("skip subtree=%s\n", self->a);
	ASSERT_EQ(0, fanfp_link__pin(self->link, pin));
	fanfp_link__destroy(self->link);
	self->link = NULL;
	EXPECT_FALSE(is_sent(self->fd, self->file));
	EXPECT_EQ(1, count_rule_marks(self->fd));

	link = fanfp_link__open(pin);
	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, update_rules(link, "skip name=file2\n"));
	EXPECT_TRUE(is_sent(self->fd, self->file));
	EXPECT_FALSE(is_sent(self->fd, self->dir.file2));
	fanfp_link__destroy(link);
	EXPECT_FALSE(is_sent(self->fd, self->dir.file2));

	/* Directories take the group. */
	link = fanfp_link__open(pin);
	ASSERT_NE(NULL, link);
	snprintf(text, sizeof(text), "skip subtree=%s\n", self->c);
	lib_listen();
	FAILS(EBADF, update_rules(link, text), "see fanfp_link__set_group()");
	EXPECT_FALSE(is_sent(self->fd, self->dir.file2));
	ASSERT_EQ(0, fanfp_link__set_group(link, self->fd));
	EXPECT_EQ(0, update_rules(link, text));
	EXPECT_TRUE(is_sent(self->fd, self->dir.file2));
	EXPECT_FALSE(is_sent(self->fd, self->c));
	EXPECT_EQ(2, count_rule_marks(self->fd));
	ASSERT_EQ(0, fanfp_link__unpin(link));
	fanfp_link__destroy(link);
	EXPECT_TRUE(is_sent(self->fd, self->c));
	/* Of the first, whose maker is gone, the mark stays, and does nothing. */
	EXPECT_EQ(1, count_rule_marks(self->fd));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_FLUSH, 0, AT_FDCWD,
				   self->dir.path));
}

/* Where btrfs is mounted, or NULL. */
static const char *find_btrfs(void)
{
	static char point[64];
	char line[512], type[32];
	FILE *mounts = fopen("/proc/mounts", "re");
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %63s %31s", point, type) == 2 &&
			!strcmp(type, "btrfs");
	if (mounts)
		fclose(mounts);
	return found ? point : NULL;
}

static int make_subvolume(const char *disk, const char *name, const char *of)
{
	struct btrfs_ioctl_vol_args_v2 args = {};
	int disk_fd = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[128];
	int err;

	snprintf(args.name, sizeof(args.name), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", disk, of ?: "");
	args.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = ioctl(disk_fd, of ? BTRFS_IOC_SNAP_CREATE_V2 :
				  BTRFS_IOC_SUBVOL_CREATE_V2, &args);
	close(args.fd);
	close(disk_fd);
	return err ? -errno : 0;
}

TEST_F(subtree, directories_that_cannot_be_told_apart_are_refused)
{
	const char *disk = find_btrfs();
	char one[96], two[96], text[256], file[128];
	struct fanfp_link *link;
	int fd;

	if (!disk)
		SKIP(return, "no btrfs");
	ASSERT_EQ(0, make_subvolume(disk, "fp_rules", NULL));
	snprintf(one, sizeof(one), "%s/fp_rules/dir", disk);
	snprintf(two, sizeof(two), "%s/fp_snap/dir", disk);
	snprintf(file, sizeof(file), "%s/file", one);
	ASSERT_EQ(0, mkdir(one, 0700));
	ASSERT_EQ(0, fp_create(file));
	sync();
	ASSERT_EQ(0, make_subvolume(disk, "fp_snap", "fp_rules"));

	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, fd);
	lib_listen();
	snprintf(text, sizeof(text), "send subtree=%s\nskip subtree=%s\n", one, two);
	FAILS_NULL(ENOTUNIQ, attach_rules(fd, text), "rules:2:14: ");
	EXPECT_EQ(0, count_rule_marks(fd));

	/* Nor when the other is in the rules of before; the same is no other. */
	snprintf(text, sizeof(text), "skip subtree=%s,%s/../dir\n", one, one);
	link = attach_rules(fd, text);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(1, count_rule_marks(fd));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, disk));
	snprintf(text, sizeof(text), "skip subtree=%s\n", two);
	FAILS(ENOTUNIQ, update_rules(link, text), "rules:1:14: ");
	EXPECT_FALSE(is_sent(fd, file));
	EXPECT_EQ(1, count_rule_marks(fd));
	snprintf(file, sizeof(file), "%s/file", two);
	EXPECT_TRUE(is_sent(fd, file));
	fanfp_link__destroy(link);
	close(fd);
}

TEST_HARNESS_MAIN
