// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deny a file name on a file system for as long as this runs
 *
 * Never reads an event: the handler in the kernel answers all of them.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "fanfp.h"

int main(int argc, char **argv)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	int group;

	if (argc != 3) {
		fprintf(stderr, "usage: %s MOUNT-POINT FILE-NAME\n", argv[0]);
		return 2;
	}

	group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (group < 0)
		error(1, errno, "fanotify_init");
	handler = fanfp_handler__open_builtin("deny", NULL);
	if (!handler)
		error(1, errno, "opening 'deny'");
	LIBFANFP_OPTS(fanfp_attach_opts, opts,
		.args = argv[2],
		.args_size = strlen(argv[2]),
	);
	link = fanfp_handler__attach(handler, group, &opts);
	if (!link)
		error(1, errno, "attaching 'deny'");

	/* Only now, or an open in between would wait for an answer. */
	if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			  FAN_OPEN_PERM, AT_FDCWD, argv[1]))
		error(1, errno, "%s", argv[1]);
	pause();
	return 0;
}
