// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the journal says that the btrees do not have yet: roots, single values, keys. Format reference: 03 §4.5, §6; 08 §3.2.
 *
 * Keys are handed out by age, so that whoever takes them keeps the last of each position. In a rewind the keys that
 * users see are taken from what was overwritten, newest first, so that the oldest stays.
 */

#include "journal/records.h"

#include "ondisk/btree_ids.h"

/* From here on an empty root record means nothing. */
#define VERSION_EMPTY_ROOT_IGNORED BCH_VERSION(1, 20)

struct replay {
	struct bch_journal *j;
	const struct bch_replay_sink *sink;
	struct bch_journal_records records;
	struct bch_key_context context;
	struct bch_key_fs key_fs;
};

static void replay_init(struct replay *r, struct bch_journal *j, const struct bch_replay_sink *sink)
{
	*r = (struct replay){ .j = j, .sink = sink };
	bch_key_fs_init(&r->key_fs, &j->fs->super);
	r->context.version = le16_get(j->fs->super.sb->version);
	r->context.fs = &r->key_fs;
}

static int load(struct replay *r, const struct bch_journal_entry *e)
{
	if (bch_cancelled(r->j->fs->ctx))
		return -BCH_ERR_cancelled;
	return bch_journal_records_load(r->j, e, &r->records);
}

/* Says what is wrong with a key or record of @e, if anything is. */
static bool is_valid(const struct replay *r, const struct bch_journal_entry *e, int problem,
		     const struct bch_buf *why)
{
	if (problem == BCH_KEY_VALID)
		return true;
	bch_journal_problem(r->j, problem, e->seq, "%s", bch_buf_str(why));
	return false;
}

static bool is_valid_key(const struct replay *r, const struct bch_journal_entry *e,
			 const struct bch_jset_entry *record, const struct bch_key *k, int problem)
{
	struct bch_key_context c = bch_jset_key_context(record, &r->context);
	struct bch_buf why bch_auto(buf) = { 0 };

	bch_buf_put(&why, "%s record", bch_jset_entry_type_name(record->type));
	if (problem == BCH_KEY_VALID) {
		bch_buf_puts(&why, ", key at ");
		bch_pos_put(&why, k->pos);
		bch_buf_puts(&why, ": ");
		problem = bch_key_validate(k, &c, &why);
	}
	return is_valid(r, e, problem, &why);
}

/* ------------------------------------------------------------------ early */

static int replay_root(struct replay *r, const struct bch_journal_entry *e,
		       const struct bch_jset_entry *record, bool valid)
{
	struct bch_key k;

	if (record->btree_id >= BCH_BTREE_ID_MAX)
		return 0;
	valid = valid && bch_key_get_unpacked(record->payload, &k) &&
		is_valid_key(r, e, record, &k, BCH_KEY_VALID);
	return r->sink->root(r->sink->arg, record->btree_id, record->level, valid ? &k : NULL);
}

static int replay_value(struct replay *r, const struct bch_jset_entry *record,
			struct bch_replay_state *state)
{
	u64 a = bch_jset_entry_u64(record, 0), b = bch_jset_entry_u64(record, 1);
	struct bch_super *super = &r->j->fs->super;

	switch (record->type) {
	case BCH_JSET_ENTRY_usage:
		if (record->btree_id == BCH_JSET_USAGE_key_version)
			state->key_version = a;
		return 0;
	case BCH_JSET_ENTRY_clock:
		state->clock[a & 1] = b;
		return 0;
	case BCH_JSET_ENTRY_blacklist:
		return a == BCH_U64_MAX
			       ? 0
			       : bch_super_blacklist_add(super, (struct bch_blacklist){ a, a + 1 });
	case BCH_JSET_ENTRY_blacklist_v2:
		return b == BCH_U64_MAX
			       ? 0
			       : bch_super_blacklist_add(super, (struct bch_blacklist){ a, b + 1 });
	case BCH_JSET_ENTRY_rewind:
		state->rewind = (struct bch_rewind){ a, b };
		return 0;
	default:
		return 0;
	}
}

static int replay_early_record(struct replay *r, const struct bch_journal_entry *e,
			       const struct bch_jset_entry *record, struct bch_replay_state *state)
{
	bool is_root = record->type == BCH_JSET_ENTRY_btree_root;
	struct bch_buf why bch_auto(buf) = { 0 };
	bool valid;

	if (is_root && !record->payload.len && r->context.version >= VERSION_EMPTY_ROOT_IGNORED)
		return 0;
	valid = is_valid(r, e, bch_jset_entry_validate(record, &why), &why);
	if (is_root)
		return replay_root(r, e, record, valid);
	return valid ? replay_value(r, record, state) : 0;
}

static int replay_early(struct replay *r, struct bch_replay_state *state)
{
	const struct bch_journal_entry *e = r->j->entries.a.v;
	int err = 0;

	for (size_t i = 0; i < r->j->entries.a.nr && !err; i++) {
		if (e[i].use != BCH_JOURNAL_REPLAYED)
			continue;
		err = load(r, &e[i]);
		for (size_t k = 0; k < r->records.of.a.nr && !err; k++)
			err = replay_early_record(r, &e[i], &r->records.of.a.v[k], state);
		if (!err && r->records.overrun)
			bch_journal_problem(r->j, BCH_FSCK_journal_entry_past_jset_end, e[i].seq,
					    "after %zu records", r->records.of.a.nr);
	}
	return err;
}

int bch_journal_replay_early(struct bch_journal *j, const struct bch_replay_sink *sink,
			     struct bch_replay_state *state)
{
	struct bch_rewind wanted = state->rewind;
	struct replay r;
	int err;

	replay_init(&r, j, sink);
	err = replay_early(&r, state);
	bch_journal_records_end(&r.records);
	if (wanted.from != wanted.to)
		state->rewind = wanted;
	return err;
}

/* ------------------------------------------------------------------ keys */

static int replay_key(struct replay *r, const struct bch_journal_entry *e,
		      const struct bch_jset_entry *record, const struct bch_key *k)
{
	if (record->btree_id == BCH_BTREE_accounting && k->type == BCH_KEY_accounting &&
	    !k->version_lo && !k->version_hi) {
		bch_journal_problem(r->j, BCH_FSCK_accounting_key_version_0, e->seq, "left out");
		return 0;
	}
	return r->sink->key(r->sink->arg, record->btree_id, record->level, k);
}

static int replay_record(struct replay *r, const struct bch_journal_entry *e,
			 const struct bch_jset_entry *record)
{
	struct bch_bytes rest = record->payload;
	struct bch_key k;
	int problem, err = 0;

	while (!err && bch_jset_key_next(&rest, &k, &problem))
		if (is_valid_key(r, e, record, &k, problem))
			err = replay_key(r, e, record, &k);
	return err;
}

/* The keys of an entry that is to be replayed, but for those that the rewind takes from what they overwrote. */
static int replay_entry(struct replay *r, const struct bch_journal_entry *e,
			const struct bch_rewind *rewind)
{
	bool rewound = e->seq > rewind->to && e->seq <= rewind->from;
	int err = e->use == BCH_JOURNAL_REPLAYED ? load(r, e) : 0;

	if (e->use != BCH_JOURNAL_REPLAYED)
		return 0;
	for (size_t i = 0; i < r->records.of.a.nr && !err; i++) {
		const struct bch_jset_entry *record = &r->records.of.a.v[i];

		if (record->type == BCH_JSET_ENTRY_btree_keys &&
		    !(rewound && bch_rewind_takes(record)))
			err = replay_record(r, e, record);
	}
	return err;
}

static int replay_overwrites(struct replay *r, const struct bch_journal_entry *e)
{
	int err = load(r, e);

	for (size_t i = r->records.of.a.nr; i-- > 0 && !err;) {
		const struct bch_jset_entry *record = &r->records.of.a.v[i];

		if (record->type == BCH_JSET_ENTRY_overwrite && bch_rewind_takes(record))
			err = replay_record(r, e, record);
	}
	return err;
}

static int replay_keys(struct replay *r, const struct bch_rewind *rewind)
{
	const struct bch_journal_entry *e = r->j->entries.a.v;
	size_t nr = r->j->entries.a.nr, after_to = nr, after_from = nr;
	int err = 0;

	if (rewind->from != rewind->to) {
		after_to = bch_journal_find(r->j, rewind->to + 1);
		after_from = bch_journal_find(r->j, rewind->from + 1);
	}
	for (size_t i = 0; i < after_from && !err; i++)
		err = replay_entry(r, &e[i], rewind);
	for (size_t i = after_from; i-- > after_to && !err;)
		if (e[i].use != BCH_JOURNAL_BLACKLISTED)
			err = replay_overwrites(r, &e[i]);
	for (size_t i = after_from; i < nr && !err; i++)
		err = replay_entry(r, &e[i], rewind);
	return err;
}

int bch_journal_replay_keys(struct bch_journal *j, const struct bch_replay_sink *sink,
			    const struct bch_rewind *rewind)
{
	struct replay r;
	int err;

	replay_init(&r, j, sink);
	err = replay_keys(&r, rewind);
	bch_journal_records_end(&r.records);
	return err;
}
