// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - what the kernel decides: the options as rules, see fanfp-rules(5)
 *
 * What is left out there wakes nobody. Processes are decided about there alone: when
 * an event is read, its process may be gone. Names are looked at again then, so the
 * rules for them need not be as exact: they leave out nothing that is wanted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "watch.h"

/* More than there are lines: a few, two for each key, nine for names. */
#define LINES_MAX	32

/* The text of the rules, and of which option each line is. */
struct text {
	FILE *out;
	unsigned int line;
	const char *options[LINES_MAX];
	const char *told;	/* the option that a mistake was told of last */
};

static void end_line(struct text *text, const char *option)
{
	fputc('\n', text->out);
	text->options[++text->line] = option;
}

/* A value in quotes; a pattern is one still. */
static void put_value(const char *value, FILE *out)
{
	fputc('"', out);
	for (; *value; value++) {
		unsigned char c = *value;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

/* The first @len bytes of a text as a pattern that they alone match. */
static void put_literal(const char *text, size_t len, FILE *out)
{
	char pattern[2 * NAME_MAX + 1], *to = pattern;

	for (; *text && len; text++, len--) {
		if (strchr("*?[\\", *text))
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '\0';
	put_value(pattern, out);
}

/* --- who ----------------------------------------------------------------------- */

static const char * const keys[WATCH_N_KEYS][2] = {
	[WATCH_COMM] = { "comm", "not-comm" },
	[WATCH_PID] = { "pid", "not-pid" },
	[WATCH_UID] = { "uid", "not-uid" },
	[WATCH_CGROUP] = { "cgroup", "not-cgroup" },
	[WATCH_EXE] = { "exe", "not-exe" },
};

static void put_key_value(const struct watch_value *value, FILE *out)
{
	char *path = NULL;

	switch (value->key) {
	case WATCH_COMM:
		/* The kernel has cut the other, too. */
		put_literal(value->text, WATCH_COMM_MAX - 1, out);
		break;
	case WATCH_EXE:
		path = realpath(value->text, NULL);
		put_value(path ?: value->text, out);
		free(path);
		break;
	default:
		put_value(value->text, out);
	}
}

/* Leave out what has none of the values of a key, or one that is not wanted. */
static void put_values(struct text *text, const struct watch_options *options,
		       enum watch_key key, bool not)
{
	bool any = false;
	size_t i;

	for (i = 0; i < options->n_values; i++) {
		const struct watch_value *value = &options->values[i];

		if (value->key != key || value->not != not)
			continue;
		if (any)
			fputc(',', text->out);
		else
			fprintf(text->out, "skip %s%s=", not ? "" : "!", keys[key][0]);
		any = true;
		put_key_value(value, text->out);
	}
	if (any)
		end_line(text, keys[key][not]);
}

/* --- where --------------------------------------------------------------------- */

/*
 * Events with the name that fanfp goes by. Others are about a directory itself: a
 * mounted one has another name for the kernel.
 */
static const char * const named[] = {
	"!event=rename,ondir",
	"event=create,delete,moved_from,moved_to event=ondir",
};

#define N_NAMED		(sizeof(named) / sizeof(named[0]))

/* Both names: a rename is wanted for either. */
#define RENAMED		"event=rename"

static bool is_path(const char *glob)
{
	return strchr(glob, '/');
}

/* Leave out of @events those for which the patterns do not hold, or do, if @not. */
static void put_globs(struct text *text, const char *events,
		      const struct watch_globs *globs, bool not)
{
	bool any = false;
	size_t i;

	for (i = 0; i < globs->count; i++) {
		if (is_path(globs->list[i]))
			continue;
		if (any)
			fputc(',', text->out);
		else
			fprintf(text->out, "skip %s %sname=", events, not ? "" : "!");
		any = true;
		put_value(globs->list[i], text->out);
	}
	if (any)
		end_line(text, not ? "exclude" : "include");
}

static void put_include(struct text *text, const struct watch_globs *globs)
{
	size_t i;

	for (i = 0; i < globs->count; i++) {
		/* What has none of the names can have that path. */
		if (is_path(globs->list[i]))
			return;
	}
	for (i = 0; i < N_NAMED; i++)
		put_globs(text, named[i], globs, false);
	put_globs(text, RENAMED, globs, false);
}

/* A rename is left out if both names match, which no rule can say. */
static void put_exclude(struct text *text, const struct watch_globs *globs)
{
	size_t i;

	for (i = 0; i < N_NAMED; i++)
		put_globs(text, named[i], globs, true);
}

static void put_files_of(struct text *text, const struct watch *w,
			 const char *events)
{
	bool any = false;
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		if (!w->roots[i].name)
			continue;
		if (any)
			fputc(',', text->out);
		else
			fprintf(text->out, "skip %s !name=", events);
		any = true;
		put_literal(w->roots[i].name, NAME_MAX, text->out);
	}
	end_line(text, "path");
}

/* More names than these are looked at when the events are read. */
#define FILES_MAX	128
#define FILES_BYTES	2048

/* If only files are watched, what has other names is not wanted. */
static void put_files(struct text *text, const struct watch *w)
{
	size_t files = 0, bytes = 0, i;

	for (i = 0; i < w->n_roots; i++) {
		if (w->roots[i].name) {
			files++;
			bytes += strlen(w->roots[i].name);
		} else if (w->roots[i].kind == FANFP_INCLUDE) {
			return;
		}
	}
	if (files <= FILES_MAX && bytes <= FILES_BYTES) {
		for (i = 0; i < N_NAMED; i++)
			put_files_of(text, w, named[i]);
		put_files_of(text, w, RENAMED);
	}
	/* Nor is what happens to a directory itself. */
	fputs("skip event=ondir !event=create,delete,moved_from,moved_to,rename",
	      text->out);
	end_line(text, "path");
}

/* --- all of it ------------------------------------------------------------------- */

/* Where pids are those that the kernel compares. */
static bool in_first_pid_namespace(void)
{
	char ns[32];
	ssize_t len;

	len = readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1);
	if (len < 0)
		return false;
	ns[len] = '\0';
	/* PROC_PID_INIT_INO, the same on every system. */
	return !strcmp(ns, "pid:[4026531836]");
}

static bool has_pids(const struct watch_options *options)
{
	size_t i;

	for (i = 0; i < options->n_values; i++) {
		if (options->values[i].key == WATCH_PID)
			return true;
	}
	return false;
}

static void put_rules(struct text *text, const struct watch *w)
{
	const struct watch_options *options = w->options;
	int key;

	/* How a root ends has to be known, whoever ends it. */
	fputs("send event=delete_self", text->out);
	end_line(text, NULL);
	fputs("skip !inside", text->out);
	end_line(text, NULL);
	/* Of a link that is made or removed, there is an event with its name. */
	fputs("skip event=attrib !event=ondir !name=*", text->out);
	end_line(text, NULL);
	/* Elsewhere it is left out when it is read. */
	if (!options->own && in_first_pid_namespace()) {
		fprintf(text->out, "skip pid=%d", (int)getpid());
		end_line(text, NULL);
	}
	for (key = 0; key < WATCH_N_KEYS; key++) {
		put_values(text, options, key, false);
		put_values(text, options, key, true);
	}
	put_include(text, &options->include);
	put_exclude(text, &options->exclude);
	put_files(text, w);
}

static void mistake(void *ctx, unsigned int line,
		    __attribute__((unused)) unsigned int column, const char *what)
{
	struct text *text = ctx;
	const char *option = line < LINES_MAX ? text->options[line] : "?";

	/* A pattern is in several rules. */
	if (option != text->told)
		wrong_usage("watch", "--%s: %s", option, what);
	text->told = option;
}

static struct fanfp_rules *make_rules(const struct watch *w)
{
	LIBFANFP_OPTS(fanfp_rules_opts, opts, .mistake = mistake);
	struct fanfp_rules *rules = NULL;
	struct text text = {};
	size_t len = 0;
	char *at = NULL;

	opts.ctx = &text;
	text.out = open_memstream(&at, &len);
	if (text.out)
		put_rules(&text, w);
	if (!text.out || fclose(text.out))
		failed("%s", strerror(errno));
	else
		rules = fanfp_rules__parse(at, len, "fanfp watch", &opts);
	free(at);
	return rules;
}

/**
 * watch_attach() - let the kernel decide what it can
 * @w: What is watched, with its roots.
 *
 * Return: The link that owns the attachment, or NULL, with a message.
 */
struct fanfp_link *watch_attach(const struct watch *w)
{
	struct fanfp_rules *rules;
	struct fanfp_link *link;

	if (has_pids(w->options) && !in_first_pid_namespace()) {
		wrong_usage("watch", "--pid: the kernel compares pids of the first pid namespace, and this is another");
		return NULL;
	}
	rules = make_rules(w);
	if (!rules)
		return NULL;
	link = fanfp_rules__attach(rules, w->group, NULL);
	fanfp_rules__free(rules);
	if (link && fanfp_link__note_senders(link)) {
		fanfp_link__destroy(link);
		return NULL;
	}
	return link;
}
