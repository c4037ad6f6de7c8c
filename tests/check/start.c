// SPDX-License-Identifier: GPL-2.0-or-later
/* What a check finds before it comes to keys: superblocks, the clean section, the journal. */

#include "damage.h"

#include "journal/journal.h"

static struct test_fs open_fs(struct temp *t)
{
	struct test_fs f = quotas_fs(t, 1, 10);

	test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
	return f;
}

static void close_changed(struct test_fs *f)
{
	test_fs_ok(f->t, bch_fs_write_super(f->fs));
	test_fs_close(f);
}

/* ------------------------------------------------------------------ the clean section */

static void clean_filesystem_without_clean_section_is_started_from_the_journal(void **state)
{
	struct test_fs f = open_fs(*state);

	bch_super_section_drop(&f.fs->super, BCH_SECTION_clean);
	close_changed(&f);
	check_repair(&f, BCH_FSCK_sb_clean_missing, 1, 10);
	test_fs_end(&f);
}

/* The section, to be changed in place. */
static struct sb_clean *clean_section(struct bch_fs *fs)
{
	struct bch_bytes body = bch_super_section(&fs->super, BCH_SECTION_clean);

	assert_true(body.len > sizeof(struct sb_clean));
	return (struct sb_clean *)(uintptr_t)body.p;
}

static void older_clean_section_gives_way_to_the_journal(void **state)
{
	struct test_fs f = open_fs(*state);
	struct sb_clean *clean = clean_section(f.fs);
	struct found found;

	clean->journal_seq = le64_of(le64_get(clean->journal_seq) - 1);
	close_changed(&f);
	found = check_repair(&f, BCH_FSCK_sb_clean_journal_seq_mismatch, 1, 10);
	assert_non_null(strstr(found.text, "the superblock was clean after entry "));
	test_fs_end(&f);
}

/* As no writer of ours would. */
static void write_supers(struct test_fs *f)
{
	struct bch_super *super = &f->fs->members[0].super;
	const struct bch_sb_layout *layout = &super->sb->layout;

	for (u32 i = 0; i < layout->nr_superblocks; i++) {
		const struct bch_ptr p = { .offset_sectors = le64_get(layout->sb_offset[i]) };

		assert_int_equal(bch_super_seal(super, p.offset_sectors), 0);
		write_copy(f, &p, (const u8 *)super->sb, bch_super_len(super));
	}
}

static void clean_section_that_overruns_gives_way_to_the_journal(void **state)
{
	struct test_fs f = open_fs(*state);
	u8 *clean = bch_super_section_mut(&f.fs->members[0].super, BCH_SECTION_clean);

	assert_non_null(clean);
	clean[sizeof(struct sb_clean) + 1] = 0x70; /* of the length of its first entry */
	write_supers(&f);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_sb_clean_entry_overrun, 1, 10);
	test_fs_end(&f);
}

/* The journal may have been lost: what the superblock says is newer. */
static void newer_clean_section_wins_over_the_journal(void **state)
{
	struct test_fs f = open_fs(*state);
	struct sb_clean *clean = clean_section(f.fs);

	clean->journal_seq = le64_of(le64_get(clean->journal_seq) + 1);
	close_changed(&f);
	check_repair(&f, BCH_FSCK_sb_clean_journal_seq_mismatch, 1, 10);
	test_fs_end(&f);
}

static void root_that_only_the_journal_knows_comes_back(void **state)
{
	struct test_fs f = open_fs(*state);
	struct sb_clean *clean = clean_section(f.fs);
	struct bch_bytes body = bch_super_section(&f.fs->super, BCH_SECTION_clean);
	struct bch_bytes rest = bch_bytes_from(body, sizeof(*clean));
	struct bch_jset_entry e;
	struct found found;
	u8 *at = NULL;

	while (!at && bch_jset_entry_next(&rest, &e) > 0)
		if (e.type == BCH_JSET_ENTRY_btree_root && e.btree_id == BCH_BTREE_quotas)
			at = (u8 *)(uintptr_t)e.payload.p;
	assert_non_null(at);
	at[-4] = BCH_JSET_ENTRY_log; /* its type */
	close_changed(&f);
	found = check_repair(&f, BCH_FSCK_sb_clean_btree_root_mismatch, 1, 10);
	assert_non_null(strstr(found.text, "another root of btree quotas"));
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ the journal */

#define DIR_CRASH "tests/images/10-crash-d"

/* Zeroes the header of an entry in the middle of those to be replayed. */
static void lose_entry(struct test_fs *f)
{
	static const u8 zero[512];
	struct bch_journal *j bch_auto(journal) = NULL;
	const struct bch_journal_entry *e;

	test_fs_ok(f->t, bch_journal_read(f->fs, &j));
	e = &j->entries.a.v[(bch_journal_find(j, j->last_seq) + j->entries.a.nr) / 2];
	assert_int_equal(e->use, BCH_JOURNAL_REPLAYED);
	for (u32 i = 0; i < e->nr_copies; i++) {
		const struct bch_ptr p = { .dev_idx = (u8)e->copy[i].dev_idx,
					   .offset_sectors = e->copy[i].sector };

		write_copy(f, &p, zero, sizeof(zero));
	}
}

static void hole_in_the_journal_is_told_and_gone_after_a_repair(void **state)
{
	struct image image = image_unpack(*state, DIR_CRASH);
	struct test_fs f = { .t = *state, .nr = 1, .path = { image.path[0] } };
	struct found found;
	u64 hash;

	assert_int_equal(bch_fs_open(f.t->ctx, (const char *const *)f.path, 1,
				     &(struct bch_open_opts){ .now = FS_NOW }, &f.fs),
			 0);
	lose_entry(&f);
	test_fs_close(&f);
	hash = hash_files(&f);
	found = check(&f, BCH_FSCK_NO, BCH_FSCK_journal_entries_missing);
	assert_found(&found, BCH_FSCK_journal_entries_missing, 1);
	assert_non_null(strstr(found.text, "journal_entries_missing: "));
	assert_true(hash == hash_files(&f));
	found = check(&f, BCH_FSCK_YES, 0);
	assert_found(&found, BCH_FSCK_journal_entries_missing, 1);
	found = check(&f, BCH_FSCK_NO, 0);
	assert_found(&found, BCH_FSCK_journal_entries_missing, 0);
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ superblocks */

static void lose_sector(struct test_fs *f, u64 sector)
{
	static const u8 zero[512];
	const struct bch_ptr p = { .offset_sectors = sector };

	write_copy(f, &p, zero, sizeof(zero));
}

static void bad_copy_of_a_superblock_is_written_anew(void **state)
{
	struct test_fs f = open_fs(*state);
	u64 sectors[] = { BCH_SB_LAYOUT_SECTOR, BCH_SB_SECTOR,
			  le64_get(f.fs->super.sb->layout.sb_offset[1]) };

	test_fs_close(&f);
	for (size_t i = 0; i < bch_array_size(sectors); i++) {
		struct found found;

		lose_sector(&f, sectors[i]);
		found = check_repair(&f, BCH_PROBLEM_superblock_copy_bad, 1, 10);
		assert_int_equal(found.nr_found, 1);
	}
	test_fs_end(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(clean_filesystem_without_clean_section_is_started_from_the_journal),
		TEST(older_clean_section_gives_way_to_the_journal),
		TEST(clean_section_that_overruns_gives_way_to_the_journal),
		TEST(newer_clean_section_wins_over_the_journal),
		TEST(root_that_only_the_journal_knows_comes_back),
		TEST(hole_in_the_journal_is_told_and_gone_after_a_repair),
		TEST(bad_copy_of_a_superblock_is_written_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
