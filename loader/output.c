// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - text and JSON from one code path
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "tool.h"
#include "utf8.h"

#define MAX_DEPTH	8

/* What is open, outermost first; the first owns the others. */
static struct json_object *stack[MAX_DEPTH];
static unsigned int depth;
/* Finished, not yet written. */
static struct json_object *whole;

void clean_text(const char *text, char *clean, size_t size)
{
	while (*text) {
		size_t len = utf8_len(text);
		unsigned char c = *text, next = text[1];
		/* U+0080 to U+009f are control characters, too. */
		bool control = c < ' ' || c == 127 || (c == 0xc2 && next < 0xa0);
		bool bad = !len || control;

		if (size <= (bad ? 1 : len))
			break;
		if (bad)
			*clean = '?';
		else
			memcpy(clean, text, len);
		clean += bad ? 1 : len;
		size -= bad ? 1 : len;
		text += len ?: 1;
	}
	*clean = '\0';
}

static void add(const char *key, struct json_object *value)
{
	struct json_object *parent = depth ? stack[depth - 1] : NULL;

	if (!parent)
		json_object_put(value);
	else if (json_object_is_type(parent, json_type_array))
		json_object_array_add(parent, value);
	else
		json_object_object_add(parent, key, value);
}

static void open_value(const char *key, struct json_object *value)
{
	if (depth)
		add(key, value);
	else
		whole = value;
	stack[depth++] = value;
}

void out_list(const char *key)
{
	if (options.json)
		open_value(key, json_object_new_array());
}

void out_object(const char *key)
{
	if (options.json)
		open_value(key, json_object_new_object());
}

void out_close(void)
{
	if (options.json)
		depth--;
}

void out_number(const char *key, const char *format, unsigned long long number)
{
	if (options.json && key)
		add(key, json_object_new_uint64(number));
	else if (!options.json && format)
		printf(format, number);
}

void out_rate(const char *key, const char *format, double rate)
{
	char text[64];

	if (options.json && key) {
		snprintf(text, sizeof(text), "%.3f", rate);
		add(key, json_object_new_double_s(rate, text));
	} else if (!options.json && format) {
		printf(format, rate);
	}
}

void out_string(const char *key, const char *format, const char *string)
{
	size_t size = string ? 3 * strlen(string) + 1 : 0;
	char *clean = string ? malloc(size) : NULL;

	if (options.json && key) {
		if (clean)
			to_utf8(string, clean);
		add(key, clean ? json_object_new_string(clean) : NULL);
	} else if (!options.json && format && clean) {
		clean_text(string, clean, size);
		printf(format, clean);
	}
	free(clean);
}

void out_bool(const char *key, const char *text, bool value)
{
	if (options.json && key)
		add(key, json_object_new_boolean(value));
	else if (!options.json && text && value)
		fputs(text, stdout);
}

void out_text(const char *format, ...)
{
	va_list args;

	if (options.json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

int out_end_or(const char *undone)
{
	if (whole)
		puts(json_object_to_json_string_ext(whole, options.pretty ?
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE :
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(whole);
	whole = NULL;
	if (fflush(stdout) || ferror(stdout))
		return failed("standard output: %s%s", strerror(errno), undone);
	return 0;
}

int out_end(void)
{
	return out_end_or("");
}
