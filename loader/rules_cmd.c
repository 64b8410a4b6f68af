// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - rule files
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fanfp.h"
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

static void add_string(struct json_object *object, const char *name,
		       const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static int print_result(struct json_object *result)
{
	puts(json_object_to_json_string_ext(result, options.pretty ?
					    JSON_C_TO_STRING_PRETTY :
					    JSON_C_TO_STRING_PLAIN));
	json_object_put(result);
	return fflush(stdout) ? failed("standard output: %s", strerror(errno)) : 0;
}

/* It is opened, not loaded: whether the verifier takes it is the kernel's to say. */
static int check_object(const char *path)
{
	struct fanfp_handler *handler = fanfp_handler__open_file(path, NULL);
	struct json_object *result;
	int code = 0;

	if (!handler)
		return EXIT_FAILED;
	if (options.json) {
		result = json_object_new_object();
		add_string(result, "file", path);
		add_string(result, "kind", "handler");
		add_string(result, "name", fanfp_handler__name(handler));
		add_string(result, "desc", fanfp_handler__desc(handler));
		code = print_result(result);
	} else {
		printf("%s: a BPF object with the handler '%s': %s\n", path,
		       fanfp_handler__name(handler),
		       *fanfp_handler__desc(handler) ?
		       fanfp_handler__desc(handler) : "(no description)");
	}
	fanfp_handler__close(handler);
	return code;
}

static void add_mistake(void *ctx, unsigned int line, unsigned int column,
			const char *text)
{
	struct json_object *mistake = json_object_new_object();

	json_object_object_add(mistake, "line", json_object_new_int64(line));
	json_object_object_add(mistake, "column", json_object_new_int64(column));
	add_string(mistake, "text", text);
	json_object_array_add(ctx, mistake);
}

static int check_json(const char *path)
{
	LIBFANFP_OPTS(fanfp_rules_opts, opts, .mistake = add_mistake);
	struct json_object *mistakes = json_object_new_array();
	struct json_object *result = json_object_new_object();
	struct fanfp_rules *rules;
	bool ok;
	int code;

	opts.ctx = mistakes;
	rules = fanfp_rules__parse_file(path, &opts);
	ok = rules;
	add_string(result, "file", path);
	add_string(result, "kind", "rules");
	if (rules)
		json_object_object_add(result, "rules",
				       json_object_new_uint64(fanfp_rules__count(rules)));
	json_object_object_add(result, "mistakes", mistakes);
	fanfp_rules__free(rules);
	code = print_result(result);
	return ok ? code : EXIT_FAILED;
}

int rules_check(const char *path)
{
	struct fanfp_rules *rules;

	if (is_object(path))
		return check_object(path);
	if (options.json)
		return check_json(path);
	rules = rules_read(path);
	if (!rules)
		return EXIT_FAILED;
	printf("%s: %zu rules, and nothing wrong with them\n", path,
	       fanfp_rules__count(rules));
	fanfp_rules__free(rules);
	return fflush(stdout) ? failed("standard output: %s", strerror(errno)) : 0;
}
