/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of fanfp watch share
 *
 * Include it after kselftest_harness.h, common.h and run.h.
 */
#ifndef _SELFTESTS_FANFP_WATCH_H
#define _SELFTESTS_FANFP_WATCH_H

#define FANFP		"/usr/sbin/fanfp"

#define RUN(...) TOOL(FANFP, __VA_ARGS__)

/* A run of fanfp watch; a directory that it watches, and one that it does not. */
struct watched {
	struct fp_dir dir;
	char in[80], out[80];
	struct run run;
	bool running;
};

static inline int watched_make(struct watched *w)
{
	w->running = false;
	/* Short enough to be told as it is. */
	prctl(PR_SET_NAME, "tester");
	if (fp_dir_make(&w->dir))
		return -1;
	snprintf(w->in, sizeof(w->in), "%s/in", w->dir.path);
	snprintf(w->out, sizeof(w->out), "%s/out", w->dir.path);
	return mkdir(w->in, 0777) || mkdir(w->out, 0777) || chmod(w->in, 0777);
}

static inline void watched_remove(struct watched *w)
{
	if (w->running)
		stop(&w->run, SIGKILL);
	fp_dir_remove(&w->dir);
}

/*
 * Watch, with options and paths, and wait until it is ready: until it says so of
 * the last path. An assertion in all but name, as its neighbours.
 */
#define WATCH_PATH(_w, _path, ...) ({					\
	char _ready[200];						\
									\
	snprintf(_ready, sizeof(_ready), "Watching %s.\n", _path);	\
	start(&(_w)->run, FANFP, "watch", ##__VA_ARGS__, _path, NULL);	\
	(_w)->running = true;						\
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&(_w)->run), _ready)));	\
})

#define WATCH(_w, ...) WATCH_PATH(_w, (_w)->in, ##__VA_ARGS__)

/* End it as a user does; returns its exit code. */
static inline int watched_stop(struct watched *w, int sig)
{
	w->running = false;
	return stop(&w->run, sig);
}

/* Wait for its end. */
static inline int watched_end(struct watched *w)
{
	w->running = false;
	return end(&w->run);
}

/* Whether it has ended by itself; watched_end() tells how. */
static inline bool watched_ended(const struct watched *w)
{
	siginfo_t info = {};

	return !waitid(P_PID, w->run.pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
		info.si_pid;
}

/* What it has printed since it was ready; also after its end. */
static inline const char *printed(struct watched *w)
{
	const char *text = w->running ? said(&w->run) : w->run.text;
	const char *last = text;

	while ((text = strstr(text, "Watching "))) {
		text += strcspn(text, "\n");
		text += *text == '\n';
		last = text;
	}
	return last;
}

/* The path of @name in @dir; good until the fourth one after it. */
static inline const char *in(const char *dir, const char *name)
{
	static char paths[4][300];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static inline int create_in(const char *dir, const char *name)
{
	return fp_create(in(dir, name));
}

/* Whether it prints this, or soon will. */
#define PRINTS(_w, ...) ({						\
	char _text[1000];						\
									\
	snprintf(_text, sizeof(_text), ##__VA_ARGS__);			\
	EXPECT_TRUE(FP_WAIT_FOR(strstr(printed(_w), _text))) {		\
		TH_LOG("'%s' is not in: %s", _text, printed(_w));	\
	}								\
})

#define PRINTS_NO(_w, ...) ({						\
	char _text[1000];						\
									\
	snprintf(_text, sizeof(_text), ##__VA_ARGS__);			\
	EXPECT_EQ(NULL, strstr(printed(_w), _text)) {			\
		TH_LOG("'%s' is in: %s", _text, printed(_w));		\
	}								\
})

/* Let it print all that has happened: a last file is created and waited for. */
#define PRINTED_ALL(_w) ({						\
	ASSERT_EQ(0, create_in((_w)->in, "last"));			\
	ASSERT_TRUE(FP_WAIT_FOR(strstr(printed(_w), "last"))) {		\
		TH_LOG("it printed: %s", printed(_w));			\
	}								\
})

/* Whether the kernel has sent so many events to it, and left out so many. */
static inline bool kernel_decided(const struct watched *w, int sent, int skipped)
{
	char command[200];
	struct run run;

	snprintf(command, sizeof(command),
		 "fanfp -j group list --pid %d | jq -e '.[0] | .sent == %d and .skipped == %d'",
		 w->run.pid, sent, skipped);
	return !SHELL(command);
}

#define KERNEL_DECIDED(_w, _sent, _skipped) ({				\
	char _command[80];						\
	struct run run;							\
									\
	EXPECT_TRUE(kernel_decided(_w, _sent, _skipped)) {		\
		snprintf(_command, sizeof(_command),			\
			 "fanfp group list --pid %d", (_w)->run.pid);	\
		SHELL(_command);					\
		TH_LOG("it is: %s", run.text);				\
	}								\
})

/* Whether a file has a text in its first 8 KB. */
static inline bool file_has(const char *path, const char *text)
{
	char buf[8192];
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[len < 0 ? 0 : len] = '\0';
	return strstr(buf, text);
}

static inline int count(const char *text, const char *word)
{
	int found = 0;

	while ((text = strstr(text, word))) {
		found++;
		text += strlen(word);
	}
	return found;
}

#endif /* _SELFTESTS_FANFP_WATCH_H */
