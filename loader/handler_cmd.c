// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp handler - list, load and unload handlers
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp handler list\n"
	"       fanfp handler show NAME\n"
	"       fanfp handler load FILE.bpf.o|BUILTIN [--pin PATH]\n"
	"       fanfp handler unload NAME|PATH\n"
	"\n"
	"list    show the handlers that can be attached by name\n"
	"show    show one of them; bpftool's 'dump'\n"
	"load    make a handler available by name, until it is unloaded; it is\n"
	"        pinned in " PIN_DIR ", or at PATH; bpftool's 'register'\n"
	"unload  undo that; without the module flavour, what is attached stays;\n"
	"        bpftool's 'unregister'\n"
	"\n"
	"  --pin PATH     pin it there, in a bpf file system\n"
	"  -j, --json     print JSON\n"
	"  -p, --pretty   print JSON with line breaks\n"
	"  -h, --help     show this\n"
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

/* What is listed, and how. */
struct listing {
	const char *name;		/* or NULL for all */
	struct json_object *array;	/* or NULL for text */
	bool found;
};

static void print_text(const struct fanfp_handler_info *info)
{
	printf("%s%s: %s\n", info->name,
	       info->flags & FAN_FP_F_UNPRIV ? " (unprivileged)" : "",
	       *info->desc ? info->desc : "(no description)");
	if (*info->init_args)
		printf("    arguments: %s\n", info->init_args);
	printf("    attached to %u; seen %llu, sent %llu, skipped %llu, denied %llu, errors %llu, nested %llu, unplaced %llu\n",
	       info->attached, info->seen, info->sent, info->skipped,
	       info->denied, info->errors, info->nested, info->unplaced);
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *name,
		       unsigned long long number)
{
	json_object_object_add(object, name, json_object_new_uint64(number));
}

static void add_json(struct json_object *array,
		     const struct fanfp_handler_info *info)
{
	struct json_object *handler = json_object_new_object();

	add_text(handler, "name", info->name);
	add_number(handler, "flags", info->flags);
	json_object_object_add(handler, "unprivileged",
			       json_object_new_boolean(info->flags &
						       FAN_FP_F_UNPRIV));
	add_text(handler, "desc", info->desc);
	add_text(handler, "init_args", info->init_args);
	add_number(handler, "attached", info->attached);
	add_number(handler, "seen", info->seen);
	add_number(handler, "sent", info->sent);
	add_number(handler, "skipped", info->skipped);
	add_number(handler, "denied", info->denied);
	add_number(handler, "errors", info->errors);
	add_number(handler, "nested", info->nested);
	add_number(handler, "unplaced", info->unplaced);
	json_object_array_add(array, handler);
}

static int list_handler(const struct fanfp_handler_info *info, void *ctx)
{
	struct listing *listing = ctx;

	if (listing->name && strcmp(listing->name, info->name))
		return 0;
	listing->found = true;
	if (listing->array)
		add_json(listing->array, info);
	else
		print_text(info);
	return 0;
}

static int list(const char *name)
{
	struct listing listing = { .name = name };
	int err;

	if (options.json)
		listing.array = json_object_new_array();
	err = fanfp_registry__for_each(list_handler, &listing);
	if (!err && name && !listing.found)
		err = failed("handler '%s' is not registered; see 'fanfp handler list'",
			     name);
	if (!err && listing.array)
		print_json(listing.array);
	json_object_put(listing.array);
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
	if (!err) {
		printf("loaded '%s', pinned at %s\n",
		       fanfp_handler__name(handler), pin);
		if (fflush(stdout)) {
			err = failed("standard output: %s; not loaded",
				     strerror(errno));
			fanfp_link__unpin(link);
		}
	}
	/* If it is not pinned, this takes it back. */
	fanfp_link__destroy(link);
	fanfp_handler__close(handler);
	return err ? EXIT_FAILED : 0;
}

static int unload(const char *what, const char *pin)
{
	struct fanfp_link *link;
	char path[PATH_MAX];
	int err;

	(void)pin;
	if (strchr(what, '/'))
		snprintf(path, sizeof(path), "%s", what);
	else
		snprintf(path, sizeof(path), PIN_DIR "/%s", what);
	if (access(path, F_OK) && errno == ENOENT)
		return failed("%s: nothing is pinned there; if '%s' was not loaded with fanfp, who registered it has to unregister it",
			      path, what);
	/* Only ever a pin of ours is removed, never another file. */
	link = fanfp_link__open(path);
	if (!link)
		return EXIT_FAILED;
	err = fanfp_link__unpin(link);
	fanfp_link__destroy(link);
	return err ? failed("%s: %s", path, strerror(-err)) : 0;
}

static int show(const char *what, const char *pin)
{
	(void)pin;
	return list(what);
}

static const struct {
	const char *name;
	const char *bpftool;	/* what bpftool struct_ops calls it */
	int (*run)(const char *what, const char *pin);
} verbs[] = {
	{ "show", "dump", show },
	{ "load", "register", load },
	{ "unload", "unregister", unload },
};

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
	size_t i;
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
	/* What is loaded but can't be told of is taken back. */
	signal(SIGPIPE, SIG_IGN);
	verb = argc ? argv[0] : "list";
	if (!strcmp(verb, "help")) {
		print_usage(stdout);
		return 0;
	}
	if (!strcmp(verb, "list") && argc <= 1)
		return list(NULL);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].name) && strcmp(verb, verbs[i].bpftool))
			continue;
		if (argc != 2)
			return wrong_usage("handler", "%s takes one handler",
					   verb);
		return verbs[i].run(argv[1], pin);
	}
	if (!strcmp(verb, "list"))
		return wrong_usage("handler", "list takes no '%s'", argv[1]);
	return wrong_usage("handler", "no verb '%s'", verb);
}
