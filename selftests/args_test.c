// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad requests and bad handlers: each has its errno, and nothing is attached
 */
#include "kselftest_harness.h"
#include "common.h"
#include <sys/inotify.h>
#include "probe.skel.h"

FIXTURE(args)
{
	struct probe *skel;
	struct bpf_link *link;
	struct fanotify_fastpath_args req;
	int fd;
};

FIXTURE_SETUP(args)
{
	libbpf_set_print(fp_print);
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = probe__open_and_load();
	ASSERT_NE(NULL, self->skel);
	self->link = bpf_map__attach_struct_ops(self->skel->maps.probe);
	ASSERT_NE(NULL, self->link);
	memset(&self->req, 0, sizeof(self->req));
	strcpy(self->req.name, "probe");
}

FIXTURE_TEARDOWN(args)
{
	/* No bad request has attached anything. */
	EXPECT_EQ(0, fp_counter("probe", "attached"));
	EXPECT_EQ(self->skel->bss->inits, self->skel->bss->frees);
	bpf_link__destroy(self->link);
	probe__destroy(self->skel);
	close(self->fd);
}

TEST_F(args, c432_the_structure_has_its_published_size)
{
	EXPECT_EQ(FAN_FP_ARGS_SIZE_VER0, sizeof(self->req));
}

TEST_F(args, c431_an_unknown_flag_is_einval)
{
	self->req.flags = 1U << 31;
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_DEL_FP, &self->req));
}

TEST_F(args, c431_a_reserved_field_is_einval)
{
	self->req.__reserved = 1;
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
}

TEST_F(args, c434_an_unterminated_name_is_enametoolong)
{
	memset(self->req.name, 'x', sizeof(self->req.name));
	EXPECT_EQ(-ENAMETOOLONG,
		  fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
}

TEST_F(args, c434_an_empty_name_is_einval)
{
	self->req.name[0] = '\0';
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
}

TEST_F(args, c434_an_unknown_name_is_enoent)
{
	strcpy(self->req.name, "nobody");
	EXPECT_EQ(-ENOENT, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
}

TEST_F(args, c433_a_bad_structure_address_is_efault)
{
	int dev = fp_in_tree() ? self->fd : open(FP_DEVICE, O_RDWR);

	ASSERT_LE(0, dev);
	EXPECT_EQ(-1, ioctl(dev, FAN_IOC_ADD_FP, (void *)8));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(args, c433_a_bad_arguments_address_is_efault)
{
	self->req.init_args = 8;
	self->req.init_args_size = 8;
	EXPECT_EQ(-EFAULT, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
}

TEST_F(args, c502_an_address_without_a_size_is_einval)
{
	self->req.init_args = (uintptr_t)self;
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
	self->req.init_args = 0;
	self->req.init_args_size = 1;
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
}

TEST_F(args, c502_too_many_arguments_are_emsgsize)
{
	static char args[FAN_FP_ARGS_MAX + 1];

	self->req.init_args = (uintptr_t)args;
	self->req.init_args_size = sizeof(args);
	EXPECT_EQ(-EMSGSIZE, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));

	self->req.init_args_size = FAN_FP_ARGS_MAX;
	EXPECT_EQ(0, fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
	EXPECT_EQ(FAN_FP_ARGS_MAX, self->skel->bss->args_size);
	EXPECT_EQ(0, fp_del(self->fd, ""));
}

TEST_F(args, c437_arguments_for_a_detach_are_einval)
{
	ASSERT_EQ(0, fp_add(self->fd, "probe", NULL, 0));
	self->req.init_args = (uintptr_t)self;
	self->req.init_args_size = 8;
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, FAN_IOC_DEL_FP, &self->req));
	EXPECT_EQ(0, fp_del(self->fd, ""));
}

/* A program made for a later kernel, whose structure is larger. */
struct larger_args {
	struct fanotify_fastpath_args args;
	__u64 later;
};

#define ADD_LARGER	_IOW(FAN_IOC_MAGIC, 0, struct larger_args)
#define ADD_SMALLER	_IOC(_IOC_WRITE, FAN_IOC_MAGIC, 0, \
			     FAN_FP_ARGS_SIZE_VER0 - 8)

TEST_F(args, c431_a_larger_structure_is_accepted_if_the_rest_is_zero)
{
	struct larger_args larger = { .args = self->req };

	EXPECT_EQ(0, fp_ioctl(self->fd, ADD_LARGER, &larger.args));
	EXPECT_EQ(0, fp_del(self->fd, ""));
	larger.args.group_fd = 0;
	larger.later = 1;
	EXPECT_EQ(-E2BIG, fp_ioctl(self->fd, ADD_LARGER, &larger.args));
}

TEST_F(args, c432_a_structure_that_is_too_small_is_einval)
{
	EXPECT_EQ(-EINVAL, fp_ioctl(self->fd, ADD_SMALLER, &self->req));
}

TEST_F(args, c435_an_unknown_request_is_enotty)
{
	EXPECT_EQ(-ENOTTY,
		  fp_ioctl(self->fd, _IOW(FAN_IOC_MAGIC, 9,
					  struct fanotify_fastpath_args),
			   &self->req));
	EXPECT_EQ(-ENOTTY,
		  fp_ioctl(self->fd, _IOR(FAN_IOC_MAGIC, 0,
					  struct fanotify_fastpath_args),
			   &self->req));
	EXPECT_EQ(-ENOTTY,
		  fp_ioctl(self->fd, _IOW(0xFB, 0,
					  struct fanotify_fastpath_args),
			   &self->req));
}

TEST_F(args, c436_a_file_that_is_not_fanotifys_is_refused)
{
	int inotify = inotify_init1(IN_CLOEXEC);
	int plain = open("/proc/self/status", O_RDONLY);

	ASSERT_LE(0, inotify);
	ASSERT_LE(0, plain);
	if (fp_in_tree()) {
		/* Other files do not know the request. */
		EXPECT_EQ(-ENOTTY, fp_add(inotify, "probe", NULL, 0));
		EXPECT_EQ(-ENOTTY, fp_add(plain, "probe", NULL, 0));
		self->req.group_fd = self->fd;
		EXPECT_EQ(-EINVAL,
			  fp_ioctl(self->fd, FAN_IOC_ADD_FP, &self->req));
	} else {
		EXPECT_EQ(-EINVAL, fp_add(inotify, "probe", NULL, 0));
		EXPECT_EQ(-EINVAL, fp_add(plain, "probe", NULL, 0));
		EXPECT_EQ(-EBADF, fp_add(9999, "probe", NULL, 0));
	}
	close(inotify);
	close(plain);
}

static int drop_and_add(void *arg)
{
	int *fd = arg;

	if (setgid(65534) || setuid(65534))
		return 1;
	return -fp_add(*fd, "probe", NULL, 0);
}

TEST_F(args, c702_a_handler_that_is_not_marked_unprivileged_is_eperm)
{
	EXPECT_EQ(EPERM, fp_in_child(drop_and_add, &self->fd));
}

/* Handlers: what can't be registered, is refused when it is loaded. */

FIXTURE(ops)
{
	struct probe *skel;
	struct fp_ops *ops;
	int fd;
};

FIXTURE_SETUP(ops)
{
	libbpf_set_print(NULL);
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->skel = probe__open();
	ASSERT_NE(NULL, self->skel);
	self->ops = fp_ops(self->skel->maps.probe);
}

FIXTURE_TEARDOWN(ops)
{
	probe__destroy(self->skel);
	close(self->fd);
}

/* Returns 0 or a negative errno. */
static int load_and_attach(struct probe *skel)
{
	struct bpf_link *link;
	int err;

	err = probe__load(skel);
	if (err)
		return err;
	link = bpf_map__attach_struct_ops(skel->maps.probe);
	if (!link)
		return -errno;
	bpf_link__destroy(link);
	return 0;
}

TEST_F(ops, c452_the_probe_itself_is_fine)
{
	EXPECT_EQ(0, load_and_attach(self->skel));
}

TEST_F(ops, c451_an_unknown_flag_is_einval)
{
	self->ops->flags = 1U << 5;
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c451_the_kernels_own_flag_is_einval)
{
	self->ops->flags = 1U << 31;
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c452_a_handler_without_a_name_is_einval)
{
	self->ops->name[0] = '\0';
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c452_a_name_that_is_a_path_is_einval)
{
	strcpy(self->ops->name, "a/b");
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c452_a_name_that_is_hidden_is_einval)
{
	strcpy(self->ops->name, "..");
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c452_an_unterminated_name_is_einval)
{
	memset(self->ops->name, 'x', sizeof(self->ops->name));
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c453_a_control_character_in_a_text_is_einval)
{
	strcpy(self->ops->desc, "red \033[31m");
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c453_a_control_character_in_the_other_text_is_einval)
{
	strcpy(self->ops->init_args, "two\nlines");
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c455_arguments_without_a_group_are_einval)
{
	self->ops->args_size = 1;
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c455_a_private_attachment_without_a_link_is_einval)
{
	struct bpf_map *map = self->skel->maps.probe;

	fp_set_group(map, self->fd);
	ASSERT_EQ(0, bpf_map__set_map_flags(map, 0));
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c454_an_unprivileged_private_attachment_is_einval)
{
	fp_set_group(self->skel->maps.probe, self->fd);
	self->ops->flags |= FAN_FP_F_UNPRIV;
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c502_too_many_arguments_are_einval)
{
	fp_set_group(self->skel->maps.probe, self->fd);
	self->ops->args_size = FAN_FP_ARGS_MAX + 1;
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c455_a_group_without_its_flag_is_einval)
{
	self->ops->group_fd = self->fd;
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c455_a_group_that_is_not_open_is_ebadf)
{
	fp_set_group(self->skel->maps.probe, 9999);
	EXPECT_EQ(-EBADF, load_and_attach(self->skel));
}

TEST_F(ops, c455_a_group_that_is_not_fanotifys_is_einval)
{
	fp_set_group(self->skel->maps.probe, STDERR_FILENO);
	EXPECT_EQ(-EINVAL, load_and_attach(self->skel));
}

TEST_F(ops, c455_group_0_is_a_group)
{
	ASSERT_EQ(0, dup2(self->fd, STDIN_FILENO));
	fp_set_group(self->skel->maps.probe, STDIN_FILENO);
	EXPECT_EQ(0, load_and_attach(self->skel));
}

TEST_HARNESS_MAIN
