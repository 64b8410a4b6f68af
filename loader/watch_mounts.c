// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - the file systems that are watched
 *
 * Each has one mark. What is mounted below an included directory gets a mark,
 * and its top directory one as a root; when it is unmounted, they go. Which
 * directory a mount point is below is judged by path, at the time of each change
 * of the mounts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mountinfo.h"
#include "tool.h"
#include "watch.h"

/* --- file systems --------------------------------------------------------------- */

/* Why a file system can't be watched. */
const char *watch_mark_error(int err)
{
	switch (err) {
	case EOPNOTSUPP:
	case ENODEV:
		return "it has no file handles that last";
	case EXDEV:
		return "fanotify reports no names from a btrfs subvolume; watch the top of the file system, mounted with subvolid=5";
	case ENOSPC:
		return "no marks left; raise /proc/sys/fs/fanotify/max_user_marks";
	default:
		return strerror(err);
	}
}

int watch_mark_fs(struct watch *w, unsigned int flags, const char *path)
{
	uint64_t mask = w->options->mask & ~WATCH_SELF;

	return fanotify_mark(w->group, flags | FAN_MARK_FILESYSTEM,
			     mask | FAN_ONDIR, AT_FDCWD, path) ? -errno : 0;
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

int watch_add_mount(struct watch *w, const struct mount_entry *entry,
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
		if (w->roots[i].now && !w->roots[i].name &&
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
	const struct watch_root *root = watch_nearest_root(w, point);

	return !w->options->one_file_system && root && root->kind == FANFP_INCLUDE;
}

static int watch_below(struct watch *w, const struct mount_entry *entry)
{
	int err;

	err = fanotify_mark(w->group, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_ONDIR,
			    AT_FDCWD, entry->point) ? -errno : 0;
	if (!err)
		err = watch_mark_fs(w, FAN_MARK_ADD, entry->point);
	if (!err)
		err = watch_add_mount(w, entry, true);
	return err;
}

/* Say once why a mount is not watched. */
static void refuse(struct watch *w, const struct mount_entry *entry, int err)
{
	if (w->options->quiet > 1)
		;
	else if (err == -ENOTDIR)
		fprintf(stderr, "Not watching %s: a file from elsewhere is mounted there.\n",
			entry->point);
	else
		fprintf(stderr, "Not watching %s, where a %s is mounted: %s.\n",
			entry->point, entry->type, watch_mark_error(-err));
	if (!watch_add_mount(w, entry, false))
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
			watch_say(w, "Watching %s, where a %s is mounted.",
				  entry->point, entry->type);
		else
			refuse(w, entry, err);
	}
}

/*
 * Whether one of the mounts, but this, needs the same mark: of the file system,
 * or, if it was not named and so is watched as a whole, of its top directory.
 */
static bool is_shared(const struct watch *w, const struct watch_mount *mount,
		      bool same_root)
{
	size_t i;

	for (i = 0; i < w->n_mounts; i++) {
		const struct watch_mount *other = &w->mounts[i];

		if (other != mount && !other->refused &&
		    other->dev == mount->dev &&
		    (!same_root || (other->below &&
				    !strcmp(other->root, mount->root))))
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
static void unwatch_below(struct watch *w, const struct watch_mount *mount,
			  const struct mount_table *table)
{
	const struct mount_entry *entry = mount_table_find(table, mount->id);
	char path[PATH_MAX];

	if (find_other_path(mount, table, path)) {
		if (!is_shared(w, mount, true))
			fanfp_group__remove_root(w->group, path, FANFP_INCLUDE);
		if (!is_shared(w, mount, false))
			watch_mark_fs(w, FAN_MARK_REMOVE, path);
	}
	watch_say(w, "No longer watching %s: %s.", mount->point,
		  entry && entry->dev == mount->dev ? "it has been moved" :
						      "unmounted");
}

static void forget_mount(struct watch *w, size_t index)
{
	struct watch_mount *mount = &w->mounts[index];

	free_mount(mount);
	memmove(mount, mount + 1, (--w->n_mounts - index) * sizeof(*mount));
}

static void forget_unwanted(struct watch *w, const struct mount_table *table)
{
	size_t i = 0;

	while (i < w->n_mounts) {
		struct watch_mount *mount = &w->mounts[i];
		const struct mount_entry *entry =
			mount_table_find(table, mount->id);

		if (entry && find_mount(w, entry) == mount &&
		    (!mount->below || is_wanted(w, mount->point))) {
			i++;
			continue;
		}
		if (mount->below)
			unwatch_below(w, mount, table);
		forget_mount(w, i);
	}
}

/**
 * watch_look_at_mounts() - follow what has been mounted and unmounted
 * @w: What is watched.
 *
 * Return: 0, or EXIT_FAILED with a message.
 */
int watch_look_at_mounts(struct watch *w)
{
	struct mount_table table;
	int err;

	err = mount_table_read(&table);
	if (err)
		return failed("/proc/self/mountinfo: %s", strerror(-err));
	watch_find_roots(w, &table);
	forget_unwanted(w, &table);
	add_wanted(w, &table);
	mount_table_free(&table);
	return 0;
}

/* watch_free_mounts() - free all that is known of mounts */
void watch_free_mounts(struct watch *w)
{
	size_t i;

	for (i = 0; i < w->n_mounts; i++)
		free_mount(&w->mounts[i]);
	free(w->mounts);
	if (w->mountinfo >= 0)
		close(w->mountinfo);
}
