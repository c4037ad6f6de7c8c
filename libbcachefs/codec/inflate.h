/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw deflate streams (RFC 1951): two ways to decode them. Format reference: 05 §4.2. */

#ifndef BCHFS_CODEC_INFLATE_H
#define BCHFS_CODEC_INFLATE_H

#include <bcachefs/types.h>

/* Up to the mark of the end; what follows it is padding. Return: as bch_decompress(). */
int bch_inflate_zlib(const void *blob, size_t len, void *out, size_t out_len);
int bch_inflate_isal(const void *blob, size_t len, void *out,
		     size_t out_len); /* not linked with BCH_NO_ISAL */

#ifdef BCH_NO_ISAL
#define bch_inflate bch_inflate_zlib
#else
#define bch_inflate bch_inflate_isal
#endif

#endif
