/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: keys of a filesystem that is being damaged, found and changed without anything following from it. */

#ifndef BCHFS_TESTS_CHECK_DAMAGED_H
#define BCHFS_TESTS_CHECK_DAMAGED_H

#include "../commit/derived.h"

#include "commit/commit.h"

/* A filesystem that is being damaged, and the key at hand. */
struct damaged {
	struct bch_fs *fs;
	u16 version;
	struct bch_key k;
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_alloc a;
};

/* ------------------------------------------------------------------ keys */

static inline bool find(struct damaged *d, u8 btree_id, u8 type)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(d->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0)
		if (k.type == type) {
			d->k = k;
			memcpy(d->val, k.val.p, k.val.len);
			d->k.val.p = d->val;
			return true;
		}
	return false;
}

static inline void put(struct damaged *d, u8 btree_id, const struct bch_key *k)
{
	assert_int_equal(bch_update(d->fs, btree_id, k, BCH_UPDATE_QUIET), 0);
}

static inline void put_set(struct damaged *d, u8 btree_id, struct bch_pos pos, u32 size)
{
	put(d, btree_id, &(struct bch_key){ .pos = pos, .type = BCH_KEY_set, .size = size });
}

static inline void delete (struct damaged *d, u8 btree_id, struct bch_pos pos)
{
	put(d, btree_id, &(struct bch_key){ .pos = pos });
}

/* The first bucket of @data_type, its key and what that says. */
static inline void find_bucket(struct damaged *d, u8 data_type)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(d->fs, BCH_BTREE_alloc, BCH_POS_MIN, BCH_SPOS_MAX);

	while (bch_cursor_next(&cur, &d->k) > 0)
		if (bch_alloc_get(&d->k, d->version, &d->a) == BCH_KEY_VALID &&
		    d->a.data_type == data_type)
			return;
	fail_msg("no bucket of type %u", data_type);
}

static inline void put_bucket_at(struct damaged *d, struct bch_pos pos)
{
	u8 val[BCH_ALLOC_V4_LEN];
	const struct bch_key k = { .pos = pos,
				   .type = BCH_KEY_alloc_v4,
				   .val = { val, sizeof(val) } };

	bch_alloc_put(&d->a, d->version, val);
	put(d, BCH_BTREE_alloc, &k);
}

static inline void put_bucket(struct damaged *d)
{
	put_bucket_at(d, d->k.pos);
}

/* The word of the first pointer of the key at hand. */
static inline u8 *first_ptr(struct damaged *d)
{
	struct bch_bytes rest = bch_key_extent_entries(&d->k), before = rest;
	struct bch_extent_entry e;

	for (; bch_extent_entry_next(&rest, &d->fs->super, &e); before = rest)
		if (e.type == BCH_EXTENT_ENTRY_ptr)
			return d->val + (before.p - d->val);
	fail();
	return NULL;
}

static inline struct bch_ptr get_ptr(struct damaged *d)
{
	struct bch_extent_walk w = bch_extent_walk(&d->k, &d->fs->super);
	struct bch_extent_ptr p;

	assert_true(bch_extent_ptr_next(&w, &p));
	return p.ptr;
}

static inline void set_ptr(struct damaged *d, const struct bch_ptr *p)
{
	le64 word = le64_of(bch_ptr_word(p));

	memcpy(first_ptr(d), &word, sizeof(word));
	put(d, BCH_BTREE_extents, &d->k);
}

static inline u16 bucket_sectors(struct damaged *d, u32 dev_idx)
{
	struct bch_member m;

	assert_true(bch_super_member(&d->fs->super, dev_idx, &m));
	return m.bucket_size;
}

static inline u64 nr_buckets(struct damaged *d)
{
	struct bch_member m;

	assert_true(bch_super_member(&d->fs->super, 0, &m));
	return m.nbuckets;
}

#endif
