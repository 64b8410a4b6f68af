// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp top: what it prints once, and its screen in a terminal
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"

#define FANFP		"/usr/sbin/fanfp"
#define OPENS		100
/* Each look at a screen takes a moment. */
#define SCREEN_LIMIT	120

#define RUN(...) TOOL(FANFP, __VA_ARGS__)
#define TMUX(_words) SHELL("tmux -f /dev/null -L fp " _words)

FIXTURE(fanfp_top)
{
	struct fp_dir dir;
	char in[80], out[80];
	int fd;
};

FIXTURE_SETUP(fanfp_top)
{
	struct run run;
	char path[128];

	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "screen", 1);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/o\303\274t", self->dir.path);
	ASSERT_EQ(0, mkdir(self->in, 0755));
	ASSERT_EQ(0, mkdir(self->out, 0755));
	snprintf(path, sizeof(path), "%s/x", self->in);
	ASSERT_EQ(0, fp_create(path));
	snprintf(path, sizeof(path), "%s/x", self->out);
	ASSERT_EQ(0, fp_create(path));
	setenv("FP_IN", self->in, 1);
	setenv("FP_OUT", self->out, 1);

	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK |
				 FAN_UNLIMITED_QUEUE, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
}

FIXTURE_TEARDOWN(fanfp_top)
{
	struct run run;

	TMUX("kill-server");
	close(self->fd);
	RUN("handler", "unload", "subtree");
	fp_dir_remove(&self->dir);
}

/* Open the file in @dir so often, in a process of that name. */
static void open_often(const char *comm, const char *dir, int count)
{
	char path[128];
	pid_t child;

	snprintf(path, sizeof(path), "%s/x", dir);
	child = fork();
	if (!child) {
		prctl(PR_SET_NAME, comm);
		while (count--)
			fp_touch(path);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Whether the program of top is loaded and attached. */
static bool top_counts(void)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog;
	__u32 id = 0, size;
	bool found = false;
	int fd, prog_fd;

	while (!found && !bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&link, 0, sizeof(link));
		memset(&prog, 0, sizeof(prog));
		size = sizeof(link);
		if (!bpf_link_get_info_by_fd(fd, &link, &size) &&
		    link.type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
			prog_fd = bpf_prog_get_fd_by_id(link.prog_id);
			size = sizeof(prog);
			found = !bpf_prog_get_info_by_fd(prog_fd, &prog, &size) &&
				!strcmp(prog.name, "decided");
			close(prog_fd);
		}
		close(fd);
	}
	return found;
}

/* Whether a process waits in poll(2). */
static bool is_waiting(pid_t pid)
{
	char path[64];
	long call = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%ld", &call) != 1)
		call = -1;
	fclose(file);
	return call == SYS_poll;
}

/* Count, in one long look, until it is told to end. */
#define START_COUNTING(...) do {					\
	start(&run, FANFP, __VA_ARGS__, NULL);				\
	ASSERT_TRUE(FP_WAIT_FOR(top_counts() && is_waiting(run.pid)));	\
} while (0)

#define STOP_COUNTING() EXPECT_EQ(0, stop(&run, SIGTERM))

/* Ask jq about what was said. */
static bool json_says(struct run *run, const char *filter)
{
	FILE *file = fopen("/tmp/top.json", "we");
	struct run jq;
	int failed;

	fputs(run->text, file);
	fclose(file);
	start(&jq, "/usr/bin/jq", "-e", filter, "/tmp/top.json", NULL);
	failed = end(&jq);
	if (failed)
		fprintf(stderr, "# %s: %s# of %s", filter, jq.text, run->text);
	unlink("/tmp/top.json");
	return !failed;
}

TEST_F(fanfp_top, once_counts_by_group_handler_process_and_directory)
{
	struct run run;

	START_COUNTING("-j", "top", "--once", "-i", "600");
	open_often("fp-sender", self->in, OPENS);
	open_often("fp-skipper", self->out, 2 * OPENS);
	STOP_COUNTING();
	/* Rates are rounded. */
#define ABOUT(_n) " * $s - " #_n " | . > -5 and . < 5)"
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .processes | map(select(.comm == \"fp-sender\")) | length == 1 and (.[0].sent" ABOUT(100) " and .[0].skipped == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .processes | map(select(.comm == \"fp-skipper\")) | length == 1 and (.[0].skipped" ABOUT(200) " and .[0].sent == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .directories | map(select(.directory == $ENV.FP_IN)) | length == 1 and (.[0].sent" ABOUT(100) " and .[0].skipped == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .directories | map(select(.directory == $ENV.FP_OUT)) | length == 1 and (.[0].skipped" ABOUT(200) " and .[0].sent == 0"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .groups[0] | .handler == \"subtree\" and (.seen" ABOUT(300) " and (.sent" ABOUT(100)));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .handlers[0] | .attached == 1 and (.skipped" ABOUT(200)));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .total | (.seen" ABOUT(300) " and (.sent" ABOUT(100) " and .denied == 0"));
	EXPECT_TRUE(json_says(&run, ".lost == 0"));
	/* Nothing is left that counts. */
	EXPECT_FALSE(top_counts());
}

TEST_F(fanfp_top, once_prints_text_sorted)
{
	struct run run;
	const char *said_text = run.text;
	char path[96];

	START_COUNTING("top", "--once", "-i", "600", "-n", "1");
	open_often("fp-sender", self->in, OPENS);
	open_often("fp-skipper", self->out, 2 * OPENS);
	STOP_COUNTING();
	SAYS("groups, events/s:\n");
	SAYS("PID PROCESS          FD  HANDLER\n");
	SAYS("  subtree\n");
	SAYS("directories, events/s:\n");
	/* The first row only. */
	snprintf(path, sizeof(path), " %s\n", self->out);
	SAYS(path);
	SAYS(" fp-skipper\n");
	EXPECT_EQ(NULL, strstr(run.text, "fp-sender"));

	START_COUNTING("top", "--once", "-i", "600", "-n", "1", "--sort", "sent");
	open_often("fp-sender", self->in, OPENS);
	open_often("fp-skipper", self->out, 2 * OPENS);
	STOP_COUNTING();
	SAYS(" fp-sender\n");
	EXPECT_EQ(NULL, strstr(run.text, "fp-skipper"));
}

TEST_F(fanfp_top, denied_events_and_deep_directories_are_told)
{
	char deep[1200], path[1300];
	struct run run;
	int fd, i;

	/* Deeper than the path that is kept. */
	strcpy(deep, self->out);
	for (i = 0; i < 30; i++) {
		sprintf(deep + strlen(deep), "/%034d", i);
		ASSERT_EQ(0, mkdir(deep, 0755));
	}
	snprintf(path, sizeof(path), "%s/secret", deep);
	ASSERT_EQ(0, fp_create(path));
	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, RUN("handler", "load", "deny"));
	ASSERT_EQ(0, fp_add(fd, "deny", "secret", 6));
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	START_COUNTING("-j", "top", "--once", "-i", "600");
	for (i = 0; i < OPENS; i++)
		EXPECT_EQ(-EPERM, fp_touch(path));
	STOP_COUNTING();
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .directories | map(select(.directory | endswith(\"0029\"))) | length == 1 and (.[0].denied" ABOUT(100) " and (.[0].directory | contains(\": ...\"))"));
	EXPECT_TRUE(json_says(&run, ".seconds as $s | .total | (.denied" ABOUT(100)));
	close(fd);
	EXPECT_EQ(0, RUN("handler", "unload", "deny"));
}

/* What is on the screen, in @run. */
static const char *screen(struct run *screen)
{
	struct run run;

	TMUX("capture-pane -p");
	*screen = run;
	return screen->text;
}

/* Wait until @text is on the screen, or is not. */
static bool becomes(struct run *run, const char *text, bool there)
{
	int tries = 100;

	while (!strstr(screen(run), text) == there && --tries)
		usleep(100000);
	return tries;
}

#define SHOWS(_text)							\
	EXPECT_TRUE(becomes(&run, _text, true)) {			\
		TH_LOG("it shows: %s", run.text);			\
	}

#define SHOWS_NOT(_text)						\
	EXPECT_TRUE(becomes(&run, _text, false)) {			\
		TH_LOG("it shows: %s", run.text);			\
	}

/* Start it in a terminal of 120 columns and 30 lines; says how it ended. */
#define IN_TERMINAL(_arguments)						\
	TMUX("new-session -d -x 120 -y 30 'trap : INT; fanfp top " _arguments \
	     " 2>&1; echo ended with $?; sleep 1000'")

/* Open files all the time, in a process called fp-busy; to be killed. */
static pid_t open_always(const char *dir)
{
	char path[128];
	pid_t child;

	snprintf(path, sizeof(path), "%s/x", dir);
	child = fork();
	if (child)
		return child;
	prctl(PR_SET_NAME, "fp-busy");
	for (;;) {
		fp_touch(path);
		usleep(10000);
	}
}

TEST_F_TIMEOUT(fanfp_top, the_screen_has_four_views, SCREEN_LIMIT)
{
	pid_t busy = open_always(self->out);
	struct run run;

	ASSERT_EQ(0, IN_TERMINAL(""));
	SHOWS("[groups]");
	SHOWS("*SEEN");
	SHOWS("PID PROCESS          FD  HANDLER");
	SHOWS("  subtree");
	SHOWS("q quit");
	TMUX("send-keys h");
	SHOWS("[handlers]");
	SHOWS("ATTACHED  HANDLER");
	SHOWS("       1  subtree");
	TMUX("send-keys p");
	SHOWS("[processes]");
	SHOWS(" fp-busy");
	TMUX("send-keys Tab");
	SHOWS("[directories]");
	SHOWS(self->out);
	SHOWS_NOT("fp-busy");
	TMUX("send-keys Tab");
	SHOWS("[groups]");
	TMUX("send-keys q");
	SHOWS("ended with 0");
	EXPECT_FALSE(top_counts());
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
}

TEST_F_TIMEOUT(fanfp_top, keys_change_what_it_is_sorted_by, SCREEN_LIMIT)
{
	struct run run;

	ASSERT_EQ(0, IN_TERMINAL("--view directories --sort skipped"));
	SHOWS("*SKIPPED");
	TMUX("send-keys '>'");
	SHOWS("*DENIED");
	TMUX("send-keys Right");
	SHOWS("*DIRECTORY");
	TMUX("send-keys '>'");
	SHOWS("*SEEN");
	TMUX("send-keys '<' Left");
	SHOWS("*DENIED");
	/* A column that another view does not have. */
	TMUX("send-keys g");
	TMUX("send-keys '>' '>'");
	SHOWS("*NESTED");
	TMUX("send-keys p");
	SHOWS("*SEEN");
	TMUX("send-keys C-c");
	SHOWS("ended with 0");
}

/* Where a text is on the screen. */
static const char *place(struct run *run, const char *text)
{
	return strstr(screen(run), text);
}

TEST_F_TIMEOUT(fanfp_top, rows_are_sorted_and_can_be_reversed_and_scrolled, SCREEN_LIMIT)
{
	pid_t busy = open_always(self->out), other = open_always(self->in);
	struct run run;

	ASSERT_EQ(0, IN_TERMINAL("--view directories --sort skipped"));
	SHOWS(self->out);
	SHOWS(self->in);
	EXPECT_TRUE(FP_WAIT_FOR(place(&run, self->out) &&
				place(&run, self->out) < strstr(run.text, self->in)));
	TMUX("send-keys r");
	EXPECT_TRUE(FP_WAIT_FOR(place(&run, self->in) &&
				strstr(run.text, self->in) < strstr(run.text, self->out)));
	TMUX("send-keys Down");
	SHOWS_NOT(self->in);
	SHOWS(self->out);
	/* Not past the last one. */
	TMUX("send-keys NPage NPage Down");
	SHOWS(self->out);
	TMUX("send-keys Home");
	SHOWS(self->in);
	kill(busy, SIGKILL);
	kill(other, SIGKILL);
	waitpid(busy, NULL, 0);
	waitpid(other, NULL, 0);
}

TEST_F_TIMEOUT(fanfp_top, any_size_of_terminal_will_do, SCREEN_LIMIT)
{
	static const char *const sizes[] = {
		"-x 80 -y 24", "-x 40 -y 8", "-x 20 -y 5", "-x 12 -y 3",
		"-x 2 -y 2", "-x 300 -y 60",
	};
	struct run run;
	char command[128];
	size_t i;

	ASSERT_EQ(0, IN_TERMINAL(""));
	SHOWS("  subtree");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(command, sizeof(command),
			 "tmux -f /dev/null -L fp resize-window %s", sizes[i]);
		EXPECT_EQ(0, SHELL(command));
		usleep(300000);
		TMUX("send-keys p g");
		SHOWS("f");
	}
	SHOWS("[groups]");
	SHOWS("  subtree");

	/* In a small one, the columns to the right go first. */
	TMUX("resize-window -x 44 -y 8");
	SHOWS_NOT("SENT");
	SHOWS("*SEEN");
	SHOWS("[groups]");
	TMUX("send-keys h");
	SHOWS("HANDLER");
	SHOWS("  subtree");
	TMUX("send-keys q");
	SHOWS("ended with 0");
}

TEST_F(fanfp_top, without_a_terminal_it_names_once)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, SHELL("fanfp top < /dev/null"));
	SAYS("fanfp: there is no terminal to draw on; use 'fanfp top --once'\n");
	EXPECT_EQ(1, lines(run.text));
	setenv("TERM", "nonsense", 1);
	EXPECT_EQ(0, SHELL("script -qec 'fanfp top; echo ended with $?' /dev/null"));
	SAYS("fanfp: cannot draw on this terminal (TERM is 'nonsense'); try 'fanfp top --once'");
	SAYS("ended with 1");
}

TEST_F(fanfp_top, what_may_not_be_counted_is_said)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, AS_NOBODY("fanfp top --once"));
	SAYS("handlers, events/s:\n");
	SAYS("fanfp: processes and directories are not counted: that takes CAP_BPF and CAP_PERFMON\n");
	EXPECT_EQ(NULL, strstr(run.text, "directories, events/s"));
}

TEST_F(fanfp_top, wrong_words_are_2)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(2, RUN("top", "-j"));
	SAYS("fanfp top: --json needs --once; see 'fanfp top help'\n");
	EXPECT_EQ(2, RUN("top", "-n", "1"));
	EXPECT_EQ(2, RUN("top", "-i", "0"));
	EXPECT_EQ(2, RUN("top", "--view", "nonsense"));
	SAYS("fanfp top: there is no view 'nonsense'; see 'fanfp top help'\n");
	EXPECT_EQ(2, RUN("top", "--sort", "s"));
	SAYS("fanfp top: 's' could be seen or ");
	EXPECT_EQ(2, RUN("top", "nonsense"));
	EXPECT_EQ(1, lines(run.text));
}

TEST_HARNESS_MAIN
