// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler on large trees; for "make check-long"
 */
#include "kselftest_harness.h"
#include "subtree.h"
#include "run.h"

#include <sys/mman.h>

#define FANFP	"/usr/sbin/fanfp"
#define FILES	100000
/* WIDE directories, with WIDE in each. */
#define WIDE	1000

FIXTURE(large)
{
	struct fp_dir dir;
	char in[80], out[80], moving[96], moved[96];
};

FIXTURE_SETUP(large)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, mount("none", self->dir.path, "tmpfs", 0,
			   "size=90%,nr_inodes=0"));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir.path);
	snprintf(self->moving, sizeof(self->moving), "%s/moving", self->in);
	snprintf(self->moved, sizeof(self->moved), "%s/moving", self->out);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	ASSERT_EQ(0, mkdir(self->moving, 0700));
}

FIXTURE_TEARDOWN(large)
{
	umount2(self->dir.path, MNT_DETACH);
	fp_dir_remove(&self->dir);
}

/* What both processes see: odd while a rename is under way. */
static unsigned int *turn;

static void rename_for_ever(const char *in, const char *out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		const bool back = *turn & 2;

		usleep(1000);
		__atomic_add_fetch(turn, 1, __ATOMIC_SEQ_CST);
		if (rename(back ? out : in, back ? in : out))
			_exit(1);
		__atomic_add_fetch(turn, 1, __ATOMIC_SEQ_CST);
	}
}

enum place { INSIDE, OUTSIDE, MOVING };

static enum place open_file(int dir, int number)
{
	unsigned int before = __atomic_load_n(turn, __ATOMIC_SEQ_CST);
	char name[16];

	snprintf(name, sizeof(name), "%d", number);
	close(openat(dir, name, O_RDONLY | O_CLOEXEC));
	if (before & 1 || before != __atomic_load_n(turn, __ATOMIC_SEQ_CST))
		return MOVING;
	return before & 2 ? OUTSIDE : INSIDE;
}

/* Note of each file whether an event about it came. */
static void note_opened(int fd, bool *came)
{
	static char buf[65536] __attribute__((aligned(8)));
	ssize_t len;

	while ((len = read(fd, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *event = (void *)buf;

		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			struct fanotify_event_info_fid *fid =
				(void *)(event + 1);
			struct file_handle *handle = (void *)fid->handle;
			int number = atoi((char *)handle->f_handle +
					  handle->handle_bytes);

			if (number >= 0 && number < FILES)
				came[number] = true;
		}
	}
}

static int group_below(const char *dir, const char *top,
		       struct attached *attached)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
			       FAN_REPORT_DFID_NAME | FAN_UNLIMITED_QUEUE,
			       O_RDONLY);

	if (fd < 0 || attach_subtree(attached, fd) || fp_include(fd, dir) ||
	    fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			  AT_FDCWD, top))
		return -errno;
	return fd;
}

TEST_F_TIMEOUT(large, c1005_a_large_directory_that_moves_in_and_out_during_opens, 300)
{
	static bool came[FILES];
	static enum place places[FILES];
	int i, dir, fd, known[2] = {}, lost = 0, extra = 0;
	struct attached attached;
	pid_t pid;

	turn = mmap(NULL, sizeof(*turn), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, turn);
	dir = open(self->moving, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	for (i = 0; i < FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		ASSERT_EQ(0, mknodat(dir, name, S_IFREG | 0600, 0));
	}
	fd = group_below(self->in, self->dir.path, &attached);
	ASSERT_LE(0, fd);

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		rename_for_ever(self->moving, self->moved);
	for (i = 0; i < FILES; i++)
		places[i] = open_file(dir, i);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	note_opened(fd, came);
	for (i = 0; i < FILES; i++) {
		if (places[i] == MOVING)
			continue;
		known[places[i]]++;
		lost += places[i] == INSIDE && !came[i];
		extra += places[i] == OUTSIDE && came[i];
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, extra);
	EXPECT_LT(100, known[INSIDE]);
	EXPECT_LT(100, known[OUTSIDE]);
	TH_LOG("%d files opened inside, %d outside, %d while moving",
	       known[INSIDE], known[OUTSIDE],
	       FILES - known[INSIDE] - known[OUTSIDE]);
	close(dir);
	detach_subtree(&attached);
	close(fd);
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Make a file at the far end of @dir. */
static int create_below(const char *dir, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/999/999/%s", dir, name);
	return fp_create(path);
}

TEST_F_TIMEOUT(large, c1001_c1005_a_million_directories_are_watched_and_moved_at_once,
	       600)
{
	char path[160], line[200];
	struct run run;
	long start_ms;
	int i, j;

	for (i = 0; i < WIDE; i++) {
		snprintf(path, sizeof(path), "%s/%d", self->moving, i);
		ASSERT_EQ(0, mkdir(path, 0700));
		ASSERT_EQ(0, chdir(path));
		for (j = 0; j < WIDE; j++) {
			snprintf(path, sizeof(path), "%d", j);
			ASSERT_EQ(0, mkdir(path, 0700));
		}
	}
	ASSERT_EQ(0, chdir("/"));

	start_ms = milliseconds();
	start(&run, FANFP, "watch", self->in, NULL);
	snprintf(line, sizeof(line), "Watching %s.\n", self->in);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), line)));
	TH_LOG("ready after %ld ms", milliseconds() - start_ms);

	ASSERT_EQ(0, create_below(self->moving, "file", path, sizeof(path)));
	snprintf(line, sizeof(line), "%s\n", path);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), line)));

	start_ms = milliseconds();
	ASSERT_EQ(0, rename(self->moving, self->moved));
	ASSERT_EQ(0, create_below(self->moved, "unseen", path, sizeof(path)));
	ASSERT_EQ(0, rename(self->moved, self->moving));
	ASSERT_EQ(0, create_below(self->moving, "seen", path, sizeof(path)));
	snprintf(line, sizeof(line), "%s\n", path);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), line)));
	TH_LOG("moved out and back, and watched, within %ld ms",
	       milliseconds() - start_ms);
	EXPECT_EQ(NULL, strstr(said(&run), "unseen"));
	EXPECT_EQ(0, stop(&run, SIGINT));
}

TEST_HARNESS_MAIN
