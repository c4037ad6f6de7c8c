// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers of as many bytes as they need. Format reference: 04 §5. */

#include "ondisk/varint.h"

#include "base/checked.h"

#define BITS_PER_BYTE 7 /* of the number; the eighth goes into the length */
#define SHORT_MAX     8 /* bytes; a longer one is a byte of ones and the number as it is */

size_t bch_varint_put(u8 to[BCH_VARINT_MAX], u64 v)
{
	u32 nr = bch_ilog2(v | 1) / BITS_PER_BYTE + 1;
	le64 d = le64_of(v);

	if (nr > SHORT_MAX) {
		to[0] = 0xff;
		memcpy(to + 1, &d, sizeof(d));
		return BCH_VARINT_MAX;
	}
	d = le64_of(v << nr | ((1ULL << (nr - 1)) - 1));
	memcpy(to, &d, nr);
	return nr;
}

bool bch_varint_take_long(struct bch_bytes *rest, u64 *v)
{
	const u8 *first = bch_bytes_view(*rest, 0, 1);
	size_t nr;
	le64 d = { { 0 } };

	if (!first)
		return false;
	nr = (size_t)__builtin_ctz(~(u32)*first) + 1;
	if (!bch_bytes_view(*rest, 0, nr))
		return false;

	if (nr > SHORT_MAX) {
		memcpy(&d, first + 1, sizeof(d));
		*v = le64_get(d);
	} else if (rest->len >= sizeof(d)) { /* of a known length: no call */
		memcpy(&d, first, sizeof(d));
		*v = le64_get(d) << (64 - 8 * nr) >> (64 - BITS_PER_BYTE * nr);
	} else {
		memcpy(&d, first, nr);
		*v = le64_get(d) >> nr;
	}
	*rest = bch_bytes_from(*rest, nr);
	return true;
}

bool bch_varint_take_legacy(struct bch_bytes *rest, u64 *v)
{
	/* Bytes, by the highest bit that is set in the first one. */
	static const u8 bytes[8] = { 13, 10, 8, 6, 4, 3, 2, 1 };
	const u8 *p = bch_bytes_view(*rest, 0, 1);
	u32 marker, nr;
	u64 sum;

	if (!p || !*p)
		return false;
	marker = bch_ilog2(*p);
	nr = bytes[marker];
	if (!bch_bytes_view(*rest, 0, nr))
		return false;

	sum = *p ^ 1U << marker;
	for (u32 i = 1; i < nr; i++) {
		if (sum >> 56)
			return false;
		sum = sum << 8 | p[i];
	}
	*v = sum;
	*rest = bch_bytes_from(*rest, nr);
	return true;
}
