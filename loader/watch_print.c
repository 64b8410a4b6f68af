// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - events: their names, and a line for each
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "watch.h"

static const struct {
	const char *name;
	uint64_t bit;
} event_names[] = {
	{ "ACCESS", FAN_ACCESS },
	{ "MODIFY", FAN_MODIFY },
	{ "ATTRIB", FAN_ATTRIB },
	{ "CLOSE_WRITE", FAN_CLOSE_WRITE },
	{ "CLOSE_NOWRITE", FAN_CLOSE_NOWRITE },
	{ "OPEN", FAN_OPEN },
	{ "CREATE", FAN_CREATE },
	{ "DELETE", FAN_DELETE },
	{ "RENAME", FAN_RENAME },
	/* Not an event, but printed with it. */
	{ "ISDIR", FAN_ONDIR },
};

#define N_EVENTS	(sizeof(event_names) / sizeof(event_names[0]))

/**
 * watch_parse_events() - read a list of events
 * @list: Names with commas between them; written to.
 *
 * Return: The bits of a mask; 0, with a message, if a name is unknown.
 */
uint64_t watch_parse_events(char *list)
{
	uint64_t mask = 0;
	char *word;
	size_t i;

	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		for (i = 0; i < N_EVENTS - 1; i++) {
			if (!strcasecmp(word, event_names[i].name))
				break;
		}
		if (i == N_EVENTS - 1) {
			wrong_usage("watch", "--event %s: no such event", word);
			return 0;
		}
		mask |= event_names[i].bit;
	}
	if (!mask)
		wrong_usage("watch", "--event names no event");
	return mask;
}

/* A name can have any byte but NUL and '/', a line can not. */
static void print_name(const char *name)
{
	for (; *name; name++) {
		unsigned char c = *name;

		if (c == '\\' || iscntrl(c))
			printf("\\%03o", c);
		else
			putchar(c);
	}
}

/* Print the path of the directory with the handle, and the name in it. */
static void print_place(struct watch *w,
			const struct fanotify_event_info_fid *info)
{
	struct file_handle *handle = (struct file_handle *)info->handle;
	const char *name = (char *)handle->f_handle + handle->handle_bytes;
	char link[64], path[PATH_MAX];
	ssize_t len;
	int fd;

	fd = open_by_handle_at(watch_mount_fd(w, &info->fsid), handle,
			       O_PATH | O_CLOEXEC);
	if (fd < 0) {
		/* Deleted meanwhile: there is no path to it any more. */
		fputs("(deleted)", stdout);
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, path, sizeof(path) - 1);
		close(fd);
		path[len < 0 ? 0 : len] = '\0';
		print_name(path);
	}
	/* The name of a directory in itself is ".". */
	if (strcmp(name, ".")) {
		if (fd < 0 || strcmp(path, "/"))
			putchar('/');
		print_name(name);
	}
}

/**
 * watch_print_event() - print a line for an event
 * @w: What is watched.
 * @event: The event.
 */
void watch_print_event(struct watch *w,
		       const struct fanotify_event_metadata *event)
{
	const char *at = (const char *)event + event->metadata_len;
	const char *end = (const char *)event + event->event_len;
	const char *comma = "";
	size_t i;

	if (event->mask & FAN_Q_OVERFLOW) {
		printf("OVERFLOW: events were lost\n");
		return;
	}
	for (i = 0; i < N_EVENTS; i++) {
		if (event->mask & event_names[i].bit) {
			printf("%s%s", comma, event_names[i].name);
			comma = ",";
		}
	}
	while (at < end) {
		const struct fanotify_event_info_header *info = (const void *)at;

		switch (info->info_type) {
		case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
			fputs(" ->", stdout);
			/* fall through */
		case FAN_EVENT_INFO_TYPE_DFID_NAME:
		case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
			putchar(' ');
			print_place(w, (const void *)at);
		}
		at += info->len;
	}
	putchar('\n');
}
