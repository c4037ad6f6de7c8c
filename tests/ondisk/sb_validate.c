// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each validation rule: one field of a valid superblock is broken, and exactly the error that the format reference names
 * for it comes, with words. Format reference: 01 §2.1, §7, §8, §10.3; 08 §2.
 */

#include "sb_build.h"

#define V_1_13 BCH_VERSION(1, 13)
#define V_1_28 BCH_VERSION(1, 28)
#define V_1_39 BCH_VERSION(1, 39)

/* Not a section: the fixed part. */
#define FIXED (-1)

#define AT(field)	 FIXED, offsetof(struct bch_sb, field), sizeof(((struct bch_sb *)0)->field)
#define OFFSET(nr)	 FIXED, offsetof(struct bch_sb, layout.sb_offset) + 8 * (nr), 8
#define IN(name, at, sz) BCH_SECTION_##name, (at), (sz)
#define V2(idx, at, sz)	 BCH_SECTION_members_v2, 8 + 144 * (idx) + (at), (sz)
#define V1(idx, at, sz)	 BCH_SECTION_members_v1, 56 * (idx) + (at), (sz)
#define GROUP(idx)	 ((1ULL + (idx)) << 20)

/* What is written where, and what must come of it. @version 0: at 1.13 and 1.28. */
struct breach {
	const char *what;
	u16 version;
	int section;
	u32 at, size;
	u64 value;
	int want;
	const char *words;
};

/* clang-format off */
#define E(name) -BCH_ERR_##name
static const struct breach breaches[] = {
	{ "version below 0.9", 0, AT(version), 8, E(invalid_sb_version), "version 0.8" },
	{ "major version 2", 0, AT(version), 2048, E(invalid_sb_version), "version 2.0" },
	{ "version_min below 0.9", 0, AT(version_min), 8, E(invalid_sb_version), "oldest version 0.8" },
	{ "version_min above version", 0, AT(version_min), BCH_VERSION(1, 29), E(invalid_sb_version), "oldest version 1.29" },
	{ "unknown feature", 0, AT(features[0]), 1 << 24, E(invalid_sb_features), "0:1000000" },
	{ "second word of features", 0, AT(features[1]), 1, E(invalid_sb_features), "1:0" },
	{ "block size 0", 0, AT(block_size), 0, E(invalid_sb_block_size), "0 sectors" },
	{ "block size not a power of two", 0, AT(block_size), 3, E(invalid_sb_block_size), "3 sectors" },
	{ "block size of 64 KiB", 0, AT(block_size), 128, E(invalid_sb_block_size), "128 sectors" },
	{ "offset of another place", V_1_28, AT(offset), 9, E(invalid_sb_offset), "sector 9" },
	{ "no members", 0, AT(nr_devices), 0, E(invalid_sb_too_many_members), "0 members" },
	{ "65 members", 0, AT(nr_devices), 65, E(invalid_sb_too_many_members), "65 members" },
	{ "dev_idx past the members", 0, AT(dev_idx), 3, E(invalid_sb_dev_idx), "device 3 of 3" },
	{ "time precision 0", 0, AT(time_precision), 0, E(invalid_sb_time_precision), "0 ns" },
	{ "time precision above a second", 0, AT(time_precision), 1000000001, E(invalid_sb_time_precision), "1000000001" },
	{ "layout magic", 0, AT(layout.magic[3]), 0, E(invalid_sb_layout), "magic" },
	{ "layout type", 0, AT(layout.layout_type), 1, E(invalid_sb_layout_type), "type 1" },
	{ "size bits", 0, AT(layout.sb_max_size_bits), 17, E(invalid_sb_layout_sb_max_size_bits), "2^17" },
	{ "no superblocks", 0, AT(layout.nr_superblocks), 0, E(invalid_sb_layout_nr_superblocks), "0 superblocks" },
	{ "62 superblocks", 0, AT(layout.nr_superblocks), 62, E(invalid_sb_layout_nr_superblocks), "62 superblocks" },
	{ "copies overlap by a sector", 0, OFFSET(1), 2055, E(invalid_sb_layout_superblocks_overlap), "2055" },
	{ "copies descend", 0, OFFSET(2), 8, E(invalid_sb_layout_superblocks_overlap), "copy 2 at 8" },
	{ "copies wrap", 0, OFFSET(1), UINT64_MAX - 3, E(invalid_sb_layout_superblocks_overlap), "copy 1" },

	{ "v2: slots past the section", 0, IN(members_v2, 0, 2), 1000, E(invalid_sb_members), "too small" },
	{ "v2: slots of no bytes", 0, IN(members_v2, 0, 2), 0, E(invalid_sb_members), "too small" },
	{ "v2: too many buckets", 0, V2(0, 16, 8), 2147483584, E(invalid_sb_members), "device 0: too many buckets" },
	{ "v2: too few buckets", 0, V2(2, 16, 8), 63, E(invalid_sb_members), "device 2: not enough buckets" },
	{ "v2: too few in a hole", 0, V2(1, 16, 8), 0, E(invalid_sb_members), "device 1: not enough buckets" },
	{ "v2: first bucket takes too many", 0, V2(0, 24, 2), 1985, E(invalid_sb_members), "not enough buckets" },
	{ "v2: first bucket past the end", 0, V2(0, 24, 2), 2049, E(invalid_sb_members), "not enough buckets" },
	{ "v2: bucket less than a block", 0, V2(0, 26, 2), 4, E(invalid_sb_members), "block size 8" },
	{ "v2: bucket less than a node", 0, V2(0, 26, 2), 128, E(invalid_sb_members), "btree node size 256" },
	{ "v2: bitmap shift", 0, V2(0, 28, 1), 58, E(invalid_sb_members), "bitmap shift 58" },
	{ "v1: too many buckets", 0, V1(0, 16, 8), 2147483584, E(invalid_sb_members), "too many buckets" },
	{ "v1: too few in a hole", 0, V1(1, 16, 8), 63, E(invalid_sb_members), "not enough buckets" },
	{ "v1: bucket less than a block", 0, V1(2, 26, 2), 7, E(invalid_sb_members), "device 2: bucket size 7" },
	{ "v1: bitmap shift", 0, V1(0, 28, 1), 255, E(invalid_sb_members), "bitmap shift 255" },

	{ "v1 of journal: bucket 0", 0, IN(journal, 0, 8), 0, E(invalid_sb_journal), "sector 0" },
	{ "v1 of journal: past the end", 0, IN(journal, 0, 8), 2048, E(invalid_sb_journal), "2048 past end" },
	{ "v1 of journal: twice", 0, IN(journal, 0, 8), 18, E(invalid_sb_journal), "duplicate journal bucket 18" },
	{ "journal: bucket 0", 0, IN(journal_v2, 0, 8), 0, E(invalid_sb_journal), "sector 0" },
	{ "journal: empty range", 0, IN(journal_v2, 8, 8), 0, E(invalid_sb_journal), "empty range" },
	{ "journal: range wraps", 0, IN(journal_v2, 8, 8), UINT64_MAX, E(invalid_sb_journal), "range at bucket 17" },
	{ "journal: past the end", 0, IN(journal_v2, 24, 8), 2009, E(invalid_sb_journal), "2048 past end" },
	{ "journal: overlap", 0, IN(journal_v2, 8, 8), 24, E(invalid_sb_journal), "duplicate journal bucket 40" },

	{ "kdf type", 0, IN(crypt, 0, 1), 1, E(invalid_sb_crypt), "kdf type 1" },

	{ "replicas_v0: no devices", 0, IN(replicas_v0, 1, 1), 0, E(invalid_replicas_entry), "btree: 1/0" },
	{ "replicas_v0: a hole", 0, IN(replicas_v0, 2, 1), 1, E(invalid_replicas_entry), "btree: 1/1 [1]" },
	{ "replicas_v0: no such device", 0, IN(replicas_v0, 6, 1), 3, E(invalid_replicas_entry), "[0 3]" },
	{ "replicas_v0: past the end", 0, IN(replicas_v0, 8, 1), 200, E(invalid_replicas_entry), "past the end" },
	{ "replicas_v0: twice", 0, IN(replicas_v0, 7, 3), 0x000103, E(invalid_sb_replicas), "duplicate entry btree" },
	{ "replicas: requires all", 0, IN(replicas, 6, 1), 3, E(invalid_replicas_entry), "parity: 3/3" },
	{ "replicas: no such device", 0, IN(replicas, 8, 1), 254, E(invalid_replicas_entry), "254" },

	{ "group of a member is not there", 0, V2(0, 40, 8), GROUP(2), E(invalid_sb_disk_groups), "deleted label 2" },
	{ "group of a member is past the end", 0, V2(0, 40, 8), GROUP(3), E(invalid_sb_disk_groups), "label 3 of 3" },
	{ "label is empty", 0, IN(disk_groups, 0, 3), 0, E(invalid_sb_disk_groups), "label 0 is empty" },

	{ "clean: sequence number", 0, IN(clean, 15, 1), 0x80, E(invalid_sb_clean), "too big" },

	{ "blacklist: empty range", 0, IN(journal_seq_blacklist, 8, 8), 24, E(invalid_sb_journal_seq_blacklist), "(24 >= 24)" },
	{ "blacklist: not in order", 0, IN(journal_seq_blacklist, 16, 8), 31, E(invalid_sb_journal_seq_blacklist), "entry 1 before" },

	{ "errors: count 0", 0, IN(errors, 2, 6), 0, E(invalid_sb_errors), "count 0 (id 283)" },
	{ "errors: same id", 0, IN(errors, 16, 2), 283, E(invalid_sb_errors), "id 283 after 283" },
	{ "errors: descending ids", 0, IN(errors, 16, 2), 7, E(invalid_sb_errors), "id 7 after 283" },
	{ "errors_v2: count 0", 0, IN(errors_v2, 2, 4), 0, E(invalid_sb_errors), "count 0 (id 393)" },
	{ "errors_v2: last before first", 0, IN(errors_v2, 6, 2), 0, E(invalid_sb_errors), "before it was first" },

	{ "downgrade: major version", 0, IN(downgrade, 0, 2), 29, E(invalid_sb_downgrade), "major version 0" },
	{ "extent type of another size", 0, IN(extent_type_u64s, 3, 1), 4, E(invalid_sb_extent_type_u64s), "type 3 has 4" },

	{ "section of no length", 0, FIXED, sizeof(struct bch_sb), 4, 0, E(invalid_sb_field_size), "after 0 bytes" },
	{ "section past the end", 0, FIXED, sizeof(struct bch_sb), 4, 1 << 20, E(invalid_sb_field_size), "after 0 bytes" },
	{ "section whose bytes are 2^32", 0, FIXED, sizeof(struct bch_sb), 4, 0x20000000, E(invalid_sb_field_size), "after 0" },
	{ "members_v1 not there", V_1_13, FIXED, 0, 0, 0, E(invalid_sb_members_missing), "none" },
};

/* Sections with fewer bytes than there must be. */
static const struct {
	u32 type;
	size_t len;
	int want;
	const char *words;
} short_sections[] = {
	{ BCH_SECTION_members_v1, 160, E(invalid_sb_members), "too small for 3" },
	{ BCH_SECTION_members_v2, 432, E(invalid_sb_members), "too small for 3" },
	{ BCH_SECTION_members_v2, 0, E(invalid_sb_members), "too small for 3" },
	{ BCH_SECTION_crypt, 48, E(invalid_sb_crypt), "got 56 should be 64" },
	{ BCH_SECTION_quota, 64, E(invalid_sb_quota), "got 72 should be 80" },
	{ BCH_SECTION_clean, 8, E(invalid_sb_clean), "got 16 should be 24" },
	{ BCH_SECTION_disk_groups, 48, E(invalid_sb_disk_groups), "label 1 of 1" },
	{ BCH_SECTION_ext, 72, E(invalid_sb_ext), "80 bytes, min 88" },
};

/* Options out of their range. */
static const struct {
	enum bch_opt_id id;
	enum bch_sb_flag flag;
	u64 value;
	u16 version;
	int want;
} bad_options[] = {
#define O(id, flag, value, version, want) { BCH_OPT_##id, BCH_SB_##flag, value, version, E(want) }
	O(btree_node_size, BTREE_NODE_SIZE, 0, 0, option_too_small),
	O(btree_node_size, BTREE_NODE_SIZE, 2048, 0, option_too_big),
	O(btree_node_size, BTREE_NODE_SIZE, 200, 0, option_value),
	O(errors, ERROR_ACTION, 4, 0, option_too_big),
	O(metadata_replicas, META_REPLICAS_WANT, 0, 0, option_too_small),
	O(metadata_replicas, META_REPLICAS_WANT, 4, 0, option_too_big),
	O(data_replicas, DATA_REPLICAS_WANT, 5, V_1_39, option_too_big),
	O(metadata_replicas_required, META_REPLICAS_REQ, 0, 0, option_too_small),
	O(data_replicas_required, DATA_REPLICAS_REQ, 4, 0, option_too_big),
	O(encoded_extent_max, ENCODED_EXTENT_MAX_BITS, 2, 0, option_too_small),
	O(encoded_extent_max, ENCODED_EXTENT_MAX_BITS, 12, 0, option_too_big),
	O(encoded_extent_max, ENCODED_EXTENT_MAX_BITS, 63, V_1_39, option_too_big),
	O(metadata_checksum, META_CSUM_TYPE, 4, 0, option_too_big),
	O(data_checksum, DATA_CSUM_TYPE, 15, 0, option_too_big),
	O(compression, COMPRESSION_TYPE_LO, 4, 0, invalid_sb_opt_compression),
	O(compression, COMPRESSION_TYPE_HI, 1, 0, invalid_sb_opt_compression),
	O(background_compression, BACKGROUND_COMPRESSION_TYPE_LO, 15, 0, invalid_sb_opt_compression),
	O(str_hash, STR_HASH_TYPE, 3, 0, option_too_big),
	O(erasure_code, ERASURE_CODE, 2, 0, option_too_big),
	O(gc_reserve_percent, GC_RESERVE, 4, 0, option_too_small),
	O(gc_reserve_percent, GC_RESERVE, 21, 0, option_too_big),
	O(root_reserve_percent, ROOT_RESERVE, 100, 0, option_too_big),
	O(journal_flush_delay, JOURNAL_FLUSH_DELAY, UINT32_MAX, 0, option_too_big),
	O(journal_reclaim_delay, JOURNAL_RECLAIM_DELAY, UINT32_MAX, 0, option_too_big),
	O(allocator_stuck_timeout, ALLOCATOR_STUCK_TIMEOUT, 65535, 0, option_too_big),
	O(version_upgrade, VERSION_UPGRADE, 3, 0, option_too_big),
	O(write_error_timeout, WRITE_ERROR_TIMEOUT, 300, V_1_28, option_too_big),
	O(checksum_err_retry_nr, CSUM_ERR_RETRY_NR, 32, V_1_28, option_too_big),
	O(shard_inode_numbers_bits, SHARD_INUMS_NBITS, 8, V_1_28, option_too_big),
	O(scrub_recent_journal_entries, SCRUB_JOURNAL, 3, V_1_39, option_too_big),
	O(ec_max_data_blocks, EC_MAX_DATA_BLOCKS, 16, V_1_39, option_too_big),
#undef O
};
/* clang-format on */

/* Validates; the words must hold @words where there is an error. True where @want comes. */
static bool gives(const struct bch_super *super, unsigned flags, const char *what, int want,
		  const char *words)
{
	struct bch_buf why bch_auto(buf) = { 0 };
	int have = bch_sb_validate(super, BCH_SB_SECTOR, flags, &why);
	bool good = have == want && (!want ? !why.len : strstr(bch_buf_str(&why), words) != NULL);

	if (!good)
		print_error("%s: %s (%s), wanted %s (%s)\n", what, bch_err_name(have),
			    bch_buf_str(&why), bch_err_name(want), words);
	assert_int_equal(bch_sb_validate(super, BCH_SB_SECTOR, flags, NULL), have);
	return good;
}

static void break_it(struct bch_super *super, const struct breach *b)
{
	u8 *base = b->section == FIXED ? (u8 *)super->sb
				       : bch_super_section_mut(super, (u32)b->section);

	if (b->size)
		sb_build_poke(base + b->at, b->size, b->value);
	else
		bch_super_section_drop(super, BCH_SECTION_members_v1);
}

/* True where it is as it must be. */
static bool breach_is_found(const struct breach *b, u16 version)
{
	struct bch_super super = sb_build(version);
	bool good = gives(&super, 0, "before", 0, "");

	break_it(&super, b);
	good = gives(&super, 0, b->what, b->want, b->words) && good;
	bch_super_end(&super);
	return good;
}

static void each_broken_field_gives_exactly_its_error(void **state)
{
	u32 bad = 0;

	for (size_t i = 0; i < bch_array_size(breaches); i++)
		if (breaches[i].version)
			bad += !breach_is_found(&breaches[i], breaches[i].version);
		else
			bad += !breach_is_found(&breaches[i], V_1_13) +
			       !breach_is_found(&breaches[i], V_1_28);
	assert_int_equal(bad, 0);
}

static u32 image_is_bad;

/* The fixed part's breaches, in what kernels wrote. */
static void break_image(const char *name, const struct bch_super *super)
{
	image_is_bad += !gives(super, 0, name, 0, "");
	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct bch_super broken = sb_build_copy(super);
		const struct breach *b = &breaches[i];

		/* what depends on the number of members, or on the newest version, differs */
		if (b->section == FIXED && !b->version && b->size &&
		    b->at != offsetof(struct bch_sb, nr_devices) &&
		    b->at != offsetof(struct bch_sb, dev_idx) && b->value != BCH_VERSION(1, 29) &&
		    b->at != offsetof(struct bch_sb, features)) {
			break_it(&broken, b);
			image_is_bad += bch_sb_validate(&broken, BCH_SB_SECTOR, 0, NULL) != b->want;
		}
		bch_super_end(&broken);
	}
}

static void each_broken_field_of_what_kernels_wrote_gives_exactly_its_error(void **state)
{
	image_is_bad = 0;
	sb_build_each_image(break_image);
	assert_int_equal(image_is_bad, 0);
}

static void zero_uuids_are_refused(void **state)
{
	struct bch_super super = sb_build(V_1_13);

	memset(super.sb->uuid, 0, 16);
	assert_true(gives(&super, 0, "uuid", E(invalid_sb_uuid), "internal"));
	memset(super.sb->user_uuid, 0, 16);
	assert_true(gives(&super, 0, "user_uuid", E(invalid_sb_uuid), "external"));
	bch_super_end(&super);
}

static void short_sections_are_refused(void **state)
{
	u32 bad = 0;

	for (size_t i = 0; i < bch_array_size(short_sections); i++) {
		struct bch_super super = sb_build(V_1_13);

		assert_int_equal(bch_super_section_resize(&super, short_sections[i].type,
							  short_sections[i].len),
				 0);
		bad += !gives(&super, 0, bch_sb_section_names[short_sections[i].type],
			      short_sections[i].want, short_sections[i].words);
		bch_super_end(&super);
	}
	assert_int_equal(bad, 0);
}

static void options_out_of_range_are_refused_by_name(void **state)
{
	u32 bad = 0;

	for (size_t i = 0; i < bch_array_size(bad_options); i++) {
		u16 version = bad_options[i].version ? bad_options[i].version : V_1_13;
		struct bch_super super = sb_build(version);
		const char *name = bch_opt(bad_options[i].id)->name;

		bch_sb_flag_set(super.sb, bad_options[i].flag, bad_options[i].value);
		bad += !gives(&super, 0, name, bad_options[i].want, name);
		bch_super_end(&super);
	}
	assert_int_equal(bad, 0);
}

/* The same label twice below one parent; below another it may stand again. */
static void labels_are_unique_below_a_parent(void **state)
{
	struct bch_super super = sb_build(V_1_13);
	struct bch_disk_group g = { .label = "ssd", .flags0 = 0x3e };
	u8 *entry = bch_super_section_mut(&super, BCH_SECTION_disk_groups) + 96;

	bch_disk_group_put(&g, entry, 48);
	assert_true(gives(&super, 0, "label twice", E(invalid_sb_disk_groups), "same label"));
	g.flags0 |= 1 << 6;
	bch_disk_group_put(&g, entry, 48);
	assert_true(gives(&super, 0, "label below another", 0, ""));
	bch_super_end(&super);
}

static void incompatible_versions_bind_only_with_their_feature_bit(void **state)
{
	struct bch_super super = sb_build(V_1_28);

	bch_sb_flag_set(super.sb, BCH_SB_VERSION_INCOMPAT, BCH_VERSION_READ_MAX + 1);
	assert_true(
		gives(&super, 0, "incompat", E(invalid_sb_version), "incompatible version 1.40"));
	super.sb->features[0] = le64_of(BCH_FEATURES_ALL);
	assert_true(gives(&super, 0, "no feature bit", 0, ""));
	bch_super_end(&super);
}

static void writers_may_not_use_features_that_are_not_allowed(void **state)
{
	struct bch_super super = sb_build(V_1_28);

	bch_sb_flag_set(super.sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, BCH_VERSION(1, 20));
	bch_sb_flag_set(super.sb, BCH_SB_VERSION_INCOMPAT, BCH_VERSION(1, 24));
	assert_true(gives(&super, 0, "read", 0, ""));
	assert_true(
		gives(&super, BCH_SB_VALIDATE_WRITE, "write", E(invalid_sb_version), "allowed"));
	bch_super_end(&super);
}

static void members_are_written_with_the_sequence_number_of_the_superblock(void **state)
{
	struct bch_super super = sb_build(V_1_13);

	assert_true(gives(&super, BCH_SB_VALIDATE_WRITE, "same", 0, ""));
	super.sb->seq = le64_of(26);
	assert_true(gives(&super, 0, "read", 0, ""));
	assert_true(
		gives(&super, BCH_SB_VALIDATE_WRITE, "write", E(invalid_sb_members), "device 0"));
	bch_super_end(&super);
}

static void clean_section_that_overruns_is_read_but_not_written(void **state)
{
	struct bch_super super = sb_build(V_1_13);

	bch_super_section_mut(&super, BCH_SECTION_clean)[16] = 30;
	assert_true(gives(&super, 0, "read", 0, ""));
	assert_true(
		gives(&super, BCH_SB_VALIDATE_WRITE, "write", E(invalid_sb_clean), "past the end"));
	bch_super_end(&super);
}

static void downgrade_entries_cut_off_are_read_but_not_written(void **state)
{
	struct bch_super super = sb_build(V_1_13);

	bch_super_section_mut(&super, BCH_SECTION_downgrade)[18] = 60;
	assert_true(gives(&super, 0, "read", 0, ""));
	assert_true(gives(&super, BCH_SB_VALIDATE_WRITE, "write", E(invalid_sb_downgrade), "past"));
	bch_super_end(&super);
}

static void padding_of_a_whole_downgrade_entry_is_refused(void **state)
{
	struct bch_super super = sb_build(V_1_13);

	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_downgrade, 112 + 16), 0);
	assert_true(gives(&super, 0, "16 bytes", 0, ""));
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_downgrade, 112 + 24), 0);
	assert_true(gives(&super, 0, "24 bytes", E(invalid_sb_downgrade), "version 0"));
	bch_super_end(&super);
}

static void freespace_without_alloc_info_is_refused_after_1_13(void **state)
{
	struct bch_super super = sb_build(V_1_28);
	struct bch_member m;

	super.sb->features[0] = le64_of(BCH_FEATURES_ALL_1_14 | 1 << BCH_FEATURE_no_alloc_info);
	assert_true(gives(&super, 0, "without", 0, ""));
	assert_true(bch_super_member(&super, 2, &m));
	bch_member_FREESPACE_INITIALIZED_set(&m, 1);
	bch_super_member_put(&super, 2, &m);
	assert_true(gives(&super, 0, "with", E(invalid_sb_members), "no alloc info"));
	bch_super_end(&super);
}

static void deleted_members_are_valid_but_hold_no_data(void **state)
{
	struct bch_super super = sb_build(V_1_28);
	struct bch_member m;

	assert_true(bch_super_member(&super, SB_BUILD_HOLE, &m));
	memcpy(m.uuid, bch_member_deleted_uuid, 16);
	bch_super_member_put(&super, SB_BUILD_HOLE, &m);
	assert_false(bch_member_alive(&m));
	assert_true(gives(&super, 0, "deleted", 0, ""));
	bch_super_section_mut(&super, BCH_SECTION_replicas_v0)[2] = SB_BUILD_HOLE;
	assert_true(gives(&super, 0, "named", E(invalid_replicas_entry), "btree: 1/1 [1]"));
	bch_super_end(&super);
}

static void since_1_14_one_members_section_is_enough(void **state)
{
	struct bch_super super = sb_build(V_1_39);

	bch_super_section_drop(&super, BCH_SECTION_members_v1);
	assert_true(gives(&super, 0, "v2 alone", 0, ""));
	bch_super_section_drop(&super, BCH_SECTION_members_v2);
	assert_true(gives(&super, 0, "none", E(invalid_sb_members_missing), "none found"));
	bch_super_end(&super);

	super = sb_build(V_1_13);
	bch_super_section_drop(&super, BCH_SECTION_members_v2);
	bch_super_section_drop(&super, BCH_SECTION_disk_groups);
	assert_true(gives(&super, 0, "v1 alone", 0, ""));
	bch_super_end(&super);
}

static void more_than_64_members_are_valid_since_1_38(void **state)
{
	struct bch_super super = { 0 };
	struct bch_member m;

	assert_int_equal(bch_super_new(&super), 0);
	sb_build_fixed_part(super.sb, V_1_39);
	sb_build_members(&super);
	assert_true(bch_super_member(&super, 0, &m));
	assert_int_equal(bch_super_members_create(&super, BCH_SB_MAX_MEMBERS, 328), 0);
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++)
		bch_super_member_put(&super, i, &m);
	assert_true(gives(&super, 0, "255 members", 0, ""));
	super.sb->version = super.sb->version_min = le16_of(BCH_VERSION(1, 37));
	assert_true(gives(&super, 0, "at 1.37", E(invalid_sb_too_many_members), "255 members"));
	bch_super_end(&super);
}

/* What a reader must not stumble over. */
static void what_may_vary_is_valid(void **state)
{
	struct bch_super super = sb_build(V_1_13);

	super.sb->offset = le64_of(4711); /* 6.12 does not look */
	super.sb->compat[0] = super.sb->compat[1] = le64_of(UINT64_MAX);
	super.sb->write_time = le64_of(UINT64_MAX);
	super.sb->time_base_lo = le64_of(UINT64_MAX);
	memset(super.sb->label, 'x', BCH_SB_LABEL_SIZE);
	memcpy(super.sb->magic, bch_magic_bcache, 16);
	memcpy(super.sb->layout.magic, bch_magic_bcache, 16);
	super.sb->flags[6] = le64_of(UINT64_MAX); /* a 1.13 kernel does not know them */
	bch_sb_flag_set(super.sb, BCH_SB_WRITE_BUFFER_SIZE, 77);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_journal_v2, 0), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_errors, 0), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_counters, 8), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_members_v2, 600), 0);
	sb_build_put(&super, 0xfffffff0, NULL, 0);
	assert_true(gives(&super, 0, "varied", 0, ""));
	bch_super_end(&super);
}

/* 01 §10.3 (7): found and put right when read, but never written. */
static void zeroes_that_readers_put_right_are_valid_when_read(void **state)
{
	struct bch_super super = sb_build(V_1_28);

	bch_sb_flag_set(super.sb, BCH_SB_JOURNAL_FLUSH_DELAY, 0);
	bch_sb_flag_set(super.sb, BCH_SB_WRITE_ERROR_TIMEOUT, 0);
	assert_true(gives(&super, 0, "read", 0, ""));
	assert_true(gives(&super, BCH_SB_VALIDATE_WRITE, "write", E(option_too_small), "option"));
	bch_sb_fix_up(super.sb);
	assert_int_equal(bch_sb_opt(super.sb, BCH_OPT_journal_flush_delay), 1000);
	assert_int_equal(bch_sb_opt(super.sb, BCH_OPT_write_error_timeout), 30);
	assert_true(gives(&super, BCH_SB_VALIDATE_WRITE, "put right", 0, ""));
	bch_super_end(&super);
}

static void fix_ups_depend_on_the_version(void **state)
{
	struct bch_super super = sb_build_small(BCH_VERSION(1, 9));

	bch_sb_flag_set(super.sb, BCH_SB_ALLOCATOR_STUCK_TIMEOUT, 0);
	bch_sb_flag_set(super.sb, BCH_SB_PROMOTE_WHOLE_EXTENTS, 0);
	bch_sb_flag_set(super.sb, BCH_SB_VERSION_UPGRADE_COMPLETE, 0);
	bch_sb_fix_up(super.sb);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_ALLOCATOR_STUCK_TIMEOUT), 30);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_PROMOTE_WHOLE_EXTENTS), 1);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_VERSION_UPGRADE_COMPLETE), 1033);
	assert_int_equal(le64_get(super.sb->flags[6]), 0);
	bch_super_end(&super);

	super = sb_build_small(V_1_28);
	bch_sb_flag_set(super.sb, BCH_SB_ALLOCATOR_STUCK_TIMEOUT, 0);
	bch_sb_flag_set(super.sb, BCH_SB_CSUM_ERR_RETRY_NR, 0);
	bch_sb_flag_set(super.sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, BCH_VERSION(1, 39));
	bch_sb_fix_up(super.sb);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_ALLOCATOR_STUCK_TIMEOUT), 0);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_CSUM_ERR_RETRY_NR), 0);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_VERSION_INCOMPAT_ALLOWED), V_1_28);
	assert_int_equal(bch_sb_flag(super.sb, BCH_SB_MULTI_DEVICE), 1);
	bch_super_end(&super);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_broken_field_gives_exactly_its_error),
		cmocka_unit_test(each_broken_field_of_what_kernels_wrote_gives_exactly_its_error),
		cmocka_unit_test(zero_uuids_are_refused),
		cmocka_unit_test(short_sections_are_refused),
		cmocka_unit_test(options_out_of_range_are_refused_by_name),
		cmocka_unit_test(labels_are_unique_below_a_parent),
		cmocka_unit_test(incompatible_versions_bind_only_with_their_feature_bit),
		cmocka_unit_test(writers_may_not_use_features_that_are_not_allowed),
		cmocka_unit_test(members_are_written_with_the_sequence_number_of_the_superblock),
		cmocka_unit_test(clean_section_that_overruns_is_read_but_not_written),
		cmocka_unit_test(downgrade_entries_cut_off_are_read_but_not_written),
		cmocka_unit_test(padding_of_a_whole_downgrade_entry_is_refused),
		cmocka_unit_test(freespace_without_alloc_info_is_refused_after_1_13),
		cmocka_unit_test(deleted_members_are_valid_but_hold_no_data),
		cmocka_unit_test(since_1_14_one_members_section_is_enough),
		cmocka_unit_test(more_than_64_members_are_valid_since_1_38),
		cmocka_unit_test(what_may_vary_is_valid),
		cmocka_unit_test(zeroes_that_readers_put_right_are_valid_when_read),
		cmocka_unit_test(fix_ups_depend_on_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
