// SPDX-License-Identifier: GPL-2.0-or-later
/* Zeroing persistent counters. Format reference: 01 §8.10. */

#include <string.h>

#include "ondisk/counters.h"
#include "super/super.h"

static int reset_one(struct bch_fs *fs, const char *name, size_t len)
{
	char copy[64] = "";
	int index = -1;

	if (len < sizeof(copy)) {
		memcpy(copy, name, len);
		index = bch_counter_find(copy, le16_get(fs->super.sb->version));
	}
	if (index < 0)
		return bch_error_whole(fs->ctx, -BCH_ERR_invalid_argument, "invalid counter '%.*s'",
				       (int)len, name);
	bch_super_counter_put(&fs->super, (u32)index, 0);
	return 0;
}

int bch_fs_reset_counters(struct bch_fs *fs, const char *names)
{
	int err = 0;

	if (!names)
		for (u32 i = 0; i < bch_super_counters_nr(&fs->super); i++)
			bch_super_counter_put(&fs->super, i, 0);
	while (!err && names && *names) {
		size_t len = strcspn(names, ",;");

		err = reset_one(fs, names, len);
		names += len + (names[len] != 0);
	}
	return err;
}
