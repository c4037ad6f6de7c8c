// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is bad and has a good copy is written anew, elsewhere: data and nodes by the mover, superblocks in their places. What
 * the journal holds is replayed, so that none of it matters any more. CLI 8.11.
 *
 * What came of it is not taken for granted: afterwards every key is asked whether it still leads there.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "ops/move.h"
#include "ops/scrub_private.h"

/* Is it for the mover? Blocks of stripes hold what others are computed from: they stay. */
static bool is_movable(const struct bch_scrub_finding *f)
{
	return !f->lost && !f->in_stripe &&
	       (f->kind == BCH_SCRUB_data || f->kind == BCH_SCRUB_btree_node);
}

static bool is_repairable(const struct bch_scrub_finding *f)
{
	return is_movable(f) || f->kind == BCH_SCRUB_superblock ||
	       (f->kind == BCH_SCRUB_journal && !f->lost);
}

/* ------------------------------------------------------------------ what is to be done */

/* How many findings are repairable; -BCH_ERR_btree_lost where keys are missing that would have to be walked over. */
static int plan(struct bch_scrub *s, struct bch_move_bad *bad, size_t *nr_bad, bool *any)
{
	bool lost = s->incomplete;

	for (size_t i = 0; i < s->findings.nr; i++) {
		const struct bch_scrub_finding *f = &s->findings.v[i];

		*any |= is_repairable(f);
		lost |= f->lost && f->kind == BCH_SCRUB_btree_node;
		if (is_movable(f))
			bad[(*nr_bad)++] =
				(struct bch_move_bad){ f->pos, f->ptr_sector, f->dev_idx };
		if (f->kind == BCH_SCRUB_superblock && f->sector == BCH_SB_LAYOUT_SECTOR)
			s->fs->members[f->dev_idx].new_layout = true;
	}
	bch_move_bad_sort(bad, *nr_bad);
	if (*any && lost)
		return bch_error_whole(s->fs->ctx, -BCH_ERR_btree_lost,
				       "btree nodes are lost, so nothing was repaired: run fsck "
				       "first");
	return 0;
}

static int move(struct bch_scrub *s, const struct bch_move_job *job, bool *interrupted)
{
	const struct bch_move_opts opts = {
		.progress = s->opts->show ? BCH_PROGRESS_SILENT : s->opts->progress,
		.commit_bytes = s->opts->commit_bytes,
	};
	struct bch_move_result result = { 0 };
	int err = bch_writer_start(s->fs, NULL);

	if (err)
		return err;
	bch_writer_super_changed(s->fs);
	err = bch_move_run(s->fs, job, &opts, &result);
	*interrupted = result.interrupted || err == -BCH_ERR_cancelled;
	if (err == -BCH_ERR_cancelled) /* in the survey, so that nothing was done */
		return 0;
	return err ? err : bch_move_finish(s->fs);
}

/* ------------------------------------------------------------------ what came of it */

static bool leads_there(const struct bch_scrub *s, const struct bch_scrub_finding *f,
			const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->fs->super);
	struct bch_extent_ptr p;

	while (bch_extent_ptr_next(&walk, &p))
		if (p.ptr.dev_idx == f->dev_idx && p.ptr.offset_sectors == f->ptr_sector)
			return true;
	return false;
}

/* Does the key not lead there any more? An error, or no. */
static int is_out_of_use(struct bch_scrub *s, const struct bch_scrub_finding *f, bool *out)
{
	bool is_node = f->kind == BCH_SCRUB_btree_node;
	struct bch_cursor cur bch_auto(cursor) =
		is_node ? bch_cursor_nodes(s->fs, f->btree_id, f->level, f->pos, f->pos)
			: bch_cursor(s->fs, f->btree_id, f->pos, f->pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	*out = more > 0 && !leads_there(s, f, &k);
	return more < 0 ? more : 0;
}

static int is_super_right(struct bch_scrub *s, const struct bch_scrub_finding *f, bool *right)
{
	struct bch_blkdev *blkdev = s->fs->members[f->dev_idx].blkdev;
	struct bch_super super = { 0 };
	struct bch_sb_layout layout;
	int err = f->sector == BCH_SB_LAYOUT_SECTOR
			  ? bch_super_read_layout(blkdev, &layout, NULL)
			  : bch_super_read_copy(blkdev, f->sector, &super, NULL);

	bch_super_end(&super);
	*right = !err;
	return err == -BCH_ERR_no_memory ? err : 0;
}

static int note_finding(struct bch_scrub *s, struct bch_scrub_finding *f)
{
	int err = 0;

	if (is_movable(f))
		err = is_out_of_use(s, f, &f->repaired);
	else if (f->kind == BCH_SCRUB_superblock)
		err = is_super_right(s, f, &f->repaired);
	else if (f->kind == BCH_SCRUB_journal && !f->lost)
		f->repaired = bch_sb_flag(s->fs->super.sb, BCH_SB_CLEAN);
	if (err || !f->repaired)
		return err;
	s->nr_repaired++;
	s->members[f->dev_idx].dev.bad -= f->bytes;
	s->members[f->dev_idx].dev.corrected += f->bytes;
	return 0;
}

static int note_all(struct bch_scrub *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->findings.nr; i++)
		err = note_finding(s, &s->findings.v[i]);
	return err;
}

/* ------------------------------------------------------------------ the whole */

int bch_scrub_repair(struct bch_scrub *s, bool *interrupted)
{
	struct bch_move_bad *bad = bch_calloc(s->findings.nr + 1, sizeof(*bad));
	struct bch_move_job job = { .name = "repair", .bad = bad };
	bool any = false;
	int err = bad ? plan(s, bad, &job.nr_bad, &any) : -BCH_ERR_no_memory;

	if (!err && any)
		err = move(s, &job, interrupted);
	if (!err && any)
		err = note_all(s);
	free(bad);
	return err;
}
