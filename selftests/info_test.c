// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen of an attachment: FAN_IOC_GET_FP, fdinfo, trace events
 */
#include "kselftest_harness.h"
#include <sys/sysmacros.h>
#include "common.h"
#include "probe.skel.h"

#define TRACEFS		"/sys/kernel/tracing"

FIXTURE(info)
{
	struct fp_dir dir;
	struct probe *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(info)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
				 O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_OPEN_PERM, AT_FDCWD,
				   self->dir.path));
	self->skel = probe__open();
	ASSERT_NE(NULL, self->skel);
	self->link = NULL;
}

FIXTURE_TEARDOWN(info)
{
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static struct bpf_link *register_probe(struct probe *skel)
{
	if (probe__load(skel))
		return NULL;
	skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	return bpf_map__attach_struct_ops(skel->maps.probe);
}

static int get_info(int fd, struct fanotify_fastpath_info *info)
{
	memset(info, 0, sizeof(*info));
	return fp_ioctl_info(fd, FAN_IOC_GET_FP, info);
}

/* One event is skipped, one allowed, one denied, two sent by mistake. */
static void cause_events(struct probe *skel, const char *path)
{
	fp_touch(path);
	skel->bss->verdict = -EACCES;
	fp_touch(path);
	skel->bss->verdict = 7;
}

TEST_F(info, c1102_tells_the_handler_and_its_counts)
{
	struct fanotify_fastpath_info info;

	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	cause_events(self->skel, self->dir.file);

	ASSERT_EQ(0, get_info(self->fd, &info));
	EXPECT_STREQ("probe", info.name);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(self->skel->bss->hook_id, info.id);
	/* An open that is denied has no FAN_OPEN. */
	EXPECT_EQ(3, info.seen);
	EXPECT_EQ(0, info.sent);
	EXPECT_EQ(2, info.skipped);
	EXPECT_EQ(1, info.denied);
	EXPECT_EQ(0, info.errors);
}

TEST_F(info, c104_c105_counts_a_mistake_of_the_handler)
{
	struct fanotify_fastpath_info info;

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_REMOVE |
				   FAN_MARK_FILESYSTEM, FAN_OPEN_PERM,
				   AT_FDCWD, self->dir.path));
	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	self->skel->bss->verdict = -EIO;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	self->skel->bss->verdict = 7;
	ASSERT_EQ(0, fp_touch(self->dir.file));

	ASSERT_EQ(0, get_info(self->fd, &info));
	EXPECT_EQ(2, info.seen);
	EXPECT_EQ(2, info.sent);
	EXPECT_EQ(2, info.errors);
}

TEST_F(info, c1102_tells_of_a_private_attachment_too)
{
	struct fanotify_fastpath_info info;

	fp_set_group(self->skel->maps.probe, self->fd);
	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	cause_events(self->skel, self->dir.file);

	ASSERT_EQ(0, get_info(self->fd, &info));
	EXPECT_STREQ("probe", info.name);
	EXPECT_EQ(FAN_FP_F_GROUP_FD, info.flags);
	EXPECT_EQ(3, info.seen);
}

TEST_F(info, c1102_c1107_is_of_one_group_where_sysfs_is_of_all)
{
	struct fanotify_fastpath_info info;
	int other;

	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, fanotify_mark(other, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	ASSERT_EQ(0, fp_add(other, "probe", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));

	ASSERT_EQ(0, get_info(self->fd, &info));
	EXPECT_EQ(2, info.seen);
	ASSERT_EQ(0, get_info(other, &info));
	EXPECT_EQ(1, info.seen);
	EXPECT_EQ(3, fp_counter("probe", "seen"));
	close(other);
}

TEST_F(info, c505_c1102_starts_at_zero_for_each_attachment)
{
	struct fanotify_fastpath_info first, second;

	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	ASSERT_EQ(0, get_info(self->fd, &first));
	ASSERT_EQ(0, fp_del(self->fd, ""));
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	ASSERT_EQ(0, get_info(self->fd, &second));
	EXPECT_LT(first.id, second.id);
	EXPECT_EQ(2, first.seen);
	EXPECT_EQ(0, second.seen);
	EXPECT_EQ(2, fp_counter("probe", "seen"));
}

TEST_F(info, c1103_is_enoent_without_a_handler)
{
	struct fanotify_fastpath_info info;

	EXPECT_EQ(-ENOENT, get_info(self->fd, &info));
}

TEST_F(info, c1104_must_be_zero_when_it_is_asked_for)
{
	struct fanotify_fastpath_info info = { .flags = 1 };

	EXPECT_EQ(-EINVAL, fp_ioctl_info(self->fd, FAN_IOC_GET_FP, &info));
	info = (struct fanotify_fastpath_info) { .unplaced = 1 };
	EXPECT_EQ(-EINVAL, fp_ioctl_info(self->fd, FAN_IOC_GET_FP, &info));
}

TEST_F(info, c1104_can_grow)
{
	struct {
		struct fanotify_fastpath_info info;
		__u64 more;
	} large = {};
	const unsigned long cmd = _IOWR(FAN_IOC_MAGIC, 2, large);
	const unsigned long small = _IOC(_IOC_READ | _IOC_WRITE, FAN_IOC_MAGIC,
					 2, FAN_FP_INFO_SIZE_VER0 - 1);

	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));

	EXPECT_EQ(0, fp_ioctl_info(self->fd, cmd, &large.info));
	EXPECT_STREQ("probe", large.info.name);
	EXPECT_EQ(0, large.more);
	memset(&large, 0, sizeof(large));
	large.more = 1;
	EXPECT_EQ(-E2BIG, fp_ioctl_info(self->fd, cmd, &large.info));
	memset(&large, 0, sizeof(large));
	EXPECT_EQ(-EINVAL, fp_ioctl_info(self->fd, small, &large.info));
}

static int trace_on(void)
{
	if (access(TRACEFS "/trace", F_OK) &&
	    mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		return -errno;
	return fp_write_text(TRACEFS "/events/fanotify_fastpath/enable", "1") ?:
		fp_write_text(TRACEFS "/trace", "");
}

/* Whether a trace event says this and, if there is one, @more too. */
static bool traced(const char *text, const char *more)
{
	FILE *file = fopen(TRACEFS "/trace", "re");
	bool found = false;
	char line[1024];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, text) && strstr(line, more);
	if (file)
		fclose(file);
	return found;
}

TEST_F(info, c1106_trace_events_tell_of_attach_detach_and_verdicts)
{
	char id[64], id2[64], replaced[64], dev[32], object[64];
	struct stat st;

	ASSERT_EQ(0, trace_on());
	self->link = register_probe(self->skel);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	snprintf(id, sizeof(id), "handler=probe id=%llu ",
		 (unsigned long long)self->skel->bss->hook_id);
	snprintf(replaced, sizeof(replaced), "replaced=%llu",
		 (unsigned long long)self->skel->bss->hook_id);
	EXPECT_TRUE(traced("fanotify_fastpath_attach: handler=probe id=",
			   "replaced=0\n"));
	EXPECT_TRUE(traced("fanotify_fastpath_attach:", id));

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_REMOVE |
				   FAN_MARK_FILESYSTEM, FAN_OPEN_PERM,
				   AT_FDCWD, self->dir.path));
	EXPECT_FALSE(traced("fanotify_fastpath_error:", ""));
	self->skel->bss->verdict = -EIO;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_TRUE(traced("fanotify_fastpath_error:", id));
	EXPECT_TRUE(traced("fanotify_fastpath_error:", "mask=0x20 verdict=-5"));

	/* What became of an event, and of which. */
	ASSERT_EQ(0, stat(self->dir.file, &st));
	snprintf(dev, sizeof(dev), "mask=0x20 dev=%u:%u dir=", major(st.st_dev),
		 minor(st.st_dev));
	snprintf(object, sizeof(object), " ino=%llu verdict=%d\n",
		 (unsigned long long)st.st_ino, FAN_FP_RET_SEND_TO_USERSPACE);
	EXPECT_TRUE(traced("fanotify_fastpath_event:", id));
	EXPECT_TRUE(traced(dev, object));
	snprintf(object, sizeof(object), " ino=%llu verdict=%d\n",
		 (unsigned long long)st.st_ino, FAN_FP_RET_SKIP_EVENT);
	EXPECT_FALSE(traced(dev, object));
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_TRUE(traced(dev, object));

	ASSERT_EQ(0, fp_replace(self->fd, "probe", NULL, 0));
	snprintf(id2, sizeof(id2), "handler=probe id=%llu ",
		 (unsigned long long)self->skel->bss->hook_id);
	EXPECT_TRUE(traced(id2, replaced));
	EXPECT_TRUE(traced("fanotify_fastpath_detach:", id));
	EXPECT_TRUE(traced(id, "seen=2"));
	EXPECT_FALSE(traced("fanotify_fastpath_detach:", id2));
	ASSERT_EQ(0, fp_del(self->fd, ""));
	EXPECT_TRUE(traced("fanotify_fastpath_detach:", id2));
}

TEST_HARNESS_MAIN
