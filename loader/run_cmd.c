// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp run - start a program, and attach rules to each fanotify group of its
 *
 * A seccomp filter stops the program and its children whenever one of them is about
 * to add a mark. A group has no event before its first mark, so that is early
 * enough: fanfp takes a copy of the descriptor, attaches to the group if nothing
 * is attached yet, and lets the call go on. The group is the program's own, made
 * with the program's rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fanfp.h"
#include "rules_cmd.h"
#include "tool.h"

/* Not in the kernel headers of Debian 12. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV	(1UL << 5)
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD	O_EXCL
#endif

/* What programs for another word size call fanotify_mark(2) by. */
#if defined(__x86_64__)
#define NATIVE_ARCH	AUDIT_ARCH_X86_64
#define COMPAT_ARCH	AUDIT_ARCH_I386
#define COMPAT_MARK	339
#elif defined(__aarch64__)
#define NATIVE_ARCH	AUDIT_ARCH_AARCH64
#define COMPAT_ARCH	AUDIT_ARCH_ARM
#define COMPAT_MARK	368
#else
#error "fanfp run: which architecture is this?"
#endif

static const char usage[] =
	"Usage: fanfp run --rules FILE [--pin DIR] [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Run COMMAND, and have the rules in FILE decide about the events of each fanotify\n"
	"group that it or a child of it makes, before the first one comes. fanfp ends when\n"
	"they all have ended, with the status of COMMAND.\n"
	"\n"
	"  --rules FILE   see fanfp-rules(5); SIGUSR1 has it read again\n"
	"  --pin DIR      leave the rules attached when fanfp ends, pinned in DIR, in a\n"
	"                 bpf file system\n"
	"  -h, --help     show this\n"
	"\n"
	"Exit status: that of COMMAND, or 128 and the number of the signal that killed it;\n"
	"126 if it can't be run, 127 if it is not there, 1 and 2 for fanfp itself.\n";

/* A group that has a handler. */
struct attached {
	uint64_t id;			/* of the attachment */
	struct fanfp_link *link;	/* owned; NULL if it is not ours */
	pid_t tid;			/* who marked first, and by which number */
	int fd;
};

struct runner {
	const char *file;
	struct fanfp_rules *rules;
	const char *pin;
	unsigned int pinned;
	int listener;
	struct attached *list;
	size_t count;
};

/* Have fanotify_mark(2) stop, if it adds a mark; returns a listener, or -1. */
static int install_filter(void)
{
	const unsigned int nr = offsetof(struct seccomp_data, nr);
	const unsigned int arch = offsetof(struct seccomp_data, arch);
	/* The second argument, of which the lower half is first. */
	const unsigned int flags = offsetof(struct seccomp_data, args[1]);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fanotify_mark, 3, 5),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, COMPAT_ARCH, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, COMPAT_MARK, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FAN_MARK_ADD, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	/* Once fanfp has begun, only a kill ends the call: it is not done twice. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER |
		       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
}

static void die(const char *what, int code)
{
	fprintf(stderr, "fanfp: %s: %s\n", what, strerror(errno));
	_exit(code);
}

/* The child: filter itself, wait until the listener is taken, become COMMAND. */
static void become(char **argv, int to_parent, int from_parent,
		   const sigset_t *signals)
{
	int listener = install_filter();
	char byte;

	if (listener < 0)
		die("seccomp", EXIT_FAILED);
	if (write(to_parent, &listener, sizeof(listener)) != sizeof(listener) ||
	    read(from_parent, &byte, 1) != 1)
		_exit(EXIT_FAILED);
	close(listener);
	sigprocmask(SIG_SETMASK, signals, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	die(argv[0], errno == ENOENT ? 127 : 126);
}

/* Start COMMAND, and take its listener; returns its pid, or -1. */
static pid_t start(struct runner *runner, char **argv, const sigset_t *signals)
{
	int up[2], down[2], theirs, pidfd;
	pid_t child;

	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		return -1;
	child = fork();
	if (!child) {
		close(up[0]);
		close(down[1]);
		become(argv, up[1], down[0], signals);
	}
	close(up[1]);
	close(down[0]);
	if (child < 0)
		return -1;
	runner->listener = -1;
	pidfd = syscall(SYS_pidfd_open, child, 0);
	/* Without it, the child has said why. */
	if (read(up[0], &theirs, sizeof(theirs)) == sizeof(theirs))
		runner->listener = syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	close(pidfd);
	close(up[0]);
	if (runner->listener < 0) {
		close(down[1]);
		waitpid(child, NULL, 0);
		return -1;
	}
	if (write(down[1], "", 1) != 1)
		kill(child, SIGKILL);
	close(down[1]);
	return child;
}

/* A copy of a thread's descriptor, or a negative errno. */
static int get_fd(pid_t tid, int fd)
{
	int pidfd, ours;

	pidfd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	if (pidfd < 0)
		return -errno;
	ours = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (ours < 0)
		ours = -errno;
	close(pidfd);
	return ours;
}

/* Leave it attached when fanfp ends; returns 0 or a negative errno. */
static int pin(struct runner *runner, struct fanfp_link *link, pid_t tid)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%d-%u", runner->pin, (int)tid,
		 runner->pinned++);
	return fanfp_link__pin(link, path);
}

/* Note an attachment; returns 0 or a negative errno. */
static int note(struct runner *runner, const struct attached *attached)
{
	struct attached *list;

	list = reallocarray(runner->list, runner->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	list[runner->count++] = *attached;
	runner->list = list;
	return 0;
}

/* Which attachment a group has, or 0; a negative errno if it is no group. */
static int64_t attachment_of(int group)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	/* It can be any file. */
	fanfp_print_fn print = fanfp_set_print(NULL);
	int err = fanfp_group__info(group, &info);

	fanfp_set_print(print);
	return err == -ENOENT ? 0 : err ?: (int64_t)info.id;
}

/* Attach to a group that has nothing attached; returns 0 or a negative errno. */
static int attach(struct runner *runner, int group, pid_t tid, int fd)
{
	struct attached attached = { .tid = tid, .fd = fd };
	char comm[32];
	int err = 0;

	attached.link = fanfp_rules__attach(runner->rules, group, NULL);
	if (!attached.link)
		return -errno;
	attached.id = attachment_of(group);
	if (runner->pin)
		err = pin(runner, attached.link, tid);
	if (!err)
		err = note(runner, &attached);
	if (err) {
		fanfp_link__destroy(attached.link);
		return err;
	}
	process_name(tid, comm, sizeof(comm));
	if (options.verbose)
		fprintf(stderr, "fanfp: attached '%s' to fd %d of process %d (%s)\n",
			runner->file, fd, (int)tid, comm);
	return 0;
}

/* Say once that somebody else has attached to a group. */
static void see_attached(struct runner *runner, uint64_t id, pid_t tid, int fd)
{
	const struct attached other = { .id = id };
	size_t i;

	for (i = 0; i < runner->count; i++) {
		if (runner->list[i].id == id)
			return;
	}
	failed("process %d: file descriptor %d has a handler of its own, so no rules",
	       (int)tid, fd);
	note(runner, &other);
}

/*
 * See to a group that is about to be marked. Returns 0, or a negative errno that
 * the call is to fail with: nothing may come past the rules.
 */
static int see_to(struct runner *runner, const struct seccomp_notif *call)
{
	int fd = call->data.args[0], group, err = 0;
	int64_t id;

	group = get_fd(call->pid, fd);
	/* No such descriptor: the call will say so itself. */
	if (group == -EBADF)
		return 0;
	/* Killed, and another may have its number. */
	if (ioctl(runner->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id)) {
		if (group >= 0)
			close(group);
		return -EINTR;
	}
	if (group < 0) {
		failed("process %d: file descriptor %d can't be had: %s",
		       (int)call->pid, fd, strerror(-group));
		return -EPERM;
	}
	id = attachment_of(group);
	if (!id)
		err = attach(runner, group, call->pid, fd);
	else if (id > 0)
		see_attached(runner, id, call->pid, fd);
	else if (id != -EINVAL)
		err = id;
	close(group);
	return err;
}

static void notified(struct runner *runner)
{
	struct seccomp_notif call = {};
	struct seccomp_notif_resp response = {};

	if (ioctl(runner->listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return;		/* killed meanwhile */
	response.id = call.id;
	response.error = see_to(runner, &call);
	if (!response.error)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(runner->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Have the link know its group, if that still has the number it had. */
static int find_group(const struct attached *attached)
{
	int group = get_fd(attached->tid, attached->fd);

	if (group >= 0 && (attachment_of(group) != (int64_t)attached->id ||
			   fanfp_link__set_group(attached->link, group))) {
		close(group);
		return -1;
	}
	return group;
}

/* Detach, unless that is pinned. */
static void let_go(struct attached *attached)
{
	int group = attached->link ? find_group(attached) : -1;

	fanfp_link__destroy(attached->link);
	if (group >= 0)
		close(group);
}

/* Let go of what was attached to groups that are closed. */
static void forget_closed(struct runner *runner)
{
	size_t i = 0;

	while (i < runner->count) {
		struct pollfd fd = { .fd = -1 };

		if (runner->list[i].link)
			fd.fd = fanfp_link__fd(runner->list[i].link);
		if (poll(&fd, 1, 0) == 1) {
			let_go(&runner->list[i]);
			runner->list[i] = runner->list[--runner->count];
		} else {
			i++;
		}
	}
}

/* Read the rules again; if there is a mistake in them, the old ones stay. */
static void read_again(struct runner *runner)
{
	struct fanfp_rules *rules = rules_read(runner->file);
	size_t i, ours = 0, changed = 0;
	int group;

	if (!rules) {
		failed("%s: not changed", runner->file);
		return;
	}
	forget_closed(runner);
	for (i = 0; i < runner->count; i++) {
		struct attached *to = &runner->list[i];

		if (!to->link)
			continue;
		ours++;
		group = find_group(to);
		changed += !fanfp_rules__update(to->link, rules);
		if (group >= 0)
			close(group);
	}
	fprintf(stderr, "fanfp: changed the rules of %zu of %zu groups to what is in '%s' now\n",
		changed, ours, runner->file);
	fanfp_rules__free(runner->rules);
	runner->rules = rules;
}

/* Take a signal: for the rules, for COMMAND, or that it has ended. */
static void take_signal(struct runner *runner, int signals, pid_t child,
			int *status)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1)
		read_again(runner);
	else if (info.ssi_signo == SIGCHLD)
		waitpid(child, status, WNOHANG);
	else if (*status >= 0)
		close(runner->listener);
	else if (info.ssi_code != SI_KERNEL)	/* which COMMAND got too */
		kill(child, info.ssi_signo);
}

/* Attach until nobody is left who could make a group; returns an exit code. */
static int serve(struct runner *runner, int signals, pid_t child)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = runner->listener, .events = POLLIN },
	};
	int status = -1;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return failed("poll: %s", strerror(errno));
		if (fds[0].revents)
			take_signal(runner, signals, child, &status);
		if (fds[1].revents & POLLIN)
			notified(runner);
		else if (fds[1].revents)
			break;
	}
	if (status < 0)
		waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(struct runner *runner, char **argv)
{
	sigset_t set, before;
	int signals, code;
	pid_t child;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	child = start(runner, argv, &before);
	if (child < 0)
		return failed("%s: not run", argv[0]);
	code = serve(runner, signals, child);
	for (i = 0; i < runner->count; i++)
		let_go(&runner->list[i]);
	free(runner->list);
	return code;
}

int cmd_run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "rules", required_argument, NULL, 'r' },
		{ "pin", required_argument, NULL, 'P' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct runner runner = {};
	int opt, code;

	while ((opt = getopt_long(argc, argv, "+h", long_options, NULL)) != -1) {
		switch (opt) {
		case 'r':
			runner.file = optarg;
			break;
		case 'P':
			runner.pin = optarg;
			break;
		default:
			return common_option(opt, usage);
		}
	}
	if (!runner.file)
		return wrong_usage("run", "--rules is needed");
	if (optind == argc)
		return wrong_usage("run", "a command is needed");
	if (!fanfp_supported())
		return EXIT_FAILED;
	runner.rules = rules_read(runner.file);
	if (!runner.rules)
		return EXIT_FAILED;
	code = run(&runner, argv + optind);
	fanfp_rules__free(runner.rules);
	return code;
}
