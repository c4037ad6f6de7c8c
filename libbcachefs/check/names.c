// SPDX-License-Identifier: GPL-2.0-or-later
/* Dirents and xattrs: whose they are, and whether they are found where they are. Format reference: 07 §4.17, §4.18, §4.21. */

#include "check/names.h"
#include "ondisk/key_xattr.h"

#define RENAMED_MAX	 1000
#define VERSION_CASEFOLD BCH_VERSION(1, 24)

/* ------------------------------------------------------------------ the inode */

/* Its hash, which all versions have in common. */
int bch_check_names_enter(struct bch_check_names *n, u64 inum)
{
	size_t nr, first;
	int found;

	if (n->has_inode && n->inum == inum)
		return 0;
	first = bch_check_versions(&n->files, inum, &nr);
	n->inum = inum;
	n->has_inode = false;
	if (!nr)
		return 0;
	found = bch_check_inode_read(n->c, inum, n->files.inodes.a.v[first].snapshot, &n->inode);
	n->has_inode = found > 0;
	return found < 0 ? found : 0;
}

static struct bch_check_table table_of(const struct bch_check_names *n, u8 btree_id)
{
	return (struct bch_check_table){ n->c, btree_id, &n->inode };
}

/* Is what the entry leads to known to be in that directory? */
static bool leads_back(const struct bch_check_names *n, const struct bch_key *k)
{
	struct bch_dirent d;
	const struct bch_check_inode *v;

	if (k->type != BCH_KEY_dirent || !bch_dirent_get(k, &d) || d.d_type == BCH_DIRENT_subvol)
		return false;
	v = bch_check_version_seen(&n->files, d.d_inum, k->pos.snapshot);
	return v && v->dir == k->pos.inode;
}

/* Does any entry of the directory prove that it was one? */
static int was_dir(struct bch_check_names *n, u64 inum)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(n->c->fs, BCH_BTREE_dirents, bch_pos(inum, 0),
			   bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (leads_back(n, &k))
			return 1;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

/* The subvolume that the directory of @k is the root of; 0: of none. */
static u32 subvol_of(const struct bch_check_names *n, const struct bch_key *k)
{
	for (size_t i = 0; i < n->forest.subvols.a.nr; i++) {
		const struct bch_check_subvol *s = &n->forest.subvols.a.v[i];

		if (s->v.inode == k->pos.inode &&
		    bch_snapshot_is_ancestor(n->c->fs, s->v.snapshot, k->pos.snapshot))
			return s->id;
	}
	return 0;
}

/* A directory that its entries are the last trace of; they are found again by a new hash. */
static int recreate_dir(struct bch_check_names *n, const struct bch_key *k)
{
	struct bch_inode inode;
	int err;

	bch_check_inode_new(n->c, k->pos.inode, S_IFDIR | 0700, &inode);
	inode.bi_subvol = subvol_of(n, k);
	err = bch_check_inode_put(n->c, k->pos.inode, k->pos.snapshot, &inode);
	if (!err)
		err = bch_repairs_apply(n->c);
	return err ? err : bch_check_add_inode(&n->files, k->pos.inode, k->pos.snapshot, &inode);
}

static int missing_inode(struct bch_check_names *n, u8 btree_id, const struct bch_key *k)
{
	int fix = bch_problem_key(n->c, BCH_FSCK_key_in_missing_inode, btree_id, k,
				  "key in missing inode:");

	if (fix > 0 && btree_id == BCH_BTREE_dirents) {
		fix = was_dir(n, k->pos.inode);
		if (fix > 0)
			return recreate_dir(n, k);
		fix = fix ? fix : 1;
	}
	return fix <= 0 ? fix : bch_repair_delete(n->c, btree_id, k->pos);
}

/* 1: the name stays, 0: it does not, or an error. */
static int check_owner(struct bch_check_names *n, u8 btree_id, const struct bch_key *k)
{
	const struct bch_check_inode *owner =
		bch_check_version_seen(&n->files, k->pos.inode, k->pos.snapshot);
	int fix;

	if (!owner) {
		fix = missing_inode(n, btree_id, k);
		owner = bch_check_version_seen(&n->files, k->pos.inode, k->pos.snapshot);
		return fix < 0 ? fix : owner != NULL;
	}
	if (btree_id == BCH_BTREE_xattrs || S_ISDIR(owner->mode))
		return 1;
	fix = bch_problem_key(n->c, BCH_FSCK_key_in_wrong_inode_type, btree_id, k,
			      "key for wrong inode mode %o:", owner->mode);
	return fix <= 0 ? fix : bch_repair_delete(n->c, btree_id, k->pos);
}

int bch_check_ensure_version(struct bch_check_names *n, u64 inum, u32 snapshot)
{
	struct bch_check_inode *v = bch_check_version_seen(&n->files, inum, snapshot);
	struct bch_inode inode;
	int found;

	if (!v || v->snapshot == snapshot)
		return v ? 0 : -BCH_ERR_not_found;
	found = bch_check_inode_read(n->c, inum, v->snapshot, &inode);
	if (found <= 0)
		return found;
	if (n->c->version >= BCH_VERSION_HAS_CHILD) {
		inode.bi_flags |= 1U << BCH_INODE_has_child_snapshot;
		found = bch_check_inode_put(n->c, inum, v->snapshot, &inode);
		inode.bi_flags &= ~(1U << BCH_INODE_has_child_snapshot);
		if (found)
			return found;
	}
	inode.bi_dir = v->dir;
	inode.bi_dir_offset = v->dir_offset;
	found = bch_check_inode_put(n->c, inum, snapshot, &inode);
	if (!found)
		found = bch_repairs_apply(n->c);
	return found ? found : bch_check_add_copy(&n->files, v, snapshot);
}

static int check_has_version(struct bch_check_names *n, u8 btree_id, const struct bch_key *k)
{
	const struct bch_check_inode *owner =
		bch_check_version_seen(&n->files, k->pos.inode, k->pos.snapshot);
	int fix;

	if (owner->snapshot == k->pos.snapshot || n->c->version < BCH_VERSION_PRESENCE)
		return 0;
	fix = bch_problem_key(n->c, BCH_FSCK_snapshot_key_missing_inode_snapshot, btree_id, k,
			      "have key for inode %" PRIu64 ":%u but have inode in ancestor "
			      "snapshot %u\nunexpected because we should always update the inode "
			      "when we update a key in that inode",
			      k->pos.inode, k->pos.snapshot, owner->snapshot);
	return fix <= 0 ? fix : bch_check_ensure_version(n, k->pos.inode, k->pos.snapshot);
}

/* ------------------------------------------------------------------ moving */

/* Where it goes to a place behind, the walk comes to it. Who changes a key of an inode has the inode there too. */
static int move(struct bch_check_names *n, const struct bch_check_table *t, const struct bch_key *k,
		const struct bch_key *as)
{
	struct bch_dirent d;
	int err = bch_check_ensure_version(n, k->pos.inode, k->pos.snapshot);

	if (!err && as->pos.offset != k->pos.offset)
		err = bch_check_hash_remove(t, k->pos, BCH_REMOVE_FOR_SNAPSHOT);
	if (!err)
		err = bch_repair(n->c, t->btree_id, as, 0);
	if (err || k->type != BCH_KEY_dirent || !bch_dirent_get(as, &d))
		return err;
	bch_check_dirent_moved(n, k, as->pos);
	return as->pos.offset <= k->pos.offset ? bch_check_dirent(n, as, &d) : 0;
}

static int wrong_place(struct bch_check_names *n, const struct bch_check_table *t,
		       const struct bch_key *k, struct bch_pos to)
{
	struct bch_key moved = *k;
	u64 hash = 0;
	int fix;

	(void)bch_check_hash(t, k, &hash); /* it has one */
	fix = bch_problem_key(n->c, BCH_FSCK_hash_table_key_wrong_offset, t->btree_id, k,
			      "hash table key at wrong offset: btree %s inode %" PRIu64
			      " offset %" PRIu64 ", hashed to %" PRIu64,
			      bch_btree_names[t->btree_id], k->pos.inode, k->pos.offset, hash);
	if (fix <= 0)
		return fix;
	moved.pos = to;
	return move(n, t, k, &moved);
}

/* ------------------------------------------------------------------ two of one name */

static bool same_value(const struct bch_key *a, const struct bch_key *b)
{
	return a->val.len == b->val.len && !memcmp(a->val.p, b->val.p, a->val.len);
}

/* "NAME.fsck_renamed-N" with the first N that is free, in its place. */
static int rename_entry(struct bch_check_names *n, const struct bch_check_table *t,
			const struct bch_key *k)
{
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_dirent d;

	if (!bch_dirent_get(k, &d))
		return 0;
	for (u32 nr = 0; nr < RENAMED_MAX; nr++) {
		struct bch_key renamed = *k;
		enum bch_check_place place;
		struct bch_pos to;
		int err;

		renamed.val.len = bch_check_renamed_put(&d, nr, val);
		renamed.val.p = val;
		renamed.pos.offset = BCH_U64_MAX; /* nowhere yet */
		if (!renamed.val.len)
			break;
		err = bch_check_find_place(t, &renamed, &place, &to);
		if (err)
			return err;
		if (place == BCH_PLACE_DUPLICATE)
			continue;
		renamed.pos = to;
		return move(n, t, k, &renamed);
	}
	return bch_problem_key(n->c, BCH_FSCK_dirent_name_too_long, t->btree_id, k,
			       "no other name is left for:") > 0
		       ? bch_check_hash_remove(t, k->pos, BCH_REMOVE_FOR_SNAPSHOT)
		       : 0;
}

/* Which of the two goes, or gets another name. */
static int settle_duplicate(struct bch_check_names *n, const struct bch_check_table *t,
			    const struct bch_key *k, const struct bch_key *other, bool k_leads,
			    bool other_leads)
{
	struct bch_pos gone = bch_spos(other->pos.inode, other->pos.offset, k->pos.snapshot);

	if (same_value(k, other) || k->type != BCH_KEY_dirent || !k_leads)
		return bch_check_hash_remove(t, k->pos, BCH_REMOVE_KEY);
	if (!other_leads)
		return bch_check_hash_remove(t, gone, BCH_REMOVE_FOR_SNAPSHOT);
	return rename_entry(n, t, k);
}

static int duplicate(struct bch_check_names *n, const struct bch_check_table *t,
		     const struct bch_key *k, struct bch_pos at)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_buf text bch_auto(buf) = { 0 };
	bool k_leads = true, other_leads = true;
	struct bch_key other;
	int fix = bch_check_key(n->c, t->btree_id, at, &cur, &other);

	if (fix <= 0)
		return fix;
	if (k->type == BCH_KEY_dirent) {
		int a = bch_check_dirent_has_target(n, k);
		int b = a < 0 ? a : bch_check_dirent_has_target(n, &other);

		if (b < 0)
			return b;
		k_leads = a;
		other_leads = b;
	}
	bch_check_key_put(n->c, &text, t->btree_id, &other);
	fix = bch_problem_key(n->c, BCH_FSCK_hash_table_key_duplicate, t->btree_id, k,
			      "duplicate hash table keys%s:\n  %s",
			      k->type == BCH_KEY_dirent && k_leads && other_leads &&
					      !same_value(k, &other)
				      ? ", both point to valid inodes"
				      : "",
			      bch_buf_str(&text));
	return fix <= 0 ? fix : settle_duplicate(n, t, k, &other, k_leads, other_leads);
}

/* 1: the name is where it is found, 0: it is not any more, or an error. */
static int check_place(struct bch_check_names *n, u8 btree_id, const struct bch_key *k)
{
	struct bch_check_table t = table_of(n, btree_id);
	enum bch_check_place place;
	struct bch_pos other;
	int err = bch_check_find_place(&t, k, &place, &other);

	if (err || place == BCH_PLACE_GOOD)
		return err ? err : 1;
	return place == BCH_PLACE_WRONG ? wrong_place(n, &t, k, other) : duplicate(n, &t, k, other);
}

/* ------------------------------------------------------------------ casefolded or not */

/* The entry's value with its names in the form that those of its directory have; 0: there is none, or it has it. */
static size_t other_form_put(struct bch_check_names *n, const struct bch_key *k,
			     u8 val[BCH_DIRENT_VAL_MAX])
{
	struct bch_buf folded bch_auto(buf) = { 0 };
	struct bch_dirent d, names;

	if (n->c->version < VERSION_CASEFOLD || !bch_dirent_get(k, &d) ||
	    d.d_casefold == bch_inode_is_casefolded(n->c->fs, &n->inode) ||
	    bch_dirent_begin(n->c->fs, &n->inode, (const char *)d.name.p, d.name.len, &folded,
			     &names))
		return 0;
	d.d_casefold = names.d_casefold;
	d.cf_name = names.cf_name;
	return bch_dirent_put(&d, val);
}

/* 1: the entry stays, 0: another one is in its place, or an error. */
static int check_form(struct bch_check_names *n, const struct bch_key *k)
{
	struct bch_check_table t = table_of(n, BCH_BTREE_dirents);
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_key other = *k;
	enum bch_check_place place;
	struct bch_pos to;
	int fix;

	other.val = (struct bch_bytes){ val, other_form_put(n, k, val) };
	if (!other.val.len)
		return 1;
	fix = bch_problem_key(n->c, BCH_FSCK_dirent_casefold_mismatch, t.btree_id, k,
			      "dirent casefold does not match dir casefold:");
	if (fix <= 0)
		return fix < 0 ? fix : 1;
	fix = bch_check_find_place(&t, &other, &place, &to);
	if (fix)
		return fix;
	if (place == BCH_PLACE_DUPLICATE)
		return rename_entry(n, &t, &other);
	other.pos = to;
	return move(n, &t, k, &other);
}

/* ------------------------------------------------------------------ one name */

static int check_name(struct bch_check_names *n, u8 btree_id, const struct bch_key *k)
{
	struct bch_dirent d;
	int stays, err = bch_check_seen_add(&n->seen, k->pos);

	if (err || bch_check_is_whiteout(k))
		return err;
	stays = check_owner(n, btree_id, k);
	if (stays > 0) {
		err = bch_check_names_enter(n, k->pos.inode);
		stays = err ? err : n->has_inode;
	}
	if (stays > 0) {
		err = check_has_version(n, btree_id, k);
		stays = err ? err : k->type == BCH_KEY_dirent ? check_form(n, k) : 1;
	}
	if (stays > 0)
		stays = check_place(n, btree_id, k);
	if (stays <= 0 || k->type != BCH_KEY_dirent || !bch_dirent_get(k, &d))
		return stays < 0 ? stays : 0;
	return bch_check_dirent(n, k, &d);
}

static int check_btree(struct bch_check_names *n, u8 btree_id)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(n->c, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	n->seen.ids.a.nr = 0;
	while (!err && (more = bch_check_walk_next(&w, &k))) {
		if (more > 0)
			more = bch_check_has_snapshot(n->c, btree_id, &k);
		err = more < 0 ? more : more ? check_name(n, btree_id, &k) : 0;
	}
	return err;
}

/* ------------------------------------------------------------------ all */

static int check_all(struct bch_check_names *n)
{
	int err = check_btree(n, BCH_BTREE_dirents);

	if (!err)
		err = check_btree(n, BCH_BTREE_xattrs);
	if (!err)
		err = bch_repairs_apply(n->c);
	if (!err)
		err = bch_check_links(n);
	return err;
}

int bch_check_names(struct bch_check *c)
{
	struct bch_check_names n = { .c = c };
	int err = bch_check_files_read(c, &n.files);

	if (!err)
		err = bch_check_forest_read(c, &n.forest);
	if (!err)
		err = check_all(&n);
	bch_check_files_end(&n.files);
	bch_check_forest_end(&n.forest);
	bch_array_end(&n.seen.ids.a);
	return err;
}
