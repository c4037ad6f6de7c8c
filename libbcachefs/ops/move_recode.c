// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data that is to be stored in another form: read, verified, and written anew as its file's options say, compressed or not,
 * with the checksum that is wanted, to the target, in as many copies. Format reference: 05 §9, §10.
 *
 * A key's range stays what it is, in its snapshot: the keys that come are one or several, and end where it ended. Left out
 * is what snapshots below may hide, key by key (the file has keys of several), shared data, whose count of references would
 * have to be split with it, and what lies in a stripe, or cannot be read.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "ops/move.h"

#define KEYS_AT_ONCE  4096
#define BYTES_AT_ONCE (16U << 20)
#define SECTORS_MAX   (128U << 10) /* of a key: the memory that it takes */

struct bch_move_recoded {
	struct bch_key k; /* without its value */
	struct bch_bytes val;
};

struct recode {
	struct bch_move *m;
	struct bch_data_writer *writer;
	BCH_ARRAY(struct bch_move_recoded) keys;
	u64 nr_sectors; /* of all keys */
	u64 inum;	/* the file that was looked at last; 0: none */
	bool is_mixed;	/* it has keys of several snapshots */
};

/* ------------------------------------------------------------------ which */

static bool has_other_csum(const struct bch_move *m, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	u8 want = bch_io_csum_type(m->fs, &m->io);
	struct bch_extent_ptr p;

	while (!m->io.nocow && bch_extent_ptr_next(&walk, &p))
		if (!p.ptr.cached && p.crc.csum_type != want)
			return true;
	return false;
}

/* Can it be written anew? Nothing is taken out of stripes, and space that is reserved stays so. */
static bool is_plain_data(const struct bch_move *m, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	struct bch_extent_ptr p;
	u32 nr_dirty = 0;

	if (k->type != BCH_KEY_extent || k->size > SECTORS_MAX || bch_key_is_poisoned(m->fs, k))
		return false;
	for (; bch_extent_ptr_next(&walk, &p); nr_dirty += !p.ptr.cached)
		if (p.in_stripe || p.ptr.unwritten)
			return false;
	return nr_dirty;
}

/* Has nobody else anything below it? */
static bool is_leaf(const struct bch_move *m, u32 snapshot)
{
	const struct bch_snapshot_node *node = bch_snapshot_find(m->fs, snapshot);

	return node && !node->children[0] && !node->children[1];
}

static bool has_other_form(struct bch_move *m, const struct bch_key *k)
{
	struct bch_extent_opts want;

	bch_move_take_options(m, k);
	bch_io_opts_rebalance(m->fs, &m->io, k, &want);
	want.value[BCH_EXTENT_OPT_background_target] = 0;
	return (m->job->recompress && bch_rebalance_todo(m->fs, k, &want)) ||
	       (m->job->rechecksum && has_other_csum(m, k));
}

/* Are all keys of the file of one snapshot? */
static int look_at_file(struct recode *r, u64 inum)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->m->fs, BCH_BTREE_extents, bch_pos(inum, 0),
			   bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;
	u32 snapshot = 0;
	int more;

	r->inum = inum;
	r->is_mixed = false;
	while (!r->is_mixed && (more = bch_cursor_next(&cur, &k)) != 0) {
		if (more < 0)
			return more;
		r->is_mixed = snapshot && snapshot != k.pos.snapshot;
		snapshot = k.pos.snapshot;
	}
	return 0;
}

/* 1, 0, or an error. */
static int wants_recoding(struct recode *r, const struct bch_key *k)
{
	int err = 0;

	if (!is_plain_data(r->m, k) || !has_other_form(r->m, k))
		return 0;
	if (is_leaf(r->m, k->pos.snapshot))
		return 1;
	if (r->inum != k->pos.inode)
		err = look_at_file(r, k->pos.inode);
	if (err || !r->is_mixed)
		return err ? err : 1;
	r->m->result->nr_in_snapshots++;
	return 0;
}

/* ------------------------------------------------------------------ one */

static int write(struct recode *r, const struct bch_key *k, const u8 *bytes)
{
	u64 start = k->pos.offset - k->size;
	struct bch_data_file file = { .inum = k->pos.inode,
				      .snapshot = k->pos.snapshot,
				      .opts = r->m->io };
	struct bch_io_opts *io = &file.opts;
	int err;

	if (io->background_compression)
		io->compression = io->background_compression;
	if (io->background_target)
		io->foreground_target = io->background_target;
	bch_data_begin(r->writer, &file);
	err = bch_data_hole(r->writer, BCH_BYTES(start));
	if (!err)
		err = bch_data_put(r->writer, bytes, BCH_BYTES(k->size));
	return err ? err : bch_data_end(r->writer, NULL);
}

static int recode_one(struct recode *r, const struct bch_move_recoded *key)
{
	struct bch_move *m = r->m;
	struct bch_key k = key->k;
	u8 *bytes = bch_malloc(BCH_BYTES(k.size));
	int err;

	if (!bytes)
		return -BCH_ERR_no_memory;
	k.val = key->val;
	bch_move_take_options(m, &k);
	err = bch_key_data_read(m->fs, &k, 0, k.size, bytes);
	if (err && err != -BCH_ERR_no_memory) {
		free(bytes);
		return bch_move_lost(m, BCH_BTREE_extents, &k, err);
	}
	if (!err)
		err = write(r, &k, bytes);
	free(bytes);
	m->nr_uncommitted += BCH_BYTES(k.size) * m->io.data_replicas;
	m->result->bytes += BCH_BYTES(k.size);
	m->result->nr_extents++;
	bch_progress_add(m->progress, BCH_BYTES(k.size));
	return err;
}

/* ------------------------------------------------------------------ some */

static void reset(struct recode *r)
{
	for (size_t i = 0; i < r->keys.nr; i++)
		free((void *)(uintptr_t)r->keys.v[i].val.p);
	r->keys.nr = 0;
	r->nr_sectors = 0;
}

static int add(struct recode *r, const struct bch_key *k)
{
	u8 *val = bch_malloc(k->val.len);
	struct bch_move_recoded key = { *k, { val, k->val.len } };
	int err;

	if (!val)
		return -BCH_ERR_no_memory;
	memcpy(val, k->val.p, k->val.len);
	err = bch_array_push(&r->keys, key);
	if (err)
		free(val);
	r->nr_sectors += k->size;
	return err;
}

static int take(struct recode *r, const struct bch_key *k)
{
	int wants = wants_recoding(r, k);

	if (wants <= 0)
		return wants;
	if (!r->m->surveys)
		return add(r, k);
	r->m->result->nr_extents++;
	r->m->total += BCH_BYTES(k->size);
	return 0;
}

/* From *@pos on: 1, or 0 at the end. No cursor is open when keys are put. */
static int gather(struct recode *r, struct bch_pos *pos)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->m->fs, BCH_BTREE_extents, *pos, r->m->end);
	u64 limit = r->m->opts->limit && r->m->opts->limit < BYTES_AT_ONCE ? r->m->opts->limit
									   : BYTES_AT_ONCE;
	struct bch_key k;
	int more, err;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		err = bch_cancelled(r->m->fs->ctx) ? -BCH_ERR_cancelled : take(r, &k);
		if (err)
			return err;
		*pos = bch_pos_successor(k.pos);
		if (r->keys.nr >= KEYS_AT_ONCE || BCH_BYTES(r->nr_sectors) >= limit)
			return 1;
	}
	return more;
}

static int recode_all(struct recode *r)
{
	struct bch_pos pos = r->m->start;
	int more, err = 0;

	do {
		more = gather(r, &pos);
		for (size_t i = 0; i < r->keys.nr && more >= 0 && !err; i++)
			err = recode_one(r, &r->keys.v[i]);
		reset(r);
		if (!err && r->writer)
			err = bch_data_writer_flush(r->writer);
		if (!err)
			err = bch_move_commit_if_due(r->m);
	} while (!err && more > 0 && !bch_move_is_limited(r->m));
	return err ? err : more < 0 ? more : 0;
}

int bch_move_recode(struct bch_move *m)
{
	static const struct bch_data_writer_opts opts = { .no_inline = true };
	struct recode r = { .m = m };
	int err = m->surveys ? 0 : bch_data_writer_new(m->fs, &opts, &r.writer);

	if (!err)
		err = recode_all(&r);
	bch_data_writer_free(r.writer);
	bch_array_end(&r.keys);
	return err;
}
