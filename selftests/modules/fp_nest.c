// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler whose own work causes an event: it opens a file
 *
 * The parameter path says which; entered counts how often it was called, and
 * result is what the open came to. While hold is set, it stays inside;
 * verdict is what it returns. flags and no_handler are there to be refused,
 * name is there to be taken.
 */

#include <linux/atomic.h>
#include <linux/delay.h>
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

static bool hold;
module_param(hold, bool, 0644);

static int verdict = FAN_FP_RET_SKIP_EVENT;
module_param(verdict, int, 0644);

static uint flags;
module_param(flags, uint, 0444);

static bool no_handler;
module_param(no_handler, bool, 0444);

static int nest_handler(struct fsnotify_group *group,
			struct fanotify_fastpath_hook *fp_hook,
			struct fanotify_fastpath_event *fp_event)
{
	struct file *file;

	entered++;
	while (READ_ONCE(hold))
		msleep(20);
	file = filp_open(path, O_RDONLY, 0);
	result = PTR_ERR_OR_ZERO(file);
	if (!IS_ERR(file))
		fput(file);
	return verdict;
}

static struct fanotify_fastpath_ops nest_ops = {
	.fp_handler = nest_handler,
	.owner = THIS_MODULE,
	.name = "nest",
};

module_param_string(name, nest_ops.name, sizeof(nest_ops.name), 0444);

static int __init nest_init(void)
{
	nest_ops.flags = flags;
	if (no_handler)
		nest_ops.fp_handler = NULL;
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
