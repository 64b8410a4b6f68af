/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - what its commands share
 */
#ifndef _FANFP_TOOL_H
#define _FANFP_TOOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes. */
#define EXIT_FAILED	1
#define EXIT_USAGE	2

#define PIN_DIR		"/sys/fs/bpf/fanotify_fastpath"

struct options {
	bool json;
	bool pretty;
	bool verbose;
};

extern struct options options;

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
};

int cmd_handler(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_group(int argc, char **argv);
int cmd_watch(int argc, char **argv);

/* Print "fanfp: ..." to stderr; returns EXIT_FAILED. */
__attribute__((format(printf, 1, 2)))
int failed(const char *fmt, ...);

/* The same for wrong usage, with a pointer to the help; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3)))
int wrong_usage(const char *command, const char *fmt, ...);

/* Parse a number of at least @min; returns it or -1. */
long parse_number(const char *text, long min);

/* The name of a process, or "?". */
void process_name(long pid, char *name, size_t size);

/* Print what --json and --pretty ask for. */
struct json_object;
void print_json(struct json_object *object);

/*
 * A signalfd of the signals that end a command, which are blocked from then
 * on; or -1.
 */
int end_signals(void);

#endif /* _FANFP_TOOL_H */
