// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that are not what the kfunc takes
 *
 * The verifier must refuse each of these handlers, for one reason.
 */
#include "refused.bpf.h"

char buf[8];
static struct fanotify_fastpath_ancestor list[2];
struct fanotify_fastpath_mark mark;
static const char attribute[] = "user.fp";
char writable[] = "user.fp";

/* Pointers that may be NULL. */

HANDLER(null_field, {
	return event->inode->i_ino & 1;
});

HANDLER(null_is_subdir, {
	struct dentry *dentry = event->dentry;

	return dentry ? bpf_is_subdir(NULL, dentry) : 0;
});

HANDLER(null_is_subdir_ancestor, {
	struct dentry *dentry = event->dentry;

	return dentry ? bpf_is_subdir(dentry, NULL) : 0;
});

HANDLER(null_dentry_name, {
	return bpf_fanotify_dentry_name(event->dentry, buf, sizeof(buf));
});

SLEEPER(null_dget_parent, {
	return !bpf_dget_parent(event->dentry);
});

SLEEPER(null_xattr, {
	return bpf_fanotify_xattr(event->dentry, attribute, buf, sizeof(buf));
});

HANDLER(null_hook_args, {
	return *bpf_fanotify_hook_args(hook, 0, 1);
});

SLEEPER(null_event_data_inode, {
	return !bpf_fanotify_data_inode(NULL);
});

SLEEPER(null_event_data_dentry, {
	return !bpf_fanotify_data_dentry(NULL);
});

HANDLER(null_event_nearest_mark, {
	return bpf_fanotify_nearest_mark(NULL, 0, &mark);
});

HANDLER(null_event_ancestors, {
	return bpf_fanotify_ancestors(NULL, 0, list, sizeof(list));
});

HANDLER(null_event_marks, {
	return bpf_fanotify_marks(NULL, 0, &mark, sizeof(mark));
});

HANDLER(null_event_file_name, {
	return bpf_fanotify_file_name(NULL, buf, sizeof(buf));
});

HANDLER(null_event_path, {
	return bpf_fanotify_path(NULL, buf, sizeof(buf));
});

HANDLER(null_hook, {
	return !bpf_fanotify_hook_args(NULL, 0, 1);
});

HANDLER(null_info, {
	return bpf_fanotify_nearest_mark(event, 0, NULL);
});

HANDLER(null_buffer_name, {
	return bpf_fanotify_file_name(event, NULL, 0);
});

HANDLER(null_buffer_path, {
	return bpf_fanotify_path(event, NULL, 0);
});

HANDLER(null_buffer_ancestors, {
	return bpf_fanotify_ancestors(event, 0, NULL, 0);
});

HANDLER(null_buffer_marks, {
	return bpf_fanotify_marks(event, 0, NULL, 0);
});

/* Dentries that the event does not keep. */

HANDLER(untrusted_is_subdir, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_is_subdir(dentry->d_parent, dentry);
});

HANDLER(untrusted_is_subdir_ancestor, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_is_subdir(dentry, dentry->d_parent);
});

HANDLER(untrusted_dentry_name, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_fanotify_dentry_name(dentry->d_parent, buf, sizeof(buf));
});

SLEEPER(untrusted_dget_parent, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_dget_parent(dentry->d_parent) == dentry;
});

SLEEPER(untrusted_xattr, {
	struct dentry *dentry = event->dentry;

	if (!dentry)
		return 0;
	return bpf_fanotify_xattr(dentry->d_parent, attribute, buf,
				  sizeof(buf));
});

/* Something else that is no event, or no hook. */

SLEEPER(other_data_inode, {
	return !bpf_fanotify_data_inode((void *)hook);
});

SLEEPER(other_data_dentry, {
	return !bpf_fanotify_data_dentry((void *)hook);
});

HANDLER(other_nearest_mark, {
	return bpf_fanotify_nearest_mark((void *)hook, 0, &mark);
});

HANDLER(other_ancestors, {
	return bpf_fanotify_ancestors((void *)hook, 0, list, sizeof(list));
});

HANDLER(other_marks, {
	return bpf_fanotify_marks((void *)hook, 0, &mark, sizeof(mark));
});

HANDLER(other_file_name, {
	return bpf_fanotify_file_name((void *)hook, buf, sizeof(buf));
});

HANDLER(other_path, {
	return bpf_fanotify_path((void *)hook, buf, sizeof(buf));
});

HANDLER(other_hook_args, {
	return !bpf_fanotify_hook_args((void *)event, 0, 1);
});

SLEEPER(forged_data_inode, {
	struct fanotify_fastpath_event forged = {};

	return !bpf_fanotify_data_inode(&forged);
});

SLEEPER(forged_data_dentry, {
	struct fanotify_fastpath_event forged = {};

	return !bpf_fanotify_data_dentry(&forged);
});

HANDLER(forged_nearest_mark, {
	struct fanotify_fastpath_event forged = {};

	return bpf_fanotify_nearest_mark(&forged, 0, &mark);
});

HANDLER(forged_ancestors, {
	struct fanotify_fastpath_event forged = {};

	return bpf_fanotify_ancestors(&forged, 0, list, sizeof(list));
});

HANDLER(forged_marks, {
	struct fanotify_fastpath_event forged = {};

	return bpf_fanotify_marks(&forged, 0, &mark, sizeof(mark));
});

HANDLER(forged_file_name, {
	struct fanotify_fastpath_event forged = {};

	return bpf_fanotify_file_name(&forged, buf, sizeof(buf));
});

HANDLER(forged_path, {
	struct fanotify_fastpath_event forged = {};

	return bpf_fanotify_path(&forged, buf, sizeof(buf));
});

HANDLER(forged_hook_args, {
	struct fanotify_fastpath_hook forged = {};

	return !bpf_fanotify_hook_args(&forged, 0, 1);
});

/* Names of attributes that are no constants. */

SLEEPER(writable_xattr_name, {
	struct dentry *dentry = event->dentry;

	return dentry ? bpf_fanotify_xattr(dentry, writable, buf, sizeof(buf)) : 0;
});

SLEEPER(stack_xattr_name, {
	struct dentry *dentry = event->dentry;
	char name[8] = "user.fp";

	return dentry ? bpf_fanotify_xattr(dentry, name, buf, sizeof(buf)) : 0;
});
