// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums in GF(2^8) by a table for each coefficient. */

#include "codec/raid.h"

#include <string.h>

static void add(u8 coef, const u8 *in, u8 *out, size_t len)
{
	u8 product[256];

	for (unsigned i = 0; i < 256; i++)
		product[i] = bch_gf_mul(coef, (u8)i);
	for (size_t i = 0; i < len; i++)
		out[i] ^= product[in[i]];
}

/* What P is made of; the compiler makes vectors of it. */
static void add_one(const u8 *in, u8 *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] ^= in[i];
}

void bch_gf_sum_portable(u32 nr, const u8 *coefs, u8 *const *in, u8 *out, size_t len)
{
	memset(out, 0, len);
	for (u32 i = 0; i < nr; i++) {
		if (coefs[i] == 1)
			add_one(in[i], out, len);
		else
			add(coefs[i], in[i], out, len);
	}
}
