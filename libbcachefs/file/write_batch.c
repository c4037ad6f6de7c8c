// SPDX-License-Identifier: GPL-2.0-or-later
/* A batch of file data: compressed, placed, encrypted, checksummed, written, and put as keys. Format reference: 05. */

#include "file/write.h"

#include <stdlib.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "file/blob.h"
#include "ondisk/csum_types.h"

/* ------------------------------------------------------------------ compress */

int bch_batch_compress(struct bch_batch *b, u32 worker_idx, u8 option, const u8 *in, size_t len,
		       u8 *out, size_t out_size)
{
	struct bch_compressor **c = &b->compressors.v[worker_idx];
	size_t padded;
	int n;

	if (len <= b->block_bytes)
		return 0;
	if (!*c)
		*c = bch_compressor_new();
	if (!*c)
		return -BCH_ERR_no_memory;
	if (out_size > len - b->block_bytes)
		out_size = len - b->block_bytes;
	n = bch_compress(*c, option, in, len, out, out_size);
	if (n <= 0)
		return n;
	padded = ((size_t)n + b->block_bytes - 1) / b->block_bytes * b->block_bytes;
	memset(out + n, 0, padded - (size_t)n);
	return (int)padded;
}

static int compress_one(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_batch *b = arg;
	struct bch_write_blob *blob = &b->blobs.v[idx];
	u8 option = b->opts.v[blob->opts].io.compression;
	size_t len = BCH_BYTES(blob->nr_sectors);
	int n = 0;

	if (bch_compression_type(option))
		n = bch_batch_compress(b, worker_idx, option, b->in + blob->in, len,
				       b->scratch + blob->in, len);
	if (n < 0)
		return n;
	blob->compressed_sectors = (u32)BCH_SECTORS(n);
	return 0;
}

/* ------------------------------------------------------------------ encode, write */

static struct bch_key key_of(const struct bch_write_piece *p)
{
	return (struct bch_key){
		.pos = bch_spos(p->inum, p->start_sector + p->crc.uncompressed_sectors,
				p->snapshot),
		.size = p->crc.uncompressed_sectors,
		.type = BCH_KEY_extent,
		.version_lo = p->version,
	};
}

struct bch_nonce bch_piece_nonce(const struct bch_write_piece *p)
{
	struct bch_key k = key_of(p);

	return bch_blob_nonce(&k, &p->crc);
}

static int encode_one(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_batch *b = arg;
	struct bch_write_piece *p = &b->pieces.v[idx];
	struct bch_nonce nonce = bch_piece_nonce(p);
	size_t len = BCH_BYTES(p->crc.compressed_sectors);
	u8 *out = b->out + p->out;
	struct bch_csum csum;
	int err;

	if (p->bytes)
		memcpy(out, p->bytes, len);
	err = bch_crypt(p->crc.csum_type, b->fs->key, nonce, out, len);
	if (!err)
		err = bch_csum(p->crc.csum_type, b->fs->key, nonce, out, len, &csum);
	if (err)
		return err;
	p->crc.csum_lo = csum.lo;
	p->crc.csum_hi = csum.hi;
	return 0;
}

static int write_one(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_batch *b = arg;
	const struct bch_write_run *r = &b->runs.v[idx];
	int err = 0;

	for (u32 i = 0; i < r->nr_ptrs && !err; i++)
		err = bch_blkdev_write(b->fs->members[r->ptrs[i].dev_idx].blkdev, b->out + r->out,
				       r->len, BCH_BYTES(r->ptrs[i].offset_sectors));
	return err;
}

/* ------------------------------------------------------------------ keys */

int bch_batch_put_key(struct bch_batch *b, const struct bch_write_piece *p)
{
	struct bch_extent_val val = { .nr = 0 };
	const struct bch_io_opts *io = &b->opts.v[p->opts].io;
	struct bch_extent_opts rebalance;
	struct bch_key k = key_of(p);

	bch_extent_val_crc(&val, &p->crc);
	for (u32 i = 0; i < p->nr_ptrs; i++)
		bch_extent_val_ptr(&val, &p->ptrs[i]);
	k.val = (struct bch_bytes){ val.v->b, val.nr * sizeof(*val.v) };
	if (bch_io_opts_rebalance(b->fs, io, &k, &rebalance))
		bch_extent_val_rebalance(&val, &rebalance);
	k.val.len = val.nr * sizeof(*val.v);
	bch_io_need_compression(b->fs, io->compression);
	bch_io_need_compression(b->fs, io->background_compression);
	b->fs->state.clock[1] += k.size;
	return bch_update(b->fs, BCH_BTREE_extents, &k, 0);
}

static int put_keys(struct bch_batch *b)
{
	int err = 0;

	for (size_t i = 0; i < b->pieces.nr && !err; i++)
		err = bch_batch_put_key(b, &b->pieces.v[i]);
	return err;
}

/* ------------------------------------------------------------------ all */

static void reset(struct bch_batch *b)
{
	b->nr_in = b->nr_out = 0;
	b->opts.nr = b->blobs.nr = b->pieces.nr = b->runs.nr = 0;
}

int bch_batch_write(struct bch_batch *b)
{
	struct bch_thread_pool *pool = bch_writer_pool(b->fs);
	int err = b->dedupe ? bch_dedupe_find(b) : 0;

	if (!err)
		err = bch_thread_pool_for_each(pool, b->blobs.nr, compress_one, b);
	if (!err)
		err = bch_batch_place(b);
	if (!err)
		err = bch_thread_pool_for_each(pool, b->pieces.nr, encode_one, b);
	if (!err)
		err = bch_thread_pool_for_each(pool, b->runs.nr, write_one, b);
	if (!err)
		err = put_keys(b);
	if (!err && b->dedupe)
		err = bch_dedupe_put(b);
	reset(b);
	return err;
}

int bch_batch_begin(struct bch_batch *b, struct bch_fs *fs)
{
	u32 nr_workers = bch_thread_pool_nr_workers(bch_writer_pool(fs));

	b->fs = fs;
	b->block_bytes = (u32)BCH_BYTES(le16_get(fs->super.sb->block_size));
	b->in = bch_malloc(BCH_BATCH_BYTES);
	b->scratch = bch_malloc(BCH_BATCH_BYTES);
	b->out = bch_malloc(BCH_BATCH_BYTES);
	for (u32 i = 0; i < nr_workers; i++)
		if (bch_array_push(&b->compressors, (struct bch_compressor *)NULL))
			return -BCH_ERR_no_memory;
	return b->in && b->scratch && b->out ? 0 : -BCH_ERR_no_memory;
}

void bch_batch_end(struct bch_batch *b)
{
	for (size_t i = 0; i < b->compressors.nr; i++)
		bch_compressor_free(b->compressors.v[i]);
	bch_array_end(&b->compressors);
	bch_array_end(&b->opts);
	bch_array_end(&b->blobs);
	bch_array_end(&b->pieces);
	bch_array_end(&b->runs);
	bch_dedupe_free(b->dedupe);
	free(b->in);
	free(b->scratch);
	free(b->out);
}
