// SPDX-License-Identifier: GPL-2.0-or-later
/* Which errors damaged an inode: rules and text. Format reference: 08 §12; the entries: 08 §2.3. */

#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

#define ENTRY_BYTES 16

/* Entry @i of a damage key, as those of the superblock's section. False after the last. */
static bool get_entry(const struct bch_key *k, u32 i, struct bch_sb_error *e)
{
	return bch_sb_error_get(k->val, BCH_SECTION_errors_v2, i, e);
}

int bch_key_validate_damage(const struct bch_key *k, const struct bch_key_context *c,
			    struct bch_buf *why)
{
	struct bch_sb_error e;
	u16 last_id = 0;

	if (!k->val.len || k->val.len % ENTRY_BYTES)
		return bch_key_why(why, BCH_FSCK_damage_entries_bad, "%zu bytes of entries",
				   k->val.len);
	for (u32 i = 0; get_entry(k, i, &e); i++) {
		if (e.id <= last_id)
			return bch_key_why(why, BCH_FSCK_damage_entries_bad, "id %u after %u", e.id,
					   last_id);
		if (e.first_time > e.last_time)
			return bch_key_why(why, BCH_FSCK_damage_entries_bad,
					   "id %u: first %" PRIu64 " after last %" PRIu64, e.id,
					   e.first_time, e.last_time);
		last_id = e.id;
	}
	return BCH_KEY_VALID;
}

void bch_key_put_damage(struct bch_buf *out, const struct bch_key *k,
			const struct bch_key_context *c)
{
	struct bch_sb_error e;

	for (u32 i = 0; get_entry(k, i, &e); i++) {
		const char *name = bch_fsck_error_name(e.id);

		if (i)
			bch_buf_puts(out, ", ");
		if (name)
			bch_buf_puts(out, name);
		else
			bch_buf_put(out, "unknown(%u)", e.id);
		bch_buf_put(out, " nr %" PRIu64 " first %" PRIu64 " last %" PRIu64, e.nr,
			    e.first_time, e.last_time);
	}
}
