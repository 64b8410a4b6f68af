/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For handlers that the verifier must refuse: each is a few lines
 */
#ifndef _SELFTESTS_REFUSED_BPF_H
#define _SELFTESTS_REFUSED_BPF_H

#include "fanotify_fastpath.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* A handler and a map for it alone; the test loads one of the maps. */
#define HANDLER_IN(_section, _name, ...)				\
	SEC(_section)							\
	int BPF_PROG(_name, struct fsnotify_group *group,		\
		     struct fanotify_fastpath_hook *hook,		\
		     struct fanotify_fastpath_event *event)		\
	__VA_ARGS__							\
									\
	SEC("?.struct_ops.link")					\
	struct fanotify_fastpath_ops ops_##_name = {			\
		.fp_handler = (void *)_name,				\
		.name = #_name,					\
	}

#define HANDLER(_name, ...)						\
	HANDLER_IN("struct_ops/" #_name, _name, __VA_ARGS__)

/* One that may sleep. */
#define SLEEPER(_name, ...)						\
	HANDLER_IN("struct_ops.s/" #_name, _name, __VA_ARGS__)

#endif /* _SELFTESTS_REFUSED_BPF_H */
