// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp on a kernel that has no fastpath: the module flavour, not loaded
 *
 * /module/good.ko is the module.
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"

#define NONE		"fanfp: this kernel has no fanotify fastpath; load the module (modprobe fanotify_fastpath) or boot a kernel with CONFIG_FANOTIFY_FASTPATH\n"

#define ELSEWHERE(_preparation)						\
	TOOL("/bin/busybox", "unshare", "-m", "/bin/sh", "-c",		\
	     _preparation " && exec fanfp probe")

FIXTURE(module_fanfp)
{
	int fd;
	char pid[16];
};

FIXTURE_SETUP(module_fanfp)
{
	struct run run;

	/* Maps that are being freed still hold it for a moment. */
	ASSERT_TRUE(FP_WAIT_FOR(!SHELL("rmmod fanotify_fastpath")));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	ASSERT_LE(0, self->fd);
	snprintf(self->pid, sizeof(self->pid), "%d", getpid());
}

FIXTURE_TEARDOWN(module_fanfp)
{
	struct run run;

	close(self->fd);
	ASSERT_EQ(0, SHELL("insmod /module/good.ko"));
}

TEST_F(module_fanfp, groups_are_listed_all_the_same)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("group", "list"));
	SAYS("(module_fanfp_te), fd ");
	SAYS(": no handler\n");
	SAYS(NONE);
	EXPECT_EQ(0, SHELL("fanfp -j group show 2>/dev/null | jq -e '.[0].handler == null'"));
}

TEST_F(module_fanfp, what_needs_it_is_one_line)
{
	struct run run;

	EXPECT_EQ(1, RUN("stat"));
	EXPECT_STREQ(NONE, run.text);
	EXPECT_EQ(1, RUN("stat", "--openmetrics", "--output", "/tmp/no.prom"));
	EXPECT_STREQ(NONE, run.text);
	EXPECT_EQ(-1, access("/tmp/no.prom", F_OK));
	EXPECT_EQ(1, RUN("top", "--once"));
	EXPECT_STREQ(NONE, run.text);
	EXPECT_EQ(1, RUN("detach", "--pid", self->pid));
	EXPECT_STREQ(NONE, run.text);
	EXPECT_EQ(1, RUN("replace", "subtree", "--pid", self->pid));
	EXPECT_STREQ(NONE, run.text);
	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", self->pid));
	EXPECT_STREQ(NONE, run.text);
	EXPECT_EQ(1, RUN("handler", "load", "subtree"));
	EXPECT_STREQ(NONE, run.text);
}

TEST_F(module_fanfp, probe_tells_how_to_get_it)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("probe"));
	SAYS("ok       version ");
	SAYS("ok       btf ");
	SAYS("ok       kallsyms             data has names, as the module needs it\n");
	SAYS("MISSING  module               not in /lib/modules/6.12.");
	SAYS("ok       module_loading       modules can be loaded\n");
	SAYS("MISSING  fastpath             there is no /sys/kernel/fanotify_fastpath\n         'modprobe fanotify_fastpath', or boot a kernel with CONFIG_FANOTIFY_FASTPATH\n");
	SAYS("MISSING  struct_ops ");
	SAYS("MISSING  attach               not tried\n");
	SAYS("without  trace_event ");
	EXPECT_EQ(0, SHELL("fanfp -j probe | jq -e '.flavour == null and .missing == 4'"));
}

TEST_F(module_fanfp, probe_finds_a_module_that_is_installed)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, ELSEWHERE("mkdir -p /lib/modules/$(uname -r) && echo updates/dkms/fanotify_fastpath.ko.xz: > /lib/modules/$(uname -r)/modules.dep"));
	SAYS("ok       module               /lib/modules/6.12.");
	SAYS("/updates/dkms/fanotify_fastpath.ko.xz\n");
	SHELL("rm -r /lib/modules/$(uname -r)");
}

TEST_F(module_fanfp, probe_tells_what_keeps_a_module_out)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, ELSEWHERE("echo 1 > /tmp/one && mount --bind /tmp/one /proc/sys/kernel/modules_disabled"));
	SAYS("MISSING  module_loading       /proc/sys/kernel/modules_disabled is 1\n         reboot, and load the module before that is set\n");

	EXPECT_EQ(1, ELSEWHERE("mount -t tmpfs fp /sys/kernel/security && echo 'none [integrity] confidentiality' > /sys/kernel/security/lockdown"));
	SAYS("unknown  lockdown             integrity\n         sign the module, or boot without lockdown=\n");

	EXPECT_EQ(1, ELSEWHERE("echo Y > /tmp/yes && mount --bind /tmp/yes /sys/module/module/parameters/sig_enforce"));
	SAYS("unknown  module_signature     enforced\n         sign the module, or boot without module.sig_enforce=1\n");

	EXPECT_EQ(1, ELSEWHERE("mount -t tmpfs fp /sys/firmware && mkdir -p /sys/firmware/efi/efivars && printf '\\006\\000\\000\\000\\001' > /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"));
	SAYS("unknown  secure_boot          on: a module must be signed with a key that the machine trusts\n         sign the module: DKMS does, once 'mokutil --import /var/lib/dkms/mok.pub' has enrolled its key\n");
	/* As it is without CONFIG_KALLSYMS_ALL: functions only. */
	EXPECT_EQ(1, ELSEWHERE("grep -i ' t ' /proc/kallsyms > /tmp/functions; echo '0 d my_fanotify_fops_2' >> /tmp/functions; mount --bind /tmp/functions /proc/kallsyms"));
	SAYS("MISSING  kallsyms             /proc/kallsyms has no 'fanotify_fops', which the module tells a fanotify file by\n         boot a kernel with CONFIG_KALLSYMS_ALL\n");
	unlink("/tmp/one");
	unlink("/tmp/yes");
	unlink("/tmp/functions");
}

TEST_HARNESS_MAIN
