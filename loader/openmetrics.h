/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fanfp - counts as OpenMetrics text
 */
#ifndef _FANFP_OPENMETRICS_H
#define _FANFP_OPENMETRICS_H

struct sample;

/*
 * Write it to the file @path, which others see the old content of until all of
 * the new one is there; to standard output if it is NULL. Returns 0, or
 * EXIT_FAILED with a message.
 */
int openmetrics_write(const struct sample *sample, const char *path);

#endif /* _FANFP_OPENMETRICS_H */
