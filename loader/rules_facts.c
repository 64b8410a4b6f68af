// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: what is known of an event that is asked about
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "rules.h"
#include "rules_facts.h"

/* Not in the libc of Debian 12. */
#ifndef FAN_RENAME
#define FAN_RENAME		0x10000000
#endif

/* Events about an entry of a directory: the entry's place is the directory. */
#define ENTRY_EVENTS (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | \
		      FAN_RENAME)

/* Events about an object that come without a name. */
#define NAMELESS_EVENTS	(FAN_DELETE_SELF | FAN_MOVE_SELF)

bool facts_is_below(const struct facts *facts, const struct spot *root)
{
	unsigned int i;

	for (i = 0; i < facts->n_places; i++) {
		const struct spot *place = &facts->places[i];

		if (place->dev != root->dev)
			continue;
		if (facts->deleted ? !strcmp(place->path, root->path) :
				     path_is_below(place->path, root->path))
			return true;
	}
	return false;
}

/* What is left of @path after the mount point; it begins with a '/', or is "". */
static const char *below_point(const char *path, const char *point)
{
	if (!path_is_below(path, point))
		return NULL;
	return strcmp(point, "/") ? path + strlen(point) : path;
}

int facts_find(const struct facts *facts, const char *path, struct spot *spot)
{
	const struct mount_entry *mount;
	const char *rest;
	struct statx stx;
	char *real;
	int err = 0;

	spot->path = NULL;
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	if (statx(AT_FDCWD, real, 0, STATX_MNT_ID, &stx))
		err = -errno;
	mount = err ? NULL : mount_table_find(&facts->mounts, stx.stx_mnt_id);
	rest = mount ? below_point(real, mount->point) : NULL;
	if (!err && !rest)
		err = -EXDEV;	/* by another mount namespace's mounts */
	if (!err) {
		spot->dev = mount->dev;
		if (!strcmp(mount->root, "/"))
			spot->path = strdup(*rest ? rest : "/");
		else if (asprintf(&spot->path, "%s%s", mount->root,
				  strcmp(rest, "/") ? rest : "") < 0)
			spot->path = NULL;
		if (!spot->path)
			err = -ENOMEM;
	}
	free(real);
	return err;
}

static int cannot(const char *what, int err)
{
	pr_warn("%s: %s", what, err == -EXDEV ?
		"on a mount that is not in sight" : strerror(-err));
	return err;
}

/* Split the name off a path: "/a/b/" is "/a" and "b". */
static void split(char *path, const char **dir, const char **name)
{
	size_t len = strlen(path);
	char *slash;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	*dir = !slash ? "." : slash == path ? "/" : path;
	if (slash && slash != path)
		*slash = '\0';
}

/* Note the place and the name of an entry of a directory. */
static int add_entry(struct facts *facts, const char *path)
{
	unsigned int i = facts->n_places;
	const char *dir;
	int err;

	facts->owned[i] = strdup(path);
	if (!facts->owned[i])
		return cannot(path, -ENOMEM);
	split(facts->owned[i], &dir, &facts->names[i]);
	err = facts_find(facts, dir, &facts->places[i]);
	if (err)
		return cannot(dir, err);
	facts->n_names++;
	facts->n_places++;
	return 0;
}

static int add_object(struct facts *facts, const char *path)
{
	struct spot *place = &facts->places[0];
	const char *slash;
	int err;

	err = facts_find(facts, path, place);
	if (err)
		return cannot(path, err);
	facts->n_places++;
	if (facts->event & NAMELESS_EVENTS)
		return 0;
	slash = strrchr(place->path, '/');
	facts->names[facts->n_names++] = slash[1] ? slash + 1 : "/";
	return 0;
}

/*
 * Find the nearest of @dirs at or above a place; @len is the length of its path,
 * or 0.
 */
static int nearest(const struct facts *facts, const struct spot *place,
		   const char *const *dirs, size_t *len)
{
	const struct facts one = {
		.places[0] = *place,
		.n_places = 1,
		.deleted = facts->deleted,
	};
	struct spot root;
	int err;

	*len = 0;
	for (; dirs && *dirs; dirs++) {
		err = facts_find(facts, *dirs, &root);
		if (err)
			return cannot(*dirs, err);
		if (facts_is_below(&one, &root) && strlen(root.path) > *len)
			*len = strlen(root.path);
		free(root.path);
	}
	return 0;
}

/* Of a directory that includes and excludes, the kernel says it includes. */
static int find_inside(struct facts *facts, const struct fanfp_explain_opts *opts)
{
	size_t include, exclude;
	unsigned int i;
	int err = 0;

	for (i = 0; i < facts->n_places && !err; i++) {
		err = nearest(facts, &facts->places[i], opts->include, &include) ?:
			nearest(facts, &facts->places[i], opts->exclude, &exclude);
		if (err)
			break;
		facts->inside |= include && include >= exclude;
		facts->inside_known |= !facts->deleted || include || exclude;
	}
	return err;
}

static int gather_place(struct facts *facts, const struct fanfp_explain_opts *opts)
{
	int err;

	if (!opts->path)
		return 0;
	if (facts->event & FAN_RENAME && !opts->new_path) {
		pr_warn("%s: where is it moved to?", opts->path);
		return -EINVAL;
	}
	facts->has_path = true;
	facts->deleted = facts->event & FAN_DELETE_SELF;
	if (!(facts->event & ENTRY_EVENTS))
		err = add_object(facts, opts->path);
	else
		err = add_entry(facts, opts->path);
	if (!err && facts->event & FAN_RENAME)
		err = add_entry(facts, opts->new_path);
	return err ?: find_inside(facts, opts);
}

/* Read the second number of a line of /proc/PID/status: the effective id. */
static bool parse_status(const char *line, const char *key, int column,
			 uint32_t *id)
{
	const char *format = column == 1 ? "%u" : "%*u %u";
	size_t len = strlen(key);

	return !strncmp(line, key, len) && sscanf(line + len, format, id) == 1;
}

static int read_status(struct facts *facts, pid_t pid)
{
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file) {
		pr_warn("process %d: %s", (int)pid,
			strerror(errno == ENOENT ? ESRCH : errno));
		return errno == ENOENT ? -ESRCH : -errno;
	}
	while (getline(&line, &size, file) > 0) {
		if (parse_status(line, "Tgid:", 1, &facts->pid))
			facts->known |= FACT_PID;
		if (parse_status(line, "Uid:", 2, &facts->uid))
			facts->known |= FACT_UID;
		if (parse_status(line, "Gid:", 2, &facts->gid))
			facts->known |= FACT_GID;
	}
	free(line);
	fclose(file);
	return 0;
}

static void read_comm(struct facts *facts, pid_t pid)
{
	char path[64];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	/* It can have newlines in it, and has one at the end. */
	len = fread(facts->comm, 1, sizeof(facts->comm), file);
	if (len) {
		facts->comm[len - 1] = '\0';
		facts->known |= FACT_COMM;
	}
	fclose(file);
}

/* Of version 2, by the root that this process sees. */
static void read_cgroup(struct facts *facts, pid_t pid)
{
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (getline(&line, &size, file) > 0) {
		if (strncmp(line, "0::/", 4) || facts->cgroup)
			continue;
		line[strcspn(line, "\n")] = '\0';
		facts->cgroup = strdup(line + 3);
		if (facts->cgroup)
			facts->known |= FACT_CGROUP;
	}
	free(line);
	fclose(file);
}

/* Note a file as the executable; a link of /proc leads to what was removed too. */
static int note_exe(struct facts *facts, const char *path)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (stat(path, &st))
		return -errno;
	len = readlink(path, target, sizeof(target) - 1);
	if (len >= 0)
		target[len] = '\0';
	facts->exe = strdup(len >= 0 ? target : path);
	if (!facts->exe)
		return -ENOMEM;
	facts->exe_dev = st.st_dev;
	facts->exe_ino = st.st_ino;
	facts->known |= FACT_EXE;
	return 0;
}

static int gather_process(struct facts *facts, pid_t pid)
{
	char path[64];
	int err;

	err = read_status(facts, pid);
	if (err)
		return err;
	read_comm(facts, pid);
	read_cgroup(facts, pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	note_exe(facts, path);
	return 0;
}

/* What is told of the process; it goes before what it is. */
static int gather_told(struct facts *facts, const struct fanfp_explain_opts *opts)
{
	struct spot spot;
	int err;

	if (opts->comm) {
		snprintf(facts->comm, sizeof(facts->comm), "%s", opts->comm);
		facts->known |= FACT_COMM;
	}
	if (opts->uid) {
		facts->uid = *opts->uid;
		facts->known |= FACT_UID;
	}
	if (opts->gid) {
		facts->gid = *opts->gid;
		facts->known |= FACT_GID;
	}
	if (opts->cgroup) {
		err = facts_find(facts, opts->cgroup, &spot);
		if (err)
			return cannot(opts->cgroup, err);
		free(facts->cgroup);
		facts->cgroup = spot.path;
		facts->known |= FACT_CGROUP;
	}
	if (opts->exe) {
		free(facts->exe);
		facts->exe = NULL;
		err = note_exe(facts, opts->exe);
		if (err)
			return cannot(opts->exe, err);
	}
	return 0;
}

int facts_gather(struct facts *facts, const struct fanfp_explain_opts *opts)
{
	int err;

	*facts = (struct facts){ .event = opts->event, .open = opts->open };
	/* That is not kept once the file is open. */
	if (!(facts->event & RULE_PERM_EVENTS))
		facts->open &= ~RULE_OPEN_TRUNC;
	err = mount_table_read(&facts->mounts);
	if (err) {
		pr_warn("/proc/self/mountinfo: %s", strerror(-err));
		return err;
	}
	err = gather_place(facts, opts);
	if (!err && opts->pid)
		err = gather_process(facts, opts->pid);
	if (!err)
		err = gather_told(facts, opts);
	if (err)
		facts_free(facts);
	return err;
}

void facts_free(struct facts *facts)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		free(facts->places[i].path);
		free(facts->owned[i]);
	}
	free(facts->cgroup);
	free(facts->exe);
	mount_table_free(&facts->mounts);
}
