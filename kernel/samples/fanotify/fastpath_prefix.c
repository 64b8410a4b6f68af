// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fanotify fastpath handler in a kernel module: skip by file name prefix
 *
 * Events about files whose names start with one of the prefixes given at attach
 * are skipped, all others are passed on. The arguments are the prefixes, each
 * with its terminating NUL. fastpath_prefix_user.c attaches it.
 *
 * A handler runs in the task that causes the event, on all CPUs at once. This
 * one only reads its arguments, which can't change, so it needs no lock.
 */

#include <linux/dcache.h>
#include <linux/errno.h>
#include <linux/fanotify_fastpath.h>
#include <linux/module.h>
#include <linux/string.h>

static bool has_prefix(const struct fanotify_fastpath_hook *fp_hook,
		       const struct qstr *name)
{
	const char *prefix = fp_hook->args;
	const char *end = prefix + fp_hook->args_size;

	for (; prefix < end; prefix += strlen(prefix) + 1) {
		if (name->len >= strlen(prefix) &&
		    !memcmp(name->name, prefix, strlen(prefix)))
			return true;
	}
	return false;
}

static int prefix_handler(struct fsnotify_group *group,
			  struct fanotify_fastpath_hook *fp_hook,
			  struct fanotify_fastpath_event *fp_event)
{
	struct name_snapshot snapshot;
	bool skip = false;

	if (fp_event->file_name) {
		skip = has_prefix(fp_hook, fp_event->file_name);
	} else if (fp_event->dentry) {
		/* The file may be renamed meanwhile. */
		take_dentry_name_snapshot(&snapshot, fp_event->dentry);
		skip = has_prefix(fp_hook, &snapshot.name);
		release_dentry_name_snapshot(&snapshot);
	}
	return skip ? FAN_FP_RET_SKIP_EVENT : FAN_FP_RET_SEND_TO_USERSPACE;
}

/* Refuse what prefix_handler() could not read: no prefix, or no NUL. */
static int prefix_init(struct fsnotify_group *group,
		       struct fanotify_fastpath_hook *fp_hook)
{
	const char *args = fp_hook->args;

	if (!fp_hook->args_size || args[fp_hook->args_size - 1])
		return -EINVAL;
	return 0;
}

static struct fanotify_fastpath_ops prefix_ops = {
	.fp_handler = prefix_handler,
	.fp_init = prefix_init,
	.owner = THIS_MODULE,
	.name = "prefix",
	.desc = "skip events of files whose names start with a prefix",
	.init_args = "the prefixes, each with a terminating NUL",
};

static int __init prefix_module_init(void)
{
	return fanotify_fastpath_register(&prefix_ops);
}

static void __exit prefix_module_exit(void)
{
	fanotify_fastpath_unregister(&prefix_ops);
}

module_init(prefix_module_init);
module_exit(prefix_module_exit);

MODULE_DESCRIPTION("fanotify fastpath sample: skip by file name prefix");
MODULE_LICENSE("GPL");
