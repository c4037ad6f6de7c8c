// SPDX-License-Identifier: GPL-2.0-or-later
/* The key of a passphrase, by scrypt. Format reference: 01 §8.4. */

#include "codec.h"

#include <sodium.h>

/* The format's salt: the terminating NUL is part of it. */
static const u8 salt[] = "bcache";

/*
 * What disk may ask of us: 1 GiB for the table of N blocks, 8 MiB for the p blocks beside it, and
 * 2^28 mixings of 128 bytes, which is 128 times the default: a minute or two.
 */
static bool parameters_are_sane(struct bch_kdf kdf)
{
	return kdf.log_n >= 1 && kdf.log_n + kdf.log_r + 7 <= 30 &&
	       kdf.log_r + kdf.log_p + 7 <= 23 && kdf.log_n + kdf.log_r + kdf.log_p <= 28;
}

int bch_derive_key(struct bch_kdf kdf, const void *passphrase, size_t len,
		   struct bch_crypt_key *key)
{
	if (!parameters_are_sane(kdf))
		return -BCH_ERR_out_of_range;
	if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase, len, salt, sizeof(salt),
						  (u64)1 << kdf.log_n, 1U << kdf.log_r,
						  1U << kdf.log_p, key->b, sizeof(key->b)))
		return -BCH_ERR_no_memory; /* with these parameters nothing else can fail */
	return 0;
}
