// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rule lists: verdicts, limits, and other rules while events come
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"
#include "lib_rules.h"

/* A group that is asked before a file is opened or read, and told of opens. */
FIXTURE(verdict)
{
	struct fp_dir dir;
	int fd;
	struct fanfp_link *link;
};

FIXTURE_SETUP(verdict)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC,
				 O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->link = attach_rules(self->fd, "default allow\n");
	ASSERT_NE(NULL, self->link) {
		TH_LOG("%s", fanfp_last_error());
	}
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN,
				   AT_FDCWD, self->dir.path));
}

FIXTURE_TEARDOWN(verdict)
{
	close(self->fd);
	fanfp_link__destroy(self->link);
	fp_dir_remove(&self->dir);
}

#define UPDATE(...)	ASSERT_EQ(0, update_rulesf(self->link, __VA_ARGS__)) { \
				TH_LOG("%s", fanfp_last_error());	\
			}

TEST_F(verdict, deny_is_for_permission_with_the_errno_that_is_named)
{
	const struct {
		const char *name;
		int number;
	} errnos[] = {
		{ "deny", EPERM }, { "deny=EPERM", EPERM },
		{ "deny=EACCES", EACCES }, { "deny=EIO", EIO },
		{ "deny=EBUSY", EBUSY }, { "deny=ETXTBSY", ETXTBSY },
		{ "deny=ENOSPC", ENOSPC }, { "deny=EDQUOT", EDQUOT },
	};
	size_t i;

	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		UPDATE("%s name=file\ndefault allow\n", errnos[i].name);
		EXPECT_EQ(-errnos[i].number, fp_touch(self->dir.file)) {
			TH_LOG("%s", errnos[i].name);
		}
		EXPECT_EQ(0, fp_touch(self->dir.file2));
	}
}

TEST_F(verdict, allow_and_deny_leave_other_events_alone)
{
	__u64 mask = 0;

	UPDATE("allow\nskip name=file2\n");
	EXPECT_EQ(0, fp_touch(self->dir.file));
	fp_drain(self->fd, &mask);
	EXPECT_EQ(FAN_OPEN, mask);
	EXPECT_EQ(0, fp_touch(self->dir.file2));
	EXPECT_EQ(0, fp_count(self->fd));
	UPDATE("default allow\n");
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
	UPDATE("default deny\n");
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM,
				   FAN_OPEN_PERM, AT_FDCWD, self->dir.path));
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(verdict, skip_allows_and_send_asks)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response;
	pid_t pid;
	int status;

	UPDATE("skip\n");
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, fp_count(self->fd));
	UPDATE("send event=open_perm\nskip\n");
	pid = fork();
	if (!pid)
		_exit(-fp_touch(self->dir.file));
	ASSERT_TRUE(FP_WAIT_FOR(read(self->fd, &event, sizeof(event)) ==
				sizeof(event)));
	EXPECT_EQ(FAN_OPEN_PERM, event.mask);
	response.fd = event.fd;
	response.response = FAN_DENY;
	ASSERT_EQ(sizeof(response),
		  write(self->fd, &response, sizeof(response)));
	close(event.fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EPERM, WEXITSTATUS(status));
}

TEST_F(verdict, reading_can_be_denied_by_how_a_file_is_open)
{
	char byte;
	int fd;

	UPDATE("deny=EACCES event=access_perm open=write\ndefault allow\n");
	fd = open(self->dir.file, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(EACCES, errno);
	close(fd);
	fd = open(self->dir.file, O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(0, read(fd, &byte, 1));
	close(fd);
	/* What truncates is known while it is being opened. */
	UPDATE("deny open=trunc\ndefault allow\n");
	EXPECT_EQ(-1, open(self->dir.file, O_WRONLY | O_TRUNC | O_CLOEXEC));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, fp_touch(self->dir.file));
	/* As is what makes a file; which is there then, and stays. */
	UPDATE("deny open=create\ndefault allow\n");
	unlink(self->dir.file2);
	EXPECT_EQ(-EPERM, fp_create(self->dir.file2));
	EXPECT_EQ(0, fp_create(self->dir.file2));
}

/* --- limits ---------------------------------------------------------------- */

/* A text of @count times @piece, which is given the number. */
static char *repeat(const char *before, const char *piece, int count)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int i;

	fputs(before, file);
	for (i = 0; i < count; i++)
		fprintf(file, piece, i);
	fclose(file);
	return text;
}

static int try(struct fanfp_link *link, char *text)
{
	int err = update_rules(link, text);

	free(text);
	return err;
}

TEST_F(verdict, limits_are_told)
{
	char dir[128];
	int i;

	lib_listen();
	/* A rule is its values, its verdict, and a test for who asks. */
	EXPECT_EQ(0, try(self->link, repeat("", "deny uid=%d\n", 1364)));
	FAILS(EINVAL, try(self->link, repeat("", "deny uid=%d\n", 1365)),
	      "rules:1365:1: too many conditions and values up to here: they are 4098 tests, of at most 4096");
	EXPECT_EQ(0, try(self->link, repeat("skip uid=0", ",%d", 4000)));
	FAILS(EINVAL, try(self->link, repeat("skip uid=0", ",%d", 5000)),
	      "too many conditions");
	FAILS(EINVAL, try(self->link, repeat("skip name=x", ",[a%d]", 257)),
	      "more than 256 times [...]");
	FAILS(EINVAL, try(self->link, repeat("skip name=x",
					     ",%0100d", 164)),
	      "the patterns are longer than 16384 bytes together");

	for (i = 0; i < 65; i++) {
		snprintf(dir, sizeof(dir), "%s/%d", self->dir.path, i);
		ASSERT_EQ(0, mkdir(dir, 0700));
	}
	ASSERT_EQ(0, chdir(self->dir.path));
	EXPECT_EQ(0, try(self->link, repeat("allow subtree=/proc/self/cwd",
					    ",/proc/self/cwd/%d", 63)));
	EXPECT_EQ(64, count_rule_marks(self->fd));
	FAILS(EINVAL, try(self->link, repeat("allow subtree=/proc/self/cwd",
					     ",/proc/self/cwd/%d", 64)),
	      "/proc/self/cwd/63: more than 64 directories");
	EXPECT_EQ(64, count_rule_marks(self->fd));
	ASSERT_EQ(0, chdir("/"));
}

TEST_F(verdict, a_rule_at_the_very_end_decides)
{
	EXPECT_EQ(0, try(self->link, repeat("default allow\n", "deny uid=1%d\n",
					    1363)));
	EXPECT_EQ(0, fp_touch(self->dir.file));
	EXPECT_EQ(0, try(self->link, repeat("default deny\n", "allow uid=1%d\n",
					    1363)));
	EXPECT_EQ(-EPERM, fp_touch(self->dir.file));
}

/* --- other rules meanwhile ------------------------------------------------------- */

#define THREADS	3

struct opener {
	pthread_t thread;
	const struct fp_dir *dir;
	unsigned long opened, wrong;
	bool *stop;
};

/* "file" can be opened by all rules, "file2" by none. */
static void *open_for_long(void *arg)
{
	struct opener *opener = arg;

	while (!__atomic_load_n(opener->stop, __ATOMIC_RELAXED)) {
		opener->wrong += fp_touch(opener->dir->file) != 0;
		opener->wrong += fp_touch(opener->dir->file2) != -EBUSY;
		opener->opened++;
	}
	return NULL;
}

TEST_F_TIMEOUT(verdict, each_event_is_decided_by_the_old_rules_or_the_new, 120)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	struct opener openers[THREADS] = {};
	unsigned long opened = 0, wrong = 0;
	struct fanfp_rules *rules[3];
	char text[512], sub[128];
	bool stop = false;
	int i;

	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	snprintf(sub, sizeof(sub), "%s/sub", self->dir.path);
	ASSERT_EQ(0, mkdir(sub, 0700));
	/* The same about the two files, each in a way of its own. */
	rules[0] = parse_rules("deny=EBUSY name=file2\nallow\n");
	snprintf(text, sizeof(text),
		 "deny subtree=%s\n"
		 "allow subtree=%s name=file\n"
		 "allow uid=1\n"
		 "deny=EBUSY subtree=%s\n"
		 "default deny=EIO\n", sub, self->dir.path, self->dir.path);
	rules[1] = parse_rules(text);
	rules[2] = parse_rules("skip !name=file2\ndefault deny=EBUSY\n");
	for (i = 0; i < 3; i++)
		ASSERT_NE(NULL, rules[i]);
	ASSERT_EQ(0, fanfp_rules__update(self->link, rules[0]));

	for (i = 0; i < THREADS; i++) {
		openers[i].dir = &self->dir;
		openers[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&openers[i].thread, NULL,
					    open_for_long, &openers[i]));
	}
	for (i = 0; i < 600; i++) {
		ASSERT_EQ(0, fanfp_rules__update(self->link, rules[i % 3]));
		/* Let them be seen by some, now and then. */
		if (!(i % 16))
			usleep(1000);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++) {
		pthread_join(openers[i].thread, NULL);
		opened += openers[i].opened;
		wrong += openers[i].wrong;
	}
	for (i = 0; i < 3; i++)
		fanfp_rules__free(rules[i]);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(100, opened);
	ASSERT_EQ(0, fanfp_group__info(self->fd, &info));
	EXPECT_EQ(2 * opened, info.seen);
	EXPECT_EQ(opened, info.skipped);
	EXPECT_EQ(opened, info.denied);
}

TEST_HARNESS_MAIN
