// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp detach - detach a handler from a group of a running process
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "named.h"
#include "output.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp detach --pid PID [HANDLER] [--fd FD]\n"
	"       fanfp detach PATH\n"
	"\n"
	"Detach what was attached by name to a fanotify file descriptor of process PID:\n"
	"whichever it is, or only if it is HANDLER. Or detach and unpin what 'fanfp\n"
	"attach --pin' has pinned at PATH, which has a slash in it.\n"
	"\n"
	"  --pid PID      the process\n"
	"  --fd FD        its file descriptor, if it has several of fanotify\n"
	"  -j, --json     print JSON\n"
	"  -p, --pretty   print JSON with line breaks\n"
	"  -h, --help     show this\n";

static int detach_pinned(const char *path)
{
	struct fanfp_link *link = fanfp_link__open(path);
	fanfp_print_fn print;
	int err;

	if (!link)
		return EXIT_FAILED;
	/* Also if somebody else has it open. It fails if the group has gone. */
	print = fanfp_set_print(NULL);
	fanfp_link__detach(link);
	fanfp_set_print(print);
	err = fanfp_link__unpin(link);
	fanfp_link__destroy(link);
	if (err)
		return EXIT_FAILED;

	out_object(NULL);
	out_string("path", "detached what was pinned at %s\n", path);
	out_close();
	return out_end();
}

static int detach_by_name(const struct named_group *group, const char *handler)
{
	if (!group->attached)
		return failed("process %ld (%s), fd %ld: no handler is attached",
			      group->pid, group->comm, group->fd);
	if (group->info.flags & FAN_FP_F_GROUP_FD)
		return failed("process %ld (%s), fd %ld: handler '%s' is owned by a BPF link: end the fanfp that attached it, or name what it pinned: 'fanfp detach PATH'",
			      group->pid, group->comm, group->fd,
			      group->info.handler);
	if (handler && strcmp(handler, group->info.handler))
		return failed("process %ld (%s), fd %ld: it is '%s' that is attached, not '%s'",
			      group->pid, group->comm, group->fd,
			      group->info.handler, handler);
	/* By its name, for it may have been replaced meanwhile. */
	if (fanfp_group__detach(group->group, group->info.handler))
		return EXIT_FAILED;

	out_object(NULL);
	out_string("handler", "detached '%s'", group->info.handler);
	out_number("id", NULL, group->info.id);
	out_named("from", group->pid, group->fd);
	out_close();
	return out_end();
}

int cmd_detach(int argc, char **argv)
{
	struct named_group group;
	long pid = -1, fd = -1;
	const char *what;
	int code;

	code = group_options(argc, argv, "detach", usage, &pid, &fd, NULL);
	if (code >= 0)
		return code;
	what = optind < argc ? argv[optind++] : NULL;
	if (optind < argc)
		return wrong_usage("detach", "takes no '%s'", argv[optind]);
	if (what && strchr(what, '/')) {
		if (pid >= 0)
			return wrong_usage("detach", "%s is where something is pinned, which has a process already",
					   what);
		return detach_pinned(what);
	}
	if (pid < 0)
		return wrong_usage("detach", "--pid is needed, or the path of a pin");
	code = open_group(&group, pid, fd);
	if (code)
		return code;
	code = detach_by_name(&group, what);
	close(group.group);
	return code;
}
