// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanfp watch: which events are printed, for how long, and with what paths
 */
#include "kselftest_harness.h"
#include "common.h"
#include "run.h"
#include "fanfp_watch.h"

FIXTURE(events)
{
	struct watched w;
};

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, watched_make(&self->w));
}

FIXTURE_TEARDOWN(events)
{
	watched_remove(&self->w);
}

static int write_to(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0700);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	close(fd);
	return len < 0 ? -EIO : 0;
}

/* Not a program: that it was tried to execute counts. */
static int execute(void *path)
{
	execl(path, path, NULL);
	return 0;
}

/* One of each, on a file that becomes another and on directories. */
static void cause_all_events(struct __test_metadata *_metadata,
			     struct watched *w)
{
	char byte;
	int fd;

	ASSERT_EQ(0, write_to(in(w->in, "f"), O_CREAT, "x"));
	fd = open(in(w->in, "f"), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, read(fd, &byte, 1));
	close(fd);
	ASSERT_EQ(0, chmod(in(w->in, "f"), 0755));
	ASSERT_EQ(0, fp_in_child(execute, (void *)in(w->in, "f")));
	ASSERT_EQ(0, rename(in(w->in, "f"), in(w->out, "f")));
	ASSERT_EQ(0, rename(in(w->out, "f"), in(w->in, "g")));
	ASSERT_EQ(0, mkdir(in(w->in, "d"), 0700));
	ASSERT_EQ(0, rmdir(in(w->in, "d")));
	ASSERT_EQ(0, unlink(in(w->in, "g")));
	ASSERT_EQ(0, rename(w->in, in(w->out, "in")));
	ASSERT_EQ(0, rmdir(in(w->out, "in")));
}

/* Whether all events of a line are in a list with a comma after each. */
static bool only_has(char *line, const char *events)
{
	char *colon = strstr(line, ": "), *name, *save;
	char word[40];

	if (!colon)
		return false;
	colon[2 + strcspn(colon + 2, " ")] = '\0';
	for (name = strtok_r(colon + 2, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		snprintf(word, sizeof(word), "%s,", name);
		if (strcmp(name, "ISDIR") && !strstr(events, word))
			return false;
	}
	return true;
}

FIXTURE_VARIANT(events)
{
	const char *option;
	/* The names that can be printed, and a path that is. */
	const char *events, *path;
};

#define EVENT(_name, _events, _path)				\
	FIXTURE_VARIANT_ADD(events, _name) {			\
		.option = #_name, .events = _events, .path = _path }

EVENT(access, "ACCESS,", "in/f\n");
EVENT(modify, "MODIFY,", "in/f\n");
EVENT(attrib, "ATTRIB,", "in/f\n");
EVENT(close_write, "CLOSE_WRITE,", "in/f\n");
EVENT(close_nowrite, "CLOSE_NOWRITE,", "in/f\n");
EVENT(close, "CLOSE_WRITE,CLOSE_NOWRITE,", "in/f\n");
EVENT(open, "OPEN,", "in/f\n");
EVENT(open_exec, "OPEN_EXEC,", "in/f\n");
EVENT(create, "CREATE,", "in/d\n");
EVENT(delete, "DELETE,", "in/g\n");
EVENT(rename, "RENAME,", "out/f -> ");
EVENT(moved_from, "MOVED_FROM,", "in/f\n");
EVENT(moved_to, "MOVED_TO,", "in/g\n");
EVENT(move, "MOVED_FROM,MOVED_TO,", "in/g\n");
EVENT(move_self, "MOVE_SELF,", "/in\n");
EVENT(delete_self, "DELETE_SELF,", "/in\n");

TEST_F(events, that_are_asked_for_are_printed_and_no_others)
{
	char text[8192], *line, *save;

	WATCH(&self->w, "-e", variant->option);
	cause_all_events(_metadata, &self->w);
	/* It ends with its directory. */
	EXPECT_EQ(1, watched_end(&self->w));
	strcpy(text, printed(&self->w));
	EXPECT_NE(NULL, strstr(text, variant->path));
	for (line = strtok_r(text, "\n", &save);
	     line && strncmp(line, "No longer", 9);
	     line = strtok_r(NULL, "\n", &save)) {
		char copy[500];

		snprintf(copy, sizeof(copy), "%s", line);
		EXPECT_TRUE(only_has(copy, variant->events)) {
			TH_LOG("it printed: %s", line);
		}
	}
	EXPECT_NE(NULL, line);
}

FIXTURE(watch)
{
	struct watched w;
};

FIXTURE_SETUP(watch)
{
	ASSERT_EQ(0, watched_make(&self->w));
}

FIXTURE_TEARDOWN(watch)
{
	watched_remove(&self->w);
}

/* --- which -------------------------------------------------------------------- */

TEST_F(watch, without_event_what_changes_files_is_printed)
{
	WATCH(&self->w);
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	ASSERT_EQ(0, fp_touch(in(self->w.in, "f")));
	ASSERT_EQ(0, write_to(in(self->w.in, "f"), 0, "x"));
	ASSERT_EQ(0, chmod(in(self->w.in, "f"), 0640));
	ASSERT_EQ(0, rename(in(self->w.in, "f"), in(self->w.in, "g")));
	ASSERT_EQ(0, unlink(in(self->w.in, "g")));
	PRINTS(&self->w, "DELETE %s/g\n", self->w.in);
	PRINTS(&self->w, ": CREATE");
	PRINTS(&self->w, "MODIFY");
	PRINTS(&self->w, "CLOSE_WRITE");
	PRINTS(&self->w, "ATTRIB");
	PRINTS(&self->w, "RENAME %s/f -> ", self->w.in);
	PRINTS_NO(&self->w, "OPEN");
	PRINTS_NO(&self->w, "CLOSE_NOWRITE");
}

TEST_F(watch, events_can_be_a_list_and_given_again)
{
	WATCH(&self->w, "-e", "Create,DELETE", "--event", "attrib");
	ASSERT_EQ(0, write_to(in(self->w.in, "f"), O_CREAT, "x"));
	ASSERT_EQ(0, chmod(in(self->w.in, "f"), 0640));
	ASSERT_EQ(0, unlink(in(self->w.in, "f")));
	/* In one line, if it is slow. */
	PRINTS(&self->w, "DELETE %s/f\n", self->w.in);
	PRINTS(&self->w, "ATTRIB");
	PRINTS(&self->w, "CREATE");
	PRINTS_NO(&self->w, "MODIFY");
}

TEST_F(watch, all_events_can_be_asked_for_at_once)
{
	static const char * const names[] = {
		"ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE",
		"OPEN", "OPEN_EXEC", "CREATE", "DELETE", "RENAME",
		"DELETE_SELF", "MOVE_SELF",
	};
	size_t i;

	WATCH(&self->w, "-e", "all");
	cause_all_events(_metadata, &self->w);
	EXPECT_EQ(1, watched_end(&self->w));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		PRINTS(&self->w, "%s", names[i]);
}

TEST_F(watch, what_it_does_itself_is_printed_only_if_asked_for)
{
	char log[100];

	snprintf(log, sizeof(log), "%s/log", self->w.in);
	WATCH(&self->w, "-o", log, "-e", "create,modify");
	ASSERT_EQ(0, create_in(self->w.in, "f"));
	ASSERT_TRUE(FP_WAIT_FOR(file_has(log, "/f\n")));
	ASSERT_EQ(0, create_in(self->w.in, "g"));
	ASSERT_TRUE(FP_WAIT_FOR(file_has(log, "/g\n")));
	EXPECT_FALSE(file_has(log, "MODIFY"));
	ASSERT_EQ(0, watched_stop(&self->w, SIGTERM));

	/* Once: each line of it makes an event. */
	WATCH(&self->w, "-o", log, "-e", "create,modify", "--own",
	      "--dedupe=1000000");
	ASSERT_EQ(0, create_in(self->w.in, "h"));
	EXPECT_TRUE(FP_WAIT_FOR(file_has(log, "MODIFY")));
}

/* --- how long ----------------------------------------------------------------- */

TEST_F(watch, one_shot_ends_with_the_first_event)
{
	WATCH(&self->w, "--one-shot", "-e", "create");
	ASSERT_EQ(0, create_in(self->w.out, "unseen"));
	ASSERT_EQ(0, create_in(self->w.in, "first"));
	ASSERT_EQ(0, create_in(self->w.in, "second"));
	EXPECT_EQ(0, watched_end(&self->w));
	EXPECT_EQ(1, count(self->w.run.text, "CREATE"));
	EXPECT_NE(NULL, strstr(self->w.run.text, "/first\n"));
}

TEST_F(watch, the_last_of_monitor_and_one_shot_counts)
{
	WATCH(&self->w, "-1", "-m");
	ASSERT_EQ(0, create_in(self->w.in, "first"));
	PRINTS(&self->w, "/first\n");
	ASSERT_EQ(0, create_in(self->w.in, "second"));
	PRINTS(&self->w, "/second\n");
	EXPECT_EQ(0, watched_stop(&self->w, SIGTERM));

	WATCH(&self->w, "-m", "-1");
	ASSERT_EQ(0, create_in(self->w.in, "third"));
	EXPECT_EQ(0, watched_end(&self->w));
}

TEST_F(watch, without_an_event_in_time_it_ends_with_2)
{
	struct run run;

	EXPECT_EQ(2, RUN("watch", "-q", "-1", "-t", "0.5", self->w.in));
	EXPECT_STREQ("", run.text);
	EXPECT_EQ(2, RUN("watch", "-q", "--timeout", "1", self->w.in));
	EXPECT_STREQ("", run.text);
}

TEST_F(watch, the_time_starts_again_with_each_event_that_is_printed)
{
	WATCH(&self->w, "-t", "3", "--exclude", "unseen");
	ASSERT_EQ(0, create_in(self->w.in, "first"));
	PRINTS(&self->w, "/first\n");
	ASSERT_EQ(0, create_in(self->w.in, "unseen"));
	EXPECT_EQ(2, watched_end(&self->w));
	EXPECT_EQ(NULL, strstr(self->w.run.text, "unseen"));
}

TEST_F(watch, quiet_once_does_not_say_that_it_is_ready)
{
	start(&self->w.run, FANFP, "watch", "-q", "-1", "-t", "60", self->w.in,
	      NULL);
	self->w.running = true;
	ASSERT_TRUE(FP_WAIT_FOR(!create_in(self->w.in, "f") &&
				!unlink(in(self->w.in, "f")) &&
				*said(&self->w.run)));
	EXPECT_EQ(0, watched_end(&self->w));
	EXPECT_EQ(1, lines(self->w.run.text));
	EXPECT_EQ(NULL, strstr(self->w.run.text, "Watching"));
}

TEST_F(watch, quiet_twice_prints_nothing)
{
	start(&self->w.run, FANFP, "watch", "-qq", "-1", "-t", "60", self->w.in,
	      NULL);
	self->w.running = true;
	ASSERT_TRUE(FP_WAIT_FOR(!create_in(self->w.in, "f") &&
				!unlink(in(self->w.in, "f")) &&
				watched_ended(&self->w)));
	EXPECT_EQ(0, watched_end(&self->w));
	EXPECT_STREQ("", self->w.run.text);
}

/* --- with what paths ---------------------------------------------------------- */

/* Let it sleep, and wait until it does. */
static bool pause_it(struct run *run)
{
	int status;

	return !kill(run->pid, SIGSTOP) &&
		waitpid(run->pid, &status, WUNTRACED) == run->pid &&
		WIFSTOPPED(status);
}

TEST_F(watch, what_is_deleted_before_it_is_read_has_its_path)
{
	char d[120], e[140];

	snprintf(d, sizeof(d), "%s/d", self->w.in);
	snprintf(e, sizeof(e), "%s/e", d);
	WATCH(&self->w, "-e", "create,delete");
	ASSERT_TRUE(pause_it(&self->w.run));
	ASSERT_EQ(0, mkdir(d, 0700));
	ASSERT_EQ(0, mkdir(e, 0700));
	ASSERT_EQ(0, create_in(e, "f"));
	ASSERT_EQ(0, unlink(in(e, "f")));
	ASSERT_EQ(0, rmdir(e));
	ASSERT_EQ(0, rmdir(d));
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "CREATE,DELETE,ISDIR %s\n", d);
	PRINTS(&self->w, "CREATE,DELETE,ISDIR %s\n", e);
	PRINTS(&self->w, "CREATE,DELETE %s/f\n", e);
	PRINTS_NO(&self->w, "unknown");
}

TEST_F(watch, what_was_deleted_with_its_directories_has_its_path)
{
	char d[120], e[140];

	snprintf(d, sizeof(d), "%s/d", self->w.in);
	snprintf(e, sizeof(e), "%s/e", d);
	ASSERT_EQ(0, mkdir(d, 0700));
	ASSERT_EQ(0, mkdir(e, 0700));
	ASSERT_EQ(0, create_in(e, "f"));
	/* It has never heard of them. */
	WATCH(&self->w, "-e", "delete");
	ASSERT_TRUE(pause_it(&self->w.run));
	ASSERT_EQ(0, unlink(in(e, "f")));
	ASSERT_EQ(0, rmdir(e));
	ASSERT_EQ(0, rmdir(d));
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "DELETE,ISDIR %s\n", d);
	PRINTS(&self->w, "DELETE %s/f\n", e);
}

TEST_F(watch, a_renamed_directory_has_its_new_path_for_what_comes_then)
{
	char d[120], e[140];

	snprintf(d, sizeof(d), "%s/d", self->w.in);
	snprintf(e, sizeof(e), "%s/e", self->w.in);
	ASSERT_EQ(0, mkdir(d, 0700));
	WATCH(&self->w, "-e", "create,rename,delete");
	ASSERT_EQ(0, create_in(d, "before"));
	PRINTS(&self->w, "CREATE %s/before\n", d);
	ASSERT_TRUE(pause_it(&self->w.run));
	ASSERT_EQ(0, rename(d, e));
	ASSERT_EQ(0, unlink(in(e, "before")));
	ASSERT_EQ(0, rmdir(e));
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "DELETE %s/before\n", e);
}

TEST_F(watch, a_path_that_nobody_knows_any_more_is_said_to_be_unknown)
{
	char d[120];

	snprintf(d, sizeof(d), "%s/d", self->w.in);
	ASSERT_EQ(0, mkdir(d, 0700));
	WATCH(&self->w, "-e", "close_write");
	ASSERT_TRUE(pause_it(&self->w.run));
	ASSERT_EQ(0, create_in(d, "f"));
	ASSERT_EQ(0, unlink(in(d, "f")));
	ASSERT_EQ(0, rmdir(d));
	ASSERT_EQ(0, kill(self->w.run.pid, SIGCONT));
	PRINTS(&self->w, "CLOSE_WRITE (unknown)/f\n");
}

TEST_F(watch, events_of_the_directory_itself_have_its_path)
{
	WATCH(&self->w, "-e", "attrib");
	ASSERT_EQ(0, chmod(self->w.in, 0750));
	PRINTS(&self->w, "ATTRIB,ISDIR %s\n", self->w.in);
}

TEST_HARNESS_MAIN
