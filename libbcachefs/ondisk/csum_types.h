/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksum and compression types as extents store them. Format reference: 05 §3.1, §4.1. */

#ifndef BCHFS_ONDISK_CSUM_TYPES_H
#define BCHFS_ONDISK_CSUM_TYPES_H

/* clang-format off */
/* Number, name, bytes stored. */
#define BCH_CSUM_TYPES(C)			\
	C(0, none,			0)	\
	C(1, crc32c_nonzero,		4)	\
	C(2, crc64_nonzero,		8)	\
	C(3, chacha20_poly1305_80,	10)	\
	C(4, chacha20_poly1305_128,	16)	\
	C(5, crc32c,			4)	\
	C(6, crc64,			8)	\
	C(7, xxhash,			8)

/* Number, name. */
#define BCH_COMPRESSION_TYPES(C)	\
	C(0, none)			\
	C(1, lz4_old)			\
	C(2, gzip)			\
	C(3, lz4)			\
	C(4, zstd)			\
	C(5, incompressible)

enum bch_csum_type {
#define C(nr, name, bytes) BCH_CSUM_##name = nr,
	BCH_CSUM_TYPES(C)
#undef C
	BCH_CSUM_NR
};

enum bch_compression_type {
#define C(nr, name) BCH_COMPRESSION_##name = nr,
	BCH_COMPRESSION_TYPES(C)
#undef C
	BCH_COMPRESSION_NR
};
/* clang-format on */

/* End with NULL. */
extern const char *const bch_csum_type_names[];
extern const char *const bch_compression_type_names[];

#endif
