// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_fd - a listener that gets a file descriptor for each event, asks /proc
 * for its path, and keeps the events below the watched directory
 */
#include <limits.h>

#include "common.h"
#include "bench.h"

struct filter_fd {
	/* /proc/self/fd: names are looked up from here, which is shorter. */
	int fds;
	/* The watched directory with a '/' behind it. */
	char prefix[192];
	size_t prefix_len;
};

static void filter_fd_start(struct bench_watch *watch)
{
	struct filter_fd *filter = calloc(1, sizeof(*filter));

	watch->own = filter;
	watch_group(watch, GROUP_FD);
	filter->fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	filter->prefix_len = snprintf(filter->prefix, sizeof(filter->prefix),
				      "%s/%s/", watch->setup->tree->path,
				      watch->setup->watched);
}

/* Quicker than printf(3). */
static char *number_text(char *end, unsigned int number)
{
	end--;
	*end = '\0';
	do {
		end--;
		*end = '0' + number % 10;
		number /= 10;
	} while (number);
	return end;
}

static bool is_inside(const struct filter_fd *filter, int fd)
{
	char number[12], path[PATH_MAX];
	ssize_t len;

	len = readlinkat(filter->fds,
			 number_text(number + sizeof(number), fd), path,
			 sizeof(path));
	return len > (ssize_t)filter->prefix_len &&
		!memcmp(path, filter->prefix, filter->prefix_len);
}

static int filter_fd_take(struct bench_watch *watch)
{
	char buf[16384] __attribute__((aligned(8)));
	struct fanotify_event_metadata *event = (void *)buf;
	ssize_t len = read(watch->fd, buf, sizeof(buf));
	int count = 0;

	for (; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len)) {
		watch->kept += is_inside(watch->own, event->fd);
		close(event->fd);
		count++;
	}
	return count;
}

static void filter_fd_stop(struct bench_watch *watch)
{
	struct filter_fd *filter = watch->own;

	close(filter->fds);
	free(filter);
}

BENCH_WATCH(filter_fd) = {
	.sends = SENDS_ALL,
	.filters = true,
	.suits = fd_suits,
	.start = filter_fd_start,
	.take = filter_fd_take,
	.stop = filter_fd_stop,
};
