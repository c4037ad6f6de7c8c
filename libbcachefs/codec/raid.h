/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums in GF(2^8), of which parity is made. Format reference: 05 §7.2. */

#ifndef BCHFS_CODEC_RAID_H
#define BCHFS_CODEC_RAID_H

#include <bcachefs/types.h>

/* The product and the inverse (of 0: 0) in GF(2^8) with the polynomial 0x11d. */
u8 bch_gf_mul(u8 a, u8 b);
u8 bch_gf_inverse(u8 a);

/* @out = the sum of @coefs[i] * @in[i] over i < @nr, for each of @len bytes. Two ways. */
void bch_gf_sum_portable(u32 nr, const u8 *coefs, u8 *const *in, u8 *out, size_t len);
void bch_gf_sum_isal(u32 nr, const u8 *coefs, u8 *const *in, u8 *out,
		     size_t len); /* not linked with BCH_NO_ISAL */

#ifdef BCH_NO_ISAL
#define bch_gf_sum bch_gf_sum_portable
#else
#define bch_gf_sum bch_gf_sum_isal
#endif

#endif
