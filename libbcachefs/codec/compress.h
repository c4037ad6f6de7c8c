/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed data as it is stored. Format reference: 05 §4. */

#ifndef BCHFS_CODEC_COMPRESS_H
#define BCHFS_CODEC_COMPRESS_H

#include <bcachefs/types.h>

/*
 * Decodes a stored blob, its padding included, into exactly @out_len bytes. @type: enum bch_compression_type. A pure
 * function, safe on any bytes; after an error @out is anything.
 *
 * Return: 0, or
 *   -BCH_ERR_data_compression	the bytes are damaged, or give more or less than @out_len
 *   -BCH_ERR_invalid_argument	@type is none that compresses
 *   -BCH_ERR_no_memory
 *
 * Format reference: 05 §4.2.
 */
int bch_decompress(u8 type, const void *blob, size_t len, void *out, size_t out_len);

#endif
