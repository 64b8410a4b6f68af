// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is measured, once more between markers for profile_plugin.c
 */
#include <stdio.h>

#include "bench.h"
#include "marker.h"

static bool profiling;
static unsigned int section;

void profile_enable(void)
{
	profiling = true;
}

bool profile_start(void)
{
	if (profiling)
		MARKER(MARKER_START);
	return profiling;
}

/* Modules and BPF programs have no place in System.map. */
static void print_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], address[32], name[256], module[128];

	if (!file)
		bench_die("cannot read /proc/kallsyms");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %*c %255s [%127s", address, name,
			   module) == 3)
			printf("{\"symbol\": \"%s\", \"address\": \"%s\"}\n",
			       name, address);
	fclose(file);
}

void profile_stop(const char *metric, long units)
{
	MARKER(MARKER_STOP);
	printf("{\"section\": %u, \"metric\": \"%s\", \"units\": %ld}\n",
	       ++section, metric, units);
	/* While what is attached still is. */
	print_symbols();
	fflush(stdout);
}
