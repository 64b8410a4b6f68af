// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch: what is printed of an event, for people and for programs
 */
#include <json-c/json.h>

#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_watch.h"

FIXTURE(format)
{
	struct watched w;
};

FIXTURE_SETUP(format)
{
	ASSERT_EQ(0, watched_make(&self->w));
}

FIXTURE_TEARDOWN(format)
{
	watched_remove(&self->w);
}

/* --- text ---------------------------------------------------------------------- */

TEST_F(format, a_line_tells_who_what_and_where)
{
	WATCH(&self->w, "-e", "create,rename");
	ASSERT_EQ(0, create_in(self->w.in, "a b"));
	PRINTS(&self->w, "tester(%d) uid 0: CREATE %s/a b\n", getpid(),
	       self->w.in);
	ASSERT_EQ(0, rename(in(self->w.in, "a b"), in(self->w.out, "c")));
	PRINTS(&self->w, "tester(%d) uid 0: RENAME %s/a b -> %s/c\n", getpid(),
	       self->w.in, self->w.out);
}

TEST_F(format, a_name_can_not_make_a_line_of_its_own)
{
	WATCH(&self->w, "-e", "create");
	prctl(PR_SET_NAME, "te\nst\\er");
	ASSERT_EQ(0, create_in(self->w.in, "new\nline \033[7m back\\slash"));
	PRINTS(&self->w, "te\\012st\\134er(%d) uid 0: CREATE %s/new\\012line \\033[7m back\\134slash\n",
	       getpid(), self->w.in);
	EXPECT_EQ(1, lines(printed(&self->w)));
}

TEST_F(format, the_time_comes_first_if_it_is_asked_for)
{
	char year[40];
	time_t now = time(NULL);

	strftime(year, sizeof(year), "at %Y tester(", localtime(&now));
	WATCH(&self->w, "-e", "create", "--timefmt", "at %Y");
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	PRINTS(&self->w, "%s", year);
	EXPECT_EQ(0, strncmp(printed(&self->w), year, strlen(year)));
}

/* --- --format ------------------------------------------------------------------ */

TEST_F(format, can_be_ones_own)
{
	WATCH(&self->w, "-e", "create,rename", "--timefmt", "%Y", "--format",
	      "%w|%f|%e|%;e|%p|%C|%u|%W|%F|%%|%n");
	ASSERT_EQ(0, mkdir(in(self->w.in, "d"), 0700));
	PRINTS(&self->w, "%s/|d|CREATE,ISDIR|CREATE;ISDIR|%d|tester|0|||%%|\n\n",
	       self->w.in, getpid());
	ASSERT_EQ(0, rename(in(self->w.in, "d"), in(self->w.out, "e")));
	PRINTS(&self->w, "%s/|d|RENAME,ISDIR|RENAME;ISDIR|%d|tester|0|%s/|e|%%|\n\n",
	       self->w.in, getpid(), self->w.out);
}

TEST_F(format, can_have_the_time)
{
	time_t now = time(NULL);
	char year[8];

	strftime(year, sizeof(year), "%Y", localtime(&now));
	WATCH(&self->w, "-e", "create", "--timefmt", "%Y", "--format", "<%T>");
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	PRINTS(&self->w, "<%s>\n", year);
}

TEST_F(format, both_ends_of_a_move_have_the_same_cookie_and_handle)
{
	char from[300], to[300], *tab;
	int found;

	WATCH(&self->w, "-e", "moved_to,moved_from", "--format", "%e\t%c %i");
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	ASSERT_EQ(0, rename(in(self->w.in, "f"), in(self->w.in, "g")));
	PRINTS(&self->w, "MOVED_TO");
	found = sscanf(printed(&self->w), "MOVED_FROM\t%299[^\n]", from);
	ASSERT_EQ(1, found);
	tab = strstr(printed(&self->w), "MOVED_TO\t");
	ASSERT_NE(NULL, tab);
	found = sscanf(tab, "MOVED_TO\t%299[^\n]", to);
	ASSERT_EQ(1, found);
	EXPECT_STREQ(from, to);
	EXPECT_NE(0, atol(from));
}

TEST_F(format, names_that_end_with_nul_are_as_they_are)
{
	const char *text;
	char path[160];

	snprintf(path, sizeof(path), "%s/new\nline\\", self->w.in);
	WATCH(&self->w, "-e", "create", "--format", "%w%f%0", "--no-newline");
	ASSERT_EQ(0, fp_create(path));
	ASSERT_TRUE(FP_WAIT_FOR(*printed(&self->w)));
	text = printed(&self->w);
	EXPECT_STREQ(path, text);
	ASSERT_EQ(0, create_in(self->w.in, "next"));
	ASSERT_TRUE(FP_WAIT_FOR(*(text = printed(&self->w) + strlen(path) + 1)));
	EXPECT_STREQ(in(self->w.in, "next"), text);
}

TEST_F(format, otherwise_a_name_can_not_make_a_line_of_its_own)
{
	WATCH(&self->w, "-e", "create", "--format", "%f");
	ASSERT_EQ(0, create_in(self->w.in, "new\nline"));
	PRINTS(&self->w, "new\\012line\n");
}

TEST_F(format, a_conversion_that_there_is_not_is_one_line)
{
	struct run run;
	const char *said_text = run.text;

	EXPECT_EQ(1, RUN("watch", "--format", "%w %Q", self->w.in));
	SAYS("fanfp watch: --format: there is no '%Q'");
	EXPECT_EQ(1, lines(run.text));
	EXPECT_EQ(1, RUN("watch", "--format", "50%", self->w.in));
	EXPECT_EQ(1, lines(run.text));
}

/* --- CSV ----------------------------------------------------------------------- */

TEST_F(format, csv_has_a_field_for_each)
{
	time_t now = time(NULL);
	char year[8];

	strftime(year, sizeof(year), "%Y", localtime(&now));
	WATCH(&self->w, "-e", "create,rename", "--csv", "--timefmt", "%Y");
	ASSERT_EQ(0, mkdir(in(self->w.in, "a,\"b\nc"), 0700));
	PRINTS(&self->w, "%s/,\"CREATE,ISDIR\",\"a,\"\"b\nc\",%d,tester,0,,,%s\n",
	       self->w.in, getpid(), year);
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	PRINTS(&self->w, "%s/,CREATE,f,%d,tester,0,,,%s\n", self->w.in,
	       getpid(), year);
	ASSERT_EQ(0, rename(in(self->w.in, "f"), in(self->w.out, "g")));
	PRINTS(&self->w, "%s/,RENAME,f,%d,tester,0,%s/,g,%s\n", self->w.in,
	       getpid(), self->w.out, year);
}

/* --- JSON ---------------------------------------------------------------------- */

/* The line @index that was printed, parsed; to be put; NULL if it is none. */
static struct json_object *parse_line(struct watched *w, int index)
{
	const char *text = printed(w), *end;
	struct json_tokener *tokener;
	struct json_object *object;

	while (index--) {
		text = strchr(text, '\n');
		if (!text++)
			return NULL;
	}
	end = strchr(text, '\n');
	if (!end)
		return NULL;
	tokener = json_tokener_new();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, end - text);
	/* All of the line, and nothing is left open. */
	if (!object || json_tokener_get_parse_end(tokener) != (size_t)(end - text)) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

static struct json_object *get(struct json_object *object, const char *key)
{
	return json_object_object_get(object, key);
}

static const char *text_of(struct json_object *object, const char *key)
{
	return json_object_get_string(get(object, key)) ?: "(none)";
}

TEST_F(format, json_has_an_object_for_each)
{
	struct json_object *object, *second;

	WATCH(&self->w, "-e", "create,rename", "--json");
	ASSERT_EQ(0, mkdir(in(self->w.in, "d"), 0700));
	ASSERT_EQ(0, rename(in(self->w.in, "d"), in(self->w.out, "e")));
	ASSERT_TRUE(FP_WAIT_FOR(lines(printed(&self->w)) == 2));
	object = parse_line(&self->w, 0);
	ASSERT_NE(NULL, object);
	EXPECT_STREQ(in(self->w.in, "d"), text_of(object, "path"));
	EXPECT_STREQ("[ \"CREATE\", \"ISDIR\" ]", text_of(object, "events"));
	EXPECT_EQ(getpid(), json_object_get_int(get(object, "pid")));
	EXPECT_STREQ("tester", text_of(object, "comm"));
	EXPECT_TRUE(json_object_is_type(get(object, "uid"), json_type_int));
	EXPECT_EQ(0, json_object_get_int(get(object, "uid")));
	EXPECT_EQ(NULL, get(object, "new_path"));
	EXPECT_EQ(NULL, get(object, "gone"));
	EXPECT_LE(time(NULL) - 600, json_object_get_double(get(object, "time")));
	EXPECT_GE(time(NULL) + 1, json_object_get_double(get(object, "time")));

	second = parse_line(&self->w, 1);
	ASSERT_NE(NULL, second);
	EXPECT_STREQ(in(self->w.in, "d"), text_of(second, "path"));
	EXPECT_STREQ(in(self->w.out, "e"), text_of(second, "new_path"));
	EXPECT_STREQ(text_of(object, "file"), text_of(second, "file"));
	json_object_put(object);
	json_object_put(second);
}

TEST_F(format, json_is_utf_8_whatever_a_name_is)
{
	/* Valid; then a byte too few, too many, overlong, a surrogate. */
	static const char name[] =
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x89|\xc3|\xa4|\xc0\xaf|\xed\xa0\x80|\"\\\n\001\x7f";
#define U_FFFD "\xef\xbf\xbd"
	static const char replaced[] = "/\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x89|"
		U_FFFD "|" U_FFFD "|" U_FFFD U_FFFD "|"
		U_FFFD U_FFFD U_FFFD "|\"\\\n\001\x7f";
	char path[160], hex[400] = "";
	struct json_object *object;
	size_t i;

	snprintf(path, sizeof(path), "%s/%s", self->w.in, name);
	WATCH(&self->w, "-e", "create", "--json");
	ASSERT_EQ(0, fp_create(path));
	ASSERT_TRUE(FP_WAIT_FOR(lines(printed(&self->w)) == 1));
	object = parse_line(&self->w, 0);
	ASSERT_NE(NULL, object);
	EXPECT_NE(NULL, strstr(text_of(object, "path"), replaced));
	for (i = 0; path[i]; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)path[i]);
	EXPECT_STREQ(hex, text_of(object, "path_hex"));
	json_object_put(object);
}

TEST_F(format, json_can_be_asked_for_as_of_the_other_commands)
{
	struct json_object *object;

	start(&self->w.run, FANFP, "-j", "watch", "-1", "-e", "create",
	      "--timefmt", "then", self->w.in, NULL);
	self->w.running = true;
	ASSERT_TRUE(FP_WAIT_FOR(strstr(said(&self->w.run), "Watching")));
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	ASSERT_TRUE(FP_WAIT_FOR(lines(printed(&self->w)) == 1));
	object = parse_line(&self->w, 0);
	ASSERT_NE(NULL, object);
	EXPECT_STREQ("then", text_of(object, "time"));
	json_object_put(object);
}

TEST_F(format, json_tells_that_a_directory_is_gone)
{
	struct json_object *object;
	char d[120];

	snprintf(d, sizeof(d), "%s/d", self->w.in);
	ASSERT_EQ(0, mkdir(d, 0700));
	WATCH(&self->w, "-e", "create,delete", "--json");
	ASSERT_EQ(0, kill(self->w.run.pid, SIGSTOP));
	ASSERT_EQ(0, create_in(d, "f"));
	ASSERT_EQ(0, unlink(in(d, "f")));
	ASSERT_EQ(0, rmdir(d));
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	ASSERT_TRUE(FP_WAIT_FOR(*printed(&self->w)));
	object = parse_line(&self->w, 0);
	ASSERT_NE(NULL, object);
	EXPECT_STREQ(in(d, "f"), text_of(object, "path"));
	EXPECT_STREQ("true", text_of(object, "gone"));
	json_object_put(object);
}

TEST_HARNESS_MAIN
