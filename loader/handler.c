// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - handlers: open an object, load it, attach or register it
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fanotify_fastpath.h"
#include "internal.h"

/* Not in the kernel headers of Debian 12. */
#ifndef BPF_F_LINK
#define BPF_F_LINK	(1U << 13)
#endif

#define OPS_TYPE	"fanotify_fastpath_ops"

struct fanfp_handler {
	struct bpf_object *obj;	/* owned */
	struct bpf_map *map;	/* obj's: the struct_ops map */
	/* The map's initial value, laid out as the object's BTF says. */
	char *ops;
	const struct btf_type *type;
	bool loaded;
	/* What is wrong, if something is, is said of this. */
	char *label;
};

struct fanfp_link {
	struct bpf_link *link;	/* owned */
};

/* What libbpf complains about while an object is loaded, or NULL. */
static __thread FILE *complaints;
static __thread libbpf_print_fn_t print_before;

static int libbpf_print(enum libbpf_print_level level, const char *fmt,
			va_list args)
{
	if (level == LIBBPF_WARN && complaints)
		return vfprintf(complaints, fmt, args);
	return 0;
}

/* The member of the ops, of at least @size bytes, or NULL. */
static void *ops_member(const struct fanfp_handler *handler, const char *name,
			size_t size)
{
	const struct btf *btf = bpf_object__btf(handler->obj);
	const struct btf_member *member = btf_members(handler->type);
	int i;

	for (i = 0; i < btf_vlen(handler->type); i++, member++) {
		if (!strcmp(btf__name_by_offset(btf, member->name_off), name) &&
		    btf__resolve_size(btf, member->type) >= (long long)size)
			return handler->ops + member->offset / 8;
	}
	return NULL;
}

static const char *ops_text(const struct fanfp_handler *handler,
			    const char *name, size_t size)
{
	const char *text = ops_member(handler, name, size);

	return text && strnlen(text, size) < size ? text : "";
}

/* Find the handler in the object; returns 0 or a negative errno. */
static int find_ops(struct fanfp_handler *handler)
{
	const struct btf *btf = bpf_object__btf(handler->obj);
	const struct btf_type *type;
	struct bpf_map *map;
	size_t size;
	int count = 0;

	bpf_object__for_each_map(map, handler->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		type = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
		if (!type || strcmp(btf__name_by_offset(btf, type->name_off),
				    OPS_TYPE))
			continue;
		count++;
		handler->map = map;
		handler->type = type;
	}
	if (!count) {
		pr_warn("%s: no handler in it: there is no struct " OPS_TYPE
			" in a section .struct_ops.link", handler->label);
		return -EINVAL;
	}
	if (count > 1) {
		pr_warn("%s: %d handlers in it; make an object of each",
			handler->label, count);
		return -EINVAL;
	}
	if (!(bpf_map__map_flags(handler->map) & BPF_F_LINK)) {
		pr_warn("%s: the handler is in the section .struct_ops; put it into .struct_ops.link",
			handler->label);
		return -EINVAL;
	}
	handler->ops = bpf_map__initial_value(handler->map, &size);
	if (!*fanfp_handler__name(handler)) {
		pr_warn("%s: the handler has no name", handler->label);
		return -EINVAL;
	}
	return 0;
}

/* Take over @obj (or what opening it left in errno); @what names it. */
static struct fanfp_handler *handler_new(struct bpf_object *obj, const char *what,
					 char *said)
{
	struct fanfp_handler *handler;
	char reason[128];
	int err = errno;

	if (!obj) {
		/* libbpf has error numbers of its own. */
		libbpf_strerror(err, reason, sizeof(reason));
		if (err == ENOENT || err == EACCES || err == EISDIR)
			pr_warn("%s: %s", what, strerror(err));
		else
			pr_warn("%s: not a BPF object that can be read (%s)%s%s",
				what, reason, said && *said ? "\n" : "",
				said ? said : "");
		errno = err == ENOENT || err == EACCES || err == EISDIR ||
			err == ENOMEM ? err : EINVAL;
		return NULL;
	}
	handler = calloc(1, sizeof(*handler));
	if (!handler) {
		bpf_object__close(obj);
		errno = ENOMEM;
		return NULL;
	}
	handler->obj = obj;
	handler->label = strdup(what);
	err = handler->label ? find_ops(handler) : -ENOMEM;
	if (err) {
		fanfp_handler__close(handler);
		errno = -err;
		return NULL;
	}
	return handler;
}

static void listen_start(char **said, size_t *size)
{
	*said = NULL;
	complaints = open_memstream(said, size);
	/* The program may use libbpf too, the same copy if linked statically. */
	print_before = libbpf_set_print(libbpf_print);
}

static void listen_end(void)
{
	int err = errno;

	libbpf_set_print(print_before);
	if (complaints)
		fclose(complaints);
	complaints = NULL;
	errno = err;
}

struct fanfp_handler *fanfp_handler__open_file(const char *path,
					       const struct fanfp_open_opts *opts)
{
	struct fanfp_handler *handler;
	struct bpf_object *obj;
	struct stat st;
	char *said;
	size_t size;

	if (!OPTS_OK(opts)) {
		pr_warn("%s: options that this version of libfanfp does not know", path);
		errno = EINVAL;
		return NULL;
	}
	listen_start(&said, &size);
	obj = NULL;
	/* libbpf would say the same of all of these. */
	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			errno = EISDIR;
		else
			obj = bpf_object__open_file(path, NULL);
	}
	listen_end();
	handler = handler_new(obj, path, said);
	free(said);
	return handler;
}

struct fanfp_handler *
fanfp_handler__open_builtin(const char *name, const struct fanfp_open_opts *opts)
{
	const struct fanfp_builtin *builtin;
	struct fanfp_handler *handler;
	struct bpf_object *obj;
	unsigned int i;
	char *said;
	size_t size;

	if (!OPTS_OK(opts)) {
		pr_warn("%s: options that this version of libfanfp does not know", name);
		errno = EINVAL;
		return NULL;
	}
	for (i = 0; (builtin = fanfp_builtin(i)); i++) {
		if (strcmp(builtin->name, name))
			continue;
		listen_start(&said, &size);
		obj = bpf_object__open_mem(builtin->start,
					   builtin->end - builtin->start, NULL);
		listen_end();
		handler = handler_new(obj, name, said);
		free(said);
		return handler;
	}
	pr_warn("%s: there is no built-in handler of this name", name);
	errno = ENOENT;
	return NULL;
}

void fanfp_handler__close(struct fanfp_handler *handler)
{
	if (!handler)
		return;
	bpf_object__close(handler->obj);
	free(handler->label);
	free(handler);
}

const char *fanfp_handler__name(const struct fanfp_handler *handler)
{
	return ops_text(handler, "name", FAN_FP_NAME_MAX);
}

const char *fanfp_handler__desc(const struct fanfp_handler *handler)
{
	return ops_text(handler, "desc", FAN_FP_DESC_MAX);
}

const char *fanfp_handler__init_args(const struct fanfp_handler *handler)
{
	return ops_text(handler, "init_args", FAN_FP_DESC_MAX);
}

/* Load the object; returns 0 or a negative errno. */
static int handler_load(struct fanfp_handler *handler)
{
	char *said;
	size_t size;
	int err;

	if (handler->loaded) {
		pr_warn("%s: already attached or registered; open it again",
			handler->label);
		return -EALREADY;
	}
	if (!fanfp_supported())
		return -EOPNOTSUPP;

	listen_start(&said, &size);
	err = bpf_object__load(handler->obj);
	listen_end();
	if (!err)
		handler->loaded = true;
	else if (err == -EPERM)
		pr_warn("%s: loading a handler needs CAP_BPF and CAP_PERFMON; try as root",
			handler->label);
	else
		pr_warn("%s: the kernel refused the handler (%s):\n%s",
			handler->label, strerror(-err), said ? said : "");
	free(said);
	return err;
}

/* Make the link that attaches or registers; NULL and errno if that fails. */
static struct fanfp_link *handler_link(struct fanfp_handler *handler)
{
	struct fanfp_link *link;
	char *said;
	size_t size;

	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	listen_start(&said, &size);
	link->link = bpf_map__attach_struct_ops(handler->map);
	listen_end();
	free(said);
	if (!link->link) {
		free(link);
		return NULL;
	}
	return link;
}

int fanfp_attach_args(const char *what, const struct fanfp_attach_opts *opts,
		      const void **args, size_t *args_size)
{
	if (!OPTS_OK(opts)) {
		pr_warn("%s: options that this version of libfanfp does not know", what);
		return -EINVAL;
	}
	*args_size = OPTS_GET(opts, args_size, 0);
	*args = *args_size ? OPTS_GET(opts, args, NULL) : NULL;
	if (*args_size && !*args) {
		pr_warn("%s: the arguments have a size but no address", what);
		return -EINVAL;
	}
	if (*args_size > FAN_FP_ARGS_MAX) {
		pr_warn("%s: %zu bytes of arguments; at most %d are allowed", what,
			*args_size, FAN_FP_ARGS_MAX);
		return -EMSGSIZE;
	}
	return 0;
}

struct fanfp_link *fanfp_handler__attach(struct fanfp_handler *handler,
					 int fanotify_fd,
					 const struct fanfp_attach_opts *opts)
{
	uint32_t *flags = ops_member(handler, "flags", 4);
	uint32_t *size = ops_member(handler, "args_size", 4);
	int32_t *group_fd = ops_member(handler, "group_fd", 4);
	char *args_copy = ops_member(handler, "args", FAN_FP_ARGS_MAX);
	struct fanfp_link *link;
	const void *args;
	size_t args_size;
	int err;

	err = fanfp_attach_args(handler->label, opts, &args, &args_size);
	if (err) {
		errno = -err;
		return NULL;
	}
	if (!flags || !group_fd || (args_size && (!size || !args_copy))) {
		pr_warn("%s: its struct " OPS_TYPE " lacks members that an attachment needs; compile it with the current fanotify_fastpath.bpf.h",
			handler->label);
		errno = EINVAL;
		return NULL;
	}
	if (handler->loaded) {
		errno = -handler_load(handler);
		return NULL;
	}
	/* Whoever makes the link has the right; nobody attaches it by name. */
	*flags = (*flags & ~FAN_FP_F_UNPRIV) | FAN_FP_F_GROUP_FD;
	*group_fd = fanotify_fd;
	if (args_size) {
		memcpy(args_copy, args, args_size);
		*size = args_size;
	}

	err = handler_load(handler);
	if (err) {
		errno = -err;
		return NULL;
	}
	link = handler_link(handler);
	if (link)
		return link;

	err = errno;
	if (err == EBUSY)
		pr_warn("%s: the group has a handler already; detach that first",
			handler->label);
	else if (err == EBADF || err == EINVAL)
		pr_warn("%s: not attached (%s): file descriptor %d is not fanotify's, or the handler refuses the arguments%s%s",
			handler->label, strerror(err), fanotify_fd,
			*fanfp_handler__init_args(handler) ? ": " : "",
			fanfp_handler__init_args(handler));
	else
		pr_warn("%s: not attached: %s", handler->label, strerror(err));
	errno = err;
	return NULL;
}

struct fanfp_link *fanfp_handler__register(struct fanfp_handler *handler)
{
	struct fanfp_link *link;
	int err;

	err = handler_load(handler);
	if (err) {
		errno = -err;
		return NULL;
	}
	link = handler_link(handler);
	if (link)
		return link;

	err = errno;
	if (err == EEXIST)
		pr_warn("%s: there is a handler named '%s' already; unload it first",
			handler->label, fanfp_handler__name(handler));
	else
		pr_warn("%s: not registered: %s", handler->label, strerror(err));
	errno = err;
	return NULL;
}

int fanfp_link__fd(const struct fanfp_link *link)
{
	return bpf_link__fd(link->link);
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
	struct fanfp_link *link;
	char *said;
	size_t size;
	int err;

	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	listen_start(&said, &size);
	link->link = bpf_link__open(path);
	err = link->link ? 0 : errno;
	listen_end();
	free(said);
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

int fanfp_link__unpin(struct fanfp_link *link)
{
	return bpf_link__unpin(link->link);
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
	char *said;
	size_t size;
	int err;

	listen_start(&said, &size);
	err = bpf_link__pin(link->link, path);
	listen_end();
	free(said);
	if (err && made)
		rmdir(made);
	free(made);
	if (err == -EEXIST)
		pr_warn("%s: there is something pinned already", path);
	else if (err)
		pr_warn("%s: cannot pin: %s; is a bpf file system mounted there (mount -t bpf none /sys/fs/bpf)?",
			path, strerror(-err));
	return err;
}

void fanfp_link__destroy(struct fanfp_link *link)
{
	if (!link)
		return;
	bpf_link__destroy(link->link);
	free(link);
}
