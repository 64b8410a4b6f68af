// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: to what the handler "filter" runs
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>

#include "internal.h"
#include "rules.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_RENAME
#define FAN_RENAME		0x10000000
#endif

struct compiler {
	const struct fanfp_rules *rules;
	struct rule_list *list;
	unsigned int n_tests;
	rule_id_fn id;
	void *ctx;
};

/* How many tests a condition becomes. */
static uint32_t cond_tests(const struct rule_cond *cond)
{
	switch (cond->key) {
	case KEY_INSIDE:
	case KEY_SUBTREE:
	case KEY_EVENT:
	case KEY_OPEN:
		return 1;	/* its values are bits */
	case KEY_NAME:
		return 2 * cond->n_values;	/* FAN_RENAME has two */
	default:
		return cond->n_values;
	}
}

/* Rules that no other event than one that asks for permission can match. */
static bool is_for_permission(const struct rule *rule)
{
	return rule->verdict == FANFP_ALLOW || rule->verdict == FANFP_DENY;
}

uint32_t rule_tests(const struct rule *rule)
{
	uint32_t count = 1 + is_for_permission(rule);
	size_t i;

	for (i = 0; i < rule->n_conds; i++)
		count += cond_tests(&rule->conds[i]);
	return count;
}

static struct rule_test *emit(struct compiler *c, enum rule_op op, uint64_t a,
			      uint64_t b)
{
	struct rule_test *test = &c->list->tests[c->n_tests++];

	test->op = op;
	test->a = a;
	test->b = b;
	return test;
}

static void emit_verdict(struct compiler *c, const struct rule *rule)
{
	int verdict = FAN_FP_RET_SEND_TO_USERSPACE;

	if (rule->verdict == FANFP_SKIP || rule->verdict == FANFP_ALLOW)
		verdict = FAN_FP_RET_SKIP_EVENT;
	else if (rule->verdict == FANFP_DENY)
		verdict = -rule->error;
	emit(c, RULE_VERDICT, (int64_t)verdict, 0);
}

/* Ask what a path stands for; returns 0 or a negative errno. */
static int identify(const struct compiler *c, const struct rule *rule,
		    const struct rule_value *value, struct rule_identity *id)
{
	int err = c->id(value->text, id, c->ctx);

	if (err)
		pr_warn("%s:%u:%u: %s: %s", c->rules->name, rule->line,
			value->column, value->text, strerror(-err));
	return err;
}

/* Emit what tests one value; returns 0 or a negative errno. */
static int emit_value(struct compiler *c, const struct rule *rule,
		      enum rule_key key, const struct rule_value *value)
{
	struct rule_identity id = {};
	int err;

	switch (key) {
	case KEY_NAME:
		emit(c, RULE_NAME, value->first, value->end);
		return 0;
	case KEY_COMM:
		emit(c, RULE_COMM, value->first, value->end);
		return 0;
	case KEY_PID:
		emit(c, RULE_PID, value->low, value->high);
		return 0;
	case KEY_UID:
		emit(c, RULE_UID, value->low, value->high);
		return 0;
	case KEY_GID:
		emit(c, RULE_GID, value->low, value->high);
		return 0;
	case KEY_CGROUP:
		err = identify(c, rule, value, &id);
		emit(c, RULE_CGROUP, id.id.ino, id.level);
		return err;
	case KEY_EXE:
		err = identify(c, rule, value, &id);
		emit(c, RULE_EXE, id.id.ino,
		     (uint64_t)id.id.dev << 32 | id.id.generation);
		return err;
	case KEY_RATE:
		emit(c, RULE_RATE, 0, (uint64_t)value->burst << 32 | value->rate);
		return 0;
	default:
		return -EINVAL;
	}
}

static uint64_t root_bits(const struct rule_cond *cond)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < cond->n_values; i++)
		bits |= 1ULL << cond->values[i].root;
	return bits;
}

/*
 * Emit the tests of a condition: if one holds, so does the condition, unless it
 * is negated. Without it the rule ends at @rule_end.
 */
static int emit_cond(struct compiler *c, const struct rule *rule,
		     const struct rule_cond *cond, unsigned int rule_end)
{
	bool keeps = rule->verdict == FANFP_SEND || rule->verdict == FANFP_DENY;
	unsigned int first = c->n_tests, end = first + cond_tests(cond), i;
	int err = 0;

	switch (cond->key) {
	case KEY_EVENT:
		emit(c, RULE_EVENT, rule_cond_mask(cond), 0);
		break;
	case KEY_OPEN:
		emit(c, RULE_OPEN, rule_cond_mask(cond), 0);
		break;
	case KEY_INSIDE:
		c->list->needs |= RULE_NEEDS_INSIDE;
		emit(c, RULE_INSIDE, 0, 0);
		break;
	case KEY_SUBTREE:
		c->list->needs |= RULE_NEEDS_ROOTS;
		emit(c, RULE_BELOW, root_bits(cond), 0);
		break;
	default:
		for (i = 0; i < cond->n_values; i++)
			err = emit_value(c, rule, cond->key, &cond->values[i]) ?: err;
		/* All old names first: the handler copies them in turn. */
		for (i = 0; cond->key == KEY_NAME && i < cond->n_values; i++)
			emit(c, RULE_NEW_NAME, cond->values[i].first,
			     cond->values[i].end);
	}
	for (i = first; i < end; i++) {
		struct rule_test *test = &c->list->tests[i];

		test->yes = cond->negated ? rule_end : end;
		test->no = i + 1 < end ? i + 1 : cond->negated ? end : rule_end;
		/* So that the event is not lost. */
		test->if_unknown = keeps != cond->negated;
	}
	return err;
}

static int emit_rule(struct compiler *c, const struct rule *rule)
{
	unsigned int rule_end = c->n_tests + rule_tests(rule), i;
	struct rule_test *test;
	int err = 0;

	if (is_for_permission(rule)) {
		test = emit(c, RULE_EVENT, RULE_PERM_EVENTS, 0);
		test->yes = c->n_tests;
		test->no = rule_end;
	}
	/* The rate last: it counts what all else lets through. */
	for (i = 0; i < rule->n_conds; i++) {
		if (rule->conds[i].key != KEY_RATE)
			err = emit_cond(c, rule, &rule->conds[i], rule_end) ?: err;
	}
	for (i = 0; i < rule->n_conds; i++) {
		if (rule->conds[i].key == KEY_RATE)
			err = emit_cond(c, rule, &rule->conds[i], rule_end) ?: err;
	}
	emit_verdict(c, rule);
	return err;
}

static bool same_id(const struct fanotify_fastpath_ancestor *a,
		    const struct fanotify_fastpath_ancestor *b)
{
	return a->ino == b->ino && a->generation == b->generation &&
		a->dev == b->dev;
}

/* Tell who the roots are, and see that they can be told apart. */
static int add_roots(struct compiler *c)
{
	const struct fanfp_rules *rules = c->rules;
	struct rule_list *list = c->list;
	unsigned int i, j;
	int err = 0;

	list->n_roots = rules->n_roots;
	for (i = 0; i < rules->n_roots; i++) {
		const struct rule_root *root = &rules->roots[i];
		struct rule_identity id = {};
		int ret = c->id(root->path, &id, c->ctx);

		if (ret) {
			pr_warn("%s:%u:%u: %s: %s", rules->name, root->line,
				root->column, root->path, strerror(-ret));
			err = ret;
			continue;
		}
		list->roots[i] = id.id;
		for (j = 0; j < i; j++) {
			if (!same_id(&list->roots[i], &list->roots[j]))
				continue;
			pr_warn("%s:%u:%u: %s cannot be told from %s, which is in another subvolume or snapshot with the same inode number; use two groups",
				rules->name, root->line, root->column, root->path,
				rules->roots[j].path);
			err = -ENOTUNIQ;
		}
	}
	return err;
}

int rules_compile(const struct fanfp_rules *rules, struct rule_list *list,
		  rule_id_fn id, void *ctx)
{
	static const struct rule always_send = { .verdict = FANFP_SEND };
	struct compiler c = {
		.rules = rules,
		.list = list,
		.id = id,
		.ctx = ctx,
	};
	int err;
	size_t i;

	memcpy(list->tokens, rules->tokens, sizeof(list->tokens));
	memcpy(list->sets, rules->sets, sizeof(list->sets));
	err = add_roots(&c);
	for (i = 0; i < rules->n_rules; i++)
		err = emit_rule(&c, &rules->rules[i]) ?: err;
	err = emit_rule(&c, &rules->fallback) ?: err;
	emit_verdict(&c, &always_send);
	return err;
}
