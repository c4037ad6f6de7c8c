// SPDX-License-Identifier: GPL-2.0-or-later
/* Inodes without a name that are to be deleted, and are: with all that belongs to them. Format reference: 07 §4.25, 04 §6.11. */

#include "check/inode.h"
#include "commit/commit.h"

#define VERSION_DELETED_INODES BCH_VERSION(1, 2)

/* All that @snapshot sees of the inode in a btree: its own keys go, those of snapshots above are hidden. */
static int hide_all(struct bch_check *c, u8 btree_id, u64 inum, u32 snapshot)
{
	struct bch_snapshot_view view = bch_snapshot_view(c->fs, snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(c->fs, btree_id, bch_pos(inum, 0),
				       bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX), 0, &view);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		const struct bch_key whiteout = { .pos = bch_spos(inum, k.pos.offset, snapshot),
						  .type = BCH_KEY_whiteout };

		if (more == -BCH_ERR_btree_node_read_failed)
			continue;
		err = more < 0			   ? more
		      : k.pos.snapshot == snapshot ? bch_repair_hide(c, btree_id, k.pos)
						   : bch_repair(c, btree_id, &whiteout, 0);
	}
	return err;
}

static int put_generation(struct bch_check *c, u64 inum, u32 snapshot,
			  const struct bch_inode *inode)
{
	const struct bch_inode_generation g = { .bi_generation = inode->bi_generation + 1 };
	struct bch_inode_generation_disk val;
	const struct bch_key k = { .pos = bch_spos(0, inum, snapshot),
				   .type = BCH_KEY_inode_generation,
				   .val = { (const u8 *)&val, sizeof(val) } };

	bch_inode_generation_put(&g, &val, sizeof(val));
	return bch_repair(c, BCH_BTREE_inodes, &k, 0);
}

static int delete_all(struct bch_check *c, u64 inum, u32 snapshot, const struct bch_inode *inode)
{
	static const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_dirents, BCH_BTREE_xattrs };
	const struct bch_key unlisted = { .pos = bch_spos(0, inum, snapshot) };
	int err = 0;

	for (size_t i = 0; i < bch_array_size(btrees) && !err; i++)
		err = hide_all(c, btrees[i], inum, snapshot);
	if (!err)
		err = put_generation(c, inum, snapshot, inode);
	return err ? err : bch_repair(c, BCH_BTREE_deleted_inodes, &unlisted, BCH_UPDATE_QUIET);
}

/* ------------------------------------------------------------------ the list of them: 07 §4.25 */

/* Why an entry of the list is wrong: an id, -1: it is right, or an error below that. */
static int judge_entry(struct bch_check *c, const struct bch_key *k, struct bch_inode *inode,
		       int *id)
{
	int found = bch_check_inode_read(c, k->pos.offset, k->pos.snapshot, inode), empty;

	*id = -1;
	if (found <= 0) {
		*id = BCH_FSCK_deleted_inode_missing;
		return found;
	}
	if (S_ISDIR(inode->bi_mode)) {
		empty = bch_check_dir_is_empty(c, k->pos.offset, k->pos.snapshot);
		if (empty < 0)
			return empty;
		if (!empty)
			*id = BCH_FSCK_deleted_inode_is_dir;
	}
	if (*id < 0 && !bch_inode_flag(inode, BCH_INODE_unlinked))
		*id = BCH_FSCK_deleted_inode_not_unlinked;
	if (*id < 0 && bch_inode_flag(inode, BCH_INODE_has_child_snapshot))
		*id = BCH_FSCK_deleted_inode_has_child_snapshots;
	return 0;
}

static const char *entry_text(int id)
{
	switch (id) {
	case BCH_FSCK_deleted_inode_missing:
		return "nonexistent inode";
	case BCH_FSCK_deleted_inode_is_dir:
		return "non empty directory";
	case BCH_FSCK_deleted_inode_not_unlinked:
		return "non-deleted inode";
	default:
		return "inode with child snapshots";
	}
}

/* What a crash left is deleted without a word, as by a mount. */
static int delete_inode(struct bch_check *c, const struct bch_key *k, const struct bch_inode *inode)
{
	int fix = c->writes;

	if (c->fs->state.was_clean)
		fix = bch_problem_inode(c, BCH_FSCK_deleted_inode_but_clean, k->pos.offset,
					"filesystem marked as clean but have deleted inode %" PRIu64
					":%u",
					k->pos.offset, k->pos.snapshot);
	return fix <= 0 ? fix : delete_all(c, k->pos.offset, k->pos.snapshot, inode);
}

static int check_entry(struct bch_check *c, const struct bch_key *k)
{
	const struct bch_key none = { .pos = k->pos };
	struct bch_inode inode;
	int id, err = judge_entry(c, k, &inode, &id);

	if (err)
		return err;
	if (id < 0)
		return delete_inode(c, k, &inode);
	err = bch_problem_inode(c, (u32)id, k->pos.offset,
				"%s %" PRIu64 ":%u in deleted_inodes btree", entry_text(id),
				k->pos.offset, k->pos.snapshot);
	return err <= 0 ? err : bch_repair(c, BCH_BTREE_deleted_inodes, &none, BCH_UPDATE_QUIET);
}

int bch_check_dead_inodes(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_deleted_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	if (c->version < VERSION_DELETED_INODES)
		return 0;
	while (!err && (more = bch_check_walk_next(&w, &k))) {
		if (more > 0)
			more = bch_check_has_snapshot(c, BCH_BTREE_deleted_inodes, &k);
		err = more < 0 ? more : more ? check_entry(c, &k) : 0;
	}
	return err;
}
