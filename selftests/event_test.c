// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a handler sees of an event
 */
#include "kselftest_harness.h"
#include "common.h"
#include <glob.h>
#include "probe.skel.h"

/* enum fsnotify_data_type and bits of enum fsnotify_iter_type */
#define DATA_PATH	1
#define DATA_INODE	2
#define DATA_DENTRY	3
#define MATCH_INODE	(1U << 0)
#define MATCH_SB	(1U << 2)

FIXTURE(event)
{
	struct fp_dir dir;
	struct probe *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(event)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = probe__open();
	ASSERT_NE(NULL, self->skel);
	fp_set_group(self->skel->maps.probe, self->fd);
	ASSERT_EQ(0, probe__load(self->skel));
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
}

FIXTURE_TEARDOWN(event)
{
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int mark_sb(int fd, __u64 mask, const char *path)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask,
			     AT_FDCWD, path);
}

static __u64 inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

TEST_F(event, c206_an_open_has_path_dentry_inode_and_directory)
{
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(FAN_OPEN, self->skel->bss->mask);
	EXPECT_EQ(MATCH_SB, self->skel->bss->match_mask);
	EXPECT_EQ(DATA_PATH, self->skel->bss->data_type);
	EXPECT_TRUE(self->skel->bss->has_path);
	EXPECT_TRUE(self->skel->bss->has_dentry);
	EXPECT_TRUE(self->skel->bss->has_inode);
	EXPECT_TRUE(self->skel->bss->has_dir);
	EXPECT_TRUE(self->skel->bss->same_inode);
	EXPECT_EQ(inode_of(self->dir.file), self->skel->bss->ino);
	EXPECT_EQ(inode_of(self->dir.file), self->skel->bss->path_ino);
	EXPECT_EQ(inode_of(self->dir.path), self->skel->bss->dir_ino);
	EXPECT_STREQ("file", self->skel->bss->dentry_name);
	EXPECT_EQ(4, self->skel->bss->dentry_name_len);
	EXPECT_STREQ("file", self->skel->bss->file_name);
}

TEST_F(event, c207_a_create_has_a_dentry_and_no_path)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/new", self->dir.path);
	ASSERT_EQ(0, mark_sb(self->fd, FAN_CREATE, self->dir.path));
	ASSERT_EQ(0, fp_create(path));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(FAN_CREATE, self->skel->bss->mask);
	EXPECT_EQ(DATA_DENTRY, self->skel->bss->data_type);
	EXPECT_FALSE(self->skel->bss->has_path);
	EXPECT_TRUE(self->skel->bss->has_dentry);
	EXPECT_EQ(inode_of(path), self->skel->bss->ino);
	EXPECT_EQ(inode_of(self->dir.path), self->skel->bss->dir_ino);
	EXPECT_STREQ("new", self->skel->bss->file_name);
}

TEST_F(event, c207_a_new_name_of_an_old_object_has_no_dentry)
{
	__u64 ino = inode_of(self->dir.file);
	char path[128], moved[128];

	snprintf(path, sizeof(path), "%s/linked", self->dir.path);
	ASSERT_EQ(0, mark_sb(self->fd, FAN_CREATE, self->dir.path));
	ASSERT_EQ(0, link(self->dir.file, path));
	EXPECT_EQ(FAN_CREATE, self->skel->bss->mask);
	EXPECT_FALSE(self->skel->bss->has_path);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_EQ(ino, self->skel->bss->ino);
	EXPECT_EQ(inode_of(self->dir.path), self->skel->bss->dir_ino);
	EXPECT_STREQ("linked", self->skel->bss->file_name);

	snprintf(moved, sizeof(moved), "%s/moved", self->dir.path);
	ASSERT_EQ(0, mark_sb(self->fd, FAN_MOVED_TO, self->dir.path));
	ASSERT_EQ(0, rename(path, moved));
	EXPECT_EQ(FAN_MOVED_TO, self->skel->bss->mask);
	EXPECT_FALSE(self->skel->bss->has_path);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_EQ(ino, self->skel->bss->ino);
	EXPECT_EQ(inode_of(self->dir.path), self->skel->bss->dir_ino);
	EXPECT_STREQ("moved", self->skel->bss->file_name);
}

TEST_F(event, c208_a_name_that_was_moved_away_has_no_dentry)
{
	__u64 ino = inode_of(self->dir.file);
	char path[128];

	snprintf(path, sizeof(path), "%s/moved", self->dir.path);
	ASSERT_EQ(0, mark_sb(self->fd, FAN_MOVED_FROM, self->dir.path));
	ASSERT_EQ(0, rename(self->dir.file, path));
	EXPECT_EQ(FAN_MOVED_FROM, self->skel->bss->mask);
	EXPECT_FALSE(self->skel->bss->has_path);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_EQ(ino, self->skel->bss->ino);
	EXPECT_STREQ("file", self->skel->bss->file_name);
}

TEST_F(event, c208_a_delete_has_an_inode_and_a_name)
{
	__u64 ino = inode_of(self->dir.file);

	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE, self->dir.path));
	ASSERT_EQ(0, unlink(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(FAN_DELETE, self->skel->bss->mask);
	EXPECT_EQ(DATA_INODE, self->skel->bss->data_type);
	EXPECT_FALSE(self->skel->bss->has_path);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_EQ(ino, self->skel->bss->ino);
	EXPECT_STREQ("file", self->skel->bss->file_name);
}

TEST_F(event, c208_a_deletion_of_the_object_has_no_directory_and_no_dentry)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/sub", self->dir.path);
	ASSERT_EQ(0, mkdir(path, 0700));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE_SELF | FAN_ONDIR,
			     self->dir.path));
	ASSERT_EQ(0, rmdir(path));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(FAN_DELETE_SELF | FAN_ONDIR, self->skel->bss->mask);
	EXPECT_FALSE(self->skel->bss->has_dir);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_TRUE(self->skel->bss->has_inode);
	EXPECT_STREQ("", self->skel->bss->file_name);
}

TEST_F(event, c212_a_directory_has_the_flag)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/sub", self->dir.path);
	ASSERT_EQ(0, mark_sb(self->fd, FAN_CREATE | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(FAN_CREATE | FAN_ONDIR, self->skel->bss->mask);
	ASSERT_EQ(0, fp_create(self->dir.file2) ?: unlink(self->dir.file2) ?:
		  fp_create(self->dir.file2));
	EXPECT_EQ(FAN_CREATE, self->skel->bss->mask);
}

TEST_F(event, c212_but_not_for_who_reads_file_descriptors)
{
	struct probe *skel = probe__open();
	struct bpf_link *link;
	int fd;

	ASSERT_NE(NULL, skel);
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);
	ASSERT_LE(0, fd);
	fp_set_group(skel->maps.probe, fd);
	ASSERT_EQ(0, probe__load(skel));
	link = bpf_map__attach_struct_ops(skel->maps.probe);
	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, mark_sb(fd, FAN_OPEN | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(FAN_OPEN, skel->bss->mask);
	EXPECT_TRUE(skel->bss->has_inode);
	bpf_link__destroy(link);
	probe__destroy(skel);
	close(fd);
}

TEST_F(event, c207_what_is_made_before_its_inode_has_none)
{
	char cgroup[128], made[160];

	snprintf(cgroup, sizeof(cgroup), "%s/sub", self->dir.path);
	snprintf(made, sizeof(made), "%s/made", cgroup);
	ASSERT_EQ(0, mkdir(cgroup, 0700));
	ASSERT_EQ(0, mount("none", cgroup, "cgroup2", 0, NULL));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_CREATE | FAN_ONDIR, cgroup));
	ASSERT_EQ(0, mkdir(made, 0700));
	EXPECT_EQ(FAN_CREATE | FAN_ONDIR, self->skel->bss->mask);
	EXPECT_STREQ("made", self->skel->bss->file_name);
	EXPECT_TRUE(self->skel->bss->has_dir);
	EXPECT_FALSE(self->skel->bss->has_inode);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_EQ(0, rmdir(made));
	EXPECT_EQ(0, umount(cgroup));
}

TEST_F(event, c209_a_rename_has_the_old_directory_and_the_new_dentry)
{
	char sub[128], path[160];

	snprintf(sub, sizeof(sub), "%s/sub", self->dir.path);
	snprintf(path, sizeof(path), "%s/moved", sub);
	ASSERT_EQ(0, mkdir(sub, 0700));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_RENAME, self->dir.path));
	ASSERT_EQ(0, rename(self->dir.file, path));
	EXPECT_EQ(FAN_RENAME, self->skel->bss->mask);
	EXPECT_EQ(inode_of(self->dir.path), self->skel->bss->dir_ino);
	EXPECT_STREQ("file", self->skel->bss->file_name);
	EXPECT_STREQ("moved", self->skel->bss->dentry_name);
}

TEST_F(event, c211_the_match_mask_says_which_marks)
{
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD,
				   self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(MATCH_SB | MATCH_INODE, self->skel->bss->match_mask);
	ASSERT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(MATCH_SB, self->skel->bss->match_mask);
}

TEST_F(event, c213_the_scratch_area_is_zero_for_every_event)
{
	int i;

	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	for (i = 0; i < 3; i++) {
		self->skel->bss->scratch_before = 1;
		ASSERT_EQ(0, fp_touch(self->dir.file));
		EXPECT_EQ(0, self->skel->bss->scratch_before);
	}
}

TEST_F(event, c201_the_mask_is_what_the_listener_would_see)
{
	struct {
		struct fanotify_event_metadata event;
		char info[256];
	} seen;

	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN | FAN_CLOSE_NOWRITE,
			     self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd,
				   FAN_MARK_ADD | FAN_MARK_IGNORED_MASK,
				   FAN_CLOSE_NOWRITE, AT_FDCWD,
				   self->dir.file));
	self->skel->bss->verdict = FAN_FP_RET_SEND_TO_USERSPACE;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->handled);
	ASSERT_LT(0, read(self->fd, &seen, sizeof(seen)));
	EXPECT_EQ(seen.event.mask, self->skel->bss->mask);
}

TEST_F(event, c201_of_an_event_only_the_bits_that_are_wanted_are_seen)
{
	char *const argv[] = { self->dir.file, NULL };

	/* An exec is one event of two bits, even if the file is no program. */
	ASSERT_EQ(0, chmod(self->dir.file, 0700));
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN_EXEC, self->dir.path));
	ASSERT_EQ(-1, execv(self->dir.file, argv));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(FAN_OPEN_EXEC, self->skel->bss->mask);

	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd,
				   FAN_MARK_ADD | FAN_MARK_IGNORED_MASK |
				   FAN_MARK_IGNORED_SURV_MODIFY,
				   FAN_OPEN_EXEC, AT_FDCWD, self->dir.file));
	ASSERT_EQ(-1, execv(self->dir.file, argv));
	EXPECT_EQ(2, self->skel->bss->handled);
	EXPECT_EQ(FAN_OPEN, self->skel->bss->mask);
}

TEST_F(event, c201_that_a_mark_asks_for_children_is_not_in_the_mask)
{
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD,
				   FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(FAN_OPEN, self->skel->bss->mask);
}

TEST_F(event, c201_a_mark_without_the_directory_flag_does_not_match_a_directory)
{
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(MATCH_SB, self->skel->bss->match_mask);
}

TEST_F(event, c201_what_has_no_directory_to_report_does_not_reach_the_handler)
{
	/* This group reports directories and names, and nothing else. */
	ASSERT_EQ(0, mark_sb(self->fd, FAN_DELETE_SELF, self->dir.path));
	ASSERT_EQ(0, unlink(self->dir.file));
	EXPECT_EQ(0, self->skel->bss->handled);
}

/* A second group, with a probe of its own. */
struct second {
	struct probe *skel;
	struct bpf_link *link;
	int fd;
};

static int second_make(struct second *second, unsigned int class)
{
	second->fd = fanotify_init(class | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);
	second->skel = probe__open();
	if (second->fd < 0 || !second->skel)
		return -1;
	fp_set_group(second->skel->maps.probe, second->fd);
	if (probe__load(second->skel))
		return -1;
	second->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	second->link = bpf_map__attach_struct_ops(second->skel->maps.probe);
	return second->link ? 0 : -1;
}

static void second_remove(struct second *second)
{
	bpf_link__destroy(second->link);
	probe__destroy(second->skel);
	close(second->fd);
}

TEST_F(event, c201_what_can_not_be_opened_for_the_listener_does_not_reach_the_handler)
{
	struct second second;
	char path[128];
	int fifo;

	ASSERT_EQ(0, second_make(&second, FAN_CLASS_NOTIF));
	ASSERT_EQ(0, mark_sb(second.fd, FAN_OPEN, self->dir.path));
	snprintf(path, sizeof(path), "%s/fifo", self->dir.path);
	ASSERT_EQ(0, mkfifo(path, 0600));
	fifo = open(path, O_RDWR);
	ASSERT_LE(0, fifo);
	EXPECT_EQ(0, second.skel->bss->handled);
	close(fifo);
	second_remove(&second);
}

TEST_F(event, c201_without_file_handles_there_is_no_directory_flag)
{
	struct second second;

	ASSERT_EQ(0, second_make(&second, FAN_CLASS_NOTIF));
	ASSERT_EQ(0, mark_sb(second.fd, FAN_OPEN | FAN_ONDIR, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(1, second.skel->bss->handled);
	EXPECT_EQ(FAN_OPEN, second.skel->bss->mask);
	second_remove(&second);
}

TEST_F(event, c206_the_name_is_known_if_some_listener_wants_it)
{
	struct second second;

	ASSERT_EQ(0, second_make(&second, FAN_CLASS_NOTIF));
	ASSERT_EQ(0, mark_sb(second.fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_FALSE(second.skel->bss->has_dir);
	EXPECT_STREQ("", second.skel->bss->file_name);
	EXPECT_STREQ("file", second.skel->bss->dentry_name);

	/* This group reports names. */
	ASSERT_EQ(0, mark_sb(self->fd, FAN_OPEN, self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_TRUE(second.skel->bss->has_dir);
	EXPECT_STREQ("file", second.skel->bss->file_name);
	second_remove(&second);
}

TEST_F(event, c206_an_attribute_of_the_object_has_a_dentry_and_a_link_count_none)
{
	struct second second;
	char path[128];

	/* The group of the others wants a directory, which there is none of. */
	ASSERT_EQ(0, second_make(&second, FAN_REPORT_FID));
	ASSERT_EQ(0, mark_sb(second.fd, FAN_ATTRIB, self->dir.path));
	ASSERT_EQ(0, chmod(self->dir.file, 0640));
	EXPECT_EQ(1, second.skel->bss->handled);
	EXPECT_TRUE(second.skel->bss->has_dentry);
	EXPECT_FALSE(second.skel->bss->has_path);

	snprintf(path, sizeof(path), "%s/linked", self->dir.path);
	ASSERT_EQ(0, link(self->dir.file, path));
	EXPECT_EQ(2, second.skel->bss->handled);
	EXPECT_FALSE(second.skel->bss->has_dentry);
	EXPECT_FALSE(second.skel->bss->has_dir);
	EXPECT_TRUE(second.skel->bss->has_inode);
	second_remove(&second);
}

/* Have the ext4 of the test's disk find an error. */
static int trigger_fs_error(void)
{
	glob_t found;
	int fd;

	if (glob("/sys/fs/ext4/vd*/trigger_fs_error", 0, NULL, &found))
		return -ENOENT;
	fd = open(found.gl_pathv[0], O_WRONLY | O_CLOEXEC);
	globfree(&found);
	if (fd < 0)
		return -errno;
	if (write(fd, "test", 4) != 4)
		return -errno;
	close(fd);
	return 0;
}

TEST_F(event, c204_a_file_system_error_is_sent_and_no_handler_is_asked)
{
	struct second second;

	if (access("/mnt/disk0", F_OK))
		SKIP(return, "no disk");
	ASSERT_EQ(0, second_make(&second, FAN_CLASS_NOTIF | FAN_REPORT_FID));
	ASSERT_EQ(0, mark_sb(second.fd, FAN_FS_ERROR, "/mnt/disk0"));
	ASSERT_EQ(0, trigger_fs_error());
	EXPECT_EQ(0, second.skel->bss->handled);
	EXPECT_EQ(1, fp_count(second.fd));
	second_remove(&second);
}

TEST_F(event, c210_a_dentry_is_never_negative)
{
	char path[128];

	/* cgroup2 reports a mkdir before the dentry has its inode. */
	mkdir("/tmp/cgroup", 0700);
	ASSERT_EQ(0, mount("none", "/tmp/cgroup", "cgroup2", 0, NULL));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD,
				   FAN_CREATE | FAN_ONDIR, AT_FDCWD,
				   "/tmp/cgroup"));
	snprintf(path, sizeof(path), "/tmp/cgroup/fp.%d", getpid());
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(1, self->skel->bss->handled);
	EXPECT_EQ(DATA_DENTRY, self->skel->bss->data_type);
	EXPECT_FALSE(self->skel->bss->has_dentry);
	EXPECT_FALSE(self->skel->bss->has_inode);
	EXPECT_TRUE(self->skel->bss->has_dir);
	EXPECT_EQ(0, rmdir(path));
	umount("/tmp/cgroup");
}

TEST_HARNESS_MAIN
