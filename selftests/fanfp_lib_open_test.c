// SPDX-License-Identifier: GPL-2.0-only
/*
 * libfanfp: opening handlers, options, messages
 *
 * Needs no fastpath in the kernel: runs on the host too.
 */
#include "kselftest_harness.h"
#include "common.h"
#include "lib.h"
#include "other.skel.h"
#include "probe.skel.h"
#include "refused.skel.h"

FIXTURE(lib)
{
	char dir[32];
	char path[64];
	const void *data;	/* of a good object */
	size_t size;
	fanfp_print_fn print;	/* as a program finds it */
};

FIXTURE_SETUP(lib)
{
	strcpy(self->dir, "/tmp/lib.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/object", self->dir);
	self->data = probe__elf_bytes(&self->size);
	self->print = lib_listen();
}

FIXTURE_TEARDOWN(lib)
{
	unlink(self->path);
	rmdir(self->dir);
}

TEST_F(lib, tells_its_version)
{
	EXPECT_EQ(0, strncmp("0.", fanfp_version_string(), 2));
}

TEST_F(lib, lists_the_builtin_handlers_and_opens_each)
{
	struct fanfp_handler *handler;
	unsigned int i;

	for (i = 0; fanfp_builtin__name(i); i++) {
		handler = fanfp_handler__open_builtin(fanfp_builtin__name(i), NULL);
		ASSERT_NE(NULL, handler);
		EXPECT_STREQ(fanfp_builtin__name(i), fanfp_handler__name(handler));
		EXPECT_STRNE("", fanfp_handler__desc(handler));
		EXPECT_STRNE("", fanfp_handler__init_args(handler));
		fanfp_handler__close(handler);
	}
	EXPECT_LE(2, i);
	EXPECT_EQ(NULL, fanfp_builtin__name(i));
	EXPECT_EQ(NULL, fanfp_builtin__name(-1));
	EXPECT_EQ(0, lib_said.warnings);
	FAILS_NULL(ENOENT, fanfp_handler__open_builtin("nobody", NULL),
		   "nobody: there is no built-in handler of this name");
}

TEST_F(lib, opens_an_object_in_a_file_and_in_memory)
{
	struct fanfp_handler *file, *mem;
	char copy[self->size];

	ASSERT_EQ(0, lib_write_file(self->path, self->data, self->size));
	file = fanfp_handler__open_file(self->path, NULL);
	ASSERT_NE(NULL, file);
	/* Neither is looked at again. */
	unlink(self->path);
	memcpy(copy, self->data, self->size);
	mem = fanfp_handler__open_mem(copy, self->size, NULL);
	ASSERT_NE(NULL, mem);
	memset(copy, 0, self->size);

	EXPECT_STREQ("probe", fanfp_handler__name(file));
	EXPECT_STREQ("does what the test says", fanfp_handler__desc(file));
	EXPECT_STREQ("up to 8 bytes to look at", fanfp_handler__init_args(file));
	EXPECT_STREQ("probe", fanfp_handler__name(mem));
	fanfp_handler__close(file);
	fanfp_handler__close(mem);
	fanfp_handler__close(NULL);
	EXPECT_EQ(0, lib_said.warnings);
}

TEST_F(lib, a_file_that_can_not_be_read_is_refused)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/missing", self->dir);
	FAILS_NULL(ENOENT, fanfp_handler__open_file(path, NULL),
		   "/missing: No such file or directory");
	FAILS_NULL(EISDIR, fanfp_handler__open_file(self->dir, NULL),
		   ": Is a directory");
	ASSERT_EQ(0, mkfifo(self->path, 0600));
	FAILS_NULL(EINVAL, fanfp_handler__open_file(self->path, NULL),
		   ": not a regular file");
	unlink(self->path);
	snprintf(path, sizeof(path), "%s/object/below", self->dir);
	ASSERT_EQ(0, lib_write_file(self->path, self->data, self->size));
	FAILS_NULL(ENOTDIR, fanfp_handler__open_file(path, NULL),
		   "/object/below: Not a directory");
}

/* The file is root's, and nobody tries. */
static int open_as_nobody(void *path)
{
	const char *said;

	if (lib_become_nobody())
		return 1;
	if (fanfp_handler__open_file(path, NULL) || errno != EACCES)
		return 2;
	said = fanfp_last_error();
	return strstr(said, path) && strstr(said, ": Permission denied") ? 0 : 3;
}

TEST_F(lib, a_file_of_somebody_else_is_refused)
{
	ASSERT_EQ(0, lib_write_file(self->path, self->data, self->size));
	EXPECT_EQ(0, fp_in_child(open_as_nobody, self->path));
}

TEST_F(lib, what_is_no_object_is_refused)
{
	static const char garbage[] = "garbage\n";

	ASSERT_EQ(0, lib_write_file(self->path, garbage, sizeof(garbage)));
	FAILS_NULL(EINVAL, fanfp_handler__open_file(self->path, NULL),
		   "/object: not a BPF object that can be read (");
	/* What libbpf says of it is not for everybody. */
	EXPECT_EQ(1, lib_said.infos);
	EXPECT_NE(NULL, strstr(lib_said.info, "libbpf: "));
	ASSERT_EQ(0, truncate(self->path, 0));
	FAILS_NULL(EINVAL, fanfp_handler__open_file(self->path, NULL),
		   "/object: not a BPF object that can be read (");
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(garbage, sizeof(garbage), NULL),
		   "object in memory: not a BPF object");
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(garbage, 0, NULL),
		   "object in memory: not a BPF object");
	/* ELF, but another machine's. */
	FAILS_NULL(EINVAL, fanfp_handler__open_file("/proc/self/exe", NULL),
		   "/proc/self/exe: not a BPF object");
}

TEST_F(lib, a_truncated_object_is_refused)
{
	size_t size;

	/* The section headers are at the end. */
	for (size = 0; size < self->size; size += 1 + self->size / 50) {
		FAILS_NULL(EINVAL, fanfp_handler__open_mem(self->data, size, NULL),
			   "object in memory: not a BPF object");
	}
}

TEST_F(lib, an_object_without_one_handler_is_refused)
{
	const void *data;
	size_t size;
	char *copy, *section;

	data = other__elf_bytes(&size);
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(data, size, NULL),
		   ": no handler in it: there is no struct fanotify_fastpath_ops");
	data = refused__elf_bytes(&size);
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(data, size, NULL),
		   " handlers in it; make an object of each");

	copy = malloc(self->size);
	ASSERT_NE(NULL, copy);
	memcpy(copy, self->data, self->size);
	/* The name of the section is in several tables. */
	while ((section = memmem(copy, self->size, ".struct_ops.link", 16)))
		section[strlen(".struct_ops")] = '\0';
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(copy, self->size, NULL),
		   "put it into .struct_ops.link");

	/* The name is data of that section; desc follows. */
	memcpy(copy, self->data, self->size);
	section = memmem(copy, self->size, "probe\0\0\0\0\0\0\0", 12);
	ASSERT_NE(NULL, section);
	section[0] = '\0';
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(copy, self->size, NULL),
		   ": the handler has no name");
	free(copy);
}

TEST_F(lib, another_name_can_be_given)
{
	LIBFANFP_OPTS(fanfp_open_opts, opts, .name = "mine");
	struct fanfp_handler *handler;

	handler = fanfp_handler__open_builtin("deny", &opts);
	ASSERT_NE(NULL, handler);
	EXPECT_STREQ("mine", fanfp_handler__name(handler));
	fanfp_handler__close(handler);

	opts.name = "a-name-of-31-characters-is-fine";
	handler = fanfp_handler__open_mem(self->data, self->size, &opts);
	ASSERT_NE(NULL, handler);
	EXPECT_STREQ(opts.name, fanfp_handler__name(handler));
	fanfp_handler__close(handler);

	opts.name = "a-name-of-32-characters-is-none.";
	FAILS_NULL(ENAMETOOLONG, fanfp_handler__open_builtin("deny", &opts),
		   "deny: 'a-name-of-32-characters-is-none.' is no name");
	opts.name = "";
	FAILS_NULL(EINVAL, fanfp_handler__open_builtin("deny", &opts),
		   "deny: '' is no name for a handler");
}

/* As a program has it that was compiled with another version of the header. */
struct opts_of_tomorrow {
	struct fanfp_open_opts today;
	int wish;
};

TEST_F(lib, options_can_grow)
{
	struct opts_of_tomorrow opts = { .today.sz = sizeof(opts) };
	size_t yesterday = sizeof(yesterday);
	struct fanfp_handler *handler;

	handler = fanfp_handler__open_builtin("deny", (void *)&yesterday);
	EXPECT_NE(NULL, handler);
	fanfp_handler__close(handler);
	handler = fanfp_handler__open_builtin("deny", &opts.today);
	EXPECT_NE(NULL, handler);
	fanfp_handler__close(handler);

	opts.wish = 1;
	FAILS_NULL(EINVAL, fanfp_handler__open_builtin("deny", &opts.today),
		   "deny: options that this version of libfanfp does not know");
	FAILS_NULL(EINVAL, fanfp_handler__open_mem(self->data, self->size,
						   &opts.today), "options");
	FAILS_NULL(EINVAL, fanfp_handler__open_file("/x", &opts.today), "options");
	opts.today.sz = 0;
	FAILS_NULL(EINVAL, fanfp_handler__open_builtin("deny", &opts.today),
		   "options");
}

TEST_F(lib, a_handler_has_maps_only_once_it_is_loaded)
{
	struct fanfp_handler *handler;

	handler = fanfp_handler__open_mem(self->data, self->size, NULL);
	ASSERT_NE(NULL, handler);
	FAILS(EBADF, fanfp_handler__map_fd(handler, ".bss"),
	      "has no maps yet; it is loaded when it is attached or registered");
	fanfp_handler__close(handler);
}

TEST_F(lib, messages_go_where_they_should)
{
	char said[256] = "";
	int fds[2], err;

	/* To stderr by default. */
	EXPECT_TRUE(fanfp_set_print(NULL) == lib_print);
	EXPECT_TRUE(!fanfp_set_print(lib_print));

	/* To nobody: only the last error tells. */
	fanfp_set_print(NULL);
	EXPECT_EQ(NULL, fanfp_handler__open_builtin("silence", NULL));
	EXPECT_EQ(0, lib_said.warnings);
	EXPECT_STREQ("silence: there is no built-in handler of this name; there are deny filter subtree",
		     fanfp_last_error());

	ASSERT_EQ(0, pipe(fds));
	err = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	fanfp_set_print(self->print);
	EXPECT_EQ(NULL, fanfp_handler__open_builtin("loud", NULL));
	dup2(err, STDERR_FILENO);
	close(fds[1]);
	EXPECT_LT(0, read(fds[0], said, sizeof(said) - 1));
	EXPECT_STREQ("libfanfp: loud: there is no built-in handler of this name; there are deny filter subtree\n",
		     said);
	close(fds[0]);
	close(err);
}

TEST_F(lib, the_last_error_is_cut_and_terminated)
{
	char name[4000];

	EXPECT_STREQ("", fanfp_last_error());
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(NULL, fanfp_handler__open_builtin(name, NULL));
	EXPECT_EQ(1023, strlen(fanfp_last_error()));
	EXPECT_NE(NULL, strstr(lib_said.warning, ": there is no built-in"));
}

/* Open good and bad objects; returns whether each call told its own story. */
static void *open_many(void *name)
{
	struct fanfp_handler *handler;
	int i;

	for (i = 0; i < 20; i++) {
		handler = fanfp_handler__open_builtin("subtree", NULL);
		if (!handler)
			return NULL;
		if (fanfp_handler__open_builtin(name, NULL) ||
		    strncmp(fanfp_last_error(), name, strlen(name)))
			return NULL;
		fanfp_handler__close(handler);
		if (fanfp_handler__open_mem(name, strlen(name), NULL) ||
		    strncmp(fanfp_last_error(), "object in memory: not", 21))
			return NULL;
	}
	return name;
}

TEST_F(lib, threads_do_not_disturb_each_other)
{
	static char names[4][8] = { "one", "two", "three", "four" };
	pthread_t threads[4];
	void *result;
	int i;

	fanfp_set_print(NULL);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, open_many, names[i]));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(&names[i][0], result);
	}
	EXPECT_STREQ("", fanfp_last_error());
}

static int count(const struct fanfp_handler_info *info, void *ctx)
{
	return 1;
}

TEST_F(lib, a_kernel_without_the_fastpath_is_told_from_other_failures)
{
	const char *remedy = "this kernel has no fanotify fastpath; load the module";
	struct fanfp_group_info info = { .sz = sizeof(info) };
	struct fanfp_handler *handler;
	int fds[2];

	ASSERT_EQ(0, fp_hide());
	/* To such a kernel one file is as another. */
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	EXPECT_FALSE(fanfp_supported());
	SAID(remedy);
	handler = fanfp_handler__open_builtin("subtree", NULL);
	ASSERT_NE(NULL, handler);
	FAILS_NULL(EOPNOTSUPP, fanfp_handler__attach(handler, fds[0], NULL), remedy);
	FAILS_NULL(EOPNOTSUPP, fanfp_handler__register(handler), remedy);
	fanfp_handler__close(handler);
	FAILS(EOPNOTSUPP, fanfp_group__attach(fds[0], "subtree", NULL), remedy);
	FAILS(EOPNOTSUPP, fanfp_group__replace(fds[0], "subtree", NULL), remedy);
	FAILS(EOPNOTSUPP, fanfp_group__detach(fds[0], "subtree"), remedy);
	FAILS(EOPNOTSUPP, fanfp_group__info(fds[0], &info), remedy);
	FAILS(EOPNOTSUPP, fanfp_registry__for_each(count, NULL), remedy);
	close(fds[0]);
	close(fds[1]);
}

TEST_HARNESS_MAIN
