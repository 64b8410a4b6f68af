// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is measured, once more between markers for profile_plugin.c
 */
#include <stdio.h>
#include <string.h>

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

/* The functions that there are now: of modules and BPF programs, or all. */
static void print_symbols(bool all)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], address[32], type, name[256], module[128];

	if (!file)
		bench_die("cannot read /proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		int found = sscanf(line, "%31s %c %255s [%127s", address, &type,
				   name, module);

		if (strchr("tTwW", type) && (found == 4 || all))
			printf("{\"symbol\": \"%s\", \"address\": \"%s\"}\n",
			       name, address);
	}
	fclose(file);
}

void profile_stop(const char *metric, long units)
{
	MARKER(MARKER_STOP);
	printf("{\"section\": %u, \"metric\": \"%s\", \"units\": %ld}\n",
	       section, metric, units);
	/* While what is attached still is; and the kernel's own once. */
	print_symbols(section == 0);
	section++;
	fflush(stdout);
}
