/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: is every derived key what the others make it? All in memory, and by its own code where there is any choice. */

#ifndef BCHFS_TESTS_COMMIT_DERIVED_H
#define BCHFS_TESTS_COMMIT_DERIVED_H

#include "../btree/image.h"

#include "alloc/alloc.h"
#include "ondisk/key_backpointer.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_reflink.h"
#include "ondisk/key_subvolume.h"

/* A key as it should be: position, and what it says as a number or as bytes. */
struct derived_key {
	struct bch_pos pos;
	u8 val[BCH_BACKPOINTER_LEN];
};

struct derived_keys {
	BCH_ARRAY(struct derived_key) a;
};

static inline int derived_compare(const void *l, const void *r)
{
	const struct derived_key *a = l, *b = r;

	return bch_pos_compare(a->pos, b->pos);
}

static inline void derived_add(struct derived_keys *keys, struct bch_pos pos, const void *val,
			       size_t len)
{
	struct derived_key k = { .pos = pos };

	if (len)
		memcpy(k.val, val, len);
	assert_int_equal(bch_array_push(&keys->a, k), 0);
}

static inline void derived_complain(const char *name, u8 btree_id, const char *what,
				    struct bch_pos pos)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_pos_put(&text, pos);
	print_error("%s: %s: %s %s\n", name, bch_btree_names[btree_id], what, bch_buf_str(&text));
}

/* The keys of a btree, but those of type cookie, are exactly @want, which is emptied. */
static inline u32 derived_check(struct bch_fs *fs, const char *name, u8 btree_id,
				struct derived_keys *want)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	size_t at = 0;
	u32 nr = 0;
	int more;

	if (want->a.nr)
		qsort(want->a.v, want->a.nr, sizeof(*want->a.v), derived_compare);
	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (k.type == BCH_KEY_cookie)
			continue;
		for (; at < want->a.nr && bch_pos_compare(want->a.v[at].pos, k.pos) < 0; at++, nr++)
			derived_complain(name, btree_id, "missing", want->a.v[at].pos);
		if (at == want->a.nr || bch_pos_compare(want->a.v[at].pos, k.pos)) {
			derived_complain(name, btree_id, "too much", k.pos);
			nr++;
			continue;
		}
		if (k.val.len &&
		    memcmp(k.val.p, want->a.v[at].val,
			   k.val.len < BCH_BACKPOINTER_LEN ? k.val.len : BCH_BACKPOINTER_LEN)) {
			derived_complain(name, btree_id, "wrong", k.pos);
			nr++;
		}
		at++;
	}
	assert_int_equal(more, 0);
	for (; at < want->a.nr; at++, nr++)
		derived_complain(name, btree_id, "missing", want->a.v[at].pos);
	bch_array_end(&want->a);
	return nr;
}

/* ------------------------------------------------------------------ of alloc keys */

struct derived_alloc {
	struct derived_keys need_discard, lru;
	BCH_ARRAY(u64) free; /* device << 48 | bucket: offsets in freespace, bucket alone */
};

static inline struct bch_alloc derived_alloc_at(struct bch_fs *fs, u32 dev, u64 bucket)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_alloc, bch_pos(dev, bucket), bch_pos(dev, bucket));
	struct bch_alloc a = { 0 };
	struct bch_key k;

	if (bch_cursor_next(&cur, &k) > 0)
		assert_int_equal(bch_alloc_get(&k, le16_get(fs->super.sb->version), &a),
				 BCH_KEY_VALID);
	return a;
}

static inline bool derived_is_free(struct bch_fs *fs, u32 dev, u64 offset)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(fs, BCH_BTREE_freespace, bch_pos(dev, offset),
				   bch_pos(dev, offset + 1), BCH_CURSOR_EXTENTS);
	struct bch_key k;

	return bch_cursor_next(&cur, &k) > 0;
}

static inline u8 derived_gen(struct bch_fs *fs, u32 dev, u64 bucket)
{
	struct bch_pos pos = bch_pos(dev, bucket / 256);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_bucket_gens, pos, pos);
	struct bch_key k;

	return bch_cursor_next(&cur, &k) > 0 ? k.val.p[bucket % 256] : 0;
}

static inline u32 derived_check_bucket(struct bch_fs *fs, const char *name, u32 dev, u64 bucket,
				       u16 bucket_sectors, struct derived_alloc *d)
{
	struct bch_alloc a = derived_alloc_at(fs, dev, bucket);
	u64 offset = bucket | (u64)(bch_alloc_gc_gen(&a) >> 4) << 56;
	u64 fragmentation = bch_alloc_fragmentation(&a, bucket_sectors);
	u64 place = (u64)dev << 48 | bucket;
	u32 nr = 0;

	if (derived_is_free(fs, dev, offset) != (a.data_type == BCH_DATA_free)) {
		derived_complain(name, BCH_BTREE_freespace, "wrong", bch_pos(dev, bucket));
		nr++;
	}
	if (derived_gen(fs, dev, bucket) != a.gen) {
		derived_complain(name, BCH_BTREE_bucket_gens, "wrong", bch_pos(dev, bucket));
		nr++;
	}
	if (a.data_type == BCH_DATA_need_discard)
		derived_add(&d->need_discard, bch_pos(dev, bucket), NULL, 0);
	if (a.data_type == BCH_DATA_cached)
		derived_add(&d->lru, bch_pos((u64)dev << 48 | a.io_time[0], place), NULL, 0);
	if (fragmentation)
		derived_add(&d->lru, bch_pos(BCH_LRU_FRAGMENTATION << 48 | fragmentation, place),
			    NULL, 0);
	return nr;
}

static inline u32 derived_check_alloc(struct bch_fs *fs, const char *name)
{
	struct derived_alloc d = { 0 };
	struct bch_member m;
	u32 nr = 0;

	for (u32 dev = 0; dev < fs->nr_members; dev++) {
		if (!bch_super_member(&fs->super, dev, &m) || !bch_member_alive(&m))
			continue;
		for (u64 b = m.first_bucket; b < m.nbuckets; b++)
			nr += derived_check_bucket(fs, name, dev, b, m.bucket_size, &d);
	}
	nr += derived_check(fs, name, BCH_BTREE_need_discard, &d.need_discard);
	return nr + derived_check(fs, name, BCH_BTREE_lru, &d.lru);
}

/* ------------------------------------------------------------------ of pointers */

static inline void derived_add_backpointers(struct bch_fs *fs, const struct bch_key_fs *key_fs,
					    u8 btree_id, u8 level, const struct bch_key *k,
					    struct derived_keys *keys)
{
	u16 version = le16_get(fs->super.sb->version);
	struct bch_backpointers w = bch_backpointers_of(key_fs, version, btree_id, level, k);
	struct bch_backpointer bp;
	u8 val[BCH_BACKPOINTER_LEN];
	struct bch_pos pos;

	while (bch_backpointers_next(&w, &pos, &bp)) {
		bch_backpointer_put(&bp, version, val);
		derived_add(keys, pos, val, sizeof(val));
	}
}

static inline u32 derived_check_backpointers(struct bch_fs *fs, const char *name)
{
	static const u8 leaves[] = { BCH_BTREE_extents, BCH_BTREE_reflink, BCH_BTREE_stripes };
	struct bch_key_fs *key_fs = calloc(1, sizeof(*key_fs));
	struct derived_keys keys = { 0 };
	struct bch_key k;
	u32 nr;

	bch_key_fs_init(key_fs, &fs->super);
	for (u32 i = 0; i < sizeof(leaves); i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(fs, leaves[i], BCH_POS_MIN, BCH_SPOS_MAX);

		while (bch_cursor_next(&cur, &k) > 0)
			if (k.type == BCH_KEY_extent || k.type == BCH_KEY_reflink_v ||
			    k.type == BCH_KEY_stripe)
				derived_add_backpointers(fs, key_fs, leaves[i], 0, &k, &keys);
	}
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		for (u8 level = 0; level < 4; level++) {
			struct bch_cursor cur bch_auto(cursor) =
				bch_cursor_nodes(fs, id, level, BCH_POS_MIN, BCH_SPOS_MAX);

			while (bch_cursor_next(&cur, &k) > 0)
				derived_add_backpointers(fs, key_fs, id, (u8)(level + 1), &k,
							 &keys);
		}
	nr = derived_check(fs, name, BCH_BTREE_backpointers, &keys);
	free(key_fs);
	return nr;
}

/* ------------------------------------------------------------------ all */

struct derived_count {
	const char *name;
	u32 nr;
};

static inline int derived_report(void *arg, const struct bch_recount_difference *d)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct derived_count *count = arg;

	bch_recount_difference_put(&text, d, BCH_VERSION(1, 13));
	print_error("%s: %s\n", count->name, bch_buf_str(&text));
	count->nr++;
	return 0;
}

/* How many derived keys are wrong; each is said. */
static inline u32 derived_check_all(struct bch_fs *fs, const char *name)
{
	struct bch_counters counted bch_auto(counters) = bch_counters();
	struct derived_count count = { .name = name };

	assert_int_equal(bch_recount_compare(fs, derived_report, &count, &counted), 0);
	return count.nr + derived_check_alloc(fs, name) + derived_check_backpointers(fs, name);
}

#endif
