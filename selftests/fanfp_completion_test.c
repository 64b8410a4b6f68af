// SPDX-License-Identifier: GPL-2.0-only
/*
 * bash completion of fanfp, as somebody gets it who presses Tab
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"

#define FANFP	"/usr/sbin/fanfp"

/* Complete the last word of a line; what can be is in run->text, a line each. */
static int complete(struct run *run, const char *line)
{
	static const char script[] =
		"source /etc/fanfp.bash-completion\n"
		"cd /\n"
		"read -r -a COMP_WORDS <<< \"$1\"\n"
		"[[ $1 != *' ' ]] || COMP_WORDS+=('')\n"
		"COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
		"$(complete -p fanfp | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
		"printf '%s\\n' \"${COMPREPLY[@]}\"\n";

	start(run, "/bin/bash", "-c", script, "bash", line, NULL);
	return end(run);
}

/* Whether @word is one of the lines. */
static bool offers(const struct run *run, const char *word)
{
	const char *line = run->text;
	size_t len = strlen(word);

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, word, len) && (line[len] == '\n' || !line[len]))
			return true;
	}
	return false;
}

#define COMPLETE(_line)		ASSERT_EQ(0, complete(&run, _line))
#define OFFERS(_word)							\
	EXPECT_TRUE(offers(&run, _word)) {				\
		TH_LOG("it offers: %s", run.text);			\
	}
#define OFFERS_NO(_word)						\
	EXPECT_FALSE(offers(&run, _word)) {				\
		TH_LOG("it offers: %s", run.text);			\
	}

FIXTURE(completion)
{
};

FIXTURE_SETUP(completion)
{
}

FIXTURE_TEARDOWN(completion)
{
	struct run run;

	TOOL(FANFP, "handler", "unload", "subtree");
}

TEST_F(completion, commands_and_options_before_them)
{
	struct run run;

	COMPLETE("fanfp ");
	OFFERS("handler");
	OFFERS("attach");
	OFFERS("help");
	OFFERS_NO("--json");
	COMPLETE("fanfp h");
	OFFERS("handler");
	OFFERS_NO("attach");
	COMPLETE("fanfp -");
	OFFERS("-j");
	OFFERS("--version");
	COMPLETE("fanfp -j --ver");
	EXPECT_STREQ("--verbose\n--version\n", run.text);
	COMPLETE("fanfp help a");
	EXPECT_STREQ("attach\n", run.text);
	COMPLETE("fanfp nonsense ");
	EXPECT_STREQ("\n", run.text);
}

TEST_F(completion, verbs)
{
	struct run run;

	COMPLETE("fanfp handler ");
	OFFERS("list");
	OFFERS("show");
	OFFERS("load");
	OFFERS("unload");
	COMPLETE("fanfp -j handler l");
	OFFERS("list");
	OFFERS("load");
	OFFERS_NO("unload");
	COMPLETE("fanfp group ");
	OFFERS("list");
}

/* What a command is documented to take, it is completed with. */
TEST_F(completion, every_command_has_its_options)
{
	struct run run;
	char commands[sizeof(run.text)], line[64], *command, *save;
	int count = 0;

	COMPLETE("fanfp ");
	strcpy(commands, run.text);
	for (command = strtok_r(commands, "\n", &save); command;
	     command = strtok_r(NULL, "\n", &save)) {
		snprintf(line, sizeof(line), "fanfp %s -", command);
		COMPLETE(line);
		OFFERS("-h");
		OFFERS("--help");
		count++;
	}
	EXPECT_LE(5, count);
	COMPLETE("fanfp attach --");
	OFFERS("--pid");
	OFFERS("--args-file");
	COMPLETE("fanfp watch --ex");
	OFFERS("--exclude-dir");
	OFFERS_NO("--event");
}

TEST_F(completion, handlers_that_are_built_in_and_registered)
{
	struct run run;

	COMPLETE("fanfp handler show ");
	EXPECT_STREQ("\n", run.text);
	COMPLETE("fanfp handler load ");
	OFFERS("subtree");
	OFFERS("deny");
	COMPLETE("fanfp attach su");
	EXPECT_STREQ("subtree\n", run.text);

	ASSERT_EQ(0, TOOL(FANFP, "handler", "load", "subtree"));
	COMPLETE("fanfp handler show ");
	EXPECT_STREQ("subtree\n", run.text);
	COMPLETE("fanfp handler unload s");
	OFFERS("subtree");
	COMPLETE("fanfp handler show d");
	EXPECT_STREQ("\n", run.text);
}

TEST_F(completion, arguments_of_options)
{
	char line[64], pid[16];
	struct run run;

	snprintf(pid, sizeof(pid), "%d", getpid());
	COMPLETE("fanfp attach deny --pid ");
	OFFERS(pid);
	snprintf(line, sizeof(line), "fanfp group list --pid = %s", pid);
	COMPLETE(line);
	OFFERS(pid);
	COMPLETE("fanfp attach --include /pro");
	EXPECT_STREQ("/proc\n", run.text);
	COMPLETE("fanfp attach --include /init");
	EXPECT_STREQ("\n", run.text);
	COMPLETE("fanfp attach --args-file /ini");
	EXPECT_STREQ("/init\n", run.text);
	COMPLETE("fanfp watch /pro");
	EXPECT_STREQ("/proc\n", run.text);
	COMPLETE("fanfp handler load /ini");
	EXPECT_STREQ("/init\n", run.text);
	COMPLETE("fanfp attach --args ");
	EXPECT_STREQ("\n", run.text);
}

TEST_HARNESS_MAIN
