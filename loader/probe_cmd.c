// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp probe - tell what this kernel can do, what is missing, and what to do
 * about it
 */
#include <bpf/libbpf.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "output.h"
#include "probe.h"
#include "tool.h"

static const char usage[] =
	"Usage: fanfp probe [OPTIONS]\n"
	"\n"
	"Tell what this kernel and this user can do, what is missing, and what to do\n"
	"about it. Exit status 0: everything that is needed is there.\n"
	"\n"
	"  -j, --json     print JSON\n"
	"  -p, --pretty   print JSON with line breaks\n"
	"  -h, --help     show this\n";

static uint64_t read_capabilities(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long set = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			break;
	}
	if (file)
		fclose(file);
	return set;
}

static void look(struct system *sys)
{
	uname(&sys->name);
	sys->fastpath = !access(PROBE_SYSFS, F_OK);
	sys->module = !access(PROBE_DEVICE, F_OK);
	sys->capabilities = read_capabilities();
	libbpf_set_print(NULL);
	sys->vmlinux = btf__load_vmlinux_btf();
	sys->btf = sys->module ? btf__load_module_btf(PROBE_MODULE, sys->vmlinux) :
		sys->vmlinux;
}

/* One line, and one more with the remedy; returns whether something is missing. */
static bool out_check(const struct check *check, const struct system *sys)
{
	static const char *const states[] = {
		[IS_THERE] = "ok",
		[IS_MISSING] = "missing",
		[IS_UNKNOWN] = "unknown",
	};
	struct finding finding = {};
	bool missing;

	check->run(sys, &finding);
	missing = check->needed && finding.state == IS_MISSING;

	out_object(NULL);
	out_string("state", NULL, states[finding.state]);
	out_text("%-8s ", missing ? "MISSING" :
		 finding.state == IS_MISSING ? "without" : states[finding.state]);
	out_string("name", "%-20s ", check->name);
	out_bool("needed", NULL, check->needed);
	out_string("detail", "%s\n", finding.detail);
	out_string("remedy", "         %s\n",
		   finding.state == IS_THERE ? NULL : finding.remedy);
	out_close();
	return missing;
}

int cmd_probe(int argc, char **argv)
{
	static const struct option long_options[] = {
		COMMON_OPTIONS
	};
	const struct check *check;
	struct system sys = {};
	unsigned int missing = 0;
	int opt, code;

	while ((opt = getopt_long(argc, argv, "jph", long_options, NULL)) != -1) {
		code = common_option(opt, usage);
		if (code >= 0)
			return code;
	}
	if (optind < argc)
		return wrong_usage("probe", "takes no '%s'", argv[optind]);

	look(&sys);
	out_object(NULL);
	out_string("flavour", NULL, !sys.fastpath ? NULL :
		   sys.module ? "module" : "in-tree");
	out_list("checks");
	for (check = probe_checks; check->name; check++)
		missing += out_check(check, &sys);
	out_close();
	out_number("missing", NULL, missing);
	out_close();
	out_text("\n%s\n", missing ?
		 "Something that is needed is missing: see the lines with MISSING." :
		 "Everything that is needed is there.");
	if (sys.btf != sys.vmlinux)
		btf__free(sys.btf);
	btf__free(sys.vmlinux);
	code = out_end();
	return code ?: missing ? EXIT_FAILED : 0;
}
