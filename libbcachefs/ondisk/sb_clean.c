// SPDX-License-Identifier: GPL-2.0-or-later
/* What a clean shutdown leaves: btree roots, clocks, the journal's place. Format reference: 01 §8.8. */

#include <stdio.h>

#include "ondisk/bkey.h"
#include "ondisk/btree_ids.h"
#include "ondisk/sb_private.h"

/* Sequence numbers end here: 01 §8.8. */
#define JOURNAL_SEQ_MAX ((1ULL << 63) - 1)

#define CLOCK_BYTES	  16
#define USAGE_KEY_VERSION 2

int bch_jset_entry_next(struct bch_bytes *rest, struct bch_jset_entry *entry)
{
	const struct jset_entry *h = bch_bytes_view(*rest, 0, sizeof(*h));
	size_t len;

	if (!rest->len)
		return 0;
	if (!h)
		return -BCH_ERR_invalid_sb_clean;
	len = (size_t)le16_get(h->u64s) * 8;
	if (!bch_bytes_view(*rest, sizeof(*h), len))
		return -BCH_ERR_invalid_sb_clean;

	*entry = (struct bch_jset_entry){ .btree_id = h->btree_id,
					  .level = h->level,
					  .type = h->type,
					  .payload = { rest->p + sizeof(*h), len } };
	rest->p += sizeof(*h) + len;
	rest->len -= sizeof(*h) + len;
	return 1;
}

int bch_sb_validate_clean(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			  struct bch_buf *why)
{
	const struct sb_clean *clean = bch_bytes_view(body, 0, sizeof(*clean));
	struct bch_bytes rest = bch_bytes_from(body, sizeof(*clean));
	struct bch_jset_entry entry;
	int more;

	if (!clean)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_clean,
				  "wrong size (got %zu should be %zu)", body.len + 8,
				  sizeof(*clean) + 8);
	if (le64_get(clean->journal_seq) > JOURNAL_SEQ_MAX)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_clean,
				  "journal sequence number too big");
	while ((more = bch_jset_entry_next(&rest, &entry)) > 0)
		;
	return more ? bch_sb_why(why, more, "entry past the end of the section") : 0;
}

static const char *btree_name(u8 id, char number[8])
{
	if (id < BCH_BTREE_NR)
		return bch_btree_names[id];
	snprintf(number, 8, "%u", id);
	return number;
}

static u64 payload_u64(const struct bch_jset_entry *e, size_t at)
{
	const le64 *v = bch_bytes_view(e->payload, at, sizeof(*v));

	return v ? le64_get(*v) : 0;
}

static void put_root(struct bch_buf *out, const struct bch_jset_entry *e)
{
	char number[8];
	struct bch_key k;

	bch_buf_put(out, "btree_root: btree=%s l=%u ", btree_name(e->btree_id, number), e->level);
	if (bch_key_get_unpacked(e->payload, &k))
		bch_key_put(out, &k);
	else
		bch_buf_puts(out, "(invalid key)");
}

static void put_usage(struct bch_buf *out, const struct bch_jset_entry *e)
{
	bch_buf_puts(out, "usage: type=");
	if (e->btree_id == USAGE_KEY_VERSION)
		bch_buf_puts(out, "key_version");
	else
		bch_buf_put(out, "%u", e->btree_id);
	bch_buf_put(out, " v=%" PRIu64, payload_u64(e, 0));
}

static void put_entry(struct bch_buf *out, const struct bch_jset_entry *e)
{
	if (e->type == BCH_JSET_ENTRY_btree_root)
		put_root(out, e);
	else if (e->type == BCH_JSET_ENTRY_usage && e->payload.len >= 8)
		put_usage(out, e);
	else if (e->type == BCH_JSET_ENTRY_clock && e->payload.len == CLOCK_BYTES)
		bch_buf_put(out, "clock: %s=%" PRIu64, e->payload.p[0] ? "write" : "read",
			    payload_u64(e, 8));
	else
		bch_buf_put(out, "entry of type %u, %zu bytes", e->type, e->payload.len);
}

void bch_sb_show_clean(struct bch_facts *facts, const struct bch_sb_show *show,
		       struct bch_bytes body)
{
	const struct sb_clean *clean = bch_bytes_view(body, 0, sizeof(*clean));
	struct bch_bytes rest = bch_bytes_from(body, sizeof(*clean));
	struct bch_jset_entry e;

	if (!clean)
		return;
	bch_fact_u64(facts, "flags", le32_get(clean->flags));
	bch_fact_u64(facts, "journal_seq", le64_get(clean->journal_seq));

	bch_facts_list(facts, "entries");
	while (bch_jset_entry_next(&rest, &e) > 0) {
		struct bch_buf line bch_auto(buf) = { 0 };

		if (e.type == BCH_JSET_ENTRY_btree_keys && !e.payload.len)
			continue; /* the section's spare room */
		put_entry(&line, &e);
		bch_facts_heading(facts, "%s", bch_buf_str(&line));
		bch_fact_json_str(facts, NULL, bch_buf_str(&line));
	}
	bch_facts_end(facts);
}
