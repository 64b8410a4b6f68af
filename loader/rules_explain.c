// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: what they say about an event
 *
 * This goes by the rules as they are written, and by what stat(2) and /proc tell:
 * not by what they are compiled to, nor by what the kernel compares. So one can be
 * held against the other.
 */
#include <errno.h>
#include <fnmatch.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>

#include "internal.h"
#include "rules.h"
#include "rules_facts.h"

/* What a condition compared, as text; cut if long. */
struct found {
	char text[256];
};

__attribute__((format(printf, 2, 3)))
static void found(struct found *to, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(to->text, sizeof(to->text), fmt, args);
	va_end(args);
}

static enum fanfp_truth truth(bool holds)
{
	return holds ? FANFP_TRUE : FANFP_FALSE;
}

/* Whether any of the values matches; @matches is for one. */
static enum fanfp_truth any(const struct rule_cond *cond,
			    const struct facts *facts,
			    bool (*matches)(const struct rule_value *value,
					    const struct facts *facts))
{
	size_t i;

	for (i = 0; i < cond->n_values; i++) {
		if (matches(&cond->values[i], facts))
			return FANFP_TRUE;
	}
	return FANFP_FALSE;
}

static bool matches_name(const struct rule_value *value,
			 const struct facts *facts)
{
	unsigned int i;

	for (i = 0; i < facts->n_names; i++) {
		if (!fnmatch(value->text, facts->names[i], 0))
			return true;
	}
	return false;
}

static bool matches_comm(const struct rule_value *value,
			 const struct facts *facts)
{
	return !fnmatch(value->text, facts->comm, 0);
}

static bool matches_pid(const struct rule_value *value, const struct facts *facts)
{
	return facts->pid == value->low;
}

static bool matches_uid(const struct rule_value *value, const struct facts *facts)
{
	return facts->uid >= value->low && facts->uid <= value->high;
}

static bool matches_gid(const struct rule_value *value, const struct facts *facts)
{
	return facts->gid >= value->low && facts->gid <= value->high;
}

static bool matches_exe(const struct rule_value *value, const struct facts *facts)
{
	struct stat st;

	return !stat(value->text, &st) && st.st_dev == facts->exe_dev &&
		st.st_ino == facts->exe_ino;
}

static bool matches_cgroup(const struct rule_value *value,
			   const struct facts *facts)
{
	struct spot spot;
	bool below;

	if (facts_find(facts, value->text, &spot))
		return false;
	below = path_is_below(facts->cgroup, spot.path);
	free(spot.path);
	return below;
}

static bool matches_subtree(const struct rule_value *value,
			    const struct facts *facts)
{
	struct spot root;
	bool below;

	if (facts_find(facts, value->text, &root))
		return false;
	below = facts_is_below(facts, &root);
	free(root.path);
	return below;
}

/* An event without a place is taken so that it is not lost. */
static enum fanfp_truth if_unplaced(const struct rule *rule,
				    const struct rule_cond *cond,
				    struct found *what)
{
	bool keeps = rule->verdict == FANFP_SEND || rule->verdict == FANFP_DENY;

	found(what, "the event has no place");
	return truth(keeps != cond->negated);
}

static enum fanfp_truth place_cond(const struct rule *rule,
				   const struct rule_cond *cond,
				   const struct facts *facts, struct found *what)
{
	bool holds, known = !facts->deleted;

	if (!facts->has_path) {
		found(what, "no path is given");
		return FANFP_UNKNOWN;
	}
	if (cond->key == KEY_INSIDE) {
		holds = facts->inside;
		known = facts->inside_known;
	} else {
		holds = any(cond, facts, matches_subtree) == FANFP_TRUE;
	}
	if (!holds && !known)
		return if_unplaced(rule, cond, what);
	found(what, "%s%s%s", facts->n_places ? facts->places[0].path : "",
	      facts->n_places > 1 ? " and " : "",
	      facts->n_places > 1 ? facts->places[1].path : "");
	return truth(holds);
}

static enum fanfp_truth name_cond(const struct rule_cond *cond,
				  const struct facts *facts, struct found *what)
{
	if (!facts->has_path) {
		found(what, "no path is given");
		return FANFP_UNKNOWN;
	}
	if (!facts->n_names)
		found(what, "the event has no name");
	else
		found(what, "%s%s%s", facts->names[0],
		      facts->n_names > 1 ? " and " : "",
		      facts->n_names > 1 ? facts->names[1] : "");
	return any(cond, facts, matches_name);
}

static enum fanfp_truth open_cond(const struct rule_cond *cond,
				  const struct facts *facts, struct found *what)
{
	if (!(facts->event & FACTS_FILE_EVENTS)) {
		found(what, "the event is not about an open file");
		return FANFP_FALSE;
	}
	if (!facts->open) {
		found(what, "how it is opened is not given");
		return FANFP_UNKNOWN;
	}
	found(what, "%s", "");
	return truth(facts->open & rule_cond_mask(cond));
}

/* Whether a condition that is about the process holds. */
static enum fanfp_truth task_cond(const struct rule_cond *cond,
				  const struct facts *facts, struct found *what)
{
	const unsigned int needs[KEYS] = {
		[KEY_COMM] = FACT_COMM, [KEY_PID] = FACT_PID,
		[KEY_UID] = FACT_UID, [KEY_GID] = FACT_GID,
		[KEY_CGROUP] = FACT_CGROUP, [KEY_EXE] = FACT_EXE,
	};

	if (!(facts->known & needs[cond->key])) {
		found(what, "not given");
		return FANFP_UNKNOWN;
	}
	switch (cond->key) {
	case KEY_COMM:
		found(what, "%s", facts->comm);
		return any(cond, facts, matches_comm);
	case KEY_PID:
		found(what, "%u", facts->pid);
		return any(cond, facts, matches_pid);
	case KEY_UID:
		found(what, "%u", facts->uid);
		return any(cond, facts, matches_uid);
	case KEY_GID:
		found(what, "%u", facts->gid);
		return any(cond, facts, matches_gid);
	case KEY_CGROUP:
		found(what, "%s", facts->cgroup);
		return any(cond, facts, matches_cgroup);
	case KEY_EXE:
		found(what, "%s", facts->exe);
		return any(cond, facts, matches_exe);
	default:
		return FANFP_UNKNOWN;
	}
}

static enum fanfp_truth cond_truth(const struct rule *rule,
				   const struct rule_cond *cond,
				   const struct facts *facts, struct found *what)
{
	enum fanfp_truth holds;

	found(what, "%s", "");
	switch (cond->key) {
	case KEY_SUBTREE:
	case KEY_INSIDE:
		holds = place_cond(rule, cond, facts, what);
		break;
	case KEY_NAME:
		holds = name_cond(cond, facts, what);
		break;
	case KEY_EVENT:
		holds = truth(facts->event & rule_cond_mask(cond));
		break;
	case KEY_OPEN:
		holds = open_cond(cond, facts, what);
		break;
	case KEY_RATE:
		found(what, "as long as there are not more");
		return FANFP_UNKNOWN;
	default:
		holds = task_cond(cond, facts, what);
	}
	return holds == FANFP_UNKNOWN ? holds : truth((holds == FANFP_TRUE) !=
						      cond->negated);
}

static void tell(const struct fanfp_explain_opts *opts,
		 const struct rule *rule, const struct rule_cond *cond,
		 enum fanfp_truth holds, const char *what)
{
	const struct fanfp_step step = {
		.sz = sizeof(step),
		.line = rule->line,
		.column = cond ? cond->column : 0,
		.text = cond ? cond->text : NULL,
		.verdict = rule->verdict,
		.error = rule->error,
		.holds = holds,
		.found = what,
	};

	if (opts->step)
		opts->step(opts->ctx, &step);
}

/* Go through the conditions of a rule, all of them, for who wants to see them. */
static enum fanfp_truth rule_truth(const struct rule *rule,
				   const struct facts *facts,
				   const struct fanfp_explain_opts *opts)
{
	enum fanfp_truth all = FANFP_TRUE, holds;
	const char *why = "";
	struct found what;
	size_t i;

	if ((rule->verdict == FANFP_ALLOW || rule->verdict == FANFP_DENY) &&
	    !(facts->event & RULE_PERM_EVENTS)) {
		all = FANFP_FALSE;
		why = "nobody asks for permission";
	}
	for (i = 0; i < rule->n_conds; i++) {
		holds = cond_truth(rule, &rule->conds[i], facts, &what);
		tell(opts, rule, &rule->conds[i], holds, what.text);
		if (holds == FANFP_FALSE ||
		    (holds == FANFP_UNKNOWN && all == FANFP_TRUE))
			all = holds;
	}
	tell(opts, rule, NULL, all, why);
	return all;
}

static void decide(const struct fanfp_rules *rules, const struct facts *facts,
		   const struct fanfp_explain_opts *opts,
		   struct fanfp_decision *decision)
{
	static const struct rule always_send = { .verdict = FANFP_SEND };
	const struct rule *rule = NULL;
	enum fanfp_truth holds;
	size_t i;

	decision->sure = true;
	for (i = 0; i < rules->n_rules && !rule; i++) {
		holds = rule_truth(&rules->rules[i], facts, opts);
		if (holds == FANFP_TRUE)
			rule = &rules->rules[i];
		else if (holds == FANFP_UNKNOWN)
			decision->sure = false;
	}
	if (!rule && rules->fallback.line &&
	    rule_truth(&rules->fallback, facts, opts) == FANFP_TRUE)
		rule = &rules->fallback;
	if (!rule) {
		rule = &always_send;
		tell(opts, rule, NULL, FANFP_TRUE, "");
	}
	decision->line = rule->line;
	decision->verdict = rule->verdict;
	decision->error = rule->verdict == FANFP_DENY ? rule->error : 0;
}

int fanfp_rules__explain(const struct fanfp_rules *rules,
			 const struct fanfp_explain_opts *opts,
			 struct fanfp_decision *decision)
{
	locale_t bytes, before;
	struct facts facts;
	int err;

	if (!opts || !OPTS_OK(opts) || opts->sz < sizeof(*opts) ||
	    decision->sz < sizeof(*decision)) {
		pr_warn("%s: " OPTS_UNKNOWN, rules->name);
		return -EINVAL;
	}
	err = facts_gather(&facts, opts);
	if (err)
		return err;
	/* A pattern is about bytes, whatever the locale of the program is. */
	bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	before = uselocale(bytes);
	decide(rules, &facts, opts, decision);
	uselocale(before);
	if (bytes)
		freelocale(bytes);
	facts_free(&facts);
	return 0;
}
