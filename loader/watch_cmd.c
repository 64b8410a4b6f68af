// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - print what happens below directories
 *
 * One mark watches the file system of each directory; the subtree handler drops
 * in the kernel what is elsewhere. No watch for each directory, so nothing to
 * set up and nothing to race with.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "watch.h"

static const char usage[] =
	"Usage: fanfp watch [OPTIONS] DIR...\n"
	"\n"
	"Print what happens below each DIR, one event a line, until interrupted.\n"
	"\n"
	"  -e, --event EVENT      watch for EVENT (repeatable, or with commas): access,\n"
	"                         modify, attrib, close_write, close_nowrite, open,\n"
	"                         create, delete, rename; without it: modify, attrib,\n"
	"                         close_write, create, delete and rename\n"
	"      --exclude-dir DIR  but not what is below DIR (repeatable)\n"
	"  -x, --one-file-system  nor what is on file systems mounted below\n"
	"  -h, --help             show this\n";

/* Print until a signal; returns an exit code. */
static int print_events(struct watch *w, int signals)
{
	char buf[65536] __attribute__((aligned(8)));
	struct pollfd fds[] = {
		{ .fd = w->group, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = w->mountinfo, .events = POLLPRI },
	};

	for (;;) {
		struct fanotify_event_metadata *event = (void *)buf;
		ssize_t len;

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return failed("poll: %s", strerror(errno));
		if (fds[1].revents)
			return 0;
		len = read(w->group, buf, sizeof(buf));
		if (len < 0 && errno != EAGAIN && errno != EINTR)
			return failed("reading events: %s", strerror(errno));
		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			if (event->pid != getpid())
				watch_print_event(w, event);
		}
		watch_close_mount_fds(w);
		if (fflush(stdout))
			return errno == EPIPE ? 0 :
				failed("standard output: %s", strerror(errno));
		/* After the events: what was there still has a path. */
		if (fds[2].revents & POLLPRI && watch_look_at_mounts(w))
			return EXIT_FAILED;
	}
}

static int watch(struct watch *w)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	int signals, code;

	handler = fanfp_handler__open_builtin("subtree", NULL);
	if (!handler)
		return EXIT_FAILED;
	link = fanfp_handler__attach(handler, w->group, NULL);
	fanfp_handler__close(handler);
	if (!link)
		return EXIT_FAILED;
	signals = end_signals();
	code = watch_start(w);
	if (!code)
		code = print_events(w, signals);
	fanfp_link__destroy(link);
	return code;
}

static int watch_roots(struct watch *w, char **include, int n_include,
		       char **exclude, int n_exclude)
{
	int i, code = 0;

	w->group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
				 FAN_REPORT_DFID_NAME | FAN_UNLIMITED_MARKS,
				 O_RDONLY);
	if (w->group < 0 && errno == EPERM)
		return failed("watching a file system needs CAP_SYS_ADMIN; try as root");
	if (w->group < 0)
		return failed("fanotify: %s", strerror(errno));

	for (i = 0; i < n_include && !code; i++)
		code = watch_add_root(w, include[i], FANFP_INCLUDE);
	for (i = 0; i < n_exclude && !code; i++)
		code = watch_add_root(w, exclude[i], FANFP_EXCLUDE);
	if (!code)
		code = watch(w);
	watch_end(w);
	close(w->group);
	return code;
}

int cmd_watch(int argc, char **argv)
{
	enum { EXCLUDE_DIR = 256 };
	static const struct option long_options[] = {
		{ "event", required_argument, NULL, 'e' },
		{ "exclude-dir", required_argument, NULL, EXCLUDE_DIR },
		{ "one-file-system", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct watch w = { .mountinfo = -1 };
	char *exclude[argc];
	int opt, n_exclude = 0;
	uint64_t bits;

	while ((opt = getopt_long(argc, argv, "e:xh", long_options, NULL)) != -1) {
		switch (opt) {
		case 'e':
			bits = watch_parse_events(optarg);
			if (!bits)
				return EXIT_USAGE;
			w.mask |= bits;
			break;
		case EXCLUDE_DIR:
			exclude[n_exclude++] = optarg;
			break;
		case 'x':
			w.one_file_system = true;
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
	if (!w.mask)
		w.mask = FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE_WRITE | FAN_CREATE |
			FAN_DELETE | FAN_RENAME;
	return watch_roots(&w, argv + optind, argc - optind, exclude, n_exclude);
}
