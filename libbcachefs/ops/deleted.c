// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inodes without a name. CLI 14.2; format reference: 04 §2.2, §6.8, §10.1.
 *
 * A version of an inode is judged from a leaf of the snapshot trees that sees it: one that a subvolume in the namespace
 * points to, else an unlinked one, else one that is left of a deleted subvolume. An inode has a name where its back
 * pointer leads to an entry that leads back. Where it does not, the entry may have moved: such inodes are gathered, and
 * one walk over all entries finds those that have a name all the same. What has a name in a tree that is not reachable
 * itself is not listed: the top of that tree is.
 */

#include <sys/stat.h>

#include "base/array.h"
#include "ondisk/key_dirent.h"
#include "ops/listing.h"
#include "super/super.h"

/* How many inodes are gathered before names are looked for. */
#define GATHERED_MAX (1U << 20)

/* From where files are seen, the better ones first. */
enum leaf_kind {
	LEAF_NAMED,    /* a subvolume that is in the namespace */
	LEAF_UNLINKED, /* a subvolume that is to be deleted */
	LEAF_BARE,     /* no subvolume */
	LEAF_NR
};

struct leaf {
	struct bch_file root; /* its root directory, inum 0 where that is not known */
	enum leaf_kind kind;
};

/* One version of an inode. */
struct version {
	u32 snapshot;
	bool is_inode; /* not a whiteout */
	struct bch_inode inode;
};

/* An inode that may have no name. */
struct orphan {
	u64 inum;
	u32 leaf;   /* from which it is seen: place in leaves */
	u32 subvol; /* whose root it is; 0: none's */
	bool unlinked, has_name;
};

struct deleted {
	struct bch_listing l;
	struct {
		BCH_ARRAY(struct leaf) a;
	} leaves;	  /* by kind */
	size_t last_leaf; /* that was of use: the next inode is likely to be seen from there too */
	struct {
		BCH_ARRAY(struct version) a;
	} versions; /* of the inode at hand, ascending by snapshot */
	u64 inum;
	struct {
		BCH_ARRAY(struct orphan) a;
	} orphans; /* ascending by inum */
};

static struct bch_fs *fs_of(const struct deleted *d)
{
	return d->l.fs;
}

/* ------------------------------------------------------------------ leaves */

static bool is_leaf(const struct bch_snapshot_node *n)
{
	return !n->children[0] && !n->children[1] && n->state != BCH_SNAPSHOT_STATE_no_keys &&
	       n->state != BCH_SNAPSHOT_STATE_deleted;
}

static enum leaf_kind judge(struct bch_fs *fs, const struct bch_snapshot_node *n,
			    struct bch_file *root)
{
	struct bch_path_opts opts = { .snapshot = n->id };
	struct bch_subvolume s;

	if (n->subvol && !bch_subvolume_read(fs, n->subvol, &s) && s.snapshot == n->id) {
		*root = (struct bch_file){ n->subvol, n->id, s.inode };
		return s.flags >> BCH_SUBVOLUME_unlinked & 1 ? LEAF_UNLINKED : LEAF_NAMED;
	}
	if (bch_path_lookup(fs, &opts, "/", root))
		*root = (struct bch_file){ .snapshot = n->id };
	return LEAF_BARE;
}

static int find_leaves(struct deleted *d)
{
	int err = 0;

	for (unsigned kind = 0; kind < LEAF_NR; kind++) {
		for (size_t i = 0; !err && i < bch_snapshots_nr(fs_of(d)); i++) {
			const struct bch_snapshot_node *n = bch_snapshot_at(fs_of(d), i);
			struct leaf leaf;

			if (!is_leaf(n))
				continue;
			leaf.kind = judge(fs_of(d), n, &leaf.root);
			if (leaf.kind == kind)
				err = bch_array_push(&d->leaves.a, leaf);
		}
	}
	return err;
}

/* Does the leaf see that version of the inode at hand? */
static bool sees(const struct deleted *d, const struct leaf *leaf, size_t version)
{
	for (size_t i = 0; i <= version; i++)
		if (bch_snapshot_is_ancestor(fs_of(d), leaf->root.snapshot,
					     d->versions.a.v[i].snapshot))
			return i == version;
	return false;
}

/* The best leaf that sees it; false where it is overwritten everywhere. */
static bool find_leaf(struct deleted *d, size_t version)
{
	const struct leaf *v = d->leaves.a.v;

	if (d->last_leaf < d->leaves.a.nr && v[d->last_leaf].kind == LEAF_NAMED &&
	    sees(d, &v[d->last_leaf], version))
		return true;
	for (size_t i = 0; i < d->leaves.a.nr; i++) {
		if (sees(d, &v[i], version)) {
			d->last_leaf = i;
			return true;
		}
	}
	return false;
}

/* ------------------------------------------------------------------ what is listed */

static bool is_readable(const struct bch_fs *fs, const struct bch_piece *p)
{
	struct bch_extent_walk w = bch_extent_walk(&p->k, &fs->super);
	struct bch_extent_ptr e;

	if (p->kind == BCH_PIECE_INLINE)
		return true;
	while (p->kind == BCH_PIECE_DATA && bch_extent_ptr_next(&w, &e))
		if (e.ptr.dev_idx < fs->nr_members && fs->members[e.ptr.dev_idx].blkdev)
			return true;
	return false;
}

/* Bytes of the file whose data is still there. */
static u64 readable_bytes(struct bch_fs *fs, const struct bch_file *file, const struct bch_stat *st)
{
	u64 end = BCH_SECTORS(st->size) + (st->size % BCH_SECTOR_SIZE != 0), bytes = 0;
	struct bch_file_map map bch_auto(file_map);
	struct bch_piece p;
	int more;

	bch_file_map_begin(&map, fs, file, 0, end);
	while ((more = bch_file_map_next(&map, &p)) && more != -BCH_ERR_no_memory) {
		u64 from = BCH_BYTES(p.start), len = BCH_BYTES(p.len);

		if (more > 0 && is_readable(fs, &p))
			bytes += len < st->size - from ? len : st->size - from;
	}
	return bytes;
}

static void put_text(struct deleted *d, const char *why, const struct bch_listed *e, u64 readable)
{
	struct bch_buf *out = &d->l.text;

	if (e->file.subvol)
		bch_buf_put(out, "<%u:%" PRIu64 ">", e->file.subvol, e->file.inum);
	else
		bch_buf_put(out, "--snapshot=%u <%" PRIu64 ">", e->file.snapshot, e->file.inum);
	bch_buf_pad(out, 34);
	bch_buf_put(out, "%-9s ", why);
	bch_buf_mode(out, e->st.mode);
	bch_buf_putc(out, ' ');
	bch_buf_user(out, d->l.opts->names, e->st.uid);
	bch_buf_putc(out, ' ');
	bch_buf_group(out, d->l.opts->names, e->st.gid);
	bch_buf_put(out, " %12" PRIu64 " %12" PRIu64 " ", e->st.size, readable);
	bch_buf_time_short(out, e->st.mtime.sec);
	bch_buf_newline(out);
}

static int put(struct deleted *d, const char *why, const struct bch_file *file)
{
	struct bch_facts *facts bch_auto(facts) = NULL;
	struct bch_listed e;
	int err = bch_listed_get(fs_of(d), "", 0, file, &e);
	u64 readable;

	if (err || e.missing)
		return err ? bch_listing_pass(&d->l, err) : 0;
	readable = S_ISREG(e.st.mode) || S_ISLNK(e.st.mode) ? readable_bytes(fs_of(d), file, &e.st)
							    : 0;
	if (d->l.opts->json) {
		facts = bch_facts_new(BCH_FACTS_JSON_PART);
		if (!facts)
			return -BCH_ERR_no_memory;
		bch_fact_json_str(facts, "why", why);
		bch_facts_listed(facts, fs_of(d), d->l.opts->names, &e);
		bch_fact_json_u64(facts, "readable_bytes", readable);
		bch_listing_element(&d->l, facts, NULL);
	} else {
		put_text(d, why, &e, readable);
	}
	return bch_listing_pace(&d->l);
}

/* The roots of trees that are left of deleted subvolumes. */
static int put_leaves(struct deleted *d)
{
	int err = 0;

	for (size_t i = 0; !err && i < d->leaves.a.nr; i++) {
		const struct leaf *leaf = &d->leaves.a.v[i];

		if (leaf->kind != LEAF_NAMED && leaf->root.inum)
			err = put(d, leaf->kind == LEAF_BARE ? "snapshot" : "subvolume",
				  &leaf->root);
	}
	return err;
}

/* ------------------------------------------------------------------ names that are elsewhere */

/* Is this version of the entry what the leaf sees there? */
static bool is_seen(struct deleted *d, const struct bch_file *root, const struct bch_key *k)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs_of(d), root->snapshot);
	struct bch_pos pos = bch_pos(k->pos.inode, k->pos.offset);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs_of(d), BCH_BTREE_dirents, pos, pos, 0, &view);
	struct bch_key seen;

	return bch_snapshot_is_ancestor(fs_of(d), root->snapshot, k->pos.snapshot) &&
	       bch_cursor_next(&cur, &seen) > 0 && seen.pos.snapshot == k->pos.snapshot;
}

static void take_entry(struct deleted *d, const struct bch_key *k, const struct bch_dirent *e)
{
	bool is_subvol = e->d_type == BCH_DIRENT_subvol;

	for (size_t i = is_subvol ? 0 : bch_array_place(&d->orphans.a, inum, e->d_inum);
	     i < d->orphans.a.nr; i++) {
		struct orphan *o = &d->orphans.a.v[i];

		if (!is_subvol && o->inum != e->d_inum)
			break;
		if (is_subvol)
			o->has_name |= o->subvol && o->subvol == e->d_child_subvol;
		else if (!o->has_name && !o->unlinked)
			o->has_name = is_seen(d, &d->leaves.a.v[o->leaf].root, k);
	}
}

static int find_names(struct deleted *d)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs_of(d), BCH_BTREE_dirents, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_dirent e;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (more < 0)
			err = bch_listing_pass(&d->l, more);
		else if (k.type == BCH_KEY_dirent && bch_dirent_get(&k, &e))
			take_entry(d, &k, &e);
		if (bch_cancelled(fs_of(d)->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

/* Lists those of the gathered that have no name, and forgets all. */
static int settle(struct deleted *d)
{
	bool all_known = true;
	int err = 0;

	for (size_t i = 0; i < d->orphans.a.nr; i++)
		all_known &= d->orphans.a.v[i].unlinked;
	if (!all_known)
		err = find_names(d);
	for (size_t i = 0; !err && i < d->orphans.a.nr; i++) {
		const struct orphan *o = &d->orphans.a.v[i];
		struct bch_file file = d->leaves.a.v[o->leaf].root;

		file.inum = o->inum;
		if (!o->has_name)
			err = put(d, o->unlinked ? "unlinked" : "nameless", &file);
	}
	d->orphans.a.nr = 0;
	return err;
}

/* ------------------------------------------------------------------ all inodes */

/* A root directory: of the filesystem, which has no name, or one that is listed with its subvolume or snapshot. */
static bool is_known_root(const struct leaf *leaf, u64 inum)
{
	return inum == leaf->root.inum && (leaf->kind != LEAF_NAMED || leaf->root.subvol == 1);
}

static int judge_version(struct deleted *d, size_t nr)
{
	const struct bch_inode *inode = &d->versions.a.v[nr].inode;
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_file file, dir;
	struct orphan o = { .inum = d->inum, .subvol = inode->bi_subvol };
	int err;

	if (!d->versions.a.v[nr].is_inode || !find_leaf(d, nr) ||
	    is_known_root(&d->leaves.a.v[d->last_leaf], d->inum))
		return 0;
	o.leaf = (u32)d->last_leaf;
	o.unlinked = inode->bi_flags >> BCH_INODE_unlinked & 1;
	file = d->leaves.a.v[o.leaf].root;
	file.inum = d->inum;
	err = o.unlinked ? -BCH_ERR_not_found
			 : bch_file_parent(fs_of(d), &file, inode, &dir, &name);
	/* An entry that cannot be read is as good as lost; the walk over all of them says what is missing. */
	if (err == -BCH_ERR_not_found ||
	    (err == -BCH_ERR_btree_node_read_failed && d->l.opts->ignore_errors))
		err = bch_array_push(&d->orphans.a, o);
	return err ? bch_listing_pass(&d->l, err) : 0;
}

/* All versions of an inode are there. */
static int judge_inode(struct deleted *d)
{
	int err = 0;

	for (size_t i = 0; !err && i < d->versions.a.nr; i++)
		err = judge_version(d, i);
	d->versions.a.nr = 0;
	if (!err && d->orphans.a.nr >= GATHERED_MAX)
		err = settle(d);
	return err;
}

static int take_key(struct deleted *d, const struct bch_key *k)
{
	struct version v = { .snapshot = k->pos.snapshot };
	int err = 0;

	if (k->pos.offset != d->inum)
		err = judge_inode(d);
	d->inum = k->pos.offset;
	v.is_inode = (k->type == BCH_KEY_inode || k->type == BCH_KEY_inode_v2 ||
		      k->type == BCH_KEY_inode_v3) &&
		     bch_inode_get(k, &v.inode);
	return err ? err : bch_array_push(&d->versions.a, v);
}

static int scan(struct deleted *d)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs_of(d), BCH_BTREE_inodes, BCH_POS_MIN,
							    bch_spos(0, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		err = more < 0 ? bch_listing_pass(&d->l, more) : take_key(d, &k);
		if (!err)
			err = bch_listing_pace(&d->l);
	}
	if (!err)
		err = judge_inode(d);
	return err ? err : settle(d);
}

int bch_ls_deleted(struct bch_fs *fs, const struct bch_listing_opts *listing)
{
	struct deleted d = { 0 };
	int err;

	bch_listing_begin(&d.l, fs, listing, "files");
	err = find_leaves(&d);
	if (!err)
		err = put_leaves(&d);
	if (!err)
		err = scan(&d);
	bch_array_end(&d.leaves.a);
	bch_array_end(&d.versions.a);
	bch_array_end(&d.orphans.a);
	return bch_listing_end(&d.l, err);
}
