// SPDX-License-Identifier: GPL-2.0-or-later
/* What was written as a stream is read back the same, stored as its options say, and lies where it lies whatever the threads. */

#include "../commit/fs.h"
#include "file/file.h"
#include "ondisk/csum_types.h"

#define FIRST_INUM 5000
#define SNAPSHOT   BCH_U32_MAX

/* Of one of its pieces: data by its look, or a hole. */
enum look {
	RANDOM,
	REPEATS,
	ZEROES,
	HOLE,
	NR_LOOKS
};

/* A file of which everything follows from its seed; written in steps of @step bytes. */
struct file {
	u64 inum, seed, bytes, step;
	bool skip_zeroes;
	struct bch_io_opts opts;
};

static const struct test_fs_shape shape = { BCH_VERSION(1, 13), 1, 1, 64 << 20, 4096, 65536, 131072,
					    .encrypted = false };

static u64 next(u64 *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 33;
}

static u8 byte_of(enum look look, u64 *random, u64 at)
{
	return look == RANDOM ? (u8)next(random) : look == REPEATS ? (u8)(at % 251 + 1) : 0;
}

/* Gives the file's bytes to @w, or (NULL) to @all. Pieces are of any length, so holes begin anywhere. */
static int make(const struct file *f, struct bch_data_writer *w, u8 *all)
{
	u64 random = f->seed, at = 0;
	u8 *buf = malloc(f->bytes + 1);
	int err = 0;

	while (at < f->bytes && !err) {
		u64 len = next(&random) % 300000 + 1;
		enum look look = next(&random) % NR_LOOKS;

		len = len > f->bytes - at ? f->bytes - at : len;
		for (u64 i = 0; i < len; i++)
			(all ? all + at : buf)[i] = byte_of(look, &random, at + i);
		if (w && look == HOLE)
			err = bch_data_hole(w, len);
		for (u64 i = 0; w && look != HOLE && i < len && !err; i += f->step)
			err = bch_data_put(w, buf + i, len - i < f->step ? len - i : f->step);
		at += len;
	}
	free(buf);
	return err;
}

static void put_inode(struct bch_fs *fs, const struct file *f, u64 nr_sectors)
{
	const struct bch_inode inode = { .bi_mode = 0100644,
					 .bi_size = f->bytes,
					 .bi_sectors = nr_sectors };
	u8 val[BCH_INODE_VAL_MAX];
	const struct bch_key k = { .pos = bch_spos(0, f->inum, SNAPSHOT),
				   .type = BCH_KEY_inode_v3,
				   .val = { val, bch_inode_put(&inode, val) } };

	assert_int_equal(bch_update(fs, BCH_BTREE_inodes, &k, 0), 0);
}

static void write_file(struct test_fs *t, struct bch_data_writer *w, const struct file *f)
{
	const struct bch_data_file to = { f->inum, SNAPSHOT, f->skip_zeroes, f->opts };
	u64 nr_sectors;

	bch_data_begin(w, &to);
	test_fs_ok(t->t, make(f, w, NULL));
	test_fs_ok(t->t, bch_data_end(w, &nr_sectors));
	put_inode(t->fs, f, nr_sectors);
}

static void write_files(struct test_fs *t, const struct bch_writer_opts *opts,
			const struct file *files, size_t nr)
{
	struct bch_data_writer *w bch_auto(data_writer) = NULL;

	test_fs_ok(t->t, test_fs_open(t, BCH_OPEN_WRITE));
	test_fs_ok(t->t, bch_writer_start(t->fs, opts));
	test_fs_ok(t->t, bch_data_writer_new(t->fs, NULL, &w));
	for (size_t i = 0; i < nr; i++)
		write_file(t, w, &files[i]);
	test_fs_ok(t->t, bch_data_writer_flush(w));
	test_fs_ok(t->t, bch_commit(t->fs));
	test_fs_ok(t->t, bch_writer_finish(t->fs));
	test_fs_close(t);
}

/* Every copy by itself. */
static void check_copies(struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;
	u8 *blob = malloc(1 << 20);

	while (bch_extent_ptr_next(&walk, &p))
		assert_int_equal(bch_blob_read(fs, k, &p, blob), 0);
	free(blob);
}

/* The sectors that keys of the file take, as bi_sectors counts them. */
static u64 count_sectors(struct bch_fs *fs, u64 inum)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_extents, bch_pos(inum, 0),
							    bch_spos(inum, BCH_U64_MAX, SNAPSHOT));
	u64 nr_sectors = 0;
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		nr_sectors += k.size;
		check_copies(fs, &k);
	}
	return nr_sectors;
}

static void check_file(struct test_fs *t, const struct file *f)
{
	const struct bch_file file = { 1, SNAPSHOT, f->inum };
	u8 *want = calloc(1, f->bytes + 1), *have = malloc(f->bytes + 1);
	struct bch_inode inode;
	size_t done;

	make(f, NULL, want);
	test_fs_ok(t->t, bch_file_read(t->fs, &file, have, f->bytes + 1, 0, &done));
	assert_int_equal(done, f->bytes);
	assert_memory_equal(want, have, f->bytes);
	assert_int_equal(bch_file_inode(t->fs, &file, &inode, NULL), 0);
	assert_int_equal(inode.bi_sectors, count_sectors(t->fs, f->inum));
	free(want);
	free(have);
}

static void check_files(struct test_fs *t, const struct file *files, size_t nr)
{
	test_fs_ok(t->t, test_fs_open(t, 0));
	test_fs_ok(t->t, bch_files_start(t->fs, NULL));
	for (size_t i = 0; i < nr; i++)
		check_file(t, &files[i]);
	assert_int_equal(derived_check_all(t->fs, "written"), 0);
	test_fs_close(t);
}

/* ------------------------------------------------------------------ tests */

/* All compressions with all checksums; sizes and steps of all kinds. */
static size_t mixed(struct file files[32])
{
	static const u64 sizes[] = { 0, 1, 1024, 1025, 4096, 65536, 66000, 1000000, 5000003 };
	static const u8 compressions[] = { 0, 0x01, 0x91, 0x02, 0x92, 0x03, 0xf3 };
	size_t nr = 0;

	for (u8 c = 0; c < sizeof(compressions); c++)
		for (u8 csum = 0; csum < 4; csum++, nr++)
			files[nr] = (struct file){
				.inum = FIRST_INUM + nr,
				.seed = nr * 77 + 1,
				.bytes = sizes[nr % bch_array_size(sizes)],
				.step = nr % 3 ? 4096 << nr % 8 : 777,
				.skip_zeroes = nr & 1,
				.opts = { .data_checksum = csum,
					  .compression = compressions[c],
					  .data_replicas = 1 },
			};
	return nr;
}

static void what_was_written_is_read(void **state)
{
	struct test_fs t = test_fs_make(*state, &shape);
	struct file files[32];
	size_t nr = mixed(files);

	write_files(&t, NULL, files, nr);
	check_files(&t, files, nr);
	test_fs_end(&t);
}

static void encrypted_data_too(void **state)
{
	struct test_fs_shape encrypted = shape;
	struct test_fs t;
	struct file files[32];
	size_t nr = mixed(files);

	encrypted.encrypted = true;
	t = test_fs_make(*state, &encrypted);
	write_files(&t, NULL, files, nr);
	check_files(&t, files, nr);
	test_fs_end(&t);
}

static void the_same_with_any_number_of_threads(void **state)
{
	struct temp *temp = *state;
	struct test_fs t = test_fs_make(temp, &shape);
	u8 seed[16] = "seed";
	struct file files[32];
	size_t nr = mixed(files);

	assert_int_equal(temp_run("cp --sparse=always %s %s.one", t.path[0], t.path[0]), 0);
	write_files(&t, &(struct bch_writer_opts){ .seed = seed, .nr_threads = 3 }, files, nr);
	assert_int_equal(temp_run("mv %s %s.three; mv %s.one %s", t.path[0], t.path[0], t.path[0],
				  t.path[0]),
			 0);
	write_files(&t, &(struct bch_writer_opts){ .seed = seed, .nr_threads = 1 }, files, nr);
	assert_int_equal(temp_run("cmp %s %s.three", t.path[0], t.path[0]), 0);
	test_fs_end(&t);
}

static u32 nr_copies(struct bch_fs *fs, u64 inum, u64 *devs)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_extents, bch_pos(inum, 0),
							    bch_spos(inum, BCH_U64_MAX, SNAPSHOT));
	u32 least = BCH_U32_MAX;
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct bch_extent_walk walk = bch_extent_walk(&k, &fs->super);
		struct bch_extent_ptr p;
		u32 nr = 0;

		for (; bch_extent_ptr_next(&walk, &p); nr++)
			*devs |= 1 << p.ptr.dev_idx;
		least = nr < least ? nr : least;
	}
	return least;
}

static void copies_lie_on_different_members_of_the_target(void **state)
{
	struct test_fs_shape three = shape;
	struct test_fs t;
	const struct file files[] = {
		{ 5000, 1, 3000000, 4096, false, { .data_checksum = 1, .data_replicas = 2 } },
		{ 5001, 1, 3000000, 4096, false, { .data_replicas = 1, .foreground_target = 3 } },
		{ 5002, 1, 3000000, 4096, false, { .data_replicas = 2, .foreground_target = 3 } },
		{ 5003, 1, 3000000, 4096, false, { .data_replicas = 3 } },
	};
	static const u64 all_of[] = { 0, 4, 0, 7 };

	three.nr_devs = 3;
	t = test_fs_make(*state, &three);
	write_files(&t, NULL, files, bch_array_size(files));
	check_files(&t, files, bch_array_size(files));
	test_fs_ok(t.t, test_fs_open(&t, 0));
	for (size_t i = 0; i < bch_array_size(files); i++) {
		u64 devs = 0;

		assert_int_equal(nr_copies(t.fs, files[i].inum, &devs),
				 files[i].opts.data_replicas);
		if (all_of[i])
			assert_int_equal(devs, all_of[i]);
		if (files[i].opts.foreground_target)
			assert_true(devs & 4);
	}
	test_fs_close(&t);
	test_fs_end(&t);
}

/* What is left for the mover is in its btree, and counted: derived keys are checked. */
static void what_is_to_be_done_later_is_noted(void **state)
{
	static const u16 versions[] = { BCH_VERSION(1, 13), BCH_VERSION(1, 28) };
	const struct file f = { 5000, 1,     3000000,
				4096, false, { .data_replicas = 1, .background_compression = 3 } };

	for (u32 i = 0; i < bch_array_size(versions); i++) {
		struct test_fs_shape s = shape;
		struct test_fs t;
		struct bch_key k;

		s.version = versions[i];
		t = test_fs_make(*state, &s);
		write_files(&t, NULL, &f, 1);
		check_files(&t, &f, 1);
		test_fs_ok(t.t, test_fs_open(&t, 0));
		{
			struct bch_cursor cur bch_auto(cursor) = bch_cursor(
				t.fs, BCH_BTREE_rebalance_work, BCH_POS_MIN, BCH_SPOS_MAX);

			assert_int_equal(bch_cursor_next(&cur, &k), 1);
			assert_int_equal(k.pos.inode, f.inum);
		}
		test_fs_close(&t);
		test_fs_end(&t);
	}
}

static void too_much_is_no_space_and_changes_nothing(void **state)
{
	struct temp *temp = *state;
	struct test_fs t = test_fs_make(temp, &shape);
	struct bch_data_writer *w bch_auto(data_writer) = NULL;
	const struct bch_data_file to = { 5000, SNAPSHOT, false, { .data_replicas = 1 } };
	u8 *buf = calloc(1, 1 << 20);
	int err = 0;

	test_fs_ok(temp, test_fs_open(&t, BCH_OPEN_WRITE));
	test_fs_ok(temp, bch_writer_start(t.fs, NULL));
	test_fs_ok(temp, bch_data_writer_new(t.fs, NULL, &w));
	bch_data_begin(w, &to);
	for (u32 i = 0; i < 128 && !err; i++)
		err = bch_data_put(w, buf, 1 << 20);
	free(buf);
	assert_int_equal(err, -BCH_ERR_no_space);
	assert_int_equal(bch_data_end(w, NULL), -BCH_ERR_no_space);
	test_fs_close(&t);
	test_fs_ok(temp, test_fs_open(&t, 0));
	assert_int_equal(count_sectors(t.fs, 5000), 0);
	assert_int_equal(derived_check_all(t.fs, "full"), 0);
	test_fs_close(&t);
	test_fs_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(what_was_written_is_read),
		TEMP_TEST(encrypted_data_too),
		TEMP_TEST(the_same_with_any_number_of_threads),
		TEMP_TEST(copies_lie_on_different_members_of_the_target),
		TEMP_TEST(what_is_to_be_done_later_is_noted),
		TEMP_TEST(too_much_is_no_space_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
