// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - what a BPF handler can call
 *
 * Every kfunc takes trusted pointers only. References live inside one run of
 * the program: nothing here can put one into a map.
 */

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mnt_idmapping.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "fastpath.h"
#include "fastpath_kfuncs.h"

static const struct fastpath_event *
to_event(const struct fanotify_fastpath_event *event)
{
	return container_of(event, struct fastpath_event, pub);
}

/* Copy a name with a NUL; all of it or, with an error, an empty string. */
static int copy_name(const struct qstr *name, char *buf, u32 size)
{
	if (!size)
		return -ENAMETOOLONG;
	buf[0] = '\0';
	if (name->len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, name->name, name->len);
	buf[name->len] = '\0';
	return name->len;
}

__bpf_kfunc_start_defs();

/**
 * bpf_fanotify_data_inode() - take a reference to the object of an event
 * @event: The event.
 *
 * Return: The inode, to be released with bpf_iput(), or NULL if the event has
 * none or it is being freed.
 */
__bpf_kfunc struct inode *
bpf_fanotify_data_inode(struct fanotify_fastpath_event *event)
{
	return event->inode ? igrab(event->inode) : NULL;
}

/**
 * bpf_fanotify_data_dentry() - take a reference to the dentry of an event
 * @event: The event.
 *
 * Return: The dentry, to be released with bpf_dput(), or NULL if the event has
 * none or it is negative.
 */
__bpf_kfunc struct dentry *
bpf_fanotify_data_dentry(struct fanotify_fastpath_event *event)
{
	return dget(event->dentry);
}

/**
 * bpf_dget_parent() - take a reference to the parent of a dentry
 * @dentry: The dentry.
 *
 * Return: The parent, to be released with bpf_dput(); @dentry itself if that is
 * the root of a file system. Never NULL.
 */
__bpf_kfunc struct dentry *bpf_dget_parent(struct dentry *dentry)
{
	return dget_parent(dentry);
}

/**
 * bpf_iput() - release an inode
 * @inode: An inode that bpf_fanotify_data_inode() returned.
 *
 * May sleep: if the file was deleted meanwhile, this is what frees it.
 */
__bpf_kfunc void bpf_iput(struct inode *inode)
{
	iput(inode);
}

/**
 * bpf_dput() - release a dentry
 * @dentry: A dentry that bpf_fanotify_data_dentry() or bpf_dget_parent()
 *          returned.
 *
 * May sleep, as bpf_iput() may.
 */
__bpf_kfunc void bpf_dput(struct dentry *dentry)
{
	dput(dentry);
}

/**
 * bpf_is_subdir() - is a dentry below another
 * @dentry: The dentry.
 * @ancestor: A directory.
 *
 * Return: Whether @dentry is @ancestor or below it on the same file system.
 */
__bpf_kfunc bool bpf_is_subdir(struct dentry *dentry, struct dentry *ancestor)
{
	return is_subdir(dentry, ancestor);
}

/**
 * bpf_fanotify_nearest_mark() - find the nearest marked directory above an event
 * @event: The event.
 * @place: Which of its places to look above.
 * @info: The mark, if there is one.
 *
 * Only inode marks of the event's own group count, if they are attached and not
 * evictable and have a mask or an ignore mask. The walk stays on one file
 * system. It costs a few instructions for each directory on the way.
 *
 * Return: 1 if there is a mark, 0 if there is none, -ESTALE if the event can't
 * be placed (which is counted), -EINVAL for an unknown @place.
 */
__bpf_kfunc int
bpf_fanotify_nearest_mark(struct fanotify_fastpath_event *event,
			  enum fanotify_fastpath_place place,
			  struct fanotify_fastpath_mark *info)
{
	return fastpath_nearest_mark(to_event(event), place, info);
}

/**
 * bpf_fanotify_dentry_name() - copy the name of a dentry
 * @dentry: The dentry.
 * @buf: Where to copy it, with a terminating NUL.
 * @buf__sz: Size of @buf in bytes.
 *
 * The copy is one name that the dentry had, even while it is being renamed.
 *
 * Return: The length without the NUL, or -ENAMETOOLONG if @buf is too small, in
 * which case it holds an empty string.
 */
__bpf_kfunc int bpf_fanotify_dentry_name(struct dentry *dentry, char *buf,
					 u32 buf__sz)
{
	struct name_snapshot name;
	int ret;

	take_dentry_name_snapshot(&name, dentry);
	ret = copy_name(&name.name, buf, buf__sz);
	release_dentry_name_snapshot(&name);
	return ret;
}

/**
 * bpf_fanotify_file_name() - copy the name that an event is about
 * @event: The event.
 * @buf: Where to copy it, with a terminating NUL.
 * @buf__sz: Size of @buf in bytes.
 *
 * It is the name within @event->dir: what was created, deleted or opened there;
 * for FAN_RENAME the old name.
 *
 * Return: The length without the NUL, -ENOENT if the event has no name, or
 * -ENAMETOOLONG if @buf is too small; with an error @buf holds an empty string.
 */
__bpf_kfunc int bpf_fanotify_file_name(struct fanotify_fastpath_event *event,
				       char *buf, u32 buf__sz)
{
	static const struct qstr none = {};

	if (!event->file_name)
		return copy_name(&none, buf, buf__sz) ?: -ENOENT;
	return copy_name(event->file_name, buf, buf__sz);
}

/**
 * bpf_fanotify_path() - write out the path of the object of an event
 * @event: The event.
 * @buf: Where to write it, with a terminating NUL.
 * @buf__sz: Size of @buf in bytes; PATH_MAX is enough for any path that a
 *           program could name.
 *
 * As the task that causes the event would see it: from its root directory, with
 * " (deleted)" behind it if it has been unlinked. It costs a copy of every name
 * on the way. To see whether an object is below a directory, do not compare
 * paths, which bind mounts, other roots and renames change: that is what
 * bpf_fanotify_nearest_mark() is for.
 *
 * Return: The length without the NUL, -ENOENT if the event has no path (as those
 * about directory entries have none), or -ENAMETOOLONG if @buf is too small;
 * with an error @buf holds an empty string.
 */
__bpf_kfunc int bpf_fanotify_path(struct fanotify_fastpath_event *event,
				  char *buf, u32 buf__sz)
{
	char *path;
	int len;

	if (!buf__sz)
		return -ENAMETOOLONG;
	buf[0] = '\0';
	if (!event->path)
		return -ENOENT;
	path = d_path(event->path, buf, min_t(u32, buf__sz, INT_MAX));
	if (IS_ERR(path)) {
		buf[0] = '\0';
		return PTR_ERR(path);
	}
	/* It was written from the end of the buffer. */
	len = strlen(path);
	memmove(buf, path, len + 1);
	return len;
}

/**
 * bpf_fanotify_ancestors() - list the directories above an event
 * @event: The event.
 * @place: Which of its places to start from.
 * @buf: Gets the place itself, then its parent, and so on up to the root of the
 *       file system.
 * @buf__sz: Size of @buf in bytes: that of a whole number of entries.
 *
 * They are the ancestors at one point in time, even while directories are being
 * renamed. Like bpf_fanotify_nearest_mark() this costs a few instructions for
 * each of them, also for those that do not fit.
 *
 * Return: How many there are: if that is more than fit, @buf holds the first of
 * them. -ESTALE if the event can't be placed (which is counted), -EINVAL for an
 * unknown @place or an odd size.
 */
__bpf_kfunc int bpf_fanotify_ancestors(struct fanotify_fastpath_event *event,
				       enum fanotify_fastpath_place place,
				       struct fanotify_fastpath_ancestor *buf,
				       u32 buf__sz)
{
	if (!buf__sz || buf__sz % sizeof(*buf))
		return -EINVAL;
	return fastpath_ancestors(to_event(event), place, buf,
				  buf__sz / sizeof(*buf));
}

/**
 * bpf_fanotify_xattr() - read an extended attribute
 * @dentry: The dentry of the file.
 * @name__str: Name of the attribute, a constant. Must start with "user.".
 * @value: Where to copy it.
 * @value__sz: Size of @value in bytes.
 *
 * May sleep. It takes locks of the file system that no event is raised under,
 * FAN_FS_ERROR aside, which no handler is asked about; the locks of the inode
 * and of its directory, which the task may hold, are not among them. On FUSE it
 * would wait for userspace, which may be waiting for this event, and so is
 * refused; a network file system waits for its server.
 *
 * Return: The length of the attribute, -EPERM for another name space, -EACCES if
 * the task that causes the event may not read the file, -ENODATA if there is no
 * such attribute, -ERANGE if @value is too small, -EOPNOTSUPP if the file system
 * has none or is FUSE, or another negative errno of the file system.
 */
__bpf_kfunc int bpf_fanotify_xattr(struct dentry *dentry, const char *name__str,
				   void *value, u32 value__sz)
{
	struct inode *inode = d_inode(dentry);
	int err;

	/* Who holds a positive dentry keeps it positive; better sure. */
	if (!inode)
		return -ENOENT;
	if (strncmp(name__str, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN))
		return -EPERM;
	if (inode->i_sb->s_type->fs_flags & FS_HAS_SUBTYPE)
		return -EOPNOTSUPP;
	err = inode_permission(&nop_mnt_idmap, inode, MAY_READ);
	if (err)
		return err;
	return __vfs_getxattr(dentry, inode, name__str, value, value__sz);
}

/**
 * bpf_fanotify_hook_args() - look at the arguments of an attachment
 * @hook: The attachment.
 * @offset: Offset in bytes.
 * @rdonly_buf_size: How many bytes from there, a constant.
 *
 * Return: The bytes, which can't change, or NULL if there are not so many.
 */
__bpf_kfunc const u8 *
bpf_fanotify_hook_args(struct fanotify_fastpath_hook *hook, u32 offset,
		       const size_t rdonly_buf_size)
{
	if (offset > hook->args_size ||
	    rdonly_buf_size > hook->args_size - offset)
		return NULL;
	return (const u8 *)hook->args + offset;
}

__bpf_kfunc_end_defs();

/*
 * What is acquired can only be released where sleeping is allowed, so it is
 * better told there than at the release.
 */
BTF_KFUNCS_START(fastpath_kfunc_ids)
BTF_ID_FLAGS(func, bpf_fanotify_data_inode,
	     KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_fanotify_data_dentry,
	     KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_dget_parent,
	     KF_ACQUIRE | KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iput, KF_RELEASE | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_dput, KF_RELEASE | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_is_subdir, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_nearest_mark, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_ancestors, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_dentry_name, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_file_name, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_path, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_xattr, KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_fanotify_hook_args, KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_KFUNCS_END(fastpath_kfunc_ids)

/*
 * Kfuncs are registered for all struct_ops types: admit only our own. Asked
 * about every kfunc of the BTF, and before the type of the program is checked,
 * so only its attach_btf is there to go by.
 */
static int fastpath_kfunc_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	if (!btf_id_set8_contains(&fastpath_kfunc_ids, kfunc_id) ||
	    fastpath_bpf_is_handler(prog->aux->attach_btf,
				    prog->aux->attach_btf_id))
		return 0;
	return -EACCES;
}

static const struct btf_kfunc_id_set fastpath_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &fastpath_kfunc_ids,
	.filter = fastpath_kfunc_filter,
};

/**
 * fastpath_kfuncs_init() - make the kfuncs known
 *
 * Return: 0 or a negative errno.
 */
int fastpath_kfuncs_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS,
					 &fastpath_kfunc_set);
}
