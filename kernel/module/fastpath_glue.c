// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - as a module, on a kernel that knows nothing of it
 *
 * The ops of a group that gets a handler are replaced by a copy, in which
 * handle_event() asks the handler first; the hook hangs beside the copy. They
 * are never put back while the group lives: a task that waits for a permission
 * may have returned into the copy's handle_event() by then. Each such group
 * holds the module; the group's end frees the copy and lets go.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/fanotify.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/kallsyms.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/utsname.h>
#include <linux/version.h>

#include "fastpath_event.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#error "fanotify_fastpath is for Linux 6.12 only; there is no module for other kernels"
#endif

const bool fastpath_ops_pinned;
const bool fastpath_sees_answers;

/* Readers of the hooks; fsnotify's own domain is not exported. */
DEFINE_STATIC_SRCU(fastpath_srcu);

/**
 * struct wrapped_ops - what a group's ops are replaced by
 * @ops: The copy. Constant once it is in the group.
 * @orig: fanotify's own ops.
 * @hook: Where a hook is published. Written under fastpath_lock, read in
 *        fastpath_srcu.
 *
 * Owned by the group, from when its ops point here until free_group_priv().
 */
struct wrapped_ops {
	struct fsnotify_ops ops;
	const struct fsnotify_ops *orig;
	struct fanotify_fastpath_hook __rcu *hook;
};

static int wrapped_handle_event(struct fsnotify_group *group, u32 mask,
				const void *data, int data_type,
				struct inode *dir, const struct qstr *file_name,
				u32 cookie, struct fsnotify_iter_info *iter_info);

static struct wrapped_ops *wrapped(const struct fsnotify_group *group)
{
	/* Pairs with smp_store_release() in fastpath_group_prepare(). */
	const struct fsnotify_ops *ops = smp_load_acquire(&group->ops);

	if (ops->handle_event != wrapped_handle_event)
		return NULL;
	return container_of(ops, struct wrapped_ops, ops);
}

bool fastpath_ops_get(const void *ops, struct module *owner)
{
	/* bpf_struct_ops_get() is not exported: unregistering waits instead. */
	return fastpath_bpf_owns(owner) || try_module_get(owner);
}

void fastpath_ops_put(const void *ops, struct module *owner)
{
	if (!fastpath_bpf_owns(owner))
		module_put(owner);
}

static bool symbol_is(const void *address, const char *name)
{
	char sym[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(sym, (unsigned long)address);
	return !strcmp(sym, name);
}

/*
 * fanotify's file operations are static, so ask for the name of what the
 * pointers point to; a symbol of a module would show the module's name too.
 * The first two tests keep other files from being asked about.
 */
struct fsnotify_group *fastpath_file_group(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct fsnotify_group *group;

	if (strcmp(file_inode(file)->i_sb->s_type->name, "anon_inodefs") ||
	    strcmp(dentry->d_name.name, "[fanotify]") ||
	    !symbol_is(file->f_op, "fanotify_fops"))
		return NULL;
	group = file->private_data;
	if (!wrapped(group) && !symbol_is(group->ops, "fanotify_fsnotify_ops"))
		return NULL;
	return group;
}

/*
 * The mask that fanotify_group_event_mask() will come to, which is static: what
 * the listener would see of the event, or 0. Notes in @match_mask which kinds
 * of mark matched.
 */
static u32 event_mask(struct fsnotify_group *group,
		      struct fsnotify_iter_info *iter_info, u32 mask,
		      const void *data, int data_type, struct inode *dir,
		      u32 *match_mask)
{
	const unsigned int fid = FAN_GROUP_FLAG(group, FANOTIFY_FID_BITS);
	const bool on_dir = mask & FAN_ONDIR;
	u32 wanted = 0, ignored = 0;
	unsigned int left;

	if (!fid) {
		const struct path *path = fsnotify_data_path(data, data_type);

		/* A file descriptor is opened of files and directories only. */
		if (!path || (!d_is_reg(path->dentry) &&
			      !d_can_lookup(path->dentry)))
			return 0;
	} else if (!(fid & FAN_REPORT_FID) && !dir && !on_dir) {
		/* There is no directory to report. */
		return 0;
	}

	/* fsnotify() has set the bits of the types that have a mark of @group. */
	for (left = iter_info->report_mask; left; left &= left - 1) {
		const unsigned int type = __ffs(left);
		struct fsnotify_mark *mark = iter_info->marks[type];

		ignored |= fsnotify_effective_ignore_mask(mark, on_dir, type);
		if (fsnotify_mask_applicable(mark->mask, on_dir, type)) {
			wanted |= mark->mask;
			*match_mask |= 1U << type;
		}
	}

	mask &= wanted & ~ignored;
	if (!fid)
		return mask & FANOTIFY_OUTGOING_EVENTS & ~FANOTIFY_EVENT_FLAGS;
	/* Flags alone are no event. */
	if (!(mask & ~FANOTIFY_EVENT_FLAGS))
		return 0;
	return mask & (FANOTIFY_OUTGOING_EVENTS | FANOTIFY_EVENT_FLAGS);
}

static int wrapped_handle_event(struct fsnotify_group *group, u32 mask,
				const void *data, int data_type,
				struct inode *dir, const struct qstr *file_name,
				u32 cookie, struct fsnotify_iter_info *iter_info)
{
	static const __kernel_fsid_t no_fsid;
	struct fastpath_event event __uninitialized;
	/* These ops are what called us, and they stay. */
	const struct wrapped_ops *wrapper =
		container_of(READ_ONCE(group->ops), struct wrapped_ops, ops);
	struct fanotify_fastpath_hook *fp_hook;
	int verdict = FAN_FP_RET_SEND_TO_USERSPACE;
	u32 match_mask = 0;
	int idx;

	if (rcu_access_pointer(wrapper->hook)) {
		u32 seen = event_mask(group, iter_info, mask, data, data_type,
				      dir, &match_mask);

		if (!seen)
			return 0;
		idx = srcu_read_lock(&fastpath_srcu);
		fp_hook = srcu_dereference(wrapper->hook, &fastpath_srcu);
		if (fp_hook)
			verdict = fastpath_handle(&event, fp_hook, group, seen,
						  match_mask, data, data_type,
						  dir, file_name, no_fsid);
		srcu_read_unlock(&fastpath_srcu, idx);
	}

	if (verdict)
		return verdict < 0 ? verdict : 0;
	/* Inside a handler nobody may wait; of other groups we do not know. */
	if (unlikely(mask & FANOTIFY_PERM_EVENTS) && fastpath_in_handler())
		return 0;
	/* May wait for userspace, so not in our SRCU section. */
	return wrapper->orig->handle_event(group, mask, data, data_type, dir,
					   file_name, cookie, iter_info);
}

static void wrapped_free_group_priv(struct fsnotify_group *group)
{
	struct wrapped_ops *wrapper = wrapped(group);

	fastpath_group_gone(group);
	wrapper->orig->free_group_priv(group);
	kfree(wrapper);
	/* fastpath_exit() waits for the few instructions that are left. */
	module_put(THIS_MODULE);
}

int fastpath_group_prepare(struct fsnotify_group *group)
{
	struct wrapped_ops *wrapper;

	if (wrapped(group))
		return 0;

	wrapper = kzalloc(sizeof(*wrapper), GFP_KERNEL_ACCOUNT);
	if (!wrapper)
		return -ENOMEM;

	mutex_lock(&fastpath_lock);
	if (!wrapped(group)) {
		wrapper->orig = group->ops;
		wrapper->ops = *group->ops;
		wrapper->ops.handle_event = wrapped_handle_event;
		wrapper->ops.free_group_priv = wrapped_free_group_priv;
		/* The caller's file or map holds the module so far. */
		__module_get(THIS_MODULE);
		/* Events of this group may be reading the pointer now. */
		smp_store_release(&group->ops, &wrapper->ops);
		wrapper = NULL;
	}
	mutex_unlock(&fastpath_lock);

	kfree(wrapper);
	return 0;
}

struct fanotify_fastpath_hook __rcu **
fastpath_group_slot(struct fsnotify_group *group)
{
	struct wrapped_ops *wrapper = wrapped(group);

	return wrapper ? &wrapper->hook : NULL;
}

void fastpath_synchronize(void)
{
	synchronize_srcu(&fastpath_srcu);
}

static long fastpath_dev_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	return fastpath_ioctl(NULL, cmd, (void __user *)arg);
}

static const struct file_operations fastpath_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = fastpath_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* Open to all: what a request needs is checked for each request. */
static struct miscdevice fastpath_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fanotify_fastpath",
	.fops = &fastpath_fops,
	.mode = 0666,
};

static int __init fastpath_init(void)
{
	int err;

	/* The version magic says so too, but insmod -f does not listen. */
	if (strncmp(init_uts_ns.name.release, "6.12.", 5)) {
		pr_err("made for Linux 6.12, this is %s: build it for this kernel, if it is a 6.12\n",
		       init_uts_ns.name.release);
		return -EINVAL;
	}
	/* Or no file would ever be told to be fanotify's. */
	if (!symbol_is(&init_uts_ns, "init_uts_ns")) {
		pr_err("this kernel does not know the names of data: it has to be built with CONFIG_KALLSYMS_ALL\n");
		return -EOPNOTSUPP;
	}

	err = fastpath_handler_init();
	if (err)
		return err;
	err = fastpath_hook_init();
	if (err)
		goto err_handler;
	err = fastpath_bpf_init();
	if (err) {
		if (err == -ENOENT) {
			pr_err("no BTF that fits this kernel: rebuild the module with pahole installed and the vmlinux of this kernel at hand\n");
			/* insmod takes ENOENT for a missing symbol. */
			err = -EOPNOTSUPP;
		} else {
			pr_err("cannot register the BPF struct_ops type: %d\n",
			       err);
		}
		goto err_hook;
	}
	err = misc_register(&fastpath_dev);
	if (err)
		goto err_hook;
	return 0;

err_hook:
	fastpath_hook_exit();
err_handler:
	fastpath_handler_exit();
	return err;
}

static void __exit fastpath_exit(void)
{
	misc_deregister(&fastpath_dev);
	fastpath_hook_exit();
	fastpath_handler_exit();
	/*
	 * The groups are gone, or the module could not be, but the task that
	 * dropped its last reference may still be on its way out of
	 * wrapped_free_group_priv().
	 */
	synchronize_rcu_tasks();
}

module_init(fastpath_init);
module_exit(fastpath_exit);

MODULE_DESCRIPTION("In-kernel handlers for fanotify groups");
MODULE_LICENSE("GPL");
