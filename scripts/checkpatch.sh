# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# How checkpatch.pl is run, and what it need not say: sourced.

# Run checkpatch from the tree $1 and ignore the types $2; the rest is for it.
checkpatch()
{
	local source=$1 ignore=$2
	shift 2
	perl "$source/scripts/checkpatch.pl" --no-tree --strict --terse --show-types \
		--no-summary --max-line-length=100 -q --ignore "$ignore" "$@"
}

# MACRO_ARG_REUSE: arguments that are only pasted into names.
in_kernel=MACRO_ARG_REUSE
# The module is built for one version, and has to say so.
in_module=$in_kernel,LINUX_VERSION_CODE,CONSTANT_COMPARISON
# What only the kernel has (types, strscpy(), BIT(), fallthrough, ...), what is
# the custom elsewhere (messages that can be searched for are on one line;
# LIBFANFP_OPTS() like LIBBPF_OPTS(), with _Pragma()), and macros of the test
# harness.
in_userspace=$in_kernel,STRCPY,PREFER_KERNEL_TYPES,PREFER_FALLTHROUGH,ARRAY_SIZE
in_userspace+=,PREFER_DEFINED_ATTRIBUTE_MACRO,BIT_MACRO,AVOID_EXTERNS,VOLATILE
in_userspace+=,LONG_LINE_STRING,LONG_LINE,PARENTHESIS_ALIGNMENT,COMPLEX_MACRO
in_userspace+=,CAMELCASE,EMBEDDED_FUNCTION_NAME,TRAILING_SEMICOLON,MACRO_ARG_UNUSED
# A patch of its own says in MAINTAINERS whose all the new files are.
in_patches=$in_kernel,FILE_PATH_CHANGES
export in_kernel in_module in_userspace in_patches
