/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the fanfp tool share
 *
 * Include it after kselftest_harness.h, common.h and run.h.
 */
#ifndef _SELFTESTS_FANFP_TOOL_H
#define _SELFTESTS_FANFP_TOOL_H

#define FANFP		"/usr/sbin/fanfp"

#define RUN(...) TOOL(FANFP, __VA_ARGS__)
#define RUN_AS(_prepare, ...) TOOL_AS(_prepare, FANFP, __VA_ARGS__)

/* Run "fanfp ARGS" and ask jq about its JSON; true if that says so. */
#define JSON(_args, _filter) (!SHELL("fanfp " _args " | jq -e '" _filter "'"))

/*
 * Make a directory, and a group that listens to what is opened on its file system;
 * returns that, or -1. @pid and @fd are for command lines.
 */
static inline int listen_to(struct fp_dir *dir, char pid[16], char fd[16])
{
	int group;

	if (fp_dir_make(dir))
		return -1;
	group = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
			      O_RDONLY);
	snprintf(pid, 16, "%d", getpid());
	snprintf(fd, 16, "%d", group);
	return fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			     AT_FDCWD, dir->path) ? -1 : group;
}

#endif /* _SELFTESTS_FANFP_TOOL_H */
