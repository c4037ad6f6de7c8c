// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel tells of block devices in /sys. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <bcachefs/buf.h>

#include "io/io.h"
#include "io/sysfs.h"

static int read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return bch_errno(errno);
	if (!fgets(line, (int)size, file))
		line[0] = '\0';
	fclose(file);

	len = strlen(line);
	while (len && strchr(" \t\n", line[len - 1]))
		line[--len] = '\0';
	return 0;
}

int bch_sysfs_line(char *line, size_t size, const char *path_fmt, ...)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	va_list args;

	va_start(args, path_fmt);
	bch_buf_vput(&path, path_fmt, args);
	va_end(args);
	return bch_buf_failed(&path) ? -BCH_ERR_no_memory
				     : read_line(bch_buf_str(&path), line, size);
}

int bch_sysfs_attribute(char *line, size_t size, dev_t rdev, const char *name)
{
	int err = bch_sysfs_line(line, size, "/sys/dev/block/%u:%u/%s", major(rdev), minor(rdev),
				 name);

	if (err == -BCH_ERR_not_found)
		err = bch_sysfs_line(line, size, "/sys/dev/block/%u:%u/../%s", major(rdev),
				     minor(rdev), name);
	return err;
}

char *bch_blkdev_model(const char *path)
{
	char model[128];
	struct stat st;

	if (stat(path, &st) || !S_ISBLK(st.st_mode) ||
	    bch_sysfs_attribute(model, sizeof(model), st.st_rdev, "device/model") || !model[0])
		return NULL;
	return strdup(model);
}

char *bch_blkdev_short_name(const char *path, bool mapper)
{
	struct bch_buf out bch_auto(buf) = { 0 };
	char name[256], *whole = NULL;
	const char *slash;
	struct stat st;

	if (!stat(path, &st) && S_ISBLK(st.st_mode)) {
		if (mapper && !bch_sysfs_line(name, sizeof(name), "/sys/dev/block/%u:%u/dm/name",
					      major(st.st_rdev), minor(st.st_rdev))) {
			bch_buf_put(&out, "/dev/mapper/%s", name);
			return bch_buf_take(&out);
		}
		whole = realpath(path, NULL);
	}
	slash = strrchr(whole ? whole : path, '/');
	bch_buf_puts(&out, slash ? slash + 1 : path);
	free(whole);
	return bch_buf_take(&out);
}

/* The number of the whole disk, as sysfs writes it. */
static bool disk_of(const char *path, char disk[32])
{
	struct stat st;
	char partition[32];

	if (stat(path, &st) || !S_ISBLK(st.st_mode))
		return false;
	if (!bch_sysfs_line(partition, sizeof(partition), "/sys/dev/block/%u:%u/partition",
			    major(st.st_rdev), minor(st.st_rdev)))
		return !bch_sysfs_line(disk, 32, "/sys/dev/block/%u:%u/../dev", major(st.st_rdev),
				       minor(st.st_rdev));
	snprintf(disk, 32, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return true;
}

bool bch_blkdev_same_disk(const char *a, const char *b)
{
	char disk_a[32], disk_b[32];

	return disk_of(a, disk_a) && disk_of(b, disk_b) && !strcmp(disk_a, disk_b);
}
