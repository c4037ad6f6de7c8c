// SPDX-License-Identifier: GPL-2.0-or-later
/* A run of the mover: a survey, then all leaves that have pointers to data, then the nodes. */

#include "ops/move.h"

#include "commit/commit.h"
#include "ondisk/bbpos.h"

#define COMMIT_BYTES_DEFAULT (1ULL << 30)

/* ------------------------------------------------------------------ keys */

/* Is the data known to be out of reach? Then nothing has to be read to say so. */
static bool has_source(struct bch_move *m, const struct bch_key *k,
		       const struct bch_move_verdict *v)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	struct bch_extent_ptr p;

	while (!v->unwritten && bch_extent_ptr_next(&walk, &p))
		if (bch_move_is_source(m, k, &p))
			return true;
	return v->unwritten;
}

static int survey(struct bch_move *m, u8 btree_id, const struct bch_key *k,
		  const struct bch_move_verdict *v)
{
	if (v->durability && !has_source(m, k, v))
		return bch_move_lost(m, btree_id, k, -BCH_ERR_device_missing);
	m->result->nr_extents++;
	bch_move_room_take(m, k, v);
	return 0;
}

static int take(struct bch_move *m, u8 btree_id, const struct bch_key *k)
{
	struct bch_move_verdict v;
	int changes = bch_move_judge(m, k, &v);

	if (changes <= 0)
		return changes;
	return m->surveys ? survey(m, btree_id, k, &v) : bch_move_batch_add(m, btree_id, k, &v);
}

/* From *@pos on, until the batch is full: 1, or 0 at the end. No cursor is open when keys are put. */
static int gather(struct bch_move *m, u8 btree_id, struct bch_pos *pos)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(m->fs, btree_id, *pos, m->end);
	struct bch_key k;
	int more, err;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		err = bch_cancelled(m->fs->ctx) ? -BCH_ERR_cancelled : take(m, btree_id, &k);
		if (err)
			return err;
		*pos = bch_pos_successor(k.pos);
		if (bch_move_batch_is_full(m))
			return 1;
	}
	return more;
}

static int commit(struct bch_move *m)
{
	m->nr_uncommitted = 0;
	return bch_commit(m->fs);
}

int bch_move_commit_if_due(struct bch_move *m)
{
	u64 limit = m->opts->commit_bytes ? m->opts->commit_bytes : COMMIT_BYTES_DEFAULT;

	return m->nr_uncommitted >= limit || bch_commit_wanted(m->fs) ? commit(m) : 0;
}

bool bch_move_is_limited(struct bch_move *m)
{
	m->result->limited |= !m->surveys && m->opts->limit && m->result->bytes >= m->opts->limit;
	return m->result->limited;
}

static int walk_btree(struct bch_move *m, u8 btree_id)
{
	struct bch_pos pos = m->start;
	int more, err = 0;

	do {
		more = gather(m, btree_id, &pos);
		if (more < 0)
			return more;
		if (!m->surveys)
			err = bch_move_batch_run(m);
		if (!err)
			err = bch_move_commit_if_due(m);
	} while (!err && more && !bch_move_is_limited(m));
	return err;
}

static bool concerns_data(const struct bch_move_job *job)
{
	return job->restore || job->drop_extra || job->leaving[0] || job->leaving[1] ||
	       job->leaving[2] || job->leaving[3] || job->tail_sector || job->nr_bad ||
	       job->retarget;
}

static int walk(struct bch_move *m)
{
	static const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_reflink };
	int err = 0;

	for (u32 i = 0; i < bch_array_size(btrees) && !err && concerns_data(m->job); i++)
		if ((!m->confined || m->btree_id == btrees[i]) && !bch_move_is_limited(m))
			err = walk_btree(m, btrees[i]);
	if (!err && (m->job->recompress || m->job->rechecksum))
		err = bch_move_recode(m);
	if (!m->surveys && (!err || err == -BCH_ERR_cancelled)) {
		int committed = commit(m);

		err = committed ? committed : err;
	}
	return err || bch_move_is_limited(m) ? err : bch_move_nodes(m);
}

/* ------------------------------------------------------------------ the whole */

static int bad(struct bch_move *m, const char *what, const char *text)
{
	return bch_error_whole(m->fs->ctx, -BCH_ERR_option_value, "%s: %s", what, text);
}

static int confine(struct bch_move *m)
{
	const struct bch_move_opts *o = m->opts;

	m->start = BCH_POS_MIN;
	m->end = BCH_SPOS_MAX;
	m->confined = o->btree;
	if (o->btree && (!bch_btree_parse(o->btree, strlen(o->btree), &m->btree_id) ||
			 m->btree_id >= BCH_BTREE_NR))
		return bad(m, "no such btree", o->btree);
	if (o->start && !bch_pos_parse(o->start, strlen(o->start), 0, &m->start))
		return bad(m, "not a position", o->start);
	if (o->end && !bch_pos_parse(o->end, strlen(o->end), BCH_U32_MAX, &m->end))
		return bad(m, "not a position", o->end);
	return 0;
}

/* Nothing is changed before it is known that there is room. What it counted is counted again when it is done. */
static int run_survey(struct bch_move *m)
{
	int err = bch_move_room_new(m);

	m->surveys = true;
	if (!err)
		err = walk(m);
	if (!err)
		err = bch_move_room_check(m);
	bch_move_room_free(m);
	m->surveys = false;
	m->result->bytes = m->total;
	return err;
}

static int run_all(struct bch_move *m)
{
	const struct bch_progress_work work = { .name = m->job->name, .total = m->total };
	int err;

	*m->result = (struct bch_move_result){ 0 };
	m->losses.a.nr = 0;
	m->progress = bch_progress_new(m->fs->ctx, m->opts->progress, &work);
	err = walk(m);
	bch_progress_free(m->progress);
	m->progress = NULL;
	if (err == -BCH_ERR_cancelled) {
		m->result->interrupted = true;
		err = 0;
	}
	return err;
}

/* When files have their names: what is an error shows no shared data any more. */
static int lose_shared(struct bch_move *m)
{
	int err = m->losses.a.nr ? bch_move_lose_shared(m) : 0;

	return err ? err : commit(m);
}

static int refuse_lost(struct bch_move *m)
{
	int err = bch_move_name_losses(m);

	if (err || !m->result->nr_lost)
		return err;
	return bch_error_whole(m->fs->ctx, -BCH_ERR_data_lost,
			       "%" PRIu64 " extents have no copy elsewhere; nothing was changed",
			       m->result->nr_lost);
}

static int run(struct bch_move *m)
{
	int err = confine(m);

	if (!err)
		err = bch_move_batch_new(m);
	if (!err && !m->job->surveyed)
		err = run_survey(m);
	if (!err && m->job->refuse_lost)
		err = refuse_lost(m);
	if (err || m->opts->survey)
		return err;
	err = run_all(m);
	if (!err)
		err = bch_move_name_losses(m);
	return err || !m->job->lose ? err : lose_shared(m);
}

int bch_move_run(struct bch_fs *fs, const struct bch_move_job *job,
		 const struct bch_move_opts *opts, struct bch_move_result *result)
{
	struct bch_move m = {
		.fs = fs, .job = job, .opts = opts, .result = result, .total = job->total
	};
	int err;

	*result = (struct bch_move_result){ 0 };
	err = run(&m);
	bch_move_batch_free(&m);
	bch_array_end(&m.losses.a);
	return err;
}
