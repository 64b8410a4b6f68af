/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath: what happens to attachments, what handlers decide, and what
 * they do wrong
 *
 * Attachments are named by their id, which no other gets until the next boot,
 * and by the name of their handler.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM fanotify_fastpath

#if !defined(_TRACE_FANOTIFY_FASTPATH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_FANOTIFY_FASTPATH_H

#include <linux/fanotify_fastpath.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

/**
 * fanotify_fastpath_attach - a handler was attached to a group
 * @handler: Its name.
 * @id: Id of the new attachment.
 * @replaced: Id of the attachment that it took the place of, or 0.
 */
TRACE_EVENT(fanotify_fastpath_attach,
	    TP_PROTO(const char *handler, u64 id, u64 replaced),
	    TP_ARGS(handler, id, replaced),
	    TP_STRUCT__entry(__string(handler, handler)
			     __field(u64, id)
			     __field(u64, replaced)),
	    TP_fast_assign(__assign_str(handler);
			   __entry->id = id;
			   __entry->replaced = replaced;),
	    TP_printk("handler=%s id=%llu replaced=%llu",
		      __get_str(handler), __entry->id, __entry->replaced)
);

/**
 * fanotify_fastpath_detach - an attachment has ended
 * @handler: Name of its handler.
 * @id: Id of the attachment.
 * @seen: How many events it has seen.
 *
 * Nothing of the handler runs for it any more, and fp_free has run.
 */
TRACE_EVENT(fanotify_fastpath_detach,
	    TP_PROTO(const char *handler, u64 id, u64 seen),
	    TP_ARGS(handler, id, seen),
	    TP_STRUCT__entry(__string(handler, handler)
			     __field(u64, id)
			     __field(u64, seen)),
	    TP_fast_assign(__assign_str(handler);
			   __entry->id = id;
			   __entry->seen = seen;),
	    TP_printk("handler=%s id=%llu seen=%llu",
		      __get_str(handler), __entry->id, __entry->seen)
);

/**
 * fanotify_fastpath_error - a handler returned what it may not
 * @handler: Its name.
 * @id: Id of the attachment.
 * @mask: The event, which goes to userspace.
 * @verdict: What the handler returned.
 */
TRACE_EVENT(fanotify_fastpath_error,
	    TP_PROTO(const char *handler, u64 id, u32 mask, int verdict),
	    TP_ARGS(handler, id, mask, verdict),
	    TP_STRUCT__entry(__string(handler, handler)
			     __field(u64, id)
			     __field(u32, mask)
			     __field(int, verdict)),
	    TP_fast_assign(__assign_str(handler);
			   __entry->id = id;
			   __entry->mask = mask;
			   __entry->verdict = verdict;),
	    TP_printk("handler=%s id=%llu mask=0x%x verdict=%d",
		      __get_str(handler), __entry->id, __entry->mask,
		      __entry->verdict)
);

/**
 * fanotify_fastpath_event - it is decided what becomes of an event
 * @handler: Name of the handler.
 * @id: Id of the attachment.
 * @event: What the handler was shown; for BPF programs. Its inode or its dir is
 *         there, or both.
 * @verdict: 0 if it goes to userspace, 1 if not, or the negative errno that a
 *           permission event is denied with.
 *
 * In the task that caused the event, whether the handler was asked or could not
 * be, as it had caused the event itself.
 */
TRACE_EVENT(fanotify_fastpath_event,
	    TP_PROTO(const char *handler, u64 id,
		     const struct fanotify_fastpath_event *event, int verdict),
	    TP_ARGS(handler, id, event, verdict),
	    TP_STRUCT__entry(__string(handler, handler)
			     __field(u64, id)
			     __field(u64, ino)
			     __field(u64, dir_ino)
			     __field(u32, mask)
			     __field(dev_t, dev)
			     __field(int, verdict)),
	    TP_fast_assign(const struct inode *inode = event->inode ?: event->dir;

			   __assign_str(handler);
			   __entry->id = id;
			   __entry->ino = event->inode ? event->inode->i_ino : 0;
			   __entry->dir_ino = event->dir ? event->dir->i_ino : 0;
			   __entry->mask = event->mask;
			   __entry->dev = inode ? inode->i_sb->s_dev : 0;
			   __entry->verdict = verdict;),
	    TP_printk("handler=%s id=%llu mask=0x%x dev=%d:%d dir=%llu ino=%llu verdict=%d",
		      __get_str(handler), __entry->id, __entry->mask,
		      MAJOR(__entry->dev), MINOR(__entry->dev),
		      __entry->dir_ino, __entry->ino, __entry->verdict)
);

#endif /* _TRACE_FANOTIFY_FASTPATH_H */

/* Read once more, by design: not inside the guard. */
#include <trace/define_trace.h>
