/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inputs of the fuzz target of keys: where a key is, its header, its value. collect.c makes some. */

#ifndef BCHFS_TESTS_FUZZ_FUZZ_KEY_H
#define BCHFS_TESTS_FUZZ_FUZZ_KEY_H

#include "ondisk/keys.h"

#define FUZZ_KEY_WRITING 1U
#define FUZZ_KEY_NO_FS	 2U

#define FUZZ_KEY_VAL_MAX 2000 /* bytes: 250 u64s */

struct fuzz_key_head {
	u8 minor; /* of the version */
	u8 btree_id, level, flags;
	struct bkey k; /* but u64s and format */
};
_Static_assert(sizeof(struct fuzz_key_head) == 44, "without holes");

static inline struct bch_key_context fuzz_key_context(const struct fuzz_key_head *h)
{
	return (struct bch_key_context){ .version = BCH_VERSION(1, h->minor),
					 .btree_id = h->btree_id,
					 .level = h->level,
					 .writing = h->flags & FUZZ_KEY_WRITING };
}

/* The value is whole words at the end of @rest, so that its end stays an end of memory. */
static inline struct bch_key fuzz_key(const struct fuzz_key_head *h, struct bch_bytes rest)
{
	size_t len = (rest.len < FUZZ_KEY_VAL_MAX ? rest.len : FUZZ_KEY_VAL_MAX) / 8 * 8;

	return (struct bch_key){ .pos = bch_pos_get(&h->k.p),
				 .version_lo = le64_get(h->k.version_lo),
				 .version_hi = le32_get(h->k.version_hi),
				 .size = le32_get(h->k.size),
				 .type = h->k.type,
				 .val = bch_bytes_from(rest, rest.len - len) };
}

#endif
