/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the files of libfanfp share
 */
#ifndef _FANFP_INTERNAL_H
#define _FANFP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "fanfp.h"

#define FANFP_SYSFS	"/sys/kernel/fanotify_fastpath"
#define FANFP_DEVICE	"/dev/fanotify_fastpath"

/* Read a member of an opts structure that an older caller may not have. */
#define OPTS_GET(_opts, _member, _default)				\
	((_opts) && (_opts)->sz >= offsetof(typeof(*(_opts)), _member) +	\
	 sizeof((_opts)->_member) ? (_opts)->_member : (_default))

/*
 * Whether an opts structure can be read: a newer caller's may be longer, but
 * must not ask for what this library does not know.
 */
static inline bool opts_ok(const void *opts, size_t known)
{
	const char *byte = opts;
	size_t sz, i;

	if (!opts)
		return true;
	memcpy(&sz, opts, sizeof(sz));
	if (sz < sizeof(sz))
		return false;
	for (i = known; i < sz; i++) {
		if (byte[i])
			return false;
	}
	return true;
}

#define OPTS_OK(_opts)	opts_ok(_opts, sizeof(*(_opts)))

/* A handler in the library. */
struct fanfp_builtin {
	const char *name;
	const unsigned char *start, *end;
};

const struct fanfp_builtin *fanfp_builtin(unsigned int index);

__attribute__((format(printf, 2, 3)))
void fanfp_print(enum fanfp_print_level level, const char *fmt, ...);

#define pr_warn(...)	fanfp_print(FANFP_WARN, __VA_ARGS__)
#define pr_debug(...)	fanfp_print(FANFP_DEBUG, __VA_ARGS__)

/*
 * Read the options of an attachment; returns 0, or a negative errno and says
 * of @what what is wrong.
 */
int fanfp_attach_args(const char *what, const struct fanfp_attach_opts *opts,
		      const void **args, size_t *args_size);

#endif /* _FANFP_INTERNAL_H */
