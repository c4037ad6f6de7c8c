// SPDX-License-Identifier: GPL-2.0-or-later
/* Damaged bytes: what can be decoded is encoded to mean the same. Format reference: 04. */

#include "key_build.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_xattr.h"

#ifndef ROUNDS
#define ROUNDS 50000
#endif

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/*
 * A value with up to four bytes changed and another length, in memory of just its length, so that
 * AddressSanitizer sees a byte too many. To be freed.
 */
static u8 *damage(const struct key_build *sample, struct bch_key *k, u64 *state)
{
	size_t len = next_random(state) % 2 ? sample->k.val.len : next_random(state) % 40 * 8;
	u8 *val = malloc(len ? len : 1);

	assert_non_null(val);
	memcpy(val, sample->val, len);
	for (u64 nr = len ? next_random(state) % 5 : 0; nr; nr--)
		val[next_random(state) % len] = (u8)next_random(state);
	*k = sample->k;
	k->val = (struct bch_bytes){ val, len };
	return val;
}

/* True where @k could be decoded and encoded; asserts that it then means the same. */
typedef bool roundtrip_fn(const struct bch_key *k);

static void damage_often(u8 type, const char *hex, roundtrip_fn *roundtrip)
{
	struct key_build sample;
	u64 state = type, nr = 0;

	key_build(&sample, type, bch_spos(4096, 4099, 1), 0, hex);
	for (u32 i = 0; i < ROUNDS; i++) {
		struct bch_key k;
		u8 *val = damage(&sample, &k, &state);

		nr += roundtrip(&k);
		free(val);
	}
	assert_in_range(nr, ROUNDS / 50, ROUNDS - ROUNDS / 50); /* both happen */
}

static bool roundtrip_inode(const struct bch_key *k)
{
	struct bch_inode want, have;
	u8 val[BCH_INODE_VAL_MAX];
	struct bch_key again = { .type = BCH_KEY_inode_v3 };

	if (!bch_inode_get(k, &want))
		return false;
	again.val = (struct bch_bytes){ val, bch_inode_put(&want, val) };
	assert_true(again.val.len <= BCH_INODE_VAL_MAX);
	assert_int_equal(again.val.len == 0, want.nr_unknown > 0);
	if (!again.val.len)
		return false;

	assert_true(bch_inode_get(&again, &have));
	have.nr_fields = want.nr_fields; /* zeros at the end need not be stored */
#define F(name, bits, since) assert_int_equal(have.name, want.name);
	BCH_INODE_V3_FIELDS(F)
	BCH_INODE_SIZES(F)
#undef F
	assert_int_equal(have.bi_flags, want.bi_flags);
	assert_int_equal(have.hash_type, want.hash_type);
	assert_int_equal(have.bi_mode, want.bi_mode);
	assert_int_equal(have.bi_hash_seed, want.bi_hash_seed);
	return true;
}

static void assert_bytes_equal(struct bch_bytes a, struct bch_bytes b)
{
	assert_int_equal(a.len, b.len);
	if (a.len)
		assert_memory_equal(a.p, b.p, a.len);
}

static bool roundtrip_dirent(const struct bch_key *k)
{
	struct bch_dirent want, have;
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_key again = *k;

	if (!bch_dirent_get(k, &want))
		return false;
	again.val = (struct bch_bytes){ val, bch_dirent_put(&want, val) };
	assert_true(again.val.len && bch_dirent_get(&again, &have));
	assert_int_equal(have.d_type, want.d_type);
	assert_int_equal(have.d_inum, want.d_inum);
	assert_int_equal(have.d_child_subvol, want.d_child_subvol);
	assert_int_equal(have.d_parent_subvol, want.d_parent_subvol);
	if (bch_key_validate(k, &(struct bch_key_context){ .btree_id = BCH_BTREE_dirents }, NULL) ==
	    BCH_KEY_VALID)
		assert_bytes_equal(have.name, want.name);
	assert_bytes_equal(have.cf_name, want.cf_name);
	return true;
}

static bool roundtrip_xattr(const struct bch_key *k)
{
	struct bch_xattr want, have;
	struct bch_acl_entry e;
	struct bch_bytes rest;
	u8 val[BCH_XATTR_VAL_MAX];
	struct bch_key again = *k;
	size_t nr = 0;

	if (!bch_xattr_get(k, &want))
		return false;
	again.val = (struct bch_bytes){ val, bch_xattr_put(&want, val) };
	assert_true(again.val.len && bch_xattr_get(&again, &have));
	assert_int_equal(have.type, want.type);
	assert_bytes_equal(have.name, want.name);
	assert_bytes_equal(have.value, want.value);

	if (bch_acl_begin(want.value, &rest))
		while (bch_acl_next(&rest, &e) > 0)
			assert_true(++nr <= want.value.len / 4);
	return true;
}

#define TIMES  "4f619bec1d00 6fe11f0b1e00 4f619bec1d00 4f619bec1d00"
#define FIELDS "0000020000 00000000000000000000 0f00000008 fff66b869467e2455e"
#define ACL    "01000000 01000600 02000600e9030000 04000400 10000600 20000400"

static void damaged_inode_that_unpacks_packs_to_the_same(void **state)
{
	damage_often(BCH_KEY_inode_v3,
		     "0d00000000000000 0ae1096223bd3883 00003015431a0800 0800000000000000 "
		     "0500000000000000 0000000000000000" TIMES FIELDS,
		     roundtrip_inode);
	damage_often(BCH_KEY_inode_v2,
		     "0d00000000000000 0ae1096223bd3883 0000301700000000 a481" TIMES
		     "0110 02" FIELDS,
		     roundtrip_inode);
	damage_often(BCH_KEY_inode, "0ae1096223bd3883 00003007 a481 85 80 80 80 5000 88 43e8",
		     roundtrip_inode);
}

static void damaged_dirent_that_is_read_is_made_to_the_same(void **state)
{
	damage_often(BCH_KEY_dirent, "0110000000000000 04 6c6f73742b666f756e64", roundtrip_dirent);
	damage_often(BCH_KEY_dirent, "1210000000000000 84 0000 0600 0600 537562446972 737562646972",
		     roundtrip_dirent);
}

static void damaged_xattr_that_is_read_is_made_to_the_same(void **state)
{
	damage_often(BCH_KEY_xattr, "00 05 0a00 656d707479 30313233343536373839", roundtrip_xattr);
	damage_often(BCH_KEY_xattr, "01 00 1c00" ACL, roundtrip_xattr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_inode_that_unpacks_packs_to_the_same),
		cmocka_unit_test(damaged_dirent_that_is_read_is_made_to_the_same),
		cmocka_unit_test(damaged_xattr_that_is_read_is_made_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
