// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of the tree: what is where, from what was done
 *
 * The kernel is asked for one thing only, the file handle of what was just
 * made, by which events name it.
 */
#include "oracle.h"

int get_handle(int fd, const char *path, struct handle *handle)
{
	int mount_id;

	memset(handle, 0, sizeof(*handle));
	handle->head.handle_bytes = sizeof(handle->bytes);
	return name_to_handle_at(fd, path, &handle->head, &mount_id,
				 AT_HANDLE_FID | AT_EMPTY_PATH);
}

unsigned int tree_random(struct tree *tree, unsigned int below)
{
	/* Knuth's MMIX generator. */
	tree->random = tree->random * 6364136223846793005ULL +
		1442695040888963407ULL;
	return (tree->random >> 33) % below;
}

int tree_init(struct tree *tree, const char *top, unsigned long long seed)
{
	int i;

	memset(tree, 0, sizeof(*tree));
	snprintf(tree->top, sizeof(tree->top), "%s", top);
	tree->random = seed;
	tree->nodes[TOP] = (struct node){ .used = true, .dir = true };
	tree->entries[TOP] = (struct entry){
		.state = LINKED, .node = TOP, .parent = NONE,
	};
	for (i = 0; i < HELD; i++)
		tree->held[i].fd = NONE;
	return get_handle(AT_FDCWD, top, &tree->nodes[TOP].handle);
}

/* Random among the entries that a path leads to; the top is a directory. */
int tree_pick(struct tree *tree, bool dir)
{
	char path[PATH_SIZE];
	int i = tree_random(tree, ENTRIES), n, via;

	for (n = 0; n < ENTRIES; n++, i = (i + 1) % ENTRIES) {
		const struct entry *entry = &tree->entries[i];

		if (entry->state == FREE || tree->nodes[entry->node].dir != dir)
			continue;
		for (via = 0; via <= VIA_TOP; via++) {
			if (tree_path(tree, i, via, path))
				return i;
		}
	}
	return NONE;
}

int tree_find(const struct tree *tree, int parent, int name)
{
	int i;

	for (i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &tree->entries[i];

		if (entry->state == LINKED && entry->parent == parent &&
		    entry->name == name)
			return i;
	}
	return NONE;
}

int tree_find_node(const struct tree *tree, const struct handle *handle)
{
	int i;

	for (i = 0; i < NODES; i++) {
		if (tree->nodes[i].used &&
		    !memcmp(&tree->nodes[i].handle, handle, sizeof(*handle)))
			return i;
	}
	return NONE;
}

int tree_add_node(struct tree *tree, bool dir)
{
	int i;

	for (i = 0; i < NODES; i++) {
		if (tree->nodes[i].used)
			continue;
		tree->nodes[i] = (struct node){ .used = true, .dir = dir };
		return i;
	}
	return NONE;
}

int tree_add_entry(struct tree *tree, int node, int parent, int name)
{
	int i;

	for (i = 0; i < ENTRIES; i++) {
		if (tree->entries[i].state != FREE)
			continue;
		tree->entries[i] = (struct entry){
			.state = LINKED, .node = node, .parent = parent,
			.name = name,
		};
		return i;
	}
	return NONE;
}

/* Whether one more node with one more entry fits. */
bool tree_has_room(const struct tree *tree)
{
	int i, nodes = 0, entries = 0;

	for (i = 0; i < NODES; i++)
		nodes += !tree->nodes[i].used;
	for (i = 0; i < ENTRIES; i++)
		entries += tree->entries[i].state == FREE;
	return nodes && entries;
}

void tree_unlink(struct tree *tree, int entry)
{
	tree->entries[entry].state = UNLINKED;
}

static bool has_entries(const struct tree *tree, int node)
{
	int i;

	for (i = 0; i < ENTRIES; i++) {
		if (tree->entries[i].state != FREE &&
		    tree->entries[i].node == node)
			return true;
	}
	return false;
}

static bool is_parent(const struct tree *tree, int node)
{
	int i;

	for (i = 0; i < ENTRIES; i++) {
		if (tree->entries[i].state != FREE &&
		    tree->entries[i].parent == node)
			return true;
	}
	return false;
}

/* Forget what nothing holds any more; with it go a directory's marks. */
void tree_reap(struct tree *tree)
{
	bool again = true;
	int i;

	while (again) {
		again = false;
		for (i = 0; i < ENTRIES; i++) {
			struct entry *entry = &tree->entries[i];

			if (entry->state != UNLINKED || entry->holds ||
			    (tree->nodes[entry->node].dir &&
			     is_parent(tree, entry->node)))
				continue;
			entry->state = FREE;
			if (!has_entries(tree, entry->node))
				tree->nodes[entry->node].used = false;
			again = true;
		}
	}
}

/* The entry of a directory, which has but one. */
static int dir_entry(const struct tree *tree, int node)
{
	int i;

	for (i = 0; i < ENTRIES; i++) {
		if (tree->entries[i].state != FREE &&
		    tree->entries[i].node == node)
			return i;
	}
	return NONE;
}

/*
 * Write the path of @entry that starts at @via. Returns false if there is none:
 * it is not below, or it is gone.
 */
bool tree_path(const struct tree *tree, int entry, int via, char *path)
{
	const char *start = via == VIA_TOP ? tree->top : tree->binds[via].path;
	int last = via == VIA_TOP ? TOP : tree->binds[via].entry;
	int chain[ENTRIES], depth = 0;
	size_t len;

	if (via != VIA_TOP && !tree->binds[via].used)
		return false;
	while (entry != last) {
		if (entry == TOP || tree->entries[entry].state != LINKED)
			return false;
		chain[depth++] = tree->entries[entry].name;
		entry = dir_entry(tree, tree->entries[entry].parent);
	}
	len = snprintf(path, PATH_SIZE, "%s", start);
	while (depth--)
		len += snprintf(path + len, PATH_SIZE - len, "/n%d",
				chain[depth]);
	return true;
}

/* Random among the ways to @entry; there is one. */
int tree_via(struct tree *tree, int entry)
{
	char path[PATH_SIZE];
	int via = tree_random(tree, 2) ? VIA_TOP :
					 (int)tree_random(tree, BINDS + 1);
	int n;

	for (n = 0; n <= BINDS; n++, via = (via + 1) % (BINDS + 1)) {
		if (tree_path(tree, entry, via, path))
			return via;
	}
	return NONE;
}

/* Whether the nearest root at or above a directory includes it. */
bool tree_inside(const struct tree *tree, int node)
{
	while (node != NONE) {
		if (tree->nodes[node].included)
			return true;
		if (tree->nodes[node].excluded)
			return false;
		node = tree->entries[dir_entry(tree, node)].parent;
	}
	return false;
}
