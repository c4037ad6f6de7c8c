// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics of durations. */

#include "base/time_stats.h"

void bch_time_stats_add(struct bch_time_stats *stats, u64 ns)
{
	if (!stats->moments.nr || ns < stats->min_ns)
		stats->min_ns = ns;
	if (ns > stats->max_ns)
		stats->max_ns = ns;
	bch_moments_add(&stats->moments, (double)ns);
	bch_quantiles_add(&stats->quantiles, ns);
}

void bch_time_stats_merge(struct bch_time_stats *stats, const struct bch_time_stats *other)
{
	if (other->moments.nr && (!stats->moments.nr || other->min_ns < stats->min_ns))
		stats->min_ns = other->min_ns;
	if (other->max_ns > stats->max_ns)
		stats->max_ns = other->max_ns;
	bch_moments_merge(&stats->moments, &other->moments);
	bch_quantiles_merge(&stats->quantiles, &other->quantiles);
}

/* @key is the label with its unit, as JSON shows it. */
static void show_ns(struct bch_facts *facts, const char *label, const char *key, u64 ns)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_duration(&text, ns);
	bch_fact_text(facts, label, "%s", bch_buf_str(&text));
	bch_fact_json_u64(facts, key, ns);
}

/* The middle of a bucket may lie beyond what was really seen. */
static u64 quantile_ns(const struct bch_time_stats *stats, u32 per_mille)
{
	u64 ns = bch_quantile(&stats->quantiles, per_mille);

	if (ns < stats->min_ns)
		return stats->min_ns;
	return ns > stats->max_ns ? stats->max_ns : ns;
}

void bch_time_stats_show(const struct bch_time_stats *stats, struct bch_facts *facts)
{
	bch_fact_u64(facts, "count", stats->moments.nr);
	show_ns(facts, "min", "min_ns", stats->min_ns);
	show_ns(facts, "max", "max_ns", stats->max_ns);
	show_ns(facts, "mean", "mean_ns", (u64)stats->moments.mean);
	show_ns(facts, "stddev", "stddev_ns", (u64)bch_moments_stddev(&stats->moments));
	show_ns(facts, "median", "median_ns", quantile_ns(stats, 500));
	show_ns(facts, "p95", "p95_ns", quantile_ns(stats, 950));
	show_ns(facts, "p99", "p99_ns", quantile_ns(stats, 990));
}
