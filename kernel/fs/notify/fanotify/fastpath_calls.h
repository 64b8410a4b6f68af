/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath - fanotify's calls into it, in the tree
 */
#ifndef _FANOTIFY_FASTPATH_CALLS_H
#define _FANOTIFY_FASTPATH_CALLS_H

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/fsnotify_backend.h>
#include <linux/srcu.h>

#ifdef CONFIG_FANOTIFY_FASTPATH

/* Also what fanotify.h has, which is included before. */
#include "../fsnotify.h"
#include "fastpath_event.h"

/**
 * fanotify_fastpath() - ask the group's handler about an event, if it has one
 * @event: To be kept for fanotify_fastpath_response(). Need not be zeroed.
 * @group: The group.
 * @mask: The event, after the masks of the group's marks.
 * @match_mask: Which kinds of mark matched.
 * @data: What the file system reported.
 * @data_type: What @data is.
 * @dir: Directory of the event, or NULL.
 * @file_name: Name in @dir, or NULL.
 * @iter_info: The marks of the group that the event concerns: at least one.
 *
 * Context: That of fsnotify(), under fsnotify_mark_srcu.
 *
 * Return: 0 to go on, positive to drop the event, or the negative errno that
 * denies a permission event.
 */
static __always_inline int
fanotify_fastpath(struct fastpath_event *event, struct fsnotify_group *group,
		  u32 mask, u32 match_mask, const void *data, int data_type,
		  struct inode *dir, const struct qstr *file_name,
		  const struct fsnotify_iter_info *iter_info)
{
	struct fanotify_fastpath_hook *fp_hook =
		srcu_dereference(group->fanotify_data.fp_hook,
				 &fsnotify_mark_srcu);
	__kernel_fsid_t fsid = {};

	if (likely(!fp_hook)) {
		event->response_id = 0;
		return 0;
	}
	if (FAN_GROUP_FLAG(group, FANOTIFY_FID_BITS)) {
		/* All marks of a group that reports it have it: take the first. */
		const unsigned int type = __ffs(iter_info->report_mask);

		fsid = FANOTIFY_MARK(iter_info->marks[type])->fsid;
	}
	return fastpath_handle(event, fp_hook, group, mask, match_mask, data,
			       data_type, dir, file_name, fsid);
}

/**
 * fanotify_fastpath_may_wait() - may the current task wait for an answer
 *
 * Return: false inside a handler, which would hold up the whole system.
 */
static inline bool fanotify_fastpath_may_wait(void)
{
	return !fastpath_in_handler();
}

/**
 * fanotify_fastpath_response() - show the handler what userspace answered
 * @event: What fanotify_fastpath() was asked about.
 * @response: What userspace wrote, or 0 if nobody answered.
 * @group: The group.
 *
 * Does nothing if the hook that passed the event on is no longer there, or
 * does not want to know.
 *
 * Context: After fsnotify_finish_user_wait(), so under fsnotify_mark_srcu
 * again; that was taken before the marks were let go, which keeps @group.
 */
static inline void
fanotify_fastpath_response(struct fastpath_event *event, u32 response,
			   struct fsnotify_group *group)
{
	struct fanotify_fastpath_hook *fp_hook;

	if (likely(!response || !event->response_id))
		return;
	fp_hook = srcu_dereference(group->fanotify_data.fp_hook,
				   &fsnotify_mark_srcu);
	if (fp_hook && fp_hook->id == event->response_id)
		fastpath_response(event, response);
}

/**
 * fanotify_fastpath_ioctl() - handle a request that fanotify does not know
 * @group: The group of the file.
 * @cmd: The request.
 * @argp: Its argument.
 *
 * Return: What fastpath_ioctl() returns; -ENOTTY if it is not ours either.
 */
static inline long fanotify_fastpath_ioctl(struct fsnotify_group *group,
					   unsigned int cmd, void __user *argp)
{
	return fastpath_ioctl(group, cmd, argp);
}

/**
 * fanotify_fastpath_release() - a fanotify file is being released
 * @group: Its group, which queues no more events.
 */
static inline void fanotify_fastpath_release(struct fsnotify_group *group)
{
	fastpath_group_gone(group);
}

/**
 * fanotify_fastpath_show_fdinfo() - print what is attached to a group
 * @m: The fdinfo of the group's file.
 * @group: The group.
 *
 * Context: Process. Takes fastpath_lock.
 */
static inline void fanotify_fastpath_show_fdinfo(struct seq_file *m,
						 struct fsnotify_group *group)
{
	fastpath_show_fdinfo(m, group);
}

#else /* CONFIG_FANOTIFY_FASTPATH */

struct seq_file;
struct fastpath_event {};

static inline int
fanotify_fastpath(struct fastpath_event *event, struct fsnotify_group *group,
		  u32 mask, u32 match_mask, const void *data, int data_type,
		  struct inode *dir, const struct qstr *file_name,
		  const struct fsnotify_iter_info *iter_info)
{
	return 0;
}

static inline bool fanotify_fastpath_may_wait(void)
{
	return true;
}

static inline void
fanotify_fastpath_response(struct fastpath_event *event, u32 response,
			   struct fsnotify_group *group)
{
}

static inline long fanotify_fastpath_ioctl(struct fsnotify_group *group,
					   unsigned int cmd, void __user *argp)
{
	return -ENOTTY;
}

static inline void fanotify_fastpath_release(struct fsnotify_group *group)
{
}

static inline void fanotify_fastpath_show_fdinfo(struct seq_file *m,
						 struct fsnotify_group *group)
{
}

#endif /* CONFIG_FANOTIFY_FASTPATH */

#endif /* _FANOTIFY_FASTPATH_CALLS_H */
