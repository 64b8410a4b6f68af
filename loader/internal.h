/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the files of libfanfp share
 */
#ifndef _FANFP_INTERNAL_H
#define _FANFP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fanfp.h"

struct bpf_link;
struct bpf_map;
struct bpf_object;
struct btf_type;

#define FANFP_SYSFS	"/sys/kernel/fanotify_fastpath"
#define FANFP_DEVICE	"/dev/fanotify_fastpath"

/* Read a member of an opts structure that an older caller may not have. */
#define OPTS_GET(_opts, _member, _default)				\
	((_opts) && (_opts)->sz >= offsetof(typeof(*(_opts)), _member) +	\
	 sizeof((_opts)->_member) ? (_opts)->_member : (_default))

/*
 * Whether an opts structure can be read: a newer caller's may be longer, but
 * must not ask for what this library does not know.
 */
static inline bool opts_ok(const void *opts, size_t known)
{
	const char *byte = opts;
	size_t sz, i;

	if (!opts)
		return true;
	memcpy(&sz, opts, sizeof(sz));
	if (sz < sizeof(sz))
		return false;
	for (i = known; i < sz; i++) {
		if (byte[i])
			return false;
	}
	return true;
}

#define OPTS_OK(_opts)	opts_ok(_opts, sizeof(*(_opts)))

#define OPTS_UNKNOWN	"options that this version of libfanfp does not know"

/* The longest fanfp_last_error(), with the terminating NUL. */
#define LAST_ERROR_MAX	1024

struct fanfp_handler {
	struct bpf_object *obj;	/* owned */
	struct bpf_map *map;	/* obj's: the struct_ops map */
	/* The map's initial value, laid out as the object's BTF says. */
	char *ops;
	const struct btf_type *type;
	bool loaded;
	int (*prepare)(struct fanfp_handler *handler, void *ctx);
	void *ctx;
	bool prepare_says;	/* @prepare says itself why it fails */
	/* What is wrong, if something is, is said of this. */
	char *label;
};

struct fanfp_link {
	struct bpf_link *link;	/* owned */
	struct rules_link *rules;	/* owned; NULL if it has none */
};

/* The mark on a directory of a rule list: see filter.h. */
#define FANFP_ROOT_OF_RULES	((enum fanfp_root)(FANFP_EXCLUDE + 1))

/*
 * An attachment of rules can end with its link. Before, ask whether the group is
 * known; after, if it has ended, have the marks of the rules removed; in the end
 * forget it. All take NULL.
 */
bool fanfp_rules_known(const struct rules_link *link);
void fanfp_rules_ended(struct rules_link *link, bool known);
void fanfp_rules_forget(struct rules_link *link);

/* A handler in the library. */
struct fanfp_builtin {
	const char *name;
	const unsigned char *start, *end;
};

const struct fanfp_builtin *fanfp_builtin(unsigned int index);

__attribute__((format(printf, 2, 3)))
void fanfp_print(enum fanfp_print_level level, const char *fmt, ...);

#define pr_warn(...)	fanfp_print(FANFP_WARN, __VA_ARGS__)
#define pr_info(...)	fanfp_print(FANFP_INFO, __VA_ARGS__)
/* What a caller may well expect: shown to nobody who did not ask for it. */
#define pr_debug(...)	fanfp_print(FANFP_DEBUG, __VA_ARGS__)

/*
 * What libbpf complains about from complaints_start() to complaints_end(), in
 * this thread, is in @text then: to be freed, or NULL. The end keeps errno.
 */
struct complaints {
	char *text;
	size_t size;
};

void complaints_start(struct complaints *complaints);
void complaints_end(void);

/*
 * Read the options of an attachment; returns 0, or a negative errno and says
 * of @what what is wrong.
 */
int fanfp_attach_args(const char *what, const struct fanfp_attach_opts *opts,
		      const void **args, size_t *args_size);

/*
 * Load the handler for an attachment to the group of @fanotify_fd, which is not
 * looked at yet; returns 0 or a negative errno.
 */
int fanfp_handler_load_for(struct fanfp_handler *handler, int fanotify_fd,
			   const struct fanfp_attach_opts *opts);

/* Make the link of a handler that is loaded; NULL and errno, and no message. */
struct fanfp_link *fanfp_handler_link(struct fanfp_handler *handler);

/* Say why @handler is not attached, nor in the place of another. */
void fanfp_handler_refused(const struct fanfp_handler *handler, int err);

/* Whether descriptor @fd of process @pid is fanotify's. */
bool fanfp_is_fanotify(pid_t pid, int fd);

#endif /* _FANFP_INTERNAL_H */
