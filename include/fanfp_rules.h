/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libfanfp: decide by an ordered list of rules
 *
 * A part of fanfp.h, which includes it.
 */
#ifndef _FANFP_RULES_H
#define _FANFP_RULES_H

#include "fanfp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A list of rules, see fanfp-rules(5), and who decides by it. */
struct fanfp_rules;

enum fanfp_verdict {
	FANFP_SEND,
	FANFP_SKIP,
	FANFP_ALLOW,
	FANFP_DENY,
};

/**
 * struct fanfp_rules_opts - how to read rules
 * @sz: Size of this structure.
 * @mistake: Gets each mistake, by its line and the byte in it, both from 1, in
 *           the place of the print function.
 * @ctx: Passed to @mistake.
 */
struct fanfp_rules_opts {
	size_t sz;
	void (*mistake)(void *ctx, unsigned int line, unsigned int column,
			const char *text);
	void *ctx;
};

/**
 * fanfp_rules__parse() - read rules
 * @text: The rules; not needed any more afterwards.
 * @len: Their length in bytes.
 * @name: What to call them in messages.
 * @opts: Options or NULL.
 *
 * Return: The rules, to be freed, or NULL and errno: EINVAL if there is a mistake
 * in them, of which each one is told; ENOMEM.
 */
LIBFANFP_API struct fanfp_rules *
fanfp_rules__parse(const char *text, size_t len, const char *name,
		   const struct fanfp_rules_opts *opts);

/**
 * fanfp_rules__parse_file() - read rules from a file
 * @path: The file.
 * @opts: Options or NULL.
 *
 * Return: As fanfp_rules__parse(), or NULL and errno: EFBIG for more than a
 * mebibyte, ENOENT and the like for the file.
 */
LIBFANFP_API struct fanfp_rules *
fanfp_rules__parse_file(const char *path, const struct fanfp_rules_opts *opts);

/**
 * fanfp_rules__count() - tell how many rules there are
 * @rules: The rules.
 *
 * Return: Their number, without the default.
 */
LIBFANFP_API size_t fanfp_rules__count(const struct fanfp_rules *rules);

/**
 * fanfp_rules__free() - free rules
 * @rules: The rules or NULL. What they are attached to goes on.
 */
LIBFANFP_API void fanfp_rules__free(struct fanfp_rules *rules);

/**
 * fanfp_rules__attach() - let rules decide about the events of a group
 * @rules: The rules.
 * @fanotify_fd: The group. The library keeps its number, to mark directories
 *               when the rules are changed and to remove the marks in the end;
 *               not a duplicate, so closing it ends the group. The group's marks
 *               on the directories of subtree= are ignore marks of exactly
 *               FAN_EVENT_ON_CHILD, which hide no event.
 * @opts: Options or NULL. There are no arguments.
 *
 * Return: The link that owns the attachment, or NULL and errno: ENOTUNIQ if two
 * directories of the rules can't be told apart, or what
 * fanfp_group__add_root() and fanfp_handler__attach() fail with. Then there are no
 * marks left either.
 */
LIBFANFP_API struct fanfp_link *
fanfp_rules__attach(const struct fanfp_rules *rules, int fanotify_fd,
		    const struct fanfp_attach_opts *opts);

/**
 * fanfp_rules__update() - put other rules in the place of a link's
 * @link: A link of fanfp_rules__attach(). If it was opened by where it is pinned,
 *        it gets a new handler, as by fanfp_link__replace(); else only the rules
 *        change.
 * @rules: The new rules.
 *
 * Every event is decided by either the old rules or the new. What rate= has
 * counted starts afresh.
 *
 * Return: 0 or a negative errno, and the old rules stay: -EBADF if @rules have
 * subtree= and the group's file descriptor has been closed or, for a link that
 * was opened, not been told, else as for fanfp_rules__attach().
 */
LIBFANFP_API int fanfp_rules__update(struct fanfp_link *link,
				     const struct fanfp_rules *rules);

/**
 * fanfp_link__set_group() - tell what is the group of a link's rules
 * @link: The link.
 * @fanotify_fd: The group: if it has another number now than it was attached by,
 *               or if the link was opened by where it is pinned.
 *
 * Return: 0 or a negative errno: -EINVAL if that is not the group.
 */
LIBFANFP_API int fanfp_link__set_group(struct fanfp_link *link, int fanotify_fd);

/**
 * struct fanfp_sender_info - who has caused an event
 * @sz: Size of this structure; set by the caller.
 * @uid: The effective user id.
 * @comm: The name of the process, which ends with a NUL.
 */
struct fanfp_sender_info {
	size_t sz;
	uint32_t uid;
	char comm[16];
};

/**
 * fanfp_link__note_senders() - have it noted who causes the events that are sent
 * @link: A link of fanfp_rules__attach(). If it is replaced, this ends.
 *
 * To be called before the group has marks that cause events, or when nothing is in
 * its queue: an event from before is not noted, and would be taken for that of
 * whoever has its pid later.
 *
 * Return: 0 or a negative errno.
 */
LIBFANFP_API int fanfp_link__note_senders(struct fanfp_link *link);

/**
 * fanfp_link__sender() - tell who has caused an event, be it gone since
 * @link: The link, with fanfp_link__note_senders().
 * @pid: The pid of the event, which was read in the same pid namespace, from a group
 *       without FAN_REPORT_TID.
 * @info: Filled; its sz must be set. The name is the last one that the process
 *        caused an event by.
 *
 * Return: 0; or -ESRCH if it is not certain: another process, or the same as another
 * user, may have had this pid since fanfp_link__all_read(); or too many were noted.
 * Threads of one process that are different users can be taken for one another.
 */
LIBFANFP_API int fanfp_link__sender(const struct fanfp_link *link, pid_t pid,
				    struct fanfp_sender_info *info);

/**
 * fanfp_link__all_read() - tell that all events up to a time are done with
 * @link: The link, with fanfp_link__note_senders().
 * @time: The time, in nanoseconds of CLOCK_MONOTONIC: before a read(2) that took all
 *        that was there.
 *
 * To be called whenever there is no more to read: what is noted of processes that
 * are gone is removed then, to make room.
 *
 * Return: 0 or a negative errno.
 */
LIBFANFP_API int fanfp_link__all_read(struct fanfp_link *link, uint64_t time);

/* How a file is open, for struct fanfp_explain_opts. */
#define FANFP_OPEN_READ		(1U << 0)
#define FANFP_OPEN_WRITE	(1U << 1)
#define FANFP_OPEN_APPEND	(1U << 2)
#define FANFP_OPEN_TRUNC	(1U << 3)
#define FANFP_OPEN_CREATE	(1U << 4)
#define FANFP_OPEN_EXEC		(1U << 5)

/**
 * fanfp_event_bits() - find an event by the name that rules have for it
 * @name: As "open" or "close".
 *
 * Return: FAN_* bits; 0 if there is no such event.
 */
LIBFANFP_API uint64_t fanfp_event_bits(const char *name);

/**
 * fanfp_open_bits() - find a way to open by the name that rules have for it
 * @name: As "read".
 *
 * Return: A FANFP_OPEN_* bit; 0 if there is none.
 */
LIBFANFP_API uint64_t fanfp_open_bits(const char *name);

enum fanfp_truth {
	FANFP_FALSE,
	FANFP_TRUE,
	FANFP_UNKNOWN,
};

/**
 * struct fanfp_step - what became of a condition, or of a rule
 * @sz: Size of this structure, as the library knows it.
 * @line: The rule's line; 0 for what is done if there is no default.
 * @column: Where the condition is in it, in bytes from 1; 0 for the rule itself,
 *          which comes after its conditions.
 * @text: The condition as it is written; NULL for the rule.
 * @verdict: The rule's.
 * @error: The errno that the rule denies with.
 * @holds: Whether it holds.
 * @found: What it was compared with, or why it does not hold; can be "".
 *
 * Good while the function that gets it runs.
 */
struct fanfp_step {
	size_t sz;
	unsigned int line;
	unsigned int column;
	const char *text;
	enum fanfp_verdict verdict;
	int error;
	enum fanfp_truth holds;
	const char *found;
};

/**
 * struct fanfp_explain_opts - an event to ask rules about
 * @sz: Size of this structure.
 * @event: Its FAN_* bits.
 * @path: The object, or what a directory entry is, was or will be called; NULL if
 *        that is not known.
 * @new_path: What FAN_RENAME calls it.
 * @open: FANFP_OPEN_* bits; 0 if that is not known.
 * @pid: A process that causes it; 0 if that is not known. What follows goes before
 *       what /proc tells of it.
 * @comm: Its name, or NULL.
 * @uid: Its effective user id, or NULL.
 * @gid: Its effective group id, or NULL.
 * @cgroup: Its cgroup, by the path of its directory, or NULL.
 * @exe: Its executable, or NULL.
 * @include: Directories that are roots of the group (fanfp_group__add_root()), the
 *           last one NULL; or NULL.
 * @exclude: The same for those that exclude.
 * @step: Called for each condition of the rules up to the one that decides, and
 *        for each of these; or NULL.
 * @ctx: Passed to @step.
 */
struct fanfp_explain_opts {
	size_t sz;
	uint64_t event;
	const char *path;
	const char *new_path;
	uint32_t open;
	pid_t pid;
	const char *comm;
	const uint32_t *uid;
	const uint32_t *gid;
	const char *cgroup;
	const char *exe;
	const char *const *include;
	const char *const *exclude;
	void (*step)(void *ctx, const struct fanfp_step *step);
	void *ctx;
};

/**
 * struct fanfp_decision - who decides about an event, and how
 * @sz: Size of this structure; set by the caller.
 * @line: The rule's line; 0 for what is done if there is no default: send.
 * @verdict: The verdict.
 * @error: The errno of FANFP_DENY.
 * @sure: Whether no rule before that could hold, by what is not known.
 */
struct fanfp_decision {
	size_t sz;
	unsigned int line;
	enum fanfp_verdict verdict;
	int error;
	bool sure;
};

/**
 * fanfp_rules__explain() - tell which rule would decide about an event, and why
 * @rules: The rules. They need not be attached, and the kernel is not asked.
 * @opts: The event.
 * @decision: Filled; its sz must be set.
 *
 * Return: 0 or a negative errno, of what can't be found at a path or in /proc.
 */
LIBFANFP_API int fanfp_rules__explain(const struct fanfp_rules *rules,
				      const struct fanfp_explain_opts *opts,
				      struct fanfp_decision *decision);

#ifdef __cplusplus
}
#endif

#endif /* _FANFP_RULES_H */
