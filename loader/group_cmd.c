// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp group - show the fanotify groups of processes, and their handlers
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/fanotify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "counts.h"
#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "mark.h"
#include "mountinfo.h"
#include "named.h"
#include "names.h"
#include "output.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp group list [--pid PID [--fd FD]]\n"
	"       fanfp group show [--pid PID [--fd FD]]\n"
	"\n"
	"list    list the fanotify groups of all processes, or of one: who has it open,\n"
	"        how it was made, how many marks it has, which handler is attached to\n"
	"        it, and what that has done\n"
	"show    the same, and each mark\n"
	"\n"
	"  --pid PID      only of this process; it takes the right to trace a process\n"
	"  --fd FD        only this file descriptor\n"
	"  -j, --json     print JSON\n"
	"  -p, --pretty   print JSON with line breaks\n"
	"  -h, --help     show this\n";

struct listing {
	long pid, fd;			/* or -1 for all */
	bool marks;			/* show each */
	struct mount_table mounts;	/* for that */
	unsigned int found;
	unsigned int hidden;		/* processes that may not be looked into */
	unsigned int untold;		/* groups whose handler may not be told */
};

static void out_holders(const struct fanfp_group_entry *entry)
{
	char comm[32];
	size_t i;

	out_list("processes");
	for (i = 0; i < entry->n_holders; i++) {
		process_name(entry->holders[i].pid, comm, sizeof(comm));
		out_text(i ? " and " : "");
		out_object(NULL);
		out_number("pid", "process %llu", entry->holders[i].pid);
		out_string("comm", " (%s)", comm);
		out_number("fd", ", fd %llu", entry->holders[i].fd);
		out_close();
	}
	out_close();
	out_text(": ");
}

static void out_handler(const struct fanfp_group_entry *entry)
{
	const struct fanfp_group_info *info = &entry->info;
	struct counts counts;

	if (entry->err) {
		out_string("handler", NULL, NULL);
		out_bool("hidden", NULL, entry->err == -EPERM);
		out_text(entry->err == -EPERM ?
			 "handler not known, for want of CAP_SYS_PTRACE\n" :
			 "no handler\n");
		return;
	}
	out_string("handler", "handler '%s'", info->handler);
	out_number("id", ", attachment %llu", info->id);
	out_number("handler_flags", NULL, info->flags);
	out_bool("link", ", owned by a BPF link",
		 info->flags & FAN_FP_F_GROUP_FD);
	out_text("\n    ");
	counts = counts_of_group(info);
	out_counts(&counts);
	out_text("\n");
}

/* One of the numbers of marks; returns what separates it from the next. */
static const char *out_marks_of(const char *before, const char *key,
				const char *one, const char *many,
				unsigned long count)
{
	if (count)
		out_text("%s%lu %s", before, count, count == 1 ? one : many);
	out_number(key, NULL, count);
	return count ? ", " : before;
}

static void out_group(const struct fanfp_group_entry *entry)
{
	/* Only a group that reports no file handles opens files. */
	bool opens = !(entry->flags & (FAN_REPORT_FID | FAN_REPORT_DIR_FID));
	const char *before = "";

	out_string("class", "    class %s", class_name(entry->flags));
	out_bits("flags", "; flags ",
		 entry->flags & ~(FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT),
		 init_flag_names);
	out_string("access", opens ? "; opens files %s" : NULL,
		   access_name(entry->event_flags));
	out_bits("event_flags", opens ? "|" : NULL,
		 entry->event_flags & ~O_ACCMODE, open_flag_names);

	out_text("\n    marks: ");
	out_object("mark_counts");
	before = out_marks_of(before, "inode", "inode", "inodes",
			      entry->inode_marks);
	before = out_marks_of(before, "mount", "mount", "mounts",
			      entry->mount_marks);
	before = out_marks_of(before, "filesystem", "file system",
			      "file systems", entry->fs_marks);
	out_close();
	out_text("%s\n", *before ? "" : "none");
}

/* Where a marked inode is; false if that can't be told. */
static bool inode_path(const struct fanfp_mark_info *mark,
		       const struct mount_table *mounts, char *path, size_t size)
{
	char link[64];
	ssize_t len;
	int fd;

	fd = mark_open(mark, mounts);
	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, size - 1);
	close(fd);
	if (len < 0)
		return false;
	path[len] = '\0';
	return true;
}

static int out_mark(const struct fanfp_mark_info *mark, void *ctx)
{
	static const char *const kinds[] = {
		[FANFP_MARK_INODE] = "inode",
		[FANFP_MARK_MOUNT] = "mount",
		[FANFP_MARK_FS] = "filesystem",
	};
	const struct listing *listing = ctx;
	const struct mount_entry *mount;
	const char *where = NULL;
	char path[PATH_MAX], dev[32];

	out_object(NULL);
	out_string("kind", "    %s", kinds[mark->kind]);
	if (mark->kind == FANFP_MARK_MOUNT) {
		mount = mount_table_find(&listing->mounts, mark->mount_id);
		where = mount ? mount->point : NULL;
		out_string("path", " %s", where);
		out_number("mount_id", " (id %llu)", mark->mount_id);
	} else {
		mount = mount_table_find_dev(&listing->mounts, mark->dev);
		if (mark->kind == FANFP_MARK_FS)
			where = mount ? mount->point : NULL;
		else if (inode_path(mark, &listing->mounts, path, sizeof(path)))
			where = path;
		out_string("path", " %s", where);
		snprintf(dev, sizeof(dev), "%u:%u", major(mark->dev),
			 minor(mark->dev));
		out_string("dev", " (%s", dev);
		if (mark->kind == FANFP_MARK_INODE)
			out_number("ino", ", inode %llu", mark->ino);
		out_text(")");
	}
	out_bits("mask", ": ", mark->mask, event_bit_names);
	out_bits("ignored_mask", mark->mask ? "; ignores " : ": ignores ",
		 mark->ignored_mask, event_bit_names);
	out_bits("flags", "; ", mark->flags, mark_flag_names);
	out_text("\n");
	out_close();
	return 0;
}

static int out_entry(const struct fanfp_group_entry *entry, void *ctx)
{
	struct listing *listing = ctx;
	const struct fanfp_holder *holder = entry->holders;
	size_t i;

	for (i = 0; listing->fd >= 0 && i < entry->n_holders; i++) {
		if (holder[i].fd == listing->fd)
			break;
	}
	if (i == entry->n_holders)
		return 0;

	listing->found++;
	listing->untold += entry->err == -EPERM;
	out_object(NULL);
	out_holders(entry);
	out_handler(entry);
	out_group(entry);
	if (listing->marks) {
		out_list("marks");
		fanfp_mark__for_each(holder->pid, holder->fd, out_mark,
				     listing);
		out_close();
	}
	out_close();
	return 0;
}

static int list(struct listing *listing)
{
	LIBFANFP_OPTS(fanfp_each_opts, opts,
		.pid = listing->pid < 0 ? 0 : listing->pid,
		.hidden = &listing->hidden,
	);
	int err;

	if (listing->marks) {
		err = mount_table_read(&listing->mounts);
		if (err)
			return failed("/proc/self/mountinfo: %s", strerror(-err));
	}
	out_list(NULL);
	err = fanfp_group__for_each(&opts, out_entry, listing);
	out_close();
	mount_table_free(&listing->mounts);
	if (err)
		return EXIT_FAILED;	/* the library has said why */
	if (listing->pid >= 0 && !listing->found)
		return listing->fd < 0 ?
			failed("process %ld has no fanotify file descriptor",
			       listing->pid) :
			failed("process %ld: file descriptor %ld is not fanotify's",
			       listing->pid, listing->fd);
	err = out_end();
	if (err)
		return err;
	/* The groups are shown all the same. */
	fanfp_supported();
	if (listing->hidden)
		return failed("%u processes were not looked into, and may have groups: that takes the right to trace them (CAP_SYS_PTRACE)",
			      listing->hidden);
	if (listing->untold)
		return failed("of %u groups it is not told what is attached: that takes the right to trace their processes (CAP_SYS_PTRACE)",
			      listing->untold);
	return 0;
}

int cmd_group(int argc, char **argv)
{
	static const char *const verbs[] = { "list", "show", "help" };
	struct listing listing = { .pid = -1, .fd = -1 };
	int code, verb = 0;

	code = group_options(argc, argv, "group", usage, &listing.pid,
			     &listing.fd, NULL);
	if (code >= 0)
		return code;
	if (optind < argc)
		verb = find_word("fanfp group", "command", argv[optind++], verbs,
				 sizeof(verbs[0]), 3);
	if (verb < 0)
		return EXIT_USAGE;
	if (verb == 2 || (optind < argc && !strcmp(argv[optind], "help")))
		return common_option('h', usage);
	if (optind < argc)
		return wrong_usage("group", "%s takes no '%s'", verbs[verb],
				   argv[optind]);
	if (listing.fd >= 0 && listing.pid < 0)
		return wrong_usage("group", "--fd needs --pid");
	listing.marks = verb == 1;
	return list(&listing);
}
