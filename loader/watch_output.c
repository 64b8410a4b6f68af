// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * fanfp watch - where events are written to
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"
#include "watch.h"

/**
 * watch_output_open() - open what events are written to
 * @output: It.
 * @options: What the user asked for.
 *
 * Return: 0, or EXIT_FAILED with a message.
 */
int watch_output_open(struct watch_output *output,
		      const struct watch_options *options)
{
	output->fd = STDOUT_FILENO;
	output->name = options->output ?: "standard output";
	output->whole_lines = options->format != WATCH_CUSTOM;
	output->stream = open_memstream(&output->text, &output->len);
	if (!output->stream)
		return failed("%s", strerror(errno));
	if (options->output)
		output->fd = open(options->output, O_WRONLY | O_CREAT |
				  O_TRUNC | O_CLOEXEC, 0666);
	/* If it is closed, another file would get its number. */
	if (output->fd < 0 || fcntl(output->fd, F_GETFD) < 0)
		return failed("%s: %s", output->name, strerror(errno));
	return 0;
}

/* A full disk takes a part of a line, which nothing could read. */
static void remove_half_line(const struct watch_output *output, size_t written)
{
	size_t whole = written;
	struct stat st;
	off_t end;

	while (whole && output->text[whole - 1] != '\n')
		whole--;
	end = lseek(output->fd, 0, SEEK_CUR);
	if (end < 0 || fstat(output->fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size != end)
		return;
	/* There is an error to tell already. */
	if (ftruncate(output->fd, end - (written - whole)))
		return;
}

/**
 * watch_output_flush() - write what is in the stream
 * @output: It.
 *
 * Return: 0, or EXIT_FAILED with a message.
 */
int watch_output_flush(struct watch_output *output)
{
	size_t written = 0;
	ssize_t len;

	if (fflush(output->stream))
		return failed("%s: %s", output->name, strerror(errno));
	while (written < output->len) {
		len = write(output->fd, output->text + written,
			    output->len - written);
		if (len < 0 && errno != EINTR) {
			int err = errno;

			if (output->whole_lines)
				remove_half_line(output, written);
			return failed("%s: %s", output->name, strerror(err));
		}
		if (len > 0)
			written += len;
	}
	rewind(output->stream);
	output->len = 0;
	return 0;
}

/**
 * watch_output_close() - free what watch_output_open() made
 * @output: It.
 */
void watch_output_close(struct watch_output *output)
{
	if (output->stream)
		fclose(output->stream);
	free(output->text);
	if (output->fd > STDOUT_FILENO)
		close(output->fd);
}
