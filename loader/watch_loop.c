// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - print what happens below directories
 *
 * One mark watches the file system of each directory; the kernel leaves out what is
 * elsewhere, and what else is not wanted. No watch for each directory, so nothing to
 * set up and nothing to race with.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "watch.h"

/* More than an event with all its names and handles takes. */
#define EVENT_MAX	4096

/* What of the loop goes on. */
#define GO_ON	(-1)

void watch_say(const struct watch *w, const char *fmt, ...)
{
	va_list args;

	if (w->options->quiet)
		return;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

static void look_at_clocks(struct watch *w)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &w->time);
	clock_gettime(CLOCK_MONOTONIC, &time);
	w->ms = time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Print an event that is no file's. */
static void print_lost(struct watch *w, uint64_t what, long dropped)
{
	static const struct watch_process nobody = { .comm = "" };
	struct watch_event event = {
		.mask = what,
		.process = &nobody,
		.dropped = dropped,
	};

	watch_print(w, &event);
}

static void print_dropped(struct watch *w, bool end)
{
	long dropped = watch_rate_dropped(w, end);

	if (dropped)
		print_lost(w, WATCH_DROPPED, dropped);
}

/* Returns whether the event was printed. */
static bool do_event(struct watch *w,
		     const struct fanotify_event_metadata *metadata)
{
	static struct watch_event event;

	if (metadata->mask & FAN_Q_OVERFLOW) {
		print_lost(w, FAN_Q_OVERFLOW, 0);
		return true;
	}
	if (!watch_event_read(metadata, &event))
		return false;
	if (event.mask & FAN_DELETE_SELF)
		watch_root_deleted(w, &event);
	/* A mark of a root can have what nobody asked for. */
	event.mask &= w->options->mask | FAN_ONDIR;
	if (!(event.mask & w->options->mask))
		return false;
	/* A root that was deleted while it was open here ends when it is closed. */
	if (event.pid == getpid() && !w->options->own &&
	    !(event.mask & FAN_DELETE_SELF))
		return false;
	watch_event_complete(w, &event);
	if (!watch_event_wanted(w, &event))
		return false;
	watch_print(w, &event);
	return true;
}

/* Read events and do them; returns whether one was printed, or -errno. */
static int do_events(struct watch *w)
{
	static char buf[65536] __attribute__((aligned(8)));
	const struct fanotify_event_metadata *metadata;
	static struct watch_event event;
	struct timespec time;
	ssize_t len, left;
	uint64_t before;
	int printed = 0;

	clock_gettime(CLOCK_MONOTONIC, &time);
	before = time.tv_sec * 1000000000ULL + time.tv_nsec;
	len = read(w->group, buf, sizeof(buf));
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	look_at_clocks(w);
	w->batch++;
	left = len;
	for (metadata = (void *)buf; FAN_EVENT_OK(metadata, left);
	     metadata = FAN_EVENT_NEXT(metadata, left)) {
		if (watch_event_read(metadata, &event))
			watch_place_learn(w, &event);
	}
	left = len;
	for (metadata = (void *)buf; FAN_EVENT_OK(metadata, left);
	     metadata = FAN_EVENT_NEXT(metadata, left)) {
		printed |= do_event(w, metadata);
		if (printed && w->options->one_shot)
			break;
	}
	watch_close_mount_fds(w);
	/* There was room for more, so there was no more. */
	if (len <= (ssize_t)sizeof(buf) - EVENT_MAX)
		fanfp_link__all_read(w->link, before);
	return printed;
}

/* How long to wait for events: until @deadline, or until dropped ones are told of. */
static int time_to_wait(const struct watch *w, int64_t deadline)
{
	int64_t left = deadline - w->ms;
	int rate = watch_rate_wait(w);

	if (!w->options->timeout)
		return rate;
	if (left > INT_MAX)
		left = INT_MAX;
	if (left < 0)
		left = 0;
	return rate >= 0 && rate < left ? rate : left;
}

/* Wait, and do what there is to do; returns an exit code, or GO_ON. */
static int wait_and_do(struct watch *w, int signals, int64_t *deadline)
{
	struct pollfd fds[] = {
		{ .fd = w->group, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = w->mountinfo, .events = POLLPRI },
		/* For the error, when nobody reads it any more. */
		{ .fd = w->output.fd },
	};
	int printed = 0;

	if (poll(fds, 4, time_to_wait(w, *deadline)) < 0 && errno != EINTR)
		return failed("poll: %s", strerror(errno));
	look_at_clocks(w);
	if (fds[1].revents)
		return 0;
	if (fds[3].revents)
		return failed("%s: %s", w->output.name, strerror(EPIPE));
	if (fds[0].revents)
		printed = do_events(w);
	if (printed < 0)
		return failed("reading events: %s", strerror(-printed));
	print_dropped(w, false);
	if (watch_output_flush(&w->output))
		return EXIT_FAILED;
	if (printed && w->options->one_shot)
		return 0;
	if (printed)
		*deadline = w->ms + w->options->timeout;
	else if (w->options->timeout && w->ms >= *deadline)
		return EXIT_TIMEOUT;
	/* After the events: what was there still has a path. */
	if (fds[2].revents & POLLPRI && watch_look_at_mounts(w))
		return EXIT_FAILED;
	return watch_is_over(w) ? failed("nothing is left to watch") : GO_ON;
}

static int print_events(struct watch *w, int signals)
{
	int64_t deadline;
	int code;

	look_at_clocks(w);
	deadline = w->ms + w->options->timeout;
	do {
		code = wait_and_do(w, signals, &deadline);
	} while (code == GO_ON);
	if (!code) {
		print_dropped(w, true);
		code = watch_output_flush(&w->output);
	}
	return code;
}

static int attach(struct watch *w)
{
	int signals, code;

	w->link = watch_attach(w);
	if (!w->link)
		return EXIT_FAILED;
	signals = end_signals();
	code = watch_start(w);
	if (!code)
		code = print_events(w, signals);
	fanfp_link__destroy(w->link);
	return code;
}

static int watch_paths(struct watch *w, char **paths, char **exclude)
{
	int code = 0;

	w->group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
				 FAN_REPORT_DFID_NAME | FAN_REPORT_FID |
				 FAN_REPORT_TARGET_FID | FAN_UNLIMITED_MARKS,
				 O_RDONLY);
	if (w->group < 0 && errno == EPERM)
		return failed("watching a file system needs CAP_SYS_ADMIN; try as root");
	if (w->group < 0)
		return failed("fanotify: %s", strerror(errno));
	for (; *paths && !code; paths++)
		code = watch_add_root(w, *paths, FANFP_INCLUDE);
	for (; *exclude && !code; exclude++)
		code = watch_add_root(w, *exclude, FANFP_EXCLUDE);
	if (!code)
		code = attach(w);
	watch_free_roots(w);
	close(w->group);
	return code;
}

/**
 * watch_run() - watch
 * @options: How.
 * @paths: Directories and files, up to a NULL.
 * @exclude: Directories to leave out, up to a NULL.
 *
 * Return: An exit code.
 */
int watch_run(const struct watch_options *options, char **paths, char **exclude)
{
	struct watch w = { .options = options, .mountinfo = -1 };
	int code = EXIT_FAILED;

	/* To be told by an error. */
	signal(SIGPIPE, SIG_IGN);
	if (watch_place_init(&w) || watch_filter_init(&w))
		failed("%s", strerror(ENOMEM));
	else if (fanfp_supported() && !watch_output_open(&w.output, options))
		code = watch_paths(&w, paths, exclude);
	watch_output_close(&w.output);
	watch_memory_free(&w.places);
	watch_memory_free(&w.printed);
	return code;
}
