/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of qcow2 files, big-endian, in clusters of one size.
 *
 * The header names the L1 table; its entries name L2 tables of one cluster each; their entries name
 * clusters of data. An entry of 0 is what nothing was written to: zeroes.
 */

#ifndef BCHFS_IO_QCOW2_H
#define BCHFS_IO_QCOW2_H

#include "io/io.h"

typedef struct {
	u8 b[4];
} be32;

typedef struct {
	u8 b[8];
} be64;

static inline u32 be32_get(be32 v)
{
	return (u32)v.b[0] << 24 | (u32)v.b[1] << 16 | (u32)v.b[2] << 8 | (u32)v.b[3];
}

static inline u64 be64_get(be64 v)
{
	be32 hi = { { v.b[0], v.b[1], v.b[2], v.b[3] } };
	be32 lo = { { v.b[4], v.b[5], v.b[6], v.b[7] } };

	return (u64)be32_get(hi) << 32 | be32_get(lo);
}

static inline be32 be32_of(u32 v)
{
	return (be32){ { (u8)(v >> 24), (u8)(v >> 16), (u8)(v >> 8), (u8)v } };
}

static inline be64 be64_of(u64 v)
{
	be64 r;

	for (unsigned i = 0; i < sizeof(r.b); i++)
		r.b[i] = (u8)(v >> (56 - 8 * i));
	return r;
}

#define BCH_QCOW2_MAGIC		   0x514649fbU /* "QFI\xfb" */
#define BCH_QCOW2_CLUSTER_BITS_MIN 9U
#define BCH_QCOW2_CLUSTER_BITS_MAX 21U

/* Of entries, in both tables. */
#define BCH_QCOW2_OFFSET     0x00fffffffffffe00ULL
#define BCH_QCOW2_COPIED     (1ULL << 63) /* nobody else refers to it */
#define BCH_QCOW2_COMPRESSED (1ULL << 62)
#define BCH_QCOW2_ZERO	     (1ULL << 0) /* since version 3: zeroes, although it names a cluster */

/* Of incompatible_features: what changes where and how clusters lie. */
#define BCH_QCOW2_EXTERNAL_DATA (1ULL << 2)
#define BCH_QCOW2_EXTENDED_L2	(1ULL << 4)
/* What does not: refcounts are stale, the image was found corrupt, another way of compressing. */
#define BCH_QCOW2_HARMLESS (1ULL << 0 | 1ULL << 1 | 1ULL << 3)

struct bch_qcow2_header {
	be32 magic;
	be32 version;
	be64 backing_file_offset; /* 0: none */
	be32 backing_file_size;
	be32 cluster_bits;
	be64 size; /* bytes of the device */
	be32 crypt_method;
	be32 l1_size; /* entries */
	be64 l1_table_offset;
	be64 refcount_table_offset;
	be32 refcount_table_clusters;
	be32 nb_snapshots;
	be64 snapshots_offset;
	/* version 2 ends here */
	be64 incompatible_features;
};
_Static_assert(sizeof(struct bch_qcow2_header) == 80, "72 bytes of version 2, and one field");

#define BCH_QCOW2_HEADER_V2 offsetof(struct bch_qcow2_header, incompatible_features)

/*
 * Where @dev, the bottom, is a file that begins with the magic, stacks the reader on it. After an
 * error, which is said, @dev is closed and NULL: writers are refused, and compressed dumps.
 */
int bch_qcow2_stack(struct bch_blkdev **dev);

#endif
