// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CRC continued over zero bytes. Format reference: 05 §3.3.
 *
 * A register is a polynomial modulo the CRC's own. A zero byte multiplies it by x^8, and n of them
 * by x^(8 n), which repeated squaring finds.
 */

#include "crc.h"

/* The polynomials of one CRC: what 1 is in its bit order, and how to multiply by x. */
struct ring {
	u32 width;
	u64 one;
	u64 (*times_x)(u64 v);
};

static u64 crc32c_times_x(u64 v)
{
	return v >> 1 ^ (v & 1) * BCH_CRC32C_POLY;
}

static u64 crc64_times_x(u64 v)
{
	return v << 1 ^ (v >> 63) * BCH_CRC64_POLY;
}

static const struct ring crc32c_ring = { 32, 1ULL << 31, crc32c_times_x };
static const struct ring crc64_ring = { 64, 1, crc64_times_x };

static u64 multiply(const struct ring *ring, u64 a, u64 b)
{
	u64 product = 0;
	u64 power = ring->one; /* x^i, and b times x^i */

	for (u32 i = 0; i < ring->width; i++) {
		if (a & power)
			product ^= b;
		power = ring->times_x(power);
		b = ring->times_x(b);
	}
	return product;
}

static u64 append_zeroes(const struct ring *ring, u64 crc, u64 len)
{
	u64 factor = ring->one;

	for (int i = 0; i < 8; i++)
		factor = ring->times_x(factor);

	for (; len; len >>= 1) {
		if (len & 1)
			crc = multiply(ring, crc, factor);
		factor = multiply(ring, factor, factor);
	}
	return crc;
}

u32 bch_crc32c_zeroes(u32 crc, u64 len)
{
	return (u32)append_zeroes(&crc32c_ring, crc, len);
}

u64 bch_crc64_zeroes(u64 crc, u64 len)
{
	return append_zeroes(&crc64_ring, crc, len);
}
