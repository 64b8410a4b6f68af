// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the watchers with a BPF program and a ring buffer share
 */
#include <sys/sysmacros.h>

#include "common.h"
#include "bench.h"

static int count_one(void *own, void *data, size_t size)
{
	return 0;
}

uint32_t ring_device(const struct bench_setup *setup)
{
	struct stat stat;

	if (fstat(setup->tree->root, &stat))
		bench_die("cannot stat %s", setup->tree->path);
	/* As the kernel packs it. */
	return major(stat.st_dev) << 20 | minor(stat.st_dev);
}

int ring_watched(const struct bench_setup *setup)
{
	int fd = openat(setup->tree->root, setup->watched,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		bench_die("cannot open %s", setup->watched);
	return fd;
}

void ring_start(struct bench_watch *watch, struct bpf_map *events,
		struct bpf_program *program)
{
	watch->link = bpf_program__attach(program);
	if (!watch->link)
		bench_die("cannot attach %s", watch->kind->name);
	watch->own = ring_buffer__new(bpf_map__fd(events), count_one, NULL, NULL);
	if (!watch->own)
		bench_die("cannot make a ring buffer");
	watch->fd = dup(ring_buffer__epoll_fd(watch->own));
}

int ring_take(struct bench_watch *watch)
{
	int count = ring_buffer__consume(watch->own);

	if (count < 0)
		bench_die("cannot read the ring buffer");
	return count;
}

void ring_stop(struct bench_watch *watch)
{
	ring_buffer__free(watch->own);
}

bool ring_suits(const struct bench_setup *setup)
{
	return !(setup->events & ~(FAN_OPEN | FAN_OPEN_PERM | FAN_ONDIR)) &&
		setup->mark == FAN_MARK_FILESYSTEM;
}
