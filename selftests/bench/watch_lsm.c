// SPDX-License-Identifier: GPL-2.0-only
/*
 * lsm - a BPF program in a hook of the security modules, and a ring buffer
 */
#include "common.h"
#include "ring.h"
#include "lsm.skel.h"

#define SECURITYFS	"/sys/kernel/security"

static struct lsm *load(uint32_t device)
{
	struct lsm *lsm = lsm__open();

	if (!lsm)
		bench_die("cannot open lsm");
	lsm->rodata->watched_dev = device;
	if (!lsm__load(lsm))
		return lsm;
	lsm__destroy(lsm);
	return NULL;
}

/* Only if it is among the security modules is the program ever called. */
static const char *lsm_wants(void)
{
	char names[256] = "";
	struct lsm *lsm;
	int fd;

	fd = open(SECURITYFS "/lsm", O_RDONLY | O_CLOEXEC);
	if (fd < 0 && !mount("securityfs", SECURITYFS, "securityfs", 0, NULL))
		fd = open(SECURITYFS "/lsm", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "this kernel has no security modules (CONFIG_SECURITYFS)";
	if (read(fd, names, sizeof(names) - 1) < 0)
		bench_die("cannot read " SECURITYFS "/lsm");
	close(fd);
	if (!strstr(names, "bpf"))
		return "bpf is not among the security modules (CONFIG_BPF_LSM, lsm=)";
	libbpf_set_print(NULL);
	lsm = load(0);
	lsm__destroy(lsm);
	return lsm ? NULL : "the kernel does not take the program";
}

static void lsm_start(struct bench_watch *watch)
{
	int root = ring_watched(watch->setup);
	struct lsm *lsm = load(ring_device(watch->setup));
	char yes = 1;

	if (!lsm)
		bench_die("cannot load lsm");
	if (bpf_map__update_elem(lsm->maps.roots, &root, sizeof(root), &yes,
				 sizeof(yes), BPF_ANY))
		bench_die("cannot set the root");
	close(root);
	ring_start(watch, lsm->maps.events, lsm->progs.lsm_open);
	watch->skeleton = lsm;
}

static void lsm_stop(struct bench_watch *watch)
{
	ring_stop(watch);
	lsm__destroy(watch->skeleton);
}

BENCH_WATCH(lsm) = {
	.sends = SENDS_INSIDE,
	.suits = ring_suits,
	.wants = lsm_wants,
	.start = lsm_start,
	.take = ring_take,
	.stop = lsm_stop,
};
