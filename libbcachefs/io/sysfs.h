/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of block devices in /sys. */

#ifndef BCHFS_IO_SYSFS_H
#define BCHFS_IO_SYSFS_H

#include <sys/types.h>

#include <bcachefs/types.h>

/* An attribute of @rdev, or of the disk that it is a partition of. "queue/rotational" */
int bch_sysfs_attribute(char *line, size_t size, dev_t rdev, const char *name);

#endif
