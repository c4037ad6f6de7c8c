// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each problem of what is derived from pointers: it is made on a filesystem of a kernel's, seen, repaired, and nothing is
 * wrong afterwards. For tests in the machine: "list" gives the name of each, and the image that it is made for; NAME
 * DEVICE... makes it.
 */

#include "../commit/fs.h"
#include "alloc_damage.h"
#include "rows.h"

#include "ondisk/passes.h"

/* ------------------------------------------------------------------ one of them */

static void damage(struct image *image, const struct row *row)
{
	struct damaged d = { 0 };
	int err;

	rows_open(image, BCH_OPEN_WRITE);
	d.fs = image->fs;
	d.version = le16_get(image->fs->super.sb->version);
	err = bch_writer_start(image->fs, NULL);
	row->damage(&d);
	if (!err)
		err = bch_commit(image->fs);
	if (!err)
		err = bch_fs_write_super(image->fs);
	if (!err)
		err = bch_writer_finish(image->fs);
	rows_ok(image, row->name, err);
	image_close(image);
}

static void run_row(struct temp *t, const struct row *row)
{
	struct image image = image_unpack(t, row->image);
	struct seen seen;

	damage(&image, row);
	seen = rows_repair(&image, row->name);
	for (u32 i = 0; i < NR_WANTED && row->want[i]; i++)
		assert_true(rows_seen(&seen, row->name, row->want[i]));
	rows_derived(&image, row->name);
	rows_remove(&image);
}

static void each_problem_is_seen_and_repaired_and_then_gone(void **state)
{
	const char *only = getenv("ONLY");

	for (size_t i = 0; i < bch_array_size(rows); i++)
		if (!only || !strcmp(only, rows[i].name))
			run_row(*state, &rows[i]);
}

static int note_text(void *arg, const struct bch_fsck_problem *p)
{
	bch_buf_put(arg, "%s\n", p->text);
	return 0;
}

/* All that is told of the image, one text behind the other. */
static struct bch_buf texts(struct image *image, u64 memory)
{
	struct bch_buf all = { 0 };
	const struct bch_fsck_opts opts = {
		.answer = BCH_FSCK_NO, .memory = memory, .problem = note_text, .arg = &all
	};
	struct bch_fsck_result result;

	rows_open(image, 0);
	rows_ok(image, image->dir, bch_fsck(image->fs, &opts, &result));
	bch_fsck_result_end(&result);
	image_close(image);
	return all;
}

static void the_same_is_told_in_the_same_order_with_as_little_memory_as_may_be(void **state)
{
	for (size_t i = 0; i < bch_array_size(rows); i++) {
		struct image image = image_unpack(*state, rows[i].image);
		struct bch_buf much, little;

		damage(&image, &rows[i]);
		much = texts(&image, 0);
		little = texts(&image, 1);
		assert_true(much.len > 0);
		assert_string_equal(bch_buf_str(&little), bch_buf_str(&much));
		bch_buf_end(&much);
		bch_buf_end(&little);
		rows_remove(&image);
	}
}

/* ------------------------------------------------------------------ new filesystems */

/* With nodes that share buckets, and a last key of bucket_gens that is not full. */
static struct test_fs small_fs(struct temp *t)
{
	const struct test_fs_shape shape = { .version = BCH_VERSION(1, 13),
					     .nr_devs = 1,
					     .replicas = 1,
					     .bytes = 60 << 20,
					     .block_bytes = 512,
					     .node_bytes = 4096,
					     .bucket_bytes = 32768 };

	return test_fs_make(t, &shape);
}

static void check_fs(struct test_fs *f, enum bch_fsck_answer answer, struct seen *seen)
{
	const struct bch_fsck_opts opts = { .answer = answer, .problem = rows_note, .arg = seen };
	struct bch_fsck_result result;

	*seen = (struct seen){ 0 };
	test_fs_ok(f->t, bch_fsck(f->fs, &opts, &result));
	bch_fsck_result_end(&result);
	test_fs_close(f);
}

static void assert_fs_is_right(struct test_fs *f, const char *name)
{
	static const struct seen nothing;
	struct seen seen;

	test_fs_ok(f->t, test_fs_open(f, 0));
	check_fs(f, BCH_FSCK_NO, &seen);
	assert_memory_equal(&seen, &nothing, sizeof(seen));
	test_fs_ok(f->t, test_fs_open(f, 0));
	assert_int_equal(derived_check_all(f->fs, name), 0);
	test_fs_close(f);
}

static void node_whose_pointer_has_a_wrong_generation_is_written_anew(void **state)
{
	struct test_fs f = small_fs(*state);
	struct damaged d = { 0 };
	struct bch_btree_root root;
	struct bch_ptr p;
	struct seen seen;
	le64 word;

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	root = bch_btree_root(f.fs, BCH_BTREE_snapshots);
	d.fs = f.fs;
	d.k = root.k;
	memcpy(d.val, root.k.val.p, root.k.val.len);
	d.k.val.p = d.val;
	p = get_ptr(&d);
	p.gen++;
	word = le64_of(bch_ptr_word(&p));
	memcpy(first_ptr(&d), &word, sizeof(word));
	assert_int_equal(bch_btree_root_set(f.fs, BCH_BTREE_snapshots, root.level, &d.k), 0);
	check_fs(&f, BCH_FSCK_YES, &seen);
	assert_int_equal(seen.nr[BCH_FSCK_ptr_gen_newer_than_bucket_gen], 1);
	assert_fs_is_right(&f, "a node's generation");
	test_fs_end(&f);
}

static void set_freespace_flag(struct bch_fs *fs, bool set)
{
	struct bch_member m;

	assert_true(bch_super_member(&fs->super, 0, &m));
	assert_true(bch_member_FREESPACE_INITIALIZED(&m) == !set);
	bch_member_FREESPACE_INITIALIZED_set(&m, set);
	bch_super_member_put(&fs->super, 0, &m);
}

static void freespace_that_was_never_filled_is_filled_without_a_problem(void **state)
{
	static const struct seen nothing;
	struct test_fs f = small_fs(*state);
	struct damaged d = { 0 };
	struct bch_member m;
	struct seen seen;

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(f.t, bch_writer_start(f.fs, NULL));
	d.fs = f.fs;
	nothing_in_freespace(&d);
	test_fs_ok(f.t, bch_commit(f.fs));
	set_freespace_flag(f.fs, false);
	test_fs_ok(f.t, bch_writer_finish(f.fs));
	test_fs_close(&f);

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	check_fs(&f, BCH_FSCK_YES, &seen);
	assert_memory_equal(&seen, &nothing, sizeof(seen));
	test_fs_ok(f.t, test_fs_open(&f, 0));
	assert_true(bch_super_member(&f.fs->super, 0, &m));
	assert_true(bch_member_FREESPACE_INITIALIZED(&m));
	test_fs_close(&f);
	assert_fs_is_right(&f, "freespace");
	test_fs_end(&f);
}

static void generations_behind_the_last_bucket_become_zero(void **state)
{
	struct test_fs f = small_fs(*state);
	struct damaged d = { 0 };
	struct seen seen;

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(f.t, bch_writer_start(f.fs, NULL));
	d.fs = f.fs;
	assert_true(nr_buckets(&d) % 256);
	put_gens(&d, bch_pos(0, nr_buckets(&d) / 256), 255);
	test_fs_ok(f.t, bch_commit(f.fs));
	test_fs_ok(f.t, bch_writer_finish(f.fs));
	test_fs_close(&f);

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	check_fs(&f, BCH_FSCK_YES, &seen);
	assert_int_equal(seen.nr[BCH_FSCK_bucket_gens_nonzero_for_invalid_buckets], 1);
	assert_fs_is_right(&f, "bucket_gens");
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ all images */

/*
 * Where kernels left something that their own fsck finds: 6.16 lost the bucket of the counters' node, and keeps
 * backpointers in the form of older versions (06 §6.5, §15).
 */
static bool is_known_to_be_off(const char *name)
{
	return strstr(name, "13-k616-from113") || strstr(name, "13-v131-k616");
}

#define PASS(name) (1ULL << BCH_PASS_##name)

static void what_kernels_left_gives_no_problem(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);
		struct seen seen = { 0 };
		const struct bch_fsck_opts opts = {
			.answer = BCH_FSCK_NO,
			.passes = PASS(check_allocations) | PASS(check_alloc_info) |
				  PASS(check_lrus) | PASS(check_extents_to_backpointers) |
				  PASS(check_alloc_to_lru_refs) | PASS(check_rebalance_work),
			.problem = rows_note,
			.arg = &seen,
		};
		struct bch_fsck_result result;

		image_open_fs(&image);
		assert_int_equal(bch_fs_start(image.fs, NULL), 0);
		assert_int_equal(bch_fsck(image.fs, &opts, &result), 0);
		if (result.nr_found && !is_known_to_be_off(image.dir)) {
			print_error("%s: %" PRIu64 " problems\n", image.dir, result.nr_found);
			nr++;
		}
		bch_fsck_result_end(&result);
		image_end(&image);
	}
	assert_int_equal(nr, 0);
	globfree(&dirs);
}

/* ------------------------------------------------------------------ for tests in the machine */

static const char *name_of(size_t i)
{
	return rows[i].name;
}

static const char *image_of(size_t i)
{
	return rows[i].image;
}

static void damage_as(struct image *image, size_t i)
{
	damage(image, &rows[i]);
}

static const struct rows_table table = { bch_array_size(rows), name_of, image_of, damage_as };

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_same_is_told_in_the_same_order_with_as_little_memory_as_may_be,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(each_problem_is_seen_and_repaired_and_then_gone,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			node_whose_pointer_has_a_wrong_generation_is_written_anew, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			freespace_that_was_never_filled_is_filled_without_a_problem, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(generations_behind_the_last_bucket_become_zero,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(what_kernels_left_gives_no_problem, temp_setup,
						temp_teardown),
	};

	if (argc > 1)
		return rows_main(&table, argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
