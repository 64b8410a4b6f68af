// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - one event asks one hook
 *
 * This is the hot path: no lock, no allocation, nothing shared that is written.
 */

#include <linux/cache.h>
#include <linux/err.h>
#include <linux/fanotify.h>
#include <linux/fsnotify_backend.h>
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <trace/events/fanotify_fastpath.h>

#include "fastpath.h"

/*
 * Handlers that are running, if they may sleep: only these can cause events of
 * their own. Hashed by task, so that tasks seldom share a cache line.
 */
#define NEST_BITS	6

struct nest_bucket {
	/* Protects @frames. A leaf: nothing is called under it. */
	spinlock_t lock;
	/* struct nest_frame, on the stack of its task. */
	struct hlist_head frames;
} ____cacheline_aligned_in_smp;

struct nest_frame {
	struct hlist_node node;
	const struct task_struct *task;
	const struct fsnotify_group *group;
};

static struct nest_bucket nest_buckets[1 << NEST_BITS] = {
	[0 ... (1 << NEST_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(nest_buckets.lock),
	},
};

static struct nest_bucket *nest_bucket(const struct task_struct *task)
{
	return &nest_buckets[hash_ptr(task, NEST_BITS)];
}

/* Returns false, and leaves @frame alone, if the handler runs in this task. */
static bool nest_enter(struct nest_frame *frame,
		       const struct fsnotify_group *group)
{
	struct nest_bucket *bucket = nest_bucket(current);
	struct nest_frame *other;
	bool nested = false;

	frame->task = current;
	frame->group = group;
	spin_lock(&bucket->lock);
	hlist_for_each_entry(other, &bucket->frames, node) {
		if (other->task == current && other->group == group) {
			nested = true;
			break;
		}
	}
	if (!nested)
		hlist_add_head(&frame->node, &bucket->frames);
	spin_unlock(&bucket->lock);
	return !nested;
}

static void nest_exit(struct nest_frame *frame)
{
	struct nest_bucket *bucket = nest_bucket(current);

	spin_lock(&bucket->lock);
	hlist_del(&frame->node);
	spin_unlock(&bucket->lock);
}

/**
 * fastpath_in_handler() - tell whether the current task runs a handler
 *
 * Handlers that can't sleep can't cause events, and do not count.
 *
 * Context: Process. Seldom takes a lock: only if a handler runs in a task of
 * the same hash.
 *
 * Return: Whether it does. Nobody may then wait for userspace, for the handler
 * holds up every close of a group and every detach.
 */
bool fastpath_in_handler(void)
{
	struct nest_bucket *bucket = nest_bucket(current);
	struct nest_frame *frame;
	bool inside = false;

	/* A frame of our own would be seen without the lock. */
	if (likely(!READ_ONCE(bucket->frames.first)))
		return false;
	spin_lock(&bucket->lock);
	hlist_for_each_entry(frame, &bucket->frames, node) {
		if (frame->task == current) {
			inside = true;
			break;
		}
	}
	spin_unlock(&bucket->lock);
	return inside;
}

static bool is_perm_event(u32 mask)
{
	return IS_ENABLED(CONFIG_FANOTIFY_ACCESS_PERMISSIONS) &&
		mask & FANOTIFY_PERM_EVENTS;
}

/*
 * The errnos that open(2) and read(2) callers can make sense of. Others are
 * EPERM; EAGAIN above all, on which io_uring would try again for ever.
 */
static int deny_errno(int verdict)
{
	switch (verdict) {
	case -EACCES:
	case -EIO:
	case -EBUSY:
	case -ETXTBSY:
	case -ENOSPC:
	case -EDQUOT:
		return verdict;
	default:
		return -EPERM;
	}
}

static int count_sent(struct fastpath_hook *hook)
{
	this_cpu_inc(hook->stats->sent);
	return FAN_FP_RET_SEND_TO_USERSPACE;
}

static int count_skipped(struct fastpath_hook *hook)
{
	this_cpu_inc(hook->stats->skipped);
	return FAN_FP_RET_SKIP_EVENT;
}

/*
 * A handler's own work caused this event. Nobody may wait for userspace inside
 * a handler, so what would ask is allowed.
 */
static noinline int handle_nested(struct fastpath_hook *hook, u32 mask)
{
	this_cpu_inc(hook->stats->nested);
	return is_perm_event(mask) ? count_skipped(hook) : count_sent(hook);
}

/* Neither skip nor send: a denial, or a mistake, which loses no event. */
static noinline int handle_odd(struct fastpath_hook *hook, u32 mask,
			       int verdict)
{
	if (is_perm_event(mask) && verdict < 0 && verdict >= -MAX_ERRNO) {
		this_cpu_inc(hook->stats->denied);
		return deny_errno(verdict);
	}
	this_cpu_inc(hook->stats->errors);
	trace_fanotify_fastpath_error(hook->handler->name, hook->pub.id, mask,
				      verdict);
	return count_sent(hook);
}

static noinline int call_sleeping(struct fastpath_event *event)
{
	struct fastpath_hook *hook = event->hook;
	struct nest_frame frame;
	int verdict;

	if (!nest_enter(&frame, event->group))
		return handle_nested(hook, event->pub.mask);
	verdict = hook->fp_handler(event->group, &hook->pub, &event->pub);
	nest_exit(&frame);

	if (verdict == FAN_FP_RET_SKIP_EVENT)
		return count_skipped(hook);
	if (verdict == FAN_FP_RET_SEND_TO_USERSPACE)
		return count_sent(hook);
	return handle_odd(hook, event->pub.mask, verdict);
}

/* What a handler gets to see of an event. */
static inline void
event_init(struct fastpath_event *event, struct fastpath_hook *hook,
	   struct fsnotify_group *group, u32 mask, u32 match_mask,
	   const void *data, int data_type, struct inode *dir,
	   const struct qstr *file_name, const __kernel_fsid_t *fsid)
{
	struct dentry *dentry = fsnotify_data_dentry(data, data_type);

	*event = (struct fastpath_event) {
		/* The listener does not get FAN_EVENT_ON_CHILD. */
		.pub.mask = mask & FANOTIFY_OUTGOING_EVENTS,
		.pub.data_type = data_type,
		.pub.dir = dir,
		.pub.file_name = file_name,
		.pub.inode = fsnotify_data_inode(data, data_type),
		.pub.path = fsnotify_data_path(data, data_type),
		.pub.fsid = *fsid,
		.pub.match_mask = match_mask,
		.data = data,
		.hook = hook,
		.group = group,
	};
	/*
	 * The verifier takes dentry->d_inode of a trusted dentry for not NULL,
	 * but kernfs reports a mkdir before the dentry gets its inode.
	 */
	if (dentry && event->pub.inode)
		event->pub.dentry = dentry;
}

/*
 * Out of line, and what returns the verdict, so that the hot path has a nop for
 * it and no more: nothing has to be kept over a call that is not made.
 */
static noinline __cold int trace_decided(const struct fastpath_event *event,
					 int verdict)
{
	trace_fanotify_fastpath_event(event->hook->handler->name,
				      event->hook->pub.id, &event->pub,
				      verdict);
	return verdict;
}

static int call_handler(struct fastpath_event *event)
{
	struct fastpath_hook *hook = event->hook;
	int verdict;

	if (unlikely(hook->may_sleep))
		return call_sleeping(event);

	verdict = hook->fp_handler(event->group, &hook->pub, &event->pub);
	if (likely(verdict == FAN_FP_RET_SKIP_EVENT))
		return count_skipped(hook);
	if (likely(verdict == FAN_FP_RET_SEND_TO_USERSPACE))
		return count_sent(hook);
	return handle_odd(hook, event->pub.mask, verdict);
}

/**
 * fastpath_handle() - let the hook of a group decide about an event
 * @fp_hook: The hook that is published in @group.
 * @group: The group.
 * @mask: The event, as the listener would see it.
 * @match_mask: Bits of enum fsnotify_iter_type: which marks matched.
 * @data: What the file system reported.
 * @data_type: What @data is.
 * @dir: Directory of the event, or NULL.
 * @file_name: Name in @dir, or NULL.
 * @fsid: File system, or zero.
 * @wait: If userspace is to be asked and the handler wants to see the answer,
 *        filled for fastpath_response(); else left alone. Not used unless
 *        fastpath_sees_answers.
 *
 * Context: That of fsnotify(): process, under fsnotify_mark_srcu, and in the
 * SRCU section that keeps @fp_hook. Sleeps if the handler does.
 *
 * Return: FAN_FP_RET_SEND_TO_USERSPACE, FAN_FP_RET_SKIP_EVENT, or the negative
 * errno that denies a permission event.
 */
int fastpath_handle(struct fanotify_fastpath_hook *fp_hook,
		    struct fsnotify_group *group, u32 mask, u32 match_mask,
		    const void *data, int data_type, struct inode *dir,
		    const struct qstr *file_name, const __kernel_fsid_t *fsid,
		    struct fastpath_wait *wait)
{
	struct fastpath_hook *hook =
		container_of(fp_hook, struct fastpath_hook, pub);
	struct fastpath_event event;
	int verdict;

	/* Raised inside file system transactions: nobody may be asked there. */
	if (unlikely(mask & FAN_FS_ERROR))
		return count_sent(hook);

	event_init(&event, hook, group, mask, match_mask, data, data_type, dir,
		   file_name, fsid);
	verdict = call_handler(&event);

	if (unlikely(hook->fp_response) && is_perm_event(mask) &&
	    verdict == FAN_FP_RET_SEND_TO_USERSPACE) {
		wait->hook_id = fp_hook->id;
		memcpy(wait->scratch, event.pub.scratch, sizeof(wait->scratch));
	}
	if (trace_fanotify_fastpath_event_enabled())
		verdict = trace_decided(&event, verdict);
	return verdict;
}

/**
 * fastpath_response() - show a hook what userspace answered
 * @fp_hook: The hook that is published in @group, and has @wait's id.
 * @wait: What fastpath_handle() filled.
 * @response: What userspace wrote: FAN_ALLOW or FAN_DENY, and flags.
 * @group: The group.
 * @mask: As for fastpath_handle(), like all that follow.
 * @match_mask: Likewise.
 * @data: Likewise.
 * @data_type: Likewise.
 * @dir: Likewise.
 * @file_name: Likewise.
 * @fsid: Likewise.
 *
 * Context: As for fastpath_handle(), in the task that waited for the answer.
 */
void fastpath_response(struct fanotify_fastpath_hook *fp_hook,
		       const struct fastpath_wait *wait, u32 response,
		       struct fsnotify_group *group, u32 mask, u32 match_mask,
		       const void *data, int data_type, struct inode *dir,
		       const struct qstr *file_name,
		       const __kernel_fsid_t *fsid)
{
	struct fastpath_hook *hook =
		container_of(fp_hook, struct fastpath_hook, pub);
	struct fastpath_event event;
	struct nest_frame frame;

	event_init(&event, hook, group, mask, match_mask, data, data_type, dir,
		   file_name, fsid);
	memcpy(event.pub.scratch, wait->scratch, sizeof(wait->scratch));

	/*
	 * What it does must not come back to its handler. It is not inside it
	 * either: there, nobody waits for an answer.
	 */
	if (!hook->may_sleep) {
		hook->fp_response(fp_hook, &event.pub, response);
	} else if (nest_enter(&frame, group)) {
		hook->fp_response(fp_hook, &event.pub, response);
		nest_exit(&frame);
	}
}
