// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever the power fails, and whatever of the writes since the last flush is lost, the filesystem is as it was before a
 * commit or after it, whole. When any write, flush, allocation or thread fails the error is clean, the state one of these.
 * tests/cmd/faults.sh does it to commands, with reads.
 */

#include "crash.h"

#include "base/fault.h"

#define NR_COMMITS 3
#define NR_KEYS	   400
#define NR_LOSSES  150

static const struct test_fs_shape shapes[] = {
	{ BCH_VERSION(1, 13), 1, 1, 16 << 20, 512, 4096, 16384, .discard = true },
	{ BCH_VERSION(1, 28), 2, 2, 16 << 20, 512, 4096, 16384, .discard = false },
};

/* ------------------------------------------------------------------ states */

/* What commit number @nr leaves: quotas whose value is that number. */
static int change(struct bch_fs *fs, u32 nr)
{
	int err = test_fs_put(fs, 100ULL * nr, NR_KEYS, nr);

	return err ? err : bch_commit(fs);
}

static int change_all(struct bch_fs *fs)
{
	int err = bch_writer_start(fs, NULL);

	for (u32 nr = 1; nr <= NR_COMMITS && !err; nr++)
		err = change(fs, nr);
	return err ? err : bch_writer_finish(fs);
}

/* Which commit's state the quotas are: its own keys are there with its number, those before it as far as it left them. */
static u32 state_of(struct bch_fs *fs)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_quotas, BCH_POS_MIN, BCH_SPOS_MAX);
	u64 nr = 0, newest = 0;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		le64 value;

		memcpy(&value, k.val.p, sizeof(value));
		assert_true(le64_get(value) >= newest);
		newest = le64_get(value);
		assert_true(newest <= NR_COMMITS);
		nr++;
	}
	assert_int_equal(more, 0);
	assert_int_equal(nr, newest ? NR_KEYS + 100 * (newest - 1) : 0);
	return (u32)newest;
}

/* Opens what is on disk now, checks all of it, and tells its state. */
static u32 look(struct test_fs *f)
{
	u32 state;

	test_fs_ok(f->t, test_fs_open(f, 0));
	state = state_of(f->fs);
	assert_int_equal(derived_check_all(f->fs, "crashed"), 0);
	test_fs_close(f);
	return state;
}

/* ------------------------------------------------------------------ the power fails */

/* One write more each time, at times torn; the state never goes back. */
static void check_prefixes(struct test_fs *f, const struct bch_record *r)
{
	u32 state = 0;

	for (size_t i = 0; i < bch_record_nr(r); i++) {
		struct bch_record_entry e = bch_record_at(r, i);
		u32 now;

		if (e.len > 512) {
			crash_replay(f, &e, e.len / 1024 * 512);
			now = look(f);
			assert_in_range(now, state, state + 1);
		}
		crash_replay(f, &e, e.len);
		now = look(f);
		assert_in_range(now, state, state + 1);
		state = now;
	}
	assert_int_equal(state, NR_COMMITS);
}

static void every_prefix_of_the_writes_is_a_whole_state(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct bch_record *r = crash_record(&f, change_all);

		assert_true(bch_record_nr(r) > 30);
		check_prefixes(&f, r);
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static void whatever_is_lost_between_flushes_a_whole_state_is_there(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct bch_record *r = crash_record(&f, change_all);

		crash_keep(&f, "", ".kept");
		for (u32 n = 0; n < NR_LOSSES; n++) {
			crash_lose(&f, r, (size_t)(temp_random(f.t) % (bch_record_nr(r) + 1)));
			assert_in_range(look(&f), 0, NR_COMMITS);
			crash_keep(&f, ".kept", "");
		}
		bch_record_free(r);
		test_fs_end(&f);
	}
}

/* ------------------------------------------------------------------ something fails */

/* False where the @nth operation was not reached: nothing failed. */
static bool fail_io(struct test_fs *f, enum bch_fault_op op, u64 nth, int *err)
{
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE));
	assert_int_equal(bch_faulty_new(f->fs->members[0].blkdev, &f->fs->members[0].blkdev), 0);
	bch_faulty_set(f->fs->members[0].blkdev, op, nth, 100);
	*err = change_all(f->fs);
	bch_faulty_set(f->fs->members[0].blkdev, op, 0, 0);
	test_fs_close(f);
	return *err != 0;
}

static void check_faults(struct temp *t, enum bch_fault_op op, u64 step)
{
	struct test_fs f = test_fs_make(t, &shapes[0]);
	u64 nth = 1;
	int err;

	crash_keep(&f, "", ".kept");
	for (; fail_io(&f, op, nth, &err); nth += step) {
		assert_int_equal(err, -BCH_ERR_injected);
		assert_in_range(look(&f), 0, NR_COMMITS);
		crash_keep(&f, ".kept", "");
	}
	assert_true(nth > 1);
	assert_int_equal(look(&f), NR_COMMITS);
	test_fs_end(&f);
}

static void a_failed_write_leaves_a_whole_state(void **state)
{
	check_faults(*state, BCH_FAULT_write, 3);
}

/* The changes were durable before it. */
static void a_failed_discard_is_no_error(void **state)
{
	struct test_fs f = test_fs_make(*state, &shapes[0]);
	int err;

	assert_false(fail_io(&f, BCH_FAULT_discard, 1, &err));
	assert_int_equal(look(&f), NR_COMMITS);
	test_fs_end(&f);
}

/* Those of state 0 that hold nodes are given back by the commits after it. */
static void what_becomes_empty_is_discarded(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct bch_record *r = crash_record(&f, change_all);
		u64 nr = 0;

		for (size_t n = 0; n < bch_record_nr(r); n++)
			nr += bch_record_at(r, n).op == BCH_RECORD_discard;
		assert_int_equal(nr > NR_COMMITS, shapes[i].discard);
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static void a_failed_flush_leaves_a_whole_state(void **state)
{
	check_faults(*state, BCH_FAULT_flush, 1);
}

static void lack_of_memory_leaves_a_whole_state(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct test_fs f = test_fs_make(*state, &shapes[0]);
	int err = -BCH_ERR_no_memory;

	crash_keep(&f, "", ".kept");
	for (u64 nth = 1; err; nth += 1 + nth / 20) {
		test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		err = change_all(f.fs);
		assert_int_equal(bch_fault_set(&faults, "memory", 0), 0);
		test_fs_close(&f);
		if (err)
			assert_int_equal(err, -BCH_ERR_no_memory);
		assert_in_range(look(&f), 0, NR_COMMITS);
		crash_keep(&f, ".kept", "");
	}
	test_fs_end(&f);
}

/* Those that there are do the work of all; with none it is done by the caller, or refused. */
static void lack_of_threads_leaves_a_whole_state(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct test_fs f = test_fs_make(*state, &shapes[0]);

	crash_keep(&f, "", ".kept");
	for (u64 nth = 1; nth <= 4; nth++) {
		int err;

		test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
		assert_int_equal(bch_fault_set(&faults, "thread", nth < 4 ? nth : BCH_FAULT_ALWAYS),
				 0);
		err = change_all(f.fs);
		assert_int_equal(bch_fault_set(&faults, "thread", 0), 0);
		test_fs_close(&f);
		assert_int_equal(look(&f), err ? 0 : NR_COMMITS);
		crash_keep(&f, ".kept", "");
	}
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ no room */

static void what_does_not_fit_is_refused_before_anything_is_written(void **state)
{
	struct test_fs f = test_fs_make(*state, &shapes[0]);
	int err = 0;

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(f.t, bch_writer_start(f.fs, NULL));
	test_fs_ok(f.t, change(f.fs, 1));
	for (u64 first = 1000; !err; first += 20000) {
		test_fs_ok(f.t, test_fs_put(f.fs, first, 20000, 2));
		assert_int_equal(temp_run("md5sum <%s >%s.sum", f.path[0], f.path[0]), 0);
		err = bch_commit(f.fs);
	}
	assert_int_equal(err, -BCH_ERR_no_space);
	assert_int_equal(temp_run("md5sum <%s | cmp - %s.sum", f.path[0], f.path[0]), 0);
	test_fs_close(&f);
	test_fs_ok(f.t, test_fs_open(&f, 0));
	assert_int_equal(derived_check_all(f.fs, "full"), 0);
	test_fs_close(&f);
	test_fs_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_prefix_of_the_writes_is_a_whole_state,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			whatever_is_lost_between_flushes_a_whole_state_is_there, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(a_failed_write_leaves_a_whole_state, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(what_becomes_empty_is_discarded, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(a_failed_discard_is_no_error, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(a_failed_flush_leaves_a_whole_state, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(lack_of_memory_leaves_a_whole_state, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(lack_of_threads_leaves_a_whole_state, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(
			what_does_not_fit_is_refused_before_anything_is_written, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
