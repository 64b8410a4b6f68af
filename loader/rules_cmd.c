// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - rule files
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fanfp.h"
#include "output.h"
#include "rules_cmd.h"
#include "tool.h"

/* As compilers say it, so that editors find the place. */
static void print_mistake(void *ctx, unsigned int line, unsigned int column,
			  const char *text)
{
	fprintf(stderr, "%s:%u:%u: %s\n", (const char *)ctx, line, column, text);
}

struct fanfp_rules *rules_read(const char *path)
{
	LIBFANFP_OPTS(fanfp_rules_opts, opts,
		.mistake = print_mistake,
		.ctx = (void *)path,
	);

	fflush(stdout);
	return fanfp_rules__parse_file(path, &opts);
}

int rules_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool is_object(const char *path)
{
	char magic[SELFMAG] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, magic, sizeof(magic));
	close(fd);
	return len == sizeof(magic) && !memcmp(magic, ELFMAG, SELFMAG);
}

/* It is opened, not loaded: whether the verifier takes it is the kernel's to say. */
static int check_object(const char *path)
{
	struct fanfp_handler *handler = fanfp_handler__open_file(path, NULL);
	const char *desc;

	if (!handler)
		return EXIT_FAILED;
	desc = fanfp_handler__desc(handler);
	out_object(NULL);
	out_string("file", "%s: ", path);
	out_string("kind", NULL, "handler");
	out_string("name", "a BPF object with the handler '%s'",
		   fanfp_handler__name(handler));
	out_string("desc", *desc ? ": %s\n" : ": (no description)%s\n", desc);
	out_close();
	fanfp_handler__close(handler);
	return out_end();
}

static void out_mistake(void *path, unsigned int line, unsigned int column,
			const char *text)
{
	if (!options.json) {
		print_mistake(path, line, column, text);
		return;
	}
	out_object(NULL);
	out_number("line", NULL, line);
	out_number("column", NULL, column);
	out_string("text", NULL, text);
	out_close();
}

int rules_check(const char *path)
{
	LIBFANFP_OPTS(fanfp_rules_opts, opts,
		.mistake = out_mistake,
		.ctx = (void *)path,
	);
	struct fanfp_rules *rules;
	int code;

	if (is_object(path))
		return check_object(path);
	out_object(NULL);
	out_string("file", NULL, path);
	out_string("kind", NULL, "rules");
	out_list("mistakes");
	rules = fanfp_rules__parse_file(path, &opts);
	out_close();
	if (rules) {
		out_string(NULL, "%s: ", path);
		out_number("rules", "%llu rules, and nothing wrong with them\n",
			   fanfp_rules__count(rules));
	}
	out_close();
	code = out_end();
	if (!rules)
		return EXIT_FAILED;
	fanfp_rules__free(rules);
	return code;
}
