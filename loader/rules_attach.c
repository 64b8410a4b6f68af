// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: into the kernel
 *
 * A list is a map of its own, and the handler "filter" finds it in another map.
 * To change the rules is to put another map there. The directories of subtree=
 * have marks while a list is there that names them: those of a new list come
 * before it does, those of the old one go after it has gone.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"
#include "rules.h"

/* A directory that a list's own mark is on. */
struct marked {
	char *path;		/* owned */
	struct fanotify_fastpath_ancestor id;
	bool added;		/* so it is to be removed again */
};

struct marks {
	struct marked list[RULE_ROOTS];
	unsigned int count;
};

/* What is kept of an attachment of rules. */
struct rules_link {
	int lists;		/* owned; the map that the list's map is in */
	int identify;		/* owned; the program */
	struct rule_senders senders;
	/*
	 * The group's descriptor, of which only the number is kept: a copy would
	 * keep the group from being closed. It is the group if the attachment
	 * is there.
	 */
	int group;
	uint64_t attachment;
	struct marks marks;
};

/* Of the messages of all of this. */
static int no_memory(const struct fanfp_rules *rules)
{
	pr_warn("%s: %s", rules->name, strerror(ENOMEM));
	return -ENOMEM;
}

/* Have the kernel tell what a path stands for; @ctx is the program. */
static int ask(const char *path, struct rule_identity *id, void *ctx)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.ctx_in = id,
		.ctx_size_in = sizeof(*id),
	);
	const int *prog = ctx;
	int err;

	id->fd = open(path, O_PATH | O_CLOEXEC);
	if (id->fd < 0)
		return -errno;
	err = bpf_prog_test_run_opts(*prog, &opts);
	close(id->fd);
	return err ?: (int)opts.retval;
}

/* How many marks of lists there are on directories with this identity. */
static int count_marks(int group, const struct fanotify_fastpath_ancestor *id)
{
	unsigned long long ino;
	unsigned int dev, ignored;
	char path[64], *line = NULL;
	size_t size = 0;
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", group);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		if (sscanf(line, "fanotify ino:%llx sdev:%x mflags:%*x mask:%*x ignored_mask:%x",
			   &ino, &dev, &ignored) == 3 &&
		    ino == id->ino && ignored & RULE_ROOT_MASK &&
		    /* The kernel writes its own dev_t there. */
		    makedev(dev >> 20, dev & 0xfffff) ==
		    makedev(id->dev >> 8 & 0xfff,
			    (id->dev & 0xff) | (id->dev >> 12 & 0xfff00)))
			count++;
	}
	free(line);
	fclose(file);
	return count;
}

static struct marked *find_mark(struct marks *marks,
				const struct fanotify_fastpath_ancestor *id)
{
	unsigned int i;

	for (i = 0; i < marks->count; i++) {
		if (!memcmp(&marks->list[i].id, id, sizeof(*id)))
			return &marks->list[i];
	}
	return NULL;
}

/* Remove what was added, if the group is known, and forget it all. */
static void remove_marks(int group, int identify, struct marks *marks)
{
	struct rule_identity id = {};
	unsigned int i;

	for (i = 0; i < marks->count; i++) {
		struct marked *marked = &marks->list[i];

		/* It may have been moved, and another be there. */
		if (marked->added && group >= 0 &&
		    !ask(marked->path, &id, &identify) &&
		    !memcmp(&id.id, &marked->id, sizeof(id.id)))
			fanfp_group__remove_root(group, marked->path,
						 FANFP_ROOT_OF_RULES);
		free(marked->path);
	}
	marks->count = 0;
}

/* Mark the directory of the root @i of a list; returns 0 or a negative errno. */
static int add_mark(int group, const struct fanfp_rules *rules,
		    const struct rule_list *list, unsigned int i,
		    struct marks *marks)
{
	const struct rule_root *root = &rules->roots[i];
	struct marked *marked = &marks->list[marks->count];
	int ret, count;

	marked->path = strdup(root->path);
	if (!marked->path)
		return no_memory(rules);
	marked->id = list->roots[i];
	ret = fanfp_group__add_root(group, root->path, FANFP_ROOT_OF_RULES);
	marked->added = ret > 0;
	marks->count++;
	if (ret < 0)
		return ret;

	count = count_marks(group, &marked->id);
	if (count == 1)
		return 0;
	pr_warn("%s:%u:%u: %s %s", rules->name, root->line, root->column,
		root->path, count < 0 ? strerror(-count) : count ?
		"cannot be told from a directory of the rules that are attached; detach those first" :
		"is another directory now; try again");
	return count < 0 ? count : -ENOTUNIQ;
}

/* Mark the directories of @list; all of them or none. */
static int add_marks(int group, int identify, const struct fanfp_rules *rules,
		     const struct rule_list *list, struct marks *marks)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < rules->n_roots && !err; i++)
		err = add_mark(group, rules, list, i, marks);
	if (err)
		remove_marks(group, identify, marks);
	return err;
}

/* Make a map of the list and put it in place; returns 0 or a negative errno. */
static int put_list(const struct rules_link *link, const struct fanfp_rules *rules,
		    const struct rule_list *list)
{
	__u32 key = 0;
	int map, err;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fanfp_rules", sizeof(key),
			     sizeof(*list), 1, NULL);
	err = map < 0 ? map : bpf_map_update_elem(map, &key, list, 0);
	if (!err)
		err = bpf_map_update_elem(link->lists, &key, &map, 0);
	if (err)
		pr_warn("%s: the kernel does not take the rules: %s",
			rules->name, strerror(-err));
	if (map >= 0)
		close(map);
	return err;
}

/*
 * The marks of the old list go, but for those that the new one has too. A group has
 * one list: whoever added its marks, they are ours now.
 */
static void exchange_marks(struct rules_link *link, struct marks *marks)
{
	unsigned int i;

	for (i = 0; i < marks->count; i++) {
		struct marked *old = find_mark(&link->marks, &marks->list[i].id);

		if (old)
			old->added = false;
		marks->list[i].added = true;
	}
	remove_marks(link->group, link->identify, &link->marks);
	link->marks = *marks;
}

/* Put @rules in the place of what is there, if anything is. */
static int exchange(struct rules_link *link, const struct fanfp_rules *rules)
{
	struct rule_list *list = calloc(1, sizeof(*list));
	struct marks marks = {};
	int err;

	if (!list)
		return no_memory(rules);
	err = rules_compile(rules, list, ask, &link->identify);
	if (!err && link->group < 0 && rules->n_roots) {
		pr_warn("%s: subtree= has directories marked, which takes the fanotify file descriptor: see fanfp_link__set_group()",
			rules->name);
		err = -EBADF;
	}
	if (!err)
		err = add_marks(link->group, link->identify, rules, list, &marks);
	if (!err) {
		err = put_list(link, rules, list);
		if (err)
			remove_marks(link->group, link->identify, &marks);
	}
	free(list);
	if (!err)
		exchange_marks(link, &marks);
	return err;
}

/* An attachment in the making. */
struct making {
	const struct fanfp_rules *rules;
	struct rules_link *link;
};

/* The handler is loaded: fill it before it sees an event. */
static int prepare(struct fanfp_handler *handler, void *ctx)
{
	struct making *making = ctx;
	struct rules_link *link = making->link;
	struct bpf_program *prog;
	int err;

	handler->prepare_says = true;
	prog = bpf_object__find_program_by_name(handler->obj, "identify");
	link->identify = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
	link->lists = fcntl(fanfp_handler__map_fd(handler, "lists"),
			    F_DUPFD_CLOEXEC, 0);
	err = link->identify < 0 || link->lists < 0 ? -errno :
		rule_senders_open(&link->senders, handler);
	if (err) {
		pr_warn("%s: %s", making->rules->name, strerror(-err));
		return err;
	}
	return exchange(link, making->rules);
}

static void link_free(struct rules_link *link)
{
	remove_marks(link->group, link->identify, &link->marks);
	if (link->lists >= 0)
		close(link->lists);
	if (link->identify >= 0)
		close(link->identify);
	rule_senders_close(&link->senders);
	free(link);
}

static struct rules_link *link_new(int group)
{
	struct rules_link *link = calloc(1, sizeof(*link));

	if (link) {
		link->lists = -1;
		link->identify = -1;
		link->senders.map = -1;
		link->senders.prog = -1;
		link->group = group;
	}
	return link;
}

struct rule_senders *rule_senders_of(struct rules_link *link)
{
	return link ? &link->senders : NULL;
}

/* The attachment that a descriptor's group has, or 0. */
static uint64_t attachment_of(int fd)
{
	struct fanfp_group_info info = { .sz = sizeof(info) };

	if (fd < 0 || !fanfp_is_fanotify(getpid(), fd) ||
	    fanfp_group__info(fd, &info))
		return 0;
	return info.id;
}

bool fanfp_rules_known(const struct rules_link *link)
{
	return link && link->attachment &&
		attachment_of(link->group) == link->attachment;
}

void fanfp_rules_ended(struct rules_link *link, bool known)
{
	/* If it goes on, so does the list, with its marks. */
	if (!link || !known || fanfp_rules_known(link))
		return;
	remove_marks(link->group, link->identify, &link->marks);
}

void fanfp_rules_forget(struct rules_link *link)
{
	if (!link)
		return;
	link->group = -1;
	link_free(link);
}

struct fanfp_link *fanfp_rules__attach(const struct fanfp_rules *rules,
				       int fanotify_fd,
				       const struct fanfp_attach_opts *opts)
{
	LIBFANFP_OPTS(fanfp_open_opts, open_opts, .prepare = prepare);
	struct making making = { .rules = rules };
	struct fanfp_link *link = NULL;
	struct fanfp_handler *handler;
	int err;

	open_opts.ctx = &making;
	handler = fanfp_handler__open_builtin("filter", &open_opts);
	if (!handler)
		return NULL;
	making.link = link_new(fanotify_fd);
	if (making.link)
		link = fanfp_handler__attach(handler, fanotify_fd, opts);
	err = making.link ? errno : -no_memory(rules);
	fanfp_handler__close(handler);
	if (link) {
		making.link->attachment = attachment_of(fanotify_fd);
		link->rules = making.link;
		return link;
	}
	if (making.link)
		link_free(making.link);
	errno = err;
	return NULL;
}

/* Let a link that this process did not make have a new handler. */
static int replace(struct fanfp_link *link, const struct fanfp_rules *rules)
{
	LIBFANFP_OPTS(fanfp_open_opts, open_opts, .prepare = prepare);
	struct making making = { .rules = rules };
	struct fanfp_handler *handler;
	int err;

	open_opts.ctx = &making;
	handler = fanfp_handler__open_builtin("filter", &open_opts);
	if (!handler)
		return -errno;
	making.link = link_new(link->rules ? link->rules->group : -1);
	err = making.link ? fanfp_link__replace(link, handler, NULL) :
			    no_memory(rules);
	fanfp_handler__close(handler);
	if (err) {
		if (making.link)
			link_free(making.link);
		return err;
	}
	making.link->attachment = attachment_of(making.link->group);
	link->rules = making.link;
	return 0;
}

int fanfp_rules__update(struct fanfp_link *link, const struct fanfp_rules *rules)
{
	if (!link->rules || link->rules->lists < 0)
		return replace(link, rules);
	if (!fanfp_rules_known(link->rules))
		link->rules->group = -1;
	return exchange(link->rules, rules);
}

int fanfp_link__set_group(struct fanfp_link *link, int fanotify_fd)
{
	uint64_t attachment = attachment_of(fanotify_fd);

	if (!attachment || (link->rules && link->rules->attachment &&
			    link->rules->attachment != attachment)) {
		pr_warn("file descriptor %d: not the group that the link is attached to",
			fanotify_fd);
		return -EINVAL;
	}
	if (!link->rules)
		link->rules = link_new(fanotify_fd);
	if (!link->rules)
		return -ENOMEM;
	link->rules->group = fanotify_fd;
	return 0;
}
