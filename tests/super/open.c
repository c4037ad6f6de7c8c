// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of opening: whose superblock counts, who is a member, who is missed. Format reference: 01 §8.5, §10.4. */

#include "temp_fs.h"

#define V_1_13 BCH_VERSION(1, 13)

/* Opens, which must be this error, said with these words. */
static void assert_refused(const struct temp_fs *fs, unsigned flags, int want, const char *words)
{
	struct bch_fs *open = NULL;

	assert_int_equal(temp_fs_open(fs, flags, &open), want);
	assert_null(open);
	temp_fs_assert_said(fs, want, words);
}

/* Which members are there, as bits. */
static u32 members_of(const struct temp_fs *fs, unsigned flags)
{
	struct bch_fs *open;
	u32 bits = 0;

	fs->t->warned[0] = 0;
	open = temp_fs_opened(fs, flags);
	for (u32 i = 0; i < open->nr_members; i++)
		bits |= (open->members[i].blkdev != NULL) << i;
	assert_int_equal(bch_fs_close(open), 0);
	return bits;
}

static void change_member(struct bch_super *super, u32 idx,
			  void (*change)(struct bch_member *m, u64 value), u64 value)
{
	struct bch_member m;

	assert_true(bch_super_member(super, idx, &m));
	change(&m, value);
	bch_super_member_put(super, idx, &m);
}

static void set_member_seq(struct bch_member *m, u64 seq)
{
	m->seq = seq;
}

static void set_member_uuid(struct bch_member *m, u64 byte)
{
	memset(m->uuid, (int)byte, 16);
}

static void set_member_deleted(struct bch_member *m, u64 unused)
{
	memcpy(m->uuid, bch_member_deleted_uuid, 16);
}

static void all_members_are_seated_in_any_order(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 3);
	char *first = fs.path[0];

	fs.path[0] = fs.path[2];
	fs.path[2] = first;
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE), 7);
	assert_string_equal(fs.t->warned, "");
	temp_fs_end(&fs);
}

static void newest_superblock_counts_and_older_members_are_taken(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 3);
	struct bch_fs *open;

	temp_fs_change(&fs, 1, super, {
		super.sb->seq = le64_of(30);
		strcpy((char *)super.sb->label, "newest");
		for (u32 i = 0; i < 2; i++)
			change_member(&super, i, set_member_seq, 30);
	});
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE), 7);
	open = temp_fs_opened(&fs, 0);
	assert_string_equal(open->super.sb->label, "newest");
	assert_int_equal(le64_get(open->super.sb->seq), 30);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void removed_and_deleted_members_are_left_out_with_a_warning(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 28), 3);

	temp_fs_change(&fs, 1, super, {
		super.sb->seq = le64_of(30);
		change_member(&super, 1, set_member_seq, 30);
		change_member(&super, 0, set_member_uuid, 0);
		change_member(&super, 2, set_member_deleted, 0);
	});
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE), 2);
	assert_non_null(strstr(fs.t->warned, "was removed from the filesystem"));
	temp_fs_end(&fs);
}

static void foreign_member_is_refused(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	temp_fs_change(&fs, 1, super, super.sb->uuid[0]++);
	assert_refused(&fs, 0, -BCH_ERR_device_not_a_member_of_filesystem, fs.path[1]);
	temp_fs_end(&fs);
}

static void other_block_size_is_refused(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	temp_fs_change(&fs, 1, super, super.sb->block_size = le16_of(4));
	assert_refused(&fs, 0, -BCH_ERR_mismatched_block_size, fs.path[1]);
	temp_fs_end(&fs);
}

static void device_that_shrank_is_read_and_written_only_by_who_says_so(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	assert_int_equal(truncate(fs.path[1], TEMP_FS_SIZE - 512), 0);
	assert_int_equal(members_of(&fs, 0), 3);
	assert_non_null(strstr(fs.t->warned, "the rest cannot be read"));
	assert_refused(&fs, BCH_OPEN_WRITE, -BCH_ERR_device_size_too_small, fs.path[1]);
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE | BCH_OPEN_SHORT), 3);
	temp_fs_end(&fs);
}

/* Readers leave it out, writers refuse, who says so takes it. */
static void assert_splitbrain(const struct temp_fs *fs)
{
	assert_int_equal(members_of(fs, 0), 1);
	assert_non_null(strstr(fs->t->warned, "missing members: 1"));
	assert_refused(fs, BCH_OPEN_WRITE, -BCH_ERR_device_splitbrain,
		       "was written without the other members");
	temp_fs_assert_said(fs, -BCH_ERR_device_splitbrain, fs->path[1]);
	assert_int_equal(members_of(fs, BCH_OPEN_WRITE | BCH_OPEN_NO_SPLITBRAIN_CHECK), 3);
}

static void split_brain_by_member_sequence_number_is_seen(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	temp_fs_change(&fs, 0, super, {
		super.sb->seq = le64_of(30);
		change_member(&super, 0, set_member_seq, 30);
	});
	temp_fs_change(&fs, 1, super, super.sb->seq = le64_of(26));
	assert_splitbrain(&fs);

	/* a member that the newest has never written counts not */
	temp_fs_change(&fs, 0, super, change_member(&super, 1, set_member_seq, 0));
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE), 3);
	temp_fs_end(&fs);
}

static void split_brain_by_write_time_is_seen(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	temp_fs_change(&fs, 1, super, super.sb->write_time = le64_of(7));
	assert_splitbrain(&fs);
	temp_fs_end(&fs);
}

static void before_1_4_there_is_no_split_brain(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 3), 2);

	temp_fs_change(&fs, 1, super, super.sb->write_time = le64_of(7));
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE), 3);
	temp_fs_end(&fs);
}

static void two_copies_of_one_member_are_ambiguous(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	temp_run("cp --sparse=always %s %s", fs.path[0], fs.path[1]);
	assert_refused(&fs, 0, -BCH_ERR_device_ambiguous, "both claim to be member 0");
	temp_fs_assert_said(&fs, -BCH_ERR_device_ambiguous, fs.path[0]);
	temp_fs_assert_said(&fs, -BCH_ERR_device_ambiguous, fs.path[1]);
	temp_fs_end(&fs);
}

/* Opens without the last member; data lies as @records say. */
static int open_degraded(struct temp *t, const u8 *records, size_t len, unsigned flags)
{
	struct bch_super super = temp_fs_super(V_1_13, 3);
	struct bch_fs *open = NULL;
	struct temp_fs fs;
	int err;

	temp_run("rm -f %s/dev*", t->folder);
	sb_build_put(&super, BCH_SECTION_replicas, records, len);
	fs = temp_fs_of(t, &super);
	err = temp_fs_open_some(&fs, 2, flags, &open);
	assert_int_equal(bch_fs_close(open), 0);
	bch_super_end(&super);
	temp_fs_end(&fs);
	return err;
}

static void missing_members_are_said_to_readers_and_refused_to_writers(void **state)
{
	struct temp *t = *state;

	assert_int_equal(open_degraded(t, NULL, 0, 0), 0);
	assert_non_null(strstr(t->warned, "missing members: 2 (UUID 32323232-"));
	t->warned[0] = 0;
	assert_int_equal(open_degraded(t, NULL, 0, BCH_OPEN_WRITE), -BCH_ERR_device_missing);
	assert_non_null(strstr(bch_error_message(t->ctx, -BCH_ERR_device_missing), "-o degraded"));
	assert_int_equal(open_degraded(t, NULL, 0, BCH_OPEN_WRITE | BCH_OPEN_ALONE), 0);
	assert_string_equal(t->warned, "");
}

static void degraded_needs_what_each_record_requires(void **state)
{
	static const struct {
		u8 record[8];
		int want;
	} cases[] = {
		{ { 4, 1, 1, 0 }, 0 },
		{ { 4, 2, 1, 0, 2 }, 0 },
		{ { 3, 2, 1, 1, 2 }, 0 },
		{ { 4, 1, 1, 2 }, -BCH_ERR_device_missing },
		{ { 3, 1, 1, 2 }, -BCH_ERR_device_missing },
		{ { 6, 3, 2, 0, 1, 2 }, 0 },
		{ { 6, 3, 2, 2, 255, 0 }, -BCH_ERR_device_missing },
		{ { 4, 1, 0, 2 }, 0 }, /* the stripe's own record says what it needs */
		{ { 5, 1, 1, 2 }, 0 }, /* cached */
	};
	unsigned degraded = BCH_OPEN_WRITE | BCH_OPEN_DEGRADED;

	for (size_t i = 0; i < bch_array_size(cases); i++) {
		assert_int_equal(open_degraded(*state, cases[i].record, 8, degraded),
				 cases[i].want);
		assert_int_equal(open_degraded(*state, cases[i].record, 8,
					       degraded | BCH_OPEN_VERY_DEGRADED),
				 0);
	}
}

static void missing_members_sequence_number_stays(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);
	struct bch_fs *open = NULL;
	struct bch_super super;
	struct bch_member m;

	assert_int_equal(temp_fs_open_some(&fs, 1, BCH_OPEN_WRITE | BCH_OPEN_DEGRADED, &open), 0);
	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	super = temp_fs_get_copy(fs.t, fs.path[0], 8);
	assert_true(bch_super_member(&super, 0, &m));
	assert_int_equal(m.seq, 26);
	assert_true(bch_super_member(&super, 1, &m));
	assert_int_equal(m.seq, 25);
	bch_super_end(&super);
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE), 3); /* old, but no split brain */
	temp_fs_end(&fs);
}

static void dry_run_writes_nothing(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 1);
	struct bch_super before = temp_fs_get_copy(fs.t, fs.path[0], 8), after;
	struct bch_fs *open = temp_fs_opened(&fs, BCH_OPEN_WRITE | BCH_OPEN_DRY_RUN);

	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	after = temp_fs_get_copy(fs.t, fs.path[0], 8);
	assert_memory_equal(before.sb, after.sb, bch_super_len(&before));
	bch_super_end(&before);
	bch_super_end(&after);
	temp_fs_end(&fs);
}

static void writers_exclude_each_other(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);
	struct bch_fs *open = temp_fs_opened(&fs, BCH_OPEN_WRITE);

	assert_refused(&fs, BCH_OPEN_WRITE, -BCH_ERR_device_in_use, fs.path[0]);
	assert_int_equal(members_of(&fs, 0), 3);
	assert_int_equal(members_of(&fs, BCH_OPEN_WRITE | BCH_OPEN_NOEXCL), 3);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void options_of_opening_are_flags(void **state)
{
	static const struct {
		enum bch_opt_id id;
		const char *text;
		unsigned flags;
		int err;
	} rows[] = {
		{ BCH_OPT_degraded, "yes", BCH_OPEN_DEGRADED, 0 },
		{ BCH_OPT_degraded, "1", BCH_OPEN_DEGRADED, 0 },
		{ BCH_OPT_degraded, "very", BCH_OPEN_DEGRADED | BCH_OPEN_VERY_DEGRADED, 0 },
		{ BCH_OPT_degraded, "no", 0, 0 },
		{ BCH_OPT_degraded, "perhaps", 0, -BCH_ERR_option_value },
		{ BCH_OPT_very_degraded, "1", BCH_OPEN_DEGRADED | BCH_OPEN_VERY_DEGRADED, 0 },
		{ BCH_OPT_no_splitbrain_check, "1", BCH_OPEN_NO_SPLITBRAIN_CHECK, 0 },
		{ BCH_OPT_noexcl, "1", BCH_OPEN_NOEXCL, 0 },
		{ BCH_OPT_nochanges, "1", BCH_OPEN_DRY_RUN, 0 },
		{ BCH_OPT_acl, "1", 0, -BCH_ERR_option_unknown },
	};
	struct temp *t = *state;
	struct bch_open_opts opts = { 0 };

	for (size_t i = 0; i < bch_array_size(rows); i++) {
		opts.flags = 0;
		assert_int_equal(bch_open_opt(t->ctx, bch_opt(rows[i].id), rows[i].text, &opts),
				 rows[i].err);
		assert_int_equal(opts.flags, rows[i].flags);
	}
	assert_int_equal(bch_open_opt(t->ctx, bch_opt(BCH_OPT_sb), "2056", &opts), 0);
	assert_int_equal(opts.sb_sector, 2056);
}

static void device_without_superblock_is_refused_by_name(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, V_1_13, 2);

	temp_run("truncate -s 0 %s; truncate -s 1M %s", fs.path[1], fs.path[1]);
	assert_refused(&fs, 0, -BCH_ERR_invalid_sb_magic, fs.path[1]);
	assert_int_equal(unlink(fs.path[1]), 0);
	assert_refused(&fs, 0, -BCH_ERR_not_found, fs.path[1]);
	temp_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(all_members_are_seated_in_any_order),
		TEMP_TEST(newest_superblock_counts_and_older_members_are_taken),
		TEMP_TEST(removed_and_deleted_members_are_left_out_with_a_warning),
		TEMP_TEST(foreign_member_is_refused),
		TEMP_TEST(other_block_size_is_refused),
		TEMP_TEST(device_that_shrank_is_read_and_written_only_by_who_says_so),
		TEMP_TEST(split_brain_by_member_sequence_number_is_seen),
		TEMP_TEST(split_brain_by_write_time_is_seen),
		TEMP_TEST(before_1_4_there_is_no_split_brain),
		TEMP_TEST(two_copies_of_one_member_are_ambiguous),
		TEMP_TEST(missing_members_are_said_to_readers_and_refused_to_writers),
		TEMP_TEST(degraded_needs_what_each_record_requires),
		TEMP_TEST(missing_members_sequence_number_stays),
		TEMP_TEST(dry_run_writes_nothing),
		TEMP_TEST(writers_exclude_each_other),
		TEMP_TEST(options_of_opening_are_flags),
		TEMP_TEST(device_without_superblock_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
