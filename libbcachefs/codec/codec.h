/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums, encryption and key derivation of the format. Format reference: 01 §6, §8.4; 05 §3, §5. */

#ifndef BCHFS_CODEC_H
#define BCHFS_CODEC_H

#include <bcachefs/error.h>
#include <bcachefs/types.h>

/* Number, name, bytes stored. Format reference: 05 §3.1. */
/* clang-format off */
#define BCH_CSUM_TYPES(C)			\
	C(0, none,			0)	\
	C(1, crc32c_nonzero,		4)	\
	C(2, crc64_nonzero,		8)	\
	C(3, chacha20_poly1305_80,	10)	\
	C(4, chacha20_poly1305_128,	16)	\
	C(5, crc32c,			4)	\
	C(6, crc64,			8)	\
	C(7, xxhash,			8)

enum bch_csum_type {
#define C(nr, name, bytes) BCH_CSUM_##name = nr,
	BCH_CSUM_TYPES(C)
#undef C
	BCH_CSUM_NR
};
/* clang-format on */

/* A checksum in host order: lo and hi are the two little-endian words as stored. */
struct bch_csum {
	u64 lo, hi;
};

static inline bool bch_csum_equal(struct bch_csum a, struct bch_csum b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static inline bool bch_csum_type_encrypts(u8 type)
{
	return type == BCH_CSUM_chacha20_poly1305_80 || type == BCH_CSUM_chacha20_poly1305_128;
}

/* The four words of a ChaCha20 nonce: word 0 is the block counter. Format reference: 05 §5.3. */
struct bch_nonce {
	u32 w[4];
};

#define BCH_NONCE_EXTENT (1U << 28)
#define BCH_NONCE_BTREE	 (2U << 28)
#define BCH_NONCE_JOURNAL (3U << 28)
#define BCH_NONCE_POLY	 (1U << 31)

/* @nonce for the bytes that lie @len bytes (a multiple of 64) further on. */
struct bch_nonce bch_nonce_add(struct bch_nonce nonce, u64 len);

/* The name of a checksum type, or NULL. */
const char *bch_csum_type_name(u8 type);

#define BCH_CRYPT_KEY_SIZE 32

/* A key. Lives in memory that is locked and left out of core dumps: see bch_crypt_key_new(). */
struct bch_crypt_key {
	u8 b[BCH_CRYPT_KEY_SIZE];
};

/* A zeroed key in locked memory; NULL where there is none. Freed, and wiped, by bch_crypt_key_free() or bch_auto(crypt_key). */
struct bch_crypt_key *bch_crypt_key_new(void);
void bch_crypt_key_free(struct bch_crypt_key *key);
static inline void bch_crypt_key_cleanup(struct bch_crypt_key **key)
{
	bch_crypt_key_free(*key);
}

/* Locked memory for a passphrase of up to @size bytes, wiped by bch_secret_free(). NULL where there is none. */
char *bch_secret_new(size_t size);
void bch_secret_free(char *secret);
static inline void bch_secret_cleanup(char **secret)
{
	bch_secret_free(*secret);
}

/* Random bytes fit for keys, and for UUIDs. */
void bch_random(void *buf, size_t len);

/*
 * The checksum of @buf under @type. @key and @nonce serve the two types that encrypt (a MAC of the ciphertext), and may
 * be NULL and zero for the others. -BCH_ERR_invalid_argument for an unknown type, -BCH_ERR_no_key where one is needed.
 */
int bch_csum(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce, const void *buf, size_t len,
	     struct bch_csum *csum);

/*
 * The linear types 0, 5 and 6: the checksum of A followed by B from those of A and of B, and B's length.
 * -BCH_ERR_invalid_argument for the others. Format reference: 05 §3.3.
 */
int bch_csum_merge(u8 type, struct bch_csum a, struct bch_csum b, u64 b_len, struct bch_csum *csum);

/* ChaCha20 in place; the same call decrypts. Nothing for types that do not encrypt. */
int bch_crypt(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce, void *buf, size_t len);

/* scrypt parameters as stored: logarithms of N, r and p. Format reference: 01 §8.4. */
struct bch_kdf {
	u16 log_n, log_r, log_p;
};

#define BCH_KDF_DEFAULT ((struct bch_kdf){ 14, 3, 4 })

/*
 * The key of a passphrase of @len bytes (without newline). -BCH_ERR_out_of_range for parameters that would need more
 * than 1 GiB or never end: they come from disk.
 */
int bch_derive_key(struct bch_kdf kdf, const void *passphrase, size_t len, struct bch_crypt_key *key);

#define BCH_WRAPPED_KEY_SIZE 40

/* The wrapped filesystem key as it stands in the crypt section: 8 bytes of magic, 32 of key. */
struct bch_wrapped_key {
	u8 b[BCH_WRAPPED_KEY_SIZE];
};

/* Is the key stored in the clear? */
bool bch_wrapped_key_in_clear(const struct bch_wrapped_key *wrapped);

/* The clear form of @key. */
void bch_key_store_clear(const struct bch_crypt_key *key, struct bch_wrapped_key *wrapped);

/* Wraps @key under the passphrase's key; @fs_uuid is the internal UUID. */
void bch_key_wrap(const struct bch_crypt_key *user_key, const u8 fs_uuid[16], const struct bch_crypt_key *key,
		  struct bch_wrapped_key *wrapped);

/* Unwraps; a key in the clear needs no @user_key. -BCH_ERR_wrong_passphrase, -BCH_ERR_no_key. */
int bch_key_unwrap(const struct bch_crypt_key *user_key, const u8 fs_uuid[16],
		   const struct bch_wrapped_key *wrapped, struct bch_crypt_key *key);

/*
 * The kernel's keyrings: type "user", description "bcachefs:UUID" of the external UUID, the 32 bytes of the passphrase's
 * key. Searched in session, user, user_session. Format reference: 01 §8.4.
 */
enum bch_keyring { BCH_KEYRING_session, BCH_KEYRING_user, BCH_KEYRING_user_session };

int bch_keyring_add(enum bch_keyring keyring, const u8 user_uuid[16], const struct bch_crypt_key *user_key);
int bch_keyring_find(const u8 user_uuid[16], struct bch_crypt_key *user_key); /* -BCH_ERR_no_key */
int bch_keyring_remove(const u8 user_uuid[16]);				 /* from all; -BCH_ERR_no_key if in none */


#endif
