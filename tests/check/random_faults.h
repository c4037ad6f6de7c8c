/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of random damage: the faults. Each is chosen by random numbers that follow from a seed, and said. */

#ifndef BCHFS_TESTS_CHECK_RANDOM_FAULTS_H
#define BCHFS_TESTS_CHECK_RANDOM_FAULTS_H

#include "random_known.h"

#include "journal/journal.h"

/* A filesystem that is being damaged: keys in @image, which is open, then bytes in @hurt, a copy of it. */
struct victim {
	struct image *image, hurt;
	struct known known;
	struct nodes_at nodes; /* after keys were damaged */
	bool was_clean, is_encrypted;
	bool may_refuse; /* that may look like the work of a newer kernel */
	u8 *bytes;	 /* of one node */
	u64 supers_lost; /* members of which superblocks are: bits */
	bool is_short;	 /* a device is to be */
};

static inline u64 draw(struct victim *v, u64 below)
{
	return temp_random(v->image->t) % below;
}

static inline void say(struct victim *v, const char *fmt, ...) bch_printf(2, 3);
static inline void say(struct victim *v, const char *fmt, ...)
{
	va_list args;

	if (!getenv("BCACHEFS_TEST_TELL"))
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static inline void say_key(struct victim *v, const char *what, u8 btree_id, const struct bch_key *k)
{
	struct bch_buf pos bch_auto(buf) = { 0 };

	bch_pos_put(&pos, k->pos);
	say(v, "%s: %s %s type %u size %u", what, bch_btree_names[btree_id], bch_buf_str(&pos),
	    k->type, k->size);
}

/* ------------------------------------------------------------------ bytes */

static inline const char *path_of(const struct victim *v, u32 dev_idx)
{
	char name[24];

	snprintf(name, sizeof(name), "/dev%u.img", dev_idx);
	for (u32 i = 0; i < v->hurt.nr; i++)
		if (strstr(v->hurt.path[i], name))
			return v->hurt.path[i];
	fail_msg("no device %u", dev_idx);
	return NULL;
}

static inline void read_bytes(const struct victim *v, u32 dev_idx, u64 at, u8 *bytes, size_t len)
{
	int fd = open(path_of(v, dev_idx), O_RDONLY);

	assert_true(fd >= 0);
	memset(bytes, 0, len);
	assert_true(pread(fd, bytes, len, (off_t)at) >= 0);
	close(fd);
}

static inline void write_bytes(struct victim *v, u32 dev_idx, u64 at, const u8 *bytes, size_t len,
			       bool sealed)
{
	int fd = open(path_of(v, dev_idx), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, (off_t)at), len);
	close(fd);
	known_hurt(&v->known, dev_idx, at, len, sealed);
}

static inline void flip_bits(struct victim *v, u8 *bytes, size_t len)
{
	for (u64 nr = 1 + draw(v, 4); nr; nr--)
		bytes[draw(v, len)] ^= (u8)(1U << draw(v, 8));
}

/* ------------------------------------------------------------------ keys */

struct key_at {
	u8 btree_id;
	struct bch_key k;
	u8 val[BCH_KEY_VALUE_MAX];
};

static inline u64 count_keys(struct bch_fs *fs, u8 btree_id)
{
	return image_walk(fs, btree_id).nr_keys;
}

/* Some key of some btree; false where the btree is empty. */
static inline bool some_key(struct victim *v, struct key_at *at)
{
	static const u8 often[] = { BCH_BTREE_extents, BCH_BTREE_inodes, BCH_BTREE_dirents };
	u64 choice = draw(v, BCH_BTREE_accounting + 1 + 9), nr, which;
	struct bch_key k;

	at->btree_id = (u8)(choice > BCH_BTREE_accounting ? often[choice % 3] : choice);
	nr = count_keys(v->image->fs, at->btree_id);
	if (!nr)
		return false;
	which = draw(v, nr);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(v->image->fs, at->btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	do
		assert_int_equal(bch_cursor_next(&cur, &k), 1);
	while (which--);
	at->k = k;
	if (k.val.len)
		memcpy(at->val, k.val.p, k.val.len);
	at->k.val.p = at->val;
	return true;
}

/* What is at @pos now has part in it too. */
static inline void put_key(struct victim *v, u8 btree_id, const struct bch_key *k)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(v->image->fs, btree_id, k->pos, k->pos);
	struct bch_key old;

	if (bch_cursor_next(&cur, &old) > 0)
		known_key(&v->known, btree_id, &old);
	known_key(&v->known, btree_id, k);
	bch_cursor_end(&cur);
	assert_int_equal(bch_update(v->image->fs, btree_id, k, BCH_UPDATE_QUIET), 0);
}

static inline void delete_key(struct victim *v)
{
	struct key_at at;

	if (!some_key(v, &at))
		return;
	say_key(v, "delete", at.btree_id, &at.k);
	at.k.type = BCH_KEY_deleted;
	at.k.val.len = 0;
	at.k.size = 0;
	put_key(v, at.btree_id, &at.k);
}

static inline void flip_key(struct victim *v)
{
	struct key_at at;

	if (!some_key(v, &at))
		return;
	say_key(v, "flip", at.btree_id, &at.k);
	if (at.k.size && !draw(v, 8))
		at.k.size ^= 1U << draw(v, 8);
	else if (!at.k.val.len || !draw(v, 12))
		at.k.type ^= (u8)(1U << draw(v, 5));
	else
		flip_bits(v, at.val, at.k.val.len);
	put_key(v, at.btree_id, &at.k);
}

/* Somewhere near, or where another key of that btree is. */
static inline struct bch_pos other_pos(struct victim *v, const struct key_at *at)
{
	struct bch_pos pos = at->k.pos;
	struct key_at other;

	switch (draw(v, 4)) {
	case 0:
		pos.offset += 1 + draw(v, 16);
		break;
	case 1:
		pos.inode += at->k.pos.inode ? 1 + draw(v, 4) : 0;
		pos.offset ^= pos.inode ? 0 : 1U << draw(v, 6);
		break;
	case 2:
		pos.snapshot = pos.snapshot ? BCH_U32_MAX - (u32)draw(v, 8) : 0;
		break;
	default:
		other.btree_id = at->btree_id;
		for (u32 i = 0; i < 20; i++)
			if (some_key(v, &other) && other.btree_id == at->btree_id) {
				pos.inode = other.k.pos.inode;
				break;
			}
	}
	return pos;
}

static inline void copy_key(struct victim *v)
{
	struct key_at at;
	struct bch_pos to;

	if (!some_key(v, &at))
		return;
	to = other_pos(v, &at);
	say_key(v, "copy", at.btree_id, &at.k);
	/* Of two pointers to the same bytes either is as good. */
	if (at.btree_id == BCH_BTREE_extents || at.btree_id == BCH_BTREE_reflink)
		known_key(&v->known, at.btree_id, &at.k);
	at.k.pos = to;
	say_key(v, "  to", at.btree_id, &at.k);
	put_key(v, at.btree_id, &at.k);
}

static inline void move_key(struct victim *v)
{
	struct key_at at;
	struct bch_key gone;

	if (!some_key(v, &at))
		return;
	say_key(v, "move", at.btree_id, &at.k);
	gone = (struct bch_key){ .pos = at.k.pos };
	at.k.pos = other_pos(v, &at);
	say_key(v, "  to", at.btree_id, &at.k);
	put_key(v, at.btree_id, &gone);
	put_key(v, at.btree_id, &at.k);
}

/* ------------------------------------------------------------------ nodes */

static inline size_t node_bytes(const struct victim *v)
{
	return bch_btree_rules(v->image->fs).node_bytes;
}

/* One of all nodes; or, as often, of those above leaves, where there are any. */
static inline const struct node_at *some_node(struct victim *v)
{
	const struct node_at *n = &v->nodes.a.v[draw(v, v->nodes.a.nr)];

	for (u32 i = 0; i < 30 && !n->level && v->nodes.a.nr > 40 && i % 4; i++)
		n = &v->nodes.a.v[draw(v, v->nodes.a.nr)];
	return n;
}

static inline void say_node(struct victim *v, const char *what, const struct node_at *n, u32 nr)
{
	struct bch_buf pos bch_auto(buf) = { 0 };

	bch_pos_put(&pos, n->ptr.k.pos);
	say(v, "%s: node of %s, level %u, up to %s, %u copies", what, bch_btree_names[n->btree_id],
	    n->level, bch_buf_str(&pos), nr);
}

/* The copies that are to be damaged: all of them, or one. */
static inline struct copies some_copies(struct victim *v, const struct node_at *n)
{
	struct bch_key ptr = bch_node_key_get(&n->ptr);
	struct copies c = copies_of(v->image->fs, &ptr, 1);

	if (c.nr > 1 && draw(v, 2)) {
		c.v[0] = c.v[draw(v, c.nr)];
		c.nr = 1;
	}
	return c;
}

static inline void put_copies(struct victim *v, const struct copies *c, size_t len, bool sealed)
{
	for (u32 i = 0; i < c->nr; i++)
		write_bytes(v, c->v[i].dev_idx, BCH_BYTES(c->v[i].offset_sectors), v->bytes, len,
			    sealed);
}

static inline void zero_node(struct victim *v)
{
	const struct node_at *n = some_node(v);
	struct copies c = some_copies(v, n);

	say_node(v, "zero", n, c.nr);
	memset(v->bytes, 0, node_bytes(v));
	put_copies(v, &c, draw(v, 2) ? 512 : node_bytes(v), false);
}

static inline void read_node(struct victim *v, const struct bch_ptr *p)
{
	read_bytes(v, p->dev_idx, BCH_BYTES(p->offset_sectors), v->bytes, node_bytes(v));
}

/* The end of the first set of keys, 0 where there is none. */
static inline size_t first_set_end(struct victim *v)
{
	struct bch_bytes bytes = { v->bytes, node_bytes(v) };
	struct bch_bset b;

	return bch_bset_at(bytes, 0, &b) && b.end <= bytes.len ? b.end : 0;
}

/* Has the first set have the right checksum, if there can be one. */
static inline void seal(struct victim *v)
{
	struct bch_bytes bytes = { v->bytes, node_bytes(v) };
	struct bch_csum csum;
	struct bch_bset b;
	le64 words[2];

	if (!first_set_end(v) || !bch_bset_at(bytes, 0, &b) ||
	    bch_bset_csum(v->bytes, &b, NULL, &csum))
		return;
	words[0] = le64_of(csum.lo);
	words[1] = le64_of(csum.hi);
	memcpy(v->bytes, words, sizeof(words));
}

/* Not of the version: what is newer than we are is refused, not repaired. */
static inline void flip_sealed(struct victim *v, size_t end)
{
	struct btree_node *header = (void *)v->bytes;
	le16 version = header->keys.version;

	flip_bits(v, v->bytes + sizeof(header->csum), end - sizeof(header->csum));
	header->keys.version = version;
	v->may_refuse = true; /* there are other signs of versions */
	seal(v);
}

static inline void flip_node(struct victim *v)
{
	const struct node_at *n = some_node(v);
	struct copies c = some_copies(v, n);
	bool sealed = !v->is_encrypted && draw(v, 2);
	size_t end;

	if (!c.nr)
		return;
	read_node(v, &c.v[0]);
	end = first_set_end(v);
	if (!end)
		return;
	say_node(v, sealed ? "flip sealed" : "flip", n, c.nr);
	if (sealed)
		flip_sealed(v, end);
	else
		flip_bits(v, v->bytes, end);
	put_copies(v, &c, node_bytes(v), sealed);
}

static inline void swap_nodes(struct victim *v)
{
	const struct node_at *a = some_node(v), *b = some_node(v);
	struct copies of_a = some_copies(v, a), of_b = some_copies(v, b);
	u8 *bytes = malloc(node_bytes(v));

	assert_non_null(bytes);
	if (a != b && of_a.nr && of_b.nr) {
		say_node(v, "swap", a, of_a.nr);
		say_node(v, "with", b, of_b.nr);
		read_node(v, &of_a.v[0]);
		memcpy(bytes, v->bytes, node_bytes(v));
		read_node(v, &of_b.v[0]);
		put_copies(v, &of_a, node_bytes(v), false);
		memcpy(v->bytes, bytes, node_bytes(v));
		put_copies(v, &of_b, node_bytes(v), false);
	}
	free(bytes);
}

/* An older version of a leaf, of the same range. */
static inline bool find_older(struct victim *v, const struct node_at *n, struct bch_ptr *older)
{
	struct bch_found_leaves found = { 0 };
	struct bch_node_want want = node_want(n);
	bool any = false;

	if (bch_btree_find_leaves(v->image->fs, 1ULL << n->btree_id, &found))
		return false;
	for (size_t i = 0; i < found.a.nr && !any; i++) {
		const struct bch_found_leaf *l = &found.a.v[i];

		any = l->cookie != want.ptr.seq && l->nr_copies &&
		      !bch_pos_compare(l->max, want.ptr.max) &&
		      !bch_pos_compare(l->min, want.ptr.min);
		*older = l->copies[0];
	}
	bch_array_end(&found.a);
	return any;
}

/* In place of a leaf an older version of it; dressed up as the one that is looked for, or not. */
static inline void stale_node(struct victim *v)
{
	bool sealed = !v->is_encrypted && draw(v, 2);
	const struct node_at *n = NULL;
	struct bch_ptr older;
	struct copies c;

	for (u32 i = 0; i < 8 && !n; i++) {
		n = some_node(v);
		if (n->level || !find_older(v, n, &older))
			n = NULL;
	}
	if (!n)
		return;
	c = some_copies(v, n);
	read_node(v, &older);
	say_node(v, sealed ? "stale sealed" : "stale", n, c.nr);
	if (sealed) {
		struct btree_node *header = (void *)v->bytes;

		header->keys.seq = le64_of(node_want(n).ptr.seq);
		seal(v);
	}
	put_copies(v, &c, node_bytes(v), sealed);
}

/* ------------------------------------------------------------------ journal, superblocks, devices */

static inline void lose_entry(struct victim *v)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	const struct bch_journal_copy *copy;
	u8 bytes[512];

	if (bch_journal_read(v->image->fs, &j) || !j->copies.a.nr)
		return;
	copy = &j->copies.a.v[draw(v, 3) ? j->copies.a.nr - 1 - draw(v, 1 + j->copies.a.nr / 8)
					 : draw(v, j->copies.a.nr)];
	say(v, "entry %" PRIu64 " of device %u", copy->seq, copy->dev_idx);
	read_bytes(v, copy->dev_idx, BCH_BYTES(copy->sector), bytes, sizeof(bytes));
	if (draw(v, 2))
		memset(bytes, 0, sizeof(bytes));
	else
		flip_bits(v, bytes, sizeof(bytes));
	write_bytes(v, copy->dev_idx, BCH_BYTES(copy->sector), bytes, sizeof(bytes), false);
	/* The entry before it tells of nodes whose places may have been taken since. */
	v->known.all |= !v->was_clean;
}

static inline void lose_supers(struct victim *v)
{
	u32 dev_idx = (u32)draw(v, v->image->fs->nr_members);
	const struct bch_fs_member *m = &v->image->fs->members[dev_idx];
	const struct bch_sb_layout *layout;
	u8 bytes[4096];
	u64 stays;

	if (!m->blkdev || v->supers_lost >> dev_idx & 1)
		return;
	v->supers_lost |= 1ULL << dev_idx;
	layout = &m->super.sb->layout;
	stays = draw(v, layout->nr_superblocks);
	say(v, "superblocks of device %u but number %" PRIu64, dev_idx, stays);
	for (u32 i = 0; i < layout->nr_superblocks; i++) {
		u64 at = BCH_BYTES(le64_get(layout->sb_offset[i]));

		if (i == stays || !draw(v, 3))
			continue;
		read_bytes(v, dev_idx, at, bytes, sizeof(bytes));
		if (draw(v, 2))
			memset(bytes, 0, sizeof(bytes));
		else
			flip_bits(v, bytes, 2048);
		write_bytes(v, dev_idx, at, bytes, sizeof(bytes), false);
	}
	if (!stays) { /* the layout alone tells where the others are */
		memset(bytes, 0, 512);
		write_bytes(v, dev_idx, BCH_BYTES(BCH_SB_LAYOUT_SECTOR), bytes, 512, false);
	}
}

static inline void truncate_device(struct victim *v)
{
	u32 dev_idx = (u32)draw(v, v->image->fs->nr_members);
	struct bch_blkdev *dev = v->image->fs->members[dev_idx].blkdev;
	struct bch_member m;
	u64 size, end;

	if (!dev || v->supers_lost >> dev_idx & 1 ||
	    !bch_super_member(&v->image->fs->super, dev_idx, &m))
		return;
	size = dev->geometry.size;
	size -= size / 100 * (1 + draw(v, 30));
	size &= ~4095ULL;
	end = size - size % BCH_BYTES(m.bucket_size);
	say(v, "device %u ends at %" PRIu64 ", not %" PRIu64, dev_idx, size, dev->geometry.size);
	known_hurt(&v->known, dev_idx, end, dev->geometry.size - end, false);
	assert_int_equal(truncate(path_of(v, dev_idx), (off_t)size), 0);
}

/* In place of all that was on one of several devices; with its superblocks, or not. */
static inline void noise_device(struct victim *v)
{
	u32 dev_idx = (u32)draw(v, v->image->fs->nr_members);
	struct bch_blkdev *dev = v->image->fs->members[dev_idx].blkdev;
	size_t len = 1 << 20;
	u8 *bytes;

	if (!dev || v->image->nr < 2 || v->supers_lost >> dev_idx & 1)
		return;
	v->supers_lost |= 1ULL << dev_idx; /* the second, and at times the last, are overwritten */
	say(v, "device %u is noise", dev_idx);
	bytes = malloc(len);
	assert_non_null(bytes);
	temp_fill(v->image->t, bytes, len);
	for (u64 at = len; at + len < dev->geometry.size;
	     at += len) /* supers lie in the first and last */
		write_bytes(v, dev_idx, at, bytes, len, false);
	free(bytes);
}

/* ------------------------------------------------------------------ all */

struct fault {
	void (*make)(struct victim *v);
	u32 weight;
	bool of_keys;
};

static const struct fault faults[] = {
	{ delete_key, 6, true },   { flip_key, 8, true },      { copy_key, 6, true },
	{ move_key, 3, true },	   { zero_node, 4, false },    { flip_node, 8, false },
	{ swap_nodes, 2, false },  { stale_node, 3, false },   { lose_entry, 3, false },
	{ lose_supers, 2, false }, { noise_device, 1, false },
};

static inline void make_faults(struct victim *v, bool of_keys, u64 nr)
{
	u32 total = 0;

	for (size_t i = 0; i < bch_array_size(faults); i++)
		total += faults[i].of_keys == of_keys ? faults[i].weight : 0;
	while (nr--) {
		u64 at = draw(v, total);

		for (size_t i = 0; i < bch_array_size(faults); i++) {
			if (faults[i].of_keys != of_keys)
				continue;
			if (at < faults[i].weight) {
				faults[i].make(v);
				break;
			}
			at -= faults[i].weight;
		}
	}
}

#endif
