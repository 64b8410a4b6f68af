// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp handler and fanfp attach, given what they can't use: one clear line, an
 * exit code, and nothing left behind
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"
#include "other.skel.h"
#include "refused.skel.h"

#define OBJECT		"/tmp/bad.bpf.o"
#define PIN		"/sys/fs/bpf/bad_pin"
#define PIN_DIR		"/sys/fs/bpf/fanotify_fastpath"

FIXTURE(bad)
{
	struct fp_dir dir;
	int fd;
	char pid[16], fd_text[16];
	char marks[4096];	/* of the group, at the start */
};

static void read_marks(int fd, char *text, size_t size)
{
	char path[64];
	ssize_t len = 0;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info >= 0) {
		len = read(info, text, size - 1);
		close(info);
	}
	text[len < 0 ? 0 : len] = '\0';
}

FIXTURE_SETUP(bad)
{
	self->fd = listen_to(&self->dir, self->pid, self->fd_text);
	ASSERT_LE(0, self->fd);
	read_marks(self->fd, self->marks, sizeof(self->marks));
}

/* No handler is attached, registered or pinned, and no mark is left. */
#define NOTHING_LEFT do {						\
	struct fanotify_fastpath_info _info = {};			\
	char _marks[4096];						\
	EXPECT_TRUE(FP_WAIT_FOR(fp_ioctl_info(self->fd, FAN_IOC_GET_FP,	\
					      &_info) == -ENOENT));	\
	read_marks(self->fd, _marks, sizeof(_marks));			\
	EXPECT_STREQ(self->marks, _marks);				\
	EXPECT_EQ(0, RUN("handler", "list"));				\
	EXPECT_STREQ("", run.text);					\
	EXPECT_EQ(-1, access(PIN, F_OK));				\
	rmdir(PIN_DIR);							\
	EXPECT_EQ(-1, access(PIN_DIR, F_OK));				\
} while (0)

FIXTURE_TEARDOWN(bad)
{
	struct run run;

	unlink(OBJECT);
	NOTHING_LEFT;
	close(self->fd);
	fp_dir_remove(&self->dir);
}

/* It failed with this one line. */
#define FAILED(_call, _text) do {					\
	EXPECT_EQ(1, _call);						\
	SAYS(_text);							\
	EXPECT_EQ(1, lines(run.text)) {					\
		TH_LOG("it said: %s", run.text);			\
	}								\
	EXPECT_EQ(0, strncmp("fanfp: ", run.text, 7));			\
} while (0)

/* Both ways in which an object gets into the kernel. */
#define OBJECT_FAILS(_text) do {					\
	FAILED(RUN("handler", "load", OBJECT), _text);			\
	FAILED(RUN("attach", OBJECT, "--pid", self->pid, "--fd",	\
		   self->fd_text, "--include", self->dir.path), _text);	\
	FAILED(RUN("attach", OBJECT, "--pid", self->pid, "--fd",	\
		   self->fd_text, "--pin", PIN), _text);		\
} while (0)

static int write_object(const void *data, size_t size)
{
	int fd = open(OBJECT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err = 0;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		err = -EIO;
	close(fd);
	return err;
}

TEST_F(bad, an_object_that_is_none)
{
	struct run run;
	const char *said_text = run.text;

	OBJECT_FAILS(OBJECT ": No such file or directory");
	ASSERT_EQ(0, write_object("garbage\n", 8));
	OBJECT_FAILS(OBJECT ": not a BPF object that can be read (");
	ASSERT_EQ(0, write_object("", 0));
	OBJECT_FAILS(OBJECT ": not a BPF object that can be read (");
	unlink(OBJECT);
	ASSERT_EQ(0, mkdir(OBJECT, 0700));
	OBJECT_FAILS(OBJECT ": Is a directory");
	rmdir(OBJECT);
	ASSERT_EQ(0, mkfifo(OBJECT, 0600));
	OBJECT_FAILS(OBJECT ": not a regular file");
	FAILED(RUN("handler", "load", "nobody"),
	       "nobody: there is no built-in handler of this name");
}

TEST_F(bad, an_object_that_is_cut_off)
{
	struct run run;
	const char *said_text = run.text;
	const void *data;
	size_t size;

	data = refused__elf_bytes(&size);
	ASSERT_EQ(0, write_object(data, size / 2));
	OBJECT_FAILS(OBJECT ": not a BPF object that can be read (");
	ASSERT_EQ(0, write_object(data, size - 1));
	OBJECT_FAILS(OBJECT ": not a BPF object that can be read (");
}

TEST_F(bad, an_object_of_another_type)
{
	struct run run;
	const char *said_text = run.text;
	const void *data;
	size_t size;

	data = other__elf_bytes(&size);
	ASSERT_EQ(0, write_object(data, size));
	OBJECT_FAILS(OBJECT ": no handler in it: there is no struct fanotify_fastpath_ops");
}

TEST_F(bad, an_object_with_several_handlers)
{
	struct run run;
	const char *said_text = run.text;
	const void *data;
	size_t size;

	data = refused__elf_bytes(&size);
	ASSERT_EQ(0, write_object(data, size));
	OBJECT_FAILS(" handlers in it; make an object of each");
}

static void become_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(98);
}

TEST_F(bad, no_capability)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_object("", 0));
	ASSERT_EQ(0, chmod(OBJECT, 0));
	FAILED(RUN_AS(become_nobody, "handler", "load", OBJECT),
	       OBJECT ": Permission denied");
	FAILED(RUN_AS(become_nobody, "handler", "load", "subtree"),
	       "subtree: loading a handler needs CAP_BPF and CAP_PERFMON; try as root");
	FAILED(RUN_AS(become_nobody, "attach", "subtree", "--pid", self->pid),
	       ": Permission denied");
	FAILED(RUN_AS(become_nobody, "attach", "subtree", "--pid", self->pid, "--fd",
		      self->fd_text), "the right to trace the process (CAP_SYS_PTRACE)");
}

TEST_F(bad, a_process_that_is_gone)
{
	struct run run;
	const char *said_text = run.text;
	char gone[16];
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(gone, sizeof(gone), "%d", pid);
	FAILED(RUN("attach", "subtree", "--pid", gone), ": No such process");
	FAILED(RUN("attach", "subtree", "--pid", gone, "--fd", "3", "--pin", PIN),
	       ": No such process");
	/* There is one, with nothing to attach to. */
	FAILED(RUN("attach", "subtree", "--pid", "1"),
	       "process 1 has no fanotify file descriptor");
}

TEST_F(bad, a_file_descriptor_that_is_not_fanotifys)
{
	struct run run;
	const char *said_text = run.text;

	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", "0"),
	       "file descriptor 0 is not fanotify's");
	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", "999"),
	       "file descriptor 999: Bad file descriptor");
	EXPECT_EQ(2, RUN("attach", "subtree", "--pid", self->pid, "--fd", "-1"));
	EXPECT_EQ(2, RUN("attach", "subtree", "--pid", self->pid, "--fd", "x"));
	EXPECT_EQ(1, lines(run.text));
}

TEST_F(bad, a_root_that_is_none)
{
	struct run run;
	const char *said_text = run.text;

	/* The first is taken back. */
	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", self->fd_text,
		   "--include", self->dir.path, "--exclude-dir", "/no/such"),
	       "/no/such: cannot mark: No such file or directory");
	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", self->fd_text,
		   "--include", self->dir.file),
	       "/file: cannot mark: Not a directory");
}

TEST_F(bad, arguments_that_are_too_much)
{
	struct run run;
	const char *said_text = run.text;
	char text[FAN_FP_ARGS_MAX + 2];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	FAILED(RUN("attach", "deny", "--pid", self->pid, "--fd", self->fd_text,
		   "--args", text), "--args: more than 1024 bytes");
	ASSERT_EQ(0, write_object(text, sizeof(text) - 1));
	FAILED(RUN("attach", "deny", "--pid", self->pid, "--fd", self->fd_text,
		   "--args-file", OBJECT), OBJECT ": more than 1024 bytes of arguments");
	FAILED(RUN("attach", "deny", "--pid", self->pid, "--fd", self->fd_text,
		   "--args-file", "/no/such"), "/no/such: No such file or directory");
	FAILED(RUN("attach", "deny", "--pid", self->pid, "--fd", self->fd_text,
		   "--args-file", "/tmp"), "/tmp: Is a directory");
	FAILED(RUN("attach", "deny", "--pid", self->pid, "--fd", self->fd_text),
	       "deny: refuses the arguments: the file name: 1 to 255 bytes");
}

TEST_F(bad, a_pin_that_is_taken_or_nowhere)
{
	struct run run;
	const char *said_text = run.text;

	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", self->fd_text,
		   "--include", self->dir.path, "--pin", self->dir.file),
	       "/file: ");
	EXPECT_EQ(0, access(self->dir.file, F_OK));
	FAILED(RUN("handler", "load", "subtree", "--pin", "/tmp/nowhere/pin"),
	       "/tmp/nowhere/pin: cannot pin: ");
	EXPECT_EQ(-1, access("/tmp/nowhere", F_OK));

	ASSERT_EQ(0, RUN("handler", "load", "deny", "--pin", PIN));
	FAILED(RUN("handler", "load", "subtree", "--pin", PIN),
	       PIN ": there is something already");
	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", self->fd_text,
		   "--include", self->dir.path, "--pin", PIN),
	       PIN ": there is something already");
	EXPECT_EQ(0, RUN("handler", "list"));
	SAYS("deny: ");
	EXPECT_EQ(NULL, strstr(run.text, "subtree"));
	EXPECT_EQ(0, RUN("handler", "unload", PIN));
}

TEST_F(bad, what_is_not_there_to_unload)
{
	struct run run;
	const char *said_text = run.text;

	FAILED(RUN("handler", "unload", "nobody"),
	       PIN_DIR "/nobody: nothing is pinned there; if 'nobody' was not loaded with fanfp");
	FAILED(RUN("handler", "unload", self->dir.file),
	       "/file: no link of a handler is pinned there");
	FAILED(RUN("handler", "show", "nobody"),
	       "handler 'nobody' is not registered; see 'fanfp handler list'");
}

/* The output goes into a pipe that nobody reads any more. */
static void close_output(void)
{
	int fds[2];

	if (pipe(fds) || dup2(fds[1], STDOUT_FILENO) < 0)
		_exit(98);
	close(fds[0]);
	close(fds[1]);
}

TEST_F(bad, an_output_that_nobody_reads)
{
	struct run run;
	const char *said_text = run.text;

	FAILED(RUN_AS(close_output, "handler", "load", "subtree"),
	       "fanfp: standard output: Broken pipe; not loaded");
	FAILED(RUN_AS(close_output, "attach", "subtree", "--pid", self->pid, "--fd",
		      self->fd_text, "--include", self->dir.path),
	       "fanfp: standard output: Broken pipe; not attached");
	FAILED(RUN_AS(close_output, "attach", "subtree", "--pid", self->pid, "--fd",
		      self->fd_text, "--include", self->dir.path, "--pin", PIN),
	       "fanfp: standard output: Broken pipe; not attached");
	FAILED(RUN_AS(close_output, "-j", "attach", "subtree", "--pid", self->pid,
		      "--fd", self->fd_text, "--include", self->dir.path),
	       "fanfp: standard output: Broken pipe; not attached");
	NOTHING_LEFT;

	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	FAILED(RUN_AS(close_output, "handler", "list"),
	       "fanfp: standard output: Broken pipe");
	FAILED(RUN_AS(close_output, "attach", "subtree", "--pid", self->pid, "--fd",
		      self->fd_text, "--include", self->dir.path),
	       "fanfp: standard output: Broken pipe; not attached");
	EXPECT_EQ(0, fp_counter("subtree", "attached"));
	EXPECT_EQ(0, RUN("handler", "unload", "subtree"));
}

TEST_F(bad, a_kernel_without_the_fastpath)
{
	const char *remedy = "fanfp: this kernel has no fanotify fastpath; load the module (modprobe fanotify_fastpath) or boot a kernel with CONFIG_FANOTIFY_FASTPATH";
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, fp_hide());
	FAILED(RUN("handler", "list"), remedy);
	FAILED(RUN("handler", "show", "subtree"), remedy);
	FAILED(RUN("handler", "load", "subtree"), remedy);
	FAILED(RUN("attach", "subtree", "--pid", self->pid, "--fd", self->fd_text,
		   "--include", self->dir.path), remedy);
	ASSERT_EQ(0, umount("/sys/kernel"));
	umount("/dev");
}

TEST_HARNESS_MAIN
