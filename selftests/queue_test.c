// SPDX-License-Identifier: GPL-2.0-only
/*
 * What passes a handler and what does not: merged events, overflow, errors of
 * a file system; and that every event is counted, on whichever CPU it is
 *
 * /mnt/disk0 is an ext4 file system of its own.
 */
#include "kselftest_harness.h"
#include "common.h"
#include <glob.h>

#include "probe.skel.h"

#define MAX_QUEUED	"/proc/sys/fs/fanotify/max_queued_events"
#define EXT4_DIR	"/mnt/disk0"
#define EXT4_SYSFS	"/sys/fs/ext4"

#ifndef FAN_FS_ERROR
#define FAN_FS_ERROR	0x00008000
#endif

FIXTURE(queue)
{
	struct fp_dir dir;
	struct probe *skel;
	struct bpf_link *link;
	int fd;
};

FIXTURE_SETUP(queue)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->skel = probe__open_and_load();
	ASSERT_NE(NULL, self->skel);
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	self->fd = -1;
}

FIXTURE_TEARDOWN(queue)
{
	close(self->fd);
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	fp_dir_remove(&self->dir);
}

/* A group with the probe attached, that sees @event on @path's file system. */
static int open_group(unsigned int flags, __u64 event, const char *path)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
			       flags, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fp_add(fd, "probe", NULL, 0) ||
	    fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, event,
			  AT_FDCWD, path))
		return -1;
	return fd;
}

TEST_F(queue, c202_a_handler_sees_each_event_before_they_are_merged)
{
	self->fd = open_group(0, FAN_OPEN, self->dir.path);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(2, self->skel->bss->handled);
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(queue, c203_an_overflow_passes_no_handler)
{
	__u64 mask = 0;

	ASSERT_EQ(0, fp_write_text(MAX_QUEUED, "1"));
	self->fd = open_group(0, FAN_OPEN, self->dir.path);
	EXPECT_EQ(0, fp_write_text(MAX_QUEUED, "16384"));
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fp_touch(self->dir.file));
	ASSERT_EQ(0, fp_touch(self->dir.file2));
	/* It was asked about both opens, and the overflow was queued. */
	EXPECT_EQ(2, self->skel->bss->handled);
	EXPECT_EQ(2, fp_drain(self->fd, &mask));
	EXPECT_EQ(FAN_OPEN | FAN_Q_OVERFLOW, mask);
	EXPECT_EQ(2, fp_counter("probe", "seen"));
}

TEST_F(queue, c204_an_error_of_a_file_system_is_sent_and_no_handler_is_asked)
{
	char path[64];
	__u64 mask = 0;
	glob_t found;

	/* The only ext4 file system there is. */
	if (access(EXT4_DIR "/lost+found", F_OK))
		SKIP(return, "no ext4 file system at " EXT4_DIR);
	ASSERT_EQ(0, glob(EXT4_SYSFS "/*/trigger_fs_error", 0, NULL, &found));
	ASSERT_EQ(1, found.gl_pathc);
	snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);

	self->fd = open_group(FAN_REPORT_FID, FAN_FS_ERROR, EXT4_DIR);
	ASSERT_LE(0, self->fd);
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	ASSERT_EQ(0, fp_write_text(path, "a test"));
	EXPECT_EQ(1, fp_drain(self->fd, &mask));
	EXPECT_EQ(FAN_FS_ERROR, mask);
	EXPECT_EQ(0, self->skel->bss->handled);
	EXPECT_EQ(1, fp_counter("probe", "sent"));
}

/* Open @path @count times, on one CPU. */
static pid_t open_on(int cpu, const char *path, int count)
{
	pid_t pid = fork();
	cpu_set_t cpus;

	if (!pid) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus))
			_exit(1);
		while (count--)
			if (fp_touch(path))
				_exit(1);
		_exit(0);
	}
	return pid;
}

TEST_F(queue, c506_c1101_no_event_is_lost_to_the_counters_on_any_cpu)
{
	const int count = 2000;
	int cpu, status, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	ASSERT_LT(1, cpus);
	self->fd = open_group(0, FAN_OPEN, self->dir.path);
	ASSERT_LE(0, self->fd);
	self->skel->bss->verdict = FAN_FP_RET_SKIP_EVENT;
	for (cpu = 0; cpu < cpus; cpu++)
		ASSERT_LT(0, open_on(cpu, self->dir.file, count));
	for (cpu = 0; cpu < cpus; cpu++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(cpus * count, fp_counter("probe", "seen"));
	EXPECT_EQ(cpus * count, fp_counter("probe", "skipped"));
	/* So does an atomic operation on the private area. */
	EXPECT_EQ(42 + cpus * count, self->skel->bss->private_seen);
}

TEST_HARNESS_MAIN
