// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subtree handler: events below the group's marked directories
 */
#include "kselftest_harness.h"
#include "common.h"
#include "subtree.skel.h"

FIXTURE(subtree)
{
	struct fp_dir dir;
	struct subtree *skel;
	struct bpf_link *link;
	int fd;
	/* Under dir.path: in/deep, in/out, in/out/again, and out. */
	char in[96], deep[96], in_out[96], again[96], out[96];
};

static int make_dir(char *path, size_t size, const char *parent,
		    const char *name)
{
	snprintf(path, size, "%s/%s", parent, name);
	return mkdir(path, 0700);
}

static int include(int fd, const char *dir)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_ONDIR,
			     AT_FDCWD, dir);
}

static int exclude(int fd, const char *dir)
{
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR |
			     FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY,
			     FAN_ONDIR, AT_FDCWD, dir);
}

static int remove_include(int fd, const char *dir)
{
	return fanotify_mark(fd, FAN_MARK_REMOVE, FAN_ONDIR, AT_FDCWD, dir);
}

/* Create a file in @dir, drop what that caused, open it: how many events? */
static int opens_seen(int fd, const char *dir)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/f", dir);
	if (fp_create(path))
		return -1;
	fp_count(fd);
	if (fp_touch(path))
		return -1;
	return fp_count(fd);
}

static int attach_subtree(struct subtree **skel, struct bpf_link **link, int fd)
{
	*link = NULL;
	*skel = subtree__open();
	if (!*skel)
		return -errno;
	fp_set_group((*skel)->maps.subtree, fd);
	if (subtree__load(*skel))
		return -errno;
	*link = bpf_map__attach_struct_ops((*skel)->maps.subtree);
	return *link ? 0 : -errno;
}

static struct fanotify_fastpath_info group_info(int fd)
{
	struct fanotify_fastpath_info info = {};

	fp_ioctl_info(fd, FAN_IOC_GET_FP, &info);
	return info;
}

FIXTURE_SETUP(subtree)
{
	libbpf_set_print(fp_print);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, make_dir(self->in, 96, self->dir.path, "in"));
	ASSERT_EQ(0, make_dir(self->deep, 96, self->in, "deep"));
	ASSERT_EQ(0, make_dir(self->in_out, 96, self->in, "out"));
	ASSERT_EQ(0, make_dir(self->again, 96, self->in_out, "again"));
	ASSERT_EQ(0, make_dir(self->out, 96, self->dir.path, "out"));

	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_DFID_NAME | FAN_UNLIMITED_QUEUE |
				 FAN_UNLIMITED_MARKS, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN | FAN_RENAME | FAN_ONDIR, AT_FDCWD,
				   self->dir.path));
	ASSERT_EQ(0, attach_subtree(&self->skel, &self->link, self->fd));
}

FIXTURE_TEARDOWN(subtree)
{
	bpf_link__destroy(self->link);
	subtree__destroy(self->skel);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

TEST_F(subtree, c1003_without_a_root_nothing_is_sent)
{
	EXPECT_EQ(0, opens_seen(self->fd, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->dir.path));
}

TEST_F(subtree, c1002_what_is_below_an_included_directory_is_sent)
{
	ASSERT_EQ(0, include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(1, opens_seen(self->fd, self->again));
	EXPECT_EQ(0, opens_seen(self->fd, self->out));
	EXPECT_EQ(0, opens_seen(self->fd, self->dir.path));
}

TEST_F(subtree, c1001_the_root_itself_is_inside)
{
	ASSERT_EQ(0, include(self->fd, self->in));
	ASSERT_EQ(0, fp_touch(self->in));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, fp_touch(self->dir.path));
	EXPECT_EQ(0, fp_count(self->fd));
}

TEST_F(subtree, c1001_c1002_the_nearest_root_decides)
{
	ASSERT_EQ(0, include(self->fd, self->in));
	ASSERT_EQ(0, exclude(self->fd, self->in_out));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(0, opens_seen(self->fd, self->in_out));
	EXPECT_EQ(0, opens_seen(self->fd, self->again));
	ASSERT_EQ(0, include(self->fd, self->again));
	EXPECT_EQ(1, opens_seen(self->fd, self->again));
	EXPECT_EQ(0, opens_seen(self->fd, self->in_out));
}

TEST_F(subtree, c1004_a_removed_root_counts_no_more)
{
	ASSERT_EQ(0, include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, remove_include(self->fd, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
}

TEST_F(subtree, c1004_a_deleted_root_counts_no_more)
{
	ASSERT_EQ(0, include(self->fd, self->deep));
	ASSERT_EQ(0, rmdir(self->deep));
	ASSERT_EQ(0, mkdir(self->deep, 0700));
	fp_count(self->fd);
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
}

TEST_F(subtree, c1005_a_directory_that_is_moved_out_is_out)
{
	char moved[128];

	ASSERT_EQ(0, include(self->fd, self->in));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->deep, moved));
	fp_count(self->fd);
	EXPECT_EQ(0, opens_seen(self->fd, moved));
	ASSERT_EQ(0, rename(moved, self->deep));
	fp_count(self->fd);
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
}

TEST_F(subtree, c1005_a_root_that_is_moved_stays_a_root)
{
	char moved[128];

	ASSERT_EQ(0, include(self->fd, self->deep));
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->deep, moved));
	fp_count(self->fd);
	EXPECT_EQ(1, opens_seen(self->fd, moved));
}

TEST_F(subtree, c1006_a_rename_is_sent_if_either_end_is_inside)
{
	char inside[128], inside2[128], outside[128], outside2[128];

	ASSERT_EQ(0, include(self->fd, self->in));
	snprintf(inside, sizeof(inside), "%s/x", self->deep);
	snprintf(inside2, sizeof(inside2), "%s/y", self->in);
	snprintf(outside, sizeof(outside), "%s/x", self->out);
	snprintf(outside2, sizeof(outside2), "%s/y", self->dir.path);
	ASSERT_EQ(0, fp_create(inside));
	fp_count(self->fd);
	ASSERT_EQ(0, rename(inside, outside));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(outside, outside2));
	EXPECT_EQ(0, fp_count(self->fd));
	ASSERT_EQ(0, rename(outside2, inside));
	EXPECT_EQ(1, fp_count(self->fd));
	ASSERT_EQ(0, rename(inside, inside2));
	EXPECT_EQ(1, fp_count(self->fd));
}

TEST_F(subtree, c1007_an_access_through_a_bind_mount_is_seen)
{
	char bind[96], path[128];

	ASSERT_EQ(0, include(self->fd, self->in));
	ASSERT_EQ(1, opens_seen(self->fd, self->deep));
	ASSERT_EQ(0, make_dir(bind, 96, "/tmp", "fp.bind"));
	ASSERT_EQ(0, mount(self->deep, bind, NULL, MS_BIND, NULL));
	fp_count(self->fd);
	snprintf(path, sizeof(path), "%s/f", bind);
	ASSERT_EQ(0, fp_touch(path));
	EXPECT_EQ(1, fp_count(self->fd));
	umount2(bind, MNT_DETACH);
	rmdir(bind);
}

TEST_F(subtree, c1008_the_file_system_can_be_unmounted)
{
	ASSERT_EQ(0, include(self->fd, self->in));
	ASSERT_EQ(0, exclude(self->fd, self->in_out));
	EXPECT_EQ(1, opens_seen(self->fd, self->deep));
	EXPECT_EQ(0, umount(self->dir.path));
}

TEST_F(subtree, c1004_marks_of_other_groups_are_no_roots)
{
	int other = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, include(other, self->in));
	EXPECT_EQ(0, opens_seen(self->fd, self->deep));
	close(other);
}

/*
 * The truth: a group without a handler sees everything, and a model of the tree
 * says where each directory is.
 */

#define NODES		48
#define OPERATIONS	3000

enum mark { NO_MARK, INCLUDED, EXCLUDED };

struct handle {
	struct file_handle head;
	unsigned char bytes[64];
};

struct node {
	int parent;	/* index, or -1 for the root */
	bool used, dir;
	enum mark mark;
	struct handle handle;
};

struct seen {
	__u64 mask;
	int places;	/* directories: 1, or 2 for a rename */
	struct handle dir[2];
	char name[2][32];
};

struct truth {
	const char *top;
	int all, filtered;
	struct node nodes[NODES];
	unsigned long long random;
};

static unsigned int rnd(struct truth *t, unsigned int below)
{
	/* Knuth's MMIX generator. */
	t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (t->random >> 33) % below;
}

static void node_path(struct truth *t, int i, char *path, size_t size)
{
	int chain[NODES], depth = 0;
	size_t len;

	for (; t->nodes[i].parent >= 0; i = t->nodes[i].parent)
		chain[depth++] = i;
	len = snprintf(path, size, "%s", t->top);
	while (depth--)
		len += snprintf(path + len, size - len, "/n%d", chain[depth]);
}

static int get_handle(const char *path, struct handle *handle)
{
	int mount_id;

	memset(handle, 0, sizeof(*handle));
	handle->head.handle_bytes = sizeof(handle->bytes);
	return name_to_handle_at(AT_FDCWD, path, &handle->head, &mount_id, 0);
}

static bool same_handle(const struct handle *a, const struct handle *b)
{
	return a->head.handle_bytes == b->head.handle_bytes &&
		a->head.handle_type == b->head.handle_type &&
		!memcmp(a->head.f_handle, b->head.f_handle,
			a->head.handle_bytes);
}

/* Whether @i is @of or below it. */
static bool is_below(struct truth *t, int i, int of)
{
	for (; i >= 0; i = t->nodes[i].parent) {
		if (i == of)
			return true;
	}
	return false;
}

static bool is_inside(struct truth *t, int i)
{
	for (; i >= 0; i = t->nodes[i].parent) {
		if (t->nodes[i].mark != NO_MARK)
			return t->nodes[i].mark == INCLUDED;
	}
	return false;
}

static bool seen_inside(struct truth *t, const struct seen *seen)
{
	int p, i;

	for (p = 0; p < seen->places; p++) {
		for (i = 0; i < NODES; i++) {
			if (t->nodes[i].used && t->nodes[i].dir &&
			    same_handle(&t->nodes[i].handle, &seen->dir[p]) &&
			    is_inside(t, i))
				return true;
		}
	}
	return false;
}

static int read_seen(int fd, struct seen *seen, int max)
{
	char buf[65536] __attribute__((aligned(8)));
	int count = 0;
	ssize_t len;

	while ((len = read(fd, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *event = (void *)buf;

		for (; FAN_EVENT_OK(event, len) && count < max;
		     event = FAN_EVENT_NEXT(event, len)) {
			struct seen *s = &seen[count++];
			char *at = (char *)(event + 1);
			char *end = (char *)event + event->event_len;

			memset(s, 0, sizeof(*s));
			s->mask = event->mask;
			while (at < end && s->places < 2) {
				struct fanotify_event_info_fid *fid = (void *)at;
				struct file_handle *fh = (void *)fid->handle;
				struct handle *dir = &s->dir[s->places];
				char *name = (char *)fh->f_handle +
					fh->handle_bytes;

				memcpy(&dir->head, fh, sizeof(*fh) +
				       fh->handle_bytes);
				snprintf(s->name[s->places++], 32, "%s", name);
				at += fid->hdr.len;
			}
		}
	}
	return count;
}

/* Compare what came with what should have; returns the events wrong. */
static int compare(struct truth *t)
{
	static struct seen all[64], filtered[64];
	int n_all = read_seen(t->all, all, 64);
	int n_filtered = read_seen(t->filtered, filtered, 64);
	int i, at = 0, wrong = 0;

	for (i = 0; i < n_all; i++) {
		bool inside = seen_inside(t, &all[i]);
		bool came = at < n_filtered &&
			!memcmp(&all[i], &filtered[at], sizeof(all[i]));

		/* Equal events follow each other, so take the first. */
		if (inside && came) {
			at++;
		} else if (inside) {
			printf("# lost: mask %llx in '%s'\n",
			       (unsigned long long)all[i].mask, all[i].name[0]);
			wrong++;
		}
	}
	for (; at < n_filtered; at++) {
		printf("# too many: mask %llx in '%s'\n",
		       (unsigned long long)filtered[at].mask,
		       filtered[at].name[0]);
		wrong++;
	}
	return wrong;
}

/* A used node, of a kind; the root counts as a directory. */
static int pick(struct truth *t, bool dir)
{
	int i = rnd(t, NODES), n;

	for (n = 0; n < NODES; n++, i = (i + 1) % NODES) {
		if (t->nodes[i].used && t->nodes[i].dir == dir)
			return i;
	}
	return -1;
}

static bool has_children(struct truth *t, int of)
{
	int i;

	for (i = 0; i < NODES; i++) {
		if (t->nodes[i].used && t->nodes[i].parent == of)
			return true;
	}
	return false;
}

static int op_create(struct truth *t)
{
	char path[1200];
	int i;

	for (i = 1; i < NODES && t->nodes[i].used; i++)
		;
	if (i == NODES)
		return 0;
	t->nodes[i] = (struct node){
		.parent = pick(t, true), .used = true, .dir = rnd(t, 2),
	};
	node_path(t, i, path, sizeof(path));
	if (!t->nodes[i].dir)
		return fp_create(path);
	return mkdir(path, 0700) ?: get_handle(path, &t->nodes[i].handle);
}

static int op_remove(struct truth *t)
{
	char path[1200];
	int i = pick(t, rnd(t, 2));

	if (i <= 0 || has_children(t, i))
		return 0;
	node_path(t, i, path, sizeof(path));
	t->nodes[i].used = false;
	return t->nodes[i].dir ? rmdir(path) : unlink(path);
}

static int op_rename(struct truth *t)
{
	char from[1200], to[1200];
	int i = pick(t, rnd(t, 2)), dir = pick(t, true);

	if (i <= 0 || is_below(t, dir, i))
		return 0;
	node_path(t, i, from, sizeof(from));
	t->nodes[i].parent = dir;
	node_path(t, i, to, sizeof(to));
	return rename(from, to);
}

static int op_open(struct truth *t)
{
	char path[1200];
	int i = pick(t, rnd(t, 4) == 0);

	if (i < 0)
		return 0;
	node_path(t, i, path, sizeof(path));
	return fp_touch(path);
}

static int op_chmod(struct truth *t)
{
	char path[1200];
	int i = pick(t, rnd(t, 4) == 0);

	if (i < 0)
		return 0;
	node_path(t, i, path, sizeof(path));
	return chmod(path, 0700 | rnd(t, 64));
}

static int op_mark(struct truth *t)
{
	char path[1200];
	int i = pick(t, true);
	struct node *node = &t->nodes[i];

	node_path(t, i, path, sizeof(path));
	switch (node->mark) {
	case NO_MARK:
		node->mark = rnd(t, 2) ? INCLUDED : EXCLUDED;
		return node->mark == INCLUDED ? include(t->filtered, path) :
						exclude(t->filtered, path);
	case INCLUDED:
		node->mark = NO_MARK;
		return remove_include(t->filtered, path);
	default:
		node->mark = NO_MARK;
		return fanotify_mark(t->filtered, FAN_MARK_REMOVE |
				     FAN_MARK_IGNORE, FAN_ONDIR, AT_FDCWD,
				     path);
	}
}

TEST_F_TIMEOUT(subtree, c1001_c1005_matches_the_truth, 120)
{
	static int (*const ops[])(struct truth *) = {
		op_create, op_create, op_remove, op_rename, op_rename,
		op_open, op_open, op_open, op_chmod, op_mark,
	};
	const __u64 mask = FAN_CREATE | FAN_DELETE | FAN_RENAME |
		FAN_MOVED_FROM | FAN_MOVED_TO | FAN_OPEN | FAN_CLOSE |
		FAN_ATTRIB | FAN_ONDIR;
	const char *seed_text = getenv("FP_SEED");
	unsigned long long seed = seed_text ? strtoull(seed_text, NULL, 0) :
					      (unsigned long long)time(NULL);
	struct truth t = { .random = seed, .filtered = self->fd };
	char top[96];
	int i;

	ASSERT_EQ(0, make_dir(top, sizeof(top), self->dir.path, "top"));
	t.top = top;
	t.nodes[0] = (struct node){ .parent = -1, .used = true, .dir = true };
	ASSERT_EQ(0, get_handle(top, &t.nodes[0].handle));
	t.all = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK |
			      FAN_REPORT_DFID_NAME | FAN_UNLIMITED_QUEUE,
			      O_RDONLY);
	ASSERT_LE(0, t.all);
	ASSERT_EQ(0, fanotify_mark(t.all, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   mask, AT_FDCWD, top));
	ASSERT_EQ(0, fanotify_mark(t.filtered, FAN_MARK_ADD |
				   FAN_MARK_FILESYSTEM, mask, AT_FDCWD, top));

	for (i = 0; i < OPERATIONS; i++) {
		int op = rnd(&t, sizeof(ops) / sizeof(ops[0]));

		ASSERT_EQ(0, ops[op](&t)) {
			TH_LOG("operation %d of kind %d: %s; FP_SEED=%llu", i,
			       op, strerror(errno), seed);
		}
		ASSERT_EQ(0, compare(&t)) {
			TH_LOG("after operation %d of kind %d; FP_SEED=%llu", i,
			       op, seed);
		}
	}
	close(t.all);
}

TEST_F(subtree, c1009_what_has_no_place_is_sent_and_counted)
{
	char file[160], name[160];
	__u64 mask = 0;

	/* A group that is told of objects without a name. */
	bpf_link__destroy(self->link);
	subtree__destroy(self->skel);
	close(self->fd);
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_REPORT_FID, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, attach_subtree(&self->skel, &self->link, self->fd));

	/* The object is gone with its last name; where it was, nobody knows. */
	snprintf(file, sizeof(file), "%s/file", self->out);
	ASSERT_EQ(0, include(self->fd, self->in));
	ASSERT_EQ(0, fp_create(file));
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_DELETE_SELF | FAN_ATTRIB, AT_FDCWD,
				   self->dir.path));
	fp_count(self->fd);
	ASSERT_EQ(0, unlink(file));
	EXPECT_EQ(1, fp_drain(self->fd, &mask));
	EXPECT_EQ(FAN_DELETE_SELF, mask & FAN_DELETE_SELF);
	EXPECT_LE(1, (int)group_info(self->fd).unplaced);

	/* Of two names it is not said which one, so no guess is made. */
	ASSERT_EQ(0, fp_create(file));
	snprintf(name, sizeof(name), "%s/name", self->out);
	ASSERT_EQ(0, link(file, name));
	fp_count(self->fd);
	mask = 0;
	ASSERT_EQ(0, unlink(name));
	fp_drain(self->fd, &mask);
	EXPECT_EQ(FAN_ATTRIB, mask & FAN_ATTRIB);
}

TEST_HARNESS_MAIN
