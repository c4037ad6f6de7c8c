// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys that another version does not have, or has in another form, as pending changes. Format reference: 04 §13, 05 §15,
 * 06 §2.6.
 *
 * What follows from other keys is not made here: the check compares it with what the version to come wants.
 */

#include "commit/commit.h"
#include "ondisk/key_alloc.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_inode_cursor.h"
#include "ondisk/key_reflink.h"
#include "ondisk/key_snapshot.h"
#include "ops/upgrade.h"

/* What a key becomes; type deleted: nothing. */
struct become {
	struct bch_key k;
	u8 val[BCH_INODE_VAL_MAX];
};

static void take_value(struct become *b, size_t len)
{
	b->k.val = (struct bch_bytes){ b->val, len };
}

static void take_nothing(struct become *b)
{
	b->k = (struct bch_key){ .pos = b->k.pos };
}

/* ------------------------------------------------------------------ the conversions: 1 where the key becomes another */

/* A field that older software left or used otherwise became a sequence number. 06 §2.6 */
static int convert_alloc(const struct bch_reversion *r, struct become *b)
{
	struct bch_alloc old, new;

	if (bch_alloc_get(&b->k, r->from, &old) != BCH_KEY_VALID ||
	    bch_alloc_get(&b->k, r->to, &new) != BCH_KEY_VALID ||
	    (!old.journal_seq_empty && !new.journal_seq_empty))
		return 0;
	new.journal_seq_empty = 0;
	bch_alloc_put(&new, r->to, b->val);
	b->k.type = BCH_KEY_alloc_v4;
	take_value(b, BCH_ALLOC_V4_LEN);
	return 1;
}

/* Flags are a part of the index to older software. One that leads nowhere is an error key there. 05 §6.4 */
static int convert_reflink(const struct bch_reversion *r, struct become *b)
{
	struct bch_reflink_p p;

	if (b->k.type != BCH_KEY_reflink_p)
		return 0;
	p = bch_reflink_p_get(&b->k, r->from);
	if (!p.error && !p.may_update_opts)
		return 0;
	p.may_update_opts = false;
	bch_reflink_p_put(&p, r->to, b->val);
	take_value(b, p.error ? 0 : BCH_REFLINK_P_LEN);
	b->k.type = p.error ? BCH_KEY_error : BCH_KEY_reflink_p;
	return 1;
}

static int convert_cursor(const struct bch_reversion *r, struct become *b)
{
	if (b->k.type != BCH_KEY_inode_alloc_cursor)
		return 0;
	take_nothing(b);
	return 1;
}

/* The mark that a deleted snapshot leaves: older software has none of its number either. 04 §13.3 */
static int convert_snapshot(const struct bch_reversion *r, struct become *b)
{
	struct bch_snapshot s;

	if (b->k.type != BCH_KEY_snapshot)
		return 0;
	bch_snapshot_get(&s, b->k.val.p, b->k.val.len);
	if (s.flags >> BCH_SNAPSHOT_deleted & 1) {
		take_nothing(b);
		return 1;
	}
	if (!(s.flags >> BCH_SNAPSHOT_no_keys & 1))
		return 0;
	s.flags &= ~(1U << BCH_SNAPSHOT_no_keys);
	bch_snapshot_put(&s, b->val, b->k.val.len);
	take_value(b, b->k.val.len);
	return 1;
}

/* ------------------------------------------------------------------ inodes */

/* Since when flags and options of inodes are known. 04 §6.5, §6.9 */
static const struct {
	u16 since;
	u32 flags, options;
} inode_bits[] = {
	{ BCH_VERSION(1, 13), 1U << BCH_INODE_has_child_snapshot, 0 },
	{ BCH_VERSION(1, 18), 0, 1U << 10 },
	{ BCH_VERSION(1, 24), 0, 1U << 11 },
	{ BCH_VERSION(1, 28), 1U << BCH_INODE_has_case_insensitive, 0 },
};

static void drop_inode_bits(const struct bch_reversion *r, struct bch_inode *inode)
{
	for (size_t i = 0; i < bch_array_size(inode_bits); i++)
		if (bch_crosses_down(r, inode_bits[i].since)) {
			inode->bi_flags &= ~inode_bits[i].flags;
			inode->bi_fields_set &= (u16)~inode_bits[i].options;
		}
}

static int convert_inode(const struct bch_reversion *r, struct become *b)
{
	struct bch_inode old, new;
	size_t len;

	if (!bch_key_is_inode(&b->k) || !bch_inode_get(&b->k, &old))
		return 0;
	new = old;
#define DROP(name, bits, since)         \
	if (bch_crosses_down(r, since)) \
		new.name = 0;
	BCH_INODE_LATER_FIELDS(DROP)
#undef DROP
	drop_inode_bits(r, &new);
	if (!memcmp(&old, &new, sizeof(old)))
		return 0;
	len = bch_inode_put(&new, b->val);
	if (!len)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_not_supported,
				       "inode %" PRIu64 " has fields that are not known",
				       b->k.pos.offset);
	b->k.type = BCH_KEY_inode_v3;
	take_value(b, len);
	return 1;
}

/* ------------------------------------------------------------------ all */

/* The version below which the btree's keys must be others, and what becomes of each. */
static const struct conversion {
	u16 since;
	u8 btree_id;
	int (*convert)(const struct bch_reversion *r, struct become *b);
} removals[] = {
	{ BCH_VERSION(1, 13), BCH_BTREE_inodes, convert_inode },
	{ BCH_VERSION(1, 17), BCH_BTREE_inodes, convert_inode },
	{ BCH_VERSION(1, 18), BCH_BTREE_inodes, convert_inode },
	{ BCH_VERSION(1, 24), BCH_BTREE_inodes, convert_inode },
	{ BCH_VERSION(1, 28), BCH_BTREE_inodes, convert_inode },
	{ BCH_VERSION(1, 16), BCH_BTREE_extents, convert_reflink },
	{ BCH_VERSION(1, 18), BCH_BTREE_logged_ops, convert_cursor },
	{ BCH_VERSION(1, 26), BCH_BTREE_snapshots, convert_snapshot },
};

static const struct conversion two_seqs = { BCH_VERSION(1, 20), BCH_BTREE_alloc, convert_alloc };

/* The next key that becomes another, from @from on: 1, 0 at the end, or an error. */
static int next(const struct bch_reversion *r, const struct conversion *c, struct bch_pos from,
		struct become *b)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(r->fs, c->btree_id, from, BCH_SPOS_MAX);
	int found = 0, more;

	while (!found && (more = bch_cursor_next(&cur, &b->k))) {
		if (more < 0 || bch_cancelled(r->fs->ctx))
			return more < 0 ? more : -BCH_ERR_cancelled;
		found = c->convert(r, b);
	}
	return found;
}

static int convert_all(const struct bch_reversion *r, const struct conversion *c, unsigned flags)
{
	struct bch_pos from = BCH_POS_MIN;
	struct become b;
	int more, err = 0;

	while (!err && (more = next(r, c, from, &b))) {
		if (more < 0)
			return more;
		err = bch_update(r->fs, c->btree_id, &b.k, flags);
		from = bch_pos_successor(b.k.pos);
	}
	return err;
}

int bch_reversion_remove(const struct bch_reversion *r)
{
	int err = 0;

	for (size_t i = 0; i < bch_array_size(removals) && !err; i++)
		if (bch_crosses_down(r, removals[i].since))
			err = convert_all(r, &removals[i], 0);
	return err;
}

int bch_reversion_alloc(const struct bch_reversion *r)
{
	bool crosses = bch_crosses_up(r, two_seqs.since) || bch_crosses_down(r, two_seqs.since);

	return crosses ? convert_all(r, &two_seqs, BCH_UPDATE_QUIET) : 0;
}
