// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: from their text
 *
 * One rule a line: see fanfp-rules(5). All mistakes are told, each with where it
 * is, so a line goes on being read after one as far as that makes sense.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "rules.h"

void rules_error(struct parser *p, unsigned int column, const char *fmt, ...)
{
	char text[512];
	va_list args;

	p->errors++;
	if (p->errors > RULES_ERRORS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (p->errors == RULES_ERRORS_MAX)
		snprintf(text, sizeof(text), "too many mistakes; the rest is not told");
	if (OPTS_GET(p->opts, mistake, NULL))
		p->opts->mistake(p->opts->ctx, p->line, column, text);
	else
		pr_warn("%s:%u:%u: %s", p->rules->name, p->line, column, text);
}

const char *rules_show(const char *text, size_t len)
{
	static __thread char shown[128];
	size_t i, at = 0;

	for (i = 0; i < len && at < sizeof(shown) - 8; i++) {
		unsigned char c = text[i];

		if (c < ' ' || c == 0x7f)
			at += snprintf(shown + at, 5, "\\x%02x", c);
		else
			shown[at++] = c;
	}
	snprintf(shown + at, sizeof(shown) - at, "%s", i < len ? "..." : "");
	return shown;
}

static unsigned int column_of(const struct parser *p, const char *at)
{
	return at - p->line_start + 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end && is_blank(*p->at))
		p->at++;
}

/* Whether there is something more than a comment. */
static bool more(struct parser *p)
{
	skip_blanks(p);
	return p->at < p->end && *p->at != '#';
}

/* Go to the end of a word that is not understood. */
static void skip_word(struct parser *p)
{
	bool quoted = false;

	while (p->at < p->end && (quoted || !is_blank(*p->at))) {
		if (quoted && *p->at == '\\' && p->at + 1 < p->end)
			p->at++;
		else if (*p->at == '"')
			quoted = !quoted;
		p->at++;
	}
}

/* Add room for one more to an array of @count; NULL if there is no memory. */
static void *grow(void *array, size_t count, size_t size)
{
	/* Powers of two, so that it seldom has to. */
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2 * count : 1, size);
}

/* The value of two hexadecimal digits, or -1; the text has no NUL at its end. */
static int hex(const char *at)
{
	const char digits[] = { at[0], at[1], '\0' };

	if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
		return -1;
	return strtoul(digits, NULL, 16);
}

/* The byte that an escape in quotes stands for, or -1. */
static int escape(struct parser *p)
{
	int byte;

	switch (*p->at++) {
	case '"':
		return '"';
	case '\\':
		return '\\';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		byte = p->end - p->at < 2 ? -1 : hex(p->at);
		if (byte <= 0)
			return -1;
		p->at += 2;
		return byte;
	default:
		return -1;
	}
}

/* Read a value in quotes to @to, which has room; false if that fails. */
static bool read_quoted(struct parser *p, char *to)
{
	const char *start = p->at++;
	int byte;

	while (p->at < p->end && *p->at != '"') {
		if (*p->at != '\\') {
			*to++ = *p->at++;
			continue;
		}
		if (++p->at == p->end)
			break;
		byte = escape(p);
		if (byte < 0) {
			rules_error(p, column_of(p, p->at) - 2,
				    "no such escape; there are \\\" \\\\ \\n \\t and \\xHH");
			return false;
		}
		*to++ = byte;
	}
	*to = '\0';
	if (p->at == p->end) {
		rules_error(p, column_of(p, start), "the closing quote is missing");
		return false;
	}
	p->at++;
	if (p->at < p->end && !is_blank(*p->at) && *p->at != ',') {
		rules_error(p, column_of(p, p->at),
			    "after a closing quote comes a blank or a comma");
		return false;
	}
	return true;
}

static bool read_bare(struct parser *p, char *to)
{
	for (; p->at < p->end && !is_blank(*p->at) && *p->at != ','; p->at++) {
		if (*p->at == '"') {
			rules_error(p, column_of(p, p->at),
				    "a quote in the middle of a value; quote all of it");
			return false;
		}
		*to++ = *p->at;
	}
	*to = '\0';
	return true;
}

/* Read one value; false, with a message, if there is none to be made out. */
static bool read_value(struct parser *p, struct rule_value *value)
{
	bool ok;

	*value = (struct rule_value){ .column = column_of(p, p->at) };
	value->text = malloc(p->end - p->at + 1);
	if (!value->text) {
		rules_error(p, value->column, "%s", strerror(ENOMEM));
		return false;
	}
	if (p->at < p->end && *p->at == '"')
		ok = read_quoted(p, value->text);
	else
		ok = read_bare(p, value->text);
	if (ok && !*value->text) {
		rules_error(p, value->column, "a value is missing");
		ok = false;
	}
	if (!ok) {
		free(value->text);
		return false;
	}
	return true;
}

static void read_values(struct parser *p, struct rule_cond *cond)
{
	struct rule_value value, *values;

	do {
		p->at++;	/* the '=' or the comma */
		if (!read_value(p, &value)) {
			skip_word(p);
			return;
		}
		values = grow(cond->values, cond->n_values, sizeof(*values));
		if (!values) {
			free(value.text);
			rules_error(p, value.column, "%s", strerror(ENOMEM));
			return;
		}
		cond->values = values;
		values[cond->n_values] = value;
		rule_value_parse(p, cond->key, &values[cond->n_values]);
		cond->n_values++;
	} while (p->at < p->end && *p->at == ',');
}

static void unknown_key(struct parser *p, unsigned int column,
			const char *word, size_t len)
{
	char known[128] = "";
	size_t i;

	for (i = 0; i < KEYS; i++) {
		size_t at = strlen(known);

		snprintf(known + at, sizeof(known) - at, " %s", rule_key_names[i]);
	}
	rules_error(p, column, "no condition '%s'; there are%s",
		    rules_show(word, len), known);
}

static void read_cond(struct parser *p, struct rule *rule)
{
	struct rule_cond cond = {}, *conds;
	const char *word, *start;
	size_t len;

	cond.column = column_of(p, p->at);
	if (*p->at == '!') {
		cond.negated = true;
		p->at++;
	}
	word = p->at;
	while (p->at < p->end && !is_blank(*p->at) && *p->at != '=')
		p->at++;
	len = p->at - word;
	cond.key = rule_key_find(word, len);
	if (cond.key == KEYS) {
		unknown_key(p, cond.column, word, len);
		skip_word(p);
		return;
	}
	if (cond.key == KEY_INSIDE && p->at < p->end && *p->at == '=') {
		rules_error(p, cond.column, "'inside' takes no value");
		skip_word(p);
		return;
	}
	if (cond.key != KEY_INSIDE && (p->at == p->end || *p->at != '=')) {
		rules_error(p, cond.column, "'%s' needs a value: %s=...",
			    rule_key_names[cond.key], rule_key_names[cond.key]);
		return;
	}
	conds = grow(rule->conds, rule->n_conds, sizeof(*conds));
	if (!conds) {
		rules_error(p, cond.column, "%s", strerror(ENOMEM));
		skip_word(p);
		return;
	}
	rule->conds = conds;
	if (cond.key != KEY_INSIDE)
		read_values(p, &cond);
	start = p->line_start + cond.column - 1;
	cond.text = strndup(start, p->at - start);
	if (!cond.text)
		rules_error(p, cond.column, "%s", strerror(ENOMEM));
	rule_cond_check(p, rule, &cond);
	conds[rule->n_conds++] = cond;
}

static const struct {
	const char *name;
	int number;
} errnos[] = {
	{ "EPERM", EPERM },
	{ "EACCES", EACCES },
	{ "EIO", EIO },
	{ "EBUSY", EBUSY },
	{ "ETXTBSY", ETXTBSY },
	{ "ENOSPC", ENOSPC },
	{ "EDQUOT", EDQUOT },
};

static bool is_word(const char *word, size_t len, const char *name)
{
	return len == strlen(name) && !memcmp(word, name, len);
}

/* Read "deny=ERRNO" from @word; false if it is something else. */
static bool read_deny(struct parser *p, const char *word, size_t len,
		      struct rule *rule)
{
	size_t i;

	rule->verdict = FANFP_DENY;
	rule->error = EPERM;
	if (is_word(word, len, "deny"))
		return true;
	if (len < 5 || memcmp(word, "deny=", 5))
		return false;
	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		if (is_word(word + 5, len - 5, errnos[i].name)) {
			rule->error = errnos[i].number;
			return true;
		}
	}
	rules_error(p, column_of(p, word) + 5,
		    "no errno '%s' to deny with; there are EPERM EACCES EIO EBUSY ETXTBSY ENOSPC EDQUOT",
		    rules_show(word + 5, len - 5));
	return true;
}

/* Read a verdict; false, with a message, if there is none. */
static bool read_verdict(struct parser *p, struct rule *rule)
{
	const char *word = p->at;
	size_t len;

	while (p->at < p->end && !is_blank(*p->at))
		p->at++;
	len = p->at - word;
	if (is_word(word, len, "send")) {
		rule->verdict = FANFP_SEND;
	} else if (is_word(word, len, "skip")) {
		rule->verdict = FANFP_SKIP;
	} else if (is_word(word, len, "allow")) {
		rule->verdict = FANFP_ALLOW;
	} else if (!read_deny(p, word, len, rule)) {
		rules_error(p, column_of(p, word),
			    "no verdict '%s'; there are send skip allow deny deny=ERRNO, and default in front of one",
			    rules_show(word, len));
		return false;
	}
	return true;
}

static void free_rule(struct rule *rule)
{
	size_t i, j;

	for (i = 0; i < rule->n_conds; i++) {
		for (j = 0; j < rule->conds[i].n_values; j++)
			free(rule->conds[i].values[j].text);
		free(rule->conds[i].values);
		free(rule->conds[i].text);
	}
	free(rule->conds);
}

static void read_default(struct parser *p, unsigned int column)
{
	struct rule *rule = &p->rules->fallback;

	if (rule->line) {
		rules_error(p, column, "a second default; the first is in line %u",
			    rule->line);
		return;
	}
	rule->line = p->line;
	if (!more(p)) {
		rules_error(p, column, "default needs a verdict");
		return;
	}
	if (read_verdict(p, rule) && more(p))
		rules_error(p, column_of(p, p->at), "default takes no condition");
}

static void add_rule(struct parser *p, struct rule *rule)
{
	struct fanfp_rules *rules = p->rules;
	struct rule *list;

	rules->n_tests += rule_tests(rule);
	list = grow(rules->rules, rules->n_rules, sizeof(*list));
	if (!list) {
		rules_error(p, 1, "%s", strerror(ENOMEM));
		free_rule(rule);
		return;
	}
	rules->rules = list;
	list[rules->n_rules++] = *rule;
	if (rules->n_tests > RULE_TESTS &&
	    rules->n_tests - rule_tests(rule) <= RULE_TESTS)
		rules_error(p, 1, "too many conditions and values up to here: they are %u tests, of at most %u",
			    rules->n_tests, RULE_TESTS);
}

static void read_line(struct parser *p)
{
	struct rule rule = { .line = p->line };
	const char *word;
	const char *nul;

	nul = memchr(p->at, '\0', p->end - p->at);
	if (nul) {
		rules_error(p, column_of(p, nul), "a NUL byte: this is not a text");
		return;
	}
	if (!more(p))
		return;
	word = p->at;
	if (p->end - p->at >= 7 && !memcmp(p->at, "default", 7) &&
	    (p->end - p->at == 7 || is_blank(p->at[7]))) {
		p->at += 7;
		read_default(p, column_of(p, word));
		return;
	}
	if (!read_verdict(p, &rule))
		return;
	while (more(p))
		read_cond(p, &rule);
	add_rule(p, &rule);
}

struct fanfp_rules *fanfp_rules__parse(const char *text, size_t len,
				       const char *name,
				       const struct fanfp_rules_opts *opts)
{
	struct parser p = { .opts = opts };
	const char *end = text + len;
	struct fanfp_rules *rules;

	if (!OPTS_OK(opts)) {
		pr_warn("%s: " OPTS_UNKNOWN, name);
		errno = EINVAL;
		return NULL;
	}
	rules = calloc(1, sizeof(*rules));
	if (rules)
		rules->name = strdup(name);
	if (!rules || !rules->name) {
		fanfp_rules__free(rules);
		errno = ENOMEM;
		return NULL;
	}
	p.rules = rules;
	/* What follows the last rule: the default, and what it is for. */
	rules->n_tests = 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);

		p.line++;
		p.at = text;
		p.line_start = text;
		p.end = newline ?: end;
		read_line(&p);
		text = newline ? newline + 1 : end;
	}
	if (p.errors) {
		fanfp_rules__free(rules);
		errno = EINVAL;
		return NULL;
	}
	return rules;
}

/* Read all of a file, to be freed; NULL and errno. */
static char *read_text(const char *path, size_t *len)
{
	char *text = malloc(RULES_TEXT_MAX + 1);
	struct stat st;
	ssize_t got;
	int fd, err;

	if (!text)
		return NULL;
	*len = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		fd = -1;
	}
	if (fd < 0) {
		free(text);
		return NULL;
	}
	do {
		got = read(fd, text + *len, RULES_TEXT_MAX + 1 - *len);
		if (got > 0)
			*len += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	err = got < 0 ? errno : *len > RULES_TEXT_MAX ? EFBIG : 0;
	close(fd);
	if (!err)
		return text;
	free(text);
	errno = err;
	return NULL;
}

struct fanfp_rules *fanfp_rules__parse_file(const char *path,
					    const struct fanfp_rules_opts *opts)
{
	struct fanfp_rules *rules;
	char *text;
	size_t len;
	int err;

	text = read_text(path, &len);
	if (!text) {
		err = errno;
		if (err == EFBIG)
			pr_warn("%s: more than %d bytes of rules", path,
				RULES_TEXT_MAX);
		else
			pr_warn("%s: %s", path, strerror(err));
		errno = err;
		return NULL;
	}
	rules = fanfp_rules__parse(text, len, path, opts);
	err = errno;
	free(text);
	errno = err;
	return rules;
}

size_t fanfp_rules__count(const struct fanfp_rules *rules)
{
	return rules->n_rules;
}

void fanfp_rules__free(struct fanfp_rules *rules)
{
	size_t i;

	if (!rules)
		return;
	for (i = 0; i < rules->n_rules; i++)
		free_rule(&rules->rules[i]);
	free(rules->rules);
	free(rules->name);
	free(rules);
}
