// SPDX-License-Identifier: GPL-2.0-or-later
/* The filesystem's key, wrapped or in the clear: crypt. Format reference: 01 §8.4. */

#include "ondisk/sb_private.h"

#define CRYPT_BYTES sizeof(struct bch_sb_crypt_disk)

bool bch_super_crypt(const struct bch_super *super, struct bch_sb_crypt *crypt)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_crypt);

	if (!bch_bytes_view(body, 0, CRYPT_BYTES))
		return false;
	bch_sb_crypt_get(crypt, body.p, body.len);
	return true;
}

int bch_super_crypt_put(struct bch_super *super, const struct bch_sb_crypt *crypt)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_crypt);
	int err = body.p ? 0 : bch_super_section_resize(super, BCH_SECTION_crypt, CRYPT_BYTES);

	if (!err)
		bch_sb_crypt_put(crypt, bch_super_section_mut(super, BCH_SECTION_crypt),
				 CRYPT_BYTES);
	return err;
}

int bch_sb_validate_crypt(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			  struct bch_buf *why)
{
	struct bch_sb_crypt crypt;

	if (!bch_bytes_view(body, 0, CRYPT_BYTES))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_crypt,
				  "wrong size (got %zu should be %zu)", body.len + 8,
				  CRYPT_BYTES + 8);
	bch_sb_crypt_get(&crypt, body.p, body.len);
	if (crypt.flags & 0xf)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_crypt, "bad kdf type %" PRIu64,
				  crypt.flags & 0xf);
	return 0;
}

void bch_sb_show_crypt(struct bch_facts *facts, const struct bch_sb_show *show,
		       struct bch_bytes body)
{
	struct bch_sb_crypt crypt;

	bch_sb_crypt_get(&crypt, body.p, body.len);
	bch_fact_u64(facts, "KFD", crypt.flags & 0xf);
	bch_fact_u64(facts, "scrypt n", bch_bits_get(crypt.kdf_flags, 0, 16));
	bch_fact_u64(facts, "scrypt r", bch_bits_get(crypt.kdf_flags, 16, 32));
	bch_fact_u64(facts, "scrypt p", bch_bits_get(crypt.kdf_flags, 32, 48));
}
