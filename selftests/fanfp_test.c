// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fanfp tool, as a user sees it: what it prints and how it ends
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"

#include "response.skel.h"

FIXTURE(fanfp)
{
	struct fp_dir dir;
	int fd;
	char pid[16], fd_text[16];
};

FIXTURE_SETUP(fanfp)
{
	self->fd = listen_to(&self->dir, self->pid, self->fd_text);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(fanfp)
{
	struct run run;

	RUN("handler", "unload", "subtree");
	RUN("handler", "unload", "deny");
	close(self->fd);
	fp_dir_remove(&self->dir);
}

TEST_F(fanfp, help_and_version_are_printed)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("--version"));
	SAYS("fanfp 0.");
	EXPECT_EQ(0, RUN("--help"));
	SAYS("Usage: fanfp");
	EXPECT_EQ(0, RUN("attach", "--help"));
	SAYS("Usage: fanfp attach");
	EXPECT_EQ(0, RUN("watch", "--help"));
	SAYS("Usage: fanfp watch");
	EXPECT_EQ(0, RUN("handler", "help"));
	SAYS("Built-in handlers: deny filter subtree");
}

TEST_F(fanfp, wrong_usage_is_2)
{
	struct run run;

	start(&run, FANFP, NULL);
	EXPECT_EQ(2, end(&run));
	EXPECT_EQ(2, RUN("nonsense"));
	EXPECT_EQ(2, RUN("--nonsense"));
	EXPECT_EQ(2, RUN("handler", "nonsense"));
	EXPECT_EQ(2, RUN("handler", "load"));
	EXPECT_EQ(2, RUN("attach", "subtree"));
	EXPECT_EQ(2, RUN("attach", "subtree", "--pid", "x"));
}

TEST_F(fanfp, a_loaded_handler_is_listed_until_it_is_unloaded)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("handler", "list"));
	EXPECT_STREQ("", run.text);
	EXPECT_EQ(0, RUN("handler", "list", "-j"));
	EXPECT_STREQ("[]\n", run.text);

	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	EXPECT_EQ(0, RUN("handler", "list"));
	SAYS("subtree (unprivileged): pass on events");
	EXPECT_EQ(0, RUN("handler", "list", "--json"));
	SAYS("\"name\":\"subtree\",\"flags\":1,\"unprivileged\":true");

	EXPECT_EQ(0, RUN("handler", "unload", "subtree"));
	EXPECT_EQ(0, RUN("handler", "list"));
	EXPECT_STREQ("", run.text);
	EXPECT_EQ(1, RUN("handler", "unload", "subtree"));
}

TEST_F(fanfp, bpftools_verbs_do_the_same)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("handler", "register", "/bpf/deny.bpf.o"));
	EXPECT_EQ(0, RUN("handler", "register", "subtree"));
	EXPECT_EQ(0, RUN("handler", "list"));
	SAYS("deny: ");
	SAYS("subtree (unprivileged): ");
	EXPECT_EQ(0, RUN("handler", "dump", "deny"));
	SAYS("deny: ");
	SAYS("    arguments: ");
	SAYS("nested 0, unplaced 0\n");
	EXPECT_EQ(NULL, strstr(run.text, "subtree"));
	EXPECT_EQ(0, RUN("handler", "unregister", "deny"));
	EXPECT_EQ(0, RUN("handler", "unregister", "subtree"));
	EXPECT_EQ(1, RUN("handler", "dump", "deny"));
	SAYS("fanfp: handler 'deny' is not registered; see 'fanfp handler list'");
	EXPECT_EQ(2, RUN("handler", "dump"));
}

TEST_F(fanfp, the_handler_in_the_guide_works)
{
	struct run run;
	char path[128];

	EXPECT_EQ(0, RUN("handler", "load", "/guide/hidden.bpf.o"));
	ASSERT_EQ(0, fp_add(self->fd, "hidden", NULL, 0));
	snprintf(path, sizeof(path), "%s/.hidden", self->dir.path);
	EXPECT_EQ(0, fp_create(path));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, fp_del(self->fd, ""));
	EXPECT_EQ(0, RUN("handler", "unload", "hidden"));
}

TEST_F(fanfp, the_handler_in_the_guide_knows_names_that_are_gone)
{
	char hidden[128], shown[128];
	struct run run;
	int fd;

	fd = fanotify_init(FAN_REPORT_DFID_NAME | FAN_NONBLOCK | FAN_CLOEXEC,
			   O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM |
				   FAN_MOVED_TO, AT_FDCWD, self->dir.path));
	EXPECT_EQ(0, RUN("handler", "load", "/guide/hidden.bpf.o"));
	ASSERT_EQ(0, fp_add(fd, "hidden", NULL, 0));
	snprintf(hidden, sizeof(hidden), "%s/.hidden", self->dir.path);
	snprintf(shown, sizeof(shown), "%s/shown", self->dir.path);
	EXPECT_EQ(0, fp_create(hidden) ?: unlink(hidden));
	EXPECT_EQ(2, fp_counter("hidden", "skipped"));
	EXPECT_EQ(0, fp_create(hidden) ?: rename(hidden, shown) ?:
		  rename(shown, hidden));
	EXPECT_EQ(5, fp_counter("hidden", "skipped"));
	/* The other name was made, and is gone. */
	EXPECT_EQ(2, fp_counter("hidden", "sent"));
	close(fd);
	EXPECT_EQ(0, RUN("handler", "unload", "hidden"));
}

static int touch_as(void *arg)
{
	return setuid(1000) ?: fp_touch(arg);
}

TEST_F(fanfp, the_handler_with_arguments_in_the_guide_works)
{
	__u32 uid = 1000;
	struct run run;

	ASSERT_EQ(0, chmod(self->dir.path, 0755) ?: chmod(self->dir.file, 0644));
	EXPECT_EQ(0, RUN("handler", "load", "/guide/user.bpf.o"));
	EXPECT_EQ(-EINVAL, fp_add(self->fd, "user", NULL, 0));
	ASSERT_EQ(0, fp_add(self->fd, "user", &uid, sizeof(uid)));
	EXPECT_EQ(0, fp_in_child(touch_as, self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, fp_del(self->fd, ""));
	EXPECT_EQ(0, RUN("handler", "unload", "user"));
}

TEST_F(fanfp, why_the_module_refuses_a_handler_is_said)
{
	const char *object = "/tmp/response.bpf.o";
	struct run run;
	const char *said_text = run.text;
	const void *elf;
	size_t size;
	int fd;

	elf = response__elf_bytes(&size);
	fd = open(object, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ASSERT_EQ(size, write(fd, elf, size));
	close(fd);
	if (fp_in_tree()) {
		EXPECT_EQ(0, RUN("handler", "load", object));
		EXPECT_EQ(0, RUN("handler", "unload", "response"));
	} else {
		EXPECT_EQ(1, RUN("handler", "load", object));
		SAYS("fanfp: /tmp/response.bpf.o: not registered: it has fp_response,");
		EXPECT_EQ(1, RUN("attach", object, "--pid", self->pid));
		SAYS("fanfp: /tmp/response.bpf.o: not attached: it has fp_response,");
	}
	unlink(object);
}

TEST_F(fanfp, a_handler_is_loaded_once)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("handler", "load", "/bpf/subtree.bpf.o"));
	EXPECT_EQ(1, RUN("handler", "load", "subtree"));
	SAYS("there is a handler named 'subtree' already; unload it first");
	EXPECT_EQ(1, lines(run.text));
}

TEST_F(fanfp, unloading_removes_only_a_handler)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("handler", "unload", self->dir.file));
	SAYS(self->dir.file);
	EXPECT_EQ(0, access(self->dir.file, F_OK));
}

TEST_F(fanfp, an_object_that_is_none_is_one_line)
{
	struct run run;
	const char *said_text = run.text;
	int fd;

	EXPECT_EQ(1, RUN("handler", "load", "/no/such.bpf.o"));
	SAYS("fanfp: /no/such.bpf.o: No such file or directory");
	EXPECT_EQ(1, lines(run.text));

	EXPECT_EQ(1, RUN("handler", "load", "/tmp/"));
	SAYS("fanfp: /tmp/: Is a directory");

	EXPECT_EQ(1, RUN("handler", "load", "nobody"));
	SAYS("fanfp: nobody: there is no built-in handler of this name");

	fd = open("/tmp/garbage.bpf.o", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ASSERT_EQ(8, write(fd, "garbage\n", 8));
	close(fd);
	EXPECT_EQ(1, RUN("handler", "load", "/tmp/garbage.bpf.o"));
	SAYS("fanfp: /tmp/garbage.bpf.o: not a BPF object that can be read");
	unlink("/tmp/garbage.bpf.o");
}

static bool has_ended(struct run *run)
{
	siginfo_t info = {};

	return waitid(P_PID, run->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		info.si_pid;
}

/* Attach to this very process, and wait until that is done. */
static bool attach(struct run *run, const char *handler, const char *pid,
		   const char *fd, const char *option, const char *value)
{
	start(run, FANFP, "attach", handler, "--pid", pid, "--fd", fd, option, value,
	      NULL);
	return FP_WAIT_FOR(strstr(said(run), "attached '") || has_ended(run));
}

TEST_F(fanfp, a_running_process_gets_a_handler_until_fanfp_ends)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_TRUE(attach(&run, "subtree", self->pid, self->fd_text,
			   "--include", "/proc"));
	SAYS("attached 'subtree' to fd ");
	SAYS("of process ");
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));

	EXPECT_EQ(0, stop(&run, SIGTERM));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(fanfp, a_group_is_shown_with_its_handler_and_counts)
{
	struct run att, run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("group", "list", "--pid", self->pid));
	SAYS(self->pid);
	SAYS(": no handler\n");

	ASSERT_TRUE(attach(&att, "subtree", self->pid, self->fd_text, NULL,
			   NULL));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, RUN("group", "list"));
	SAYS("(fanfp_test), fd ");
	SAYS(": handler 'subtree', attachment ");
	SAYS(", owned by a BPF link\n");
	SAYS("    seen 1, sent 0, skipped 1, denied 0, errors 0, nested 0, unplaced 0\n");
	EXPECT_EQ(0, RUN("-j", "group", "show", "--pid", self->pid, "--fd",
			 self->fd_text));
	SAYS("\"comm\":\"fanfp_test\"");
	SAYS("\"handler\":\"subtree\"");
	SAYS("\"link\":true,\"seen\":1,\"sent\":0,\"skipped\":1,");
	EXPECT_EQ(0, stop(&att, SIGTERM));
}

TEST_F(fanfp, a_group_that_is_not_there_is_one_line)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("group", "list", "--pid", "999999"));
	SAYS("process 999999: No such process");
	EXPECT_EQ(1, RUN("group", "list", "--pid", self->pid, "--fd", "0"));
	SAYS("file descriptor 0 is not fanotify's");
	EXPECT_EQ(1, RUN("group", "list", "--pid", "1"));
	SAYS("process 1 has no fanotify file descriptor");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(2, RUN("group", "list", "--fd", "0"));
	EXPECT_EQ(2, RUN("group", "nonsense"));
}

TEST_F(fanfp, an_included_directory_is_reported)
{
	struct run run;

	ASSERT_TRUE(attach(&run, "subtree", self->pid, self->fd_text,
			   "--include", self->dir.path));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, stop(&run, SIGINT));
}

TEST_F(fanfp, a_killed_fanfp_leaves_nothing_attached)
{
	struct run run;

	ASSERT_TRUE(attach(&run, "/bpf/subtree.bpf.o", self->pid,
			   self->fd_text, NULL, NULL));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(-SIGKILL, stop(&run, SIGKILL));
	EXPECT_TRUE(FP_WAIT_FOR(!fp_touch(self->dir.file) &&
				fp_count(self->fd)));
}

TEST_F(fanfp, a_registered_handler_is_attached_by_name)
{
	struct run run;

	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_TRUE(attach(&run, "subtree", self->pid, self->fd_text, NULL,
			   NULL));
	EXPECT_EQ(1, fp_counter("subtree", "attached"));
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	EXPECT_EQ(0, stop(&run, SIGTERM));
	EXPECT_EQ(0, fp_counter("subtree", "attached"));
}

TEST_F(fanfp, the_end_of_the_process_ends_an_attachment_by_name)
{
	struct run run;
	const char *said_text = run.text;
	pid_t child = fork();
	char pid[16];

	if (!child) {
		pause();
		_exit(0);
	}
	snprintf(pid, sizeof(pid), "%d", child);
	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_TRUE(attach(&run, "subtree", pid, self->fd_text, NULL, NULL));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_TRUE(FP_WAIT_FOR(has_ended(&run)));
	EXPECT_EQ(0, stop(&run, SIGTERM));
	SAYS("detached: the process has ended, and its group if no other has that\n");
}

TEST_F(fanfp, so_many_directories_and_no_more)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, SHELL("fanfp attach subtree --pid 1 $(for i in $(seq 65); do echo --include /tmp; done)"));
	SAYS("fanfp: more than 64 directories; mark them with fanotify_mark(2)\n");
	EXPECT_EQ(1, lines(run.text));
	/* There the group is what is missing. */
	EXPECT_EQ(1, SHELL("fanfp attach subtree --pid 1 $(for i in $(seq 64); do echo --exclude-dir /tmp; done)"));
	SAYS("fanfp: process 1 has no fanotify file descriptor\n");
}

/* Whether the group has a mark on a directory, beside that on its file system. */
static bool has_root(int fd)
{
	char path[64], text[4096];
	ssize_t len = 0;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info >= 0)
		len = read(info, text, sizeof(text) - 1);
	close(info);
	text[len < 0 ? 0 : len] = '\0';
	return strstr(text, "fanotify ino:");
}

TEST_F(fanfp, a_killed_fanfp_leaves_nothing_attached_by_name)
{
	struct run run;

	EXPECT_EQ(0, RUN("handler", "load", "subtree"));
	ASSERT_TRUE(attach(&run, "subtree", self->pid, self->fd_text, "--include",
			   self->dir.path));
	EXPECT_TRUE(has_root(self->fd));
	EXPECT_EQ(1, fp_counter("subtree", "attached"));
	EXPECT_EQ(-SIGKILL, stop(&run, SIGKILL));
	EXPECT_TRUE(FP_WAIT_FOR(!fp_counter("subtree", "attached")));
	EXPECT_TRUE(FP_WAIT_FOR(!has_root(self->fd)));
	EXPECT_EQ(0, RUN("handler", "unload", "subtree"));
}

TEST_F(fanfp, a_killed_fanfp_leaves_no_roots)
{
	struct run run;

	ASSERT_TRUE(attach(&run, "/bpf/subtree.bpf.o", self->pid, self->fd_text,
			   "--include", self->dir.path));
	EXPECT_EQ(-SIGKILL, stop(&run, SIGKILL));
	EXPECT_TRUE(FP_WAIT_FOR(!fp_touch(self->dir.file) && fp_count(self->fd)));
	EXPECT_TRUE(FP_WAIT_FOR(!has_root(self->fd)));
}

TEST_F(fanfp, a_closed_group_ends_it)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_TRUE(attach(&run, "subtree", self->pid, self->fd_text, NULL,
			   NULL));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, end(&run));
	SAYS("detached: the fanotify group was closed");
}

TEST_F(fanfp, a_refused_attachment_leaves_the_first_as_it_is)
{
	struct run first, run;
	const char *said_text = run.text;

	ASSERT_TRUE(attach(&first, "subtree", self->pid, self->fd_text,
			   "--include", self->dir.path));
	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", self->pid, "--fd",
			 self->fd_text, "--include", self->dir.path));
	SAYS("the group has a handler already; detach that first");
	ASSERT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	EXPECT_EQ(0, stop(&first, SIGTERM));
}

TEST_F(fanfp, arguments_are_passed_and_can_be_refused)
{
	struct run run;
	const char *said_text = run.text;
	char fd_text[16];
	int fd;

	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	ASSERT_LE(0, fd);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	EXPECT_EQ(1, RUN("attach", "deny", "--pid", self->pid, "--fd", fd_text,
			 "--args", "a/b"));
	SAYS("the file name: 1 to 255 bytes");
	ASSERT_TRUE(attach(&run, "deny", self->pid, fd_text, "--args", "file"));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_touch(self->dir.file2));
	close(fd);
	EXPECT_EQ(0, end(&run));
}

TEST_F(fanfp, a_process_that_will_not_do_is_one_line)
{
	struct run run;
	const char *said_text = run.text;
	int other;

	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", "999999"));
	SAYS("process 999999: No such process");
	EXPECT_EQ(1, lines(run.text));

	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", "1"));
	SAYS("process 1 has no fanotify file descriptor");
	EXPECT_EQ(1, lines(run.text));

	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", self->pid, "--fd", "1"));
	SAYS("file descriptor 1 is not fanotify's");
	EXPECT_EQ(1, lines(run.text));

	other = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	ASSERT_LE(0, other);
	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", self->pid));
	SAYS("has several fanotify file descriptors: ");
	SAYS("choose one (--fd)");
	EXPECT_EQ(1, lines(run.text));
	close(other);
}

TEST_HARNESS_MAIN
