// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp stat - print what handlers have done
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "openmetrics.h"
#include "output.h"
#include "sample.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp stat [OPTIONS]\n"
	"\n"
	"Print the counts of each handler that can be attached by name, and of each\n"
	"group that has a handler.\n"
	"\n"
	"  -i, --interval SEC   again every SEC seconds, with what happened a second\n"
	"  -n, --count N        N times; every second if there is no -i\n"
	"      --openmetrics    as OpenMetrics text, for Prometheus\n"
	"      --output FILE    that to FILE, which is replaced when all is written\n"
	"  -j, --json           print JSON, an object each time\n"
	"  -p, --pretty         print JSON with line breaks\n"
	"  -h, --help           show this\n";

struct stat_options {
	long interval;		/* or 0 for once */
	long count;		/* or 0 for no end */
	bool openmetrics;
	const char *output;
};

static void out_row_counts(const struct sample_row *row, bool rates)
{
	char key[32];
	int i;

	for (i = 0; i < N_COUNTS; i++) {
		out_number(count_names[i], rates ? NULL : " %10llu",
			   row->counts.of[i]);
		snprintf(key, sizeof(key), "%s_rate", count_names[i]);
		if (rates)
			out_rate(key, " %10.1f", row->rates[i]);
	}
	out_text("\n");
}

static void out_heading(const char *what, int width, bool rates)
{
	int i;

	out_text("%-*s", width, what);
	for (i = 0; i < N_COUNTS; i++)
		out_text(rates ? " %8s/s" : " %10s", count_names[i]);
	out_text("\n");
}

static void out_sample(const struct sample *sample, bool rates)
{
	const struct sample_row *row;
	struct timespec now;

	out_object(NULL);
	clock_gettime(CLOCK_REALTIME, &now);
	out_number("time", NULL, now.tv_sec);

	out_heading("HANDLER                         ATTACHED", 40, rates);
	out_list("handlers");
	for (row = sample->handlers.list;
	     row < sample->handlers.list + sample->handlers.count; row++) {
		out_object(NULL);
		out_string("handler", "%-31s", row->handler);
		out_number("attached", " %8llu", row->attached);
		out_row_counts(row, rates);
		out_close();
	}
	out_close();

	out_text("\n");
	out_heading("    PID PROCESS          FD ID   HANDLER", 60, rates);
	out_list("groups");
	for (row = sample->groups.list;
	     row < sample->groups.list + sample->groups.count; row++) {
		if (!*row->handler)
			continue;
		out_object(NULL);
		out_number("pid", "%7llu", row->pid);
		out_string("comm", " %-15s", row->comm);
		out_number("fd", " %3llu", row->fd);
		out_number("id", " %-4llu", row->id);
		out_string("handler", " %-27s", row->handler);
		out_row_counts(row, rates);
		out_close();
	}
	out_close();
	out_close();
}

/* Wait for @seconds; returns true if it is to end. */
static bool wait_interval(int signals, long seconds)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };

	return poll(&fd, 1, seconds * 1000) != 0;
}

/* Look once and print; returns an exit code. */
static int stat_once(const struct stat_options *opts, struct sample *sample,
		     const struct sample *before)
{
	int err = sample_take(sample);

	if (err)
		return err;
	if (before)
		sample_rates(sample, before);
	if (opts->openmetrics)
		return openmetrics_write(sample, opts->output);
	out_sample(sample, before);
	return out_end();
}

static int stat_repeat(const struct stat_options *opts)
{
	struct sample samples[2] = {};
	int signals = end_signals();
	long i = 0;
	int err;

	/* Rates are since the time before. */
	err = sample_take(&samples[0]);
	while (!err && !wait_interval(signals, opts->interval)) {
		struct sample *now = &samples[(i + 1) % 2];

		sample_free(now);
		err = stat_once(opts, now, &samples[i % 2]);
		if (!err && !options.json && !opts->openmetrics)
			err = putchar('\n') == EOF;
		if (++i == opts->count)
			break;
	}
	if (!err)
		err = sample_complete(&samples[i % 2]);
	sample_free(&samples[0]);
	sample_free(&samples[1]);
	return err;
}

int cmd_stat(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "openmetrics", no_argument, NULL, 'm' },
		{ "output", required_argument, NULL, 'o' },
		COMMON_OPTIONS
	};
	struct stat_options opts = {};
	struct sample sample;
	int opt, code;

	while ((opt = getopt_long(argc, argv, "i:n:jph", long_options, NULL)) != -1) {
		code = -1;
		switch (opt) {
		case 'i':
			code = count_option("stat", "--interval", &opts.interval);
			break;
		case 'n':
			code = count_option("stat", "--count", &opts.count);
			break;
		case 'm':
			opts.openmetrics = true;
			break;
		case 'o':
			opts.output = optarg;
			break;
		default:
			code = common_option(opt, usage);
		}
		if (code >= 0)
			return code;
	}
	if (optind < argc)
		return wrong_usage("stat", "takes no '%s'", argv[optind]);
	if (opts.output && !opts.openmetrics)
		return wrong_usage("stat", "--output is for --openmetrics");
	if (opts.openmetrics && options.json)
		return wrong_usage("stat", "--openmetrics and --json exclude each other");
	if (opts.count && !opts.interval)
		opts.interval = 1;
	if (opts.interval)
		return stat_repeat(&opts);
	code = stat_once(&opts, &sample, NULL);
	if (!code)
		code = sample_complete(&sample);
	sample_free(&sample);
	return code;
}
