// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - who caused an event
 *
 * An event has a pid. The rest is what /proc says when the event is read, if the
 * process is still there.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mountinfo.h"
#include "tool.h"
#include "watch.h"

#define CGROUP_FS	"/sys/fs/cgroup"

/* --- what /proc says --------------------------------------------------------------- */

/* Read a small file of a process; returns whether there is something. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	text[len < 0 ? 0 : len] = '\0';
	return len > 0;
}

/* In /proc/PID/status, a name has "\\n" and "\\\\" for a newline and a backslash. */
static void copy_name(const char *text, char *name)
{
	while (*text) {
		char c = *text++;

		if (c == '\\' && *text)
			c = *text++ == 'n' ? '\n' : '\\';
		*name++ = c;
	}
	*name = '\0';
}

/* Name and uid in one go: in between the process could end. */
static void read_process(struct watch_process *process)
{
	char text[4096], name[2 * WATCH_COMM_MAX], *uid;

	process->known = false;
	strcpy(process->comm, "?");
	if (!read_proc(process->pid, "status", text, sizeof(text)))
		return;
	uid = strstr(text, "\nUid:");
	if (!uid || sscanf(text, "Name:\t%30[^\n]", name) != 1 ||
	    sscanf(uid, "\nUid: %*u %u", &process->uid) != 1)
		return;
	copy_name(name, process->comm);
	process->known = true;
}

/**
 * watch_process_find() - tell who a process is
 * @w: What is watched.
 * @pid: The process.
 *
 * Return: What is known of it; good until the next one.
 */
const struct watch_process *watch_process_find(struct watch *w, pid_t pid)
{
	struct watch_process *process = &w->process;

	/* Most events come in runs. */
	if (process->pid != pid || process->batch != w->batch) {
		process->pid = pid;
		process->batch = w->batch;
		read_process(process);
	}
	return process;
}

/* --- what was asked for ------------------------------------------------------------ */

const char * const watch_keys[WATCH_N_KEYS] = {
	[WATCH_COMM] = "comm",
	[WATCH_PID] = "pid",
	[WATCH_UID] = "uid",
	[WATCH_CGROUP] = "cgroup",
	[WATCH_EXE] = "exe",
};

static int wrong_value(const struct watch_value *value, const char *why)
{
	return wrong_usage("watch", "--%s%s %s: %s", value->not ? "not-" : "",
			   watch_keys[value->key], value->text, why);
}

static int parse_uid(struct watch_value *value)
{
	const struct passwd *user;

	value->number = parse_number(value->text, 0);
	if (value->number >= 0)
		return 0;
	user = getpwnam(value->text);
	if (!user)
		return wrong_value(value, "no such user");
	value->number = user->pw_uid;
	return 0;
}

/* As /proc says it: from the top of the hierarchy. */
static int parse_cgroup(struct watch_value *value)
{
	char *path = value->text, dir[PATH_MAX];
	size_t len;

	if (path_is_below(path, CGROUP_FS))
		memmove(path, path + strlen(CGROUP_FS),
			strlen(path + strlen(CGROUP_FS)) + 1);
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	if (!*path)
		strcpy(path, "/");
	if (*path != '/')
		return wrong_value(value, "is no absolute path");
	snprintf(dir, sizeof(dir), CGROUP_FS "%s", path);
	return access(dir, F_OK) ? wrong_value(value, "no such cgroup") : 0;
}

static int parse_exe(struct watch_value *value)
{
	char *path = realpath(value->text, NULL);

	if (!path)
		return wrong_value(value, strerror(errno));
	free(value->text);
	value->text = path;
	return 0;
}

/**
 * watch_value_parse() - see that a value is one of its kind
 * @value: With its key, and its text as the user gave it.
 *
 * Return: 0, or EXIT_USAGE with a message.
 */
int watch_value_parse(struct watch_value *value)
{
	switch (value->key) {
	case WATCH_COMM:
		/* The kernel has cut the other, too. */
		if (strlen(value->text) >= WATCH_COMM_MAX)
			value->text[WATCH_COMM_MAX - 1] = '\0';
		return 0;
	case WATCH_PID:
		value->number = parse_number(value->text, 0);
		return value->number < 0 ?
			wrong_value(value, "is no process id") : 0;
	case WATCH_UID:
		return parse_uid(value);
	case WATCH_CGROUP:
		return parse_cgroup(value);
	default:
		return parse_exe(value);
	}
}

enum match { NO, YES, UNKNOWN };

static enum match match_cgroup(pid_t pid, const char *cgroup)
{
	char text[PATH_MAX], *path;

	if (!read_proc(pid, "cgroup", text, sizeof(text)))
		return UNKNOWN;
	path = strstr(text, "0::/");
	if (!path)
		return NO;
	path += strlen("0::");
	path[strcspn(path, "\n")] = '\0';
	return path_is_below(path, cgroup) ? YES : NO;
}

static enum match match_exe(pid_t pid, const char *exe)
{
	char link[64], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return UNKNOWN;
	path[len] = '\0';
	return strcmp(path, exe) ? NO : YES;
}

static enum match match(const struct watch_value *value,
			const struct watch_process *process)
{
	switch (value->key) {
	case WATCH_PID:
		return process->pid == value->number ? YES : NO;
	case WATCH_CGROUP:
		return match_cgroup(process->pid, value->text);
	case WATCH_EXE:
		return match_exe(process->pid, value->text);
	default:
		break;
	}
	if (!process->known)
		return UNKNOWN;
	if (value->key == WATCH_UID)
		return process->uid == value->number ? YES : NO;
	return strcmp(process->comm, value->text) ? NO : YES;
}

/**
 * watch_process_wanted() - decide by who caused an event
 * @options: What the user asked for.
 * @process: Who it was.
 *
 * Return: Whether the event is wanted. What can't be told any more is: better an
 * event too many than one lost.
 */
bool watch_process_wanted(const struct watch_options *options,
			  const struct watch_process *process)
{
	bool asked[WATCH_N_KEYS] = {}, found[WATCH_N_KEYS] = {};
	int key;
	size_t i;

	for (i = 0; i < options->n_values; i++) {
		const struct watch_value *value = &options->values[i];
		enum match matches = match(value, process);

		if (value->not && matches == YES)
			return false;
		if (value->not)
			continue;
		asked[value->key] = true;
		found[value->key] |= matches != NO;
	}
	for (key = 0; key < WATCH_N_KEYS; key++) {
		if (asked[key] && !found[key])
			return false;
	}
	return true;
}
