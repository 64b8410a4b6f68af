/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the cases of the benchmark share
 *
 * Every case runs as root in a guest whose virtual time is the number of
 * instructions it has executed. What goes wrong ends the program.
 */
#ifndef _SELFTESTS_BENCH_H
#define _SELFTESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Files are opened and closed in batches: the cost of one is a batch's part. */
#define BENCH_BATCH	64
#define BENCH_FILES	4096
/* How many times all files are measured, after one time to warm up. */
#define BENCH_PASSES	3

/* main.c */

/* A case; BENCH_CASE(name) { ... } in any file makes it known. */
struct bench_case {
	const char *name;
	void (*run)(void);
	struct bench_case *next;
};

void bench_add_case(struct bench_case *bench_case);

#define BENCH_CASE(_name)						\
	static void _name##_run(void);					\
	static void __attribute__((constructor)) _name##_add(void)	\
	{								\
		static struct bench_case _case = {			\
			.name = #_name,					\
			.run = _name##_run,				\
		};							\
									\
		bench_add_case(&_case);					\
	}								\
	static void _name##_run(void)

/* Say what went wrong and with which errno, and end. */
void __attribute__((format(printf, 1, 2), noreturn))
bench_die(const char *format, ...);

/* Print one value of a metric. The same metric again is another run of it. */
void __attribute__((format(printf, 3, 4)))
bench_report(double value, const char *unit, const char *metric, ...);

/* How many instructions the guest has executed. */
uint64_t bench_now(void);

double bench_median(double *values, size_t count);

/* tree.c */

/**
 * struct bench_tree - a tmpfs of a case's own
 * @path: Where it is mounted.
 * @root: Its root directory.
 * @dir: The directory of the files that are opened. They are opened by name in
 *       here, so that it makes no difference to open(2) where it is.
 * @files: How many these are; a multiple of BENCH_BATCH.
 * @others: How many files or directories tree_fill() has made elsewhere.
 */
struct bench_tree {
	char path[32];
	int root;
	int dir;
	int files;
	int others;
};

/* Make one with @files files that are @depth names below the root. */
void tree_make(struct bench_tree *tree, int depth, int files);
void tree_remove(struct bench_tree *tree);

/* Make more elsewhere until there are @count, of type S_IFREG or S_IFDIR. */
void tree_fill(struct bench_tree *tree, int count, int type);
/* The path, from the root of the tree, of one of these. */
const char *tree_other(int number);

/* listener.c */

/* What the group that watches a tree does about its events. */
enum bench_listener_kind {
	LISTENER_NONE,		/* there is no group */
	LISTENER_IGNORE,	/* the mark ignores what it asks for */
	LISTENER_ALL,		/* no handler: all are delivered */
	LISTENER_NOP,		/* a handler that skips all */
	LISTENER_SUBTREE,	/* the subtree handler */
};

struct bench_listener {
	enum bench_listener_kind kind;
	int fd;
	struct nop *nop;
	struct subtree *subtree;
	struct bpf_link *link;
};

const char *listener_name(enum bench_listener_kind kind);

/* Mark the file system of @tree for FAN_OPEN, and attach the handler. */
void listener_open(struct bench_listener *listener,
		   enum bench_listener_kind kind, int root);
void listener_close(struct bench_listener *listener);

/* A notification group in the mode that the cases use, with no mark. */
int listener_group(void);

/* Make @path, from the directory @root, a root of the group's subtrees. */
void listener_include(int group, int root, const char *path);

/* Read @count events, which are queued. */
void listener_drain(struct bench_listener *listener, int count);

/* measure.c */

/*
 * Instructions of the open(2) and close(2) of a file of @tree, and of reading
 * the event if @drain is not NULL.
 */
void __attribute__((format(printf, 3, 4)))
measure_open(struct bench_tree *tree, struct bench_listener *drain,
	     const char *metric, ...);

/* The same with a listener of @kind, which sends nothing. */
void measure_listener(struct bench_tree *tree, enum bench_listener_kind kind,
		      const char *prefix);

#endif /* _SELFTESTS_BENCH_H */
