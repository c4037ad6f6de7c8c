// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters and buckets that kernels stored are what their keys count up to, and what is not is named. */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include "alloc/alloc.h"

/* ------------------------------------------------------------------ all images */

/* Where the reference says that kernels store other than what is there. */
static const struct {
	const char *image, *why;
	u8 type;
} known[] = {
	/* 06 §15, §10: the kernel drops the counters of positions in the old order and recounts all others */
	{ "13-k616-from113", "upgraded across 1.15", BCH_ACCOUNTING_inum },
	{ "139-from113", "upgraded across 1.15", BCH_ACCOUNTING_inum },
};

struct found {
	const struct image *image;
	u64 nr_unknown;
};

static bool is_known(const struct image *image, const struct bch_recount_difference *d)
{
	const char *name = strrchr(image->dir, '/') + 1;

	for (size_t i = 0; i < bch_array_size(known); i++)
		if (!strcmp(known[i].image, name) && !d->is_bucket && d->what.type == known[i].type)
			return true;
	return false;
}

static void print(const struct image *image, const struct bch_recount_difference *d)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_recount_difference_put(&text, d, le16_get(image->fs->super.sb->version));
	print_error("%s: %s\n", image->dir, bch_buf_str(&text));
}

static int take(void *arg, const struct bch_recount_difference *d)
{
	struct found *found = arg;

	if (is_known(found->image, d))
		return 0;
	found->nr_unknown++;
	print(found->image, d);
	return 0;
}

/* One whose keys no kernel has written yet has no counters either. */
static bool was_mounted(const struct image *image)
{
	return bch_sb_flag(image->fs->super.sb, BCH_SB_INITIALIZED);
}

static void stored_and_counted_are_equal_on_all_images(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");
	u64 nr_wrong = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);
		struct found found = { .image = &image };
		struct bch_counters counted bch_auto(counters) = bch_counters();

		image_open_fs(&image);
		assert_int_equal(bch_fs_start(image.fs, NULL), 0);
		if (was_mounted(&image))
			assert_int_equal(bch_recount_compare(image.fs, take, &found, &counted), 0);
		nr_wrong += found.nr_unknown;
		image_end(&image);
	}
	assert_int_equal(nr_wrong, 0);
	globfree(&dirs);
}

/* ------------------------------------------------------------------ what is wrong */

#define IMAGE	"tests/images/09-targets"
#define NR_DIFF 8

struct differences {
	struct bch_recount_difference v[NR_DIFF];
	u32 nr;
};

static int note(void *arg, const struct bch_recount_difference *d)
{
	struct differences *ds = arg;

	assert_true(ds->nr < NR_DIFF);
	ds->v[ds->nr++] = *d;
	return 0;
}

/* The first key in @btree_id that @is_wanted. */
static struct bch_key find_key(struct bch_fs *fs, u8 btree_id,
			       bool (*is_wanted)(struct bch_fs *fs, const struct bch_key *k),
			       u8 val[BCH_KEY_VALUE_MAX])
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0)
		if (is_wanted(fs, &k)) {
			memcpy(val, k.val.p, k.val.len);
			k.val.p = val;
			return k;
		}
	fail();
	return (struct bch_key){ 0 };
}

/* Recounts with @k over what is on disk. */
static void compare_with(struct image *image, u8 btree_id, const struct bch_key *k,
			 struct differences *ds)
{
	struct bch_key_overlay *overlay = bch_key_overlay_new();
	struct bch_counters counted bch_auto(counters) = bch_counters();

	*ds = (struct differences){ 0 };
	assert_non_null(overlay);
	assert_int_equal(bch_key_overlay_add(overlay, btree_id, 0, k), 0);
	bch_key_overlay_seal(overlay);
	bch_btrees_set_overlay(image->fs, overlay);
	assert_int_equal(bch_recount_compare(image->fs, note, ds, &counted), 0);
}

static bool counts_inodes(struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_accounting a;

	bch_accounting_get(k->pos, le16_get(fs->super.sb->version), &a);
	return a.type == BCH_ACCOUNTING_nr_inodes;
}

static bool counts_an_inode(struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_accounting a;

	bch_accounting_get(k->pos, le16_get(fs->super.sb->version), &a);
	return a.type == BCH_ACCOUNTING_inum && bch_accounting_counter(k, 0) > 0;
}

static void a_wrong_counter_is_named(void **state)
{
	struct image image = image_unpack(*state, IMAGE);
	const le64 delta = le64_of(3);
	u8 val[BCH_KEY_VALUE_MAX];
	struct differences ds;
	struct bch_key k;

	image_ready(&image, NULL);
	k = find_key(image.fs, BCH_BTREE_accounting, counts_inodes, val);
	k.version_hi++;
	k.val = (struct bch_bytes){ (const u8 *)&delta, sizeof(delta) };
	compare_with(&image, BCH_BTREE_accounting, &k, &ds);
	assert_int_equal(ds.nr, 1);
	assert_int_equal(ds.v[0].what.type, BCH_ACCOUNTING_nr_inodes);
	assert_int_equal(ds.v[0].stored[0], ds.v[0].counted[0] + 3);
	image_end(&image);
}

static void a_counter_of_an_inode_without_extents_is_named(void **state)
{
	struct image image = image_unpack(*state, IMAGE);
	u8 val[BCH_KEY_VALUE_MAX];
	struct differences ds;
	struct bch_accounting what;
	struct bch_key k;

	image_ready(&image, NULL);
	k = find_key(image.fs, BCH_BTREE_accounting, counts_an_inode, val);
	what = (struct bch_accounting){ .type = BCH_ACCOUNTING_inum, .inum = 1ULL << 40 };
	k.pos = bch_accounting_pos(&what, le16_get(image.fs->super.sb->version));
	compare_with(&image, BCH_BTREE_accounting, &k, &ds);
	assert_int_equal(ds.nr, 1);
	assert_int_equal(ds.v[0].what.type, BCH_ACCOUNTING_inum);
	assert_int_equal(ds.v[0].what.inum, 1ULL << 40);
	assert_int_equal(ds.v[0].counted[0], 0);
	image_end(&image);
}

static bool holds_data(struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_alloc a;

	return bch_alloc_get(k, le16_get(fs->super.sb->version), &a) == BCH_KEY_VALID &&
	       a.data_type == BCH_DATA_user && a.dirty_sectors > 1;
}

static void a_bucket_with_wrong_sectors_is_named(void **state)
{
	struct image image = image_unpack(*state, IMAGE);
	u8 val[BCH_KEY_VALUE_MAX], changed[BCH_ALLOC_V4_LEN];
	u16 version;
	struct differences ds;
	struct bch_alloc a;
	struct bch_key k;

	image_ready(&image, NULL);
	version = le16_get(image.fs->super.sb->version);
	k = find_key(image.fs, BCH_BTREE_alloc, holds_data, val);
	assert_int_equal(bch_alloc_get(&k, version, &a), BCH_KEY_VALID);
	a.dirty_sectors--;
	bch_alloc_put(&a, version, changed);
	k.val = (struct bch_bytes){ changed, sizeof(changed) };
	compare_with(&image, BCH_BTREE_alloc, &k, &ds);
	assert_int_equal(ds.nr, 1);
	assert_true(ds.v[0].is_bucket);
	assert_int_equal(ds.v[0].bucket, k.pos.offset);
	assert_int_equal(ds.v[0].stored_alloc.dirty_sectors + 1,
			 ds.v[0].counted_alloc.dirty_sectors);
	image_end(&image);
}

static bool is_extent(struct bch_fs *fs, const struct bch_key *k)
{
	return k->type == BCH_KEY_extent;
}

/* Its sectors are missing in its bucket and in the counters that it had a part in. */
static void a_lost_extent_is_missed_everywhere(void **state)
{
	struct image image = image_unpack(*state, IMAGE);
	u8 val[BCH_KEY_VALUE_MAX];
	bool types[BCH_ACCOUNTING_NR] = { 0 };
	u32 nr_buckets = 0;
	struct differences ds;
	struct bch_key k;

	image_ready(&image, NULL);
	k = find_key(image.fs, BCH_BTREE_extents, is_extent, val);
	k.type = BCH_KEY_deleted;
	k.size = 0;
	k.val.len = 0;
	compare_with(&image, BCH_BTREE_extents, &k, &ds);
	for (u32 i = 0; i < ds.nr; i++)
		if (ds.v[i].is_bucket)
			nr_buckets++;
		else
			types[ds.v[i].what.type] = true;
	assert_true(nr_buckets > 0);
	assert_true(types[BCH_ACCOUNTING_replicas]);
	assert_true(types[BCH_ACCOUNTING_dev_data_type]);
	assert_true(types[BCH_ACCOUNTING_snapshot]);
	assert_true(types[BCH_ACCOUNTING_inum]);
	image_end(&image);
}

/* ------------------------------------------------------------------ before 1.9 */

static void usage_records_of_old_filesystems_are_read_as_counters(void **state)
{
	struct image image = image_unpack(*state, "tests/images/12-v14-fresh");
	const struct bch_accounting inodes = { .type = BCH_ACCOUNTING_nr_inodes };
	struct bch_counters counters bch_auto(counters) = bch_counters();

	image_ready(&image, NULL);
	assert_int_equal(bch_accounting_read(image.fs, &counters), 0);
	assert_int_equal(bch_counters_get(&counters, &inodes)[0], 2);
	image_end(&image);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stored_and_counted_are_equal_on_all_images),
		TEST(a_wrong_counter_is_named),
		TEST(a_counter_of_an_inode_without_extents_is_named),
		TEST(a_bucket_with_wrong_sectors_is_named),
		TEST(a_lost_extent_is_missed_everywhere),
		TEST(usage_records_of_old_filesystems_are_read_as_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
