// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshot trees: rules and text. Format reference: 04 §3.2. */

#include "ondisk/key_private.h"
#include "ondisk/key_snapshot.h"

int bch_key_validate_snapshot_tree(const struct bch_key *k, const struct bch_key_context *c,
				   struct bch_buf *why)
{
	if (k->pos.inode || !k->pos.offset || k->pos.offset > BCH_U32_MAX)
		return bch_key_why(why, BCH_FSCK_snapshot_tree_pos_bad,
				   "no position of a snapshot tree");
	return BCH_KEY_VALID;
}

void bch_key_put_snapshot_tree(struct bch_buf *out, const struct bch_key *k,
			       const struct bch_key_context *c)
{
	struct bch_snapshot_tree t;

	bch_snapshot_tree_get(&t, k->val.p, k->val.len);
	bch_buf_put(out, "subvol %u root snapshot %u", t.master_subvol, t.root_snapshot);
}

BCH_KEY_FIELDS(snapshot_tree, bch_snapshot_tree_disk,
	       BCH_SNAPSHOT_TREE_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
