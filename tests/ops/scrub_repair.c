// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scrub repairs all that has a good copy: afterwards there is nothing bad, whatever was damaged where. Wherever the power
 * fails or the user interrupts meanwhile, the filesystem is whole, all files are there, and another run ends it.
 */

#include "../commit/crash.h"

#include <bcachefs/scrub.h>
#include "digest.h"
#include "tree.h"

#define COMMIT_BYTES (64U << 10) /* so that there are several */

static const struct test_fs_shape shapes[] = {
	{ BCH_VERSION(1, 13), 2, 2, 16 << 20, 512, 4096, 16384, .discard = true },
	{ BCH_VERSION(1, 28), 3, 2, 16 << 20, 512, 4096, 16384, .encrypted = true },
};

static struct bch_scrub_result result; /* of the last run: the changes have no argument */

static int scrub(struct bch_fs *fs, bool repair)
{
	const struct bch_scrub_opts opts = { .repair = repair, .commit_bytes = COMMIT_BYTES };
	const struct bch_files_opts quiet = { .flags = BCH_FILES_QUIET };
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);
	int err = bch_files_start(fs, &quiet);

	assert_non_null(facts);
	return err ? err : bch_scrub(fs, &opts, facts, &result);
}

static int repair(struct bch_fs *fs)
{
	return scrub(fs, true);
}

/* ------------------------------------------------------------------ damage */

/* Where a byte is to be flipped. */
struct places {
	BCH_ARRAY(struct {
		u32 dev_idx;
		u64 offset;
	})
	a;
};

/* One copy of each, of which there are two: which one follows from chance, or is always the same. */
static void add_copies(struct test_fs *f, struct bch_cursor cur, s64 always, struct places *places)
{
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct bch_extent_walk walk = bch_extent_walk(&k, &f->fs->super);
		u64 chosen = temp_random(f->t) % 2, nr = 0;
		struct bch_extent_ptr p;

		for (; bch_extent_ptr_next(&walk, &p); nr++) {
			if (always < 0 ? nr != chosen : p.ptr.dev_idx != always)
				continue;
			assert_int_equal(bch_array_reserve(&places->a, places->a.nr + 1), 0);
			places->a.v[places->a.nr].dev_idx = p.ptr.dev_idx;
			places->a.v[places->a.nr++].offset =
				BCH_BYTES(p.ptr.offset_sectors) + temp_random(f->t) % 100;
		}
		assert_true(nr == 0 || nr == 2);
	}
	bch_cursor_end(&cur);
}

/* A copy of each node and of all data; @dev_idx: of the nodes on this device. Several keys may show one blob. */
static void damage(struct test_fs *f, s64 dev_idx)
{
	struct places places = { 0 };

	test_fs_ok(f->t, test_fs_open(f, 0));
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		for (u8 level = 0; level < BCH_BTREE_DEPTH_MAX; level++)
			add_copies(f, bch_cursor_nodes(f->fs, id, level, BCH_POS_MIN, BCH_SPOS_MAX),
				   dev_idx, &places);
	add_copies(f, bch_cursor(f->fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX), 1, &places);
	test_fs_close(f);
	assert_true(places.a.nr > 40);
	for (size_t i = 0; i < places.a.nr; i++) {
		int fd = open(f->path[places.a.v[i].dev_idx], O_RDWR);
		off_t offset = (off_t)places.a.v[i].offset;
		u8 byte;

		assert_int_equal(pread(fd, &byte, 1, offset), 1);
		byte = (u8)~byte;
		assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
		close(fd);
	}
	bch_array_end(&places.a);
}

/* ------------------------------------------------------------------ what is there */

static u64 files_of(struct test_fs *f)
{
	u64 files;

	test_fs_ok(f->t, test_fs_open(f, 0));
	test_fs_ok(f->t, bch_files_start(f->fs, NULL));
	files = digest(f->fs);
	test_fs_close(f);
	return files;
}

/* It is whole, and nothing is lost; how many ranges are bad still. */
static u64 look(struct test_fs *f, u64 files)
{
	const struct bch_files_opts quiet = { .flags = BCH_FILES_QUIET };

	test_fs_ok(f->t, test_fs_open(f, 0));
	test_fs_ok(f->t, bch_files_start(f->fs, &quiet));
	assert_true(digest(f->fs) == files);
	assert_int_equal(derived_check_all(f->fs, "repaired"), 0);
	test_fs_close(f);
	test_fs_ok(f->t, test_fs_open(f, 0));
	test_fs_ok(f->t, scrub(f->fs, false));
	test_fs_close(f);
	return result.nr_bad;
}

static void run(struct test_fs *f)
{
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE));
	test_fs_ok(f->t, repair(f->fs));
	test_fs_close(f);
}

/* ------------------------------------------------------------------ tests */

static void after_a_repair_nothing_is_bad(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		u64 files;

		tree_fill(&f, 2);
		files = files_of(&f);
		for (s64 dev_idx = -1; dev_idx < 2; dev_idx++) {
			damage(&f, dev_idx);
			run(&f);
			assert_true(result.nr_bad > 40);
			assert_int_equal(result.nr_repaired, result.nr_bad);
			assert_false(result.interrupted);
			assert_int_equal(look(&f, files), 0);
			run(&f);
			assert_int_equal(result.nr_bad, 0);
		}
		test_fs_end(&f);
	}
}

static void every_prefix_of_the_writes_is_whole_and_can_go_on(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		u64 files, steps = 0, left, last = BCH_U64_MAX;
		struct bch_record *r;

		tree_fill(&f, 2);
		files = files_of(&f);
		damage(&f, -1);
		r = crash_record(&f, repair);
		for (size_t n = 0; n < bch_record_nr(r); n++) {
			struct bch_record_entry e = bch_record_at(r, n);

			crash_replay(&f, &e, e.len);
			if (e.op == BCH_RECORD_flush || n % 5)
				continue;
			left = look(&f, files);
			steps += left < last;
			last = left;
			if (n % 80 != 40)
				continue;
			crash_keep(&f, "", ".kept");
			run(&f);
			assert_int_equal(look(&f, files), 0);
			crash_keep(&f, ".kept", "");
		}
		assert_int_equal(look(&f, files), 0);
		assert_true(steps > 3);
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static u64 nr_calls, last_call;

static bool is_last_call(void *arg)
{
	return ++nr_calls >= last_call;
}

static void what_was_repaired_before_an_interrupt_stays_repaired(void **state)
{
	static const struct bch_callbacks callbacks = { .cancelled = is_last_call };
	struct temp *t = *state;
	struct test_fs f = test_fs_make(t, &shapes[0]);
	struct bch_ctx *ctx = t->ctx, *cancelled = bch_ctx_new(&callbacks, NULL);
	u64 files, left = BCH_U64_MAX, last;
	bool interrupted = true;

	tree_fill(&f, 2);
	files = files_of(&f);
	damage(&f, -1);
	for (last_call = 1; interrupted; last_call += 61) {
		nr_calls = 0;
		test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
		f.fs->ctx = cancelled;
		assert_int_equal(repair(f.fs), 0);
		f.fs->ctx = ctx;
		test_fs_close(&f);
		interrupted = result.interrupted;
		last = left;
		left = look(&f, files);
		assert_true(left <= last);
	}
	assert_int_equal(left, 0);
	bch_ctx_free(cancelled);
	test_fs_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(after_a_repair_nothing_is_bad),
		TEMP_TEST(every_prefix_of_the_writes_is_whole_and_can_go_on),
		TEMP_TEST(what_was_repaired_before_an_interrupt_stays_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
