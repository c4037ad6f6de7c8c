// SPDX-License-Identifier: GPL-2.0-or-later
/* Encryption: the vectors of the format reference (05 §5.5), the nonce, the counter's wrap. */

#include "vector.h"

#include <sodium.h>

#include "codec/codec.h"

#define NARROW BCH_CSUM_chacha20_poly1305_80
#define WIDE   BCH_CSUM_chacha20_poly1305_128

/* The master key of 05 §5.2. */
static struct bch_crypt_key key;

static int set_key(void **state)
{
	(void)state;
	from_hex("7364e0354e2dbbd417327b31f066ba3bb1552a0c65567026b55ceaad25deba88", key.b, 32);
	return 0;
}

static void crypt_in_place(struct bch_nonce nonce, void *buf, size_t len)
{
	assert_int_equal(bch_crypt(WIDE, &key, nonce, buf, len), 0);
}

static void a_kernels_extent_is_reproduced(void **state)
{
	const struct bch_nonce nonce = { { 0, 0x6d, 0, BCH_NONCE_EXTENT } };
	struct bch_nonce for_mac = nonce;
	u8 buf[4096], hash[32], once[32] = { 0 };
	struct bch_csum csum;

	(void)state;
	memset(buf, 0x44, sizeof(buf));
	crypt_in_place(nonce, buf, sizeof(buf));
	assert_hex(buf, "f09b69c99489b5ecde5377c0e42e3b89194258397a5319c76062abf127fb1a43", 32);
	crypto_hash_sha256(hash, buf, sizeof(buf));
	assert_hex(hash, "cad5959a9ae7a134c037e81ba9dbe497a39159ca26007883ba31d1718491ad6d", 32);

	for_mac.w[3] ^= BCH_NONCE_POLY;
	crypt_in_place(for_mac, once, sizeof(once));
	assert_hex(once, "cb9e3f4768c479d10a7e51739de1281e442f1f2bc5a8354f09c4d28dd197a3d6", 32);

	assert_int_equal(bch_csum(WIDE, &key, nonce, buf, sizeof(buf), &csum), 0);
	assert_int_equal(csum.lo, 0xf6ae9cb79669684f);
	assert_int_equal(csum.hi, 0xe7bd04f8a20bccd4);
	assert_int_equal(bch_csum(NARROW, &key, nonce, buf, sizeof(buf), &csum), 0);
	assert_int_equal(csum.lo, 0xf6ae9cb79669684f);
	assert_int_equal(csum.hi, 0xccd4);
}

static void other_nonces_of_a_kernel_decrypt_too(void **state)
{
	const struct bch_nonce compressed = { { 0x08000000, 0x27, 0, 0x14000000 } };
	const struct bch_nonce second_part = { { 0x180, 0x5f, 0, 0x10000000 } };
	u8 buf[16];

	(void)state;
	from_hex("0b301ff3c7de59608c6f7e5a09705c0c", buf, sizeof(buf));
	crypt_in_place(compressed, buf, sizeof(buf));
	assert_hex(buf, "0a20000028b52ffd60003f050001daaa", sizeof(buf));

	from_hex("467cb1a193cac8706e77620354bcb77e", buf, sizeof(buf));
	crypt_in_place(second_part, buf, sizeof(buf));
	assert_memory_equal(buf, "q zkinfyi nclgm ", sizeof(buf));
}

static void encrypting_twice_changes_nothing(void **state)
{
	const struct bch_nonce nonce = { { 5, 6, 7, 8 } };
	u8 plain[1000], buf[1000];

	(void)state;
	fill(plain, sizeof(plain), 5);
	for (size_t len = 0; len <= sizeof(buf); len += len < 130 ? 1 : 29) {
		memcpy(buf, plain, sizeof(buf));
		crypt_in_place(nonce, buf, len);
		assert_memory_equal(buf + len, plain + len, sizeof(buf) - len);
		if (len >= 16)
			assert_memory_not_equal(buf, plain, len);
		crypt_in_place(nonce, buf, len);
		assert_memory_equal(buf, plain, sizeof(buf));
	}
}

static void the_nonce_advances_by_blocks_and_wraps_alone(void **state)
{
	const struct bch_nonce nonce = { { 0xfffffffe, 6, 7, 8 } };

	(void)state;
	assert_int_equal(bch_nonce_add(nonce, 0).w[0], 0xfffffffe);
	assert_int_equal(bch_nonce_add(nonce, 64).w[0], 0xffffffff);
	assert_int_equal(bch_nonce_add(nonce, 512).w[0], 6);
	assert_int_equal(bch_nonce_add(nonce, 64ULL << 32).w[0], 0xfffffffe);
	assert_int_equal(bch_nonce_add(nonce, 512).w[1], 6);
	assert_int_equal(bch_nonce_add(nonce, 512).w[2], 7);
	assert_int_equal(bch_nonce_add(nonce, 512).w[3], 8);
}

static void a_part_decrypts_with_the_advanced_nonce(void **state)
{
	const struct bch_nonce nonce = { { 1000, 6, 7, 8 } };
	u8 plain[4096], buf[4096];

	(void)state;
	fill(plain, sizeof(plain), 6);
	memcpy(buf, plain, sizeof(buf));
	crypt_in_place(nonce, buf, sizeof(buf));
	crypt_in_place(bch_nonce_add(nonce, 512), buf + 512, 1024);
	assert_memory_equal(buf + 512, plain + 512, 1024);
}

/* Block by block, no call reaches the end of the counter. */
static void the_counter_wraps_without_carry(void **state)
{
	struct bch_nonce nonce = { { 0xfffffffd, 6, 7, 8 } };
	u8 whole[640] = { 0 }, blocks[640] = { 0 };

	(void)state;
	crypt_in_place(nonce, whole, sizeof(whole) - 5);
	for (size_t at = 0; at < sizeof(blocks); at += 64, nonce.w[0]++)
		crypt_in_place(nonce, blocks + at, 64);
	assert_memory_equal(whole, blocks, sizeof(whole) - 5);

	nonce.w[0] = 0;
	crypt_in_place(nonce, blocks + 3 * 64, 64);
	for (size_t i = 3 * 64; i < 4 * 64; i++)
		assert_int_equal(blocks[i], 0);
}

static void types_that_do_not_encrypt_leave_the_bytes_alone(void **state)
{
	const struct bch_nonce nonce = { { 0 } };
	char buf[] = "plain text";

	(void)state;
	for (u8 type = 0; type < BCH_CSUM_NR; type++) {
		if (bch_csum_type_encrypts(type))
			continue;
		assert_int_equal(bch_crypt(type, &key, nonce, buf, sizeof(buf)), 0);
		assert_string_equal(buf, "plain text");
	}
}

static void encrypting_without_key_is_refused(void **state)
{
	const struct bch_nonce nonce = { { 0 } };
	char buf[] = "plain text";

	(void)state;
	assert_int_equal(bch_crypt(NARROW, NULL, nonce, buf, sizeof(buf)), -BCH_ERR_no_key);
	assert_int_equal(bch_crypt(WIDE, NULL, nonce, buf, sizeof(buf)), -BCH_ERR_no_key);
	assert_string_equal(buf, "plain text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernels_extent_is_reproduced),
		cmocka_unit_test(other_nonces_of_a_kernel_decrypt_too),
		cmocka_unit_test(encrypting_twice_changes_nothing),
		cmocka_unit_test(the_nonce_advances_by_blocks_and_wraps_alone),
		cmocka_unit_test(a_part_decrypts_with_the_advanced_nonce),
		cmocka_unit_test(the_counter_wraps_without_carry),
		cmocka_unit_test(types_that_do_not_encrypt_leave_the_bytes_alone),
		cmocka_unit_test(encrypting_without_key_is_refused),
	};

	return cmocka_run_group_tests(tests, set_key, NULL);
}
