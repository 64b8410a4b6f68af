// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - one event asks one hook
 *
 * With fastpath_event.h this is the hot path: no lock, no allocation, nothing
 * shared that is written.
 */

#include <linux/cache.h>
#include <linux/err.h>
#include <linux/fanotify.h>
#include <linux/fsnotify_backend.h>
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include <trace/events/fanotify_fastpath.h>

#include "fastpath_event.h"

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

/**
 * fastpath_handler_sleeping() - call a handler that may sleep
 * @group: The group.
 * @fp_hook: A hook of the handler, whose fp_handler this is.
 * @fp_event: The event.
 *
 * Context: As for the handler, which is not called in a task that it runs in
 * for @group.
 *
 * Return: What the handler returned, or what becomes of an event that its own
 * work caused: nobody may wait for userspace inside a handler, so what would ask
 * is allowed.
 */
int fastpath_handler_sleeping(struct fsnotify_group *group,
			      struct fanotify_fastpath_hook *fp_hook,
			      struct fanotify_fastpath_event *fp_event)
{
	struct fastpath_hook *hook =
		container_of(fp_hook, struct fastpath_hook, pub);
	struct nest_frame frame;
	int verdict;

	if (!nest_enter(&frame, group)) {
		this_cpu_inc(hook->stats->nested);
		return is_perm_event(fp_event->mask) ?
			FAN_FP_RET_SKIP_EVENT : FAN_FP_RET_SEND_TO_USERSPACE;
	}
	verdict = hook->handler->ops->fp_handler(group, fp_hook, fp_event);
	nest_exit(&frame);
	return verdict;
}

/**
 * fastpath_decided() - see to what a handler has decided
 * @event: The event.
 * @verdict: What the handler returned. A mistake loses no event.
 *
 * Context: As for fastpath_handle().
 *
 * Return: What fastpath_handle() does.
 */
int fastpath_decided(struct fastpath_event *event, int verdict)
{
	const bool perm = is_perm_event(event->pub.mask);
	struct fastpath_hook *hook = event->hook;

	event->response_id = 0;
	if (verdict == FAN_FP_RET_SKIP_EVENT) {
		this_cpu_inc(hook->stats->skipped);
	} else if (perm && verdict < 0 && verdict >= -MAX_ERRNO) {
		this_cpu_inc(hook->stats->denied);
		verdict = deny_errno(verdict);
	} else {
		if (verdict != FAN_FP_RET_SEND_TO_USERSPACE) {
			this_cpu_inc(hook->stats->errors);
			trace_fanotify_fastpath_error(hook->handler->name,
						      hook->pub.id,
						      event->pub.mask, verdict);
			verdict = FAN_FP_RET_SEND_TO_USERSPACE;
		}
		this_cpu_inc(hook->stats->sent);
		if (perm && hook->fp_response)
			event->response_id = hook->pub.id;
	}
	trace_fanotify_fastpath_event(hook->handler->name, hook->pub.id,
				      &event->pub, verdict);
	return verdict;
}

/**
 * fastpath_response() - show a hook what userspace answered
 * @event: The event that was passed on, by the hook that is published now: that
 *         has the event's response_id.
 * @response: What userspace wrote: FAN_ALLOW or FAN_DENY, and flags.
 *
 * Context: As for fastpath_handle(), in the task that waited for the answer.
 */
void fastpath_response(struct fastpath_event *event, u32 response)
{
	struct fastpath_hook *hook = event->hook;
	struct nest_frame frame;

	/*
	 * What it does must not come back to its handler. It is not inside it
	 * either: there, nobody waits for an answer.
	 */
	if (!hook->may_sleep) {
		hook->fp_response(&hook->pub, &event->pub, response);
	} else if (nest_enter(&frame, event->group)) {
		hook->fp_response(&hook->pub, &event->pub, response);
		nest_exit(&frame);
	}
}
