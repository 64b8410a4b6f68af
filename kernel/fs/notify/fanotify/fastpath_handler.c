// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - registered handlers and their directory in sysfs
 *
 * A handler's lifetime: registered, attached any number of times (each a user),
 * unregistered. Where hooks do not keep the handler's code alive, unregistering
 * takes the hooks with it.
 */

#include <linux/bug.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "fastpath.h"

/* What it protects is said where it is declared, in fastpath.h. */
DEFINE_MUTEX(fastpath_lock);

/* Every struct fastpath_handler. Protected by fastpath_lock. */
static LIST_HEAD(fastpath_handlers);

/* Woken when a handler's users become 0. */
static DECLARE_WAIT_QUEUE_HEAD(fastpath_users_waitq);

/* /sys/kernel/fanotify_fastpath. Set once at init. */
static struct kobject *fastpath_dir;

static struct fastpath_handler *to_handler(struct kobject *kobj)
{
	return container_of(kobj, struct fastpath_handler, kobj);
}

static ssize_t flags_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "0x%x\n",
			  to_handler(kobj)->flags & FASTPATH_USER_FLAGS);
}

static ssize_t desc_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", to_handler(kobj)->desc);
}

static ssize_t init_args_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_handler(kobj)->init_args);
}

static struct kobj_attribute flags_attr = __ATTR_RO(flags);
static struct kobj_attribute desc_attr = __ATTR_RO(desc);
static struct kobj_attribute init_args_attr = __ATTR_RO(init_args);

static void handler_stats(struct fastpath_handler *handler,
			  struct fastpath_stats *sum, unsigned int *attached)
{
	struct fastpath_hook *hook;

	*attached = 0;
	mutex_lock(&fastpath_lock);
	*sum = handler->past;
	list_for_each_entry(hook, &handler->hooks, node) {
		fastpath_hook_stats(hook, sum);
		*attached += !!hook->group;
	}
	mutex_unlock(&fastpath_lock);
}

static ssize_t attached_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct fastpath_stats sum;
	unsigned int attached;

	handler_stats(to_handler(kobj), &sum, &attached);
	return sysfs_emit(buf, "%u\n", attached);
}

static ssize_t seen_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct fastpath_stats sum;
	unsigned int attached;

	handler_stats(to_handler(kobj), &sum, &attached);
	return sysfs_emit(buf, "%llu\n", fastpath_stats_seen(&sum));
}

static struct kobj_attribute attached_attr = __ATTR_RO(attached);
static struct kobj_attribute seen_attr = __ATTR_RO(seen);

/* A counter's file knows where in struct fastpath_stats the counter is. */
struct stat_attribute {
	struct kobj_attribute attr;
	size_t offset;
};

static ssize_t stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	const struct stat_attribute *stat =
		container_of(attr, struct stat_attribute, attr);
	struct fastpath_stats sum;
	unsigned int attached;

	handler_stats(to_handler(kobj), &sum, &attached);
	return sysfs_emit(buf, "%lu\n",
			  *(unsigned long *)((char *)&sum + stat->offset));
}

#define FASTPATH_STAT(_name)						\
	static struct stat_attribute stat_##_name = {			\
		.attr = __ATTR(_name, 0444, stat_show, NULL),		\
		.offset = offsetof(struct fastpath_stats, _name),	\
	}

FASTPATH_STAT(sent);
FASTPATH_STAT(skipped);
FASTPATH_STAT(denied);
FASTPATH_STAT(errors);
FASTPATH_STAT(nested);
FASTPATH_STAT(unplaced);

static struct attribute *handler_attrs[] = {
	&flags_attr.attr,
	&desc_attr.attr,
	&init_args_attr.attr,
	&attached_attr.attr,
	&seen_attr.attr,
	&stat_sent.attr.attr,
	&stat_skipped.attr.attr,
	&stat_denied.attr.attr,
	&stat_errors.attr.attr,
	&stat_nested.attr.attr,
	&stat_unplaced.attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(handler);

static void handler_release(struct kobject *kobj)
{
	kfree(to_handler(kobj));
}

static const struct kobj_type handler_ktype = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = handler_release,
	.default_groups = handler_groups,
};

/* A name is a file name in sysfs and a word in messages. */
static bool name_ok(const char *name)
{
	size_t len = strnlen(name, FAN_FP_NAME_MAX);

	if (!len || len == FAN_FP_NAME_MAX || name[0] == '.')
		return false;
	while (len--) {
		if (!isascii(name[len]) ||
		    (!isalnum(name[len]) && !strchr("_-.", name[len])))
			return false;
	}
	return true;
}

/* One line of text; what is printed must not drive a terminal. */
static bool text_ok(const char *text)
{
	size_t len = strnlen(text, FAN_FP_DESC_MAX);

	if (len == FAN_FP_DESC_MAX)
		return false;
	while (len--) {
		if (iscntrl(text[len]))
			return false;
	}
	return true;
}

/**
 * fastpath_handler_check() - see whether a handler can be registered
 * @ops: The handler.
 *
 * Context: Any.
 *
 * Return: 0; -EINVAL if a member of @ops is missing, unknown or malformed;
 * -EOPNOTSUPP if it has fp_response and the module flavour is running.
 */
int fastpath_handler_check(const struct fanotify_fastpath_ops *ops)
{
	if (!ops->fp_handler || !name_ok(ops->name) || !text_ok(ops->desc) ||
	    !text_ok(ops->init_args))
		return -EINVAL;
	if (ops->flags & ~(FASTPATH_USER_FLAGS | FASTPATH_F_MAY_SLEEP))
		return -EINVAL;
	if (ops->fp_response && !fastpath_sees_answers)
		return -EOPNOTSUPP;
	if (ops->flags & FAN_FP_F_GROUP_FD) {
		/* Nobody attaches it by name, so nobody needs to be let. */
		if (ops->flags & FAN_FP_F_UNPRIV)
			return -EINVAL;
		if (ops->args_size > FAN_FP_ARGS_MAX)
			return -EINVAL;
	} else if (ops->group_fd || ops->args_size) {
		return -EINVAL;
	}
	return 0;
}

/**
 * fastpath_handler_find() - look a handler up by name
 * @name: The name, NUL terminated.
 *
 * Context: The caller holds fastpath_lock.
 *
 * Return: The registered handler of this name, or NULL.
 */
struct fastpath_handler *fastpath_handler_find(const char *name)
{
	struct fastpath_handler *handler;

	lockdep_assert_held(&fastpath_lock);
	list_for_each_entry(handler, &fastpath_handlers, node) {
		if (handler->registered &&
		    !(handler->flags & FAN_FP_F_GROUP_FD) &&
		    !strcmp(handler->name, name))
			return handler;
	}
	return NULL;
}

/**
 * fastpath_handler_hook() - find an attachment of a handler
 * @handler: The handler.
 *
 * Context: The caller holds fastpath_lock.
 *
 * Return: A published hook of the handler, or NULL if none is left.
 */
struct fastpath_hook *
fastpath_handler_hook(struct fastpath_handler *handler)
{
	struct fastpath_hook *hook;

	lockdep_assert_held(&fastpath_lock);
	hook = list_first_entry_or_null(&handler->hooks, struct fastpath_hook,
					node);
	return hook && hook->group ? hook : NULL;
}

/**
 * fastpath_handler_get() - become a user of a handler
 * @handler: A registered handler.
 *
 * Context: The caller holds fastpath_lock.
 *
 * Return: Whether the handler's ops may be called until
 * fastpath_handler_put(); false if they are already going away.
 */
bool fastpath_handler_get(struct fastpath_handler *handler)
{
	lockdep_assert_held(&fastpath_lock);
	if (!fastpath_ops_get(handler->ops, handler->owner))
		return false;
	WRITE_ONCE(handler->users, handler->users + 1);
	kobject_get(&handler->kobj);
	return true;
}

/**
 * fastpath_handler_put() - a user is done with a handler
 * @handler: The handler. May be gone afterwards, as may be its ops.
 * @hook: The hook that made it a user, no longer published, or NULL. Its
 *        counts are kept; the caller frees it.
 *
 * Context: Process; takes fastpath_lock.
 */
void fastpath_handler_put(struct fastpath_handler *handler,
			  struct fastpath_hook *hook)
{
	fastpath_ops_put(handler->ops, handler->owner);

	mutex_lock(&fastpath_lock);
	if (hook) {
		list_del(&hook->node);
		fastpath_hook_stats(hook, &handler->past);
	}
	WRITE_ONCE(handler->users, handler->users - 1);
	if (!handler->users)
		wake_up_all(&fastpath_users_waitq);
	mutex_unlock(&fastpath_lock);

	kobject_put(&handler->kobj);
}

/* Whether the name is taken, if only by a handler that is on its way out. */
static bool name_taken(const char *name)
{
	struct fastpath_handler *handler;

	list_for_each_entry(handler, &fastpath_handlers, node) {
		if (!(handler->flags & FAN_FP_F_GROUP_FD) &&
		    !strcmp(handler->name, name))
			return true;
	}
	return false;
}

/* Enter the handler in the list and, if it has a name for others, in sysfs. */
static int handler_publish(struct fastpath_handler *handler)
{
	int err = 0;

	mutex_lock(&fastpath_lock);
	if (!(handler->flags & FAN_FP_F_GROUP_FD)) {
		if (name_taken(handler->name))
			err = -EEXIST;
		else
			err = kobject_add(&handler->kobj, fastpath_dir, "%s",
					  handler->name);
	}
	if (!err) {
		handler->registered = true;
		list_add_tail(&handler->node, &fastpath_handlers);
	}
	mutex_unlock(&fastpath_lock);
	return err;
}

static struct fastpath_hook *unpublish_one(struct fastpath_handler *handler)
{
	struct fastpath_hook *hook;

	mutex_lock(&fastpath_lock);
	hook = fastpath_handler_hook(handler);
	if (hook)
		fastpath_hook_unpublish(hook);
	mutex_unlock(&fastpath_lock);
	return hook;
}

/*
 * Undo handler_publish(). The handler's hooks are detached if they are the
 * registration's own, or if they could not outlive it.
 */
static void handler_withdraw(struct fastpath_handler *handler)
{
	/* A module may free its ops, and may be going away half loaded. */
	const bool pinned = fastpath_ops_pinned &&
		fastpath_bpf_owns(handler->owner);
	struct fastpath_hook *hook;

	/* Not under the lock: this waits for those who read the counters. */
	if (!(handler->flags & FAN_FP_F_GROUP_FD))
		kobject_del(&handler->kobj);

	mutex_lock(&fastpath_lock);
	list_del(&handler->node);
	mutex_unlock(&fastpath_lock);

	if (!pinned || (handler->flags & FAN_FP_F_GROUP_FD)) {
		while ((hook = unpublish_one(handler)))
			fastpath_hook_retire(hook);
	}

	/* Also those that another task is detaching or failing to attach. */
	if (!pinned) {
		wait_event(fastpath_users_waitq, !READ_ONCE(handler->users));
		/* Behind the last one: what it did with the ops is done. */
		mutex_lock(&fastpath_lock);
		mutex_unlock(&fastpath_lock);
	}

	kobject_put(&handler->kobj);
}

static struct fastpath_handler *handler_alloc(struct fanotify_fastpath_ops *ops,
					      struct bpf_link *link)
{
	struct fastpath_handler *handler;

	handler = kzalloc(sizeof(*handler), GFP_KERNEL_ACCOUNT);
	if (!handler)
		return NULL;
	kobject_init(&handler->kobj, &handler_ktype);
	INIT_LIST_HEAD(&handler->hooks);
	handler->ops = ops;
	handler->owner = ops->owner;
	handler->link = link;
	handler->flags = ops->flags;
	/* Nobody has verified what a module does. */
	if (!fastpath_bpf_owns(ops->owner))
		handler->flags |= FASTPATH_F_MAY_SLEEP;
	strscpy(handler->name, ops->name);
	strscpy(handler->desc, ops->desc);
	strscpy(handler->init_args, ops->init_args);
	return handler;
}

/**
 * fastpath_handler_register() - make a handler known, or attach it
 * @ops: The handler, valid until fastpath_handler_unregister().
 * @link: The BPF link on whose behalf, or NULL.
 *
 * With FAN_FP_F_GROUP_FD the handler gets one hook, which the link owns;
 * otherwise it can be attached by name.
 *
 * Context: Process, for FAN_FP_F_GROUP_FD the one whose fd it is. May be called
 * under BPF's struct_ops mutex. Takes fastpath_lock; calls fp_init.
 *
 * Return: 0 or a negative errno: -ENODEV before fs_initcall, -EINVAL for
 * malformed @ops, -EEXIST for a name that is taken, -ENOMEM, or what
 * fastpath_attach_fd() returns.
 */
int fastpath_handler_register(struct fanotify_fastpath_ops *ops,
			      struct bpf_link *link)
{
	struct fastpath_handler *handler;
	int err;

	/* Too early, or the memory did not suffice for that. */
	if (!fastpath_dir)
		return -ENODEV;
	err = fastpath_handler_check(ops);
	if (err)
		return err;
	/* Without a link nobody would own the attachment. */
	if ((ops->flags & FAN_FP_F_GROUP_FD) && !link)
		return -EINVAL;

	handler = handler_alloc(ops, link);
	if (!handler)
		return -ENOMEM;
	err = handler_publish(handler);
	if (err) {
		kobject_put(&handler->kobj);
		return err;
	}

	if (ops->flags & FAN_FP_F_GROUP_FD) {
		err = fastpath_attach_fd(handler, ops->group_fd, ops->args,
					 ops->args_size);
		if (err)
			fastpath_handler_unregister(ops, link);
	}
	return err;
}

/* The handler of @link or, if that is NULL, of @ops. */
static struct fastpath_handler *
find_registered(const struct fanotify_fastpath_ops *ops,
		const struct bpf_link *link)
{
	struct fastpath_handler *handler;

	lockdep_assert_held(&fastpath_lock);
	list_for_each_entry(handler, &fastpath_handlers, node) {
		/* One map can have several links, so a link says more. */
		if (handler->registered && handler->link == link &&
		    (link || handler->ops == ops))
			return handler;
	}
	return NULL;
}

/**
 * fastpath_handler_unregister() - undo fastpath_handler_register()
 * @ops: The handler.
 * @link: The same link.
 *
 * No new attachment finds the handler. If it has a link of its own group, or if
 * hooks do not keep @ops alive, its hooks are detached. On return @ops is no
 * longer used, but for hooks that keep it alive.
 *
 * Context: Process. May be called under BPF's struct_ops mutex. Takes
 * fastpath_lock; waits for running handlers only if hooks do not keep @ops
 * alive, and never for userspace.
 */
void fastpath_handler_unregister(struct fanotify_fastpath_ops *ops,
				 struct bpf_link *link)
{
	struct fastpath_handler *handler;

	mutex_lock(&fastpath_lock);
	handler = find_registered(ops, link);
	if (!WARN_ON_ONCE(!handler))
		handler->registered = false;
	mutex_unlock(&fastpath_lock);

	if (handler)
		handler_withdraw(handler);
}

/**
 * fastpath_handler_update() - replace the handler of a link
 * @ops: The new handler, valid until fastpath_handler_unregister().
 * @link: The link; keeps its group, whatever @ops says.
 *
 * Context: Process, under BPF's struct_ops mutex. Takes fastpath_lock; calls
 * fp_init. If hooks do not keep their ops alive, waits until the old ones are
 * no longer used.
 *
 * Return: 0; -EINVAL if @ops is malformed or not made for a group;
 * -EOPNOTSUPP if the link makes a handler available by name; -ENOMEM; or what
 * fastpath_replace() returns.
 */
int fastpath_handler_update(struct fanotify_fastpath_ops *ops,
			    struct bpf_link *link)
{
	struct fastpath_handler *old, *new;
	int err;

	err = fastpath_handler_check(ops);
	if (err)
		return err;
	if (!(ops->flags & FAN_FP_F_GROUP_FD))
		return -EINVAL;

	mutex_lock(&fastpath_lock);
	old = find_registered(NULL, link);
	mutex_unlock(&fastpath_lock);
	if (!old)
		return -ENOLINK;
	if (!(old->flags & FAN_FP_F_GROUP_FD))
		return -EOPNOTSUPP;

	/* It gets the link together with the group. */
	new = handler_alloc(ops, NULL);
	if (!new)
		return -ENOMEM;
	err = handler_publish(new);
	if (err) {
		kobject_put(&new->kobj);
		return err;
	}
	err = fastpath_replace(old, new, ops->args, ops->args_size);
	handler_withdraw(err ? new : old);
	return err;
}

/**
 * fanotify_fastpath_register() - register a handler that is in a kernel module
 * @ops: The handler. Its @owner is the module, normally THIS_MODULE. It must
 *       stay as it is until fanotify_fastpath_unregister() has returned.
 *
 * Context: Process; may sleep.
 *
 * Return: 0, -EINVAL if @ops is malformed or sets FAN_FP_F_GROUP_FD, -EEXIST if
 * the name is taken, -ENODEV if it is called before fs_initcall, -ENOMEM.
 */
int fanotify_fastpath_register(struct fanotify_fastpath_ops *ops)
{
	if (ops->flags & (FAN_FP_F_GROUP_FD | FASTPATH_F_MAY_SLEEP))
		return -EINVAL;
	return fastpath_handler_register(ops, NULL);
}
EXPORT_SYMBOL_GPL(fanotify_fastpath_register);

/**
 * fanotify_fastpath_unregister() - undo fanotify_fastpath_register()
 * @ops: The registered handler.
 *
 * Context: Process; may sleep, but does not wait for userspace.
 */
void fanotify_fastpath_unregister(struct fanotify_fastpath_ops *ops)
{
	fastpath_handler_unregister(ops, NULL);
}
EXPORT_SYMBOL_GPL(fanotify_fastpath_unregister);

/**
 * fastpath_handler_init() - make the directory in sysfs
 *
 * Return: 0 or -ENOMEM.
 */
int fastpath_handler_init(void)
{
	fastpath_dir = kobject_create_and_add("fanotify_fastpath", kernel_kobj);
	return fastpath_dir ? 0 : -ENOMEM;
}

/**
 * fastpath_handler_exit() - undo fastpath_handler_init()
 *
 * No handler may be registered any more.
 */
void fastpath_handler_exit(void)
{
	kobject_put(fastpath_dir);
}
