// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - the directories named, and the file systems mounted below them
 *
 * Each file system has one mark, and each directory named a mark as a root of
 * the subtree handler. That one looks no further than a file system, so what is
 * mounted below an included directory gets a mark, and its top directory one as
 * a root; when it is unmounted, they go. Which directory a mount point is below
 * is judged by path, at the time of each change of the mounts.
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

/* The path of an open file, to be freed; NULL if it has none any more. */
static char *path_of_fd(int fd)
{
	char link[64], path[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) || !st.st_nlink)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 1)
		return NULL;
	path[len] = '\0';
	return strdup(path);
}

static char *find_root(const struct watch_root *root,
		       const struct mount_table *table)
{
	const struct mount_entry *entry;
	int mount, fd = -1;
	char *path = NULL;

	entry = mount_table_find(table, root->mount_id);
	if (!entry)
		return NULL;
	mount = open(entry->point, O_RDONLY | O_CLOEXEC);
	if (mount >= 0)
		fd = open_by_handle_at(mount, root->handle, O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		path = path_of_fd(fd);
		close(fd);
	}
	if (mount >= 0)
		close(mount);
	return path;
}

static void find_roots(struct watch *w, const struct mount_table *table)
{
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		struct watch_root *root = &w->roots[i];
		bool mounted = mount_table_find(table, root->mount_id);

		if (root->now && !mounted)
			fprintf(stderr, "No longer watching %s: unmounted.\n",
				root->dir);
		free(root->now);
		root->now = find_root(root, table);
	}
}

/* The nearest root at or above @path, or NULL. */
static const struct watch_root *nearest_root(const struct watch *w,
					     const char *path)
{
	const struct watch_root *nearest = NULL;
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		const struct watch_root *root = &w->roots[i];

		if (root->now && path_is_below(path, root->now) &&
		    (!nearest || strlen(root->now) > strlen(nearest->now)))
			nearest = root;
	}
	return nearest;
}

/* --- file systems --------------------------------------------------------------- */

/* Why a file system can't be watched. */
static const char *mark_error(int err)
{
	switch (err) {
	case EOPNOTSUPP:
	case ENODEV:
		return "it has no file handles that last";
	case EXDEV:
		return "a btrfs subvolume; watch it with a fanfp of its own";
	case ENOSPC:
		return "no marks left; raise /proc/sys/fs/fanotify/max_user_marks";
	default:
		return strerror(err);
	}
}

static int mark_fs(struct watch *w, unsigned int flags, const char *path)
{
	return fanotify_mark(w->group, flags | FAN_MARK_FILESYSTEM,
			     w->mask | FAN_ONDIR, AT_FDCWD, path) ? -errno : 0;
}

static struct watch_mount *find_mount(struct watch *w,
				      const struct mount_entry *entry)
{
	size_t i;

	for (i = 0; i < w->n_mounts; i++) {
		struct watch_mount *mount = &w->mounts[i];

		/* Ids are used again. */
		if (mount->id == entry->id && mount->dev == entry->dev &&
		    !strcmp(mount->root, entry->root) &&
		    !strcmp(mount->point, entry->point))
			return mount;
	}
	return NULL;
}

static void free_mount(struct watch_mount *mount)
{
	if (mount->fd >= 0)
		close(mount->fd);
	free(mount->root);
	free(mount->point);
	free(mount->type);
}

static int add_mount(struct watch *w, const struct mount_entry *entry,
		     bool below)
{
	struct watch_mount *mount, *list;
	struct statfs fs;

	if (find_mount(w, entry))
		return 0;
	if (statfs(entry->point, &fs))
		return -errno;
	list = reallocarray(w->mounts, w->n_mounts + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	w->mounts = list;
	mount = &list[w->n_mounts];
	*mount = (struct watch_mount){
		.id = entry->id,
		.dev = entry->dev,
		.fsid = fs.f_fsid,
		.root = strdup(entry->root),
		.point = strdup(entry->point),
		.type = strdup(entry->type),
		.below = below,
		.fd = -1,
	};
	if (!mount->root || !mount->point || !mount->type) {
		free_mount(mount);
		return -ENOMEM;
	}
	w->n_mounts++;
	return 0;
}

int watch_mount_fd(struct watch *w, const void *fsid)
{
	size_t i;

	for (i = 0; i < w->n_mounts; i++) {
		struct watch_mount *mount = &w->mounts[i];

		if (mount->refused ||
		    memcmp(&mount->fsid, fsid, sizeof(mount->fsid)))
			continue;
		if (mount->fd < 0)
			mount->fd = open(mount->point, O_RDONLY | O_CLOEXEC);
		if (mount->fd >= 0)
			return mount->fd;
	}
	return -1;
}

void watch_close_mount_fds(struct watch *w)
{
	size_t i;

	for (i = 0; i < w->n_mounts; i++) {
		if (w->mounts[i].fd >= 0)
			close(w->mounts[i].fd);
		w->mounts[i].fd = -1;
	}
}

/* --- mounts below a root ---------------------------------------------------------- */

/* Whether the path of a mount point leads to that mount, and not to one over it. */
static bool is_visible(const struct mount_entry *entry, struct statx *top)
{
	return !statx(AT_FDCWD, entry->point,
		      AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		      STATX_TYPE | STATX_INO | STATX_MNT_ID, top) &&
		top->stx_mnt_id == (uint64_t)entry->id;
}

/* A bind mount of a directory that has been named: what was said of it, holds. */
static bool is_named(const struct watch *w, const struct statx *top)
{
	struct statx named;
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		if (w->roots[i].now &&
		    !statx(AT_FDCWD, w->roots[i].now, AT_SYMLINK_NOFOLLOW,
			   STATX_INO, &named) &&
		    named.stx_ino == top->stx_ino &&
		    named.stx_dev_major == top->stx_dev_major &&
		    named.stx_dev_minor == top->stx_dev_minor)
			return true;
	}
	return false;
}

static bool is_wanted(const struct watch *w, const char *point)
{
	const struct watch_root *root = nearest_root(w, point);

	return !w->one_file_system && root && root->kind == FANFP_INCLUDE;
}

static int watch_below(struct watch *w, const struct mount_entry *entry)
{
	int err;

	err = fanotify_mark(w->group, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_ONDIR,
			    AT_FDCWD, entry->point) ? -errno : 0;
	if (!err)
		err = mark_fs(w, FAN_MARK_ADD, entry->point);
	if (!err)
		err = add_mount(w, entry, true);
	return err;
}

/* Say once why a mount is not watched. */
static void refuse(struct watch *w, const struct mount_entry *entry, int err)
{
	if (err == -ENOTDIR)
		fprintf(stderr, "Not watching %s: a file from elsewhere is mounted there.\n",
			entry->point);
	else
		fprintf(stderr, "Not watching %s, where a %s is mounted: %s.\n",
			entry->point, entry->type, mark_error(-err));
	if (!add_mount(w, entry, false))
		w->mounts[w->n_mounts - 1].refused = true;
}

static void add_wanted(struct watch *w, const struct mount_table *table)
{
	struct statx top;
	size_t i;
	int err;

	for (i = 0; i < table->count; i++) {
		const struct mount_entry *entry = &table->list[i];

		if (find_mount(w, entry) || !is_wanted(w, entry->point) ||
		    !is_visible(entry, &top) || is_named(w, &top))
			continue;
		if (S_ISDIR(top.stx_mode))
			err = watch_below(w, entry);
		else
			err = -ENOTDIR;
		if (!err)
			fprintf(stderr, "Watching %s, where a %s is mounted.\n",
				entry->point, entry->type);
		else
			refuse(w, entry, err);
	}
}

/* Whether one of the mounts, but this, needs the same mark. */
static bool is_shared(const struct watch *w, const struct watch_mount *mount,
		      bool same_root)
{
	size_t i;

	for (i = 0; i < w->n_mounts; i++) {
		const struct watch_mount *other = &w->mounts[i];

		if (other != mount && !other->refused &&
		    other->dev == mount->dev &&
		    (!same_root || !strcmp(other->root, mount->root)))
			return true;
	}
	return false;
}

/* Another way to what was mounted at @mount, or false if there is none. */
static bool find_other_path(const struct watch_mount *mount,
			    const struct mount_table *table, char *path)
{
	struct statx top;
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct mount_entry *entry = &table->list[i];
		size_t skip = strcmp(entry->root, "/") ? strlen(entry->root) : 0;

		if (entry->dev != mount->dev ||
		    !path_is_below(mount->root, entry->root) ||
		    !is_visible(entry, &top))
			continue;
		return snprintf(path, PATH_MAX, "%s%s", entry->point,
				mount->root + skip) < PATH_MAX;
	}
	return false;
}

/* Its file system may live on elsewhere, and is not to be watched there. */
static void forget_mount(struct watch *w, size_t index,
			 const struct mount_table *table)
{
	struct watch_mount *mount = &w->mounts[index];
	char path[PATH_MAX];

	if (mount->below && find_other_path(mount, table, path)) {
		if (!is_shared(w, mount, true))
			fanfp_group__remove_root(w->group, path, FANFP_INCLUDE);
		if (!is_shared(w, mount, false))
			mark_fs(w, FAN_MARK_REMOVE, path);
	}
	free_mount(mount);
	memmove(mount, mount + 1, (--w->n_mounts - index) * sizeof(*mount));
}

static void forget_unwanted(struct watch *w, const struct mount_table *table)
{
	size_t i = 0, j;

	while (i < w->n_mounts) {
		struct watch_mount *mount = &w->mounts[i];
		bool there = false;

		for (j = 0; j < table->count && !there; j++)
			there = find_mount(w, &table->list[j]) == mount;
		if (there && (!mount->below || is_wanted(w, mount->point))) {
			i++;
			continue;
		}
		if (mount->below)
			fprintf(stderr, "No longer watching %s: %s.\n",
				mount->point,
				there ? "it has been moved" : "unmounted");
		forget_mount(w, i, table);
	}
}

/**
 * watch_look_at_mounts() - follow what has been mounted and unmounted
 * @w: What is watched.
 *
 * Return: 0, or EXIT_FAILED if nothing is left to watch.
 */
int watch_look_at_mounts(struct watch *w)
{
	struct mount_table table;
	size_t i, left = 0;
	int err;

	err = mount_table_read(&table);
	if (err)
		return failed("/proc/self/mountinfo: %s", strerror(-err));
	find_roots(w, &table);
	forget_unwanted(w, &table);
	add_wanted(w, &table);
	for (i = 0; i < w->n_roots; i++)
		left += w->roots[i].kind == FANFP_INCLUDE &&
			mount_table_find(&table, w->roots[i].mount_id);
	mount_table_free(&table);
	return left ? 0 : failed("nothing is left to watch");
}

/* --- start and end ------------------------------------------------------------------ */

/* The handle of a directory and the id of its mount. */
static int get_handle(struct watch_root *root)
{
	root->handle = calloc(1, sizeof(*root->handle) + MAX_HANDLE_SZ);
	if (!root->handle)
		return -ENOMEM;
	root->handle->handle_bytes = MAX_HANDLE_SZ;
	return name_to_handle_at(AT_FDCWD, root->dir, root->handle,
				 &root->mount_id, AT_SYMLINK_FOLLOW) ?
		-errno : 0;
}

/**
 * watch_add_root() - mark a directory as a root
 * @w: What is watched; not yet started.
 * @dir: The directory.
 * @kind: Whether what is below it is wanted.
 *
 * Return: 0 or EXIT_FAILED, with a message.
 */
int watch_add_root(struct watch *w, const char *dir, enum fanfp_root kind)
{
	struct watch_root *list, *root;
	int err;

	list = reallocarray(w->roots, w->n_roots + 1, sizeof(*list));
	if (!list)
		return failed("%s: %s", dir, strerror(ENOMEM));
	w->roots = list;
	root = &list[w->n_roots++];
	*root = (struct watch_root){ .dir = dir, .kind = kind };

	if (fanfp_group__add_root(w->group, dir, kind) < 0)
		return EXIT_FAILED;
	err = get_handle(root);
	return err ? failed("%s: %s", dir, strerror(-err)) : 0;
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
			      root->dir);
	err = add_mount(w, entry, false);
	if (!err)
		err = mark_fs(w, FAN_MARK_ADD, root->dir);
	if (err)
		return failed("%s: cannot watch its file system: %s", root->dir,
			      mark_error(-err));
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
		if (w->roots[i].kind == FANFP_INCLUDE)
			fprintf(stderr, "Watching %s.\n", w->roots[i].dir);
	}
	return err;
}

/* watch_end() - free what the other functions have allocated */
void watch_end(struct watch *w)
{
	size_t i;

	for (i = 0; i < w->n_roots; i++) {
		free(w->roots[i].handle);
		free(w->roots[i].now);
	}
	free(w->roots);
	for (i = 0; i < w->n_mounts; i++)
		free_mount(&w->mounts[i]);
	free(w->mounts);
	if (w->mountinfo >= 0)
		close(w->mountinfo);
}
