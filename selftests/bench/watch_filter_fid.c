// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_fid - a listener that gets the file handle of the directory and the
 * name, looks the handle up in a cache of paths, and keeps the events below the
 * watched directory
 *
 * A handle that is not in the cache is opened, and /proc asked for the path. The
 * paths change when a directory is renamed, so the group asks for that too, with
 * its mark on the file system (the work renames none); it comes in order with the
 * other events, and empties the cache.
 */
#include <limits.h>

#include "common.h"
#include "bench.h"

#define BUCKETS		4096
#define HANDLE_MAX	64

struct directory {
	uint64_t hash;
	uint32_t len;
	/* fsid and struct file_handle, as in the event. */
	unsigned char key[sizeof(__kernel_fsid_t) +
			  sizeof(struct file_handle) + HANDLE_MAX];
	/* NULL for one that is not below the watched directory. */
	char *path;
};

struct filter_fid {
	/* Any directory of the file system, to open handles by. */
	int mount;
	char prefix[192];
	size_t prefix_len;
	/* By hash, or in the next that is free; the empty have no @len. */
	struct directory cache[BUCKETS];
	int cached;
	/* The path of the last event that was kept. */
	char path[PATH_MAX + NAME_MAX];
};

static void filter_fid_start(struct bench_watch *watch)
{
	struct filter_fid *filter = calloc(1, sizeof(*filter));
	struct bench_setup renames = *watch->setup;

	watch->own = filter;
	filter->mount = open(watch->setup->tree->path,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	watch_group(watch, GROUP_FID);
	renames.events = FAN_RENAME | FAN_ONDIR;
	renames.mark = FAN_MARK_FILESYSTEM;
	group_mark(watch->fd, &renames);
	filter->prefix_len = snprintf(filter->prefix, sizeof(filter->prefix),
				      "%s/%s/", watch->setup->tree->path,
				      watch->setup->watched);
}

static void empty_cache(struct filter_fid *filter)
{
	int i;

	for (i = 0; i < BUCKETS; i++) {
		free(filter->cache[i].path);
		filter->cache[i].path = NULL;
		filter->cache[i].len = 0;
	}
	filter->cached = 0;
}

/* Of a key whose length is a multiple of four. */
static uint64_t hash_key(const unsigned char *key, size_t len)
{
	uint64_t hash = len;
	uint32_t word;
	size_t i;

	for (i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, key + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	}
	return hash ^ hash >> 32;
}

/* The path of a directory, with a '/' behind it, if that is inside. */
static char *inside_path(const struct filter_fid *filter,
			 struct file_handle *handle)
{
	char link[32], path[PATH_MAX];
	ssize_t len;
	int fd;

	fd = open_by_handle_at(filter->mount, handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 2);
	close(fd);
	if (len < 0)
		return NULL;
	path[len++] = '/';
	path[len] = '\0';
	if (strncmp(path, filter->prefix, filter->prefix_len))
		return NULL;
	return strdup(path);
}

static const struct directory *
find_directory(struct filter_fid *filter,
	       const struct fanotify_event_info_fid *info)
{
	struct file_handle *handle = (void *)info->handle;
	size_t len = sizeof(info->fsid) + sizeof(*handle) + handle->handle_bytes;
	const unsigned char *key = (const void *)&info->fsid;
	struct directory *directory;
	uint64_t hash;
	unsigned int i;

	len = (len + 3) & ~3;
	if (len > sizeof(directory->key))
		bench_die("a file handle of %u bytes", handle->handle_bytes);
	hash = hash_key(key, len);
	for (i = hash % BUCKETS; ; i = (i + 1) % BUCKETS) {
		directory = &filter->cache[i];
		if (!directory->len)
			break;
		if (directory->hash == hash && directory->len == len &&
		    !memcmp(directory->key, key, len))
			return directory;
	}
	if (filter->cached >= BUCKETS / 2) {
		empty_cache(filter);
		directory = &filter->cache[hash % BUCKETS];
	}
	filter->cached++;
	directory->hash = hash;
	directory->len = len;
	memcpy(directory->key, key, len);
	directory->path = inside_path(filter, handle);
	return directory;
}

static bool is_inside(struct filter_fid *filter,
		      const struct fanotify_event_metadata *event)
{
	const struct fanotify_event_info_fid *info = (const void *)(event + 1);
	const struct file_handle *handle = (const void *)info->handle;
	const struct directory *directory;
	const char *name;

	if (info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME &&
	    info->hdr.info_type != FAN_EVENT_INFO_TYPE_OLD_DFID_NAME)
		return false;
	directory = find_directory(filter, info);
	if (!directory->path)
		return false;
	name = (const char *)handle->f_handle + handle->handle_bytes;
	stpcpy(stpcpy(filter->path, directory->path), name);
	return true;
}

static int filter_fid_take(struct bench_watch *watch)
{
	char buf[16384] __attribute__((aligned(8)));
	struct fanotify_event_metadata *event = (void *)buf;
	ssize_t len = read(watch->fd, buf, sizeof(buf));
	int count = 0;

	for (; FAN_EVENT_OK(event, len); event = FAN_EVENT_NEXT(event, len)) {
		if ((event->mask & (FAN_RENAME | FAN_ONDIR)) ==
		    (FAN_RENAME | FAN_ONDIR)) {
			empty_cache(watch->own);
			continue;
		}
		watch->kept += is_inside(watch->own, event);
		count++;
	}
	return count;
}

static void filter_fid_stop(struct bench_watch *watch)
{
	struct filter_fid *filter = watch->own;

	empty_cache(filter);
	close(filter->mount);
	free(filter);
}

BENCH_WATCH(filter_fid) = {
	.sends = SENDS_ALL,
	.filters = true,
	.start = filter_fid_start,
	.take = filter_fid_take,
	.stop = filter_fid_stop,
};
