// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * A daemon on libfanfp: prints which files are written below directories
 *
 *	example-daemon DIR...
 *
 * daemon.md, beside this, goes through it.
 */
#include <err.h>
#include <errno.h>
#include <fanfp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void print_message(enum fanfp_print_level level, const char *text)
{
	if (level == FANFP_WARN)
		warnx("%s", text);
}

static void print_events(int group)
{
	char buf[8192] __attribute__((aligned(8))), name[40], path[PATH_MAX];
	struct fanotify_event_metadata *event = (void *)buf;
	ssize_t path_len, len = read(group, buf, sizeof(buf));

	if (len < 0 && errno != EAGAIN && errno != EINTR)
		err(1, "reading events");
	for (; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len)) {
		if (event->mask & FAN_Q_OVERFLOW)
			printf("events were lost\n");
		snprintf(name, sizeof(name), "/proc/self/fd/%d", event->fd);
		path_len = readlink(name, path, sizeof(path));
		if (path_len > 0)
			printf("%d wrote %.*s\n", event->pid, (int)path_len, path);
		close(event->fd);
	}
	if (fflush(stdout))
		err(1, "standard output");
}

int main(int argc, char **argv)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	struct pollfd fds[3] = {};
	int group, i;
	sigset_t set;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DIR...\n", argv[0]);
		return 2;
	}
	fanfp_set_print(print_message);
	group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY);
	if (group < 0)
		err(1, "fanotify_init");

	/* Before the first mark, so that no event comes unfiltered. */
	handler = fanfp_handler__open_builtin("subtree", NULL);
	link = handler ? fanfp_handler__attach(handler, group, NULL) : NULL;
	fanfp_handler__close(handler);
	if (!link)
		return 1;
	for (i = 1; i < argc; i++) {
		if (fanfp_group__add_root(group, argv[i], FANFP_INCLUDE) < 0)
			return 1;
		if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				  FAN_CLOSE_WRITE, AT_FDCWD, argv[i]))
			err(1, "%s", argv[i]);
	}

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[0].fd = signalfd(-1, &set, SFD_CLOEXEC);
	fds[1].fd = group;
	fds[2].fd = fanfp_link__fd(link);
	fds[0].events = POLLIN;
	fds[1].events = POLLIN;
	printf("ready\n");
	while (!fds[0].revents && !fds[2].revents) {
		print_events(group);
		poll(fds, 3, -1);
	}
	if (fds[2].revents)
		errx(1, "the handler was detached by somebody");
	if (!fanfp_group__info(group, &info))
		printf("%llu of %llu events kept\n", info.sent, info.seen);
	fanfp_link__destroy(link);
	return 0;
}
