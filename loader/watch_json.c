// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - events as JSON, one object a line
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "utf8.h"
#include "watch.h"

static void add(struct json_object *object, const char *key,
		struct json_object *value)
{
	json_object_object_add(object, key, value);
}

/* A path; if it is not UTF-8, also its bytes, in hexadecimal. */
static void add_path(struct json_object *object, const char *key,
		     const char *hex_key, const struct watch_place *place)
{
	char path[WATCH_PATH_MAX], text[3 * WATCH_PATH_MAX];
	bool valid;
	size_t i;

	watch_place_path(place, path);
	valid = to_utf8(path, text);
	add(object, key, json_object_new_string(text));
	if (valid)
		return;
	for (i = 0; path[i]; i++)
		sprintf(text + 2 * i, "%02x", (unsigned char)path[i]);
	add(object, hex_key, json_object_new_string(text));
}

static void add_time(struct json_object *object, const struct watch *w)
{
	const char *format = w->options->time_format;
	char text[64];

	if (format) {
		add(object, "time",
		    json_object_new_string(watch_time(w, format)));
		return;
	}
	snprintf(text, sizeof(text), "%lld.%06ld",
		 (long long)w->time.tv_sec, w->time.tv_nsec / 1000);
	add(object, "time", json_object_new_double_s(strtod(text, NULL), text));
}

static void add_process(struct json_object *object,
			const struct watch_process *process)
{
	char comm[3 * WATCH_COMM_MAX];

	add(object, "pid", json_object_new_int64(process->pid));
	to_utf8(process->comm, comm);
	add(object, "comm", process->known ? json_object_new_string(comm) : NULL);
	add(object, "uid", process->known ?
	    json_object_new_int64(process->uid) : NULL);
}

static void add_places(struct json_object *object,
		       const struct watch_event *event)
{
	bool current = event->from.current;
	char text[WATCH_FID_MAX];
	struct watch_fid fid;

	add_path(object, "path", "path_hex", &event->from);
	if (event->to.info) {
		add_path(object, "new_path", "new_path_hex", &event->to);
		current &= event->to.current;
	}
	if (!current)
		add(object, "gone", json_object_new_boolean(true));
	fid = watch_fid_of(event->object ?: event->from.info);
	watch_fid_text(&fid, text);
	add(object, "file", json_object_new_string(text));
}

/**
 * watch_print_json() - print an event as JSON
 * @w: What is watched.
 * @event: The event.
 */
void watch_print_json(const struct watch *w, const struct watch_event *event)
{
	struct json_object *object = json_object_new_object();
	struct json_object *names = json_object_new_array();
	const char *name;
	size_t at = 0;

	add_time(object, w);
	while ((name = watch_event_name(event, &at)))
		json_object_array_add(names, json_object_new_string(name));
	add(object, "events", names);
	if (event->mask & WATCH_DROPPED)
		add(object, "dropped", json_object_new_int64(event->dropped));
	if (event->from.info) {
		add_process(object, event->process);
		add_places(object, event);
	}
	fprintf(w->output.stream, "%s\n", json_object_to_json_string_ext(object,
		JSON_C_TO_STRING_NOSLASHESCAPE | (options.pretty ?
		JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN)));
	json_object_put(object);
}
