// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpftool, as a user of it would load, look at and unload a handler; and fdinfo
 *
 * The handlers are beside the test, or in /bpf: as they are, registered by a
 * link; and in nolink, or /bpf-nolink, without.
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"

#define BPFTOOL		"/usr/sbin/bpftool"
#define BPFFS		"/sys/fs/bpf"
#define PINS		BPFFS "/bpftool_test"

#define RUN(...) TOOL(BPFTOOL, __VA_ARGS__)

static const char *object(const char *here, const char *there)
{
	return access(here, F_OK) ? there : here;
}

#define OBJECT(_name)	object(_name, "/bpf/" _name)
#define NOLINK(_name)	object("nolink/" _name, "/bpf-nolink/" _name)

FIXTURE(bpftool)
{
	struct fp_dir dir;
	int fd;
};

FIXTURE_SETUP(bpftool)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
				 O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	if (access(PINS, F_OK))
		mount("bpf", BPFFS, "bpf", 0, NULL);
}

FIXTURE_TEARDOWN(bpftool)
{
	unlink(PINS "/subtree");
	unlink(PINS "/deny");
	rmdir(PINS);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

TEST_F(bpftool, c1108_registers_a_handler_and_pins_its_link)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, RUN("struct_ops", "register", OBJECT("subtree.bpf.o"), PINS));
	SAYS("Registered fanotify_fastpath_ops subtree");
	EXPECT_EQ(0, access(PINS "/subtree", F_OK));
	EXPECT_STREQ("0x1", fp_sysfs("subtree", "flags"));

	EXPECT_EQ(0, RUN("struct_ops", "list"));
	SAYS("fanotify_fastpath_ops");
	EXPECT_EQ(0, RUN("-j", "struct_ops", "list"));
	SAYS("\"name\":\"subtree\",\"kernel_struct_ops\":\"fanotify_fastpath_ops\"");
	EXPECT_EQ(0, RUN("struct_ops", "dump", "name", "subtree"));
	SAYS("\"name\": \"subtree\"");
	SAYS("subtree_handler/prog_id:");
	SAYS("roots are inode marks of the group");
	EXPECT_EQ(0, RUN("link"));
	SAYS(": struct_ops  map ");

	/* Nothing below a root: all is skipped. */
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(1, fp_counter("subtree", "skipped"));

	/* What a link registered, its pin keeps. */
	EXPECT_NE(0, RUN("struct_ops", "unregister", "name", "subtree"));
	SAYS("can't unload");
	EXPECT_STREQ("0x1", fp_sysfs("subtree", "flags"));
	ASSERT_EQ(0, unlink(PINS "/subtree"));
	EXPECT_TRUE(FP_WAIT_FOR(access(FP_SYSFS "/subtree", F_OK)));
	EXPECT_EQ(-ENOENT, fp_add(self->fd, "subtree", NULL, 0));
}

TEST_F(bpftool, c1108_registers_a_handler_without_a_link_until_it_is_unregistered)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, RUN("struct_ops", "register", NOLINK("subtree.bpf.o")));
	SAYS("Registered fanotify_fastpath_ops subtree");
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));

	ASSERT_EQ(0, RUN("struct_ops", "unregister", "name", "subtree"));
	SAYS("Unregistered fanotify_fastpath_ops subtree");
	EXPECT_EQ(-1, access(FP_SYSFS "/subtree", F_OK));
	/* What is attached goes on. */
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, fp_del(self->fd, "subtree"));
	EXPECT_EQ(-ENOENT, fp_add(self->fd, "subtree", NULL, 0));
}

TEST_F(bpftool, c1108_registers_every_handler_of_ours)
{
	struct run run;

	EXPECT_EQ(0, RUN("struct_ops", "register", OBJECT("subtree.bpf.o"), PINS));
	EXPECT_EQ(0, RUN("struct_ops", "register", OBJECT("deny.bpf.o"), PINS));
	EXPECT_EQ(0, access(FP_SYSFS "/subtree", F_OK));
	EXPECT_EQ(0, access(FP_SYSFS "/deny", F_OK));
	/* A name is taken once. */
	EXPECT_NE(0, RUN("struct_ops", "register", NOLINK("deny.bpf.o")));
}

TEST_F(bpftool, c1108_a_link_that_nobody_keeps_is_gone_with_bpftool)
{
	struct run run;

	EXPECT_EQ(0, RUN("struct_ops", "register", OBJECT("deny.bpf.o")));
	EXPECT_TRUE(FP_WAIT_FOR(access(FP_SYSFS "/deny", F_OK)));
}

/* The line of @fd's fdinfo about the fastpath, or "". */
static const char *fdinfo(int fd)
{
	static char line[512];
	bool found = false;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return "";
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "fanotify fastpath:", 18);
	fclose(file);
	return found ? line : "";
}

TEST_F(bpftool, c1105_fdinfo_shows_what_is_attached)
{
	const char *line;
	struct run run;

	EXPECT_STREQ("", fdinfo(self->fd));
	ASSERT_EQ(0, RUN("struct_ops", "register", NOLINK("subtree.bpf.o")));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	line = fdinfo(self->fd);
	EXPECT_EQ(line, strstr(line, "fanotify fastpath:subtree id:"));
	EXPECT_NE(NULL, strstr(line, " fp-flags:1 seen:1 sent:0 skipped:1 denied:0 errors:0 nested:0 unplaced:0\n"));

	ASSERT_EQ(0, fp_del(self->fd, "subtree"));
	EXPECT_STREQ("", fdinfo(self->fd));
	ASSERT_EQ(0, RUN("struct_ops", "unregister", "name", "subtree"));
}

TEST_HARNESS_MAIN
