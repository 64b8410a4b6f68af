// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libfanfp - rule lists: who has caused the events that they sent
 *
 * The handler notes who causes an event before the event is queued, and a pid goes
 * to another process only when the one before has queued its last event. So when
 * the handler finds a pid to be another's than before, at a time S, all that the
 * one before has caused is in the queue. Its entry is uncertain until all that was
 * there at S is read: then an event of that pid is of the new one.
 *
 * For the same reason an entry can be deleted when its process was seen to be gone,
 * and the queue was seen to be empty after that.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "rules.h"

/* Look for processes that are gone after so many new ones. */
#define SWEEP_AFTER		64

/* How far the clock that the handler reads can be off (ns): far less than this. */
#define CLOCK_SLACK		1000000ULL

int rule_senders_open(struct rule_senders *senders, struct fanfp_handler *handler)
{
	struct bpf_program *prog;

	prog = bpf_object__find_program_by_name(handler->obj, "note_senders");
	senders->prog = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
	if (senders->prog < 0)
		return -errno;
	senders->map = fcntl(fanfp_handler__map_fd(handler, "senders"),
			     F_DUPFD_CLOEXEC, 0);
	return senders->map < 0 ? -errno : 0;
}

void rule_senders_close(struct rule_senders *senders)
{
	if (senders->prog >= 0)
		close(senders->prog);
	if (senders->map >= 0)
		close(senders->map);
	free(senders->gone);
}

/*
 * Run the program, which turns the notes on and fills @noting; returns 0 or a
 * negative errno.
 */
static int run(const struct rule_senders *senders, struct rule_noting *noting)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.ctx_in = noting,
		.ctx_size_in = sizeof(*noting),
	);
	int err = bpf_prog_test_run_opts(senders->prog, &opts);

	return err ?: (int)opts.retval;
}

static struct rule_senders *find(const struct fanfp_link *link)
{
	struct rule_senders *senders = rule_senders_of(link->rules);

	if (senders && senders->map >= 0)
		return senders;
	pr_warn("this link did not attach rules here: who causes events cannot be noted");
	return NULL;
}

int fanfp_link__note_senders(struct fanfp_link *link)
{
	struct rule_senders *senders = find(link);
	struct rule_noting noting = {};
	int err;

	if (!senders)
		return -EINVAL;
	err = run(senders, &noting);
	if (err)
		pr_warn("who causes events cannot be noted: %s", strerror(-err));
	return err;
}

/* Size of the first published struct fanfp_sender_info. */
#define SENDER_INFO_VER0	(offsetof(struct fanfp_sender_info, comm) + \
				 sizeof(((struct fanfp_sender_info *)0)->comm))

int fanfp_link__sender(const struct fanfp_link *link, pid_t pid,
		       struct fanfp_sender_info *info)
{
	const struct rule_senders *senders = find(link);
	struct rule_sender sender;
	__u32 key = pid;
	int err;

	if (!senders)
		return -EINVAL;
	if (info->sz < SENDER_INFO_VER0) {
		pr_warn("fanfp_link__sender: " OPTS_UNKNOWN);
		return -EINVAL;
	}
	err = bpf_map_lookup_elem_flags(senders->map, &key, &sender, BPF_F_LOCK);
	if (!err && (sender.pid != key ||
		     (sender.since && sender.since + CLOCK_SLACK >= senders->all_read)))
		err = -ESRCH;
	if (err) {
		pr_debug("process %d: not known for certain", (int)pid);
		return -ESRCH;
	}
	info->uid = sender.uid;
	memcpy(info->comm, sender.comm, sizeof(info->comm));
	return 0;
}

/* All events of those who were gone are read: nobody will ask for them. */
static void delete_gone(struct rule_senders *senders)
{
	struct rule_sender sender;
	size_t i;

	for (i = 0; i < senders->n_gone; i++) {
		const struct rule_sender *gone = &senders->gone[i];

		/* The pid may be another's by now. */
		if (!bpf_map_lookup_elem_flags(senders->map, &gone->pid, &sender,
					       BPF_F_LOCK) &&
		    sender.start == gone->start)
			bpf_map_delete_elem(senders->map, &gone->pid);
	}
	free(senders->gone);
	senders->gone = NULL;
	senders->n_gone = 0;
}

/* Look who is gone, as far as there is memory for. */
static void find_gone(struct rule_senders *senders)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = BPF_F_LOCK);
	__u32 *keys = malloc(RULE_SENDERS * sizeof(*keys)), at, count = RULE_SENDERS, i;
	struct rule_sender *all = calloc(RULE_SENDERS, sizeof(*all));
	int err = -ENOMEM;

	if (keys && all)
		err = bpf_map_lookup_batch(senders->map, NULL, &at, keys, all,
					   &count, &opts);
	free(keys);
	if (err && err != -ENOENT) {
		free(all);
		return;
	}
	for (i = 0; i < count; i++) {
		if (kill(all[i].pid, 0) && errno == ESRCH)
			all[senders->n_gone++] = all[i];
	}
	senders->gone = all;
}

int fanfp_link__all_read(struct fanfp_link *link, uint64_t time)
{
	struct rule_senders *senders = find(link);
	struct rule_noting noting = {};
	int err;

	if (!senders)
		return -EINVAL;
	senders->all_read = time;
	delete_gone(senders);
	err = run(senders, &noting);
	if (!err && noting.noted - senders->swept >= SWEEP_AFTER) {
		senders->swept = noting.noted;
		find_gone(senders);
	}
	return err;
}
