// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp top - show what handlers do, live or once
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "tool.h"
#include "top.h"

static const char usage[] =
	"Usage: fanfp top [OPTIONS]\n"
	"\n"
	"Show the events that handlers see a second, and what becomes of them: by\n"
	"group, handler, process or directory.\n"
	"\n"
	"  -i, --interval SEC   look every SEC seconds (1)\n"
	"      --view VIEW      start with groups, handlers, processes or directories\n"
	"      --sort COLUMN    by seen, sent, skipped, denied, errors, nested, unplaced\n"
	"                       or label\n"
	"      --once           look for SEC seconds, print all views, and end\n"
	"  -n, --rows N         with --once, only the first N of each\n"
	"  -j, --json           print JSON; with --once\n"
	"  -p, --pretty         print JSON with line breaks\n"
	"  -h, --help           show this\n"
	"\n"
	"Keys: g, h, p, d or Tab choose the view, < and > what it is sorted by, r\n"
	"reverses that, arrows scroll, q quits.\n";

static void out_row(const struct top_row *row, enum top_view view)
{
	int i;

	out_object(NULL);
	for (i = 0; i < top_views[view].n_counts; i++)
		out_rate(count_names[i], "%9.1f ", row->rates[i]);
	if (view == TOP_GROUPS || view == TOP_PROCESSES) {
		out_number("pid", NULL, row->pid);
		out_string("comm", NULL, row->comm);
	}
	if (view == TOP_GROUPS) {
		out_number("fd", NULL, row->fd);
		out_number("id", NULL, row->id);
	}
	if (view == TOP_HANDLERS)
		out_number("attached", NULL, row->attached);
	if (view == TOP_GROUPS || view == TOP_HANDLERS)
		out_string("handler", NULL, row->handler);
	out_string(view == TOP_DIRS ? "directory" : NULL, " %s\n", row->label);
	out_close();
}

static void out_view(const struct top_state *top, enum top_view view, long n)
{
	const struct top_rows *rows = &top->rows[view];
	size_t i;
	int c;

	out_text("\n%s, events/s:\n", top_views[view].name);
	for (c = 0; c < top_views[view].n_counts; c++)
		out_text("%9s ", count_names[c]);
	out_text(" %s\n", top_views[view].heading);
	out_list(top_views[view].name);
	for (i = 0; i < rows->count && (!n || i < (size_t)n); i++)
		out_row(&rows->list[i], view);
	out_close();
}

static int once(struct top_state *top, long n)
{
	struct pollfd signals = { .fd = end_signals(), .events = POLLIN };
	int view, err, i;

	/* Interrupted, it tells what it has seen so far. */
	poll(&signals, 1, top->interval * 1000);
	err = top_look(top);
	if (err)
		return err;
	out_object(NULL);
	out_rate("seconds", "in %.1f s, events/s:", top->seconds);
	out_object("total");
	for (i = 0; i < N_COUNTS; i++) {
		out_text("%s", i ? ", " : " ");
		out_rate(count_names[i], "%.1f ", top->total[i]);
		out_text("%s", count_names[i]);
	}
	out_close();
	out_text("\n");
	for (view = 0; view < N_TOP_VIEWS; view++) {
		if (top->events || view == TOP_GROUPS || view == TOP_HANDLERS)
			out_view(top, view, n);
	}
	out_number("lost", !top->lost ? NULL :
		   "\n%llu events more than there is room to tell apart.\n",
		   top->lost);
	out_close();
	err = out_end();
	if (!err && !top->events)
		err = failed("processes and directories are not counted: %s",
			     top->why_not);
	return err ?: sample_complete(&top->sample);
}

static int find_sort(const char *name)
{
	if (!strcmp(name, "label"))
		return TOP_BY_LABEL;
	return find_word("fanfp top", "column", name, count_names,
			 sizeof(count_names[0]), N_COUNTS);
}

int cmd_top(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "view", required_argument, NULL, 'v' },
		{ "sort", required_argument, NULL, 's' },
		{ "once", no_argument, NULL, '1' },
		{ "rows", required_argument, NULL, 'n' },
		COMMON_OPTIONS
	};
	struct top_state top = { .interval = 1 };
	bool is_once = false;
	int opt, code, number;
	long rows = 0;

	while ((opt = getopt_long(argc, argv, "i:n:jph", long_options, NULL)) != -1) {
		code = -1;
		switch (opt) {
		case 'i':
			code = count_option("top", "--interval", &top.interval);
			break;
		case 'v':
			number = find_word("fanfp top", "view", optarg,
					   &top_views[0].name,
					   sizeof(top_views[0]), N_TOP_VIEWS);
			if (number < 0)
				return EXIT_USAGE;
			top.view = number;
			break;
		case 's':
			top.sort = find_sort(optarg);
			if (top.sort < 0)
				return EXIT_USAGE;
			break;
		case '1':
			is_once = true;
			break;
		case 'n':
			code = count_option("top", "--rows", &rows);
			break;
		default:
			code = common_option(opt, usage);
		}
		if (code >= 0)
			return code;
	}
	if (optind < argc)
		return wrong_usage("top", "takes no '%s'", argv[optind]);
	if (options.json && !is_once)
		return wrong_usage("top", "--json needs --once");
	if (rows && !is_once)
		return wrong_usage("top", "--rows needs --once");
	if (!is_once && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return failed("there is no terminal to draw on; use 'fanfp top --once'");
	if (!fanfp_supported())
		return EXIT_FAILED;

	top.events = top_events_open(&top.why_not);
	code = top_look(&top);
	if (!code)
		code = is_once ? once(&top, rows) : top_screen(&top);
	top_free(&top);
	return code;
}
