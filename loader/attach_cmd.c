// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp attach - attach a handler to a fanotify group of a running process
 *
 * The kernel detaches a link when fanfp ends, however that is. What is attached
 * by name, and the marks of roots, it leaves: then a child does the work, which
 * is told when its parent is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fanfp.h"
#include "mark.h"
#include "named.h"
#include "output.h"
#include "rules_cmd.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp attach HANDLER --pid PID [OPTIONS]\n"
	"       fanfp attach --rules FILE --pid PID [OPTIONS]\n"
	"\n"
	"Attach HANDLER to a fanotify file descriptor of process PID, until fanfp is\n"
	"interrupted or the process closes the descriptor. HANDLER is a file (a path,\n"
	"or a name with a dot), a registered handler or a built-in one.\n"
	"\n"
	"  --rules FILE       decide by the rules in FILE: see fanfp-rules(5); SIGUSR1\n"
	"                     has it read again\n"
	"  --pid PID          the process\n"
	"  --fd FD            its file descriptor, if it has several of fanotify\n"
	"  --args TEXT        arguments of the handler\n"
	"  --args-file FILE   the same, from a file\n"
	"  --include DIR      pass on what is below DIR (for 'subtree'; repeatable)\n"
	"  --exclude-dir DIR  skip what is below DIR (for 'subtree'; repeatable)\n"
	"  --pin PATH         leave it attached, pinned at PATH in a bpf file system\n"
	"  -j, --json         print JSON, an object for each thing that is said\n"
	"  -p, --pretty       print JSON with line breaks\n"
	"  -h, --help         show this\n";

#define MAX_ROOTS	64

struct attachment {
	const char *handler;		/* or the file of the rules */
	struct fanfp_rules *rules;	/* or NULL */
	long pid, fd;
	int pidfd;
	bool by_name;
	struct fanfp_link *link;	/* unless by_name */
	const char *pin;
	struct handler_args args;
	struct {
		const char *dir;
		enum fanfp_root root;
		bool added;	/* ours to remove */
	} roots[MAX_ROOTS];
	int n_roots;
};

static void remove_roots(struct attachment *att, int group, int count)
{
	while (count--) {
		if (att->roots[count].added)
			fanfp_group__remove_root(group, att->roots[count].dir,
						 att->roots[count].root);
	}
}

static int attach_handler(struct attachment *att, int group)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts,
		.args = att->args.bytes,
		.args_size = att->args.size,
	);
	struct fanfp_handler *handler;
	int err = 0;

	if (att->by_name)
		return fanfp_group__attach(group, att->handler, &opts);

	if (att->rules) {
		att->link = fanfp_rules__attach(att->rules, group, &opts);
		err = att->link ? 0 : -errno;
	} else {
		handler = open_handler(att->handler);
		if (!handler)
			return -errno;
		att->link = fanfp_handler__attach(handler, group, &opts);
		err = att->link ? 0 : -errno;
		fanfp_handler__close(handler);
	}
	if (!err && att->pin) {
		err = fanfp_link__pin(att->link, att->pin);
		if (err) {
			fanfp_link__destroy(att->link);
			att->link = NULL;
		}
	}
	return err;
}

/* Attach with all its roots or not at all; returns 0 or a negative errno. */
static int attach(struct attachment *att, int group)
{
	int i, err;

	mark_remove_stale(group);
	for (i = 0; i < att->n_roots; i++) {
		err = fanfp_group__add_root(group, att->roots[i].dir,
					    att->roots[i].root);
		if (err < 0) {
			remove_roots(att, group, i);
			return err;
		}
		att->roots[i].added = err;
	}
	err = attach_handler(att, group);
	if (err)
		remove_roots(att, group, att->n_roots);
	return err;
}

static void detach(struct attachment *att)
{
	int group = -1;

	/* Not while it ran: our copy would have kept the group open. */
	if (att->by_name || att->n_roots || att->rules)
		group = fanfp_group__open_pid(att->pid, att->fd);
	if (att->rules && group >= 0)
		fanfp_link__set_group(att->link, group);

	/* Before the roots go, or the handler would skip everything. */
	if (att->pin)
		fanfp_link__unpin(att->link);
	fanfp_link__destroy(att->link);
	att->link = NULL;
	if (group < 0)
		return;
	if (att->by_name)
		fanfp_group__detach(group, att->handler);
	remove_roots(att, group, att->n_roots);
	close(group);
}

/* Tell what has happened since; the attachment does not depend on that. */
static void say(const char *key, const char *format, const char *what)
{
	out_object(NULL);
	out_string(key, format, what);
	out_close();
	out_end();
}

/* Read the rules again; if there is a mistake in them, the old ones stay. */
static void read_again(struct attachment *att, int signals)
{
	struct signalfd_siginfo info;
	struct fanfp_rules *rules;
	int group;

	while (read(signals, &info, sizeof(info)) > 0)
		;
	rules = rules_read(att->handler);
	group = rules ? fanfp_group__open_pid(att->pid, att->fd) : -1;
	if (group < 0 || fanfp_link__set_group(att->link, group) ||
	    fanfp_rules__update(att->link, rules))
		failed("%s: not changed", att->handler);
	else
		say("changed", "changed to what is in '%s' now\n", att->handler);
	fanfp_rules__free(rules);
	if (group >= 0)
		close(group);
}

/* Wait for a signal or the end of the group; returns an exit code. */
static int wait_for_end(struct attachment *att, int signals, int changes)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		/* A link knows better: a child may have the group too. */
		{ .fd = att->link ? -1 : att->pidfd, .events = POLLIN },
		{ .fd = att->link ? fanfp_link__fd(att->link) : -1 },
		{ .fd = changes, .events = POLLIN },
	};

	do {
		while (poll(fds, 4, -1) < 0) {
			if (errno != EINTR)
				return failed("poll: %s", strerror(errno));
		}
		if (fds[3].revents)
			read_again(att, changes);
	} while (!fds[0].revents && !fds[1].revents && !fds[2].revents);
	if (fds[2].revents & POLLHUP) {
		say("detached", "detached: %s\n", "the fanotify group was closed");
	} else if (fds[1].revents) {
		say("detached", "detached: %s\n",
		    "the process has ended, and its group if no other has that");
	} else {
		detach(att);
		return 0;
	}
	fanfp_link__destroy(att->link);
	return 0;
}

/* Returns 0, or an exit code with a message. */
static int say_attached(const struct attachment *att, int group)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	/* If somebody has detached it by now, it was attached all the same. */
	bool there = !fanfp_group__info(group, &info);

	out_object(NULL);
	out_string(NULL, "attached '%s'", att->handler);
	out_string("handler", NULL, there ? info.handler : NULL);
	out_string("rules", NULL, att->rules ? att->handler : NULL);
	if (there)
		out_number("id", NULL, info.id);
	out_bool("link", NULL, att->link);
	out_string("path", NULL, att->pin);
	out_named("to", att->pid, att->fd);
	out_close();
	return out_end_or("; not attached");
}

static int run(struct attachment *att)
{
	int group, signals, changes, err;

	signals = end_signals();
	changes = att->rules ? rules_signal() : -1;
	att->pidfd = syscall(SYS_pidfd_open, att->pid, 0);
	if (att->pidfd < 0)
		return failed("process %ld: %s", att->pid, strerror(errno));
	/* Once and for all: it may have another by the time of detaching. */
	if (att->fd < 0)
		att->fd = fanfp_group__find_fd(att->pid);
	if (att->fd < 0)
		return EXIT_FAILED;
	group = fanfp_group__open_pid(att->pid, att->fd);
	if (group < 0)
		return EXIT_FAILED;
	if (attach(att, group)) {
		close(group);
		return EXIT_FAILED;
	}
	err = say_attached(att, group);
	close(group);
	if (err) {
		detach(att);
		return err;
	}
	if (att->pin) {
		fanfp_link__destroy(att->link);
		return 0;
	}
	return wait_for_end(att, signals, changes);
}

/* Run in a child that ends when this process is killed; returns an exit code. */
static int run_in_child(struct attachment *att)
{
	pid_t parent = getpid(), child;
	int sig, status;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);

	child = fork();
	if (child < 0)
		return failed("fork: %s", strerror(errno));
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		/* It may have been killed before that. */
		exit(getppid() == parent ? run(att) : EXIT_FAILED);
	}
	while (!waitpid(child, &status, WNOHANG)) {
		if (!sigwait(&set, &sig) && sig != SIGCHLD)
			kill(child, sig);
	}
	if (WIFSIGNALED(status))
		return failed("killed by signal %d; 'fanfp group list' shows what is still attached",
			      WTERMSIG(status));
	return WEXITSTATUS(status);
}

int cmd_attach(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "rules", required_argument, NULL, 'r' },
		{ "pid", required_argument, NULL, 'P' },
		{ "fd", required_argument, NULL, 'f' },
		{ "args", required_argument, NULL, 'a' },
		{ "args-file", required_argument, NULL, 'A' },
		{ "include", required_argument, NULL, 'i' },
		{ "exclude-dir", required_argument, NULL, 'x' },
		{ "pin", required_argument, NULL, 'l' },
		COMMON_OPTIONS
	};
	static struct attachment att = { .pid = -1, .fd = -1 };
	const char *rules = NULL;
	int opt, err;

	while ((opt = getopt_long(argc, argv, "jph", long_options, NULL)) != -1) {
		err = group_option("attach", opt, &att.pid, &att.fd);
		if (err < 0)
			err = args_option(opt, &att.args);
		if (err > 0)
			return err;
		if (!err)
			continue;
		switch (opt) {
		case 'r':
			rules = optarg;
			break;
		case 'i':
		case 'x':
			if (att.n_roots == MAX_ROOTS)
				return failed("more than %d directories; mark them with fanotify_mark(2)",
					      MAX_ROOTS);
			att.roots[att.n_roots].dir = optarg;
			att.roots[att.n_roots++].root =
				opt == 'i' ? FANFP_INCLUDE : FANFP_EXCLUDE;
			break;
		case 'l':
			att.pin = optarg;
			break;
		default:
			err = common_option(opt, usage);
			if (err >= 0)
				return err;
		}
	}
	if (rules && (optind != argc || att.args.size))
		return wrong_usage("attach", "--rules takes the place of a handler and its arguments");
	if (!rules && optind != argc - 1)
		return wrong_usage("attach", "one handler is needed, or --rules");
	att.handler = rules ?: argv[optind];
	if (att.pid < 0)
		return wrong_usage("attach", "--pid is needed");
	if (rules) {
		att.rules = rules_read(rules);
		if (!att.rules)
			return EXIT_FAILED;
	}
	if (!fanfp_supported())
		return EXIT_FAILED;
	att.by_name = !rules && is_registered(att.handler);
	if (att.by_name && att.pin)
		return wrong_usage("attach", "'%s' is registered, and so stays attached until the group is closed; --pin is for others",
				   att.handler);
	/* Instead of the end in the middle: what was attached is undone. */
	signal(SIGPIPE, SIG_IGN);
	if (!att.pin && (att.by_name || att.n_roots || att.rules))
		return run_in_child(&att);
	return run(&att);
}
