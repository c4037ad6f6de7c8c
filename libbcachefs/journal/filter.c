// SPDX-License-Identifier: GPL-2.0-or-later
/* Which transactions of the journal are wanted: by name, btree, key. CLI 7.2. */

#include "journal/filter.h"

/* ------------------------------------------------------------------ understanding the texts */

/* Takes the sign off a list. */
static bool is_inverse(const char **list)
{
	bool inverse = **list == '-';

	*list += inverse || **list == '+';
	return inverse;
}

/* The next item of a list; false at its end. */
static bool next_item(const char **list, const char **item, size_t *len)
{
	if (!**list)
		return false;
	*item = *list;
	*len = strcspn(*list, ",;");
	*list += *len + ((*list)[*len] != '\0');
	return true;
}

/* -BCH_ERR_option_value where an item is no range. */
static int parse_ranges(const char *list, struct bch_journal_ranges *r)
{
	struct bch_bbpos_range range;
	const char *item;
	size_t len;
	int err = *list ? 0 : -BCH_ERR_option_value;

	*r = (struct bch_journal_ranges){ .inverse = is_inverse(&list) };
	while (!err && next_item(&list, &item, &len))
		err = bch_bbpos_range_parse(item, len, &range) ? bch_array_push(&r->of.a, range)
							       : -BCH_ERR_option_value;
	if (err)
		bch_array_end(&r->of.a);
	return err;
}

static int add_ranges(struct bch_journal_matcher *m, const char *list)
{
	struct bch_journal_ranges r;
	int err = parse_ranges(list, &r);

	if (err)
		return err;
	err = bch_array_push(&m->ranges.a, r);
	if (err)
		bch_array_end(&r.of.a);
	return err;
}

int bch_journal_matcher_init(struct bch_ctx *ctx, const struct bch_journal_filter *filter,
			     struct bch_journal_matcher *m)
{
	int err = 0;

	*m = (struct bch_journal_matcher){ .filter = filter };
	if (filter->btrees && add_ranges(m, filter->btrees))
		return bch_error_whole(ctx, -BCH_ERR_option_value, "bad btree list: %s",
				       filter->btrees);
	for (size_t i = 0; i < filter->nr_keys; i++)
		if (add_ranges(m, filter->keys[i]))
			return bch_error_whole(ctx, -BCH_ERR_option_value, "bad key range: %s",
					       filter->keys[i]);
	if (!filter->transactions)
		return 0;

	/* What 1.13 means by -t. */
	err = add_ranges(m, filter->transactions);
	if (err != -BCH_ERR_option_value)
		return err;
	m->names = filter->transactions;
	m->names_inverse = is_inverse(&m->names);
	return 0;
}

void bch_journal_matcher_end(struct bch_journal_matcher *m)
{
	for (size_t i = 0; i < m->ranges.a.nr; i++)
		bch_array_end(&m->ranges.a.v[i].of.a);
	bch_array_end(&m->ranges.a);
}

bool bch_journal_matcher_filters(const struct bch_journal_matcher *m)
{
	return m->names || m->ranges.a.nr || m->filter->log_only;
}

/* ------------------------------------------------------------------ matching */

static bool ranges_have(const struct bch_journal_ranges *r, u8 btree_id, struct bch_pos pos)
{
	for (size_t i = 0; i < r->of.a.nr; i++)
		if (bch_bbpos_range_has(&r->of.a.v[i], btree_id, pos))
			return true;
	return false;
}

bool bch_journal_matches_key(const struct bch_journal_matcher *m, u8 btree_id,
			     const struct bch_key *k)
{
	for (size_t i = 0; i < m->ranges.a.nr; i++)
		if (!m->ranges.a.v[i].inverse && ranges_have(&m->ranges.a.v[i], btree_id, k->pos))
			return true;
	return false;
}

static bool touches(const struct bch_journal_ranges *r, const struct bch_jset_entry *records,
		    size_t nr)
{
	struct bch_key k;
	int problem;

	for (size_t i = 0; i < nr; i++) {
		struct bch_bytes rest = records[i].payload;

		if (!bch_jset_entry_has_keys(records[i].type))
			continue;
		while (bch_jset_key_next(&rest, &k, &problem))
			if (problem == BCH_KEY_VALID && ranges_have(r, records[i].btree_id, k.pos))
				return true;
	}
	return false;
}

static bool only_logs(const struct bch_jset_entry *records, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (bch_jset_entry_has_keys(records[i].type) && records[i].payload.len)
			return false;
	return true;
}

static bool name_is_listed(const char *list, struct bch_bytes name)
{
	const char *item;
	size_t len;

	while (next_item(&list, &item, &len))
		if (len == name.len && !memcmp(item, name.p, len))
			return true;
	return false;
}

bool bch_journal_matches(const struct bch_journal_matcher *m, const struct bch_jset_entry *records,
			 size_t nr)
{
	bool logs = only_logs(records, nr);

	if (logs ? !m->filter->log && !m->filter->log_only : m->filter->log_only)
		return false;
	if (m->names &&
	    name_is_listed(m->names, bch_jset_entry_log(&records[0])) == m->names_inverse)
		return false;
	for (size_t i = 0; i < m->ranges.a.nr && !logs; i++)
		if (touches(&m->ranges.a.v[i], records, nr) == m->ranges.a.v[i].inverse)
			return false;
	return true;
}
