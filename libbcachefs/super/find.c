// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking for members: among block devices, in folders. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "super/super.h"

/* Members are opened side by side: most of the time is the devices'. */
#define PROBE_THREADS 16

void bch_paths_end(struct bch_paths *paths)
{
	for (size_t i = 0; i < paths->a.nr; i++)
		free(paths->a.v[i]);
	bch_array_end(&paths->a);
}

int bch_paths_add(struct bch_paths *paths, const char *path)
{
	char *copy;

	for (size_t i = 0; i < paths->a.nr; i++)
		if (!strcmp(paths->a.v[i], path))
			return 0;
	copy = strdup(path);
	if (!copy || bch_array_push(&paths->a, copy)) {
		free(copy);
		return -BCH_ERR_no_memory;
	}
	return 0;
}

void bch_founds_end(struct bch_founds *found)
{
	for (size_t i = 0; i < found->a.nr; i++) {
		free(found->a.v[i].path);
		bch_super_end(&found->a.v[i].super);
	}
	bch_array_end(&found->a);
}

/* ------------------------------------------------------------------ block devices */

static bool file_has_line(const char *path, const char *line)
{
	FILE *f = fopen(path, "re");
	bool found = false;
	char buf[512];

	while (f && !found && fgets(buf, sizeof(buf), f)) {
		buf[strcspn(buf, "\n")] = 0;
		found = !strcmp(buf, line);
	}
	if (f)
		fclose(f);
	return found;
}

/* Does a holder of the device have a device-mapper UUID of multipath? */
static bool held_by_multipath(const char *name)
{
	char path[512];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/block/%s/holders", name);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		char uuid[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/sys/class/block/%.200s/dm/uuid", e->d_name);
		f = fopen(path, "re");
		if (f) {
			found = fgets(uuid, sizeof(uuid), f) && !strncmp(uuid, "mpath-", 6);
			fclose(f);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

/* A path to a disk that has others: the whole is used instead. */
static bool is_multipath_component(const char *name, unsigned major, unsigned minor)
{
	char udev[64];

	snprintf(udev, sizeof(udev), "/run/udev/data/b%u:%u", major, minor);
	return file_has_line(udev, "E:DM_MULTIPATH_DEVICE_PATH=1") || held_by_multipath(name);
}

/* The name that people use for a device-mapper device, else that of the kernel. */
static void device_path(const char *name, char path[512])
{
	char dm[512] = "", sysfs[512];
	FILE *f;

	snprintf(sysfs, sizeof(sysfs), "/sys/class/block/%.200s/dm/name", name);
	f = fopen(sysfs, "re");
	if (f && fgets(dm, 200, f)) {
		dm[strcspn(dm, "\n")] = 0;
		snprintf(path, 512, "/dev/mapper/%.200s", dm);
	}
	if (f)
		fclose(f);
	if (!dm[0] || access(path, F_OK))
		snprintf(path, 512, "/dev/%.200s", name);
}

bool bch_is_multipath_component(const char *path)
{
	const char *name = strrchr(path, '/');
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode) &&
	       is_multipath_component(name ? name + 1 : path, major(st.st_rdev), minor(st.st_rdev));
}

int bch_find_block_devices(struct bch_ctx *ctx, struct bch_paths *paths)
{
	FILE *f = fopen("/proc/partitions", "re");
	char line[512], name[256], path[512];
	unsigned major, minor;
	int err = 0;

	if (!f)
		return bch_error(ctx, bch_errno(errno), "/proc/partitions");
	while (!err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %u %*u %255s", &major, &minor, name) != 3 ||
		    is_multipath_component(name, major, minor))
			continue;
		device_path(name, path);
		err = bch_paths_add(paths, path);
	}
	fclose(f);
	return err;
}

/* ------------------------------------------------------------------ folders */

int bch_find_files(struct bch_ctx *ctx, const char *dir, struct bch_paths *paths)
{
	struct dirent **names;
	int nr = scandir(dir, &names, NULL, alphasort), err = 0;

	if (nr < 0)
		return bch_error(ctx, bch_errno(errno), "%s", dir);
	for (int i = 0; i < nr; i++) {
		char path[4096];
		struct stat st;

		if (!err &&
		    snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) <
			    (int)sizeof(path) &&
		    !stat(path, &st) && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
			err = bch_paths_add(paths, path);
		free(names[i]);
	}
	free(names);
	return err;
}

/* ------------------------------------------------------------------ probing */

struct probe {
	struct bch_ctx *quiet; /* for threads: what fails is passed over */
	const struct bch_paths *paths;
	struct bch_super *supers; /* one a path; without sb where there is none */
};

static int probe_one(void *arg, u64 idx, u32 worker)
{
	struct probe *probe = arg;
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	struct bch_super *super = &probe->supers[idx];

	if (bch_blkdev_open(probe->quiet, probe->paths->a.v[idx], 0, &dev) ||
	    bch_super_read(dev, 0, super))
		bch_super_end(super);
	return 0;
}

/* Takes the superblocks that were read, in the order of the paths. */
static int take_found(struct probe *probe, struct bch_founds *found)
{
	int err = 0;

	for (size_t i = 0; i < probe->paths->a.nr; i++) {
		struct bch_found f = { NULL, probe->supers[i] };

		if (!f.super.sb)
			continue;
		f.path = err ? NULL : strdup(probe->paths->a.v[i]);
		if (!f.path || bch_array_push(&found->a, f)) {
			err = -BCH_ERR_no_memory;
			free(f.path);
			bch_super_end(&f.super);
		}
	}
	return err;
}

int bch_find_members(struct bch_ctx *ctx, const struct bch_paths *paths, struct bch_founds *found)
{
	struct probe probe = { .quiet = bch_ctx_new(NULL, NULL), .paths = paths };
	struct bch_thread_pool *pool = bch_thread_pool_new(
		paths->a.nr < PROBE_THREADS ? (u32)paths->a.nr : PROBE_THREADS, PROBE_THREADS);
	int err = -BCH_ERR_no_memory;

	probe.supers = bch_calloc(paths->a.nr + 1, sizeof(*probe.supers));
	if (probe.quiet && probe.supers && pool) {
		err = bch_thread_pool_for_each(pool, paths->a.nr, probe_one, &probe);
		if (!err)
			err = take_found(&probe, found);
	}
	free(probe.supers);
	bch_thread_pool_free(pool);
	bch_ctx_free(probe.quiet);
	return err;
}
