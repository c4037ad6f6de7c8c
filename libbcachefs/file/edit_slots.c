// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots of names: where one is, where it may be put, and what is left where it was. Format reference: 04 §7.3, §8.4. */

#include "codec/codec.h"
#include "file/private.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_xattr.h"

/* The names of a directory, or of a file's attributes. */
struct table {
	struct bch_fs *fs;
	u8 btree_id;
	const struct bch_file *file;
	/* what is looked for; one of them */
	const struct bch_dirent *d;
	const struct bch_xattr *x;
};

enum slot_kind {
	EMPTY,
	WHITEOUT, /* nothing is there, but something may be behind it */
	OTHER,
	SAME, /* what is looked for */
};

static bool same_bytes(struct bch_bytes a, struct bch_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static enum slot_kind kind_of_dirent(const struct table *t, const struct bch_key *k)
{
	struct bch_dirent d;

	if (!bch_dirent_get(k, &d))
		return OTHER;
	if (!bch_dirent_is_visible(t->file, &d))
		return EMPTY;
	return bch_dirent_has_name(&d, t->d) ? SAME : OTHER;
}

static enum slot_kind kind_of_xattr(const struct table *t, const struct bch_key *k)
{
	struct bch_xattr x;

	return bch_xattr_get(k, &x) && x.type == t->x->type && same_bytes(x.name, t->x->name)
		       ? SAME
		       : OTHER;
}

static enum slot_kind kind_of(const struct table *t, const struct bch_key *k)
{
	if (k->type == BCH_KEY_hash_whiteout)
		return WHITEOUT;
	if (k->type == BCH_KEY_dirent && t->d)
		return kind_of_dirent(t, k);
	return k->type == BCH_KEY_xattr && t->x ? kind_of_xattr(t, k) : OTHER;
}

/* ------------------------------------------------------------------ find */

static int find(const struct table *t, u64 hash, struct bch_slot *slot)
{
	struct bch_snapshot_view view = bch_snapshot_view(t->fs, t->file->snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(t->fs, t->btree_id, bch_pos(t->file->inum, hash),
				       bch_pos(t->file->inum, BCH_U64_MAX), 0, &view);
	bool has_place = false;
	struct bch_key k;
	int more;

	*slot = (struct bch_slot){ .offset = hash };
	for (; (more = bch_cursor_next(&cur, &k)) > 0 && k.pos.offset == hash; hash++) {
		enum slot_kind kind = kind_of(t, &k);

		if (kind == SAME) {
			*slot = (struct bch_slot){ hash, true, k.pos.snapshot };
			return 0;
		}
		if (!has_place && kind != OTHER) {
			slot->offset = hash;
			has_place = true;
		}
		if (kind == EMPTY)
			return 0;
	}
	if (!has_place)
		slot->offset = hash;
	return more < 0 ? more : 0;
}

int bch_slot_of_dirent(struct bch_fs *fs, const struct bch_file *dir, const struct bch_inode *inode,
		       const struct bch_dirent *d, struct bch_slot *slot)
{
	const struct table t = { fs, BCH_BTREE_dirents, dir, .d = d };

	return find(&t, bch_dirent_hash(inode, d), slot);
}

int bch_slot_of_xattr(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode,
		      const struct bch_xattr *x, struct bch_slot *slot)
{
	const struct table t = { fs, BCH_BTREE_xattrs, file, .x = x };

	return find(&t, bch_xattr_hash(inode, x), slot);
}

/* ------------------------------------------------------------------ empty */

/* Where the search for an entry begins; its own place where that cannot be told. */
static u64 hash_of(const struct bch_inode *inode, const struct bch_key *k)
{
	struct bch_dirent d;
	struct bch_xattr x;

	if (k->type == BCH_KEY_dirent && bch_dirent_get(k, &d))
		return bch_dirent_hash(inode, &d);
	if (k->type == BCH_KEY_xattr && bch_xattr_get(k, &x))
		return bch_xattr_hash(inode, &x);
	return k->pos.offset;
}

/* Is there an entry behind the slot that is searched for from before it or from it? 1, 0, or an error. */
static int is_passed_over(struct bch_fs *fs, u8 btree_id, const struct bch_file *file,
			  const struct bch_inode *inode, u64 offset)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, file->snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, btree_id, bch_pos(file->inum, offset + 1),
				       bch_pos(file->inum, BCH_U64_MAX), 0, &view);
	struct bch_key k;
	int more;

	for (u64 at = offset + 1; (more = bch_cursor_next(&cur, &k)) > 0 && k.pos.offset == at;
	     at++)
		if (k.type != BCH_KEY_hash_whiteout && hash_of(inode, &k) <= offset)
			return 1;
	return more < 0 ? more : 0;
}

int bch_slot_delete(struct bch_fs *fs, u8 btree_id, const struct bch_file *file,
		    const struct bch_inode *inode, u64 offset, bool physically)
{
	struct bch_key k = {
		.pos = bch_spos(file->inum, offset, file->snapshot),
		.type = BCH_KEY_deleted,
	};
	int passed = offset < BCH_U64_MAX ? is_passed_over(fs, btree_id, file, inode, offset) : 0;

	if (passed < 0)
		return passed;
	if (!passed && !physically)
		return bch_edit_delete(fs, btree_id, k.pos);
	if (passed)
		k.type = BCH_KEY_hash_whiteout;
	return bch_update(fs, btree_id, &k, 0);
}
