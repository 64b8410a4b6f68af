// SPDX-License-Identifier: GPL-2.0-only
/*
 * libfanfp: attaching, registering and replacing handlers; links
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"
#include "probe.skel.h"
#include "response.skel.h"

#define BPFFS	"/sys/fs/bpf"
#define PIN	BPFFS "/fanfp_lib_test"

/* A probe: a handler, and its globals once it has been loaded. */
struct prober {
	struct fanfp_handler *handler;
	struct probe__bss *bss;
	int verdict;
	int init_verdict;
	int prepare_verdict;
};

static struct probe__bss *map_globals(const struct fanfp_handler *handler)
{
	int fd = fanfp_handler__map_fd(handler, ".bss");
	void *bss;

	if (fd < 0)
		return NULL;
	bss = mmap(NULL, sizeof(struct probe__bss), PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	return bss == MAP_FAILED ? NULL : bss;
}

static int prepare(struct fanfp_handler *handler, void *ctx)
{
	struct prober *prober = ctx;

	prober->bss = map_globals(handler);
	if (!prober->bss)
		return -EIO;
	prober->bss->verdict = prober->verdict;
	prober->bss->init_verdict = prober->init_verdict;
	return prober->prepare_verdict;
}

static bool prober_open(struct prober *prober, const char *name)
{
	LIBFANFP_OPTS(fanfp_open_opts, opts,
		.name = name,
		.prepare = prepare,
		.ctx = prober,
	);
	const void *data;
	size_t size;

	prober->verdict = FAN_FP_RET_SKIP_EVENT;
	data = probe__elf_bytes(&size);
	prober->handler = fanfp_handler__open_mem(data, size, &opts);
	return prober->handler;
}

static void prober_close(struct prober *prober)
{
	if (prober->bss)
		munmap(prober->bss, sizeof(*prober->bss));
	fanfp_handler__close(prober->handler);
	memset(prober, 0, sizeof(*prober));
}

FIXTURE(attach)
{
	struct fp_dir dir;
	struct prober first, next;
	struct fanfp_link *link;
	int fd;
};

FIXTURE_SETUP(attach)
{
	memset(&self->first, 0, sizeof(self->first));
	memset(&self->next, 0, sizeof(self->next));
	self->link = NULL;
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC |
				 FAN_UNLIMITED_QUEUE, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	lib_listen();
	ASSERT_TRUE(prober_open(&self->first, "first"));
	ASSERT_TRUE(prober_open(&self->next, "next"));
}

FIXTURE_TEARDOWN(attach)
{
	fanfp_link__destroy(self->link);
	prober_close(&self->first);
	prober_close(&self->next);
	unlink(PIN);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

/* Whether an event reaches the listener, which the handler would skip. */
static bool event_comes(const struct fp_dir *dir, int fd)
{
	return !fp_touch(dir->file) && fp_count(fd) == 1;
}

#define ATTACHED	EXPECT_FALSE(event_comes(&self->dir, self->fd))
#define NOT_ATTACHED	EXPECT_TRUE(event_comes(&self->dir, self->fd))

/* The handler can't run any more once the last of its link is gone. */
#define DETACHED_SOON	EXPECT_TRUE(FP_WAIT_FOR(event_comes(&self->dir, self->fd)))

static bool hung_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd };

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLHUP;
}

TEST_F(attach, lasts_as_long_as_the_link)
{
	NOT_ATTACHED;
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	ATTACHED;
	EXPECT_EQ(1, self->first.bss->handled);
	/* The handler is not what keeps it. */
	prober_close(&self->first);
	ATTACHED;
	fanfp_link__destroy(self->link);
	self->link = NULL;
	NOT_ATTACHED;
	fanfp_link__destroy(NULL);
	EXPECT_EQ(0, lib_said.warnings);
}

TEST_F(attach, passes_arguments)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts, .args = "args", .args_size = 4);

	self->link = fanfp_handler__attach(self->first.handler, self->fd, &opts);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(4, self->first.bss->args_size);
	EXPECT_EQ(0, memcmp("args", self->first.bss->args, 4));
}

TEST_F(attach, wrong_options_are_refused_before_anything_is_loaded)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts, .args_size = 1);
	static char much[FAN_FP_ARGS_MAX + 1];
	struct {
		struct fanfp_attach_opts today;
		int wish;
	} tomorrow = { .today.sz = sizeof(tomorrow), .wish = 1 };

	FAILS_NULL(EINVAL, fanfp_handler__attach(self->first.handler, self->fd, &opts),
		   ": the arguments have a size but no address");
	opts.args = much;
	opts.args_size = sizeof(much);
	FAILS_NULL(EMSGSIZE, fanfp_handler__attach(self->first.handler, self->fd, &opts),
		   ": 1025 bytes of arguments; at most 1024 are allowed");
	FAILS_NULL(EINVAL, fanfp_handler__attach(self->first.handler, self->fd,
						 &tomorrow.today),
		   ": options that this version");
	/* So it can still be attached. */
	tomorrow.wish = 0;
	self->link = fanfp_handler__attach(self->first.handler, self->fd,
					   &tomorrow.today);
	ASSERT_NE(NULL, self->link);
	ATTACHED;
}

TEST_F(attach, maps_are_filled_before_the_first_event)
{
	/* Else it would have sent this one. */
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	ATTACHED;
	EXPECT_LE(0, fanfp_handler__map_fd(self->first.handler, ".bss"));
	FAILS(ENOENT, fanfp_handler__map_fd(self->first.handler, "nomap"),
	      "first: has no map 'nomap'");
}

TEST_F(attach, what_can_not_be_prepared_is_not_attached)
{
	self->first.prepare_verdict = -EDOM;
	FAILS_NULL(EDOM, fanfp_handler__attach(self->first.handler, self->fd, NULL),
		   "first: it can't be prepared: Numerical argument out of domain");
	EXPECT_EQ(0, self->first.bss->inits);
	NOT_ATTACHED;
	self->next.prepare_verdict = -EDOM;
	FAILS_NULL(EDOM, fanfp_handler__register(self->next.handler),
		   "next: it can't be prepared");
	EXPECT_EQ(-1, fp_counter("next", "attached"));
}

TEST_F(attach, a_handler_can_refuse)
{
	self->first.init_verdict = -ERANGE;
	FAILS_NULL(ERANGE, fanfp_handler__attach(self->first.handler, self->fd, NULL),
		   "first: not attached: Numerical result out of range");
	self->next.init_verdict = -EINVAL;
	FAILS_NULL(EINVAL, fanfp_handler__attach(self->next.handler, self->fd, NULL),
		   "next: refuses the arguments: up to 8 bytes to look at");
	NOT_ATTACHED;
}

TEST_F(attach, only_a_fanotify_group_will_do)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	FAILS_NULL(EINVAL, fanfp_handler__attach(self->first.handler, fds[0], NULL),
		   "is not fanotify's");
	close(fds[0]);
	close(fds[1]);
	FAILS_NULL(EBADF, fanfp_handler__attach(self->next.handler, 999, NULL),
		   "is not fanotify's");
}

TEST_F(attach, a_group_has_one_handler)
{
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	FAILS_NULL(EBUSY, fanfp_handler__attach(self->next.handler, self->fd, NULL),
		   "next: the group has a handler already; detach that first");
	ATTACHED;
	EXPECT_EQ(0, self->next.bss->inits);
}

TEST_F(attach, a_handler_is_used_once)
{
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	FAILS_NULL(EALREADY, fanfp_handler__attach(self->first.handler, self->fd, NULL),
		   "first: has been loaded before; open it again");
	FAILS_NULL(EALREADY, fanfp_handler__register(self->first.handler),
		   "first: has been loaded before");
	FAILS(EALREADY, fanfp_link__replace(self->link, self->first.handler, NULL),
	      "first: has been loaded before");
	ATTACHED;
}

static int attach_as_nobody(void *arg)
{
	struct prober *prober = arg;
	int fd = dup(STDIN_FILENO);

	if (lib_become_nobody())
		return 1;
	if (fanfp_handler__attach(prober->handler, fd, NULL) || errno != EPERM)
		return 2;
	return strcmp(lib_said.warning, "first: loading a handler needs CAP_BPF and CAP_PERFMON; try as root") ? 3 : 0;
}

TEST_F(attach, it_takes_capabilities)
{
	EXPECT_EQ(0, fp_in_child(attach_as_nobody, &self->first));
}

TEST_F(attach, only_the_tree_takes_fp_response)
{
	struct fanfp_handler *handler;
	const void *data;
	size_t size;

	data = response__elf_bytes(&size);
	handler = fanfp_handler__open_mem(data, size, NULL);
	ASSERT_NE(NULL, handler);
	if (fp_in_tree()) {
		self->link = fanfp_handler__attach(handler, self->fd, NULL);
		EXPECT_NE(NULL, self->link);
	} else {
		FAILS_NULL(EOPNOTSUPP, fanfp_handler__attach(handler, self->fd, NULL),
			   "has fp_response, which needs a kernel built with CONFIG_FANOTIFY_FASTPATH");
	}
	fanfp_handler__close(handler);
}

/* Attach in a child of its own, which stays until it is killed. */
static pid_t attach_in_child(struct prober *prober, int fd, const char *pin)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		struct fanfp_link *link;

		link = fanfp_handler__attach(prober->handler, fd, NULL);
		if (!link || (pin && fanfp_link__pin(link, pin)))
			_exit(1);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

TEST_F(attach, ends_when_its_owner_is_killed)
{
	pid_t pid = attach_in_child(&self->first, self->fd, NULL);

	ASSERT_LT(0, pid);
	ATTACHED;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	DETACHED_SOON;
}

TEST_F(attach, a_pinned_link_stays_when_its_owner_is_killed)
{
	pid_t pid = attach_in_child(&self->first, self->fd, PIN);

	ASSERT_LT(0, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ATTACHED;
	self->link = fanfp_link__open(PIN);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fanfp_link__unpin(self->link));
	EXPECT_EQ(-1, access(PIN, F_OK));
	ATTACHED;
	fanfp_link__destroy(self->link);
	self->link = NULL;
	NOT_ATTACHED;
}

TEST_F(attach, a_child_of_the_owner_keeps_the_link)
{
	pid_t pid;

	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	fanfp_link__destroy(self->link);
	self->link = NULL;
	ATTACHED;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	DETACHED_SOON;
}

TEST_F(attach, a_link_polls_as_hung_up_when_the_group_is_closed)
{
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	EXPECT_FALSE(hung_up(fanfp_link__fd(self->link)));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(FP_WAIT_FOR(hung_up(fanfp_link__fd(self->link))));
}

TEST_F(attach, detaching_takes_it_from_everybody)
{
	struct fanfp_link *other;

	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fanfp_link__pin(self->link, PIN));
	other = fanfp_link__open(PIN);
	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, fanfp_link__detach(other));
	fanfp_link__destroy(other);
	NOT_ATTACHED;
	EXPECT_TRUE(hung_up(fanfp_link__fd(self->link)));
	/* What is detached can be detached, and not be replaced. */
	EXPECT_EQ(0, fanfp_link__detach(self->link));
	FAILS(ENOLINK, fanfp_link__replace(self->link, self->next.handler, NULL),
	      "next: not replaced: the link is detached");
}

TEST_F(attach, a_pin_is_made_where_it_can_be)
{
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	FAILS(EINVAL, fanfp_link__unpin(self->link), "the link is not pinned");
	/* Not in a bpf file system; no folder is left. */
	EXPECT_GT(0, fanfp_link__pin(self->link, "/tmp/folder/pin"));
	SAID("/tmp/folder/pin: cannot pin: ");
	EXPECT_EQ(-1, access("/tmp/folder", F_OK));

	ASSERT_EQ(0, fanfp_link__pin(self->link, BPFFS "/folder/pin"));
	FAILS(EBUSY, fanfp_link__pin(self->link, PIN),
	      "not pinned here: the link is pinned at " BPFFS "/folder/pin");
	EXPECT_EQ(-1, access(PIN, F_OK));
	ASSERT_EQ(0, fanfp_link__unpin(self->link));
	rmdir(BPFFS "/folder");
	ASSERT_EQ(0, fanfp_link__pin(self->link, PIN));
	ATTACHED;
}

TEST_F(attach, a_pin_that_is_taken_is_left_alone)
{
	struct fanfp_link *other;
	int fd;

	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fanfp_link__pin(self->link, PIN));
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	ASSERT_LE(0, fd);
	other = fanfp_handler__attach(self->next.handler, fd, NULL);
	ASSERT_NE(NULL, other);
	FAILS(EEXIST, fanfp_link__pin(other, PIN),
	      PIN ": there is something already; unpin that first");
	fanfp_link__destroy(other);
	close(fd);
	EXPECT_EQ(0, access(PIN, F_OK));
	ATTACHED;
}

TEST_F(attach, only_a_pinned_link_is_opened)
{
	FAILS_NULL(ENOENT, fanfp_link__open(PIN), PIN ": No such file or directory");
	FAILS_NULL(EINVAL, fanfp_link__open(self->dir.file),
		   ": no link of a handler is pinned there");
	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, bpf_obj_pin(fanfp_handler__map_fd(self->first.handler, ".bss"),
				 PIN));
	FAILS_NULL(EINVAL, fanfp_link__open(PIN),
		   PIN ": no link of a handler is pinned there");
}

TEST_F(attach, another_handler_takes_the_place_of_a_links)
{
	LIBFANFP_OPTS(fanfp_attach_opts, opts, .args = "new", .args_size = 3);

	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, fanfp_link__replace(self->link, self->next.handler, &opts));
	EXPECT_EQ(1, self->next.bss->inits);
	EXPECT_EQ(3, self->next.bss->args_size);
	ATTACHED;
	EXPECT_EQ(0, self->first.bss->handled);
	EXPECT_EQ(1, self->next.bss->handled);
	EXPECT_TRUE(FP_WAIT_FOR(self->first.bss->frees == 1));
	/* The link is what it was. */
	fanfp_link__destroy(self->link);
	self->link = NULL;
	NOT_ATTACHED;
	EXPECT_EQ(0, lib_said.warnings);
}

TEST_F(attach, another_handler_takes_the_place_of_a_pinned_links)
{
	struct fanfp_link *other;
	pid_t pid;

	pid = attach_in_child(&self->first, self->fd, PIN);
	ASSERT_LT(0, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	other = fanfp_link__open(PIN);
	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, fanfp_link__replace(other, self->next.handler, NULL));
	fanfp_link__destroy(other);
	ATTACHED;
	EXPECT_EQ(1, self->next.bss->handled);
	unlink(PIN);
	DETACHED_SOON;
}

TEST_F(attach, what_can_not_replace_leaves_the_old_one)
{
	struct fanfp_handler *handler;

	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	self->next.init_verdict = -ERANGE;
	FAILS(ERANGE, fanfp_link__replace(self->link, self->next.handler, NULL),
	      "next: not attached: Numerical result out of range");
	ATTACHED;
	EXPECT_EQ(1, self->first.bss->handled);
	EXPECT_EQ(0, self->next.bss->frees);

	handler = fanfp_handler__open_builtin("deny", NULL);
	ASSERT_NE(NULL, handler);
	FAILS(EINVAL, fanfp_link__replace(self->link, handler, NULL),
	      "deny: refuses the arguments: the file name: ");
	fanfp_handler__close(handler);
	ATTACHED;
	EXPECT_EQ(2, self->first.bss->handled);
}

TEST_F(attach, a_registration_is_not_replaced)
{
	self->link = fanfp_handler__register(self->first.handler);
	ASSERT_NE(NULL, self->link);
	FAILS(EOPNOTSUPP, fanfp_link__replace(self->link, self->next.handler, NULL),
	      "next: not replaced: the link registers a handler by name");
	EXPECT_EQ(0, fp_counter("first", "attached"));
	EXPECT_EQ(-1, fp_counter("next", "attached"));
}

TEST_F(attach, no_event_is_without_a_handler_while_they_are_replaced)
{
	struct prober prober = {};
	pid_t pid;
	int i;

	self->link = fanfp_handler__attach(self->first.handler, self->fd, NULL);
	ASSERT_NE(NULL, self->link);
	pid = fork();
	if (!pid) {
		for (;;)
			fp_touch(self->dir.file);
	}
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(prober_open(&prober, "another"));
		EXPECT_EQ(0, fanfp_link__replace(self->link, prober.handler, NULL));
		EXPECT_TRUE(FP_WAIT_FOR(prober.bss->handled));
		prober_close(&prober);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, fp_count(self->fd));
}

TEST_F(attach, a_registered_handler_has_the_name_it_was_given)
{
	self->link = fanfp_handler__register(self->first.handler);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(0, fp_counter("first", "attached"));
	EXPECT_STREQ("does what the test says", fp_sysfs("first", "desc"));
	EXPECT_EQ(-1, fp_counter("probe", "attached"));
	NOT_ATTACHED;

	prober_close(&self->next);
	ASSERT_TRUE(prober_open(&self->next, "first"));
	FAILS_NULL(EEXIST, fanfp_handler__register(self->next.handler),
		   "first: there is a handler named 'first' already; unload it first");
	fanfp_link__destroy(self->link);
	self->link = NULL;
	EXPECT_EQ(-1, fp_counter("first", "attached"));
}

TEST_F(attach, a_name_that_the_kernel_refuses_is_not_registered)
{
	prober_close(&self->next);
	ASSERT_TRUE(prober_open(&self->next, "a b"));
	FAILS_NULL(EINVAL, fanfp_handler__register(self->next.handler),
		   ": the kernel refuses its name 'a b'");
}

TEST_HARNESS_MAIN
