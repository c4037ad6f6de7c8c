// SPDX-License-Identifier: GPL-2.0-or-later
/* The commit, and the run of commits on one filesystem. Format reference: 03 §8.3. */

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "commit/private.h"

#define VERSION_MIN BCH_VERSION(1, 9)
#define VERSION_MAX BCH_VERSION(1, 28)

/* More changes than this should be committed before others come. */
#define CHANGES_BYTES_WANTED (256U << 20)

/* ------------------------------------------------------------------ begin */

static void writer_free(struct bch_writer *w)
{
	bch_journal_writer_free(w->journal);
	bch_space_free(w->space);
	bch_thread_pool_free(w->pool);
	free(w);
}

static void end(struct bch_fs *fs)
{
	writer_free(fs->writer);
	fs->writer = NULL;
}

static bool is_stripped(const struct bch_fs *fs)
{
	return le64_get(fs->super.sb->features[0]) >> BCH_FEATURE_no_alloc_info & 1;
}

static int check_version(struct bch_fs *fs)
{
	u16 version = le16_get(fs->super.sb->version);

	if (version < VERSION_MIN)
		return bch_error_whole(fs->ctx, -BCH_ERR_version_unsupported,
				       "filesystem has version %u.%u, which is too old to be "
				       "changed; try 'bcachefs upgrade'",
				       BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
	if (version > VERSION_MAX)
		return bch_error_whole(fs->ctx, -BCH_ERR_version_unsupported,
				       "filesystem has version %u.%u; this program changes those "
				       "up to 1.28 only",
				       BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
	return 0;
}

/* Is there anything that a kernel has to end? What logged_ops has behind inode 0 are cursors. */
static bool has_keys(struct bch_fs *fs, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, bch_spos(0, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;

	return bch_cursor_next(&cur, &k) > 0;
}

static u32 nr_threads(const struct bch_writer_opts *opts)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (opts->nr_threads)
		return opts->nr_threads;
	return n < 1 ? 1 : n > 16 ? 16 : (u32)n;
}

static void choose(struct bch_fs *fs, struct bch_writer *w, const struct bch_writer_opts *opts)
{
	if (opts->seed)
		memcpy(w->seed, opts->seed, sizeof(w->seed));
	else
		bch_random(w->seed, sizeof(w->seed));
	w->counters_in_journal = opts->counters_in_journal;
	w->is_passing = opts->is_new && opts->is_passing;
	w->leave_dirty =
		w->counters_in_journal ||
		(!opts->is_new && !fs->state.was_clean &&
		 (has_keys(fs, BCH_BTREE_logged_ops) || has_keys(fs, BCH_BTREE_deleted_inodes)));
}

int bch_writer_check(struct bch_fs *fs)
{
	int err = check_version(fs);

	if (!err && is_stripped(fs))
		err = bch_error_whole(fs->ctx, -BCH_ERR_refused,
				      "what is known about allocation was stripped from it: a "
				      "kernel's mount makes it anew");
	return err;
}

int bch_writer_start(struct bch_fs *fs, const struct bch_writer_opts *opts)
{
	static const struct bch_writer_opts none;
	struct bch_writer *w;
	int err = bch_writer_check(fs);

	if (err)
		return err;
	w = bch_calloc(1, sizeof(*w));
	if (!w)
		return -BCH_ERR_no_memory;
	if (!opts)
		opts = &none;
	choose(fs, w, opts);
	w->pool = bch_thread_pool_new(nr_threads(opts) - 1, 64);
	err = w->pool ? bch_journal_writer_new(fs, opts->is_new, &w->journal) : -BCH_ERR_no_memory;
	if (!err)
		err = bch_space_new(fs, opts->is_new, &w->space);
	if (!err && opts->counted)
		bch_space_trust(w->space, opts->counted);
	if (err) {
		writer_free(w);
		return err;
	}
	w->seq = fs->state.seq;
	w->attachment.end = end;
	bch_fs_attach(fs, &w->attachment);
	fs->writer = w;
	return 0;
}

u64 bch_writer_random(struct bch_fs *fs)
{
	struct bch_writer *w = fs->writer;
	const le64 nr = le64_of(++w->nr_random);

	return bch_siphash(w->seed, nr.b, sizeof(nr));
}

struct bch_space *bch_writer_space(struct bch_fs *fs)
{
	return fs->writer->space;
}

struct bch_journal_writer *bch_writer_journal(struct bch_fs *fs)
{
	return fs->writer->journal;
}

struct bch_thread_pool *bch_writer_pool(struct bch_fs *fs)
{
	return fs->writer->pool;
}

void bch_writer_super_changed(struct bch_fs *fs)
{
	fs->writer->super_changed = true;
}

void bch_writer_need_feature(struct bch_fs *fs, u32 feature)
{
	le64 *word = &fs->super.sb->features[0];

	if (le64_get(*word) >> feature & 1)
		return;
	*word = le64_of(le64_get(*word) | 1ULL << feature);
	bch_writer_super_changed(fs);
}

int bch_update(struct bch_fs *fs, u8 btree_id, const struct bch_key *k, unsigned flags)
{
	return bch_change_put(fs, BCH_CHANGE_GIVEN, btree_id, k, flags & BCH_UPDATE_QUIET);
}

bool bch_commit_wanted(const struct bch_fs *fs)
{
	return bch_changes_bytes(fs) > CHANGES_BYTES_WANTED;
}

/* ------------------------------------------------------------------ commit */

int bch_fs_flush(struct bch_fs *fs)
{
	int err = 0;

	for (u32 i = 0; i < fs->nr_members && !err; i++)
		if (fs->members[i].blkdev)
			err = bch_blkdev_flush(fs->members[i].blkdev);
	return err;
}

static int flush_if_wanted(struct bch_plan *plan)
{
	return plan->w->is_passing ? 0 : bch_fs_flush(plan->fs);
}

int bch_writer_make_durable(struct bch_fs *fs)
{
	fs->writer->is_passing = false;
	return bch_fs_flush(fs);
}

/* What is on disk is the state now: the changes are in it. */
static int take_over(struct bch_plan *plan)
{
	struct bch_fs *fs = plan->fs;
	int err = 0;

	for (u32 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_plan_btree *b = &plan->btrees[id];
		struct bch_key root = bch_node_key_get(&b->root);

		if (b->touched)
			err = bch_btree_root_set(fs, id, b->root_level, &root);
	}
	bch_changes_drop(fs, BCH_CHANGE_GIVEN);
	bch_changes_drop(fs, BCH_CHANGE_DERIVED);
	bch_btrees_set_overlay(fs, NULL);
	bch_space_renew(plan->w->space);
	bch_journal_write_done(plan->w->journal, plan->seq);
	plan->w->seq = plan->seq;
	return err;
}

/* From here on an error leaves the filesystem in the old state or the new one, but us in neither. */
static int write_all(struct bch_plan *plan)
{
	int err = bch_commit_super_before(plan);

	if (!err)
		err = bch_plan_write(plan);
	if (!err)
		err = flush_if_wanted(plan);
	if (!err)
		err = bch_commit_entry(plan);
	if (!err)
		err = flush_if_wanted(plan);
	if (!err)
		bch_commit_discard(plan->fs);
	if (!err)
		err = take_over(plan);
	plan->w->failed |= err || plan->w->counters_in_journal;
	return err;
}

/*
 * The filesystem is clean, and stays so: what makes it all durable is the write of the superblock, with the roots and what
 * else has changed in it. Format reference: 03 §8.4.
 */
static int write_with_super(struct bch_plan *plan)
{
	int err = bch_commit_super_marks(plan);

	if (!err)
		err = bch_plan_write(plan);
	if (!err)
		err = bch_fs_flush(plan->fs);
	if (!err)
		err = bch_commit_entry(plan);
	if (!err)
		err = bch_fs_flush(plan->fs);
	if (!err)
		err = take_over(plan);
	if (!err)
		err = bch_super_mark_clean(plan->fs);
	plan->w->super_changed = false;
	plan->w->failed |= err != 0;
	return err;
}

static bool anything_to_do(const struct bch_plan *plan)
{
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
		if (plan->btrees[id].touched)
			return true;
	return false;
}

static int commit(struct bch_fs *fs, int (*write)(struct bch_plan *plan))
{
	struct bch_writer *w = fs->writer;
	struct bch_plan *plan;
	int err;

	if (w->failed)
		return -BCH_ERR_refused;
	plan = bch_calloc(1, sizeof(*plan));
	if (!plan)
		return -BCH_ERR_no_memory;
	bch_btrees_take_version(fs);
	plan->fs = fs;
	plan->w = w;
	plan->seq = bch_journal_writer_next_seq(w->journal);
	plan->node_sectors = (u32)bch_sb_flag(fs->super.sb, BCH_SB_BTREE_NODE_SIZE);
	plan->node_bytes = (u32)BCH_BYTES(plan->node_sectors);
	plan->block_sectors = le16_get(fs->super.sb->block_size);
	err = bch_plan_make(plan);
	if (!err && anything_to_do(plan))
		err = write(plan);
	else if (!err && !fs->state.was_clean) /* the nodes have it all: it can become clean */
		w->dirty = w->super_changed = true;
	bch_plan_end(plan);
	free(plan);
	return err;
}

int bch_commit(struct bch_fs *fs)
{
	return commit(fs, write_all);
}

int bch_commit_with_super(struct bch_fs *fs)
{
	return fs->writer->dirty ? -BCH_ERR_refused : commit(fs, write_with_super);
}

int bch_writer_check_clean(const struct bch_fs *fs)
{
	if (!fs->writer->leave_dirty)
		return 0;
	return bch_error_whole(fs->ctx, -BCH_ERR_refused,
			       "it was not unmounted cleanly, with files to be deleted: run fsck "
			       "first");
}

int bch_writer_finish(struct bch_fs *fs)
{
	struct bch_writer *w = fs->writer;

	if (!w || w->failed)
		return 0;
	if (!w->dirty || w->leave_dirty)
		return w->super_changed ? bch_fs_write_super(fs) : 0;
	w->dirty = false;
	return bch_super_mark_clean(fs);
}
