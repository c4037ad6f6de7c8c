// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the blobs of a batch go: one after another, by one thread, so that it follows from them alone. Format reference:
 * 05 §4.3, §5.4, §10.
 */

#include "commit/commit.h"
#include "file/write.h"
#include "ondisk/csum_types.h"
#include "super/super.h"

/* The end of a bucket is left unused rather than filled with less than this part of a compressed blob. */
#define WORTH_A_CUT    4
#define NR_CUTS_TRIED  3
#define BLOCKS_CUT_MIN 2 /* a single block is not compressed */

/* ------------------------------------------------------------------ pieces */

static bool follows(const struct bch_write_run *r, const struct bch_space_run *s)
{
	if (r->nr_ptrs != s->nr_ptrs)
		return false;
	for (u32 i = 0; i < r->nr_ptrs; i++)
		if (r->ptrs[i].dev_idx != s->ptrs[i].dev_idx ||
		    r->ptrs[i].offset_sectors + BCH_SECTORS(r->len) != s->ptrs[i].offset_sectors)
			return false;
	return true;
}

/* The next @len bytes of the output go to where the batch writes now. */
static int add_to_run(struct bch_batch *b, size_t len)
{
	struct bch_write_run *last = b->runs.nr ? &b->runs.v[b->runs.nr - 1] : NULL;
	struct bch_write_run run = { .nr_ptrs = b->space.nr_ptrs, .out = b->nr_out, .len = len };

	if (last && follows(last, &b->space)) {
		last->len += len;
		return 0;
	}
	memcpy(run.ptrs, b->space.ptrs, sizeof(run.ptrs));
	return bch_array_push(&b->runs, run);
}

/*
 * The first @nr_sectors of the blob, stored as @stored_sectors at @bytes (NULL: in their place in the output already),
 * compressed if these are fewer.
 */
static int add_piece(struct bch_batch *b, struct bch_write_blob *blob, u32 nr_sectors,
		     u32 stored_sectors, const u8 *bytes)
{
	const struct bch_write_opts *o = &b->opts.v[blob->opts];
	u8 type = bch_compression_type(o->io.compression);
	struct bch_write_piece p = {
		.inum = blob->inum,
		.start_sector = blob->start_sector,
		.snapshot = blob->snapshot,
		.opts = blob->opts,
		.bytes = bytes,
		.out = b->nr_out,
		.crc = { .compressed_sectors = stored_sectors,
			 .uncompressed_sectors = nr_sectors,
			 .csum_type = o->csum_type },
		.nr_ptrs = b->space.nr_ptrs,
	};
	int err;

	if (type)
		p.crc.compression_type =
			stored_sectors < nr_sectors ? type : BCH_COMPRESSION_incompressible;
	if (bch_csum_type_encrypts(o->csum_type))
		p.version = ++b->fs->state.key_version;
	memcpy(p.ptrs, b->space.ptrs, sizeof(p.ptrs));
	err = add_to_run(b, BCH_BYTES(stored_sectors));
	if (!err)
		err = bch_array_push(&b->pieces, p);
	b->nr_out += BCH_BYTES(stored_sectors);
	bch_space_take(bch_writer_space(b->fs), &b->space, stored_sectors);
	blob->start_sector += nr_sectors;
	blob->nr_sectors -= nr_sectors;
	blob->in += BCH_BYTES(nr_sectors);
	return err;
}

/* ------------------------------------------------------------------ places */

/* Has room for @nr_sectors at least be where the batch writes. */
static int find_space(struct bch_batch *b, const struct bch_write_blob *blob, u32 nr_sectors)
{
	const struct bch_io_opts *io = &b->opts.v[blob->opts].io;
	int err;

	if (b->space_opts == blob->opts && b->space.nr_sectors >= nr_sectors)
		return 0;
	err = bch_space_data(bch_writer_space(b->fs), io->foreground_target, io->data_replicas,
			     nr_sectors, &b->space);
	b->space_opts = err ? BCH_U32_MAX : blob->opts;
	return err;
}

static int place_raw(struct bch_batch *b, struct bch_write_blob *blob)
{
	int err = find_space(b, blob, (u32)BCH_SECTORS(b->block_bytes));
	u32 room = b->space.nr_sectors - b->space.nr_sectors % (u32)BCH_SECTORS(b->block_bytes);

	if (err)
		return err;
	room = blob->nr_sectors < room ? blob->nr_sectors : room;
	return add_piece(b, blob, room, room, b->in + blob->in);
}

/* Fills the end of a bucket with as much of a blob as fits in it compressed. 1, or 0 where nothing was done. */
static int place_part(struct bch_batch *b, struct bch_write_blob *blob)
{
	u8 option = b->opts.v[blob->opts].io.compression;
	size_t room = BCH_BYTES(b->space.nr_sectors) / b->block_bytes * b->block_bytes;
	u64 len = BCH_BYTES((u64)blob->nr_sectors * BCH_SECTORS(room) / blob->compressed_sectors);

	for (u32 i = 0; i < NR_CUTS_TRIED; i++) {
		int n, err;

		len = len / b->block_bytes * b->block_bytes;
		if (len < (u64)BLOCKS_CUT_MIN * b->block_bytes ||
		    len >= BCH_BYTES(blob->nr_sectors))
			return 0;
		n = bch_batch_compress(b, 0, option, b->in + blob->in, len, b->out + b->nr_out,
				       room);
		if (n < 0)
			return n;
		if (!n) {
			len -= len / 8 > b->block_bytes ? len / 8 : b->block_bytes;
			continue;
		}
		err = add_piece(b, blob, (u32)BCH_SECTORS(len), (u32)BCH_SECTORS(n), NULL);
		return err ? err : 1;
	}
	return 0;
}

/* The rest of a blob that was cut is a blob of its own. */
static int compress_rest(struct bch_batch *b, struct bch_write_blob *blob)
{
	size_t len = BCH_BYTES(blob->nr_sectors);
	int n = bch_batch_compress(b, 0, b->opts.v[blob->opts].io.compression, b->in + blob->in,
				   len, b->scratch + blob->in, len);

	if (n < 0)
		return n;
	blob->compressed_sectors = (u32)BCH_SECTORS(n);
	return 0;
}

static int place_compressed(struct bch_batch *b, struct bch_write_blob *blob)
{
	int done = 0, err = find_space(b, blob, (u32)BCH_SECTORS(b->block_bytes));

	if (err)
		return err;
	if (b->space.nr_sectors < blob->compressed_sectors &&
	    b->space.nr_sectors >= blob->compressed_sectors / WORTH_A_CUT)
		done = place_part(b, blob);
	if (done)
		return done < 0 ? done : compress_rest(b, blob);
	err = find_space(b, blob, blob->compressed_sectors);
	return err ? err
		   : add_piece(b, blob, blob->nr_sectors, blob->compressed_sectors,
			       b->scratch + blob->in);
}

int bch_batch_place(struct bch_batch *b)
{
	int err = 0;

	b->space_opts = BCH_U32_MAX;
	for (size_t i = 0; i < b->blobs.nr && !err; i++) {
		struct bch_write_blob *blob = &b->blobs.v[i];

		while (blob->nr_sectors && !err)
			err = blob->compressed_sectors ? place_compressed(b, blob)
						       : place_raw(b, blob);
	}
	return err;
}
