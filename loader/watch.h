/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp watch - what its files share
 *
 *   watch_cmd.c      the options
 *   watch_loop.c     waits for events; what follows is done with each
 *   watch_roots.c    what is watched: directories and files
 *   watch_mounts.c   their file systems, and those that are mounted below
 *   watch_rules.c    what the kernel decides
 *   watch_event.c    what an event says
 *   watch_place.c    the paths of file handles
 *   watch_process.c  who caused an event
 *   watch_filter.c   whether it is printed
 *   watch_print.c    what is printed of it
 *   watch_json.c     the same as JSON
 *   watch_output.c   where to
 *   watch_memory.c   a map that forgets
 */
#ifndef _FANFP_WATCH_H
#define _FANFP_WATCH_H

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/statfs.h>
#include <time.h>

#include "fanfp.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_REPORT_TARGET_FID
#define FAN_REPORT_TARGET_FID			0x00001000
#endif
#ifndef FAN_RENAME
#define FAN_RENAME				0x10000000
#endif
#ifndef FAN_EVENT_INFO_TYPE_OLD_DFID_NAME
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME	10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME	12
#endif

/* No event of the kernel's: that --rate has left some out. */
#define WATCH_DROPPED	(1ULL << 63)

/* Of a watched directory itself, whose own mark asks for them. */
#define WATCH_SELF	(FAN_DELETE_SELF | FAN_MOVE_SELF)

/* Nobody was there in time; as fsnotifywait. */
#define EXIT_TIMEOUT	2

/* --- options ------------------------------------------------------------------- */

/* What an event can be chosen by, besides its path. */
enum watch_key {
	WATCH_COMM,
	WATCH_PID,
	WATCH_UID,
	WATCH_CGROUP,
	WATCH_EXE,
	WATCH_N_KEYS,
};

/* One of the values that an option --KEY or --not-KEY was given. */
struct watch_value {
	enum watch_key key;
	bool not;
	char *text;
};

struct watch_globs {
	const char **list;
	size_t count;
};

enum watch_format {
	WATCH_TEXT,
	WATCH_CUSTOM,
	WATCH_CSV,
	WATCH_JSON,
};

struct watch_options {
	uint64_t mask;
	bool one_file_system, one_shot, own;
	int quiet;
	long timeout;		/* ms, or 0 */
	enum watch_format format;
	const char *custom;
	bool no_newline;
	const char *time_format;
	const char *output;	/* a file, or NULL */
	struct watch_value *values;
	size_t n_values;
	struct watch_globs include, exclude;
	long rate;		/* events a second, or 0 */
	long dedupe;		/* ms, or 0 */
};

/* --- a map that forgets -------------------------------------------------------- */

struct lh_table;
struct lh_entry;

/*
 * What has not been looked up for long is forgotten: when there are @limit
 * young ones, the old ones go and the young ones get old.
 */
struct watch_memory {
	struct lh_table *young, *old;
	int limit;
	void (*free_entry)(struct lh_entry *entry);
};

/* --- what is watched ----------------------------------------------------------- */

/* A file, as events name it. */
struct watch_fid {
	fsid_t fsid;
	struct file_handle *handle;
};

/* What the user named: a directory, or a file by its name in a directory. */
struct watch_root {
	const char *given;
	char *dir;
	char *name;	/* of the file, or NULL */
	enum fanfp_root kind;
	/* No file descriptor: that would keep its file system mounted. */
	struct watch_fid fid;
	int mount_id;
	/* Where it is, since the last look at the mounts; NULL if not there. */
	char *now;
	/* Deleted or unmounted, which has been said. */
	bool gone;
};

/* A mount by which events are watched and handles are opened. */
struct watch_mount {
	int id;
	dev_t dev;
	fsid_t fsid;
	char *root, *point, *type;
	/* Mounted below a root, and not named itself. */
	bool below;
	/* Can't be watched, which has been said. */
	bool refused;
	/* Open while events are printed; else -1, so that it can go away. */
	int fd;
};

/* As much as the kernel keeps of it. */
#define WATCH_COMM_MAX	16

/* Who caused an event, as of the batch when that was looked up. */
struct watch_process {
	pid_t pid;
	unsigned int batch;
	bool known;		/* for certain; else @comm is "?" */
	unsigned int uid;	/* effective */
	char comm[WATCH_COMM_MAX];
};

/* --rate: of the second that began at @start (ms). */
struct watch_rate {
	int64_t start;
	long printed, dropped;
};

struct watch_output {
	int fd;
	const char *name;	/* in messages */
	bool whole_lines;	/* it ends with one, even if there is no room */
	/* What is to be written next. */
	FILE *stream;
	char *text;
	size_t len;
};

struct watch {
	const struct watch_options *options;
	int group;
	struct fanfp_link *link;
	struct watch_root *roots;
	size_t n_roots;
	struct watch_mount *mounts;
	size_t n_mounts;
	int mountinfo;	/* polls for changes of the mounts */

	/* Events that were read together, and when. */
	unsigned int batch;
	struct timespec time;	/* of day */
	int64_t ms;		/* monotonic */

	struct watch_memory places;
	struct watch_process process;
	struct watch_memory printed;	/* --dedupe */
	struct watch_rate rate;
	struct watch_output output;
};

/* --- events -------------------------------------------------------------------- */

/* Where an event was: a name in a directory, or "" for the directory itself. */
struct watch_place {
	const struct fanotify_event_info_fid *info;
	const char *name;
	char dir[PATH_MAX];
	/* Else @dir is where it was, or "(unknown)". */
	bool current;
};

struct watch_event {
	uint64_t mask;
	pid_t pid;
	struct watch_place from, to;	/* @to.info is NULL unless it is a rename */
	const struct fanotify_event_info_fid *object;	/* or NULL */
	const struct watch_process *process;
	long dropped;		/* events, of WATCH_DROPPED */
};

/* The path of a place, with its terminator. */
#define WATCH_PATH_MAX	(PATH_MAX + NAME_MAX + 1)

/* A watch_fid in hexadecimal; with its terminator. */
#define WATCH_FID_MAX	(2 * (sizeof(fsid_t) + sizeof(int) + MAX_HANDLE_SZ) + 3)

/* watch_loop.c */
int watch_run(const struct watch_options *options, char **paths,
	      char **exclude);

/* watch_roots.c */
struct mount_table;
int watch_add_root(struct watch *w, const char *path, enum fanfp_root kind);
int watch_start(struct watch *w);
void watch_find_roots(struct watch *w, const struct mount_table *table);
const struct watch_root *watch_nearest_root(const struct watch *w,
					    const char *path);
bool watch_is_below(const struct watch *w, const struct watch_event *event);
void watch_root_deleted(struct watch *w, const struct watch_event *event);
bool watch_is_over(const struct watch *w);
void watch_free_roots(struct watch *w);

/* The path of an open file, to be freed, or NULL; as it was, if it is deleted. */
char *watch_path_of_fd(int fd, bool *deleted);

/* watch_mounts.c */
struct mount_entry;
int watch_add_mount(struct watch *w, const struct mount_entry *entry,
		    bool below);
int watch_mark_fs(struct watch *w, unsigned int flags, const char *path);
const char *watch_mark_error(int err);
int watch_look_at_mounts(struct watch *w);
void watch_free_mounts(struct watch *w);

/* A file descriptor for handles with @fsid, or -1; good until the next one. */
int watch_mount_fd(struct watch *w, const void *fsid);
void watch_close_mount_fds(struct watch *w);

/* watch_rules.c */
struct fanfp_link *watch_attach(const struct watch *w);

/* watch_event.c */
uint64_t watch_parse_events(const char *list);
bool watch_event_read(const struct fanotify_event_metadata *metadata,
		      struct watch_event *event);
void watch_event_complete(struct watch *w, struct watch_event *event);
const char *watch_event_name(const struct watch_event *event, size_t *at);
void watch_place_path(const struct watch_place *place, char *path);

/* watch_place.c */
struct watch_fid watch_fid_of(const struct fanotify_event_info_fid *info);
void watch_fid_text(const struct watch_fid *fid, char *text);
int watch_place_init(struct watch *w);
void watch_place_learn(struct watch *w, const struct watch_event *event);
void watch_place_set(struct watch *w, const struct watch_fid *fid,
		     const char *path);
bool watch_place_find(struct watch *w, const struct watch_fid *fid, char *path);

/* watch_process.c */
const struct watch_process *watch_process_find(struct watch *w, pid_t pid);

/* watch_filter.c */
int watch_filter_init(struct watch *w);
bool watch_event_wanted(struct watch *w, struct watch_event *event);
long watch_rate_dropped(struct watch *w, bool end);
int watch_rate_wait(const struct watch *w);

/* watch_print.c */
int watch_format_has(const char *format, char wanted);
void watch_print(const struct watch *w, const struct watch_event *event);
const char *watch_time(const struct watch *w, const char *format);

/* watch_json.c */
void watch_print_json(const struct watch *w, const struct watch_event *event);

/* watch_output.c */
int watch_output_open(struct watch_output *output,
		      const struct watch_options *options);
int watch_output_flush(struct watch_output *output);
void watch_output_close(struct watch_output *output);

/* watch_memory.c */
int watch_memory_init(struct watch_memory *memory, int limit,
		      void (*free_entry)(struct lh_entry *entry));
void watch_memory_free(struct watch_memory *memory);
void *watch_memory_find(struct watch_memory *memory, const char *key);
int watch_memory_add(struct watch_memory *memory, const char *key, void *value);

/* Say how things go, unless --quiet. */
__attribute__((format(printf, 2, 3)))
void watch_say(const struct watch *w, const char *fmt, ...);

#endif /* _FANFP_WATCH_H */
