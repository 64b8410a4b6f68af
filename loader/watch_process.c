// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - who caused an event
 *
 * An event has a pid; the kernel has noted the rest. What it has not, nothing can
 * tell: what /proc says when the event is read may be about another process.
 */
#include <string.h>

#include "watch.h"

static void find_sender(const struct watch *w, struct watch_process *process)
{
	struct fanfp_sender_info sender = { .sz = sizeof(sender) };

	process->known = !fanfp_link__sender(w->link, process->pid, &sender);
	process->uid = sender.uid;
	strcpy(process->comm, process->known ? sender.comm : "?");
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
		find_sender(w, process);
	}
	return process;
}
