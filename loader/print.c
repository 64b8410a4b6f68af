// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - messages
 */
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

static void print_warnings(enum fanfp_print_level level, const char *fmt,
			   va_list args)
{
	if (level != FANFP_WARN)
		return;
	fputs("libfanfp: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

static fanfp_print_fn current_print = print_warnings;

fanfp_print_fn fanfp_set_print(fanfp_print_fn print)
{
	return __atomic_exchange_n(&current_print, print, __ATOMIC_SEQ_CST);
}

void fanfp_print(enum fanfp_print_level level, const char *fmt, ...)
{
	fanfp_print_fn print = __atomic_load_n(&current_print, __ATOMIC_SEQ_CST);
	va_list args;

	if (!print)
		return;
	va_start(args, fmt);
	print(level, fmt, args);
	va_end(args);
}

const char *fanfp_version_string(void)
{
	return FANFP_VERSION;
}

bool fanfp_supported(void)
{
	if (!access(FANFP_SYSFS, F_OK))
		return true;
	pr_warn("this kernel has no fanotify fastpath; load the module (modprobe fanotify_fastpath) or boot a kernel with CONFIG_FANOTIFY_FASTPATH");
	return false;
}
