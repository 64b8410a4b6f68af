/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - rule files, for the commands that take one
 */
#ifndef _FANFP_RULES_CMD_H
#define _FANFP_RULES_CMD_H

struct fanfp_link;
struct fanfp_rules;

/* Read a file of rules; NULL, and each mistake is printed as FILE:LINE:COL. */
struct fanfp_rules *rules_read(const char *path);

/*
 * A signalfd of SIGUSR1, which asks for the file to be read again, and is
 * blocked from then on; or -1.
 */
int rules_signal(void);

/* fanfp handler check: say what is in a file; returns an exit code. */
int rules_check(const char *path);

#endif /* _FANFP_RULES_CMD_H */
