// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as a group with file handles and names reports them
 */
#include "oracle.h"

#define FID_TYPES	((1 << FAN_EVENT_INFO_TYPE_FID) |		\
			 (1 << FAN_EVENT_INFO_TYPE_DFID_NAME) |		\
			 (1 << FAN_EVENT_INFO_TYPE_DFID) |		\
			 (1 << FAN_EVENT_INFO_TYPE_OLD_DFID_NAME) |	\
			 (1 << FAN_EVENT_INFO_TYPE_NEW_DFID_NAME))

/* Returns -EINVAL for what no event should have. */
static int parse_record(const struct fanotify_event_info_header *header,
			struct record *record)
{
	const struct fanotify_event_info_fid *fid = (const void *)header;
	const struct file_handle *handle = (const void *)fid->handle;

	if (header->info_type >= 32 || !(FID_TYPES & 1 << header->info_type) ||
	    handle->handle_bytes > sizeof(record->handle.bytes))
		return -EINVAL;
	record->type = header->info_type;
	memcpy(&record->handle, handle, sizeof(*handle) + handle->handle_bytes);
	if (header->info_type != FAN_EVENT_INFO_TYPE_FID &&
	    header->info_type != FAN_EVENT_INFO_TYPE_DFID)
		snprintf(record->name, sizeof(record->name), "%s",
			 (const char *)handle->f_handle + handle->handle_bytes);
	return 0;
}

static int parse_event(const struct fanotify_event_metadata *metadata,
		       struct event *event)
{
	const char *at = (const char *)metadata + metadata->metadata_len;
	const char *end = (const char *)metadata + metadata->event_len;

	memset(event, 0, sizeof(*event));
	event->mask = metadata->mask;
	while (at < end) {
		const struct fanotify_event_info_header *header =
			(const void *)at;

		if (event->count == RECORDS ||
		    parse_record(header, &event->records[event->count++]))
			return -EINVAL;
		at += header->len;
	}
	return 0;
}

/* Give all that is queued to @take; returns its first error, or 0. */
int events_read(int group, int (*take)(const struct event *event, void *to),
		void *to)
{
	static __thread char buf[65536] __attribute__((aligned(8)));
	struct event event;
	ssize_t len;
	int err = 0;

	while ((len = read(group, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *metadata = (void *)buf;

		for (; !err && FAN_EVENT_OK(metadata, len);
		     metadata = FAN_EVENT_NEXT(metadata, len)) {
			err = parse_event(metadata, &event);
			if (err)
				printf("# event %llx has odd records\n",
				       (unsigned long long)metadata->mask);
			else
				err = take(&event, to);
		}
	}
	return err;
}

const struct record *event_record(const struct event *event, int type)
{
	int i;

	for (i = 0; i < event->count; i++) {
		if (event->records[i].type == type)
			return &event->records[i];
	}
	return NULL;
}

/* By all that keeps fanotify from merging two of one process. */
bool event_same(const struct event *a, const struct event *b)
{
	const __u64 apart = FAN_ONDIR | FAN_RENAME;

	return (a->mask & apart) == (b->mask & apart) && a->count == b->count &&
		!memcmp(a->records, b->records, sizeof(a->records));
}

void events_clear(struct events *events)
{
	events->count = 0;
}

/* Take an event into struct events: as merged as fanotify might have. */
int events_merge(const struct event *event, void *to)
{
	struct events *events = to;
	int i;

	for (i = 0; i < events->count; i++) {
		if (event_same(&events->events[i], event)) {
			events->events[i].mask |= event->mask;
			return 0;
		}
	}
	if (events->count == EVENTS) {
		printf("# too many events for one operation\n");
		return -E2BIG;
	}
	events->events[events->count++] = *event;
	return 0;
}

const char *mask_text(__u64 mask)
{
	static const struct {
		__u64 bit;
		const char *text;
	} bits[] = {
		{ FAN_ACCESS, "ACCESS" }, { FAN_MODIFY, "MODIFY" },
		{ FAN_ATTRIB, "ATTRIB" }, { FAN_OPEN, "OPEN" },
		{ FAN_CLOSE_WRITE, "CLOSE_WRITE" },
		{ FAN_CLOSE_NOWRITE, "CLOSE_NOWRITE" },
		{ FAN_MOVED_FROM, "MOVED_FROM" }, { FAN_MOVED_TO, "MOVED_TO" },
		{ FAN_CREATE, "CREATE" }, { FAN_DELETE, "DELETE" },
		{ FAN_DELETE_SELF, "DELETE_SELF" },
		{ FAN_MOVE_SELF, "MOVE_SELF" }, { FAN_RENAME, "RENAME" },
		{ FAN_Q_OVERFLOW, "Q_OVERFLOW" }, { FAN_ONDIR, "ONDIR" },
	};
	static char text[256];
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (mask & bits[i].bit)
			len += snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? "|" : "", bits[i].text);
	}
	return text;
}
