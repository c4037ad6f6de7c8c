/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of as many bytes as they need, as inodes hold them. Format reference: 04 §5. */

#ifndef BCHFS_ONDISK_VARINT_H
#define BCHFS_ONDISK_VARINT_H

#include "ondisk/le.h"

#define BCH_VARINT_MAX 9 /* bytes */

/* Writes @v, and returns how many bytes that took. */
size_t bch_varint_put(u8 to[BCH_VARINT_MAX], u64 v);

/* bch_varint_take() of any length. */
bool bch_varint_take_long(struct bch_bytes *rest, u64 *v);

/*
 * Takes a number off the front of @rest. False, and nothing is taken, where @rest ends within it.
 * Encodings longer than need be are read like any other. Most take one byte.
 */
static inline bool bch_varint_take(struct bch_bytes *rest, u64 *v)
{
	if (!rest->len || *rest->p & 1)
		return bch_varint_take_long(rest, v);
	*v = *rest->p >> 1;
	rest->p++;
	rest->len--;
	return true;
}

/*
 * The same for the numbers of the oldest inodes, which have up to 96 bits: false for those that
 * take more than 64, too.
 */
bool bch_varint_take_legacy(struct bch_bytes *rest, u64 *v);

#endif
