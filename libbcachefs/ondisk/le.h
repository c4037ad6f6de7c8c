/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian integers as they lie on disk, and bounds-checked views of bytes. */

#ifndef BCHFS_ONDISK_LE_H
#define BCHFS_ONDISK_LE_H

#include <string.h>
#include <bcachefs/types.h>

/* Bytes, not numbers: a forgotten conversion does not compile, alignment and host order do not matter. */
typedef struct {
	u8 b[2];
} le16;

typedef struct {
	u8 b[4];
} le32;

typedef struct {
	u8 b[8];
} le64;

static inline u16 le16_get(le16 v)
{
	return (u16)(v.b[0] | v.b[1] << 8);
}

static inline u32 le32_get(le32 v)
{
	return (u32)v.b[0] | (u32)v.b[1] << 8 | (u32)v.b[2] << 16 | (u32)v.b[3] << 24;
}

static inline u64 le64_get(le64 v)
{
	u32 lo = (u32)v.b[0] | (u32)v.b[1] << 8 | (u32)v.b[2] << 16 | (u32)v.b[3] << 24;
	u32 hi = (u32)v.b[4] | (u32)v.b[5] << 8 | (u32)v.b[6] << 16 | (u32)v.b[7] << 24;

	return lo | (u64)hi << 32;
}

static inline le16 le16_of(u16 v)
{
	return (le16){ { (u8)v, (u8)(v >> 8) } };
}

static inline le32 le32_of(u32 v)
{
	return (le32){ { (u8)v, (u8)(v >> 8), (u8)(v >> 16), (u8)(v >> 24) } };
}

static inline le64 le64_of(u64 v)
{
	le64 r;

	for (unsigned i = 0; i < 8; i++)
		r.b[i] = (u8)(v >> 8 * i);
	return r;
}

/* The bits [lo, hi) of @v, and @v with them replaced. hi - lo < 64. */
static inline u64 bch_bits_get(u64 v, unsigned lo, unsigned hi)
{
	return v >> lo & ((1ULL << (hi - lo)) - 1);
}

static inline u64 bch_bits_set(u64 v, unsigned lo, unsigned hi, u64 bits)
{
	u64 mask = ((1ULL << (hi - lo)) - 1) << lo;

	return (v & ~mask) | (bits << lo & mask);
}

/* Somebody else's bytes. p is NULL where there are none. */
struct bch_bytes {
	const u8 *p;
	size_t len;
};

/* NULL unless [offset, offset + size) lies within b. */
static inline const void *bch_bytes_view(struct bch_bytes b, size_t offset, size_t size)
{
	return b.p && offset <= b.len && size <= b.len - offset ? b.p + offset : NULL;
}

/* b without its first @offset bytes; empty where it is shorter. */
static inline struct bch_bytes bch_bytes_from(struct bch_bytes b, size_t offset)
{
	if (!b.p || offset >= b.len)
		return (struct bch_bytes){ 0 };
	return (struct bch_bytes){ b.p + offset, b.len - offset };
}

static inline bool bch_bytes_are_zero(struct bch_bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i])
			return false;
	return true;
}

#endif
