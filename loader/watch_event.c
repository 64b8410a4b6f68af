// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - what an event says: what happened, where, and who did it
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "watch.h"

/* What can be asked for; the capitals are printed, in the order of what befalls a file. */
static const struct {
	const char *name;
	uint64_t bits;
} event_names[] = {
	{ "CREATE", FAN_CREATE },
	{ "OPEN", FAN_OPEN },
	{ "OPEN_EXEC", FAN_OPEN_EXEC },
	{ "ACCESS", FAN_ACCESS },
	{ "MODIFY", FAN_MODIFY },
	{ "ATTRIB", FAN_ATTRIB },
	{ "CLOSE_WRITE", FAN_CLOSE_WRITE },
	{ "CLOSE_NOWRITE", FAN_CLOSE_NOWRITE },
	{ "MOVED_FROM", FAN_MOVED_FROM },
	{ "MOVED_TO", FAN_MOVED_TO },
	{ "RENAME", FAN_RENAME },
	{ "DELETE", FAN_DELETE },
	{ "DELETE_SELF", FAN_DELETE_SELF },
	{ "MOVE_SELF", FAN_MOVE_SELF },
	/* Not asked for, but printed. */
	{ "ISDIR", FAN_ONDIR },
	{ "OVERFLOW", FAN_Q_OVERFLOW },
	{ "DROPPED", WATCH_DROPPED },
	/* Not printed. */
	{ "close", FAN_CLOSE },
	{ "move", FAN_MOVED_FROM | FAN_MOVED_TO },
	{ "all", FAN_ACCESS | FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE | FAN_OPEN |
		 FAN_OPEN_EXEC | FAN_RENAME | FAN_CREATE | FAN_DELETE |
		 WATCH_SELF },
};

#define N_NAMES		(sizeof(event_names) / sizeof(event_names[0]))
#define N_PRINTED	(N_NAMES - 3)
#define NOT_ASKED_FOR	(FAN_ONDIR | FAN_Q_OVERFLOW | WATCH_DROPPED)

static uint64_t parse_event(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_NAMES; i++) {
		if (strlen(event_names[i].name) == len &&
		    !strncasecmp(name, event_names[i].name, len))
			return event_names[i].bits & ~NOT_ASKED_FOR;
	}
	return 0;
}

/**
 * watch_parse_events() - read a list of events
 * @list: Names with commas between them.
 *
 * Return: The bits of a mask; 0, with a message, if a name is unknown.
 */
uint64_t watch_parse_events(const char *list)
{
	uint64_t mask = 0, bits;
	size_t len;

	for (;;) {
		len = strcspn(list, ",");
		bits = parse_event(list, len);
		if (!bits) {
			wrong_usage("watch", "--event: '%.*s' is no event",
				    (int)len, list);
			return 0;
		}
		mask |= bits;
		if (!list[len])
			return mask;
		list += len + 1;
	}
}

/**
 * watch_event_name() - list the names of what happened
 * @event: The event.
 * @at: 0 for the first name; moved on.
 *
 * Return: The next name, or NULL.
 */
const char *watch_event_name(const struct watch_event *event, size_t *at)
{
	while (*at < N_PRINTED) {
		size_t i = (*at)++;

		if (event->mask & event_names[i].bits)
			return event_names[i].name;
	}
	return NULL;
}

static void set_place(struct watch_place *place,
		      const struct fanotify_event_info_fid *info)
{
	const struct file_handle *handle = (const void *)info->handle;

	place->info = info;
	place->name = (const char *)handle->f_handle + handle->handle_bytes;
	/* What the name of a directory in itself is. */
	if (!strcmp(place->name, "."))
		place->name = "";
}

/**
 * watch_event_read() - find what is in an event
 * @metadata: The event, which has to stay.
 * @event: Gets it; without paths and the process.
 *
 * Return: Whether it says where it was. A change of the number of links of a
 * file, for one, does not: what made it has an event that does.
 */
bool watch_event_read(const struct fanotify_event_metadata *metadata,
		      struct watch_event *event)
{
	const char *at = (const char *)metadata + metadata->metadata_len;
	const char *end = (const char *)metadata + metadata->event_len;

	event->mask = metadata->mask;
	event->pid = metadata->pid;
	event->from.info = NULL;
	event->to.info = NULL;
	event->object = NULL;
	while (at < end) {
		const struct fanotify_event_info_fid *info = (const void *)at;

		switch (info->hdr.info_type) {
		case FAN_EVENT_INFO_TYPE_DFID_NAME:
		case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
			set_place(&event->from, info);
			break;
		case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
			set_place(&event->to, info);
			break;
		case FAN_EVENT_INFO_TYPE_FID:
			event->object = info;
		}
		at += info->hdr.len;
	}
	return event->from.info;
}

static void find_place(struct watch *w, struct watch_place *place)
{
	struct watch_fid fid = watch_fid_of(place->info);

	place->current = watch_place_find(w, &fid, place->dir);
}

/**
 * watch_event_complete() - find the paths of an event, and who caused it
 * @w: What is watched.
 * @event: As watch_event_read() left it.
 */
void watch_event_complete(struct watch *w, struct watch_event *event)
{
	event->process = watch_process_find(w, event->pid);
	find_place(w, &event->from);
	if (event->to.info)
		find_place(w, &event->to);
}

/**
 * watch_place_path() - the path of a place
 * @place: The place.
 * @path: Gets up to WATCH_PATH_MAX bytes.
 */
void watch_place_path(const struct watch_place *place, char *path)
{
	const char *slash = *place->name && strcmp(place->dir, "/") ? "/" : "";

	snprintf(path, WATCH_PATH_MAX, "%s%s%s", place->dir, slash, place->name);
}
