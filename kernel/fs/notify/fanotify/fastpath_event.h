/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath - one event asks one hook: what fanotify does itself
 *
 * Most events are skipped. So what that takes is inlined where fanotify has the
 * event in its hands, and ends with an add to a counter of this CPU; all else is
 * in fastpath_event.c.
 */
#ifndef _FANOTIFY_FASTPATH_EVENT_H
#define _FANOTIFY_FASTPATH_EVENT_H

#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/dcache.h>
#include <linux/fanotify.h>
#include <linux/fsnotify_backend.h>
#include <linux/percpu.h>
#include <linux/tracepoint-defs.h>

#include "fastpath.h"

/**
 * struct fastpath_event - one event on its way through a handler
 * @pub: What the handler sees.
 * @data: As the file system reported it; @pub.data_type says what it is.
 * @group: The hook's group. The event's mark keeps it.
 * @hook: The hook that is asked. The reader's SRCU section keeps it.
 * @response_id: Id of @hook if it passed the event on and wants to see the
 *               answer, else 0. Nothing keeps @hook while userspace is waited
 *               for.
 *
 * On the stack of the task that causes the event.
 */
struct fastpath_event {
	struct fanotify_fastpath_event pub;
	const void *data;
	struct fsnotify_group *group;
	struct fastpath_hook *hook;
	u64 response_id;
};

DECLARE_TRACEPOINT(fanotify_fastpath_event);

bool fastpath_in_handler(void);
int fastpath_decided(struct fastpath_event *event, int verdict);
void fastpath_response(struct fastpath_event *event, u32 response);

/**
 * fastpath_handle() - let the hook of a group decide about an event
 * @event: Filled. Need not be zeroed.
 * @fp_hook: The hook that is published in @group.
 * @group: The group.
 * @mask: The event, as the listener would see it.
 * @match_mask: Bits of enum fsnotify_iter_type: which marks matched.
 * @data: What the file system reported.
 * @data_type: What @data is.
 * @dir: Directory of the event, or NULL.
 * @file_name: Name in @dir, or NULL.
 * @fsid: File system, or zero.
 *
 * Context: That of fsnotify(): process, under fsnotify_mark_srcu, and in the
 * SRCU section that keeps @fp_hook. Sleeps if the handler does.
 *
 * Return: FAN_FP_RET_SEND_TO_USERSPACE, FAN_FP_RET_SKIP_EVENT, or the negative
 * errno that denies a permission event.
 */
static __always_inline int
fastpath_handle(struct fastpath_event *event,
		struct fanotify_fastpath_hook *fp_hook,
		struct fsnotify_group *group, u32 mask, u32 match_mask,
		const void *data, int data_type, struct inode *dir,
		const struct qstr *file_name, __kernel_fsid_t fsid)
{
	struct fastpath_hook *hook =
		container_of(fp_hook, struct fastpath_hook, pub);
	const struct path *path = fsnotify_data_path(data, data_type);
	struct dentry *dentry;
	struct inode *inode;
	int verdict;

	if (likely(path)) {
		/* Of an open file, so not negative. */
		dentry = path->dentry;
		inode = d_inode(dentry);
	} else if (likely(data_type != FSNOTIFY_EVENT_ERROR)) {
		/*
		 * The verifier takes dentry->d_inode of a trusted dentry for not
		 * NULL, but kernfs reports a mkdir before the dentry gets its
		 * inode.
		 */
		inode = fsnotify_data_inode(data, data_type);
		dentry = inode ? fsnotify_data_dentry(data, data_type) : NULL;
	} else {
		/*
		 * FAN_FS_ERROR is raised inside file system transactions: nobody
		 * may be asked there.
		 */
		event->response_id = 0;
		this_cpu_inc(hook->stats->sent);
		return FAN_FP_RET_SEND_TO_USERSPACE;
	}

	/* Every field of pub: BPF can read them. */
	event->pub.mask = mask & FANOTIFY_OUTGOING_EVENTS;
	event->pub.data_type = data_type;
	event->pub.dir = dir;
	event->pub.file_name = file_name;
	event->pub.inode = inode;
	event->pub.dentry = dentry;
	event->pub.path = path;
	event->pub.fsid = fsid;
	event->pub.match_mask = match_mask;
	event->pub.scratch[0] = 0;
	event->pub.scratch[1] = 0;
	event->data = data;
	event->group = group;
	event->hook = hook;

	verdict = hook->fp_handler(group, fp_hook, &event->pub);
	if (likely(verdict == FAN_FP_RET_SKIP_EVENT) &&
	    !tracepoint_enabled(fanotify_fastpath_event)) {
		this_cpu_inc(event->hook->stats->skipped);
		return FAN_FP_RET_SKIP_EVENT;
	}
	return fastpath_decided(event, verdict);
}

#endif /* _FANOTIFY_FASTPATH_EVENT_H */
