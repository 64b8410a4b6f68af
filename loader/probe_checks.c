// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp probe - what it looks at, and what to do if that is missing
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fanfp.h"
#include "probe.h"

#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define SECURITYFS	"/sys/kernel/security"

__attribute__((format(printf, 3, 4)))
static void found(struct finding *finding, enum state state,
		  const char *format, ...)
{
	va_list args;

	finding->state = state;
	va_start(args, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, args);
	va_end(args);
}

/* The first line of a file; false if it can't be read. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(line, size, file);
	fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

/* --- the kernel ------------------------------------------------------------ */

static void check_version(const struct system *sys, struct finding *finding)
{
	found(finding, IS_THERE, "%s", sys->name.release);
	if (sys->fastpath || !strncmp(sys->name.release, "6.12.", 5))
		return;
	finding->state = IS_MISSING;
	finding->remedy = "boot Linux 6.12, for which the module is, or a kernel with the patches";
}

static void check_fanotify(const struct system *sys, struct finding *finding)
{
	/* This needs no privilege. */
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, 0);

	(void)sys;
	found(finding, IS_THERE, "fanotify_init(2) works");
	if (fd >= 0) {
		close(fd);
		return;
	}
	found(finding, errno == EMFILE ? IS_UNKNOWN : IS_MISSING,
	      "fanotify_init(2): %s", strerror(errno));
	finding->remedy = errno == EMFILE ?
		"close other groups, or raise /proc/sys/fs/fanotify/max_user_groups" :
		"boot a kernel with CONFIG_FANOTIFY";
}

static void check_permission(const struct system *sys, struct finding *finding)
{
	char path[64];
	int fd, file;

	(void)sys;
	fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, 0);
	if (fd < 0) {
		found(finding, IS_UNKNOWN, "fanotify_init(2): %s", strerror(errno));
		finding->remedy = "run it as root";
		return;
	}
	/* A file that nobody else can open. */
	file = memfd_create("fanfp", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (!fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path)) {
		found(finding, IS_THERE, "a handler can deny");
	} else {
		found(finding, IS_MISSING, "fanotify_mark(2): %s", strerror(errno));
		finding->remedy = "boot a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS";
	}
	close(file);
	close(fd);
}

static void check_btf(const struct system *sys, struct finding *finding)
{
	found(finding, sys->vmlinux ? IS_THERE : IS_MISSING,
	      "/sys/kernel/btf/vmlinux");
	finding->remedy = "boot a kernel with CONFIG_DEBUG_INFO_BTF";
}

/* --- getting a module in ----------------------------------------------------- */

static void check_module(const struct system *sys, struct finding *finding)
{
	char path[512], line[4096];
	FILE *file;

	if (sys->module || sys->fastpath) {
		found(finding, IS_THERE, sys->module ? "loaded" :
		      "not needed: the fastpath is built in");
		return;
	}
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep",
		 sys->name.release);
	found(finding, IS_MISSING, "not in /lib/modules/%s", sys->name.release);
	finding->remedy = "build it on this machine: 'make dkms', then 'dkms install'; see the README";
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":")] = '\0';
		if (strstr(line, "/" PROBE_MODULE ".ko")) {
			found(finding, IS_THERE, "/lib/modules/%.100s/%.100s",
			      sys->name.release, line);
			break;
		}
	}
	if (file)
		fclose(file);
}

static void check_kallsyms(const struct system *sys, struct finding *finding)
{
	char line[512];
	FILE *file;

	if (sys->fastpath) {
		found(finding, IS_THERE, sys->module ? "the module has found it" :
		      "not needed: the fastpath is built in");
		return;
	}
	/* Names are there for all, whoever may see the addresses. */
	found(finding, IS_MISSING, "/proc/kallsyms has no 'fanotify_fops', which the module tells a fanotify file by");
	finding->remedy = "boot a kernel with CONFIG_KALLSYMS_ALL";
	file = fopen("/proc/kallsyms", "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strstr(line, " fanotify_fops\n"))
			continue;
		found(finding, IS_THERE, "data has names, as the module needs it");
		break;
	}
	if (file)
		fclose(file);
}

static void check_loadable(const struct system *sys, struct finding *finding)
{
	char line[16] = "";

	if (sys->fastpath) {
		found(finding, IS_THERE, "not needed any more");
	} else if (!read_line("/proc/sys/kernel/modules_disabled", line,
			      sizeof(line))) {
		found(finding, IS_MISSING, "this kernel takes no modules");
		finding->remedy = "boot a kernel with CONFIG_MODULES, or one with CONFIG_FANOTIFY_FASTPATH";
	} else if (atoi(line)) {
		found(finding, IS_MISSING, "/proc/sys/kernel/modules_disabled is %s",
		      line);
		finding->remedy = "reboot, and load the module before that is set";
	} else {
		found(finding, IS_THERE, "modules can be loaded");
	}
}

/* The word in brackets: "none [integrity] confidentiality". */
static const char *lockdown_mode(char *line, int size)
{
	char *start;

	if (!read_line(SECURITYFS "/lockdown", line, size))
		return NULL;
	start = strchr(line, '[');
	if (!start)
		return NULL;
	start[strcspn(start, "]")] = '\0';
	return start + 1;
}

static void check_secure_boot(const struct system *sys, struct finding *finding)
{
	unsigned char value[5] = {};
	int fd = open(SECURE_BOOT, O_RDONLY | O_CLOEXEC);

	/* Four bytes of attributes, then the value. */
	if (fd >= 0 && read(fd, value, sizeof(value)) == sizeof(value) && value[4]) {
		found(finding, sys->fastpath ? IS_THERE : IS_UNKNOWN,
		      "on: a module must be signed with a key that the machine trusts");
		finding->remedy = "sign the module: DKMS does, once 'mokutil --import /var/lib/dkms/mok.pub' has enrolled its key";
	} else {
		found(finding, IS_THERE, "off");
	}
	if (fd >= 0)
		close(fd);
}

static void check_lockdown(const struct system *sys, struct finding *finding)
{
	char line[128];
	const char *mode = lockdown_mode(line, sizeof(line));
	struct statfs fs;

	if (!mode && (statfs(SECURITYFS, &fs) || fs.f_type == SECURITYFS_MAGIC)) {
		found(finding, IS_THERE, "this kernel has none");
		return;
	}
	if (!mode) {
		found(finding, IS_UNKNOWN, SECURITYFS "/lockdown can't be read");
		finding->remedy = "if there is Secure Boot: 'mount -t securityfs none " SECURITYFS "', as root";
		return;
	}
	found(finding, IS_THERE, "%s", mode);
	if (!strcmp(mode, "none"))
		return;
	if (!sys->fastpath) {
		finding->state = IS_UNKNOWN;
		finding->remedy = "sign the module, or boot without lockdown=";
	} else if (!strcmp(mode, "confidentiality")) {
		finding->state = IS_MISSING;
		finding->remedy = "boot with lockdown=integrity: BPF programs may not read kernel memory, so 'fanfp top' sees no processes and directories";
	}
}

static void check_signature(const struct system *sys, struct finding *finding)
{
	char line[16] = "";

	if (!read_line("/sys/module/module/parameters/sig_enforce", line,
		       sizeof(line)) || *line != 'Y') {
		found(finding, IS_THERE, "not enforced");
		return;
	}
	found(finding, sys->fastpath ? IS_THERE : IS_UNKNOWN, "enforced");
	finding->remedy = "sign the module, or boot without module.sig_enforce=1";
}

/* --- the fastpath -------------------------------------------------------------- */

static void check_fastpath(const struct system *sys, struct finding *finding)
{
	if (!sys->fastpath) {
		found(finding, IS_MISSING, "there is no " PROBE_SYSFS);
		finding->remedy = "'modprobe " PROBE_MODULE "', or boot a kernel with CONFIG_FANOTIFY_FASTPATH";
		return;
	}
	found(finding, IS_THERE, sys->module ? "the module" : "in the kernel");
}

static void check_type(const struct system *sys, struct finding *finding)
{
	bool has = sys->btf &&
		btf__find_by_name_kind(sys->btf,
				       "bpf_struct_ops_fanotify_fastpath_ops",
				       BTF_KIND_STRUCT) > 0;

	found(finding, has ? IS_THERE : IS_MISSING,
	      "struct fanotify_fastpath_ops in BTF");
	finding->remedy = sys->fastpath ?
		"boot a kernel with CONFIG_BPF_JIT and CONFIG_DEBUG_INFO_BTF, or reload the module: only handlers in modules work" :
		"first get the fastpath";
}

static void check_trace(const struct system *sys, struct finding *finding)
{
	bool has = sys->btf &&
		btf__find_by_name_kind(sys->btf,
				       "btf_trace_fanotify_fastpath_event",
				       BTF_KIND_TYPEDEF) > 0;

	found(finding, has ? IS_THERE : IS_MISSING,
	      "the trace event that 'fanfp top' counts by process and directory");
	finding->remedy = sys->fastpath ?
		"boot a kernel with CONFIG_BPF_EVENTS, or get a newer fastpath" :
		"first get the fastpath";
}

static void check_response(const struct system *sys, struct finding *finding)
{
	found(finding, sys->fastpath && !sys->module ? IS_THERE : IS_MISSING,
	      "a handler sees what userspace answers (fp_response)");
	finding->remedy = "boot a kernel with the patches: a module can't tell an answer from an automatic one";
}

static void check_fdinfo(const struct system *sys, struct finding *finding)
{
	found(finding, sys->fastpath && !sys->module ? IS_THERE : IS_MISSING,
	      "/proc/PID/fdinfo shows the handler of a group");
	finding->remedy = "use 'fanfp group list'; a module can't change fdinfo";
}

static void check_attach(const struct system *sys, struct finding *finding)
{
	struct fanfp_handler *handler = NULL;
	struct fanfp_link *link = NULL;
	fanfp_print_fn print;
	int group;

	finding->remedy = "do first what is said above and below";
	group = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, 0);
	if (!sys->fastpath || group < 0) {
		found(finding, IS_MISSING, "not tried");
		if (group >= 0)
			close(group);
		return;
	}
	print = fanfp_set_print(NULL);
	handler = fanfp_handler__open_builtin("subtree", NULL);
	if (handler)
		link = fanfp_handler__attach(handler, group, NULL);
	fanfp_set_print(print);
	if (link) {
		found(finding, IS_THERE,
		      "'subtree' was loaded, attached to a group, and detached");
	} else {
		found(finding, IS_MISSING, "%s", fanfp_last_error());
		/* More than a line is for those who write handlers. */
		finding->detail[strcspn(finding->detail, "\n")] = '\0';
	}
	fanfp_link__destroy(link);
	fanfp_handler__close(handler);
	close(group);
}

/* --- this user ------------------------------------------------------------------ */

static void capability(const struct system *sys, struct finding *finding,
		       int number, const char *what)
{
	/* CAP_SYS_ADMIN stands for the two of BPF. */
	bool has = sys->capabilities >> number & 1 ||
		((number == CAP_BPF || number == CAP_PERFMON) &&
		 sys->capabilities >> CAP_SYS_ADMIN & 1);

	found(finding, has ? IS_THERE : IS_MISSING, "%s", what);
	finding->remedy = "run it as root, or grant the capability";
}

static void check_cap_admin(const struct system *sys, struct finding *finding)
{
	capability(sys, finding, CAP_SYS_ADMIN,
		   "to watch file systems, ask permission events, and attach by name");
}

static void check_cap_bpf(const struct system *sys, struct finding *finding)
{
	capability(sys, finding, CAP_BPF, "to load handlers");
}

static void check_cap_perfmon(const struct system *sys, struct finding *finding)
{
	capability(sys, finding, CAP_PERFMON, "to load handlers");
}

static void check_cap_ptrace(const struct system *sys, struct finding *finding)
{
	capability(sys, finding, CAP_SYS_PTRACE,
		   "to attach to groups of other processes, and to list them");
}

static void check_cap_read(const struct system *sys, struct finding *finding)
{
	capability(sys, finding, CAP_DAC_READ_SEARCH,
		   "to tell the paths of events and of marks");
}

static void check_bpffs(const struct system *sys, struct finding *finding)
{
	struct statfs fs;
	bool has = !statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC;

	(void)sys;
	found(finding, has ? IS_THERE : IS_MISSING,
	      "a bpf file system at /sys/fs/bpf, to keep handlers loaded");
	finding->remedy = "'mount -t bpf none /sys/fs/bpf'";
}

const struct check probe_checks[] = {
	{ "version", true, check_version },
	{ "fanotify", true, check_fanotify },
	{ "permission_events", false, check_permission },
	{ "btf", true, check_btf },
	{ "module", true, check_module },
	{ "kallsyms", true, check_kallsyms },
	{ "module_loading", true, check_loadable },
	{ "secure_boot", false, check_secure_boot },
	{ "lockdown", false, check_lockdown },
	{ "module_signature", false, check_signature },
	{ "fastpath", true, check_fastpath },
	{ "struct_ops", true, check_type },
	{ "attach", true, check_attach },
	{ "trace_event", false, check_trace },
	{ "fp_response", false, check_response },
	{ "fdinfo", false, check_fdinfo },
	{ "cap_sys_admin", true, check_cap_admin },
	{ "cap_bpf", true, check_cap_bpf },
	{ "cap_perfmon", true, check_cap_perfmon },
	{ "cap_sys_ptrace", true, check_cap_ptrace },
	{ "cap_dac_read_search", true, check_cap_read },
	{ "bpffs", true, check_bpffs },
	{}
};

