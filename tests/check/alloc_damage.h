/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: each way in which what is derived from pointers can be wrong, and how it is seen. */

#ifndef BCHFS_TESTS_CHECK_ALLOC_DAMAGE_H
#define BCHFS_TESTS_CHECK_ALLOC_DAMAGE_H

#include "damaged.h"

#include <bcachefs/fsck.h>
#include "ondisk/key_reflink.h"

#define NR_WANTED 3 /* problems that are looked for */

/* ------------------------------------------------------------------ alloc keys */

static inline void type_of_bucket(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	d->a.data_type = BCH_DATA_btree;
	put_bucket(d);
}

static inline void gen_of_bucket(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	d->a.gen++;
	put_bucket(d);
}

static inline void gen_of_bucket_back(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	d->a.gen--;
	put_bucket(d);
}

static inline void dirty_sectors(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	d->a.dirty_sectors += 3;
	put_bucket(d);
}

static inline void cached_sectors(struct damaged *d)
{
	find_bucket(d, BCH_DATA_cached);
	d->a.cached_sectors += 3;
	put_bucket(d);
}

static inline void stripe_sectors(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	d->a.stripe_sectors = 5;
	put_bucket(d);
}

static inline void stripe_of_bucket(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	d->a.stripe = 7;
	d->a.stripe_redundancy = 1;
	d->a.data_type = BCH_DATA_stripe;
	put_bucket(d);
}

static inline void bucket_without_key(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	delete (d, BCH_BTREE_alloc, d->k.pos);
}

static inline void superblock_bucket_without_key(struct damaged *d)
{
	find_bucket(d, BCH_DATA_sb);
	delete (d, BCH_BTREE_alloc, d->k.pos);
}

static inline void key_of_no_bucket(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	put_bucket_at(d, bch_pos(0, nr_buckets(d) + 5));
}

/* ------------------------------------------------------------------ pointers */

static inline void pointer_to_no_device(struct damaged *d)
{
	struct bch_ptr p;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	p = get_ptr(d);
	p.dev_idx = 7;
	set_ptr(d, &p);
}

static inline void pointer_to_removed_device(struct damaged *d)
{
	struct bch_ptr p;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	p = get_ptr(d);
	p.dev_idx = BCH_PTR_DEV_NONE;
	set_ptr(d, &p);
}

/* Of a filesystem that does not use its first bucket. */
static inline void pointer_before_the_first_bucket(struct damaged *d)
{
	struct bch_member m;
	struct bch_ptr p;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	p = get_ptr(d);
	p.offset_sectors = bucket_sectors(d, 0);
	set_ptr(d, &p);
	assert_true(bch_super_member(&d->fs->super, 0, &m));
	m.first_bucket = 2;
	bch_super_member_put(&d->fs->super, 0, &m);
}

static inline void newer_pointer(struct damaged *d)
{
	struct bch_ptr p;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	p = get_ptr(d);
	p.gen++;
	set_ptr(d, &p);
}

static inline void stale_pointer(struct damaged *d)
{
	struct bch_ptr p;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	p = get_ptr(d);
	p.gen--;
	set_ptr(d, &p);
}

static inline void data_among_nodes(struct damaged *d)
{
	struct bch_ptr p;

	d->k = bch_btree_root(d->fs, BCH_BTREE_subvolumes).k; /* its node stays where it is */
	p = get_ptr(d);
	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	set_ptr(d, &p);
}

static inline void pointer_to_no_stripe(struct damaged *d)
{
	const le64 word = le64_of(1ULL << BCH_EXTENT_ENTRY_stripe_ptr | 1ULL << 13 | 9ULL << 17);
	size_t at;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	at = (size_t)(first_ptr(d) - d->val);
	memmove(d->val + at + 8, d->val + at, d->k.val.len - at);
	memcpy(d->val + at, &word, 8);
	d->k.val.len += 8;
	put(d, BCH_BTREE_extents, &d->k);
}

/* Of three devices, the last of them with the parity; of each @nr_sectors are said to hold data. No checksums. */
static inline void put_stripe(struct damaged *d, u16 nr_sectors)
{
	const struct bch_pos pos = bch_pos(0, 9);
	const le16 sectors = le16_of(bucket_sectors(d, 0)), used = le16_of(nr_sectors);
	u8 val[40] = { 0, 0, 0, 3, 1 };

	memcpy(val, &sectors, sizeof(sectors));
	for (u32 i = 0; i < 3; i++) {
		const struct bch_ptr p = { .dev_idx = i,
					   .offset_sectors =
						   (nr_buckets(d) - 30) * bucket_sectors(d, i) };
		const le64 word = le64_of(bch_ptr_word(&p));

		memcpy(val + 8 + 8 * i, &word, sizeof(word));
		memcpy(val + 32 + 2 * i, &used, i < 2 ? sizeof(used) : 0);
	}
	put(d, BCH_BTREE_stripes,
	    &(struct bch_key){ .pos = pos, .type = BCH_KEY_stripe, .val = { val, sizeof(val) } });
}

static inline void stripe_that_holds_nothing(struct damaged *d)
{
	put_stripe(d, 5);
}

static inline void pointer_to_another_stripe(struct damaged *d)
{
	put_stripe(d, 0);
	pointer_to_no_stripe(d);
}

/* The second of two extents in one place; that of the first is what the backpointer leads to. */
static inline void two_in_one_place(struct damaged *d)
{
	struct bch_ptr p;
	struct bch_cursor cur;
	struct bch_key k;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	p = get_ptr(d);
	cur = bch_cursor(d->fs, BCH_BTREE_extents, bch_pos_successor(d->k.pos), BCH_SPOS_MAX);
	while (bch_cursor_next(&cur, &k) > 0)
		if (k.type == BCH_KEY_extent && k.size <= d->k.size)
			break;
	d->k = k;
	memcpy(d->val, k.val.p, k.val.len);
	d->k.val.p = d->val;
	bch_cursor_end(&cur);
	set_ptr(d, &p);
}

/* ------------------------------------------------------------------ shared data */

static inline void wrong_refcount(struct damaged *d)
{
	le64 count = le64_of(7);

	assert_true(find(d, BCH_BTREE_reflink, BCH_KEY_reflink_v));
	memcpy(d->val, &count, sizeof(count));
	put(d, BCH_BTREE_reflink, &d->k);
}

static inline void unused_shared_data(struct damaged *d)
{
	struct bch_key k;

	assert_true(find(d, BCH_BTREE_reflink, BCH_KEY_reflink_v));
	k = d->k;
	while (find(d, BCH_BTREE_extents, BCH_KEY_reflink_p)) {
		k.pos = d->k.pos;
		delete (d, BCH_BTREE_extents, k.pos);
	}
}

static inline void no_shared_data(struct damaged *d)
{
	assert_true(find(d, BCH_BTREE_reflink, BCH_KEY_reflink_v));
	delete (d, BCH_BTREE_reflink, d->k.pos);
}

static inline void too_long_pads(struct damaged *d)
{
	u8 val[BCH_REFLINK_P_LEN];
	struct bch_reflink_p p;

	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_reflink_p));
	p = bch_reflink_p_get(&d->k, d->version);
	p.back_pad += 1U << 20;
	bch_reflink_p_put(&p, d->version, val);
	d->k.val = (struct bch_bytes){ val, sizeof(val) };
	put(d, BCH_BTREE_extents, &d->k);
}

/* ------------------------------------------------------------------ counters */

static inline void put_counter(struct damaged *d, const struct bch_accounting *what, u64 nr)
{
	const le64 v[BCH_ACCOUNTING_COUNTERS_MAX] = { le64_of(nr), le64_of(nr), le64_of(nr) };
	const struct bch_key k = {
		.pos = bch_accounting_pos(what, d->version),
		.type = BCH_KEY_accounting,
		.version_lo = 1,
		.val = { (const u8 *)v, 8 * bch_accounting_nr_counters(what->type, d->version) },
	};

	put(d, BCH_BTREE_accounting, &k);
}

static inline void wrong_counter(struct damaged *d)
{
	put_counter(d, &(struct bch_accounting){ .type = BCH_ACCOUNTING_nr_inodes }, 77);
}

static inline void wrong_counter_of_an_inode(struct damaged *d)
{
	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	put_counter(d,
		    &(struct bch_accounting){ .type = BCH_ACCOUNTING_inum, .inum = d->k.pos.inode },
		    77);
}

static inline void counter_of_no_device(struct damaged *d)
{
	put_counter(d,
		    &(struct bch_accounting){ .type = BCH_ACCOUNTING_dev_data_type,
					      .dev_idx = 9,
					      .data_type = BCH_DATA_user },
		    5);
}

/* ------------------------------------------------------------------ the superblock */

static inline void no_replicas_entries(struct damaged *d)
{
	assert_int_equal(bch_super_replicas_put(&d->fs->super, NULL, 0), 0);
}

static inline void no_bitmap(struct damaged *d)
{
	struct bch_member m;

	assert_true(bch_super_member(&d->fs->super, 0, &m));
	m.btree_allocated_bitmap = 1;
	bch_super_member_put(&d->fs->super, 0, &m);
}

static inline void no_features(struct damaged *d)
{
	struct bch_sb *sb = d->fs->super.sb;

	sb->features[0] = le64_of(
		le64_get(sb->features[0]) &
		~(1ULL << BCH_FEATURE_lz4 | 1ULL << BCH_FEATURE_gzip | 1ULL << BCH_FEATURE_zstd));
}

static inline void version_in_future(struct damaged *d)
{
	assert_true(find(d, BCH_BTREE_extents, BCH_KEY_extent));
	d->k.version_lo = 1ULL << 40;
	put(d, BCH_BTREE_extents, &d->k);
}

/* ------------------------------------------------------------------ indexes of buckets */

static inline void need_discard_without_reason(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	put_set(d, BCH_BTREE_need_discard, d->k.pos, 0);
}

static inline void need_discard_without_bucket(struct damaged *d)
{
	put_set(d, BCH_BTREE_need_discard, bch_pos(0, nr_buckets(d) + 3), 0);
}

static inline void need_discard_without_key(struct damaged *d)
{
	put_set(d, BCH_BTREE_need_discard, bch_pos(0, nr_buckets(d) - 30), 0);
}

static inline void used_bucket_in_freespace(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	put_set(d, BCH_BTREE_freespace, bch_pos(0, d->k.pos.offset + 1), 1);
}

static inline void hole_in_freespace(struct damaged *d)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(d->fs, BCH_BTREE_freespace, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key longest = { 0 }, k;

	while (bch_cursor_next(&cur, &k) > 0)
		if (k.size > longest.size)
			longest = k;
	bch_cursor_end(&cur);
	delete (d, BCH_BTREE_freespace, longest.pos);
}

static inline void nothing_in_freespace(struct damaged *d)
{
	while (find(d, BCH_BTREE_freespace, BCH_KEY_set))
		delete (d, BCH_BTREE_freespace, d->k.pos);
}

static inline void freespace_behind_the_end(struct damaged *d)
{
	put_set(d, BCH_BTREE_freespace, bch_pos(0, nr_buckets(d) + 9), 5);
}

static inline void freespace_with_genbits(struct damaged *d)
{
	put_set(d, BCH_BTREE_freespace, bch_pos(0, (1ULL << 56) + nr_buckets(d) - 20), 4);
}

static inline void put_gens(struct damaged *d, struct bch_pos pos, u32 i)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(d->fs, BCH_BTREE_bucket_gens, pos, pos);
	u8 gens[256] = { 0 };
	struct bch_key k;

	if (bch_cursor_next(&cur, &k) > 0)
		memcpy(gens, k.val.p, sizeof(gens));
	bch_cursor_end(&cur);
	gens[i] ^= 9;
	put(d, BCH_BTREE_bucket_gens,
	    &(struct bch_key){
		    .pos = pos, .type = BCH_KEY_bucket_gens, .val = { gens, sizeof(gens) } });
}

static inline void wrong_gen(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	put_gens(d, bch_pos(0, d->k.pos.offset / 256), d->k.pos.offset % 256);
}

static inline void gen_without_key(struct damaged *d)
{
	put_gens(d, bch_pos(0, (nr_buckets(d) - 30) / 256), (nr_buckets(d) - 30) % 256);
}

static inline void gens_of_no_device(struct damaged *d)
{
	put_gens(d, bch_pos(9, 0), 3);
}

static inline void gens_of_no_buckets(struct damaged *d)
{
	put_gens(d, bch_pos(0, nr_buckets(d) / 256 + 7), 3);
}

/* ------------------------------------------------------------------ lru */

static inline void cached_without_time(struct damaged *d)
{
	find_bucket(d, BCH_DATA_cached);
	delete (d, BCH_BTREE_lru,
		bch_pos(d->k.pos.inode << 48 | d->a.io_time[0],
			d->k.pos.inode << 48 | d->k.pos.offset));
	d->a.io_time[0] = 0;
	put_bucket(d);
}

static inline void no_lru_entries(struct damaged *d)
{
	while (find(d, BCH_BTREE_lru, BCH_KEY_set))
		delete (d, BCH_BTREE_lru, d->k.pos);
}

static inline void lru_entry_of_no_bucket(struct damaged *d)
{
	put_set(d, BCH_BTREE_lru, bch_pos(BCH_LRU_FRAGMENTATION << 48 | 5, nr_buckets(d) + 5), 0);
}

static inline void lru_entry_at_wrong_time(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	put_set(d, BCH_BTREE_lru, bch_pos(BCH_LRU_FRAGMENTATION << 48 | 5, d->k.pos.offset), 0);
}

static inline void lru_entry_without_time(struct damaged *d)
{
	put_set(d, BCH_BTREE_lru, bch_pos(0, nr_buckets(d) - 30), 0);
}

/* ------------------------------------------------------------------ backpointers, rebalance */

static inline void no_backpointer(struct damaged *d)
{
	assert_true(find(d, BCH_BTREE_backpointers, BCH_KEY_backpointer));
	delete (d, BCH_BTREE_backpointers, d->k.pos);
}

static inline void no_backpointers(struct damaged *d)
{
	while (find(d, BCH_BTREE_backpointers, BCH_KEY_backpointer))
		delete (d, BCH_BTREE_backpointers, d->k.pos);
}

static inline void wrong_backpointer(struct damaged *d)
{
	assert_true(find(d, BCH_BTREE_backpointers, BCH_KEY_backpointer));
	d->val[24] ^= 1;
	put(d, BCH_BTREE_backpointers, &d->k);
}

static inline void put_backpointer(struct damaged *d, u64 dev_idx, u64 bucket, u64 sector)
{
	u64 sectors = bucket * bucket_sectors(d, 0) + sector;
	struct bch_backpointer bp = { .pos = bch_spos(4099, 8, BCH_U32_MAX),
				      .bucket_offset = sector << BCH_BACKPOINTER_SHIFT,
				      .bucket_sectors = 8,
				      .data_type = BCH_DATA_user };
	u8 val[BCH_BACKPOINTER_LEN];

	bch_backpointer_put(&bp, d->version, val);
	put(d, BCH_BTREE_backpointers,
	    &(struct bch_key){ .pos = bch_pos(dev_idx, sectors << BCH_BACKPOINTER_SHIFT),
			       .type = BCH_KEY_backpointer,
			       .val = { val, sizeof(val) } });
}

static inline void backpointer_of_no_device(struct damaged *d)
{
	put_backpointer(d, 9, 40, 0);
}

static inline void backpointer_of_no_key(struct damaged *d)
{
	put_backpointer(d, 0, nr_buckets(d) - 30, 0);
}

static inline void backpointer_of_no_extent(struct damaged *d)
{
	find_bucket(d, BCH_DATA_user);
	put_backpointer(d, 0, d->k.pos.offset, bucket_sectors(d, 0) - 8U);
}

static inline void rebalance_work_without_reason(struct damaged *d)
{
	put_set(d, BCH_BTREE_rebalance_work, bch_spos(4099, 8, BCH_U32_MAX), 0);
}

static inline void no_rebalance_work(struct damaged *d)
{
	assert_true(find(d, BCH_BTREE_rebalance_work, BCH_KEY_set));
	delete (d, BCH_BTREE_rebalance_work, d->k.pos);
}

/* ------------------------------------------------------------------ all of them */

#define REFLINK "tests/images/07-reflink"
#define CACHED	"tests/images/09-targets"
#define MIXED	"tests/images/03-mixed"
#define NEWER	"tests/images/13-k616-snapshots"

/* What is done, where, and what has to be found. */
struct row {
	const char *image;
	const char *name;
	void (*damage)(struct damaged *d);
	u32 want[NR_WANTED];
};

/* clang-format off */
static const struct row rows[] = {
#define ROW(image, name, ...)       \
	{                           \
		image, #name, name, \
		{                   \
			__VA_ARGS__ \
		}                   \
	}
#define ID(name) BCH_FSCK_##name
	ROW(REFLINK, type_of_bucket, ID(alloc_key_data_type_wrong)),
	ROW(REFLINK, gen_of_bucket, ID(stale_dirty_ptr), ID(alloc_key_gen_wrong)),
	ROW(REFLINK, gen_of_bucket_back, ID(ptr_gen_newer_than_bucket_gen),
	    ID(alloc_key_gen_wrong)),
	ROW(REFLINK, dirty_sectors, ID(alloc_key_dirty_sectors_wrong)),
	ROW(CACHED, cached_sectors, ID(alloc_key_cached_sectors_wrong)),
	ROW(REFLINK, stripe_sectors, ID(alloc_key_stripe_sectors_wrong)),
	ROW(REFLINK, stripe_of_bucket, ID(alloc_key_stripe_wrong),
	    ID(alloc_key_stripe_redundancy_wrong), ID(alloc_key_data_type_wrong)),
	ROW(REFLINK, bucket_without_key, ID(ptr_to_missing_alloc_key),
	    ID(alloc_key_dirty_sectors_wrong)),
	ROW(REFLINK, superblock_bucket_without_key, ID(alloc_key_data_type_wrong)),
	ROW(REFLINK, key_of_no_bucket, ID(alloc_key_to_missing_dev_bucket)),
	ROW(REFLINK, pointer_to_no_device, ID(ptr_to_invalid_device)),
	ROW(REFLINK, pointer_to_removed_device, ID(ptr_to_removed_device)),
	ROW(REFLINK, pointer_before_the_first_bucket, ID(ptr_before_first_bucket)),
	ROW(REFLINK, newer_pointer, ID(ptr_gen_newer_than_bucket_gen)),
	ROW(REFLINK, stale_pointer, ID(stale_dirty_ptr)),
	ROW(REFLINK, data_among_nodes, ID(ptr_bucket_data_type_mismatch)),
	ROW(REFLINK, pointer_to_no_stripe, ID(ptr_to_missing_stripe)),
	ROW(CACHED, pointer_to_another_stripe, ID(ptr_to_incorrect_stripe)),
	ROW(CACHED, stripe_that_holds_nothing, ID(stripe_sector_count_wrong)),
	ROW(REFLINK, two_in_one_place, ID(dup_backpointer_to_bad_csum_extent)),
	ROW(REFLINK, wrong_refcount, ID(reflink_v_refcount_wrong)),
	ROW(REFLINK, unused_shared_data, ID(reflink_v_refcount_wrong)),
	ROW(REFLINK, no_shared_data, ID(reflink_p_to_missing_reflink_v)),
	ROW(REFLINK, too_long_pads, ID(reflink_p_to_missing_reflink_v)),
	ROW(REFLINK, wrong_counter, ID(accounting_mismatch)),
	ROW(REFLINK, wrong_counter_of_an_inode, ID(accounting_mismatch)),
	ROW(REFLINK, counter_of_no_device, ID(accounting_to_invalid_device)),
	ROW(REFLINK, no_replicas_entries, ID(accounting_replicas_not_marked)),
	ROW(REFLINK, no_bitmap, ID(btree_bitmap_not_marked)),
	ROW(MIXED, no_features, ID(compression_opt_not_marked_in_sb),
	    ID(compression_type_not_marked_in_sb)),
	ROW(REFLINK, version_in_future, ID(bkey_version_in_future)),
	ROW(REFLINK, need_discard_without_reason, ID(need_discard_key_wrong)),
	ROW(REFLINK, need_discard_without_bucket,
	    ID(need_discard_freespace_key_to_invalid_dev_bucket)),
	ROW(REFLINK, need_discard_without_key, ID(need_discard_freespace_key_bad)),
	ROW(REFLINK, used_bucket_in_freespace, ID(freespace_key_wrong)),
	ROW(REFLINK, hole_in_freespace, ID(freespace_hole_missing)),
	ROW(REFLINK, nothing_in_freespace, ID(freespace_hole_missing)),
	ROW(REFLINK, freespace_behind_the_end,
	    ID(need_discard_freespace_key_to_invalid_dev_bucket)),
	ROW(REFLINK, freespace_with_genbits, ID(need_discard_freespace_key_bad)),
	ROW(REFLINK, wrong_gen, ID(bucket_gens_key_wrong)),
	ROW(REFLINK, gen_without_key, ID(bucket_gens_hole_wrong)),
	ROW(REFLINK, gens_of_no_device, ID(bucket_gens_to_invalid_dev)),
	ROW(REFLINK, gens_of_no_buckets, ID(bucket_gens_to_invalid_buckets)),
	ROW(CACHED, cached_without_time, ID(alloc_key_cached_but_read_time_zero),
	    ID(alloc_key_to_missing_lru_entry)),
	ROW(CACHED, no_lru_entries, ID(alloc_key_to_missing_lru_entry)),
	ROW(REFLINK, lru_entry_of_no_bucket, ID(lru_entry_to_invalid_bucket)),
	ROW(REFLINK, lru_entry_at_wrong_time, ID(lru_entry_bad)),
	ROW(REFLINK, lru_entry_without_time, ID(lru_entry_bad)),
	ROW(REFLINK, no_backpointer, ID(ptr_to_missing_backpointer)),
	ROW(REFLINK, no_backpointers, ID(ptr_to_missing_backpointer)),
	ROW(REFLINK, wrong_backpointer, ID(ptr_to_missing_backpointer)),
	ROW(REFLINK, backpointer_of_no_device, ID(backpointer_to_missing_device)),
	ROW(REFLINK, backpointer_of_no_key, ID(backpointer_to_missing_alloc)),
	ROW(REFLINK, backpointer_of_no_extent, ID(backpointer_to_missing_ptr)),
	ROW(REFLINK, rebalance_work_without_reason, ID(rebalance_work_incorrectly_set)),
	ROW(CACHED, no_rebalance_work, ID(rebalance_work_incorrectly_unset)),
	ROW(NEWER, gen_of_bucket, ID(stale_dirty_ptr), ID(alloc_key_gen_wrong)),
	ROW(NEWER, bucket_without_key, ID(ptr_to_missing_alloc_key)),
	ROW(NEWER, pointer_to_no_device, ID(ptr_to_invalid_device)),
	ROW(NEWER, data_among_nodes, ID(ptr_bucket_data_type_mismatch)),
	ROW(NEWER, two_in_one_place, ID(dup_backpointer_to_bad_csum_extent)),
	ROW(NEWER, no_lru_entries, ID(alloc_key_to_missing_lru_entry)),
	ROW(NEWER, wrong_counter, ID(accounting_mismatch)),
	ROW(NEWER, counter_of_no_device, ID(accounting_to_invalid_device)),
	ROW(NEWER, superblock_bucket_without_key, ID(alloc_key_data_type_wrong)),
	ROW(NEWER, nothing_in_freespace, ID(freespace_hole_missing)),
	ROW(NEWER, gen_without_key, ID(bucket_gens_hole_wrong)),
	ROW(NEWER, no_backpointers, ID(ptr_to_missing_backpointer)),
	ROW(NEWER, wrong_backpointer, ID(ptr_to_missing_backpointer)),
	ROW(NEWER, lru_entry_of_no_bucket, ID(lru_entry_to_invalid_bucket)),
	ROW(NEWER, rebalance_work_without_reason, ID(rebalance_work_incorrectly_set)),
#undef ID
#undef ROW
};
/* clang-format on */

#endif
