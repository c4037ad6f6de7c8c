// SPDX-License-Identifier: GPL-2.0-or-later
/* ChaCha20 and Poly1305 with the format's nonces. Format reference: 05 §5.3. */

#include "codec.h"
#include "chacha.h"

#include <sodium.h>

#include "ondisk/le.h"

#define BLOCK 64 /* bytes of key stream for one value of the counter */

struct bch_nonce bch_nonce_add(struct bch_nonce nonce, u64 len)
{
	nonce.w[0] += (u32)(len / BLOCK);
	return nonce;
}

/*
 * The counter wraps without carry. libsodium refuses to pass its end, so there is one call up to
 * there, and the next starts at 0.
 */
void bch_chacha20(const struct bch_crypt_key *key, struct bch_nonce nonce, void *buf, size_t len)
{
	const le32 iv[3] = { le32_of(nonce.w[1]), le32_of(nonce.w[2]), le32_of(nonce.w[3]) };
	u8 *p = buf;

	while (len) {
		u64 to_wrap = (((u64)1 << 32) - nonce.w[0]) * BLOCK;
		size_t n = len < to_wrap ? len : (size_t)to_wrap;

		crypto_stream_chacha20_ietf_xor_ic(p, p, n, iv[0].b, nonce.w[0], key->b);
		nonce.w[0] = 0;
		p += n;
		len -= n;
	}
}

void bch_poly1305(const struct bch_crypt_key *key, struct bch_nonce nonce, const void *buf,
		  size_t len, u8 mac[BCH_MAC_SIZE])
{
	u8 once[crypto_onetimeauth_poly1305_KEYBYTES] = { 0 };

	nonce.w[3] ^= BCH_NONCE_POLY;
	bch_chacha20(key, nonce, once, sizeof(once));
	crypto_onetimeauth_poly1305(mac, buf, len, once);
	sodium_memzero(once, sizeof(once));
}

int bch_crypt(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce, void *buf,
	      size_t len)
{
	if (!bch_csum_type_encrypts(type))
		return 0;
	if (!key)
		return -BCH_ERR_no_key;
	bch_chacha20(key, nonce, buf, len);
	return 0;
}
