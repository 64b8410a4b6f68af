// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - the paths of file handles
 *
 * An event has the handle of a directory, and that has a path as long as it is
 * there. By the time an event is read it may be gone: "rm -r" is faster. So the
 * paths that were found are remembered, and of directories that were made, moved
 * or deleted, the directory and the name there: those events have the handles
 * of both.
 */
#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch.h"

/* How many to remember, at least. */
#define PLACES		8192

/* Events after which a directory is, or was until then, where they say. */
#define TELLING		(FAN_CREATE | FAN_DELETE | FAN_MOVED_TO | FAN_RENAME)

/* What is known of a directory. */
struct place {
	struct watch_fid fid;
	/* As it was found in @batch, or NULL. */
	char *path;
	unsigned int batch;
	bool current;
	/* The key of the directory it was in, and its name there; or NULL. */
	char *parent, *name;
};

static void free_place(struct lh_entry *entry)
{
	struct place *place = lh_entry_v(entry);

	free(lh_entry_k(entry));
	if (!place)
		return;
	free(place->fid.handle);
	free(place->path);
	free(place->parent);
	free(place->name);
	free(place);
}

int watch_place_init(struct watch *w)
{
	return watch_memory_init(&w->places, PLACES, free_place);
}

/**
 * watch_fid_of() - the file that a record of an event is about
 * @info: The record, which has to stay.
 */
struct watch_fid watch_fid_of(const struct fanotify_event_info_fid *info)
{
	struct watch_fid fid = { .handle = (struct file_handle *)info->handle };

	memcpy(&fid.fsid, &info->fsid, sizeof(fid.fsid));
	return fid;
}

/**
 * watch_fid_text() - write a fid in hexadecimal
 * @fid: The fid.
 * @text: Gets up to WATCH_FID_MAX bytes.
 */
void watch_fid_text(const struct watch_fid *fid, char *text)
{
	unsigned int i;

	text += sprintf(text, "%08x%08x:%x:", fid->fsid.__val[0],
			fid->fsid.__val[1], fid->handle->handle_type);
	for (i = 0; i < fid->handle->handle_bytes; i++)
		text += sprintf(text, "%02x", fid->handle->f_handle[i]);
}

/* What is known of @fid, be it nothing; good until many others are asked for. */
static struct place *find_place(struct watch *w, const struct watch_fid *fid)
{
	size_t size = sizeof(*fid->handle) + fid->handle->handle_bytes;
	char key[WATCH_FID_MAX];
	struct place *place;

	watch_fid_text(fid, key);
	place = watch_memory_find(&w->places, key);
	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->fid.fsid = fid->fsid;
	place->fid.handle = malloc(size);
	if (!place->fid.handle) {
		free(place);
		return NULL;
	}
	memcpy(place->fid.handle, fid->handle, size);
	return watch_memory_add(&w->places, key, place) ? NULL : place;
}

/* The path, to be freed, or NULL; what is deleted may still have its last one. */
static char *open_place(struct watch *w, struct place *place)
{
	bool deleted;
	char *path;
	int fd;

	fd = open_by_handle_at(watch_mount_fd(w, &place->fid.fsid),
			       place->fid.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	path = watch_path_of_fd(fd, &deleted);
	close(fd);
	place->current = path && !deleted;
	return path;
}

/* Find the path, once for the events that were read together. */
static void find_path(struct watch *w, struct place *place)
{
	struct place *parent;
	char *path;

	if (place->batch == w->batch)
		return;
	place->batch = w->batch;
	place->current = false;
	path = open_place(w, place);
	if (!path && place->parent) {
		parent = watch_memory_find(&w->places, place->parent);
		if (parent)
			find_path(w, parent);
		if (parent && parent->path &&
		    asprintf(&path, "%s/%s",
			     strcmp(parent->path, "/") ? parent->path : "",
			     place->name) < 0)
			path = NULL;
	}
	if (!path || strlen(path) >= PATH_MAX) {
		free(path);
		return;
	}
	free(place->path);
	place->path = path;
}

/**
 * watch_place_find() - find the path of a directory
 * @w: What is watched.
 * @fid: The directory.
 * @path: Gets its path, or where it was, or "(unknown)".
 *
 * Return: Whether it is there.
 */
bool watch_place_find(struct watch *w, const struct watch_fid *fid, char *path)
{
	struct place *place = find_place(w, fid);

	if (place)
		find_path(w, place);
	if (!place || !place->path) {
		strcpy(path, "(unknown)");
		return false;
	}
	strcpy(path, place->path);
	return place->current;
}

/**
 * watch_place_set() - remember the path of a directory
 * @w: What is watched.
 * @fid: The directory.
 * @path: Its path.
 */
void watch_place_set(struct watch *w, const struct watch_fid *fid,
		     const char *path)
{
	struct place *place = find_place(w, fid);

	if (place && !place->path)
		place->path = strdup(path);
}

/**
 * watch_place_learn() - remember where a directory is
 * @w: What is watched.
 * @event: An event, which may be about a directory.
 *
 * For all events that were read together, before the path of any is asked for:
 * that a directory was deleted tells where the files in it have been.
 */
void watch_place_learn(struct watch *w, const struct watch_event *event)
{
	const struct watch_place *at = event->to.info ? &event->to :
							&event->from;
	struct watch_fid fid, parent_fid;
	char key[WATCH_FID_MAX];
	struct place *place;

	if (!(event->mask & FAN_ONDIR) || !(event->mask & TELLING) ||
	    !event->object || !*at->name)
		return;
	fid = watch_fid_of(event->object);
	parent_fid = watch_fid_of(at->info);
	place = find_place(w, &fid);
	if (!place || !find_place(w, &parent_fid))
		return;
	watch_fid_text(&parent_fid, key);
	free(place->parent);
	free(place->name);
	place->parent = strdup(key);
	place->name = strdup(at->name);
	if (!place->name) {
		free(place->parent);
		place->parent = NULL;
	}
}
