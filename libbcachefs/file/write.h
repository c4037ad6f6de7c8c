/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch of file data on its way to the devices, for the files that fill and write it. Format reference: 05 §10.
 *
 * A blob is a run of a file that is to be encoded as a whole. Where it comes to the end of a bucket it is cut: what lies
 * in one place is a piece, and pieces that follow each other on all their devices are written at once.
 */

#ifndef BCHFS_FILE_WRITE_H
#define BCHFS_FILE_WRITE_H

#include "alloc/alloc.h"
#include "base/thread_pool.h"
#include "codec/codec.h"
#include "file/file.h"

#define BCH_BATCH_BYTES (16U << 20)

struct bch_write_blob {
	u64 inum, start_sector; /* in the file */
	u32 snapshot;
	u32 nr_sectors;
	u32 compressed_sectors; /* 0: it does not get smaller */
	u32 opts;		/* index */
	size_t in;		/* in the input, and once compressed in the scratch */
};

struct bch_write_piece {
	u64 inum, start_sector;
	u32 snapshot;
	u32 opts;
	const u8 *bytes; /* what is stored, as far as it is encoded; NULL: it is in the output */
	size_t out;	 /* where in the output it goes */
	u64 version;	 /* of its key, 0 where it is not encrypted */
	struct bch_crc crc;
	struct bch_ptr ptrs[BCH_REPLICAS_MAX];
	u32 nr_ptrs;
};

struct bch_write_run {
	struct bch_ptr ptrs[BCH_REPLICAS_MAX];
	u32 nr_ptrs;
	size_t out, len;
};

/* How the data of one file is stored. */
struct bch_write_opts {
	struct bch_io_opts io;
	u8 csum_type;
};

struct bch_dedupe;

struct bch_batch {
	struct bch_fs *fs;
	struct bch_dedupe *dedupe; /* NULL: what is there already is written again */
	u32 block_bytes;
	u8 *in, *scratch, *out; /* of BCH_BATCH_BYTES each */
	size_t nr_in, nr_out;	/* bytes in use */
	BCH_ARRAY(struct bch_write_opts) opts;
	BCH_ARRAY(struct bch_write_blob) blobs;
	BCH_ARRAY(struct bch_write_piece) pieces;
	BCH_ARRAY(struct bch_write_run) runs;
	BCH_ARRAY(struct bch_compressor *) compressors; /* one for each worker */
	struct bch_space_run space;			/* where the next piece goes */
	u32 space_opts; /* for which of @opts that was chosen; U32_MAX: it was not */
};

/* -BCH_ERR_no_memory. Ended by bch_batch_end(), whatever is returned. */
int bch_batch_begin(struct bch_batch *b, struct bch_fs *fs);
void bch_batch_end(struct bch_batch *b);

/* Writes all blobs, puts their keys, and makes the batch empty. Errors are said. */
int bch_batch_write(struct bch_batch *b);

/* Puts the key of a piece, whose checksum is made. */
int bch_batch_put_key(struct bch_batch *b, const struct bch_write_piece *p);

/* The nonce of a piece, for its checksum. */
struct bch_nonce bch_piece_nonce(const struct bch_write_piece *p);

/* What is stored of a blob, by its length in bytes rounded up to blocks; 0 where that is no gain. */
int bch_batch_compress(struct bch_batch *b, u32 worker_idx, u8 option, const u8 *in, size_t len,
		       u8 *out, size_t out_size);

/* Finds places for all blobs: the pieces and runs follow. */
int bch_batch_place(struct bch_batch *b);

/* What was written so far. -BCH_ERR_no_memory; *@dedupe is for bch_dedupe_free(), whatever is returned. */
int bch_dedupe_new(struct bch_fs *fs, struct bch_dedupe **dedupe);
void bch_dedupe_free(struct bch_dedupe *dedupe);

/* Takes out those blobs of the batch that were written before; puts keys for them, when the others have theirs. */
int bch_dedupe_find(struct bch_batch *b);
int bch_dedupe_put(struct bch_batch *b);

/* What did not have to be written. NULL: 0 */
u64 bch_dedupe_sectors(const struct bch_dedupe *dedupe);

#endif
