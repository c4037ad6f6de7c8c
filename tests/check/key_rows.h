/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: keys that break the rules, one of each, and where they are put. Format reference: 07 §6.3 - §6.12. */

#ifndef BCHFS_TESTS_CHECK_KEY_ROWS_H
#define BCHFS_TESTS_CHECK_KEY_ROWS_H

#include "ondisk/btree_ids.h"
#include "ondisk/key_inode.h"
#include "ondisk/keys.h"

struct key_row {
	const char *name;
	u32 id;
	const char *image;
	u8 btree_id, type;
	struct bch_pos pos;
	u32 size;
	const char *hex; /* the value */
	u64 version_lo;
	size_t field, field_bytes; /* of GOOD_INODE, whose value is another; 0: none */
	u32 value;
};

#define IMAGE_1_13 "tests/images/06-snapshots"
#define IMAGE_1_28 "tests/images/13-k616-snapshots"

#define MAX	 BCH_U32_MAX
#define FAR	 4123, 1 << 20, 4294967294 /* behind the end of a file */
#define ZERO	 "0000000000000000"
#define NONE_16	 ZERO ZERO
#define NONE_48	 NONE_16 NONE_16 NONE_16
#define NONE_64	 NONE_48 NONE_16
#define NONE_256 NONE_64 NONE_64 NONE_64 NONE_64

/* Entries of extents: sector 4096 of a device. */
#define PTR_0	    "0100010000000000"
#define PTR_2	    "0100010000000200"
#define CACHED_2    "0300010000000200"
#define UNWRITTEN_2 "0900010000000200"
#define CRC_128	    "feff0005f4d7c903" /* 128 sectors, crc32c */
#define STRIPE_PTR  "1040020000000000"
#define FLAGS	    "4000000000000000"
#define PTRS_4             \
	"0100010000000a00" \
	"0100010000000b00" \
	"0100010000000c00" \
	"0100010000000d00"
#define PTRS_17                   \
	PTRS_4 "0100010000000e00" \
	       "0100010000000f00" \
	       "0100010000001000" \
	       "0100010000001100" \
	       "0100010000001200" \
	       "0100010000001300" \
	       "0100010000001400" \
	       "0100010000001500" \
	       "0100010000001600" \
	       "0100010000001700" \
	       "0100010000001800" \
	       "0100010000001900" \
	       "0100010000001a00"

/* alloc_v4 from the data type on, the words before it being zero. */
#define ALLOC(type, dirty, rest) ZERO "23000000 0000" type "00" dirty rest
#define ALLOC_REST		 "00000000 01000000 00000000 0100000000000000" ZERO ZERO ZERO

/* 04 §6.12 */
#define INODE_HEAD                                                                              \
	"0d00000000000000 0ae1096223bd3883 00003015431a0800 0800000000000000 0500000000000000 " \
	"0000000000000000"
#define INODE_TIMES "4f619bec1d00 6fe11f0b1e00 4f619bec1d00 4f619bec1d00"
#define GOOD_INODE                                                                   \
	INODE_HEAD INODE_TIMES "0000020000"                                          \
			       "00000000000000000000 0f00000008 fff66b869467e2455e " \
			       "000000"
#define INODE_AT 0, 9999, MAX

/* parent, children[2], subvol, tree, depth, skip[3], time */
#define CHILDREN(a, b) "00000000 00000000 " a " " b " 00000000 01000000"
#define SNAPSHOT(a, b, c)                                                               \
	"02000000 fdffffff 00000000 00000000 00000000 01000000 02000000 " a " " b " " c \
	" 368b60da04000000 0000000000000000"
#define SUBVOLUME \
	"00000000 ffffffff 0010000000000000 00000000 01000000 368b60da04000000 0000000000000000"
#define QUOTA NONE_16 NONE_16

/* sectors 16, raid5, 3 blocks, 1 redundant */
#define STRIPE_HEAD(bits, csum) "1000 00 03 01" bits csum "00"
#define STRIPE_PTRS		PTR_0 PTR_2 "0100010000000300"

/* clang-format off */
#define IN(key, image_, btree, type_, ...)	\
	{ .name = #key, .id = BCH_FSCK_##key, .image = image_, .btree_id = BCH_BTREE_##btree,	\
	  .type = BCH_KEY_##type_, .pos = __VA_ARGS__ }
#define ROW(id, btree, type, ...)	IN(id, IMAGE_1_13, btree, type, __VA_ARGS__)
#define NEW(id, btree, type, ...)	IN(id, IMAGE_1_28, btree, type, __VA_ARGS__)
#define EXTENT(id, hex)			ROW(id, extents, extent, { FAR }, 8, hex)
#define INODE(key, f, v)			\
	{ .name = #key, .id = BCH_FSCK_##key, .image = IMAGE_1_13, .btree_id = BCH_BTREE_inodes,	\
	  .type = BCH_KEY_inode_v3, .pos = { INODE_AT }, .field = offsetof(struct bch_inode, f), \
	  .field_bytes = sizeof(((struct bch_inode *)0)->f), .value = v }

static const struct key_row key_rows[] = {
	/* all keys */
	NEW(bkey_invalid_type_for_btree, extents, hash_whiteout, { 4123, 1 << 20, 4294967294 }, 8, ""),
	ROW(bkey_extent_size_zero, extents, reservation, { FAR }, 0, "00000000 01000000"),
	ROW(bkey_extent_size_greater_than_offset, extents, reservation, { 4123, 4, 4294967294 }, 8,
	    "00000000 01000000"),
	ROW(bkey_size_nonzero, xattrs, xattr, { 4123, 77, 4294967294 }, 8, "00 03 0300 666f6f 626172"),
	ROW(bkey_snapshot_nonzero, quotas, quota, { 0, 77, 5 }, 0, QUOTA),
	ROW(bkey_snapshot_zero, xattrs, xattr, { 4123, 77, 0 }, 0, "00 03 0300 666f6f 626172"),
	ROW(bkey_at_pos_max, xattrs, xattr, { BCH_U64_MAX, BCH_U64_MAX, 4294967294 }, 0,
	    "00 03 0300 666f6f 626172"),
	ROW(bkey_val_size_nonzero, subvolume_children, set, { 1, 999, 0 }, 0, ZERO),
	ROW(bkey_val_size_too_small, quotas, quota, { 0, 77, 0 }, 0, ZERO),

	/* buckets */
	ROW(alloc_v1_val_size_bad, alloc, alloc, { 0, 900, 0 }, 0, "ff03010004000000"),
	ROW(alloc_v2_unpack_error, alloc, alloc_v2, { 0, 900, 0 }, 0, "0503010400000000"),
	ROW(alloc_v4_val_size_bad, alloc, alloc_v4, { 0, 900, 0 }, 0, ZERO "20010000" "00000000" NONE_16 NONE_16),
	ROW(alloc_v4_backpointers_start_bad, alloc, alloc_v4, { 0, 900, 0 }, 0,
	    ZERO "00010000" "00000000" NONE_64),
	ROW(alloc_key_data_type_bad, alloc, alloc_v4, { 0, 900, 0 }, 0, ALLOC("04", "00000000", ALLOC_REST)),
	ROW(alloc_key_empty_but_have_data, alloc, alloc_v4, { 0, 900, 0 }, 0,
	    ALLOC("00", "08000000", ALLOC_REST)),
	ROW(alloc_key_dirty_sectors_0, alloc, alloc_v4, { 0, 900, 0 }, 0,
	    ZERO "23000000 0000 06 00 00000000 00000000 01000000 00000000 0100000000000000 01000000 00000000" ZERO ZERO),
	ROW(alloc_key_cached_inconsistency, alloc, alloc_v4, { 0, 900, 0 }, 0,
	    ZERO "23000000 0000 05 00 08000000 08000000 01000000 00000000 0100000000000000" ZERO ZERO ZERO),
	ROW(alloc_key_io_time_bad, alloc, alloc_v4, { 0, 900, 0 }, 0,
	    ZERO "20000000 0000 00 00 00000000 00000000 01000000 000000ff 0100000000000000" ZERO ZERO ZERO),
	ROW(bucket_gens_val_size_bad, bucket_gens, bucket_gens, { 0, 3, 0 }, 0, NONE_256 ZERO),
	ROW(backpointer_bucket_offset_wrong, backpointers, backpointer, { 0, 25428032, 0 }, 0,
	    "00000444 00000000 40000000 feffffff c000000000000000 1b10000000000000"),
	ROW(backpointer_level_bad, backpointers, backpointer, { 0, 25428032, 0 }, 0,
	    "00050440 00000000 40000000 feffffff c000000000000000 1b10000000000000"),
	NEW(backpointer_dev_bad, backpointers, backpointer, { 255, 1, 0 }, 0,
	    "00000402 00000000 01000000 ffffffff 0100000000000000 0d10000000000000"),
	ROW(lru_entry_at_time_0, lru, lru, { 0, 900, 0 }, 0, ZERO),

	/* pointers */
	EXTENT(extent_ptrs_invalid_entry, PTR_0 "0000000000000000"),
	EXTENT(extent_ptrs_no_ptrs, ""),
	EXTENT(extent_ptrs_too_many_ptrs, PTRS_17),
	EXTENT(extent_ptrs_redundant_crc, PTR_0 CRC_128),
	EXTENT(extent_ptrs_redundant_stripe, PTR_0 STRIPE_PTR),
	ROW(extent_ptrs_unwritten, reflink, reflink_v, { 0, 1 << 20, 0 }, 8, "0500000000000000" UNWRITTEN_2),
	EXTENT(extent_ptrs_written_and_unwritten, PTR_0 UNWRITTEN_2),
	EXTENT(ptr_to_duplicate_device, CACHED_2 PTR_2),
	EXTENT(ptr_after_last_bucket, "0100800000000000"),
	ROW(ptr_spans_multiple_buckets, extents, extent, { FAR }, 9, "810f010000000000"),
	EXTENT(ptr_cached_and_erasure_coded, STRIPE_PTR CACHED_2),
	ROW(ptr_crc_uncompressed_size_too_small, extents, extent, { FAR }, 129, CRC_128 PTR_0),
	EXTENT(ptr_crc_csum_type_unknown, "feff000800000000" PTR_0),
	EXTENT(ptr_crc_compression_type_unknown, "feff006500000000" PTR_0),
	EXTENT(ptr_crc_redundant, CRC_128 CRC_128 PTR_0),
	IN(ptr_crc_nonce_mismatch, "tests/images/05-encrypted", extents, extent, { 4100, 1 << 20, MAX }, 8,
	   "bcf1070600433ccd" ZERO PTR_0 "bcf1074502433ccd" ZERO PTR_2),
	EXTENT(ptr_stripe_redundant, STRIPE_PTR STRIPE_PTR PTR_0),
	EXTENT(ptr_crc_uncompressed_size_mismatch, "5eff000500000000" PTR_0),
	NEW(extent_flags_not_at_start, extents, extent, { FAR }, 8, PTR_0 FLAGS),
	ROW(reservation_key_nr_replicas_invalid, extents, reservation, { FAR }, 8, "00000000 05000000"),
	ROW(reflink_p_front_pad_bad, extents, reflink_p, { FAR }, 8, "a001000000000000 a1010000 00000000"),
	NEW(reflink_v_pos_bad, reflink, reflink_v, { 0, 1ULL << 56 | 8, 0 }, 8, "0100000000000000" PTR_0),
	ROW(stripe_pos_bad, stripes, stripe, { 1, 1, 0 }, 0, STRIPE_HEAD("00", "00") STRIPE_PTRS ZERO),
	ROW(stripe_val_size_bad, stripes, stripe, { 0, 1, 0 }, 0, STRIPE_HEAD("00", "05") STRIPE_PTRS),
	ROW(stripe_csum_granularity_bad, stripes, stripe, { 0, 1, 0 }, 0, STRIPE_HEAD("40", "00") STRIPE_PTRS ZERO),

	/* counters; at 1.13 the bytes of what is counted go up from the low end of the position */
	NEW(accounting_key_junk_at_end, accounting, accounting, { 0, 1, 0 }, 0, "4010000000000000", 1),
	NEW(accounting_key_replicas_nr_devs_0, accounting, accounting, { 0x0204000100000000, 0, 0 }, 0,
	    "4010000000000000", 1),
	NEW(accounting_key_replicas_nr_required_bad, accounting, accounting, { 0x0204010200000000, 0, 0 }, 0,
	    "4010000000000000", 1),
	NEW(accounting_key_replicas_devs_unsorted, accounting, accounting, { 0x0204020101010000, 0, 0 }, 0,
	    "4010000000000000", 1),
	NEW(accounting_key_version_0, accounting, accounting, { 0x0900000000000000, 0, 0 }, 0, "4010000000000000"),
	NEW(accounting_key_nr_counters_wrong, accounting, accounting, { 0x6300000000000000, 0, 0 }, 0,
	    NONE_16 NONE_16, 1),

	/* snapshots, subvolumes */
	ROW(snapshot_tree_pos_bad, snapshot_trees, snapshot_tree, { 2, 1, 0 }, 0, "01000000 ffffffff"),
	ROW(snapshot_pos_bad, snapshots, snapshot, { 1, 9, 0 }, 0, CHILDREN("00000000", "00000000")),
	ROW(snapshot_parent_bad, snapshots, snapshot, { 0, 9, 0 }, 0, "00000000 05000000" NONE_16),
	ROW(snapshot_children_not_normalized, snapshots, snapshot, { 0, 9, 0 }, 0, CHILDREN("01000000", "02000000")),
	ROW(snapshot_child_duplicate, snapshots, snapshot, { 0, 9, 0 }, 0, CHILDREN("02000000", "02000000")),
	ROW(snapshot_child_bad, snapshots, snapshot, { 0, 9, 0 }, 0, CHILDREN("09000000", "02000000")),
	ROW(snapshot_skiplist_not_normalized, snapshots, snapshot, { 0, 9, 0 }, 0,
	    SNAPSHOT("feffffff", "fdffffff", "feffffff")),
	ROW(snapshot_skiplist_bad, snapshots, snapshot, { 0, 9, 0 }, 0, SNAPSHOT("fcffffff", "fdffffff", "feffffff")),
	ROW(subvol_pos_bad, subvolumes, subvolume, { 0, 0x80000000, 0 }, 0, SUBVOLUME),
	ROW(subvol_snapshot_bad, subvolumes, subvolume, { 0, 999, 0 }, 0, "00000000 00000000 0010000000000000"),
	ROW(subvol_inode_bad, subvolumes, subvolume, { 0, 999, 0 }, 0, "00000000 ffffffff 0000000000000000"),

	/* inodes */
	ROW(inode_pos_inode_nonzero, inodes, inode_v3, { 1, 9999, MAX }, 0, GOOD_INODE),
	ROW(inode_pos_blockdev_range, inodes, inode_v3, { 0, 4095, MAX }, 0, GOOD_INODE),
	ROW(inode_unpack_error, inodes, inode_v3, { INODE_AT }, 0, INODE_HEAD INODE_TIMES),
	ROW(inode_v3_fields_start_bad, inodes, inode_v3, { INODE_AT }, 0, NONE_16 "00003081421a0800" NONE_16 ZERO),
	INODE(inode_str_hash_invalid, hash_type, 4),
	INODE(inode_unlinked_but_nlink_nonzero, bi_flags, 1U << BCH_INODE_unlinked),
	INODE(inode_checksum_type_invalid, bi_data_checksum, 5),
	INODE(inode_compression_type_invalid, bi_compression, 5),
	INODE(inode_subvol_root_but_not_dir, bi_subvol, 1),
	NEW(inode_alloc_cursor_inode_bad, logged_ops, inode_alloc_cursor, { 0, 5, 0 }, 0, NONE_16),

	/* names */
	ROW(dirent_empty_name, dirents, dirent, { 4098, 77, 4294967294 }, 0, "0110000000000000 04 00000000000000"),
	ROW(dirent_val_too_big, dirents, dirent, { 4098, 77, 4294967294 }, 0,
	    "0110000000000000 04 61626364656667" ZERO),
	ROW(dirent_name_embedded_nul, dirents, dirent, { 4098, 77, 4294967294 }, 0, "0110000000000000 08 610062"),
	ROW(dirent_name_dot_or_dotdot, dirents, dirent, { 4098, 77, 4294967294 }, 0, "0110000000000000 08 2e2e"),
	ROW(dirent_name_has_slash, dirents, dirent, { 4098, 77, 4294967294 }, 0, "0110000000000000 08 612f62"),
	ROW(dirent_to_itself, dirents, dirent, { 4098, 77, 4294967294 }, 0, "0210000000000000 04 61"),
	NEW(dirent_stray_data_after_cf_name, dirents, dirent, { 4098, 77, 4294967294 }, 0,
	    "0110000000000000 88 0000 0100 0300 61 610062"),
	ROW(quota_type_invalid, quotas, quota, { 3, 77, 0 }, 0, QUOTA),
	ROW(xattr_val_size_too_small, xattrs, xattr, { 4123, 77, 4294967294 }, 0, "00 03 0300 666f"),
	ROW(xattr_val_size_too_big, xattrs, xattr, { 4123, 77, 4294967294 }, 0, "00 03 0100 666f6f62" ZERO "00"),
	ROW(xattr_invalid_type, xattrs, xattr, { 4123, 77, 4294967294 }, 0, "05 01 0000 61"),
	ROW(xattr_name_invalid_chars, xattrs, xattr, { 4123, 77, 4294967294 }, 0, "00 03 0000 610062"),
};
/* clang-format on */

#endif
