// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify fastpath - handlers in BPF
 *
 * The struct_ops type fanotify_fastpath_ops: what the verifier allows, and how
 * registering one ends up in fastpath_handler.c.
 */

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/errno.h>
#include <linux/filter.h>
#include <linux/module.h>
#include <linux/string.h>

#include "fastpath.h"

/*
 * Gives the verifier the pointers of an event that are good for as long as the
 * handler runs. It finds this type by its name, and its members by name and
 * type.
 */
struct fanotify_fastpath_event__safe_trusted_or_null {
	struct inode *dir;
	struct inode *inode;
	struct dentry *dentry;
	const struct path *path;
};

BTF_ID_LIST(fastpath_ids)
BTF_ID(struct, fanotify_fastpath_ops)
BTF_ID(struct, fanotify_fastpath_event)
BTF_ID(struct, fanotify_fastpath_hook)

enum {
	FASTPATH_ID_OPS,
	FASTPATH_ID_EVENT,
	FASTPATH_ID_HOOK,
};

/* The BTF that our types are in. Set once at init, NULL if that never ran. */
static struct btf *fastpath_btf;

/**
 * fastpath_bpf_owns() - tell BPF's ops from a module's
 * @owner: Owner of a struct fanotify_fastpath_ops.
 *
 * Context: Any.
 *
 * Return: Whether the ops are in a BPF map.
 */
bool fastpath_bpf_owns(const struct module *owner)
{
	return owner == BPF_MODULE_OWNER;
}

/**
 * fastpath_bpf_is_handler() - tell our programs from other struct_ops programs
 * @btf: BTF that a program attaches to.
 * @btf_id: Id of the type in it.
 *
 * Context: Any.
 *
 * Return: Whether the type is struct fanotify_fastpath_ops.
 */
bool fastpath_bpf_is_handler(const struct btf *btf, u32 btf_id)
{
	return btf && btf == fastpath_btf &&
		btf_id == fastpath_ids[FASTPATH_ID_OPS];
}

/* Whether an id means what it meant when it was written into the object. */
static bool id_fits(const struct btf *btf, u32 id, size_t size)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	return t && __btf_type_is_struct(t) && t->size == size;
}

/* BTF that was made for another kernel gives the ids another meaning. */
static int fastpath_bpf_ops_init(struct btf *btf)
{
	BTF_TYPE_EMIT(struct fanotify_fastpath_event__safe_trusted_or_null);

	if (!id_fits(btf, fastpath_ids[FASTPATH_ID_OPS],
		     sizeof(struct fanotify_fastpath_ops)) ||
	    !id_fits(btf, fastpath_ids[FASTPATH_ID_EVENT],
		     sizeof(struct fanotify_fastpath_event)) ||
	    !id_fits(btf, fastpath_ids[FASTPATH_ID_HOOK],
		     sizeof(struct fanotify_fastpath_hook)))
		return -EINVAL;
	fastpath_btf = btf;
	return 0;
}

static bool fastpath_bpf_is_valid_access(int off, int size,
					 enum bpf_access_type type,
					 const struct bpf_prog *prog,
					 struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

/* A handler may write its private area and an event's scratch area. */
static int fastpath_bpf_struct_access(struct bpf_verifier_log *log,
				      const struct bpf_reg_state *reg, int off,
				      int size)
{
	size_t start, end;

	/* Whatever else has the type may be stale, or NULL. */
	if (reg->btf != fastpath_btf || !(reg->type & PTR_TRUSTED))
		goto refuse;
	if (reg->btf_id == fastpath_ids[FASTPATH_ID_HOOK]) {
		start = offsetof(struct fanotify_fastpath_hook, private);
		end = offsetofend(struct fanotify_fastpath_hook, private);
	} else if (reg->btf_id == fastpath_ids[FASTPATH_ID_EVENT]) {
		start = offsetof(struct fanotify_fastpath_event, scratch);
		end = offsetofend(struct fanotify_fastpath_event, scratch);
	} else {
		goto refuse;
	}
	if (off >= 0 && off >= start && off + size <= end)
		return 0;

refuse:
	bpf_log(log, "a handler may only write hook->private and event->scratch\n");
	return -EACCES;
}

/*
 * No tail calls: they could lead from a handler that may not sleep, and is
 * called as such, into one that does.
 */
static const struct bpf_func_proto *
fastpath_bpf_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	if (func_id == BPF_FUNC_tail_call)
		return NULL;
	return bpf_base_func_proto(func_id, prog);
}

static const struct bpf_verifier_ops fastpath_verifier_ops = {
	.get_func_proto = fastpath_bpf_func_proto,
	.is_valid_access = fastpath_bpf_is_valid_access,
	.btf_struct_access = fastpath_bpf_struct_access,
};

/*
 * fp_init and fp_free can be called under a global mutex of BPF, where waiting
 * for a page fault would hold up every struct_ops of the system.
 */
static int fastpath_bpf_check_member(const struct btf_type *t,
				     const struct btf_member *member,
				     const struct bpf_prog *prog)
{
	u32 moff = __btf_member_bit_offset(t, member) / 8;

	if (prog->sleepable &&
	    moff != offsetof(struct fanotify_fastpath_ops, fp_handler))
		return -EINVAL;
	return 0;
}

/* What a function of the ops is to be, or is: a descriptor, an id, or 0. */
static u32 prog_number(const struct fanotify_fastpath_ops *uops, u32 index)
{
	return ((const unsigned long *)uops)[index];
}

/*
 * Look at a program before BPF does. What BPF compares is an id, which means
 * something else in the BTF of an earlier load of a module; and it does not
 * tell whether fp_handler may sleep. The descriptor could be made to mean
 * another program meanwhile, so note which one it was and compare when BPF has
 * noted it too: see fastpath_bpf_validate().
 */
static int init_prog(struct fanotify_fastpath_ops *kops,
		     const struct fanotify_fastpath_ops *uops, u32 index)
{
	struct bpf_prog *prog;
	int err = 0;

	if (!prog_number(uops, index))
		return 0;
	prog = bpf_prog_get_type_dev(prog_number(uops, index),
				     BPF_PROG_TYPE_STRUCT_OPS, false);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	if (prog->aux->attach_btf != fastpath_btf)
		err = -EINVAL;
	if (prog->sleepable)
		kops->flags |= FASTPATH_F_MAY_SLEEP;
	kops->prog_ids[index] = prog->aux->id;
	kops->udata = uops;
	bpf_prog_put(prog);
	return err;
}

static int fastpath_bpf_init_member(const struct btf_type *t,
				    const struct btf_member *member,
				    void *kdata, const void *udata)
{
	const struct fanotify_fastpath_ops *uops = udata;
	struct fanotify_fastpath_ops *kops = kdata;
	u32 moff = __btf_member_bit_offset(t, member) / 8;

	switch (moff) {
	case offsetof(struct fanotify_fastpath_ops, fp_handler):
	case offsetof(struct fanotify_fastpath_ops, fp_init):
	case offsetof(struct fanotify_fastpath_ops, fp_free):
	case offsetof(struct fanotify_fastpath_ops, fp_response):
		return init_prog(kops, uops, moff / sizeof(void *));
	case offsetof(struct fanotify_fastpath_ops, flags):
		if (uops->flags & ~FASTPATH_USER_FLAGS)
			return -EINVAL;
		kops->flags |= uops->flags;
		return 1;
	case offsetof(struct fanotify_fastpath_ops, group_fd):
		kops->group_fd = uops->group_fd;
		return 1;
	case offsetof(struct fanotify_fastpath_ops, args_size):
		kops->args_size = uops->args_size;
		return 1;
	case offsetof(struct fanotify_fastpath_ops, name):
		memcpy(kops->name, uops->name, sizeof(kops->name));
		return 1;
	case offsetof(struct fanotify_fastpath_ops, desc):
		memcpy(kops->desc, uops->desc, sizeof(kops->desc));
		return 1;
	case offsetof(struct fanotify_fastpath_ops, init_args):
		memcpy(kops->init_args, uops->init_args,
		       sizeof(kops->init_args));
		return 1;
	case offsetof(struct fanotify_fastpath_ops, args):
		memcpy(kops->args, uops->args, sizeof(kops->args));
		return 1;
	}
	return 0;
}

static int fastpath_bpf_validate(void *kdata)
{
	struct fanotify_fastpath_ops *ops = kdata;
	u32 i;

	/* BPF has replaced the descriptors by the ids of the programs. */
	for (i = 0; ops->udata && i < FAN_FP_OPS_PROGS; i++) {
		if (prog_number(ops->udata, i) != ops->prog_ids[i])
			return -EINVAL;
	}
	return fastpath_handler_check(ops);
}

static int fastpath_bpf_reg(void *kdata, struct bpf_link *link)
{
	return fastpath_handler_register(kdata, link);
}

static void fastpath_bpf_unreg(void *kdata, struct bpf_link *link)
{
	fastpath_handler_unregister(kdata, link);
}

static int fastpath_bpf_update(void *kdata, void *old_kdata,
			       struct bpf_link *link)
{
	return fastpath_handler_update(kdata, link);
}

/* The stubs give BPF the prototypes, and kCFI something to compare with. */
static int fanotify_fastpath_ops__fp_handler(struct fsnotify_group *group,
					     struct fanotify_fastpath_hook *fp_hook,
					     struct fanotify_fastpath_event *fp_event)
{
	return FAN_FP_RET_SEND_TO_USERSPACE;
}

static int fanotify_fastpath_ops__fp_init(struct fsnotify_group *group,
					  struct fanotify_fastpath_hook *fp_hook)
{
	return 0;
}

static void fanotify_fastpath_ops__fp_free(struct fanotify_fastpath_hook *fp_hook)
{
}

static void
fanotify_fastpath_ops__fp_response(struct fanotify_fastpath_hook *fp_hook,
				   struct fanotify_fastpath_event *fp_event,
				   u32 response)
{
}

static struct fanotify_fastpath_ops fastpath_cfi_stubs = {
	.fp_handler = fanotify_fastpath_ops__fp_handler,
	.fp_init = fanotify_fastpath_ops__fp_init,
	.fp_free = fanotify_fastpath_ops__fp_free,
	.fp_response = fanotify_fastpath_ops__fp_response,
};

static struct bpf_struct_ops fastpath_struct_ops = {
	.verifier_ops = &fastpath_verifier_ops,
	.init = fastpath_bpf_ops_init,
	.check_member = fastpath_bpf_check_member,
	.init_member = fastpath_bpf_init_member,
	.validate = fastpath_bpf_validate,
	.reg = fastpath_bpf_reg,
	.unreg = fastpath_bpf_unreg,
	.update = fastpath_bpf_update,
	.name = "fanotify_fastpath_ops",
	.cfi_stubs = &fastpath_cfi_stubs,
	.owner = THIS_MODULE,
};

/**
 * fastpath_bpf_init() - make the struct_ops type and the kfuncs known
 *
 * Return: 0; -ENOENT if there is no BTF that fits the running kernel, in which
 * case BPF itself only complains in the log; or another negative errno.
 */
int fastpath_bpf_init(void)
{
	int err;

	err = fastpath_kfuncs_init();
	if (err)
		return err;
	err = register_bpf_struct_ops(&fastpath_struct_ops,
				      fanotify_fastpath_ops);
	if (err)
		return err;
	return fastpath_btf ? 0 : -ENOENT;
}
