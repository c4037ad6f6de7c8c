/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums, encryption, key derivation, compression and parity of the format. Format reference: 01 §6, §8.4; 05 §3 to
 * §5, §7.2.
 *
 * Pure functions over the caller's bytes, safe from several threads at once, but for the keyrings:
 * these are the process's, and two threads should not work on the same key in them.
 */

#ifndef BCHFS_CODEC_H
#define BCHFS_CODEC_H

#include <bcachefs/crypto.h>
#include <bcachefs/error.h>
#include <bcachefs/types.h>
#include "ondisk/csum_types.h"

/* A checksum in host order: lo and hi are the two little-endian words as stored, zero-extended. */
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

/* Who computes CRCs: "isa-l" or "portable". */
const char *bch_crc_name(void);

/* The name of a checksum type, or NULL for a number that has none. */
const char *bch_csum_type_name(u8 type);

/* The four words of a ChaCha20 nonce: word 0 is the block counter. Format reference: 05 §5.3. */
struct bch_nonce {
	u32 w[4];
};

/* XORed into word 3: what is encrypted. The last one gives the MAC's own key. */
#define BCH_NONCE_EXTENT  (1U << 28)
#define BCH_NONCE_BTREE	  (2U << 28)
#define BCH_NONCE_JOURNAL (3U << 28)
#define BCH_NONCE_POLY	  (1U << 31)

/* @nonce for the bytes that lie @len bytes (a multiple of 64) further on. */
struct bch_nonce bch_nonce_add(struct bch_nonce nonce, u64 len);

#define BCH_CRYPT_KEY_SIZE 32

/* A key. Lives in memory that is locked and left out of core dumps: see bch_crypt_key_new(). */
struct bch_crypt_key {
	u8 b[BCH_CRYPT_KEY_SIZE];
};

/*
 * A zeroed key in memory that is left out of core dumps, and locked where RLIMIT_MEMLOCK allows.
 * NULL where there is none. Freed, and wiped, by bch_crypt_key_free() or bch_auto(crypt_key).
 */
struct bch_crypt_key *bch_crypt_key_new(void);
void bch_crypt_key_free(struct bch_crypt_key *key);
static inline void bch_crypt_key_cleanup(struct bch_crypt_key **key)
{
	bch_crypt_key_free(*key);
}

/* Random bytes fit for keys, and for UUIDs. */
void bch_random(void *buf, size_t len);

/*
 * The checksum of @buf under @type. @key and @nonce serve the two types that encrypt (a MAC of the
 * ciphertext), and may be NULL and zero for the others. @csum is zero after an error.
 *
 * Return: 0, or
 *   -BCH_ERR_invalid_argument	unknown type
 *   -BCH_ERR_no_key		one is needed
 *
 * Format reference: 05 §3.1, §5.3.
 */
int bch_csum(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce, const void *buf,
	     size_t len, struct bch_csum *csum);

/*
 * The linear types 0, 5 and 6: the checksum of A followed by B, from those of A and of B, and B's
 * length. Takes time that grows with the logarithm of @b_len. -BCH_ERR_invalid_argument for the
 * other types. Format reference: 05 §3.3.
 */
int bch_csum_merge(u8 type, struct bch_csum a, struct bch_csum b, u64 b_len, struct bch_csum *csum);

/*
 * ChaCha20 in place; the same call decrypts. Nothing for types that do not encrypt, which need no
 * key; -BCH_ERR_no_key for the others without one. Format reference: 05 §5.3.
 */
int bch_crypt(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce, void *buf,
	      size_t len);

/* scrypt parameters as stored: logarithms of N, r and p. Format reference: 01 §8.4. */
struct bch_kdf {
	u16 log_n, log_r, log_p;
};

#define BCH_KDF_DEFAULT ((struct bch_kdf){ 14, 3, 4 })

/*
 * The key of a passphrase of @len bytes (without newline). Takes a good part of a second with the
 * default parameters, on purpose.
 *
 * Return: 0, or
 *   -BCH_ERR_out_of_range	N is 1, or it would need more than about 1 GiB or take minutes: the
 *				parameters come from disk. Nothing was allocated
 *   -BCH_ERR_no_memory		the parameters are fine, but the memory is not there
 */
int bch_derive_key(struct bch_kdf kdf, const void *passphrase, size_t len,
		   struct bch_crypt_key *key);

#define BCH_WRAPPED_KEY_SIZE 40

/* The filesystem's key as it stands in the crypt section: 8 bytes of magic, 32 of key, wrapped. */
struct bch_wrapped_key {
	u8 b[BCH_WRAPPED_KEY_SIZE];
};

/* Is the key stored in the clear? */
bool bch_wrapped_key_in_clear(const struct bch_wrapped_key *wrapped);

/* The clear form of @key. */
void bch_key_store_clear(const struct bch_crypt_key *key, struct bch_wrapped_key *wrapped);

/* Wraps @key under the passphrase's key; @fs_uuid is the internal UUID. */
void bch_key_wrap(const struct bch_crypt_key *user_key, const u8 fs_uuid[16],
		  const struct bch_crypt_key *key, struct bch_wrapped_key *wrapped);

/*
 * Unwraps; a key in the clear needs no @user_key, which may then be NULL. @key stays as it was
 * after an error.
 *
 * Return: 0, or
 *   -BCH_ERR_wrong_passphrase	@user_key is not the one it was wrapped under
 *   -BCH_ERR_no_key		it is wrapped and @user_key is NULL
 */
int bch_key_unwrap(const struct bch_crypt_key *user_key, const u8 fs_uuid[16],
		   const struct bch_wrapped_key *wrapped, struct bch_crypt_key *key);

/* SipHash-2-4 under the 16 bytes at @key: a number that looks random. */
u64 bch_siphash(const u8 key[16], const void *buf, size_t len);

/* ------------------------------------------------------------------ hashes of names: 04 §7.1, §7.2 */

struct bch_inode;
struct bch_dirent;
struct bch_xattr;

/*
 * Where the search for a name starts: the offset of the key, or the next higher free one. @inode is the directory, or
 * the owner of the attribute; its hash_type must be a known one.
 */
u64 bch_dirent_hash(const struct bch_inode *inode, const struct bch_dirent *d);
u64 bch_xattr_hash(const struct bch_inode *inode, const struct bch_xattr *x);

/*
 * The kernel's keyrings: type "user", description "bcachefs:UUID" of the external UUID, the 32
 * bytes of the passphrase's key. Searched in the order of enum bch_keyring. Format reference: 01 §8.4.
 */

/*
 * Puts @user_key into @keyring, for later processes of the same user too; replaces what is there
 * under the same UUID. -BCH_ERR_not_supported by kernels without keyrings, or the system's error.
 */
int bch_keyring_add(enum bch_keyring keyring, const u8 user_uuid[16],
		    const struct bch_crypt_key *user_key);

/*
 * The first in the order of searching. -BCH_ERR_no_key where none has it (@user_key is then zero or
 * as it was), or the error of a keyring that could not be searched.
 */
int bch_keyring_find(const u8 user_uuid[16], struct bch_crypt_key *user_key);

/* Links it to the process keyring, where the kernel looks too. Errors as bch_keyring_find(). */
int bch_keyring_lend(const u8 user_uuid[16]);

/* Takes it out of all three. -BCH_ERR_no_key if it was in none, or as bch_keyring_find(). */
int bch_keyring_remove(const u8 user_uuid[16]);

/* ------------------------------------------------------------------ compression: 05 §4 */

/*
 * Decodes a stored blob, its padding included, into exactly @out_len bytes. @type: enum bch_compression_type. A pure
 * function, safe on any bytes; after an error @out is anything.
 *
 * Return: 0, or
 *   -BCH_ERR_data_compression	the bytes are damaged, or give more or less than @out_len
 *   -BCH_ERR_invalid_argument	@type is none that compresses
 *   -BCH_ERR_no_memory
 *
 * Format reference: 05 §4.2.
 */
int bch_decompress(u8 type, const void *blob, size_t len, void *out, size_t out_len);

/* What compressing needs besides the bytes; used again for the next blob. For one thread at a time. */
struct bch_compressor;

/* NULL where memory is out; NULL freed is nothing. */
struct bch_compressor *bch_compressor_new(void);
void bch_compressor_free(struct bch_compressor *c);
static inline void bch_compressor_cleanup(struct bch_compressor **c)
{
	bch_compressor_free(*c);
}

/* The type that an option's value (its low 4 bits: 05 §4.1) stores; none for values that mean nothing. */
u8 bch_compression_type(u8 option);

/*
 * Compresses @len bytes as @option says, type and level, into at most @out_size, without padding. The same bytes give the
 * same whatever was compressed before.
 *
 * Return: the length, 0 where it does not fit (@out is then anything), or
 *   -BCH_ERR_invalid_argument	@option compresses nothing, or @len is more than BCH_COMPRESS_MAX
 *   -BCH_ERR_no_memory
 *
 * Format reference: 05 §4.1 (levels), §4.2.
 */
#define BCH_COMPRESS_MAX (16U << 20)
int bch_compress(struct bch_compressor *c, u8 option, const void *data, size_t len, void *out,
		 size_t out_size);

/* ------------------------------------------------------------------ parity: 05 §7.2 */

#define BCH_RAID_BLOCKS_MAX    16
#define BCH_RAID_REDUNDANT_MAX 2

/*
 * Writes block @want, of @len bytes as all are, from those that are not in @lost (bits; @want is taken for lost). The
 * last @nr_redundant of the blocks are P, and Q. Pure.
 *
 * Return: 0, or
 *   -BCH_ERR_data_lost		more than @nr_redundant are lost
 *   -BCH_ERR_invalid_argument	no such numbers of blocks
 */
int bch_raid_rebuild(u32 nr_blocks, u32 nr_redundant, u32 lost, u32 want, u8 *const *blocks,
		     size_t len);

#endif
