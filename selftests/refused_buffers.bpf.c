// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that are not as large as is said, or not to be written
 *
 * The verifier must refuse each of these handlers, for one reason.
 */
#include "refused.bpf.h"

/* Maps of their own: the verifier checks against the map, not the variable. */
char buf[8] SEC(".bss.buf");
static struct fanotify_fastpath_ancestor list[2] SEC(".bss.list");
static struct fanotify_fastpath_mark marks[2] SEC(".bss.marks");
static const char attribute[] = "user.fp";

/* Sizes that the buffer has not. */

HANDLER(small_file_name, {
	return bpf_fanotify_file_name(event, buf, sizeof(buf) + 1);
});

HANDLER(small_path, {
	return bpf_fanotify_path(event, buf, sizeof(buf) + 1);
});

HANDLER(small_ancestors, {
	return bpf_fanotify_ancestors(event, 0, list, sizeof(list) + 1);
});

HANDLER(small_marks, {
	return bpf_fanotify_marks(event, 0, marks, sizeof(marks) + 1);
});

HANDLER(small_dentry_name, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_fanotify_dentry_name(dentry, buf, sizeof(buf) + 1);
});

SLEEPER(small_xattr, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_fanotify_xattr(dentry, attribute, buf, sizeof(buf) + 1);
});

HANDLER(small_stack, {
	char name[8];

	return bpf_fanotify_file_name(event, name, sizeof(name) + 1);
});

HANDLER(small_nearest_mark, {
	__u32 info[3];

	return bpf_fanotify_nearest_mark(event, 0, (void *)info);
});

HANDLER(small_hook_args, {
	const __u8 *args = bpf_fanotify_hook_args(hook, 0, 8);

	return args ? args[8] : 0;
});

/* Sizes that are not known when the handler is loaded. */

HANDLER(unbounded_file_name, {
	return bpf_fanotify_file_name(event, buf, event->mask);
});

HANDLER(unbounded_path, {
	return bpf_fanotify_path(event, buf, event->mask);
});

HANDLER(unbounded_ancestors, {
	return bpf_fanotify_ancestors(event, 0, list, event->mask);
});

HANDLER(unbounded_marks, {
	return bpf_fanotify_marks(event, 0, marks, event->mask);
});

HANDLER(unbounded_dentry_name, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_fanotify_dentry_name(dentry, buf, event->mask);
});

SLEEPER(unbounded_xattr, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_fanotify_xattr(dentry, attribute, buf, event->mask);
});

HANDLER(unbounded_hook_args, {
	return !bpf_fanotify_hook_args(hook, 0, event->mask);
});

/* Memory that must not be written. */

HANDLER(readonly_path, {
	const __u8 *args = bpf_fanotify_hook_args(hook, 0, 8);

	return args ? bpf_fanotify_path(event, (char *)args, 8) : 0;
});

HANDLER(writes_hook_args, {
	__u8 *args = (__u8 *)bpf_fanotify_hook_args(hook, 0, 8);

	if (args)
		args[0] = 1;
	return 0;
});
