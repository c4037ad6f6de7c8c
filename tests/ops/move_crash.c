// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever the power fails, a write fails or the user interrupts while a member is emptied, the filesystem is whole and all
 * files have all of their bytes; and another run ends what was begun.
 */

#include "../commit/crash.h"

#include <bcachefs/move.h>
#include "digest.h"
#include "tree.h"

#define NR_LOSSES    60
#define COMMIT_BYTES (128U << 10) /* so that there are several */

static const struct test_fs_shape shapes[] = {
	{ BCH_VERSION(1, 13), 3, 2, 16 << 20, 512, 4096, 16384, .discard = true },
	{ BCH_VERSION(1, 28), 2, 1, 16 << 20, 512, 4096, 16384, .encrypted = true },
};

static struct bch_move_result result; /* of the last run: the changes have no argument */

static int evacuate(struct bch_fs *fs)
{
	const struct bch_move_opts opts = { .commit_bytes = COMMIT_BYTES };
	const u32 first = 0;
	int err = bch_files_start(fs, NULL);

	return err ? err : bch_fs_evacuate(fs, &first, 1, &opts, &result);
}

static int remove_first(struct bch_fs *fs)
{
	const struct bch_remove_opts opts = { .move.commit_bytes = COMMIT_BYTES };
	const u32 first = 0;
	int err = bch_files_start(fs, NULL);

	return err ? err : bch_fs_remove_devs(fs, &first, 1, &opts, &result);
}

/* ------------------------------------------------------------------ a filesystem */

/* Pointers of data to the first member. */
static u64 nr_left(struct bch_fs *fs)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	u64 nr = 0;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct bch_extent_walk walk = bch_extent_walk(&k, &fs->super);
		struct bch_extent_ptr p;

		while (bch_extent_ptr_next(&walk, &p))
			nr += !p.ptr.dev_idx;
	}
	return nr;
}

/* One that was removed may be a device like any other by now. */
static void open_what_is_there(struct test_fs *f)
{
	struct test_fs others = { .t = f->t, .nr = f->nr - 1 };

	if (!test_fs_open(f, 0))
		return;
	(void)bch_fs_close(f->fs);
	memcpy(others.path, f->path + 1, others.nr * sizeof(*others.path));
	test_fs_ok(f->t, test_fs_open(&others, 0));
	f->fs = others.fs;
}

/* What is on disk now: all of it is checked. How much is left to be moved is given. */
static u64 look(struct test_fs *f, u64 files)
{
	u64 left;

	open_what_is_there(f);
	test_fs_ok(f->t, bch_files_start(f->fs, NULL));
	assert_true(digest(f->fs) == files);
	assert_int_equal(derived_check_all(f->fs, "crashed"), 0);
	left = nr_left(f->fs);
	test_fs_close(f);
	return left;
}

static u64 files_of(struct test_fs *f)
{
	u64 files;

	test_fs_ok(f->t, test_fs_open(f, 0));
	test_fs_ok(f->t, bch_files_start(f->fs, NULL));
	files = digest(f->fs);
	assert_true(nr_left(f->fs) > 10);
	test_fs_close(f);
	return files;
}

static void run_again(struct test_fs *f, u64 files)
{
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE));
	test_fs_ok(f->t, evacuate(f->fs));
	assert_false(result.interrupted);
	test_fs_close(f);
	assert_int_equal(look(f, files), 0);
}

/* ------------------------------------------------------------------ tests */

static void every_prefix_of_the_writes_is_whole_and_can_go_on(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct bch_record *r;
		u64 files, left, steps = 0, last = BCH_U64_MAX;

		tree_fill(&f, 1);
		files = files_of(&f);
		r = crash_record(&f, evacuate);
		for (size_t n = 0; n < bch_record_nr(r); n++) {
			struct bch_record_entry e = bch_record_at(r, n);

			crash_replay(&f, &e, e.len);
			if (e.op == BCH_RECORD_flush)
				continue;
			left = look(&f, files);
			assert_true(left <= last);
			steps += left < last;
			last = left;
			if (n % 40 == 20) {
				crash_keep(&f, "", ".kept");
				run_again(&f, files);
				crash_keep(&f, ".kept", "");
			}
		}
		assert_int_equal(last, 0);
		assert_true(steps > 3);
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static bool is_member(struct test_fs *f)
{
	struct bch_member m;
	bool is;

	open_what_is_there(f);
	is = bch_super_member(&f->fs->super, 0, &m) && bch_member_alive(&m);
	test_fs_close(f);
	return is;
}

static void a_member_is_in_it_with_its_buckets_or_out_of_it(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct bch_record *r;
		bool was = true;
		u64 files;

		tree_fill(&f, 1);
		files = files_of(&f);
		r = crash_record(&f, remove_first);
		for (size_t n = 0; n < bch_record_nr(r); n++) {
			struct bch_record_entry e = bch_record_at(r, n);
			bool is;

			crash_replay(&f, &e, e.len);
			if (e.op == BCH_RECORD_flush || n + 40 < bch_record_nr(r))
				continue;
			look(&f, files);
			is = is_member(&f);
			assert_true(is <= was);
			was = is;
		}
		assert_false(was);
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static void whatever_is_lost_between_flushes_all_files_are_there(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct bch_record *r;
		u64 files;

		tree_fill(&f, 1);
		files = files_of(&f);
		r = crash_record(&f, evacuate);
		crash_keep(&f, "", ".kept");
		for (u32 n = 0; n < NR_LOSSES; n++) {
			crash_lose(&f, r, (size_t)(temp_random(f.t) % (bch_record_nr(r) + 1)));
			look(&f, files);
			crash_keep(&f, ".kept", "");
		}
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static void what_cannot_be_read_or_written_leaves_it_whole(void **state)
{
	static const struct {
		u32 member;
		enum bch_fault_op op;
	} faults[] = { { 1, BCH_FAULT_write }, { 0, BCH_FAULT_read }, { 2, BCH_FAULT_write } };
	struct temp *t = *state;
	struct test_fs f = test_fs_make(t, &shapes[0]);
	u64 files;

	tree_fill(&f, 1);
	files = files_of(&f);
	crash_keep(&f, "", ".kept");
	for (u32 i = 0; i < bch_array_size(faults); i++) {
		int err = -BCH_ERR_injected;

		for (u64 nth = 1; err; nth += 11) {
			struct bch_blkdev **dev;

			test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
			dev = &f.fs->members[faults[i].member].blkdev;
			assert_int_equal(bch_faulty_new(*dev, dev), 0);
			bch_faulty_set(*dev, faults[i].op, nth, 1);
			err = evacuate(f.fs);
			test_fs_close(&f);
			look(&f, files);
			crash_keep(&f, ".kept", "");
		}
	}
	test_fs_end(&f);
}

static u64 nr_calls, last_call;

static bool is_last_call(void *arg)
{
	return ++nr_calls >= last_call;
}

static void what_was_moved_before_an_interrupt_stays_moved(void **state)
{
	static const struct bch_callbacks callbacks = { .cancelled = is_last_call };
	struct temp *t = *state;
	struct test_fs f = test_fs_make(t, &shapes[0]);
	struct bch_ctx *ctx = t->ctx, *cancelled = bch_ctx_new(&callbacks, NULL);
	u64 files, left = 0, last = BCH_U64_MAX;
	bool interrupted = true;

	tree_fill(&f, 1);
	files = files_of(&f);
	for (last_call = 1; interrupted; last_call += 97) {
		int err;

		nr_calls = 0;
		test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
		f.fs->ctx = cancelled;
		err = evacuate(f.fs);
		f.fs->ctx = ctx;
		assert_true(!err || err == -BCH_ERR_cancelled); /* in the survey nothing was done */
		interrupted = err || result.interrupted;
		test_fs_close(&f);
		left = look(&f, files);
		assert_true(left <= last);
		last = left;
	}
	assert_int_equal(left, 0);
	bch_ctx_free(cancelled);
	test_fs_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(every_prefix_of_the_writes_is_whole_and_can_go_on),
		TEMP_TEST(a_member_is_in_it_with_its_buckets_or_out_of_it),
		TEMP_TEST(whatever_is_lost_between_flushes_all_files_are_there),
		TEMP_TEST(what_cannot_be_read_or_written_leaves_it_whole),
		TEMP_TEST(what_was_moved_before_an_interrupt_stays_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
