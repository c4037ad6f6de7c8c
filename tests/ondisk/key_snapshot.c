// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots, their trees, subvolumes: rules, texts. Format reference: 04 §3; 08 §10. */

#include "key_build.h"
#include "ondisk/key_snapshot.h"
#include "ondisk/key_subvolume.h"

#define V_1_38 BCH_VERSION(1, 38)

#define ID 4294967289ULL /* 0xfffffff9 */

#define LEAF                                                                                \
	"02000000 fdffffff 00000000 00000000 05000000 02000000 02000000 fdffffff fdffffff " \
	"fdffffff "                                                                         \
	"368b60da04000000 0000000000000000"
#define INTERIOR                                                                            \
	"00000000 feffffff f8ffffff f7ffffff 00000000 02000000 01000000 feffffff feffffff " \
	"feffffff "                                                                         \
	"7313e38601000000 0000000000000000"
#define SUBVOLUME \
	"03000000 f9ffffff 0000004000000000 03000000 01000000 368b60da04000000 0000000000000000"
#define LIVE	"a2477c75 00000000"
#define NO_KEYS "015a2b37 00000000"

#define LEAF_TEXT                                                                            \
	"parent 4294967293 children          0          0 subvol 5 tree 2 depth 2 skiplist " \
	"4294967293 4294967293 4294967293"
#define SUBVOLUME_TEXT "root 1073741824 snapshot id 4294967289 creation_parent 3 fs_parent 1"

static const struct {
	u8 type;
	u64 id;
	u16 version;
	const char *hex, *text;
} examples[] = {
	{ BCH_KEY_snapshot, ID, V_1_13, LEAF, "is_subvol 1 deleted 0 " LEAF_TEXT },
	{ BCH_KEY_snapshot, ID, V_1_28, LEAF, "subvol " LEAF_TEXT },
	{ BCH_KEY_snapshot, ID, V_1_38, LEAF, "subvol " LEAF_TEXT },
	{ BCH_KEY_snapshot, ID, V_1_39, LEAF, "subvol " LEAF_TEXT },
	{ BCH_KEY_snapshot, ID, V_1_39, LEAF LIVE, LEAF_TEXT " live" },
	{ BCH_KEY_snapshot, ID, V_1_39, LEAF NO_KEYS, LEAF_TEXT " no_keys" },
	{ BCH_KEY_snapshot, ID, V_1_39, LEAF "01020304", LEAF_TEXT " unknown(4030201)" },
	{ BCH_KEY_snapshot, ID, V_1_13, INTERIOR,
	  "is_subvol 0 deleted 0 parent 4294967294 children 4294967288 4294967287 subvol 0 tree 2 "
	  "depth 1 skiplist 4294967294 4294967294 4294967294" },
	{ BCH_KEY_snapshot, 1, V_1_13, "01000000 00000000 00000000 00000000 00000000 07000000",
	  "is_subvol 0 deleted 1 parent          0 children          0          0 subvol 0 tree 7 "
	  "depth 0 skiplist 0 0 0" },
	{ BCH_KEY_snapshot, 1, V_1_28, "0d000000 00000000 00000000 00000000 00000000 00000000",
	  "will_delete deleted no_keys parent          0 children          0          0 subvol 0 "
	  "tree 0 depth 0 skiplist 0 0 0" },
	{ BCH_KEY_subvolume, 5, V_1_13, SUBVOLUME, SUBVOLUME_TEXT },
	{ BCH_KEY_subvolume, 5, V_1_28, SUBVOLUME, SUBVOLUME_TEXT " ro snapshot" },
	{ BCH_KEY_subvolume, 5, V_1_39, SUBVOLUME "7e44d54a", SUBVOLUME_TEXT " ro snapshot live" },
	{ BCH_KEY_subvolume, 5, V_1_28, "06000000 01000000 0010000000000000",
	  "root 4096 snapshot id 1 creation_parent 0 fs_parent 0 snapshot unlinked" },
	{ BCH_KEY_subvolume, 5, V_1_39,
	  "06000000 01000000 0010000000000000 0000000000000000 0000000000000000 0000000000000000 "
	  "4c2d6b3c",
	  "root 4096 snapshot id 1 creation_parent 0 fs_parent 0 snapshot deleted" },
	{ BCH_KEY_snapshot_tree, 1, V_1_13, "01000000 ffffffff",
	  "subvol 1 root snapshot 4294967295" },
};

static u8 btree_of(u8 type)
{
	return type == BCH_KEY_snapshot	   ? BCH_BTREE_snapshots
	       : type == BCH_KEY_subvolume ? BCH_BTREE_subvolumes
					   : BCH_BTREE_snapshot_trees;
}

static void values_are_valid_and_printed_in_the_form_of_the_version(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct bch_key_context c =
			key_build_context(examples[i].version, btree_of(examples[i].type));
		struct key_build b;

		key_build(&b, examples[i].type, bch_pos(0, examples[i].id), 0, examples[i].hex);
		assert_problem(&b.k, &c, BCH_KEY_VALID);
		assert_value_text(&b.k, &c, examples[i].text);
	}
}

static void short_value_reads_as_if_zeros_followed(void **state)
{
	struct bch_snapshot s;
	struct key_build b;

	key_build(&b, BCH_KEY_snapshot, bch_pos(0, ID), 0, LEAF);
	bch_snapshot_get(&s, b.val, 24);
	assert_int_equal(s.tree, 2);
	assert_int_equal(s.depth, 0);
	assert_int_equal(s.skip[0], 0);
	bch_snapshot_get(&s, b.val, 56);
	assert_int_equal(s.depth, 2);
	assert_int_equal(s.btime, 20843629366);
	assert_int_equal(s.state, 0);
}

#define SKIP_OF(a, b, c)                                                                \
	"02000000 fdffffff 00000000 00000000 05000000 02000000 02000000 " a " " b " " c \
	" 368b60da04000000 0000000000000000"
#define CHILDREN(a, b) "00000000 00000000 " a " " b " 00000000 01000000"
#define E(name)	       BCH_FSCK_##name

static const struct {
	u8 type;
	struct bch_pos pos;
	u16 version;
	const char *hex;
	int want;
} breaches[] = {
	{ BCH_KEY_snapshot, { 1, ID, 0 }, V_1_13, LEAF, E(snapshot_pos_bad) },
	{ BCH_KEY_snapshot, { 0, 0, 0 }, V_1_13, LEAF, E(snapshot_pos_bad) },
	{ BCH_KEY_snapshot, { 0, 1ULL << 32, 0 }, V_1_13, LEAF, E(snapshot_pos_bad) },
	{ BCH_KEY_snapshot, { 0, 0xfffffffd, 0 }, V_1_13, LEAF, E(snapshot_parent_bad) },
	{ BCH_KEY_snapshot,
	  { 0, 9, 0 },
	  V_1_13,
	  CHILDREN("01000000", "02000000"),
	  E(snapshot_children_not_normalized) },
	{ BCH_KEY_snapshot,
	  { 0, 9, 0 },
	  V_1_13,
	  CHILDREN("02000000", "02000000"),
	  E(snapshot_child_duplicate) },
	{ BCH_KEY_snapshot,
	  { 0, 9, 0 },
	  V_1_13,
	  CHILDREN("09000000", "02000000"),
	  E(snapshot_child_bad) },
	{ BCH_KEY_snapshot, { 0, 9, 0 }, V_1_13, CHILDREN("08000000", "00000000"), BCH_KEY_VALID },
	{ BCH_KEY_snapshot,
	  { 0, ID, 0 },
	  V_1_13,
	  SKIP_OF("feffffff", "fdffffff", "feffffff"),
	  E(snapshot_skiplist_not_normalized) },
	{ BCH_KEY_snapshot,
	  { 0, ID, 0 },
	  V_1_13,
	  SKIP_OF("fcffffff", "fdffffff", "feffffff"),
	  E(snapshot_skiplist_bad) },
	{ BCH_KEY_snapshot,
	  { 0, ID, 0 },
	  V_1_13,
	  SKIP_OF("00000000", "fdffffff", "feffffff"),
	  BCH_KEY_VALID },
	{ BCH_KEY_snapshot,
	  { 0, ID, 0 },
	  V_1_39,
	  LEAF "a2477c75 01000000",
	  E(snapshot_pad_nonzero) },
	{ BCH_KEY_snapshot, { 0, ID, 0 }, V_1_28, LEAF "a2477c75 01000000", BCH_KEY_VALID },
	{ BCH_KEY_snapshot_tree,
	  { 0, 0, 0 },
	  V_1_13,
	  "01000000 01000000",
	  E(snapshot_tree_pos_bad) },
	{ BCH_KEY_snapshot_tree,
	  { 2, 1, 0 },
	  V_1_13,
	  "01000000 01000000",
	  E(snapshot_tree_pos_bad) },
	{ BCH_KEY_subvolume, { 0, 0, 0 }, V_1_13, SUBVOLUME, E(subvol_pos_bad) },
	{ BCH_KEY_subvolume, { 1, 1, 0 }, V_1_13, SUBVOLUME, E(subvol_pos_bad) },
	{ BCH_KEY_subvolume, { 0, 0x7fffffff, 0 }, V_1_13, SUBVOLUME, BCH_KEY_VALID },
	{ BCH_KEY_subvolume, { 0, 0x80000000, 0 }, V_1_13, SUBVOLUME, E(subvol_pos_bad) },
	{ BCH_KEY_subvolume,
	  { 0, 1, 0 },
	  V_1_13,
	  "00000000 00000000 0010000000000000",
	  E(subvol_snapshot_bad) },
	{ BCH_KEY_subvolume,
	  { 0, 1, 0 },
	  V_1_13,
	  "00000000 01000000 0000000000000000",
	  E(subvol_inode_bad) },
	{ BCH_KEY_subvolume,
	  { 0, 1, 0 },
	  V_1_39,
	  SUBVOLUME "7e44d54a 00000001",
	  E(subvol_pad_nonzero) },
};

static void each_rule_has_its_error(void **state)
{
	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct bch_key_context c =
			key_build_context(breaches[i].version, btree_of(breaches[i].type));
		struct key_build b;

		key_build(&b, breaches[i].type, breaches[i].pos, 0, breaches[i].hex);
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_valid_and_printed_in_the_form_of_the_version),
		cmocka_unit_test(short_value_reads_as_if_zeros_followed),
		cmocka_unit_test(each_rule_has_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
