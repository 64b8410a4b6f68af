/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A part of the handler "filter": note who has caused the events that are sent
 */
#ifndef _FANFP_FILTER_SENDERS_H
#define _FANFP_FILTER_SENDERS_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RULE_SENDERS);
	__type(key, __u32);
	__type(value, struct rule_sender);
} senders SEC(".maps");

/* Whose pids are the keys there: a pid namespace and its level; 0 if nobody's. */
__u64 pid_ns;
__u32 pid_ns_level;

/* How many entries were made there; and when there was no room last. */
__u32 senders_noted;
__u64 senders_full;

/* What the number of @pid is at a level of namespaces. */
static void read_number(struct pid *pid, __u32 level, struct upid *number)
{
	bpf_probe_read_kernel(number, sizeof(*number), (void *)pid +
			      bpf_core_field_offset(struct pid, numbers) +
			      level * sizeof(*number));
}

/* The number of a task's process in the namespace pid_ns; 0 if it has none. */
static __u32 sender_pid(struct task_struct *task)
{
	struct pid *pid = task->signal->pids[PIDTYPE_TGID];
	struct upid number = {};

	if (!pid || pid->level < pid_ns_level)
		return 0;
	read_number(pid, pid_ns_level, &number);
	return (__u64)number.ns == pid_ns ? number.nr : 0;
}

/*
 * Note who causes an event that is sent, before it is queued. That order is what
 * tells, when a pid is that of another process than before, that all events of the
 * one before are queued: see rules_senders.c. Not static: so it is verified by itself.
 */
__noinline int note_sender(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *leader = task->group_leader;
	const struct cred *cred = task->cred;
	struct rule_sender new = {}, *sender;
	__u64 now;

	new.pid = sender_pid(task);
	if (!new.pid || !cred)
		return 0;
	new.uid = cred->euid.val;
	new.start = leader->start_boottime;
	bpf_probe_read_kernel_str(new.comm, sizeof(new.comm), leader->comm);
	sender = bpf_map_lookup_elem(&senders, &new.pid);
	if (!sender) {
		/* One that had this pid before may have found no room. */
		new.since = senders_full;
		if (!bpf_map_update_elem(&senders, &new.pid, &new, BPF_NOEXIST)) {
			__sync_fetch_and_add(&senders_noted, 1);
			return 0;
		}
		/* Another thread was faster, or there is no room. */
		sender = bpf_map_lookup_elem(&senders, &new.pid);
		if (!sender) {
			senders_full = bpf_ktime_get_ns();
			/* So that it is looked who is gone. */
			__sync_fetch_and_add(&senders_noted, 1);
			return 0;
		}
	}
	/* Mostly nothing is new. Half of what another writes is not the same. */
	if (sender->pid == new.pid && sender->start == new.start &&
	    sender->uid == new.uid && sender->comm_words[0] == new.comm_words[0] &&
	    sender->comm_words[1] == new.comm_words[1])
		return 0;
	now = bpf_ktime_get_ns();
	bpf_spin_lock(&sender->lock);
	/* An entry that is deleted can be that of another pid by now. */
	if (sender->pid != new.pid || sender->start != new.start ||
	    sender->uid != new.uid)
		sender->since = now;
	sender->pid = new.pid;
	sender->start = new.start;
	sender->uid = new.uid;
	sender->comm_words[0] = new.comm_words[0];
	sender->comm_words[1] = new.comm_words[1];
	bpf_spin_unlock(&sender->lock);
	return 0;
}

/* Run by libfanfp: from now on, note senders, by the pids of who runs it. */
SEC("syscall")
int note_senders(struct rule_noting *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pid *pid = task->thread_pid;
	struct upid number = {};

	pid_ns_level = pid->level;
	read_number(pid, pid_ns_level, &number);
	pid_ns = (__u64)number.ns;
	to->noted = senders_noted;
	return 0;
}

#endif /* _FANFP_FILTER_SENDERS_H */
