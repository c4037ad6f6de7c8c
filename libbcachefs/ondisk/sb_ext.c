// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes to run, errors to repair silently, btrees that lost data: ext. Format reference: 01 §8.12, 08 §2.4. */

#include <string.h>

#include "ondisk/btree_ids.h"
#include "ondisk/error_ids.h"
#include "ondisk/passes.h"
#include "ondisk/sb_private.h"

void bch_super_ext(const struct bch_super *super, struct bch_sb_ext *ext)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_ext);

	*ext = (struct bch_sb_ext){ 0 };
	if (body.p)
		bch_sb_ext_get(ext, body.p, body.len);
}

int bch_super_ext_put(struct bch_super *super, const struct bch_sb_ext *ext)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_ext);
	int err = body.p ? 0 : bch_super_section_resize(super, BCH_SECTION_ext, BCH_SB_EXT_MIN + 8);

	if (err)
		return err;
	body = bch_super_section(super, BCH_SECTION_ext);
	bch_sb_ext_put(ext, bch_super_section_mut(super, BCH_SECTION_ext), body.len);
	return 0;
}

int bch_sb_validate_ext(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			struct bch_buf *why)
{
	if (body.len < BCH_SB_EXT_MIN)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_ext, "too small (%zu bytes, min %u)",
				  body.len + 8, BCH_SB_EXT_MIN + 8);
	return 0;
}

/* The names of the bits of @nr words. */
static void show_bits(struct bch_facts *facts, const char *label, const u64 *words, u32 nr,
		      const char *(*name)(u64 bit))
{
	struct bch_buf list bch_auto(buf) = { 0 };

	for (u32 bit = 0; bit < nr * 64; bit++) {
		const char *s;

		if (!(words[bit / 64] >> bit % 64 & 1))
			continue;
		s = name(bit);
		bch_buf_puts(&list, list.len ? "," : "");
		if (s)
			bch_buf_puts(&list, s);
		else
			bch_buf_put(&list, "unknown(%u)", bit);
	}
	bch_fact(facts, label, "%s", bch_buf_str(&list));
}

static const char *btree_name(u64 id)
{
	return id < BCH_BTREE_NR ? bch_btree_names[id] : NULL;
}

void bch_sb_show_ext(struct bch_facts *facts, const struct bch_sb_show *show, struct bch_bytes body)
{
	struct bch_sb_ext ext;

	bch_sb_ext_get(&ext, body.p, body.len);
	show_bits(facts, "Recovery passes required", ext.recovery_passes_required, 1,
		  bch_pass_name);
	show_bits(facts, "Errors to silently fix", ext.errors_silent, 8, bch_fsck_error_name);
	show_bits(facts, "Btrees with missing data", &ext.btrees_lost_data, 1, btree_name);
	if (body.len < sizeof(struct bch_sb_ext_disk))
		return;
	show_bits(facts, "Btrees that ever had missing data", &ext.btrees_lost_data_ever, 1,
		  btree_name);
	show_bits(facts, "Btrees clean", &ext.btrees_clean, 1, btree_name);
}
