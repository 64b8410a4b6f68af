// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - a map that forgets, so that it does not grow for ever
 */
#include <errno.h>
#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "watch.h"

/**
 * watch_memory_init() - make a memory
 * @memory: It.
 * @limit: How many it keeps at least; at most, twice as many.
 * @free_entry: Frees the key and the value of an entry.
 *
 * Return: 0 or -ENOMEM.
 */
int watch_memory_init(struct watch_memory *memory, int limit,
		      void (*free_entry)(struct lh_entry *entry))
{
	*memory = (struct watch_memory){
		.young = lh_kchar_table_new(64, free_entry),
		.limit = limit,
		.free_entry = free_entry,
	};
	return memory->young ? 0 : -ENOMEM;
}

void watch_memory_free(struct watch_memory *memory)
{
	if (memory->old)
		lh_table_free(memory->old);
	if (memory->young)
		lh_table_free(memory->young);
}

/**
 * watch_memory_add() - remember
 * @memory: It.
 * @key: Not in it.
 * @value: The memory's from now on, even if this fails.
 *
 * Return: 0 or -ENOMEM.
 */
int watch_memory_add(struct watch_memory *memory, const char *key, void *value)
{
	struct lh_entry lost = { .k = strdup(key), .v = value };

	if (lh_table_length(memory->young) >= memory->limit) {
		struct lh_table *young;

		young = lh_kchar_table_new(64, memory->free_entry);
		if (young) {
			if (memory->old)
				lh_table_free(memory->old);
			memory->old = memory->young;
			memory->young = young;
		}
	}
	if (lost.k && !lh_table_insert(memory->young, lost.k, value))
		return 0;
	memory->free_entry(&lost);
	return -ENOMEM;
}

/**
 * watch_memory_find() - look up
 * @memory: It.
 * @key: What was remembered.
 *
 * Return: Its value, good until the next is added, or NULL.
 */
void *watch_memory_find(struct watch_memory *memory, const char *key)
{
	struct lh_entry *entry;
	void *value;

	entry = lh_table_lookup_entry(memory->young, key);
	if (entry)
		return lh_entry_v(entry);
	if (!memory->old)
		return NULL;
	entry = lh_table_lookup_entry(memory->old, key);
	if (!entry)
		return NULL;
	value = lh_entry_v(entry);
	lh_entry_set_val(entry, NULL);
	lh_table_delete_entry(memory->old, entry);
	return watch_memory_add(memory, key, value) ? NULL : value;
}
