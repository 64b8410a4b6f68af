// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp handler - list, load and unload handlers
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counts.h"
#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "named.h"
#include "output.h"
#include "rules_cmd.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp handler list\n"
	"       fanfp handler show NAME\n"
	"       fanfp handler load FILE.bpf.o|BUILTIN [--pin PATH]\n"
	"       fanfp handler unload NAME|PATH\n"
	"       fanfp handler check FILE\n"
	"\n"
	"list    show the handlers that can be attached by name\n"
	"show    show one of them; bpftool's 'dump'\n"
	"load    make a handler available by name, until it is unloaded; it is\n"
	"        pinned in " PIN_DIR ", or at PATH; bpftool's 'register'\n"
	"unload  undo that; without the module flavour, what is attached stays;\n"
	"        bpftool's 'unregister'\n"
	"check   say what is wrong with a file of rules, see fanfp-rules(5), or what\n"
	"        handler is in a BPF object; nothing is loaded\n"
	"\n"
	"  --pin PATH     pin it there, in a bpf file system\n"
	"  -j, --json     print JSON\n"
	"  -p, --pretty   print JSON with line breaks\n"
	"  -h, --help     show this\n"
	"\n"
	"Built-in handlers:";

/* What the usage ends with. */
static void print_builtins(void)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = fanfp_builtin__name(i)); i++)
		printf(" %s", name);
	putchar('\n');
}

struct listing {
	const char *name;		/* or NULL for all */
	bool found;
};

static int out_handler(const struct fanfp_handler_info *info, void *ctx)
{
	struct counts counts = counts_of_handler(info);
	struct listing *listing = ctx;

	if (listing->name && strcmp(listing->name, info->name))
		return 0;
	listing->found = true;
	out_object(NULL);
	out_string("name", "%s", info->name);
	out_number("flags", NULL, info->flags);
	out_bool("unprivileged", " (unprivileged)",
		 info->flags & FAN_FP_F_UNPRIV);
	out_string("desc", *info->desc ? ": %s" : ": (no description)%s",
		   info->desc);
	out_string("init_args", *info->init_args ? "\n    arguments: %s" : "%s",
		   info->init_args);
	out_number("attached", "\n    attached to %llu; ", info->attached);
	out_counts(&counts);
	out_text("\n");
	out_close();
	return 0;
}

static int list(const char *name)
{
	struct listing listing = { .name = name };

	out_list(NULL);
	if (fanfp_registry__for_each(out_handler, &listing))
		return EXIT_FAILED;	/* the library has said why */
	out_close();
	if (name && !listing.found)
		return failed("handler '%s' is not registered; see 'fanfp handler list'",
			      name);
	return out_end();
}

static int load(const char *what, const char *pin)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	char path[256];
	int err;

	handler = open_handler(what);
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
		out_object(NULL);
		out_string("handler", "loaded '%s'", fanfp_handler__name(handler));
		out_string("path", ", pinned at %s\n", pin);
		out_close();
		err = out_end_or("; not loaded");
		if (err)
			fanfp_link__unpin(link);
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
	if (err)
		return failed("%s: %s", path, strerror(-err));
	out_object(NULL);
	out_string("path", NULL, path);
	out_close();
	return out_end();
}

static int show(const char *what, const char *pin)
{
	(void)pin;
	return list(what);
}

static int check(const char *what, const char *pin)
{
	(void)pin;
	return rules_check(what);
}

static const struct {
	const char *name;
	const char *bpftool;	/* what bpftool struct_ops calls it */
	int (*run)(const char *what, const char *pin);
} verbs[] = {
	{ "show", "dump", show },
	{ "load", "register", load },
	{ "unload", "unregister", unload },
	{ "check", "check", check },
};

int cmd_handler(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pin", required_argument, NULL, 'P' },
		COMMON_OPTIONS
	};
	const char *pin = NULL, *verb;
	size_t i;
	int opt, code;

	while ((opt = getopt_long(argc, argv, "jph", long_options, NULL)) != -1) {
		if (opt == 'P') {
			pin = optarg;
			continue;
		}
		code = common_option(opt, usage);
		if (!code)
			print_builtins();
		if (code >= 0)
			return code;
	}
	argc -= optind;
	argv += optind;
	verb = argc ? argv[0] : "list";
	if (!strcmp(verb, "help")) {
		common_option('h', usage);
		print_builtins();
		return 0;
	}
	if (!strcmp(verb, "list") && argc <= 1)
		return list(NULL);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].name) && strcmp(verb, verbs[i].bpftool))
			continue;
		if (argc != 2)
			return wrong_usage("handler", "%s takes one handler or file",
					   verb);
		return verbs[i].run(argv[1], pin);
	}
	if (!strcmp(verb, "list"))
		return wrong_usage("handler", "list takes no '%s'", argv[1]);
	return wrong_usage("handler", "no verb '%s'", verb);
}
