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
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/string.h>

#include "fastpath.h"
#include "fastpath_kfuncs.h"

static const struct fastpath_event *
to_event(const struct fanotify_fastpath_event *event)
{
	return container_of(event, struct fastpath_event, pub);
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
 * @dentry: A dentry that bpf_fanotify_data_dentry() returned.
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
	int ret = -ENAMETOOLONG;

	if (!buf__sz)
		return ret;
	buf[0] = '\0';
	take_dentry_name_snapshot(&name, dentry);
	if (name.name.len < buf__sz) {
		ret = name.name.len;
		memcpy(buf, name.name.name, ret);
		buf[ret] = '\0';
	}
	release_dentry_name_snapshot(&name);
	return ret;
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

BTF_KFUNCS_START(fastpath_kfunc_ids)
BTF_ID_FLAGS(func, bpf_fanotify_data_inode,
	     KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_data_dentry,
	     KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iput, KF_RELEASE | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_dput, KF_RELEASE | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_is_subdir, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_nearest_mark, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_fanotify_dentry_name, KF_TRUSTED_ARGS)
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
