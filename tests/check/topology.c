// SPDX-License-Identifier: GPL-2.0-or-later
/* Btrees whose nodes do not fit together, or are not there: what is found, and that no key is lost without need. */

#include "damage.h"

#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ondisk/key_alloc.h"
#include "ondisk/key_backpointer.h"
#include "ondisk/passes.h"

struct edit {
	size_t nr;
	u64 seq;
	struct bch_pos pos;
};

static void edit_node(struct test_fs *f, u8 level, u32 nr,
		      void (*edit)(struct bch_btree_node *node, void *arg), struct edit *e)
{
	struct bch_node_key key;

	nth_node(f->fs, BCH_BTREE_quotas, level, nr, &key);
	patch_node(f, BCH_BTREE_quotas, level, &key, 9, true, edit, e);
}

/* What a leaf that is gone for good held. */
static u64 nr_keys_of(struct test_fs *f, u32 nr)
{
	const struct bch_btree_node *node;
	struct bch_node_key key;
	struct bch_key ptr;
	u64 nr_keys;

	nth_node(f->fs, BCH_BTREE_quotas, 0, nr, &key);
	ptr = bch_node_key_get(&key);
	assert_int_equal(bch_btree_node_get(f->fs, BCH_BTREE_quotas, 0, &ptr, &node), 0);
	nr_keys = node->keys.nr;
	bch_btree_node_put(f->fs, node);
	return nr_keys;
}

/* ------------------------------------------------------------------ edits */

static void edit_remove(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;

	packed_key(node, e->nr)[PACKED_KEY_TYPE] = BCH_KEY_deleted;
}

static void edit_remove_last(struct bch_btree_node *node, void *arg)
{
	packed_key(node, node->keys.nr - 1)[PACKED_KEY_TYPE] = BCH_KEY_deleted;
}

static void edit_remove_all(struct bch_btree_node *node, void *arg)
{
	for (size_t i = 0; i < node->keys.nr; i++)
		packed_key(node, i)[PACKED_KEY_TYPE] = BCH_KEY_deleted;
}

static void edit_ptr_seq(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;
	struct btree_ptr_v2 *v = (void *)key_value(node, e->nr);

	v->seq = le64_of(le64_get(v->seq) + 1);
}

static void edit_ptr_min(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;
	struct btree_ptr_v2 *v = (void *)key_value(node, e->nr);

	v->min_key = bch_pos_disk(e->pos);
}

static void edit_header_min(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;
	struct btree_node *n = (void *)node->bytes;

	n->min_key = bch_pos_disk(e->pos);
}

static void edit_header_magic(struct bch_btree_node *node, void *arg)
{
	node->bytes[offsetof(struct btree_node, magic)] ^= 1;
}

static void edit_header_btree(struct bch_btree_node *node, void *arg)
{
	struct btree_node *n = (void *)node->bytes;

	n->flags = le64_of(le64_get(n->flags) ^ 2);
}

static void edit_header_level(struct bch_btree_node *node, void *arg)
{
	struct btree_node *n = (void *)node->bytes;

	n->flags = le64_of(le64_get(n->flags) ^ 16);
}

static void edit_header_max(struct bch_btree_node *node, void *arg)
{
	struct btree_node *n = (void *)node->bytes;

	n->max_key.offset = le64_of(le64_get(n->max_key.offset) + 1);
}

static void edit_header_format(struct bch_btree_node *node, void *arg)
{
	struct btree_node *n = (void *)node->bytes;

	n->format.nr_fields = 17;
}

static void edit_nothing_but_copy(struct bch_btree_node *node, void *arg)
{
	memcpy(arg, node->bytes, node->len);
}

static void edit_all(struct bch_btree_node *node, void *arg)
{
	memcpy(node->bytes, arg, node->len);
}

/* ------------------------------------------------------------------ roots */

static void lost_root_is_made_anew_from_its_leaves(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct found found;

	edit_node(&f, 2, 0, edit_zero, NULL);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_root_read_error, 1, DEEP_NR_KEYS);
	assert_found(&found, BCH_FSCK_btree_node_bad_magic, 1);
	assert_string_equal(found.text,
			    "error reading btree root quotas l=2: btree_node_read_error");
	test_fs_end(&f);
}

/* Keys that say where nodes of quotas are. */
struct where {
	BCH_ARRAY(struct bch_pos) places;
};

static void change_place(struct test_fs *f, u8 btree_id, struct bch_pos pos)
{
	u16 version = le16_get(f->fs->super.sb->version);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(f->fs, btree_id, pos, pos);
	struct bch_key k, changed = { .pos = pos };
	u8 val[BCH_ALLOC_V4_LEN];
	struct bch_alloc a;

	assert_int_equal(bch_cursor_next(&cur, &k), 1);
	if (btree_id == BCH_BTREE_alloc) {
		assert_int_equal(bch_alloc_get(&k, version, &a), BCH_KEY_VALID);
		a.data_type = BCH_DATA_user;
		bch_alloc_put(&a, version, val);
		changed.type = BCH_KEY_alloc_v4;
		changed.val = (struct bch_bytes){ val, sizeof(val) };
	}
	bch_cursor_end(&cur);
	assert_int_equal(bch_update(f->fs, btree_id, &changed, BCH_UPDATE_QUIET), 0);
}

/* Backpointers go, or buckets are said to hold data. */
static void lose_places(struct test_fs *f, u8 btree_id)
{
	struct where w = { 0 };
	struct bch_node_key key;

	for (u32 i = 0; i < 20; i++) {
		struct bch_extent_walk walk;
		struct bch_extent_ptr p;
		struct bch_key ptr;

		nth_node(f->fs, BCH_BTREE_quotas, 0, i, &key);
		ptr = bch_node_key_get(&key);
		walk = bch_extent_walk(&ptr, NULL);
		while (bch_extent_ptr_next(&walk, &p)) {
			u64 at = btree_id == BCH_BTREE_alloc
					 ? p.ptr.offset_sectors / BCH_SECTORS(DEEP_BUCKET_BYTES)
					 : p.ptr.offset_sectors << BCH_BACKPOINTER_SHIFT;

			assert_int_equal(bch_array_push(&w.places, bch_pos(p.ptr.dev_idx, at)), 0);
		}
	}
	test_fs_close(f);
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE));
	test_fs_ok(f->t, bch_writer_start(f->fs, NULL));
	for (size_t i = 0; i < w.places.nr; i++)
		change_place(f, btree_id, w.places.v[i]);
	test_fs_ok(f->t, bch_commit(f->fs));
	test_fs_ok(f->t, bch_writer_finish(f->fs));
	bch_array_end(&w.places);
}

/* The whole btree was lost, where a byte of another was wrong too. */
static void leaves_are_found_where_nothing_else_knows_them(void **state)
{
	static const u8 btrees[] = { BCH_BTREE_backpointers, BCH_BTREE_alloc };

	for (u32 i = 0; i < bch_array_size(btrees); i++) {
		struct test_fs f = deep_fs(*state, 1);

		lose_places(&f, btrees[i]);
		edit_node(&f, 2, 0, edit_zero, NULL);
		test_fs_close(&f);
		check_repair(&f, BCH_FSCK_btree_root_read_error, 1, DEEP_NR_KEYS);
		test_fs_end(&f);
	}
}

static void lost_root_with_nothing_under_it_becomes_empty(void **state)
{
	struct test_fs f = quotas_fs(*state, 1, 10);
	struct found found;

	test_fs_ok(f.t, test_fs_open(&f, 0));
	edit_node(&f, 0, 0, edit_zero, NULL);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_root_unreadable_and_scan_found_nothing, 1, 0);
	assert_string_equal(found.text, "no nodes found for btree quotas");
	test_fs_end(&f);
}

static void root_without_children_is_made_anew(void **state)
{
	struct test_fs f = deep_fs(*state, 1);

	edit_node(&f, 2, 0, edit_remove_all, NULL);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_topology_interior_node_empty, 1, DEEP_NR_KEYS);
	test_fs_end(&f);
}

static void refused_root_stays_lost_and_the_rest_is_checked(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct found found = { .refused = BCH_FSCK_btree_root_read_error };
	const struct bch_fsck_opts opts = {
		.answer = BCH_FSCK_ASK, .ask = reply, .problem = take_problem, .arg = &found
	};
	struct bch_fsck_result result;

	edit_node(&f, 2, 0, edit_zero, NULL);
	test_fs_close(&f);
	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(f.t, bch_fsck(f.fs, &opts, &result));
	assert_true(result.nr_repaired < result.nr_found);
	bch_fsck_result_end(&result);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_root_read_error, 1, DEEP_NR_KEYS);
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ interior nodes */

static void lost_interior_node_is_made_anew_from_its_leaves(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct found found;

	edit_node(&f, 1, 1, edit_zero, NULL);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_node_unreadable, 1, DEEP_NR_KEYS);
	assert_non_null(strstr(found.text, "Topology repair: unreadable btree node at btree quotas "
					   "level 1\n  u64s "));
	test_fs_end(&f);
}

static void missing_child_is_found_again(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .nr = 3 };
	struct found found;

	edit_node(&f, 1, 0, edit_remove, &e);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_node_topology_bad_min_key, 1, DEEP_NR_KEYS);
	assert_non_null(strstr(found.text, "at btree quotas level 1:\n  no node from "));
	test_fs_end(&f);
}

static void missing_last_child_is_found_again(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	u32 nr = 0;

	{
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(f.fs, BCH_BTREE_quotas, 1, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&cur, &k) > 0)
			nr++;
	}
	edit_node(&f, 1, nr - 1, edit_remove_last, NULL);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_topology_bad_max_key, 1, DEEP_NR_KEYS);
	test_fs_end(&f);
}

static void child_behind_a_wrong_pointer_is_found_again(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .nr = 2 };

	edit_node(&f, 1, 0, edit_ptr_seq, &e);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_bad_seq, 1, DEEP_NR_KEYS);
	test_fs_end(&f);
}

/* Where it was found another goes from that place, with the backpointer. */
static void child_in_the_place_of_another_gets_its_own(void **state)
{
	struct test_fs f = deep_fs(*state, 2);
	size_t len = bch_btree_rules(f.fs).node_bytes;
	struct bch_node_key a, b;
	u8 *bytes = malloc(len * 2);

	assert_non_null(bytes);
	nth_node(f.fs, BCH_BTREE_quotas, 0, 3, &a);
	nth_node(f.fs, BCH_BTREE_quotas, 0, 4, &b);
	patch_node(&f, BCH_BTREE_quotas, 0, &a, 1, false, edit_nothing_but_copy, bytes);
	patch_node(&f, BCH_BTREE_quotas, 0, &b, 1, false, edit_nothing_but_copy, bytes + len);
	patch_node(&f, BCH_BTREE_quotas, 0, &a, 2, false, edit_all, bytes + len);
	patch_node(&f, BCH_BTREE_quotas, 0, &b, 1, false, edit_all, bytes);
	free(bytes);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_bad_seq, 3, DEEP_NR_KEYS);
	test_fs_end(&f);
}

static void child_whose_pointer_begins_elsewhere_is_found_again(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .nr = 2, .pos = bch_pos(0, 1) };
	struct found found;

	edit_node(&f, 1, 0, edit_ptr_min, &e);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_node_bad_min_key, 1, DEEP_NR_KEYS);
	assert_non_null(strstr(found.text, "incorrect min_key: got 0:"));
	assert_non_null(strstr(found.text, "should be 0:1:0"));
	test_fs_end(&f);
}

/* As in 07 §7 row 51; nobody has written anything there, so nothing is lost. */
static void leaf_that_reaches_into_the_one_before_it_is_cut(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .nr = 5 };
	struct bch_node_key before, leaf;
	struct bch_key k;
	struct bch_node_ptr p;

	nth_node(f.fs, BCH_BTREE_quotas, 0, 4, &before);
	nth_node(f.fs, BCH_BTREE_quotas, 0, 5, &leaf);
	k = bch_node_key_get(&before);
	assert_true(bch_node_ptr_get(&k, &p));
	e.pos = bch_pos(0, (p.min.offset + p.max.offset) / 2);
	edit_node(&f, 1, 0, edit_ptr_min, &e);
	patch_node(&f, BCH_BTREE_quotas, 0, &leaf, 9, true, edit_header_min, &e);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_topology_bad_min_key, 1, DEEP_NR_KEYS);
	test_fs_end(&f);
}

static void edit_header_newer(struct bch_btree_node *node, void *arg)
{
	struct btree_node *n = (void *)node->bytes;

	edit_header_min(node, arg);
	n->flags = le64_of(le64_get(n->flags) + (1ULL << 32));
}

/* Leaf 4 is empty, and 5 is newer and reaches into it: from where is up to @from. */
static void check_overlap(struct temp *t, struct bch_pos (*from)(const struct bch_node_ptr *p),
			  u32 id)
{
	struct test_fs f = deep_fs(t, 1);
	u64 nr_keys = nr_keys_of(&f, 4);
	struct edit e = { .nr = 5 };
	struct bch_node_key before, leaf;
	struct bch_key k;
	struct bch_node_ptr p;

	nth_node(f.fs, BCH_BTREE_quotas, 0, 4, &before);
	nth_node(f.fs, BCH_BTREE_quotas, 0, 5, &leaf);
	k = bch_node_key_get(&before);
	assert_true(bch_node_ptr_get(&k, &p));
	e.pos = from(&p);
	edit_node(&f, 0, 4, edit_remove_all, NULL);
	edit_node(&f, 1, 0, edit_ptr_min, &e);
	patch_node(&f, BCH_BTREE_quotas, 0, &leaf, 9, true, edit_header_newer, &e);
	test_fs_close(&f);
	check_repair(&f, id, 1, DEEP_NR_KEYS - nr_keys);
	test_fs_end(&f);
}

static struct bch_pos from_start(const struct bch_node_ptr *p)
{
	return p->min;
}

static struct bch_pos from_middle(const struct bch_node_ptr *p)
{
	return bch_pos(0, (p->min.offset + p->max.offset) / 2);
}

static void newer_leaf_cuts_the_one_before_it(void **state)
{
	check_overlap(*state, from_middle, BCH_FSCK_btree_node_topology_bad_max_key);
}

static void leaf_inside_a_newer_one_goes(void **state)
{
	check_overlap(*state, from_start, BCH_FSCK_btree_node_topology_overwritten_by_next_node);
}

/* ------------------------------------------------------------------ leaves */

static void lost_leaf_becomes_an_empty_one(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	u64 nr_lost = nr_keys_of(&f, 7);

	assert_true(nr_lost > 10);
	edit_node(&f, 0, 7, edit_zero, NULL);
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_unreadable, 1, DEEP_NR_KEYS - nr_lost);
	test_fs_end(&f);
}

static u64 lost_data(struct test_fs *f)
{
	struct bch_sb_ext ext;

	test_fs_ok(f->t, test_fs_open(f, 0));
	bch_super_ext(&f->fs->super, &ext);
	test_fs_close(f);
	return ext.btrees_lost_data;
}

/* Who checks the rest later must know what is missing. */
static void check_of_nodes_alone_records_what_is_lost(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct found found = { 0 };
	struct bch_fsck_opts opts = { .answer = BCH_FSCK_YES,
				      .passes = 1ULL << BCH_PASS_check_topology,
				      .problem = take_problem,
				      .arg = &found };
	struct bch_fsck_result result;

	edit_node(&f, 0, 7, edit_zero, NULL);
	test_fs_close(&f);
	open_to_check(&f, BCH_OPEN_WRITE);
	test_fs_ok(f.t, bch_fsck(f.fs, &opts, &result));
	bch_fsck_result_end(&result);
	test_fs_close(&f);
	assert_found(&found, BCH_FSCK_btree_node_unreadable, 1);
	assert_int_equal(lost_data(&f), 1ULL << BCH_BTREE_quotas);
	found = check(&f, BCH_FSCK_YES, 0);
	assert_int_equal(found.nr[BCH_FSCK_btree_node_unreadable], 0);
	assert_int_equal(lost_data(&f), 0);
	found = check(&f, BCH_FSCK_NO, 0);
	assert_int_equal(found.nr_found, 0);
	test_fs_end(&f);
}

/* Its older version is still on the device: it must not come back. 07 §7 row 55. */
static void old_version_of_a_lost_leaf_stays_lost(void **state)
{
	struct test_fs f = quotas_fs(*state, 1, DEEP_NR_KEYS);
	u64 nr_lost;

	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(f.t, bch_writer_start(f.fs, NULL));
	test_fs_ok(f.t, test_fs_put(f.fs, 1000, 1, 8));
	test_fs_ok(f.t, bch_commit(f.fs));
	test_fs_ok(f.t, bch_writer_finish(f.fs));
	test_fs_close(&f);

	test_fs_ok(f.t, test_fs_open(&f, 0));
	for (u32 nr = 0;; nr++) {
		struct bch_node_key key;

		nth_node(f.fs, BCH_BTREE_quotas, 0, nr, &key);
		if (key.k.pos.offset < 1000)
			continue;
		nr_lost = nr_keys_of(&f, nr);
		edit_node(&f, 0, nr, edit_zero, NULL);
		break;
	}
	test_fs_close(&f);
	check_repair(&f, BCH_FSCK_btree_node_unreadable, 1, DEEP_NR_KEYS - nr_lost);
	test_fs_end(&f);
}

/* A header that is wrong makes a leaf unreadable, whatever its keys are. */
static void leaf_with_a_wrong_header_is_lost_and_said_why(void **state)
{
	static const struct {
		void (*edit)(struct bch_btree_node *node, void *arg);
		u32 id;
		const char *text;
	} rows[] = {
		{ edit_header_magic, BCH_FSCK_btree_node_bad_magic, ": bad magic: want " },
		{ edit_header_btree, BCH_FSCK_btree_node_bad_btree, ": incorrect btree id" },
		{ edit_header_level, BCH_FSCK_btree_node_bad_level, ": incorrect level" },
		{ edit_header_max, BCH_FSCK_btree_node_bad_max_key, ": incorrect max key: got 0:" },
		{ edit_header_format, BCH_FSCK_btree_node_bad_format, ": invalid bkey format" },
	};

	for (size_t i = 0; i < bch_array_size(rows); i++) {
		struct test_fs f = deep_fs(*state, 1);
		struct found found;

		edit_node(&f, 0, 3, rows[i].edit, NULL);
		test_fs_close(&f);
		found = check(&f, BCH_FSCK_NO, rows[i].id);
		assert_found(&found, rows[i].id, 1);
		assert_found(&found, BCH_FSCK_btree_node_unreadable, 1);
		assert_non_null(strstr(found.text, rows[i].text));
		check(&f, BCH_FSCK_YES, 0);
		found = check(&f, BCH_FSCK_NO, 0);
		assert_int_equal(found.nr_found, 0);
		test_fs_end(&f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lost_root_is_made_anew_from_its_leaves),
		TEST(leaves_are_found_where_nothing_else_knows_them),
		TEST(lost_root_with_nothing_under_it_becomes_empty),
		TEST(root_without_children_is_made_anew),
		TEST(refused_root_stays_lost_and_the_rest_is_checked),
		TEST(lost_interior_node_is_made_anew_from_its_leaves),
		TEST(missing_child_is_found_again),
		TEST(missing_last_child_is_found_again),
		TEST(child_behind_a_wrong_pointer_is_found_again),
		TEST(child_in_the_place_of_another_gets_its_own),
		TEST(child_whose_pointer_begins_elsewhere_is_found_again),
		TEST(leaf_that_reaches_into_the_one_before_it_is_cut),
		TEST(newer_leaf_cuts_the_one_before_it),
		TEST(leaf_inside_a_newer_one_goes),
		TEST(lost_leaf_becomes_an_empty_one),
		TEST(check_of_nodes_alone_records_what_is_lost),
		TEST(old_version_of_a_lost_leaf_stays_lost),
		TEST(leaf_with_a_wrong_header_is_lost_and_said_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
