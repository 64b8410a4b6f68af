// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach, detach, replace, close and kill while events run
 *
 * Workers make groups and treat them badly; openers cause events and are killed
 * at any point; a registrar has a handler come and go; a reader looks at all of
 * it. What goes wrong inside the kernel is for the kernel to complain about; the
 * test sees that nobody is stuck, fails or is left behind.
 */
#include "kselftest_harness.h"
#include "common.h"
#include <sys/mman.h>

#include "kfunc.skel.h"
#include "probe.skel.h"

#ifndef STRESS_SECONDS
#define STRESS_SECONDS	5
#endif

#define WORKERS		3
#define OPENERS		4
#define NAME		"stress"

/* The descriptor that the group of a worker always has: it is in the ops. */
#define GROUP		100

enum {
	BY_NAME,
	BY_LINK,
	LINK_AFTER_GROUP,
	CLOSE_UNANSWERED,
	KILLED_OWNER,
	DETACHED_LINK,
	SLEEPABLE,
	N_KINDS
};

/* Shared by all. */
struct shared {
	bool stop;
	unsigned long events;
	unsigned long done[N_KINDS];
};

FIXTURE(stress)
{
	struct fp_dir dir;
	struct shared *shared;
};

FIXTURE_SETUP(stress)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
}

FIXTURE_TEARDOWN(stress)
{
	fp_dir_remove(&self->dir);
}

static bool stopped(const struct shared *shared)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

/* Open files for ever. It is allowed or denied, and nothing else. */
static void run_opener(struct shared *shared, const struct fp_dir *dir)
{
	char path[128];
	int err, i;

	snprintf(path, sizeof(path), "%s/%d", dir->path, getpid());
	for (i = 0; !stopped(shared); i++) {
		err = fp_touch(i % 2 ? dir->file : dir->file2);
		if (err && err != -EPERM)
			_exit(1);
		err = i % 16 ? 0 : fp_create(path);
		if (err && err != -EPERM)
			_exit(2);
		__atomic_fetch_add(&shared->events, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

static void answer(const struct fanotify_event_metadata *event)
{
	struct fanotify_response response = {
		.fd = event->fd,
		.response = random() % 8 ? FAN_ALLOW : FAN_DENY,
	};

	/* A descriptor that is closed without an answer keeps somebody waiting. */
	if (event->mask & FAN_OPEN_PERM && random() % 16 &&
	    write(GROUP, &response, sizeof(response)) < 0 && errno != ENOENT)
		_exit(3);
	close(event->fd);
}

/* Be a listener for some milliseconds. */
static void serve(int ms)
{
	struct pollfd poll_group = { .fd = GROUP, .events = POLLIN };
	char buf[4096] __attribute__((aligned(8)));
	ssize_t len;

	while (ms--) {
		if (poll(&poll_group, 1, 1) <= 0)
			continue;
		len = read(GROUP, buf, 512);
		if (len <= 0)
			continue;
		struct fanotify_event_metadata *event = (void *)buf;

		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len))
			if (event->fd >= 0)
				answer(event);
	}
}

static void open_group(const struct fp_dir *dir)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
			       O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, GROUP) < 0)
		_exit(4);
	close(fd);
	if (fanotify_mark(GROUP, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			  FAN_OPEN_PERM | (random() % 2 ? FAN_OPEN : 0),
			  AT_FDCWD, dir->path))
		_exit(5);
}

/* The name comes and goes; else only what is expected may happen. */
static int named(int err)
{
	if (err && err != -ENOENT && err != -EBUSY)
		_exit(6);
	return err;
}

static void by_name(void)
{
	if (named(fp_add(GROUP, NAME, "ab", 2)))
		return;
	serve(5);
	named(fp_replace(GROUP, NAME, "cd", 2));
	serve(5);
	named(fp_del(GROUP, NAME));
	serve(2);
}

static struct bpf_link *attach(struct bpf_map *map)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(map);

	if (!link)
		_exit(7);
	return link;
}

static void by_link(struct probe *skel, struct probe *next)
{
	struct bpf_link *link = attach(skel->maps.probe);

	serve(5);
	if (bpf_link__update_map(link, next->maps.probe))
		_exit(8);
	serve(5);
	bpf_link__destroy(link);
}

static void link_after_group(struct probe *skel)
{
	struct bpf_link *link = attach(skel->maps.probe);
	struct pollfd poll_link = { .fd = bpf_link__fd(link) };

	serve(3);
	close(GROUP);
	if (poll(&poll_link, 1, 60000) != 1 || !(poll_link.revents & POLLHUP))
		_exit(9);
	bpf_link__destroy(link);
}

static void killed_owner(struct probe *skel)
{
	struct fanotify_fastpath_info info = {};
	pid_t pid = fork();

	if (!pid) {
		attach(skel->maps.probe);
		pause();
		_exit(0);
	}
	serve(random() % 5);
	fp_ioctl_info(GROUP, FAN_IOC_GET_FP, &info);
	kill(pid, SIGKILL);
	serve(2);
	waitpid(pid, NULL, 0);
}

static void detached_link(struct probe *skel)
{
	struct bpf_link *link = attach(skel->maps.probe);

	serve(3);
	if (bpf_link__detach(link))
		_exit(10);
	serve(2);
	bpf_link__destroy(link);
}

static void one_round(int kind, const struct fp_dir *dir, struct probe **skel,
		      struct bpf_map *sleepable)
{
	static const int verdicts[] = { 0, 1, -EPERM, 7 };

	open_group(dir);
	skel[0]->bss->verdict = verdicts[random() % 4];
	skel[1]->bss->verdict = verdicts[random() % 4];
	switch (kind) {
	case BY_NAME:
		by_name();
		break;
	case BY_LINK:
		by_link(skel[0], skel[1]);
		break;
	case LINK_AFTER_GROUP:
		link_after_group(skel[0]);
		return;
	case CLOSE_UNANSWERED:
		named(fp_add(GROUP, NAME, NULL, 0));
		usleep(3000);
		break;
	case KILLED_OWNER:
		killed_owner(skel[0]);
		break;
	case DETACHED_LINK:
		detached_link(skel[0]);
		break;
	case SLEEPABLE: {
		struct bpf_link *link = attach(sleepable);

		serve(5);
		bpf_link__destroy(link);
		break;
	}
	}
	close(GROUP);
}

static void run_worker(struct shared *shared, const struct fp_dir *dir, int seed)
{
	struct kfunc *sleepable = kfunc__open();
	struct probe *skel[2];
	int i, kind;

	srandom(seed);
	for (i = 0; i < 2; i++) {
		skel[i] = probe__open();
		if (!skel[i])
			_exit(11);
		fp_set_group(skel[i]->maps.probe, GROUP);
		if (probe__load(skel[i]))
			_exit(12);
	}
	fp_set_group(sleepable->maps.ops_references, GROUP);
	if (fp_choose(sleepable->obj, sleepable->maps.ops_references) ||
	    kfunc__load(sleepable))
		_exit(13);
	/* Each kind is done at least once, however slow it is here. */
	for (i = seed; !stopped(shared) || i < seed + N_KINDS; i++) {
		kind = i < seed + N_KINDS ? i % N_KINDS : random() % N_KINDS;
		one_round(kind, dir, skel, sleepable->maps.ops_references);
		__atomic_fetch_add(&shared->done[kind], 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/* A handler that can be attached by name comes and goes. */
static void run_registrar(struct shared *shared)
{
	struct probe *skel = probe__open();
	struct bpf_link *link;

	if (!skel)
		_exit(1);
	strcpy(fp_ops(skel->maps.probe)->name, NAME);
	if (probe__load(skel))
		_exit(2);
	while (!stopped(shared)) {
		skel->bss->verdict = random() % 2;
		link = bpf_map__attach_struct_ops(skel->maps.probe);
		if (!link)
			_exit(3);
		usleep(random() % 50000);
		bpf_link__destroy(link);
	}
	probe__destroy(skel);
	_exit(0);
}

static void run_reader(struct shared *shared)
{
	while (!stopped(shared)) {
		fp_counter(NAME, "seen");
		fp_counter(NAME, "attached");
		fp_sysfs(NAME, "init_args");
	}
	_exit(0);
}

static pid_t start_opener(struct shared *shared, const struct fp_dir *dir)
{
	pid_t pid = fork();

	if (!pid)
		run_opener(shared, dir);
	return pid;
}

TEST_F_TIMEOUT(stress, c414_c416_c522_nobody_is_stuck_or_left_behind,
	       STRESS_SECONDS + 600)
{
	pid_t openers[OPENERS], others[WORKERS + 2];
	int i, n, status;
	time_t end;

	for (i = 0; i < WORKERS; i++) {
		others[i] = fork();
		if (!others[i])
			run_worker(self->shared, &self->dir, i);
	}
	others[WORKERS] = fork();
	if (!others[WORKERS])
		run_registrar(self->shared);
	others[WORKERS + 1] = fork();
	if (!others[WORKERS + 1])
		run_reader(self->shared);
	for (i = 0; i < OPENERS; i++)
		openers[i] = start_opener(self->shared, &self->dir);

	end = time(NULL) + STRESS_SECONDS;
	for (n = 0; time(NULL) < end; n++) {
		usleep(20000);
		i = n % OPENERS;
		kill(openers[i], SIGKILL);
		ASSERT_EQ(openers[i], waitpid(openers[i], &status, 0));
		/* It was killed, and had not ended by itself. */
		ASSERT_TRUE(WIFSIGNALED(status)) {
			TH_LOG("opener: status 0x%x", status);
		}
		openers[i] = start_opener(self->shared, &self->dir);
	}

	self->shared->stop = true;
	for (i = 0; i < WORKERS + 2; i++) {
		ASSERT_EQ(others[i], waitpid(others[i], &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("process %d: status 0x%x", i, status);
		}
	}
	for (i = 0; i < OPENERS; i++) {
		ASSERT_EQ(openers[i], waitpid(openers[i], &status, 0));
		EXPECT_EQ(0, status);
	}

	/* Nothing is left: no group asks, no handler is there, no inode is held. */
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_TRUE(FP_WAIT_FOR(access(FP_SYSFS "/" NAME, F_OK)));
	EXPECT_EQ(0, umount(self->dir.path));
	EXPECT_LT(0, self->shared->events);
	for (i = 0; i < N_KINDS; i++)
		EXPECT_LT(0, self->shared->done[i]);
	printf("# %lu events;", self->shared->events);
	for (i = 0; i < N_KINDS; i++)
		printf(" %lu", self->shared->done[i]);
	printf(" groups of each kind; %d tasks killed\n", n);
}

TEST_HARNESS_MAIN
