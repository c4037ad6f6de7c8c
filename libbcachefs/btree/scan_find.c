// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking for leaves on the devices: every place that may hold one is read. Format reference: 02 §12.3 (1) to (4). */

#include <stdlib.h>

#include "base/memory.h"
#include "btree/private.h"

#define VERSION_BITMAP BCH_VERSION(1, 7) /* since then members know where their nodes are */

struct scan {
	struct bch_fs *fs;
	struct bch_node_rules rules;
	u64 btrees;
	u32 node_sectors;
	bool has_bitmap;
	u64 first_idx[BCH_SB_MAX_MEMBERS + 1]; /* of the buckets of a member, among all */
	struct bch_found_leaves *of_worker;
};

/* May there be a node at @sector? 01 §8.2. */
static bool is_marked(const struct scan *s, const struct bch_member *m, u64 sector)
{
	u64 first = sector >> (m->btree_bitmap_shift & 63);
	u64 last = (sector + s->node_sectors - 1) >> (m->btree_bitmap_shift & 63);

	if (!s->has_bitmap)
		return true;
	for (u64 bit = first; bit <= last; bit++)
		if (bit >= 64 || !(m->btree_allocated_bitmap >> bit & 1))
			return false;
	return true;
}

/* Does the node whose first bytes are in @node look like a leaf that is wanted? @node is of its own. */
static bool wants(const struct scan *s, struct bch_btree_node *node, struct bch_node_want *want)
{
	struct bch_bytes bytes = { node->bytes, node->len };
	struct bch_node_header h;
	struct bch_bset first;

	if (bch_node_magic_at(bytes) != s->rules.magic || !bch_bset_at(bytes, 0, &first) ||
	    bch_node_header_decrypt(node->bytes, &first, s->rules.key))
		return false;
	bch_node_header_get(bytes, &h);
	*want = (struct bch_node_want){
		.btree_id = (u8)h.btree_id,
		.ptr = { .v2 = true, .seq = first.seq, .min = h.min, .max = h.max }
	};
	return !h.level && h.btree_id < BCH_BTREE_ID_MAX && s->btrees >> h.btree_id & 1;
}

/* 1: @want is what to decode at @sector, 0: nothing of interest is there. */
static int probe(const struct scan *s, struct bch_blkdev *dev, u64 sector,
		 struct bch_node_want *want)
{
	u8 bytes[BCH_SECTOR_SIZE];
	struct bch_btree_node start = { .bytes = bytes, .len = sizeof(bytes) };

	if (bch_blkdev_read(dev, bytes, sizeof(bytes), BCH_BYTES(sector)))
		return 0; /* a place that cannot be read holds nothing for us */
	return wants(s, &start, want);
}

static int take_leaf(struct bch_found_leaves *leaves, const struct bch_btree_node *node, u8 dev_idx,
		     u64 sector)
{
	struct bch_found_leaf leaf = {
		.btree_id = node->btree_id,
		.seq = node->seq,
		.cookie = node->cookie,
		.journal_seq = node->journal_seq,
		.min = node->min,
		.max = node->max,
		.nr_sectors = (u32)BCH_SECTORS(node->len),
		.good = !node->problems.nr,
		.nr_copies = 1,
		.copies = { { .offset_sectors = sector, .dev_idx = dev_idx } },
	};

	return bch_array_push(&leaves->a, leaf);
}

static int look_at(const struct scan *s, u8 dev_idx, u64 sector, struct bch_found_leaves *leaves)
{
	struct bch_blkdev *dev = s->fs->members[dev_idx].blkdev;
	struct bch_btree_node node = { .len = s->rules.node_bytes };
	struct bch_node_want want;
	int err = 0;

	if (!probe(s, dev, sector, &want))
		return 0;
	node.bytes = bch_malloc(node.len);
	if (!node.bytes)
		return -BCH_ERR_no_memory;
	if (!bch_blkdev_read(dev, node.bytes, node.len, BCH_BYTES(sector)))
		err = bch_btree_node_decode(&node, &s->rules, &want);
	else
		node.grade = BCH_NODE_UNUSABLE;
	if (!err && node.grade != BCH_NODE_UNUSABLE)
		err = take_leaf(leaves, &node, dev_idx, sector);
	bch_btree_node_end(&node);
	return err;
}

/* One bucket, by its number among those of all members. */
static int scan_bucket(void *arg, u64 idx, u32 worker_idx)
{
	const struct scan *s = arg;
	struct bch_member m;
	u8 dev_idx = 0;
	u64 start;
	int err = 0;

	while (idx >= s->first_idx[dev_idx + 1])
		dev_idx++;
	if (!bch_super_member(&s->fs->super, dev_idx, &m))
		return 0;
	start = (m.first_bucket + idx - s->first_idx[dev_idx]) * m.bucket_size;
	for (u64 at = 0; !err && at + s->node_sectors <= m.bucket_size; at += s->node_sectors)
		if (is_marked(s, &m, start + at))
			err = look_at(s, dev_idx, start + at, &s->of_worker[worker_idx]);
	if (bch_cancelled(s->fs->ctx))
		return -BCH_ERR_cancelled;
	return err;
}

/* Numbers the buckets of all open members. */
static u64 count_buckets(struct scan *s)
{
	u64 nr = 0;

	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++) {
		struct bch_member m;

		s->first_idx[i] = nr;
		if (i < s->fs->nr_members && s->fs->members[i].blkdev &&
		    bch_super_member(&s->fs->super, i, &m) && bch_member_alive(&m))
			nr += m.nbuckets - m.first_bucket;
	}
	s->first_idx[BCH_SB_MAX_MEMBERS] = nr;
	return nr;
}

/* Each copy of its own. */
static int find_copies(struct bch_fs *fs, u64 btrees, struct bch_found_leaves *all)
{
	struct bch_btrees *b = fs->btrees;
	const struct bch_sb *sb = fs->super.sb;
	u32 nr_workers = bch_thread_pool_nr_workers(b->pool);
	struct scan s = {
		.fs = fs,
		.rules = b->rules,
		.btrees = btrees,
		.node_sectors = (u32)BCH_SECTORS(b->rules.node_bytes),
		.has_bitmap = bch_sb_flag(sb, BCH_SB_VERSION_UPGRADE_COMPLETE) >= VERSION_BITMAP,
		.of_worker = bch_calloc(nr_workers, sizeof(*s.of_worker)),
	};
	int err = -BCH_ERR_no_memory;

	if (!s.of_worker)
		return err;
	s.rules.key = fs->key;
	err = bch_thread_pool_for_each(b->pool, count_buckets(&s), scan_bucket, &s);
	for (u32 w = 0; w < nr_workers; w++) {
		for (size_t i = 0; !err && i < s.of_worker[w].a.nr; i++)
			err = bch_array_push(&all->a, s.of_worker[w].a.v[i]);
		bch_array_end(&s.of_worker[w].a);
	}
	free(s.of_worker);
	return err;
}

/* ------------------------------------------------------------------ copies of one node */

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

/* Copies of one node beside each other, in an order that does not depend on threads. */
static int compare_copies(const void *x, const void *y)
{
	const struct bch_found_leaf *a = x, *b = y;
	int cmp = a->btree_id - b->btree_id;

	if (!cmp)
		cmp = compare_u64(a->cookie, b->cookie);
	if (!cmp)
		cmp = a->copies[0].dev_idx - b->copies[0].dev_idx;
	return cmp ? cmp : compare_u64(a->copies[0].offset_sectors, b->copies[0].offset_sectors);
}

static void join_copies(struct bch_found_leaves *leaves)
{
	size_t nr = 0;

	if (!leaves->a.nr)
		return;
	qsort(leaves->a.v, leaves->a.nr, sizeof(*leaves->a.v), compare_copies);
	for (size_t i = 0; i < leaves->a.nr; i++) {
		const struct bch_found_leaf *copy = &leaves->a.v[i];
		struct bch_found_leaf *leaf = nr ? &leaves->a.v[nr - 1] : NULL;

		if (!leaf || leaf->btree_id != copy->btree_id || leaf->cookie != copy->cookie) {
			leaves->a.v[nr++] = *copy;
			continue;
		}
		leaf->good &= copy->good;
		if (leaf->nr_copies < BCH_NODE_PTRS_MAX)
			leaf->copies[leaf->nr_copies++] = copy->copies[0];
	}
	leaves->a.nr = nr;
}

int bch_btree_find_leaves(struct bch_fs *fs, u64 btrees, struct bch_found_leaves *leaves)
{
	int err = find_copies(fs, btrees, leaves);

	if (!err)
		join_copies(leaves);
	return err;
}
