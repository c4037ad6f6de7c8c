/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics of durations: how many, least, most, mean, spread, quantiles. */

#ifndef BCHFS_BASE_TIME_STATS_H
#define BCHFS_BASE_TIME_STATS_H

#include <bcachefs/facts.h>
#include "base/quantile.h"
#include "base/stats.h"

/* All zero is empty. A thread each, merged at the end. */
struct bch_time_stats {
	u64 min_ns, max_ns;
	struct bch_moments moments;
	struct bch_quantiles quantiles;
};

/* Takes one duration, in nanoseconds; takes in those of another. */
void bch_time_stats_add(struct bch_time_stats *stats, u64 ns);
void bch_time_stats_merge(struct bch_time_stats *stats, const struct bch_time_stats *other);

/*
 * As facts "count", "min", "max", "mean", "stddev", "median", "p95", "p99"; in JSON "min_ns" and so
 * on.
 */
void bch_time_stats_show(const struct bch_time_stats *stats, struct bch_facts *facts);

#endif
