// SPDX-License-Identifier: GPL-2.0-or-later
/* The generation of one bucket. Format reference: 06 §2. */

#include "alloc/alloc.h"

#include "btree/btree.h"
#include "ondisk/key_alloc.h"
#include "ondisk/keys.h"
#include "super/super.h"

int bch_bucket_gen(struct bch_fs *fs, u32 dev_idx, u64 bucket, u8 *gen)
{
	struct bch_pos pos = bch_pos(dev_idx, bucket);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_alloc, pos, pos);
	struct bch_alloc a = { 0 };
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more > 0 && bch_alloc_get(&k, le16_get(fs->super.sb->version), &a) != BCH_KEY_VALID)
		more = -BCH_ERR_btree_node_read_failed;
	*gen = a.gen;
	return more < 0 ? more : 0;
}
