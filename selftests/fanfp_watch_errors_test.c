// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch: what goes wrong is one clear line and an exit code
 */
#include <linux/capability.h>

#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_watch.h"

FIXTURE(errors)
{
	struct watched w;
};

FIXTURE_SETUP(errors)
{
	ASSERT_EQ(0, watched_make(&self->w));
}

FIXTURE_TEARDOWN(errors)
{
	watched_remove(&self->w);
}

/* The last line that it has said. */
static const char *last_line(const struct run *run)
{
	size_t len = strlen(run->text);
	const char *line = run->text + len;

	while (line > run->text && (line == run->text + len || line[-1] != '\n'))
		line--;
	return line;
}

#define ENDS_WITH_LINE(_w, ...) ({					\
	char _line[500];						\
									\
	snprintf(_line, sizeof(_line), ##__VA_ARGS__);			\
	EXPECT_STREQ(_line, last_line(&(_w)->run));			\
})

/* --- what it writes to --------------------------------------------------------- */

/*
 * Run it with a pipe as standard output, and return the end to read from; what
 * it says otherwise goes where the output of a run goes.
 */
static int start_with_pipe(struct watched *w, bool closed)
{
	int fds[2], fd;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	strcpy(w->run.path, "/tmp/run.XXXXXX");
	fd = mkstemp(w->run.path);
	w->run.pid = fork();
	if (!w->run.pid) {
		dup2(fds[1], STDOUT_FILENO);
		if (closed)
			close(STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(FANFP, FANFP, "watch", w->in, NULL);
		_exit(99);
	}
	close(fd);
	close(fds[1]);
	w->running = true;
	return fds[0];
}

TEST_F(errors, a_pipe_that_nobody_reads_any_more_ends_it)
{
	int fd = start_with_pipe(&self->w, false);
	char byte;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->w.run), "Watching")));
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	ASSERT_EQ(1, read(fd, &byte, 1));
	/* Not only with the next event. */
	close(fd);
	EXPECT_EQ(1, watched_end(&self->w));
	ENDS_WITH_LINE(&self->w, "fanfp: standard output: Broken pipe\n");
	EXPECT_EQ(2, lines(self->w.run.text));
}

TEST_F(errors, a_closed_standard_output_is_told)
{
	int fd = start_with_pipe(&self->w, true);

	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(1, watched_end(&self->w));
	EXPECT_STREQ("fanfp: standard output: Bad file descriptor\n",
		     self->w.run.text);
}

TEST_F(errors, a_full_disk_ends_it_with_whole_lines)
{
	char name[16], log[100];
	struct stat st;
	char *text;
	int fd, i;

	ASSERT_EQ(0, mount("none", self->w.out, "tmpfs", 0, "size=32k"));
	snprintf(log, sizeof(log), "%s/log", self->w.out);
	WATCH(&self->w, "-o", log, "-e", "create", "-j");
	for (i = 0; i < 2000 && !watched_ended(&self->w); i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, create_in(self->w.in, name));
	}
	EXPECT_EQ(1, watched_end(&self->w));
	ENDS_WITH_LINE(&self->w, "fanfp: %s: No space left on device\n", log);
	EXPECT_EQ(2, lines(self->w.run.text));

	ASSERT_EQ(0, stat(log, &st));
	ASSERT_LT(20000, st.st_size);
	text = calloc(1, st.st_size + 1);
	fd = open(log, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(st.st_size, read(fd, text, st.st_size));
	close(fd);
	EXPECT_STREQ("}\n", text + st.st_size - 2);
	free(text);
	umount2(self->w.out, MNT_DETACH);
}

TEST_F(errors, a_file_that_can_not_be_written_is_told_at_once)
{
	struct run run;

	EXPECT_EQ(1, RUN("watch", "-o", "/no/such", self->w.in));
	EXPECT_STREQ("fanfp: /no/such: No such file or directory\n", run.text);
	EXPECT_EQ(1, RUN("watch", "--outfile", self->w.out, self->w.in));
	EXPECT_EQ(1, lines(run.text));
	EXPECT_NE(NULL, strstr(run.text, ": Is a directory\n"));
}

TEST_F(errors, a_full_device_ends_it)
{
	WATCH(&self->w, "--output", "/dev/full");
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	EXPECT_EQ(1, watched_end(&self->w));
	ENDS_WITH_LINE(&self->w, "fanfp: /dev/full: No space left on device\n");
}

/* --- what it watches ----------------------------------------------------------- */

TEST_F(errors, a_directory_that_is_deleted_is_watched_no_more)
{
	char sub[120];

	snprintf(sub, sizeof(sub), "%s/sub", self->w.out);
	ASSERT_EQ(0, mkdir(sub, 0700));
	WATCH(&self->w, sub);
	ASSERT_EQ(0, rmdir(sub));
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->w.run), "No longer")));
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	PRINTS(&self->w, "/f\n");
	ASSERT_EQ(0, unlink(in(self->w.in, "f")));
	ASSERT_EQ(0, rmdir(self->w.in));
	EXPECT_EQ(1, watched_end(&self->w));
	EXPECT_NE(NULL, strstr(self->w.run.text, "/out/sub: deleted.\n"));
	EXPECT_NE(NULL, strstr(self->w.run.text, "/in: deleted.\n"));
	ENDS_WITH_LINE(&self->w, "fanfp: nothing is left to watch\n");
}

TEST_F(errors, a_path_that_is_not_there_is_one_line)
{
	struct run run;

	EXPECT_EQ(1, RUN("watch", self->w.in, "/no/such"));
	EXPECT_STREQ("fanfp: /no/such: No such file or directory\n", run.text);
	EXPECT_EQ(1, RUN("watch", self->w.in, "--exclude-dir", "/no/such"));
	EXPECT_STREQ("fanfp: /no/such: No such file or directory\n", run.text);
	EXPECT_EQ(1, RUN("watch"));
	EXPECT_STREQ("fanfp watch: a path is needed; see 'fanfp watch help'\n",
		     run.text);
	EXPECT_EQ(1, RUN("watch", "--nonsense", "/tmp"));
	EXPECT_STREQ("fanfp watch: unrecognized option '--nonsense'\n", run.text);
}

TEST_F(errors, a_file_that_is_mounted_somewhere_is_one_line)
{
	char file[120];
	struct run run;

	snprintf(file, sizeof(file), "%s/f", self->w.in);
	ASSERT_EQ(0, fp_create(file));
	ASSERT_EQ(0, mount(self->w.dir.file, file, NULL, MS_BIND, NULL));
	EXPECT_EQ(1, RUN("watch", file));
	EXPECT_NE(NULL, strstr(run.text, "watch the directory that it is from"));
	EXPECT_EQ(1, lines(run.text));
	umount2(file, MNT_DETACH);
}

/* --- overflow ------------------------------------------------------------------ */

#define MAX_QUEUED	"/proc/sys/fs/fanotify/max_queued_events"

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	close(fd);
	return len < 0 ? -EIO : 0;
}

FIXTURE(overflow)
{
	struct watched w;
};

FIXTURE_VARIANT(overflow)
{
	const char *option, *value;
	const char *text;
};

FIXTURE_VARIANT_ADD(overflow, text)
{
	.option = "-m", .value = "-r",
	.text = "\nOVERFLOW: events were lost\n",
};

FIXTURE_VARIANT_ADD(overflow, json)
{
	.option = "-m", .value = "--json",
	.text = "\"events\":[\"OVERFLOW\"]}\n",
};

FIXTURE_VARIANT_ADD(overflow, csv)
{
	.option = "-m", .value = "--csv",
	.text = "\n,OVERFLOW,,",
};

FIXTURE_VARIANT_ADD(overflow, format_with_events)
{
	.option = "--format", .value = "%e|%f",
	.text = "\nOVERFLOW|\n",
};

FIXTURE_VARIANT_ADD(overflow, format_without_events)
{
	.option = "--format", .value = "%f",
	.text = "OVERFLOW: events were lost\n",
};

FIXTURE_SETUP(overflow)
{
	ASSERT_EQ(0, watched_make(&self->w));
}

FIXTURE_TEARDOWN(overflow)
{
	write_text(MAX_QUEUED, "16384");
	watched_remove(&self->w);
}

TEST_F(overflow, is_printed_whatever_else_is_left_out)
{
	char name[16];
	int i;

	ASSERT_EQ(0, write_text(MAX_QUEUED, "16"));
	WATCH(&self->w, "-e", "create", "--include", "f*", "--rate", "100",
	      "--dedupe", "--comm", "tester", variant->option, variant->value);
	ASSERT_EQ(0, kill(self->w.run.pid, SIGSTOP));
	for (i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		ASSERT_EQ(0, create_in(self->w.in, name));
	}
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "%s", variant->text);
}

/* --- who, and on what kernel --------------------------------------------------- */

static int without_capability(void *dir)
{
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN))
		return 98;
	execl(FANFP, FANFP, "watch", dir, NULL);
	return 99;
}

static int as_nobody(void *dir)
{
	if (setgid(65534) || setuid(65534))
		return 98;
	execl(FANFP, FANFP, "watch", dir, NULL);
	return 99;
}

static int without_the_feature(void *dir)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/sys/kernel", "tmpfs", 0, NULL))
		return 98;
	execl(FANFP, FANFP, "watch", dir, NULL);
	return 99;
}

/* Run it in a child that does something first; returns its exit code. */
static int run_after(struct run *run, int (*fn)(void *), void *arg)
{
	int fd;

	strcpy(run->path, "/tmp/run.XXXXXX");
	fd = mkstemp(run->path);
	run->pid = fork();
	if (!run->pid) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		_exit(fn(arg));
	}
	close(fd);
	return end(run);
}

TEST_F(errors, without_the_capability_it_says_which)
{
	struct run run;

	EXPECT_EQ(1, run_after(&run, without_capability, self->w.in));
	EXPECT_STREQ("fanfp: watching a file system needs CAP_SYS_ADMIN; try as root\n",
		     run.text);
	EXPECT_EQ(1, run_after(&run, as_nobody, self->w.in));
	EXPECT_STREQ("fanfp: watching a file system needs CAP_SYS_ADMIN; try as root\n",
		     run.text);
}

TEST_F(errors, without_the_fastpath_it_says_what_to_do)
{
	struct run run;

	EXPECT_EQ(1, run_after(&run, without_the_feature, self->w.in));
	EXPECT_NE(NULL, strstr(run.text, "this kernel has no fanotify fastpath; load the module"));
	EXPECT_EQ(1, lines(run.text));
}

TEST_HARNESS_MAIN
