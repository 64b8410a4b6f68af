// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp attach on programs that know nothing of it, fanfp detach and replace
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"

/* A real file system: fatrace watches no other. */
#define DISK		"/mnt/disk0/fp"
#define PIN		"/sys/fs/bpf/fp_test/pin"
#define RULES		"/tmp/fp.rules"

FIXTURE(fanfp_attach)
{
	struct fp_dir dir;
	struct run program;
	int fd;
	char pid[16], fd_text[16];
};

FIXTURE_SETUP(fanfp_attach)
{
	self->fd = listen_to(&self->dir, self->pid, self->fd_text);
	ASSERT_LE(0, self->fd);
	mkdir(DISK, 0755);
	mkdir(DISK "/in", 0755);
	mkdir(DISK "/in/deep", 0755);
	mkdir(DISK "/out", 0755);
}

FIXTURE_TEARDOWN(fanfp_attach)
{
	struct run run;

	close(self->fd);
	unlink(PIN);
	SHELL("rm -rf " DISK);
	RUN("handler", "unload", "subtree");
	RUN("handler", "unload", "hidden");
	fp_dir_remove(&self->dir);
}

/* The process of that name, once it has a fanotify group with a mark. */
static pid_t find_listener(const char *name)
{
	char command[192];
	struct run run;
	int failed;

	snprintf(command, sizeof(command),
		 "fanfp -j group list | jq -e '.[] | select(.mark_counts | add > 0) | .processes[0] | select(.comm == \"%s\") | .pid'",
		 name);
	failed = SHELL(command);
	return failed ? 0 : atoi(run.text);
}

/*
 * A program that was given no hint of the fastpath prints what happens in
 * DISK/in, and not what happens in DISK/out, while a handler is attached to it.
 * Both are told apart by what happens last.
 */
#define SEES_ONLY_THE_SUBTREE(_name) do {				\
	struct run *program = &self->program, att;			\
	const char *said_text = program->text;				\
	char pid[16];							\
									\
	ASSERT_TRUE(FP_WAIT_FOR(find_listener(_name)));			\
	snprintf(pid, sizeof(pid), "%d", find_listener(_name));		\
	start(&att, FANFP, "attach", "subtree", "--pid", pid,		\
	      "--include", DISK "/in", NULL);				\
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&att), "attached 'subtree'"))); \
	ASSERT_EQ(0, fp_create(DISK "/out/quiet"));			\
	ASSERT_EQ(0, fp_create(DISK "/in/deep/loud"));			\
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(program), "loud")));	\
	EXPECT_EQ(0, stop(&att, SIGTERM));				\
	ASSERT_EQ(0, fp_create(DISK "/out/later"));			\
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(program), "later")));	\
	SAYS("/in/deep");						\
	EXPECT_EQ(NULL, strstr(program->text, "quiet")) {		\
		TH_LOG("it said: %s", program->text);			\
	}								\
} while (0)

TEST_F(fanfp_attach, an_unmodified_fatrace_sees_only_the_subtree)
{
	start(&self->program, "/bin/sh", "-c",
	      "cd " DISK "; exec fatrace --current-mount", NULL);
	SEES_ONLY_THE_SUBTREE("fatrace");
	stop(&self->program, SIGTERM);
}

TEST_F(fanfp_attach, an_unmodified_fsnotifywait_sees_only_the_subtree)
{
	/* On a terminal, it does not hold back what it prints. */
	start(&self->program, "/usr/bin/script", "-qfec",
	      "exec fsnotifywait --filesystem --monitor --event create " DISK,
	      "/dev/null", NULL);
	SEES_ONLY_THE_SUBTREE("fsnotifywait");
	stop(&self->program, SIGTERM);
}

/* How many events come of one open. */
static int opened(struct fp_dir *dir, int fd)
{
	int err = fp_touch(dir->file);

	return err ?: fp_count(fd);
}

TEST_F(fanfp_attach, what_was_attached_by_name_is_detached)
{
	struct run run;
	const char *said_text = run.text;
	char text[128];

	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	EXPECT_EQ(0, opened(&self->dir, self->fd));
	EXPECT_EQ(0, RUN("detach", "--pid", self->pid));
	snprintf(text, sizeof(text), "detached 'subtree' from fd %d of process %d (",
		 self->fd, getpid());
	SAYS(text);
	EXPECT_EQ(1, opened(&self->dir, self->fd));

	/* Only if it is that one, of that descriptor; and as JSON. */
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	EXPECT_EQ(1, RUN("detach", "deny", "--pid", self->pid));
	SAYS(": it is 'subtree' that is attached, not 'deny'\n");
	EXPECT_EQ(0, opened(&self->dir, self->fd));
	snprintf(text, sizeof(text),
		 "fanfp -j detach subtree --pid %d --fd %d | jq -e '.handler == \"subtree\"'",
		 getpid(), self->fd);
	EXPECT_EQ(0, SHELL(text));
	EXPECT_EQ(1, opened(&self->dir, self->fd));
}

TEST_F(fanfp_attach, what_is_pinned_is_detached_whoever_has_it_open)
{
	struct run run;
	const char *said_text = run.text;
	int link;

	ASSERT_EQ(0, RUN("attach", "subtree", "--pid", self->pid, "--pin", PIN));
	EXPECT_EQ(0, opened(&self->dir, self->fd));
	link = bpf_obj_get(PIN);
	ASSERT_LE(0, link);
	EXPECT_EQ(0, RUN("detach", PIN));
	SAYS("detached what was pinned at " PIN "\n");
	EXPECT_EQ(-1, access(PIN, F_OK));
	EXPECT_EQ(1, opened(&self->dir, self->fd));
	close(link);
}

TEST_F(fanfp_attach, a_pin_of_a_group_that_has_gone_is_removed)
{
	struct run run;

	ASSERT_EQ(0, RUN("attach", "subtree", "--pid", self->pid, "--pin", PIN));
	close(self->fd);
	EXPECT_EQ(0, RUN("detach", PIN));
	EXPECT_EQ(-1, access(PIN, F_OK));
}

TEST_F(fanfp_attach, what_a_link_owns_is_not_detached_by_name)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, RUN("attach", "subtree", "--pid", self->pid, "--pin", PIN));
	EXPECT_EQ(1, RUN("detach", "--pid", self->pid));
	SAYS(": handler 'subtree' is owned by a BPF link: end the fanfp that attached it, or name what it pinned: 'fanfp detach PATH'\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, RUN("replace", "deny", "--pid", self->pid));
	SAYS(": handler 'subtree' is owned by a BPF link: if it is pinned, name that: 'fanfp replace deny PATH'\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(0, opened(&self->dir, self->fd));
	EXPECT_EQ(0, RUN("detach", PIN));
}

/* Ask jq about what a tool that is still running has printed. */
#define PRINTED(_run, _filter) ({					\
	char _command[512];						\
	snprintf(_command, sizeof(_command), "jq -es '" _filter "' %s",	\
		 (_run)->path);						\
	!SHELL(_command);						\
})

TEST_F(fanfp_attach, what_was_attached_is_told_as_json)
{
	struct run run, att;

	setenv("FP_PID", self->pid, 1);
	setenv("FP_FD", self->fd_text, 1);
	start(&att, FANFP, "attach", "/bpf/subtree.bpf.o", "--pid", self->pid,
	      "-j", NULL);
	EXPECT_TRUE(FP_WAIT_FOR(PRINTED(&att,
		".[0] | .handler == \"subtree\" and .rules == null and .link and .id > 0 and .path == null and (.pid | tostring) == $ENV.FP_PID and (.fd | tostring) == $ENV.FP_FD and .comm == \"fanfp_attach_te\"")));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(FP_WAIT_FOR(PRINTED(&att,
		"length == 2 and (.[1] | .detached == \"the fanotify group was closed\")")));
	EXPECT_EQ(0, end(&att));
}

TEST_F(fanfp_attach, what_was_attached_by_name_or_pinned_is_told_as_json)
{
	struct run run, att;

	ASSERT_EQ(0, RUN("-j", "attach", "subtree", "--pid", self->pid, "--pin",
			 PIN));
	EXPECT_EQ(1, lines(run.text));
	EXPECT_NE(NULL, strstr(run.text, "\"path\":\"" PIN "\"")) {
		TH_LOG("it said: %s", run.text);
	}
	EXPECT_EQ(0, RUN("detach", PIN));

	ASSERT_EQ(0, SHELL("fanfp -j handler load subtree | jq -e '.handler == \"subtree\" and (.path | endswith(\"/subtree\"))'"));
	start(&att, FANFP, "attach", "-p", "subtree", "--pid", self->pid, NULL);
	EXPECT_TRUE(FP_WAIT_FOR(PRINTED(&att,
		".[0] | .handler == \"subtree\" and .link == false")));
	EXPECT_EQ(0, stop(&att, SIGTERM));
	EXPECT_EQ(0, SHELL("fanfp -j handler unload subtree | jq -e '.path | endswith(\"/subtree\")'"));
}

TEST_F(fanfp_attach, changed_rules_are_told_as_json)
{
	struct run run, att;

	ASSERT_EQ(0, SHELL("echo skip > " RULES));
	start(&att, FANFP, "attach", "-j", "--rules", RULES, "--pid", self->pid,
	      NULL);
	EXPECT_TRUE(FP_WAIT_FOR(PRINTED(&att,
		".[0] | .handler == \"filter\" and .rules == \"" RULES "\"")));
	kill(att.pid, SIGUSR1);
	EXPECT_TRUE(FP_WAIT_FOR(PRINTED(&att,
		"length == 2 and .[1].changed == \"" RULES "\"")));
	EXPECT_EQ(0, stop(&att, SIGTERM));
	unlink(RULES);
}

TEST_F(fanfp_attach, a_handler_takes_the_place_of_one_attached_by_name)
{
	struct run run;
	const char *said_text = run.text;
	char text[64];

	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	EXPECT_EQ(0, opened(&self->dir, self->fd));

	EXPECT_EQ(1, RUN("replace", "hidden", "--pid", self->pid));
	SAYS("fanfp: handler 'hidden' is not registered, as the one in its place is: first 'fanfp handler load hidden'\n");
	EXPECT_EQ(0, opened(&self->dir, self->fd));

	ASSERT_EQ(0, RUN("handler", "load", "/guide/hidden.bpf.o"));
	EXPECT_EQ(0, RUN("replace", "hidden", "--pid", self->pid, "--fd",
			 self->fd_text));
	snprintf(text, sizeof(text), "'hidden' replaced 'subtree' at fd %d of process %d (",
		 self->fd, getpid());
	SAYS(text);
	EXPECT_EQ(1, opened(&self->dir, self->fd));
	EXPECT_EQ(1, fp_counter("hidden", "attached"));
	EXPECT_EQ(0, fp_counter("subtree", "attached"));
}

TEST_F(fanfp_attach, a_handler_takes_the_place_of_one_that_is_pinned)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, RUN("attach", "subtree", "--pid", self->pid, "--pin", PIN));
	EXPECT_EQ(0, opened(&self->dir, self->fd));
	EXPECT_EQ(0, RUN("replace", "/guide/hidden.bpf.o", PIN));
	SAYS("'hidden' is attached now by what is pinned at " PIN "\n");
	EXPECT_EQ(1, opened(&self->dir, self->fd));
	EXPECT_EQ(0, RUN("group", "list", "--pid", self->pid));
	SAYS("handler 'hidden', attachment ");
	SAYS(", owned by a BPF link\n");

	/* What does not do leaves it as it is. */
	EXPECT_EQ(1, RUN("replace", "nobody", PIN));
	SAYS("nobody: there is no built-in handler of this name; there are deny filter subtree\n");
	EXPECT_EQ(1, RUN("replace", "deny", PIN, "--args", "a/b"));
	SAYS("the file name: 1 to 255 bytes");
	EXPECT_EQ(1, opened(&self->dir, self->fd));
	EXPECT_EQ(0, RUN("detach", PIN));
}

TEST_F(fanfp_attach, arguments_of_what_takes_a_place_are_passed)
{
	struct run run;
	const char *said_text = run.text;
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	char fd_text[16];

	ASSERT_LE(0, fd);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	ASSERT_EQ(0, RUN("handler", "load", "deny"));
	ASSERT_EQ(0, fp_add(fd, "deny", "file", 4));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(0, RUN("replace", "deny", "--pid", self->pid, "--fd", fd_text,
			 "--args", "file2"));
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file2));
	EXPECT_EQ(1, RUN("replace", "deny", "--pid", self->pid, "--fd", fd_text,
			 "--args", "a/b"));
	SAYS("handler 'deny' refuses the arguments");
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file2));
	EXPECT_EQ(1, RUN("replace", "deny", "--pid", self->pid, "--fd", fd_text,
			 "--args-file", "/no/such"));
	SAYS("fanfp: /no/such: No such file or directory\n");
	close(fd);
	EXPECT_EQ(0, RUN("handler", "unload", "deny"));
}

TEST_F(fanfp_attach, what_is_not_there_is_one_line_of_each)
{
	static const char *const verbs[] = { "detach", "replace" };
	struct run run;
	const char *said_text = run.text;
	size_t i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1, RUN(verbs[i], "subtree", "--pid", "999999"));
		SAYS("fanfp: process 999999: No such process\n");
		EXPECT_EQ(1, lines(run.text));
		EXPECT_EQ(1, RUN(verbs[i], "subtree", "--pid", "1"));
		SAYS("fanfp: process 1 has no fanotify file descriptor\n");
		EXPECT_EQ(1, RUN(verbs[i], "subtree", "--pid", self->pid,
				 "--fd", "1"));
		SAYS("file descriptor 1 is not fanotify's\n");
		EXPECT_EQ(1, lines(run.text));
		EXPECT_EQ(1, RUN(verbs[i], "subtree", "--pid", self->pid));
		SAYS(": no handler is attached");
		SAYS(self->pid);
		EXPECT_EQ(1, lines(run.text));
	}
	EXPECT_EQ(1, RUN("detach", "/sys/fs/bpf/nothing"));
	SAYS("fanfp: /sys/fs/bpf/nothing: No such file or directory\n");
	EXPECT_EQ(1, RUN("replace", "subtree", "/sys/fs/bpf/nothing"));
	SAYS("fanfp: /sys/fs/bpf/nothing: No such file or directory\n");
	EXPECT_EQ(1, RUN("detach", self->dir.file));
	SAYS("no link of a handler is pinned there\n");
	EXPECT_EQ(0, access(self->dir.file, F_OK));
}

TEST_F(fanfp_attach, what_is_pinned_or_loaded_of_another_kind_is_left_alone)
{
	struct run run;
	const char *said_text = run.text;
	int map;

	ASSERT_EQ(0, RUN("attach", "subtree", "--pid", self->pid, "--pin", PIN));
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fp_other", 4, 4, 1, NULL);
	ASSERT_LE(0, map);
	ASSERT_EQ(0, bpf_obj_pin(map, PIN "_map"));
	EXPECT_EQ(1, RUN("detach", PIN "_map"));
	SAYS("fanfp: " PIN "_map: no link of a handler is pinned there\n");
	EXPECT_EQ(1, RUN("replace", "subtree", PIN "_map"));
	SAYS("fanfp: " PIN "_map: no link of a handler is pinned there\n");
	EXPECT_EQ(0, access(PIN "_map", F_OK));
	unlink(PIN "_map");
	close(map);

	/* No object, a part of one, and none for a handler. */
	EXPECT_EQ(1, RUN("replace", self->dir.file, PIN));
	SAYS(": not a BPF object that can be read");
	EXPECT_EQ(0, SHELL("head -c 900 /bpf/subtree.bpf.o > /tmp/part.bpf.o"));
	EXPECT_EQ(1, RUN("replace", "/tmp/part.bpf.o", PIN));
	SAYS("fanfp: /tmp/part.bpf.o: not a BPF object that can be read");
	EXPECT_EQ(1, RUN("replace", FANFP, PIN));
	SAYS("fanfp: " FANFP ": not a BPF object that can be read");
	EXPECT_EQ(1, RUN("replace", "/no/such.bpf.o", PIN));
	SAYS("fanfp: /no/such.bpf.o: No such file or directory\n");
	EXPECT_EQ(1, lines(run.text));
	unlink("/tmp/part.bpf.o");
	EXPECT_EQ(0, opened(&self->dir, self->fd));
	EXPECT_EQ(0, RUN("detach", PIN));
}

TEST_F(fanfp_attach, wrong_words_are_2)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(2, RUN("detach"));
	SAYS("fanfp detach: --pid is needed, or the path of a pin; see 'fanfp detach help'\n");
	EXPECT_EQ(2, RUN("detach", "subtree"));
	EXPECT_EQ(2, RUN("detach", "--pid", "x"));
	EXPECT_EQ(2, RUN("detach", "--pid", "1", "--fd", "x"));
	EXPECT_EQ(2, RUN("detach", "--pid", "1", PIN));
	EXPECT_EQ(2, RUN("detach", "--pid", "1", "subtree", "more"));
	EXPECT_EQ(2, RUN("replace"));
	EXPECT_EQ(2, RUN("replace", "subtree"));
	EXPECT_EQ(2, RUN("replace", "subtree", PIN, "--pid", "1"));
	EXPECT_EQ(2, RUN("replace", "subtree", PIN, "more"));
	EXPECT_EQ(2, RUN("replace", "--nonsense"));
	SAYS("fanfp replace: unrecognized option '--nonsense'\n");
	EXPECT_EQ(1, lines(run.text));
}

TEST_F(fanfp_attach, without_the_right_it_is_one_line)
{
	struct run run;
	const char *said_text = run.text;
	char command[64];

	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
	snprintf(command, sizeof(command), "fanfp detach --pid %d --fd %d",
		 getpid(), self->fd);
	EXPECT_EQ(1, AS_NOBODY(command));
	SAYS("that takes the right to trace the process (CAP_SYS_PTRACE)\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(0, opened(&self->dir, self->fd));
}

TEST_HARNESS_MAIN
