// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - what the user names: a handler, its arguments, a group
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "named.h"
#include "output.h"
#include "tool.h"

static int is_name(const struct fanfp_handler_info *info, void *name)
{
	return !strcmp(info->name, name);
}

bool is_registered(const char *name)
{
	return fanfp_registry__for_each(is_name, (void *)name) > 0;
}

struct fanfp_handler *open_handler(const char *what)
{
	if (strchr(what, '/') || strchr(what, '.'))
		return fanfp_handler__open_file(what, NULL);
	return fanfp_handler__open_builtin(what, NULL);
}

static int text_args(struct handler_args *args, const char *text)
{
	size_t len = strlen(text);

	if (len > FAN_FP_ARGS_MAX)
		return failed("--args: more than %d bytes", FAN_FP_ARGS_MAX);
	memcpy(args->bytes, text, len);
	args->size = len;
	return 0;
}

static int file_args(struct handler_args *args, const char *path)
{
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed("%s: %s", path, strerror(errno));
	len = read(fd, args->bytes, sizeof(args->bytes));
	close(fd);
	if (len < 0)
		return failed("%s: %s", path, strerror(errno));
	if (len > FAN_FP_ARGS_MAX)
		return failed("%s: more than %d bytes of arguments", path,
			      FAN_FP_ARGS_MAX);
	args->size = len;
	return 0;
}

int args_option(int opt, struct handler_args *args)
{
	switch (opt) {
	case 'a':
		return text_args(args, optarg);
	case 'A':
		return file_args(args, optarg);
	default:
		return -1;
	}
}

int group_option(const char *command, int opt, long *pid, long *fd)
{
	switch (opt) {
	case 'P':
		*pid = parse_number(optarg, 1);
		return *pid < 0 ? wrong_usage(command, "--pid %s: not a process id",
					      optarg) : 0;
	case 'f':
		*fd = parse_number(optarg, 0);
		return *fd < 0 ? wrong_usage(command, "--fd %s: not a file descriptor",
					     optarg) : 0;
	default:
		return -1;
	}
}

int group_options(int argc, char **argv, const char *command, const char *usage,
		  long *pid, long *fd, struct handler_args *args)
{
	static const struct option long_options[] = {
		/* Only with arguments: */
		{ "args", required_argument, NULL, 'a' },
		{ "args-file", required_argument, NULL, 'A' },
		/* always: */
		{ "pid", required_argument, NULL, 'P' },
		{ "fd", required_argument, NULL, 'f' },
		COMMON_OPTIONS
	};
	const struct option *first = long_options + (args ? 0 : 2);
	int opt, code;

	while ((opt = getopt_long(argc, argv, "jph", first, NULL)) != -1) {
		code = group_option(command, opt, pid, fd);
		if (code < 0)
			code = args_option(opt, args);
		if (code > 0)
			return code;
		if (!code)
			continue;
		code = common_option(opt, usage);
		if (code >= 0)
			return code;
	}
	return -1;
}

int open_group(struct named_group *group, long pid, long fd)
{
	int err;

	if (!fanfp_supported())
		return EXIT_FAILED;
	if (fd < 0)
		fd = fanfp_group__find_fd(pid);
	if (fd < 0)
		return EXIT_FAILED;	/* the library has said why */
	*group = (struct named_group){ .pid = pid, .fd = fd };
	group->group = fanfp_group__open_pid(pid, fd);
	if (group->group < 0)
		return EXIT_FAILED;
	process_name(pid, group->comm, sizeof(group->comm));
	group->info.sz = sizeof(group->info);
	err = fanfp_group__info(group->group, &group->info);
	group->attached = !err;
	if (!err || err == -ENOENT)
		return 0;
	close(group->group);
	return EXIT_FAILED;
}

void out_named(const char *how, long pid, long fd)
{
	char comm[32];

	process_name(pid, comm, sizeof(comm));
	out_text(" %s", how);
	out_number("fd", " fd %llu", fd);
	out_number("pid", " of process %llu", pid);
	out_string("comm", " (%s)\n", comm);
}
