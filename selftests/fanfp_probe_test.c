// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp probe: what is there, what is missing, and what to do about it
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"

/* In a mount namespace of its own, after some preparation. */
#define ELSEWHERE(_preparation)						\
	TOOL("/bin/busybox", "unshare", "-m", "/bin/sh", "-c",		\
	     _preparation " && exec fanfp probe")

FIXTURE(fanfp_probe)
{
	int unused;
};

FIXTURE_SETUP(fanfp_probe)
{
	setenv("FP_FLAVOUR", fp_in_tree() ? "in-tree" : "module", 1);
}

FIXTURE_TEARDOWN(fanfp_probe)
{
}

TEST_F(fanfp_probe, all_is_there_for_root)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("probe"));
	SAYS("ok       fanotify ");
	SAYS("ok       permission_events ");
	SAYS("ok       btf ");
	SAYS("ok       kallsyms ");
	SAYS("ok       struct_ops ");
	SAYS("ok       attach               'subtree' was loaded, attached to a group, and detached\n");
	SAYS("ok       trace_event ");
	SAYS("ok       cap_bpf ");
	SAYS("ok       bpffs ");
	SAYS("\nEverything that is needed is there.\n");
	EXPECT_EQ(NULL, strstr(run.text, "MISSING"));
}

TEST_F(fanfp_probe, the_flavours_are_told_apart)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, SHELL("fanfp -j probe | jq -e '.flavour == $ENV.FP_FLAVOUR'"));
	EXPECT_EQ(0, RUN("probe"));
	if (fp_in_tree()) {
		SAYS("ok       fastpath             in the kernel\n");
		SAYS("ok       fp_response ");
		SAYS("ok       fdinfo ");
	} else {
		SAYS("ok       fastpath             the module\n");
		SAYS("without  fp_response ");
		SAYS("without  fdinfo               /proc/PID/fdinfo shows the handler of a group\n         use 'fanfp group list'");
	}
}

TEST_F(fanfp_probe, json_has_a_remedy_for_what_is_not_there)
{
	struct run run;

	EXPECT_EQ(0, SHELL("fanfp probe -p | jq -e '.missing == 0 and (.checks | length > 15)'"));
	EXPECT_EQ(0, SHELL("fanfp probe -j | jq -e '.checks | all((.state == \"ok\") == (.remedy == null))'"));
	EXPECT_EQ(0, SHELL("fanfp probe -j | jq -e '.checks | all(.name != \"\" and .detail != \"\" and (.needed | type) == \"boolean\")'"));
}

TEST_F(fanfp_probe, who_has_no_rights_is_told_which)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, AS_NOBODY("fanfp probe"));
	SAYS("ok       fanotify ");
	SAYS("unknown  permission_events ");
	SAYS("MISSING  cap_sys_admin        to watch file systems, ask permission events, and attach by name\n         run it as root, or grant the capability\n");
	SAYS("MISSING  cap_bpf ");
	SAYS("MISSING  cap_perfmon ");
	SAYS("MISSING  cap_sys_ptrace ");
	SAYS("MISSING  cap_dac_read_search ");
	SAYS("MISSING  attach               subtree: loading a handler needs CAP_BPF and CAP_PERFMON; try as root\n");
	SAYS("\nSomething that is needed is missing: see the lines with MISSING.\n");
}

TEST_F(fanfp_probe, a_bpf_file_system_is_missed)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, ELSEWHERE("while umount /sys/fs/bpf; do :; done 2> /dev/null"));
	SAYS("MISSING  bpffs                a bpf file system at /sys/fs/bpf, to keep handlers loaded\n         'mount -t bpf none /sys/fs/bpf'\n");
}

TEST_F(fanfp_probe, lockdown_is_told)
{
	struct run run;
	const char *said_text = run.text;

#define LOCKDOWN(_modes) "mount -t tmpfs fp /sys/kernel/security && echo '" _modes \
	"' > /sys/kernel/security/lockdown"
	EXPECT_EQ(0, ELSEWHERE(LOCKDOWN("[none] integrity confidentiality")));
	SAYS("ok       lockdown             none\n");
	EXPECT_EQ(0, ELSEWHERE(LOCKDOWN("none [integrity] confidentiality")));
	SAYS("ok       lockdown             integrity\n");
	EXPECT_EQ(0, ELSEWHERE(LOCKDOWN("none integrity [confidentiality]")));
	SAYS("without  lockdown             confidentiality\n         boot with lockdown=integrity");
}

TEST_F(fanfp_probe, wrong_words_are_2)
{
	struct run run;

	EXPECT_EQ(2, RUN("probe", "nonsense"));
	EXPECT_EQ(2, RUN("probe", "--nonsense"));
}

TEST_HARNESS_MAIN
