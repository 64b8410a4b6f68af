// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp top - count what becomes of events, by process and by directory
 *
 * Only while it is attached to the trace event fanotify_fastpath_event. fanfp
 * takes the counts out of the maps at each look, so that they stay small.
 */
#include "fanotify_fastpath.bpf.h"
#include <bpf/bpf_core_read.h>

#include "top.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* A power of 2, with room for one more name behind it. */
#define PATH_ROOM	4096
#define NAME_ROOM	256
#define MAX_DEPTH	64

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_MAX_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct top_process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TOP_MAX_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct top_dir_key);
	__type(value, struct top_dir);
} dirs SEC(".maps");

/* Programs of trace events are not preempted: each CPU can have one. */
struct scratch {
	struct top_dir dir;
	char path[PATH_ROOM + NAME_ROOM];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* Events for which there was no more room in one of the maps. */
__u64 lost;

static void count_process(int verdict)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct top_process new = {}, *process;

	process = bpf_map_lookup_elem(&processes, &pid);
	if (!process) {
		BPF_CORE_READ_STR_INTO(&new.comm, task, group_leader, comm);
		bpf_map_update_elem(&processes, &pid, &new, BPF_NOEXIST);
		process = bpf_map_lookup_elem(&processes, &pid);
	}
	if (process)
		__sync_fetch_and_add(&process->counts[verdict], 1);
	else
		__sync_fetch_and_add(&lost, 1);
}

/* The directory that something happened in, or NULL. */
static struct dentry *dir_of(const struct fanotify_fastpath_event *event)
{
	struct dentry *dentry = event->dentry, *parent;
	struct inode *dir = event->dir;
	struct hlist_node *alias;

	if (dentry) {
		parent = BPF_CORE_READ(dentry, d_parent);
		if (!dir || BPF_CORE_READ(parent, d_inode) == dir)
			return parent;
	}
	if (!dir)
		return NULL;
	/* A directory has one dentry. */
	alias = BPF_CORE_READ(dir, i_dentry.first);
	return alias ? (void *)alias -
		bpf_core_field_offset(struct dentry, d_u.d_alias) : NULL;
}

/* Write the path of @dir, from its end. */
static void read_path(struct scratch *s, struct dentry *dir)
{
	__u32 at = PATH_ROOM, len;
	struct dentry *parent;
	int i;

	s->dir.whole = 0;
	for (i = 0; i < MAX_DEPTH; i++) {
		parent = BPF_CORE_READ(dir, d_parent);
		if (parent == dir) {
			s->dir.whole = 1;
			break;
		}
		len = BPF_CORE_READ(dir, d_name.len) & (NAME_ROOM - 1);
		if (at <= len + 1)
			break;
		at -= len;
		bpf_probe_read_kernel(&s->path[at & (PATH_ROOM - 1)], len,
				      BPF_CORE_READ(dir, d_name.name));
		at--;
		s->path[at & (PATH_ROOM - 1)] = '/';
		dir = parent;
	}

	len = PATH_ROOM - at;
	if (len > TOP_PATH_MAX - 1) {
		len = TOP_PATH_MAX - 1;
		s->dir.whole = 0;
	}
	__builtin_memset(s->dir.path, 0, sizeof(s->dir.path));
	bpf_probe_read_kernel(s->dir.path, len & (TOP_PATH_MAX - 1),
			      &s->path[(PATH_ROOM - len) & (PATH_ROOM - 1)]);
}

static void count_dir(const struct fanotify_fastpath_event *event, int verdict)
{
	struct dentry *dentry = dir_of(event);
	struct top_dir_key key = {};
	struct scratch *s;
	struct top_dir *dir;
	__u32 zero = 0;

	if (dentry) {
		key.ino = BPF_CORE_READ(dentry, d_inode, i_ino);
		key.dev = BPF_CORE_READ(dentry, d_sb, s_dev);
	}
	dir = bpf_map_lookup_elem(&dirs, &key);
	if (!dir) {
		s = bpf_map_lookup_elem(&scratch, &zero);
		if (!s)
			return;
		if (dentry) {
			read_path(s, dentry);
		} else {
			s->dir.path[0] = '\0';
			s->dir.whole = 0;
		}
		bpf_map_update_elem(&dirs, &key, &s->dir, BPF_NOEXIST);
		dir = bpf_map_lookup_elem(&dirs, &key);
	}
	if (dir)
		__sync_fetch_and_add(&dir->counts[verdict], 1);
	else
		__sync_fetch_and_add(&lost, 1);
}

SEC("tp_btf/fanotify_fastpath_event")
int BPF_PROG(decided, const char *handler, __u64 id,
	     const struct fanotify_fastpath_event *event, int verdict)
{
	int index = verdict < 0 ? TOP_DENIED :
		verdict == FAN_FP_RET_SKIP_EVENT ? TOP_SKIPPED : TOP_SENT;

	/* Of a module's trace event the verifier does not know that it is not. */
	if (!event)
		return 0;
	count_process(index);
	count_dir(event, index);
	return 0;
}
