/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RAID-5 and RAID-6 parity: blocks from the others. Format reference: 05 §7.2. */

#ifndef BCHFS_CODEC_RAID_H
#define BCHFS_CODEC_RAID_H

#include <bcachefs/types.h>

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
