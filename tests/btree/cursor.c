// SPDX-License-Identifier: GPL-2.0-or-later
/* Cursors in all their flavours, over keys that only the journal has: an absent root and an overlay. */

#include "../super/temp_fs.h"

#include "btree/btree.h"

#define BTREE 40 /* that nobody knows */

struct tree {
	struct temp_fs files;
	struct bch_fs *fs;
	struct bch_key_overlay *keys; /* until tree_open() */
};

static int tree_setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	void *t;

	temp_setup(&t);
	tree->files = temp_fs_make(t, BCH_VERSION(1, 13), 1);
	tree->fs = temp_fs_opened(&tree->files, 0);
	assert_int_equal(bch_btrees_start(tree->fs, NULL), 0);
	tree->keys = bch_key_overlay_new();
	*state = tree;
	return 0;
}

static int tree_teardown(void **state)
{
	struct tree *tree = *state;
	void *t = tree->files.t;

	bch_key_overlay_free(tree->keys);
	assert_int_equal(bch_fs_close(tree->fs), 0);
	temp_fs_end(&tree->files);
	temp_teardown(&t);
	free(tree);
	return 0;
}

static void put_typed(struct tree *tree, u64 offset, u32 snapshot, u32 size, u8 type)
{
	struct bch_key k = { .pos = { 1, offset, snapshot },
			     .size = size,
			     .type = type,
			     .val = { (const u8 *)&offset, sizeof(offset) } };

	assert_int_equal(bch_key_overlay_add(tree->keys, BTREE, 0, &k), 0);
}

static void put(struct tree *tree, u64 offset, u32 snapshot, u32 size)
{
	put_typed(tree, offset, snapshot, size, BCH_KEY_cookie);
}

static void tree_ready(struct tree *tree)
{
	bch_key_overlay_seal(tree->keys);
	bch_btrees_set_overlay(tree->fs, tree->keys);
	tree->keys = NULL;
}

/* What a cursor gives from its begin: "OFFSET:SNAPSHOT" or, for a hole, "(START-END)", each with a blank behind. */
static void assert_gives(const char *want, struct bch_cursor begin)
{
	struct bch_cursor cur bch_auto(cursor) = begin;
	struct bch_buf have bch_auto(buf) = { 0 };
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		u64 value;

		if (k.type == BCH_KEY_deleted) {
			bch_buf_put(&have, "(%" PRIu64 "-%" PRIu64 ") ", k.pos.offset - k.size,
				    k.pos.offset);
			continue;
		}
		memcpy(&value, k.val.p, sizeof(value));
		assert_true(value == k.pos.offset);
		bch_buf_put(&have, "%" PRIu64 ":%u ", k.pos.offset, k.pos.snapshot);
	}
	assert_int_equal(more, 0);
	assert_int_equal(bch_cursor_next(&cur, &k), 0);
	assert_string_equal(bch_buf_str(&have), want);
}

static void both_ends_of_the_range_belong_to_it(void **state)
{
	struct tree *tree = *state;
	struct bch_fs *fs = tree->fs;

	for (u64 i = 1; i <= 5; i++)
		put(tree, i, 0, 0);
	tree_ready(tree);
	assert_gives("2:0 3:0 4:0 ", bch_cursor(fs, BTREE, bch_pos(1, 2), bch_pos(1, 4)));
	assert_gives("4:0 3:0 2:0 ", bch_cursor_flavour(fs, BTREE, bch_pos(1, 2), bch_pos(1, 4),
							BCH_CURSOR_DESCENDING));
	assert_gives("1:0 2:0 3:0 4:0 5:0 ", bch_cursor(fs, BTREE, BCH_POS_MIN, BCH_SPOS_MAX));
	assert_gives("", bch_cursor(fs, BTREE, bch_pos(1, 4), bch_pos(1, 2)));
	assert_gives("", bch_cursor(fs, BTREE, bch_pos(1, 6), BCH_SPOS_MAX));
}

static void absent_root_is_an_empty_btree(void **state)
{
	struct tree *tree = *state;

	tree_ready(tree);
	assert_gives("", bch_cursor(tree->fs, BTREE, BCH_POS_MIN, BCH_SPOS_MAX));
	assert_gives("", bch_cursor_flavour(tree->fs, BTREE, BCH_POS_MIN, BCH_SPOS_MAX,
					    BCH_CURSOR_DESCENDING));
	assert_gives("", bch_cursor_nodes(tree->fs, BTREE, 0, BCH_POS_MIN, BCH_SPOS_MAX));
}

static void lost_root_is_an_error_that_names_the_btree(void **state)
{
	struct tree *tree = *state;
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(tree->fs, BCH_BTREE_dirents, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;

	assert_int_equal(bch_btree_root_set(tree->fs, BCH_BTREE_dirents, 0, NULL), 0);
	assert_int_equal(bch_cursor_next(&cur, &k), -BCH_ERR_btree_node_read_failed);
	temp_fs_assert_said(&tree->files, -BCH_ERR_btree_node_read_failed, "dirents");
	assert_int_equal(bch_cursor_next(&cur, &k), 0);
	assert_int_equal(bch_btree_root_set(tree->fs, BCH_BTREE_ID_MAX, 0, NULL),
			 -BCH_ERR_out_of_range);
}

/* ------------------------------------------------------------------ snapshots: 10 < 20 < 30, 15 < 30 */

static bool is_ancestor(const void *arg, u32 id, u32 ancestor)
{
	return id == ancestor || ancestor == 30 || (id == 10 && ancestor == 20);
}

static const struct bch_snapshot_view view_10 = { .id = 10, .is_ancestor = is_ancestor };
static const struct bch_snapshot_view view_15 = { .id = 15, .is_ancestor = is_ancestor };

static void make_versions(struct tree *tree)
{
	put(tree, 1, 30, 0);
	put(tree, 2, 10, 0);
	put(tree, 2, 15, 0);
	put(tree, 2, 30, 0);
	put(tree, 3, 15, 0);
	put_typed(tree, 4, 20, 0, BCH_KEY_whiteout);
	put(tree, 4, 30, 0);
	put(tree, 5, 20, 0);
	put(tree, 5, 30, 0);
	tree_ready(tree);
}

static void snapshot_sees_the_nearest_version_and_no_whiteout(void **state)
{
	struct tree *tree = *state;
	struct bch_pos from = bch_pos(1, 0), to = bch_pos(1, 9);

	make_versions(tree);
	assert_gives("1:30 2:10 5:20 ",
		     bch_cursor_in_snapshot(tree->fs, BTREE, from, to, 0, &view_10));
	assert_gives("1:30 2:15 3:15 4:30 5:30 ",
		     bch_cursor_in_snapshot(tree->fs, BTREE, from, to, 0, &view_15));
}

static void snapshot_sees_the_same_backwards(void **state)
{
	struct tree *tree = *state;
	struct bch_pos from = bch_pos(1, 0), to = bch_pos(1, 9);

	make_versions(tree);
	assert_gives("5:20 2:10 1:30 ", bch_cursor_in_snapshot(tree->fs, BTREE, from, to,
							       BCH_CURSOR_DESCENDING, &view_10));
	assert_gives(
		"5:30 4:30 3:15 2:15 1:30 ",
		bch_cursor_in_snapshot(tree->fs, BTREE, from, to, BCH_CURSOR_DESCENDING, &view_15));
}

/* ------------------------------------------------------------------ extents and slots */

static void extents_that_reach_into_the_range_are_given(void **state)
{
	struct tree *tree = *state;
	struct bch_fs *fs = tree->fs;

	put(tree, 10, 0, 10);
	put(tree, 20, 0, 5);
	put(tree, 40, 0, 10);
	tree_ready(tree);
	assert_gives("10:0 20:0 ", bch_cursor_flavour(fs, BTREE, bch_pos(1, 9), bch_pos(1, 16),
						      BCH_CURSOR_EXTENTS));
	assert_gives("", bch_cursor_flavour(fs, BTREE, bch_pos(1, 10), bch_pos(1, 15),
					    BCH_CURSOR_EXTENTS));
	assert_gives("20:0 40:0 ", bch_cursor_flavour(fs, BTREE, bch_pos(1, 10), bch_pos(1, 31),
						      BCH_CURSOR_EXTENTS));
	assert_gives("20:0 ", bch_cursor_flavour(fs, BTREE, bch_pos(1, 10), bch_pos(1, 30),
						 BCH_CURSOR_EXTENTS));
}

static void slots_between_extents_are_holes(void **state)
{
	struct tree *tree = *state;
	struct bch_fs *fs = tree->fs;
	unsigned flags = BCH_CURSOR_EXTENTS | BCH_CURSOR_SLOTS;

	put(tree, 10, 0, 5);
	put(tree, 15, 0, 5);
	put(tree, 40, 0, 10);
	tree_ready(tree);
	assert_gives("(0-5) 10:0 15:0 (15-30) 40:0 (40-50) ",
		     bch_cursor_flavour(fs, BTREE, bch_pos(1, 0), bch_pos(1, 50), flags));
	assert_gives("10:0 15:0 (15-20) ",
		     bch_cursor_flavour(fs, BTREE, bch_pos(1, 7), bch_pos(1, 20), flags));
	assert_gives("(20-30) 40:0 ",
		     bch_cursor_flavour(fs, BTREE, bch_pos(1, 20), bch_pos(1, 40), flags));
	assert_gives("(50-4294967345) (4294967345-5000000000) ",
		     bch_cursor_flavour(fs, BTREE, bch_pos(1, 50), bch_pos(1, 5000000000), flags));
}

static void slots_between_points_are_holes(void **state)
{
	struct tree *tree = *state;

	put(tree, 3, 0, 0);
	put(tree, 4, 0, 0);
	put(tree, 7, 0, 0);
	tree_ready(tree);
	assert_gives("(0-3) 3:0 4:0 (5-7) 7:0 (8-10) ",
		     bch_cursor_flavour(tree->fs, BTREE, bch_pos(1, 0), bch_pos(1, 9),
					BCH_CURSOR_SLOTS));
	assert_gives("4:0 (5-7) 7:0 ", bch_cursor_flavour(tree->fs, BTREE, bch_pos(1, 4),
							  bch_pos(1, 7), BCH_CURSOR_SLOTS));
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(both_ends_of_the_range_belong_to_it),
		WITH_TREE(absent_root_is_an_empty_btree),
		WITH_TREE(lost_root_is_an_error_that_names_the_btree),
		WITH_TREE(snapshot_sees_the_nearest_version_and_no_whiteout),
		WITH_TREE(snapshot_sees_the_same_backwards),
		WITH_TREE(extents_that_reach_into_the_range_are_given),
		WITH_TREE(slots_between_extents_are_holes),
		WITH_TREE(slots_between_points_are_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
