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

/* Whether the kernel has the fastpath; says so if it has not. */
bool fanfp_supported(void);

#endif /* _FANFP_INTERNAL_H */
