// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands in the way of another version: features in use that it does not have, and by which files. 01 §9, 04 §8.5. */

#include <sys/stat.h>

#include "btree/btree.h"
#include "ondisk/key_inode.h"
#include "ops/upgrade.h"
#include "ops/viewers.h"

#define NAMED_MAX 20 /* of the files */

struct blockers {
	const struct bch_reversion *r;
	struct bch_viewers viewers;
	u64 inum; /* the last that was found; one of shared data is 0 */
	u64 nr;
};

/* ------------------------------------------------------------------ the features */

static bool is_casefolded(const struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_inode inode;

	return bch_inode_get(k, &inode) && S_ISDIR(inode.bi_mode) && inode.bi_casefold > 1;
}

static bool has_entry(const struct bch_fs *fs, const struct bch_key *k,
		      enum bch_extent_entry_type type)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;

	while (bch_extent_entry_next(&rest, &fs->super, &e))
		if (e.type == type)
			return true;
	return false;
}

static bool has_flags(const struct bch_fs *fs, const struct bch_key *k)
{
	return has_entry(fs, k, BCH_EXTENT_ENTRY_flags);
}

static bool is_striped(const struct bch_fs *fs, const struct bch_key *k)
{
	return k->type == BCH_KEY_stripe || has_entry(fs, k, BCH_EXTENT_ENTRY_stripe_ptr);
}

/* Since when there is the feature; 0: what is not converted in either direction. Btrees up to the first 0 behind @nr. */
static const struct feature {
	u16 since;
	const char *name;
	bool (*is_used)(const struct bch_fs *fs, const struct bch_key *k);
	u8 nr, btrees[3];
} features[] = {
	{ BCH_VERSION(1, 24), "casefolding", is_casefolded, 1, { BCH_BTREE_inodes } },
	{ BCH_VERSION(1, 25),
	  "marks of damaged data",
	  has_flags,
	  2,
	  { BCH_BTREE_extents, BCH_BTREE_reflink } },
	{ 0,
	  "erasure coding",
	  is_striped,
	  3,
	  { BCH_BTREE_extents, BCH_BTREE_reflink, BCH_BTREE_stripes } },
};

/* ------------------------------------------------------------------ the files */

/* One of its paths, in the first subvolume that sees that version of it. */
static int put_path(struct blockers *b, struct bch_buf *out, const struct bch_key *k, u64 inum)
{
	struct bch_fs *fs = b->r->fs;
	int err = -BCH_ERR_not_found;

	for (size_t i = 0; i < b->viewers.a.nr && err == -BCH_ERR_not_found; i++) {
		const struct bch_viewer *v = &b->viewers.a.v[i];
		struct bch_file file = { v->subvol, v->snapshot, inum };

		if (bch_snapshot_is_ancestor(fs, v->snapshot, k->pos.snapshot))
			err = bch_file_path(fs, &file, out);
	}
	if (err == -BCH_ERR_not_found) {
		bch_buf_put(out, "<%" PRIu64 ">", inum);
		err = 0;
	}
	return err;
}

static int name_user(struct blockers *b, const struct feature *f, u8 btree_id,
		     const struct bch_key *k)
{
	u64 inum = btree_id == BCH_BTREE_inodes	   ? k->pos.offset
		   : btree_id == BCH_BTREE_extents ? k->pos.inode
						   : 0;
	struct bch_buf path bch_auto(buf) = { 0 };
	int err = 0;

	if (inum && inum == b->inum)
		return 0;
	b->inum = inum;
	if (b->nr++ >= NAMED_MAX)
		return 0;
	if (inum)
		err = put_path(b, &path, k, inum);
	else
		bch_buf_put(&path, "%s:%" PRIu64, bch_btree_names[btree_id], k->pos.offset);
	if (!err)
		bch_log(b->r->fs->ctx, BCH_LOG_warn, "%s: %s", f->name, bch_buf_str(&path));
	return err;
}

static int look_in(struct blockers *b, const struct feature *f, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(b->r->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	b->inum = 0;
	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0			 ? more
		      : f->is_used(b->r->fs, &k) ? name_user(b, f, btree_id, &k)
						 : 0;
	return err;
}

static int check_feature(struct blockers *b, const struct feature *f)
{
	const struct bch_reversion *r = b->r;
	int err = 0;

	if (f->since && !bch_crosses_down(r, f->since))
		return 0;
	for (u8 i = 0; i < f->nr && !err; i++)
		err = look_in(b, f, f->btrees[i]);
	if (err || !b->nr)
		return err;
	return bch_error_whole(r->fs->ctx, -BCH_ERR_not_supported,
			       "%s is in use %" PRIu64 " times, which cannot become version %u.%u; "
			       "nothing was changed",
			       f->name, b->nr, BCH_VERSION_MAJOR(r->to), BCH_VERSION_MINOR(r->to));
}

int bch_reversion_blockers(const struct bch_reversion *r)
{
	struct blockers b = { .r = r };
	int err = bch_viewers_load(r->fs, &b.viewers);

	for (size_t i = 0; i < bch_array_size(features) && !err; i++)
		err = check_feature(&b, &features[i]);
	bch_viewers_end(&b.viewers);
	return err;
}
