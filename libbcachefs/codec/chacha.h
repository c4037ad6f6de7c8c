/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ChaCha20 and Poly1305, below the checksum types. Format reference: 05 §5.3. */

#ifndef BCHFS_CODEC_CHACHA_H
#define BCHFS_CODEC_CHACHA_H

#include <bcachefs/types.h>

struct bch_crypt_key;
struct bch_nonce;

#define BCH_MAC_SIZE 16

/* XORs the key stream of @nonce onto @buf. */
void bch_chacha20(const struct bch_crypt_key *key, struct bch_nonce nonce, void *buf, size_t len);

/* The MAC of @buf, which is ciphertext, under the one-time key that @nonce gives. */
void bch_poly1305(const struct bch_crypt_key *key, struct bch_nonce nonce, const void *buf,
		  size_t len, u8 mac[BCH_MAC_SIZE]);

#endif
