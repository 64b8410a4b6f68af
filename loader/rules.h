/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libfanfp - rule lists, as their files share them
 *
 *   rules_parse.c	the text: lines, words, values; what is wrong with it
 *   rules_keys.c	what the value of each kind of condition may be
 *   rules_compile.c	to the tests that the handler "filter" runs
 *   rules_attach.c	into the kernel, and other rules in their place
 *   rules_senders.c	who has caused the events that they sent
 *   rules_explain.c	what the rules say, by the rules themselves
 *   rules_facts.c	about what
 */
#ifndef _FANFP_RULES_INTERNAL_H
#define _FANFP_RULES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "filter.h"

/* Limits of a text; those of what it becomes are in filter.h. */
#define RULES_TEXT_MAX		(1 << 20)
#define RULES_ERRORS_MAX	100

enum rule_key {
	KEY_SUBTREE,
	KEY_INSIDE,
	KEY_NAME,
	KEY_EVENT,
	KEY_OPEN,
	KEY_COMM,
	KEY_PID,
	KEY_UID,
	KEY_GID,
	KEY_CGROUP,
	KEY_EXE,
	KEY_RATE,
	KEYS
};

struct rule_value {
	unsigned int column;
	char *text;		/* owned; without quotes and escapes */
	union {
		uint64_t mask;			/* event, open: bits */
		struct {
			uint32_t low, high;	/* pid, uid, gid */
		};
		struct {
			uint32_t first, end;	/* name, comm: tokens */
		};
		struct {
			uint32_t rate, burst;
		};
		unsigned int root;		/* subtree: which one */
	};
};

struct rule_cond {
	enum rule_key key;
	bool negated;
	unsigned int column;
	char *text;			/* owned; as it is written */
	struct rule_value *values;	/* owned; none for inside */
	size_t n_values;
};

struct rule {
	unsigned int line;
	enum fanfp_verdict verdict;
	int error;			/* deny: the errno */
	struct rule_cond *conds;	/* owned */
	size_t n_conds;
};

/* A directory that conditions name; the same is the same to stat(2). */
struct rule_root {
	const char *path;	/* of the first value that names it */
	unsigned int line, column;
	dev_t dev;
	ino_t ino;
};

/* Constant once it is parsed. It holds nothing open. */
struct fanfp_rules {
	char *name;			/* owned; for messages */
	struct rule *rules;		/* owned */
	size_t n_rules;
	struct rule fallback;		/* "default"; line 0 if there is none */
	struct rule_root roots[RULE_ROOTS];
	unsigned int n_roots;
	/* What patterns are compiled to. */
	uint16_t tokens[RULE_TOKENS];
	uint32_t n_tokens;
	struct rule_set sets[RULE_SETS];
	uint32_t n_sets;
	uint32_t n_tests;		/* of all rules together */
};

/* A text on its way to rules. */
struct parser {
	struct fanfp_rules *rules;
	const struct fanfp_rules_opts *opts;
	unsigned int errors;
	unsigned int line;
	const char *line_start;		/* of the text */
	const char *at;
	const char *end;		/* of the line */
};

/* Say what is wrong at @column of the current line. */
__attribute__((format(printf, 3, 4)))
void rules_error(struct parser *p, unsigned int column, const char *fmt, ...);

/* @len bytes as they can be printed, cut if long. One at a time. */
const char *rules_show(const char *text, size_t len);

/* rules_keys.c */
extern const char *const rule_key_names[KEYS];

/* Find the key of a condition; returns it, or KEYS. */
enum rule_key rule_key_find(const char *name, size_t len);

/* Make sense of the text of a value; if there is none, say so. */
void rule_value_parse(struct parser *p, enum rule_key key,
		      struct rule_value *value);

/* Whether a condition makes sense in a rule, which has those before it so far. */
void rule_cond_check(struct parser *p, const struct rule *rule,
		     const struct rule_cond *cond);

/* All bits of the values of event= or open=. */
uint64_t rule_cond_mask(const struct rule_cond *cond);

/* rules_compile.c */

/* How many tests a rule becomes. */
uint32_t rule_tests(const struct rule *rule);

/*
 * Compile @rules into @list, which is zero. @id is called for the paths of
 * conditions, with what it is to tell about them. Returns 0 or a negative errno,
 * and has said why.
 */
typedef int (*rule_id_fn)(const char *path, struct rule_identity *id, void *ctx);
int rules_compile(const struct fanfp_rules *rules, struct rule_list *list,
		  rule_id_fn id, void *ctx);

/* rules_senders.c */
struct rule_senders {
	int map;		/* owned; -1 if the rules are not attached here */
	int prog;		/* owned, as the map */
	uint64_t all_read;	/* at that time on CLOCK_MONOTONIC; 0: never */
	uint32_t swept;		/* how many were noted when it was looked who is gone */
	struct rule_sender *gone;	/* owned; to be deleted when all is read */
	size_t n_gone;
};

/* Take them from a handler that is loaded; returns 0 or a negative errno. */
int rule_senders_open(struct rule_senders *senders, struct fanfp_handler *handler);
void rule_senders_close(struct rule_senders *senders);

/* Those of an attachment; NULL for NULL. */
struct rules_link;
struct rule_senders *rule_senders_of(struct rules_link *link);

/* Events that ask for permission: those that allow and deny are for. */
#define RULE_PERM_EVENTS	(FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM)

#endif /* _FANFP_RULES_INTERNAL_H */
