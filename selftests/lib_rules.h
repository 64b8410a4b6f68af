/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of rule lists share
 *
 * Include it after kselftest_harness.h, common.h and lib.h.
 */
#ifndef _SELFTESTS_LIB_RULES_H
#define _SELFTESTS_LIB_RULES_H

/* How many marks of rule lists a group has. */
static inline int count_rule_marks(int fd)
{
	char path[64], line[512];
	unsigned int ignored;
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "fanotify ino:%*x sdev:%*x mflags:%*x mask:%*x ignored_mask:%x",
			   &ignored) == 1 && ignored & FAN_EVENT_ON_CHILD)
			count++;
	}
	if (file)
		fclose(file);
	return count;
}

static inline struct fanfp_rules *parse_rules(const char *text)
{
	return fanfp_rules__parse(text, strlen(text), "rules", NULL);
}

static inline struct fanfp_link *attach_rules(int fd, const char *text)
{
	struct fanfp_rules *rules = parse_rules(text);
	struct fanfp_link *link;
	int err;

	if (!rules)
		return NULL;
	link = fanfp_rules__attach(rules, fd, NULL);
	err = errno;
	fanfp_rules__free(rules);
	errno = err;
	return link;
}

static inline int update_rules(struct fanfp_link *link, const char *text)
{
	struct fanfp_rules *rules = parse_rules(text);
	int err;

	if (!rules)
		return -errno;
	err = fanfp_rules__update(link, rules);
	fanfp_rules__free(rules);
	return err;
}

/* The same with a text that is made of pieces. */
__attribute__((format(printf, 2, 3)))
static inline int update_rulesf(struct fanfp_link *link, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return update_rules(link, text);
}

/* Run @fn in a child that @setup has been called in; returns its exit status. */
#define IN_CHILD(...) ({						\
	int _status = -1;						\
	pid_t _pid = fork();						\
									\
	if (!_pid)							\
		_exit(({ __VA_ARGS__; }));				\
	waitpid(_pid, &_status, 0);					\
	WIFEXITED(_status) ? WEXITSTATUS(_status) : -1;			\
})

#endif /* _SELFTESTS_LIB_RULES_H */
