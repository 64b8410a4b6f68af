// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watch the opens on a file system, but for files with some prefixes
 *
 * Usage: fastpath_prefix_user MOUNT-POINT PREFIX...
 *
 * With the module fastpath_prefix loaded, opens of files whose names start with
 * a PREFIX never leave the kernel.
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify_fastpath.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void attach(int group, char **prefixes)
{
	struct fanotify_fastpath_args args = { .name = "prefix" };
	char buf[FAN_FP_ARGS_MAX];
	size_t size = 0;
	int dev;

	for (; *prefixes; prefixes++) {
		size_t len = strlen(*prefixes) + 1;

		if (size + len > sizeof(buf))
			errx(1, "the prefixes are too long");
		memcpy(buf + size, *prefixes, len);
		size += len;
	}
	args.init_args = (uintptr_t)buf;
	args.init_args_size = size;

	if (!ioctl(group, FAN_IOC_ADD_FP, &args))
		return;
	if (errno != ENOTTY)
		err(1, "attaching 'prefix'");
	/* The fastpath is not in this kernel, but perhaps a module. */
	dev = open("/dev/fanotify_fastpath", O_RDWR | O_CLOEXEC);
	args.group_fd = group;
	if (dev < 0 || ioctl(dev, FAN_IOC_ADD_FP, &args))
		err(1, "attaching 'prefix'");
	close(dev);
}

int main(int argc, char **argv)
{
	struct fanotify_event_metadata buf[128];
	int group;

	if (argc < 3)
		errx(2, "usage: %s MOUNT-POINT PREFIX...", argv[0]);

	group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	if (group < 0)
		err(1, "fanotify_init");
	attach(group, argv + 2);
	if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			  AT_FDCWD, argv[1]))
		err(1, "%s", argv[1]);

	for (;;) {
		struct fanotify_event_metadata *event = buf;
		ssize_t len = read(group, buf, sizeof(buf));

		if (len < 0)
			err(1, "read");
		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			char link[64], path[4096];
			ssize_t n;

			snprintf(link, sizeof(link), "/proc/self/fd/%d",
				 event->fd);
			n = readlink(link, path, sizeof(path) - 1);
			printf("%.*s\n", n < 0 ? 0 : (int)n, path);
			fflush(stdout);
			close(event->fd);
		}
	}
}
