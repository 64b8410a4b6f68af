// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - the handlers that are registered, from sysfs
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The first line of an attribute, or "" if the handler has gone meanwhile. */
static void read_attr(const char *handler, const char *attr, char *text,
		      size_t size)
{
	char path[512];
	FILE *file;

	text[0] = '\0';
	snprintf(path, sizeof(path), FANFP_SYSFS "/%s/%s", handler, attr);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

static unsigned long long read_number(const char *handler, const char *attr)
{
	char text[64];

	read_attr(handler, attr, text, sizeof(text));
	return strtoull(text, NULL, 0);
}

static int is_handler(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int fanfp_registry__for_each(int (*fn)(const struct fanfp_handler_info *info,
				       void *ctx), void *ctx)
{
	struct dirent **entries;
	int count, i, ret = 0;

	if (!fanfp_supported())
		return -EOPNOTSUPP;
	count = scandir(FANFP_SYSFS, &entries, is_handler, alphasort);
	if (count < 0) {
		int err = errno;

		pr_warn(FANFP_SYSFS ": %s", strerror(err));
		return -err;
	}
	for (i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char desc[512], init_args[512];
		struct fanfp_handler_info info = {
			.sz = sizeof(info),
			.name = name,
			.desc = desc,
			.init_args = init_args,
		};

		if (ret)
			continue;
		read_attr(name, "desc", desc, sizeof(desc));
		read_attr(name, "init_args", init_args, sizeof(init_args));
		info.flags = read_number(name, "flags");
		info.attached = read_number(name, "attached");
		info.seen = read_number(name, "seen");
		info.sent = read_number(name, "sent");
		info.skipped = read_number(name, "skipped");
		info.denied = read_number(name, "denied");
		info.errors = read_number(name, "errors");
		info.nested = read_number(name, "nested");
		info.unplaced = read_number(name, "unplaced");
		ret = fn(&info, ctx);
	}
	for (i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return ret;
}
