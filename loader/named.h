/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - what the user names: a handler, its arguments, a group
 */
#ifndef _FANFP_NAMED_H
#define _FANFP_NAMED_H

#include <stdbool.h>
#include <stddef.h>

#include "fanfp.h"
#include "fanotify_fastpath.h"

/* Whether a handler of this name can be attached by it. */
bool is_registered(const char *name);

/*
 * Open a handler: a file, if there is a slash or a dot in @what, else a built-in
 * one. NULL and errno, with a message, if there is none.
 */
struct fanfp_handler *open_handler(const char *what);

/* The arguments of an attachment, and one byte to see that there are more. */
struct handler_args {
	char bytes[FAN_FP_ARGS_MAX + 1];
	size_t size;
};

/*
 * Handle the options 'a', arguments in @optarg, and 'A', the name of a file with
 * them. Returns 0; -1 if @opt is another; or an exit code, with a message.
 */
int args_option(int opt, struct handler_args *args);

/* A group of a process, by a duplicate of its file descriptor. */
struct named_group {
	long pid, fd;
	char comm[32];
	int group;
	/* What is attached now; unless there is nothing. */
	bool attached;
	struct fanfp_group_info info;
};

/*
 * Open the group of descriptor @fd of @pid, or of the only one if it is -1;
 * returns 0 or EXIT_FAILED with a message. @group is to be closed then.
 */
int open_group(struct named_group *group, long pid, long fd);

/* As args_option(): the options 'P', a process, and 'f', a file descriptor. */
int group_option(const char *command, int opt, long *pid, long *fd);

/*
 * Parse the options of a command that takes no others than these: which group,
 * its arguments, unless @args is NULL, and what every command takes. Returns an
 * exit code to return, or -1 to go on.
 */
int group_options(int argc, char **argv, const char *command, const char *usage,
		  long *pid, long *fd, struct handler_args *args);

/* Print which group: "... fd 3 of process 17 (cat)", and end the line. */
void out_named(const char *how, long pid, long fd);

#endif /* _FANFP_NAMED_H */
