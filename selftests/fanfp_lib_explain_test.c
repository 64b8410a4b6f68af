// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fanfp_rules__explain() says, against what the kernel does
 *
 * Random rules, and random things that processes of several kinds do: the events
 * of each are explained, and the two groups that have the rules must see just what
 * that says. FP_SEED and FP_LISTS in the environment choose another run, as for
 * oracle_test:
 *
 *	run-tests --append 'FP_SEED=7 FP_LISTS=5' ...
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"
#include "lib_rules.h"

#include <sys/sendfile.h>

#define LISTS		60
#define STEPS		30	/* of each list */
#define SEED		20250114

#define CGROUP		"/tmp/fp.cgroup"
#define ACTORS		5
#define DIRS		7
#define FILES		14

#define NOTIFICATIONS	(FAN_OPEN | FAN_ACCESS | FAN_MODIFY | FAN_CLOSE |	\
			 FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM |	\
			 FAN_MOVED_TO | FAN_RENAME | FAN_MOVE_SELF |	\
			 FAN_DELETE_SELF)
#define PERMISSIONS	(FAN_OPEN_PERM | FAN_ACCESS_PERM)

/* A process that does what it is told to. */
struct actor {
	pid_t pid;
	int orders, answers;	/* pipes */
};

enum action { OPEN, READ, WRITE, MAKE, REMOVE, MOVE, ACTIONS };

struct order {
	enum action action;
	int flags;
	char path[160], to[160];
};

struct world {
	struct fp_dir dir;
	char dirs[DIRS][96];
	char files[FILES][128];
	const char *included[3], *excluded[2];	/* of these, NULL at the end */
	char copy[64];			/* another executable */
	struct actor actors[ACTORS];
	int asks, tells;		/* groups: permissions, notifications */
	struct fanfp_link *asked, *told;
	unsigned long long random;
	char rules[2048];
	struct fanfp_rules *parsed;
	/* What the order at hand must and may bring. */
	__u64 expected;
	int asked_for, denied;
	unsigned long events, decided[4];
};

static const char *const dir_names[DIRS] = {
	"", "/d", "/d/e", "/d/e/f", "/x y", "/x y/d", "/g",
};

static const char *const file_names[] = {
	"a.c", "b.c", "a.o", "lib.so", "x", "xx", "[x]", "a b", "-", "ab",
};

static unsigned int rnd(struct world *w, unsigned int below)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (w->random >> 33) % below;
}

#define PICK(_w, _array)	((_array)[rnd(_w, sizeof(_array) / sizeof((_array)[0]))])

/* --- rules ---------------------------------------------------------------- */

static const char *random_value(struct world *w, const char *key, char *to,
				size_t size)
{
	static const char *const globs[] = {
		"*", "*.c", "a*", "?", "??", "[a-c]*", "[!a]*", "*x*x", "x*",
		"a.c", "\"a b\"", "\\[x\\]", "[]x[]*", "*.?", "*a*b*",
	};
	static const char *const comms[] = {
		"cc1", "make", "ba*", "*a*", "?c1", "[c-m]*",
	};
	static const char *const events[] = {
		"open", "access", "modify", "close", "close_write", "create",
		"delete", "move", "moved_to", "rename", "move_self",
		"delete_self", "open_perm", "access_perm", "perm", "ondir",
	};
	static const char *const opens[] = {
		"read", "write", "append", "trunc", "create", "exec",
	};
	static const char *const ids[] = { "0", "33", "1000-2000", "1", "0-33" };
	static const char *const cgroups[] = {
		CGROUP "/fp", "/fp/sub", "/fp2", "/",
	};

	if (!strcmp(key, "subtree"))
		snprintf(to, size, "\"%s\"", w->dirs[rnd(w, DIRS)]);
	else if (!strcmp(key, "name"))
		snprintf(to, size, "%s", PICK(w, globs));
	else if (!strcmp(key, "event"))
		snprintf(to, size, "%s", PICK(w, events));
	else if (!strcmp(key, "open"))
		snprintf(to, size, "%s", PICK(w, opens));
	else if (!strcmp(key, "comm"))
		snprintf(to, size, "%s", PICK(w, comms));
	else if (!strcmp(key, "pid"))
		snprintf(to, size, "%d", w->actors[rnd(w, ACTORS)].pid);
	else if (!strcmp(key, "cgroup"))
		snprintf(to, size, "%s", PICK(w, cgroups));
	else if (!strcmp(key, "exe"))
		snprintf(to, size, "%s", rnd(w, 2) ? w->copy : "/proc/self/exe");
	else
		snprintf(to, size, "%s", PICK(w, ids));
	return to;
}

static int random_cond(struct world *w, char *to, size_t size)
{
	static const char *const keys[] = {
		"subtree", "subtree", "inside", "name", "name", "event",
		"event", "open", "comm", "pid", "uid", "gid", "cgroup", "exe",
	};
	const char *key = PICK(w, keys);
	int values = 1 + rnd(w, 3), len, i;
	char value[160];

	len = snprintf(to, size, " %s%s", rnd(w, 10) < 3 ? "!" : "", key);
	if (!strcmp(key, "inside"))
		return len;
	for (i = 0; i < values; i++)
		len += snprintf(to + len, size - len, "%c%s", i ? ',' : '=',
				random_value(w, key, value, sizeof(value)));
	return len;
}

static int random_verdict(struct world *w, char *to, size_t size)
{
	static const char *const verdicts[] = {
		"send", "send", "skip", "skip", "allow", "deny", "deny=EACCES",
		"deny=EBUSY", "deny=EDQUOT", "deny=EIO",
	};

	return snprintf(to, size, "%s", PICK(w, verdicts));
}

/* Make rules, until they are some without a mistake. */
static void random_rules(struct world *w)
{
	fanfp_print_fn before = fanfp_set_print(NULL);
	char *to = w->rules;
	size_t size = sizeof(w->rules);
	int rules, conds, len;

	do {
		len = 0;
		for (rules = 1 + rnd(w, 6); rules; rules--) {
			len += random_verdict(w, to + len, size - len);
			for (conds = rnd(w, 4); conds; conds--)
				len += random_cond(w, to + len, size - len);
			len += snprintf(to + len, size - len, "\n");
		}
		if (rnd(w, 2)) {
			len += snprintf(to + len, size - len, "default ");
			len += random_verdict(w, to + len, size - len);
			len += snprintf(to + len, size - len, "\n");
		}
		w->parsed = parse_rules(w->rules);
	} while (!w->parsed);
	fanfp_set_print(before);
}

/* --- what is done ------------------------------------------------------------ */

static int obey(const struct order *order)
{
	char byte = 'x';
	int fd, err = 0;

	switch (order->action) {
	case MAKE:
		return mkdir(order->path, 0777) ? errno : 0;
	case REMOVE:
		return rmdir(order->path) ? errno : 0;
	case MOVE:
		return rename(order->path, order->to) ? errno : 0;
	default:
		break;
	}
	fd = open(order->path, order->flags | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno;
	if (order->action == READ && read(fd, &byte, 1) < 0)
		err = errno;
	if (order->action == WRITE && write(fd, &byte, 1) < 0)
		err = errno;
	close(fd);
	return err;
}

static void act(int orders, int answers)
{
	struct order order;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = 0;
	if (write(answers, &err, sizeof(err)) != sizeof(err))
		_exit(4);
	while (read(orders, &order, sizeof(order)) == sizeof(order)) {
		err = obey(&order);
		if (write(answers, &err, sizeof(err)) != sizeof(err))
			break;
	}
	_exit(0);
}

static int join_cgroup(const char *name)
{
	char path[128];
	int fd, len;

	snprintf(path, sizeof(path), CGROUP "%s/cgroup.procs", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	len = dprintf(fd, "%d", getpid());
	close(fd);
	return len > 0 ? 0 : -EIO;
}

/* The executable of an actor is this one, or a copy, which execs into main(). */
static void become(const struct world *w, int i, int orders, int answers)
{
	static const struct {
		const char *comm, *cgroup;
		uid_t uid;
		gid_t gid;
		bool copy;
	} kinds[ACTORS] = {
		{ "make", "", 0, 0, false },
		{ "cc1", "/fp", 0, 33, false },
		{ "bash", "/fp/sub", 1000, 1000, false },
		{ "cc1", "/fp2", 33, 0, true },
		{ "cat", "", 0, 2000, true },
	};
	char numbers[5][16];

	if (join_cgroup(kinds[i].cgroup))
		_exit(1);
	snprintf(numbers[0], 16, "%d", orders);
	snprintf(numbers[1], 16, "%d", answers);
	snprintf(numbers[2], 16, "%d", kinds[i].uid);
	snprintf(numbers[3], 16, "%d", kinds[i].gid);
	execl(kinds[i].copy ? w->copy : "/proc/self/exe", "actor", numbers[0],
	      numbers[1], numbers[2], numbers[3], kinds[i].comm, NULL);
	_exit(2);
}

/* Before the harness sees the arguments. */
__attribute__((constructor))
static void be_an_actor(int argc, char **argv)
{
	if (argc != 6 || strcmp(argv[0], "actor"))
		return;
	prctl(PR_SET_NAME, argv[5]);
	if (setresgid(-1, atoi(argv[4]), -1) || setresuid(-1, atoi(argv[3]), -1))
		_exit(3);
	/* That made /proc/PID another user's. */
	prctl(PR_SET_DUMPABLE, 1);
	act(atoi(argv[1]), atoi(argv[2]));
}

/* --- what comes of it ----------------------------------------------------------- */

/* Take what an event of the order will be; false if it ends with that. */
static bool expect(struct world *w, const struct actor *actor, __u64 event,
		   const char *path, const char *to, uint32_t open)
{
	LIBFANFP_OPTS(fanfp_explain_opts, opts,
		.event = event,
		.path = path,
		.new_path = to,
		.open = open,
		.pid = actor->pid,
		.include = w->included,
		.exclude = w->excluded,
	);
	struct fanfp_decision decision = { .sz = sizeof(decision) };

	if (fanfp_rules__explain(w->parsed, &opts, &decision) || !decision.sure) {
		printf("# event %llx of %s: not explained\n",
		       (unsigned long long)event, path);
		w->denied = -1;
		return false;
	}
	w->events++;
	w->decided[decision.verdict]++;
	if (!(event & PERMISSIONS)) {
		if (decision.verdict == FANFP_SEND)
			w->expected |= event & NOTIFICATIONS;
		return true;
	}
	if (decision.verdict == FANFP_SEND)
		w->asked_for++;
	if (decision.verdict == FANFP_DENY)
		w->denied = decision.error;
	return decision.verdict != FANFP_DENY;
}

static uint32_t open_bits(const struct order *order)
{
	uint32_t bits = 0;

	if ((order->flags & O_ACCMODE) != O_WRONLY)
		bits |= FANFP_OPEN_READ;
	if ((order->flags & O_ACCMODE) != O_RDONLY)
		bits |= FANFP_OPEN_WRITE;
	if (order->flags & O_APPEND)
		bits |= FANFP_OPEN_APPEND;
	return bits;
}

static void expect_file(struct world *w, const struct actor *actor,
			const struct order *order)
{
	__u64 dir = order->flags & O_DIRECTORY ? FAN_ONDIR : 0;
	uint32_t bits = open_bits(order);
	const char *path = order->path;

	if (!expect(w, actor, FAN_OPEN_PERM | dir, path, NULL, bits))
		return;
	expect(w, actor, FAN_OPEN | dir, path, NULL, bits);
	if (order->action == READ && !dir &&
	    expect(w, actor, FAN_ACCESS_PERM, path, NULL, bits))
		expect(w, actor, FAN_ACCESS, path, NULL, bits);
	if (order->action == WRITE)
		expect(w, actor, FAN_MODIFY, path, NULL, bits);
	expect(w, actor, (bits & FANFP_OPEN_WRITE ? FAN_CLOSE_WRITE :
						    FAN_CLOSE_NOWRITE) | dir,
	       path, NULL, bits);
}

/* Of what has a path only before or after. */
static void expect_before(struct world *w, const struct actor *actor,
			  const struct order *order)
{
	switch (order->action) {
	case MAKE:
		expect(w, actor, FAN_CREATE | FAN_ONDIR, order->path, NULL, 0);
		break;
	case REMOVE:
		expect(w, actor, FAN_DELETE | FAN_ONDIR, order->path, NULL, 0);
		expect(w, actor, FAN_DELETE_SELF | FAN_ONDIR, order->path, NULL,
		       0);
		break;
	case MOVE:
		expect(w, actor, FAN_MOVED_FROM, order->path, NULL, 0);
		expect(w, actor, FAN_MOVED_TO, order->to, NULL, 0);
		expect(w, actor, FAN_RENAME, order->path, order->to, 0);
		break;
	default:
		expect_file(w, actor, order);
	}
}

static void expect_after(struct world *w, const struct actor *actor,
			 const struct order *order)
{
	if (order->action == MOVE)
		expect(w, actor, FAN_MOVE_SELF, order->to, NULL, 0);
}

static void random_order(struct world *w, struct order *order)
{
	static const int reading[] = { O_RDONLY, O_RDWR };
	static const int writing[] = {
		O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_APPEND,
	};

	order->action = rnd(w, ACTIONS);
	order->flags = order->action == WRITE ? PICK(w, writing) :
						PICK(w, reading);
	snprintf(order->path, sizeof(order->path), "%s", w->files[rnd(w, FILES)]);
	snprintf(order->to, sizeof(order->to), "%s/%s", w->dirs[rnd(w, DIRS)],
		 PICK(w, file_names));
	if (order->action == OPEN && !rnd(w, 3)) {
		order->flags = O_RDONLY | O_DIRECTORY;
		snprintf(order->path, sizeof(order->path), "%s",
			 w->dirs[rnd(w, DIRS)]);
	}
	if (order->action == MAKE || order->action == REMOVE)
		snprintf(order->path, sizeof(order->path), "%s/new.%u",
			 w->dirs[rnd(w, DIRS)], rnd(w, 3));
	/* Not over another: that one's end has events of its own. */
	if (order->action == MOVE && !access(order->to, F_OK))
		order->action = OPEN;
}

/* Do as the order does, but so that nobody is asked. */
static void prepare(const struct order *order)
{
	if (order->action == REMOVE)
		mkdir(order->path, 0777);
}

static void undo(const struct order *order)
{
	if (order->action == MAKE)
		rmdir(order->path);
	if (order->action == MOVE)
		rename(order->to, order->path);
}

/* Answer whoever asks; returns how many did. */
static int allow(int group)
{
	char buf[4096] __attribute__((aligned(8)));
	struct fanotify_event_metadata *event = (void *)buf;
	struct fanotify_response response = { .response = FAN_ALLOW };
	ssize_t len = read(group, buf, sizeof(buf));
	int count = 0;

	for (; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len)) {
		response.fd = event->fd;
		if (write(group, &response, sizeof(response)) < 0)
			printf("# answer: %s\n", strerror(errno));
		close(event->fd);
		count++;
	}
	return count;
}

/* Have the order done; returns what comes of it, as an errno. */
static int give(struct world *w, const struct actor *actor,
		const struct order *order, int *asked)
{
	struct pollfd fds[] = {
		{ .fd = w->asks, .events = POLLIN },
		{ .fd = actor->answers, .events = POLLIN },
	};
	int err = -1;

	*asked = 0;
	if (write(actor->orders, order, sizeof(*order)) != sizeof(*order))
		return -1;
	while (poll(fds, 2, 60000) > 0) {
		if (fds[0].revents)
			*asked += allow(w->asks);
		if (fds[1].revents)
			return read(actor->answers, &err, sizeof(err)) ==
				sizeof(err) ? err : -1;
	}
	return -1;
}

/* One order by one actor; returns whether all came as explained. */
static bool step(struct world *w)
{
	const struct actor *actor = &w->actors[rnd(w, ACTORS)];
	__u64 came = 0;
	struct order order = {};
	int err, asked;

	random_order(w, &order);
	prepare(&order);
	fp_count(w->tells);
	w->expected = 0;
	w->asked_for = 0;
	w->denied = 0;
	expect_before(w, actor, &order);
	err = give(w, actor, &order, &asked);
	fp_drain(w->tells, &came);
	if (!err)
		expect_after(w, actor, &order);
	undo(&order);
	came &= ~(__u64)FAN_ONDIR;
	if (err == w->denied && asked == w->asked_for && came == w->expected)
		return true;
	printf("# action %d, flags %x, \"%s\" to \"%s\" by actor %d\n",
	       order.action, order.flags, order.path, order.to,
	       (int)(actor - w->actors));
	printf("# explained: errno %d, asked %d, events %llx\n", w->denied,
	       w->asked_for, (unsigned long long)w->expected);
	printf("# came: errno %d, asked %d, events %llx\n", err, asked,
	       (unsigned long long)came);
	return false;
}

/* --- the test ---------------------------------------------------------------------- */

static int copy_self(const char *to)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t len;

	while ((len = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	close(in);
	close(out);
	return len < 0 ? -errno : 0;
}

static int make_tree(struct world *w)
{
	int i, fd;

	for (i = 0; i < DIRS; i++) {
		snprintf(w->dirs[i], sizeof(w->dirs[i]), "%s%s", w->dir.path,
			 dir_names[i]);
		if (i && mkdir(w->dirs[i], 0777))
			return -errno;
		if (chmod(w->dirs[i], 0777))
			return -errno;
	}
	for (i = 0; i < FILES; i++) {
		do {
			snprintf(w->files[i], sizeof(w->files[i]), "%s/%s",
				 w->dirs[rnd(w, DIRS)], PICK(w, file_names));
		} while (!access(w->files[i], F_OK));
		/* With something to read. */
		fd = open(w->files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (write(fd, "x", 1) != 1)
			return -EIO;
		close(fd);
	}
	return 0;
}

static int start_actors(struct world *w)
{
	int i, err, orders[2], answers[2];

	for (i = 0; i < ACTORS; i++) {
		if (pipe(orders) || pipe(answers))
			return -errno;
		w->actors[i].pid = fork();
		if (!w->actors[i].pid)
			become(w, i, orders[0], answers[1]);
		close(orders[0]);
		close(answers[1]);
		w->actors[i].orders = orders[1];
		w->actors[i].answers = answers[0];
		/* It is what it is to be. */
		if (read(answers[0], &err, sizeof(err)) != sizeof(err))
			return -ECHILD;
	}
	return 0;
}

static int add_roots(struct world *w, int fd)
{
	w->included[0] = w->dirs[1];
	w->included[1] = w->dirs[6];
	w->excluded[0] = w->dirs[2];
	return fp_include(fd, w->included[0]) ?: fp_include(fd, w->included[1]) ?:
		fp_exclude(fd, w->excluded[0]);
}

static int make_group(struct world *w, unsigned int flags, __u64 mask)
{
	int fd = fanotify_init(flags | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY);

	if (fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			  mask | FAN_ONDIR, AT_FDCWD, w->dir.path) ||
	    add_roots(w, fd))
		return -errno;
	return fd;
}

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

FIXTURE(explain)
{
	struct world w;
};

FIXTURE_SETUP(explain)
{
	struct world *w = &self->w;

	w->random = number("FP_SEED", SEED);
	umask(0);
	strcpy(w->copy, "/tmp/fp.copy");
	ASSERT_EQ(0, copy_self(w->copy));
	mkdir(CGROUP, 0700);
	ASSERT_EQ(0, mount("none", CGROUP, "cgroup2", 0, NULL));
	mkdir(CGROUP "/fp", 0700);
	mkdir(CGROUP "/fp/sub", 0700);
	mkdir(CGROUP "/fp2", 0700);
	ASSERT_EQ(0, fp_dir_make(&w->dir));
	ASSERT_EQ(0, make_tree(w));
	ASSERT_EQ(0, start_actors(w));
	w->asks = make_group(w, FAN_CLASS_CONTENT, PERMISSIONS);
	ASSERT_LE(0, w->asks);
	/* With what has no directory to tell. */
	w->tells = make_group(w, FAN_REPORT_DFID_NAME | FAN_REPORT_FID,
			      NOTIFICATIONS);
	ASSERT_LE(0, w->tells);
	w->asked = attach_rules(w->asks, "");
	ASSERT_NE(NULL, w->asked);
	w->told = attach_rules(w->tells, "");
	ASSERT_NE(NULL, w->told);
}

FIXTURE_TEARDOWN(explain)
{
	struct world *w = &self->w;
	int i;

	fanfp_link__destroy(w->asked);
	fanfp_link__destroy(w->told);
	close(w->asks);
	close(w->tells);
	for (i = 0; i < ACTORS; i++) {
		kill(w->actors[i].pid, SIGKILL);
		waitpid(w->actors[i].pid, NULL, 0);
	}
	fp_dir_remove(&w->dir);
	FP_WAIT_FOR(!rmdir(CGROUP "/fp/sub"));
	FP_WAIT_FOR(!rmdir(CGROUP "/fp"));
	FP_WAIT_FOR(!rmdir(CGROUP "/fp2"));
	umount(CGROUP);
}

TEST_F_TIMEOUT(explain, the_kernel_decides_as_explained, 600)
{
	unsigned long long seed = number("FP_SEED", SEED);
	int lists = number("FP_LISTS", LISTS), list, i;
	struct world *w = &self->w;
	bool ok = true;

	for (list = 0; list < lists && ok; list++) {
		random_rules(w);
		ASSERT_EQ(0, fanfp_rules__update(w->asked, w->parsed));
		ASSERT_EQ(0, fanfp_rules__update(w->told, w->parsed));
		for (i = 0; i < STEPS && ok; i++)
			ok = step(w);
		fanfp_rules__free(w->parsed);
	}
	TH_LOG("%lu events: %lu sent, %lu skipped, %lu allowed, %lu denied",
	       w->events, w->decided[FANFP_SEND], w->decided[FANFP_SKIP],
	       w->decided[FANFP_ALLOW], w->decided[FANFP_DENY]);
	EXPECT_TRUE(ok) {
		TH_LOG("rules %d; replay with FP_SEED=%llu FP_LISTS=%d:\n%s", list - 1,
		       seed, list, w->rules);
	}
	/* Enough of each kind for that to mean something. */
	if (lists == LISTS) {
		EXPECT_LT(3000, w->events);
		for (i = 0; i < 4; i++)
			EXPECT_LT(50, w->decided[i]);
	}
}

TEST_HARNESS_MAIN
