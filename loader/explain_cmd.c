// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp explain - tell which rule decides about an event, and why
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>

#include "fanfp.h"
#include "output.h"
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

/* A condition of the rule at hand: it is known before the rule is. */
struct condition {
	char *text, *found;	/* owned */
	unsigned int column;
	enum fanfp_truth holds;
};

struct output {
	const char *file;
	struct condition *conds;	/* owned */
	size_t count, room;
	bool no_memory;
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

/* What was compared, and can have any byte in it; then the line ends. */
static void out_found(const char *found)
{
	if (found && *found)
		out_string("found", " (%s)", found);
	out_text("\n");
}

static void keep(struct output *out, const struct fanfp_step *step)
{
	struct condition *conds, *cond;

	conds = array_grow(out->conds, out->count, &out->room, sizeof(*conds));
	if (!conds) {
		out->no_memory = true;
		return;
	}
	out->conds = conds;
	cond = &conds[out->count++];
	cond->text = strdup(step->text);
	cond->found = strdup(step->found);
	cond->column = step->column;
	cond->holds = step->holds;
	if (!cond->text || !cond->found)
		out->no_memory = true;
}

/* Print what was kept, and forget it. */
static void out_conditions(struct output *out)
{
	size_t i;

	out_list("conditions");
	for (i = 0; i < out->count; i++) {
		struct condition *cond = &out->conds[i];

		out_object(NULL);
		out_number("column", NULL, cond->column);
		out_string("holds", "    %-7s", truths[cond->holds]);
		out_string("text", " %s", cond->text);
		out_found(cond->found);
		out_close();
		free(cond->text);
		free(cond->found);
	}
	out_close();
	out->count = 0;
}

static void out_verdict(enum fanfp_verdict verdict, int error)
{
	out_string("verdict", "%s", verdicts[verdict]);
	if (verdict == FANFP_DENY)
		out_string("errno", "=%s", strerrorname_np(error));
}

static void out_step(void *ctx, const struct fanfp_step *step)
{
	struct output *out = ctx;

	if (step->column) {
		keep(out, step);
		return;
	}
	out_object(NULL);
	if (step->line)
		out_string(NULL, "%s:", out->file);
	else
		out_text("without a default");
	out_number("line", step->line ? "%llu: " : ": ", step->line);
	out_verdict(step->verdict, step->error);
	out_string("holds", ": %s", truths[step->holds]);
	out_found(step->found);
	out_conditions(out);
	out_close();
}

static void out_decision(const struct fanfp_decision *decision)
{
	out_text("\n");
	out_object("decision");
	out_verdict(decision->verdict, decision->error);
	out_number("line", decision->line ? ", by line %llu" : "",
		   decision->line);
	out_bool("sure", NULL, decision->sure);
	out_text("%s\n", decision->sure ? "" :
		 ", unless a rule before that holds, which is not known");
	out_close();
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
	query->opts.step = out_step;
	query->opts.ctx = &out;
	out_object(NULL);
	out_list("rules");
	err = fanfp_rules__explain(rules, &query->opts, &decision);
	out_close();
	fanfp_rules__free(rules);
	free(out.conds);
	if (out.no_memory)
		return failed("%s", strerror(ENOMEM));
	if (err)
		return EXIT_FAILED;
	out_decision(&decision);
	out_close();
	return out_end();
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

/* Returns 0; -1 if @opt is another's; or an exit code, with a message. */
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
	default:
		return -1;
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
		COMMON_OPTIONS
	};
	static struct query query = { .opts.sz = sizeof(query.opts) };
	int opt, code;

	query.opts.include = query.include;
	query.opts.exclude = query.exclude;
	while ((opt = getopt_long(argc, argv, "e:jph", long_options, NULL)) != -1) {
		code = take(&query, opt, optarg);
		if (code > 0)
			return code;
		if (!code)
			continue;
		code = common_option(opt, usage);
		if (code >= 0)
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
