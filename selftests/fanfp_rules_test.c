// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fanfp tool and rules, as a user sees it: check, explain, attach, run
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_tool.h"

#define RULES		"/tmp/fp.rules"
#define PIN		"/sys/fs/bpf/fp_rules"
/* There while listeners are to go on. */
#define ON		"/tmp/fp.on"

/* This program, for others to run. */
static char self_path[256];

/* --- a listener, to be run ------------------------------------------------------ */

/* A group for the opens of a directory's file system; -1 if that fails. */
static int open_listener(const char *dir)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);

	if (fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
			  AT_FDCWD, dir))
		return -1;
	return fd;
}

/* How many of the opens of file and file2 a group gets. */
static int events_of(int fd, const char *dir)
{
	char path[128];

	fp_count(fd);
	snprintf(path, sizeof(path), "%s/file", dir);
	fp_touch(path);
	snprintf(path, sizeof(path), "%s/file2", dir);
	fp_touch(path);
	return fp_count(fd);
}

static int listener(const char *how, const char *dir)
{
	int fd, other, status;
	pid_t pid;

	if (!strcmp(how, "once"))
		return events_of(open_listener(dir), dir);
	if (!strcmp(how, "twice")) {
		fd = open_listener(dir);
		other = open_listener(dir);
		return 10 * events_of(fd, dir) + events_of(other, dir);
	}
	if (!strcmp(how, "child")) {
		pid = fork();
		if (!pid)
			_exit(events_of(open_listener(dir), dir));
		waitpid(pid, &status, 0);
		return WEXITSTATUS(status);
	}
	if (!strcmp(how, "nobody"))
		return setuid(65534) || open_listener(dir) >= 0 ? 99 : 42;
	if (!strcmp(how, "daemon")) {
		if (fork())
			return 7;
		setsid();
		usleep(300000);
		printf("daemon %d\n", events_of(open_listener(dir), dir));
		return 0;
	}
	if (!strcmp(how, "killed"))
		return raise(SIGKILL);
	if (!strcmp(how, "file"))
		return fanotify_mark(0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, dir) &&
			errno == EINVAL ? 43 : 99;
	if (!strcmp(how, "failing"))
		return open_listener(dir) < 0 ? errno : 99;
	/* "on": until the test is over. */
	fd = open_listener(dir);
	while (!access(ON, F_OK) && !usleep(20000)) {
		printf("%d\n", events_of(fd, dir));
		fflush(stdout);
	}
	return 0;
}

/* Before the harness sees the arguments. */
__attribute__((constructor))
static void be_a_listener(int argc, char **argv)
{
	int code;

	if (argc != 4 || strcmp(argv[1], "listener"))
		return;
	code = listener(argv[2], argv[3]);
	fflush(stdout);
	_exit(code);
}

/* --- the tests -------------------------------------------------------------------- */

FIXTURE(tool)
{
	struct fp_dir dir;
	struct run run;
	int fd;
	char pid[16], fd_text[16];
};

FIXTURE_SETUP(tool)
{
	ASSERT_LT(0, readlink("/proc/self/exe", self_path,
			      sizeof(self_path) - 1));
	ASSERT_EQ(0, fp_dir_make(&self->dir));
	ASSERT_EQ(0, fp_create(ON));
	self->fd = open_listener(self->dir.path);
	ASSERT_LE(0, self->fd);
	snprintf(self->pid, sizeof(self->pid), "%d", getpid());
	snprintf(self->fd_text, sizeof(self->fd_text), "%d", self->fd);
}

FIXTURE_TEARDOWN(tool)
{
	unlink(RULES);
	unlink(ON);
	close(self->fd);
	fp_dir_remove(&self->dir);
}

static int write_rules(const char *text)
{
	int fd = open(RULES, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t len = write(fd, text, strlen(text));

	close(fd);
	return len == (ssize_t)strlen(text) ? 0 : -EIO;
}

/* Whether the group has a mark of rules: an ignore mark of FAN_EVENT_ON_CHILD. */
static bool has_marks(int fd)
{
	char command[96];

	snprintf(command, sizeof(command),
		 "grep -q ignored_mask:8000000 /proc/%d/fdinfo/%d", getpid(), fd);
	return !system(command);
}

TEST_F(tool, check_finds_nothing_wrong_with_good_rules)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_rules("# mine\nskip name=*.o\nsend inside\n\ndefault skip"));
	EXPECT_EQ(0, RUN("handler", "check", RULES));
	SAYS(RULES ": 2 rules, and nothing wrong with them\n");
	EXPECT_EQ(0, RUN("-j", "handler", "check", RULES));
	SAYS("\"kind\":\"rules\",\"mistakes\":[],\"rules\":2}\n");
}

TEST_F(tool, check_tells_each_mistake_by_line_and_column)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_rules("skip nam=x\n"
				 "\tsend name=a name=[\n"
				 "# fine\n"
				 "drop\n"
				 "deny=ENOENT\n"
				 "skip subtree=/no/such uid=no_such_user\n"
				 "skip name=\"x\n"
				 "deny event=open\n"
				 "default send\n"
				 "default skip\n"));
	EXPECT_EQ(1, RUN("handler", "check", RULES));
	SAYS(RULES ":1:6: no condition 'nam'; there are subtree inside name ");
	SAYS(RULES ":2:19: '[': a ']' is missing\n");
	SAYS(RULES ":4:1: no verdict 'drop'; there are send skip allow deny");
	SAYS(RULES ":5:6: no errno 'ENOENT' to deny with");
	SAYS(RULES ":6:14: /no/such: No such file or directory\n");
	SAYS(RULES ":6:27: no user 'no_such_user'");
	SAYS(RULES ":7:11: the closing quote is missing\n");
	SAYS(RULES ":8:6: never so: allow and deny are for open_perm");
	SAYS(RULES ":10:1: a second default; the first is in line 9\n");
	EXPECT_EQ(9, lines(run.text));
	EXPECT_EQ(1, RUN("-j", "handler", "check", RULES));
	SAYS("{\"line\":4,\"column\":1,\"text\":\"no verdict 'drop'");
	/* All that is said is in there. */
	EXPECT_EQ(1, lines(run.text));
}

TEST_F(tool, check_tells_what_an_object_is)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(0, RUN("handler", "check", "/bpf/filter.bpf.o"));
	SAYS("a BPF object with the handler 'filter': decide by an ordered list of rules\n");
	EXPECT_EQ(0, SHELL("fanfp -j handler check /bpf/filter.bpf.o | jq -e '.kind == \"handler\" and .name == \"filter\" and .file == \"/bpf/filter.bpf.o\"'"));
	ASSERT_EQ(0, write_rules("\177ELF, but no more"));
	EXPECT_EQ(1, RUN("handler", "check", RULES));
	SAYS("not a BPF object that can be read");
	EXPECT_EQ(1, lines(run.text));
}

TEST_F(tool, check_of_what_is_no_file_of_rules_is_one_line)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("handler", "check", "/no/such"));
	SAYS("fanfp: /no/such: No such file or directory\n");
	EXPECT_EQ(1, RUN("handler", "check", "/tmp"));
	SAYS("fanfp: /tmp: Is a directory\n");
	EXPECT_EQ(1, RUN("handler", "check", "/dev/zero"));
	SAYS("fanfp: /dev/zero: more than 1048576 bytes of rules\n");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(2, RUN("handler", "check"));
}

TEST_F(tool, explain_says_which_rule_decides_and_why)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_rules("skip name=*.o\n"
				 "send subtree=/tmp !comm=cc1\n"
				 "default skip\n"));
	EXPECT_EQ(0, RUN("explain", "--rules", RULES, "--event", "open", "--path",
			 self->dir.file, "--comm", "sh"));
	SAYS(RULES ":1: skip: no\n    no      name=*.o (file)\n");
	/* It is below /tmp, but on a file system of its own. */
	SAYS(RULES ":2: send: no\n    no      subtree=/tmp (/file)\n    yes     !comm=cc1 (sh)\n");
	SAYS(RULES ":3: skip: yes\n\nskip, by line 3\n");
	EXPECT_EQ(0, RUN("explain", "--rules", RULES, "--event", "create",
			 "--path", "/tmp/new", "--pid", self->pid));
	SAYS("\nsend, by line 2\n");
	EXPECT_EQ(0, RUN("explain", "--rules", RULES, "--event", "create",
			 "--path", "/tmp/new"));
	SAYS("    perhaps !comm=cc1 (not given)\n");
	SAYS("\nskip, by line 3, unless a rule before that holds, which is not known\n");
	EXPECT_EQ(0, SHELL("fanfp -j explain --rules " RULES " --event create --path /tmp/new | jq -e '.decision == {verdict: \"skip\", line: 3, sure: false}'"));
	EXPECT_EQ(0, RUN("-j", "explain", "--rules", RULES, "--event", "open",
			 "--path", "/tmp/../tmp", "--comm", "x"));
	SAYS("\"decision\":{\"verdict\":\"send\",\"line\":2,\"sure\":true}}\n");
	EXPECT_EQ(0, SHELL("fanfp explain -p --rules " RULES " --event open --path /tmp --comm x | jq -e '(.rules | map([.line, .verdict, .holds])) == [[1, \"skip\", \"no\"], [2, \"send\", \"yes\"]] and .rules[1].conditions[1] == {column: 19, holds: \"yes\", text: \"!comm=cc1\", found: \"x\"}'")) {
		TH_LOG("it said: %s", run.text);
	}
	/* What is found may be anybody's choice. */
	EXPECT_EQ(0, RUN("explain", "--rules", RULES, "--event", "create",
			 "--path", "/tmp/\033[2J.o"));
	SAYS(" name=*.o (?[2J.o)\n");
	ASSERT_EQ(0, write_rules("deny=EACCES event=open_perm\n"));
	EXPECT_EQ(0, RUN("explain", "--rules", RULES, "--event", "open_perm"));
	SAYS(RULES ":1: deny=EACCES: yes\n");
	SAYS("\ndeny=EACCES, by line 1\n");
	EXPECT_EQ(0, RUN("explain", "--rules", RULES, "--event", "open"));
	SAYS("\nwithout a default: send: yes\n\nsend\n");
}

TEST_F(tool, explain_of_nothing_is_wrong_usage)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_rules("send\n"));
	EXPECT_EQ(2, RUN("explain"));
	EXPECT_EQ(2, RUN("explain", "--rules", RULES));
	EXPECT_EQ(2, RUN("explain", "--rules", RULES, "--event", "nonsense"));
	EXPECT_EQ(1, RUN("explain", "--rules", RULES, "--event", "open", "--path",
			 "/no/such"));
	SAYS("fanfp: /no/such: No such file or directory\n");
	EXPECT_EQ(1, RUN("explain", "--rules", RULES, "--event", "open", "--pid",
			 "999999"));
	SAYS("fanfp: process 999999: No such process\n");
	EXPECT_EQ(1, RUN("explain", "--rules", RULES, "--event", "rename",
			 "--path", "/tmp/x"));
	SAYS("fanfp: /tmp/x: where is it moved to?\n");
}

static bool has_ended(struct run *run)
{
	siginfo_t info = {};

	return waitid(P_PID, run->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		info.si_pid;
}

#define START_ATTACH(_run, ...) ({					\
	start(_run, FANFP, "attach", "--rules", RULES, "--pid", self->pid, \
	      "--fd", self->fd_text, ##__VA_ARGS__, NULL);		\
	FP_WAIT_FOR(strstr(said(_run), "attached '") || has_ended(_run)); \
})

TEST_F(tool, attach_rules_until_it_ends)
{
	struct run run;
	const char *said_text = run.text;
	char text[128];

	snprintf(text, sizeof(text), "send subtree=%s name=file2\ndefault skip\n",
		 self->dir.path);
	ASSERT_EQ(0, write_rules(text));
	ASSERT_TRUE(START_ATTACH(&run));
	SAYS("attached '" RULES "' to fd ");
	EXPECT_EQ(1, events_of(self->fd, self->dir.path));
	EXPECT_TRUE(has_marks(self->fd));
	EXPECT_EQ(0, stop(&run, SIGTERM));
	EXPECT_EQ(2, events_of(self->fd, self->dir.path));
	EXPECT_FALSE(has_marks(self->fd));
}

TEST_F(tool, attach_reads_the_rules_again_on_sigusr1)
{
	struct run run;
	char text[128];

	ASSERT_EQ(0, write_rules("default skip\n"));
	ASSERT_TRUE(START_ATTACH(&run));
	EXPECT_EQ(0, events_of(self->fd, self->dir.path));
	snprintf(text, sizeof(text), "send name=file2 subtree=%s\ndefault skip\n",
		 self->dir.path);
	ASSERT_EQ(0, write_rules(text));
	kill(run.pid, SIGUSR1);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "changed to what is in '")));
	EXPECT_EQ(1, events_of(self->fd, self->dir.path));
	/* With a mistake in them, the old ones stay. */
	ASSERT_EQ(0, write_rules("skip\nnonsense\n"));
	kill(run.pid, SIGUSR1);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), RULES ":2:1: no verdict")));
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "not changed")));
	EXPECT_EQ(1, events_of(self->fd, self->dir.path));
	EXPECT_EQ(0, stop(&run, SIGINT));
	EXPECT_EQ(2, events_of(self->fd, self->dir.path));
}

TEST_F(tool, attach_of_rules_with_a_mistake_attaches_nothing)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_rules("skip\nnonsense\n"));
	EXPECT_EQ(1, RUN("attach", "--rules", RULES, "--pid", self->pid, "--fd",
			 self->fd_text));
	SAYS(RULES ":2:1: no verdict 'nonsense'");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(2, events_of(self->fd, self->dir.path));
	EXPECT_EQ(2, RUN("attach", "subtree", "--rules", RULES, "--pid",
			 self->pid));
	/* And the handler alone is none. */
	EXPECT_EQ(1, RUN("attach", "filter", "--pid", self->pid, "--fd",
			 self->fd_text));
	SAYS("needs a rule list: fanfp attach --rules FILE");
}

TEST_F(tool, attach_can_leave_the_rules_pinned)
{
	struct run run;

	mount("none", "/sys/fs/bpf", "bpf", 0, NULL);
	ASSERT_EQ(0, write_rules("skip name=file\n"));
	EXPECT_EQ(0, RUN("attach", "--rules", RULES, "--pid", self->pid, "--fd",
			 self->fd_text, "--pin", PIN));
	EXPECT_EQ(1, events_of(self->fd, self->dir.path));
	EXPECT_EQ(0, unlink(PIN));
	EXPECT_TRUE(FP_WAIT_FOR(events_of(self->fd, self->dir.path) == 2));
}

/* Leave the mark of a list on a directory's own subfolder, with a file in it. */
static int leave_mark(struct run *run, const char *dir, const char *pid,
		      const char *fd)
{
	char path[128], rules[160];

	snprintf(path, sizeof(path), "%s/sub", dir);
	snprintf(rules, sizeof(rules), "send subtree=%s\n", path);
	if (mkdir(path, 0755) || write_rules(rules))
		return -1;
	strcat(path, "/file");
	mount("none", "/sys/fs/bpf", "bpf", 0, NULL);
	start(run, FANFP, "attach", "--rules", RULES, "--pid", pid, "--fd", fd,
	      "--pin", PIN, NULL);
	return fp_create(path) ?: end(run);
}

TEST_F(tool, attach_removes_what_rules_have_left)
{
	struct run run, att;
	char path[128];

	setenv("FP_PID", self->pid, 1);
	setenv("FP_FD", self->fd_text, 1);
	ASSERT_EQ(0, leave_mark(&run, self->dir.path, self->pid, self->fd_text));
	/* The listener's own, and nobody else's to remove. */
	ASSERT_EQ(0, fanotify_mark(self->fd, FAN_MARK_ADD | FAN_MARK_IGNORE |
				   FAN_MARK_IGNORED_SURV_MODIFY,
				   FAN_ACCESS | FAN_EVENT_ON_CHILD, AT_FDCWD,
				   self->dir.path));
	/* They are in use: nothing is removed. */
	EXPECT_EQ(1, RUN("attach", "subtree", "--pid", self->pid, "--fd",
			 self->fd_text));
	EXPECT_TRUE(has_marks(self->fd));
	EXPECT_EQ(0, RUN("detach", PIN));
	EXPECT_TRUE(has_marks(self->fd));

	/* What is below is not excluded. */
	start(&att, FANFP, "attach", "subtree", "--pid", self->pid, "--fd",
	      self->fd_text, "--include", self->dir.path, NULL);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&att), "attached 'subtree'")));
	snprintf(path, sizeof(path), "%s/sub", self->dir.path);
	EXPECT_EQ(2, events_of(self->fd, self->dir.path));
	EXPECT_EQ(1, events_of(self->fd, path));
	EXPECT_FALSE(has_marks(self->fd));
	EXPECT_EQ(0, SHELL("grep -q ignored_mask:8000001 /proc/$FP_PID/fdinfo/$FP_FD"));
	EXPECT_EQ(0, stop(&att, SIGTERM));
}

/* Root, but not one who may open by handle. */
static void drop_the_right_to_search(void)
{
	if (prctl(PR_CAPBSET_DROP, 2 /* CAP_DAC_READ_SEARCH */))
		_exit(98);
}

TEST_F(tool, attach_says_so_if_it_cannot_remove_what_rules_have_left)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, leave_mark(&run, self->dir.path, self->pid, self->fd_text));
	EXPECT_EQ(0, RUN("detach", PIN));
	EXPECT_EQ(0, RUN_AS(drop_the_right_to_search, "attach", "subtree", "--pid",
			    self->pid, "--fd", self->fd_text, "--pin", PIN));
	SAYS(": rules that have ended left a mark, which can't be removed: what is below may be skipped\n");
	SAYS("attached 'subtree'");
	EXPECT_EQ(0, RUN("detach", PIN));
}

/* --- fanfp run ----------------------------------------------------------------------- */

#define RUN_LISTENER(_how)						\
	RUN("run", "--rules", RULES, "--", self_path, "listener", _how,		\
	    self->dir.path)

TEST_F(tool, run_attaches_to_each_group_that_a_program_makes)
{
	struct run run;

	ASSERT_EQ(0, write_rules("skip name=file\n"));
	EXPECT_EQ(1, RUN_LISTENER("once")) {
		TH_LOG("%s", run.text);
	}
	EXPECT_EQ(11, RUN_LISTENER("twice"));
	EXPECT_EQ(1, RUN_LISTENER("child"));
	/* Others are left alone. */
	EXPECT_EQ(2, events_of(self->fd, self->dir.path));
}

TEST_F(tool, run_does_nothing_that_the_program_could_not)
{
	struct run run;

	ASSERT_EQ(0, write_rules("skip\n"));
	EXPECT_EQ(42, RUN_LISTENER("nobody"));
	EXPECT_EQ(43, RUN_LISTENER("file"));
}

TEST_F(tool, run_ends_as_the_program_does)
{
	struct run run;
	const char *said_text = run.text;

	ASSERT_EQ(0, write_rules("skip name=file\n"));
	EXPECT_EQ(0, RUN("run", "--rules", RULES, "true"));
	EXPECT_EQ(1, RUN("run", "--rules", RULES, "false"));
	EXPECT_EQ(128 + SIGKILL, RUN_LISTENER("killed"));
	EXPECT_EQ(127, RUN("run", "--rules", RULES, "/no/such"));
	SAYS("fanfp: /no/such: No such file or directory\n");
	EXPECT_EQ(126, RUN("run", "--rules", RULES, "/tmp"));
	EXPECT_EQ(2, RUN("run", "--rules", RULES));
	EXPECT_EQ(2, RUN("run", "true"));
	ASSERT_EQ(0, write_rules("nonsense\n"));
	EXPECT_EQ(1, RUN("run", "--rules", RULES, "true"));
	SAYS(RULES ":1:1: no verdict 'nonsense'");
	/* What goes on in the background is waited for, and filtered. */
	ASSERT_EQ(0, write_rules("skip name=file\n"));
	EXPECT_EQ(7, RUN_LISTENER("daemon"));
	SAYS("daemon 1\n");
}

TEST_F(tool, run_lets_no_event_past_rules_that_cannot_be_attached)
{
	struct run run;
	const char *said_text = run.text;
	char text[128], dir[96];

	snprintf(dir, sizeof(dir), "%s/sub", self->dir.path);
	ASSERT_EQ(0, mkdir(dir, 0700));
	snprintf(text, sizeof(text), "skip subtree=%s\n", dir);
	ASSERT_EQ(0, write_rules(text));
	start(&run, FANFP, "run", "--rules", RULES, "sh", "-c",
	      "rmdir \"$2\"; exec $0 listener failing \"$1\"", self_path,
	      self->dir.path, dir, NULL);
	EXPECT_EQ(ENOENT, end(&run));
	SAYS("sub: No such file or directory\n");
}

TEST_F(tool, run_detaches_when_it_ends_and_changes_rules_on_sigusr1)
{
	struct run run;

	ASSERT_EQ(0, write_rules("skip name=file\n"));
	start(&run, FANFP, "run", "--rules", RULES, self_path, "listener", "on",
	      self->dir.path, NULL);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "1\n1\n1\n")));
	EXPECT_EQ(NULL, strchr(said(&run), '2'));
	ASSERT_EQ(0, write_rules("skip\n"));
	kill(run.pid, SIGUSR1);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "changed the rules of 1 of 1 groups")));
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "0\n0\n0\n")));
	/* It is passed on, and the program ends by it. */
	EXPECT_EQ(128 + SIGTERM, stop(&run, SIGTERM));

	start(&run, FANFP, "run", "--rules", RULES, self_path, "listener", "on",
	      self->dir.path, NULL);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "0\n0\n0\n")));
	kill(run.pid, SIGKILL);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "2\n2\n2\n")));
	EXPECT_EQ(-SIGKILL, end(&run));
}

TEST_F(tool, run_can_leave_the_rules_pinned)
{
	struct run run;

	mount("none", "/sys/fs/bpf", "bpf", 0, NULL);
	ASSERT_EQ(0, write_rules("skip\n"));
	start(&run, FANFP, "run", "--rules", RULES, "--pin", PIN, self_path,
	      "listener", "on", self->dir.path, NULL);
	EXPECT_TRUE(FP_WAIT_FOR(strstr(said(&run), "0\n0\n0\n")));
	kill(run.pid, SIGKILL);
	usleep(500000);
	EXPECT_EQ(NULL, strchr(said(&run), '2'));
	EXPECT_EQ(-SIGKILL, end(&run));
	EXPECT_EQ(0, system("rm -r " PIN));
}

TEST_HARNESS_MAIN
