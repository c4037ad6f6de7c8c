// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing superblocks: after a crash at any moment, with any of the writes lost that no flush held, the filesystem is
 * exactly the old or exactly the new one. Format reference: 01 §11.
 */

#include "temp_fs.h"

#define PLACE	  16384U /* enough for each copy in these tests */
#define OLD_LABEL "tank"
#define NEW_LABEL "a new name"

/* What the places of all copies hold. */
struct snapshot {
	u8 bytes[TEMP_FS_MAX][TEMP_FS_COPIES][PLACE];
};

static const u64 places[TEMP_FS_COPIES] = { 8, 2056, SB_BUILD_LAST_START };

static struct snapshot *snapshot_take(const struct temp_fs *fs)
{
	struct snapshot *s = malloc(sizeof(*s));

	for (u32 i = 0; i < fs->nr; i++)
		for (u32 c = 0; c < TEMP_FS_COPIES; c++)
			temp_fs_io(fs->path[i], s->bytes[i][c], PLACE, BCH_BYTES(places[c]), false);
	return s;
}

static void snapshot_restore(const struct temp_fs *fs, const struct snapshot *s)
{
	for (u32 i = 0; i < fs->nr; i++)
		for (u32 c = 0; c < TEMP_FS_COPIES; c++)
			temp_fs_write(fs->path[i], s->bytes[i][c], PLACE, BCH_BYTES(places[c]));
}

/* A filesystem whose superblocks are many sectors long, each changed by make_new(). */
static struct temp_fs make_old(struct temp *t, u16 version, u32 nr)
{
	struct bch_super super = temp_fs_super(version, nr);
	struct temp_fs fs;

	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_counters, 5000), 0);
	fs = temp_fs_of(t, &super);
	bch_super_end(&super);
	return fs;
}

static void make_new(struct bch_fs *fs)
{
	assert_int_equal(bch_fs_set_label(fs, NEW_LABEL), 0);
	for (u32 i = 0; i < bch_super_counters_nr(&fs->super); i++)
		bch_super_counter_put(&fs->super, i, 0x0101010101010101ULL * (i % 200 + 1));
}

/* Which of the two states is it? Everything fs-wide must be of that state. */
static bool is_new(const struct temp_fs *fs)
{
	struct bch_fs *open = temp_fs_opened(fs, 0);
	const struct bch_sb *sb = open->super.sb;
	bool new = le64_get(sb->seq) == 26;
	struct bch_member m;

	assert_true(new || le64_get(sb->seq) == 25);
	assert_string_equal(sb->label, new ? NEW_LABEL : OLD_LABEL);
	assert_int_equal(le64_get(sb->write_time), new ? TEMP_FS_NOW : 1795170589);
	for (u32 i = 0; i < bch_super_counters_nr(&open->super); i++)
		assert_true(bch_super_counter(&open->super, i) ==
			    (new ? 0x0101010101010101ULL * (i % 200 + 1) : 0));
	for (u32 i = 0; i < fs->nr; i++) {
		assert_non_null(open->members[i].blkdev);
		assert_true(bch_super_member(&open->super, i, &m));
		assert_int_equal(m.seq, new ? 26 : 25);
	}
	assert_int_equal(bch_fs_close(open), 0);
	return new;
}

/* What comes of a crash can be opened for writing, and written. */
static void assert_can_be_written(const struct temp_fs *fs)
{
	struct bch_fs *open = temp_fs_opened(fs, BCH_OPEN_WRITE);

	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	open = temp_fs_opened(fs, BCH_OPEN_WRITE);
	assert_int_equal(bch_fs_close(open), 0);
}

/* The writes of one bch_fs_write_super(), recorded above overlays: the files stay as they are. */
static struct bch_record *record_write(const struct temp_fs *fs)
{
	struct bch_fs *open = temp_fs_opened(fs, BCH_OPEN_WRITE | BCH_OPEN_DRY_RUN);
	struct bch_record *record;

	assert_int_equal(bch_record_new(&record), 0);
	for (u32 i = 0; i < open->nr_members; i++)
		assert_int_equal(
			bch_record_stack(record, open->members[i].blkdev, &open->members[i].blkdev),
			0);
	make_new(open);
	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	return record;
}

static void replay(const struct temp_fs *fs, struct bch_record_entry e, u64 from, u64 len)
{
	if (e.op == BCH_RECORD_write)
		temp_fs_write(fs->path[e.dev_nr], (const u8 *)e.data + from, len, e.offset + from);
}

/* After every prefix, and with every length of what comes next torn. */
static void crash_everywhere(const struct temp_fs *fs)
{
	struct bch_record *record = record_write(fs);
	struct snapshot *old = snapshot_take(fs);
	bool was_new = false;

	for (size_t nr = 0; nr <= bch_record_nr(record); nr++) {
		u64 torn = nr < bch_record_nr(record) ? bch_record_at(record, nr).len : 0;

		for (u64 len = 0; len == 0 || len < torn; len += 512) {
			bool new;

			snapshot_restore(fs, old);
			for (size_t i = 0; i < nr; i++)
				replay(fs, bch_record_at(record, i), 0,
				       bch_record_at(record, i).len);
			if (len)
				replay(fs, bch_record_at(record, nr), 0, len);
			new = is_new(fs);
			assert_true(new || !was_new); /* never back again */
			was_new = new;
			if (nr == 0)
				assert_false(new);
			assert_can_be_written(fs);
		}
	}
	assert_true(was_new);
	snapshot_restore(fs, old);
	free(old);
	bch_record_free(record);
}

static void crash_leaves_old_or_new_on_one_device(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 1);

	crash_everywhere(&fs);
	temp_fs_end(&fs);
}

static void crash_leaves_old_or_new_on_three_devices(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 28), 3);

	crash_everywhere(&fs);
	temp_fs_end(&fs);
}

/* Does a flush of the device stand between @nr and @crash? */
static bool is_durable(const struct bch_record *record, size_t nr, size_t crash)
{
	u32 dev = bch_record_at(record, nr).dev_nr;

	for (size_t i = nr + 1; i < crash; i++)
		if (bch_record_at(record, i).op == BCH_RECORD_flush &&
		    bch_record_at(record, i).dev_nr == dev)
			return true;
	return false;
}

/* What was not flushed is there or not, sector by sector. */
static void replay_at_random(const struct temp_fs *fs, const struct bch_record *record,
			     size_t crash)
{
	for (size_t i = 0; i < crash; i++) {
		struct bch_record_entry e = bch_record_at(record, i);
		u64 odds = is_durable(record, i, crash) ? 0 : temp_random(fs->t) % 4;

		for (u64 at = 0; at < e.len; at += 512)
			if (!odds || temp_random(fs->t) % 4 >= odds)
				replay(fs, e, at, e.len - at < 512 ? e.len - at : 512);
	}
}

static void lost_writes_that_were_not_flushed_leave_old_or_new(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 3);
	struct bch_record *record = record_write(&fs);
	struct snapshot *old = snapshot_take(&fs);
	u32 seen[2] = { 0 };

	for (u32 i = 0; i < 1000; i++) {
		snapshot_restore(&fs, old);
		replay_at_random(&fs, record,
				 (size_t)(temp_random(fs.t) % (bch_record_nr(record) + 1)));
		seen[is_new(&fs)]++;
	}
	assert_true(seen[0] > 50);
	assert_true(seen[1] > 50);
	free(old);
	bch_record_free(record);
	temp_fs_end(&fs);
}

/* The order that the format reference gives, step by step. */
static void backups_then_first_sectors_then_the_rest_each_flushed(void **state)
{
	static const struct {
		enum bch_record_op op;
		u64 sector, sectors;
	} want[] = {
		{ BCH_RECORD_write, 2056, 0 }, { BCH_RECORD_write, SB_BUILD_LAST_START, 0 },
		{ BCH_RECORD_flush, 0, 0 },    { BCH_RECORD_write, 8, 1 },
		{ BCH_RECORD_flush, 0, 0 },    { BCH_RECORD_write, 9, 0 },
		{ BCH_RECORD_flush, 0, 0 },
	};
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 1);
	struct bch_record *record = record_write(&fs);

	assert_int_equal(bch_record_nr(record), bch_array_size(want));
	for (size_t i = 0; i < bch_array_size(want); i++) {
		struct bch_record_entry e = bch_record_at(record, i);

		assert_int_equal(e.op, want[i].op);
		assert_int_equal(e.len % 512, 0);
		if (e.op == BCH_RECORD_write)
			assert_int_equal(e.offset, BCH_BYTES(want[i].sector));
		if (want[i].sectors)
			assert_int_equal(e.len, BCH_BYTES(want[i].sectors));
	}
	bch_record_free(record);
	temp_fs_end(&fs);
}

static void copies_differ_only_in_place_and_checksum(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 28), 2);
	struct bch_fs *open = temp_fs_opened(&fs, BCH_OPEN_WRITE);

	make_new(open);
	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	for (u32 i = 0; i < fs.nr; i++) {
		struct bch_super first = temp_fs_get_copy(fs.t, fs.path[i], 8);

		assert_int_equal(first.sb->dev_idx, i);
		for (u32 c = 0; c < TEMP_FS_COPIES; c++) {
			struct bch_super copy = temp_fs_get_copy(fs.t, fs.path[i], places[c]);

			assert_int_equal(le64_get(copy.sb->offset), places[c]);
			copy.sb->offset = first.sb->offset;
			memcpy(copy.sb->csum, first.sb->csum, 16);
			assert_int_equal(bch_super_len(&copy), bch_super_len(&first));
			assert_memory_equal(copy.sb, first.sb, bch_super_len(&first));
			bch_super_end(&copy);
		}
		bch_super_end(&first);
	}
	temp_fs_end(&fs);
}

/* What a device has of its own, and what nobody knows, stays. */
static void unknown_sections_and_bits_stay(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 2);
	struct bch_fs *open;

	temp_fs_change(&fs, 1, super, {
		sb_build_put(&super, SB_BUILD_UNKNOWN, "mine alone", 10);
		super.sb->flags[6] = le64_of(0xabcdefULL << 40);
		super.sb->seq = le64_of(24); /* what it has fs-wide is not the newest */
	});
	temp_fs_change(&fs, 0, super, {
		super.sb->flags[6] = le64_of(0x123456ULL << 40);
		super.sb->compat[0] = le64_of(1ULL << 63);
	});
	open = temp_fs_opened(&fs, BCH_OPEN_WRITE);
	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	for (u32 i = 0; i < 2; i++) {
		struct bch_super super = temp_fs_get_copy(fs.t, fs.path[i], 2056);

		assert_true(le64_get(super.sb->flags[6]) == 0x123456ULL << 40);
		assert_true(le64_get(super.sb->compat[0]) == 1ULL << 63);
		assert_int_equal(bch_super_section(&super, SB_BUILD_UNKNOWN).p != NULL, i == 1);
		bch_super_end(&super);
	}
	temp_fs_end(&fs);
}

static void backup_in_use_is_written_to_all_places(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 28), 1);
	struct bch_fs *open;

	temp_fs_zero(fs.path[0], 4096, 4096);
	open = temp_fs_opened(&fs, BCH_OPEN_WRITE);
	make_new(open);
	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	fs.t->warned[0] = 0;
	assert_true(is_new(&fs));
	assert_string_equal(fs.t->warned, "");
	temp_fs_end(&fs);
}

static void superblock_that_does_not_fit_one_member_is_written_to_none(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 2);
	struct bch_fs *open = NULL;

	temp_fs_change(&fs, 1, super, super.sb->layout.sb_max_size_bits = 4);
	open = temp_fs_opened(&fs, BCH_OPEN_WRITE);
	make_new(open);
	assert_int_equal(bch_super_section_resize(&open->super, BCH_SECTION_counters, 8192), 0);
	assert_int_equal(bch_fs_write_super(open), -BCH_ERR_no_space_in_sb);
	temp_fs_assert_said(&fs, -BCH_ERR_no_space_in_sb, fs.path[1]);
	assert_int_equal(bch_fs_close(open), 0);
	assert_false(is_new(&fs));
	temp_fs_end(&fs);
}

static void invalid_superblock_is_not_written(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 1);
	struct bch_fs *open = temp_fs_opened(&fs, BCH_OPEN_WRITE);

	make_new(open);
	bch_sb_flag_set(open->super.sb, BCH_SB_STR_HASH_TYPE, 9);
	assert_int_equal(bch_fs_write_super(open), -BCH_ERR_option_too_big);
	assert_int_equal(bch_fs_close(open), 0);
	assert_false(is_new(&fs));
	temp_fs_end(&fs);
}

/* ------------------------------------------------------------------ faults */

/* Writes with the nth operation of one member failing: the error, which is the fault's or none. */
static int write_with_fault(const struct temp_fs *fs, u32 dev, enum bch_fault_op op, u64 nth,
			    size_t torn)
{
	struct bch_fs *open = temp_fs_opened(fs, BCH_OPEN_WRITE);
	struct bch_fs_member *m = &open->members[dev];
	int err;

	assert_int_equal(bch_faulty_new(m->blkdev, &m->blkdev), 0);
	bch_faulty_set(m->blkdev, op, nth, torn);
	make_new(open);
	err = bch_fs_write_super(open);
	assert_true(!err || err == -BCH_ERR_injected);
	(void)bch_fs_close(open); /* may say again what failed */
	return err;
}

/* How many operations of that kind there are: each of them fails once. */
static u64 fail_each(const struct temp_fs *fs, const struct snapshot *old, u32 dev,
		     enum bch_fault_op op, size_t torn)
{
	for (u64 nth = 1;; nth++) {
		bool new;
		int err;

		snapshot_restore(fs, old);
		err = write_with_fault(fs, dev, op, nth, torn);
		new = is_new(fs);
		if (!err) {
			assert_true(new);
			return nth - 1;
		}
	}
}

static void each_failed_write_or_flush_is_an_error_and_leaves_old_or_new(void **state)
{
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 3);
	struct snapshot *old = snapshot_take(&fs);

	for (u32 dev = 0; dev < 3; dev++) {
		/* two backups, a first sector, a rest; a sector is written whole or not at all */
		assert_int_equal(fail_each(&fs, old, dev, BCH_FAULT_write, 0), 4);
		assert_int_equal(fail_each(&fs, old, dev, BCH_FAULT_write, 512), 4);
		assert_int_equal(fail_each(&fs, old, dev, BCH_FAULT_flush, 0), 3);
	}
	free(old);
	temp_fs_end(&fs);
}

/* Opens, changes, writes with the nth allocation failing. */
static int work_with_little_memory(const struct temp_fs *fs, struct bch_faults *faults, u64 nth)
{
	struct bch_opt_set set = { 0 };
	struct bch_fs *open = NULL;
	int err, closed;

	set.given[BCH_OPT_label] = set.given[BCH_OPT_foreground_target] = true;
	set.text[BCH_OPT_label] = "fast.one";
	set.text[BCH_OPT_foreground_target] = "fast";
	assert_int_equal(bch_fault_set(faults, "memory", nth), 0);
	err = temp_fs_open(fs, BCH_OPEN_WRITE, &open);
	if (!err)
		err = bch_fs_set_opts(open, &set, NULL, 0);
	if (!err) {
		make_new(open);
		err = bch_fs_write_super(open);
	}
	assert_int_equal(bch_fault_set(faults, "memory", 0), 0);
	closed = bch_fs_close(open);
	return err ? err : closed;
}

static void each_failed_allocation_is_an_error_and_leaves_old_or_new(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct temp_fs fs = make_old(*state, BCH_VERSION(1, 13), 2);
	struct snapshot *old = snapshot_take(&fs);
	u64 nth = 0, fired;
	int err;

	do {
		fired = bch_fault_fired(&faults, "memory");
		snapshot_restore(&fs, old);
		err = work_with_little_memory(&fs, &faults, ++nth);
		/* or -BCH_ERR_not_found, where it cannot be told whether a device is mounted */
		assert_true(!err || err == -BCH_ERR_no_memory || err == -BCH_ERR_not_found);
		assert_true(is_new(&fs) || err);
	} while (bch_fault_fired(&faults, "memory") != fired);
	assert_int_equal(err, 0);
	assert_true(nth > 20);
	free(old);
	temp_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(crash_leaves_old_or_new_on_one_device),
		TEMP_TEST(crash_leaves_old_or_new_on_three_devices),
		TEMP_TEST(lost_writes_that_were_not_flushed_leave_old_or_new),
		TEMP_TEST(backups_then_first_sectors_then_the_rest_each_flushed),
		TEMP_TEST(copies_differ_only_in_place_and_checksum),
		TEMP_TEST(unknown_sections_and_bits_stay),
		TEMP_TEST(backup_in_use_is_written_to_all_places),
		TEMP_TEST(superblock_that_does_not_fit_one_member_is_written_to_none),
		TEMP_TEST(invalid_superblock_is_not_written),
		TEMP_TEST(each_failed_write_or_flush_is_an_error_and_leaves_old_or_new),
		TEMP_TEST(each_failed_allocation_is_an_error_and_leaves_old_or_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
