// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - the handlers that are in the library
 *
 * builtin.inc, which the Makefile writes, has a line BUILTIN(name, "file") for
 * each handler of bpf/.
 */
#include "internal.h"

#define BUILTIN(_name, _file)						\
	asm(".pushsection .rodata\n"					\
	    ".balign 8\n"						\
	    ".local builtin_" #_name "_start\n"				\
	    "builtin_" #_name "_start:\n"				\
	    ".incbin \"" _file "\"\n"					\
	    ".local builtin_" #_name "_end\n"				\
	    "builtin_" #_name "_end:\n"					\
	    ".popsection\n");						\
	extern const unsigned char builtin_##_name##_start[]		\
		__attribute__((visibility("hidden")));			\
	extern const unsigned char builtin_##_name##_end[]		\
		__attribute__((visibility("hidden")));
#include "builtin.inc"
#undef BUILTIN

static const struct fanfp_builtin builtins[] = {
#define BUILTIN(_name, _file)						\
	{ #_name, builtin_##_name##_start, builtin_##_name##_end },
#include "builtin.inc"
#undef BUILTIN
};

const struct fanfp_builtin *fanfp_builtin(unsigned int index)
{
	return index < sizeof(builtins) / sizeof(builtins[0]) ?
		&builtins[index] : NULL;
}

const char *fanfp_builtin__name(unsigned int index)
{
	const struct fanfp_builtin *builtin = fanfp_builtin(index);

	return builtin ? builtin->name : NULL;
}
