// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations, and what they do to the model
 *
 * An operation that the kernel refuses for a reason that it may have, changes
 * nothing. Each returns 0 or a negative errno, and leaves in "what" what it was.
 */
#include <linux/fs.h>

#include "oracle.h"

#define SAY(_oracle, ...)						\
	snprintf((_oracle)->what, sizeof((_oracle)->what), __VA_ARGS__)

/* A directory and a name in it, and the path of both. */
struct place {
	int dir, name, via;
	char path[PATH_SIZE + 16];
};

static void name_path(struct oracle *oracle, struct place *place, int entry)
{
	char path[PATH_SIZE];

	tree_path(&oracle->tree, entry, place->via, path);
	snprintf(place->path, sizeof(place->path), "%s/n%d", path, place->name);
}

/* Some name in some directory; reached by @via if that can be. */
static void pick_place(struct oracle *oracle, struct place *place, int via)
{
	struct tree *tree = &oracle->tree;
	int entry = tree_pick(tree, true);
	char path[PATH_SIZE];

	place->dir = tree->entries[entry].node;
	place->name = tree_random(tree, NAMES);
	place->via = via;
	if (via == NONE || !tree_path(tree, entry, via, path))
		place->via = tree_via(tree, entry);
	name_path(oracle, place, entry);
}

/* Some entry, and its path. */
static int pick_entry(struct oracle *oracle, bool dir, int *via, char *path)
{
	int entry = tree_pick(&oracle->tree, dir);

	if (entry == NONE)
		return NONE;
	*via = tree_via(&oracle->tree, entry);
	tree_path(&oracle->tree, entry, *via, path);
	return entry;
}

/* Note that there is a new file. */
static int add_file(struct tree *tree, const char *path, int dir, int name)
{
	int node = tree_add_node(tree, false);

	tree_add_entry(tree, node, dir, name);
	return get_handle(AT_FDCWD, path, &tree->nodes[node].handle);
}

static int op_create(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct place place;
	int fd;

	if (!tree_has_room(tree))
		return 0;
	pick_place(oracle, &place, NONE);
	SAY(oracle, "create %s", place.path);
	fd = open(place.path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, "x", 1) != 1 || close(fd))
		return -EIO;
	return add_file(tree, place.path, place.dir, place.name);
}

static int op_mkdir(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct place place;
	int node;

	if (!tree_has_room(tree))
		return 0;
	pick_place(oracle, &place, NONE);
	SAY(oracle, "mkdir %s", place.path);
	if (mkdir(place.path, 0700))
		return -errno;
	node = tree_add_node(tree, true);
	tree_add_entry(tree, node, place.dir, place.name);
	return get_handle(AT_FDCWD, place.path, &tree->nodes[node].handle);
}

static int op_read(struct oracle *oracle)
{
	char path[PATH_SIZE], byte;
	int via, fd;

	if (pick_entry(oracle, false, &via, path) == NONE)
		return 0;
	SAY(oracle, "read %s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, &byte, 1) < 0)
		return -errno;
	return close(fd);
}

static int op_write(struct oracle *oracle)
{
	bool cut = !tree_random(&oracle->tree, 3);
	char path[PATH_SIZE];
	int via, fd;

	if (pick_entry(oracle, false, &via, path) == NONE)
		return 0;
	SAY(oracle, "write%s %s", cut ? " anew" : "", path);
	fd = open(path, O_WRONLY | O_CLOEXEC | (cut ? O_TRUNC : 0));
	if (fd < 0)
		return -errno;
	if (write(fd, "y", 1) != 1)
		return -errno;
	return close(fd);
}

static int read_dir(int fd)
{
	char buf[4096];

	return syscall(SYS_getdents64, fd, buf, sizeof(buf)) < 0 ? -errno : 0;
}

static int op_list(struct oracle *oracle)
{
	char path[PATH_SIZE];
	int via, fd, err;

	pick_entry(oracle, true, &via, path);
	SAY(oracle, "list %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_dir(fd);
	close(fd);
	return err;
}

static int op_chmod(struct oracle *oracle)
{
	bool dir = !tree_random(&oracle->tree, 3);
	char path[PATH_SIZE];
	int via;

	if (pick_entry(oracle, dir, &via, path) == NONE)
		return 0;
	SAY(oracle, "chmod %s", path);
	return chmod(path, 0700 | tree_random(&oracle->tree, 64)) ? -errno : 0;
}

static void move(struct tree *tree, int entry, int dir, int name)
{
	tree->entries[entry].parent = dir;
	tree->entries[entry].name = name;
}

static int op_rename(struct oracle *oracle)
{
	static const struct {
		unsigned int flags;
		const char *text;
	} ways[] = {
		{ 0, "rename" }, { 0, "rename" }, { 0, "rename" },
		{ RENAME_EXCHANGE, "exchange" },
		{ RENAME_WHITEOUT, "rename, with a whiteout," },
	};
	struct tree *tree = &oracle->tree;
	bool dir = tree_random(tree, 2);
	unsigned int way = tree_random(tree, sizeof(ways) / sizeof(ways[0]));
	unsigned int flags = ways[way].flags;
	char from[PATH_SIZE];
	struct entry old;
	struct place to;
	int entry, other, via;

	entry = pick_entry(oracle, dir, &via, from);
	if (entry == NONE || entry == TOP ||
	    (flags == RENAME_WHITEOUT && !tree_has_room(tree)))
		return 0;
	old = tree->entries[entry];
	pick_place(oracle, &to, via);
	SAY(oracle, "%s %s %s", ways[way].text, from, to.path);
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to.path, flags))
		return -errno;

	other = tree_find(tree, to.dir, to.name);
	/* Two names of one file: the kernel leaves both. */
	if (other != NONE && tree->entries[other].node == old.node)
		return 0;
	if (flags == RENAME_EXCHANGE)
		move(tree, other, old.parent, old.name);
	else if (other != NONE)
		tree_unlink(tree, other);
	move(tree, entry, to.dir, to.name);
	oracle->used = flags == RENAME_EXCHANGE ? NONE : to.dir;
	return flags == RENAME_WHITEOUT ?
		add_file(tree, from, old.parent, old.name) : 0;
}

/* Links to one file without a path: to what O_TMPFILE made. */
static int link_held(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct held *held = &tree->held[tree_random(tree, HELD)];
	struct place place;
	int node;

	if (held->fd == NONE)
		return 0;
	node = tree->entries[held->entry].node;
	if (tree->nodes[node].dir)
		return 0;
	pick_place(oracle, &place, held->via);
	SAY(oracle, "link an open file as %s", place.path);
	if (linkat(held->fd, "", AT_FDCWD, place.path, AT_EMPTY_PATH))
		return -errno;
	tree_add_entry(tree, node, place.dir, place.name);
	return 0;
}

static int op_link(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	char from[PATH_SIZE];
	struct place to;
	int entry, via;

	if (!tree_has_room(tree))
		return 0;
	if (!tree_random(tree, 4))
		return link_held(oracle);
	entry = pick_entry(oracle, false, &via, from);
	if (entry == NONE)
		return 0;
	pick_place(oracle, &to, via);
	SAY(oracle, "link %s as %s", from, to.path);
	if (linkat(AT_FDCWD, from, AT_FDCWD, to.path, 0))
		return -errno;
	tree_add_entry(tree, tree->entries[entry].node, to.dir, to.name);
	oracle->used = tree->entries[entry].parent;
	return 0;
}

static int op_remove(struct oracle *oracle)
{
	bool dir = !tree_random(&oracle->tree, 3);
	char path[PATH_SIZE];
	int entry, via;

	entry = pick_entry(oracle, dir, &via, path);
	if (entry == NONE || entry == TOP ||
	    oracle->tree.entries[entry].state != LINKED)
		return 0;
	SAY(oracle, "remove %s", path);
	if (dir ? rmdir(path) : unlink(path))
		return -errno;
	tree_unlink(&oracle->tree, entry);
	oracle->used = oracle->tree.entries[entry].parent;
	return 0;
}

static struct held *free_held(struct tree *tree)
{
	int i;

	for (i = 0; i < HELD; i++) {
		if (tree->held[i].fd == NONE)
			return &tree->held[i];
	}
	return NULL;
}

/* Open something, and keep it open. */
static int op_hold(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct held *held = free_held(tree);
	bool dir = !tree_random(tree, 3);
	char path[PATH_SIZE];
	int entry, via;

	if (!held)
		return 0;
	entry = pick_entry(oracle, dir, &via, path);
	if (entry == NONE)
		return 0;
	SAY(oracle, "open %s", path);
	held->fd = open(path, O_CLOEXEC | (dir ? O_RDONLY : O_RDWR));
	if (held->fd < 0)
		return -errno;
	held->entry = entry;
	held->via = via;
	tree->entries[entry].holds++;
	return 0;
}

/* A file that is open and has no name. */
static int op_tmpfile(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct held *held = free_held(tree);
	char path[PATH_SIZE];
	int entry, node, via;

	if (!held || !tree_has_room(tree))
		return 0;
	entry = pick_entry(oracle, true, &via, path);
	SAY(oracle, "tmpfile in %s", path);
	held->fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* In a directory that is gone, and still mounted, ext4 says EPERM. */
	if (held->fd < 0)
		return tree->entries[entry].state == LINKED ? -errno : -ENOENT;
	node = tree_add_node(tree, false);
	held->entry = tree_add_entry(tree, node, tree->entries[entry].node,
				     NONE);
	held->via = via;
	tree->entries[held->entry].holds++;
	tree_unlink(tree, held->entry);
	return get_handle(held->fd, "", &tree->nodes[node].handle);
}

static int op_use(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct held *held = &tree->held[tree_random(tree, HELD)];
	unsigned int how = tree_random(tree, 3);
	char byte;

	if (held->fd == NONE)
		return 0;
	SAY(oracle, "use what is open, number %d, in way %u",
	    (int)(held - tree->held), how);
	if (!how)
		return fchmod(held->fd, 0700) ? -errno : 0;
	if (tree->nodes[tree->entries[held->entry].node].dir)
		return read_dir(held->fd);
	if (how == 1)
		return pwrite(held->fd, "z", 1, 0) == 1 ? 0 : -errno;
	return pread(held->fd, &byte, 1, 0) < 0 ? -errno : 0;
}

static void release(struct tree *tree, struct held *held)
{
	tree->entries[held->entry].holds--;
	close(held->fd);
	held->fd = NONE;
}

static int op_release(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct held *held = &tree->held[tree_random(tree, HELD)];

	if (held->fd == NONE)
		return 0;
	SAY(oracle, "close number %d", (int)(held - tree->held));
	release(tree, held);
	return 0;
}

static int unbind(struct tree *tree, struct bind *bind)
{
	/* It is refused while a file is open that was reached there. */
	if (umount2(bind->path, 0))
		return -errno;
	bind->used = false;
	tree->entries[bind->entry].holds--;
	return 0;
}

static int op_bind(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct bind *bind = &tree->binds[tree_random(tree, BINDS)];
	char path[PATH_SIZE];
	int entry, via;

	if (bind->used) {
		SAY(oracle, "umount %s", bind->path);
		return unbind(tree, bind);
	}
	entry = pick_entry(oracle, true, &via, path);
	SAY(oracle, "mount %s at %s", path, bind->path);
	if (mount(path, bind->path, NULL, MS_BIND, NULL))
		return -errno;
	bind->used = true;
	bind->entry = entry;
	tree->entries[entry].holds++;
	return 0;
}

/* Move what is mounted at one place to another. */
static int op_move_mount(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	struct bind *from = &tree->binds[tree_random(tree, BINDS)];
	struct bind *to = &tree->binds[tree_random(tree, BINDS)];
	int i;

	if (!from->used || to->used)
		return 0;
	SAY(oracle, "move what is mounted at %s to %s", from->path, to->path);
	/* A directory that is gone can't be moved. */
	if (mount(from->path, to->path, NULL, MS_MOVE, NULL))
		return tree->entries[from->entry].state == LINKED ? -EIO : -errno;
	to->used = true;
	to->entry = from->entry;
	from->used = false;
	for (i = 0; i < HELD; i++) {
		if (tree->held[i].via == from - tree->binds)
			tree->held[i].via = to - tree->binds;
	}
	return 0;
}

int oracle_include(int group, const char *dir, bool add)
{
	return fanotify_mark(group, add ? FAN_MARK_ADD : FAN_MARK_REMOVE,
			     FAN_ONDIR, AT_FDCWD, dir) ? -errno : 0;
}

int oracle_exclude(int group, const char *dir, bool add)
{
	return fanotify_mark(group, (add ? FAN_MARK_ADD |
					   FAN_MARK_IGNORED_SURV_MODIFY :
					   FAN_MARK_REMOVE) | FAN_MARK_IGNORE,
			     FAN_ONDIR, AT_FDCWD, dir) ? -errno : 0;
}

static int op_root(struct oracle *oracle)
{
	bool include = tree_random(&oracle->tree, 2);
	char path[PATH_SIZE];
	struct node *node;
	int via, entry, err;
	bool *flag;

	entry = pick_entry(oracle, true, &via, path);
	node = &oracle->tree.nodes[oracle->tree.entries[entry].node];
	flag = include ? &node->included : &node->excluded;
	SAY(oracle, "%s%s %s", *flag ? "no longer " : "",
	    include ? "include" : "exclude", path);
	err = include ? oracle_include(oracle->filtered, path, !*flag) :
			oracle_exclude(oracle->filtered, path, !*flag);
	/* There is no reason to refuse it. */
	if (err)
		return -EIO;
	*flag = !*flag;
	return 0;
}

/* The other group's marks are no roots. */
static int op_foreign(struct oracle *oracle)
{
	char path[PATH_SIZE];
	struct node *node;
	int via, entry;

	entry = pick_entry(oracle, true, &via, path);
	node = &oracle->tree.nodes[oracle->tree.entries[entry].node];
	SAY(oracle, "foreign mark on %s", path);
	node->foreign = !node->foreign;
	return oracle_include(oracle->truth, path, node->foreign) ? -EIO : 0;
}

/* The kernel drops what it has cached of the tree: no place may hang on that. */
static int op_forget(struct oracle *oracle)
{
	if (!oracle->forgets || tree_random(&oracle->tree, 20))
		return 0;
	SAY(oracle, "drop caches");
	return fp_write_text("/proc/sys/vm/drop_caches", "2");
}

/* For reasons that lie in what was asked, not in the file system. */
static bool may_be_refused(int err)
{
	switch (err) {
	case -EEXIST:
	case -ENOTEMPTY:
	case -EISDIR:
	case -ENOTDIR:
	case -EXDEV:
	case -EINVAL:
	case -ENOENT:
	case -EBUSY:
	case -EOPNOTSUPP:
	case -ENXIO:		/* to open a whiteout */
		return true;
	}
	return false;
}

/* Do one operation; returns 0 or a negative errno, of which nothing is known. */
int oracle_step(struct oracle *oracle)
{
	static int (*const ops[])(struct oracle *oracle) = {
		op_create, op_create, op_create, op_mkdir, op_mkdir, op_read,
		op_write, op_list, op_chmod, op_rename, op_rename, op_rename,
		op_rename, op_link, op_link, op_remove, op_remove, op_hold,
		op_use, op_use, op_release, op_tmpfile, op_bind, op_move_mount,
		op_root, op_root, op_root, op_foreign, op_forget,
	};
	int err;

	tree_reap(&oracle->tree);
	SAY(oracle, "nothing");
	oracle->used = NONE;
	err = ops[tree_random(&oracle->tree, sizeof(ops) / sizeof(ops[0]))]
		(oracle);
	return may_be_refused(err) ? 0 : err;
}

/* Let go of all that is open or mounted. */
void oracle_end(struct oracle *oracle)
{
	struct tree *tree = &oracle->tree;
	int i;

	for (i = 0; i < HELD; i++) {
		if (tree->held[i].fd != NONE)
			release(tree, &tree->held[i]);
	}
	for (i = 0; i < BINDS; i++) {
		if (tree->binds[i].used)
			unbind(tree, &tree->binds[i]);
	}
}
