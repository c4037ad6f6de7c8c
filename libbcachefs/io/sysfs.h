/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of block devices in /sys. */

#ifndef BCHFS_IO_SYSFS_H
#define BCHFS_IO_SYSFS_H

#include <sys/types.h>

#include <bcachefs/types.h>

/*
 * The first line of a file, without blanks at its end, cut to @size - 1 bytes. Returns 0 or an
 * error, which is not said.
 */
int bch_sysfs_line(char *line, size_t size, const char *path_fmt, ...) bch_printf(3, 4);

/* An attribute of @rdev, or of the disk that it is a partition of. "queue/rotational" */
int bch_sysfs_attribute(char *line, size_t size, dev_t rdev, const char *name);

#endif
