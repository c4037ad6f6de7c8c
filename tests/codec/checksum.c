// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksum types: the vectors of the format reference (05 §3.2, 02 §8.1), lengths, merging. */

#include "vector.h"

#include "codec/codec.h"
#include "ondisk/le.h"

#define NARROW BCH_CSUM_chacha20_poly1305_80
#define WIDE   BCH_CSUM_chacha20_poly1305_128

static const struct bch_nonce no_nonce;

static struct bch_csum csum_of(u8 type, const void *buf, size_t len)
{
	struct bch_csum csum;

	assert_int_equal(bch_csum(type, NULL, no_nonce, buf, len, &csum), 0);
	return csum;
}

/* The stored bytes: all sixteen, those that @want leaves out being zero. */
static void assert_stored(struct bch_csum have, const char *want)
{
	le64 words[2] = { le64_of(have.lo), le64_of(have.hi) };
	u8 bytes[16] = { 0 };

	from_hex(want, bytes, (strlen(want) + 1) / 3);
	assert_memory_equal(words, bytes, sizeof(bytes));
}

static void vectors_of_the_reference_hold(void **state)
{
	char zeroes[512] = "", as[512], ab[1024];

	(void)state;
	memset(as, 'A', sizeof(as));
	memset(ab, 'A', 512);
	memset(ab + 512, 'B', 512);

	const struct {
		const void *buf;
		size_t len;
		u8 type;
		const char *want;
	} vectors[] = {
		{ "123456789", 9, BCH_CSUM_crc32c_nonzero, "83 92 06 e3" },
		{ "123456789", 9, BCH_CSUM_crc32c, "20 fa e3 58" },
		{ "123456789", 9, BCH_CSUM_crc64_nonzero, "0a f0 a4 f1 e3 59 ec 62" },
		{ "123456789", 9, BCH_CSUM_crc64, "47 73 49 0b 5f df 40 6c" },
		{ "123456789", 9, BCH_CSUM_xxhash, "83 ae e6 40 db 41 b8 8c" },
		{ "123456789", 9, BCH_CSUM_none, "" },
		{ zeroes, 512, BCH_CSUM_crc32c_nonzero, "c0 ed fc 30" },
		{ zeroes, 512, BCH_CSUM_crc32c, "" },
		{ zeroes, 512, BCH_CSUM_crc64, "" },
		{ zeroes, 512, BCH_CSUM_crc64_nonzero, "96 49 d7 44 35 da 3f 36" },
		{ zeroes, 512, BCH_CSUM_xxhash, "7c b8 c3 e8 68 7f bf 8b" },
		{ as, 512, BCH_CSUM_crc32c, "16 6b 6d d3" },
		{ as, 512, BCH_CSUM_crc64, "07 d5 7b be 07 e6 b7 33" },
		{ ab + 512, 512, BCH_CSUM_crc32c, "78 f9 c8 86" },
		{ ab + 512, 512, BCH_CSUM_crc64, "e6 cf 03 f3 fb e2 e7 4b" },
		{ ab, 1024, BCH_CSUM_crc32c, "80 36 6b 4d" },
		{ ab, 1024, BCH_CSUM_crc64, "a9 1c 1b 33 6f bb 08 44" },
	};

	for (size_t i = 0; i < bch_array_size(vectors); i++)
		assert_stored(csum_of(vectors[i].type, vectors[i].buf, vectors[i].len),
			      vectors[i].want);
}

static void nothing_has_a_checksum_too(void **state)
{
	(void)state;
	assert_stored(csum_of(BCH_CSUM_none, "", 0), "");
	assert_stored(csum_of(BCH_CSUM_crc32c_nonzero, "", 0), "");
	assert_stored(csum_of(BCH_CSUM_crc64_nonzero, "", 0), "");
	assert_stored(csum_of(BCH_CSUM_crc32c, "", 0), "");
	assert_stored(csum_of(BCH_CSUM_crc64, "", 0), "");
	assert_stored(csum_of(BCH_CSUM_xxhash, "", 0), "99 e9 d8 51 37 db 46 ef");
}

static void alignment_does_not_matter(void **state)
{
	static const u8 types[] = { BCH_CSUM_crc32c_nonzero, BCH_CSUM_crc64_nonzero,
				    BCH_CSUM_crc32c, BCH_CSUM_crc64, BCH_CSUM_xxhash };
	u8 aligned[300] __attribute__((aligned(64))), moved[364] __attribute__((aligned(64)));

	(void)state;
	fill(aligned, sizeof(aligned), 1);
	for (size_t shift = 0; shift < 64; shift++) {
		memcpy(moved + shift, aligned, sizeof(aligned));
		for (size_t i = 0; i < bch_array_size(types); i++)
			assert_true(bch_csum_equal(csum_of(types[i], moved + shift, 300),
						   csum_of(types[i], aligned, 300)));
	}
}

/* Both bsets of the encrypted node in 02 §8.1, from their byte 16 on. */
static const struct {
	const char *bytes, *mac;
	size_t len;
	struct bch_nonce nonce;
	size_t crypt_at, crypt_len;
	const char *plain; /* how the encrypted part begins */
} bsets[] = {
	{ "8bfd4cae6c545161 6b38fa9a443fb875 7274abf04029ef54 701520b276de9673"
	  "1b05bf32c47e36b8 80e145111a47f95e fd8db5c25e11ef71 d570b97a092f3396"
	  "a10cd2573a039736 1568ca4fda7bdee0 012a05b723ddfe50 126db12059ef59f2"
	  "fd9ef19d538d044e a33561a9e5a1aa09 5c181f0d495cc9cd de0c78af91bc484e"
	  "0000000000000000 0400000004040000",
	  "a8 0e 52 cc 07 cb 44 c8 c8 47 c5 0c 86 6b cb bf",
	  144,
	  { { 0, 0xaf780cde, 0x4e48bc91, BCH_NONCE_BTREE } },
	  8,
	  112,
	  "0801000001000000" },
	{ "de0c78af91bc484e 0100000000000000 0400080004040800 2c8e82e3b5e5f4b8"
	  "42f76e38aa109078 cda1d6b40f3f4073 76d2bcfc7a158524 d222e18442186b25"
	  "3d1980355d4b0fce 20a403f910b47b42 b282a40177e6a612",
	  "56 52 f5 9a 9c 4f e5 fd 5a b8 40 7f 67 83 6b 53",
	  88,
	  { { 0x1000, 0xaf780cde, 0x4e48bc91, BCH_NONCE_BTREE ^ 1 } },
	  24,
	  64,
	  "0800150000000000" },
};

static void a_kernels_btree_node_is_verified_and_decrypted(void **state)
{
	struct bch_crypt_key key;
	struct bch_csum csum;
	u8 bytes[144];

	(void)state;
	from_hex("b3d468c41220e93262c4f103a3fdd98e232a6a68f10351ecc1ead05cb2c410f8", key.b, 32);
	for (size_t i = 0; i < bch_array_size(bsets); i++) {
		struct bch_nonce nonce = bsets[i].nonce;
		u8 *crypt = bytes + bsets[i].crypt_at;

		from_hex(bsets[i].bytes, bytes, bsets[i].len);
		assert_int_equal(bch_csum(WIDE, &key, nonce, bytes, bsets[i].len, &csum), 0);
		assert_stored(csum, bsets[i].mac);
		assert_int_equal(bch_crypt(WIDE, &key, nonce, crypt, bsets[i].crypt_len), 0);
		assert_hex(crypt, bsets[i].plain, 8);
	}
}

/* The same MAC, cut off. */
static void type_3_keeps_ten_bytes_of_the_mac(void **state)
{
	struct bch_csum wide, narrow;
	struct bch_crypt_key key;

	(void)state;
	fill(&key, sizeof(key), 7);
	assert_int_equal(bch_csum(WIDE, &key, no_nonce, "x", 1, &wide), 0);
	assert_int_equal(bch_csum(NARROW, &key, no_nonce, "x", 1, &narrow), 0);
	assert_true(wide.hi > 0xffff);
	assert_int_equal(narrow.lo, wide.lo);
	assert_int_equal(narrow.hi, wide.hi & 0xffff);
}

static void a_mac_without_key_is_refused(void **state)
{
	struct bch_csum csum;

	(void)state;
	assert_int_equal(bch_csum(NARROW, NULL, no_nonce, "x", 1, &csum), -BCH_ERR_no_key);
	assert_int_equal(bch_csum(WIDE, NULL, no_nonce, "x", 1, &csum), -BCH_ERR_no_key);
}

static void unknown_types_have_no_name_and_no_checksum(void **state)
{
	struct bch_csum csum;

	(void)state;
	for (unsigned type = BCH_CSUM_NR; type < 256; type++) {
		assert_null(bch_csum_type_name((u8)type));
		assert_int_equal(bch_csum((u8)type, NULL, no_nonce, "x", 1, &csum),
				 -BCH_ERR_invalid_argument);
	}
	assert_string_equal(bch_csum_type_name(0), "none");
	assert_string_equal(bch_csum_type_name(7), "xxhash");
}

static void merging_gives_the_checksum_of_the_whole(void **state)
{
	static const u8 types[] = { BCH_CSUM_none, BCH_CSUM_crc32c, BCH_CSUM_crc64 };
	u8 buf[1024];

	(void)state;
	fill(buf, sizeof(buf), 2);
	for (size_t i = 0; i < bch_array_size(types); i++)
		for (size_t cut = 0; cut <= sizeof(buf); cut++) {
			struct bch_csum a = csum_of(types[i], buf, cut);
			struct bch_csum b = csum_of(types[i], buf + cut, sizeof(buf) - cut);
			struct bch_csum whole = csum_of(types[i], buf, sizeof(buf));
			struct bch_csum merged;

			assert_int_equal(bch_csum_merge(types[i], a, b, sizeof(buf) - cut, &merged),
					 0);
			assert_true(bch_csum_equal(merged, whole));
		}
}

/* Merging onto zero bytes in two steps is merging in one, up to lengths nobody could sum up. */
static void merging_knows_no_longest_length(void **state)
{
	const u64 halves[] = { 1ULL << 32, (1ULL << 40) - 1, 1ULL << 62 };
	const struct bch_csum a = { 0x89abcdef, 0 }, zero = { 0 };

	(void)state;
	for (size_t i = 0; i < bch_array_size(halves); i++)
		for (u8 type = BCH_CSUM_crc32c; type <= BCH_CSUM_crc64; type++) {
			struct bch_csum once, twice;

			assert_int_equal(bch_csum_merge(type, a, zero, halves[i], &twice), 0);
			assert_int_equal(bch_csum_merge(type, twice, zero, halves[i], &twice), 0);
			assert_int_equal(bch_csum_merge(type, a, zero, halves[i] * 2, &once), 0);
			assert_true(once.lo != a.lo);
			assert_true(bch_csum_equal(once, twice));
		}
}

static void other_types_cannot_be_merged(void **state)
{
	static const u8 types[] = { 1, 2, 3, 4, 7, 8, 255 };
	const struct bch_csum zero = { 0 };
	struct bch_csum csum;

	(void)state;
	for (size_t i = 0; i < bch_array_size(types); i++)
		assert_int_equal(bch_csum_merge(types[i], zero, zero, 1, &csum),
				 -BCH_ERR_invalid_argument);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_reference_hold),
		cmocka_unit_test(nothing_has_a_checksum_too),
		cmocka_unit_test(alignment_does_not_matter),
		cmocka_unit_test(a_kernels_btree_node_is_verified_and_decrypted),
		cmocka_unit_test(type_3_keeps_ten_bytes_of_the_mac),
		cmocka_unit_test(a_mac_without_key_is_refused),
		cmocka_unit_test(unknown_types_have_no_name_and_no_checksum),
		cmocka_unit_test(merging_gives_the_checksum_of_the_whole),
		cmocka_unit_test(merging_knows_no_longest_length),
		cmocka_unit_test(other_types_cannot_be_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
