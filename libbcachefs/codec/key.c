// SPDX-License-Identifier: GPL-2.0-or-later
/* The filesystem's key, wrapped or in the clear, as stored. Format reference: 01 §8.4. */

#include "codec.h"

#include <string.h>

#include <sodium.h>

#include "chacha.h"
#include "ondisk/le.h"

#define MAGIC_SIZE 8
_Static_assert(MAGIC_SIZE + BCH_CRYPT_KEY_SIZE == BCH_WRAPPED_KEY_SIZE, "format reference 01 §8.4");

static const u8 magic[MAGIC_SIZE] = { 'b', 'c', 'h', '*', '*', 'k', 'e', 'y' };

/* Wraps what is clear, unwraps what is wrapped. */
static void crypt_wrapped(const struct bch_crypt_key *user_key, const u8 fs_uuid[16],
			  struct bch_wrapped_key *wrapped)
{
	le32 uuid[2];

	memcpy(uuid, fs_uuid, sizeof(uuid));
	bch_chacha20(user_key, (struct bch_nonce){ { 0, 0, le32_get(uuid[0]), le32_get(uuid[1]) } },
		     wrapped->b, sizeof(wrapped->b));
}

bool bch_wrapped_key_in_clear(const struct bch_wrapped_key *wrapped)
{
	return !memcmp(wrapped->b, magic, MAGIC_SIZE);
}

void bch_key_store_clear(const struct bch_crypt_key *key, struct bch_wrapped_key *wrapped)
{
	memcpy(wrapped->b, magic, MAGIC_SIZE);
	memcpy(wrapped->b + MAGIC_SIZE, key->b, sizeof(key->b));
}

void bch_key_wrap(const struct bch_crypt_key *user_key, const u8 fs_uuid[16],
		  const struct bch_crypt_key *key, struct bch_wrapped_key *wrapped)
{
	bch_key_store_clear(key, wrapped);
	crypt_wrapped(user_key, fs_uuid, wrapped);
}

int bch_key_unwrap(const struct bch_crypt_key *user_key, const u8 fs_uuid[16],
		   const struct bch_wrapped_key *wrapped, struct bch_crypt_key *key)
{
	struct bch_wrapped_key clear = *wrapped;
	int err = 0;

	if (!bch_wrapped_key_in_clear(wrapped)) {
		if (!user_key)
			return -BCH_ERR_no_key;
		crypt_wrapped(user_key, fs_uuid, &clear);
	}

	if (bch_wrapped_key_in_clear(&clear))
		memcpy(key->b, clear.b + MAGIC_SIZE, sizeof(key->b));
	else
		err = -BCH_ERR_wrong_passphrase;
	sodium_memzero(&clear, sizeof(clear));
	return err;
}
