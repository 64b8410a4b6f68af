/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - names of files and processes, which may be any bytes, as UTF-8
 */
#ifndef _FANFP_UTF8_H
#define _FANFP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character that @text starts with, or 0 if it is none. */
size_t utf8_len(const char *text);

/* Copy as UTF-8, up to three times as long; returns whether it was that. */
bool to_utf8(const char *text, char *utf8);

#endif /* _FANFP_UTF8_H */
