// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each rule that a key can break: the key is put into a filesystem of a kernel's, told with its id, and deleted; all other
 * keys stay as they are. For tests in the machine: "list" gives the id of each and the image that it is made for; ID
 * DEVICE... makes it.
 */

#include "../ondisk/key_build.h"
#include "rows.h"

#include "commit/commit.h"
#include "key_rows.h"
#include "ondisk/key_inode.h"

/* ------------------------------------------------------------------ the keys that stay */

/* What does not follow from where nodes and data lie. */
#define GIVEN_BTREES                                                                        \
	(1U << BCH_BTREE_extents | 1U << BCH_BTREE_inodes | 1U << BCH_BTREE_dirents |       \
	 1U << BCH_BTREE_xattrs | 1U << BCH_BTREE_quotas | 1U << BCH_BTREE_stripes |        \
	 1U << BCH_BTREE_reflink | 1U << BCH_BTREE_subvolumes | 1U << BCH_BTREE_snapshots | \
	 1U << BCH_BTREE_snapshot_trees | 1U << BCH_BTREE_deleted_inodes |                  \
	 1U << BCH_BTREE_logged_ops | 1U << BCH_BTREE_rebalance_work |                      \
	 1U << BCH_BTREE_subvolume_children)

static u64 hash_given(struct image *image)
{
	u64 hash = 0;

	rows_open(image, 0);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		if (GIVEN_BTREES >> id & 1) {
			struct image_walk w = image_walk(image->fs, id);

			assert_int_equal(w.nr_errors, 0);
			hash = hash * 31 + w.hash;
		}
	image_close(image);
	return hash;
}

/* ------------------------------------------------------------------ one of them */

/* A good inode of a file, one field of which is another. */
static void make_inode(const struct key_row *row, struct key_build *b)
{
	struct bch_inode inode;

	key_build(b, BCH_KEY_inode_v3, row->pos, 0, GOOD_INODE);
	assert_true(bch_inode_get(&b->k, &inode));
	if (row->field_bytes == 1)
		*((u8 *)&inode + row->field) = (u8)row->value;
	else
		memcpy((u8 *)&inode + row->field, &row->value, row->field_bytes);
	b->k.val.len = bch_inode_put(&inode, b->val);
}

static void put_key(struct image *image, const struct key_row *row)
{
	struct key_build b;

	rows_open(image, BCH_OPEN_WRITE);
	rows_ok(image, row->name, bch_writer_start(image->fs, NULL));
	if (row->field_bytes)
		make_inode(row, &b);
	else
		key_build(&b, row->type, row->pos, row->size, row->hex);
	b.k.version_lo = row->version_lo;
	rows_ok(image, row->name, bch_update(image->fs, row->btree_id, &b.k, BCH_UPDATE_QUIET));
	rows_ok(image, row->name, bch_commit(image->fs));
	rows_ok(image, row->name, bch_writer_finish(image->fs));
	image_close(image);
}

static void run_row(struct temp *t, const struct key_row *row)
{
	struct image image = image_unpack(t, row->image);
	struct seen seen;
	u64 hash;

	rows_check(&image, row->name,
		   BCH_FSCK_YES); /* what a kernel began is ended, and keys go with that */
	hash = hash_given(&image);
	put_key(&image, row);
	seen = rows_repair(&image, row->name);
	assert_true(rows_seen(&seen, row->name, row->id));
	if (hash != hash_given(&image))
		fail_msg("%s: another key has changed", row->name);
	rows_derived(&image, row->name);
	rows_remove(&image);
}

static void each_key_that_breaks_a_rule_goes_and_all_others_stay(void **state)
{
	const char *only = getenv("ONLY");

	for (size_t i = 0; i < bch_array_size(key_rows); i++)
		if (!only || !strcmp(only, key_rows[i].name))
			run_row(*state, &key_rows[i]);
}

/* ------------------------------------------------------------------ for tests in the machine */

static const char *name_of(size_t i)
{
	return key_rows[i].name;
}

static const char *image_of(size_t i)
{
	return key_rows[i].image;
}

static void damage_as(struct image *image, size_t i)
{
	put_key(image, &key_rows[i]);
}

static const struct rows_table table = { bch_array_size(key_rows), name_of, image_of, damage_as };

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_key_that_breaks_a_rule_goes_and_all_others_stay, temp_setup,
			temp_teardown),
	};

	if (argc > 1)
		return rows_main(&table, argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
