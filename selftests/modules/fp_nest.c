// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler whose own work causes an event: it opens a file
 *
 * The parameter path says which; entered counts how often it was called, and
 * result is what the open came to.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fanotify_fastpath.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>

static char path[128];
module_param_string(path, path, sizeof(path), 0644);

static int entered;
module_param(entered, int, 0644);

static int result = 1;
module_param(result, int, 0644);

static int nest_handler(struct fsnotify_group *group,
			struct fanotify_fastpath_hook *fp_hook,
			struct fanotify_fastpath_event *fp_event)
{
	struct file *file;

	entered++;
	file = filp_open(path, O_RDONLY, 0);
	result = PTR_ERR_OR_ZERO(file);
	if (!IS_ERR(file))
		fput(file);
	return FAN_FP_RET_SKIP_EVENT;
}

static struct fanotify_fastpath_ops nest_ops = {
	.fp_handler = nest_handler,
	.owner = THIS_MODULE,
	.name = "nest",
};

static int __init nest_init(void)
{
	return fanotify_fastpath_register(&nest_ops);
}

static void __exit nest_exit(void)
{
	fanotify_fastpath_unregister(&nest_ops);
}

module_init(nest_init);
module_exit(nest_exit);

MODULE_DESCRIPTION("fanotify fastpath test: a handler that causes events");
MODULE_LICENSE("GPL");
