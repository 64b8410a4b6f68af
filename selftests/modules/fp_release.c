// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make the kernel say that it is another release, until this is unloaded
 */

#include <linux/module.h>
#include <linux/string.h>
#include <linux/utsname.h>

static char release[sizeof(init_uts_ns.name.release)] = "6.13.0";
module_param_string(release, release, sizeof(release), 0444);

static char before[sizeof(init_uts_ns.name.release)];

static int __init release_init(void)
{
	strscpy(before, init_uts_ns.name.release);
	strscpy(init_uts_ns.name.release, release);
	return 0;
}

static void __exit release_exit(void)
{
	strscpy(init_uts_ns.name.release, before);
}

module_init(release_init);
module_exit(release_exit);

MODULE_DESCRIPTION("fanotify fastpath test: another kernel release");
MODULE_LICENSE("GPL");
