/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - the names of bits
 */
#ifndef _FANFP_NAMES_H
#define _FANFP_NAMES_H

#include <stdint.h>

/* Bits with names; ends with one that has none. */
struct bit_name {
	uint64_t bit;
	const char *name;
};

extern const struct bit_name init_flag_names[];	/* of fanotify_init(2) */
extern const struct bit_name open_flag_names[];	/* of open(2) */
extern const struct bit_name mark_flag_names[];	/* of fanotify_mark(2) */
extern const struct bit_name event_bit_names[];	/* FAN_OPEN and so on */

/* The class that the flags of fanotify_init(2) choose. */
const char *class_name(uint32_t flags);

/* The access mode in the flags of open(2). */
const char *access_name(uint32_t flags);

/*
 * "open|ondir", behind @text if there are any; or a list. What has no name is a
 * hexadecimal number. Without @text, only the list.
 */
void out_bits(const char *key, const char *text, uint64_t bits,
	      const struct bit_name *names);

#endif /* _FANFP_NAMES_H */
