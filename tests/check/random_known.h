/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of random damage: what was damaged, as keys and as bytes, and which files have part in it. */

#ifndef BCHFS_TESTS_CHECK_RANDOM_KNOWN_H
#define BCHFS_TESTS_CHECK_RANDOM_KNOWN_H

#include "damage.h"

#include "ondisk/key_dirent.h"
#include "ondisk/key_reflink.h"

/* ------------------------------------------------------------------ sets of numbers */

struct numbers {
	BCH_ARRAY(u64) a;
	bool sorted;
};

static inline int numbers_compare(const void *l, const void *r)
{
	u64 a = *(const u64 *)l, b = *(const u64 *)r;

	return a < b ? -1 : a > b;
}

static inline void numbers_add(struct numbers *n, u64 number)
{
	assert_int_equal(bch_array_push(&n->a, number), 0);
	n->sorted = false;
}

static inline bool numbers_have(struct numbers *n, u64 number)
{
	if (!n->a.nr)
		return false;
	if (!n->sorted)
		qsort(n->a.v, n->a.nr, sizeof(*n->a.v), numbers_compare);
	n->sorted = true;
	return bsearch(&number, n->a.v, n->a.nr, sizeof(*n->a.v), numbers_compare);
}

/* ------------------------------------------------------------------ what was damaged */

/* Bytes of a device that are not what they were. */
struct hurt {
	u32 dev_idx;
	u64 start, end;
	bool sealed; /* nobody can tell: checksums are right */
};

struct shared_range {
	u64 start, end; /* sectors of the reflink btree */
};

struct known {
	struct numbers files;	  /* inodes whose keys or data were damaged */
	struct numbers dirs;	  /* inodes whose names were */
	struct numbers snapshots; /* that were damaged, or of whose subvolume the key was */
	BCH_ARRAY(struct shared_range) shared;
	BCH_ARRAY(struct hurt) hurt;
	bool all; /* nothing is known of what is left */
};

static inline void known_end(struct known *d)
{
	bch_array_end(&d->files.a);
	bch_array_end(&d->dirs.a);
	bch_array_end(&d->snapshots.a);
	bch_array_end(&d->shared);
	bch_array_end(&d->hurt);
}

static inline void known_hurt(struct known *d, u32 dev_idx, u64 start, u64 len, bool sealed)
{
	const struct hurt h = { dev_idx, start, start + len, sealed };

	assert_int_equal(bch_array_push(&d->hurt, h), 0);
}

static inline void known_subvolume(struct known *d, const struct bch_key *k)
{
	struct bch_subvolume s;

	if (k->type != BCH_KEY_subvolume)
		return;
	bch_subvolume_get(&s, k->val.p, k->val.len);
	numbers_add(&d->snapshots, s.snapshot);
}

/* The key was there and is not, or has come: whoever it is about has part in it. */
static inline void known_key(struct known *d, u8 btree_id, const struct bch_key *k)
{
	const struct shared_range r = { k->pos.offset - k->size, k->pos.offset };

	switch (btree_id) {
	case BCH_BTREE_extents:
	case BCH_BTREE_xattrs:
		numbers_add(&d->files, k->pos.inode);
		break;
	case BCH_BTREE_inodes:
		numbers_add(&d->files, k->pos.offset);
		numbers_add(&d->dirs, k->pos.offset);
		break;
	case BCH_BTREE_dirents:
		numbers_add(&d->dirs, k->pos.inode);
		break;
	case BCH_BTREE_reflink:
		assert_int_equal(bch_array_push(&d->shared, r), 0);
		break;
	case BCH_BTREE_snapshots:
		numbers_add(&d->snapshots, k->pos.offset);
		break;
	case BCH_BTREE_subvolumes:
		known_subvolume(d, k);
		break;
	default: /* no file depends on it */
		break;
	}
}

/* ------------------------------------------------------------------ where keys and data are */

struct node_at {
	u8 btree_id, level;
	struct bch_node_key ptr;
};

struct nodes_at {
	BCH_ARRAY(struct node_at) a;
};

static inline void add_nodes(struct bch_fs *fs, u8 btree_id, u8 level, struct nodes_at *nodes)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key ptr;

	while (bch_cursor_next(&cur, &ptr) > 0) {
		struct node_at n = { .btree_id = btree_id, .level = level, .ptr.k = ptr };

		if (ptr.val.len > sizeof(n.ptr.val))
			continue;
		memcpy(n.ptr.val, ptr.val.p, ptr.val.len);
		assert_int_equal(bch_array_push(&nodes->a, n), 0);
	}
}

/* All nodes of @fs, which is whole. */
static inline void find_nodes(struct bch_fs *fs, struct nodes_at *nodes)
{
	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_btree_root root = bch_btree_root(fs, id);

		for (u8 level = 0; root.state == BCH_ROOT_PRESENT && level <= root.level; level++)
			add_nodes(fs, id, level, nodes);
	}
}

static inline struct bch_node_want node_want(const struct node_at *n)
{
	struct bch_node_want want = { .btree_id = n->btree_id, .level = n->level };
	struct bch_key ptr = bch_node_key_get(&n->ptr);

	assert_true(bch_node_ptr_get(&ptr, &want.ptr));
	return want;
}

/* The copies of a node or of data, those in caches not. */
struct copies {
	u32 nr;
	struct bch_ptr v[BCH_PTRS_MAX];
	u64 sectors[BCH_PTRS_MAX];
};

static inline struct copies copies_of(const struct bch_fs *fs, const struct bch_key *k,
				      u64 nr_sectors)
{
	struct bch_extent_walk w = bch_extent_walk(k, &fs->super);
	struct copies c = { 0 };
	struct bch_extent_ptr p;

	while (c.nr < BCH_PTRS_MAX && bch_extent_ptr_next(&w, &p))
		if (!p.ptr.cached && p.ptr.dev_idx != BCH_PTR_DEV_NONE) {
			c.sectors[c.nr] = nr_sectors ? nr_sectors : p.crc.compressed_sectors;
			c.v[c.nr++] = p.ptr;
		}
	return c;
}

static inline bool is_hurt(const struct known *d, const struct bch_ptr *p, u64 nr_sectors,
			   bool *sealed)
{
	u64 start = BCH_BYTES(p->offset_sectors), end = start + BCH_BYTES(nr_sectors);
	bool any = false;

	for (size_t i = 0; i < d->hurt.nr; i++) {
		const struct hurt *h = &d->hurt.v[i];

		if (h->dev_idx != p->dev_idx || h->start >= end || h->end <= start)
			continue;
		any = true;
		*sealed |= h->sealed;
	}
	return any;
}

/* Is no copy as it was, or one wrong that looks right? */
static inline bool is_lost(const struct known *d, const struct copies *c)
{
	bool sealed = false;
	u32 nr_good = 0;

	for (u32 i = 0; i < c->nr; i++)
		nr_good += !is_hurt(d, &c->v[i], c->sectors[i], &sealed);
	return sealed || (c->nr && !nr_good);
}

/* ------------------------------------------------------------------ what follows from bytes */

static inline void known_keys(struct known *d, const struct bch_btree_node *node)
{
	for (size_t i = 0; i < node->keys.nr; i++) {
		struct bch_key k = bch_btree_node_key(node, i);

		known_key(d, node->btree_id, &k);
	}
}

/* The keys of a leaf as they were, and as they are now in each copy: @bytes are the devices'. */
static inline void known_leaf(struct known *d, struct bch_fs *fs, const struct node_at *n,
			      void (*bytes)(void *arg, const struct bch_ptr *p, u8 *to, size_t len),
			      void *arg)
{
	struct bch_node_want want = node_want(n);
	struct bch_key ptr = bch_node_key_get(&n->ptr);
	struct copies c = copies_of(fs, &ptr, 1);

	for (u32 i = 0; i < c.nr; i++) {
		struct bch_btree_node node bch_auto(btree_node) = { 0 };
		struct bch_btree_node now bch_auto(btree_node) = { 0 };

		if (bch_btree_node_read_copy(fs, &want, &c.v[i], &node))
			continue;
		known_keys(d, &node);
		now.len = bch_btree_rules(fs).node_bytes;
		now.bytes = malloc(now.len);
		assert_non_null(now.bytes);
		bytes(arg, &c.v[i], now.bytes, now.len);
		if (!bch_btree_node_decode_in(fs, &want, &now))
			known_keys(d, &now);
	}
}

static inline bool node_is_lost(const struct known *d, struct bch_fs *fs, const struct node_at *n)
{
	struct bch_key ptr = bch_node_key_get(&n->ptr);
	struct copies c = copies_of(fs, &ptr, bch_btree_rules(fs).node_bytes / BCH_SECTOR_SIZE);

	return is_lost(d, &c);
}

static inline bool shows_damage(const struct known *d, const struct bch_key *k, u16 version)
{
	struct bch_reflink_p p;

	if (k->type != BCH_KEY_reflink_p || k->val.len < BCH_REFLINK_P_LEN)
		return false;
	p = bch_reflink_p_get(k, version);
	for (size_t i = 0; i < d->shared.nr; i++)
		if (d->shared.v[i].start < p.idx + k->size && p.idx < d->shared.v[i].end)
			return true;
	return false;
}

/* Files whose data is lost. Of @fs as it was before bytes were damaged. */
static inline void known_data(struct known *d, struct bch_fs *fs)
{
	static const u8 btrees[] = { BCH_BTREE_reflink, BCH_BTREE_extents };
	u16 version = le16_get(fs->super.sb->version);
	struct bch_key k;

	for (size_t i = 0; i < bch_array_size(btrees); i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(fs, btrees[i], BCH_POS_MIN, BCH_SPOS_MAX);

		while (bch_cursor_next(&cur, &k) > 0) {
			struct copies c = copies_of(fs, &k, 0);

			if (is_lost(d, &c) || shows_damage(d, &k, version))
				known_key(d, btrees[i], &k);
		}
	}
}

#endif
