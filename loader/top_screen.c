// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp top - the screen
 */
#include <ctype.h>
#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "output.h"
#include "tool.h"
#include "top.h"

#define COUNT_WIDTH	10
/* Above the rows, and below them. */
#define HEAD_LINES	4
#define FOOT_LINES	1

#define ARRAY_LEN(_array)	((int)(sizeof(_array) / sizeof((_array)[0])))

/* Where the list starts: rows above it are scrolled away. */
static size_t first_row;

/* Write from column @at on what fits in the line. */
static void put_text(int y, int at, const char *text)
{
	char clean[2048];
	wchar_t wide[2048];
	int room = COLS - at, i;

	if (y < 0 || y >= LINES || room <= 0)
		return;
	clean_text(text, clean, sizeof(clean));
	if (mbstowcs(wide, clean, ARRAY_LEN(wide)) == (size_t)-1) {
		/* The terminal is not one for UTF-8. */
		for (i = 0; clean[i]; i++)
			wide[i] = isascii(clean[i]) ? clean[i] : '?';
		wide[i] = L'\0';
	}
	for (i = 0; wide[i]; i++) {
		room -= wcwidth(wide[i]) > 0 ? wcwidth(wide[i]) : 0;
		if (room < 0)
			break;
	}
	mvaddnwstr(y, at, wide, i);
}

/* How many of the view's counts fit, beside the label. */
static int shown_counts(const struct top_state *top)
{
	int fit = (COLS - top_views[top->view].label_width) / COUNT_WIDTH;
	int known = top_views[top->view].n_counts;

	return fit < 1 ? 1 : fit < known ? fit : known;
}

static void put_total(const struct top_state *top)
{
	char text[256];
	size_t used = 0;
	int i;

	used += snprintf(text, sizeof(text), "Events/s: ");
	for (i = 0; i < N_COUNTS; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%.1f %s",
				 i ? ", " : "", top->total[i], count_names[i]);
	put_text(1, 0, text);
}

static void put_tabs(const struct top_state *top)
{
	int view, at = 0;
	char text[32];

	for (view = 0; view < N_TOP_VIEWS; view++) {
		snprintf(text, sizeof(text), view == (int)top->view ? "[%s]" :
			 " %s ", top_views[view].name);
		if (view == (int)top->view)
			attron(A_BOLD);
		put_text(2, at, text);
		attroff(A_BOLD);
		at += strlen(text) + 1;
	}
}

static void put_heading(const struct top_state *top)
{
	int counts = shown_counts(top), i;
	char text[32], name[16];
	size_t c;

	attron(A_REVERSE);
	for (i = 0; i < COLS; i++)
		put_text(3, i, " ");
	for (i = 0; i < counts; i++) {
		snprintf(name, sizeof(name), "%s%s", top->sort == i ? "*" : "",
			 count_names[i]);
		for (c = 0; name[c]; c++)
			name[c] = toupper(name[c]);
		snprintf(text, sizeof(text), "%*s", COUNT_WIDTH - 1, name);
		put_text(3, i * COUNT_WIDTH, text);
	}
	put_text(3, counts * COUNT_WIDTH + 1, top_views[top->view].heading);
	if (top->sort == TOP_BY_LABEL)
		put_text(3, counts * COUNT_WIDTH, "*");
	attroff(A_REVERSE);
}

static void put_row(const struct top_state *top, const struct top_row *row, int y)
{
	int counts = shown_counts(top), i;
	char text[64];

	for (i = 0; i < counts; i++) {
		snprintf(text, sizeof(text), "%*.1f", COUNT_WIDTH - 1,
			 row->rates[i]);
		put_text(y, i * COUNT_WIDTH, text);
	}
	put_text(y, counts * COUNT_WIDTH + 1, row->label);
}

/* What is to be said instead of rows, or below them; NULL if nothing. */
static const char *remark(const struct top_state *top)
{
	static char text[256];
	bool of_events = top->view == TOP_PROCESSES || top->view == TOP_DIRS;

	if (of_events && !top->events)
		snprintf(text, sizeof(text), "Not counted: %s.", top->why_not);
	else if (of_events && top->lost)
		snprintf(text, sizeof(text), "%llu events more than there is room to tell apart.",
			 top->lost);
	else if (top->view == TOP_GROUPS && (top->sample.hidden || top->sample.untold))
		snprintf(text, sizeof(text), "Some groups are not shown: that takes CAP_SYS_PTRACE.");
	else if (!top->rows[top->view].count)
		snprintf(text, sizeof(text), of_events ? "No events." :
			 "No handler.");
	else
		return NULL;
	return text;
}

static void draw(const struct top_state *top)
{
	const struct top_rows *rows = &top->rows[top->view];
	int room = LINES - HEAD_LINES - FOOT_LINES, y = HEAD_LINES;
	const char *said = remark(top);
	char text[128], now[16];
	time_t seconds = time(NULL);
	size_t i;

	erase();
	strftime(now, sizeof(now), "%T", localtime(&seconds));
	snprintf(text, sizeof(text), "fanfp top - %s, every %ld s, %s: %zu", now,
		 top->interval, top_views[top->view].name, rows->count);
	put_text(0, 0, text);
	put_total(top);
	put_tabs(top);
	put_heading(top);
	if (said && room > 0)
		put_text(y + --room, 0, said);
	for (i = first_row; i < rows->count && room-- > 0; i++)
		put_row(top, &rows->list[i], y++);
	if (LINES > HEAD_LINES)
		put_text(LINES - 1, 0, "q quit  g h p d or Tab: view  < >: sort by  r: reverse  arrows: scroll");
	refresh();
}

/* Sort by the next column to the right, or to the left. */
static void next_sort(struct top_state *top, int step)
{
	int last = shown_counts(top);	/* stands for the label */
	int at = top->sort == TOP_BY_LABEL || top->sort > last ? last : top->sort;

	at = (at + step + last + 1) % (last + 1);
	top->sort = at == last ? TOP_BY_LABEL : at;
}

static void scroll_by(const struct top_state *top, long step)
{
	long last = (long)top->rows[top->view].count - 1;
	long row = (long)first_row + step;

	if (row > last)
		row = last;
	first_row = row < 0 ? 0 : row;
}

static void choose_view(struct top_state *top, enum top_view view)
{
	top->view = view;
	first_row = 0;
	/* Not everything is known of everything. */
	if (top->sort != TOP_BY_LABEL && top->sort >= top_views[view].n_counts)
		top->sort = COUNT_SEEN;
}

/* Returns false to quit. */
static bool handle_key(struct top_state *top, int key)
{
	int page = LINES - HEAD_LINES - FOOT_LINES;

	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 'g':
	case 'h':
	case 'p':
	case 'd':
		choose_view(top, strchr("ghpd", key) - "ghpd");
		break;
	case '\t':
		choose_view(top, (top->view + 1) % N_TOP_VIEWS);
		break;
	case '<':
	case KEY_LEFT:
		next_sort(top, -1);
		break;
	case '>':
	case KEY_RIGHT:
		next_sort(top, 1);
		break;
	case 'r':
		top->ascending = !top->ascending;
		break;
	case KEY_DOWN:
		scroll_by(top, 1);
		break;
	case KEY_UP:
		scroll_by(top, -1);
		break;
	case KEY_NPAGE:
		scroll_by(top, page > 1 ? page : 1);
		break;
	case KEY_PPAGE:
		scroll_by(top, page > 1 ? -page : -1);
		break;
	case KEY_HOME:
		first_row = 0;
		break;
	default:	/* KEY_RESIZE, too: it is drawn anew */
		break;
	}
	top_sort(top);
	return true;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns 0 to quit, 1 to go on, or a negative EXIT_FAILED. */
static int loop(struct top_state *top, int signals)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	long next = milliseconds() + top->interval * 1000, left;
	int key;

	for (;;) {
		scroll_by(top, 0);
		draw(top);
		left = next - milliseconds();
		/* A signal is no failure: ncurses has a handler for resizing. */
		if (poll(fds, 2, left > 0 ? left : 0) < 0 && errno != EINTR)
			return EXIT_FAILED;
		if (fds[1].revents)
			return 0;
		while ((key = getch()) != ERR) {
			if (!handle_key(top, key))
				return 0;
		}
		/* The terminal has gone. */
		if (fds[0].revents & (POLLHUP | POLLERR))
			return 0;
		fds[0].revents = 0;
		if (milliseconds() < next)
			continue;
		next += top->interval * 1000;
		if (top_look(top))
			return EXIT_FAILED;
	}
}

/* Show it until the user quits; returns an exit code. */
int top_screen(struct top_state *top)
{
	int signals, err;
	SCREEN *screen;

	setlocale(LC_CTYPE, "");
	signals = end_signals();
	/* initscr() would end the program with a message of its own. */
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return failed("cannot draw on this terminal (TERM is '%s'); try 'fanfp top --once'",
			      getenv("TERM") ?: "");
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	err = loop(top, signals);
	endwin();
	delscreen(screen);
	return err;
}
