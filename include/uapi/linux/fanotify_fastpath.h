/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * fanotify fastpath: attach an in-kernel handler to a fanotify group.
 *
 * This is the only copy of the ABI.  It is used by userspace, by handlers in
 * kernel modules and (through fanotify_fastpath.bpf.h) by BPF handlers.
 */
#ifndef _UAPI_LINUX_FANOTIFY_FASTPATH_H
#define _UAPI_LINUX_FANOTIFY_FASTPATH_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Sizes of the texts of a handler, with the terminating NUL. */
#define FAN_FP_NAME_MAX		32
#define FAN_FP_DESC_MAX		256

/* The most bytes of arguments that one attachment can be given. */
#define FAN_FP_ARGS_MAX		1024

/* What is further below the root of its file system has no place. */
#define FAN_FP_DEPTH_MAX	16384

/**
 * DOC: handler flags
 *
 * Bits of &struct fanotify_fastpath_ops.flags. A bit that the kernel does not
 * know is refused when the handler is registered.
 *
 * FAN_FP_F_UNPRIV
 *     Whoever holds a fanotify file descriptor may attach this handler to it
 *     by name. Without it, that takes CAP_SYS_ADMIN.
 * FAN_FP_F_GROUP_FD
 *     &struct fanotify_fastpath_ops.group_fd is set: the handler is attached
 *     to that one group when its link is made, and can't be attached by name.
 *     Excludes FAN_FP_F_UNPRIV.
 */
#define FAN_FP_F_UNPRIV		(1U << 0)
#define FAN_FP_F_GROUP_FD	(1U << 1)

/**
 * DOC: verdicts
 *
 * What a handler returns. A negative errno denies a permission event, with
 * that errno if it is one of EPERM, EACCES, EIO, EBUSY, ETXTBSY, ENOSPC and
 * EDQUOT, else with EPERM. For any other event a negative errno, and for every
 * event a value that is not listed here, is a mistake of the handler: it is
 * counted and the event goes to userspace.
 *
 * FAN_FP_RET_SEND_TO_USERSPACE
 *     Go on as if there were no handler: queue the event, or ask userspace.
 * FAN_FP_RET_SKIP_EVENT
 *     Drop the event; a permission event is allowed.
 */
#define FAN_FP_RET_SEND_TO_USERSPACE	0
#define FAN_FP_RET_SKIP_EVENT		1

/**
 * DOC: attach flags
 *
 * Bits of &struct fanotify_fastpath_args.flags.
 *
 * FAN_FP_ADD_REPLACE
 *     Take the place of the handler that is attached by name: every event is
 *     shown to one of the two. The new attachment starts afresh. ENOENT if
 *     there is none to replace, EBUSY if a link owns it.
 */
#define FAN_FP_ADD_REPLACE	(1U << 0)

/**
 * struct fanotify_fastpath_args - argument of FAN_IOC_ADD_FP and FAN_IOC_DEL_FP
 * @name: The handler's name, NUL terminated. FAN_IOC_DEL_FP takes an empty
 *        name for "whatever is attached", else only detaches that handler.
 * @flags: FAN_FP_ADD_* bits for FAN_IOC_ADD_FP; else 0.
 * @group_fd: The fanotify file descriptor, in a request on
 *            ``/dev/fanotify_fastpath``. Must be 0 in a request on the
 *            fanotify file descriptor itself.
 * @init_args: Address of the arguments that the handler's ``fp_init`` gets, or
 *             0. Must be 0 for FAN_IOC_DEL_FP.
 * @init_args_size: Size of the arguments in bytes, at most FAN_FP_ARGS_MAX; 0
 *                  if and only if @init_args is 0.
 * @__reserved: Must be 0.
 *
 * The structure can grow: its size is part of the request number. A kernel
 * that knows a smaller one accepts the larger if the rest is zero, and refuses
 * it with E2BIG if it is not.
 */
struct fanotify_fastpath_args {
	char name[FAN_FP_NAME_MAX];
	__u32 flags;
	__s32 group_fd;
	__aligned_u64 init_args;
	__u32 init_args_size;
	__u32 __reserved;
};

/* Size of the first published struct fanotify_fastpath_args. */
#define FAN_FP_ARGS_SIZE_VER0	56

/**
 * struct fanotify_fastpath_info - what FAN_IOC_GET_FP tells of an attachment
 * @name: Name of the handler that is attached.
 * @flags: Its FAN_FP_F_* bits: with FAN_FP_F_GROUP_FD, a BPF link owns the
 *         attachment.
 * @group_fd: The fanotify file descriptor, in a request on
 *            ``/dev/fanotify_fastpath``. Must be 0 in a request on the
 *            fanotify file descriptor itself. Stays as it is.
 * @id: Id of the attachment: no other gets it until the next boot.
 * @seen: Events that the handler was asked about, and those that it could not
 *        be asked about: @sent + @skipped + @denied.
 * @sent: Events that were passed on, for whatever reason.
 * @skipped: Events dropped, and permission events allowed.
 * @denied: Permission events denied.
 * @errors: Events that were sent because the handler returned what it may not.
 * @nested: Events caused by the handler itself, which was not asked.
 * @unplaced: Times that a handler could not be told where an event is.
 *
 * All but @group_fd must be 0 in the request. The structure can grow as
 * &struct fanotify_fastpath_args does: what this kernel does not know of a
 * larger one must be 0 and stays 0.
 */
struct fanotify_fastpath_info {
	char name[FAN_FP_NAME_MAX];
	__u32 flags;
	__s32 group_fd;
	__u64 id;
	__u64 seen;
	__u64 sent;
	__u64 skipped;
	__u64 denied;
	__u64 errors;
	__u64 nested;
	__u64 unplaced;
};

/* Size of the first published struct fanotify_fastpath_info. */
#define FAN_FP_INFO_SIZE_VER0	104

#define FAN_IOC_MAGIC		0xFA

/*
 * Attach the named handler to a fanotify group; detach the handler that was
 * attached by name; tell what is attached, however it was.
 */
#define FAN_IOC_ADD_FP	_IOW(FAN_IOC_MAGIC, 0, struct fanotify_fastpath_args)
#define FAN_IOC_DEL_FP	_IOW(FAN_IOC_MAGIC, 1, struct fanotify_fastpath_args)
#define FAN_IOC_GET_FP	_IOWR(FAN_IOC_MAGIC, 2, struct fanotify_fastpath_info)

/**
 * enum fanotify_fastpath_place - which place of an event is meant
 * @FAN_FP_PLACE_OBJECT: The object itself; for a file of which the event has no
 *                       dentry, the directory that the event names it in.
 * @FAN_FP_PLACE_DIR: The directory of the event; for FAN_RENAME the old one.
 * @FAN_FP_PLACE_NEW_DIR: The new directory of FAN_RENAME.
 */
enum fanotify_fastpath_place {
	FAN_FP_PLACE_OBJECT	= 0,
	FAN_FP_PLACE_DIR	= 1,
	FAN_FP_PLACE_NEW_DIR	= 2,
};

/**
 * struct fanotify_fastpath_ancestor - what bpf_fanotify_ancestors() tells of one
 * @ino: Its inode number; 0 if it has no inode.
 * @generation: Tells it from an earlier one with the same number, where the
 *              file system counts generations.
 * @dev: Device number of its file system, as in st_dev of stat(2).
 *
 * Not good enough to tell directories apart everywhere: on btrfs the subvolumes
 * of one file system share inode numbers, on vfat and overlayfs a number can
 * change while the file stays. A mark knows its directory in any case.
 */
struct fanotify_fastpath_ancestor {
	__u64 ino;
	__u32 generation;
	__u32 dev;
};

/**
 * struct fanotify_fastpath_mark - what bpf_fanotify_nearest_mark() tells of one
 * @mask: The events and flags of the mark. A mark with a mask includes what is
 *        below its directory, whatever its ignore mask.
 * @ignore_mask: The ignore mask. A mark with only an ignore mask excludes.
 * @depth: How many levels above the place it was found; 0 is the place itself. So
 *         for a file in the marked directory it is 1 from FAN_FP_PLACE_OBJECT
 *         and 0 from FAN_FP_PLACE_DIR.
 * @__reserved: 0.
 * @dir: The directory that is marked.
 */
struct fanotify_fastpath_mark {
	__u32 mask;
	__u32 ignore_mask;
	__u32 depth;
	__u32 __reserved;
	struct fanotify_fastpath_ancestor dir;
};

#endif /* _UAPI_LINUX_FANOTIFY_FASTPATH_H */
