// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory - what the kernel allocates for an attachment, a registered handler, a
 * root; and for an inotify watch, which is what a root saves
 *
 * The sum of what the kernel says that it has in slabs, for each CPU, and mapped,
 * divided by how many were made.
 */
#include <sys/inotify.h>
#include <sys/resource.h>

#include "common.h"
#include "bench.h"
#include "nop.skel.h"

#define GROUPS		1024
#define HANDLERS	256
#define DIRS		10000

static double kernel_bytes(void)
{
	char line[128];
	double sum = 0;
	FILE *file;

	/* Of every CPU, what is to be freed after a grace period. */
	sleep(1);
	file = fopen("/proc/meminfo", "re");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned long kbytes;

		if (sscanf(line, "Slab: %lu", &kbytes) == 1 ||
		    sscanf(line, "Percpu: %lu", &kbytes) == 1 ||
		    sscanf(line, "VmallocUsed: %lu", &kbytes) == 1)
			sum += kbytes * 1024.0;
	}
	if (!sum)
		bench_die("cannot read /proc/meminfo");
	fclose(file);
	return sum;
}

static void report(const char *what, double before, int count)
{
	bench_report((kernel_bytes() - before) / count, "bytes", "memory.%s",
		     what);
}

static struct bpf_link *register_nop(struct bpf_object **object, int number)
{
	struct bpf_map *map;
	const void *elf;
	size_t size;

	elf = nop__elf_bytes(&size);
	*object = bpf_object__open_mem(elf, size, NULL);
	map = *object ? bpf_object__find_map_by_name(*object, "nop") : NULL;
	if (!map)
		bench_die("cannot open nop");
	snprintf(fp_ops(map)->name, FAN_FP_NAME_MAX, "nop%d", number);
	if (bpf_object__load(*object))
		bench_die("cannot load nop");
	return bpf_map__attach_struct_ops(map);
}

static void measure_attachments(void)
{
	static int groups[GROUPS];
	double before;
	int i;

	for (i = 0; i < GROUPS; i++)
		groups[i] = group_open(GROUP_FID);
	before = kernel_bytes();
	for (i = 0; i < GROUPS; i++)
		if (fp_add(groups[i], "nop0", NULL, 0))
			bench_die("cannot attach nop0");
	report("attachment", before, GROUPS);
	for (i = 0; i < GROUPS; i++)
		close(groups[i]);
}

static void measure_handlers(void)
{
	static struct bpf_object *objects[HANDLERS];
	static struct bpf_link *links[HANDLERS];
	double before;
	int i;

	/* What is allocated once, for the first. */
	links[0] = register_nop(&objects[0], 0);
	before = kernel_bytes();
	for (i = 1; i < HANDLERS; i++) {
		links[i] = register_nop(&objects[i], i);
		if (!links[i])
			bench_die("cannot register nop%d", i);
	}
	report("handler", before, HANDLERS - 1);
	measure_attachments();
	for (i = 0; i < HANDLERS; i++) {
		bpf_link__destroy(links[i]);
		bpf_object__close(objects[i]);
	}
}

static void measure_roots(const struct bench_tree *tree)
{
	int group = group_open(GROUP_FID), i;
	double before = kernel_bytes();

	for (i = 0; i < DIRS; i++)
		group_include(group, tree, tree_other(i));
	report("root", before, DIRS);
	close(group);
}

static void measure_watches(const struct bench_tree *tree)
{
	int i, fd = inotify_init1(IN_CLOEXEC);
	double before = kernel_bytes();
	char path[128];

	for (i = 0; i < DIRS; i++) {
		snprintf(path, sizeof(path), "%s/%s", tree->path, tree_other(i));
		if (inotify_add_watch(fd, path, IN_OPEN) < 0)
			bench_die("cannot watch %s", path);
	}
	report("inotify.watch", before, DIRS);
	close(fd);
}

BENCH_CASE(memory)
{
	struct rlimit files = { 16384, 16384 };
	struct bench_tree tree;

	if (bench_lacks_fastpath("memory"))
		return;
	setrlimit(RLIMIT_NOFILE, &files);
	bench_allow("/proc/sys/fs/fanotify/max_user_groups");
	libbpf_set_print(fp_print);
	measure_handlers();
	tree_make(&tree, 1, 1);
	tree_fill(&tree, DIRS, S_IFDIR);
	measure_roots(&tree);
	measure_watches(&tree);
	tree_remove(&tree);
}
