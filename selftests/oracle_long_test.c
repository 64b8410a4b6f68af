// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same as oracle_test.c for long, and every time another run
 */
#include <time.h>

#define ORACLE_OPERATIONS	100000
#define ORACLE_ROUNDS		1000
#define ORACLE_SEED		((unsigned long long)time(NULL))
#define ORACLE_TIMEOUT		1800
#include "oracle_test.c"
