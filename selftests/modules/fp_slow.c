// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler that takes its time, and notices if it is freed meanwhile
 *
 * inside counts the handlers that run now; too_early counts calls of fp_free
 * while one did. Writing to registered (un)registers it.
 */

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/fanotify_fastpath.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#define SLOW_MS		500

static atomic_t running;

static int inside;
module_param(inside, int, 0444);

static int too_early;
module_param(too_early, int, 0444);

static int frees;
module_param(frees, int, 0444);

static int slow_handler(struct fsnotify_group *group,
			struct fanotify_fastpath_hook *fp_hook,
			struct fanotify_fastpath_event *fp_event)
{
	inside = atomic_inc_return(&running);
	msleep(SLOW_MS);
	inside = atomic_dec_return(&running);
	return FAN_FP_RET_SKIP_EVENT;
}

static void slow_free(struct fanotify_fastpath_hook *fp_hook)
{
	frees++;
	if (atomic_read(&running))
		too_early++;
}

static struct fanotify_fastpath_ops slow_ops = {
	.fp_handler = slow_handler,
	.fp_free = slow_free,
	.owner = THIS_MODULE,
	.name = "slow",
};

/* Written while the module is loaded, then under the parameters' lock. */
static bool registered = true;
static bool ready;

static int set_registered(const char *text, const struct kernel_param *kp)
{
	bool wanted;
	int err;

	err = kstrtobool(text, &wanted);
	if (err)
		return err;
	/* Also a second time, which is refused. */
	if (ready && wanted)
		err = fanotify_fastpath_register(&slow_ops);
	else if (ready && !wanted && registered)
		fanotify_fastpath_unregister(&slow_ops);
	if (!err)
		registered = wanted;
	return err;
}

static const struct kernel_param_ops registered_ops = {
	.set = set_registered,
	.get = param_get_bool,
};
module_param_cb(registered, &registered_ops, &registered, 0644);

static int __init slow_init(void)
{
	ready = true;
	return registered ? fanotify_fastpath_register(&slow_ops) : 0;
}

static void __exit slow_exit(void)
{
	if (registered)
		fanotify_fastpath_unregister(&slow_ops);
}

module_init(slow_init);
module_exit(slow_exit);

MODULE_DESCRIPTION("fanotify fastpath test: a handler that takes its time");
MODULE_LICENSE("GPL");
