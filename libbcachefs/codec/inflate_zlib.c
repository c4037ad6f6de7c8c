// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw deflate by zlib, which is everywhere. */

#include "inflate.h"

#include <limits.h>
#include <zlib.h>

#include <bcachefs/error.h>

#define WINDOW_BITS (-15) /* negative: no header, no trailer */

int bch_inflate_zlib(const void *blob, size_t len, void *out, size_t out_len)
{
	z_stream z = { .next_in = (z_const Bytef *)blob, .next_out = out };
	int end;

	if (len > UINT_MAX || out_len > UINT_MAX)
		return -BCH_ERR_data_compression;
	z.avail_in = (uInt)len;
	z.avail_out = (uInt)out_len;
	if (inflateInit2(&z, WINDOW_BITS) != Z_OK)
		return -BCH_ERR_no_memory;
	end = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return end == Z_STREAM_END && !z.avail_out ? 0 : -BCH_ERR_data_compression;
}
