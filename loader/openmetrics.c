// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp - counts as OpenMetrics text
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openmetrics.h"
#include "output.h"
#include "sample.h"
#include "tool.h"

#define PREFIX		"fanotify_fastpath_"

/* Start a family. The name of a unit is the end of the family's. */
static void put_family(FILE *out, const char *family, const char *type,
		       const char *help)
{
	const char *unit = strrchr(family, '_');

	fprintf(out, "# TYPE " PREFIX "%s %s\n", family, type);
	fprintf(out, "# UNIT " PREFIX "%s %s\n", family, unit + 1);
	fprintf(out, "# HELP " PREFIX "%s %s\n", family, help);
}

static void put_label(FILE *out, const char *before, const char *name,
		      const char *value)
{
	char clean[256];
	const char *c;

	clean_text(value, clean, sizeof(clean));
	fprintf(out, "%s%s=\"", before, name);
	for (c = clean; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

/* A value of a family, with the labels that tell its row from others. */
static void put_value(FILE *out, const char *family, const char *suffix,
		      const struct sample_row *row, const char *label,
		      const char *value, unsigned long long number)
{
	const char *before = "{";
	char text[32];

	fprintf(out, PREFIX "%s%s", family, suffix);
	if (*row->handler) {
		put_label(out, before, "handler", row->handler);
		before = ",";
	}
	if (row->id) {
		snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)row->id);
		put_label(out, before, "attachment", text);
	}
	if (row->pid) {
		snprintf(text, sizeof(text), "%d", (int)row->pid);
		put_label(out, before, "pid", text);
		snprintf(text, sizeof(text), "%d", row->fd);
		put_label(out, ",", "fd", text);
		put_label(out, ",", "comm", row->comm);
	}
	if (label)
		put_label(out, ",", label, value);
	fprintf(out, "} %llu\n", number);
}

static void put_count(FILE *out, const struct sample_rows *rows,
		      const char *family, const char *label, int count)
{
	const struct sample_row *row;

	for (row = rows->list; row < rows->list + rows->count; row++) {
		if (*row->handler)
			put_value(out, family, "_total", row, label,
				  count_names[count], row->counts.of[count]);
	}
}

/* The counts of the handlers, or of the groups. */
static void put_counts(FILE *out, const struct sample_rows *rows,
		       const char *whose)
{
	static const struct {
		int count;
		const char *family, *help;
	} others[] = {
		{ COUNT_ERRORS, "error_events",
		  "Events that were sent because the handler returned what it may not." },
		{ COUNT_NESTED, "nested_events",
		  "Events that the handler caused itself, and was not asked about." },
		{ COUNT_UNPLACED, "unplaced_events",
		  "Events of which the handler could not be told where they belong." },
	};
	char family[64];
	size_t i;
	int count;

	snprintf(family, sizeof(family), "%s_events", whose);
	put_family(out, family, "counter",
		   "Events that a handler has seen, by what became of them.");
	for (count = COUNT_SENT; count <= COUNT_DENIED; count++)
		put_count(out, rows, family, "verdict", count);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(family, sizeof(family), "%s_%s", whose,
			 others[i].family);
		put_family(out, family, "counter", others[i].help);
		put_count(out, rows, family, NULL, others[i].count);
	}
}

static void put_sample(FILE *out, const struct sample *sample)
{
	const struct sample_rows *rows = &sample->handlers;
	const struct sample_row *row;

	put_counts(out, rows, "handler");
	put_family(out, "handler_attached_groups", "gauge",
		   "Groups that the handler is attached to.");
	for (row = rows->list; row < rows->list + rows->count; row++)
		put_value(out, "handler_attached_groups", "", row, NULL, NULL,
			  row->attached);

	rows = &sample->groups;
	put_counts(out, rows, "group");
	put_family(out, "group_marks", "gauge",
		   "Marks of the group, by what is marked.");
	for (row = rows->list; row < rows->list + rows->count; row++) {
		put_value(out, "group_marks", "", row, "kind", "inode",
			  row->inode_marks);
		put_value(out, "group_marks", "", row, "kind", "mount",
			  row->mount_marks);
		put_value(out, "group_marks", "", row, "kind", "filesystem",
			  row->fs_marks);
	}
	fputs("# EOF\n", out);
}

/* Write the open file @fd; returns 0 or a negative errno. */
static int write_file(const struct sample *sample, int fd)
{
	mode_t mask = umask(0);
	FILE *out = fdopen(fd, "w");
	int err = 0;

	umask(mask);
	if (!out) {
		err = -errno;
		close(fd);
		return err;
	}
	put_sample(out, sample);
	/* Before others see it by its name. */
	if (fflush(out) || fchmod(fd, 0666 & ~mask) || fsync(fd))
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	return err;
}

/* Where to write to first: in the same folder, hidden. Allocated. */
static char *temporary_name(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name;

	base = base ? base + 1 : path;
	if (asprintf(&name, "%.*s.%s.XXXXXX", (int)(base - path), path, base) < 0)
		return NULL;
	return name;
}

int openmetrics_write(const struct sample *sample, const char *path)
{
	char *name, *real;
	struct stat st;
	int fd, err;

	if (!path) {
		put_sample(stdout, sample);
		return out_end();
	}
	/* A link stays one; a device or a folder is not replaced. */
	real = realpath(path, NULL);
	if (real && !stat(real, &st) && !S_ISREG(st.st_mode)) {
		free(real);
		return failed("%s: not a regular file", path);
	}
	name = temporary_name(real ?: path);
	fd = name ? mkostemp(name, O_CLOEXEC) : -1;
	err = fd < 0 ? -errno : write_file(sample, fd);
	if (!err && rename(name, real ?: path))
		err = -errno;
	if (err && fd >= 0)
		unlink(name);
	free(name);
	free(real);
	return err ? failed("%s: %s", path, strerror(-err)) : 0;
}
