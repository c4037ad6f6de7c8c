// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes made, snapshotted, and taken away. Format reference: 04 §3, §4. */

#include "file/private.h"

int bch_subvolume_write(struct bch_fs *fs, u32 id, const struct bch_subvolume *s)
{
	struct bch_subvolume_disk val;
	size_t len = offsetof(struct bch_subvolume_disk, state); /* states came after 1.28 */
	const struct bch_key k = {
		.pos = bch_pos(0, id),
		.type = BCH_KEY_subvolume,
		.val = { (const u8 *)&val, len },
	};

	bch_subvolume_put(s, &val, len);
	return bch_update(fs, BCH_BTREE_subvolumes, &k, 0);
}
