/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp probe - what its files share
 */
#ifndef _FANFP_PROBE_H
#define _FANFP_PROBE_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>

/* The fastpath, and the module. */
#define PROBE_SYSFS	"/sys/kernel/fanotify_fastpath"
#define PROBE_DEVICE	"/dev/fanotify_fastpath"
#define PROBE_MODULE	"fanotify_fastpath"

enum state {
	IS_THERE,
	IS_MISSING,
	IS_UNKNOWN,
};

/* What one check has found. */
struct finding {
	enum state state;
	char detail[256];
	const char *remedy;	/* unless it is there */
};

/* What several of them look at. */
struct system {
	struct utsname name;
	bool fastpath, module;
	struct btf *vmlinux;	/* owned; NULL if there is none */
	struct btf *btf;	/* with our types; owned if it is the module's */
	uint64_t capabilities;
};

struct check {
	const char *name;
	bool needed;
	void (*run)(const struct system *sys, struct finding *finding);
};

/* probe_checks.c; ends with one that has no name. */
extern const struct check probe_checks[];

#endif /* _FANFP_PROBE_H */
