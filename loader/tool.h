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
int cmd_group(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_detach(int argc, char **argv);
int cmd_replace(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_probe(int argc, char **argv);

/* Print "fanfp: ..." to stderr; returns EXIT_FAILED. */
__attribute__((format(printf, 1, 2)))
int failed(const char *fmt, ...);

/* The same for wrong usage, with a pointer to the help; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3)))
int wrong_usage(const char *command, const char *fmt, ...);

/* Parse a number of at least @min; returns it or -1. */
long parse_number(const char *text, long min);

/*
 * Parse optarg of @option, a number above 0; returns EXIT_USAGE, having said why,
 * or -1 to go on.
 */
int count_option(const char *command, const char *option, long *number);

/*
 * Make room for one more in an array of @count elements of @size bytes. Returns
 * where it is now; NULL if there is no memory, and then it stays.
 */
void *array_grow(void *list, size_t count, size_t *room, size_t size);

/* The name of a process, or "?". */
void process_name(long pid, char *name, size_t size);

/*
 * Which of @count names @word is, or is the start of; they are @stride bytes
 * apart. -1 if it is none or could be several: that has been said, of the @what
 * that was looked for by "fanfp ...", which is @where.
 */
int find_word(const char *where, const char *what, const char *word,
	      const char *const *names, size_t stride, size_t count);

/* What every command takes, to end the list of its options. */
#define COMMON_OPTIONS							\
	{ "json", no_argument, NULL, 'j' },				\
	{ "pretty", no_argument, NULL, 'p' },				\
	{ "help", no_argument, NULL, 'h' },				\
	{}

/* Handle what is in there; returns an exit code to return, or -1 to go on. */
int common_option(int opt, const char *usage);

/*
 * A signalfd of the signals that end a command, which are blocked from then
 * on; or -1.
 */
int end_signals(void);

#endif /* _FANFP_TOOL_H */
