// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the parts of a task: whole blobs straight into the buffer, and in one request what lies there one after another
 * and is stored as it is.
 */

#include "file/stream.h"

#include "base/memory.h"

int bch_stream_task_add(struct bch_stream_task *task, const struct bch_piece *piece, u64 skip,
			u64 nr, bool has_bytes)
{
	struct bch_stream_part part = { .kind = piece->kind,
					.offset = BCH_BYTES(piece->start + skip),
					.len = BCH_BYTES(nr),
					.skip = BCH_BYTES(piece->k_skip + skip),
					.has_bytes = has_bytes,
					.at = task->len,
					.err = has_bytes ? 0 : -BCH_ERR_data_lost,
					.k = piece->k,
					.value_at = task->values.nr };
	size_t len = piece->k.val.len;
	int err = bch_array_reserve(&task->values, task->values.nr + len);

	if (!err)
		err = bch_array_push(&task->parts, part);
	if (err)
		return err;
	if (len)
		memcpy(task->values.v + task->values.nr, piece->k.val.p, len);
	task->values.nr += len;
	task->len += has_bytes ? part.len : 0;
	return 0;
}

static int make_buffer(struct bch_stream_task *task)
{
	if (task->len <= task->buf_size)
		return 0;
	free(task->buf);
	task->buf = bch_malloc(task->len);
	task->buf_size = task->buf ? task->len : 0;
	return task->buf ? 0 : -BCH_ERR_no_memory;
}

static bool plain_place(const struct bch_stream_task *task, const struct bch_stream_part *part,
			u32 *dev_idx, u64 *offset)
{
	return part->kind == BCH_PIECE_DATA &&
	       bch_key_plain_place(task->fs, &part->k, part->skip, dev_idx, offset);
}

/* How many parts from @first on lie one after another on one device, and are read. 0: nothing was read. */
static size_t read_joined(struct bch_stream_task *task, size_t first)
{
	struct bch_stream_part *part = &task->parts.v[first];
	u32 dev_idx, next_dev_idx;
	u64 offset, next, len = part->len;
	size_t nr = 1;

	if (!plain_place(task, part, &dev_idx, &offset))
		return 0;
	while (first + nr < task->parts.nr && plain_place(task, part + nr, &next_dev_idx, &next) &&
	       next_dev_idx == dev_idx && next == offset + len)
		len += part[nr++].len;
	return nr > 1 && !bch_blkdev_read(task->fs->members[dev_idx].blkdev, task->buf + part->at,
					  len, offset)
		       ? nr
		       : 0;
}

void bch_stream_task_run(struct bch_stream_task *task)
{
	int err = make_buffer(task);

	for (size_t i = 0; i < task->parts.nr; i++)
		task->parts.v[i].k.val.p = task->values.v + task->parts.v[i].value_at;
	for (size_t i = 0; i < task->parts.nr;) {
		struct bch_stream_part *part = &task->parts.v[i];
		size_t nr = part->has_bytes && !err ? read_joined(task, i) : 0;

		if (!nr && part->has_bytes)
			part->err = err ? err
					: bch_piece_read(task->fs, part->kind, &part->k, part->skip,
							 part->len, task->buf + part->at);
		i += nr ? nr : 1;
	}
}

void bch_stream_task_clear(struct bch_stream_task *task)
{
	if (task->buf_size > BCH_STREAM_TASK_BYTES) {
		free(task->buf);
		task->buf = NULL;
		task->buf_size = 0;
	}
	task->parts.nr = task->values.nr = 0;
	task->len = 0;
}

void bch_stream_task_end(struct bch_stream_task *task)
{
	free(task->buf);
	bch_array_end(&task->parts);
	bch_array_end(&task->values);
}
