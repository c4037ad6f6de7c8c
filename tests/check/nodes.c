// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes that are wrong in themselves: what is found, what is kept of them, and that they are written anew. */

#include "damage.h"

#include "ondisk/keys.h"

struct edit {
	size_t nr;
	u32 value;
};

/* Of leaf number 3. */
static void edit_leaf(struct test_fs *f, u32 nr_copies, bool sealed,
		      void (*edit)(struct bch_btree_node *node, void *arg), struct edit *e)
{
	struct bch_node_key key;

	nth_node(f->fs, BCH_BTREE_quotas, 0, 3, &key);
	patch_node(f, BCH_BTREE_quotas, 0, &key, nr_copies, sealed, edit, e);
}

/* ------------------------------------------------------------------ edits */

static struct bset *first_set(struct bch_btree_node *node)
{
	struct btree_node *n = (void *)node->bytes;

	return &n->keys;
}

/* A byte of a value: the key is fine without it. */
static void edit_value(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;

	*key_value(node, e->nr) ^= 1;
}

static void edit_csum_type(struct bch_btree_node *node, void *arg)
{
	struct bset *b = first_set(node);

	b->flags = le32_of(le32_get(b->flags) | 15);
}

static void edit_sector_offset(struct bch_btree_node *node, void *arg)
{
	struct bset *b = first_set(node);

	b->flags = le32_of((le32_get(b->flags) & 0xffff) | 5U << 16);
}

static void edit_set_version(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;

	first_set(node)->version = le16_of((u16)e->value);
}

/* The key's type is one that does not belong there. */
static void edit_key_type(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;

	packed_key(node, e->nr)[PACKED_KEY_TYPE] = BCH_KEY_dirent;
}

static void edit_key_u64s(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;

	packed_key(node, e->nr)[0] = (u8)e->value;
}

static void edit_last_key_longer(struct bch_btree_node *node, void *arg)
{
	packed_key(node, node->keys.nr - 1)[0]++;
}

static void edit_key_format(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;

	packed_key(node, e->nr)[1] = 77;
}

/* Two keys of the same length change places. */
static void edit_order(struct bch_btree_node *node, void *arg)
{
	const struct edit *e = arg;
	u8 *a = packed_key(node, e->nr), *b = packed_key(node, e->nr + 1), swap[256];
	size_t len = a[0] * 8U;

	assert_int_equal(a[0], b[0]);
	memcpy(swap, a, len);
	memcpy(a, b, len);
	memcpy(b, swap, len);
}

/* ------------------------------------------------------------------ keys */

struct row {
	void (*edit)(struct bch_btree_node *node, void *arg);
	struct edit e;
	u32 id;
	u64 nr_lost;
	const char *text;
};

static void check_row(struct temp *t, const struct row *row, bool sealed)
{
	struct test_fs f = deep_fs(t, 1);
	struct edit e = row->e;
	struct found found;

	edit_leaf(&f, 9, sealed, row->edit, &e);
	test_fs_close(&f);
	found = check_repair(&f, row->id, 1, DEEP_NR_KEYS - row->nr_lost);
	if (!strstr(found.text, row->text))
		print_error("%s\n", found.text);
	assert_non_null(strstr(found.text, row->text));
	test_fs_end(&f);
}

static void bad_key_goes_and_its_neighbours_stay(void **state)
{
	static const struct row rows[] = {
		{ edit_key_type,
		  { .nr = 5 },
		  BCH_FSCK_bkey_invalid_type_for_btree,
		  1,
		  "invalid bkey u64s" },
		{ edit_key_u64s,
		  { .nr = 5, .value = 0 },
		  BCH_FSCK_btree_node_bkey_bad_u64s,
		  1,
		  ": bad k->u64s" },
		{ edit_last_key_longer,
		  { 0 },
		  BCH_FSCK_btree_node_bkey_past_bset_end,
		  1,
		  ": key extends past end of bset" },
		{ edit_key_format,
		  { .nr = 5 },
		  BCH_FSCK_btree_node_bkey_bad_format,
		  1,
		  ": invalid bkey format" },
		{ edit_order,
		  { .nr = 5 },
		  BCH_FSCK_btree_node_bkey_out_of_order,
		  1,
		  "keys out of order" },
	};

	for (size_t i = 0; i < bch_array_size(rows); i++)
		check_row(*state, &rows[i], true);
}

/* What it led to is found again. */
static void bad_pointer_goes_and_no_key_is_lost(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .nr = 4 };
	struct bch_node_key key;
	struct found found;

	nth_node(f.fs, BCH_BTREE_quotas, 1, 0, &key);
	patch_node(&f, BCH_BTREE_quotas, 1, &key, 9, true, edit_key_type, &e);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_bkey_invalid_type_for_btree, 1, DEEP_NR_KEYS);
	assert_non_null(strstr(found.text, "invalid bkey u64s"));
	assert_found(&found, BCH_FSCK_btree_node_topology_bad_min_key, 1);
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ sets */

static void set_that_is_doubtful_is_used_and_written_anew(void **state)
{
	static const struct row rows[] = {
		{ edit_value,
		  { .nr = 5 },
		  BCH_FSCK_bset_bad_csum,
		  0,
		  "error validating btree node on " },
		{ edit_csum_type,
		  { 0 },
		  BCH_FSCK_bset_unknown_csum,
		  0,
		  ": unknown checksum type 15" },
		{ edit_sector_offset,
		  { 0 },
		  BCH_FSCK_bset_wrong_sector_offset,
		  0,
		  ": bset at wrong sector offset" },
		{ edit_set_version,
		  { .value = BCH_VERSION(1, 4) },
		  BCH_FSCK_btree_node_bset_older_than_sb_min,
		  0,
		  "version 1.4" },
	};

	for (size_t i = 0; i < bch_array_size(rows); i++)
		check_row(*state, &rows[i],
			  rows[i].id != BCH_FSCK_bset_bad_csum &&
				  rows[i].id != BCH_FSCK_bset_unknown_csum);
}

static void copy_that_is_bad_is_written_anew_beside_a_good_one(void **state)
{
	struct test_fs f = deep_fs(*state, 2);
	struct found found;

	edit_leaf(&f, 1, false, edit_zero, NULL);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_node_bad_magic, 1, DEEP_NR_KEYS);
	assert_int_equal(found.nr_found, 1);
	test_fs_end(&f);
}

/* Of one copy behind another: @arg counts them. */
static void zero_second(struct bch_btree_node *node, void *arg)
{
	struct edit *e = arg;

	if (e->nr++)
		edit_zero(node, NULL);
}

static void change_second(struct bch_btree_node *node, void *arg)
{
	struct edit *e = arg;

	if (e->nr++)
		*key_value(node, 5) ^= 1;
}

static void copy_that_is_bad_is_written_anew_behind_a_good_one(void **state)
{
	struct test_fs f = deep_fs(*state, 2);
	struct edit e = { 0 };
	struct found found;

	edit_leaf(&f, 2, false, zero_second, &e);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_node_bad_magic, 1, DEEP_NR_KEYS);
	assert_int_equal(found.nr_found, 1);
	test_fs_end(&f);
}

static void copies_that_differ_become_as_the_first_of_them(void **state)
{
	struct test_fs f = deep_fs(*state, 2);
	struct edit e = { 0 };
	struct found found;

	edit_leaf(&f, 2, true, change_second, &e);
	test_fs_close(&f);
	found = check_repair(&f, BCH_FSCK_btree_node_replicas_data_mismatch, 1, DEEP_NR_KEYS);
	assert_int_equal(found.nr_found, 1);
	test_fs_end(&f);
}

/* btree_node_unsupported_version: a later kernel wrote it. To drop it would lose what is only newer than we are. */
static void node_of_an_unknown_version_ends_the_check(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .value = BCH_VERSION(7, 0) };
	struct bch_fsck_opts opts = { .answer = BCH_FSCK_YES };
	struct bch_fsck_result result;
	u64 hash;

	edit_leaf(&f, 1, true, edit_set_version, &e);
	test_fs_close(&f);
	hash = hash_files(&f);
	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	assert_int_equal(bch_fsck(f.fs, &opts, &result), -BCH_ERR_version_unsupported);
	assert_non_null(strstr(bch_error_message(f.t->ctx, -BCH_ERR_version_unsupported),
			       "unsupported bset version 7.0"));
	bch_fsck_result_end(&result);
	test_fs_close(&f);
	assert_true(hash == hash_files(&f));
	test_fs_end(&f);
}

static void problem_that_is_not_to_be_repaired_stays(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct edit e = { .nr = 5 };
	struct found found = { .refused = BCH_FSCK_bset_bad_csum };
	const struct bch_fsck_opts opts = {
		.answer = BCH_FSCK_ASK, .ask = reply, .problem = take_problem, .arg = &found
	};
	struct bch_fsck_result result;
	u64 hash;

	edit_leaf(&f, 9, false, edit_value, &e);
	test_fs_close(&f);
	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(f.t, bch_fsck(f.fs, &opts, &result));
	assert_int_equal(result.nr_found, 1);
	assert_int_equal(result.nr_repaired, 0);
	bch_fsck_result_end(&result);
	test_fs_close(&f);
	hash = hash_files(&f);
	check_repair(&f, BCH_FSCK_bset_bad_csum, 1, DEEP_NR_KEYS);
	assert_true(hash != hash_files(&f));
	test_fs_end(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_key_goes_and_its_neighbours_stay),
		TEST(bad_pointer_goes_and_no_key_is_lost),
		TEST(set_that_is_doubtful_is_used_and_written_anew),
		TEST(copy_that_is_bad_is_written_anew_beside_a_good_one),
		TEST(copy_that_is_bad_is_written_anew_behind_a_good_one),
		TEST(copies_that_differ_become_as_the_first_of_them),
		TEST(node_of_an_unknown_version_ends_the_check),
		TEST(problem_that_is_not_to_be_repaired_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
