// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes of extent entries by type, so that unknown ones can be skipped: extent_type_u64s. Format reference: 08 §2.2. */

#include <string.h>

#include "ondisk/key_extent.h"
#include "ondisk/sb_private.h"

static const u8 known[] = {
#define E(nr, name, u64s) [nr] = u64s,
	BCH_EXTENT_ENTRIES(E)
#undef E
};

u32 bch_super_extent_type_u64s(const struct bch_super *super, u32 type)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_extent_type_u64s);

	return type < body.len && !memchr(body.p, 0, type) ? body.p[type] : 0;
}

int bch_sb_validate_extent_type_u64s(const struct bch_super *super, struct bch_bytes body,
				     unsigned flags, struct bch_buf *why)
{
	for (u32 i = 0; i < body.len && i < bch_array_size(known) && body.p[i]; i++)
		if (body.p[i] != known[i])
			return bch_sb_why(why, -BCH_ERR_invalid_sb_extent_type_u64s,
					  "extent entry type %u has %u u64s, should be %u", i,
					  body.p[i], known[i]);
	return 0;
}

void bch_sb_show_extent_type_u64s(struct bch_facts *facts, const struct bch_sb_show *show,
				  struct bch_bytes body)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	for (u32 i = 0; i < body.len && body.p[i]; i++)
		bch_buf_put(&line, "%s%u", i ? " " : "", body.p[i]);
	bch_fact(facts, "u64s by type", "%s", bch_buf_str(&line));
}
