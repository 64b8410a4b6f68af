// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp replace - put another handler in the place of one that is attached
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "named.h"
#include "output.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp replace HANDLER --pid PID [--fd FD] [OPTIONS]\n"
	"       fanfp replace HANDLER PATH [OPTIONS]\n"
	"\n"
	"Put HANDLER in the place of the handler that was attached by name to a fanotify\n"
	"file descriptor of process PID: HANDLER is a registered one, too. Or in the\n"
	"place of what 'fanfp attach --pin' has pinned at PATH: then HANDLER is a file or\n"
	"a built-in one. Every event sees one of the two. The new one starts afresh.\n"
	"\n"
	"  --pid PID          the process\n"
	"  --fd FD            its file descriptor, if it has several of fanotify\n"
	"  --args TEXT        arguments of the handler\n"
	"  --args-file FILE   the same, from a file\n"
	"  -j, --json         print JSON\n"
	"  -p, --pretty       print JSON with line breaks\n"
	"  -h, --help         show this\n";

static int replace_pinned(const char *what, const char *path,
			  const struct fanfp_attach_opts *opts)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	int err;

	link = fanfp_link__open(path);
	if (!link)
		return EXIT_FAILED;
	handler = open_handler(what);
	err = handler ? fanfp_link__replace(link, handler, opts) : -EINVAL;
	if (!err) {
		out_object(NULL);
		out_string("handler", "'%s'", fanfp_handler__name(handler));
		out_string("path", " is attached now by what is pinned at %s\n",
			   path);
		out_close();
	}
	fanfp_handler__close(handler);
	fanfp_link__destroy(link);
	return err ? EXIT_FAILED : out_end();
}

static int replace_by_name(const struct named_group *group, const char *handler,
			   const struct fanfp_attach_opts *opts)
{
	if (!group->attached)
		return failed("process %ld (%s), fd %ld: no handler is attached that could be replaced; use 'fanfp attach'",
			      group->pid, group->comm, group->fd);
	if (group->info.flags & FAN_FP_F_GROUP_FD)
		return failed("process %ld (%s), fd %ld: handler '%s' is owned by a BPF link: if it is pinned, name that: 'fanfp replace %s PATH'",
			      group->pid, group->comm, group->fd,
			      group->info.handler, handler);
	if (!is_registered(handler))
		return failed("handler '%s' is not registered, as the one in its place is: first 'fanfp handler load %s'",
			      handler, handler);
	if (fanfp_group__replace(group->group, handler, opts))
		return EXIT_FAILED;

	out_object(NULL);
	out_string("handler", "'%s'", handler);
	out_string("replaced", " replaced '%s'", group->info.handler);
	out_named("at", group->pid, group->fd);
	out_close();
	return out_end();
}

int cmd_replace(int argc, char **argv)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts);
	static struct handler_args args;
	const char *handler, *path;
	struct named_group group;
	long pid = -1, fd = -1;
	int code;

	code = group_options(argc, argv, "replace", usage, &pid, &fd, &args);
	if (code >= 0)
		return code;
	opts.args = args.bytes;
	opts.args_size = args.size;
	handler = optind < argc ? argv[optind++] : NULL;
	path = optind < argc ? argv[optind++] : NULL;
	if (optind < argc)
		return wrong_usage("replace", "takes no '%s'", argv[optind]);
	if (!handler)
		return wrong_usage("replace", "a handler is needed");
	if (path ? pid >= 0 : pid < 0)
		return wrong_usage("replace", "--pid is needed, or the path of a pin, and not both");
	if (path)
		return replace_pinned(handler, path, &opts);
	code = open_group(&group, pid, fd);
	if (code)
		return code;
	code = replace_by_name(&group, handler, &opts);
	close(group.group);
	return code;
}
