// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same as stress_test.c for a minute
 */
#define STRESS_SECONDS	60
#include "stress_test.c"
