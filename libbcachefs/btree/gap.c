// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gaps between the children of an interior node: what was there is lost, and readers go on behind. Format reference: 02
 * §9.4 (2), §11.6.
 *
 * Who looks up one key after the other comes to the same gap again and again: the last few are remembered, so that each
 * is said once as a rule.
 */

#include "btree/private.h"

static bool is_same(const struct bch_gap *a, const struct bch_gap *b)
{
	return a->btree_id == b->btree_id && a->level == b->level && !bch_pos_compare(a->to, b->to);
}

/* Remembers it. */
static bool was_said(struct bch_btrees *b, const struct bch_gap *gap)
{
	bool said = false;

	pthread_mutex_lock(&b->gaps.lock);
	for (size_t i = 0; i < b->gaps.nr && i < BCH_GAPS_REMEMBERED; i++)
		said |= is_same(&b->gaps.v[i], gap);
	if (!said)
		b->gaps.v[b->gaps.nr++ % BCH_GAPS_REMEMBERED] = *gap;
	pthread_mutex_unlock(&b->gaps.lock);
	return said;
}

void bch_btree_gap_warn(struct bch_fs *fs, const struct bch_gap *gap)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	if (was_said(fs->btrees, gap))
		return;
	bch_buf_puts(&line, "btree ");
	bch_btree_name_put(&line, gap->btree_id, fs->btrees->rules.version);
	bch_buf_put(&line, ", level %u: %s: no node for keys from ", gap->level,
		    bch_fsck_error_name(BCH_FSCK_btree_node_topology_gap_between_nodes));
	bch_pos_put(&line, gap->from);
	bch_buf_puts(&line, " to ");
	bch_pos_put(&line, gap->to);
	bch_log(fs->ctx, BCH_LOG_warn, "%s", bch_buf_str(&line));
}
