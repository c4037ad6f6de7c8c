// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking for leaves on the devices, for btrees whose interior nodes are lost: every place that may hold a node is
 * read, and of the leaves that overlap the newer one counts. Format reference: 02 §12.3, §12.4.
 *
 * Every rewrite leaves the node's old version where it was, with all that has been deleted since. A leaf that is named by
 * a pointer which can still be read (in the table of roots, a node above, the journal) is therefore worth more than any
 * that is not. An old version is used where nothing better is found, and said to be one where that is known: another
 * leaf is named for its range, or a newer one took a part of it.
 */

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "btree/private.h"
#include "ondisk/key_extent.h"

#define VERSION_BITMAP BCH_VERSION(1, 7) /* since then members know where their nodes are */
#define COPIES_MAX     4

/* A leaf and the places of its copies. */
struct leaf {
	struct bch_map_node in_map;
	u8 btree_id;
	u32 seq; /* counts rewrites */
	u64 cookie, journal_seq;
	struct bch_pos min, max;
	bool range_updated; /* min and max are no longer those of the node */
	bool is_named;	    /* by a pointer: it is the current one */
	bool is_cut;	    /* a newer one took a part of its range */
	u32 nr_sectors;
	u32 nr_copies;
	struct bch_ptr copies[COPIES_MAX];
};

struct leaves {
	struct leaf *v;
	size_t nr, size;
};

/* ------------------------------------------------------------------ finding */

struct scan {
	struct bch_fs *fs;
	struct bch_node_rules rules;
	u64 btrees;
	u32 node_sectors;
	bool has_bitmap;
	u64 first_idx[BCH_SB_MAX_MEMBERS + 1]; /* of the buckets of a member, among all */
	struct leaves *of_worker;
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

static int take_leaf(struct leaves *leaves, const struct bch_btree_node *node, u8 dev_idx,
		     u64 sector)
{
	struct leaf leaf = {
		.btree_id = node->btree_id,
		.seq = node->seq,
		.cookie = node->cookie,
		.journal_seq = node->journal_seq,
		.min = node->min,
		.max = node->max,
		.nr_sectors = (u32)BCH_SECTORS(node->len),
		.nr_copies = 1,
		.copies = { { .offset_sectors = sector, .dev_idx = dev_idx } },
	};

	return bch_array_push(leaves, leaf);
}

static int look_at(const struct scan *s, u8 dev_idx, u64 sector, struct leaves *leaves)
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

/* All leaves on all devices, each copy of its own. */
static int find_leaves(struct bch_fs *fs, u64 btrees, struct leaves *all)
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
		for (size_t i = 0; !err && i < s.of_worker[w].nr; i++)
			err = bch_array_push(all, s.of_worker[w].v[i]);
		bch_array_end(&s.of_worker[w]);
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
	const struct leaf *a = x, *b = y;
	int cmp = a->btree_id - b->btree_id;

	if (!cmp)
		cmp = compare_u64(a->cookie, b->cookie);
	if (!cmp)
		cmp = a->copies[0].dev_idx - b->copies[0].dev_idx;
	return cmp ? cmp : compare_u64(a->copies[0].offset_sectors, b->copies[0].offset_sectors);
}

static void join_copies(struct leaves *leaves)
{
	size_t nr = 0;

	if (!leaves->nr)
		return;
	qsort(leaves->v, leaves->nr, sizeof(*leaves->v), compare_copies);
	for (size_t i = 0; i < leaves->nr; i++) {
		const struct leaf *copy = &leaves->v[i];
		struct leaf *leaf = nr ? &leaves->v[nr - 1] : NULL;

		if (!leaf || leaf->btree_id != copy->btree_id || leaf->cookie != copy->cookie)
			leaves->v[nr++] = *copy;
		else if (leaf->nr_copies < COPIES_MAX)
			leaf->copies[leaf->nr_copies++] = copy->copies[0];
	}
	leaves->nr = nr;
}

/* ------------------------------------------------------------------ which are known to be current */

/* A pointer to a leaf. */
struct name {
	u8 btree_id;
	struct bch_node_ptr ptr;
};

struct names {
	struct name *v; /* by btree, then position */
	size_t nr, size;
};

static int take_name(struct names *names, u8 btree_id, const struct bch_key *k)
{
	struct name name = { .btree_id = btree_id };

	return bch_node_ptr_get(k, &name.ptr) && name.ptr.v2 ? bch_array_push(names, name) : 0;
}

/* What the journal says of a btree whose root is lost; else the walk over its nodes has it. */
static int read_names_of_journal(struct bch_fs *fs, u8 btree_id, struct names *names)
{
	const struct bch_key_overlay *overlay = fs->btrees->overlay;
	struct bch_key k;
	size_t at = 0;
	u8 id, level;
	int err = 0;

	while (!err && overlay && bch_key_overlay_next(overlay, &at, &id, &level, &k))
		if (id == btree_id && level == 1)
			err = take_name(names, id, &k);
	return err;
}

/* All that can still be read of a btree's pointers. */
static int read_names(struct bch_fs *fs, u8 btree_id, struct names *names)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
	size_t nr = names->nr;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (more < 0 && more != -BCH_ERR_btree_node_read_failed)
			return more;
		if (more > 0)
			err = take_name(names, btree_id, &k);
	}
	return err || names->nr > nr ? err : read_names_of_journal(fs, btree_id, names);
}

/* The first pointer of the btree that ends at @pos or behind it; NULL where there is none. */
static const struct name *find_name(const struct names *names, u8 btree_id, struct bch_pos pos)
{
	size_t lo = 0, hi = names->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct name *n = &names->v[mid];

		if (n->btree_id < btree_id ||
		    (n->btree_id == btree_id && bch_pos_compare(n->ptr.max, pos) < 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < names->nr && names->v[lo].btree_id == btree_id ? &names->v[lo] : NULL;
}

/* After join_copies(), by whose order they lie. NULL where it was not found. */
static struct leaf *find_leaf(const struct leaves *leaves, const struct name *name)
{
	size_t lo = 0, hi = leaves->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct leaf *leaf = &leaves->v[mid];
		int cmp = leaf->btree_id - name->btree_id;

		if (!cmp)
			cmp = compare_u64(leaf->cookie, name->ptr.seq);
		if (!cmp)
			return leaf;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* A leaf that is named has the range that its pointer says. */
static void mark_named(const struct names *names, const struct leaves *leaves)
{
	for (size_t i = 0; i < names->nr; i++) {
		const struct bch_node_ptr *ptr = &names->v[i].ptr;
		struct leaf *leaf = find_leaf(leaves, &names->v[i]);

		if (!leaf)
			continue;
		leaf->is_named = true;
		leaf->min = ptr->min;
		leaf->max = ptr->max;
		leaf->range_updated = ptr->range_updated;
	}
}

/* Is it known that @leaf is not the current one? */
static bool is_old(const struct names *names, const struct leaf *leaf)
{
	const struct name *n = find_name(names, leaf->btree_id, leaf->min);

	return !leaf->is_named &&
	       (leaf->is_cut || (n && bch_pos_compare(n->ptr.min, leaf->max) <= 0));
}

/* ------------------------------------------------------------------ which of two counts */

static bool is_newer(const struct leaf *a, const struct leaf *b)
{
	if (a->is_named != b->is_named)
		return a->is_named;
	return a->seq != b->seq ? a->seq > b->seq : a->journal_seq > b->journal_seq;
}

/* By btree and start; of those that start together the newest first. */
static int compare_leaves(const void *key, const struct bch_map_node *node)
{
	const struct leaf *a = key, *b = bch_map_entry(node, struct leaf, in_map);
	int cmp = a->btree_id - b->btree_id;

	if (!cmp)
		cmp = bch_pos_compare(a->min, b->min);
	if (!cmp)
		cmp = is_newer(b, a) - is_newer(a, b);
	return cmp ? cmp : compare_u64(a->cookie, b->cookie);
}

/* @b begins after @a, or is older, and they overlap: one of them gives way. */
static void give_way(struct bch_map *map, struct leaf *a, struct leaf *b)
{
	if (is_newer(b, a)) {
		a->max = bch_pos_predecessor(b->min);
		a->range_updated = a->is_cut = true;
		return;
	}
	bch_map_remove(map, b);
	if (bch_pos_compare(b->max, a->max) <= 0)
		return;
	b->min = bch_pos_successor(a->max);
	b->range_updated = b->is_cut = true;
	bch_map_insert(map, b, &b->in_map);
}

/* Leaves that do not overlap, in order. 02 §12.3 (6). */
static struct bch_map resolve(struct leaves *leaves)
{
	struct bch_map map = BCH_MAP(compare_leaves);
	struct leaf *a, *b;

	for (size_t i = 0; i < leaves->nr; i++)
		bch_map_insert(&map, &leaves->v[i], &leaves->v[i].in_map);

	a = bch_map_entry(bch_map_first(&map), struct leaf, in_map);
	while (a && (b = bch_map_entry(a->in_map.next, struct leaf, in_map))) {
		if (a->btree_id == b->btree_id && bch_pos_compare(b->min, a->max) <= 0)
			give_way(&map, a, b);
		else
			a = b;
	}
	return map;
}

/* ------------------------------------------------------------------ a tree of them */

static int add_leaf(struct bch_key_overlay *overlay, const struct leaf *leaf)
{
	struct {
		struct btree_ptr_v2 head;
		le64 ptrs[COPIES_MAX];
	} v = { .head = { .seq = le64_of(leaf->cookie),
			  .sectors_written = le16_of((u16)leaf->nr_sectors),
			  .flags = le16_of(leaf->range_updated ? BCH_BTREE_PTR_RANGE_UPDATED : 0),
			  .min_key = { le32_of(leaf->min.snapshot), le64_of(leaf->min.offset),
				       le64_of(leaf->min.inode) } } };
	struct bch_key k = { .pos = leaf->max, .type = BCH_KEY_btree_ptr_v2 };

	for (u32 i = 0; i < leaf->nr_copies; i++)
		v.ptrs[i] =
			le64_of(1ULL << BCH_EXTENT_ENTRY_ptr | leaf->copies[i].offset_sectors << 4 |
				(u64)leaf->copies[i].dev_idx << 48);
	k.val = (struct bch_bytes){ (const u8 *)&v,
				    sizeof(v.head) + leaf->nr_copies * sizeof(v.ptrs[0]) };
	return bch_key_overlay_add(overlay, leaf->btree_id, 1, &k);
}

/* What is made of the leaves of each btree. */
struct tally {
	size_t nr_leaves, nr_old;
};

static int build(struct bch_fs *fs, struct leaves *leaves, const struct names *names,
		 struct tally tally[BCH_BTREE_ID_MAX])
{
	struct bch_key_overlay *overlay bch_auto(key_overlay) = bch_key_overlay_new();
	struct bch_map map;
	int err = 0;

	if (!overlay)
		return -BCH_ERR_no_memory;
	join_copies(leaves);
	mark_named(names, leaves);
	map = resolve(leaves);
	for (const struct bch_map_node *n = bch_map_first(&map); !err && n; n = n->next) {
		const struct leaf *leaf = bch_map_entry(n, struct leaf, in_map);

		tally[leaf->btree_id].nr_leaves++;
		tally[leaf->btree_id].nr_old += is_old(names, leaf);
		err = add_leaf(overlay, leaf);
	}
	if (err)
		return err;
	bch_key_overlay_seal(overlay);
	bch_key_overlay_free(fs->btrees->scanned);
	fs->btrees->scanned = overlay;
	overlay = NULL;
	return 0;
}

/* ------------------------------------------------------------------ which btrees need it */

/*
 * Its root is lost, or a node above the leaves. A root that nothing tells of may be one of a btree that was never used,
 * or lost without a trace. 1, 0, or an error.
 */
static int is_broken(struct bch_fs *fs, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_btree_root root = bch_btree_root(fs, btree_id);
	const struct bch_btree_node *node;
	struct bch_key k;
	int more;

	if (root.state != BCH_ROOT_PRESENT)
		return 1;
	more = bch_btree_node_get(fs, btree_id, root.level, &root.k, &node);
	if (!more) {
		bch_btree_node_put(fs, node);
		while ((more = bch_cursor_next(&cur, &k)) > 0)
			;
	}
	return more == -BCH_ERR_btree_node_read_failed ? 1 : more;
}

static void set_scanned(struct bch_fs *fs, u8 btree_id, const struct tally *tally)
{
	struct bch_btree_root *root = &fs->btrees->roots[btree_id];
	struct bch_buf name bch_auto(buf) = { 0 };

	if (root->state == BCH_ROOT_ABSENT && !tally->nr_leaves)
		return;
	root->level = 1;
	root->state = tally->nr_leaves ? BCH_ROOT_SCANNED : BCH_ROOT_LOST;
	bch_btree_name_put(&name, btree_id, fs->btrees->rules.version);
	if (tally->nr_leaves)
		bch_log(fs->ctx, BCH_LOG_warn, "btree %s: made of %zu leaves that were found",
			bch_buf_str(&name), tally->nr_leaves);
	else
		bch_log(fs->ctx, BCH_LOG_warn, "btree %s: %s", bch_buf_str(&name),
			bch_fsck_error_name(BCH_FSCK_btree_root_unreadable_and_scan_found_nothing));
	if (tally->nr_old)
		bch_log(fs->ctx, BCH_LOG_warn,
			"btree %s: %zu of these leaves are old versions: their keys may be out of "
			"date",
			bch_buf_str(&name), tally->nr_old);
}

int bch_btree_scan(struct bch_fs *fs, u64 btrees)
{
	struct tally tally[BCH_BTREE_ID_MAX] = { 0 };
	struct leaves leaves = { 0 };
	struct names names = { 0 };
	u64 broken = 0;
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && err >= 0; id++) {
		err = btrees >> id & 1 ? is_broken(fs, id) : 0;
		if (err <= 0)
			continue;
		broken |= 1ULL << id;
		err = read_names(fs, id, &names);
	}
	if (!err && broken)
		err = find_leaves(fs, broken, &leaves);
	if (!err && broken)
		err = build(fs, &leaves, &names, tally);
	for (u8 id = 0; !err && id < BCH_BTREE_ID_MAX; id++)
		if (broken >> id & 1)
			set_scanned(fs, id, &tally[id]);
	bch_array_end(&leaves);
	bch_array_end(&names);
	return err;
}
