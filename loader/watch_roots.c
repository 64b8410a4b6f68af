// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - what the user named
 *
 * Each directory has a mark as a root, below which the kernel looks no further than
 * the file system: see watch_mounts.c for what is mounted there. A file is watched
 * by its name: the directory it is in is a root, and of what else happens there, the
 * kernel leaves out what has another name, and the rest is left out when it is read.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mountinfo.h"
#include "tool.h"
#include "watch.h"

/* --- where the roots are ------------------------------------------------------ */

char *watch_path_of_fd(int fd, bool *deleted)
{
	static const char mark[] = " (deleted)";
	char link[64], path[PATH_MAX];
	struct stat st;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 1 || fstat(fd, &st))
		return NULL;
	path[len] = '\0';
	*deleted = !st.st_nlink;
	/* A name can end so, too. */
	len -= strlen(mark);
	if (*deleted && len > 0 && !strcmp(path + len, mark))
		path[len] = '\0';
	return strdup(path);
}

static char *find_root(const struct watch_root *root,
		       const struct mount_table *table)
{
	const struct mount_entry *entry;
	bool deleted = true;
	int mount, fd = -1;
	char *path = NULL;

	entry = mount_table_find(table, root->mount_id);
	if (!entry)
		return NULL;
	mount = open(entry->point, O_RDONLY | O_CLOEXEC);
	if (mount >= 0)
		fd = open_by_handle_at(mount, root->fid.handle,
				       O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		path = watch_path_of_fd(fd, &deleted);
		close(fd);
	}
	if (mount >= 0)
		close(mount);
	if (!deleted)
		return path;
	free(path);
	return NULL;
}

static void lose_root(const struct watch *w, struct watch_root *root,
		      const char *why)
{
	if (!root->gone && root->kind == FANFP_INCLUDE)
		watch_say(w, "No longer watching %s: %s.", root->given, why);
	root->gone = true;
}

void watch_find_roots(struct watch *w, const struct mount_table *table)
{
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		struct watch_root *root = &w->roots[i];

		if (!mount_table_find(table, root->mount_id))
			lose_root(w, root, "unmounted");
		free(root->now);
		root->now = find_root(root, table);
	}
}

/* The nearest directory that was named at or above @path, or NULL. */
const struct watch_root *watch_nearest_root(const struct watch *w,
					     const char *path)
{
	const struct watch_root *nearest = NULL;
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		const struct watch_root *root = &w->roots[i];

		if (root->now && !root->name && path_is_below(path, root->now) &&
		    (!nearest || strlen(root->now) > strlen(nearest->now)))
			nearest = root;
	}
	return nearest;
}

/* --- start and end ------------------------------------------------------------------ */

/* Take what the user gave apart; a file is watched by its name in its directory. */
static int find_dir(struct watch_root *root)
{
	struct statx file, dir;
	char *slash;

	root->dir = realpath(root->given, NULL);
	if (!root->dir || statx(AT_FDCWD, root->dir, 0,
				STATX_TYPE | STATX_MNT_ID, &file))
		return -errno;
	if (S_ISDIR(file.stx_mode) || root->kind != FANFP_INCLUDE)
		return 0;
	slash = strrchr(root->dir, '/');
	root->name = strdup(slash + 1);
	if (!root->name)
		return -ENOMEM;
	slash[slash == root->dir] = '\0';
	if (statx(AT_FDCWD, root->dir, 0, STATX_MNT_ID, &dir))
		return -errno;
	/* Its name in the directory is that of another file. */
	return file.stx_mnt_id == dir.stx_mnt_id ? 0 : -EXDEV;
}

/* The handle of a directory, and the ids of its file system and mount. */
static int find_handle(struct watch_root *root)
{
	struct statfs fs;

	root->fid.handle = calloc(1, sizeof(*root->fid.handle) + MAX_HANDLE_SZ);
	if (!root->fid.handle)
		return -ENOMEM;
	root->fid.handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, root->dir, root->fid.handle,
			      &root->mount_id, 0) ||
	    statfs(root->dir, &fs))
		return -errno;
	root->fid.fsid = fs.f_fsid;
	return 0;
}

/**
 * watch_add_root() - mark a directory as a root
 * @w: What is watched; not yet started.
 * @path: The directory; or a file, of which only that name is watched.
 * @kind: Whether what is below it is wanted.
 *
 * Return: 0 or EXIT_FAILED, with a message.
 */
int watch_add_root(struct watch *w, const char *path, enum fanfp_root kind)
{
	struct watch_root *list, *root;
	int err;

	list = reallocarray(w->roots, w->n_roots + 1, sizeof(*list));
	if (!list)
		return failed("%s: %s", path, strerror(ENOMEM));
	w->roots = list;
	root = &list[w->n_roots++];
	*root = (struct watch_root){ .given = path, .kind = kind };

	err = find_dir(root);
	if (err == -EXDEV)
		return failed("%s: a file is mounted there; watch the directory that it is from",
			      path);
	if (err)
		return failed("%s: %s", path, strerror(-err));
	err = find_handle(root);
	if (err)
		return failed("%s: cannot watch its file system: %s", path,
			      watch_mark_error(-err));
	if (fanfp_group__add_root(w->group, root->dir, kind) < 0)
		return EXIT_FAILED;
	/* Its own end ends the watch; this mark adds only events of its own. */
	if (kind == FANFP_INCLUDE &&
	    fanotify_mark(w->group, FAN_MARK_ADD, FAN_DELETE_SELF | FAN_ONDIR |
			  (w->options->mask & WATCH_SELF), AT_FDCWD, root->dir))
		return failed("%s: cannot mark: %s", path, strerror(errno));
	return 0;
}

/* The file system of a root. */
static int start_root(struct watch *w, const struct watch_root *root,
		      const struct mount_table *table)
{
	const struct mount_entry *entry;
	int err;

	entry = mount_table_find(table, root->mount_id);
	if (!entry)
		return failed("%s: its mount is not in /proc/self/mountinfo",
			      root->given);
	err = watch_add_mount(w, entry, false);
	if (!err)
		err = watch_mark_fs(w, FAN_MARK_ADD, root->dir);
	if (err)
		return failed("%s: cannot watch its file system: %s",
			      root->given, watch_mark_error(-err));
	return 0;
}

/**
 * watch_start() - let the events come
 * @w: What is watched. All roots are marked, and the handler is attached: no
 *     event is seen too early.
 *
 * Return: 0 or EXIT_FAILED, with a message.
 */
int watch_start(struct watch *w)
{
	struct mount_table table;
	size_t i;
	int err;

	/* Before the first look: what happens in between is seen again. */
	w->mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	err = w->mountinfo < 0 ? -errno : mount_table_read(&table);
	if (err)
		return failed("/proc/self/mountinfo: %s", strerror(-err));
	for (i = 0; i < w->n_roots && !err; i++) {
		if (w->roots[i].kind == FANFP_INCLUDE)
			err = start_root(w, &w->roots[i], &table);
	}
	mount_table_free(&table);
	if (!err)
		err = watch_look_at_mounts(w);
	for (i = 0; i < w->n_roots && !err; i++) {
		struct watch_root *root = &w->roots[i];

		if (root->now)
			watch_place_set(w, &root->fid, root->now);
		if (root->kind == FANFP_INCLUDE)
			watch_say(w, "Watching %s.", root->given);
	}
	return err;
}

/* --- events and roots --------------------------------------------------------------- */

static bool same_file(const struct watch_fid *a,
		      const struct fanotify_event_info_fid *info)
{
	struct watch_fid b = watch_fid_of(info);

	return !memcmp(&a->fsid, &b.fsid, sizeof(a->fsid)) &&
		a->handle->handle_type == b.handle->handle_type &&
		a->handle->handle_bytes == b.handle->handle_bytes &&
		!memcmp(a->handle->f_handle, b.handle->f_handle,
			a->handle->handle_bytes);
}

static bool place_is_wanted(const struct watch *w,
			    const struct watch_place *place)
{
	const struct watch_root *root;
	char path[WATCH_PATH_MAX];
	bool names = false;
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		root = &w->roots[i];
		if (!root->name)
			continue;
		names = true;
		if (!strcmp(root->name, place->name) &&
		    same_file(&root->fid, place->info))
			return true;
	}
	/* Without a file among the roots, the kernel has decided. */
	if (!names)
		return true;
	watch_place_path(place, path);
	root = watch_nearest_root(w, path);
	return root && root->kind == FANFP_INCLUDE;
}

/**
 * watch_is_below() - decide by what the user named
 * @w: What is watched.
 * @event: The event, which the kernel takes for below a root.
 *
 * Return: Whether it is: with a file as a root, the kernel takes all in its
 * directory for that.
 */
bool watch_is_below(const struct watch *w, const struct watch_event *event)
{
	return place_is_wanted(w, &event->from) ||
		(event->to.info && place_is_wanted(w, &event->to));
}

/**
 * watch_root_deleted() - see whether a root was deleted
 * @w: What is watched.
 * @event: Something was.
 */
void watch_root_deleted(struct watch *w, const struct watch_event *event)
{
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		if (same_file(&w->roots[i].fid, event->from.info))
			lose_root(w, &w->roots[i], "deleted");
	}
}

/**
 * watch_is_over() - whether nothing is left to watch
 * @w: What is watched.
 */
bool watch_is_over(const struct watch *w)
{
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		if (w->roots[i].kind == FANFP_INCLUDE && !w->roots[i].gone)
			return false;
	}
	return true;
}

/* watch_free_roots() - free what the other functions have allocated */
void watch_free_roots(struct watch *w)
{
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		free(w->roots[i].dir);
		free(w->roots[i].name);
		free(w->roots[i].fid.handle);
		free(w->roots[i].now);
	}
	free(w->roots);
	watch_free_mounts(w);
}
