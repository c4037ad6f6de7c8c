// SPDX-License-Identifier: GPL-2.0-or-later
/* What else can be wrong with nodes and their pointers, one row a problem: told, repaired, gone. Format reference: 07 §6.2. */

#include "damage.h"

#include "ondisk/keys.h"
#include "ondisk/passes.h"

#define KEY   5 /* number in a leaf */
#define CHILD 4 /* in the node above it */

struct row {
	u32 id;
	u8 level;
	void (*edit)(struct bch_btree_node *node, void *arg);
	u64 nr_lost; /* keys; MANY: those of a leaf */
};

#define MANY BCH_U64_MAX

/* ------------------------------------------------------------------ keys */

/* As if it had no value: what follows is no key, or one of elsewhere. */
static void edit_key_u64s(struct bch_btree_node *node, void *arg)
{
	packed_key(node, KEY)[0] = 1;
}

/* The greatest position that its format can say. */
static void edit_last_key_greater(struct bch_btree_node *node, void *arg)
{
	u8 *key = packed_key(node, node->keys.nr - 1);

	memset(key + 3, 0xff, node->format.key_u64s * 8U - 3);
}

/* ------------------------------------------------------------------ pointers */

static void edit_ptr_type(struct bch_btree_node *node, void *arg)
{
	packed_key(node, CHILD)[PACKED_KEY_TYPE] = BCH_KEY_btree_ptr;
}

/* It swallows the one behind it. */
static void edit_ptr_longer(struct bch_btree_node *node, void *arg)
{
	packed_key(node, CHILD)[0] += packed_key(node, CHILD + 1)[0];
}

/* Its pointer becomes a checksum. */
static void edit_ptr_entry(struct bch_btree_node *node, void *arg)
{
	key_value(node, CHILD)[sizeof(struct btree_ptr_v2)] = 1 << BCH_EXTENT_ENTRY_crc32;
}

static void edit_ptr_min(struct bch_btree_node *node, void *arg)
{
	struct btree_ptr_v2 *v = (void *)key_value(node, CHILD);

	v->min_key = bch_pos_disk(BCH_SPOS_MAX);
}

/* There should be more of its node than was written. */
static void edit_ptr_written(struct bch_btree_node *node, void *arg)
{
	struct btree_ptr_v2 *v = (void *)key_value(node, CHILD);

	v->sectors_written = le16_of((u16)(le16_get(v->sectors_written) + 1));
}

/* ------------------------------------------------------------------ sets */

static struct bset *first_set(struct bch_btree_node *node)
{
	struct btree_node *n = (void *)node->bytes;

	return &n->keys;
}

static void edit_set_u64s(struct bch_btree_node *node, void *arg)
{
	first_set(node)->u64s = le16_of(0xffff);
}

#define BLACKLISTED 5

static void edit_set_journal_seq(struct bch_btree_node *node, void *arg)
{
	first_set(node)->journal_seq = le64_of(BLACKLISTED);
}

/* ------------------------------------------------------------------ all of them */

static void assert_gone(struct test_fs *f, u64 nr_keys)
{
	struct found again = check(f, BCH_FSCK_NO, 0);

	if (again.nr_found)
		assert_found(&again, BCH_FSCK_clean_but_journal_not_empty, 9999);
	if (nr_keys)
		assert_int_equal(nr_quotas(f), nr_keys);
}

static void check_row(struct temp *t, const struct row *row)
{
	struct test_fs f = deep_fs(t, 1);
	struct bch_node_key key;
	struct found no, yes;

	nth_node(f.fs, BCH_BTREE_quotas, row->level, row->level ? 0 : 3, &key);
	patch_node(&f, BCH_BTREE_quotas, row->level, &key, 9,
		   row->id != BCH_FSCK_bset_past_end_of_btree_node, row->edit, NULL);
	test_fs_close(&f);
	no = check(&f, BCH_FSCK_NO, row->id);
	assert_found(&no, row->id, 1);
	yes = check(&f, BCH_FSCK_YES, row->id);
	assert_memory_equal(yes.nr, no.nr, sizeof(no.nr));
	assert_gone(&f, row->nr_lost == MANY ? 0 : DEEP_NR_KEYS - row->nr_lost);
	test_fs_end(&f);
}

static void each_problem_of_a_node_is_told_and_repaired_and_then_gone(void **state)
{
	static const struct row rows[] = {
		{ BCH_FSCK_bkey_before_start_of_btree_node, 0, edit_key_u64s, 1 },
		{ BCH_FSCK_bkey_after_end_of_btree_node, 0, edit_last_key_greater, 1 },
		{ BCH_FSCK_btree_ptr_val_too_big, 1, edit_ptr_type, 0 },
		{ BCH_FSCK_btree_ptr_v2_val_too_big, 1, edit_ptr_longer, 0 },
		{ BCH_FSCK_btree_ptr_has_non_ptr, 1, edit_ptr_entry, 0 },
		{ BCH_FSCK_btree_ptr_v2_min_key_bad, 1, edit_ptr_min, 0 },
		{ BCH_FSCK_btree_node_data_missing, 1, edit_ptr_written, 0 },
		{ BCH_FSCK_bset_past_end_of_btree_node, 0, edit_set_u64s, MANY },
	};

	for (size_t i = 0; i < bch_array_size(rows); i++)
		check_row(*state, &rows[i]);
}

static void blacklist(struct test_fs *f)
{
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE));
	test_fs_ok(f->t,
		   bch_super_blacklist_add(&f->fs->super,
					   (struct bch_blacklist){ BLACKLISTED, BLACKLISTED + 1 }));
	test_fs_ok(f->t, bch_fs_write_super(f->fs));
	test_fs_close(f);
}

static void first_set_of_a_blacklisted_number_is_used_and_written_anew(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct bch_node_key key;
	struct found found;

	nth_node(f.fs, BCH_BTREE_quotas, 0, 3, &key);
	patch_node(&f, BCH_BTREE_quotas, 0, &key, 9, true, edit_set_journal_seq, NULL);
	test_fs_close(&f);
	blacklist(&f);
	found = check_repair(&f, BCH_FSCK_bset_blacklisted_journal_seq, 1, DEEP_NR_KEYS);
	assert_found(&found, BCH_FSCK_first_bset_blacklisted_journal_seq, 1);
	test_fs_end(&f);
}

/* It may be told, not repaired: we write nothing of those old versions. */
static void node_newer_than_the_superblock_is_told(void **state)
{
	struct test_fs f = deep_fs(*state, 1);
	struct found found = { 0 };
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_NO,
					    .passes = 1ULL << BCH_PASS_check_topology,
					    .problem = take_problem,
					    .arg = &found };
	struct bch_fsck_result result;

	test_fs_close(&f);
	test_fs_ok(f.t, test_fs_open(&f, BCH_OPEN_WRITE));
	f.fs->super.sb->version = le16_of(BCH_VERSION(0, 29));
	f.fs->super.sb->version_min = f.fs->super.sb->version;
	test_fs_ok(f.t, bch_fs_write_super(f.fs));
	test_fs_close(&f);
	open_to_check(&f, 0);
	test_fs_ok(f.t, bch_fsck(f.fs, &opts, &result));
	bch_fsck_result_end(&result);
	test_fs_close(&f);
	assert_true(found.nr[BCH_FSCK_btree_node_bset_newer_than_sb] > 0);
	test_fs_end(&f);
}

/* Read number @nth of the first device fails once. */
static struct found check_faulty(struct test_fs *f, u64 nth)
{
	struct found found = { 0 };
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_YES,
					    .problem = take_problem,
					    .arg = &found };
	struct bch_fsck_result result;
	struct bch_blkdev **dev;

	open_to_check(f, BCH_OPEN_WRITE);
	dev = &f->fs->members[0].blkdev;
	assert_int_equal(bch_faulty_new(*dev, dev), 0);
	bch_faulty_set(*dev, BCH_FAULT_read, nth, 0);
	test_fs_ok(f->t, bch_fsck(f->fs, &opts, &result));
	bch_fsck_result_end(&result);
	test_fs_close(f);
	return found;
}

static void node_that_cannot_be_read_is_taken_from_another_copy(void **state)
{
	struct test_fs f = deep_fs(*state, 2);
	u64 nth = 0;

	test_fs_close(&f);
	while (!check_faulty(&f, ++nth).nr[BCH_FSCK_btree_node_read_error])
		assert_true(nth < 100);
	assert_gone(&f, DEEP_NR_KEYS);
	test_fs_end(&f);
}

/* ------------------------------------------------------------------ a set behind the first */

/* A set of no keys at @at of the leaf whose pointer is @key. */
static void append_set(struct test_fs *f, const struct bch_node_key *key, size_t at)
{
	struct bch_key ptr = bch_node_key_get(key);
	struct bch_extent_walk walk = bch_extent_walk(&ptr, NULL);
	u8 block[512] = { 0 };
	struct btree_node_entry *e = (void *)block;
	struct bch_node_want want = { .btree_id = BCH_BTREE_quotas };
	struct bch_btree_node node bch_auto(btree_node) = { 0 };
	struct bch_extent_ptr p;
	struct bch_csum csum;
	struct bset *first;

	assert_true(bch_node_ptr_get(&ptr, &want.ptr));
	assert_true(bch_extent_ptr_next(&walk, &p));
	assert_int_equal(bch_btree_node_read_copy(f->fs, &want, &p.ptr, &node), 0);
	first = first_set(&node);
	e->keys = (struct bset){ .seq = first->seq,
				 .flags = le32_of((le32_get(first->flags) & 0xffff) |
						  (u32)(at / 512) << 16),
				 .version = first->version };
	assert_int_equal(bch_csum(le32_get(first->flags) & 15, NULL, (struct bch_nonce){ 0 },
				  block + 16, sizeof(*e) - 16, &csum),
			 0);
	memcpy(block, (le64[]){ le64_of(csum.lo), le64_of(csum.hi) }, 16);
	p.ptr.offset_sectors += at / 512;
	write_copy(f, &p.ptr, block, sizeof(block));
}

static void edit_ptr_written_0(struct bch_btree_node *node, void *arg)
{
	struct btree_ptr_v2 *v = (void *)key_value(node, CHILD);

	v->sectors_written = le16_of(0);
}

/* Leaf number 4, and the edit of its pointer; @gap: blocks between the end of its keys and the set. */
static void check_second_set(struct temp *t, u32 id, u32 gap,
			     void (*edit)(struct bch_btree_node *node, void *arg))
{
	struct test_fs f = deep_fs(t, 1);
	struct bch_node_key leaf, parent;
	struct bch_node_ptr p;
	struct bch_key k;

	nth_node(f.fs, BCH_BTREE_quotas, 0, 4, &leaf);
	nth_node(f.fs, BCH_BTREE_quotas, 1, 0, &parent);
	k = bch_node_key_get(&leaf);
	assert_true(bch_node_ptr_get(&k, &p));
	assert_true(p.nr_sectors + gap < 8);
	append_set(&f, &leaf, (p.nr_sectors + gap) * 512);
	patch_node(&f, BCH_BTREE_quotas, 1, &parent, 9, true, edit, NULL);
	test_fs_close(&f);
	check_repair(&f, id, 1, DEEP_NR_KEYS);
	test_fs_end(&f);
}

static void empty_set_is_told(void **state)
{
	check_second_set(*state, BCH_FSCK_bset_empty, 0, edit_ptr_written);
}

static void set_behind_the_end_is_told(void **state)
{
	check_second_set(*state, BCH_FSCK_btree_node_bset_after_end, 1, edit_ptr_written_0);
}

/* ------------------------------------------------------------------ roots */

/* A root that is a leaf, whose pointer says that it begins or ends elsewhere. */
static void check_root_range(struct temp *t, u32 id, struct bch_pos min, struct bch_pos max)
{
	struct test_fs f = quotas_fs(t, 1, 10);
	struct found found = { .refused = BCH_PROBLEM_NR };
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_YES,
					    .problem = take_problem,
					    .arg = &found };
	struct bch_fsck_result result;
	struct bch_btree_root root;
	u8 val[BCH_KEY_VALUE_MAX];
	struct btree_ptr_v2 *v = (void *)val;

	open_to_check(&f, BCH_OPEN_WRITE);
	root = bch_btree_root(f.fs, BCH_BTREE_quotas);
	memcpy(val, root.k.val.p, root.k.val.len);
	v->min_key = bch_pos_disk(min);
	v->flags = le16_of(1); /* the node's own range is another */
	root.k.pos = max;
	root.k.val.p = val;
	assert_int_equal(bch_btree_root_set(f.fs, BCH_BTREE_quotas, root.level, &root.k), 0);
	test_fs_ok(t, bch_fsck(f.fs, &opts, &result));
	bch_fsck_result_end(&result);
	test_fs_close(&f);
	assert_found(&found, id, 1);
	assert_gone(&f, 10);
	test_fs_end(&f);
}

static void root_covers_all(void **state)
{
	check_root_range(*state, BCH_FSCK_btree_root_bad_min_key, bch_spos(0, 0, 1), BCH_SPOS_MAX);
	check_root_range(*state, BCH_FSCK_btree_root_bad_max_key, BCH_POS_MIN, bch_pos(7, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_problem_of_a_node_is_told_and_repaired_and_then_gone),
		TEST(first_set_of_a_blacklisted_number_is_used_and_written_anew),
		TEST(node_newer_than_the_superblock_is_told),
		TEST(node_that_cannot_be_read_is_taken_from_another_copy),
		TEST(empty_set_is_told),
		TEST(set_behind_the_end_is_told),
		TEST(root_covers_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
