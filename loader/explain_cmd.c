// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp explain - tell which rule decides about an event, and why
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>

#include "fanfp.h"
#include "rules_cmd.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp explain --rules FILE --event EVENT[,...] [OPTIONS]\n"
	"\n"
	"Tell which rule of FILE decides about an event, and for each rule up to that\n"
	"one what becomes of its conditions. The rules need not be attached. What is not\n"
	"told of the event is not known: then a rule may hold or not.\n"
	"\n"
	"  --event EVENT,...  the event, and 'ondir' if it is about a directory\n"
	"  --path PATH        the object, or the name of the directory entry\n"
	"  --to PATH          where 'rename' moves it\n"
	"  --open HOW,...     how the file is open: read write append trunc create exec\n"
	"  --pid PID          a process that causes it; what follows comes first\n"
	"  --comm NAME        its name\n"
	"  --uid USER         its effective user\n"
	"  --gid GROUP        its effective group\n"
	"  --cgroup PATH      its cgroup, by its directory\n"
	"  --exe FILE         its executable\n"
	"  --include DIR      a root of the group, for 'inside' (repeatable)\n"
	"  --exclude-dir DIR  one that excludes (repeatable)\n"
	"  -j, --json         print JSON\n"
	"  -p, --pretty       print JSON with line breaks\n"
	"  -h, --help         show this\n";

#define MAX_ROOTS	64

/* The event, and where what it points to is. */
struct query {
	const char *file;
	struct fanfp_explain_opts opts;
	uint32_t uid, gid;
	const char *include[MAX_ROOTS + 1];
	const char *exclude[MAX_ROOTS + 1];
};

/* What is said of the rule at hand, until that is known itself. */
struct output {
	const char *file;
	FILE *conds;			/* text: */
	char *text;
	size_t size;
	struct json_object *rules;	/* or JSON: all of them, */
	struct json_object *list;	/* and the conditions of this one */
};

static const char *const verdicts[] = {
	[FANFP_SEND] = "send",
	[FANFP_SKIP] = "skip",
	[FANFP_ALLOW] = "allow",
	[FANFP_DENY] = "deny",
};

static const char *const truths[] = {
	[FANFP_FALSE] = "no",
	[FANFP_TRUE] = "yes",
	[FANFP_UNKNOWN] = "perhaps",
};

static void add_string(struct json_object *object, const char *name,
		       const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *name,
		       unsigned int number)
{
	json_object_object_add(object, name, json_object_new_int64(number));
}

static void add_verdict(struct json_object *object, unsigned int line,
			enum fanfp_verdict verdict, int error)
{
	add_number(object, "line", line);
	add_string(object, "verdict", verdicts[verdict]);
	if (verdict == FANFP_DENY)
		add_string(object, "errno", strerrorname_np(error));
}

static void step_json(struct output *out, const struct fanfp_step *step)
{
	struct json_object *object = json_object_new_object();

	if (!out->list)
		out->list = json_object_new_array();
	if (step->column) {
		add_number(object, "column", step->column);
		add_string(object, "text", step->text);
	} else {
		add_verdict(object, step->line, step->verdict, step->error);
	}
	add_string(object, "holds", truths[step->holds]);
	if (*step->found)
		add_string(object, "found", step->found);
	if (step->column) {
		json_object_array_add(out->list, object);
		return;
	}
	json_object_object_add(object, "conditions", out->list);
	json_object_array_add(out->rules, object);
	out->list = NULL;
}

static void print_verdict(enum fanfp_verdict verdict, int error)
{
	fputs(verdicts[verdict], stdout);
	if (verdict == FANFP_DENY)
		printf("=%s", strerrorname_np(error));
}

/* What is found can have any byte in it. */
static void print_found(FILE *to, const char *found)
{
	if (!*found)
		return;
	fputs(" (", to);
	for (; *found; found++) {
		unsigned char c = *found;

		if (c < ' ' || c == 0x7f)
			fprintf(to, "\\x%02x", c);
		else
			fputc(c, to);
	}
	fputc(')', to);
}

static void step_text(struct output *out, const struct fanfp_step *step)
{
	if (!out->conds)
		out->conds = open_memstream(&out->text, &out->size);
	if (!out->conds)
		return;
	if (step->column) {
		fprintf(out->conds, "    %-7s %s", truths[step->holds], step->text);
		print_found(out->conds, step->found);
		fputc('\n', out->conds);
		return;
	}
	fclose(out->conds);
	out->conds = NULL;
	if (step->line)
		printf("%s:%u: ", out->file, step->line);
	else
		printf("without a default: ");
	print_verdict(step->verdict, step->error);
	printf(": %s", truths[step->holds]);
	print_found(stdout, step->found);
	printf("\n%s", out->text);
	free(out->text);
}

static void print_step(void *ctx, const struct fanfp_step *step)
{
	struct output *out = ctx;

	if (out->rules)
		step_json(out, step);
	else
		step_text(out, step);
}

static void print_decision(struct output *out,
			   const struct fanfp_decision *decision)
{
	struct json_object *result, *object;

	if (out->rules) {
		result = json_object_new_object();
		object = json_object_new_object();
		add_verdict(object, decision->line, decision->verdict,
			    decision->error);
		json_object_object_add(object, "sure",
				       json_object_new_boolean(decision->sure));
		json_object_object_add(result, "rules", out->rules);
		json_object_object_add(result, "decision", object);
		puts(json_object_to_json_string_ext(result, options.pretty ?
						    JSON_C_TO_STRING_PRETTY :
						    JSON_C_TO_STRING_PLAIN));
		json_object_put(result);
		return;
	}
	printf("\n");
	print_verdict(decision->verdict, decision->error);
	if (decision->line)
		printf(", by line %u", decision->line);
	printf("%s\n", decision->sure ? "" :
	       ", unless a rule before that holds, which is not known");
}

static int explain(struct query *query)
{
	struct fanfp_decision decision = { .sz = sizeof(decision) };
	struct output out = { .file = query->file };
	struct fanfp_rules *rules;
	int err;

	rules = rules_read(query->file);
	if (!rules)
		return EXIT_FAILED;
	if (options.json)
		out.rules = json_object_new_array();
	query->opts.step = print_step;
	query->opts.ctx = &out;
	err = fanfp_rules__explain(rules, &query->opts, &decision);
	fanfp_rules__free(rules);
	if (err) {
		json_object_put(out.rules);
		return EXIT_FAILED;
	}
	print_decision(&out, &decision);
	return fflush(stdout) ? failed("standard output: %s", strerror(errno)) : 0;
}

/* Add up the bits of a list of names; 0, with a message, if one is unknown. */
static uint64_t parse_bits(const char *option, char *list,
			   uint64_t (*find)(const char *name))
{
	uint64_t bits = 0, bit;
	char *word;

	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		bit = find(word);
		if (!bit) {
			wrong_usage("explain", "%s %s: there is no such thing; see fanfp-rules(5)",
				    option, word);
			return 0;
		}
		bits |= bit;
	}
	if (!bits)
		wrong_usage("explain", "%s names nothing", option);
	return bits;
}

static bool parse_user(const char *text, uint32_t *id)
{
	const struct passwd *user = getpwnam(text);
	long number = parse_number(text, 0);

	*id = user ? user->pw_uid : (uint32_t)number;
	return user || number >= 0;
}

static bool parse_group(const char *text, uint32_t *id)
{
	const struct group *group = getgrnam(text);
	long number = parse_number(text, 0);

	*id = group ? group->gr_gid : (uint32_t)number;
	return group || number >= 0;
}

static bool add_root(const char **roots, const char *dir)
{
	size_t i = 0;

	while (roots[i])
		i++;
	if (i == MAX_ROOTS)
		return false;
	roots[i] = dir;
	return true;
}

/* Take an option; returns 0 or an exit code, and has said why. */
static int take(struct query *query, int opt, char *arg)
{
	struct fanfp_explain_opts *opts = &query->opts;

	switch (opt) {
	case 'r':
		query->file = arg;
		return 0;
	case 'e':
		opts->event = parse_bits("--event", arg, fanfp_event_bits);
		return opts->event ? 0 : EXIT_USAGE;
	case 'o':
		opts->open = parse_bits("--open", arg, fanfp_open_bits);
		return opts->open ? 0 : EXIT_USAGE;
	case 'f':
		opts->path = arg;
		return 0;
	case 't':
		opts->new_path = arg;
		return 0;
	case 'P':
		opts->pid = parse_number(arg, 1);
		return opts->pid > 0 ? 0 :
			wrong_usage("explain", "--pid %s: not a process id", arg);
	case 'c':
		opts->comm = arg;
		return 0;
	case 'u':
		opts->uid = &query->uid;
		return parse_user(arg, &query->uid) ? 0 :
			failed("--uid %s: no such user", arg);
	case 'g':
		opts->gid = &query->gid;
		return parse_group(arg, &query->gid) ? 0 :
			failed("--gid %s: no such group", arg);
	case 'C':
		opts->cgroup = arg;
		return 0;
	case 'x':
		opts->exe = arg;
		return 0;
	case 'i':
		return add_root(query->include, arg) ? 0 :
			failed("more than %d directories", MAX_ROOTS);
	case 'X':
		return add_root(query->exclude, arg) ? 0 :
			failed("more than %d directories", MAX_ROOTS);
	case 'p':
		options.pretty = true;
		/* fall through */
	case 'j':
		options.json = true;
		return 0;
	default:
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
}

int cmd_explain(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "rules", required_argument, NULL, 'r' },
		{ "event", required_argument, NULL, 'e' },
		{ "path", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "open", required_argument, NULL, 'o' },
		{ "pid", required_argument, NULL, 'P' },
		{ "comm", required_argument, NULL, 'c' },
		{ "uid", required_argument, NULL, 'u' },
		{ "gid", required_argument, NULL, 'g' },
		{ "cgroup", required_argument, NULL, 'C' },
		{ "exe", required_argument, NULL, 'x' },
		{ "include", required_argument, NULL, 'i' },
		{ "exclude-dir", required_argument, NULL, 'X' },
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	static struct query query = { .opts.sz = sizeof(query.opts) };
	int opt, code;

	query.opts.include = query.include;
	query.opts.exclude = query.exclude;
	while ((opt = getopt_long(argc, argv, "e:jph", long_options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		code = take(&query, opt, optarg);
		if (code)
			return code;
	}
	if (optind != argc)
		return wrong_usage("explain", "what is '%s'?", argv[optind]);
	if (!query.file)
		return wrong_usage("explain", "--rules is needed");
	if (!query.opts.event)
		return wrong_usage("explain", "--event is needed");
	return explain(&query);
}
