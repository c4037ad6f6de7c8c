// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dropping what is known about allocation, so that an image gets small. Format reference: 01 §5.1 (no_alloc_info), 03 §8.3.
 *
 * The feature is set before the roots go: a stop in between leaves them whole, and a kernel that makes them anew.
 */

#include "commit/private.h"

#include "ondisk/sb_sections.h"

/* But bucket_gens: nothing else knows how often a bucket was used, and kernels do not make that anew. */
static const u8 stripped[] = {
	BCH_BTREE_alloc, BCH_BTREE_freespace,	 BCH_BTREE_need_discard,
	BCH_BTREE_lru,	 BCH_BTREE_backpointers, BCH_BTREE_accounting,
};

/* Where the nodes are that nothing will lead to. */
struct places {
	BCH_ARRAY(struct bch_ptr) a;
};

/* ------------------------------------------------------------------ before */

static int add_places(struct places *places, const struct bch_fs *fs, const struct bch_key *ptr)
{
	struct bch_extent_walk w = bch_extent_walk(ptr, &fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	while (!err && bch_extent_ptr_next(&w, &p))
		err = bch_array_push(&places->a, p.ptr);
	return err;
}

/* All nodes of a btree. */
static int find_nodes(struct bch_fs *fs, u8 btree_id, struct places *places)
{
	struct bch_btree_root root = bch_btree_root(fs, btree_id);
	int err = 0;

	for (u8 level = 0; root.state == BCH_ROOT_PRESENT && level <= root.level && !err; level++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;
		int more;

		while (!err && (more = bch_cursor_next(&cur, &k)))
			err = more < 0 ? more : add_places(places, fs, &k);
	}
	return err;
}

static void mark_stripped(struct bch_fs *fs)
{
	struct bch_sb *sb = fs->super.sb;
	struct bch_member m;

	sb->features[0] = le64_of(le64_get(sb->features[0]) | 1ULL << BCH_FEATURE_no_alloc_info);
	for (u32 i = 0; i < fs->nr_members; i++) {
		if (!bch_super_member(&fs->super, i, &m))
			continue;
		bch_member_FREESPACE_INITIALIZED_set(&m, 0);
		bch_super_member_put(&fs->super, i, &m);
	}
}

/* ------------------------------------------------------------------ the entry without them */

static int write_entry(struct bch_fs *fs)
{
	struct bch_writer *w = fs->writer;
	struct bch_plan plan = { .fs = fs, .w = w, .seq = bch_journal_writer_next_seq(w->journal) };
	int err = bch_commit_super_before(&plan);

	if (err)
		return err;
	for (size_t i = 0; i < bch_array_size(stripped); i++)
		bch_btree_root_clear(fs, stripped[i]);
	err = bch_commit_entry(&plan);
	if (!err)
		err = bch_fs_flush(fs);
	if (!err) {
		bch_journal_write_done(w->journal, plan.seq);
		w->seq = plan.seq;
	}
	return err;
}

/* Gives the dropped nodes' places back. */
static int discard(struct bch_fs *fs, const struct places *places)
{
	u64 node_bytes = bch_btree_rules(fs).node_bytes;
	int err = 0;

	for (size_t i = 0; i < places->a.nr && !err; i++) {
		const struct bch_ptr *p = &places->a.v[i];

		if (p->dev_idx < fs->nr_members && fs->members[p->dev_idx].blkdev)
			err = bch_blkdev_discard(fs->members[p->dev_idx].blkdev, node_bytes,
						 BCH_BYTES(p->offset_sectors));
	}
	return err;
}

int bch_strip_alloc(struct bch_fs *fs)
{
	struct bch_writer *w = fs->writer;
	struct places places = { 0 };
	int err;

	if (w->leave_dirty)
		return bch_error_whole(
			fs->ctx, -BCH_ERR_refused,
			"a kernel has to end first what it had begun; mount it once");
	err = bch_commit(fs); /* what only the journal holds is in nodes then */
	for (size_t i = 0; i < bch_array_size(stripped) && !err; i++)
		err = find_nodes(fs, stripped[i], &places);
	if (!err) {
		mark_stripped(fs);
		err = write_entry(fs);
	}
	if (!err)
		err = bch_super_mark_clean(fs);
	if (!err)
		err = discard(fs, &places);
	w->failed = true; /* nothing is known of free space: no more changes */
	bch_array_end(&places.a);
	return err;
}
