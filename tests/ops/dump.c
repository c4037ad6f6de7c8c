// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of dumps that do not come to their end, and of what is changed in bytes that may be anything. */

#include "../btree/image.h"
#include "journal/journal.h"
#include "ondisk/key_extent.h"
#include "ops/dump_private.h"

#define NR_MUTATIONS 400

/* ------------------------------------------------------------------ ends */

static bool is_last_call(void *arg)
{
	return --*(int *)arg == 0;
}

/* Dumps the image at @path with what @ctx says; the error. */
static int dump_to(struct bch_ctx *ctx, const char *path, const char *out)
{
	struct bch_open_opts open = { .flags = BCH_OPEN_ALONE | BCH_OPEN_NO_SPLITBRAIN_CHECK };
	struct bch_dump_opts opts = { .out = out, .sanitize = BCH_SANITIZE_FILENAMES };
	struct bch_dump *dump bch_auto(dump) = NULL;
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = bch_fs_open(ctx, &path, 1, &open, &fs);

	if (!err)
		err = bch_dump_new(fs, &opts, &dump);
	return err ? err : bch_dump_write(dump);
}

/* At the nth question whether to go on the answer is no: ever later ones, until it is not asked so often. */
static void dump_that_is_cancelled_leaves_no_file(void **state)
{
	static const struct bch_callbacks callbacks = { .cancelled = is_last_call };
	struct image image = image_unpack(*state, "tests/images/11-fresh");
	char *out = temp_path(image.t, "out"), *file = temp_path(image.t, "out.qcow2");
	int nth = 0, err;

	do {
		int calls = nth += 1 + nth / 8;
		struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &calls);

		assert_int_not_equal(access(file, F_OK), 0);
		err = dump_to(ctx, image.path[0], out);
		assert_true(!err || err == -BCH_ERR_cancelled);
	} while (err);
	assert_true(nth > 10);
	assert_int_equal(access(file, F_OK), 0);
	free(out);
	free(file);
	free(image.path[0]);
}

static void lack_of_memory_leaves_no_file(void **state)
{
	struct image image = image_unpack(*state, "tests/images/11-fresh");
	char *out = temp_path(image.t, "out.zst"), *file = temp_path(image.t, "out.qcow2.zst");
	struct bch_faults faults bch_auto(faults) = bch_faults();
	int err = -BCH_ERR_no_memory;

	if (bch_fault_set(&faults, "memory", 0))
		skip(); /* built without fault points */
	for (u32 nth = 1; err; nth += 1 + nth / 4) {
		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		assert_int_not_equal(access(file, F_OK), 0);
		err = dump_to(image.t->ctx, image.path[0], out);
	}
	assert_true(bch_fault_fired(&faults, "memory") > 0);
	assert_int_equal(access(file, F_OK), 0);
	free(out);
	free(file);
	free(image.path[0]);
}

/* ------------------------------------------------------------------ any bytes */

/* All that can be changed. */
static struct bch_dump_edit edit_all(const struct image *image)
{
	return (struct bch_dump_edit){
		.fs = image->fs, .data = true, .names = true, .xattrs = true, .one_copy = true
	};
}

/* The bytes of the first leaf of @btree_id; to be freed. */
static u8 *first_leaf(struct image *image, u8 btree_id, size_t *len)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(image->fs, btree_id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	struct bch_extent_ptr p;
	struct bch_extent_walk walk;
	u8 *bytes;

	assert_int_equal(bch_cursor_next(&cur, &k), 1);
	walk = bch_extent_walk(&k, NULL);
	assert_true(bch_extent_ptr_next(&walk, &p));
	*len = BCH_BYTES(bch_sb_flag(image->fs->super.sb, BCH_SB_BTREE_NODE_SIZE));
	bytes = malloc(*len);
	assert_int_equal(bch_blkdev_read(image->fs->members[p.ptr.dev_idx].blkdev, bytes, *len,
					 BCH_BYTES(p.ptr.offset_sectors)),
			 0);
	return bytes;
}

static bool holds(const u8 *p, size_t len, const char *text)
{
	return memmem(p, len, text, strlen(text));
}

static void whole_node_loses_names_and_is_whole_still(void **state)
{
	struct image image = image_unpack(*state, "tests/images/14-quota");
	struct bch_dump_edit all, none;
	size_t len;
	u8 *p;

	image_ready(&image, NULL);
	all = edit_all(&image);
	none = (struct bch_dump_edit){ .fs = image.fs };
	p = first_leaf(&image, BCH_BTREE_dirents, &len);
	assert_true(holds(p, len, "lost+found"));
	memcpy(p + len - 16, "left over", 9);
	assert_true(bch_dump_edit_node(&none, p, len, 0));
	assert_true(holds(p, len, "lost+found") && holds(p, len, "left over"));
	assert_true(bch_dump_edit_node(&all, p, len, 0));
	assert_false(holds(p, len, "lost+found") || holds(p, len, "left over"));
	assert_true(holds(p, len, "XXXXXXXXXX"));
	assert_true(bch_dump_edit_node(&none, p, len, 0));
	free(p);
	image_end(&image);
}

/* One to eight bytes, anywhere, most of them where there is something. */
static void mutate(struct temp *t, u8 *p, size_t len)
{
	u32 nr = 1 + temp_random(t) % 8;

	for (u32 i = 0; i < nr; i++) {
		size_t range = temp_random(t) % 4 ? 8192 : len;

		p[temp_random(t) % (range < len ? range : len)] = (u8)temp_random(t);
	}
}

/* Sets the checksum of every set that lies within the node, so that what is wrong in it is looked at. */
static void reseal(const struct image *image, u8 *p, size_t len)
{
	struct bch_bytes bytes = { p, len };
	struct bch_bset b;
	struct bch_csum csum;

	for (size_t at = 0; at < len; at += 512) {
		if (!bch_bset_at(bytes, at, &b) || b.end > len ||
		    bch_bset_csum(p, &b, image->fs->key, &csum))
			continue;
		if (at && bch_node_magic_at(bytes) && !b.seq)
			continue;
		memcpy(p + at, &(le64[2]){ le64_of(csum.lo), le64_of(csum.hi) }, 16);
		at = (bch_bset_end(&b, 512) - 1) / 512 * 512;
	}
}

static void mutated_node_is_gone_through_whatever_it_holds(void **state)
{
	struct image image = image_unpack(*state, "tests/images/14-quota");
	struct bch_dump_edit all;
	size_t len;
	u8 *whole, *p;

	image_ready(&image, NULL);
	all = edit_all(&image);
	for (u8 id = BCH_BTREE_extents; id <= BCH_BTREE_xattrs; id++) {
		whole = first_leaf(&image, id, &len);
		p = malloc(len);
		for (u32 i = 0; i < NR_MUTATIONS; i++) {
			memcpy(p, whole, len);
			mutate(image.t, p, len);
			if (i % 2)
				reseal(&image, p, len);
			(void)bch_dump_edit_node(&all, p, len, (u32)temp_random(image.t) % 512);
		}
		free(whole);
		free(p);
	}
	image_end(&image);
}

static void node_whose_checksum_is_wrong_keeps_no_name(void **state)
{
	struct image image = image_unpack(*state, "tests/images/14-quota");
	struct bch_dump_edit all;
	size_t len;
	u8 *whole, *p;

	image_ready(&image, NULL);
	all = edit_all(&image);
	whole = first_leaf(&image, BCH_BTREE_dirents, &len);
	p = malloc(len);
	for (size_t at = 0; at < 8192; at += 8) {
		memcpy(p, whole, len);
		p[at] ^= 0x55;
		(void)bch_dump_edit_node(&all, p, len, 0);
		assert_false(holds(p, len, "lost+found"));
	}
	free(whole);
	free(p);
	image_end(&image);
}

/* The bucket that begins with the oldest entry. */
static u8 *first_bucket(struct image *image, size_t *len)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	const struct bch_journal_bucket *b;
	u8 *p;

	assert_int_equal(bch_journal_read(image->fs, &j), 0);
	assert_int_equal(bch_journal_reach(j, 0), 0);
	b = &j->buckets.a.v[0];
	for (size_t i = 0; i < j->buckets.a.nr; i++)
		if (j->buckets.a.v[i].copies.a.nr)
			b = &j->buckets.a.v[i];
	*len = BCH_BYTES(b->nr_sectors);
	p = malloc(*len);
	assert_int_equal(bch_blkdev_read(image->fs->members[b->dev_idx].blkdev, p, *len,
					 BCH_BYTES(b->sector)),
			 0);
	return p;
}

static void mutated_journal_bucket_is_gone_through_whatever_it_holds(void **state)
{
	struct image image = image_unpack(*state, "tests/images/10-crash-d");
	struct bch_dump_edit all;
	size_t len;
	u8 *whole, *p;

	image_open_fs(&image);
	all = edit_all(&image);
	whole = first_bucket(&image, &len);
	p = malloc(len);
	for (u32 i = 0; i < NR_MUTATIONS; i++) {
		memcpy(p, whole, len);
		mutate(image.t, p, len);
		assert_int_equal(bch_dump_edit_bucket(&all, p, len), 0);
		memcpy(p, whole, len);
		mutate(image.t, p + 56, len - 56);
		bch_dump_edit_records(&all, p + 56, len - 56);
	}
	free(whole);
	free(p);
	image_end(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(dump_that_is_cancelled_leaves_no_file),
		TEMP_TEST(lack_of_memory_leaves_no_file),
		TEMP_TEST(whole_node_loses_names_and_is_whole_still),
		TEMP_TEST(mutated_node_is_gone_through_whatever_it_holds),
		TEMP_TEST(node_whose_checksum_is_wrong_keeps_no_name),
		TEMP_TEST(mutated_journal_bucket_is_gone_through_whatever_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
