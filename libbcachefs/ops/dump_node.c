// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A btree node in a dump. Format reference: 02 §6 to §8.
 *
 * All of its sets of keys are gone through: those that were overwritten or blacklisted, and those behind the last that
 * a reader would take, are the users' as much as the others.
 */

#include "ops/dump_private.h"

#include "btree/btree.h"

struct node_edit {
	const struct bch_dump_edit *e;
	u8 *p;
	size_t len;
	u32 block_bytes;
	size_t used; /* what is damaged up to here counts */
	u64 cookie;
	bool has_format;
	struct bch_key_format format;
	bool damaged;
};

static void hide_bytes(struct node_edit *n, size_t start, size_t end)
{
	if (n->e->data && start < end)
		memset(n->p + start, 0, end - start);
}

static void note_damage(struct node_edit *n, size_t start)
{
	n->damaged |= start < n->used;
}

/* What follows a key that cannot be told apart may be anything. */
static void edit_keys(struct node_edit *n, const struct bch_bset *b)
{
	struct bch_key k;
	size_t at = b->keys, len;

	for (; n->has_format && at < b->end; at += len) {
		struct bch_bytes rest = { n->p + at, b->end - at };

		if (bch_key_unpack(rest, &n->format, &k, &len) != BCH_KEY_VALID)
			break;
		bch_dump_edit_key(n->e, &k, n->p + (k.val.p - n->p));
	}
	if (at < b->end) {
		note_damage(n, b->start);
		hide_bytes(n, at, b->end);
	}
}

static bool is_good(const struct node_edit *n, const struct bch_bset *b)
{
	struct bch_csum have;

	return !bch_bset_csum(n->p, b, n->e->fs->key, &have) &&
	       bch_csum_equal(have, bch_bset_csum_get(n->p, b));
}

static void seal(struct node_edit *n, const struct bch_bset *b)
{
	struct bch_csum csum;
	le64 v[2];

	/* It had the same key and type for its old checksum. */
	(void)bch_bset_crypt(n->p, b, n->e->fs->key);
	(void)bch_bset_csum(n->p, b, n->e->fs->key, &csum);
	v[0] = le64_of(csum.lo);
	v[1] = le64_of(csum.hi);
	memcpy(n->p + b->start, v, sizeof(v));
}

static void edit_good_set(struct node_edit *n, const struct bch_bset *b)
{
	const struct btree_node *header = (const void *)n->p;

	if (bch_bset_crypt(n->p, b, n->e->fs->key))
		return; /* cannot be: it was good */
	if (!b->start)
		n->has_format = bch_key_format_get(&n->format, &header->format);
	edit_keys(n, b);
	seal(n, b);
}

/* Returns where it ends. The bytes of a set that is not good may be of any time: only its header is kept. */
static size_t edit_set(struct node_edit *n, const struct bch_bset *b)
{
	size_t end = bch_bset_end(b, n->block_bytes);

	if (b->end > n->len) {
		note_damage(n, b->start);
		hide_bytes(n, b->keys, n->len);
		return n->len;
	}
	if (end > n->len)
		end = n->len;
	hide_bytes(n, b->end, end);
	if (!is_good(n, b)) {
		note_damage(n, b->start);
		hide_bytes(n, b->keys, b->end);
	} else if (bch_dump_edits_keys(n->e)) {
		edit_good_set(n, b);
	}
	return end;
}

/* The block at @at, or all of the set that begins there; returns where the next one is. */
static size_t edit_at(struct node_edit *n, size_t at)
{
	size_t end = n->len - at < n->block_bytes ? n->len : at + n->block_bytes;
	struct bch_bset b;

	if (bch_bset_at((struct bch_bytes){ n->p, n->len }, at, &b) && b.seq == n->cookie)
		return edit_set(n, &b);
	note_damage(n, at);
	hide_bytes(n, at, end);
	return end;
}

bool bch_dump_edit_node(const struct bch_dump_edit *e, u8 *p, size_t len, u32 nr_sectors)
{
	const struct bch_sb *sb = e->fs->super.sb;
	struct node_edit n = {
		.e = e,
		.p = p,
		.len = len,
		.block_bytes = (u32)BCH_BYTES(le16_get(sb->block_size)),
		.used = nr_sectors ? BCH_BYTES(nr_sectors) : 1,
	};
	struct bch_bytes bytes = { p, len };
	struct bch_bset first;

	if (!bch_bset_at(bytes, 0, &first) ||
	    bch_node_magic_at(bytes) != bch_node_magic(sb->uuid)) {
		hide_bytes(&n, 0, len);
		return false;
	}
	n.cookie = first.seq;
	for (size_t at = 0; at < len;)
		at = edit_at(&n, at);
	return !n.damaged;
}
