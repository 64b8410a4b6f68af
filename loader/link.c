// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - links: what owns an attachment or a registration
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

int fanfp_link__fd(const struct fanfp_link *link)
{
	return bpf_link__fd(link->link);
}

int fanfp_link__replace(struct fanfp_link *link, struct fanfp_handler *handler,
			const struct fanfp_attach_opts *opts)
{
	bool known = fanfp_rules_known(link->rules);
	struct fanfp_link *none;
	int err;

	err = fanfp_handler_load_for(handler, -1, opts);
	if (err)
		return err;
	/*
	 * Of the functions that hand the ops to the kernel, one takes only a
	 * link that libbpf made itself, none that was opened. The other makes
	 * a link, which fails because there is no group -1; the ops remain.
	 */
	none = fanfp_handler_link(handler);
	err = none ? EINVAL : errno;
	fanfp_link__destroy(none);
	if (err != EBADF) {
		fanfp_handler_refused(handler, err);
		return -err;
	}

	err = bpf_link_update(bpf_link__fd(link->link),
			      bpf_map__fd(handler->map), NULL);
	if (err == -EOPNOTSUPP)
		pr_warn("%s: not replaced: the link registers a handler by name; unload that and load the new one",
			handler->label);
	else if (err == -ENOLINK)
		pr_warn("%s: not replaced: the link is detached", handler->label);
	else if (err)
		fanfp_handler_refused(handler, -err);
	if (err)
		return err;
	fanfp_rules_ended(link->rules, known);
	fanfp_rules_forget(link->rules);
	link->rules = NULL;
	return 0;
}

/* Whether @fd is a link of struct_ops; asked for a map, the kernel tells of that. */
static bool is_struct_ops_link(int fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	char path[64], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	/* The kernel writes it both ways. */
	return (!strcmp(target, "anon_inode:bpf-link") ||
		!strcmp(target, "anon_inode:bpf_link")) &&
		!bpf_link_get_info_by_fd(fd, &info, &size) &&
		info.type == BPF_LINK_TYPE_STRUCT_OPS;
}

struct fanfp_link *fanfp_link__open(const char *path)
{
	struct complaints complaints;
	struct fanfp_link *link;
	int err;

	link = calloc(1, sizeof(*link));
	if (!link) {
		pr_warn("%s: %s", path, strerror(ENOMEM));
		errno = ENOMEM;
		return NULL;
	}
	complaints_start(&complaints);
	link->link = bpf_link__open(path);
	err = link->link ? 0 : errno;
	complaints_end();
	free(complaints.text);
	/* What the kernel says of a file that is in no bpf file system. */
	if (err == EACCES && !access(path, R_OK | W_OK))
		err = EINVAL;
	if (!err && !is_struct_ops_link(bpf_link__fd(link->link)))
		err = EINVAL;
	if (!err)
		return link;

	pr_warn("%s: %s", path, err == EINVAL ?
		"no link of a handler is pinned there" : strerror(err));
	fanfp_link__destroy(link);
	errno = err;
	return NULL;
}

/* Make the folder of @path, if need be; returns it if it was made, or NULL. */
static char *make_folder(const char *path)
{
	char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash && slash != dir) {
		*slash = '\0';
		if (!mkdir(dir, 0700))
			return dir;
	}
	free(dir);
	return NULL;
}

int fanfp_link__pin(struct fanfp_link *link, const char *path)
{
	char *made = make_folder(path);
	struct complaints complaints;
	int err;

	complaints_start(&complaints);
	err = bpf_link__pin(link->link, path);
	complaints_end();
	free(complaints.text);
	if (err && made)
		rmdir(made);
	free(made);
	if (err == -EEXIST)
		pr_warn("%s: there is something already; unpin that first, or pin elsewhere",
			path);
	else if (err == -EBUSY)
		pr_warn("%s: not pinned here: the link is pinned at %s", path,
			bpf_link__pin_path(link->link));
	else if (err)
		pr_warn("%s: cannot pin: %s; is a bpf file system mounted there (mount -t bpf none /sys/fs/bpf)?",
			path, strerror(-err));
	return err;
}

int fanfp_link__unpin(struct fanfp_link *link)
{
	const char *path = bpf_link__pin_path(link->link);
	int err;

	if (!path) {
		pr_warn("the link is not pinned");
		return -EINVAL;
	}
	/* It frees the path, unless it fails. */
	err = bpf_link__unpin(link->link);
	if (err)
		pr_warn("%s: cannot unpin: %s", path, strerror(-err));
	return err;
}

int fanfp_link__detach(struct fanfp_link *link)
{
	bool known = fanfp_rules_known(link->rules);
	int err = bpf_link_detach(bpf_link__fd(link->link));

	if (err)
		pr_warn("the link can't be detached: %s", strerror(-err));
	fanfp_rules_ended(link->rules, known);
	return err;
}

void fanfp_link__destroy(struct fanfp_link *link)
{
	bool known;

	if (!link)
		return;
	known = fanfp_rules_known(link->rules);
	bpf_link__destroy(link->link);
	fanfp_rules_ended(link->rules, known);
	fanfp_rules_forget(link->rules);
	free(link);
}
