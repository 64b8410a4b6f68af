// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - attach fanotify fastpath handlers, and watch directories with them
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fanfp.h"
#include "tool.h"

struct options options;

static const struct command commands[] = {
	{ "handler", cmd_handler, "list, load and unload handlers" },
	{ "attach", cmd_attach, "attach a handler to a running process" },
	{ "group", cmd_group, "show groups and what is attached to them" },
	{ "watch", cmd_watch, "print what happens below directories" },
};

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
	fprintf(stderr, "; see 'fanfp %s --help'\n", command);
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

void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, options.pretty ?
					    JSON_C_TO_STRING_PRETTY :
					    JSON_C_TO_STRING_PLAIN));
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

	fputs("Usage: fanfp [OPTIONS] COMMAND ...\n\nCommands:\n", out);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].usage);
	fputs("  help       show this; 'fanfp COMMAND --help' shows more\n\n"
	      "Options:\n"
	      "  -j, --json      print JSON\n"
	      "  -p, --pretty    print JSON with line breaks\n"
	      "  -v, --verbose   say more on stderr\n"
	      "  -V, --version   print the version\n"
	      "  -h, --help      show this\n\n"
	      "Exit status: 0 success, 1 failure, 2 wrong usage.\n", out);
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
	size_t i;
	int opt;

	fanfp_set_print(print_message);
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
			printf("fanfp %s\n", fanfp_version_string());
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[0], "help")) {
		usage(stdout);
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		optind = 0;	/* start over, with the command's own */
		return commands[i].run(argc, argv);
	}
	fprintf(stderr, "fanfp: %s: no such command; see 'fanfp help'\n", argv[0]);
	return EXIT_USAGE;
}
