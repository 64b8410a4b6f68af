// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - what is printed of an event
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "watch.h"

/* About no file, but about events that are not printed. */
#define NO_PLACE	(FAN_Q_OVERFLOW | WATCH_DROPPED)

typedef void (*put_fn)(const char *text, FILE *out);

/* A name can have any byte but NUL and '/', a line can not. */
static void put_line(const char *text, FILE *out)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '\\' || iscntrl(c))
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
}

static void put_raw(const char *text, FILE *out)
{
	fputs(text, out);
}

static void put_names(const struct watch_event *event, char separator,
		      FILE *out)
{
	const char *name;
	size_t at = 0;
	int count = 0;

	while ((name = watch_event_name(event, &at))) {
		if (count++)
			fputc(separator, out);
		fputs(name, out);
	}
}

/**
 * watch_time() - when events were read
 * @w: What is watched.
 * @format: As of strftime(3), or NULL.
 *
 * Return: The time in that format, good until the next call.
 */
const char *watch_time(const struct watch *w, const char *format)
{
	static char text[256];
	struct tm tm;

	localtime_r(&w->time.tv_sec, &tm);
	if (!strftime(text, sizeof(text), format ?: "%FT%T%z", &tm))
		*text = '\0';
	return text;
}

/* The path of a directory, with a slash at its end. */
static void put_dir(const struct watch_place *place, FILE *out,
		    put_fn put)
{
	if (!place->info)
		return;
	put(place->dir, out);
	if (strcmp(place->dir, "/"))
		fputc('/', out);
}

static void put_name(const struct watch_place *place, FILE *out,
		     put_fn put)
{
	if (place->info)
		put(place->name, out);
}

static void put_uid(const struct watch_process *process, FILE *out)
{
	if (process->known)
		fprintf(out, "%u", process->uid);
	else
		fputc('?', out);
}

/* --- a line of text ---------------------------------------------------------------- */

static void put_path(const struct watch_place *place, FILE *out)
{
	char path[WATCH_PATH_MAX];

	watch_place_path(place, path);
	put_line(path, out);
}

static void put_lost(const struct watch *w, const struct watch_event *event,
		     FILE *out)
{
	if (event->mask & FAN_Q_OVERFLOW)
		fputs("OVERFLOW: events were lost\n", out);
	else
		fprintf(out, "DROPPED: %ld events, above %ld a second\n",
			event->dropped, w->options->rate);
}

static void print_text(const struct watch *w, const struct watch_event *event,
		       FILE *out)
{
	if (w->options->time_format) {
		put_line(watch_time(w, w->options->time_format), out);
		fputc(' ', out);
	}
	if (event->mask & NO_PLACE) {
		put_lost(w, event, out);
		return;
	}
	put_line(event->process->comm, out);
	fprintf(out, "(%d) uid ", (int)event->pid);
	put_uid(event->process, out);
	fputs(": ", out);
	put_names(event, ',', out);
	fputc(' ', out);
	put_path(&event->from, out);
	if (event->to.info) {
		fputs(" -> ", out);
		put_path(&event->to, out);
	}
	fputc('\n', out);
}

/* --- --format ---------------------------------------------------------------------- */

/* A number that two events have in common if they are about the same file. */
static unsigned int cookie(const struct watch_event *event)
{
	char text[WATCH_FID_MAX];
	unsigned int hash = 0;
	struct watch_fid fid;
	const char *c;

	if (!event->object || !(event->mask & FAN_MOVE))
		return 0;
	fid = watch_fid_of(event->object);
	watch_fid_text(&fid, text);
	for (c = text; *c; c++)
		hash = hash * 31 + *c;
	return hash;
}

static void put_fid(const struct watch_event *event, FILE *out)
{
	const struct fanotify_event_info_fid *info =
		event->object ?: event->from.info;
	char text[WATCH_FID_MAX];
	struct watch_fid fid;

	if (!info)
		return;
	fid = watch_fid_of(info);
	watch_fid_text(&fid, text);
	fputs(text, out);
}

static const char conversions[] = "wfWFeTpCuci0n%";

/*
 * Read what is after a '%': a conversion, or a character and an 'e', which is to
 * be between the events. Returns what is after that; NULL if it is neither.
 */
static const char *read_conversion(const char *at, char *conversion,
				   char *separator)
{
	*separator = ',';
	*conversion = *at;
	if (*at && strchr(conversions, *at))
		return at + 1;
	if (!*at || at[1] != 'e')
		return NULL;
	*separator = *at;
	*conversion = 'e';
	return at + 2;
}

static void convert(const struct watch *w, const struct watch_event *event,
		    char conversion, char separator, FILE *out,
		    put_fn put)
{
	switch (conversion) {
	case 'w':
		put_dir(&event->from, out, put);
		break;
	case 'f':
		put_name(&event->from, out, put);
		break;
	case 'W':
		put_dir(&event->to, out, put);
		break;
	case 'F':
		put_name(&event->to, out, put);
		break;
	case 'e':
		put_names(event, separator, out);
		break;
	case 'T':
		put(watch_time(w, w->options->time_format), out);
		break;
	case 'p':
		fprintf(out, "%d", (int)event->pid);
		break;
	case 'C':
		put(event->process->comm, out);
		break;
	case 'u':
		put_uid(event->process, out);
		break;
	case 'c':
		fprintf(out, "%u", cookie(event));
		break;
	case 'i':
		put_fid(event, out);
		break;
	case '0':
		fputc('\0', out);
		break;
	case 'n':
		fputc('\n', out);
		break;
	default:
		fputc(conversion, out);
	}
}

/**
 * watch_format_has() - look for a conversion in a format
 * @format: The format.
 * @wanted: The conversion, or 0 to see whether all can be made.
 *
 * Return: 1 if it is there, 0 if not; -1, with a message, if another one there
 * can't be made.
 */
int watch_format_has(const char *format, char wanted)
{
	const char *percent, *after;
	char conversion, separator;
	int found = 0;

	for (percent = strchr(format, '%'); percent;
	     percent = strchr(after, '%')) {
		after = read_conversion(percent + 1, &conversion, &separator);
		if (!after) {
			wrong_usage("watch", "--format: there is no '%.2s'",
				    percent);
			return -1;
		}
		found |= conversion == wanted;
	}
	return found;
}

static void print_custom(const struct watch *w, const struct watch_event *event,
			 FILE *out)
{
	const char *at = w->options->custom;
	/* Who ends names with NUL takes them as they are. */
	put_fn put = watch_format_has(at, '0') ? put_raw : put_line;

	if (event->mask & NO_PLACE && !watch_format_has(at, 'e')) {
		/* It would look like a file without a name. */
		put_lost(w, event, stderr);
		return;
	}
	while (*at) {
		char conversion, separator;

		if (*at != '%') {
			fputc(*at++, out);
			continue;
		}
		at = read_conversion(at + 1, &conversion, &separator);
		convert(w, event, conversion, separator, out, put);
	}
	if (!w->options->no_newline)
		fputc('\n', out);
}

/* --- CSV --------------------------------------------------------------------------- */

/* Between quotes, a field can have any character. */
static void put_field(const char *text, FILE *out)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_dir_field(const struct watch_place *place, FILE *out)
{
	char dir[PATH_MAX + 1] = "";

	if (place->info)
		snprintf(dir, sizeof(dir), "%s%s", place->dir,
			 strcmp(place->dir, "/") ? "/" : "");
	put_field(dir, out);
	fputc(',', out);
}

static void print_csv(const struct watch *w, const struct watch_event *event,
		      FILE *out)
{
	bool several = event->mask & (event->mask - 1);

	/* The first three as fsnotifywait. */
	put_dir_field(&event->from, out);
	fputs(several ? "\"" : "", out);
	put_names(event, ',', out);
	fputs(several ? "\"," : ",", out);
	put_name(&event->from, out, put_field);
	fprintf(out, ",%d,", (int)event->pid);
	put_field(event->process->comm, out);
	fputc(',', out);
	put_uid(event->process, out);
	fputc(',', out);
	put_dir_field(&event->to, out);
	put_name(&event->to, out, put_field);
	fputc(',', out);
	put_field(watch_time(w, w->options->time_format), out);
	fputc('\n', out);
}

/**
 * watch_print() - print an event, in the format that was asked for
 * @w: What is watched.
 * @event: The event.
 */
void watch_print(const struct watch *w, const struct watch_event *event)
{
	FILE *out = w->output.stream;

	if (w->options->quiet > 1)
		return;
	switch (w->options->format) {
	case WATCH_TEXT:
		print_text(w, event, out);
		break;
	case WATCH_CUSTOM:
		print_custom(w, event, out);
		break;
	case WATCH_CSV:
		print_csv(w, event, out);
		break;
	case WATCH_JSON:
		watch_print_json(w, event);
	}
}
