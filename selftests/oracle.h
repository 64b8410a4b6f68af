/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle: a model of a tree that says which events belong inside
 *
 * oracle_tree.c has the model, which knows only what was done, oracle_ops.c does
 * it, oracle_judge.c compares what two groups saw with what the model says.
 */
#ifndef _SELFTESTS_ORACLE_H
#define _SELFTESTS_ORACLE_H

#include "common.h"

/* Not in the libc of Debian 12. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID	0x200
#endif

#define NODES		80
#define ENTRIES		112
#define NAMES		10	/* few, so that they are often taken */
#define HELD		6
#define BINDS		3
#define PATH_SIZE	1024
#define NAME_SIZE	32
#define TOP		0	/* the topmost entry, and its node */
#define NONE		(-1)

/* How a path begins: at a bind mount by its number, or at the top. */
#define VIA_TOP		BINDS

struct handle {
	struct file_handle head;
	unsigned char bytes[64];
};

/* A file or directory; its marks are the filtered group's. */
struct node {
	bool used, dir;
	bool included, excluded;
	bool foreign;		/* the other group has a mark too */
	struct handle handle;
};

enum entry_state {
	FREE,
	LINKED,
	/* Gone, but known until nothing holds it and it has been judged. */
	UNLINKED,
};

/* A name of a node in a directory, or one that it had and was opened by. */
struct entry {
	enum entry_state state;
	int node, parent;	/* nodes; NONE above the top */
	int name;
	int holds;		/* open files and bind mounts */
};

struct held {
	int fd, entry;
	int via;
};

struct bind {
	bool used;
	int entry;
	char path[64];
};

struct tree {
	char top[80];
	struct node nodes[NODES];
	struct entry entries[ENTRIES];
	struct held held[HELD];
	struct bind binds[BINDS];
	unsigned long long random;
};

struct oracle {
	struct tree tree;
	int truth, filtered;	/* groups */
	bool forgets;		/* see op_forget() */
	/* Names can drop out of the cache, so that a file seems to have one. */
	bool loses_names;
	/* The directory of the name that the operation used, or NONE. */
	int used;
	/* The operation at hand, for who reads of a failure. */
	char what[2 * PATH_SIZE + 64];
	unsigned long sent, skipped;
};

/* oracle_tree.c */
int tree_init(struct tree *tree, const char *top, unsigned long long seed);
unsigned int tree_random(struct tree *tree, unsigned int below);
int tree_pick(struct tree *tree, bool dir);
int tree_find(const struct tree *tree, int parent, int name);
int tree_find_node(const struct tree *tree, const struct handle *handle);
int tree_add_node(struct tree *tree, bool dir);
int tree_add_entry(struct tree *tree, int node, int parent, int name);
void tree_unlink(struct tree *tree, int entry);
void tree_reap(struct tree *tree);
bool tree_has_room(const struct tree *tree);
int tree_via(struct tree *tree, int entry);
bool tree_path(const struct tree *tree, int entry, int via, char *path);
bool tree_inside(const struct tree *tree, int node);
int get_handle(int fd, const char *path, struct handle *handle);

/* oracle_ops.c */
int oracle_step(struct oracle *oracle);
int oracle_include(int group, const char *dir, bool add);
int oracle_exclude(int group, const char *dir, bool add);
void oracle_end(struct oracle *oracle);

/* oracle_events.c */
#define RECORDS		3

struct record {
	int type;
	struct handle handle;
	char name[NAME_SIZE];
};

/* Events that fanotify would merge are one: @mask has the bits of all. */
struct event {
	__u64 mask;
	int count;
	struct record records[RECORDS];
};

#define EVENTS		64

struct events {
	int count;
	struct event events[EVENTS];
};

void events_clear(struct events *events);
int events_read(int group, int (*take)(const struct event *event, void *to),
		void *to);
int events_merge(const struct event *event, void *to);
const struct record *event_record(const struct event *event, int type);
bool event_same(const struct event *a, const struct event *b);
const char *mask_text(__u64 mask);

/* oracle_judge.c */
int oracle_judge(struct oracle *oracle);

/* oracle_fs.c */
struct fs {
	char path[72];		/* where the test may do as it likes */
	char base[64];		/* what is below an overlay, or the mount */
	bool mounted, overlay;
};

int fs_make(struct fs *fs, const char *type, const char *below);
void fs_remove(struct fs *fs);

/* oracle_threads.c */
int threads_run(const char *top, int truth, int filtered, int rounds,
		unsigned int seed);

#endif /* _SELFTESTS_ORACLE_H */
