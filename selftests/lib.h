/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of libfanfp share
 *
 * Include it after kselftest_harness.h and common.h.
 */
#ifndef _SELFTESTS_LIB_H
#define _SELFTESTS_LIB_H

#include <pthread.h>
#include <sys/mman.h>

#include "fanfp.h"

/* Under valgrind, in a machine that is emulated, a test takes long. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

/* What the library has said: warnings, and what is behind them. */
static struct {
	int warnings;
	int infos;
	char warning[4096];
	char info[4096];
} lib_said;

static inline void lib_print(enum fanfp_print_level level, const char *text)
{
	if (level == FANFP_WARN) {
		lib_said.warnings++;
		snprintf(lib_said.warning, sizeof(lib_said.warning), "%s", text);
	} else if (level == FANFP_INFO) {
		lib_said.infos++;
		snprintf(lib_said.info, sizeof(lib_said.info), "%s", text);
	}
}

static inline fanfp_print_fn lib_listen(void)
{
	memset(&lib_said, 0, sizeof(lib_said));
	return fanfp_set_print(lib_print);
}

/*
 * The call has just failed, and said so in one line with @_text in it, which
 * is the last error too.
 */
#define SAID(_text) do {						\
	EXPECT_EQ(1, lib_said.warnings);				\
	EXPECT_NE(NULL, strstr(lib_said.warning, _text)) {		\
		TH_LOG("it said: %s", lib_said.warning);		\
	}								\
	EXPECT_EQ(NULL, strchr(lib_said.warning, '\n'));		\
	EXPECT_EQ(0, strncmp(fanfp_last_error(), lib_said.warning, 1023)); \
	lib_said.warnings = 0;						\
} while (0)

/* A call that returns a negative errno; or NULL and errno. */
#define FAILS(_err, _call, _text) do {					\
	EXPECT_EQ(-(_err), _call);					\
	SAID(_text);							\
} while (0)

#define FAILS_NULL(_err, _call, _text) do {				\
	errno = 0;							\
	EXPECT_EQ(NULL, _call);						\
	EXPECT_EQ(_err, errno);						\
	SAID(_text);							\
} while (0)

/* Write a file; returns 0 or a negative errno. */
static inline int lib_write_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, data, size) != (ssize_t)size)
		err = -EIO;
	close(fd);
	return err;
}

/* Give up all privileges, in a child. */
static inline int lib_become_nobody(void)
{
	return setgid(65534) || setuid(65534) ? -errno : 0;
}

#endif /* _SELFTESTS_LIB_H */
