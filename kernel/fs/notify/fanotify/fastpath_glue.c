// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - in the tree
 *
 * A hook hangs in group->fanotify_data, and fanotify_handle_event() reads it
 * in fsnotify's own SRCU section. The module flavour has a glue of its own.
 */

#include <linux/bpf.h>
#include <linux/fanotify.h>
#include <linux/fsnotify_backend.h>
#include <linux/init.h>
#include <linux/srcu.h>

#include "../fsnotify.h"
#include "fanotify.h"
#include "fastpath.h"

const bool fastpath_ops_pinned = true;

bool fastpath_ops_get(const void *ops, struct module *owner)
{
	return bpf_try_module_get(ops, owner);
}

void fastpath_ops_put(const void *ops, struct module *owner)
{
	bpf_module_put(ops, owner);
}

struct fsnotify_group *fastpath_file_group(struct file *file)
{
	return fanotify_file_group(file);
}

int fastpath_group_prepare(struct fsnotify_group *group)
{
	return 0;
}

struct fanotify_fastpath_hook __rcu **
fastpath_group_slot(struct fsnotify_group *group)
{
	return &group->fanotify_data.fp_hook;
}

void fastpath_synchronize(void)
{
	synchronize_srcu(&fsnotify_mark_srcu);
}

static int __init fastpath_init(void)
{
	int err;

	err = fastpath_handler_init();
	if (err)
		return err;
	err = fastpath_hook_init();
	if (err)
		return err;
	return fastpath_bpf_init();
}

/* The struct_ops type needs BTF, which is there after the initcalls of BPF. */
late_initcall(fastpath_init);
