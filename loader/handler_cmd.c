// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp handler - list, load and unload handlers
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp handler list\n"
	"       fanfp handler load FILE.bpf.o|BUILTIN [--pin PATH]\n"
	"       fanfp handler unload NAME|PATH\n"
	"\n"
	"list    show the handlers that can be attached by name\n"
	"load    make a handler available by name, until it is unloaded; it is\n"
	"        pinned in " PIN_DIR ", or at PATH\n"
	"unload  undo that; without the module flavour, what is attached stays\n"
	"\n"
	"Built-in handlers:";

static void print_usage(FILE *out)
{
	const char *name;
	unsigned int i;

	fputs(usage, out);
	for (i = 0; (name = fanfp_builtin__name(i)); i++)
		fprintf(out, " %s", name);
	fputc('\n', out);
}

static int list_text(const struct fanfp_handler_info *info, void *ctx)
{
	(void)ctx;
	printf("%s%s: %s\n", info->name,
	       info->flags & FAN_FP_F_UNPRIV ? " (unprivileged)" : "",
	       *info->desc ? info->desc : "(no description)");
	if (*info->init_args)
		printf("    arguments: %s\n", info->init_args);
	printf("    attached to %u; seen %llu, sent %llu, skipped %llu, denied %llu, errors %llu\n",
	       info->attached, info->seen, info->sent, info->skipped,
	       info->denied, info->errors);
	return 0;
}

static int list_json(const struct fanfp_handler_info *info, void *ctx)
{
	struct json_object *handler = json_object_new_object();

	json_object_object_add(handler, "name",
			       json_object_new_string(info->name));
	json_object_object_add(handler, "flags",
			       json_object_new_int64(info->flags));
	json_object_object_add(handler, "unprivileged",
			       json_object_new_boolean(info->flags &
						       FAN_FP_F_UNPRIV));
	json_object_object_add(handler, "desc",
			       json_object_new_string(info->desc));
	json_object_object_add(handler, "init_args",
			       json_object_new_string(info->init_args));
	json_object_object_add(handler, "attached",
			       json_object_new_int64(info->attached));
	json_object_object_add(handler, "seen",
			       json_object_new_uint64(info->seen));
	json_object_object_add(handler, "sent",
			       json_object_new_uint64(info->sent));
	json_object_object_add(handler, "skipped",
			       json_object_new_uint64(info->skipped));
	json_object_object_add(handler, "denied",
			       json_object_new_uint64(info->denied));
	json_object_object_add(handler, "errors",
			       json_object_new_uint64(info->errors));
	json_object_array_add(ctx, handler);
	return 0;
}

static int list(void)
{
	struct json_object *array;
	int err;

	if (!options.json) {
		err = fanfp_registry__for_each(list_text, NULL);
	} else {
		array = json_object_new_array();
		err = fanfp_registry__for_each(list_json, array);
		if (!err)
			puts(json_object_to_json_string_ext(array,
				options.pretty ? JSON_C_TO_STRING_PRETTY :
						 JSON_C_TO_STRING_PLAIN));
		json_object_put(array);
	}
	if (err)
		return EXIT_FAILED;	/* the library has said why */
	if (fflush(stdout))
		return failed("standard output: %s", strerror(errno));
	return 0;
}

static int load(const char *what, const char *pin)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	char path[256];
	int err;

	if (strchr(what, '/') || strchr(what, '.'))
		handler = fanfp_handler__open_file(what, NULL);
	else
		handler = fanfp_handler__open_builtin(what, NULL);
	if (!handler)
		return EXIT_FAILED;

	if (!pin) {
		snprintf(path, sizeof(path), PIN_DIR "/%s",
			 fanfp_handler__name(handler));
		pin = path;
	}
	link = fanfp_handler__register(handler);
	if (!link) {
		fanfp_handler__close(handler);
		return EXIT_FAILED;
	}
	err = fanfp_link__pin(link, pin);
	if (!err)
		printf("loaded '%s', pinned at %s\n",
		       fanfp_handler__name(handler), pin);
	/* If it is not pinned, this takes it back. */
	fanfp_link__destroy(link);
	fanfp_handler__close(handler);
	return err ? EXIT_FAILED : 0;
}

static int unload(const char *what)
{
	struct fanfp_link *link;
	char path[PATH_MAX];
	int err;

	if (strchr(what, '/'))
		snprintf(path, sizeof(path), "%s", what);
	else
		snprintf(path, sizeof(path), PIN_DIR "/%s", what);
	/* Only ever a pin of ours is removed, never another file. */
	link = fanfp_link__open(path);
	if (!link)
		return errno == ENOENT ?
			failed("whoever registered '%s' has to unregister it", what) :
			EXIT_FAILED;
	err = fanfp_link__unpin(link);
	fanfp_link__destroy(link);
	return err ? failed("%s: %s", path, strerror(-err)) : 0;
}

int cmd_handler(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pin", required_argument, NULL, 'P' },
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *pin = NULL, *verb;
	int opt;

	while ((opt = getopt_long(argc, argv, "jph", long_options, NULL)) != -1) {
		switch (opt) {
		case 'P':
			pin = optarg;
			break;
		case 'p':
			options.pretty = true;
			/* fall through */
		case 'j':
			options.json = true;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	verb = argc ? argv[0] : "list";
	if (!strcmp(verb, "help")) {
		print_usage(stdout);
		return 0;
	}
	if (!strcmp(verb, "list"))
		return argc > 1 ? wrong_usage("handler", "list takes no '%s'",
					      argv[1]) : list();
	if (strcmp(verb, "load") && strcmp(verb, "unload"))
		return wrong_usage("handler", "no verb '%s'", verb);
	if (argc != 2)
		return wrong_usage("handler", "%s takes one handler", verb);
	return strcmp(verb, "load") ? unload(argv[1]) : load(argv[1], pin);
}
