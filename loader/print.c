// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - messages
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

static void print_warnings(enum fanfp_print_level level, const char *text)
{
	if (level == FANFP_WARN)
		fprintf(stderr, "libfanfp: %s\n", text);
}

static fanfp_print_fn current_print = print_warnings;
static __thread char last_error[LAST_ERROR_MAX];

fanfp_print_fn fanfp_set_print(fanfp_print_fn print)
{
	return __atomic_exchange_n(&current_print, print, __ATOMIC_SEQ_CST);
}

const char *fanfp_last_error(void)
{
	return last_error;
}

void fanfp_print(enum fanfp_print_level level, const char *fmt, ...)
{
	fanfp_print_fn print = __atomic_load_n(&current_print, __ATOMIC_SEQ_CST);
	char *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	snprintf(last_error, sizeof(last_error), "%s",
		 text ?: "there is not enough memory to say what is wrong");
	if (print)
		print(level, text ?: last_error);
	free(text);
}

/* Where what libbpf says in this thread goes, or NULL. */
static __thread FILE *listener;

static int libbpf_print(enum libbpf_print_level level, const char *fmt,
			va_list args)
{
	if (level == LIBBPF_WARN && listener)
		return vfprintf(listener, fmt, args);
	return 0;
}

/* Once and for all: this copy of libbpf is ours alone. */
__attribute__((constructor)) static void take_libbpfs_messages(void)
{
	libbpf_set_print(libbpf_print);
}

void complaints_start(struct complaints *complaints)
{
	complaints->text = NULL;
	listener = open_memstream(&complaints->text, &complaints->size);
}

void complaints_end(void)
{
	int err = errno;

	if (listener)
		fclose(listener);
	listener = NULL;
	errno = err;
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
