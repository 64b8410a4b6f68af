// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * filter - decide by an ordered list of rules
 *
 * The list comes from a text, see fanfp-rules(5), which libfanfp compiles into the
 * tests that are run here, see filter.h. It is one value of one map, which is
 * looked up once for each event: putting another map in its place changes all
 * rules at once, for every event that comes after it.
 *
 * If it is asked to, it also notes who has caused the events that are sent.
 *
 * Shows: a map of maps, loops, reading about the current task and about an open
 * file, a lock, and programs that libfanfp calls itself.
 */
#include "fanotify_fastpath.bpf.h"
#include <bpf/bpf_core_read.h>
#include "filter.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define EINVAL		22
#define EBADF		9

#define NSEC_PER_SEC	1000000000ULL
#define NAME_MAX	255
#define TASK_COMM_LEN	16

/* Macros of the kernel, which are not in its BTF. */
#define MINORBITS	20
#define CGROUP2_SUPER_MAGIC 0x63677270
#define FMODE_READ	0x1
#define FMODE_WRITE	0x2
#define FMODE_EXEC	0x20
#define FMODE_CREATED	0x100000
#define O_TRUNC		00001000
#define O_APPEND	00002000
#define PF_KTHREAD	0x00200000

extern __ksym void bpf_preempt_disable(void);
extern __ksym void bpf_preempt_enable(void);
extern __ksym void bpf_rcu_read_lock(void);
extern __ksym void bpf_rcu_read_unlock(void);

/* Events about an entry of a directory: the entry's place is the directory. */
#define ENTRY_EVENTS (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)

/* So many nested marks fit on the stack; and so many are looked at if need be. */
#define MARKS		12
#define MARKS_DEEP	256

/* How often to try again while others take from the same bucket. */
#define RATE_TRIES	64

/* Nesting of cgroups. */
#define MAX_LEVELS	256

/* More steps than matching a pattern against a name can take. */
#define GLOB_STEPS	((NAME_MAX + 1) * (NAME_MAX + 2))

struct list_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rule_list);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct list_map);
} lists SEC(".maps");

#include "filter_senders.h"

struct deep {
	struct fanotify_fastpath_mark marks[MARKS_DEEP];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct deep);
} deeps SEC(".maps");

/* Where an event is, as far as the list asks. FAN_RENAME is in two places. */
struct place {
	__u64 roots;		/* bits of those above */
	bool inside;		/* the nearest mark includes */
	bool roots_unknown;	/* there may be more above */
	bool inside_unknown;	/* it may be inside */
};

/* The list at this moment, or NULL. */
static struct rule_list *current_list(void)
{
	__u32 key = 0;
	void *list;

	list = bpf_map_lookup_elem(&lists, &key);
	return list ? bpf_map_lookup_elem(list, &key) : NULL;
}

static __u64 root_bit(const struct rule_list *list,
		      const struct fanotify_fastpath_ancestor *dir)
{
	__u32 i;

	bpf_for(i, 0, list->n_roots) {
		const struct fanotify_fastpath_ancestor *root;

		i &= RULE_ROOTS - 1;
		root = &list->roots[i];
		if (root->ino == dir->ino && root->dev == dir->dev &&
		    root->generation == dir->generation)
			return 1ULL << i;
	}
	return 0;
}

/*
 * Take a mark into account; returns whether it says something about inside, which
 * the mark of a root of the list alone does not.
 */
static bool see_mark(const struct rule_list *list, struct place *place,
		     const struct fanotify_fastpath_mark *mark, bool nearest)
{
	if (mark->ignore_mask & RULE_ROOT_MASK)
		place->roots |= root_bit(list, &mark->dir);
	if (!mark->mask && !(mark->ignore_mask & ~RULE_ROOT_MASK))
		return false;
	if (nearest && mark->mask)
		place->inside = true;
	return true;
}

/* Returns whether that tells all about inside. */
static bool see_nearest(struct fanotify_fastpath_event *event,
			enum fanotify_fastpath_place which,
			const struct rule_list *list, struct place *place)
{
	struct fanotify_fastpath_mark mark = {};
	int found;

	found = bpf_fanotify_nearest_mark(event, which, &mark);
	if (found < 0)
		place->inside_unknown = true;
	return found > 0 ? see_mark(list, place, &mark, true) : true;
}

/* Returns how many marks there are, or a negative errno; sees up to MARKS. */
static __noinline int see_marks(struct fanotify_fastpath_event *event,
				enum fanotify_fastpath_place which,
				const struct rule_list *list,
				struct place *place)
{
	struct fanotify_fastpath_mark marks[MARKS];
	bool nearest = true;
	__u32 i;
	int count;

	count = bpf_fanotify_marks(event, which, marks, sizeof(marks));
	if (count < 0 || count > MARKS)
		return count;
	bpf_for(i, 0, count) {
		if (i < MARKS && see_mark(list, place, &marks[i], nearest))
			nearest = false;
	}
	return count;
}

/*
 * The same for more marks than the stack has room for: in a buffer of the CPU's
 * own, which nobody else may use meanwhile. Walking takes locks, which a
 * real-time kernel does not allow then.
 */
static __noinline int see_deep(struct fanotify_fastpath_event *event,
			       enum fanotify_fastpath_place which,
			       const struct rule_list *list,
			       struct place *place)
{
	bool nearest = true;
	struct deep *deep;
	__u32 key = 0, i;
	int count = -1;

	bpf_preempt_disable();
	deep = bpf_map_lookup_elem(&deeps, &key);
	if (deep && bpf_core_field_exists(struct spinlock, rlock)) {
		count = bpf_fanotify_marks(event, which, deep->marks,
					   sizeof(deep->marks));
		if (count > MARKS_DEEP)
			count = -1;
		bpf_for(i, 0, count) {
			if (i < MARKS_DEEP &&
			    see_mark(list, place, &deep->marks[i], nearest))
				nearest = false;
		}
	}
	bpf_preempt_enable();
	return count;
}

static void see(struct fanotify_fastpath_event *event,
		enum fanotify_fastpath_place which,
		const struct rule_list *list, struct place *place)
{
	int count;

	/* Others' marks of roots can be there while lists are exchanged. */
	if (!(list->needs & RULE_NEEDS_ROOTS) &&
	    see_nearest(event, which, list, place))
		return;
	count = see_marks(event, which, list, place);
	if (count > MARKS)
		count = see_deep(event, which, list, place);
	if (count >= 0)
		return;
	place->roots_unknown = true;
	/* A root that is deleted still knows that it is one. */
	if (!see_nearest(event, which, list, place))
		place->inside_unknown = true;
}

/* A text to match patterns against, and which one it is. */
struct text {
	char bytes[NAME_MAX + 1];
};

enum text_kind {
	TEXT_NONE,
	TEXT_NAME,
	TEXT_NEW_NAME,
	TEXT_COMM,
};

static bool token_fits(const struct rule_list *list, __u16 token, __u8 byte)
{
	if (token < RULE_ANY)
		return token == byte;
	if (token == RULE_ANY)
		return true;
	if (token < RULE_SET)
		return false;
	return list->sets[token & (RULE_SETS - 1)].bits[byte / 32] &
		1U << byte % 32;
}

/*
 * Match the @len bytes of @text against the tokens @next to @end of a pattern. Of
 * what can differ, only how far the last star reaches has to be tried again.
 *
 * Not static: so it is verified by itself, not for all that the caller may know
 * of the event. Counts from its arguments, not from 0: the verifier would follow
 * each step from a known number.
 */
__noinline bool glob(const struct rule_list *list, const struct text *text,
		     __u32 len, __u32 next, __u32 end)
{
	__u32 left = len, star_left = 0, after_star = 0, i;
	bool star = false;

	if (!list || !text)
		return false;
	bpf_for(i, 0, GLOB_STEPS) {
		bool more = next < end;
		__u16 token = 0;

		if (more)
			token = list->tokens[next & (RULE_TOKENS - 1)];
		if (more && token == RULE_STAR) {
			star = true;
			star_left = left;
			after_star = ++next;
			/* Whatever comes. */
			if (next == end)
				return true;
		} else if (!left) {
			return !more;
		} else if (more && token_fits(list, token,
					      text->bytes[(len - left) & NAME_MAX])) {
			next++;
			left--;
		} else if (star) {
			next = after_star;
			left = --star_left;
		} else {
			return false;
		}
	}
	return false;
}

/* Returns the length of the text, or a negative errno if there is none. */
static int read_text(struct fanotify_fastpath_event *event, struct text *text,
		     enum text_kind kind)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dentry *dentry = event->dentry;
	int len;

	if (kind == TEXT_COMM) {
		len = bpf_probe_read_kernel_str(text->bytes, TASK_COMM_LEN,
						task->comm);
		return len > 0 ? len - 1 : -EINVAL;
	}
	if (kind == TEXT_NAME) {
		len = bpf_fanotify_file_name(event, text->bytes,
					     sizeof(text->bytes));
		if (len >= 0)
			return len;
	}
	return dentry ? bpf_fanotify_dentry_name(dentry, text->bytes,
						 sizeof(text->bytes)) : -EINVAL;
}

static void identify_inode(const struct inode *inode,
			   struct fanotify_fastpath_ancestor *id)
{
	__u32 dev = inode->i_sb->s_dev;
	__u32 minor = dev & ((1 << MINORBITS) - 1);

	/* new_encode_dev(): as userspace and the kfuncs have it. */
	id->dev = (minor & 0xff) | dev >> MINORBITS << 8 | (minor & ~0xff) << 12;
	id->generation = inode->i_generation;
	id->ino = inode->i_ino;
}

static bool runs_exe(const struct rule_test *test)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fanotify_fastpath_ancestor id = {};
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : NULL;
	struct inode *inode = file ? file->f_inode : NULL;

	/* A task that ends has left its memory, and closes its files after that. */
	if (!inode)
		return !(task->flags & PF_KTHREAD) && test->if_unknown;
	identify_inode(inode, &id);
	return id.ino == test->a &&
		((__u64)id.dev << 32 | id.generation) == test->b;
}

/* RULE_OPEN_* bits; none for an event that is not about an open file. */
static __u32 opened_as(struct fanotify_fastpath_event *event)
{
	const struct path *path = event->path;
	__u32 mode, flags, bits = 0;
	struct file *file;

	if (!path)
		return 0;
	/* All that report a path report that of a struct file. */
	file = bpf_core_cast((void *)path -
			     bpf_core_field_offset(struct file, f_path),
			     struct file);
	mode = file->f_mode;
	flags = file->f_flags;
	if (mode & FMODE_READ)
		bits |= RULE_OPEN_READ;
	if (mode & FMODE_WRITE)
		bits |= RULE_OPEN_WRITE;
	if (mode & FMODE_CREATED)
		bits |= RULE_OPEN_CREATE;
	if (flags & O_APPEND)
		bits |= RULE_OPEN_APPEND;
	if (flags & O_TRUNC)
		bits |= RULE_OPEN_TRUNC;
	if (flags & FMODE_EXEC)
		bits |= RULE_OPEN_EXEC;
	return bits;
}

/* Take from a bucket, if there is something in it. Not static, as glob(). */
__noinline bool within_rate(struct rule_test *test)
{
	__u64 now = bpf_ktime_get_ns(), gap;
	__u32 burst, i;

	if (!test)
		return false;
	gap = NSEC_PER_SEC / (__u32)test->b;
	burst = test->b >> 32;
	bpf_for(i, 0, RATE_TRIES) {
		__u64 old = *(volatile __u64 *)&test->a;
		__u64 next = old > now ? old : now;

		if (next - now > gap * (burst - 1))
			return false;
		if (__sync_bool_compare_and_swap(&test->a, old, next + gap))
			return true;
	}
	return false;
}

/* Look at the task that causes the event. Not static, as glob(). */
__noinline bool task_fits(const struct rule_test *test)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *cred = task->cred;
	__u64 value;

	if (!test)
		return false;
	switch (test->op) {
	case RULE_PID:
		value = task->tgid;
		break;
	case RULE_UID:
		if (!cred)
			return false;
		value = cred->euid.val;
		break;
	case RULE_GID:
		if (!cred)
			return false;
		value = cred->egid.val;
		break;
	case RULE_CGROUP:
		return bpf_get_current_ancestor_cgroup_id(test->b) == test->a;
	case RULE_EXE:
		return runs_exe(test);
	default:
		return false;
	}
	return value >= test->a && value <= test->b;
}

/* Run the tests of @list; returns the verdict. */
static __noinline int run(struct fanotify_fastpath_event *event,
			  struct rule_list *list, const struct place *place)
{
	enum text_kind kind = TEXT_NONE, want;
	struct text text;
	__u32 at = 0, i;
	int len = -1;

	bpf_for(i, 0, RULE_TESTS) {
		struct rule_test *test = &list->tests[at & (RULE_TESTS - 1)];
		bool holds = false;

		switch (test->op) {
		case RULE_VERDICT:
			return test->a;
		case RULE_EVENT:
			holds = event->mask & test->a;
			break;
		case RULE_INSIDE:
			holds = place->inside || (place->inside_unknown &&
						  test->if_unknown);
			break;
		case RULE_BELOW:
			holds = place->roots & test->a ||
				(place->roots_unknown && test->if_unknown);
			break;
		case RULE_NAME:
		case RULE_NEW_NAME:
		case RULE_COMM:
			if (test->op == RULE_NEW_NAME &&
			    !(event->mask & FAN_RENAME))
				break;
			want = test->op == RULE_NAME ? TEXT_NAME :
			       test->op == RULE_COMM ? TEXT_COMM :
							 TEXT_NEW_NAME;
			if (kind != want) {
				kind = want;
				len = read_text(event, &text, kind);
			}
			holds = len >= 0 && glob(list, &text, len, test->a,
						 test->b);
			break;
		case RULE_OPEN:
			holds = opened_as(event) & test->a;
			break;
		case RULE_RATE:
			holds = within_rate(test);
			break;
		default:
			holds = task_fits(test);
		}
		at = holds ? test->yes : test->no;
	}
	return FAN_FP_RET_SEND_TO_USERSPACE;
}

SEC("struct_ops/filter_init")
int BPF_PROG(filter_init, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook)
{
	return current_list() ? 0 : -EINVAL;
}

SEC("struct_ops/filter_handler")
int BPF_PROG(filter_handler, struct fsnotify_group *group,
	     struct fanotify_fastpath_hook *hook,
	     struct fanotify_fastpath_event *event)
{
	struct rule_list *list = current_list();
	struct place place = {};
	int verdict;

	if (!list)
		return FAN_FP_RET_SEND_TO_USERSPACE;
	if (list->needs) {
		see(event, event->mask & (FAN_RENAME | ENTRY_EVENTS) ?
		    FAN_FP_PLACE_DIR : FAN_FP_PLACE_OBJECT, list, &place);
		if (event->mask & FAN_RENAME)
			see(event, FAN_FP_PLACE_NEW_DIR, list, &place);
	}
	verdict = run(event, list, &place);
	if (verdict == FAN_FP_RET_SEND_TO_USERSPACE && pid_ns)
		note_sender();
	return verdict;
}

/* The level of the cgroup that a directory is, 0 if it is none. */
static __u32 cgroup_level(struct inode *inode)
{
	struct kernfs_node *node;
	__u32 level = 0, i;

	if (inode->i_sb->s_magic != CGROUP2_SUPER_MAGIC)
		return 0;
	node = bpf_core_cast(inode->i_private, struct kernfs_node);
	bpf_for(i, 0, MAX_LEVELS) {
		node = node->parent;
		if (!node)
			break;
		level++;
	}
	return level;
}

/* Run by libfanfp, to tell what a path in a list stands for. */
SEC("syscall")
int identify(struct rule_identity *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = NULL;
	struct fdtable *table;
	int err = -EBADF;

	bpf_rcu_read_lock();
	table = task->files->fdt;
	if (table && to->fd >= 0 && to->fd < table->max_fds)
		bpf_probe_read_kernel(&file, sizeof(file), table->fd + to->fd);
	if (file) {
		file = bpf_core_cast(file, struct file);
		identify_inode(file->f_inode, &to->id);
		to->level = cgroup_level(file->f_inode);
		err = 0;
	}
	bpf_rcu_read_unlock();
	return err;
}

SEC(FAN_FP_OPS_SEC)
struct fanotify_fastpath_ops filter = {
	.fp_handler = (void *)filter_handler,
	.fp_init = (void *)filter_init,
	.name = "filter",
	.desc = "decide by an ordered list of rules",
	.init_args = "none; needs a rule list: fanfp attach --rules FILE",
};
