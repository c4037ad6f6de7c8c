// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes: rules and text. Format reference: 04 §3.3, §12.1; 08 §10. */

#include "ondisk/key_subvolume.h"

#include "ondisk/key_private.h"
#include "ondisk/key_snapshot.h"

int bch_key_validate_subvolume(const struct bch_key *k, const struct bch_key_context *c,
			       struct bch_buf *why)
{
	struct bch_subvolume s;

	if (k->pos.inode || !k->pos.offset || k->pos.offset > BCH_SUBVOLUME_ID_MAX)
		return bch_key_why(why, BCH_FSCK_subvol_pos_bad, "no position of a subvolume");

	bch_subvolume_get(&s, k->val.p, k->val.len);
	if (!s.snapshot)
		return bch_key_why(why, BCH_FSCK_subvol_snapshot_bad, "no snapshot");
	if (!s.inode)
		return bch_key_why(why, BCH_FSCK_subvol_inode_bad, "no root directory");
	if (s.pad && c->version >= BCH_SNAPSHOT_STATES_SINCE)
		return bch_key_why(why, BCH_FSCK_subvol_pad_nonzero, "pad is %x", s.pad);
	return BCH_KEY_VALID;
}

#define F(nr, name) [nr] = #name,
static const char *const flag_names[] = { BCH_SUBVOLUME_FLAGS(F) };
#undef F

static void put_flags(struct bch_buf *out, u32 flags)
{
	for (size_t i = 0; i < bch_array_size(flag_names); i++)
		if (flags >> i & 1)
			bch_buf_put(out, " %s", flag_names[i]);
}

/* Before 1.20 without flags; the state since 1.39 says what the flag unlinked said. */
void bch_key_put_subvolume(struct bch_buf *out, const struct bch_key *k,
			   const struct bch_key_context *c)
{
#define S(word, name) { word, #name },
	static const struct bch_state states[] = { BCH_SUBVOLUME_STATES(S){ 0, NULL } };
#undef S
	struct bch_subvolume s;

	bch_subvolume_get(&s, k->val.p, k->val.len);
	bch_buf_put(out, "root %" PRIu64 " snapshot id %u creation_parent %u fs_parent %u", s.inode,
		    s.snapshot, s.creation_parent, s.fs_path_parent);
	if (c->version < BCH_TEXT_1_28)
		return;
	put_flags(out, s.state ? s.flags & ~(1U << BCH_SUBVOLUME_unlinked) : s.flags);
	if (s.state) {
		bch_buf_putc(out, ' ');
		bch_state_put(out, states, s.state);
	}
}

/* clang-format off */
BCH_KEY_FIELDS(subvolume, bch_subvolume_disk,
	BCH_FIELD("flags", flags, 0, 32, 1, BCH_FIELD_SET_OF(flag_names, bch_array_size(flag_names)))
	BCH_SUBVOLUME_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
/* clang-format on */
