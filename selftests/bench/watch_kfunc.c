// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfunc_NAME - the fastpath with a handler that calls a kfunc and skips the event
 */
#include <sys/xattr.h>

#include "common.h"
#include "bench.h"
#include "kfuncs.skel.h"

#define ARGS_SIZE	8

static void set_xattrs(const struct bench_tree *tree)
{
	int i, fd;

	for (i = 0; i < tree->files; i++) {
		fd = openat(tree->dir, tree_file(i), O_WRONLY | O_CLOEXEC);
		if (fd < 0 || fsetxattr(fd, "user.fp", "label", 5, 0))
			bench_die("cannot set an attribute of %s", tree_file(i));
		close(fd);
	}
}

static void kfunc_start(struct bench_watch *watch)
{
	const char *name = strchr(watch->kind->name, '_') + 1;
	struct bpf_object *object;
	const void *elf;
	char ops[32];
	size_t size;

	if (!strcmp(name, "xattr"))
		set_xattrs(watch->setup->tree);
	watch_group(watch, GROUP_FID);
	elf = kfuncs__elf_bytes(&size);
	object = bpf_object__open_mem(elf, size, NULL);
	snprintf(ops, sizeof(ops), "ops_%s", name);
	if (object)
		fp_ops(bpf_object__find_map_by_name(object, ops))->args_size =
			ARGS_SIZE;
	watch_attach(watch, object, ops);
}

#define KFUNC_WATCH(_name)						\
	BENCH_WATCH(kfunc_##_name) = {					\
		.wants = fastpath_wants,				\
		.start = kfunc_start,					\
		.take = watch_take_all,					\
	}

/* The handler that may sleep and calls nothing: what the others add to. */
KFUNC_WATCH(sleepable);
KFUNC_WATCH(data_inode);
KFUNC_WATCH(data_dentry);
KFUNC_WATCH(dget_parent);
KFUNC_WATCH(is_subdir);
KFUNC_WATCH(nearest_mark);
KFUNC_WATCH(ancestors);
KFUNC_WATCH(dentry_name);
KFUNC_WATCH(file_name);
KFUNC_WATCH(path);
KFUNC_WATCH(xattr);
KFUNC_WATCH(hook_args);
