// SPDX-License-Identifier: GPL-2.0-or-later
/* Quantiles in fixed memory. */

#include "base/checked.h"
#include "base/quantile.h"

#define PER_POWER_BITS 4
#define PER_POWER      (1U << PER_POWER_BITS)

/*
 * Bucket b from 16 on holds the numbers whose top 5 bits are 16 + b % 16, shifted left by b / 16 -
 * 1.
 */
static u32 bucket_of(u64 value)
{
	u32 shift;

	if (value < PER_POWER)
		return (u32)value;
	shift = bch_ilog2(value) - PER_POWER_BITS;
	return shift * PER_POWER + (u32)(value >> shift);
}

/* The number in the middle of a bucket. */
static u64 middle_of(u32 bucket)
{
	u32 shift;

	if (bucket < PER_POWER)
		return bucket;
	shift = bucket / PER_POWER - 1;
	return ((u64)(PER_POWER + bucket % PER_POWER) << shift) + (((u64)1 << shift) - 1) / 2;
}

void bch_quantiles_add(struct bch_quantiles *quantiles, u64 value)
{
	quantiles->bucket[bucket_of(value)]++;
	quantiles->nr++;
}

void bch_quantiles_merge(struct bch_quantiles *quantiles, const struct bch_quantiles *other)
{
	for (u32 i = 0; i < BCH_QUANTILE_NR_BUCKETS; i++)
		quantiles->bucket[i] += other->bucket[i];
	quantiles->nr += other->nr;
}

u64 bch_quantile(const struct bch_quantiles *quantiles, u32 per_mille)
{
	u64 nr = quantiles->nr, upto = 0;
	u64 rank = nr / 1000 * per_mille + (nr % 1000 * per_mille + 999) / 1000; /* rounded up */
	u32 last = 0;

	for (u32 i = 0; i < BCH_QUANTILE_NR_BUCKETS && upto < (rank ? rank : 1); i++) {
		upto += quantiles->bucket[i];
		last = quantiles->bucket[i] ? i : last;
	}
	return middle_of(last);
}
