/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the guest tells profile_plugin.c what to look at: by instructions that do
 * nothing, with a number in them that no compiler comes up with
 */
#ifndef _SELFTESTS_BENCH_MARKER_H
#define _SELFTESTS_BENCH_MARKER_H

/* "nopl NUMBER(%rax)": these bytes, and the number in four more. */
#define MARKER_OPCODE	{ 0x0f, 0x1f, 0x80 }
#define MARKER_SIZE	7
#define MARKER_START	0x0be7c001
#define MARKER_STOP	0x0be7c002

#define MARKER(number)	asm volatile("nopl %c0(%%rax)" : : "i" (number))

#endif /* _SELFTESTS_BENCH_MARKER_H */
