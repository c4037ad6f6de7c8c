/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic that says when the result does not fit; minimum and maximum; alignment to powers of two; logarithm. */

#ifndef BCHFS_BASE_CHECKED_H
#define BCHFS_BASE_CHECKED_H

#include <bcachefs/types.h>

/*
 * *@result = a op b for integers of any types; false where that does not fit the type of *@result,
 * which then holds the result modulo its range.
 */
#define bch_add(a, b, result) (!__builtin_add_overflow(a, b, result))
#define bch_sub(a, b, result) (!__builtin_sub_overflow(a, b, result))
#define bch_mul(a, b, result) (!__builtin_mul_overflow(a, b, result))

static inline bool bch_is_power_of_two(u64 n)
{
	return n && !(n & (n - 1));
}

/* The largest e with 2^e <= @n. @n is not 0. */
static inline u32 bch_ilog2(u64 n)
{
	return 63U - (u32)__builtin_clzll(n);
}

static inline u64 bch_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 bch_max(u64 a, u64 b)
{
	return a > b ? a : b;
}

/*
 * @n rounded to a multiple of @align, a power of two. Up is false where that does not fit 64 bits.
 */
static inline u64 bch_round_down(u64 n, u64 align)
{
	return n & ~(align - 1);
}

static inline bool bch_round_up(u64 n, u64 align, u64 *rounded)
{
	bool fits = bch_add(n, align - 1, rounded);

	*rounded = bch_round_down(*rounded, align);
	return fits;
}

static inline bool bch_is_aligned(u64 n, u64 align)
{
	return !(n & (align - 1));
}

#endif
