// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - what a BPF handler can call
 *
 * Every kfunc takes trusted pointers only. References live inside one run of
 * the program: nothing here can put one into a map. Giving one back may sleep,
 * so taking one is for programs that may sleep, too: any other program is told
 * so at its first step in that direction.
 */

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mnt_idmapping.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "fastpath_event.h"
#include "fastpath_kfuncs.h"

static const struct fastpath_event *
to_event(const struct fanotify_fastpath_event *event)
{
	return container_of(event, struct fastpath_event, pub);
}

/* Copy a name that can't change, or an empty string if it does not fit. */
static int copy_name(const struct qstr *name, char *buf, u32 size)
{
	if (name->len < size) {
		memcpy(buf, name->name, name->len);
		buf[name->len] = '\0';
		return name->len;
	}
	if (size)
		buf[0] = '\0';
	return -ENAMETOOLONG;
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
 * bpf_dget_parent() - take a reference to the parent of a dentry
 * @dentry: The dentry.
 *
 * The parent may be another one by the time the program looks at it: if it is
 * to be compared, bpf_is_subdir() and bpf_fanotify_ancestors() see all levels at
 * one moment. Does not leave the file system of @dentry.
 *
 * Return: The parent, to be released with bpf_dput(). Never NULL and never
 * negative: a dentry keeps its parent. The root of a file system, and a dentry
 * that is not connected to it, is its own parent.
 */
__bpf_kfunc struct dentry *bpf_dget_parent(struct dentry *dentry)
{
	return dget_parent(dentry);
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
 * @info: The mark, if 1 is returned; else what is in it means nothing.
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
 * bpf_fanotify_marks() - list the marked directories at and above an event
 * @event: The event.
 * @place: Which of its places to begin at.
 * @buf: Where to list their marks, nearest first.
 * @buf__sz: Size of @buf in bytes, a multiple of the size of an entry.
 *
 * The marks that count are those of bpf_fanotify_nearest_mark(), which finds the
 * first of them. The list is of one moment between renames.
 *
 * Each entry names its directory by numbers, for telling the group's roots from
 * one another. A mark keeps its directory, so no other object takes the numbers
 * over while it is there; where two objects can have the same at a time, as in
 * the subvolumes of btrfs, compare the numbers of the roots before you rely on
 * them.
 *
 * Return: How many there are up to the root of the file system; if that is more
 * than fit, @buf holds the nearest. -ESTALE if the event can't be placed, which
 * is counted as for bpf_fanotify_nearest_mark(), and -EINVAL for an unknown
 * @place or a bad size; what @buf holds then means nothing.
 */
__bpf_kfunc int
bpf_fanotify_marks(struct fanotify_fastpath_event *event,
		   enum fanotify_fastpath_place place,
		   struct fanotify_fastpath_mark *buf, u32 buf__sz)
{
	if (!buf__sz || buf__sz % sizeof(*buf))
		return -EINVAL;
	return fastpath_marks(to_event(event), place, buf,
			      buf__sz / sizeof(*buf));
}

/**
 * bpf_fanotify_ancestors() - list the directories at and above an event
 * @event: The event.
 * @place: Which of its places to begin at.
 * @buf: Where to list them, nearest first; the last is the file system's root.
 * @buf__sz: Size of @buf in bytes, a multiple of the size of an entry.
 *
 * These are the directories that bpf_fanotify_nearest_mark() looks at: a
 * directory is in its own list, a file is not. The list is of one moment
 * between renames; what is done about it may be too late.
 *
 * WARNING: the identity of a directory is not that of its inode everywhere. On
 * btrfs, inode numbers are unique within a subvolume only, which this list
 * doesn't name, and its @dev is not the st_dev of stat(2); on vfat, inode
 * numbers change when inodes leave the cache; on overlayfs, they may be another
 * file system's, or change with a copy-up. There, and if in doubt, use marks
 * and bpf_fanotify_nearest_mark(), which compare nothing.
 *
 * Return: How many directories there are up to the root; if that is more than
 * fit, @buf holds the nearest. -ESTALE if the event can't be placed, which is
 * counted as for bpf_fanotify_nearest_mark(), and -EINVAL for an unknown @place
 * or a bad size; what @buf holds then means nothing.
 */
__bpf_kfunc int
bpf_fanotify_ancestors(struct fanotify_fastpath_event *event,
		       enum fanotify_fastpath_place place,
		       struct fanotify_fastpath_ancestor *buf, u32 buf__sz)
{
	if (!buf__sz || buf__sz % sizeof(*buf))
		return -EINVAL;
	return fastpath_ancestors(to_event(event), place, buf,
				  buf__sz / sizeof(*buf));
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
 * bpf_fanotify_file_name() - copy the name in the directory of an event
 * @event: The event.
 * @buf: Where to copy event->file_name, with a terminating NUL.
 * @buf__sz: Size of @buf in bytes.
 *
 * For FAN_RENAME and FAN_MOVED_FROM it is the old name, which no dentry has any
 * more; for FAN_DELETE the one that is gone.
 *
 * Return: The length without the NUL; -ENOENT if the event has no name, or
 * -ENAMETOOLONG if @buf is too small, in which cases it holds an empty string.
 */
__bpf_kfunc int bpf_fanotify_file_name(struct fanotify_fastpath_event *event,
				       char *buf, u32 buf__sz)
{
	/* The caller of fsnotify() keeps it as it is. */
	if (event->file_name)
		return copy_name(event->file_name, buf, buf__sz);
	if (buf__sz)
		buf[0] = '\0';
	return -ENOENT;
}

/**
 * bpf_fanotify_path() - write the path of an event
 * @event: The event.
 * @buf: Where to write it, with a terminating NUL.
 * @buf__sz: Size of @buf in bytes. PATH_MAX is always enough to open(2) it by.
 *
 * It is what a link in /proc/PID/fd would say to the task that causes the event:
 * relative to that task's root, so in a container or after chroot(2) it is not
 * what the listener would call the file, and what that root does not reach is
 * shown from the top of its mounts; with " (deleted)" at its end if there is no
 * such file any more, which a file can also be called. Only events of open files
 * have a path: not FAN_CREATE, FAN_DELETE, a rename.
 *
 * NOT for finding out whether the file is in a subtree. A prefix of a string
 * misses bind mounts, other roots and other mount namespaces, and whoever
 * renames a directory on the way changes it: that is what
 * bpf_fanotify_nearest_mark() is for.
 *
 * It costs a walk to the root with every name on the way copied, and the copy
 * of the result; under rename_lock if renames keep interfering.
 *
 * Return: The length without the NUL; -ENOENT if the event has no path,
 * -ENAMETOOLONG if @buf is too small, -ESRCH if the task is exiting and so has
 * no root any more (events of files that it did not close itself). Then @buf
 * holds an empty string.
 */
__bpf_kfunc int bpf_fanotify_path(struct fanotify_fastpath_event *event,
				  char *buf, u32 buf__sz)
{
	char *path;
	int len;

	if (!buf__sz)
		return -ENAMETOOLONG;
	if (!event->path)
		path = ERR_PTR(-ENOENT);
	else if (!current->fs)
		/* exit(2) drops it before it closes files; d_path() needs it. */
		path = ERR_PTR(-ESRCH);
	else
		path = d_path(event->path, buf, buf__sz);
	if (IS_ERR(path)) {
		buf[0] = '\0';
		return PTR_ERR(path);
	}
	len = strlen(path);
	memmove(buf, path, len + 1);
	return len;
}

/**
 * bpf_fanotify_xattr() - read an extended attribute
 * @dentry: A dentry of the event, or one that was reached from there.
 * @name__str: Its name, which begins with "user.".
 * @value: Where to read it to.
 * @value__sz: Size of @value in bytes. 0 only asks for the length; @value is not
 *             written then, but must not be NULL.
 *
 * Done with the rights of the task that causes the event, as far as they go
 * without a mount (so an idmapped mount is not heeded): a task that may write
 * to a file and not read it gets -EACCES here.
 *
 * The file system is asked: it may sleep, and on a network file system it waits
 * for a server. Meanwhile the task keeps the locks that the event was raised
 * under, and fsnotify_mark_srcu, for which the closing of every inotify and
 * fanotify group waits. FUSE is refused: it would wait for a process that may be
 * waiting for this event. So is what is stacked on other file systems, for one of
 * these may be FUSE.
 *
 * Locks: FAN_ATTRIB comes under the inode lock of the object, FAN_CREATE under
 * that of the directory, FAN_RENAME under those of both directories and of what
 * is renamed. Reading takes none of these: the VFS wants no lock for it, and
 * file systems have locks of their own, which they have released when the event
 * is raised. What could deadlock is refused by having no dentry to give:
 * FAN_DELETE, FAN_DELETE_SELF and FAN_MOVE_SELF, which may be raised while an
 * inode is on its way out.
 *
 * One thing is left to the caller: FAN_OPEN_PERM for a file that open(2) makes
 * is raised within the create operation of a cluster or network file system.
 * Read attributes of event->dentry only then, not of what is above it.
 *
 * Return: The length of the value; -EPERM for a name outside "user.", -ENODATA
 * if there is no such attribute, -ERANGE if @value is too small or the name too
 * long, -EOPNOTSUPP if the file system has none, is FUSE, or is stacked on
 * another one, or another negative errno.
 */
__bpf_kfunc int bpf_fanotify_xattr(struct dentry *dentry, const char *name__str,
				   void *value, u32 value__sz)
{
	/* Others can be secrets, and their owners say who may read them. */
	if (strncmp(name__str, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN))
		return -EPERM;
	/*
	 * A FUSE server may be waiting for this event, and what is stacked on
	 * another file system may have one below.
	 */
	if (dentry->d_sb->s_type->fs_flags & FS_HAS_SUBTYPE ||
	    dentry->d_sb->s_stack_depth)
		return -EOPNOTSUPP;
	/* The limits of getxattr(2), which file systems may rely on. */
	if (strnlen(name__str, XATTR_NAME_MAX + 1) > XATTR_NAME_MAX)
		return -ERANGE;
	/* Some file systems take a buffer, not its size, for the question. */
	return vfs_getxattr(&nop_mnt_idmap, dentry, name__str,
			    value__sz ? value : NULL,
			    min_t(u32, value__sz, XATTR_SIZE_MAX));
}

/**
 * bpf_fanotify_hook_args() - look at the arguments of an attachment
 * @hook: The attachment.
 * @offset: Offset in bytes.
 * @rdonly_buf_size: How many bytes from there, a constant.
 *
 * Return: The bytes, which can't change, or NULL if there are not so many. There
 * is no NUL behind them, unless whoever attached the handler gave one.
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

BTF_KFUNCS_START(fastpath_kfunc_ids)
BTF_ID_FLAGS(func, bpf_fanotify_data_inode,
	     KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_fanotify_data_dentry,
	     KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iput, KF_RELEASE | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_dput, KF_RELEASE | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_dget_parent,
	     KF_ACQUIRE | KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_is_subdir, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_nearest_mark, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_marks, KF_TRUSTED_ARGS)
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
