// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - attach fanotify fastpath handlers, and watch directories with them
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fanfp.h"
#include "output.h"
#include "tool.h"

struct options options;

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command commands[] = {
	{ "handler", cmd_handler, "list, load and unload handlers" },
	{ "group", cmd_group, "show groups and what is attached to them" },
	{ "attach", cmd_attach, "attach a handler to a running process" },
	{ "run", cmd_run, "run a program with rules on its fanotify groups" },
	{ "explain", cmd_explain, "tell which rule decides about an event, and why" },
	{ "detach", cmd_detach, "detach a handler" },
	{ "replace", cmd_replace, "put another handler in the place of one" },
	{ "watch", cmd_watch, "print what happens below directories" },
	{ "stat", cmd_stat, "print what handlers have done, also for Prometheus" },
	{ "top", cmd_top, "show what handlers do, live" },
	{ "probe", cmd_probe, "tell what this kernel can do, and what is missing" },
	{ "help", cmd_help, "show this, or with a command what that takes" },
	{ "version", cmd_version, "print the version" },
};

#define N_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

int failed(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("fanfp: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

int wrong_usage(const char *command, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "fanfp %s: ", command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; see 'fanfp %s help'\n", command);
	return EXIT_USAGE;
}

long parse_number(const char *text, long min)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < min || number > INT_MAX)
		return -1;
	return number;
}

int count_option(const char *command, const char *option, long *number)
{
	*number = parse_number(optarg, 1);
	return *number < 0 ? wrong_usage(command, "%s %s: not a number above 0",
					 option, optarg) : -1;
}

void *array_grow(void *list, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? 2 * *room : 16;

	if (count < *room)
		return list;
	list = reallocarray(list, wanted, size);
	if (list)
		*room = wanted;
	return list;
}

void process_name(long pid, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(name, size, "?");
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, size, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

int find_word(const char *where, const char *what, const char *word,
	      const char *const *names, size_t stride, size_t count)
{
	const char *table = (const char *)names, *first = NULL, *other = NULL;
	size_t len = strlen(word), i;
	int found = -1;

	for (i = 0; i < count; i++) {
		const char *name = *(const char *const *)(table + i * stride);

		if (!strcmp(name, word))
			return i;
		if (!len || strncmp(name, word, len))
			continue;
		if (first) {
			other = name;
		} else {
			first = name;
			found = i;
		}
	}
	if (first && !other)
		return found;
	if (other)
		fprintf(stderr, "%s: '%s' could be %s or %s", where, word, first,
			other);
	else
		fprintf(stderr, "%s: there is no %s '%s'", where, what, word);
	fprintf(stderr, "; see '%s help'\n", where);
	return -1;
}

int common_option(int opt, const char *usage)
{
	switch (opt) {
	case 'p':
		options.pretty = true;
		/* fall through */
	case 'j':
		options.json = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default:
		return EXIT_USAGE;	/* getopt has said why */
	}
}

int end_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void print_message(enum fanfp_print_level level, const char *text)
{
	if (level == FANFP_DEBUG || (level == FANFP_INFO && !options.verbose))
		return;
	fflush(stdout);
	fprintf(stderr, "fanfp: %s\n", text);
}

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: fanfp [OPTIONS] COMMAND ... | help\n\nCommands:\n", out);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].usage);
	fputs("\n"
	      "'fanfp COMMAND help' and 'fanfp help COMMAND' show more. What can be nothing\n"
	      "else may be abbreviated.\n\n"
	      "Options:\n"
	      "  -j, --json      print JSON\n"
	      "  -p, --pretty    print JSON with line breaks\n"
	      "  -v, --verbose   say more on stderr\n"
	      "  -V, --version   print the version\n"
	      "  -h, --help      show this\n\n"
	      "Exit status: 0 success, 1 failure, 2 wrong usage.\n", out);
}

/* Run the command that @argv starts with. */
static int run_command(int argc, char **argv)
{
	char name[32];
	int found;

	found = find_word("fanfp", "command", argv[0], &commands[0].name,
			  sizeof(commands[0]), N_COMMANDS);
	if (found < 0)
		return EXIT_USAGE;
	if (argc == 2 && !strcmp(argv[1], "help"))
		argv[1] = "--help";
	/* For what getopt() complains about. */
	snprintf(name, sizeof(name), "fanfp %s", commands[found].name);
	argv[0] = name;
	optind = 0;	/* start over, with the command's own */
	return commands[found].run(argc, argv);
}

static int cmd_help(int argc, char **argv)
{
	char *words[3] = { argc > 1 ? argv[1] : NULL, "--help" };

	if (words[0] && *words[0] != '-')
		return run_command(2, words);
	usage(stdout);
	return 0;
}

static int cmd_version(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") && strcmp(argv[1], "-h"))
		return wrong_usage("version", "takes no '%s'", argv[1]);
	if (argc > 1) {
		usage(stdout);
		return 0;
	}
	out_object(NULL);
	out_string("version", "fanfp %s\n", fanfp_version_string());
	out_close();
	return out_end();
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt;

	fanfp_set_print(print_message);
	/* A closed pipe is an error like any other: what was begun is undone. */
	signal(SIGPIPE, SIG_IGN);
	/* Up to the command, which has options of its own. */
	while ((opt = getopt_long(argc, argv, "+jpvVh", long_options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			options.pretty = true;
			/* fall through */
		case 'j':
			options.json = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'V':
			return cmd_version(0, NULL);
		case 'h':
			usage(stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return run_command(argc - optind, argv + optind);
}
