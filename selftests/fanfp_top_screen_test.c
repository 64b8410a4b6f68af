// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp top: its screen, in a terminal
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "top.h"

/* Each look at a screen takes a moment. */
#define SCREEN_LIMIT	120

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

TEST_HARNESS_MAIN
