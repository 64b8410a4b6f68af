// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - attachments
 *
 * A hook is published in its group under fastpath_lock and read by events in an
 * SRCU section. Link closed, handler gone, FAN_IOC_DEL_FP, group closed:
 * whoever unpublishes it first, finishes it: waits for the readers, outside
 * every lock of ours, lets the handler free what is its, and lets the handler
 * go.
 */

#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fsnotify_backend.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define CREATE_TRACE_POINTS
#include <trace/events/fanotify_fastpath.h>

#include "fastpath.h"

/* The last id given out. Never wraps: 64 bits. */
static atomic64_t fastpath_last_id;

/* Finishes hooks that were unpublished where waiting is not allowed. */
static struct workqueue_struct *fastpath_wq;

/**
 * fastpath_hook_stats() - add up the counters of a hook
 * @hook: The hook.
 * @sum: What to add them to.
 *
 * Context: Any, as long as @hook stays.
 */
void fastpath_hook_stats(const struct fastpath_hook *hook,
			 struct fastpath_stats *sum)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct fastpath_stats *stats =
			per_cpu_ptr(hook->stats, cpu);

		sum->sent += READ_ONCE(stats->sent);
		sum->skipped += READ_ONCE(stats->skipped);
		sum->denied += READ_ONCE(stats->denied);
		sum->errors += READ_ONCE(stats->errors);
		sum->nested += READ_ONCE(stats->nested);
		sum->unplaced += READ_ONCE(stats->unplaced);
	}
}

static void hook_free(struct fastpath_hook *hook)
{
	free_percpu(hook->stats);
	kfree(hook->pub.args);
	kfree(hook);
}

static void hook_finish_work(struct work_struct *work)
{
	fastpath_hook_finish(container_of(work, struct fastpath_hook, finish));
}

static struct fastpath_hook *hook_alloc(struct fastpath_handler *handler,
					const void *args, u32 args_size)
{
	struct fastpath_hook *hook;

	hook = kzalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);
	if (!hook)
		return NULL;
	hook->stats = alloc_percpu_gfp(struct fastpath_stats,
				       GFP_KERNEL_ACCOUNT);
	if (!hook->stats)
		goto err_free;
	if (args_size) {
		hook->pub.args = kmemdup(args, args_size, GFP_KERNEL_ACCOUNT);
		if (!hook->pub.args)
			goto err_free;
	}
	hook->pub.args_size = args_size;
	hook->pub.id = atomic64_inc_return(&fastpath_last_id);
	hook->handler = handler;
	hook->may_sleep = handler->flags & FASTPATH_F_MAY_SLEEP;
	hook->fp_handler = hook->may_sleep ? fastpath_handler_sleeping :
					     handler->ops->fp_handler;
	hook->fp_response = handler->ops->fp_response;
	INIT_LIST_HEAD(&hook->node);
	INIT_WORK(&hook->finish, hook_finish_work);
	return hook;

err_free:
	hook_free(hook);
	return NULL;
}

static struct fanotify_fastpath_hook *
slot_hook(struct fanotify_fastpath_hook __rcu **slot)
{
	return rcu_dereference_protected(*slot,
					 lockdep_is_held(&fastpath_lock));
}

/* The hook of @group, or NULL. */
static struct fastpath_hook *group_hook(struct fsnotify_group *group)
{
	struct fanotify_fastpath_hook __rcu **slot = fastpath_group_slot(group);
	struct fanotify_fastpath_hook *fp_hook = slot ? slot_hook(slot) : NULL;

	return fp_hook ? container_of(fp_hook, struct fastpath_hook, pub) : NULL;
}

/* A link owns the attachment: it can't be changed by name. */
static bool link_owns(const struct fastpath_hook *hook)
{
	return hook->handler->flags & FAN_FP_F_GROUP_FD;
}

/* Not published any more; counts on behind those that are. */
static void hook_leave(struct fastpath_hook *hook)
{
	hook->group = NULL;
	list_move_tail(&hook->node, &hook->handler->hooks);
}

/*
 * Publish @hook, in place of @old if there is one: every event sees one of
 * them. The caller must finish @old.
 */
static void hook_publish(struct fastpath_hook *hook,
			 struct fsnotify_group *group,
			 struct fastpath_hook *old)
{
	lockdep_assert_held(&fastpath_lock);
	if (old)
		hook_leave(old);
	hook->group = group;
	list_add(&hook->node, &hook->handler->hooks);
	rcu_assign_pointer(*fastpath_group_slot(group), &hook->pub);
	trace_fanotify_fastpath_attach(hook->handler->name, hook->pub.id,
				       old ? old->pub.id : 0);
}

/* Whether a handler can be attached by name to @group, now. */
static int may_attach(struct fsnotify_group *group, bool replace)
{
	struct fastpath_hook *old = group_hook(group);

	if (!replace)
		return old ? -EBUSY : 0;
	if (!old)
		return -ENOENT;
	return link_owns(old) ? -EBUSY : 0;
}

/* What BPF returns can be anything; the caller of attach gets an errno. */
static int hook_init(struct fastpath_hook *hook, struct fsnotify_group *group)
{
	const struct fanotify_fastpath_ops *ops = hook->handler->ops;
	int err;

	if (!ops->fp_init)
		return 0;
	err = ops->fp_init(group, &hook->pub);
	return err > 0 || err <= -ERESTARTSYS ? -EINVAL : err;
}

/**
 * fastpath_hook_unpublish() - let no further event see a hook
 * @hook: A published hook. The caller must finish it.
 *
 * Context: The caller holds fastpath_lock.
 *
 * Return: @hook.
 */
struct fastpath_hook *fastpath_hook_unpublish(struct fastpath_hook *hook)
{
	lockdep_assert_held(&fastpath_lock);
	RCU_INIT_POINTER(*fastpath_group_slot(hook->group), NULL);
	hook_leave(hook);
	return hook;
}

/**
 * fastpath_hook_finish() - end an unpublished hook
 * @hook: The hook; freed.
 *
 * Context: Process; waits for the handlers that run, but not for userspace.
 * Calls fp_free and takes fastpath_lock.
 */
void fastpath_hook_finish(struct fastpath_hook *hook)
{
	struct fastpath_handler *handler = hook->handler;
	struct fastpath_stats past = {};

	fastpath_synchronize();
	if (handler->ops->fp_free)
		handler->ops->fp_free(&hook->pub);
	fastpath_hook_stats(hook, &past);
	trace_fanotify_fastpath_detach(handler->name, hook->pub.id,
				       fastpath_stats_seen(&past));
	fastpath_handler_put(handler, hook);
	hook_free(hook);
}

/**
 * fastpath_hook_retire() - end an unpublished hook, later if possible
 * @hook: The hook; freed.
 *
 * Context: Process. Does not wait if the hook keeps its handler's ops alive,
 * and is then fit to be called under BPF's struct_ops mutex.
 */
void fastpath_hook_retire(struct fastpath_hook *hook)
{
	if (fastpath_ops_pinned)
		queue_work(fastpath_wq, &hook->finish);
	else
		fastpath_hook_finish(hook);
}

/**
 * fastpath_attach() - attach a handler to a group
 * @handler: The handler; the caller has made itself a user of it, and stays
 *           that only if this fails.
 * @group: The group; the caller holds its file.
 * @args: Arguments of the attachment.
 * @args_size: Their size in bytes, at most FAN_FP_ARGS_MAX.
 * @replace: Take the place of the handler that is attached by name.
 *
 * Context: Process. Calls fp_init and takes fastpath_lock. With @replace waits
 * for the handlers that run and calls fp_free of the old hook.
 *
 * Return: 0, -EBUSY if the group has a handler (that a link owns, with
 * @replace), -ENOENT if the handler was unregistered meanwhile or there is none
 * to replace, -ENOMEM, or what fp_init refused with.
 */
int fastpath_attach(struct fastpath_handler *handler,
		    struct fsnotify_group *group, const void *args,
		    u32 args_size, bool replace)
{
	struct fastpath_hook *hook, *old;
	int err;

	/* Only to spare fp_init the work: the second look decides. */
	mutex_lock(&fastpath_lock);
	err = may_attach(group, replace);
	mutex_unlock(&fastpath_lock);
	if (err)
		return err;

	hook = hook_alloc(handler, args, args_size);
	if (!hook)
		return -ENOMEM;
	err = hook_init(hook, group);
	if (err)
		goto err_free;
	err = fastpath_group_prepare(group);
	if (err)
		goto err_uninit;

	mutex_lock(&fastpath_lock);
	old = group_hook(group);
	err = may_attach(group, replace);
	/* It can have gone while fp_init ran, with its other hooks. */
	if (!err && !handler->registered)
		err = -ENOENT;
	if (!err)
		hook_publish(hook, group, old);
	mutex_unlock(&fastpath_lock);
	if (err)
		goto err_uninit;

	if (old)
		fastpath_hook_finish(old);
	return 0;

err_uninit:
	if (handler->ops->fp_free)
		handler->ops->fp_free(&hook->pub);
err_free:
	hook_free(hook);
	return err;
}

/**
 * fastpath_attach_fd() - attach a handler to the group of a file descriptor
 * @handler: A handler that is being registered.
 * @fd: A fanotify file descriptor of the current process.
 * @args: Arguments of the attachment.
 * @args_size: Their size in bytes, at most FAN_FP_ARGS_MAX.
 *
 * Context: Process. Calls fp_init and takes fastpath_lock.
 *
 * Return: 0, -EBADF if @fd is not open, -EINVAL if it is not a fanotify file
 * descriptor, or what fastpath_attach() returns.
 */
int fastpath_attach_fd(struct fastpath_handler *handler, int fd,
		       const void *args, u32 args_size)
{
	struct fsnotify_group *group;
	bool got;
	int err;

	CLASS(fd, f)(fd);
	if (!fd_file(f))
		return -EBADF;
	group = fastpath_file_group(fd_file(f));
	if (!group)
		return -EINVAL;

	mutex_lock(&fastpath_lock);
	got = fastpath_handler_get(handler);
	mutex_unlock(&fastpath_lock);
	if (!got)
		return -ENOENT;

	err = fastpath_attach(handler, group, args, args_size, false);
	if (err)
		fastpath_handler_put(handler, NULL);
	return err;
}

/**
 * fastpath_replace() - replace the handler of a link
 * @old: The link's handler, which stays registered if this fails.
 * @new: A handler that is registered without a link; gets the link.
 * @args: Arguments of the attachment.
 * @args_size: Their size in bytes, at most FAN_FP_ARGS_MAX.
 *
 * Context: Process, under BPF's struct_ops mutex, so that @old stays. Calls
 * fp_init under fastpath_lock: that keeps the group, whose file may be closed
 * at any time.
 *
 * Return: 0, -ENOLINK if the group is closed, -ENOENT if the ops of @new are
 * going away, -ENOMEM, or what fp_init refused with.
 */
int fastpath_replace(struct fastpath_handler *old,
		     struct fastpath_handler *new, const void *args,
		     u32 args_size)
{
	struct fastpath_hook *hook, *old_hook;
	bool got = false;
	int err;

	hook = hook_alloc(new, args, args_size);
	if (!hook)
		return -ENOMEM;

	mutex_lock(&fastpath_lock);
	old_hook = fastpath_handler_hook(old);
	if (!old_hook) {
		err = -ENOLINK;
	} else if (!fastpath_handler_get(new)) {
		err = -ENOENT;
	} else {
		got = true;
		err = hook_init(hook, old_hook->group);
		if (!err) {
			hook_publish(hook, old_hook->group, old_hook);
			new->link = old->link;
			old->link = NULL;
			old->registered = false;
		}
	}
	mutex_unlock(&fastpath_lock);

	if (!err) {
		fastpath_hook_retire(old_hook);
		return 0;
	}
	hook_free(hook);
	if (got)
		fastpath_handler_put(new, NULL);
	return err;
}

static int attach_by_name(struct fsnotify_group *group,
			  const struct fanotify_fastpath_args *req)
{
	struct fastpath_handler *handler;
	void *args = NULL;
	int err = 0;

	if (!req->name[0] || !req->init_args != !req->init_args_size)
		return -EINVAL;
	if (req->init_args_size > FAN_FP_ARGS_MAX)
		return -EMSGSIZE;
	/*
	 * Before becoming a user of the handler: this can wait for userspace
	 * (userfaultfd, FUSE), and unregistering can wait for the users.
	 */
	if (req->init_args_size) {
		args = memdup_user(u64_to_user_ptr(req->init_args),
				   req->init_args_size);
		if (IS_ERR(args))
			return PTR_ERR(args);
	}

	mutex_lock(&fastpath_lock);
	handler = fastpath_handler_find(req->name);
	if (!handler)
		err = -ENOENT;
	else if (!(handler->flags & FAN_FP_F_UNPRIV) && !capable(CAP_SYS_ADMIN))
		err = -EPERM;
	else if (!fastpath_handler_get(handler))
		err = -ENOENT;
	mutex_unlock(&fastpath_lock);
	if (err)
		goto out_free;

	err = fastpath_attach(handler, group, args, req->init_args_size,
			      req->flags & FAN_FP_ADD_REPLACE);
	if (err)
		fastpath_handler_put(handler, NULL);
out_free:
	kfree(args);
	return err;
}

static int detach_by_name(struct fsnotify_group *group,
			  const struct fanotify_fastpath_args *req)
{
	struct fastpath_hook *hook;
	int err = 0;

	if (req->flags || req->init_args || req->init_args_size)
		return -EINVAL;

	mutex_lock(&fastpath_lock);
	hook = group_hook(group);
	if (!hook || (req->name[0] && strcmp(req->name, hook->handler->name)))
		err = -ENOENT;
	else if (link_owns(hook))
		err = -EBUSY;
	else
		fastpath_hook_unpublish(hook);
	mutex_unlock(&fastpath_lock);

	if (!err)
		fastpath_hook_finish(hook);
	return err;
}

/**
 * fastpath_group_info() - tell what is attached to a group
 * @group: The group.
 * @info: Filled, but for @info->group_fd.
 *
 * Context: Process. Takes fastpath_lock.
 *
 * Return: 0, or -ENOENT if nothing is attached.
 */
int fastpath_group_info(struct fsnotify_group *group,
			struct fanotify_fastpath_info *info)
{
	struct fastpath_stats stats = {};
	struct fastpath_hook *hook;

	mutex_lock(&fastpath_lock);
	hook = group_hook(group);
	if (hook) {
		strscpy_pad(info->name, hook->handler->name);
		info->flags = hook->handler->flags & FASTPATH_USER_FLAGS;
		info->id = hook->pub.id;
		fastpath_hook_stats(hook, &stats);
	}
	mutex_unlock(&fastpath_lock);
	if (!hook)
		return -ENOENT;

	info->seen = fastpath_stats_seen(&stats);
	info->sent = stats.sent;
	info->skipped = stats.skipped;
	info->denied = stats.denied;
	info->errors = stats.errors;
	info->nested = stats.nested;
	info->unplaced = stats.unplaced;
	return 0;
}

/*
 * The group that a request is about: that of the file it was made on, or else
 * that of @fd, which then holds the file in @f.
 */
static struct fsnotify_group *request_group(struct fsnotify_group *group,
					    s32 fd, struct fd *f)
{
	if (group)
		return fd ? ERR_PTR(-EINVAL) : group;

	*f = fdget(fd);
	if (!fd_file(*f))
		return ERR_PTR(-EBADF);
	return fastpath_file_group(fd_file(*f)) ?: ERR_PTR(-EINVAL);
}

static long ioctl_args(struct fsnotify_group *group, unsigned int cmd,
		       void __user *argp)
{
	struct fanotify_fastpath_args req;
	struct fd f = EMPTY_FD;
	int err;

	BUILD_BUG_ON(sizeof(req) < FAN_FP_ARGS_SIZE_VER0);
	if (_IOC_SIZE(cmd) < FAN_FP_ARGS_SIZE_VER0)
		return -EINVAL;
	err = copy_struct_from_user(&req, sizeof(req), argp, _IOC_SIZE(cmd));
	if (err)
		return err;
	if (strnlen(req.name, sizeof(req.name)) == sizeof(req.name))
		return -ENAMETOOLONG;
	if ((req.flags & ~FAN_FP_ADD_REPLACE) || req.__reserved)
		return -EINVAL;

	group = request_group(group, req.group_fd, &f);
	if (IS_ERR(group))
		err = PTR_ERR(group);
	else if (_IOC_NR(cmd) == _IOC_NR(FAN_IOC_ADD_FP))
		err = attach_by_name(group, &req);
	else
		err = detach_by_name(group, &req);
	fdput(f);
	return err;
}

static long ioctl_info(struct fsnotify_group *group, unsigned int cmd,
		       void __user *argp)
{
	struct fanotify_fastpath_info info;
	size_t size = _IOC_SIZE(cmd);
	struct fd f = EMPTY_FD;
	s32 group_fd;
	int err;

	BUILD_BUG_ON(sizeof(info) < FAN_FP_INFO_SIZE_VER0);
	if (size < FAN_FP_INFO_SIZE_VER0)
		return -EINVAL;
	err = copy_struct_from_user(&info, sizeof(info), argp, size);
	if (err)
		return err;
	group_fd = info.group_fd;
	info.group_fd = 0;
	if (memchr_inv(&info, 0, sizeof(info)))
		return -EINVAL;

	group = request_group(group, group_fd, &f);
	err = PTR_ERR_OR_ZERO(group);
	if (!err)
		err = fastpath_group_info(group, &info);
	fdput(f);
	if (err)
		return err;

	/* What a newer caller has room for is zero already: so it came. */
	info.group_fd = group_fd;
	return copy_to_user(argp, &info, min(size, sizeof(info))) ? -EFAULT : 0;
}

/**
 * fastpath_ioctl() - attach, detach and look, by name
 * @group: The group of the file that the request was made on, or NULL if the
 *         request names the file.
 * @cmd: The request.
 * @argp: A struct fanotify_fastpath_args or fanotify_fastpath_info.
 *
 * Context: Process. Takes fastpath_lock; calls fp_init or fp_free.
 *
 * Return: 0; -ENOTTY if @cmd is not ours; -EFAULT; -E2BIG if the argument has
 * fields set that this kernel does not know; -EINVAL if a field is malformed,
 * -ENAMETOOLONG if the name is not terminated, -EMSGSIZE if there are more than
 * FAN_FP_ARGS_MAX bytes of arguments; -EBADF or -EINVAL if @group is NULL and
 * the file descriptor is not open or not fanotify's; -EPERM if the handler
 * takes CAP_SYS_ADMIN; -ENOENT if there is no such handler, or for
 * FAN_IOC_DEL_FP and FAN_IOC_GET_FP none attached; -EBUSY if the group has a handler, or for
 * FAN_IOC_DEL_FP one that a BPF link owns; -ENOMEM; or what fp_init returns.
 */
long fastpath_ioctl(struct fsnotify_group *group, unsigned int cmd,
		    void __user *argp)
{
	/* The size of the argument is not part of what the request is. */
	switch (cmd & ~IOCSIZE_MASK) {
	case FAN_IOC_ADD_FP & ~IOCSIZE_MASK:
	case FAN_IOC_DEL_FP & ~IOCSIZE_MASK:
		return ioctl_args(group, cmd, argp);
	case FAN_IOC_GET_FP & ~IOCSIZE_MASK:
		return ioctl_info(group, cmd, argp);
	default:
		return -ENOTTY;
	}
}

/**
 * fastpath_group_gone() - a group's file is closed
 * @group: The group. Nothing is attached to it any more.
 *
 * Detaches its hook. If a BPF link owns that, so is the link, and those who
 * poll it are told.
 *
 * Context: Process. Takes BPF's struct_ops mutex and fastpath_lock.
 */
void fastpath_group_gone(struct fsnotify_group *group)
{
	struct fanotify_fastpath_hook __rcu **slot = fastpath_group_slot(group);
	struct fastpath_hook *hook;
	struct bpf_link *link = NULL;

	/*
	 * Nobody holds the file any more, so nothing can be attached. Most
	 * groups have no hook, and are not to wait for an fp_init that takes
	 * its time under the lock.
	 */
	if (!slot || !rcu_access_pointer(*slot))
		return;

	mutex_lock(&fastpath_lock);
	hook = group_hook(group);
	if (hook) {
		fastpath_hook_unpublish(hook);
		/* If its last reference is gone, it is being detached. */
		if (link_owns(hook) && hook->handler->registered)
			link = bpf_link_inc_not_zero(hook->handler->link);
	}
	mutex_unlock(&fastpath_lock);

	/* Now, so that who makes and closes groups pays, and not the memory. */
	if (hook)
		fastpath_hook_finish(hook);
	if (!IS_ERR_OR_NULL(link)) {
		link->ops->detach(link);
		bpf_link_put(link);
	}
}

/**
 * fastpath_hook_init() - prepare for attachments
 *
 * Return: 0 or -ENOMEM.
 */
int fastpath_hook_init(void)
{
	if (!fastpath_ops_pinned)
		return 0;
	fastpath_wq = alloc_workqueue("fanotify_fastpath", WQ_UNBOUND, 0);
	return fastpath_wq ? 0 : -ENOMEM;
}

/**
 * fastpath_hook_exit() - undo fastpath_hook_init()
 *
 * No hook may be left.
 */
void fastpath_hook_exit(void)
{
	if (fastpath_wq)
		destroy_workqueue(fastpath_wq);
}
