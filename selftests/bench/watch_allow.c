// SPDX-License-Identifier: GPL-2.0-only
/*
 * allow - a process that reads permission events and allows all: the least that
 * an answer from userspace takes
 */
#include "common.h"
#include "bench.h"

static void __attribute__((noreturn)) allow_all(int fd)
{
	char buf[4096] __attribute__((aligned(8)));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct fanotify_event_metadata *event = (void *)buf;
		ssize_t len = read(fd, buf, sizeof(buf));

		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			struct fanotify_response response = {
				.fd = event->fd,
				.response = FAN_ALLOW,
			};

			if (write(fd, &response, sizeof(response)) < 0)
				_exit(1);
			close(event->fd);
		}
	}
}

static void allow_start(struct bench_watch *watch)
{
	pid_t pid;

	watch_group(watch, GROUP_FD);
	group_block(watch->fd);
	pid = fork();
	if (!pid)
		allow_all(watch->fd);
	watch->own = (void *)(intptr_t)pid;
}

static void allow_stop(struct bench_watch *watch)
{
	pid_t pid = (intptr_t)watch->own;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

BENCH_WATCH(allow) = {
	.permission = true,
	.start = allow_start,
	.stop = allow_stop,
};
