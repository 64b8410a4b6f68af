/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fanotify fastpath: what happens to attachments, and what handlers do wrong
 *
 * Attachments are named by their id, which no other gets until the next boot,
 * and by the name of their handler.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM fanotify_fastpath

#if !defined(_TRACE_FANOTIFY_FASTPATH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_FANOTIFY_FASTPATH_H

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

#endif /* _TRACE_FANOTIFY_FASTPATH_H */

/* Read once more, by design: not inside the guard. */
#include <trace/define_trace.h>
