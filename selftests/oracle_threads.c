// SPDX-License-Identifier: GPL-2.0-only
/*
 * What never changes its place, while all around it does
 *
 * Workers make, rename, open and remove files in directories that are inside, or
 * outside, all the time, and meanwhile move directories: some with roots below
 * them, from anywhere to anywhere; two without, one always to somewhere inside,
 * the other to somewhere outside. These two are also carried for a while, far
 * below a third, which goes where they never are once it is rid of them: a walk
 * that took that way up must not end there. One more thread adds and removes
 * other roots. Each file has a name of its own, so that no two of its events are
 * merged that differ in more than bits.
 */
#include <pthread.h>

#include "oracle.h"

#define WORKERS		4
#define MAX_ROUNDS	2000
#define MADE		(FAN_CREATE | FAN_OPEN | FAN_MODIFY |		\
			 FAN_CLOSE_WRITE | FAN_MOVED_FROM)
#define MOVED		(FAN_MOVED_TO | FAN_OPEN | FAN_CLOSE_NOWRITE |	\
			 FAN_DELETE)

enum mark { NO_MARK, INCLUDED, EXCLUDED };

/* The directories, in the order in which they are made. */
static const struct {
	const char *path;
	enum mark mark;
	bool stable, inside;	/* inside for ever, or outside */
	bool roams;		/* to other such directories, or is below one */
} dirs[] = {
	{ "in", INCLUDED, true, true },
	{ "in/deep", NO_MARK, true, true },
	{ "in/skip", EXCLUDED, true, false },
	{ "in/skip/again", INCLUDED, true, true },
	{ "out", NO_MARK, true, false },
	{ "out/deep", NO_MARK, true, false },
	{ "in/carrier0", NO_MARK, false, false },
	{ "out/carrier1", NO_MARK, false, false },
	{ "in/roams0", NO_MARK, true, true, true },
	{ "in/roams0/deep", NO_MARK, true, true, true },
	{ "out/roams1", NO_MARK, true, false, true },
	{ "out/roams1/deep", NO_MARK, true, false, true },
	/* Below directories that become roots and stop being ones. */
	{ "flip", NO_MARK, false, false },
	{ "flip/in", INCLUDED, true, true },
	{ "flip/out", EXCLUDED, true, false },
	/* Below directories that are moved. */
	{ "moved0", NO_MARK, false, false },
	{ "moved0/in", INCLUDED, true, true },
	{ "moved1", NO_MARK, false, false },
	{ "moved1/out", EXCLUDED, true, false },
	{ "moved2", NO_MARK, false, false },
	{ "moved3", NO_MARK, false, false },
};

#define DIRS		((int)(sizeof(dirs) / sizeof(dirs[0])))
#define IN		0
#define OUT		4
#define CARRIER		6	/* of worker 0, then that of worker 1 */
#define FLIP		12	/* the first that can become a root */
#define ROAMING		2	/* workers that move a directory that roams */
#define LEVELS		1000	/* below a carrier */

enum group { TRUTH, FILTERED, GROUPS };

/* What became known of one file, by the group that told. */
struct file {
	int from, to;
	__u32 made[GROUPS], moved[GROUPS];
	bool renamed[GROUPS];
};

struct run {
	int top, rounds, filtered;
	int fds[DIRS];
	int bottoms[ROAMING];	/* of the carriers */
	struct handle handles[DIRS];
	struct file files[WORKERS][MAX_ROUNDS];
	bool stop;
	int working, failed;
	enum group group;	/* whose events are being read */
};

struct worker {
	pthread_t thread;
	struct run *run;
	int number;
	unsigned int random;
};

static int pick_stable(struct worker *worker)
{
	int i;

	do {
		i = rand_r(&worker->random) % DIRS;
	} while (!dirs[i].stable);
	return i;
}

/* One file: made, renamed, opened, removed. */
static int one_file(struct worker *worker, int round)
{
	struct run *run = worker->run;
	struct file *file = &run->files[worker->number][round];
	char a[NAME_SIZE], b[NAME_SIZE];
	int from, to, fd;

	file->from = pick_stable(worker);
	file->to = pick_stable(worker);
	from = run->fds[file->from];
	to = run->fds[file->to];
	snprintf(a, sizeof(a), "a.%d.%d", worker->number, round);
	snprintf(b, sizeof(b), "b.%d.%d", worker->number, round);

	fd = openat(from, a, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) ||
	    renameat(from, a, to, b))
		return -errno;
	fd = openat(to, b, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || close(fd) || unlinkat(to, b, 0))
		return -errno;
	return 0;
}

static int move(const char *name, int from, int to)
{
	return renameat(from, name, to, name) ? -errno : 0;
}

/*
 * Move a directory, which is at @at, to where what is below it stays what it is;
 * then, once its carrier has been elsewhere, below that.
 */
static int roam(struct worker *worker, int *at)
{
	const struct run *run = worker->run;
	char name[NAME_SIZE], carrier[NAME_SIZE];
	int number = worker->number;
	int base, away, from, home;

	if (number >= ROAMING)
		return 0;
	base = run->fds[number ? OUT : IN];
	away = run->fds[number ? IN : OUT];
	do {
		home = pick_stable(worker);
	} while (dirs[home].roams || dirs[home].inside != !number);
	home = run->fds[home];
	from = *at == NONE ? base : *at;
	*at = run->bottoms[number];
	snprintf(name, sizeof(name), "roams%d", number);
	snprintf(carrier, sizeof(carrier), "carrier%d", number);
	return move(name, from, home) ?: move(carrier, base, away) ?:
		move(carrier, away, base) ?: move(name, home, *at);
}

/* Move the worker's own directory to where all is different. */
static int move_dir(struct worker *worker, int *at)
{
	static const char *const homes[] = { ".", "in", "in/skip", "out", "flip" };
	char from[64], to[64];
	int next = rand_r(&worker->random) % 5;

	snprintf(from, sizeof(from), "%s/moved%d", homes[*at], worker->number);
	snprintf(to, sizeof(to), "%s/moved%d", homes[next], worker->number);
	*at = next;
	return renameat(worker->run->top, from, worker->run->top, to) ?
		-errno : 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct run *run = worker->run;
	int round, at = 0, roams_at = NONE, err = 0;

	for (round = 0; round < run->rounds && !err; round++)
		err = one_file(worker, round) ?: roam(worker, &roams_at) ?:
			move_dir(worker, &at);
	if (err) {
		printf("# worker %d: %s\n", worker->number, strerror(-err));
		__atomic_fetch_add(&run->failed, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_sub(&run->working, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int mark(int group, int dir, unsigned int flags)
{
	if (flags & FAN_MARK_IGNORE && flags & FAN_MARK_ADD)
		flags |= FAN_MARK_IGNORED_SURV_MODIFY;
	return fanotify_mark(group, flags, FAN_ONDIR, dir, NULL) ? -errno : 0;
}

/* Have the directories that are not stable be roots, of both kinds, and not. */
static void *flip(void *arg)
{
	struct worker *worker = arg;
	struct run *run = worker->run;
	unsigned int ignore;
	int i, err = 0;

	while (!__atomic_load_n(&run->stop, __ATOMIC_RELAXED) && !err) {
		i = FLIP + rand_r(&worker->random) % (DIRS - FLIP);
		if (dirs[i].stable)
			continue;
		ignore = rand_r(&worker->random) % 2 ? FAN_MARK_IGNORE : 0;
		err = mark(run->filtered, run->fds[i], FAN_MARK_ADD | ignore);
		if (err)
			break;
		sched_yield();
		err = mark(run->filtered, run->fds[i],
			   FAN_MARK_REMOVE | ignore);
	}
	if (err) {
		printf("# changing roots: %s\n", strerror(-err));
		__atomic_fetch_add(&run->failed, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Find the file of a record, if it is one of ours in the directory it says. */
static struct file *record_file(struct run *run, const struct record *record,
				char letter)
{
	struct file *file;
	int worker, round;

	if (record->name[0] != letter ||
	    sscanf(record->name + 1, ".%d.%d", &worker, &round) != 2)
		return NULL;
	file = &run->files[worker][round];
	if (memcmp(&run->handles[letter == 'a' ? file->from : file->to],
		   &record->handle, sizeof(record->handle))) {
		printf("# %s is in a wrong directory\n", record->name);
		run->failed++;
	}
	return file;
}

static int take(const struct event *event, void *to)
{
	const struct record *record;
	struct run *run = to;
	struct file *file;

	if (event->mask & FAN_RENAME) {
		record = event_record(event, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME);
		file = record ? record_file(run, record, 'a') : NULL;
		if (file)
			file->renamed[run->group] = true;
		return 0;
	}
	record = event_record(event, FAN_EVENT_INFO_TYPE_DFID_NAME);
	if (!record)
		return 0;
	file = record_file(run, record, 'a');
	if (file)
		file->made[run->group] |= event->mask;
	file = record_file(run, record, 'b');
	if (file)
		file->moved[run->group] |= event->mask;
	return 0;
}

static void read_groups(struct run *run, int truth)
{
	run->group = TRUTH;
	run->failed += !!events_read(truth, take, run);
	run->group = FILTERED;
	run->failed += !!events_read(run->filtered, take, run);
}

static int wrong_bits(const char *letter, int worker, int round,
		      const __u32 *got, __u32 all, bool inside)
{
	__u32 must = inside ? all : 0;

	if (got[TRUTH] == all && got[FILTERED] == must)
		return 0;
	printf("# %s.%d.%d, %s: there was %s, ", letter, worker, round,
	       inside ? "inside" : "outside", mask_text(got[TRUTH]));
	printf("sent was %s\n", mask_text(got[FILTERED]));
	return 1;
}

static int check_file(struct run *run, int worker, int round)
{
	const struct file *file = &run->files[worker][round];
	bool from = dirs[file->from].inside, to = dirs[file->to].inside;
	int wrong;

	wrong = wrong_bits("a", worker, round, file->made, MADE, from) +
		wrong_bits("b", worker, round, file->moved, MOVED, to);
	if (!file->renamed[TRUTH] || file->renamed[FILTERED] != (from || to)) {
		printf("# rename of a.%d.%d from %s to %s\n", worker, round,
		       dirs[file->from].path, dirs[file->to].path);
		wrong++;
	}
	return wrong;
}

static int make_dirs(struct run *run)
{
	int i, err = 0;

	for (i = 0; i < DIRS && !err; i++) {
		if (mkdirat(run->top, dirs[i].path, 0700))
			return -errno;
		run->fds[i] = openat(run->top, dirs[i].path,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (run->fds[i] < 0 ||
		    get_handle(run->fds[i], "", &run->handles[i]))
			return -errno;
		if (dirs[i].mark == INCLUDED)
			err = mark(run->filtered, run->fds[i], FAN_MARK_ADD);
		else if (dirs[i].mark == EXCLUDED)
			err = mark(run->filtered, run->fds[i],
				   FAN_MARK_ADD | FAN_MARK_IGNORE);
	}
	return err;
}

/* Make a long way down from @dir; returns a descriptor of its end. */
static int make_bottom(int dir)
{
	int i, next;

	dir = dup(dir);
	for (i = 0; i < LEVELS && dir >= 0; i++) {
		if (mkdirat(dir, "d", 0700))
			return -errno;
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = next;
	}
	return dir;
}

/* The last of @workers is the one that changes roots. */
static void run_threads(struct run *run, struct worker *workers, int truth,
			unsigned int seed)
{
	int i;

	run->working = WORKERS;
	for (i = 0; i <= WORKERS; i++) {
		workers[i] = (struct worker){
			.run = run, .number = i, .random = seed + i,
		};
		pthread_create(&workers[i].thread, NULL,
			       i < WORKERS ? work : flip, &workers[i]);
	}
	while (__atomic_load_n(&run->working, __ATOMIC_ACQUIRE)) {
		read_groups(run, truth);
		usleep(1000);
	}
	__atomic_store_n(&run->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i <= WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	read_groups(run, truth);
}

/* Returns how much was wrong, having said what. */
int threads_run(const char *top, int truth, int filtered, int rounds,
		unsigned int seed)
{
	static struct run run;
	struct worker workers[WORKERS + 1];
	int wrong, i, round;

	run = (struct run){
		.filtered = filtered,
		.rounds = rounds < MAX_ROUNDS ? rounds : MAX_ROUNDS,
	};
	run.top = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run.top < 0 || make_dirs(&run))
		return 1;
	for (i = 0; i < ROAMING; i++) {
		run.bottoms[i] = make_bottom(run.fds[CARRIER + i]);
		if (run.bottoms[i] < 0)
			return 1;
	}
	run_threads(&run, workers, truth, seed);

	wrong = run.failed;
	for (i = 0; i < WORKERS; i++) {
		for (round = 0; round < run.rounds; round++)
			wrong += check_file(&run, i, round);
	}
	for (i = 0; i < DIRS; i++)
		close(run.fds[i]);
	for (i = 0; i < ROAMING; i++)
		close(run.bottoms[i]);
	close(run.top);
	return wrong;
}
