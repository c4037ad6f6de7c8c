// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRCs by tables, eight bytes a step.
 *
 * A register is the sum of its bits, and so is what becomes of it. Power n is what a bit about to
 * leave the register becomes in n steps; power 1 is the CRC's own polynomial. table[k][byte] is
 * what a byte about to leave becomes in k + 1 bytes: a sum of eight neighbouring powers. The
 * compiler makes powers and tables from the polynomials in crc.h.
 */

#include "crc.h"
#include "ondisk/le.h"

/* clang-format off */
#define POWERS(P)									\
	P( 2,  1) P( 3,  2) P( 4,  3) P( 5,  4) P( 6,  5) P( 7,  6) P( 8,  7) P( 9,  8)	\
	P(10,  9) P(11, 10) P(12, 11) P(13, 12) P(14, 13) P(15, 14) P(16, 15) P(17, 16)	\
	P(18, 17) P(19, 18) P(20, 19) P(21, 20) P(22, 21) P(23, 22) P(24, 23) P(25, 24)	\
	P(26, 25) P(27, 26) P(28, 27) P(29, 28) P(30, 29) P(31, 30) P(32, 31) P(33, 32)	\
	P(34, 33) P(35, 34) P(36, 35) P(37, 36) P(38, 37) P(39, 38) P(40, 39) P(41, 40)	\
	P(42, 41) P(43, 42) P(44, 43) P(45, 44) P(46, 45) P(47, 46) P(48, 47) P(49, 48)	\
	P(50, 49) P(51, 50) P(52, 51) P(53, 52) P(54, 53) P(55, 54) P(56, 55) P(57, 56)	\
	P(58, 57) P(59, 58) P(60, 59) P(61, 60) P(62, 61) P(63, 62) P(64, 63)

#define CRC32C_STEP(v)	((v) >> 1 ^ ((v) & 1) * (u64)BCH_CRC32C_POLY)
#define CRC64_STEP(v)	((v) << 1 ^ ((v) >> 63) * BCH_CRC64_POLY)

enum crc32c_power {
	c1 = BCH_CRC32C_POLY,
#define P(n, before) c##n = CRC32C_STEP((u64)c##before),
	POWERS(P)
#undef P
};

enum crc64_power {
	e1 = BCH_CRC64_POLY,
#define P(n, before) e##n = CRC64_STEP((u64)e##before),
	POWERS(P)
#undef P
};

/* The sum of the powers p0 .. p7 that stand for the set bits of @n. */
#define BIT(n, i, p)	(((n) >> (i) & 1) * (u64)(p))
#define SUM(n, p0, p1, p2, p3, p4, p5, p6, p7)						\
	(BIT(n, 0, p0) ^ BIT(n, 1, p1) ^ BIT(n, 2, p2) ^ BIT(n, 3, p3) ^		\
	 BIT(n, 4, p4) ^ BIT(n, 5, p5) ^ BIT(n, 6, p6) ^ BIT(n, 7, p7))
#define SUMS4(n, ...)									\
	SUM(n + 0, __VA_ARGS__), SUM(n + 1, __VA_ARGS__),				\
	SUM(n + 2, __VA_ARGS__), SUM(n + 3, __VA_ARGS__)
#define SUMS16(n, ...)									\
	SUMS4(n + 0, __VA_ARGS__), SUMS4(n +  4, __VA_ARGS__),				\
	SUMS4(n + 8, __VA_ARGS__), SUMS4(n + 12, __VA_ARGS__)
#define SUMS64(n, ...)									\
	SUMS16(n +  0, __VA_ARGS__), SUMS16(n + 16, __VA_ARGS__),			\
	SUMS16(n + 32, __VA_ARGS__), SUMS16(n + 48, __VA_ARGS__)
#define SUMS(...)									\
	{ SUMS64(0, __VA_ARGS__), SUMS64(64, __VA_ARGS__),				\
	  SUMS64(128, __VA_ARGS__), SUMS64(192, __VA_ARGS__) }

static const u64 crc32c_table[8][256] = {
	SUMS(c8,  c7,  c6,  c5,  c4,  c3,  c2,  c1),
	SUMS(c16, c15, c14, c13, c12, c11, c10, c9),
	SUMS(c24, c23, c22, c21, c20, c19, c18, c17),
	SUMS(c32, c31, c30, c29, c28, c27, c26, c25),
	SUMS(c40, c39, c38, c37, c36, c35, c34, c33),
	SUMS(c48, c47, c46, c45, c44, c43, c42, c41),
	SUMS(c56, c55, c54, c53, c52, c51, c50, c49),
	SUMS(c64, c63, c62, c61, c60, c59, c58, c57),
};

static const u64 crc64_table[8][256] = {
	SUMS(e1,  e2,  e3,  e4,  e5,  e6,  e7,  e8),
	SUMS(e9,  e10, e11, e12, e13, e14, e15, e16),
	SUMS(e17, e18, e19, e20, e21, e22, e23, e24),
	SUMS(e25, e26, e27, e28, e29, e30, e31, e32),
	SUMS(e33, e34, e35, e36, e37, e38, e39, e40),
	SUMS(e41, e42, e43, e44, e45, e46, e47, e48),
	SUMS(e49, e50, e51, e52, e53, e54, e55, e56),
	SUMS(e57, e58, e59, e60, e61, e62, e63, e64),
};
/* clang-format on */

/* What eight bytes become when all have left; the first of them is the lowest of @v. */
static u64 fold(const u64 table[8][256], u64 v)
{
	return table[7][v & 255] ^ table[6][v >> 8 & 255] ^ table[5][v >> 16 & 255] ^
	       table[4][v >> 24 & 255] ^ table[3][v >> 32 & 255] ^ table[2][v >> 40 & 255] ^
	       table[1][v >> 48 & 255] ^ table[0][v >> 56];
}

static u64 load(const u8 *p)
{
	le64 v;

	memcpy(&v, p, sizeof(v));
	return le64_get(v);
}

static u32 crc32c(u32 crc, const void *buf, size_t len)
{
	const u8 *p = buf;

	for (; len >= 8; len -= 8, p += 8)
		crc = (u32)fold(crc32c_table, load(p) ^ crc);
	for (; len; len--)
		crc = crc >> 8 ^ (u32)crc32c_table[0][(crc ^ *p++) & 255];
	return crc;
}

static u64 crc64(u64 crc, const void *buf, size_t len)
{
	const u8 *p = buf;

	for (; len >= 8; len -= 8, p += 8)
		crc = fold(crc64_table, load(p) ^ __builtin_bswap64(crc));
	for (; len; len--)
		crc = crc << 8 ^ crc64_table[0][crc >> 56 ^ *p++];
	return crc;
}

const struct bch_crc bch_crc_portable = { .name = "portable", crc32c, crc64 };
