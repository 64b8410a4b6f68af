// SPDX-License-Identifier: GPL-2.0-only
/*
 * libfanfp: groups: by name, roots, other processes'; the registry
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"

FIXTURE(group)
{
	struct fp_dir dir;
	struct fanfp_link *subtree, *deny;
	int fd;
	char in[80], out[80], in_file[96], out_file[96];
};

static struct fanfp_link *register_as(const char *builtin, const char *name)
{
	LIBFANFP_OPTS(fanfp_open_opts, opts, .name = name);
	struct fanfp_handler *handler;
	struct fanfp_link *link;

	handler = fanfp_handler__open_builtin(builtin, &opts);
	if (!handler)
		return NULL;
	link = fanfp_handler__register(handler);
	fanfp_handler__close(handler);
	return link;
}

FIXTURE_SETUP(group)
{
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir.path);
	snprintf(self->in_file, sizeof(self->in_file), "%s/file", self->in);
	snprintf(self->out_file, sizeof(self->out_file), "%s/file", self->out);
	ASSERT_EQ(0, mkdir(self->in, 0700));
	ASSERT_EQ(0, mkdir(self->out, 0700));
	ASSERT_EQ(0, fp_create(self->in_file));
	ASSERT_EQ(0, fp_create(self->out_file));
	self->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_UNLIMITED_QUEUE, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	lib_listen();
	/* Not in the order of their names. */
	self->subtree = register_as("subtree", "t-subtree");
	self->deny = register_as("deny", "t-deny");
	ASSERT_NE(NULL, self->subtree);
	ASSERT_NE(NULL, self->deny);
}

FIXTURE_TEARDOWN(group)
{
	fanfp_link__destroy(self->subtree);
	fanfp_link__destroy(self->deny);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

/* How many events of opening a file come through. */
static int events(const char *path, int fd)
{
	return fp_touch(path) ?: fp_count(fd);
}

TEST_F(group, a_registered_handler_is_attached_and_detached_by_name)
{
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	EXPECT_EQ(1, fp_counter("t-subtree", "attached"));
	EXPECT_EQ(0, events(self->in_file, self->fd));
	ASSERT_EQ(0, fanfp_group__detach(self->fd, "t-subtree"));
	EXPECT_EQ(1, events(self->in_file, self->fd));
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(0, fanfp_group__detach(self->fd, NULL));
	EXPECT_EQ(1, events(self->in_file, self->fd));
	EXPECT_EQ(0, lib_said.warnings);
}

TEST_F(group, attaching_by_name_can_fail)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts, .args = "a/b", .args_size = 3);
	static const char name[] = "a-name-of-32-characters-is-none.";
	int fds[2];

	FAILS(ENOENT, fanfp_group__attach(self->fd, "nobody", NULL),
	      "handler 'nobody' is not registered; see 'fanfp handler list'");
	FAILS(ENAMETOOLONG, fanfp_group__attach(self->fd, name, NULL),
	      "the name of a handler has at most 31 characters");
	FAILS(EINVAL, fanfp_group__attach(self->fd, "t-deny", &opts),
	      "handler 't-deny' refuses the arguments; see 'fanfp handler show t-deny'");
	opts.args = NULL;
	FAILS(EINVAL, fanfp_group__attach(self->fd, "t-deny", &opts),
	      "the arguments have a size but no address");

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	FAILS(EINVAL, fanfp_group__attach(fds[0], "t-subtree", NULL),
	      "handler 't-subtree': file descriptor ");
	close(fds[0]);
	close(fds[1]);
	FAILS(EBADF, fanfp_group__attach(fds[0], "t-subtree", NULL),
	      "is not fanotify's");

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	FAILS(EBUSY, fanfp_group__attach(self->fd, "t-subtree", NULL),
	      "the group has a handler already; detach that first");
}

static int attach_as_nobody(void *fd)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts, .args = "x", .args_size = 1);

	if (lib_become_nobody())
		return 1;
	if (fanfp_group__attach(*(int *)fd, "t-deny", &opts) != -EPERM)
		return 2;
	if (strcmp(lib_said.warning, "handler 't-deny' needs CAP_SYS_ADMIN (it is not marked unprivileged)"))
		return 3;
	return fanfp_group__attach(*(int *)fd, "t-subtree", NULL) ? 4 : 0;
}

TEST_F(group, attaching_takes_a_capability_unless_the_handler_is_for_all)
{
	EXPECT_EQ(0, fp_in_child(attach_as_nobody, &self->fd));
	EXPECT_EQ(1, fp_counter("t-subtree", "attached"));
}

static int attach_and_die(void *fd)
{
	if (fanfp_group__attach(*(int *)fd, "t-subtree", NULL))
		return 1;
	return kill(getpid(), SIGKILL);
}

TEST_F(group, by_name_it_stays_when_who_attached_it_is_killed)
{
	EXPECT_EQ(-1, fp_in_child(attach_and_die, &self->fd));
	EXPECT_EQ(1, fp_counter("t-subtree", "attached"));
	EXPECT_EQ(0, events(self->in_file, self->fd));
	/* Until the group is closed. */
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(FP_WAIT_FOR(!fp_counter("t-subtree", "attached")));
}

TEST_F(group, detaching_can_fail)
{
	struct fanfp_handler *handler;
	struct fanfp_link *link;
	int fds[2];

	FAILS(ENOENT, fanfp_group__detach(self->fd, NULL),
	      "handler '(any)' is not attached to the group");
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	FAILS(ENOENT, fanfp_group__detach(self->fd, "t-deny"),
	      "handler 't-deny' is not attached to the group");
	ASSERT_EQ(0, fanfp_group__detach(self->fd, NULL));

	handler = fanfp_handler__open_builtin("subtree", NULL);
	ASSERT_NE(NULL, handler);
	link = fanfp_handler__attach(handler, self->fd, NULL);
	ASSERT_NE(NULL, link);
	FAILS(EBUSY, fanfp_group__detach(self->fd, NULL),
	      "attached by a BPF link; close or detach that");
	FAILS(EBUSY, fanfp_group__replace(self->fd, "t-subtree", NULL),
	      "attached by a BPF link; replace that one's with fanfp_link__replace()");
	EXPECT_EQ(0, events(self->in_file, self->fd));
	fanfp_link__destroy(link);
	fanfp_handler__close(handler);

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	FAILS(EINVAL, fanfp_group__detach(fds[0], NULL), "is not fanotify's");
	close(fds[0]);
	close(fds[1]);
}

TEST_F(group, another_handler_takes_the_place_of_one_by_name)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts, .args = "file", .args_size = 4);

	FAILS(ENOENT, fanfp_group__replace(self->fd, "t-deny", &opts),
	      "handler 't-deny' is not registered, or the group has no handler to replace");
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	EXPECT_EQ(0, events(self->in_file, self->fd));
	ASSERT_EQ(0, fanfp_group__replace(self->fd, "t-deny", &opts));
	EXPECT_EQ(0, fp_counter("t-subtree", "attached"));
	EXPECT_EQ(1, fp_counter("t-deny", "attached"));
	EXPECT_EQ(1, events(self->in_file, self->fd));

	opts.args = "a/b";
	FAILS(EINVAL, fanfp_group__replace(self->fd, "t-deny", &opts),
	      "handler 't-deny' refuses the arguments");
	FAILS(ENOENT, fanfp_group__replace(self->fd, "nobody", NULL),
	      "handler 'nobody' is not registered");
	EXPECT_EQ(1, fp_counter("t-deny", "attached"));
}

TEST_F(group, tells_what_is_attached_and_what_it_has_done)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };

	/* Which one may well ask: no warning. */
	EXPECT_EQ(-ENOENT, fanfp_group__info(self->fd, &info));
	EXPECT_EQ(0, lib_said.warnings);
	EXPECT_NE(NULL, strstr(fanfp_last_error(), "the group has no handler"));
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(0, events(self->in_file, self->fd));
	ASSERT_EQ(0, fanfp_group__info(self->fd, &info));
	EXPECT_STREQ("t-subtree", info.handler);
	EXPECT_EQ(FAN_FP_F_UNPRIV, info.flags);
	EXPECT_LT(0, info.id);
	EXPECT_EQ(1, info.seen);
	EXPECT_EQ(1, info.skipped);
	EXPECT_EQ(0, info.sent + info.denied + info.errors + info.nested +
		  info.unplaced);
}

TEST_F(group, what_is_told_can_grow)
{
	struct {
		struct fanfp_group_info today;
		long wish;
	} tomorrow = { .today.sz = sizeof(tomorrow), .wish = 5 };
	struct fanfp_group_info info = { .sz = sizeof(info) - 1 };
	int fds[2];

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(0, fanfp_group__info(self->fd, &tomorrow.today));
	EXPECT_STREQ("t-subtree", tomorrow.today.handler);
	EXPECT_EQ(5, tomorrow.wish);
	FAILS(EINVAL, fanfp_group__info(self->fd, &info), "options that this version");

	info.sz = sizeof(info);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	FAILS(EINVAL, fanfp_group__info(fds[0], &info), "is not fanotify's");
	close(fds[0]);
	close(fds[1]);
	FAILS(EBADF, fanfp_group__info(fds[0], &info), "is not fanotify's");
}

TEST_F(group, roots_are_added_and_removed)
{
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	EXPECT_EQ(1, fanfp_group__add_root(self->fd, self->dir.path, FANFP_INCLUDE));
	EXPECT_EQ(1, fanfp_group__add_root(self->fd, self->out, FANFP_EXCLUDE));
	/* Somebody's already. */
	EXPECT_EQ(0, fanfp_group__add_root(self->fd, self->out, FANFP_EXCLUDE));
	EXPECT_EQ(1, events(self->in_file, self->fd));
	EXPECT_EQ(0, events(self->out_file, self->fd));
	EXPECT_EQ(0, fanfp_group__remove_root(self->fd, self->out, FANFP_EXCLUDE));
	EXPECT_EQ(1, events(self->out_file, self->fd));
	EXPECT_EQ(0, fanfp_group__remove_root(self->fd, self->dir.path,
					      FANFP_INCLUDE));
	EXPECT_EQ(0, events(self->out_file, self->fd));
	EXPECT_EQ(0, lib_said.warnings);
}

struct new_root {
	int group;
	const char *dir;
};

/* In a process for which no /proc lists the marks of a group. */
static int add_root_without_proc(void *ctx)
{
	const struct new_root *root = ctx;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    umount2("/proc", MNT_DETACH) || !access("/proc/self", F_OK))
		return 99;
	return fanfp_group__add_root(root->group, root->dir, FANFP_INCLUDE);
}

TEST_F(group, a_root_is_added_without_a_look_at_all_others)
{
	struct new_root root = { .group = self->fd, .dir = self->in };

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	EXPECT_EQ(1, fp_in_child(add_root_without_proc, &root));
	EXPECT_EQ(1, events(self->in_file, self->fd));
	EXPECT_EQ(0, fanfp_group__add_root(self->fd, self->in, FANFP_INCLUDE));
	EXPECT_EQ(0, fanfp_group__remove_root(self->fd, self->in, FANFP_INCLUDE));
}

TEST_F(group, a_root_lasts_whatever_mark_was_there)
{
	static const unsigned int before[] = { 0, 0x200 /* FAN_MARK_EVICTABLE */ };
	size_t i;

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	for (i = 0; i < 2; i++) {
		/* The listener's own, which stays. */
		ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | before[i],
					   FAN_ACCESS, AT_FDCWD, self->out));
		EXPECT_EQ(1, fanfp_group__add_root(self->fd, self->out,
						   FANFP_EXCLUDE));
		EXPECT_EQ(0, fanfp_group__add_root(self->fd, self->out,
						   FANFP_EXCLUDE));
		EXPECT_EQ(1, fanfp_group__add_root(self->fd, self->dir.path,
						   FANFP_INCLUDE));
		ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_REMOVE, FAN_ACCESS,
					   AT_FDCWD, self->out));
		EXPECT_EQ(0, events(self->out_file, self->fd));
		EXPECT_EQ(1, events(self->in_file, self->fd));
		EXPECT_EQ(0, fanfp_group__remove_root(self->fd, self->out,
						      FANFP_EXCLUDE));
		EXPECT_EQ(0, fanfp_group__remove_root(self->fd, self->dir.path,
						      FANFP_INCLUDE));
	}
}

TEST_F(group, a_root_that_will_not_do_is_refused)
{
	FAILS(ENOENT, fanfp_group__add_root(self->fd, "/no/such", FANFP_INCLUDE),
	      "/no/such: cannot mark: No such file or directory");
	FAILS(ENOTDIR, fanfp_group__add_root(self->fd, self->in_file, FANFP_INCLUDE),
	      "/in/file: cannot mark: Not a directory");
	FAILS(ENOENT, fanfp_group__remove_root(self->fd, self->in, FANFP_INCLUDE),
	      "/in: cannot remove its mark: the group has none on it");
	FAILS(ENOENT, fanfp_group__remove_root(self->fd, "/no/such", FANFP_INCLUDE),
	      "/no/such: cannot remove its mark: No such file or directory");
	FAILS(EBADF, fanfp_group__add_root(-1, self->in, FANFP_INCLUDE),
	      "/in: cannot mark: Bad file descriptor");
}

TEST_F(group, a_user_has_so_many_marks)
{
	const char *limit = "/proc/sys/fs/fanotify/max_user_marks";
	char before[16];
	ssize_t len;
	int fd;

	fd = open(limit, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	len = pread(fd, before, sizeof(before), 0);
	/* The one that the group has. */
	ASSERT_EQ(1, pwrite(fd, "1", 1, 0));
	FAILS(ENOSPC, fanfp_group__add_root(self->fd, self->in, FANFP_INCLUDE),
	      "/in: the user has no marks left; raise /proc/sys/fs/fanotify/max_user_marks");
	EXPECT_EQ(len, pwrite(fd, before, len, 0));
	close(fd);
}

TEST_F(group, a_root_is_found_wherever_it_has_moved)
{
	char moved[96], name[40];
	int dir;

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	EXPECT_EQ(1, fanfp_group__add_root(self->fd, self->in, FANFP_INCLUDE));
	dir = open(self->in, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	snprintf(moved, sizeof(moved), "%s/moved", self->out);
	ASSERT_EQ(0, rename(self->in, moved));
	FAILS(ENOENT, fanfp_group__remove_root(self->fd, self->in, FANFP_INCLUDE),
	      "No such file or directory");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", dir);
	EXPECT_EQ(0, fanfp_group__remove_root(self->fd, name, FANFP_INCLUDE));
	close(dir);
}

TEST_F(group, a_root_is_moved)
{
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(1, fanfp_group__add_root(self->fd, self->in, FANFP_INCLUDE));
	EXPECT_EQ(1, fanfp_group__move_root(self->fd, self->in, self->out,
					    FANFP_INCLUDE));
	EXPECT_EQ(0, events(self->in_file, self->fd));
	EXPECT_EQ(1, events(self->out_file, self->fd));
	/* To where it is. */
	EXPECT_EQ(0, fanfp_group__move_root(self->fd, self->out, self->out,
					    FANFP_INCLUDE));
	EXPECT_EQ(1, events(self->out_file, self->fd));
}

/*
 * Between a directory and the one above it, all is seen all the time, as two
 * processes that do nothing but open a file show.
 */
TEST_F_TIMEOUT(group, a_root_is_moved_without_a_moment_between, 120)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	const int openings = 3000;
	int running = 2, status;
	int i;

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(1, fanfp_group__add_root(self->fd, self->out, FANFP_INCLUDE));
	for (i = 0; i < running; i++) {
		pid_t pid = fork();
		int left = openings;

		if (pid)
			continue;
		while (left && !fp_touch(self->out_file))
			left--;
		_exit(left > 0);
	}
	while (running) {
		EXPECT_EQ(1, fanfp_group__move_root(self->fd, self->out,
						    self->dir.path, FANFP_INCLUDE));
		EXPECT_EQ(1, fanfp_group__move_root(self->fd, self->dir.path,
						    self->out, FANFP_INCLUDE));
		if (waitpid(-1, &status, WNOHANG) > 0) {
			EXPECT_EQ(0, status);
			running--;
		}
		fp_count(self->fd);
	}
	ASSERT_EQ(0, fanfp_group__info(self->fd, &info));
	EXPECT_EQ(0, info.skipped);
	EXPECT_EQ(2 * openings, info.sent);
}

TEST_F(group, a_root_that_can_not_be_moved_stays)
{
	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(1, fanfp_group__add_root(self->fd, self->in, FANFP_INCLUDE));
	FAILS(ENOENT, fanfp_group__move_root(self->fd, self->in, "/no/such",
					     FANFP_INCLUDE), "/no/such: cannot mark");
	EXPECT_EQ(1, events(self->in_file, self->fd));
	/* What is not there can't be moved: the other gets no mark. */
	FAILS(ENOENT, fanfp_group__move_root(self->fd, self->dir.path, self->out,
					     FANFP_INCLUDE), "the group has none on it");
	EXPECT_EQ(0, events(self->out_file, self->fd));
	EXPECT_EQ(1, events(self->in_file, self->fd));
}

TEST_F(group, the_group_of_another_process_is_found)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };
	pid_t pid = fork();
	int fd;

	if (!pid) {
		pause();
		_exit(0);
	}
	EXPECT_EQ(self->fd, fanfp_group__find_fd(pid));
	fd = fanfp_group__open_pid(pid, -1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fanfp_group__attach(fd, "t-subtree", NULL));
	EXPECT_EQ(0, fanfp_group__info(self->fd, &info));
	close(fd);
	fd = fanfp_group__open_pid(pid, self->fd);
	EXPECT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, lib_said.warnings);
}

static int open_as_nobody(void *ctx)
{
	pid_t parent = getppid();
	int fd;

	if (lib_become_nobody())
		return 1;
	fd = fanfp_group__open_pid(parent, *(int *)ctx);
	if (fd != -EPERM ||
	    !strstr(lib_said.warning, "the right to trace the process (CAP_SYS_PTRACE)"))
		return 2;
	return fanfp_group__find_fd(parent) == -EACCES ? 0 : 3;
}

TEST_F(group, a_process_without_a_group_is_refused)
{
	int second;

	FAILS(ESRCH, fanfp_group__open_pid(999999, -1),
	      "process 999999: No such process");
	FAILS(ESRCH, fanfp_group__open_pid(999999, 3),
	      "process 999999: No such process");
	FAILS(ENOENT, fanfp_group__open_pid(1, -1),
	      "process 1 has no fanotify file descriptor");
	FAILS(EINVAL, fanfp_group__open_pid(getpid(), STDIN_FILENO),
	      "file descriptor 0 is not fanotify's");
	FAILS(EBADF, fanfp_group__open_pid(getpid(), 999),
	      "file descriptor 999: Bad file descriptor");
	second = dup(self->fd);
	FAILS(EMFILE, fanfp_group__open_pid(getpid(), -1),
	      "has several fanotify file descriptors: ");
	close(second);
	EXPECT_EQ(0, fp_in_child(open_as_nobody, &self->fd));
}

struct seen {
	int count;
	char names[2][32];
	int end;
	bool right;
};

static int see(const struct fanfp_handler_info *info, void *ctx)
{
	struct seen *seen = ctx;

	if (seen->count < 2)
		strcpy(seen->names[seen->count], info->name);
	seen->count++;
	if (!strcmp(info->name, "t-subtree"))
		seen->right = info->sz == sizeof(*info) &&
			info->flags == FAN_FP_F_UNPRIV && info->attached == 1 &&
			info->seen == 1 && info->skipped == 1 && !info->sent &&
			!strcmp(info->init_args, "none; roots are inode marks of the group") &&
			!strncmp(info->desc, "pass on events below", 20);
	return seen->end;
}

TEST_F(group, the_registry_is_listed_in_order)
{
	struct seen seen = {};

	ASSERT_EQ(0, fanfp_group__attach(self->fd, "t-subtree", NULL));
	ASSERT_EQ(0, events(self->in_file, self->fd));
	EXPECT_EQ(0, fanfp_registry__for_each(see, &seen));
	EXPECT_EQ(2, seen.count);
	EXPECT_STREQ("t-deny", seen.names[0]);
	EXPECT_STREQ("t-subtree", seen.names[1]);
	EXPECT_TRUE(seen.right);
}

TEST_F(group, listing_the_registry_can_be_ended)
{
	struct seen seen = { .end = -E2BIG };

	EXPECT_EQ(-E2BIG, fanfp_registry__for_each(see, &seen));
	EXPECT_EQ(1, seen.count);
	seen.end = 3;
	EXPECT_EQ(3, fanfp_registry__for_each(see, &seen));
	EXPECT_EQ(2, seen.count);
}

TEST_HARNESS_MAIN
