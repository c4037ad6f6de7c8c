// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of bringing superblocks back: by scanning, and from another member. Format reference: 01 §10.2. */

#include "temp_fs.h"

static const u64 places[TEMP_FS_COPIES] = { 8, 2056, SB_BUILD_LAST_START };

static void destroy(const struct temp_fs *fs, u32 dev, u32 copies)
{
	temp_fs_zero(fs->path[dev], 512, BCH_BYTES(BCH_SB_LAYOUT_SECTOR));
	for (u32 c = 0; c < TEMP_FS_COPIES; c++)
		if (copies >> c & 1)
			temp_fs_zero(fs->path[dev], 512, BCH_BYTES(places[c]));
}

/* Recovers, if it can be; what was found is what is written. */
static int recover(const struct temp_fs *fs, u32 dev, const struct bch_recover_opts *opts)
{
	struct bch_recovery *r = NULL;
	int err = bch_recovery_find(fs->t->ctx, fs->path[dev], opts, &r);

	if (!err) {
		struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);

		bch_recovery_show(r, facts);
		assert_non_null(strstr(bch_facts_str(facts), "External UUID"));
		err = bch_recovery_write(r);
		bch_recovery_free(r);
	} else {
		assert_null(r);
	}
	return err;
}

/* All copies and sector 7 are as temp_fs_make() left them. */
static void assert_whole(const struct temp_fs *fs, u32 dev, const struct bch_super *want)
{
	struct bch_sb_layout layout;

	temp_fs_io(fs->path[dev], &layout, 512, 3584, false);
	assert_memory_equal(&layout, &want->sb->layout, 512);
	for (u32 c = 0; c < TEMP_FS_COPIES; c++) {
		struct bch_super have = temp_fs_get_copy(fs->t, fs->path[dev], places[c]);
		struct bch_super sealed = sb_build_copy(want);

		assert_int_equal(bch_super_seal(&sealed, places[c]), 0);
		assert_int_equal(bch_super_len(&have), bch_super_len(&sealed));
		assert_memory_equal(have.sb, sealed.sb, bch_super_len(&sealed));
		bch_super_end(&have);
		bch_super_end(&sealed);
	}
}

static void any_one_copy_brings_all_back(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 28), 1);
	struct bch_super want = temp_fs_get_copy(fs.t, fs.path[0], 8);

	for (u32 left = 0; left < TEMP_FS_COPIES; left++) {
		destroy(&fs, 0, 7 & ~(1U << left));
		assert_int_equal(recover(&fs, 0, &(struct bch_recover_opts){ 0 }), 0);
		assert_whole(&fs, 0, &want);
	}
	bch_super_end(&want);
	temp_fs_end(&fs);
}

static void without_any_copy_nothing_is_found_nor_written(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);

	destroy(&fs, 0, 7);
	assert_int_equal(recover(&fs, 0, &(struct bch_recover_opts){ 0 }), -BCH_ERR_no_sb_found);
	temp_fs_assert_said(&fs, -BCH_ERR_no_sb_found, "Found no bcachefs superblocks");
	temp_fs_end(&fs);
}

static void copies_that_lie_elsewhere_or_are_broken_are_passed_over(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = temp_fs_get_copy(fs.t, fs.path[0], 8);

	/* a copy of the copy, in a file perhaps: it says that it belongs elsewhere */
	temp_fs_write(fs.path[0], super.sb, bch_super_len(&super), 8 << 20);
	temp_fs_zero(fs.path[0], 8, BCH_BYTES(2056) + 40);
	destroy(&fs, 0, 1 | 4);
	assert_int_equal(recover(&fs, 0, &(struct bch_recover_opts){ 0 }), -BCH_ERR_no_sb_found);
	bch_super_end(&super);
	temp_fs_end(&fs);
}

static void highest_sequence_number_of_the_filesystem_written_last_is_taken(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = temp_fs_get_copy(fs.t, fs.path[0], 8), want;

	super.sb->seq = le64_of(77);
	temp_fs_put_copy(fs.path[0], &super, 2056);
	want = sb_build_copy(&super);
	/* an older filesystem's backup, which survived the formatting */
	super.sb->uuid[3] ^= 1;
	super.sb->seq = le64_of(1000);
	super.sb->write_time = le64_of(7);
	temp_fs_put_copy(fs.path[0], &super, SB_BUILD_LAST_START);
	assert_int_equal(recover(&fs, 0, &(struct bch_recover_opts){ 0 }), 0);
	assert_whole(&fs, 0, &want);
	bch_super_end(&super);
	bch_super_end(&want);
	temp_fs_end(&fs);
}

static void copy_may_be_chosen_by_number_and_by_place(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super super = temp_fs_get_copy(fs.t, fs.path[0], 8);
	struct bch_recover_opts opts = { .copy = 4 };

	super.sb->seq = le64_of(3);
	temp_fs_put_copy(fs.path[0], &super, 2056);
	assert_int_equal(recover(&fs, 0, &opts), -BCH_ERR_invalid_argument);
	opts.copy = 2;
	assert_int_equal(recover(&fs, 0, &opts), 0);
	assert_whole(&fs, 0, &super);

	super.sb->seq = le64_of(2);
	temp_fs_put_copy(fs.path[0], &super, 2056);
	opts = (struct bch_recover_opts){ .offset = BCH_BYTES(2056) };
	assert_int_equal(recover(&fs, 0, &opts), 0);
	assert_whole(&fs, 0, &super);
	opts.offset = 1 << 20;
	assert_int_equal(recover(&fs, 0, &opts), -BCH_ERR_no_sb_found);
	bch_super_end(&super);
	temp_fs_end(&fs);
}

static void scan_goes_no_further_than_it_was_told(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_recover_opts opts = { .scan_len = 65536 };

	destroy(&fs, 0, 1 | 4);
	assert_int_equal(recover(&fs, 0, &opts), -BCH_ERR_no_sb_found);
	opts.scan_len = 2 << 20;
	assert_int_equal(recover(&fs, 0, &opts), 0);

	/* the device has grown since: the end is where it was */
	destroy(&fs, 0, 1 | 2);
	assert_int_equal(truncate(fs.path[0], TEMP_FS_SIZE + (64 << 20)), 0);
	opts.scan_len = 0;
	assert_int_equal(recover(&fs, 0, &opts), -BCH_ERR_no_sb_found);
	opts.dev_size = TEMP_FS_SIZE;
	assert_int_equal(recover(&fs, 0, &opts), 0);
	temp_fs_end(&fs);
}

static void dry_run_writes_nothing(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	u8 sector[512];

	destroy(&fs, 0, 1);
	assert_int_equal(recover(&fs, 0, &(struct bch_recover_opts){ .dry_run = true }), 0);
	temp_fs_io(fs.path[0], sector, 512, 4096, false);
	assert_true(bch_bytes_are_zero((struct bch_bytes){ sector, 512 }));
	temp_fs_end(&fs);
}

static void member_is_made_anew_from_another(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 28), 3);
	struct bch_recover_opts opts = { .from = fs.path[0], .dev_idx = 1 };
	struct bch_super super;
	struct bch_fs *open;

	temp_run("truncate -s 0 %s; truncate -s %llu %s", fs.path[1],
		 (unsigned long long)TEMP_FS_SIZE, fs.path[1]);
	assert_int_equal(recover(&fs, 1, &opts), 0);
	super = temp_fs_get_copy(fs.t, fs.path[1], 8);
	assert_int_equal(super.sb->dev_idx, 1);
	assert_null(bch_super_section(&super, BCH_SECTION_journal).p);
	assert_int_equal(bch_sb_validate(&super, 8, 0, NULL), 0);
	bch_super_end(&super);
	open = temp_fs_opened(&fs, BCH_OPEN_WRITE);
	for (u32 i = 0; i < 3; i++)
		assert_non_null(open->members[i].blkdev);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void member_that_is_the_source_or_none_is_refused(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 2);
	struct bch_recover_opts opts = { .from = fs.path[0], .dev_idx = 0 };

	assert_int_equal(recover(&fs, 1, &opts), -BCH_ERR_invalid_sb_dev_idx);
	opts.dev_idx = 2;
	assert_int_equal(recover(&fs, 1, &opts), -BCH_ERR_invalid_sb_dev_idx);
	opts.dev_idx = 1;
	assert_int_equal(truncate(fs.path[1], TEMP_FS_SIZE / 2), 0);
	assert_int_equal(recover(&fs, 1, &opts), -BCH_ERR_device_size_too_small);
	temp_fs_end(&fs);
}

static void each_failed_allocation_is_an_error(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_super want = temp_fs_get_copy(fs.t, fs.path[0], 8);
	u64 nth = 0, fired;
	int err;

	do {
		struct bch_recovery *r = NULL;

		destroy(&fs, 0, 1 | 2);
		fired = bch_fault_fired(&faults, "memory");
		assert_int_equal(bch_fault_set(&faults, "memory", ++nth), 0);
		err = bch_recovery_find(fs.t->ctx, fs.path[0], &(struct bch_recover_opts){ 0 }, &r);
		if (!err)
			err = bch_recovery_write(r);
		assert_int_equal(bch_fault_set(&faults, "memory", 0), 0);
		bch_recovery_free(r);
		if (!err)
			assert_whole(&fs, 0, &want);
	} while (bch_fault_fired(&faults, "memory") != fired);
	assert_int_equal(err, 0);
	assert_true(nth > 10);
	bch_super_end(&want);
	temp_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(any_one_copy_brings_all_back),
		TEMP_TEST(without_any_copy_nothing_is_found_nor_written),
		TEMP_TEST(copies_that_lie_elsewhere_or_are_broken_are_passed_over),
		TEMP_TEST(highest_sequence_number_of_the_filesystem_written_last_is_taken),
		TEMP_TEST(copy_may_be_chosen_by_number_and_by_place),
		TEMP_TEST(scan_goes_no_further_than_it_was_told),
		TEMP_TEST(dry_run_writes_nothing),
		TEMP_TEST(member_is_made_anew_from_another),
		TEMP_TEST(member_that_is_the_source_or_none_is_refused),
		TEMP_TEST(each_failed_allocation_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
