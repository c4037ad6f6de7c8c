// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of compression that are written, one blob at a time. Format reference: 05 §4.1, §4.2. */

#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <lz4hc.h>
#include <zlib.h>
#include <zstd.h>

#include "base/memory.h"
#include "ondisk/csum_types.h"
#include "ondisk/le.h"

#define OPTION_LZ4  1
#define OPTION_GZIP 2
#define OPTION_ZSTD 3

#define GZIP_LEVEL	 6     /* where none is asked for */
#define GZIP_WINDOW_BITS (-15) /* negative: no header, no trailer */
#define GZIP_MEM_LEVEL	 8
#define LZ4HC_LEVEL_MIN	 3
#define ZSTD_LEVEL_MAX	 22

struct bch_compressor {
	void *lz4; /* of LZ4_sizeofState(), or of HC; made when first used */
	void *lz4hc;
	ZSTD_CCtx *zstd;
	z_stream gzip;
	int gzip_level; /* that @gzip is set up for; 0: it is not */
};

struct bch_compressor *bch_compressor_new(void)
{
	return bch_calloc(1, sizeof(struct bch_compressor));
}

void bch_compressor_free(struct bch_compressor *c)
{
	if (!c)
		return;
	free(c->lz4);
	free(c->lz4hc);
	ZSTD_freeCCtx(c->zstd);
	if (c->gzip_level)
		deflateEnd(&c->gzip);
	free(c);
}

/* ------------------------------------------------------------------ one kind each */

static void *state(void **state, size_t size)
{
	if (!*state)
		*state = bch_malloc(size);
	return *state;
}

static int lz4(struct bch_compressor *c, u32 level, const void *data, size_t len, void *out,
	       size_t out_size)
{
	if (level < LZ4HC_LEVEL_MIN)
		return state(&c->lz4, (size_t)LZ4_sizeofState())
			       ? LZ4_compress_fast_extState(c->lz4, data, out, (int)len,
							    (int)out_size, 1)
			       : -BCH_ERR_no_memory;
	return state(&c->lz4hc, (size_t)LZ4_sizeofStateHC())
		       ? LZ4_compress_HC_extStateHC(c->lz4hc, data, out, (int)len, (int)out_size,
						    (int)level)
		       : -BCH_ERR_no_memory;
}

static int set_up_gzip(struct bch_compressor *c, int level)
{
	if (c->gzip_level == level)
		return deflateReset(&c->gzip) == Z_OK ? 0 : -BCH_ERR_no_memory;
	if (c->gzip_level)
		deflateEnd(&c->gzip);
	memset(&c->gzip, 0, sizeof(c->gzip));
	c->gzip_level = 0;
	if (deflateInit2(&c->gzip, level, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -BCH_ERR_no_memory;
	c->gzip_level = level;
	return 0;
}

static int gzip(struct bch_compressor *c, u32 level, const void *data, size_t len, void *out,
		size_t out_size)
{
	int err = set_up_gzip(c, !level ? GZIP_LEVEL : level > 9 ? 9 : (int)level);

	if (err)
		return err;
	c->gzip.next_in = (z_const Bytef *)data;
	c->gzip.avail_in = (uInt)len;
	c->gzip.next_out = out;
	c->gzip.avail_out = (uInt)out_size;
	return deflate(&c->gzip, Z_FINISH) == Z_STREAM_END ? (int)(out_size - c->gzip.avail_out)
							   : 0;
}

/* The length of the frame, the frame. */
static int zstd(struct bch_compressor *c, u32 level, const void *data, size_t len, void *out,
		size_t out_size)
{
	u32 of_zstd = level * 3 / 2;
	le32 length;
	size_t n;

	if (out_size <= sizeof(length))
		return 0;
	if (!c->zstd)
		c->zstd = ZSTD_createCCtx();
	if (!c->zstd)
		return -BCH_ERR_no_memory;
	n = ZSTD_compressCCtx(c->zstd, (u8 *)out + sizeof(length), out_size - sizeof(length), data,
			      len, of_zstd > ZSTD_LEVEL_MAX ? ZSTD_LEVEL_MAX : (int)of_zstd);
	if (ZSTD_isError(n))
		return 0;
	length = le32_of((u32)n);
	memcpy(out, &length, sizeof(length));
	return (int)(n + sizeof(length));
}

/* ------------------------------------------------------------------ all */

static const struct {
	u8 type;
	int (*compress)(struct bch_compressor *c, u32 level, const void *data, size_t len,
			void *out, size_t out_size);
} kinds[] = {
	[OPTION_LZ4] = { BCH_COMPRESSION_lz4, lz4 },
	[OPTION_GZIP] = { BCH_COMPRESSION_gzip, gzip },
	[OPTION_ZSTD] = { BCH_COMPRESSION_zstd, zstd },
};

static unsigned kind_of(u8 option)
{
	unsigned kind = option & 15;

	return kind < sizeof(kinds) / sizeof(*kinds) ? kind : 0;
}

u8 bch_compression_type(u8 option)
{
	return kinds[kind_of(option)].type;
}

int bch_compress(struct bch_compressor *c, u8 option, const void *data, size_t len, void *out,
		 size_t out_size)
{
	unsigned kind = kind_of(option);

	if (!kind || len > BCH_COMPRESS_MAX)
		return -BCH_ERR_invalid_argument;
	return kinds[kind].compress(c, option >> 4, data, len, out,
				    out_size > len ? len : out_size);
}
