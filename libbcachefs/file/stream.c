// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streaming a file: the caller's thread walks the file's map and cuts it into tasks, threads read them, and the caller's
 * thread gives them away in their order. A ring of tasks is the window that is read ahead.
 *
 * Tasks are cut along blobs, so that each is read and decoded once. The mutex guards the tasks' done and nothing else:
 * until a task is done it is its thread's, then the caller's.
 */

#include "file/stream.h"

#include "base/checked.h"

#define NR_TASKS     8
#define PARTS_MAX    512
#define BLOB_BYTES   BCH_BYTES(BCH_BLOB_SECTORS_MAX)
#define WINDOW_BYTES (12U << 20) /* and for each thread a compressed blob: 16 MiB at most */

struct stream;

struct slot {
	struct bch_stream_task task;
	struct stream *stream;
	bool done;
};

struct stream {
	struct bch_fs *fs;
	const struct bch_file_sink *sink;
	u64 inum;
	u64 offset, end; /* what the sink gets */
	struct bch_file_map map;
	struct bch_piece piece;
	u64 taken;	/* sectors of the piece that tasks have */
	bool has_piece; /* and not all of it was taken */
	bool ended;	/* the map has */
	struct slot slots[NR_TASKS];
	u32 first, nr; /* those in flight */
	u64 bytes;     /* theirs */
	pthread_mutex_t lock;
	pthread_cond_t done;
};

/* ------------------------------------------------------------------ cutting */

/* Holes are where bch_file_seek() finds them: what is allocated but unwritten is data. */
static bool reads_as_zeroes(enum bch_piece_kind kind)
{
	return kind == BCH_PIECE_HOLE || kind == BCH_PIECE_RESERVED;
}

static bool has_bytes(const struct stream *s)
{
	return s->piece.kind != BCH_PIECE_LOST &&
	       !(s->sink->hole && reads_as_zeroes(s->piece.kind));
}

/* Sectors of the piece that the task has room for. A blob is taken as a whole, if need be by a task of its own. */
static u64 room_for_piece(const struct stream *s, const struct bch_stream_task *task)
{
	u64 left = s->piece.len - s->taken;
	u64 room = BCH_SECTORS(BCH_STREAM_TASK_BYTES - task->len);

	if (!has_bytes(s))
		return left;
	if (s->piece.kind == BCH_PIECE_DATA && bch_key_is_encoded(s->fs, &s->piece.k)) {
		left = bch_min(left, BCH_BLOB_SECTORS_MAX);
		return left <= room || !task->len ? left : 0;
	}
	return bch_min(left, room);
}

/* What cannot be read of the map comes as lost with the next piece. */
static int next_piece(struct stream *s)
{
	int more;

	while ((more = bch_file_map_next(&s->map, &s->piece)) < 0) {
		if (more == -BCH_ERR_no_memory)
			return more;
		bch_log(s->fs->ctx, BCH_LOG_warn, "%s", bch_error_message(s->fs->ctx, more));
	}
	s->taken = 0;
	s->has_piece = more;
	s->ended = !more;
	return 0;
}

static int cut(struct stream *s, struct bch_stream_task *task)
{
	int err = 0;

	while (!err && task->len < BCH_STREAM_TASK_BYTES && task->parts.nr < PARTS_MAX) {
		u64 nr;

		if (!s->has_piece)
			err = next_piece(s);
		if (err || s->ended)
			break;
		nr = room_for_piece(s, task);
		if (!nr)
			break;
		err = bch_stream_task_add(task, &s->piece, s->taken, nr, has_bytes(s));
		s->taken += nr;
		s->has_piece = s->taken < s->piece.len;
	}
	return err;
}

/* ------------------------------------------------------------------ reading ahead */

static void run(void *arg)
{
	struct slot *slot = arg;
	struct stream *s = slot->stream;

	bch_stream_task_run(&slot->task);
	pthread_mutex_lock(&s->lock);
	slot->done = true;
	pthread_cond_signal(&s->done);
	pthread_mutex_unlock(&s->lock);
}

static void wait_for(struct stream *s, struct slot *slot)
{
	pthread_mutex_lock(&s->lock);
	while (!slot->done)
		pthread_cond_wait(&s->done, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static struct slot *slot_at(struct stream *s, u32 nr)
{
	return &s->slots[(s->first + nr) % NR_TASKS];
}

/* Waking a thread takes longer than reading a small file, which is one task. */
static int start_task(struct stream *s)
{
	struct slot *slot = slot_at(s, s->nr);
	int err;

	slot->stream = s;
	slot->done = false;
	slot->task.fs = s->fs;
	err = cut(s, &slot->task);
	if (err || !slot->task.parts.nr)
		return err;
	s->nr++;
	s->bytes += slot->task.len;
	if (s->ended && s->nr == 1)
		run(slot);
	else
		bch_thread_pool_submit(s->fs->files->data->pool, run, slot);
	return 0;
}

static int fill_window(struct stream *s)
{
	int err = 0;

	while (!err && !s->ended && s->nr < NR_TASKS &&
	       (!s->nr || s->bytes + BLOB_BYTES <= WINDOW_BYTES))
		err = start_task(s);
	return err;
}

/* ------------------------------------------------------------------ giving away */

/* Parts that are given as one. */
struct run {
	const struct bch_stream_part *first;
	u64 len;
};

static int give_lost(struct stream *s, u64 len, u64 offset, int err)
{
	if (err == -BCH_ERR_no_memory)
		return err;
	if (s->sink->lost)
		return s->sink->lost(s->sink->arg, len, offset, bch_err_text(err));
	return bch_error(s->fs->ctx, -BCH_ERR_data_lost,
			 "inode %" PRIu64 ": %" PRIu64 " bytes at %" PRIu64, s->inum, len, offset);
}

/* Cut to what the sink is to get. */
static int give(struct stream *s, const struct bch_stream_task *task, const struct run *r)
{
	const struct bch_stream_part *p = r->first;
	u64 from = bch_max(p->offset, s->offset), to = bch_min(p->offset + r->len, s->end);

	if (from >= to)
		return 0;
	if (p->has_bytes && !p->err)
		return s->sink->data(s->sink->arg, task->buf + p->at + (from - p->offset),
				     to - from, from);
	if (!p->has_bytes && reads_as_zeroes(p->kind))
		return s->sink->hole(s->sink->arg, to - from, from);
	return give_lost(s, to - from, from, p->err);
}

/* What a part is to the sink: data, a hole, lost in some way. */
static bool are_alike(const struct bch_stream_part *a, const struct bch_stream_part *b)
{
	if (a->has_bytes && b->has_bytes)
		return a->err == b->err;
	return a->has_bytes == b->has_bytes && a->err == b->err &&
	       reads_as_zeroes(a->kind) == reads_as_zeroes(b->kind);
}

static int give_task(struct stream *s, const struct bch_stream_task *task)
{
	struct run r = { .first = task->parts.v };
	int err = 0;

	for (size_t i = 0; i < task->parts.nr && !err; i++) {
		const struct bch_stream_part *p = &task->parts.v[i];

		if (!are_alike(r.first, p)) {
			err = give(s, task, &r);
			r = (struct run){ .first = p };
		}
		r.len += p->len;
	}
	return err ? err : give(s, task, &r);
}

/* The first one leaves the window. */
static void end_task(struct stream *s)
{
	struct slot *slot = slot_at(s, 0);

	s->bytes -= slot->task.len;
	bch_stream_task_clear(&slot->task);
	s->first = (s->first + 1) % NR_TASKS;
	s->nr--;
}

/* ------------------------------------------------------------------ the stream */

static int stream(struct stream *s)
{
	int err = fill_window(s);

	while (!err && s->nr) {
		wait_for(s, slot_at(s, 0));
		err = bch_cancelled(s->fs->ctx) ? -BCH_ERR_cancelled
						: give_task(s, &slot_at(s, 0)->task);
		end_task(s);
		if (!err)
			err = fill_window(s);
	}
	return err;
}

static void stream_end(struct stream *s)
{
	for (; s->nr; end_task(s))
		wait_for(s, slot_at(s, 0));
	for (u32 i = 0; i < NR_TASKS; i++)
		bch_stream_task_end(&s->slots[i].task);
	bch_file_map_end(&s->map);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->lock);
}

/* By whole blocks of the filesystem, as what is stored is: the blob at the end of a file is wanted whole then. */
static void map_begin(struct stream *s, const struct bch_file *file)
{
	u64 block = BCH_BYTES(le16_get(s->fs->super.sb->block_size)), end;

	if (!bch_round_up(s->end, block, &end))
		end = s->end;
	bch_file_map_begin(&s->map, s->fs, file, BCH_SECTORS(bch_round_down(s->offset, block)),
			   BCH_SECTORS(end));
}

int bch_file_stream(struct bch_fs *fs, const struct bch_file *file, u64 offset, u64 end,
		    const struct bch_file_sink *sink)
{
	struct stream s = { .fs = fs,
			    .sink = sink,
			    .inum = file->inum,
			    .offset = offset,
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .done = PTHREAD_COND_INITIALIZER };
	u64 size;
	int err = bch_file_size(fs, file, &size);

	s.end = bch_min(end, size);
	if (err || offset >= s.end)
		return err;
	map_begin(&s, file);
	err = stream(&s);
	stream_end(&s);
	return err;
}
