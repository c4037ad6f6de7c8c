// SPDX-License-Identifier: GPL-2.0-or-later
/* A superblock in a dump. Format reference: 01 §8.4, §8.8; 08 §2.5. */

#include "ops/dump_private.h"

static int clear_key(const struct bch_dump_edit *e, struct bch_super *super)
{
	struct bch_wrapped_key wrapped;
	struct bch_sb_crypt crypt;

	if (!bch_super_crypt(super, &crypt))
		return 0;
	bch_key_store_clear(e->fs->key, &wrapped);
	memcpy(crypt.key, wrapped.b, sizeof(crypt.key));
	return bch_super_crypt_put(super, &crypt);
}

static void edit_clean_section(const struct bch_dump_edit *e, struct bch_super *super)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_clean);
	u8 *p = bch_super_section_mut(super, BCH_SECTION_clean);

	if (body.len > sizeof(struct sb_clean))
		bch_dump_edit_records(e, p + sizeof(struct sb_clean),
				      body.len - sizeof(struct sb_clean));
}

int bch_dump_edit_super(const struct bch_dump_edit *e, struct bch_super *super, u64 sector)
{
	int err = e->clear_key ? clear_key(e, super) : 0;

	if (err)
		return err;
	if (e->names)
		bch_sb_flag_set(super->sb, BCH_SB_DIRENTS_SANITIZED, 1);
	if (bch_dump_edits_keys(e))
		edit_clean_section(e, super);
	return e->clear_key || bch_dump_edits_keys(e) ? bch_super_seal(super, sector) : 0;
}
