// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for secrets, and random bytes for new ones.
 *
 * libsodium's allocator keeps them out of core dumps, in RAM where RLIMIT_MEMLOCK allows, between
 * guard pages, and wipes them when freed. Whoever encrypts has a key from here, so libsodium is set
 * up before several threads use it.
 */

#include "codec.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

char *bch_secret_new(size_t size)
{
	char *secret;

	if (sodium_init() < 0)
		return NULL;
	secret = sodium_malloc(size);
	if (secret)
		memset(secret, 0, size);
	return secret;
}

void bch_secret_free(char *secret)
{
	sodium_free(secret);
}

void bch_secret_process(void)
{
	static const struct rlimit none;

	/* each helps where the other is not allowed; libsodium's own memory for scrypt is not locked */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

struct bch_crypt_key *bch_crypt_key_new(void)
{
	return (struct bch_crypt_key *)bch_secret_new(sizeof(struct bch_crypt_key));
}

void bch_crypt_key_free(struct bch_crypt_key *key)
{
	sodium_free(key);
}

void bch_random(void *buf, size_t len)
{
	randombytes_buf(buf, len);
}
