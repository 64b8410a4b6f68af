// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module flavour: what is not loaded, and when it can be unloaded
 *
 * /module has the module, and the module with no BTF, with foreign BTF, with BTF
 * of other types and with a name that no data has; /kmod has fp_release.ko.
 */
#include "kselftest_harness.h"
#include "common.h"
#include "plain.skel.h"
#include "probe.skel.h"
#include "response.skel.h"

#define NAME	"fanotify_fastpath"

static int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err;
}

static int unload_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int unload(void)
{
	return unload_module(NAME);
}

/* Maps that are being freed still hold the module for a moment. */
static bool unload_soon(void)
{
	return FP_WAIT_FOR(!unload());
}

/* Whether the kernel says @text from now on; @fd is /dev/kmsg. */
static bool kernel_says(int fd, const char *text)
{
	char line[2048];
	ssize_t len;

	while ((len = read(fd, line, sizeof(line) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		line[len] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

static bool is_loaded(void)
{
	return !access("/sys/module/" NAME, F_OK);
}

FIXTURE(module)
{
	int kmsg;
};

FIXTURE_SETUP(module)
{
	libbpf_set_print(fp_print);
	self->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->kmsg);
	ASSERT_LE(0, lseek(self->kmsg, 0, SEEK_END));
	ASSERT_TRUE(unload_soon());
}

FIXTURE_TEARDOWN(module)
{
	close(self->kmsg);
	if (!is_loaded())
		ASSERT_EQ(0, load("/module/good.ko"));
}

TEST_F(module, c1202_loads_and_unloads)
{
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, load("/module/good.ko"));
		EXPECT_EQ(0, access(FP_DEVICE, F_OK));
		EXPECT_EQ(0, access(FP_SYSFS, F_OK));
		ASSERT_TRUE(unload_soon());
		EXPECT_EQ(-1, access(FP_DEVICE, F_OK));
		EXPECT_EQ(-1, access(FP_SYSFS, F_OK));
	}
}

TEST_F(module, c1201_is_refused_without_btf)
{
	EXPECT_EQ(-EOPNOTSUPP, load("/module/no_btf.ko"));
	EXPECT_TRUE(kernel_says(self->kmsg, NAME ": no BTF that fits"));
	EXPECT_FALSE(is_loaded());
	EXPECT_EQ(-1, access(FP_SYSFS, F_OK));
}

TEST_F(module, c1201_is_refused_with_the_btf_of_another_kernel)
{
	EXPECT_NE(0, load("/module/foreign_btf.ko"));
	EXPECT_FALSE(is_loaded());
	EXPECT_EQ(-1, access(FP_SYSFS, F_OK));
	EXPECT_TRUE(kernel_says(self->kmsg, "BTF"));
}

TEST_F(module, c1201_is_refused_with_the_btf_of_other_types)
{
	EXPECT_NE(0, load("/module/resized_btf.ko"));
	EXPECT_FALSE(is_loaded());
	EXPECT_EQ(-1, access(FP_SYSFS, F_OK));
}

TEST_F(module, c1201_is_refused_where_data_has_no_names)
{
	EXPECT_EQ(-EOPNOTSUPP, load("/module/no_names.ko"));
	EXPECT_TRUE(kernel_says(self->kmsg, "it has to be built with CONFIG_KALLSYMS_ALL"));
	EXPECT_FALSE(is_loaded());
	EXPECT_EQ(-1, access(FP_SYSFS, F_OK));
}

TEST_F(module, c1201_is_refused_on_another_release_of_linux)
{
	int err;

	ASSERT_EQ(0, load("/kmod/fp_release.ko"));
	err = load("/module/good.ko");
	ASSERT_EQ(0, unload_module("fp_release"));
	EXPECT_EQ(-EINVAL, err);
	EXPECT_TRUE(kernel_says(self->kmsg, "made for Linux 6.12, this is 6.13"));
	EXPECT_FALSE(is_loaded());
}

TEST_F(module, c1202_stays_while_its_device_is_open)
{
	int dev;

	ASSERT_EQ(0, load("/module/good.ko"));
	dev = open(FP_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dev);
	sleep(1);
	EXPECT_EQ(-EAGAIN, unload());
	close(dev);
	EXPECT_TRUE(unload_soon());
}

TEST_F(module, c1202_stays_while_a_group_has_or_had_a_handler)
{
	struct bpf_link *link;
	struct probe *skel;
	int fd;

	ASSERT_EQ(0, load("/module/good.ko"));
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	ASSERT_LE(0, fd);
	skel = probe__open_and_load();
	ASSERT_NE(NULL, skel);
	link = bpf_map__attach_struct_ops(skel->maps.probe);
	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, fp_add(fd, "probe", NULL, 0));
	ASSERT_EQ(0, fp_del(fd, ""));
	bpf_link__destroy(link);
	probe__destroy(skel);

	/* The handler is gone, but the group's ops are the module's. */
	sleep(1);
	EXPECT_EQ(-EAGAIN, unload());
	close(fd);
	EXPECT_TRUE(unload_soon());
}

/* Here 0 from the wait can also mean that nobody answered. */
TEST_F(module, c807_refuses_a_handler_that_wants_the_answers)
{
	struct response *skel;

	ASSERT_EQ(0, load("/module/good.ko"));
	libbpf_set_print(NULL);
	skel = response__open_and_load();
	ASSERT_NE(NULL, skel);
	EXPECT_EQ(NULL, bpf_map__attach_struct_ops(skel->maps.response_ops));
	EXPECT_EQ(EOPNOTSUPP, errno);
	response__destroy(skel);
}

/* What a map of ops holds, up to the name: BPF's own part, then the ops. */
struct ops_value {
	__u64 common[8];
	__u64 progs[4];
	__u64 owner;
	__u32 flags;
	__s32 group_fd;
	__u32 args_size;
	char name[FAN_FP_NAME_MAX];
};

/* Put into @map, which is loaded, ops that have @prog for @member alone. */
static int set_prog(struct bpf_map *map, int handler, int member, int prog)
{
	struct ops_value *value = calloc(1, bpf_map__value_size(map));
	__u32 zero = 0;
	int err;

	value->progs[0] = handler;
	value->progs[member] = prog;
	strcpy(value->name, "stale");
	err = bpf_map_update_elem(bpf_map__fd(map), &zero, value, 0);
	free(value);
	return err;
}

/* A program that calls no kfunc does not hold the module. */
TEST_F(module, c1203_refuses_a_program_that_was_loaded_for_an_earlier_load_of_it)
{
	struct plain *skel;
	int handler, free_prog;

	ASSERT_EQ(0, load("/module/good.ko"));
	skel = plain__open_and_load();
	ASSERT_NE(NULL, skel);
	handler = dup(bpf_program__fd(skel->progs.plain_handler));
	free_prog = dup(bpf_program__fd(skel->progs.plain_free));
	plain__destroy(skel);
	ASSERT_TRUE(unload_soon());

	ASSERT_EQ(0, load("/module/good.ko"));
	skel = plain__open_and_load();
	ASSERT_NE(NULL, skel);
	EXPECT_EQ(-EINVAL, set_prog(skel->maps.plain, handler, 0, handler));
	EXPECT_EQ(-EINVAL, set_prog(skel->maps.plain,
				    bpf_program__fd(skel->progs.plain_handler),
				    2, free_prog));
	EXPECT_EQ(0, set_prog(skel->maps.plain,
			      bpf_program__fd(skel->progs.plain_handler), 2,
			      bpf_program__fd(skel->progs.plain_free)));
	plain__destroy(skel);
	close(handler);
	close(free_prog);
}

TEST_HARNESS_MAIN
