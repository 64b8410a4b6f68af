// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - what is mounted where
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "mountinfo.h"

/* Spaces and the like are there as three octal digits after a backslash. */
static void unescape(char *text)
{
	char *to = text;
	unsigned int byte;

	while (*text) {
		if (sscanf(text, "\\%3o", &byte) == 1) {
			*to++ = byte;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static bool parse(const char *line, struct mount_entry *entry)
{
	const char *type = strstr(line, " - ");
	unsigned int major, minor;

	*entry = (struct mount_entry){};
	if (!type || sscanf(line, "%d %*d %u:%u %ms %ms", &entry->id, &major,
			    &minor, &entry->root, &entry->point) != 5 ||
	    sscanf(type, " - %ms", &entry->type) != 1) {
		free(entry->root);
		free(entry->point);
		return false;
	}
	entry->dev = makedev(major, minor);
	unescape(entry->root);
	unescape(entry->point);
	return true;
}

static int add(struct mount_table *table, const struct mount_entry *entry)
{
	struct mount_entry *list;

	list = reallocarray(table->list, table->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	list[table->count++] = *entry;
	table->list = list;
	return 0;
}

int mount_table_read(struct mount_table *table)
{
	struct mount_entry entry;
	char *line = NULL;
	size_t size = 0;
	int err = 0;
	FILE *file;

	*table = (struct mount_table){};
	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) > 0) {
		if (parse(line, &entry))
			err = add(table, &entry);
	}
	if (!err && ferror(file))
		err = -EIO;
	free(line);
	fclose(file);
	if (err)
		mount_table_free(table);
	return err;
}

void mount_table_free(struct mount_table *table)
{
	while (table->count--) {
		free(table->list[table->count].root);
		free(table->list[table->count].point);
		free(table->list[table->count].type);
	}
	free(table->list);
	*table = (struct mount_table){};
}

const struct mount_entry *mount_table_find(const struct mount_table *table,
					   int id)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		if (table->list[i].id == id)
			return &table->list[i];
	}
	return NULL;
}

const struct mount_entry *mount_table_find_dev(const struct mount_table *table,
					       dev_t dev)
{
	const struct mount_entry *found = NULL;
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct mount_entry *entry = &table->list[i];

		if (entry->dev == dev &&
		    (!found || strlen(entry->root) < strlen(found->root)))
			found = entry;
	}
	return found;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return true;
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}
