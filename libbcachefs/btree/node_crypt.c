// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksum and encryption of a node's sets of keys. Format reference: 02 §8. */

#include "btree/node.h"

#define HEADER_CRYPT_BYTES (BCH_NODE_CRYPT_END - BCH_NODE_CRYPT_START)

static struct bch_nonce nonce_of(const struct bch_bset *b)
{
	return (struct bch_nonce){ { (u32)b->start, (u32)b->seq, (u32)(b->seq >> 32),
				     (u32)b->journal_seq ^ BCH_NONCE_BTREE } };
}

int bch_bset_csum(const u8 *node, const struct bch_bset *b, const struct bch_crypt_key *key,
		  struct bch_csum *csum)
{
	return bch_csum(b->csum_type, key, nonce_of(b), node + b->start + BCH_BSET_CSUM_START,
			b->end - b->start - BCH_BSET_CSUM_START, csum);
}

struct bch_csum bch_bset_csum_get(const u8 *node, const struct bch_bset *b)
{
	le64 v[2];

	memcpy(v, node + b->start, sizeof(v));
	return (struct bch_csum){ le64_get(v[0]), le64_get(v[1]) };
}

int bch_node_header_decrypt(u8 *node, const struct bch_bset *first, const struct bch_crypt_key *key)
{
	return bch_crypt(first->csum_type, key, nonce_of(first), node + BCH_NODE_CRYPT_START,
			 HEADER_CRYPT_BYTES);
}

int bch_bset_crypt(u8 *node, const struct bch_bset *b, const struct bch_crypt_key *key)
{
	struct bch_nonce nonce = nonce_of(b);
	int err = 0;

	if (!bch_csum_type_encrypts(b->csum_type))
		return 0;
	if (!b->start) {
		err = bch_node_header_decrypt(node, b, key);
		nonce = bch_nonce_add(nonce, (HEADER_CRYPT_BYTES + 63) / 64 * 64);
	}
	return err ? err : bch_crypt(b->csum_type, key, nonce, node + b->keys, b->end - b->keys);
}
