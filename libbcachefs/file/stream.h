/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of work of a stream: about a MiB of a file, which one thread reads; for the files of this folder. */

#ifndef BCHFS_FILE_STREAM_H
#define BCHFS_FILE_STREAM_H

#include "base/array.h"
#include "file/blob.h"

#define BCH_STREAM_TASK_BYTES (1U << 20)

struct bch_stream_part {
	enum bch_piece_kind kind;
	u64 offset, len; /* in the file */
	u64 skip;	 /* from the key's start */
	bool has_bytes;	 /* in the task's buffer, else there are none */
	size_t at;	 /* there */
	int err;	 /* of reading them; LOST: why */
	struct bch_key k;
	size_t value_at; /* of the key's value, in the task's values */
};

/* All zero is an empty one. */
struct bch_stream_task {
	struct bch_fs *fs;
	BCH_ARRAY(struct bch_stream_part) parts;
	BCH_ARRAY(u8) values;
	u8 *buf;
	size_t buf_size, len; /* there, wanted */
};

/* Adds [@skip, @skip + @nr) sectors of @piece, whose key is copied. */
int bch_stream_task_add(struct bch_stream_task *task, const struct bch_piece *piece, u64 skip,
			u64 nr, bool has_bytes);

/* Reads all parts. Errors are the parts'. */
void bch_stream_task_run(struct bch_stream_task *task);

/* Empties it for another use; frees what it has. */
void bch_stream_task_clear(struct bch_stream_task *task);
void bch_stream_task_end(struct bch_stream_task *task);

#endif
