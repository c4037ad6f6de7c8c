// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in a dump: the layout, all copies of the superblock, the journal, all copies of all nodes.
 *
 * Nodes are looked for twice where the filesystem is unclean: in the view with the journal's keys, which who replays the
 * dump will see, and in that of the nodes alone, as they are on disk. Only nodes above the leaves are read for it.
 */

#include "ops/dump_private.h"

#include <stdlib.h>

#include <bcachefs/journal.h>
#include <bcachefs/list.h>
#include "btree/btree.h"
#include "journal/journal.h"
#include "ondisk/key_extent.h"

static int add(struct bch_dump_member *m, u64 sector, u64 len, enum bch_dump_kind kind,
	       u32 nr_sectors)
{
	struct bch_qcow2_range range = { .offset = BCH_BYTES(sector),
					 .len = len,
					 .what = kind | (u64)nr_sectors << 32 };

	return bch_qcow2_add(m->writer, &range);
}

static bool is_within(const struct bch_dump_member *m, u64 sector, u64 len)
{
	u64 size = m->dev->geometry.size;

	return sector <= BCH_SECTORS(size) && len <= size - BCH_BYTES(sector);
}

/* ------------------------------------------------------------------ superblocks */

bool bch_dump_super_at(struct bch_blkdev *dev, u64 sector, struct bch_super *super)
{
	return !bch_super_read_copy(dev, sector, super, NULL) &&
	       !bch_sb_validate(super, sector, 0, NULL);
}

/* A damaged one is copied as it is, in the length of the good one; but it may hold anything. */
static int add_super(struct bch_dump *d, struct bch_dump_member *m, u64 sector, size_t usual_len)
{
	struct bch_super super bch_auto(super) = { 0 };
	bool good = bch_dump_super_at(m->dev, sector, &super);
	size_t len = good ? bch_super_len(&super) : usual_len;

	if (!good)
		bch_log(d->fs->ctx, BCH_LOG_warn,
			"%s: superblock at sector %" PRIu64 " is damaged%s", m->dev->name, sector,
			d->edit.data ? ": it is left out" : "");
	if (!is_within(m, sector, len) || (!good && d->edit.data))
		return 0;
	m->nr_supers++;
	return add(m, sector, len, BCH_DUMP_super, 0);
}

static int add_supers(struct bch_dump *d, struct bch_dump_member *m)
{
	const struct bch_super *super = &d->fs->members[m->dev_idx].super;
	const struct bch_sb_layout *layout = &super->sb->layout;
	int err = is_within(m, BCH_SB_LAYOUT_SECTOR, sizeof(*layout))
			  ? add(m, BCH_SB_LAYOUT_SECTOR, sizeof(*layout), BCH_DUMP_layout, 0)
			  : 0;

	for (u32 i = 0; i < layout->nr_superblocks && !err; i++)
		err = add_super(d, m, le64_get(layout->sb_offset[i]), bch_super_len(super));
	return err;
}

/* ------------------------------------------------------------------ journal */

static int add_bucket(struct bch_dump_member *m, u64 sector, u64 len)
{
	if (!is_within(m, sector, len))
		return 0;
	m->nr_buckets++;
	return add(m, sector, len, BCH_DUMP_bucket, 0);
}

static int add_ring(struct bch_dump *d, struct bch_dump_member *m)
{
	struct bch_bucket_range *ranges;
	struct bch_member member;
	u32 nr;
	int err;

	if (!bch_super_member(&d->fs->super, m->dev_idx, &member))
		return 0;
	err = bch_super_journal(&d->fs->members[m->dev_idx].super, &ranges, &nr);
	if (err)
		return err;
	for (u32 i = 0; i < nr; i++)
		for (u64 b = 0; b < ranges[i].nr && !err; b++)
			err = add_bucket(m, (ranges[i].start + b) * member.bucket_size,
					 BCH_BYTES(member.bucket_size));
	free(ranges);
	return err;
}

static int add_rings(struct bch_dump *d)
{
	int err = 0;

	for (u32 i = 0; i < d->nr_members && !err; i++)
		err = add_ring(d, &d->members[i]);
	return err;
}

static struct bch_dump_member *member_of(struct bch_dump *d, u32 dev_idx)
{
	for (u32 i = 0; i < d->nr_members; i++)
		if (d->members[i].dev_idx == dev_idx)
			return &d->members[i];
	return NULL;
}

static bool is_dirty(const struct bch_journal *j, const struct bch_journal_bucket *b)
{
	for (size_t i = 0; i < b->copies.a.nr; i++)
		if (b->copies.a.v[i].seq >= j->last_seq)
			return true;
	return false;
}

static int add_dirty_buckets(struct bch_dump *d, const struct bch_journal *j)
{
	int err = 0;

	for (size_t i = 0; i < j->buckets.a.nr && !err; i++) {
		const struct bch_journal_bucket *b = &j->buckets.a.v[i];

		if (is_dirty(j, b))
			err = add_bucket(member_of(d, b->dev_idx), b->sector,
					 BCH_BYTES(b->nr_sectors));
	}
	return err;
}

/* What ends the dump, where anything else is a part of the filesystem that cannot be used. */
static bool is_fatal(int err)
{
	return err == -BCH_ERR_no_memory || err == -BCH_ERR_cancelled || err == -BCH_ERR_no_key;
}

/* Without a recovery point anything may be of use. */
static int add_journal(struct bch_dump *d)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	int err = d->opts.no_journal ? bch_journal_read(d->fs, &j) : 0;

	if (is_fatal(err))
		return err;
	return j && j->last_seq ? add_dirty_buckets(d, j) : add_rings(d);
}

/* ------------------------------------------------------------------ nodes */

static int add_copies(struct bch_dump *d, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &d->fs->super);
	u8 kept = bch_dump_kept_copy(&d->edit, k);
	struct bch_node_ptr node;
	struct bch_extent_ptr p;
	int err = 0;

	(void)bch_node_ptr_get(k, &node); /* else nothing is known */
	while (!err && bch_extent_ptr_next(&walk, &p)) {
		struct bch_dump_node copy = { p.ptr.offset_sectors, node.nr_sectors };
		struct bch_dump_member *m = member_of(d, p.ptr.dev_idx);

		if (m && (kept == BCH_PTR_DEV_NONE || kept == p.ptr.dev_idx))
			err = bch_array_push(&m->nodes.a, copy);
	}
	return err;
}

/* What cannot be read on the way is said when the leaves are looked for, once. */
static int add_level(struct bch_dump *d, u8 btree_id, u8 level, struct bch_progress *progress)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(d->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (bch_cancelled(d->fs->ctx))
			return -BCH_ERR_cancelled;
		if (more > 0)
			err = add_copies(d, &k);
		else if (more != -BCH_ERR_btree_node_read_failed)
			return more;
		else if (!level)
			bch_log(d->fs->ctx, BCH_LOG_warn, "%s: what it leads to is not in the dump",
				bch_error_message(d->fs->ctx, more));
		bch_progress_add(progress, more > 0);
	}
	return err;
}

static int add_btree(struct bch_dump *d, u8 btree_id, struct bch_progress *progress)
{
	struct bch_btree_root root = bch_btree_root(d->fs, btree_id);
	int err = 0;

	switch (root.state) {
	case BCH_ROOT_SCANNED:
		root.level = 0;
		break;
	case BCH_ROOT_PRESENT:
	case BCH_ROOT_LOST: /* is an error, said */
		break;
	case BCH_ROOT_ABSENT:
		return 0;
	}
	for (int level = root.level; level >= 0 && !err; level--)
		err = add_level(d, btree_id, (u8)level, progress);
	return err;
}

static int add_btrees(struct bch_dump *d)
{
	struct bch_progress_work work = { .name = "look for nodes", .unit = "nodes" };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(d->fs->ctx, d->opts.progress, &work);
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++)
		err = add_btree(d, id, progress);
	return err;
}

static int find_nodes(struct bch_dump *d)
{
	int err = bch_fs_start(d->fs, NULL);

	if (err && !is_fatal(err)) {
		bch_log(d->fs->ctx, BCH_LOG_warn, "%s: there are no btree nodes in the dump",
			bch_error_message(d->fs->ctx, err));
		return 0;
	}
	if (!err && d->opts.scan_nodes)
		err = bch_fs_scan_nodes(d->fs);
	if (!err)
		err = add_btrees(d);
	if (!err && !bch_sb_flag(d->fs->super.sb, BCH_SB_CLEAN)) {
		bch_btrees_set_overlay(d->fs, NULL);
		err = add_btrees(d);
	}
	return err;
}

static int compare(const void *l, const void *r)
{
	const struct bch_dump_node *a = l, *b = r;

	if (a->sector != b->sector)
		return a->sector < b->sector ? -1 : 1;
	return (a->nr_sectors < b->nr_sectors) - (a->nr_sectors > b->nr_sectors);
}

/* Each once, and of different lengths the largest. */
static void sort_nodes(struct bch_dump_member *m)
{
	struct bch_dump_node *v = m->nodes.a.v;
	size_t nr = 0;

	if (m->nodes.a.nr)
		qsort(v, m->nodes.a.nr, sizeof(*v), compare);
	for (size_t i = 0; i < m->nodes.a.nr; i++)
		if (!nr || v[i].sector != v[nr - 1].sector)
			v[nr++] = v[i];
	m->nodes.a.nr = nr;
}

static int add_node(struct bch_dump *d, struct bch_dump_member *m, const struct bch_dump_node *n)
{
	u64 len = BCH_BYTES(bch_sb_flag(d->fs->super.sb, BCH_SB_BTREE_NODE_SIZE));

	if (!is_within(m, n->sector, len)) {
		bch_log(d->fs->ctx, BCH_LOG_warn,
			"%s: node at sector %" PRIu64 " would lie past the device's end",
			m->dev->name, n->sector);
		return 0;
	}
	m->nr_nodes++;
	return add(m, n->sector, len, BCH_DUMP_node, n->nr_sectors);
}

static int add_nodes(struct bch_dump *d, struct bch_dump_member *m)
{
	int err = 0;

	sort_nodes(m);
	for (size_t i = 0; i < m->nodes.a.nr && !err; i++)
		err = add_node(d, m, &m->nodes.a.v[i]);
	return err;
}

int bch_dump_collect(struct bch_dump *d)
{
	int err = 0;

	for (u32 i = 0; i < d->nr_members && !err; i++)
		err = add_supers(d, &d->members[i]);
	if (!err)
		err = add_journal(d);
	if (!err)
		err = find_nodes(d);
	for (u32 i = 0; i < d->nr_members && !err; i++)
		err = add_nodes(d, &d->members[i]);
	return err;
}
