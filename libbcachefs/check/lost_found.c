// SPDX-License-Identifier: GPL-2.0-or-later
/* What nothing leads to gets an entry in lost+found, by its number. Format reference: 07 §4.22. */

#include "check/names.h"

#define ROOT_SUBVOL   1
#define NAMES_MAX     1000
#define VERSION_DEPTH BCH_VERSION(1, 17)

static const char lost_found[] = "lost+found";

/* ------------------------------------------------------------------ directories */

/* The subvolume that @snapshot, or one below it, is of; NULL: none. */
static const struct bch_check_subvol *subvol_of(struct bch_check_names *n, u32 snapshot)
{
	for (size_t i = 0; i < n->forest.subvols.a.nr; i++) {
		const struct bch_check_subvol *s = &n->forest.subvols.a.v[i];

		if (!(s->v.flags >> BCH_SUBVOLUME_unlinked & 1) &&
		    bch_snapshot_is_ancestor(n->c->fs, s->v.snapshot, snapshot))
			return s;
	}
	return NULL;
}

/* Where @snapshot does not see the root as a directory, it gets the version of the subvolume below. */
static int ensure_root(struct bch_check_names *n, const struct bch_check_subvol *s, u32 snapshot)
{
	struct bch_check_inode *seen = bch_check_version_seen(&n->files, s->v.inode, snapshot);
	const struct bch_check_inode *v;
	struct bch_inode inode;
	int err;

	if (seen && S_ISDIR(seen->mode))
		return 0;
	v = bch_check_version_seen(&n->files, s->v.inode, s->v.snapshot);
	err = v && S_ISDIR(v->mode) ? bch_check_inode_read(n->c, v->inum, v->snapshot, &inode) : 0;
	if (err <= 0)
		return err ? err : -BCH_ERR_not_found;
	inode.bi_flags |= 1U << BCH_INODE_has_child_snapshot;
	inode.bi_nlink = 0;
	err = bch_check_inode_put(n->c, s->v.inode, snapshot, &inode);
	if (!err)
		err = bch_repairs_apply(n->c);
	if (err || !seen || seen->snapshot != snapshot)
		return err ? err : bch_check_add_inode(&n->files, s->v.inode, snapshot, &inode);
	*seen = *v;
	seen->snapshot = snapshot;
	return 0;
}

/* The lowest number that no inode has. */
static u64 free_inum(const struct bch_check_names *n)
{
	u64 inum = BCH_INODE_NR_MIN + 1;

	for (size_t i = 0; i < n->files.inodes.a.nr; i++)
		if (n->files.inodes.a.v[i].inum == inum)
			inum++;
		else if (n->files.inodes.a.v[i].inum > inum)
			break;
	return inum;
}

/* ------------------------------------------------------------------ an entry */

/* A name for @d in directory @dir that is free as @snapshot sees it: @d's name, or with a number behind it. */
static int find_name(struct bch_check_names *n, u64 dir, u32 snapshot, const struct bch_dirent *d,
		     u8 val[BCH_DIRENT_VAL_MAX], struct bch_key *k)
{
	const struct bch_check_table t = { n->c, BCH_BTREE_dirents, &n->inode };

	for (u32 nr = 0; nr <= NAMES_MAX; nr++) {
		enum bch_check_place place;
		struct bch_pos to;
		int err;

		*k = (struct bch_key){ .pos = bch_spos(dir, BCH_U64_MAX, snapshot),
				       .type = BCH_KEY_dirent };
		k->val.p = val;
		k->val.len = nr ? bch_check_renamed_put(d, nr - 1, val) : bch_dirent_put(d, val);
		err = bch_check_find_place(&t, k, &place, &to);
		if (err)
			return err;
		k->pos.offset = to.offset;
		if (place != BCH_PLACE_DUPLICATE)
			return 0;
	}
	return -BCH_ERR_exists;
}

/* Puts it there at once, so that the next finds it. */
static int add_entry(struct bch_check_names *n, u64 dir, u32 snapshot, struct bch_dirent *d,
		     u64 *offset)
{
	struct bch_buf folded bch_auto(buf) = { 0 };
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_key k;
	int err = bch_check_ensure_version(n, dir, snapshot);

	if (!err)
		err = bch_check_names_enter(n, dir);
	if (err || !n->has_inode)
		return err ? err : -BCH_ERR_not_found;
	d->d_casefold = bch_inode_is_casefolded(n->c->fs, &n->inode);
	if (d->d_casefold) /* digits and lower case letters are folded already */
		d->cf_name = d->name;
	err = find_name(n, dir, snapshot, d, val, &k);
	if (!err)
		err = bch_repair(n->c, BCH_BTREE_dirents, &k, 0);
	*offset = k.pos.offset;
	return err ? err : bch_repairs_apply(n->c);
}

/* ------------------------------------------------------------------ lost+found itself */

/* Its number as @snapshot sees it; 0: there is none. */
static int find_lost_found(struct bch_check_names *n, u64 root, u32 snapshot, u64 *inum)
{
	const struct bch_file dir = { .snapshot = snapshot, .inum = root };
	const struct bch_check_inode *v;
	struct bch_file found;
	int err = bch_dir_lookup(n->c->fs, &dir, lost_found, sizeof(lost_found) - 1, &found);

	*inum = 0;
	if (err)
		return err == -BCH_ERR_not_found ? 0 : err;
	v = bch_check_version_seen(&n->files, found.inum, snapshot);
	if (v && S_ISDIR(v->mode) && !v->subvol)
		*inum = found.inum;
	return 0;
}

static int make_lost_found(struct bch_check_names *n, u64 root, u32 snapshot, u64 *inum)
{
	struct bch_dirent d = { .d_type = BCH_DIRENT_dir,
				.name = { (const u8 *)lost_found, sizeof(lost_found) - 1 } };
	struct bch_inode inode;
	int err;

	*inum = d.d_inum = free_inum(n);
	bch_check_inode_new(n->c, *inum, S_IFDIR | 0700, &inode);
	inode.bi_dir = root;
	inode.bi_depth = n->c->version >= VERSION_DEPTH;
	err = add_entry(n, root, snapshot, &d, &inode.bi_dir_offset);
	if (!err)
		err = bch_check_inode_put(n->c, *inum, snapshot, &inode);
	if (!err)
		err = bch_repairs_apply(n->c);
	if (!err)
		err = bch_check_add_inode(&n->files, *inum, snapshot, &inode);
	if (!err)
		bch_check_count_dirs(n, root, snapshot, 1);
	return err;
}

static int get_lost_found(struct bch_check_names *n, u32 snapshot, u64 *inum)
{
	const struct bch_check_subvol *s = subvol_of(n, snapshot);
	int err = s ? ensure_root(n, s, snapshot) : -BCH_ERR_not_found;

	if (!err)
		err = find_lost_found(n, s->v.inode, snapshot, inum);
	return err || *inum ? err : make_lost_found(n, s->v.inode, snapshot, inum);
}

/* ------------------------------------------------------------------ reattach */

struct lost {
	u64 inum;
	u32 snapshot;
};

struct losses {
	BCH_ARRAY(struct lost) a;
};

static struct bch_check_inode *find_version(struct bch_check_names *n, const struct lost *l)
{
	struct bch_check_inode *v = bch_check_version_seen(&n->files, l->inum, l->snapshot);

	return v && v->snapshot == l->snapshot ? v : NULL;
}

/* Versions below that are lost too are led to by the same entry; others do not see it. */
static int settle_below(struct bch_check_names *n, const struct lost *l, u64 dir, u64 offset)
{
	size_t nr, first = bch_check_versions(&n->files, l->inum, &nr);
	int err = 0;

	for (size_t i = first; i < first + nr && !err; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (!bch_snapshot_is_ancestor(n->c->fs, v->snapshot, l->snapshot))
			continue;
		if (v->bits & BCH_INODE_IS_LOST) {
			v->dir = dir;
			v->dir_offset = offset;
			v->bits |= BCH_INODE_IS_CHANGED | BCH_INODE_IS_NAMED;
			v->bits &= (u16)~BCH_INODE_IS_LOST;
			v->nr_links += !S_ISDIR(v->mode);
		} else if (v->snapshot != l->snapshot) {
			const struct bch_key k = { .pos = bch_spos(dir, offset, v->snapshot),
						   .type = BCH_KEY_whiteout };

			err = bch_repair(n->c, BCH_BTREE_dirents, &k, 0);
		}
	}
	return err;
}

/* Subvolumes are seen from the first, and lie in its lost+found. */
static int fill_entry(struct bch_check_names *n, struct bch_check_inode *v, struct bch_dirent *d,
		      struct bch_buf *name, u32 *snapshot)
{
	const struct bch_check_subvol *root = bch_check_subvol_find(&n->forest, ROOT_SUBVOL);

	*snapshot = v->snapshot;
	if (!v->subvol) {
		bch_buf_put(name, "%" PRIu64, v->inum);
		d->d_inum = v->inum;
		d->d_type = (u8)(v->mode >> 12);
	} else if (root) {
		bch_buf_put(name, "subvol-%u", v->subvol);
		d->d_child_subvol = v->subvol;
		d->d_parent_subvol = ROOT_SUBVOL;
		d->d_type = BCH_DIRENT_subvol;
		v->parent_subvol = ROOT_SUBVOL;
		*snapshot = root->v.snapshot;
	} else {
		return -BCH_ERR_not_found;
	}
	d->name = (struct bch_bytes){ (const u8 *)bch_buf_str(name), name->len };
	return bch_buf_failed(name) ? -BCH_ERR_no_memory : 0;
}

/* Those that snapshots of a subvolume left behind are led to by the entry that it has now. */
static void settle_older_roots(struct bch_check_names *n, u64 inum, u32 subvol, u64 dir, u64 offset)
{
	size_t nr, first = bch_check_versions(&n->files, inum, &nr);

	for (size_t i = first; i < first + nr; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (v->subvol != subvol || (v->dir == dir && v->dir_offset == offset))
			continue;
		v->dir = dir;
		v->dir_offset = offset;
		v->bits |= BCH_INODE_IS_CHANGED | BCH_INODE_IS_NAMED;
		v->bits &= (u16)~BCH_INODE_IS_LOST;
	}
}

static int reparent_subvol(struct bch_check_names *n, u32 id)
{
	struct bch_check_subvol *s = bch_check_subvol_find(&n->forest, id);

	if (!s || s->v.fs_path_parent == ROOT_SUBVOL)
		return 0;
	s->v.fs_path_parent = ROOT_SUBVOL;
	return bch_check_subvol_put(&n->forest, s);
}

static int reattach(struct bch_check_names *n, const struct lost *l)
{
	struct bch_check_inode *v = find_version(n, l);
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_dirent d = { 0 };
	u64 dir, offset;
	u32 snapshot, subvol = v ? v->subvol : 0;
	bool is_dir = v && S_ISDIR(v->mode) && !subvol;
	int err = v ? fill_entry(n, v, &d, &name, &snapshot) : -BCH_ERR_not_found;

	if (!err)
		err = get_lost_found(n, snapshot, &dir);
	if (!err)
		err = add_entry(n, dir, snapshot, &d, &offset);
	if (!err)
		err = settle_below(n, l, dir, offset);
	if (!err && subvol) {
		settle_older_roots(n, l->inum, subvol, dir, offset);
		err = reparent_subvol(n, subvol);
	}
	if (!err && is_dir)
		bch_check_count_dirs(n, dir, snapshot, 1);
	return err == -BCH_ERR_not_found ? 0 : err; /* no directory to put it in */
}

/* Is there a version above, with none between, that is lost too? That one is reattached, and this with it. */
static bool is_oldest_lost(struct bch_check_names *n, const struct bch_check_inode *v)
{
	const struct bch_check_inode *end = n->files.inodes.a.v + n->files.inodes.a.nr;

	for (const struct bch_check_inode *o = v + 1; o < end && o->inum == v->inum; o++)
		if (bch_snapshot_is_ancestor(n->c->fs, v->snapshot, o->snapshot))
			return !(o->bits & BCH_INODE_IS_LOST);
	return true;
}

static int collect(struct bch_check_names *n, struct losses *losses)
{
	int fix = 0;

	for (size_t i = 0; i < n->files.inodes.a.nr && fix >= 0; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (!(v->bits & BCH_INODE_IS_LOST) || !is_oldest_lost(n, v))
			continue;
		fix = bch_problem_inode(n->c, BCH_FSCK_inode_unreachable, v->inum,
					"unreachable inode: %" PRIu64 ":%u mode %o", v->inum,
					v->snapshot, v->mode);
		if (fix > 0)
			fix = bch_array_push(&losses->a, ((struct lost){ v->inum, v->snapshot }));
	}
	return fix < 0 ? fix : 0;
}

int bch_check_reattach(struct bch_check_names *n)
{
	struct losses losses = { 0 };
	int err = collect(n, &losses);

	for (size_t i = 0; i < losses.a.nr && !err; i++)
		err = reattach(n, &losses.a.v[i]);
	bch_array_end(&losses.a);
	return err;
}
