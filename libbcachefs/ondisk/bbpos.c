// SPDX-License-Identifier: GPL-2.0-or-later
/* Positions, btrees and ranges of both as users write them. CLI 2.4. */

#include "ondisk/bbpos.h"

#include "base/checked.h"
#include "ondisk/btree_ids.h"
#include "ondisk/pos.h"

struct text {
	const char *p;
	size_t len;
};

static bool is(struct text t, const char *word)
{
	return t.len == strlen(word) && !memcmp(t.p, word, t.len);
}

/* Cuts off what stands before @sep, which is cut off too; false where there is none. */
static bool cut(struct text *rest, char sep, struct text *head)
{
	const char *at = memchr(rest->p, sep, rest->len);

	if (!at)
		return false;
	*head = (struct text){ rest->p, (size_t)(at - rest->p) };
	rest->len -= head->len + 1;
	rest->p = at + 1;
	return true;
}

static bool parse_number(struct text t, u64 max, u64 *n)
{
	*n = is(t, "U64_MAX") ? BCH_U64_MAX : is(t, "U32_MAX") ? BCH_U32_MAX : 0;
	if (*n)
		return *n <= max;
	for (size_t i = 0; i < t.len; i++)
		if (t.p[i] < '0' || t.p[i] > '9' || !bch_mul(*n, 10U, n) ||
		    !bch_add(*n, (u64)(t.p[i] - '0'), n))
			return false;
	return t.len && *n <= max;
}

/* Those that have a name of their own. */
static bool parse_pos_name(struct text t, struct bch_pos *pos)
{
	if (is(t, "POS_MIN"))
		*pos = BCH_POS_MIN;
	else if (is(t, "POS_MAX"))
		*pos = bch_pos(BCH_U64_MAX, BCH_U64_MAX);
	else if (is(t, "SPOS_MAX"))
		*pos = BCH_SPOS_MAX;
	else
		return false;
	return true;
}

bool bch_pos_parse(const char *text, size_t len, u32 no_snapshot, struct bch_pos *pos)
{
	struct text rest = { text, len }, inode, offset;
	u64 snapshot = no_snapshot;

	if (parse_pos_name(rest, pos))
		return true;
	if (!cut(&rest, ':', &inode))
		return false;
	if (!cut(&rest, ':', &offset))
		offset = rest;
	else if (!parse_number(rest, BCH_U32_MAX, &snapshot))
		return false;
	pos->snapshot = (u32)snapshot;
	return parse_number(inode, BCH_U64_MAX, &pos->inode) &&
	       parse_number(offset, BCH_U64_MAX, &pos->offset);
}

bool bch_btree_parse(const char *text, size_t len, u8 *btree_id)
{
	struct text name = { text, len };
	u64 n;

	for (u8 i = 0; i < BCH_BTREE_NR; i++)
		if (is(name, bch_btree_names[i])) {
			*btree_id = i;
			return true;
		}
	if (is(name, "reconcile_work"))
		n = BCH_BTREE_rebalance_work;
	else if (!parse_number(name, BCH_BTREE_ID_MAX - 1, &n))
		return false;
	*btree_id = (u8)n;
	return true;
}

/* "BTREE:POS". */
static bool parse_bbpos(struct text t, u32 no_snapshot, u8 *btree_id, struct bch_pos *pos)
{
	struct text btree;

	return cut(&t, ':', &btree) && bch_btree_parse(btree.p, btree.len, btree_id) &&
	       bch_pos_parse(t.p, t.len, no_snapshot, pos);
}

bool bch_bbpos_range_parse(const char *text, size_t len, struct bch_bbpos_range *r)
{
	struct text last = { text, len }, first;

	if (bch_btree_parse(text, len, &r->first_btree)) {
		r->last_btree = r->first_btree;
		r->first = BCH_POS_MIN;
		r->last = BCH_SPOS_MAX;
		return true;
	}
	if (!cut(&last, '-', &first))
		first = last;
	return parse_bbpos(first, 0, &r->first_btree, &r->first) &&
	       parse_bbpos(last, BCH_U32_MAX, &r->last_btree, &r->last);
}

bool bch_bbpos_range_has(const struct bch_bbpos_range *r, u8 btree_id, struct bch_pos pos)
{
	if (btree_id < r->first_btree || btree_id > r->last_btree)
		return false;
	return (btree_id > r->first_btree || bch_pos_compare(pos, r->first) >= 0) &&
	       (btree_id < r->last_btree || bch_pos_compare(pos, r->last) <= 0);
}
