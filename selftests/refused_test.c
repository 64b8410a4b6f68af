// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the verifier refuses, and what it says
 */
#include "kselftest_harness.h"
#include "common.h"
#include "refused.skel.h"
#include "refused_args.skel.h"
#include "refused_buffers.skel.h"
#include "refused_callers.skel.h"

FIXTURE(refused)
{
	struct bpf_object *obj;
};

FIXTURE_VARIANT(refused)
{
	/* The object that the handler is in. */
	const void *(*elf)(size_t *size);
	const char *map;
	const char *prog;
	/* A piece of what the verifier says. */
	const char *says;
};

#define REFUSED(_object, _name, _says)					\
	FIXTURE_VARIANT_ADD(refused, _name) {				\
		.elf = _object##__elf_bytes,				\
		.map = "ops_" #_name,					\
		.prog = #_name,						\
		.says = _says,						\
	}

/* refused.bpf.c */
REFUSED(refused, leak_inode, "Unreleased reference");
REFUSED(refused, leak_dentry, "Unreleased reference");
REFUSED(refused, leak_parent, "Unreleased reference");
REFUSED(refused, twice_iput,
	"arg#0 pointer type STRUCT inode must point to scalar");
REFUSED(refused, twice_dput,
	"arg#0 pointer type STRUCT dentry must point to scalar");
REFUSED(refused, twice_dput_parent,
	"arg#0 pointer type STRUCT dentry must point to scalar");
REFUSED(refused, used_after_dput,
	"arg#0 pointer type STRUCT dentry must point to scalar");
REFUSED(refused, null_iput, "Possibly NULL pointer passed to trusted arg0");
REFUSED(refused, null_dput, "Possibly NULL pointer passed to trusted arg0");
REFUSED(refused, borrowed_iput,
	"release kernel function bpf_iput expects refcounted PTR_TO_BTF_ID");
REFUSED(refused, borrowed_dput,
	"release kernel function bpf_dput expects refcounted PTR_TO_BTF_ID");
REFUSED(refused, untrusted_iput, "R1 must be referenced or trusted");
REFUSED(refused, untrusted_dput, "R1 must be referenced or trusted");
REFUSED(refused, writes_mask,
	"a handler may only write hook->private and event->scratch");
REFUSED(refused, writes_id,
	"a handler may only write hook->private and event->scratch");
REFUSED(refused, writes_past_scratch,
	"a handler may only write hook->private and event->scratch");
REFUSED(refused, tail_calls, "program of this type cannot use helper bpf_tail_call");
REFUSED(refused, writes_inode,
	"a handler may only write hook->private and event->scratch");
REFUSED(refused, writes_before_private,
	"a handler may only write hook->private and event->scratch");
REFUSED(refused, sleepable_init, "unsupported member fp_init");

/* refused_args.bpf.c */
REFUSED(refused_args, null_field,
	"R1 invalid mem access 'trusted_ptr_or_null_'");
REFUSED(refused_args, null_is_subdir,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_is_subdir_ancestor,
	"Possibly NULL pointer passed to trusted arg1");
REFUSED(refused_args, null_dentry_name,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_dget_parent,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_xattr,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_hook_args,
	"R0 invalid mem access 'rdonly_mem_or_null'");
REFUSED(refused_args, null_event_data_inode,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_event_data_dentry,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_event_nearest_mark,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_event_ancestors,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_event_marks,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_event_file_name,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_event_path,
	"Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_hook, "Possibly NULL pointer passed to trusted arg0");
REFUSED(refused_args, null_info, "Possibly NULL pointer passed to trusted arg2");
REFUSED(refused_args, null_buffer_name,
	"Possibly NULL pointer passed to trusted arg1");
REFUSED(refused_args, null_buffer_path,
	"Possibly NULL pointer passed to trusted arg1");
REFUSED(refused_args, null_buffer_ancestors,
	"Possibly NULL pointer passed to trusted arg2");
REFUSED(refused_args, null_buffer_marks,
	"Possibly NULL pointer passed to trusted arg2");
REFUSED(refused_args, untrusted_is_subdir, "R1 must be referenced or trusted");
REFUSED(refused_args, untrusted_is_subdir_ancestor,
	"R2 must be referenced or trusted");
REFUSED(refused_args, untrusted_dentry_name,
	"R1 must be referenced or trusted");
REFUSED(refused_args, untrusted_dget_parent,
	"R1 must be referenced or trusted");
REFUSED(refused_args, untrusted_xattr, "R1 must be referenced or trusted");
REFUSED(refused_args, other_data_inode,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_data_dentry,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_nearest_mark,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_ancestors,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_marks,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_file_name,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_path,
	"expected pointer to STRUCT fanotify_fastpath_event but R1 has a pointer to STRUCT fanotify_fastpath_hook");
REFUSED(refused_args, other_hook_args,
	"expected pointer to STRUCT fanotify_fastpath_hook but R1 has a pointer to STRUCT fanotify_fastpath_event");
REFUSED(refused_args, forged_data_inode,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_data_dentry,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_nearest_mark,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_ancestors,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_marks,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_file_name,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_path,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, forged_hook_args,
	"must point to scalar, or struct with scalar");
REFUSED(refused_args, writable_xattr_name,
	"R2 does not point to a readonly map");
REFUSED(refused_args, stack_xattr_name,
	"arg#1 doesn't point to a const string");

/* refused_buffers.bpf.c */
REFUSED(refused_buffers, small_file_name,
	"arg#1 arg#2 memory, len pair leads to invalid memory access");
REFUSED(refused_buffers, small_path,
	"arg#1 arg#2 memory, len pair leads to invalid memory access");
REFUSED(refused_buffers, small_ancestors,
	"arg#2 arg#3 memory, len pair leads to invalid memory access");
REFUSED(refused_buffers, small_marks,
	"arg#2 arg#3 memory, len pair leads to invalid memory access");
REFUSED(refused_buffers, small_dentry_name,
	"arg#1 arg#2 memory, len pair leads to invalid memory access");
REFUSED(refused_buffers, small_xattr,
	"arg#2 arg#3 memory, len pair leads to invalid memory access");
REFUSED(refused_buffers, small_stack,
	"invalid indirect access to stack R2 off=-8 size=9");
REFUSED(refused_buffers, small_nearest_mark,
	"invalid indirect access to stack R3 off=-12 size=32");
REFUSED(refused_buffers, small_hook_args,
	"invalid access to memory, mem_size=8 off=8 size=1");
REFUSED(refused_buffers, unbounded_file_name, "R3 unbounded memory access");
REFUSED(refused_buffers, unbounded_path, "R3 unbounded memory access");
REFUSED(refused_buffers, unbounded_ancestors, "R4 unbounded memory access");
REFUSED(refused_buffers, unbounded_marks, "R4 unbounded memory access");
REFUSED(refused_buffers, unbounded_dentry_name, "R3 unbounded memory access");
REFUSED(refused_buffers, unbounded_xattr, "R4 unbounded memory access");
REFUSED(refused_buffers, unbounded_hook_args, "R3 is not a const");
REFUSED(refused_buffers, readonly_path, "R2 cannot write into rdonly_mem");
REFUSED(refused_buffers, writes_hook_args, "R0 cannot write into rdonly_mem");

/* refused_callers.bpf.c */
REFUSED(refused_callers, sleeps_data_inode,
	"program must be sleepable to call sleepable kfunc bpf_fanotify_data_inode");
REFUSED(refused_callers, sleeps_data_dentry,
	"program must be sleepable to call sleepable kfunc bpf_fanotify_data_dentry");
REFUSED(refused_callers, sleeps_iput,
	"program must be sleepable to call sleepable kfunc bpf_iput");
REFUSED(refused_callers, sleeps_dput,
	"program must be sleepable to call sleepable kfunc bpf_dput");
REFUSED(refused_callers, sleeps_dget_parent,
	"program must be sleepable to call sleepable kfunc bpf_dget_parent");
REFUSED(refused_callers, sleeps_xattr,
	"program must be sleepable to call sleepable kfunc bpf_fanotify_xattr");
REFUSED(refused_callers, stranger_data_inode,
	"calling kernel function bpf_fanotify_data_inode is not allowed");
REFUSED(refused_callers, stranger_data_dentry,
	"calling kernel function bpf_fanotify_data_dentry is not allowed");
REFUSED(refused_callers, stranger_iput,
	"calling kernel function bpf_iput is not allowed");
REFUSED(refused_callers, stranger_dput,
	"calling kernel function bpf_dput is not allowed");
REFUSED(refused_callers, stranger_dget_parent,
	"calling kernel function bpf_dget_parent is not allowed");
REFUSED(refused_callers, stranger_is_subdir,
	"calling kernel function bpf_is_subdir is not allowed");
REFUSED(refused_callers, stranger_nearest_mark,
	"calling kernel function bpf_fanotify_nearest_mark is not allowed");
REFUSED(refused_callers, stranger_marks,
	"calling kernel function bpf_fanotify_marks is not allowed");
REFUSED(refused_callers, stranger_ancestors,
	"calling kernel function bpf_fanotify_ancestors is not allowed");
REFUSED(refused_callers, stranger_dentry_name,
	"calling kernel function bpf_fanotify_dentry_name is not allowed");
REFUSED(refused_callers, stranger_file_name,
	"calling kernel function bpf_fanotify_file_name is not allowed");
REFUSED(refused_callers, stranger_path,
	"calling kernel function bpf_fanotify_path is not allowed");
REFUSED(refused_callers, stranger_xattr,
	"calling kernel function bpf_fanotify_xattr is not allowed");
REFUSED(refused_callers, stranger_hook_args,
	"calling kernel function bpf_fanotify_hook_args is not allowed");

FIXTURE_SETUP(refused)
{
	size_t size;
	const void *elf = variant->elf(&size);

	self->obj = bpf_object__open_mem(elf, size, NULL);
	ASSERT_NE(NULL, self->obj);
	libbpf_set_print(NULL);
}

FIXTURE_TEARDOWN(refused)
{
	bpf_object__close(self->obj);
}

TEST_F(refused, c214_c215_c523_c909_c910_c911_c912_by_the_verifier)
{
	static char log[1 << 20];
	struct bpf_program *prog;
	struct bpf_map *map;

	map = bpf_object__find_map_by_name(self->obj, variant->map);
	prog = bpf_object__find_program_by_name(self->obj, variant->prog);
	ASSERT_NE(NULL, map);
	ASSERT_NE(NULL, prog);
	ASSERT_EQ(0, fp_choose(self->obj, map));
	ASSERT_EQ(0, bpf_program__set_log_buf(prog, log, sizeof(log)));
	ASSERT_EQ(0, bpf_program__set_log_level(prog, 1));
	ASSERT_NE(0, bpf_object__load(self->obj));
	EXPECT_NE(NULL, strstr(log, variant->says)) {
		TH_LOG("the verifier said:\n%s", log);
	}
}

TEST_HARNESS_MAIN
