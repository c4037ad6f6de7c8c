/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer names and compiler attributes that all other headers use. */

#ifndef BCHFS_TYPES_H
#define BCHFS_TYPES_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define BCH_U64_MAX UINT64_MAX
#define BCH_U32_MAX UINT32_MAX

#define BCH_SECTOR_SHIFT 9
#define BCH_SECTOR_SIZE	 (1U << BCH_SECTOR_SHIFT)

/* Bytes per sector times a number of sectors, and back (rounded down). */
#define BCH_SECTORS(bytes) ((u64)(bytes) >> BCH_SECTOR_SHIFT)
#define BCH_BYTES(sectors) ((u64)(sectors) << BCH_SECTOR_SHIFT)

#define bch_array_size(a) (sizeof(a) / sizeof((a)[0]))

/* A variable declared with bch_auto(x) is given to bch_x_cleanup() when its scope ends. */
#define bch_auto(x)	     __attribute__((cleanup(bch_##x##_cleanup)))
#define bch_printf(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define bch_must_check	     __attribute__((warn_unused_result))

#endif
