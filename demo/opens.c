// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same work for three listeners: every file of a file system is opened, and
 * the listener wants to know about those below one directory.
 *
 *   no handler           reads every event and throws it away
 *   filter in userspace  reads every event, looks its path up, keeps some
 *   subtree handler      is only told what it wants to know
 *
 * Prints a table, and fails if a filter did not keep exactly what it should.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fanfp.h"

#define DIRS		20
#define FILES		1000
#define WANTED_DIR	7	/* the one directory of interest */
#define COUNTER		"/sys/kernel/fanotify_fastpath/subtree/skipped"

enum kind { NO_HANDLER, USERSPACE, SUBTREE };

static const char *const kind_name[] = {
	[NO_HANDLER] = "no handler",
	[USERSPACE] = "filter in userspace",
	[SUBTREE] = "subtree handler",
};

/* What the listener found, in memory that it shares with the workload. */
struct result {
	long delivered;
	long kept;
	/* How often each file was kept. */
	unsigned char seen[DIRS][FILES];
	double cpu;
};

static char top[PATH_MAX / 4];

static void dir_path(char *path, size_t size, int dir)
{
	snprintf(path, size, "%s/project%02d/src", top, dir);
}

static void file_path(char *path, size_t size, int dir, int file)
{
	snprintf(path, size, "%s/project%02d/src/file%04d.c", top, dir, file);
}

static void make_files(void)
{
	char path[PATH_MAX];
	int dir, file, fd;

	for (dir = 0; dir < DIRS; dir++) {
		snprintf(path, sizeof(path), "%s/project%02d", top, dir);
		if (mkdir(path, 0755))
			error(1, errno, "%s", path);
		dir_path(path, sizeof(path), dir);
		if (mkdir(path, 0755))
			error(1, errno, "%s", path);
		for (file = 0; file < FILES; file++) {
			file_path(path, sizeof(path), dir, file);
			fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
			if (fd < 0)
				error(1, errno, "%s", path);
			close(fd);
		}
	}
}

static void open_files(void)
{
	char path[PATH_MAX];
	int dir, file, fd;

	for (dir = 0; dir < DIRS; dir++) {
		for (file = 0; file < FILES; file++) {
			file_path(path, sizeof(path), dir, file);
			fd = open(path, O_RDONLY);
			if (fd < 0)
				error(1, errno, "%s", path);
			close(fd);
		}
	}
}

static double seconds(struct timeval time)
{
	return time.tv_sec + time.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static long skipped(void)
{
	FILE *file = fopen(COUNTER, "r");
	long count = 0;

	if (!file)
		error(1, errno, COUNTER);
	if (fscanf(file, "%ld", &count) != 1)
		error(1, 0, COUNTER ": no number in it");
	fclose(file);
	return count;
}

/* Note a path that is to be kept, if it is one of ours. */
static void keep(struct result *result, const char *path)
{
	size_t len = strlen(top);
	int dir, file;

	result->kept++;
	if (!strncmp(path, top, len) &&
	    sscanf(path + len, "/project%d/src/file%d.c", &dir, &file) == 2 &&
	    dir >= 0 && dir < DIRS && file >= 0 && file < FILES)
		result->seen[dir][file]++;
}

/* Take events until end of file on @stop and the queue is empty. */
static void listen_to(int group, int stop, enum kind kind, struct result *result)
{
	char wanted[PATH_MAX], link[64], path[PATH_MAX];
	/* Every event of a read brings a file: stay below the limit of those. */
	char buf[512 * sizeof(struct fanotify_event_metadata)]
		__attribute__((aligned(8)));
	struct rusage usage;
	bool stopping = false;
	size_t wanted_len;
	char byte;

	dir_path(wanted, sizeof(wanted), WANTED_DIR);
	strcat(wanted, "/");
	wanted_len = strlen(wanted);

	for (;;) {
		ssize_t len = read(group, buf, sizeof(buf));
		struct fanotify_event_metadata *event = (void *)buf;

		if (len < 0) {
			if (errno != EAGAIN)
				error(1, errno, "reading events");
			if (stopping)
				break;
			if (read(stop, &byte, 1) == 0)
				stopping = true;
			else
				usleep(1000);
			continue;
		}
		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			if (event->mask & FAN_Q_OVERFLOW)
				error(1, 0, "events were lost");
			result->delivered++;
			if (kind != NO_HANDLER) {
				ssize_t n;

				snprintf(link, sizeof(link),
					 "/proc/self/fd/%d", event->fd);
				n = readlink(link, path, sizeof(path) - 1);
				if (n < 0)
					error(1, errno, "%s", link);
				path[n] = '\0';
				if (kind == SUBTREE ||
				    !strncmp(path, wanted, wanted_len))
					keep(result, path);
			}
			close(event->fd);
		}
	}
	getrusage(RUSAGE_SELF, &usage);
	result->cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/* Files that were not kept exactly as often as they should have been. */
static long wrong(const struct result *result)
{
	long count = 0;
	int dir, file;

	for (dir = 0; dir < DIRS; dir++) {
		for (file = 0; file < FILES; file++)
			count += result->seen[dir][file] !=
				(dir == WANTED_DIR);
	}
	return count;
}

static bool run(enum kind kind)
{
	struct result *result;
	double start, time;
	int group, stop[2];
	long in_kernel = skipped();
	char wanted[PATH_MAX];
	int status;
	pid_t pid;
	bool ok;

	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		error(1, errno, "mmap");
	group = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
			      FAN_UNLIMITED_QUEUE, O_RDONLY | O_LARGEFILE);
	if (group < 0)
		error(1, errno, "fanotify_init");
	if (kind == SUBTREE) {
		int err;

		dir_path(wanted, sizeof(wanted), WANTED_DIR);
		if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
				  FAN_ONDIR, AT_FDCWD, wanted))
			error(1, errno, "%s", wanted);
		err = fanfp_group__attach(group, "subtree", NULL);
		if (err)
			error(1, -err, "attaching 'subtree'");
	}
	if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			  AT_FDCWD, top))
		error(1, errno, "%s", top);

	if (pipe2(stop, O_NONBLOCK | O_CLOEXEC))
		error(1, errno, "pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		error(1, errno, "fork");
	if (!pid) {
		close(stop[1]);
		listen_to(group, stop[0], kind, result);
		_exit(0);
	}

	start = now();
	open_files();
	time = now() - start;
	close(stop[1]);
	if (waitpid(pid, &status, 0) != pid || status)
		error(1, 0, "%s: the listener failed", kind_name[kind]);
	in_kernel = skipped() - in_kernel;

	ok = kind == NO_HANDLER ? result->delivered == DIRS * FILES :
				  !wrong(result) && result->kept == FILES;
	printf("%-20s %8d %10ld %10ld %8ld %10.3f s %8.3f s   %s\n",
	       kind_name[kind], DIRS * FILES, result->delivered, in_kernel,
	       result->kept, result->cpu, time,
	       ok ? "as expected" : "WRONG");
	close(stop[0]);
	close(group);
	munmap(result, sizeof(*result));
	return ok;
}

int main(int argc, char **argv)
{
	bool ok;

	if (argc != 2) {
		fprintf(stderr, "usage: %s EMPTY-DIRECTORY\n", argv[0]);
		return 2;
	}
	if (strlen(argv[1]) >= sizeof(top))
		error(1, ENAMETOOLONG, "%s", argv[1]);
	strcpy(top, argv[1]);
	make_files();

	printf("%d files in %d directories; wanted: those below project%02d/src\n\n",
	       DIRS * FILES, 2 * DIRS, WANTED_DIR);
	printf("%-20s %8s %10s %10s %8s %12s %10s\n", "", "events", "delivered",
	       "skipped in", "", "listener", "workload");
	printf("%-20s %8s %10s %10s %8s %12s %10s\n", "", "made", "",
	       "the kernel", "kept", "CPU", "time");
	ok = run(NO_HANDLER);
	ok &= run(USERSPACE);
	ok &= run(SUBTREE);
	return ok ? 0 : 1;
}
