// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of reading one device's superblock: which copy is taken, and what is said. Format reference: 01 §10.1, §10.2. */

#include "temp_fs.h"

#define PRIMARY 4096ULL
#define SECOND	2056ULL

/* Reads as a kernel would. */
static int read_it(const struct temp_fs *fs, u64 sector, struct bch_super *super)
{
	struct bch_blkdev *dev = temp_open(fs->t, fs->path[0], 0);
	int err = bch_super_read(dev, sector, super);

	assert_int_equal(bch_blkdev_close(dev), 0);
	return err;
}

/* Reads, and tells where the copy that was taken lies. */
static u64 place_read(const struct temp_fs *fs)
{
	struct bch_super super = { 0 };
	u64 place;

	fs->t->warned[0] = 0;
	assert_int_equal(read_it(fs, 0, &super), 0);
	place = le64_get(super.sb->offset);
	bch_super_end(&super);
	return place;
}

static void assert_read_fails(const struct temp_fs *fs, u64 sector, int want, const char *words)
{
	struct bch_super super = { 0 };

	assert_int_equal(read_it(fs, sector, &super), want);
	temp_fs_assert_said(fs, want, words);
	bch_super_end(&super);
}

static void good_primary_is_taken_without_a_word(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 28), 1);

	assert_int_equal(place_read(&fs), BCH_SB_SECTOR);
	assert_string_equal(fs.t->warned, "");
	temp_fs_end(&fs);
}

static void each_break_of_the_primary_leads_to_the_first_backup_with_a_warning(void **state)
{
	static const struct {
		u64 at;
		size_t len;
		const char *why;
	} breaks[] = {
		{ PRIMARY + 24, 4, "not a bcachefs superblock" },
		{ PRIMARY + 72, 4, "bad checksum" },
		{ PRIMARY, 4, "bad checksum" },
		{ PRIMARY + 18, 2, "version is not supported" },
		{ PRIMARY, 512, "not a bcachefs superblock" },
		{ PRIMARY + 760, 200, "bad checksum" },
	};
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 28), 1);

	struct bch_super good = temp_fs_get_copy(fs.t, fs.path[0], BCH_SB_SECTOR);

	for (size_t i = 0; i < bch_array_size(breaks); i++) {
		temp_fs_put_copy(fs.path[0], &good, BCH_SB_SECTOR);
		temp_fs_zero(fs.path[0], breaks[i].len, breaks[i].at);
		assert_int_equal(place_read(&fs), SECOND);
		assert_non_null(strstr(fs.t->warned, breaks[i].why));
		assert_non_null(strstr(fs.t->warned, "the copy at sector 2056 is used"));
	}
	bch_super_end(&good);
	temp_fs_end(&fs);
}

static void last_copy_is_taken_where_all_others_are_gone(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);

	temp_fs_zero(fs.path[0], 512, PRIMARY);
	temp_fs_zero(fs.path[0], 512, BCH_BYTES(SECOND));
	assert_int_equal(place_read(&fs), SB_BUILD_LAST_START);
	temp_fs_zero(fs.path[0], 512, BCH_BYTES((u64)SB_BUILD_LAST_START));
	assert_read_fails(&fs, 0, -BCH_ERR_invalid_sb_magic, "superblock at sector 8");
	temp_fs_end(&fs);
}

static void valid_old_primary_wins_over_newer_backups(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = temp_fs_get_copy(fs.t, fs.path[0], BCH_SB_SECTOR);

	super.sb->seq = le64_of(99);
	temp_fs_put_copy(fs.path[0], &super, SECOND);
	bch_super_end(&super);
	assert_int_equal(place_read(&fs), BCH_SB_SECTOR);
	temp_fs_end(&fs);
}

static void without_the_layout_there_is_no_backup(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);

	temp_fs_zero(fs.path[0], 512, BCH_BYTES(BCH_SB_LAYOUT_SECTOR));
	assert_int_equal(place_read(&fs), BCH_SB_SECTOR);
	temp_fs_write(fs.path[0], "x", 1, PRIMARY + 100);
	assert_read_fails(&fs, 0, -BCH_ERR_invalid_sb_csum, "bad checksum (crc32c");
	temp_fs_end(&fs);
}

static void failed_validation_is_final(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = temp_fs_get_copy(fs.t, fs.path[0], BCH_SB_SECTOR);

	memset(super.sb->uuid, 0, 16);
	temp_fs_put_copy(fs.path[0], &super, BCH_SB_SECTOR);
	bch_super_end(&super);
	assert_read_fails(&fs, 0, -BCH_ERR_invalid_sb_uuid,
			  "superblock at sector 8: UUID is zero (internal UUID)");
	temp_fs_end(&fs);
}

static void copy_that_is_asked_for_is_read_without_fallback(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 28), 1);
	struct bch_super super = { 0 };

	assert_int_equal(read_it(&fs, SECOND, &super), 0);
	assert_int_equal(le64_get(super.sb->offset), SECOND);
	bch_super_end(&super);
	temp_fs_zero(fs.path[0], 512, BCH_BYTES(SECOND));
	assert_read_fails(&fs, SECOND, -BCH_ERR_invalid_sb_magic, "superblock at sector 2056");
	temp_fs_zero(fs.path[0], 512, PRIMARY);
	assert_read_fails(&fs, BCH_SB_SECTOR, -BCH_ERR_invalid_sb_magic, "sector 8");
	assert_read_fails(&fs, BCH_U64_MAX, -BCH_ERR_short_read, "sector 18446744073709551615");
	temp_fs_end(&fs);
}

/* One thing wrong with the copy at sector 8, whose checksum is right unless it is what is wrong. */
static void what_is_wrong_with_a_copy_has_its_own_error(void **state)
{
	static const struct {
		u32 at, size;
		u64 value;
		bool sealed;
		int want;
	} wrongs[] = {
		{ 24, 1, 0, true, -BCH_ERR_invalid_sb_magic },
		{ 16, 2, 2048, true, -BCH_ERR_invalid_sb_version },
		{ 18, 2, 8, true, -BCH_ERR_invalid_sb_version },
		{ 18, 2, 1063, true, -BCH_ERR_invalid_sb_version },
		{ 124, 4, 0x40000, false, -BCH_ERR_invalid_sb_too_big },
		{ 124, 4, UINT32_MAX, false, -BCH_ERR_invalid_sb_too_big },
		{ 124, 4, 100000, false, -BCH_ERR_invalid_sb_csum },
		{ 144, 1, 3 << 2, false, -BCH_ERR_invalid_sb_csum_type },
		{ 144, 1, 8 << 2, false, -BCH_ERR_invalid_sb_csum_type },
		{ 144, 1, 2 << 2, false, -BCH_ERR_invalid_sb_csum },
		{ 8, 1, 1, false, -BCH_ERR_invalid_sb_csum },
		{ 751, 1, 1, false, -BCH_ERR_invalid_sb_csum },
	};
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super good = temp_fs_get_copy(fs.t, fs.path[0], BCH_SB_SECTOR);

	for (size_t i = 0; i < bch_array_size(wrongs); i++) {
		struct bch_super bad = sb_build_copy(&good), read = { 0 };
		struct bch_blkdev *dev;
		size_t len = bch_super_len(&bad);

		/* the last sector's layout would make 100000 u64s too many: a larger place */
		bad.sb->layout.sb_max_size_bits = 11;
		sb_build_poke((u8 *)bad.sb + wrongs[i].at, wrongs[i].size, wrongs[i].value);
		if (wrongs[i].sealed)
			assert_int_equal(bch_super_seal(&bad, BCH_SB_SECTOR), 0);
		temp_fs_write(fs.path[0], bad.sb, len, PRIMARY);
		dev = temp_open(fs.t, fs.path[0], 0);
		assert_int_equal(bch_super_read_copy(dev, BCH_SB_SECTOR, &read, NULL),
				 wrongs[i].want);
		assert_int_equal(bch_blkdev_close(dev), 0);
		bch_super_end(&read);
		bch_super_end(&bad);
	}
	bch_super_end(&good);
	temp_fs_end(&fs);
}

static void every_checksum_type_that_is_written_is_read(void **state)
{
	static const u8 types[] = { BCH_CSUM_none,	    BCH_CSUM_crc32c_nonzero,
				    BCH_CSUM_crc64_nonzero, BCH_CSUM_crc32c,
				    BCH_CSUM_crc64,	    BCH_CSUM_xxhash };
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);

	for (size_t i = 0; i < bch_array_size(types); i++) {
		temp_fs_change(&fs, 0, super,
			       bch_sb_flag_set(super.sb, BCH_SB_CSUM_TYPE, types[i]));
		assert_int_equal(place_read(&fs), BCH_SB_SECTOR);
	}
	temp_fs_end(&fs);
}

static void superblock_of_a_whole_mebibyte_is_read(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	size_t body;

	temp_fs_change(&fs, 0, super, {
		body = (1 << 20) - bch_super_len(&super) - 8;
		assert_int_equal(bch_super_section_resize(&super, SB_BUILD_UNKNOWN, body + 8),
				 -BCH_ERR_no_space_in_sb);
		assert_int_equal(bch_super_section_resize(&super, SB_BUILD_UNKNOWN, body), 0);
	});
	assert_int_equal(place_read(&fs), BCH_SB_SECTOR);
	temp_fs_end(&fs);
}

static void device_that_ends_within_the_superblock_is_an_error(void **state)
{
	static const off_t sizes[] = { 0, 3584, 4096, 4096 + 751, 4096 + 800 };
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = { 0 };

	for (size_t i = bch_array_size(sizes); i--;) {
		struct bch_blkdev *dev;

		assert_int_equal(truncate(fs.path[0], sizes[i]), 0);
		dev = temp_open(fs.t, fs.path[0], 0);
		assert_int_equal(bch_super_read(dev, 0, &super), -BCH_ERR_short_read);
		assert_int_equal(bch_blkdev_close(dev), 0);
	}
	bch_super_end(&super);
	temp_fs_end(&fs);
}

static void unreadable_primary_leads_to_a_backup(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = { 0 };
	struct bch_blkdev *dev;

	assert_int_equal(bch_faulty_new(temp_open(fs.t, fs.path[0], 0), &dev), 0);
	bch_faulty_set(dev, BCH_FAULT_read, 1, 0);
	assert_int_equal(bch_super_read(dev, 0, &super), 0);
	assert_int_equal(le64_get(super.sb->offset), SECOND);
	assert_int_equal(bch_blkdev_close(dev), 0);
	bch_super_end(&super);
	temp_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(good_primary_is_taken_without_a_word),
		TEMP_TEST(each_break_of_the_primary_leads_to_the_first_backup_with_a_warning),
		TEMP_TEST(last_copy_is_taken_where_all_others_are_gone),
		TEMP_TEST(valid_old_primary_wins_over_newer_backups),
		TEMP_TEST(without_the_layout_there_is_no_backup),
		TEMP_TEST(failed_validation_is_final),
		TEMP_TEST(copy_that_is_asked_for_is_read_without_fallback),
		TEMP_TEST(what_is_wrong_with_a_copy_has_its_own_error),
		TEMP_TEST(every_checksum_type_that_is_written_is_read),
		TEMP_TEST(superblock_of_a_whole_mebibyte_is_read),
		TEMP_TEST(device_that_ends_within_the_superblock_is_an_error),
		TEMP_TEST(unreadable_primary_leads_to_a_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
