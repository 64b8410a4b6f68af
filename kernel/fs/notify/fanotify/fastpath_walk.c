// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - the directories above an event
 *
 * The roots of subtrees are inode marks of the group itself, so the dcache is
 * the index: walk up from the event and look for a mark at each directory.
 * Nothing is cached, so a rename needs nothing invalidated.
 */

#include <linux/dcache.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/kdev_t.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/seqlock.h>

#include "fastpath.h"

/*
 * One step of a walk: a directory, or at @depth 0 the object; NULL if it is
 * negative: just being made, or no longer referenced. True ends the walk. A
 * walk can start over at 0. Inlined into each walk, with it.
 */
typedef bool (*visit_fn)(const struct inode *inode, u32 depth, void *ctx);

/*
 * Walk up from @dentry. Under RCU and one round of rename_lock. Returns 1 if
 * @visit has ended it, 0 at the root, -ESTALE if @dentry is not connected to
 * the root of its file system.
 */
static __always_inline int walk_up(const struct dentry *dentry, visit_fn visit,
				   void *ctx)
{
	const struct dentry *parent;
	u32 depth = 0;

	for (;;) {
		if (visit(READ_ONCE(dentry->d_inode), depth, ctx))
			return 1;
		parent = READ_ONCE(dentry->d_parent);
		if (parent == dentry)
			break;
		dentry = parent;
		depth++;
	}

	if (READ_ONCE(dentry->d_flags) & DCACHE_DISCONNECTED ||
	    !READ_ONCE(dentry->d_sb->s_root))
		return -ESTALE;
	return 0;
}

/*
 * The only dentry of @inode, or NULL if there is none or the choice. Not
 * referenced: good until the end of the caller's RCU section.
 */
static struct dentry *only_alias(struct inode *inode)
{
	struct dentry *alias = NULL;

	spin_lock(&inode->i_lock);
	if (!hlist_empty(&inode->i_dentry) &&
	    !inode->i_dentry.first->next)
		alias = hlist_entry(inode->i_dentry.first, struct dentry,
				    d_u.d_alias);
	spin_unlock(&inode->i_lock);
	return alias;
}

/**
 * struct walk_start - where a walk starts
 * @first: An inode to look at before @dentry, or NULL: a directory that may
 *         have no dentry any more.
 * @dentry: Where to start, or NULL.
 * @above: Start at the parent of @dentry.
 */
struct walk_start {
	const struct inode *first;
	const struct dentry *dentry;
	bool above;
};

/* Under RCU, which @start then depends on; not under rename_lock. */
static void find_start(const struct fastpath_event *event,
		       enum fanotify_fastpath_place place,
		       struct walk_start *start)
{
	struct inode *inode = event->pub.inode;
	struct inode *dir = event->pub.dir;

	*start = (struct walk_start){
		.dentry = fsnotify_data_dentry(event->data,
					       event->pub.data_type),
	};

	switch (place) {
	case FAN_FP_PLACE_OBJECT:
		if (start->dentry)
			return;
		if (inode && S_ISDIR(inode->i_mode)) {
			/* A root is its own place, even when it is deleted. */
			start->first = inode;
			start->dentry = only_alias(inode);
			if (start->dentry || !dir)
				return;
		} else if (inode && !dir) {
			start->dentry = only_alias(inode);
			return;
		}
		break;
	case FAN_FP_PLACE_DIR:
		/* A mark without names gets no dir; the dentry has a parent. */
		start->above = true;
		if (!dir)
			return;
		break;
	case FAN_FP_PLACE_NEW_DIR:
		start->above = true;
		return;
	}

	if (!dir)
		return;
	if (!start->first)
		start->first = dir;
	start->dentry = only_alias(dir);
	start->above = false;
}

static __always_inline int walk_from(const struct walk_start *start,
				     visit_fn visit, void *ctx)
{
	const struct dentry *dentry = start->dentry;

	if (start->first && visit(start->first, 0, ctx))
		return 1;
	if (!dentry)
		return -ESTALE;
	if (start->above)
		dentry = READ_ONCE(dentry->d_parent);
	return walk_up(dentry, visit, ctx);
}

/*
 * Walk up from one place of an event, until @visit ends it or to the root, as
 * it was at one point in time. Returns what walk_up() does, or -EINVAL for an
 * unknown @place. What can't be placed is counted.
 */
static __always_inline int walk(const struct fastpath_event *event,
				enum fanotify_fastpath_place place,
				visit_fn visit, void *ctx)
{
	struct walk_start start;
	unsigned int seq;
	int ret;

	if (place > FAN_FP_PLACE_NEW_DIR)
		return -EINVAL;

	rcu_read_lock();
	find_start(event, place, &start);
	seq = read_seqbegin(&rename_lock);
	ret = walk_from(&start, visit, ctx);
	if (unlikely(read_seqretry(&rename_lock, seq))) {
		/* A rename interfered: once more, and keep them out. */
		find_start(event, place, &start);
		read_seqlock_excl(&rename_lock);
		ret = walk_from(&start, visit, ctx);
		read_sequnlock_excl(&rename_lock);
	}
	rcu_read_unlock();

	if (ret < 0)
		this_cpu_inc(event->hook->stats->unplaced);
	return ret;
}

struct mark_search {
	const struct fsnotify_group *group;
	struct fanotify_fastpath_mark *info;
};

/*
 * Find the mark of the group on @inode, if it counts. fsnotify() holds
 * fsnotify_mark_srcu around the handler, which keeps connector and marks; that
 * it does can't be told to lockdep, for a module can't name the domain.
 */
static noinline bool find_mark(const struct inode *inode,
			       const struct mark_search *search)
{
	const struct fsnotify_mark_connector *conn;
	struct fanotify_fastpath_mark *info = search->info;
	const struct fsnotify_mark *mark;

	conn = rcu_dereference_raw(inode->i_fsnotify_marks);
	if (!conn)
		return false;
	hlist_for_each_entry_rcu(mark, &conn->list, obj_list, true) {
		unsigned int flags;

		if (mark->group != search->group)
			continue;
		flags = READ_ONCE(mark->flags);
		if (!(flags & FSNOTIFY_MARK_FLAG_ATTACHED) ||
		    (flags & FSNOTIFY_MARK_FLAG_NO_IREF))
			continue;
		info->mask = READ_ONCE(mark->mask);
		info->ignore_mask = READ_ONCE(mark->ignore_mask);
		if (info->mask || info->ignore_mask)
			return true;
	}
	return false;
}

static __always_inline bool visit_mark(const struct inode *inode, u32 depth,
				       void *ctx)
{
	struct mark_search *search = ctx;

	/* Nearly always there is none. */
	if (unlikely(!inode) ||
	    likely(!rcu_access_pointer(inode->i_fsnotify_marks)) ||
	    !S_ISDIR(inode->i_mode) || !find_mark(inode, search))
		return false;
	search->info->depth = depth;
	return true;
}

/**
 * fastpath_nearest_mark() - find the nearest marked directory above an event
 * @event: The event.
 * @place: Which of its places.
 * @info: The mark, if there is one.
 *
 * Of the inode marks on the place and its ancestors, those count that belong to
 * the event's group, are attached, are not evictable, and have a mask or an
 * ignore mask. The walk stays on one file system.
 *
 * Context: In a handler. Does not sleep.
 *
 * Return: 1 if there is a mark, 0 if there is none, -ESTALE if the event can't
 * be placed, -EINVAL for an unknown @place.
 */
int fastpath_nearest_mark(const struct fastpath_event *event,
			  enum fanotify_fastpath_place place,
			  struct fanotify_fastpath_mark *info)
{
	struct mark_search search = {
		.group = event->group,
		.info = info,
	};

	return walk(event, place, visit_mark, &search);
}

struct ancestor_list {
	struct fanotify_fastpath_ancestor *buf;
	u32 room;
	u32 count;
};

static __always_inline bool visit_ancestor(const struct inode *inode, u32 depth,
					   void *ctx)
{
	struct ancestor_list *list = ctx;

	list->count = depth + 1;
	if (depth >= list->room)
		return false;
	list->buf[depth] = (struct fanotify_fastpath_ancestor) {};
	if (inode) {
		list->buf[depth].ino = inode->i_ino;
		list->buf[depth].generation = inode->i_generation;
		list->buf[depth].dev = new_encode_dev(inode->i_sb->s_dev);
	}
	return false;
}

/**
 * fastpath_ancestors() - list the directories above an event
 * @event: The event.
 * @place: Which of its places.
 * @buf: Gets the place itself, then its parent, and so on.
 * @room: How many entries fit into @buf.
 *
 * Context: In a handler. Does not sleep.
 *
 * Return: How many there are, which can be more than fit; -ESTALE if the event
 * can't be placed; -EINVAL for an unknown @place.
 */
int fastpath_ancestors(const struct fastpath_event *event,
		       enum fanotify_fastpath_place place,
		       struct fanotify_fastpath_ancestor *buf, u32 room)
{
	struct ancestor_list list = {
		.buf = buf,
		.room = room,
	};
	int ret = walk(event, place, visit_ancestor, &list);

	return ret < 0 ? ret : list.count;
}
