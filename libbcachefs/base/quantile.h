/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantiles of numbers from 0 to 2^64 - 1 in fixed memory: a histogram whose buckets widen with the
 * numbers.
 *
 * Numbers below 32 have a bucket each, above that each power of two has 16. So a quantile is within
 * 1/32 of the number that stands at its rank, however many there are and in whatever order they
 * came.
 */

#ifndef BCHFS_BASE_QUANTILE_H
#define BCHFS_BASE_QUANTILE_H

#include <bcachefs/types.h>

#define BCH_QUANTILE_NR_BUCKETS (61 * 16)

/* All zero is empty. A thread each, merged at the end. */
struct bch_quantiles {
	u64 nr;
	u64 bucket[BCH_QUANTILE_NR_BUCKETS];
};

/* Takes one value; takes in those of another. */
void bch_quantiles_add(struct bch_quantiles *quantiles, u64 value);
void bch_quantiles_merge(struct bch_quantiles *quantiles, const struct bch_quantiles *other);

/* The least number that @per_mille (0 to 1000) of all are not above; 0 where there are none. */
u64 bch_quantile(const struct bch_quantiles *quantiles, u32 per_mille);

#endif
