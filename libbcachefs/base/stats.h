/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running mean and variance, exponentially weighted mean. All zero is empty; a thread each. */

#ifndef BCHFS_BASE_STATS_H
#define BCHFS_BASE_STATS_H

#include <bcachefs/types.h>

/*
 * Welford's algorithm: no sum of squares, so that nothing cancels out when the mean is far from 0.
 */
struct bch_moments {
	u64 nr;
	double mean;
	double squares; /* sum of the squared distances from the mean */
};

/* Takes one value. */
void bch_moments_add(struct bch_moments *moments, double value);

/* As if all that was added to @other had been added to @moments too. */
void bch_moments_merge(struct bch_moments *moments, const struct bch_moments *other);

/* Of the sample (divided by nr - 1); 0 for less than two values. */
double bch_moments_variance(const struct bch_moments *moments);
double bch_moments_stddev(const struct bch_moments *moments);

/* A mean that forgets: what is @memory_ns back counts for about a third of what is new. */
struct bch_ewma {
	u64 memory_ns;
	bool any; /* a value was added: the first is the mean */
	double mean;
};

/* @value was so for @ns, which may differ from call to call. */
void bch_ewma_add(struct bch_ewma *ewma, double value, u64 ns);

#endif
