// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp group - show the fanotify groups of processes, and their handlers
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fanfp.h"
#include "fanotify_fastpath.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp group list [--pid PID] [--fd FD]\n"
	"\n"
	"list    show the fanotify groups of all processes, or of one: which handler\n"
	"        is attached, and what it has done. 'show' is the same.\n"
	"\n"
	"  --pid PID      of this process only; it takes the right to trace a process\n"
	"  --fd FD        of this file descriptor only\n"
	"  -j, --json     print JSON\n"
	"  -p, --pretty   print JSON with line breaks\n"
	"  -h, --help     show this\n";

struct listing {
	long fd;			/* or -1 for all */
	struct json_object *array;	/* or NULL for text */
	unsigned int found;
	unsigned int hidden;		/* that may not be looked at */
};

static void print_text(long pid, const char *comm, long fd,
		       const struct fanfp_group_info *info)
{
	printf("process %ld (%s), fd %ld: ", pid, comm, fd);
	if (!info) {
		printf("no handler\n");
		return;
	}
	printf("handler '%s', attachment %llu%s\n", info->handler,
	       (unsigned long long)info->id,
	       info->flags & FAN_FP_F_GROUP_FD ? ", owned by a BPF link" : "");
	printf("    seen %llu, sent %llu, skipped %llu, denied %llu, errors %llu, nested %llu, unplaced %llu\n",
	       info->seen, info->sent, info->skipped, info->denied,
	       info->errors, info->nested, info->unplaced);
}

static void add_number(struct json_object *object, const char *name,
		       unsigned long long number)
{
	json_object_object_add(object, name, json_object_new_uint64(number));
}

static void add_json(struct json_object *array, long pid, const char *comm,
		     long fd, const struct fanfp_group_info *info)
{
	struct json_object *group = json_object_new_object();

	add_number(group, "pid", pid);
	json_object_object_add(group, "comm", json_object_new_string(comm));
	add_number(group, "fd", fd);
	json_object_object_add(group, "handler", info ?
			       json_object_new_string(info->handler) : NULL);
	if (info) {
		add_number(group, "id", info->id);
		add_number(group, "flags", info->flags);
		json_object_object_add(group, "link",
			json_object_new_boolean(info->flags & FAN_FP_F_GROUP_FD));
		add_number(group, "seen", info->seen);
		add_number(group, "sent", info->sent);
		add_number(group, "skipped", info->skipped);
		add_number(group, "denied", info->denied);
		add_number(group, "errors", info->errors);
		add_number(group, "nested", info->nested);
		add_number(group, "unplaced", info->unplaced);
	}
	json_object_array_add(array, group);
}

/* Returns 0, or -EOPNOTSUPP if there is no point in going on. */
static int list_group(struct listing *listing, long pid, long fd)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	char comm[32];
	int ours, err;

	ours = fanfp_group__open_pid(pid, fd);
	if (ours < 0) {
		/* Others are gone meanwhile. */
		if (ours == -EPERM)
			listing->hidden++;
		return 0;
	}
	err = fanfp_group__info(ours, &info);
	close(ours);
	if (err && err != -ENOENT)
		return err;

	listing->found++;
	process_name(pid, comm, sizeof(comm));
	if (listing->array)
		add_json(listing->array, pid, comm, fd, err ? NULL : &info);
	else
		print_text(pid, comm, fd, err ? NULL : &info);
	return 0;
}

static bool is_fanotify(const char *dir, const char *fd)
{
	char path[512], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	return !strcmp(target, "anon_inode:[fanotify]");
}

static int list_process(struct listing *listing, long pid)
{
	struct dirent *entry;
	char path[64];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (listing->fd >= 0 && atol(entry->d_name) != listing->fd)
			continue;
		if (is_fanotify(path, entry->d_name))
			err = list_group(listing, pid, atol(entry->d_name));
	}
	closedir(dir);
	return err;
}

static int list_all(struct listing *listing)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		return failed("/proc: %s", strerror(errno));
	while (err != -EOPNOTSUPP && (entry = readdir(proc))) {
		/* Those that end meanwhile, and other users', are left out. */
		if (isdigit(entry->d_name[0]))
			err = list_process(listing, atol(entry->d_name));
	}
	closedir(proc);
	return err == -EOPNOTSUPP ? err : 0;
}

static int list_one(struct listing *listing, long pid)
{
	int err = list_process(listing, pid);

	if (err == -ENOENT)
		return failed("process %ld: no such process", pid);
	if (err && err != -EOPNOTSUPP)
		return failed("process %ld: %s", pid, strerror(-err));
	if (!err && !listing->found && !listing->hidden)
		return listing->fd < 0 ?
			failed("process %ld has no fanotify file descriptor", pid) :
			failed("process %ld: file descriptor %ld is not fanotify's",
			       pid, listing->fd);
	return err;
}

static int list(long pid, long fd)
{
	struct listing listing = { .fd = fd };
	fanfp_print_fn print;
	int err = 0;

	if (!fanfp_supported())
		return EXIT_FAILED;
	if (options.json)
		listing.array = json_object_new_array();
	/* It would say of each process that it may not be looked at. */
	print = fanfp_set_print(NULL);
	err = pid < 0 ? list_all(&listing) : list_one(&listing, pid);
	fanfp_set_print(print);
	if (listing.array && !err)
		print_json(listing.array);
	json_object_put(listing.array);
	if (err == -EOPNOTSUPP)
		return failed("this kernel cannot tell what is attached");
	if (err)
		return err;
	if (listing.hidden)
		return failed("%u groups not shown: that takes the right to trace their processes (CAP_SYS_PTRACE)",
			      listing.hidden);
	if (fflush(stdout))
		return failed("standard output: %s", strerror(errno));
	return 0;
}

int cmd_group(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pid", required_argument, NULL, 'P' },
		{ "fd", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	long pid = -1, fd = -1;
	const char *verb;
	int opt;

	while ((opt = getopt_long(argc, argv, "jph", long_options, NULL)) != -1) {
		switch (opt) {
		case 'P':
			pid = parse_number(optarg, 1);
			if (pid < 0)
				return wrong_usage("group", "--pid %s: not a process id",
						   optarg);
			break;
		case 'f':
			fd = parse_number(optarg, 0);
			if (fd < 0)
				return wrong_usage("group", "--fd %s: not a file descriptor",
						   optarg);
			break;
		case 'p':
			options.pretty = true;
			/* fall through */
		case 'j':
			options.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	verb = optind < argc ? argv[optind] : "list";
	if (!strcmp(verb, "help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (strcmp(verb, "list") && strcmp(verb, "show"))
		return wrong_usage("group", "no verb '%s'", verb);
	if (optind < argc - 1)
		return wrong_usage("group", "%s takes no '%s'", verb,
				   argv[optind + 1]);
	if (fd >= 0 && pid < 0)
		return wrong_usage("group", "--fd needs --pid");
	return list(pid, fd);
}
