// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of compression, and how a blob of each is framed. Format reference: 05 §4.2. */

#include "codec/codec.h"

#include <limits.h>

#include <lz4.h>
#include <zstd.h>

#include <bcachefs/error.h>
#include "codec/inflate.h"
#include "ondisk/csum_types.h"
#include "ondisk/le.h"

/* One block; where it ends in the padding is not stored, so its decoder stops when it has all. */
static int decode_lz4(const void *blob, size_t len, void *out, size_t out_len)
{
	int have;

	if (len > INT_MAX || out_len > LZ4_MAX_INPUT_SIZE)
		return -BCH_ERR_data_compression;
	have = LZ4_decompress_safe_partial(blob, out, (int)len, (int)out_len, (int)out_len);
	return have == (int)out_len ? 0 : -BCH_ERR_data_compression;
}

/* The length of the frame, the frame, padding. */
static int decode_zstd(const void *blob, size_t len, void *out, size_t out_len)
{
	struct bch_bytes b = { blob, len };
	const le32 *length = bch_bytes_view(b, 0, sizeof(*length));
	const void *frame = length ? bch_bytes_view(b, sizeof(*length), le32_get(*length)) : NULL;
	ZSTD_DCtx *context;
	size_t have;

	if (!frame)
		return -BCH_ERR_data_compression;
	context = ZSTD_createDCtx();
	if (!context)
		return -BCH_ERR_no_memory;
	have = ZSTD_decompressDCtx(context, out, out_len, frame, le32_get(*length));
	ZSTD_freeDCtx(context);
	return have == out_len ? 0 : -BCH_ERR_data_compression;
}

static int (*const decoders[BCH_COMPRESSION_NR])(const void *blob, size_t len, void *out,
						 size_t out_len) = {
	[BCH_COMPRESSION_lz4_old] = decode_lz4,
	[BCH_COMPRESSION_gzip] = bch_inflate,
	[BCH_COMPRESSION_lz4] = decode_lz4,
	[BCH_COMPRESSION_zstd] = decode_zstd,
};

int bch_decompress(u8 type, const void *blob, size_t len, void *out, size_t out_len)
{
	if (type >= BCH_COMPRESSION_NR || !decoders[type])
		return -BCH_ERR_invalid_argument;
	return decoders[type](blob, len, out, out_len);
}
