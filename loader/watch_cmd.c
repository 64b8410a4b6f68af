// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - print what happens below directories
 *
 * One mark watches the file system of each directory; the subtree handler drops
 * in the kernel what is elsewhere. No watch for each directory, so nothing to
 * set up and nothing to race with.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "fanfp.h"
#include "tool.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_RENAME
#define FAN_RENAME				0x10000000
#endif
#ifndef FAN_EVENT_INFO_TYPE_OLD_DFID_NAME
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME	10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME	12
#endif

static const char usage[] =
	"Usage: fanfp watch [OPTIONS] DIR...\n"
	"\n"
	"Print what happens below each DIR, one event a line, until interrupted.\n"
	"\n"
	"  -e, --event EVENT  watch for EVENT (repeatable, or with commas): access,\n"
	"                     modify, attrib, close_write, close_nowrite, open, create,\n"
	"                     delete, rename; without it: modify, attrib, close_write,\n"
	"                     create, delete and rename\n"
	"  -h, --help         show this\n"
	"\n"
	"Other file systems mounted below DIR are not watched: name them too.\n";

#define MAX_DIRS	64

static const struct {
	const char *name;
	uint64_t bit;
} event_names[] = {
	{ "ACCESS", FAN_ACCESS },
	{ "MODIFY", FAN_MODIFY },
	{ "ATTRIB", FAN_ATTRIB },
	{ "CLOSE_WRITE", FAN_CLOSE_WRITE },
	{ "CLOSE_NOWRITE", FAN_CLOSE_NOWRITE },
	{ "OPEN", FAN_OPEN },
	{ "CREATE", FAN_CREATE },
	{ "DELETE", FAN_DELETE },
	{ "RENAME", FAN_RENAME },
	/* Not an event, but printed with it. */
	{ "ISDIR", FAN_ONDIR },
};

#define N_EVENTS	(sizeof(event_names) / sizeof(event_names[0]))

/* A file system that is watched; its handles are opened by way of @fd. */
static struct {
	fsid_t fsid;
	int fd;
} mounts[MAX_DIRS];
static int n_mounts;

static uint64_t parse_events(char *list)
{
	uint64_t mask = 0;
	char *word;
	size_t i;

	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		for (i = 0; i < N_EVENTS - 1; i++) {
			if (!strcasecmp(word, event_names[i].name))
				break;
		}
		if (i == N_EVENTS - 1) {
			wrong_usage("watch", "--event %s: no such event", word);
			return 0;
		}
		mask |= event_names[i].bit;
	}
	if (!mask)
		wrong_usage("watch", "--event names no event");
	return mask;
}

/* A name can have any byte but NUL and '/', a line can not. */
static void print_name(const char *name)
{
	for (; *name; name++) {
		unsigned char c = *name;

		if (c == '\\' || iscntrl(c))
			printf("\\%03o", c);
		else
			putchar(c);
	}
}

static int mount_of(const fsid_t *fsid)
{
	int i;

	for (i = 0; i < n_mounts; i++) {
		if (!memcmp(&mounts[i].fsid, fsid, sizeof(*fsid)))
			return mounts[i].fd;
	}
	return -1;
}

/* Print the path of the directory with the handle, and the name in it. */
static void print_place(const struct fanotify_event_info_fid *info)
{
	struct file_handle *handle = (struct file_handle *)info->handle;
	const char *name = (char *)handle->f_handle + handle->handle_bytes;
	char link[64], path[PATH_MAX];
	fsid_t fsid;
	ssize_t len;
	int fd;

	memcpy(&fsid, &info->fsid, sizeof(fsid));
	fd = open_by_handle_at(mount_of(&fsid), handle, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		/* Deleted meanwhile: there is no path to it any more. */
		fputs("(deleted)", stdout);
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, path, sizeof(path) - 1);
		close(fd);
		path[len < 0 ? 0 : len] = '\0';
		print_name(path);
	}
	/* The name of a directory in itself is ".". */
	if (strcmp(name, ".")) {
		if (fd < 0 || strcmp(path, "/"))
			putchar('/');
		print_name(name);
	}
}

static void print_event(const struct fanotify_event_metadata *event)
{
	const char *at = (const char *)event + event->metadata_len;
	const char *end = (const char *)event + event->event_len;
	const char *comma = "";
	size_t i;

	if (event->mask & FAN_Q_OVERFLOW) {
		printf("OVERFLOW: events were lost\n");
		return;
	}
	for (i = 0; i < N_EVENTS; i++) {
		if (event->mask & event_names[i].bit) {
			printf("%s%s", comma, event_names[i].name);
			comma = ",";
		}
	}
	while (at < end) {
		const struct fanotify_event_info_header *info = (const void *)at;

		switch (info->info_type) {
		case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
			fputs(" ->", stdout);
			/* fall through */
		case FAN_EVENT_INFO_TYPE_DFID_NAME:
		case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
			putchar(' ');
			print_place((const void *)at);
		}
		at += info->len;
	}
	putchar('\n');
}

/* Print until a signal; returns an exit code. */
static int print_events(int group, int signals)
{
	char buf[65536] __attribute__((aligned(8)));
	struct pollfd fds[] = {
		{ .fd = group, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	for (;;) {
		struct fanotify_event_metadata *event = (void *)buf;
		ssize_t len;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return failed("poll: %s", strerror(errno));
		if (fds[1].revents)
			return 0;
		len = read(group, buf, sizeof(buf));
		if (len < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			return failed("reading events: %s", strerror(errno));
		}
		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			if (event->pid != getpid())
				print_event(event);
		}
		if (fflush(stdout))
			return errno == EPIPE ? 0 :
				failed("standard output: %s", strerror(errno));
	}
}

/* Mark a directory as a root, and remember its file system. */
static int add_dir(int group, const char *dir)
{
	struct statfs fs;
	int fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs)) {
		failed("%s: %s", dir, strerror(errno));
		return -1;
	}
	if (fanfp_group__add_root(group, dir, FANFP_INCLUDE) < 0)
		return -1;
	if (mount_of(&fs.f_fsid) >= 0) {
		close(fd);
		return 0;
	}
	mounts[n_mounts].fsid = fs.f_fsid;
	mounts[n_mounts++].fd = fd;
	return 0;
}

static int watch(char **dirs, int n_dirs, uint64_t mask)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	int group, signals, i, code;

	group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
			      FAN_REPORT_DFID_NAME | FAN_UNLIMITED_MARKS,
			      O_RDONLY);
	if (group < 0 && errno == EPERM)
		return failed("watching a file system needs CAP_SYS_ADMIN; try as root");
	if (group < 0)
		return failed("fanotify: %s", strerror(errno));

	for (i = 0; i < n_dirs; i++) {
		if (add_dir(group, dirs[i]))
			return EXIT_FAILED;
	}
	handler = fanfp_handler__open_builtin("subtree", NULL);
	if (!handler)
		return EXIT_FAILED;
	link = fanfp_handler__attach(handler, group, NULL);
	fanfp_handler__close(handler);
	if (!link)
		return EXIT_FAILED;

	/* Last: now everything is in place, no event is seen too early. */
	for (i = 0; i < n_dirs; i++) {
		if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				  mask | FAN_ONDIR, AT_FDCWD, dirs[i]))
			return failed("%s: cannot watch its file system: %s",
				      dirs[i], strerror(errno));
	}
	signals = end_signals();
	for (i = 0; i < n_dirs; i++)
		fprintf(stderr, "Watching %s.\n", dirs[i]);
	code = print_events(group, signals);
	fanfp_link__destroy(link);
	close(group);
	return code;
}

int cmd_watch(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "event", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	uint64_t mask = 0, bits;
	int opt;

	while ((opt = getopt_long(argc, argv, "e:h", long_options, NULL)) != -1) {
		switch (opt) {
		case 'e':
			bits = parse_events(optarg);
			if (!bits)
				return EXIT_USAGE;
			mask |= bits;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return wrong_usage("watch", "a directory is needed");
	if (argc - optind > MAX_DIRS)
		return wrong_usage("watch", "more than %d directories", MAX_DIRS);
	if (!mask)
		mask = FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE_WRITE | FAN_CREATE |
			FAN_DELETE | FAN_RENAME;
	return watch(argv + optind, argc - optind, mask);
}
