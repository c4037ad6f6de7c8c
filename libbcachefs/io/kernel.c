// SPDX-License-Identifier: GPL-2.0-or-later
/* What the running kernel's bcachefs is. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bcachefs/mount.h>
#include "io/io.h"

u16 bch_kernel_version(void)
{
	char line[16];
	unsigned long version;

	if (bch_sysfs_line(line, sizeof(line), "/sys/module/bcachefs/parameters/version"))
		return 0;
	version = strtoul(line, NULL, 10);
	return version > UINT16_MAX ? 0 : (u16)version;
}

bool bch_kernel_has_bcachefs(void)
{
	FILE *f = fopen("/proc/filesystems", "re");
	bool found = !f;
	char line[64];

	while (!found && fgets(line, sizeof(line), f))
		found = !strcmp(line, "\tbcachefs\n");
	if (f)
		fclose(f);
	return found;
}
