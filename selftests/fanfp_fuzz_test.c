// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rule lists of garbage
 *
 * The parser, the compiler and what explains are built in, with the address and
 * undefined behaviour sanitizers, so this runs on any machine. FP_SEED and
 * FP_MUTATIONS in the environment choose another run.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kselftest_harness.h"
#include "rules.h"

#define SEED		7
#define MUTATIONS	30000
#define SECONDS		25	/* at most; a slow machine does fewer */
#define TEXT_SIZE	2048

static const char *const seeds[] = {
	"# comment\nskip pid=1 comm=\"fo\\x6f\",b*  # c\nsend inside\n",
	"deny=EACCES !open=write,trunc name=[a-z]*.[!ch] uid=0-99,root\n",
	"allow subtree=/tmp,/ exe=/proc/self/exe gid=1 rate=5/s:7\n",
	"skip name=\"a b\\\"\\\\\\n\\t\",\\*,?[]x],[[:digit:]]* event=open,ondir\n",
	"default skip\r\nsend event=rename,move !inside !name=*~\n",
	"send rate=1000000000/s\ndeny event=perm uid=4294967295\ndefault deny=EIO",
};

static const char *const pieces[] = {
	"skip", "send", "deny=", "allow", "default ", "!", "=", ",", "\"", "\\",
	"\n", " ", "#", "[", "]", "[!", "*", "subtree=/", "inside", "name=",
	"event=", "open=", "comm=", "pid=", "uid=", "gid=", "cgroup=/", "exe=/",
	"rate=", "/s:", "-", "99999999999999999999", "[[:alpha:]", "\\x00", "\xff",
	"subtree=/tmp", "open,close", "read", "EPERM", "\r", "\t",
};

struct fuzz {
	unsigned long long random;
	char text[TEXT_SIZE];
	size_t len;
	unsigned int mistakes;
};

static unsigned int rnd(struct fuzz *f, unsigned int below)
{
	f->random = f->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (f->random >> 33) % below;
}

static void insert(struct fuzz *f, size_t at, const char *piece, size_t len)
{
	if (f->len + len > sizeof(f->text))
		return;
	memmove(f->text + at + len, f->text + at, f->len - at);
	memcpy(f->text + at, piece, len);
	f->len += len;
}

static void mutate(struct fuzz *f)
{
	size_t at = f->len ? rnd(f, f->len) : 0, len;
	const char *piece = pieces[rnd(f, sizeof(pieces) / sizeof(pieces[0]))];
	char copy[64];

	switch (rnd(f, 5)) {
	case 0:
		if (f->len)
			f->text[at] = rnd(f, 256);
		break;
	case 1:
		len = rnd(f, 8);
		if (at + len > f->len)
			len = f->len - at;
		memmove(f->text + at, f->text + at + len, f->len - at - len);
		f->len -= len;
		break;
	case 2:
		len = rnd(f, sizeof(copy));
		if (at + len > f->len)
			len = f->len - at;
		memcpy(copy, f->text + at, len);
		insert(f, f->len ? rnd(f, f->len) : 0, copy, len);
		break;
	default:
		insert(f, at, piece, strlen(piece));
	}
}

static void make_text(struct fuzz *f)
{
	const char *seed;
	int i;

	f->len = 0;
	for (i = rnd(f, 3); i >= 0; i--) {
		seed = seeds[rnd(f, sizeof(seeds) / sizeof(seeds[0]))];
		insert(f, f->len, seed, strlen(seed));
	}
	for (i = rnd(f, 12); i; i--)
		mutate(f);
}

static void count_mistake(void *ctx, unsigned int line, unsigned int column,
			  const char *text)
{
	struct fuzz *f = ctx;

	/* Something to print, about somewhere in the text. */
	if (!line || !column || column > TEXT_SIZE + 1 || !*text ||
	    strpbrk(text, "\n\r\t\x1b"))
		abort();
	f->mistakes++;
}

static int some_id(const char *path, struct rule_identity *id, void *ctx)
{
	unsigned int *next = ctx;

	id->id.ino = ++*next;
	return *path == '/' ? 0 : -ENOENT;
}

/* Tests lead on, to a test, and in the end to a verdict. */
static bool leads_to_verdicts(const struct rule_list *list)
{
	unsigned int n = RULE_TESTS, i;

	while (n && !list->tests[n - 1].op && !list->tests[n - 1].a &&
	       (n < 2 || list->tests[n - 2].op == RULE_VERDICT))
		n--;
	for (i = 0; i < n; i++) {
		const struct rule_test *test = &list->tests[i];

		if (test->op == RULE_VERDICT)
			continue;
		if (test->yes <= i || test->no <= i || test->yes > n ||
		    test->no > n || test->yes == test->no)
			return false;
		if ((test->op == RULE_NAME || test->op == RULE_NEW_NAME ||
		     test->op == RULE_COMM) &&
		    (test->a > test->b || test->b > RULE_TOKENS))
			return false;
	}
	return true;
}

static bool try(struct fuzz *f)
{
	LIBFANFP_OPTS(fanfp_rules_opts, opts,
		.mistake = count_mistake,
		.ctx = f,
	);
	LIBFANFP_OPTS(fanfp_explain_opts, query,
		.event = 1U << rnd(f, 12),
		.path = "/tmp",
		.open = 1,
		.pid = getpid(),
	);
	struct fanfp_decision decision = { .sz = sizeof(decision) };
	struct fanfp_rules *rules;
	struct rule_list *list;
	unsigned int next = 0;
	/* Just so long: one byte too far is seen. */
	char *text = malloc(f->len ?: 1);
	bool ok;

	memcpy(text, f->text, f->len);
	f->mistakes = 0;
	rules = fanfp_rules__parse(text, f->len, "rules", &opts);
	free(text);
	if (!rules)
		return f->mistakes;
	list = calloc(1, sizeof(*list));
	ok = !f->mistakes && !rules_compile(rules, list, some_id, &next) &&
		leads_to_verdicts(list);
	ok &= !fanfp_rules__explain(rules, &query, &decision);
	free(list);
	fanfp_rules__free(rules);
	return ok;
}

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

TEST(rules_of_garbage_are_mistakes_or_rules)
{
	unsigned long long seed = number("FP_SEED", SEED);
	long count = number("FP_MUTATIONS", MUTATIONS), i, good = 0;
	struct fuzz f = { .random = seed };
	time_t start = time(NULL);

	fanfp_set_print(NULL);
	for (i = 0; i < count && time(NULL) - start < SECONDS; i++) {
		make_text(&f);
		ASSERT_TRUE(try(&f)) {
			TH_LOG("text %ld of FP_SEED=%llu:\n%.*s", i, seed,
			       (int)f.len, f.text);
		}
		good += !f.mistakes;
	}
	TH_LOG("%ld texts, %ld of them rules; FP_SEED=%llu", i, good, seed);
	EXPECT_LT(0, good);
	EXPECT_LT(good, i);
}

TEST(whatever_is_no_text_is_a_mistake)
{
	struct fuzz f = { .random = 1 };
	int i, j;

	fanfp_set_print(NULL);
	for (i = 0; i < 300; i++) {
		f.len = 1 + rnd(&f, TEXT_SIZE);
		for (j = 0; j < (int)f.len; j++)
			f.text[j] = rnd(&f, 256);
		f.text[0] = '\0';
		ASSERT_TRUE(try(&f));
		EXPECT_LT(0, f.mistakes);
	}
}

TEST_HARNESS_MAIN
