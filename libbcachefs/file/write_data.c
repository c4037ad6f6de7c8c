// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data of files as a stream: cut into blobs and holes, padded to blocks, small ends put into keys. Format reference:
 * 05 §6.2, §10.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "file/write.h"
#include "ondisk/csum_types.h"
#include "super/super.h"

#define INLINE_MAX     1024U
#define PLAIN_BLOB_MAX (1U << 20) /* bytes, of data that is stored as it is */
#define CODED_BLOB_MAX 8192U	  /* sectors, of any crc */

struct bch_data_writer {
	struct bch_batch batch;
	struct bch_data_file file;
	u32 opts_idx;	/* of the file in the batch; U32_MAX: not there yet */
	u32 bucket_max; /* bytes: the smallest bucket of all members */
	u32 coded_max;	/* bytes of a blob that is checksummed or compressed */
	u32 blob_max;	/* for the file */
	u64 pos;	/* of the next byte in the file */
	u64 blob_start; /* where in the file the blob at hand begins */
	u32 blob_len;	/* what there is of it, in bytes */
	bool has_blob;
	bool no_inline;
	u64 nr_sectors;
	int failed;
};

/* ------------------------------------------------------------------ begin and end of a writer */

static u32 smallest_bucket(const struct bch_fs *fs)
{
	struct bch_member m;
	u32 least = BCH_BATCH_BYTES;

	for (u32 i = 0; i < fs->nr_members; i++)
		if (bch_super_member(&fs->super, i, &m) && bch_member_alive(&m) &&
		    BCH_BYTES(m.bucket_size) < least)
			least = (u32)BCH_BYTES(m.bucket_size);
	return least;
}

static u32 smaller(u64 a, u64 b)
{
	return (u32)(a < b ? a : b);
}

int bch_data_writer_new(struct bch_fs *fs, const struct bch_data_writer_opts *opts,
			struct bch_data_writer **writer)
{
	struct bch_data_writer *w = bch_calloc(1, sizeof(*w));
	u64 coded_max;
	int err = w ? bch_batch_begin(&w->batch, fs) : -BCH_ERR_no_memory;

	if (!err && opts && opts->dedupe)
		err = bch_dedupe_new(fs, &w->batch.dedupe);
	if (err) {
		bch_data_writer_free(w);
		return err;
	}
	w->no_inline = opts && opts->no_inline;
	w->bucket_max = smallest_bucket(fs);
	coded_max = bch_sb_opt(fs->super.sb, BCH_OPT_encoded_extent_max);
	w->coded_max = smaller(smaller(coded_max, BCH_BYTES(CODED_BLOB_MAX)), w->bucket_max);
	*writer = w;
	return 0;
}

void bch_data_writer_free(struct bch_data_writer *w)
{
	if (!w)
		return;
	bch_batch_end(&w->batch);
	free(w);
}

/* ------------------------------------------------------------------ a file */

/* Format reference: 05 §3.1. */
u8 bch_io_csum_type(const struct bch_fs *fs, const struct bch_io_opts *io)
{
	static const u8 types[] = { BCH_CSUM_none, BCH_CSUM_crc32c, BCH_CSUM_crc64,
				    BCH_CSUM_xxhash };
	const struct bch_sb *sb = fs->super.sb;

	if (io->nocow)
		return BCH_CSUM_none;
	if (bch_sb_flag(sb, BCH_SB_ENCRYPTION_TYPE))
		return bch_sb_opt(sb, BCH_OPT_wide_macs) ? BCH_CSUM_chacha20_poly1305_128
							 : BCH_CSUM_chacha20_poly1305_80;
	return types[io->data_checksum % bch_array_size(types)];
}

void bch_data_begin(struct bch_data_writer *w, const struct bch_data_file *file)
{
	struct bch_io_opts *io = &w->file.opts;
	u8 csum_type;

	w->file = *file;
	if (!io->data_replicas)
		io->data_replicas = 1;
	if (io->data_replicas > BCH_REPLICAS_MAX)
		io->data_replicas = BCH_REPLICAS_MAX;
	csum_type = bch_io_csum_type(w->batch.fs, io);
	w->blob_max = csum_type || bch_compression_type(io->compression)
			      ? w->coded_max
			      : smaller(PLAIN_BLOB_MAX, w->bucket_max);
	w->opts_idx = BCH_U32_MAX;
	w->pos = w->nr_sectors = 0;
	w->has_blob = false;
}

static int fail(struct bch_data_writer *w, int err)
{
	w->failed = err;
	return err;
}

static int write_batch(struct bch_data_writer *w)
{
	int err = bch_batch_write(&w->batch);

	w->opts_idx = BCH_U32_MAX;
	return err;
}

/* ------------------------------------------------------------------ blobs */

static int put_inline(struct bch_data_writer *w)
{
	struct bch_batch *b = &w->batch;
	u32 nr_sectors = (u32)BCH_SECTORS(b->block_bytes);
	const struct bch_key k = {
		.pos = bch_spos(w->file.inum, BCH_SECTORS(w->blob_start) + nr_sectors,
				w->file.snapshot),
		.size = nr_sectors,
		.type = BCH_KEY_inline_data,
		.val = { b->in + b->nr_in, (w->blob_len + 7) / 8 * 8 },
	};

	bch_writer_need_feature(b->fs, BCH_FEATURE_inline_data);
	w->nr_sectors += nr_sectors;
	return bch_update(b->fs, BCH_BTREE_extents, &k, 0);
}

static int need_opts(struct bch_data_writer *w)
{
	struct bch_batch *b = &w->batch;
	const struct bch_write_opts opts = { .io = w->file.opts,
					     .csum_type = bch_io_csum_type(b->fs, &w->file.opts) };

	if (w->opts_idx != BCH_U32_MAX)
		return 0;
	if (b->opts.nr && !memcmp(&b->opts.v[b->opts.nr - 1], &opts, sizeof(opts))) {
		w->opts_idx = (u32)b->opts.nr - 1;
		return 0;
	}
	w->opts_idx = (u32)b->opts.nr;
	return bch_array_push(&b->opts, opts);
}

/* Bytes [@skip, @skip + @len) of the blob at hand, whole blocks. */
static int add_blob(struct bch_data_writer *w, u32 skip, u32 len)
{
	const struct bch_write_blob blob = {
		.inum = w->file.inum,
		.start_sector = BCH_SECTORS(w->blob_start + skip),
		.snapshot = w->file.snapshot,
		.nr_sectors = (u32)BCH_SECTORS(len),
		.opts = w->opts_idx,
		.in = w->batch.nr_in + skip,
	};

	w->nr_sectors += blob.nr_sectors;
	return bch_array_push(&w->batch.blobs, blob);
}

static bool is_zero(const u8 *p, u32 len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

/* Runs of blocks that are not zero. */
static int add_runs(struct bch_data_writer *w, u32 len)
{
	const u8 *p = w->batch.in + w->batch.nr_in;
	u32 block = w->batch.block_bytes, start = 0, at = 0;
	int err = 0;

	for (; at < len && !err; at += block) {
		if (!is_zero(p + at, block))
			continue;
		if (at > start)
			err = add_blob(w, start, at - start);
		start = at + block;
	}
	return err || at == start ? err : add_blob(w, start, at - start);
}

static u32 inline_max(const struct bch_data_writer *w)
{
	return w->no_inline ? 0 : smaller(w->batch.block_bytes / 2, INLINE_MAX);
}

/* The blob at hand is complete: with it (@ends) the file. */
static int end_blob(struct bch_data_writer *w, bool ends)
{
	struct bch_batch *b = &w->batch;
	u32 block = b->block_bytes, len = (w->blob_len + block - 1) / block * block;
	u8 *p = b->in + b->nr_in;
	int err;

	w->has_blob = false;
	memset(p + w->blob_len, 0, len - w->blob_len);
	if (w->file.skip_zeroes && is_zero(p, len))
		return 0;
	if (ends && w->blob_len <= inline_max(w))
		return put_inline(w);
	err = need_opts(w);
	if (!err)
		err = w->file.skip_zeroes ? add_runs(w, len) : add_blob(w, 0, len);
	b->nr_in += len;
	return err;
}

/* Blobs end at multiples of their greatest size, so that files that differ in their holes are cut alike. */
static u32 blob_limit(const struct bch_data_writer *w)
{
	return w->blob_max - (u32)(w->blob_start % w->blob_max);
}

static int begin_blob(struct bch_data_writer *w)
{
	struct bch_batch *b = &w->batch;
	int err = 0;

	w->blob_len = (u32)(w->pos % b->block_bytes);
	w->blob_start = w->pos - w->blob_len;
	if (BCH_BATCH_BYTES - b->nr_in < blob_limit(w))
		err = write_batch(w);
	memset(b->in + b->nr_in, 0, w->blob_len);
	w->has_blob = !err;
	return err;
}

/* ------------------------------------------------------------------ the stream */

int bch_data_room(struct bch_data_writer *w, void **buf, size_t *len)
{
	int err = w->failed;

	if (!err && !w->has_blob)
		err = begin_blob(w);
	if (err)
		return fail(w, err);
	*buf = w->batch.in + w->batch.nr_in + w->blob_len;
	*len = blob_limit(w) - w->blob_len;
	return 0;
}

int bch_data_put(struct bch_data_writer *w, const void *buf, size_t len)
{
	const u8 *from = buf;
	size_t room;
	void *to;

	for (size_t n; len; from += n, len -= n) {
		int err = bch_data_room(w, &to, &room);

		if (err)
			return err;
		n = len < room ? len : room;
		if (to != from)
			memcpy(to, from, n);
		w->blob_len += (u32)n;
		w->pos += n;
		if (n == room)
			err = end_blob(w, false);
		if (err)
			return fail(w, err);
	}
	return 0;
}

int bch_data_hole(struct bch_data_writer *w, u64 len)
{
	u32 block = w->batch.block_bytes;
	u64 to_block = (block - w->pos % block) % block;
	u32 n = smaller(len, to_block);
	int err = w->failed;

	if (!err && w->has_blob) {
		memset(w->batch.in + w->batch.nr_in + w->blob_len, 0, n);
		w->blob_len += n;
		if (len >= to_block)
			err = end_blob(w, false);
	}
	w->pos += len;
	return err ? fail(w, err) : 0;
}

/* ------------------------------------------------------------------ what is there already */

/* As much as can be one extent. */
static u32 linked_len(const struct bch_data_writer *w, u64 sector, size_t len)
{
	u64 to_bucket_end = w->bucket_max - BCH_BYTES(sector) % w->bucket_max;

	return smaller(smaller(len, to_bucket_end), w->blob_max - (u32)(w->pos % w->blob_max));
}

static int put_linked(struct bch_data_writer *w, u64 sector, const u8 *bytes, u32 len)
{
	struct bch_batch *b = &w->batch;
	u32 nr_sectors = (u32)BCH_SECTORS(len);
	struct bch_write_piece p = {
		.inum = w->file.inum,
		.start_sector = BCH_SECTORS(w->pos),
		.snapshot = w->file.snapshot,
		.opts = w->opts_idx,
		.crc = { .compressed_sectors = nr_sectors,
			 .uncompressed_sectors = nr_sectors,
			 .csum_type = b->opts.v[w->opts_idx].csum_type },
		.ptrs = { { .offset_sectors = sector } },
		.nr_ptrs = 1,
	};
	struct bch_csum csum;
	int err = bch_csum(p.crc.csum_type, b->fs->key, bch_piece_nonce(&p), bytes, len, &csum);

	if (err)
		return err;
	p.crc.csum_lo = csum.lo;
	p.crc.csum_hi = csum.hi;
	w->nr_sectors += nr_sectors;
	w->pos += len;
	return bch_batch_put_key(b, &p);
}

int bch_data_link(struct bch_data_writer *w, u64 sector, const void *bytes, size_t len)
{
	const u8 *p = bytes;
	int err = bch_data_hole(w, 0); /* the blob at hand ends before it */

	while (!err && len) {
		u32 n = linked_len(w, sector, len);

		err = need_opts(w);
		if (!err)
			err = put_linked(w, sector, p, n);
		sector += BCH_SECTORS(n);
		p += n;
		len -= n;
	}
	return err ? fail(w, err) : 0;
}

int bch_data_end(struct bch_data_writer *w, u64 *nr_sectors)
{
	int err = w->failed;

	if (!err && w->has_blob && w->blob_len)
		err = end_blob(w, true);
	w->has_blob = false;
	if (nr_sectors)
		*nr_sectors = w->nr_sectors;
	return err ? fail(w, err) : 0;
}

int bch_data_writer_flush(struct bch_data_writer *w)
{
	int err = w->failed ? w->failed : write_batch(w);

	return err ? fail(w, err) : 0;
}

u64 bch_data_writer_shared(const struct bch_data_writer *w)
{
	return BCH_BYTES(bch_dedupe_sectors(w->batch.dedupe));
}
