// SPDX-License-Identifier: GPL-2.0-or-later
/* The stored key: the vectors of the reference (01 §8.4, 05 §5.2), in clear, wrong passphrase. */

#include "vector.h"

#include "codec/codec.h"

static const struct {
	const char *uuid, *user_key, *wrapped, *key;
} vectors[] = {
	{ "cf6af716bf2447a6 0000000000000000",
	  "192a226411a410eaeed7d625ba84f7b378684608955b97fcc9b81fe8839e2888",
	  "d8dd0ca1a3dc9b3b b11d579fd185b02f5a3a11a85b3a4a3ae368a9ab423d73b9652ffced10c15817",
	  "047a39b4c0df6e16b97cb356192cf8a2d77135df9c53292b25ef43575bf35605" },
	{ "d5e8e78d8a0b40fb951c94da2e8cbaaa",
	  "d3f4890002d955a0435c02a332696fa9c02ae662ce8dae4639ae1c73bbd0e5b7",
	  "705b2d9ed759de3e 8047c5c9bb4021e382319737ae5510e5e96e181072cd4a4f2a085943d82e6d7b",
	  "7364e0354e2dbbd417327b31f066ba3bb1552a0c65567026b55ceaad25deba88" },
};

struct stored {
	u8 uuid[16];
	struct bch_crypt_key user_key, key;
	struct bch_wrapped_key wrapped;
};

static struct stored vector(size_t nr)
{
	struct stored s;

	from_hex(vectors[nr].uuid, s.uuid, sizeof(s.uuid));
	from_hex(vectors[nr].user_key, s.user_key.b, sizeof(s.user_key.b));
	from_hex(vectors[nr].wrapped, s.wrapped.b, sizeof(s.wrapped.b));
	from_hex(vectors[nr].key, s.key.b, sizeof(s.key.b));
	return s;
}

static void keys_that_a_kernel_accepted_unwrap(void **state)
{
	(void)state;
	for (size_t i = 0; i < bch_array_size(vectors); i++) {
		struct stored s = vector(i);
		struct bch_crypt_key key;

		assert_false(bch_wrapped_key_in_clear(&s.wrapped));
		assert_int_equal(bch_key_unwrap(&s.user_key, s.uuid, &s.wrapped, &key), 0);
		assert_memory_equal(&key, &s.key, sizeof(key));
	}
}

static void wrapping_gives_the_stored_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < bch_array_size(vectors); i++) {
		struct stored s = vector(i);
		struct bch_wrapped_key wrapped;

		bch_key_wrap(&s.user_key, s.uuid, &s.key, &wrapped);
		assert_memory_equal(&wrapped, &s.wrapped, sizeof(wrapped));
	}
}

static void a_key_in_clear_needs_no_passphrase(void **state)
{
	struct stored s = vector(0);
	struct bch_crypt_key key;

	(void)state;
	bch_key_store_clear(&s.key, &s.wrapped);
	assert_memory_equal(s.wrapped.b, "bch**key", 8);
	assert_true(bch_wrapped_key_in_clear(&s.wrapped));

	assert_int_equal(bch_key_unwrap(NULL, s.uuid, &s.wrapped, &key), 0);
	assert_memory_equal(&key, &s.key, sizeof(key));
	memset(&key, 0, sizeof(key));
	assert_int_equal(bch_key_unwrap(&s.user_key, s.uuid, &s.wrapped, &key), 0);
	assert_memory_equal(&key, &s.key, sizeof(key));
}

static void what_does_not_fit_is_a_wrong_passphrase_and_gives_no_key(void **state)
{
	struct stored s = vector(0), other = vector(1);
	const struct bch_crypt_key untouched = { { 1, 2, 3 } };
	struct bch_crypt_key key = untouched;

	(void)state;
	assert_int_equal(bch_key_unwrap(&other.user_key, s.uuid, &s.wrapped, &key),
			 -BCH_ERR_wrong_passphrase);
	assert_int_equal(bch_key_unwrap(&s.user_key, other.uuid, &s.wrapped, &key),
			 -BCH_ERR_wrong_passphrase);
	s.wrapped.b[0] ^= 1;
	assert_int_equal(bch_key_unwrap(&s.user_key, s.uuid, &s.wrapped, &key),
			 -BCH_ERR_wrong_passphrase);
	assert_memory_equal(&key, &untouched, sizeof(key));
}

static void a_wrapped_key_without_passphrase_is_no_key(void **state)
{
	struct stored s = vector(0);
	struct bch_crypt_key key;

	(void)state;
	assert_int_equal(bch_key_unwrap(NULL, s.uuid, &s.wrapped, &key), -BCH_ERR_no_key);
}

/* As set-passphrase does it: the filesystem's key stays, what it is wrapped under changes. */
static void a_passphrase_can_be_changed(void **state)
{
	struct stored s = vector(0), other = vector(1);
	struct bch_crypt_key key;

	(void)state;
	bch_key_wrap(&other.user_key, s.uuid, &s.key, &s.wrapped);
	assert_int_equal(bch_key_unwrap(&s.user_key, s.uuid, &s.wrapped, &key),
			 -BCH_ERR_wrong_passphrase);
	assert_int_equal(bch_key_unwrap(&other.user_key, s.uuid, &s.wrapped, &key), 0);
	assert_memory_equal(&key, &s.key, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_a_kernel_accepted_unwrap),
		cmocka_unit_test(wrapping_gives_the_stored_bytes),
		cmocka_unit_test(a_key_in_clear_needs_no_passphrase),
		cmocka_unit_test(what_does_not_fit_is_a_wrong_passphrase_and_gives_no_key),
		cmocka_unit_test(a_wrapped_key_without_passphrase_is_no_key),
		cmocka_unit_test(a_passphrase_can_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
