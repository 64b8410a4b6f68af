// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - handlers: open an object, load it, attach or register it
 *
 * A handler is loaded when it is attached, registered, or put in the place of
 * another, because the kernel then reads its group and its arguments.
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

/* Give the handler another name; returns 0 or a negative errno. */
static int rename_ops(struct fanfp_handler *handler, const char *name)
{
	char *own = ops_member(handler, "name", FAN_FP_NAME_MAX);

	if (!*name || strlen(name) >= FAN_FP_NAME_MAX) {
		pr_warn("%s: '%s' is no name for a handler; it has 1 to %d characters",
			handler->label, name, FAN_FP_NAME_MAX - 1);
		return *name ? -ENAMETOOLONG : -EINVAL;
	}
	memset(own, 0, FAN_FP_NAME_MAX);
	strcpy(own, name);
	return 0;
}

/* Whether opening failed because of other things than what is in the object. */
static bool is_of_system(int err)
{
	return err == EACCES || err == EMFILE || err == ENFILE || err == ENOMEM;
}

/* Take over @obj; @what names it. */
static struct fanfp_handler *handler_new(struct bpf_object *obj, const char *what,
					 const struct fanfp_open_opts *opts)
{
	const char *name = OPTS_GET(opts, name, NULL);
	struct fanfp_handler *handler;
	int err;

	handler = calloc(1, sizeof(*handler));
	if (!handler) {
		bpf_object__close(obj);
		goto no_memory;
	}
	handler->obj = obj;
	handler->prepare = OPTS_GET(opts, prepare, NULL);
	handler->ctx = OPTS_GET(opts, ctx, NULL);
	handler->label = strdup(what);
	if (!handler->label) {
		fanfp_handler__close(handler);
		goto no_memory;
	}
	err = find_ops(handler);
	if (!err && name)
		err = rename_ops(handler, name);
	if (err) {
		fanfp_handler__close(handler);
		errno = -err;
		return NULL;
	}
	return handler;

no_memory:
	pr_warn("%s: %s", what, strerror(ENOMEM));
	errno = ENOMEM;
	return NULL;
}

static bool open_opts_ok(const char *what, const struct fanfp_open_opts *opts)
{
	if (OPTS_OK(opts))
		return true;
	pr_warn("%s: " OPTS_UNKNOWN, what);
	errno = EINVAL;
	return false;
}

static struct fanfp_handler *handler_open(const char *path, const void *data,
					  size_t size, const char *what,
					  const struct fanfp_open_opts *opts)
{
	LIBBPF_OPTS(bpf_object_open_opts, mem_opts, .object_name = what);
	struct complaints complaints;
	struct bpf_object *obj;
	char reason[128];
	int err;

	complaints_start(&complaints);
	obj = path ? bpf_object__open_file(path, NULL) :
		     bpf_object__open_mem(data, size, &mem_opts);
	err = errno;
	complaints_end();
	if (!obj) {
		if (complaints.text && *complaints.text)
			pr_info("%s", complaints.text);
		/* libbpf has error numbers of its own. */
		libbpf_strerror(err, reason, sizeof(reason));
		if (is_of_system(err))
			pr_warn("%s: %s", what, reason);
		else
			pr_warn("%s: not a BPF object that can be read (%s)",
				what, reason);
	}
	free(complaints.text);
	if (obj)
		return handler_new(obj, what, opts);
	errno = is_of_system(err) ? err : EINVAL;
	return NULL;
}

struct fanfp_handler *fanfp_handler__open_file(const char *path,
					       const struct fanfp_open_opts *opts)
{
	struct stat st;
	int err = 0;

	if (!open_opts_ok(path, opts))
		return NULL;
	/* Not even opened: a FIFO would wait for its other end. */
	if (stat(path, &st))
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (err) {
		pr_warn("%s: %s", path,
			err == EINVAL ? "not a regular file" : strerror(err));
		errno = err;
		return NULL;
	}
	return handler_open(path, NULL, 0, path, opts);
}

struct fanfp_handler *fanfp_handler__open_mem(const void *data, size_t size,
					      const struct fanfp_open_opts *opts)
{
	const char *what = OPTS_OK(opts) ? OPTS_GET(opts, name, NULL) : NULL;

	if (!what)
		what = "object in memory";
	if (!open_opts_ok(what, opts))
		return NULL;
	return handler_open(NULL, data, size, what, opts);
}

struct fanfp_handler *
fanfp_handler__open_builtin(const char *name, const struct fanfp_open_opts *opts)
{
	const struct fanfp_builtin *builtin;
	char names[256] = "";
	unsigned int i;

	if (!open_opts_ok(name, opts))
		return NULL;
	for (i = 0; (builtin = fanfp_builtin(i)); i++) {
		if (!strcmp(builtin->name, name))
			return handler_open(NULL, builtin->start,
					    builtin->end - builtin->start, name,
					    opts);
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
			 " %s", builtin->name);
	}
	pr_warn("%s: there is no built-in handler of this name; there are%s",
		name, names);
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

int fanfp_handler__map_fd(const struct fanfp_handler *handler, const char *name)
{
	const struct bpf_map *map;

	if (!handler->loaded) {
		pr_warn("%s: has no maps yet; it is loaded when it is attached or registered",
			handler->label);
		return -EBADF;
	}
	map = bpf_object__find_map_by_name(handler->obj, name);
	if (!map) {
		pr_warn("%s: has no map '%s'", handler->label, name);
		return -ENOENT;
	}
	return bpf_map__fd(map);
}

/* Load the object; returns 0 or a negative errno. */
static int handler_load(struct fanfp_handler *handler)
{
	struct complaints complaints;
	int err;

	if (!fanfp_supported())
		return -EOPNOTSUPP;

	/* Whatever comes of it: libbpf does not load an object twice. */
	handler->loaded = true;
	complaints_start(&complaints);
	err = bpf_object__load(handler->obj);
	complaints_end();
	if (err == -EPERM)
		pr_warn("%s: loading a handler needs CAP_BPF and CAP_PERFMON; try as root",
			handler->label);
	else if (err)
		pr_warn("%s: the kernel refused the handler (%s):\n%s",
			handler->label, strerror(-err), complaints.text ?: "");
	free(complaints.text);
	if (err || !handler->prepare)
		return err;

	err = handler->prepare(handler, handler->ctx);
	if (err && !handler->prepare_says)
		pr_warn("%s: it can't be prepared: %s", handler->label,
			strerror(-err));
	return err;
}

/* Whether it can be loaded; says so if not. */
static bool handler_is_new(const struct fanfp_handler *handler)
{
	if (handler->loaded)
		pr_warn("%s: has been loaded before; open it again",
			handler->label);
	return !handler->loaded;
}

struct fanfp_link *fanfp_handler_link(struct fanfp_handler *handler)
{
	struct complaints complaints;
	struct fanfp_link *link;

	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	complaints_start(&complaints);
	link->link = bpf_map__attach_struct_ops(handler->map);
	complaints_end();
	free(complaints.text);
	if (!link->link) {
		free(link);
		return NULL;
	}
	return link;
}

/* What is wrong if the kernel does not make the link. */
static const char *link_error(int err)
{
	return err == EOPNOTSUPP ?
		"it has fp_response, which needs a kernel built with CONFIG_FANOTIFY_FASTPATH" :
		strerror(err);
}

int fanfp_attach_args(const char *what, const struct fanfp_attach_opts *opts,
		      const void **args, size_t *args_size)
{
	if (!OPTS_OK(opts)) {
		pr_warn("%s: " OPTS_UNKNOWN, what);
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

int fanfp_handler_load_for(struct fanfp_handler *handler, int fanotify_fd,
			   const struct fanfp_attach_opts *opts)
{
	uint32_t *flags = ops_member(handler, "flags", 4);
	uint32_t *size = ops_member(handler, "args_size", 4);
	int32_t *group_fd = ops_member(handler, "group_fd", 4);
	char *args_copy = ops_member(handler, "args", FAN_FP_ARGS_MAX);
	const void *args;
	size_t args_size;
	int err;

	err = fanfp_attach_args(handler->label, opts, &args, &args_size);
	if (err)
		return err;
	if (!flags || !group_fd || (args_size && (!size || !args_copy))) {
		pr_warn("%s: its struct " OPS_TYPE " lacks members that an attachment needs; compile it with the current fanotify_fastpath.bpf.h",
			handler->label);
		return -EINVAL;
	}
	if (!handler_is_new(handler))
		return -EALREADY;
	/* Whoever makes the link has the right; nobody attaches it by name. */
	*flags = (*flags & ~FAN_FP_F_UNPRIV) | FAN_FP_F_GROUP_FD;
	*group_fd = fanotify_fd;
	if (args_size) {
		memcpy(args_copy, args, args_size);
		*size = args_size;
	}
	return handler_load(handler);
}

void fanfp_handler_refused(const struct fanfp_handler *handler, int err)
{
	const char *init_args = fanfp_handler__init_args(handler);

	if (err == EINVAL)
		pr_warn("%s: refuses the arguments%s%s", handler->label,
			*init_args ? ": " : "", init_args);
	else
		pr_warn("%s: not attached: %s", handler->label, link_error(err));
}

struct fanfp_link *fanfp_handler__attach(struct fanfp_handler *handler,
					 int fanotify_fd,
					 const struct fanfp_attach_opts *opts)
{
	struct fanfp_link *link;
	int err;

	err = fanfp_handler_load_for(handler, fanotify_fd, opts);
	if (err) {
		errno = -err;
		return NULL;
	}
	link = fanfp_handler_link(handler);
	if (link)
		return link;

	err = errno;
	if (err == EBUSY)
		pr_warn("%s: the group has a handler already; detach that first",
			handler->label);
	else if ((err == EBADF || err == EINVAL) &&
		 !fanfp_is_fanotify(getpid(), fanotify_fd))
		pr_warn("%s: not attached: file descriptor %d is not fanotify's",
			handler->label, fanotify_fd);
	else
		fanfp_handler_refused(handler, err);
	errno = err;
	return NULL;
}

struct fanfp_link *fanfp_handler__register(struct fanfp_handler *handler)
{
	struct fanfp_link *link;
	int err;

	err = handler_is_new(handler) ? handler_load(handler) : -EALREADY;
	if (err) {
		errno = -err;
		return NULL;
	}
	link = fanfp_handler_link(handler);
	if (link)
		return link;

	err = errno;
	if (err == EEXIST)
		pr_warn("%s: there is a handler named '%s' already; unload it first",
			handler->label, fanfp_handler__name(handler));
	else if (err == EINVAL)
		pr_warn("%s: the kernel refuses its name '%s', or another of its texts or flags",
			handler->label, fanfp_handler__name(handler));
	else
		pr_warn("%s: not registered: %s", handler->label, link_error(err));
	errno = err;
	return NULL;
}
