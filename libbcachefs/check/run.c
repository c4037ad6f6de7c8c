// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps of a check, again until they find nothing more to repair; then the commit. Format reference: 07 §1.5, §8.7. */

#include "check/inode.h"

#include <stdlib.h>

#include "base/thread_pool.h"
#include "commit/commit.h"
#include "ondisk/passes.h"

#define ROUNDS_MAX 12
#define NR_THREADS 4 /* unless said otherwise: devices serve several at once */
#define NR_QUEUED  16

enum step_flags {
	ONCE = 1 << 0,	 /* before all else: pending changes do not change nodes */
	HIDDEN = 1 << 1, /* its passes are not told */
	SILENT = 1 << 2, /* they are told only where it finds something */
};

/* A step, and the passes that it covers. */
struct bch_check_step {
	int (*run)(struct bch_check *c); /* NULL: the other steps do that too */
	unsigned flags;			 /* enum step_flags */
	u64 btrees;			 /* whose nodes it walks over, once: bits by id */
	u8 telling;			 /* under which of its passes problems are told */
	u8 nr_passes;
	u8 passes[8];
};

#define STEP(run, flags, btrees, telling, ...)                              \
	{                                                                   \
		run, flags, btrees, telling, sizeof((u8[]){ __VA_ARGS__ }), \
		{                                                           \
			__VA_ARGS__                                         \
		}                                                           \
	}

#define IN(btree) (1ULL << BCH_BTREE_##btree)
#define IN_ALL	  (~0ULL)

/* In the order in which kernels run the passes. */
/* clang-format off */
static const struct bch_check_step steps[] = {
	{ bch_check_device_ends, .flags = ONCE | HIDDEN }, /* no pass does that */
	{ bch_check_supers, .flags = ONCE | HIDDEN },
	STEP(bch_check_journal, ONCE | HIDDEN, 0, 0,
	     BCH_PASS_journal_replay),
	STEP(bch_check_nodes, ONCE | SILENT, 0, 1,
	     BCH_PASS_scan_for_btree_nodes, BCH_PASS_check_topology),
	STEP(NULL, 0, 0, 0,
	     BCH_PASS_accounting_read, BCH_PASS_alloc_read, BCH_PASS_stripes_read, BCH_PASS_snapshots_read),
	STEP(bch_check_allocations, 0, IN_ALL, 0,
	     BCH_PASS_check_allocations, BCH_PASS_trans_mark_dev_sbs),
	STEP(NULL, 0, 0, 0,
	     BCH_PASS_journal_replay),
	STEP(bch_check_alloc_info, 0, IN(alloc) | IN(need_discard) | IN(freespace) | IN(bucket_gens), 0,
	     BCH_PASS_check_alloc_info, BCH_PASS_fs_freespace_init),
	STEP(bch_check_lrus, 0, IN(lru), 0,
	     BCH_PASS_check_lrus),
	STEP(bch_check_backpointers, 0, IN(backpointers), 0,
	     BCH_PASS_check_btree_backpointers, BCH_PASS_check_backpointers_to_extents,
	     BCH_PASS_check_extents_to_backpointers),
	STEP(bch_check_alloc_to_lru_refs, 0, IN(alloc), 0,
	     BCH_PASS_check_alloc_to_lru_refs),
	STEP(bch_check_snapshot_trees, 0, IN(snapshot_trees), 0,
	     BCH_PASS_check_snapshot_trees),
	STEP(bch_check_snapshots, 0, IN(snapshots), 0,
	     BCH_PASS_check_snapshots),
	STEP(bch_check_subvols, 0, IN(subvolumes) | IN(subvolume_children), 0,
	     BCH_PASS_check_subvols, BCH_PASS_check_subvol_children),
	STEP(bch_check_dead_snapshots, 0, 0, 0,
	     BCH_PASS_delete_dead_snapshots),
	STEP(bch_check_logged_ops, SILENT, IN(logged_ops), 0,
	     BCH_PASS_resume_logged_ops), /* or extents seem wrong */
	STEP(bch_check_inodes, 0, IN(inodes) | IN(extents), 0,
	     BCH_PASS_check_inodes, BCH_PASS_check_extents, BCH_PASS_check_indirect_extents),
	STEP(bch_check_names, 0, IN(inodes) | IN(dirents) | IN(xattrs), 0,
	     BCH_PASS_check_dirents, BCH_PASS_check_xattrs, BCH_PASS_check_root,
	     BCH_PASS_check_unreachable_inodes, BCH_PASS_check_subvolume_structure,
	     BCH_PASS_check_directory_structure, BCH_PASS_check_nlinks),
	STEP(NULL, 0, 0, 0,
	     BCH_PASS_resume_logged_ops),
	STEP(bch_check_rebalance_work, 0, IN(rebalance_work), 0,
	     BCH_PASS_check_rebalance_work),
	STEP(bch_check_dead_inodes, 0, IN(deleted_inodes), 0,
	     BCH_PASS_delete_dead_inodes),
};
/* clang-format on */

static u64 passes_of(const struct bch_check_step *s)
{
	u64 passes = 0;

	for (u32 i = 0; i < s->nr_passes; i++)
		passes |= 1ULL << s->passes[i];
	return passes;
}

u64 bch_fsck_passes_until(u64 last)
{
	u64 passes = 0;

	for (size_t i = 0; i < bch_array_size(steps) && !(passes & last); i++)
		if (!(steps[i].flags & HIDDEN))
			passes |= passes_of(&steps[i]);
	return passes;
}

/* ------------------------------------------------------------------ passes are told */

/* What kernels do at each start is no line of a report. */
static bool is_told(const struct bch_check *c, u8 pass)
{
	if (pass == BCH_PASS_trans_mark_dev_sbs || pass == BCH_PASS_fs_freespace_init)
		return false;
	return c->opts->pass && !c->round;
}

static int tell(const struct bch_check *c, u8 pass, bool ends)
{
	return is_told(c, pass) ? c->opts->pass(c->opts->arg, bch_pass_name(pass), ends) : 0;
}

/* Nothing is told under these. */
static int tell_whole(const struct bch_check *c, const struct bch_check_step *s, u32 from, u32 to)
{
	int err = 0;

	for (u32 i = from; i < to && !err; i++) {
		err = tell(c, s->passes[i], false);
		if (!err)
			err = tell(c, s->passes[i], true);
	}
	return err;
}

int bch_check_tell_step(struct bch_check *c)
{
	const struct bch_check_step *s = c->untold;
	int err;

	c->untold = NULL;
	if (!s || s->flags & HIDDEN)
		return 0;
	err = tell_whole(c, s, 0, s->telling);
	return err ? err : tell(c, s->passes[s->telling], false);
}

/* ------------------------------------------------------------------ a round */

static bool is_wanted(const struct bch_check *c, const struct bch_check_step *s)
{
	return (!c->opts->passes || c->opts->passes & passes_of(s)) &&
	       !(s->flags & ONCE && c->round);
}

/* Runs it with its progress, whose total is known when the nodes have been counted. */
static int do_step(struct bch_check *c, const struct bch_check_step *s)
{
	struct bch_progress_work work = { .unit = "nodes" };
	int err;

	work.name = bch_pass_name(s->passes[s->telling]);
	for (u8 id = 0; id < BCH_BTREE_ID_MAX; id++)
		work.total += s->btrees >> id & 1 ? c->nr_nodes[id] : 0;
	c->progress = bch_progress_new(c->ctx, c->opts->progress, &work);
	err = s->run(c);
	bch_progress_free(c->progress);
	c->progress = NULL;
	return err ? err : bch_repairs_apply(c);
}

static int run_step(struct bch_check *c, const struct bch_check_step *s)
{
	int err = 0;

	c->untold = s;
	if (!(s->flags & (SILENT | HIDDEN)))
		err = bch_check_tell_step(c);
	if (!err && s->run)
		err = do_step(c, s);
	if (!err && !c->untold && !(s->flags & HIDDEN)) {
		err = tell(c, s->passes[s->telling], true);
		if (!err)
			err = tell_whole(c, s, s->telling + 1, s->nr_passes);
	}
	c->untold = NULL;
	return err;
}

static int load_snapshots(struct bch_check *c)
{
	static const struct bch_files_opts files = { .flags = BCH_FILES_QUIET };

	return c->fs->files ? bch_files_reload_snapshots(c->fs) : bch_files_start(c->fs, &files);
}

int bch_check_see_snapshots(struct bch_check *c)
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
	for (size_t i = 0; i < bch_array_size(steps) && !err; i++) {
		if (!is_wanted(c, &steps[i]))
			continue;
		if (!(steps[i].flags & ONCE))
			err = bch_check_see_snapshots(c);
		if (!err)
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
	memcpy(c->silent, ext.errors_silent, sizeof(c->silent));
	c->pool = bch_thread_pool_new(c->opts->nr_threads ? c->opts->nr_threads : NR_THREADS,
				      NR_QUEUED);
	if (!c->pool)
		return -BCH_ERR_no_memory;
	c->version = le16_get(c->fs->super.sb->version);
	bch_key_fs_init(&c->key_fs, &c->fs->super);
	c->key_context = (struct bch_key_context){ .version = c->version, .fs = &c->key_fs };
	return bch_problems_begin(c);
}

static void end(struct bch_check *c)
{
	bch_btree_nodes_judged(c->fs, false);
	bch_thread_pool_free(c->pool);
	bch_check_alloc_free(c->alloc);
	bch_repairs_drop(c);
	bch_problems_end(c);
	bch_array_end(&c->dead.a);
	bch_array_end(&c->files.a);
}

static void give_counts(struct bch_check *c, struct bch_fsck_result *result)
{
	result->counts = c->counts.a.v;
	result->nr_counts = c->counts.a.nr;
	result->metadata_bytes = c->metadata_bytes;
	for (size_t i = 0; i < c->counts.a.nr; i++) {
		result->nr_found += c->counts.a.v[i].nr_found;
		result->nr_repaired += c->counts.a.v[i].nr_repaired;
	}
}

static int compare_files(const void *l, const void *r)
{
	const struct bch_fsck_file *a = l, *b = r;

	return a->inum < b->inum ? -1 : a->inum > b->inum;
}

/* Each once, by number. */
static void give_files(struct bch_check *c, struct bch_fsck_result *result)
{
	struct bch_fsck_file *files = c->files.a.v;
	size_t nr = 0;

	if (c->files.a.nr)
		qsort(files, c->files.a.nr, sizeof(*files), compare_files);
	for (size_t i = 0; i < c->files.a.nr; i++)
		if (nr && files[nr - 1].inum == files[i].inum)
			files[nr - 1].lost_data |= files[i].lost_data;
		else
			files[nr++] = files[i];
	for (size_t i = 0; i < nr; i++)
		result->nr_lost_data += files[i].lost_data;
	result->files = files;
	result->nr_files = nr;
	c->files.a.v = NULL;
	c->files.a.nr = c->files.a.size = 0;
}

void bch_fsck_result_end(struct bch_fsck_result *result)
{
	free(result->counts);
	free(result->files);
	*result = (struct bch_fsck_result){ 0 };
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
	give_files(&c, result);
	c.writes &= !opts->all_or_nothing || result->nr_found == result->nr_repaired;
	if (!err && c.writes)
		err = bch_check_commit(&c, result);
	end(&c);
	return err;
}
