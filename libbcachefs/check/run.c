// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps of a check, again until they find nothing more to repair; then the commit. Format reference: 07 §1.5, §8.7. */

#include "check/inode.h"

#include <stdlib.h>

#include "commit/commit.h"
#include "ondisk/passes.h"

#define ROUNDS_MAX 12

/* A step, and the passes that it covers: its problems are told under the first. */
struct step {
	int (*run)(struct bch_check *c);
	u8 nr_passes;
	u8 passes[8];
};

#define STEP(run, ...)                              \
	{                                           \
		run, sizeof((u8[]){ __VA_ARGS__ }), \
		{                                   \
			__VA_ARGS__                 \
		}                                   \
	}

/* Once, before anything is read: pending changes do not change nodes. */
static const struct step first_steps[] = {
	{ .run = bch_check_supers }, /* no pass does that */
	STEP(bch_check_journal, BCH_PASS_journal_replay),
	STEP(bch_check_nodes, BCH_PASS_scan_for_btree_nodes, BCH_PASS_check_topology),
};

/* In the order in which kernels run the passes. */
static const struct step steps[] = {
	STEP(bch_check_allocations, BCH_PASS_check_allocations, BCH_PASS_trans_mark_dev_sbs),
	STEP(bch_check_alloc_info, BCH_PASS_check_alloc_info, BCH_PASS_fs_freespace_init),
	STEP(bch_check_lrus, BCH_PASS_check_lrus),
	STEP(bch_check_backpointers, BCH_PASS_check_btree_backpointers,
	     BCH_PASS_check_backpointers_to_extents, BCH_PASS_check_extents_to_backpointers),
	STEP(bch_check_alloc_to_lru_refs, BCH_PASS_check_alloc_to_lru_refs),
	STEP(bch_check_snapshot_trees, BCH_PASS_check_snapshot_trees),
	STEP(bch_check_snapshots, BCH_PASS_check_snapshots),
	STEP(bch_check_subvols, BCH_PASS_check_subvols, BCH_PASS_check_subvol_children),
	STEP(bch_check_inodes, BCH_PASS_check_inodes, BCH_PASS_check_extents,
	     BCH_PASS_check_indirect_extents),
	STEP(bch_check_names, BCH_PASS_check_dirents, BCH_PASS_check_xattrs, BCH_PASS_check_root,
	     BCH_PASS_check_unreachable_inodes, BCH_PASS_check_subvolume_structure,
	     BCH_PASS_check_directory_structure, BCH_PASS_check_nlinks),
	STEP(bch_check_rebalance_work, BCH_PASS_check_rebalance_work),
	STEP(bch_check_dead_inodes, BCH_PASS_delete_dead_inodes),
};

/* ------------------------------------------------------------------ a round */

static int tell(struct bch_check *c, const struct step *s, u32 nr, bool ends)
{
	if (c->round || !c->opts->pass || nr >= s->nr_passes)
		return 0;
	return c->opts->pass(c->opts->arg, bch_pass_name(s->passes[nr]), ends);
}

static bool is_wanted(const struct bch_check *c, const struct step *s)
{
	bool wanted = !c->opts->passes;

	for (u32 i = 0; i < s->nr_passes; i++)
		wanted |= c->opts->passes >> s->passes[i] & 1;
	return wanted;
}

static int run_step(struct bch_check *c, const struct step *s)
{
	int err = tell(c, s, 0, false);

	if (!err)
		err = s->run(c);
	if (!err)
		err = bch_repairs_apply(c);
	if (!err)
		err = tell(c, s, 0, true);
	for (u32 i = 1; i < s->nr_passes && !err; i++) {
		err = tell(c, s, i, false);
		if (!err)
			err = tell(c, s, i, true);
	}
	return err;
}

static int load_snapshots(struct bch_check *c)
{
	static const struct bch_files_opts files = { .flags = BCH_FILES_QUIET };

	return c->fs->files ? bch_files_reload_snapshots(c->fs) : bch_files_start(c->fs, &files);
}

/* Which snapshots there are may be another thing after each repair. */
static int prepare(struct bch_check *c)
{
	int err;

	if (c->has_snapshots && c->snapshots_at == c->nr_applied)
		return 0;
	err = load_snapshots(c);
	if (!err)
		err = bch_check_find_dead(c);
	c->has_snapshots = !err;
	c->snapshots_at = c->nr_applied;
	return err;
}

static int run_round(struct bch_check *c)
{
	int err = 0;

	c->nr_repairs = 0;
	bch_check_alloc_free(c->alloc);
	c->alloc = NULL;
	for (size_t i = 0; !c->round && i < bch_array_size(first_steps) && !err; i++)
		if (is_wanted(c, &first_steps[i]))
			err = run_step(c, &first_steps[i]);
	for (size_t i = 0; i < bch_array_size(steps) && !err; i++) {
		err = prepare(c);
		if (!err && is_wanted(c, &steps[i]))
			err = run_step(c, &steps[i]);
	}
	return err;
}

static int run_rounds(struct bch_check *c)
{
	int err;

	for (c->round = 0; c->round < ROUNDS_MAX; c->round++) {
		err = run_round(c);
		c->repaired |= c->nr_repairs > 0;
		if (err || !c->nr_repairs)
			return err;
	}
	return bch_error_whole(c->ctx, -BCH_ERR_refused,
			       "repairs do not come to an end after %u rounds: nothing was written",
			       ROUNDS_MAX);
}

/* ------------------------------------------------------------------ begin and end */

static int begin(struct bch_check *c)
{
	struct bch_sb_ext ext;

	bch_super_ext(&c->fs->super, &ext);
	c->lost_data = ext.btrees_lost_data;
	c->version = le16_get(c->fs->super.sb->version);
	bch_key_fs_init(&c->key_fs, &c->fs->super);
	c->key_context = (struct bch_key_context){ .version = c->version, .fs = &c->key_fs };
	return bch_problems_begin(c);
}

static void end(struct bch_check *c)
{
	bch_check_alloc_free(c->alloc);
	bch_repairs_drop(c);
	bch_problems_end(c);
	bch_array_end(&c->dead.a);
}

static void give_counts(struct bch_check *c, struct bch_fsck_result *result)
{
	result->counts = c->counts.a.v;
	result->nr_counts = c->counts.a.nr;
	for (size_t i = 0; i < c->counts.a.nr; i++) {
		result->nr_found += c->counts.a.v[i].nr_found;
		result->nr_repaired += c->counts.a.v[i].nr_repaired;
	}
}

void bch_fsck_result_end(struct bch_fsck_result *result)
{
	free(result->counts);
	result->counts = NULL;
}

int bch_fsck(struct bch_fs *fs, const struct bch_fsck_opts *opts, struct bch_fsck_result *result)
{
	struct bch_check c = { .fs = fs,
			       .ctx = fs->ctx,
			       .opts = opts,
			       .writes =
				       opts->answer != BCH_FSCK_NO && fs->flags & BCH_OPEN_WRITE };
	int err;

	*result = (struct bch_fsck_result){ 0 };
	err = begin(&c);
	if (!err)
		err = run_rounds(&c);
	give_counts(&c, result);
	if (!err && c.writes)
		err = bch_check_commit(&c, result);
	end(&c);
	return err;
}
