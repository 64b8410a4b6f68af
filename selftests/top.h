/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A group with the subtree handler, for the tests of fanfp top
 *
 * Include it after kselftest_harness.h, common.h and run.h.
 */
#ifndef _SELFTESTS_TOP_H
#define _SELFTESTS_TOP_H

#define FANFP		"/usr/sbin/fanfp"

#define RUN(...) TOOL(FANFP, __VA_ARGS__)
#define TMUX(_words) SHELL("tmux -f /dev/null -L fp " _words)

FIXTURE(fanfp_top)
{
	struct fp_dir dir;
	char in[80], out[80];
	int fd;
};

FIXTURE_SETUP(fanfp_top)
{
	struct run run;
	char path[128];

	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "screen", 1);
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	snprintf(self->in, sizeof(self->in), "%s/in", self->dir.path);
	snprintf(self->out, sizeof(self->out), "%s/o\303\274t", self->dir.path);
	ASSERT_EQ(0, mkdir(self->in, 0755));
	ASSERT_EQ(0, mkdir(self->out, 0755));
	snprintf(path, sizeof(path), "%s/x", self->in);
	ASSERT_EQ(0, fp_create(path));
	snprintf(path, sizeof(path), "%s/x", self->out);
	ASSERT_EQ(0, fp_create(path));
	setenv("FP_IN", self->in, 1);
	setenv("FP_OUT", self->out, 1);

	ASSERT_EQ(0, RUN("handler", "load", "subtree"));
	self->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK |
				 FAN_UNLIMITED_QUEUE, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				   FAN_OPEN, AT_FDCWD, self->dir.path));
	ASSERT_EQ(0, fp_include(self->fd, self->in));
	ASSERT_EQ(0, fp_add(self->fd, "subtree", NULL, 0));
}

FIXTURE_TEARDOWN(fanfp_top)
{
	struct run run;

	TMUX("kill-server");
	close(self->fd);
	RUN("handler", "unload", "subtree");
	fp_dir_remove(&self->dir);
}

/* Whether the program of top is loaded and attached. */
static inline bool top_counts(void)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog;
	__u32 id = 0, size;
	bool found = false;
	int fd, prog_fd;

	while (!found && !bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&link, 0, sizeof(link));
		memset(&prog, 0, sizeof(prog));
		size = sizeof(link);
		if (!bpf_link_get_info_by_fd(fd, &link, &size) &&
		    link.type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
			prog_fd = bpf_prog_get_fd_by_id(link.prog_id);
			size = sizeof(prog);
			found = !bpf_prog_get_info_by_fd(prog_fd, &prog, &size) &&
				!strcmp(prog.name, "decided");
			close(prog_fd);
		}
		close(fd);
	}
	return found;
}

#endif /* _SELFTESTS_TOP_H */
