// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - names of files and processes, which may be any bytes, as UTF-8
 */
#include <string.h>

#include "utf8.h"

/* What stands for a byte that is not of a character in UTF-8. */
#define REPLACEMENT	"\xef\xbf\xbd"

size_t utf8_len(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	/* Where the second byte has to be, so that each has only one form. */
	unsigned char low = *c == 0xe0 ? 0xa0 : *c == 0xf0 ? 0x90 : 0x80;
	unsigned char high = *c == 0xed ? 0x9f : *c == 0xf4 ? 0x8f : 0xbf;
	size_t i, len = *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : 4;

	if (*c < 0x80)
		return 1;
	if (*c < 0xc2 || *c > 0xf4 || c[1] < low || c[1] > high)
		return 0;
	for (i = 2; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool to_utf8(const char *text, char *utf8)
{
	bool valid = true;
	size_t len;

	while (*text) {
		len = utf8_len(text);
		if (len) {
			memcpy(utf8, text, len);
			utf8 += len;
			text += len;
		} else {
			utf8 = stpcpy(utf8, REPLACEMENT);
			text++;
			valid = false;
		}
	}
	*utf8 = '\0';
	return valid;
}
