// SPDX-License-Identifier: GPL-2.0-or-later
/* Is what was read right? Format reference: 02 §8, 05 §3, §7.1. */

#include "base/memory.h"
#include "ops/scrub_private.h"

struct bch_key bch_scrub_key_of(const struct bch_scrub *s, const struct bch_scrub_piece *p)
{
	const struct bch_scrub_key *key = &s->keys.v[p->key];
	struct bch_key k = key->k;

	k.val = (struct bch_bytes){ s->values.v + key->val_at, key->val_len };
	return k;
}

/* Pointer number @nr of the key. */
struct bch_extent_ptr bch_scrub_ptr_of(const struct bch_scrub *s, const struct bch_key *k, u8 nr)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->fs->super);
	struct bch_extent_ptr p = { 0 };

	for (u32 i = 0; i <= nr; i++)
		bch_extent_ptr_next(&walk, &p); /* it was there when the batch was gathered */
	return p;
}

bool bch_scrub_same_blob(const struct bch_scrub *s, const struct bch_scrub_piece *a,
			 const struct bch_scrub_piece *b)
{
	struct bch_key ka = bch_scrub_key_of(s, a), kb = bch_scrub_key_of(s, b);
	struct bch_crc ca, cb;

	if (s->keys.v[a->key].kind != BCH_SCRUB_data || s->keys.v[b->key].kind != BCH_SCRUB_data ||
	    a->sector != b->sector || a->nr_sectors != b->nr_sectors || a->plain || b->plain)
		return false;
	ca = bch_scrub_ptr_of(s, &ka, a->nr).crc;
	cb = bch_scrub_ptr_of(s, &kb, b->nr).crc;
	return ca.csum_type == cb.csum_type && ca.csum_lo == cb.csum_lo &&
	       ca.csum_hi == cb.csum_hi && ca.nonce == cb.nonce &&
	       ca.compression_type == cb.compression_type &&
	       ca.uncompressed_sectors == cb.uncompressed_sectors &&
	       bch_crc_is_possible(&ka, &ca) && bch_crc_is_possible(&kb, &cb) &&
	       ka.version_lo == kb.version_lo && ka.version_hi == kb.version_hi;
}

static int judge_data(struct bch_scrub *s, struct bch_scrub_piece *p, const void *bytes)
{
	struct bch_key k = bch_scrub_key_of(s, p);
	struct bch_crc crc = bch_scrub_ptr_of(s, &k, p->nr).crc;

	if (!bch_crc_is_encoded(&crc))
		return 0;
	if (!bch_crc_is_possible(&k, &crc))
		return -BCH_ERR_out_of_range;
	return p->plain ? 0 : bch_blob_verify(s->fs, &k, &crc, bytes);
}

static int judge_stripe(struct bch_scrub *s, struct bch_scrub_piece *p, const void *bytes)
{
	struct bch_key k = bch_scrub_key_of(s, p);
	struct bch_stripe stripe;

	if (p->plain)
		return 0;
	bch_stripe_get(&k, &stripe);
	return bch_stripe_unit_verify(&stripe, p->nr, p->at, bytes, BCH_BYTES(p->nr_sectors));
}

/* Keys that are wrong though the checksum is right are for fsck. */
static u16 first_problem(const struct bch_btree_node *node)
{
	for (size_t i = 0; i < node->problems.nr; i++)
		if (!node->problems.v[i].of_key)
			return node->problems.v[i].id;
	return 0;
}

static int judge_node(struct bch_scrub *s, struct bch_scrub_piece *p, const void *bytes)
{
	const struct bch_scrub_key *key = &s->keys.v[p->key];
	struct bch_key k = bch_scrub_key_of(s, p);
	struct bch_node_want want = { .btree_id = key->btree_id, .level = key->level };
	struct bch_btree_node node = { .len = BCH_BYTES(p->nr_sectors) };
	int err;

	bch_node_ptr_get(&k, &want.ptr); /* it was one when the batch was gathered */
	node.bytes = bch_malloc(node.len);
	if (!node.bytes)
		return -BCH_ERR_no_memory;
	memcpy(node.bytes, bytes, node.len);
	err = bch_btree_node_decode_in(s->fs, &want, &node);
	if (!err && node.grade != BCH_NODE_GOOD) {
		p->problem = first_problem(&node);
		err = -BCH_ERR_data_checksum;
	}
	bch_btree_node_end(&node);
	return err;
}

void bch_scrub_judge(struct bch_scrub *s, struct bch_scrub_piece *p, const void *bytes)
{
	static int (*const judges[])(struct bch_scrub * s, struct bch_scrub_piece * p,
				     const void *bytes) = {
		[BCH_SCRUB_data] = judge_data,
		[BCH_SCRUB_btree_node] = judge_node,
		[BCH_SCRUB_stripe] = judge_stripe,
	};

	p->err = judges[s->keys.v[p->key].kind](s, p, bytes);
}
