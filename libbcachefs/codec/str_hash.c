// SPDX-License-Identifier: GPL-2.0-or-later
/* Hashes of names of dirents and xattrs. Format reference: 04 §7.1, §7.2. */

#include <string.h>
#include <sodium.h>

#include "codec/codec.h"
#include "crc.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_xattr.h"

#define DIRENT_OFFSET_MIN 2 /* 0 and 1 stand for . and .. */
#define OFFSET_31BIT	  0x7fffffffU

#define WORD 8 /* bytes that SipHash takes at once */

static u64 hash_crc32c(u64 seed, struct bch_bytes b)
{
	le64 d = le64_of(seed);

	return BCH_CRC.crc32c(BCH_CRC.crc32c(BCH_U32_MAX, &d, sizeof(d)), b.p, b.len);
}

static u64 hash_crc64(u64 seed, struct bch_bytes b)
{
	le64 d = le64_of(seed);

	return BCH_CRC.crc64(BCH_CRC.crc64(BCH_U64_MAX, &d, sizeof(d)), b.p, b.len) >> 1;
}

struct siphash_key {
	le64 k0, k1;
};
_Static_assert(sizeof(struct siphash_key) == crypto_shorthash_KEYBYTES, "SipHash-2-4");

u64 bch_siphash(const u8 key[16], const void *buf, size_t len)
{
	le64 hash;

	crypto_shorthash(hash.b, buf, len, key);
	return le64_get(hash);
}

static u64 hash_keyed(const struct siphash_key *key, struct bch_bytes b)
{
	return bch_siphash((const u8 *)key, b.p, b.len) >> 1;
}

static u64 hash_siphash(u64 seed, struct bch_bytes b)
{
	struct siphash_key key = { le64_of(seed), le64_of(0) };

	return hash_keyed(&key, b);
}

static u64 hash_siphash_old(u64 seed, struct bch_bytes b)
{
	le64 d = le64_of(seed);
	u8 digest[crypto_hash_sha256_BYTES];
	struct siphash_key key;

	crypto_hash_sha256(digest, d.b, sizeof(d));
	memcpy(&key, digest, sizeof(key));
	return hash_keyed(&key, b);
}

static u64 (*const hashes[BCH_STR_HASH_NR])(u64 seed, struct bch_bytes b) = {
#define H(nr, name) [nr] = hash_##name,
	BCH_STR_HASHES(H)
#undef H
};

u64 bch_dirent_hash(const struct bch_inode *inode, const struct bch_dirent *d)
{
	struct bch_bytes name = d->d_casefold ? d->cf_name : d->name;
	u64 hash = hashes[inode->hash_type](inode->bi_hash_seed, name);

	if (inode->bi_flags >> BCH_INODE_31bit_dirent_offset & 1)
		hash &= OFFSET_31BIT;
	return hash < DIRENT_OFFSET_MIN ? DIRENT_OFFSET_MIN : hash;
}

/*
 * The type and the name, but for SipHash where more than a word leaves some bytes over: these move
 * up by one behind the type again, and the last falls off. A slip of the first writer, kept by all.
 */
u64 bch_xattr_hash(const struct bch_inode *inode, const struct bch_xattr *x)
{
	bool siphash = inode->hash_type >= BCH_STR_HASH_siphash_old;
	size_t len = 1 + x->name.len, left = len % WORD;
	u8 b[1 + BCH_XATTR_NAME_MAX];

	b[0] = x->type;
	if (x->name.len)
		memcpy(b + 1, x->name.p, x->name.len);
	if (siphash && len > WORD && left) {
		u8 *last = b + len - left;

		memmove(last + 1, last, left - 1);
		*last = x->type;
	}
	return hashes[inode->hash_type](inode->bi_hash_seed, (struct bch_bytes){ b, len });
}
