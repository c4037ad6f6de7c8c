/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blobs: what the pointers of a key lead to, as it is stored and as it was written; for the files of this folder. Format
 * reference: 05 §2.
 *
 * Functions that read give the code of what went wrong first: -BCH_ERR_device_missing, -BCH_ERR_io, -BCH_ERR_short_read,
 * -BCH_ERR_data_checksum, -BCH_ERR_data_compression, -BCH_ERR_no_key, -BCH_ERR_out_of_range (sizes that cannot be),
 * -BCH_ERR_data_lost; or -BCH_ERR_no_memory, after which it may be tried again.
 */

#ifndef BCHFS_FILE_BLOB_H
#define BCHFS_FILE_BLOB_H

#include <pthread.h>

#include "base/radix.h"
#include "base/thread_pool.h"
#include "file/private.h"

#define BCH_BLOB_SECTORS_MAX 8192 /* of a crc128 */

struct bch_blob_cache;

/* What reading data needs besides the btrees. */
struct bch_file_data {
	unsigned flags; /* enum bch_files_flags */
	struct bch_thread_pool *pool;
	struct bch_blob_cache *cache;
	pthread_mutex_t said_lock; /* guards the two that follow */
	struct bch_radix said;	   /* by place: its damage is in the log */
	u32 nr_said;
};

/* One line in the log for each place, but not thousands. */
void bch_blob_damage_log(struct bch_fs *fs, const struct bch_ptr *p, int err);

/* ------------------------------------------------------------------ one pointer */

/* What a blob of the key is encrypted with, and its MAC: 05 §5.4. */
struct bch_nonce bch_blob_nonce(const struct bch_key *k, const struct bch_crc *crc);

/* Stored bytes, decrypted in place, as the data that they are in @out; @blob itself where they are not compressed. */
int bch_blob_decode(const struct bch_fs *fs, const struct bch_key *k, const struct bch_crc *crc,
		    void *blob, void *out);

/* ------------------------------------------------------------------ the cache of decoded blobs */

/* Tells blobs apart: place, and all that governs how it is decoded. */
struct bch_blob_id {
	u64 w[8];
};

/* That of the blob that @p of @k leads to. */
struct bch_blob_id bch_blob_id(const struct bch_key *k, const struct bch_extent_ptr *p);

/* Decoded bytes. What is in the cache never changes. */
struct bch_cached_blob {
	struct bch_blob_id id;
	u32 nr_pins; /* guarded by the cache's mutex */
	size_t len;
	u8 data[];
};

/* At most @limit bytes besides what is in use. Any thread. NULL where memory is out. */
struct bch_blob_cache *bch_blob_cache_new(size_t limit);
void bch_blob_cache_free(struct bch_blob_cache *cache);

/* The blob, NULL where it is not there. To be given back by bch_blob_cache_put(). */
struct bch_cached_blob *bch_blob_cache_get(struct bch_blob_cache *cache,
					   const struct bch_blob_id *id);
void bch_blob_cache_put(struct bch_blob_cache *cache, struct bch_cached_blob *blob);

/* A blob in nobody's hands but the caller's; and into the cache with it, once its data is there. */
struct bch_cached_blob *bch_cached_blob_new(const struct bch_blob_id *id, size_t len);
void bch_blob_cache_add(struct bch_blob_cache *cache, struct bch_cached_blob *blob);

/* ------------------------------------------------------------------ a key's data, by any of its pointers */

/* Is there a pointer of the key whose data can be had only as a whole? */
bool bch_key_is_encoded(const struct bch_fs *fs, const struct bch_key *k);

/* As bch_key_data_read(), in bytes. */
int bch_key_bytes_read(struct bch_fs *fs, const struct bch_key *k, u64 skip, u64 len, void *buf);

/* Where these bytes can be read as they are: false where no copy that is likely to be good is stored so. */
bool bch_key_plain_place(struct bch_fs *fs, const struct bch_key *k, u64 skip, u32 *dev_idx,
			 u64 *offset);

/* ------------------------------------------------------------------ pieces of files */

/* Bytes [@skip, @skip + @len) of what a piece of @kind and its key are. */
int bch_piece_read(struct bch_fs *fs, enum bch_piece_kind kind, const struct bch_key *k, u64 skip,
		   u64 len, void *buf);

/* The size in bytes of a regular file or symlink; -BCH_ERR_is_directory, -BCH_ERR_invalid_argument for others. */
int bch_file_size(struct bch_fs *fs, const struct bch_file *file, u64 *size);

#endif
