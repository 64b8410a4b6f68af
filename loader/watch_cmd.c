// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - its options
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "watch.h"

#define DEFAULT_EVENTS	(FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE_WRITE | \
			 FAN_CREATE | FAN_DELETE | FAN_RENAME)
#define DEFAULT_DEDUPE	"1000"

static const char usage[] =
	"Usage: fanfp watch [OPTIONS] PATH...\n"
	"\n"
	"Print what happens to each file PATH, and in each directory PATH and everything\n"
	"below it, one event a line, until interrupted.\n"
	"\n"
	"What:\n"
	"  -e, --event EVENT      watch for EVENT (repeatable, or with commas): access,\n"
	"                         modify, attrib, close_write, close_nowrite, close,\n"
	"                         open, open_exec, create, delete, rename, moved_from,\n"
	"                         moved_to, move, delete_self, move_self, all; without\n"
	"                         it: modify, attrib, close_write, create, delete, rename\n"
	"      --exclude-dir DIR  but not what is below DIR\n"
	"  -x, --one-file-system  nor what is on file systems mounted below\n"
	"      --include GLOB     only files whose name (with a slash: path) matches\n"
	"      --exclude GLOB     only files whose name (with a slash: path) does not\n"
	"      --comm NAME, --pid PID, --uid USER, --cgroup PATH, --exe FILE\n"
	"                         only what such a process does\n"
	"      --not-comm NAME, --not-pid PID, --not-uid USER, --not-cgroup PATH,\n"
	"      --not-exe FILE     only what other processes do\n"
	"      --own              also what this fanfp does\n"
	"      --rate N           at most N events a second; says how many more\n"
	"      --dedupe[=MS]      an event of a file once in MS milliseconds (1000)\n"
	"\n"
	"How long:\n"
	"  -1, --one-shot         until the first event\n"
	"  -m, --monitor          until interrupted (the default)\n"
	"  -t, --timeout SECONDS  until no event came for so long\n"
	"\n"
	"How:\n"
	"      --format FORMAT    with %w %f directory and name, %W %F the new ones of a\n"
	"                         rename, %e events, %T time, %p pid, %C process name,\n"
	"                         %u uid, %i file handle, %c cookie, %0 NUL, %n newline\n"
	"      --no-newline       nothing after FORMAT\n"
	"      --timefmt FORMAT   the time as strftime(3) does, before each event\n"
	"  -c, --csv              comma-separated values\n"
	"  -j, --json             JSON, an object a line\n"
	"  -o, --output FILE      to FILE instead of standard output\n"
	"  -q, --quiet            do not say what is watched; twice: print nothing\n"
	"  -h, --help             show this\n"
	"\n"
	"Exit status: 0 an event came, or interrupted; 1 failure; 2 timeout.\n";

enum {
	OPT_EXCLUDE_DIR = 256,
	OPT_INCLUDE,
	OPT_EXCLUDE,
	OPT_OWN,
	OPT_RATE,
	OPT_DEDUPE,
	OPT_FORMAT,
	OPT_NO_NEWLINE,
	OPT_TIMEFMT,
	OPT_KEY,				/* + enum watch_key */
	OPT_NOT_KEY = OPT_KEY + WATCH_N_KEYS,	/* the same */
};

static const char short_options[] = "e:x1mt:cjo:qhr";

static const struct option long_options[] = {
	{ "event", required_argument, NULL, 'e' },
	{ "exclude-dir", required_argument, NULL, OPT_EXCLUDE_DIR },
	{ "one-file-system", no_argument, NULL, 'x' },
	{ "include", required_argument, NULL, OPT_INCLUDE },
	{ "exclude", required_argument, NULL, OPT_EXCLUDE },
	{ "comm", required_argument, NULL, OPT_KEY + WATCH_COMM },
	{ "pid", required_argument, NULL, OPT_KEY + WATCH_PID },
	{ "uid", required_argument, NULL, OPT_KEY + WATCH_UID },
	{ "cgroup", required_argument, NULL, OPT_KEY + WATCH_CGROUP },
	{ "exe", required_argument, NULL, OPT_KEY + WATCH_EXE },
	{ "not-comm", required_argument, NULL, OPT_NOT_KEY + WATCH_COMM },
	{ "not-pid", required_argument, NULL, OPT_NOT_KEY + WATCH_PID },
	{ "not-uid", required_argument, NULL, OPT_NOT_KEY + WATCH_UID },
	{ "not-cgroup", required_argument, NULL, OPT_NOT_KEY + WATCH_CGROUP },
	{ "not-exe", required_argument, NULL, OPT_NOT_KEY + WATCH_EXE },
	{ "own", no_argument, NULL, OPT_OWN },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "dedupe", optional_argument, NULL, OPT_DEDUPE },
	{ "one-shot", no_argument, NULL, '1' },
	{ "monitor", no_argument, NULL, 'm' },
	{ "recursive", no_argument, NULL, 'r' },
	{ "timeout", required_argument, NULL, 't' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "no-newline", no_argument, NULL, OPT_NO_NEWLINE },
	{ "timefmt", required_argument, NULL, OPT_TIMEFMT },
	{ "csv", no_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "output", required_argument, NULL, 'o' },
	{ "outfile", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{}
};

static int add_value(struct watch_options *options, enum watch_key key,
		     bool not, const char *text)
{
	struct watch_value *list, *value;

	list = reallocarray(options->values, options->n_values + 1,
			    sizeof(*list));
	if (!list)
		return failed("%s", strerror(ENOMEM));
	options->values = list;
	value = &list[options->n_values++];
	*value = (struct watch_value){
		.key = key,
		.not = not,
		.text = strdup(text),
	};
	return value->text ? 0 : failed("%s", strerror(ENOMEM));
}

static int add_glob(struct watch_globs *globs, const char *glob)
{
	const char **list;

	list = reallocarray(globs->list, globs->count + 1, sizeof(*list));
	if (!list)
		return failed("%s", strerror(ENOMEM));
	globs->list = list;
	list[globs->count++] = glob;
	return 0;
}

static int parse_timeout(const char *text, long *ms)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0 && seconds <= INT_MAX))
		return wrong_usage("watch", "--timeout %s: is no number of seconds",
				   text);
	*ms = seconds * 1000;
	/* 0 is for ever: no less than can be counted. */
	if (seconds > 0 && !*ms)
		*ms = 1;
	return 0;
}

static int parse_positive(const char *option, const char *text, long *number)
{
	*number = parse_number(text, 1);
	return *number > 0 ? 0 :
		wrong_usage("watch", "--%s %s: is no positive number", option,
			    text);
}

/* Returns 0, or anything else with a message. */
static int parse_option(struct watch_options *watch, int opt)
{
	uint64_t events;

	if (opt >= OPT_NOT_KEY)
		return add_value(watch, opt - OPT_NOT_KEY, true, optarg);
	if (opt >= OPT_KEY)
		return add_value(watch, opt - OPT_KEY, false, optarg);

	switch (opt) {
	case 'e':
		events = watch_parse_events(optarg);
		watch->mask |= events;
		return !events;
	case 'x':
		watch->one_file_system = true;
		return 0;
	case OPT_INCLUDE:
		return add_glob(&watch->include, optarg);
	case OPT_EXCLUDE:
		return add_glob(&watch->exclude, optarg);
	case OPT_OWN:
		watch->own = true;
		return 0;
	case OPT_RATE:
		return parse_positive("rate", optarg, &watch->rate);
	case OPT_DEDUPE:
		return parse_positive("dedupe", optarg ?: DEFAULT_DEDUPE,
				      &watch->dedupe);
	case '1':
	case 'm':
		watch->one_shot = opt == '1';
		return 0;
	case 'r':
		return 0;
	case 't':
		return parse_timeout(optarg, &watch->timeout);
	case OPT_FORMAT:
		watch->format = WATCH_CUSTOM;
		watch->custom = optarg;
		return watch_format_has(optarg, 0) < 0;
	case OPT_NO_NEWLINE:
		watch->no_newline = true;
		return 0;
	case OPT_TIMEFMT:
		watch->time_format = optarg;
		return 0;
	case 'c':
		watch->format = WATCH_CSV;
		return 0;
	case 'j':
		watch->format = WATCH_JSON;
		return 0;
	case 'o':
		watch->output = optarg;
		return 0;
	case 'q':
		watch->quiet++;
		return 0;
	default:
		return EXIT_USAGE;	/* getopt has said why */
	}
}

static void free_options(struct watch_options *watch)
{
	size_t i;

	for (i = 0; i < watch->n_values; i++)
		free(watch->values[i].text);
	free(watch->values);
	free(watch->include.list);
	free(watch->exclude.list);
}

int cmd_watch(int argc, char **argv)
{
	struct watch_options watch = {
		.format = options.json ? WATCH_JSON : WATCH_TEXT,
	};
	char *exclude[argc + 1];
	int opt, n_exclude = 0, wrong = 0;

	/* Wrong usage is a failure here: 2 says that the time is over. */
	while (!wrong && (opt = getopt_long(argc, argv, short_options,
					    long_options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (opt == OPT_EXCLUDE_DIR)
			exclude[n_exclude++] = optarg;
		else
			wrong = parse_option(&watch, opt);
	}
	exclude[n_exclude] = NULL;
	if (!wrong && optind == argc)
		wrong = wrong_usage("watch", "a path is needed");
	if (!watch.mask)
		watch.mask = DEFAULT_EVENTS;
	wrong = wrong ? EXIT_FAILED : watch_run(&watch, argv + optind, exclude);
	free_options(&watch);
	return wrong;
}
