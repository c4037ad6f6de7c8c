// SPDX-License-Identifier: GPL-2.0-or-later
/* Running mean and variance, exponentially weighted mean. */

#include <math.h>

#include "base/stats.h"

void bch_moments_add(struct bch_moments *moments, double value)
{
	double before = value - moments->mean;

	moments->nr++;
	moments->mean += before / (double)moments->nr;
	moments->squares += before * (value - moments->mean);
}

void bch_moments_merge(struct bch_moments *moments, const struct bch_moments *other)
{
	double a = (double)moments->nr, b = (double)other->nr;
	double apart = other->mean - moments->mean;

	if (!other->nr)
		return;
	moments->nr += other->nr;
	moments->mean += apart * (b / (a + b));
	moments->squares += other->squares + apart * apart * (a * (b / (a + b)));
}

double bch_moments_variance(const struct bch_moments *moments)
{
	return moments->nr < 2 ? 0 : moments->squares / (double)(moments->nr - 1);
}

double bch_moments_stddev(const struct bch_moments *moments)
{
	return sqrt(bch_moments_variance(moments));
}

void bch_ewma_add(struct bch_ewma *ewma, double value, u64 ns)
{
	double weight = ewma->any ? -expm1(-(double)ns / (double)ewma->memory_ns) : 1;

	ewma->mean += weight * (value - ewma->mean);
	ewma->any = true;
}
