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

#include "fastpath_event.h"

/*
 * What a walk does at a directory. Returns whether that ends the walk. Always a
 * constant where it is passed on, so that the walk is compiled for it.
 */
typedef bool (*visit_fn)(const struct inode *inode, u32 depth, void *to);

static void identify(const struct inode *inode,
		     struct fanotify_fastpath_ancestor *dir)
{
	*dir = (struct fanotify_fastpath_ancestor){
		.ino = inode->i_ino,
		.generation = inode->i_generation,
		.dev = new_encode_dev(inode->i_sb->s_dev),
	};
}

/* A search for a mark of @group. */
struct mark_search {
	const struct fsnotify_group *group;
	struct fanotify_fastpath_mark *info;
};

/*
 * Find the mark of @group on @inode, if it counts. fsnotify() holds
 * fsnotify_mark_srcu around the handler, which keeps connector and marks; that
 * it does can't be told to lockdep, for a module can't name the domain.
 */
static noinline bool find_mark(const struct inode *inode,
			       const struct fsnotify_group *group,
			       struct fanotify_fastpath_mark *info)
{
	const struct fsnotify_mark_connector *conn;
	const struct fsnotify_mark *mark;

	conn = rcu_dereference_raw(inode->i_fsnotify_marks);
	if (!conn)
		return false;
	hlist_for_each_entry_rcu(mark, &conn->list, obj_list, true) {
		unsigned int flags;

		if (mark->group != group)
			continue;
		flags = READ_ONCE(mark->flags);
		if (!(flags & FSNOTIFY_MARK_FLAG_ATTACHED) ||
		    (flags & FSNOTIFY_MARK_FLAG_NO_IREF))
			continue;
		info->mask = READ_ONCE(mark->mask);
		info->ignore_mask = READ_ONCE(mark->ignore_mask);
		info->__reserved = 0;
		if (info->mask || info->ignore_mask) {
			identify(inode, &info->dir);
			return true;
		}
	}
	return false;
}

static __always_inline bool visit_mark(const struct inode *inode, u32 depth,
				       void *to)
{
	const struct mark_search *search = to;

	if (likely(!rcu_access_pointer(inode->i_fsnotify_marks)) ||
	    !S_ISDIR(inode->i_mode) ||
	    !find_mark(inode, search->group, search->info))
		return false;
	search->info->depth = depth;
	return true;
}

/* A list of marks: @count of them so far, of which the first @room fit. */
struct mark_list {
	struct mark_search search;
	struct fanotify_fastpath_mark *buf;
	u32 room;
	u32 count;
	const struct inode *last;
};

static __always_inline bool visit_listed(const struct inode *inode, u32 depth,
					 void *to)
{
	struct mark_list *list = to;

	/* A walk comes twice to a directory that it did not reach by dentry. */
	if (!visit_mark(inode, depth, &list->search) || inode == list->last)
		return false;
	list->last = inode;
	if (list->count < list->room)
		list->buf[list->count] = *list->search.info;
	list->count++;
	return false;
}

/* A list of ancestors, likewise. */
struct ancestor_list {
	struct fanotify_fastpath_ancestor *buf;
	u32 room;
	u32 count;
	const struct inode *last;
};

static __always_inline bool visit_ancestor(const struct inode *inode, u32 depth,
					   void *to)
{
	struct ancestor_list *list = to;

	if (!S_ISDIR(inode->i_mode) || inode == list->last)
		return false;
	list->last = inode;
	if (list->count < list->room)
		identify(inode, &list->buf[list->count]);
	list->count++;
	return false;
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
 * @dentry: Where to go on, or NULL. Without @first, and unless the place is the
 *          object, it is the parent of this dentry. With it, it is that one's
 *          dentry, or that of the directory which it was removed from.
 */
struct walk_start {
	const struct inode *first;
	const struct dentry *dentry;
};

/* The rest of find_start(): what is not an event about an open file. */
static noinline struct walk_start
find_other_start(const struct fastpath_event *event,
		 enum fanotify_fastpath_place place)
{
	struct inode *inode = event->pub.inode;
	struct inode *dir = event->pub.dir;
	struct walk_start start = {
		.dentry = fsnotify_data_dentry(event->data,
					       event->pub.data_type),
	};

	switch (place) {
	case FAN_FP_PLACE_OBJECT:
		if (start.dentry)
			return start;
		if (inode && S_ISDIR(inode->i_mode)) {
			/* A root is its own place, even when it is deleted. */
			start.first = inode;
			start.dentry = only_alias(inode);
			if (start.dentry || !dir)
				return start;
		} else if (inode && !dir) {
			start.dentry = only_alias(inode);
			return start;
		}
		break;
	case FAN_FP_PLACE_DIR:
		/* A mark without names gets no dir; the dentry has a parent. */
		break;
	case FAN_FP_PLACE_NEW_DIR:
		return start;
	}

	if (!dir)
		return start;
	if (!start.first)
		start.first = dir;
	start.dentry = only_alias(dir);
	return start;
}

/* Under RCU, which the result then depends on; not under rename_lock. */
static __always_inline struct walk_start
find_start(const struct fastpath_event *event,
	   enum fanotify_fastpath_place place)
{
	if (place == FAN_FP_PLACE_OBJECT && event->pub.dentry)
		return (struct walk_start){ .dentry = event->pub.dentry };
	return find_other_start(event, place);
}

/*
 * Walk up from a place, once. Under RCU and one round of rename_lock. Returns 1
 * if @visit ended the walk, 0 if it has seen all, -ESTALE if the place has no
 * dentry that is connected to the root of its file system, or is too far below
 * it.
 */
static __always_inline int walk_from(struct walk_start start,
				     enum fanotify_fastpath_place place,
				     visit_fn visit, void *to)
{
	const struct dentry *dentry = start.dentry;
	const struct dentry *parent;
	u32 left = FAN_FP_DEPTH_MAX;

	if (start.first && visit(start.first, 0, to))
		return 1;
	if (!dentry)
		return -ESTALE;
	if (start.first) {
		const struct inode *inode = READ_ONCE(dentry->d_inode);

		/* Negative: being removed, so its own. */
		if (inode && inode != start.first)
			left--;
	} else if (place != FAN_FP_PLACE_OBJECT) {
		dentry = READ_ONCE(dentry->d_parent);
	}

	for (;;) {
		const struct inode *inode = READ_ONCE(dentry->d_inode);

		/* Negative: just being made, or no longer referenced. */
		if (likely(inode) &&
		    visit(inode, FAN_FP_DEPTH_MAX - left, to))
			return 1;
		parent = READ_ONCE(dentry->d_parent);
		if (parent == dentry)
			break;
		/* Renames may have to wait for this. */
		if (unlikely(!left--))
			return -ESTALE;
		dentry = parent;
	}

	if (READ_ONCE(dentry->d_flags) & DCACHE_DISCONNECTED ||
	    !READ_ONCE(dentry->d_sb->s_root))
		return -ESTALE;
	return 0;
}

/* One round of a walk, with what it does at each directory. */
typedef int (*round_fn)(struct walk_start start,
			enum fanotify_fastpath_place place, void *to);

static __always_inline int search_round(struct walk_start start,
					enum fanotify_fastpath_place place,
					void *to)
{
	return walk_from(start, place, visit_mark, to);
}

static int marks_round(struct walk_start start,
		       enum fanotify_fastpath_place place, void *to)
{
	struct mark_list *list = to;

	list->count = 0;
	list->last = NULL;
	return walk_from(start, place, visit_listed, to);
}

static int ancestors_round(struct walk_start start,
			   enum fanotify_fastpath_place place, void *to)
{
	struct ancestor_list *list = to;

	list->count = 0;
	list->last = NULL;
	return walk_from(start, place, visit_ancestor, to);
}

static __always_inline int walk(const struct fastpath_event *event,
				enum fanotify_fastpath_place place,
				round_fn round, void *to)
{
	struct walk_start start;
	unsigned int seq;
	int ret;

	if (place > FAN_FP_PLACE_NEW_DIR)
		return -EINVAL;

	rcu_read_lock();
	start = find_start(event, place);
	seq = read_seqbegin(&rename_lock);
	ret = round(start, place, to);
	if (unlikely(read_seqretry(&rename_lock, seq))) {
		/* A rename interfered: once more, and keep them out. */
		start = find_start(event, place);
		read_seqlock_excl(&rename_lock);
		ret = round(start, place, to);
		read_sequnlock_excl(&rename_lock);
	}
	rcu_read_unlock();

	if (unlikely(ret < 0))
		this_cpu_inc(event->hook->stats->unplaced);
	return ret;
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

	return walk(event, place, search_round, &search);
}

/**
 * fastpath_marks() - list the marked directories at and above an event
 * @event: The event.
 * @place: Which of its places.
 * @buf: Where to list their marks, nearest first.
 * @room: How many fit.
 *
 * The first is the mark that fastpath_nearest_mark() finds; the others count
 * by the same rules, all as they were at one moment between renames.
 *
 * Context: In a handler. Does not sleep.
 *
 * Return: How many there are, also if fewer fit; -ESTALE if the event can't be
 * placed, -EINVAL for an unknown @place.
 */
int fastpath_marks(const struct fastpath_event *event,
		   enum fanotify_fastpath_place place,
		   struct fanotify_fastpath_mark *buf, u32 room)
{
	struct fanotify_fastpath_mark info = {};
	struct mark_list list = {
		.search.group = event->group,
		.search.info = &info,
		.buf = buf,
		.room = room,
	};
	int ret;

	ret = walk(event, place, marks_round, &list);
	return ret < 0 ? ret : list.count;
}

/**
 * fastpath_ancestors() - list the directories at and above an event
 * @event: The event.
 * @place: Which of its places.
 * @buf: Where to list them, nearest first.
 * @room: How many fit.
 *
 * These are the directories that fastpath_nearest_mark() looks at, all as they
 * were at one moment between renames.
 *
 * Context: In a handler. Does not sleep.
 *
 * Return: How many there are, also if fewer fit; -ESTALE if the event can't be
 * placed, -EINVAL for an unknown @place.
 */
int fastpath_ancestors(const struct fastpath_event *event,
		       enum fanotify_fastpath_place place,
		       struct fanotify_fastpath_ancestor *buf, u32 room)
{
	struct ancestor_list list = {
		.buf = buf,
		.room = room,
	};
	int ret;

	ret = walk(event, place, ancestors_round, &list);
	return ret < 0 ? ret : list.count;
}
