/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the benchmark share
 *
 * A *work* is what is done to files (work_NAME.c), a *watcher* what is told of
 * it (watch_NAME.c), a *case* which of both are measured together (case_NAME.c).
 * All runs as root in a guest; what goes wrong ends the program.
 */
#ifndef _SELFTESTS_BENCH_H
#define _SELFTESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Files are worked on in batches: the cost of one is a batch's part. */
#define BENCH_BATCH	64
#define BENCH_FILES	4096
/* How many times all files are measured, after one time to warm up. */
#define BENCH_PASSES	3

struct bpf_object;
struct bpf_link;
struct bpf_map;
struct bpf_program;

/* main.c */

/* A case; BENCH_CASE(name) { ... } in any file makes it known. */
struct bench_case {
	const char *name;
	bool timed;
	void (*run)(void);
	struct bench_case *next;
};

void bench_add_case(struct bench_case *bench_case);

#define BENCH_CASE(_name)	__BENCH_CASE(_name, false)
/* One that compares times, not instructions. */
#define BENCH_TIMED_CASE(_name)	__BENCH_CASE(_name, true)
#define __BENCH_CASE(_name, _timed)					\
	static void _name##_run(void);					\
	static void __attribute__((constructor)) _name##_add(void)	\
	{								\
		static struct bench_case _case = {			\
			.name = #_name,					\
			.timed = _timed,				\
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

/* Say that a watcher was left out, and why. */
void bench_left_out(const char *name, const char *why);

/* Raise a limit of the kernel's to a million. */
void bench_allow(const char *limit);

double bench_median(double *values, size_t count);

/* clock.c */

/* Count with the clock of that name: see main.c. */
void bench_clock_start(const char *clock);
/* What has been counted, and what that is. */
uint64_t bench_now(void);
const char *bench_clock_unit(void);

/* tree.c */

/**
 * struct bench_tree - a tmpfs of a case's own, or a directory of /mnt/disk0
 * @path: Where its root is.
 * @root: Its root directory.
 * @dir: The directory of the files that are worked on. They are named from in
 *       here, so that it makes no difference to open(2) where it is.
 * @dir_path: The same, as a path from @root.
 * @files: How many these are; a multiple of BENCH_BATCH.
 * @others: How many files or directories tree_fill() has made elsewhere.
 * @on_disk: It is on ext4.
 *
 * The files are below "d1", and beside that is an empty directory "elsewhere".
 */
struct bench_tree {
	char path[32];
	int root;
	int dir;
	char dir_path[128];
	int files;
	int others;
	bool on_disk;
};

/* Make one with @files files that are @depth names below the root. */
void tree_make(struct bench_tree *tree, int depth, int files);
/* The same on ext4. */
void tree_make_on_disk(struct bench_tree *tree, int depth, int files);
/* Whether a case has to be left out because there is none; says so. */
bool bench_lacks_disk(const char *name);
void tree_remove(struct bench_tree *tree);

/* The name, in the directory of the files, of one of these. */
const char *tree_file(int number);

/* tree_fill() puts so many in a directory, the first in "o0". */
#define OTHERS_PER_DIR	1000

/* Make more elsewhere until there are @count, of type S_IFREG or S_IFDIR. */
void tree_fill(struct bench_tree *tree, int count, int type);
/* The path, from the root of the tree, of one of these. */
const char *tree_other(int number);

/* work.c */

/**
 * struct bench_work - what is done to the files of a tree
 * @name: Of the file work_NAME.c.
 * @unit: What is counted: "open+close", "exec", ...
 * @events: What is asked for; a permission event is one that is answered.
 * @files: How many files it wants.
 * @prepare: Makes ready what it needs beyond them. Optional.
 * @phases: Parts of a batch, between which the events are read: so that none is
 *          merged with a later one.
 * @run: Does its part of a batch: BENCH_BATCH files from @first on.
 * @units: How many units a batch is, with all its phases.
 * @deferred: The kernel does a part later, for many at once: so that the mean of
 *            the batches counts, and not the median.
 */
struct bench_work {
	const char *name;
	const char *unit;
	uint64_t events;
	int files;
	void (*prepare)(struct bench_tree *tree);
	int phases;
	void (*run)(const struct bench_tree *tree, int phase, int first);
	int units;
	bool deferred;
	struct bench_work *next;
};

void bench_add_work(struct bench_work *work);
const struct bench_work *bench_work(const char *name);

#define BENCH_WORK(_name)						\
	static struct bench_work _name##_work;				\
	static void __attribute__((constructor)) _name##_add(void)	\
	{								\
		_name##_work.name = #_name;				\
		bench_add_work(&_name##_work);				\
	}								\
	static struct bench_work _name##_work

/* watch.c */

/* What a watcher is told of, with a handler or filter where there is one. */
enum bench_sends {
	SENDS_NOTHING,
	SENDS_INSIDE,		/* what is below the watched directory */
	SENDS_ALL,
};

/**
 * struct bench_setup - what a watcher is to watch: the reference, or one thing
 * different from it
 * @tree: Where.
 * @events: FAN_OPEN, or others.
 * @mark: FAN_MARK_FILESYSTEM; or FAN_MARK_MOUNT, or FAN_MARK_INODE, which is
 *        put on the directory of the files.
 * @watched: The directory that somebody wants to be told of, from the root of the
 *           tree: "elsewhere", or "d1".
 * @inside: It is above the files, so that there is something to be told.
 */
struct bench_setup {
	const struct bench_tree *tree;
	uint64_t events;
	unsigned int mark;
	const char *watched;
	bool inside;
};

/**
 * struct bench_watch - a watcher at work
 * @kind: What it is.
 * @setup: What it watches.
 * @fd: Becomes readable when there is something to take, or -1. Closed.
 * @object: Destroyed.
 * @link: Likewise.
 * @skeleton: Of a watcher's own.
 * @own: Likewise, whatever it needs.
 * @kept: How many events @kind has found to be below the watched directory.
 */
struct bench_watch {
	const struct bench_watch_kind *kind;
	const struct bench_setup *setup;
	int fd;
	struct bpf_object *object;
	struct bpf_link *link;
	void *skeleton;
	void *own;
	long kept;
};

/**
 * struct bench_watch_kind - a way to be told, or not, of what happens
 * @name: How it is called in metrics.
 * @sends: Which events there are to take.
 * @permission: It answers permission events, and can do nothing else.
 * @filters: It counts in @kept what is below the watched directory.
 * @suits: Whether it can be told of what is wanted at all. Optional.
 * @wants: Returns what this kernel lacks for it, or NULL. Optional.
 * @start: Begins to watch.
 * @take: Reads what there is, without waiting, filters it if the kernel has
 *        not, and returns how many events came. Needed if any are sent.
 * @stop: Frees what @start made and bench_watch_stop() does not know of.
 *        Optional.
 */
struct bench_watch_kind {
	const char *name;
	enum bench_sends sends;
	bool permission;
	bool filters;
	bool (*suits)(const struct bench_setup *setup);
	const char *(*wants)(void);
	void (*start)(struct bench_watch *watch);
	int (*take)(struct bench_watch *watch);
	void (*stop)(struct bench_watch *watch);
	struct bench_watch_kind *next;
};

void bench_add_watch(struct bench_watch_kind *kind);
/* Leave out those whose names match. */
void bench_skip_watches(const char *pattern);
/* The kind of that name, or NULL; after @kind, or the first. */
const struct bench_watch_kind *bench_watch_kind(const char *name);
const struct bench_watch_kind *
bench_next_watch_kind(const struct bench_watch_kind *kind);

#define BENCH_WATCH(_name)						\
	static struct bench_watch_kind _name##_kind;			\
	static void __attribute__((constructor)) _name##_add(void)	\
	{								\
		_name##_kind.name = #_name;				\
		bench_add_watch(&_name##_kind);				\
	}								\
	static struct bench_watch_kind _name##_kind

/* Whether a watcher of @kind can watch @setup; says so if the kernel is why. */
bool bench_watch_can(const struct bench_watch_kind *kind,
		     const struct bench_setup *setup);
void bench_watch_start(struct bench_watch *watch,
		       const struct bench_watch_kind *kind,
		       const struct bench_setup *setup);
void bench_watch_stop(struct bench_watch *watch);
/* Whether there is something to take when the work has been done. */
bool bench_watch_sends(const struct bench_watch *watch);
/* Take all that there is. Returns how many events. */
long bench_watch_drain(struct bench_watch *watch);

/* fanotify.c */

/* A group that reports directories and names, or file descriptors. */
int group_open(unsigned int flags);
#define GROUP_FID	FAN_REPORT_DFID_NAME
#define GROUP_FD	0

/* Let read(2) wait for an event. */
void group_block(int fd);

/* Mark what @setup says, for its events. */
void group_mark(int fd, const struct bench_setup *setup);
/* Mark the same to ignore them. */
void group_ignore(int fd, const struct bench_setup *setup);
/* Make @path, from the root of the tree, a root of the group's subtrees. */
void group_include(int fd, const struct bench_tree *tree, const char *path);

/* Whether a group that reports file descriptors gets the events of @setup. */
bool fd_suits(const struct bench_setup *setup);
/* What a handler lacks: there may be no fastpath. */
const char *fastpath_wants(void);
/* Whether a case has to be left out for that; says so. */
bool bench_lacks_fastpath(const char *name);
/* A group for the setup of @watch, with no handler yet. */
void watch_group(struct bench_watch *watch, unsigned int flags);
/* Attach @map, of @watch->object, which is loaded by that, to the group. */
void watch_attach(struct bench_watch *watch, struct bpf_object *object,
		  const char *map);
/* Read and drop: what every listener does at least. */
int watch_take_all(struct bench_watch *watch);

/* measure.c */

/* The reference: FAN_OPEN on @tree, file system mark, nothing inside. */
void setup_reference(struct bench_setup *setup, const struct bench_tree *tree);
/* Watch the directory that the files are in. */
void setup_inside(struct bench_setup *setup);

/*
 * What @work costs with a watcher, for each unit: reported as the metric
 * of that name. @watch can be NULL.
 */
void __attribute__((format(printf, 4, 5)))
measure_work(const struct bench_work *work, const struct bench_tree *tree,
	     struct bench_watch *watch, const char *metric, ...);

/* Start a watcher of @kind, and measure it as PREFIX.KIND; or leave it out. "none" is one. */
void measure_watch(const struct bench_work *work,
		   const struct bench_setup *setup, const char *kind,
		   const char *prefix);

/* The same for open+close on the reference setup. */
void measure_open(const struct bench_tree *tree, const char *kind,
		  const char *prefix);

/* profile.c */

/* Do everything once more, for profile_plugin.c. */
void profile_enable(void);
/* Begin a section, if that is wanted; what is done in it is done for that. */
bool profile_start(void);
/* The section was about @metric, and @units of that. */
void profile_stop(const char *metric, long units);

#endif /* _SELFTESTS_BENCH_H */
