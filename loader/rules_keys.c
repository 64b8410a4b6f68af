// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: what the values of conditions are
 */
#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "internal.h"
#include "mountinfo.h"
#include "rules.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_RENAME
#define FAN_RENAME		0x10000000
#endif

#define COMM_MAX		15
#define PID_MAX_LIMIT		(1 << 22)
#define RATE_MAX		1000000000
#define BURST_MAX		1000000

const char *const rule_key_names[KEYS] = {
	[KEY_SUBTREE] = "subtree",
	[KEY_INSIDE] = "inside",
	[KEY_NAME] = "name",
	[KEY_EVENT] = "event",
	[KEY_OPEN] = "open",
	[KEY_COMM] = "comm",
	[KEY_PID] = "pid",
	[KEY_UID] = "uid",
	[KEY_GID] = "gid",
	[KEY_CGROUP] = "cgroup",
	[KEY_EXE] = "exe",
	[KEY_RATE] = "rate",
};

struct bit_name {
	const char *name;
	uint64_t bits;
};

static const struct bit_name event_names[] = {
	{ "access", FAN_ACCESS },
	{ "modify", FAN_MODIFY },
	{ "attrib", FAN_ATTRIB },
	{ "close_write", FAN_CLOSE_WRITE },
	{ "close_nowrite", FAN_CLOSE_NOWRITE },
	{ "close", FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE },
	{ "open", FAN_OPEN },
	{ "open_exec", FAN_OPEN_EXEC },
	{ "moved_from", FAN_MOVED_FROM },
	{ "moved_to", FAN_MOVED_TO },
	{ "move", FAN_MOVED_FROM | FAN_MOVED_TO },
	{ "create", FAN_CREATE },
	{ "delete", FAN_DELETE },
	{ "delete_self", FAN_DELETE_SELF },
	{ "move_self", FAN_MOVE_SELF },
	{ "rename", FAN_RENAME },
	{ "open_perm", FAN_OPEN_PERM },
	{ "access_perm", FAN_ACCESS_PERM },
	{ "open_exec_perm", FAN_OPEN_EXEC_PERM },
	{ "perm", RULE_PERM_EVENTS },
	{ "ondir", FAN_ONDIR },
	{}
};

static const struct bit_name open_names[] = {
	{ "read", RULE_OPEN_READ },
	{ "write", RULE_OPEN_WRITE },
	{ "append", RULE_OPEN_APPEND },
	{ "trunc", RULE_OPEN_TRUNC },
	{ "create", RULE_OPEN_CREATE },
	{ "exec", RULE_OPEN_EXEC },
	{}
};

static uint64_t find_bits(const struct bit_name *names, const char *name)
{
	for (; names->name; names++) {
		if (!strcmp(names->name, name))
			return names->bits;
	}
	return 0;
}

uint64_t fanfp_event_bits(const char *name)
{
	return find_bits(event_names, name);
}

uint64_t fanfp_open_bits(const char *name)
{
	return find_bits(open_names, name);
}

enum rule_key rule_key_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < KEYS; i++) {
		if (strlen(rule_key_names[i]) == len &&
		    !memcmp(rule_key_names[i], name, len))
			break;
	}
	return i;
}

static const char *show(const struct rule_value *value)
{
	return rules_show(value->text, strlen(value->text));
}

static void parse_bits(struct parser *p, const struct bit_name *names,
		       const char *what, struct rule_value *value)
{
	char known[256] = "";

	value->mask = find_bits(names, value->text);
	if (value->mask)
		return;
	for (; names->name; names++) {
		size_t len = strlen(known);

		snprintf(known + len, sizeof(known) - len, " %s", names->name);
	}
	rules_error(p, value->column, "no %s '%s'; there are%s", what,
		    show(value), known);
}

/* Read a number up to @max from @text; returns what follows it, or NULL. */
static const char *read_number(const char *text, uint64_t max, uint32_t *number)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || value > max)
		return NULL;
	*number = value;
	return end;
}

static void parse_pid(struct parser *p, struct rule_value *value)
{
	const char *end = read_number(value->text, PID_MAX_LIMIT, &value->low);

	value->high = value->low;
	if (!end || *end || !value->low)
		rules_error(p, value->column, "'%s' is not a process id",
			    show(value));
}

/* Returns whether there is a user, or a group, of this name. */
static bool find_id(enum rule_key key, const char *name, uint32_t *id)
{
	const struct passwd *user = key == KEY_UID ? getpwnam(name) : NULL;
	const struct group *group = key == KEY_GID ? getgrnam(name) : NULL;

	if (user)
		*id = user->pw_uid;
	if (group)
		*id = group->gr_gid;
	return user || group;
}

static void parse_id(struct parser *p, enum rule_key key, struct rule_value *value)
{
	const char *end = read_number(value->text, UINT32_MAX, &value->low);

	value->high = value->low;
	if (end && *end == '-')
		end = read_number(end + 1, UINT32_MAX, &value->high);
	if (end && !*end && value->low <= value->high)
		return;
	if (end && !*end)
		rules_error(p, value->column, "'%s' ends before it begins",
			    show(value));
	else if (!find_id(key, value->text, &value->low))
		rules_error(p, value->column, "no %s '%s'; or a number, or N-M",
			    key == KEY_UID ? "user" : "group", show(value));
	else
		value->high = value->low;
}

static void parse_rate(struct parser *p, struct rule_value *value)
{
	const char *end = read_number(value->text, RATE_MAX, &value->rate);

	if (!end || !value->rate || strncmp(end, "/s", 2)) {
		rules_error(p, value->column,
			    "'%s' is not a rate; as 10/s, or 10/s:100 for up to 100 at once",
			    show(value));
		return;
	}
	value->burst = value->rate < BURST_MAX ? value->rate : BURST_MAX;
	end += 2;
	if (*end == ':')
		end = read_number(end + 1, BURST_MAX, &value->burst);
	if (!end || *end || !value->burst)
		rules_error(p, value->column,
			    "'%s': after the ':' comes a number from 1 to %d",
			    show(value), BURST_MAX);
}

/* Look at a path; false, with a message, if there is nothing. */
static bool look(struct parser *p, const struct rule_value *value,
		 struct stat *st)
{
	if (*value->text != '/')
		rules_error(p, value->column, "'%s': a path begins with a '/'",
			    show(value));
	else if (stat(value->text, st))
		rules_error(p, value->column, "%s: %s", show(value),
			    strerror(errno));
	else
		return true;
	return false;
}

static void parse_exe(struct parser *p, struct rule_value *value)
{
	struct stat st;

	if (look(p, value, &st) && !S_ISREG(st.st_mode))
		rules_error(p, value->column, "%s: not a file", show(value));
}

static void parse_subtree(struct parser *p, struct rule_value *value)
{
	struct fanfp_rules *rules = p->rules;
	struct rule_root *root;
	struct stat st;
	unsigned int i;

	if (!look(p, value, &st))
		return;
	if (!S_ISDIR(st.st_mode)) {
		rules_error(p, value->column, "%s: not a directory", show(value));
		return;
	}
	for (i = 0; i < rules->n_roots; i++) {
		if (rules->roots[i].dev == st.st_dev &&
		    rules->roots[i].ino == st.st_ino)
			break;
	}
	value->root = i;
	if (i < rules->n_roots)
		return;
	if (i == RULE_ROOTS) {
		rules_error(p, value->column, "%s: more than %d directories",
			    show(value), RULE_ROOTS);
		return;
	}
	root = &rules->roots[rules->n_roots++];
	root->path = value->text;
	root->line = p->line;
	root->column = value->column;
	root->dev = st.st_dev;
	root->ino = st.st_ino;
}

static bool is_cgroup(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Where cgroups are; "" if they are not mounted. */
static void cgroup_mount(char *path, size_t size)
{
	struct mount_table table;
	size_t i;

	*path = '\0';
	if (mount_table_read(&table))
		return;
	for (i = 0; i < table.count && !*path; i++) {
		if (!strcmp(table.list[i].type, "cgroup2"))
			snprintf(path, size, "%s", table.list[i].point);
	}
	mount_table_free(&table);
}

/* The path is kept as it is on the file system. */
static void parse_cgroup(struct parser *p, struct rule_value *value)
{
	char mount[PATH_MAX], *path;

	if (*value->text != '/') {
		rules_error(p, value->column, "'%s': a path begins with a '/'",
			    show(value));
		return;
	}
	if (is_cgroup(value->text))
		return;
	cgroup_mount(mount, sizeof(mount));
	if (!*mount) {
		rules_error(p, value->column, "%s: no cgroup2 is mounted",
			    show(value));
		return;
	}
	if (asprintf(&path, "%s%s", mount, value->text) < 0) {
		rules_error(p, value->column, "%s", strerror(ENOMEM));
		return;
	}
	if (!is_cgroup(path)) {
		rules_error(p, value->column, "no cgroup '%s'", show(value));
		free(path);
		return;
	}
	free(value->text);
	value->text = path;
}

/* The end of a bracket expression, after its ']'; NULL if it has none. */
static const char *bracket_end(const char *text)
{
	const char *at = text + 1;

	if (*at == '!' || *at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		/* [:alpha:] and the like can have a ']' inside. */
		if (*at == '[' && (at[1] == ':' || at[1] == '.' || at[1] == '=')) {
			const char end[] = { at[1], ']', '\0' };

			at = strstr(at + 2, end);
			if (!at)
				return NULL;
			at++;
		} else if (*at == '\\' && at[1]) {
			at++;
		}
		at++;
	}
	return *at ? at + 1 : NULL;
}

/* Which bytes a bracket expression stands for, as fnmatch(3) has it. */
static bool fill_set(const char *text, size_t len, struct rule_set *set)
{
	char *bracket = strndup(text, len);
	bool any = false;
	unsigned int i;

	for (i = 1; bracket && i < 256; i++) {
		const char byte[] = { i, '\0' };

		if (!fnmatch(bracket, byte, 0)) {
			set->bits[i / 32] |= 1U << i % 32;
			any = true;
		}
	}
	free(bracket);
	return any;
}

/* Make a token of what is at *@at, and go past it; -1 with a message. */
static int parse_token(struct parser *p, const struct rule_value *value,
		       const char **at)
{
	struct fanfp_rules *rules = p->rules;
	const char *start = *at, *end;

	*at = start + 1;
	switch (*start) {
	case '*':
		while (**at == '*')
			(*at)++;
		return RULE_STAR;
	case '?':
		return RULE_ANY;
	case '\\':
		if (!start[1]) {
			rules_error(p, value->column, "'%s': a '\\' at the end",
				    show(value));
			return -1;
		}
		*at = start + 2;
		return (unsigned char)start[1];
	case '[':
		end = bracket_end(start);
		if (!end) {
			rules_error(p, value->column, "'%s': a ']' is missing",
				    show(value));
			return -1;
		}
		if (rules->n_sets == RULE_SETS) {
			rules_error(p, value->column, "'%s': more than %d times [...]",
				    show(value), RULE_SETS);
			return -1;
		}
		if (!fill_set(start, end - start, &rules->sets[rules->n_sets])) {
			rules_error(p, value->column, "'%s': a [...] that is no byte",
				    show(value));
			return -1;
		}
		*at = end;
		return RULE_SET + rules->n_sets++;
	default:
		return (unsigned char)*start;
	}
}

static void parse_tokens(struct parser *p, size_t max, struct rule_value *value)
{
	struct fanfp_rules *rules = p->rules;
	const char *at = value->text;
	size_t least = 0;
	int token;

	value->first = rules->n_tokens;
	while (*at) {
		token = parse_token(p, value, &at);
		if (token < 0)
			return;
		if (rules->n_tokens == RULE_TOKENS) {
			rules_error(p, value->column,
				    "'%s': the patterns are longer than %d bytes together",
				    show(value), RULE_TOKENS);
			return;
		}
		least += token != RULE_STAR;
		rules->tokens[rules->n_tokens++] = token;
	}
	value->end = rules->n_tokens;
	if (least > max)
		rules_error(p, value->column, "'%s' matches nothing: it has at most %zu bytes",
			    show(value), max);
}

/* A pattern is about bytes, whatever the locale of the program is. */
static void parse_glob(struct parser *p, enum rule_key key,
		       struct rule_value *value)
{
	locale_t bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;

	if (!bytes) {
		rules_error(p, value->column, "%s", strerror(errno));
		return;
	}
	before = uselocale(bytes);
	if (key == KEY_NAME && strchr(value->text, '/'))
		rules_error(p, value->column,
			    "'%s': a name has no '/'; subtree= is for directories",
			    show(value));
	else
		parse_tokens(p, key == KEY_NAME ? NAME_MAX : COMM_MAX, value);
	uselocale(before);
	freelocale(bytes);
}

void rule_value_parse(struct parser *p, enum rule_key key,
		      struct rule_value *value)
{
	switch (key) {
	case KEY_SUBTREE:
		parse_subtree(p, value);
		break;
	case KEY_NAME:
	case KEY_COMM:
		parse_glob(p, key, value);
		break;
	case KEY_EVENT:
		parse_bits(p, event_names, "event", value);
		break;
	case KEY_OPEN:
		parse_bits(p, open_names, "way to open", value);
		break;
	case KEY_PID:
		parse_pid(p, value);
		break;
	case KEY_UID:
	case KEY_GID:
		parse_id(p, key, value);
		break;
	case KEY_CGROUP:
		parse_cgroup(p, value);
		break;
	case KEY_EXE:
		parse_exe(p, value);
		break;
	case KEY_RATE:
		parse_rate(p, value);
		break;
	case KEY_INSIDE:
	case KEYS:
		break;
	}
}

uint64_t rule_cond_mask(const struct rule_cond *cond)
{
	uint64_t mask = 0;
	size_t i;

	for (i = 0; i < cond->n_values; i++)
		mask |= cond->values[i].mask;
	return mask;
}

void rule_cond_check(struct parser *p, const struct rule *rule,
		     const struct rule_cond *cond)
{
	size_t i;

	if (cond->key == KEY_RATE) {
		if (cond->n_values > 1)
			rules_error(p, cond->values[1].column, "a second rate");
		for (i = 0; i < rule->n_conds; i++) {
			if (rule->conds[i].key == KEY_RATE)
				rules_error(p, cond->column, "a second rate");
		}
	}
	if (cond->key == KEY_EVENT && !cond->negated && cond->n_values &&
	    (rule->verdict == FANFP_ALLOW || rule->verdict == FANFP_DENY) &&
	    !(rule_cond_mask(cond) & (RULE_PERM_EVENTS | FAN_ONDIR)))
		rules_error(p, cond->column,
			    "never so: allow and deny are for open_perm, access_perm and open_exec_perm");
}
