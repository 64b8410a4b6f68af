// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler against a model of the tree
 *
 * FP_SEED and FP_OPERATIONS in the environment choose another run; the kernel
 * gives what it does not know of its command line to init, so
 *
 *	run-tests --append 'FP_SEED=7 FP_OPERATIONS=500' ...
 *
 * sets them in a guest.
 */
#include "kselftest_harness.h"
#include "oracle.h"
#include "subtree.h"

#ifndef ORACLE_OPERATIONS
#define ORACLE_OPERATIONS	1500
#define ORACLE_ROUNDS		150
#define ORACLE_SEED		20240611
#define ORACLE_TIMEOUT		120
#endif

#define EVENTS_WATCHED	(FAN_OPEN | FAN_CLOSE | FAN_ACCESS | FAN_MODIFY |    \
			 FAN_ATTRIB | FAN_CREATE | FAN_DELETE |		     \
			 FAN_MOVED_FROM | FAN_MOVED_TO | FAN_RENAME |	     \
			 FAN_DELETE_SELF | FAN_MOVE_SELF | FAN_ONDIR)

FIXTURE(oracle)
{
	struct fs fs;
	char top[80];
	struct oracle oracle;
	struct attached attached;
};

FIXTURE_VARIANT(oracle)
{
	const char *type, *below;
};

FIXTURE_VARIANT_ADD(oracle, tmpfs)
{
	.type = "tmpfs",
};

FIXTURE_VARIANT_ADD(oracle, ext4)
{
	.type = "ext4",
};

FIXTURE_VARIANT_ADD(oracle, xfs)
{
	.type = "xfs",
};

FIXTURE_VARIANT_ADD(oracle, btrfs)
{
	.type = "btrfs",
};

FIXTURE_VARIANT_ADD(oracle, overlay_on_tmpfs)
{
	.type = "overlay",
	.below = "tmpfs",
};

FIXTURE_VARIANT_ADD(oracle, overlay_on_ext4)
{
	.type = "overlay",
	.below = "ext4",
};

FIXTURE_SETUP(oracle)
{
	int err;

	libbpf_set_print(fp_print);
	self->oracle.truth = -1;
	self->oracle.filtered = -1;
	err = fs_make(&self->fs, variant->type, variant->below);
	if (err == -ENODEV)
		SKIP(return, "there is no %s here, or none below it",
			     variant->type);
	ASSERT_EQ(0, err);
	snprintf(self->top, sizeof(self->top), "%s/tree", self->fs.path);
	ASSERT_EQ(0, mkdir(self->top, 0700));
}

FIXTURE_TEARDOWN(oracle)
{
	int i;

	oracle_end(&self->oracle);
	detach_subtree(&self->attached);
	if (self->oracle.truth >= 0)
		close(self->oracle.truth);
	if (self->oracle.filtered >= 0)
		close(self->oracle.filtered);
	for (i = 0; i < BINDS; i++)
		rmdir(self->oracle.tree.binds[i].path);
	fs_remove(&self->fs);
}

static int watch(const char *path, unsigned int flags)
{
	int group = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				  FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
				  flags, O_RDONLY);

	if (group < 0)
		return -errno;
	return fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			     EVENTS_WATCHED, AT_FDCWD, path) ? -errno : group;
}

static void open_groups(struct __test_metadata *_metadata,
			struct _test_data_oracle *self, unsigned int flags)
{
	self->oracle.truth = watch(self->top, flags);
	ASSERT_LE(0, self->oracle.truth);
	self->oracle.filtered = watch(self->top, flags);
	ASSERT_LE(0, self->oracle.filtered);
	ASSERT_EQ(0, attach_subtree(&self->attached, self->oracle.filtered));
}

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void run_oracle(struct __test_metadata *_metadata,
		       struct _test_data_oracle *self, bool forgets)
{
	unsigned long long seed = number("FP_SEED", ORACLE_SEED);
	long i, count = number("FP_OPERATIONS", ORACLE_OPERATIONS);
	struct oracle *oracle = &self->oracle;

	TH_LOG("FP_SEED=%llu FP_OPERATIONS=%ld", seed, count);
	ASSERT_EQ(0, tree_init(&oracle->tree, self->top, seed));
	oracle->forgets = forgets;
	oracle->loses_names = oracle->forgets || self->fs.overlay;
	for (i = 0; i < BINDS; i++) {
		strcpy(oracle->tree.binds[i].path, "/tmp/fp.bind.XXXXXX");
		ASSERT_NE(NULL, mkdtemp(oracle->tree.binds[i].path));
	}
	for (i = 1; i <= count; i++) {
		ASSERT_EQ(0, oracle_step(oracle)) {
			TH_LOG("operation %ld, \"%s\": %s; replay with FP_SEED=%llu FP_OPERATIONS=%ld",
			       i, oracle->what, strerror(errno), seed, i);
		}
		ASSERT_EQ(0, oracle_judge(oracle)) {
			TH_LOG("after operation %ld, \"%s\"; replay with FP_SEED=%llu FP_OPERATIONS=%ld",
			       i, oracle->what, seed, i);
		}
	}
	TH_LOG("%lu bits sent, %lu skipped", oracle->sent, oracle->skipped);
	/* A run that sees one side only shows nothing. */
	EXPECT_LT(count / 8, (long)oracle->sent);
	EXPECT_LT(count / 8, (long)oracle->skipped);
}

TEST_F_TIMEOUT(oracle, c1001_c1005_c1006_filtered_events_are_what_the_model_says, ORACLE_TIMEOUT)
{
	open_groups(_metadata, self, FAN_REPORT_DFID_NAME);
	run_oracle(_metadata, self, false);
}

/* The same, and the events that name a file by its handle alone. */
TEST_F_TIMEOUT(oracle, c1001_c1009_c1011_filtered_events_with_targets_are_what_the_model_says,
	       ORACLE_TIMEOUT)
{
	open_groups(_metadata, self, FAN_REPORT_DFID_NAME | FAN_REPORT_FID |
		    FAN_REPORT_TARGET_FID);
	run_oracle(_metadata, self, false);
}

/* And while the kernel drops now and then what it has cached of the tree. */
TEST_F_TIMEOUT(oracle, c1001_c1009_c1011_they_are_also_when_caches_are_dropped,
	       ORACLE_TIMEOUT)
{
	open_groups(_metadata, self, FAN_REPORT_DFID_NAME | FAN_REPORT_FID |
		    FAN_REPORT_TARGET_FID);
	run_oracle(_metadata, self, true);
}

TEST_F_TIMEOUT(oracle, c1001_c1005_what_stays_in_its_place_is_judged_right_while_others_move,
	       ORACLE_TIMEOUT)
{
	unsigned long long seed = number("FP_SEED", ORACLE_SEED);

	TH_LOG("FP_SEED=%llu", seed);
	open_groups(_metadata, self, FAN_REPORT_DFID_NAME);
	ASSERT_EQ(0, threads_run(self->top, self->oracle.truth,
				 self->oracle.filtered, ORACLE_ROUNDS, seed));
}

TEST_HARNESS_MAIN
