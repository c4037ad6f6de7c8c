// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums in GF(2^8) by isa-l, whose polynomial is the format's. */

#include "codec/codec.h"
#include "codec/raid.h"

#include <isa-l/erasure_code.h>

#define MAX_CALL    (1 << 30) /* isa-l counts in int */
#define TABLE_BYTES 32	      /* of a coefficient */

void bch_gf_sum_isal(u32 nr, const u8 *coefs, u8 *const *in, u8 *out, size_t len)
{
	u8 tables[BCH_RAID_BLOCKS_MAX * TABLE_BYTES];
	u8 *from[BCH_RAID_BLOCKS_MAX];

	ec_init_tables((int)nr, 1, (u8 *)(uintptr_t)coefs, tables);
	for (size_t at = 0; at < len; at += MAX_CALL) {
		size_t n = len - at < MAX_CALL ? len - at : MAX_CALL;
		u8 *to = out + at;

		for (u32 i = 0; i < nr; i++)
			from[i] = in[i] + at;
		ec_encode_data((int)n, (int)nr, 1, tables, from, &to);
	}
}
