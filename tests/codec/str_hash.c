// SPDX-License-Identifier: GPL-2.0-or-later
/* Hashes of names: those of real filesystems. Format reference: 04 §7.1, §7.2. */

#include "vector.h"

#include <sodium.h>

#include "codec/codec.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_xattr.h"

static struct bch_bytes bytes(const char *s)
{
	return (struct bch_bytes){ (const u8 *)s, strlen(s) };
}

static u64 hash_dirent(u8 type, u64 seed, u32 flags, const char *name)
{
	struct bch_inode inode = { .hash_type = type, .bi_hash_seed = seed, .bi_flags = flags };
	struct bch_dirent d = { .name = bytes(name) };

	return bch_dirent_hash(&inode, &d);
}

static u64 hash_xattr(u8 type, u64 seed, u8 x_type, const char *name)
{
	struct bch_inode inode = { .hash_type = type, .bi_hash_seed = seed };
	struct bch_xattr x = { .type = x_type, .name = bytes(name) };

	return bch_xattr_hash(&inode, &x);
}

static const struct {
	u8 type;
	u64 seed;
	const char *name;
	u64 want;
} dirents[] = {
	{ BCH_STR_HASH_siphash, 0x7f126c7e8e513acc, "lost+found", 5118850387473354067 },
	{ BCH_STR_HASH_siphash, 0x7f126c7e8e513acc, "file1", 5003476964873869926 },
	{ BCH_STR_HASH_siphash, 0x7f126c7e8e513acc, "dir1", 8087911772860702178 },
	{ BCH_STR_HASH_crc32c, 0x24bc8a001729d025, "zzz", 3622919785 },
	{ BCH_STR_HASH_crc64, 0x4a4b9903bde43c44,
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  1114211875463261822 },
};

static void dirents_hash_to_where_kernels_put_them(void **state)
{
	for (size_t i = 0; i < bch_array_size(dirents); i++)
		assert_int_equal(hash_dirent(dirents[i].type, dirents[i].seed, 0, dirents[i].name),
				 dirents[i].want);
}

static const struct {
	u64 seed;
	u8 x_type;
	const char *name;
	u64 want;
} xattrs[] = {
	{ 0x1df23d83f8c64d09, BCH_XATTR_user, "foo", 6969574460532977509 },
	{ 0x12c25f0ee4aef3e3, BCH_XATTR_security, "capability", 5852455756176208349 },
	{ 0x12c25f0ee4aef3e3, BCH_XATTR_user, "replaced", 7507875075400745591 },
	{ 0x12c25f0ee4aef3e3, BCH_XATTR_security, "selinux", 4450967626373204685 },
};

static void xattrs_hash_to_where_kernels_put_them(void **state)
{
	for (size_t i = 0; i < bch_array_size(xattrs); i++)
		assert_int_equal(hash_xattr(BCH_STR_HASH_siphash, xattrs[i].seed, xattrs[i].x_type,
					    xattrs[i].name),
				 xattrs[i].want);
}

/* The slip of the first writer, and where it does not show: 04 §7.2. */
static void last_byte_of_some_xattr_names_counts_for_nothing(void **state)
{
	for (u8 type = BCH_STR_HASH_siphash_old; type <= BCH_STR_HASH_siphash; type++) {
		assert_int_equal(hash_xattr(type, 5, 0, "12345678x"),
				 hash_xattr(type, 5, 0, "12345678y"));
		assert_int_not_equal(hash_xattr(type, 5, 0, "1234567"),
				     hash_xattr(type, 5, 0, "123456x"));
		assert_int_not_equal(hash_xattr(type, 5, 0, "123456789012345"),
				     hash_xattr(type, 5, 0, "12345678901234x"));
	}
	assert_int_not_equal(hash_xattr(BCH_STR_HASH_crc32c, 5, 0, "12345678x"),
			     hash_xattr(BCH_STR_HASH_crc32c, 5, 0, "12345678y"));
	assert_int_not_equal(hash_xattr(BCH_STR_HASH_crc64, 5, 0, "12345678x"),
			     hash_xattr(BCH_STR_HASH_crc64, 5, 0, "12345678y"));
}

/* SHA-256 of eight zero bytes begins with af5570f5a1810b7a f78caf4bc70a660f: 04 §7.1. */
static void old_siphash_takes_its_key_from_the_digest_of_the_seed(void **state)
{
	struct bch_inode inode = { .hash_type = BCH_STR_HASH_siphash_old };
	struct bch_dirent d = { .name = bytes("lost+found") };
	u8 digest[32], sip[8], want[16];
	le64 hash;

	crypto_hash_sha256(digest, (const u8[8]){ 0 }, 8);
	from_hex("af5570f5a1810b7af78caf4bc70a660f", want, sizeof(want));
	assert_memory_equal(digest, want, sizeof(want));
	crypto_shorthash(sip, d.name.p, d.name.len, want);
	memcpy(&hash, sip, sizeof(hash));
	assert_int_equal(bch_dirent_hash(&inode, &d), le64_get(hash) >> 1);
}

static void casefolded_entry_is_hashed_by_its_folded_name(void **state)
{
	struct bch_inode inode = { .hash_type = BCH_STR_HASH_siphash, .bi_hash_seed = 7 };
	struct bch_dirent d = { .d_casefold = true, .name = bytes("A"), .cf_name = bytes("a") };

	assert_int_equal(bch_dirent_hash(&inode, &d), hash_dirent(BCH_STR_HASH_siphash, 7, 0, "a"));
}

static void offsets_of_31_bits_are_the_low_ones(void **state)
{
	u64 whole = hash_dirent(BCH_STR_HASH_siphash, 7, 0, "name");

	assert_true(whole > UINT32_MAX);
	assert_int_equal(
		hash_dirent(BCH_STR_HASH_siphash, 7, 1 << BCH_INODE_31bit_dirent_offset, "name"),
		whole & 0x7fffffff);
}

/* Two seeds whose own crc32c is 0 and 1. */
static void offsets_0_and_1_are_left_to_the_dots(void **state)
{
	assert_int_equal(hash_dirent(BCH_STR_HASH_crc32c, 0xd6cf730b04030201, 0, ""), 2);
	assert_int_equal(hash_dirent(BCH_STR_HASH_crc32c, 0xd32305fa04030201, 0, ""), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dirents_hash_to_where_kernels_put_them),
		cmocka_unit_test(xattrs_hash_to_where_kernels_put_them),
		cmocka_unit_test(last_byte_of_some_xattr_names_counts_for_nothing),
		cmocka_unit_test(old_siphash_takes_its_key_from_the_digest_of_the_seed),
		cmocka_unit_test(casefolded_entry_is_hashed_by_its_folded_name),
		cmocka_unit_test(offsets_of_31_bits_are_the_low_ones),
		cmocka_unit_test(offsets_0_and_1_are_left_to_the_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
