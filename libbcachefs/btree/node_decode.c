// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoding a node: its sets of keys are checked, decrypted and put in order. Format reference: 02 §7, §8, §11. */

#include "btree/node.h"

#include "ondisk/btree_ids.h"

#define VERSION_READ_MIN BCH_VERSION(0, 12)

/* The entry of node->keys whose value breaks a rule: left out when all sets are merged. */
#define VALUE_IS_BAD (1U << 31)

/* Problems that more than the key or the set of keys suffers from. Format reference: 02 §11.2. */
/* clang-format off */
#define GRADES(G)					\
	G(btree_node_bad_magic,			UNUSABLE) \
	G(btree_node_bad_seq,			UNUSABLE) \
	G(btree_node_unsupported_version,	UNUSABLE) \
	G(btree_node_bad_btree,			UNUSABLE) \
	G(btree_node_bad_level,			UNUSABLE) \
	G(btree_node_bad_min_key,		UNUSABLE) \
	G(btree_node_bad_max_key,		UNUSABLE) \
	G(btree_node_bad_format,		UNUSABLE) \
	G(bset_unknown_csum,			DOUBTFUL) \
	G(bset_bad_csum,			DOUBTFUL) \
	G(bset_past_end_of_btree_node,		DOUBTFUL) \
	G(bset_wrong_sector_offset,		DOUBTFUL) \
	G(btree_node_data_missing,		DOUBTFUL) \
	G(btree_node_bset_after_end,		DOUBTFUL)
/* clang-format on */

static enum bch_node_grade grade_of(int id)
{
	switch (id) {
#define G(name, grade)        \
	case BCH_FSCK_##name: \
		return BCH_NODE_##grade;
		GRADES(G)
#undef G
	default:
		return BCH_NODE_GOOD;
	}
}

/* A node being decoded. The first error of memory ends it. */
struct decode {
	const struct bch_node_rules *rules;
	const struct bch_node_want *want;
	struct bch_btree_node *node;
	struct bch_bytes bytes;
	struct bch_key_context context;
	bool is_sealed; /* the checksum of the set at hand is right: what it says of versions counts */
	struct bch_key_places run;    /* the keys of one set, as in node->keys */
	struct bch_key_places merged; /* scratch */
	int err;
};

static void note(struct decode *d, struct bch_node_problem problem)
{
	enum bch_node_grade grade = grade_of(problem.id);

	if (grade > d->node->grade)
		d->node->grade = grade;
	if (!d->err)
		d->err = bch_array_push(&d->node->problems, problem);
}

static void note_set(struct decode *d, int id, size_t start)
{
	note(d, (struct bch_node_problem){ .id = (u16)id, .offset = (u32)start });
}

static bool usable(const struct decode *d)
{
	return !d->err && d->node->grade != BCH_NODE_UNUSABLE;
}

/* ------------------------------------------------------------------ checksum and encryption: 02 §8 */

/* The checksum is that of the encrypted bytes. */
static void check_csum(struct decode *d, const struct bch_bset *b)
{
	struct bch_csum have;

	d->is_sealed = false;
	if (bch_bset_csum(d->node->bytes, b, d->rules->key, &have))
		note_set(d, BCH_FSCK_bset_unknown_csum, b->start);
	else if (!bch_csum_equal(have, bch_bset_csum_get(d->node->bytes, b)))
		note_set(d, BCH_FSCK_bset_bad_csum, b->start);
	else
		d->is_sealed = true;
}

static void decrypt(struct decode *d, const struct bch_bset *b)
{
	if (bch_bset_crypt(d->node->bytes, b, d->rules->key))
		d->node->grade = BCH_NODE_UNUSABLE; /* without the key: noted with the checksum */
}

/* ------------------------------------------------------------------ headers: 02 §11.2 */

static bool is_blacklisted(const struct decode *d, u64 journal_seq)
{
	const struct bch_blacklist *b = d->rules->blacklist;

	for (size_t i = 0; i < d->rules->nr_blacklisted; i++)
		if (journal_seq >= b[i].start && journal_seq < b[i].end)
			return true;
	return false;
}

static void check_version(struct decode *d, const struct bch_bset *b)
{
	if (b->version < VERSION_READ_MIN ||
	    BCH_VERSION_MAJOR(b->version) > BCH_VERSION_MAJOR(BCH_VERSION_READ_MAX) ||
	    b->separate_whiteouts || b->big_endian)
		note_set(d, BCH_FSCK_btree_node_unsupported_version, b->start);
	else if (b->version < d->rules->version_min)
		note_set(d, BCH_FSCK_btree_node_bset_older_than_sb_min, b->start);
	else if (BCH_VERSION_MAJOR(b->version) > BCH_VERSION_MAJOR(d->rules->version))
		note_set(d, BCH_FSCK_btree_node_bset_newer_than_sb, b->start);
}

/* What the pointer says against what the node says: 02 §9.2. */
static void check_range(struct decode *d, const struct bch_node_header *h)
{
	const struct bch_node_ptr *ptr = &d->want->ptr;
	struct bch_btree_node *node = d->node;

	node->min = h->min;
	node->max = h->max;
	if (ptr->range_updated) {
		node->min = ptr->min;
		node->max = ptr->max;
		return;
	}
	if (ptr->v2 && bch_pos_compare(h->min, ptr->min))
		note_set(d, BCH_FSCK_btree_node_bad_min_key, 0);
	if (bch_pos_compare(h->max, ptr->max))
		note_set(d, BCH_FSCK_btree_node_bad_max_key, 0);
}

static void check_header(struct decode *d)
{
	const struct btree_node *disk = bch_bytes_view(d->bytes, 0, sizeof(*disk));
	const struct bch_node_want *want = d->want;
	struct bch_node_header h;

	bch_node_header_get(d->bytes, &h);
	d->node->seq = h.seq;
	if (d->is_sealed && !want->level && BCH_BTREES_OF_EXTENTS >> want->btree_id & 1 &&
	    !h.new_extent_overwrite)
		note_set(d, BCH_FSCK_btree_node_unsupported_version, 0);
	if (h.btree_id != want->btree_id)
		note_set(d, BCH_FSCK_btree_node_bad_btree, 0);
	if (h.level != want->level)
		note_set(d, BCH_FSCK_btree_node_bad_level, 0);
	check_range(d, &h);
	if (!bch_key_format_get(&d->node->format, &disk->format))
		note_set(d, BCH_FSCK_btree_node_bad_format, 0);
}

/* Are the set's keys to be used? 02 §7.2. */
static bool check_blacklist(struct decode *d, const struct bch_bset *b)
{
	if (!is_blacklisted(d, b->journal_seq))
		return true;
	if (!b->start)
		note_set(d, BCH_FSCK_bset_blacklisted_journal_seq, 0);
	if (d->want->ptr.nr_sectors)
		note_set(d, BCH_FSCK_first_bset_blacklisted_journal_seq, b->start);
	return !b->start;
}

/* ------------------------------------------------------------------ keys: 02 §11.3, §11.4 */

static const u8 *key_at(const struct decode *d, u32 entry)
{
	return d->bytes.p + (entry & ~VALUE_IS_BAD) * 8ULL;
}

static int compare_entries(const struct decode *d, u32 a, u32 b)
{
	return bch_key_packed_compare(key_at(d, a), key_at(d, b), &d->node->format);
}

static void note_key(struct decode *d, int id, u32 entry)
{
	note(d, (struct bch_node_problem){
			.id = (u16)id,
			.of_key = true,
			.offset = (entry & ~VALUE_IS_BAD) * 8,
			.pos = bch_key_unpack_pos(key_at(d, entry), &d->node->format) });
}

/*
 * @entry does not follow the key before it. Is that one misplaced? It is if without it all is in order, and with it the
 * key behind @entry, where @w is, is not.
 */
static bool previous_is_misplaced(const struct decode *d, u32 entry, const struct bch_set_walk *w)
{
	const u32 *last = d->run.v + d->run.nr - 1;
	struct bch_key k;
	size_t len;

	if (d->run.nr > 1 && compare_entries(d, last[-1], entry) >= 0)
		return false;
	return w->at < w->end && bch_set_walk_check(w, w->at, &k, &len) == BCH_KEY_VALID &&
	       compare_entries(d, *last, (u32)(w->at / 8)) >= 0;
}

/* Puts a key behind those of the set before it; @w is at the next one. 02 §7.4. */
static void append(struct decode *d, u32 entry, const struct bch_set_walk *w)
{
	u32 *last = d->run.nr ? d->run.v + d->run.nr - 1 : NULL;
	int cmp = last ? compare_entries(d, *last, entry) : -1;
	bool replaces;

	if (cmp < 0) {
		if (!d->err)
			d->err = bch_array_push(&d->run, entry);
		return;
	}
	if (cmp == 0)
		replaces = bch_key_packed_type(key_at(d, entry)) != BCH_KEY_deleted ||
			   bch_key_packed_type(key_at(d, *last)) == BCH_KEY_deleted;
	else
		replaces = previous_is_misplaced(d, entry, w);
	if (cmp > 0 || !replaces)
		note_key(d, BCH_FSCK_btree_node_bkey_out_of_order, replaces ? *last : entry);
	if (replaces)
		*last = entry;
}

static struct bch_set_walk walk_of(const struct decode *d, size_t at, size_t end)
{
	return (struct bch_set_walk){ .node = d->node,
				      .context = &d->context,
				      .any_pos = d->want->ptr.range_updated,
				      .at = at,
				      .end = end };
}

/* The keys of a set that were judged before, up to the first that is not even safe to decode, which they were. */
static void take_judged(struct decode *d, struct bch_set_walk *w)
{
	size_t len, val_len;

	while (!d->err && w->at < w->end) {
		struct bch_bytes rest = { d->bytes.p + w->at, w->end - w->at };
		u32 entry = (u32)(w->at / 8);

		if (bch_key_measure(rest, &d->node->format, &len, &val_len) != BCH_KEY_VALID ||
		    val_len < bch_key_val_min(bch_key_packed_type(rest.p)))
			return;
		w->at += len;
		append(d, entry, w);
	}
}

/* The keys of one set, in d->run. */
static void walk_set(struct decode *d, const struct bch_bset *b)
{
	struct bch_set_walk w = walk_of(d, b->keys, b->end);
	struct bch_set_item item;

	d->run.nr = 0;
	if (d->rules->judged && d->is_sealed)
		take_judged(d, &w);
	while (!d->err && bch_set_walk_next(&w, &item)) {
		if (item.is_key)
			append(d,
			       (u32)(item.at / 8) |
				       (item.problem == BCH_KEY_VALID ? 0 : VALUE_IS_BAD),
			       &w);
		else
			note(d, (struct bch_node_problem){ .id = (u16)item.problem,
							   .of_key = true,
							   .offset = (u32)item.at,
							   .pos = item.k.pos });
	}
}

/* Merges d->run into the keys of the sets before it, which it covers. 02 §7.3. */
static void merge_run(struct decode *d)
{
	struct bch_key_places old = d->node->keys;
	const struct bch_key_places *run = &d->run;
	size_t a = 0, b = 0, nr = 0;

	if (!d->err)
		d->err = bch_array_reserve(&d->merged, old.nr + run->nr);
	if (d->err || !run->nr)
		return;

	while (a < old.nr || b < run->nr) {
		int cmp = a == old.nr	 ? 1
			  : b == run->nr ? -1
					 : compare_entries(d, old.v[a], run->v[b]);

		d->merged.v[nr++] = cmp < 0 ? old.v[a] : run->v[b];
		a += cmp <= 0;
		b += cmp >= 0;
	}
	d->merged.nr = nr;
	d->node->keys = d->merged;
	d->merged = old;
}

/* Is a key that nothing covers, and that is in the node's range, part of its contents? */
static bool stays(struct decode *d, u32 entry)
{
	if (bch_key_packed_type(key_at(d, entry)) == BCH_KEY_deleted)
		return false;
	if (entry & VALUE_IS_BAD) {
		size_t len, at = (size_t)(key_at(d, entry) - d->bytes.p);
		struct bch_set_walk w = walk_of(d, at, d->bytes.len);
		struct bch_key k;

		note_key(d, bch_set_walk_check(&w, at, &k, &len), entry);
		return false;
	}
	return true;
}

static struct bch_pos pos_of(const struct decode *d, u32 entry)
{
	return bch_key_unpack_pos(key_at(d, entry), &d->node->format);
}

static void drop_dead_keys(struct decode *d)
{
	u32 *v = d->node->keys.v;
	size_t from = 0, to = d->node->keys.nr, nr = 0;

	while (from < to && bch_pos_compare(pos_of(d, v[from]), d->node->min) < 0)
		from++;
	while (to > from && bch_pos_compare(pos_of(d, v[to - 1]), d->node->max) > 0)
		to--;
	for (size_t i = from; i < to; i++)
		if (stays(d, v[i]))
			v[nr++] = v[i];
	d->node->keys.nr = nr;
}

/* ------------------------------------------------------------------ the whole */

/* One set of keys. False: nothing can follow it. */
static bool decode_set(struct decode *d, const struct bch_bset *b)
{
	if (b->end > d->bytes.len) {
		note_set(d, BCH_FSCK_bset_past_end_of_btree_node, b->start);
		if (!b->start)
			d->node->grade = BCH_NODE_UNUSABLE; /* nothing is known of it */
		return false;
	}
	check_csum(d, b);
	decrypt(d, b);
	if (d->is_sealed)
		check_version(d, b);
	if (b->start && b->end == b->keys)
		note_set(d, BCH_FSCK_bset_empty, b->start);
	if (b->sector && BCH_BYTES(b->sector) != b->start)
		note_set(d, BCH_FSCK_bset_wrong_sector_offset, b->start);
	if (usable(d) && !b->start)
		check_header(d);
	if (!usable(d))
		return false;

	if (check_blacklist(d, b)) {
		walk_set(d, b);
		merge_run(d);
		if (b->journal_seq > d->node->journal_seq)
			d->node->journal_seq = b->journal_seq;
	}
	return !d->err;
}

/* Where the sets should end is not known: does one lie behind their end? 02 §7 (4). */
static void look_behind_end(struct decode *d, size_t at)
{
	struct bch_bset b;

	for (; bch_bset_at(d->bytes, at, &b); at += d->rules->block_bytes)
		if (b.seq == d->node->cookie && !is_blacklisted(d, b.journal_seq)) {
			note_set(d, BCH_FSCK_btree_node_bset_after_end, at);
			return;
		}
}

static void decode_sets(struct decode *d)
{
	struct bch_bset b;
	size_t at = 0;

	while (bch_bset_at(d->bytes, at, &b) && b.seq == d->node->cookie && decode_set(d, &b))
		at = bch_bset_end(&b, d->rules->block_bytes);
	if (!usable(d))
		return;

	if (!d->want->ptr.nr_sectors)
		look_behind_end(d, at);
	else if (at < BCH_BYTES(d->want->ptr.nr_sectors))
		note_set(d, BCH_FSCK_btree_node_data_missing, at);
	d->node->len = at < d->bytes.len ? at : d->bytes.len;
	drop_dead_keys(d);
}

int bch_btree_node_decode(struct bch_btree_node *node, const struct bch_node_rules *rules,
			  const struct bch_node_want *want)
{
	struct decode d = { .rules = rules,
			    .want = want,
			    .node = node,
			    .bytes = { node->bytes, node->len },
			    .context = { .version = rules->version,
					 .btree_id = want->btree_id,
					 .level = want->level,
					 .fs = rules->keys } };
	struct bch_bset first;

	node->btree_id = want->btree_id;
	node->level = want->level;
	if (!bch_bset_at(d.bytes, 0, &first) || bch_node_magic_at(d.bytes) != rules->magic) {
		note_set(&d, BCH_FSCK_btree_node_bad_magic, 0);
	} else if (want->ptr.v2 ? first.seq != want->ptr.seq : !first.seq) {
		note_set(&d, BCH_FSCK_btree_node_bad_seq, 0);
	} else {
		node->cookie = first.seq;
		decode_sets(&d);
	}
	bch_array_end(&d.run);
	bch_array_end(&d.merged);
	return d.err;
}
