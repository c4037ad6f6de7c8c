/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format's two CRCs, as registers that nobody inverts. Format reference: 05 §3.1. */

#ifndef BCHFS_CODEC_CRC_H
#define BCHFS_CODEC_CRC_H

#include <bcachefs/types.h>

#define BCH_CRC32C_POLY 0x82f63b78U	      /* reflected: the lowest bit leaves first */
#define BCH_CRC64_POLY	0x42f0e1eba9ea3693ULL /* not reflected: the highest bit leaves first */

/* One way to compute them. Each function gives the register @crc after @len bytes of @buf. */
struct bch_crc {
	const char *name;
	u32 (*crc32c)(u32 crc, const void *buf, size_t len);
	u64 (*crc64)(u64 crc, const void *buf, size_t len);
};

extern const struct bch_crc bch_crc_portable;
extern const struct bch_crc bch_crc_isal; /* not linked with BCH_NO_ISAL */

#ifdef BCH_NO_ISAL
#define BCH_CRC bch_crc_portable
#else
#define BCH_CRC bch_crc_isal
#endif

/* The register after @len zero bytes, in time that grows with the logarithm of @len. */
u32 bch_crc32c_zeroes(u32 crc, u64 len);
u64 bch_crc64_zeroes(u64 crc, u64 len);

#endif
