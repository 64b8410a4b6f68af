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
#include <linux/seq_file.h>
#include <linux/srcu.h>

#include "../fsnotify.h"
#include "fanotify.h"
#include "fastpath.h"

const bool fastpath_ops_pinned = true;
const bool fastpath_sees_answers = true;

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

/**
 * fastpath_show_fdinfo() - print what is attached to a group
 * @m: The fdinfo of the group's file.
 * @group: The group.
 *
 * Context: Process. Takes fastpath_lock.
 */
void fastpath_show_fdinfo(struct seq_file *m, struct fsnotify_group *group)
{
	struct fanotify_fastpath_info info = {};

	if (fastpath_group_info(group, &info))
		return;
	seq_printf(m, "fanotify fastpath:%s id:%llu fp-flags:%x seen:%llu sent:%llu skipped:%llu denied:%llu errors:%llu nested:%llu unplaced:%llu\n",
		   info.name, info.id, info.flags, info.seen, info.sent,
		   info.skipped, info.denied, info.errors, info.nested,
		   info.unplaced);
}

static int __init fastpath_init(void)
{
	int err;

	err = fastpath_hook_init();
	if (err)
		return err;
	/* Last: from now on handlers can register. */
	return fastpath_handler_init();
}

/* Before the drivers, which may bring handlers. */
fs_initcall(fastpath_init);

/* The struct_ops type needs BTF, which is there after the initcalls of BPF. */
late_initcall(fastpath_bpf_init);
