// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp top - the counts by process and by directory, from its BPF program
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "mountinfo.h"
#include "tool.h"
#include "top.bpf.h"
#include "top.h"
#include "top.skel.h"

struct top_events {
	struct top *skel;
};

struct top_events *top_events_open(const char **why_not)
{
	struct top_events *events = calloc(1, sizeof(*events));
	int err = ENOMEM;

	if (events) {
		libbpf_set_print(NULL);
		events->skel = top__open_and_load();
		err = events->skel ? 0 : errno;
		if (!err && top__attach(events->skel))
			err = errno;
	}
	if (!err)
		return events;

	switch (err) {
	case EPERM:
	case EACCES:
		*why_not = "that takes CAP_BPF and CAP_PERFMON";
		break;
	case ESRCH:
	case ENOENT:
		*why_not = "this kernel has no trace event fanotify_fastpath_event; see 'fanfp probe'";
		break;
	default:
		*why_not = strerror(err);
	}
	top_events_close(events);
	return NULL;
}

void top_events_close(struct top_events *events)
{
	if (!events)
		return;
	top__destroy(events->skel);
	free(events);
}

static void set_rates(struct top_row *row, const unsigned long long *counts,
		      double seconds)
{
	static const int verdicts[TOP_N_VERDICTS] = {
		[TOP_SENT] = COUNT_SENT,
		[TOP_SKIPPED] = COUNT_SKIPPED,
		[TOP_DENIED] = COUNT_DENIED,
	};
	int i;

	for (i = 0; i < TOP_N_VERDICTS; i++) {
		row->rates[verdicts[i]] = counts[i] / seconds;
		row->rates[COUNT_SEEN] += counts[i] / seconds;
	}
}

static int add_process(struct top_state *top, pid_t pid,
		       const struct top_process *process)
{
	struct top_row *row = top_add_row(&top->rows[TOP_PROCESSES]);

	if (top_set_label(row, "%7d %.*s", (int)pid,
			  (int)sizeof(process->comm), process->comm))
		return EXIT_FAILED;
	row->pid = pid;
	snprintf(row->comm, sizeof(row->comm), "%.*s",
		 (int)sizeof(process->comm), process->comm);
	set_rates(row, process->counts, top->seconds);
	return 0;
}

/* Where a directory is that the kernel knows from the root of its file system. */
static int set_dir_label(struct top_row *row, const struct mount_table *mounts,
			 const struct top_dir_key *key,
			 const struct top_dir *dir)
{
	dev_t dev = makedev(key->dev >> 20, key->dev & 0xfffff);
	const struct mount_entry *mount = mount_table_find_dev(mounts, dev);
	const char *path = *dir->path ? dir->path : "/";
	size_t root;

	if (!key->dev)
		return top_set_label(row, "(no directory)");
	if (!dir->whole)
		return top_set_label(row, "%s: ...%s",
				     mount ? mount->point : "?", path);
	if (!mount || !path_is_below(path, mount->root))
		return top_set_label(row, "(%u:%u, not mounted here) %s",
				     major(dev), minor(dev), path);
	root = strlen(mount->root);
	path += root > 1 ? root : 0;
	if (!path[strspn(path, "/")])
		return top_set_label(row, "%s", mount->point);
	return top_set_label(row, "%s%s", strcmp(mount->point, "/") ?
			     mount->point : "", path);
}

static int take_processes(struct top_state *top)
{
	int fd = bpf_map__fd(top->events->skel->maps.processes);
	struct top_process process;
	__u32 key, next;
	int end, err = 0;

	end = bpf_map_get_next_key(fd, NULL, &next);
	while (!err && !end) {
		key = next;
		/* Before that one goes. */
		end = bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_and_delete_elem(fd, &key, &process))
			err = add_process(top, key, &process);
	}
	return err;
}

static int take_dirs(struct top_state *top, const struct mount_table *mounts)
{
	int fd = bpf_map__fd(top->events->skel->maps.dirs);
	struct top_dir_key key, next;
	struct top_dir dir;
	struct top_row *row;
	int end;

	end = bpf_map_get_next_key(fd, NULL, &next);
	while (!end) {
		key = next;
		end = bpf_map_get_next_key(fd, &key, &next);
		if (bpf_map_lookup_and_delete_elem(fd, &key, &dir))
			continue;
		row = top_add_row(&top->rows[TOP_DIRS]);
		if (!row)
			return failed("%s", strerror(ENOMEM));
		if (set_dir_label(row, mounts, &key, &dir))
			return EXIT_FAILED;
		set_rates(row, dir.counts, top->seconds);
	}
	return 0;
}

/* Add what has been counted since the last time; returns 0 or EXIT_FAILED. */
int top_events_take(struct top_state *top)
{
	struct mount_table mounts;
	int err;

	err = mount_table_read(&mounts);
	if (err)
		return failed("/proc/self/mountinfo: %s", strerror(-err));
	top->lost = __atomic_exchange_n(&top->events->skel->bss->lost, 0,
					__ATOMIC_RELAXED);
	err = take_processes(top) ?: take_dirs(top, &mounts);
	mount_table_free(&mounts);
	return err;
}
