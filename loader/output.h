/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - text and JSON from one code path
 *
 * A value has a key, for JSON, and a format, for text; where one of the two is
 * NULL it is left out there. Text is written as it comes, JSON by out_end().
 * What processes and files are called is made fit for either.
 */
#ifndef _FANFP_OUTPUT_H
#define _FANFP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* The outermost and each that is in a list has no key. */
void out_list(const char *key);
void out_object(const char *key);
/* The end of the innermost of these. */
void out_close(void);

/* @format is for an unsigned long long. */
void out_number(const char *key, const char *format, unsigned long long number);
/* @format is for a double. */
void out_rate(const char *key, const char *format, double rate);
/* @format is for a const char *. A NULL string is null, and no text. */
void out_string(const char *key, const char *format, const char *string);
/* @text is for one that is true. */
void out_bool(const char *key, const char *text, bool value);

/* Only text. */
__attribute__((format(printf, 1, 2)))
void out_text(const char *format, ...);

/* Write all; returns 0, or EXIT_FAILED with a message. */
int out_end(void);
/* The same for a command that then undoes what it did, which the message says. */
int out_end_or(const char *undone);

/*
 * Make @text, which somebody else has chosen, fit for a terminal: UTF-8 without
 * control characters, at most @size bytes.
 */
void clean_text(const char *text, char *clean, size_t size);

#endif /* _FANFP_OUTPUT_H */
