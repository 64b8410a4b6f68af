// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which events belong inside, by the model, and whether just these came
 *
 * The group without a handler saw the truth. Of each of its events the model
 * says which bits the other group must have got:
 *
 * event                        reported with       decided by
 * ---------------------------- ------------------- ----------------------------
 * CREATE, DELETE, MOVED_FROM,  directory, name     the directory
 * MOVED_TO
 * RENAME                       both directories,   either directory
 *                              both names
 * OPEN, CLOSE_*, ACCESS,       directory, name     the directory; if the name is
 * MODIFY, ATTRIB of a file                         gone and the file still open,
 *                                                  the one that it was last in
 * the same of a directory,     itself, "."         itself; when it moved, where
 * MOVE_SELF of one                                 it is now; when another took
 *                                                  its name, where it was
 * DELETE_SELF of a directory   itself, "."         its own mark; without one it
 *                                                  has no place any more: sent
 * ATTRIB of a file whose       the file            the directory of its only
 * links changed, MOVE_SELF                         name, the one just removed
 * of a file                                        included; of several nobody
 *                                                  knows which was used: sent,
 *                                                  if more than one is cached
 * DELETE_SELF of a file        the file            sent, unless it is open by
 *                                                  one of other names it had:
 *                                                  the directory of that
 *
 * A directory is inside if the nearest root at or above it includes; one with
 * both marks includes. Nothing happens to the directories of an event between
 * the event and the end of its operation, so the model after it will do.
 *
 * Both groups are emptied after each operation. Fanotify merges, of one process,
 * what differs in bits alone, and adds up the bits; it gives up after 128
 * events, which no operation causes. So each group has one event for each key,
 * and the bits of these are compared one by one. That one of several equal
 * events is lost can't be seen, by any listener.
 */
#include "oracle.h"

#define ENTRY_EVENTS	(FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)
#define FLAGS		FAN_ONDIR

/* An event that may come or not. */
#define MAY_COME		2

/* What the model has for the directory in a record; NONE is a failure. */
static int record_node(const struct oracle *oracle, const struct event *event,
		       const struct record *record)
{
	int node = record ? tree_find_node(&oracle->tree, &record->handle) :
			    NONE;

	if (node == NONE)
		printf("# %s is about nothing known, '%s'\n",
		       mask_text(event->mask), record ? record->name : "");
	return node;
}

static int inside(const struct oracle *oracle, const struct event *event,
		  const struct record *record)
{
	int node = record_node(oracle, event, record);

	return node == NONE ? -ENOENT : tree_inside(&oracle->tree, node);
}

/* The directory of a file's only name, or NONE. */
static int only_parent(const struct tree *tree, int node, bool held_only)
{
	int parent = NONE, count = 0, i;

	for (i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &tree->entries[i];

		if (entry->state == FREE || entry->node != node ||
		    (held_only && !entry->holds))
			continue;
		parent = entry->parent;
		count++;
	}
	return count == 1 ? parent : NONE;
}

static int judge_rename(const struct oracle *oracle, const struct event *event)
{
	int from = inside(oracle, event,
			  event_record(event, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME));
	int to = inside(oracle, event,
			event_record(event, FAN_EVENT_INFO_TYPE_NEW_DFID_NAME));

	return from < 0 || to < 0 ? -ENOENT : from || to;
}

/* An event that says which file, but not where. */
static int judge_file(const struct oracle *oracle, const struct event *event,
		      const struct record *record, __u64 bit)
{
	int node = record_node(oracle, event, record), parent;

	if (node == NONE)
		return -ENOENT;
	parent = only_parent(&oracle->tree, node, bit == FAN_DELETE_SELF);
	/* If the one that was used is inside, it is sent in any case. */
	if (parent == NONE && oracle->loses_names && bit != FAN_DELETE_SELF &&
	    (oracle->used == NONE || !tree_inside(&oracle->tree, oracle->used)))
		return MAY_COME;
	return parent == NONE || tree_inside(&oracle->tree, parent);
}

static int judge_deleted_dir(const struct oracle *oracle,
			     const struct event *event,
			     const struct record *record)
{
	int i = record_node(oracle, event, record);
	const struct node *node = &oracle->tree.nodes[i];

	if (i == NONE)
		return -ENOENT;
	return node->included || !node->excluded;
}

/* Whether one event bit must come: 1, 0, MAY_COME; -ENOENT: the model is at a loss. */
static int judge_bit(const struct oracle *oracle, const struct event *event,
		     __u64 bit)
{
	const struct record *record;

	if (bit == FAN_RENAME)
		return judge_rename(oracle, event);
	record = event_record(event, FAN_EVENT_INFO_TYPE_DFID_NAME);
	if (!record)
		return judge_file(oracle, event,
				  event_record(event, FAN_EVENT_INFO_TYPE_FID),
				  bit);
	if (bit == FAN_DELETE_SELF)
		return judge_deleted_dir(oracle, event, record);
	return inside(oracle, event, record);
}

/* The parts of @event that must and may come. Returns how often it was at a loss. */
static int judge_event(struct oracle *oracle, const struct event *event,
		       __u64 *must, __u64 *may)
{
	__u64 bits = event->mask & ~FLAGS, bit;
	int wrong = 0;

	*must = 0;
	*may = 0;
	for (; bits; bits &= bits - 1) {
		bit = bits & -bits;
		switch (judge_bit(oracle, event, bit)) {
		case 1:
			*must |= bit;
			oracle->sent++;
			break;
		case 0:
			oracle->skipped++;
			break;
		case MAY_COME:
			*may |= bit;
			break;
		default:
			wrong++;
		}
	}
	if (*must)
		*must |= event->mask & FLAGS;
	*may |= *must;
	if (*may)
		*may |= event->mask & FLAGS;
	return wrong;
}

static void describe(const char *how, __u64 mask, const struct event *event)
{
	char path[PATH_SIZE] = "";
	int i, len = 0;

	for (i = 0; i < event->count; i++)
		len += snprintf(path + len, sizeof(path) - len, " %d:'%s'",
				event->records[i].type, event->records[i].name);
	printf("# %s: %s of an event with%s\n", how, mask_text(mask), path);
}

/* Compare a true event with what came; returns the differences. */
static int compare(struct oracle *oracle, const struct event *event,
		   struct events *came)
{
	__u64 must, may, have = 0;
	int i, wrong = judge_event(oracle, event, &must, &may);

	for (i = 0; i < came->count; i++) {
		if (!event_same(&came->events[i], event))
			continue;
		have = came->events[i].mask;
		came->events[i] = came->events[--came->count];
		break;
	}
	if (must & ~have) {
		describe("lost", must & ~have, event);
		wrong++;
	}
	if (have & ~may) {
		describe("too many", have & ~may, event);
		wrong++;
	}
	return wrong;
}

/* Empty both groups; returns how much is wrong, having said what. */
int oracle_judge(struct oracle *oracle)
{
	static struct events truth, came;
	int wrong = 0, i;

	events_clear(&truth);
	events_clear(&came);
	if (events_read(oracle->truth, events_merge, &truth) ||
	    events_read(oracle->filtered, events_merge, &came))
		return 1;
	for (i = 0; i < truth.count; i++)
		wrong += compare(oracle, &truth.events[i], &came);
	for (i = 0; i < came.count; i++) {
		describe("never happened", came.events[i].mask, &came.events[i]);
		wrong++;
	}
	return wrong;
}
