// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on files that a crash interrupted are ended. Format reference: 04 §10.2, 07 §4.25. */

#include "check/inode.h"
#include "check/overwrite.h"
#include "ondisk/key_extent.h"
#include "ondisk/key_logged_op.h"
#include "ondisk/key_subvolume.h"

#define SECTOR 512

/* What becomes of an operation. */
enum {
	LEFT,
	ENDED
};

/* The file that an operation changes. */
struct target {
	struct bch_check *c;
	struct bch_file file;
	struct bch_inode inode;
};

/* 1, or 0 where the file is gone: there is nothing to end. */
static int find_target(struct bch_check *c, u32 subvol, u64 inum, struct target *t)
{
	struct bch_subvolume s;
	int err = bch_subvolume_read(c->fs, subvol, &s);

	if (err)
		return err == -BCH_ERR_subvol_missing ? 0 : err;
	*t = (struct target){ .c = c, .file = { subvol, s.snapshot, inum } };
	err = bch_file_inode(c->fs, &t->file, &t->inode, NULL);
	return err == -BCH_ERR_not_found ? 0 : err ? err : 1;
}

static int put_inode(struct target *t)
{
	int err = bch_repairs_apply(t->c);

	t->inode.bi_mtime = t->inode.bi_ctime = bch_edit_now(t->c->fs);
	if (!err)
		err = bch_edit_inode(t->c->fs, &t->file, &t->inode);
	t->c->nr_applied++;
	return err;
}

/* ------------------------------------------------------------------ extents */

/* The first extent that the file has behind sector @from. Its value is copied to @val. */
static int first_extent(struct target *t, u64 from, u8 val[BCH_KEY_VALUE_MAX], struct bch_key *k)
{
	struct bch_snapshot_view view = bch_snapshot_view(t->c->fs, t->file.snapshot);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_in_snapshot(
		t->c->fs, BCH_BTREE_extents, bch_pos(t->file.inum, from),
		bch_spos(t->file.inum, BCH_U64_MAX, BCH_U32_MAX), BCH_CURSOR_EXTENTS, &view);
	int more = bch_cursor_next(&cur, k);

	if (more > 0 && k->val.len)
		memcpy(val, k->val.p, k->val.len);
	k->val.p = val;
	return more;
}

static u64 start_of(const struct bch_key *k)
{
	return k->pos.offset - k->size;
}

/* The file has nothing from @start to @end any more. */
static int punch(struct target *t, u64 start, u64 end)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k;
	int more = 0, err = 0;

	while (!err && (more = first_extent(t, start, val, &k)) > 0 && start_of(&k) < end) {
		u64 from = start_of(&k) < start ? start : start_of(&k);
		u64 to = k.pos.offset < end ? k.pos.offset : end;

		if (bch_key_is_allocation(&k))
			t->inode.bi_sectors -= to - from;
		err = bch_check_punch(t->c, &k, t->file.snapshot, from, to);
		if (!err)
			err = bch_repairs_apply(t->c);
	}
	return err ? err : more < 0 ? more : 0;
}

/* What @k has from sector @from on comes to lie @by sectors behind. */
static int move(struct target *t, const struct bch_key *k, u64 from, s64 by)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key moved = *k;
	int err;

	if (k->val.len)
		memcpy(val, k->val.p, k->val.len);
	moved.val.p = val;
	if (from > start_of(k))
		bch_key_cut_front(&moved, val, (u32)(from - start_of(k)));
	moved.pos = bch_spos(t->file.inum, k->pos.offset + (u64)by, t->file.snapshot);
	err = bch_check_punch(t->c, k, t->file.snapshot, from, k->pos.offset);
	if (!err)
		err = bch_repairs_apply(t->c);
	if (!err)
		err = bch_repair(t->c, BCH_BTREE_extents, &moved, 0);
	return err ? err : bch_repairs_apply(t->c);
}

/* ------------------------------------------------------------------ truncate */

static int resume_truncate(struct bch_check *c, const struct bch_key *k)
{
	u32 block = (u32)BCH_BYTES(le16_get(c->fs->super.sb->block_size));
	struct bch_logged_op_truncate op;
	struct target t;
	int found, err;

	bch_logged_op_truncate_get(&op, k->val.p, k->val.len);
	found = find_target(c, op.subvol, op.inum, &t);
	if (found <= 0 || op.new_i_size > (u64)INT64_MAX - block)
		return found < 0 ? found : ENDED;
	err = punch(&t, (op.new_i_size + block - 1) / block * block / SECTOR, BCH_U64_MAX);
	t.inode.bi_size = op.new_i_size;
	if (!err)
		err = put_inode(&t);
	return err ? err : ENDED;
}

/* ------------------------------------------------------------------ insert and collapse */

/* Where the file's extents that are still to move end: those behind @src that begin before @pos. */
struct ends {
	BCH_ARRAY(u64) a;
	bool any_shared; /* with a snapshot above */
};

static int find_ends(struct target *t, u64 src, u64 pos, struct ends *ends)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k;
	u64 from = src;
	int more = 0, err = 0;

	while (!err && (more = first_extent(t, from, val, &k)) > 0 && start_of(&k) < pos) {
		err = bch_array_push(&ends->a, k.pos.offset);
		ends->any_shared |= k.pos.snapshot != t->file.snapshot;
		from = k.pos.offset;
	}
	return more < 0 ? more : err;
}

/* From the last on, so that each comes to where there is nothing. */
static int insert(struct target *t, const struct ends *ends, u64 src, s64 by)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k;
	int err = 0;

	for (size_t i = ends->a.nr; i-- && !err;) {
		err = first_extent(t, ends->a.v[i] - 1, val, &k);
		if (err > 0)
			err = move(t, &k, start_of(&k) < src ? src : start_of(&k), by);
	}
	return err;
}

static int collapse(struct target *t, u64 pos, s64 by)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = first_extent(t, pos, val, &k))) {
		u64 from = start_of(&k) < pos ? pos : start_of(&k);

		if (more < 0)
			return more;
		pos = k.pos.offset;
		err = move(t, &k, from, by);
	}
	return err;
}

/* A file does not grow behind what offsets can say. */
static bool is_sane(const struct bch_logged_op_finsert *op, s64 by)
{
	u64 end = op->src_offset_sectors + (u64)(by < 0 ? -by : by);

	return op->state <= BCH_FINSERT_finish && by &&
	       op->src_offset_sectors < INT64_MAX / SECTOR && end < INT64_MAX / SECTOR &&
	       end > op->src_offset_sectors;
}

static int shift(struct target *t, const struct bch_logged_op_finsert *op, const struct ends *ends,
		 s64 by)
{
	int err = 0;

	if (op->state == BCH_FINSERT_start && by < 0)
		err = punch(t, op->src_offset_sectors, op->src_offset_sectors + (u64)-by);
	if (!err && op->state != BCH_FINSERT_finish)
		err = by > 0 ? insert(t, ends, op->src_offset_sectors, by)
			     : collapse(t, op->pos_sectors, by);
	if (by > 0 ? op->state == BCH_FINSERT_start : t->inode.bi_size >= (u64)-by * SECTOR)
		t->inode.bi_size += (u64)by * SECTOR;
	if (!err)
		err = put_inode(t);
	return err ? err : ENDED;
}

/*
 * What is shared with a snapshot cannot lie at two places of a file: kernels do that (and 6.12 hangs in it), and their
 * fsck finds "duplicate extents". Then what was not begun is not done, as if nobody had asked for it.
 */
static int resume_finsert(struct bch_check *c, const struct bch_key *k)
{
	struct bch_logged_op_finsert op;
	struct ends ends = { 0 };
	struct target t;
	int err;
	s64 by;

	bch_logged_op_finsert_get(&op, k->val.p, k->val.len);
	by = (s64)(op.dst_offset_sectors - op.src_offset_sectors);
	err = is_sane(&op, by) ? find_target(c, op.subvol, op.inum, &t) : 0;
	if (err <= 0)
		return err ? err : ENDED;
	err = find_ends(&t, op.src_offset_sectors, by > 0 ? op.pos_sectors : BCH_U64_MAX, &ends);
	if (!err && ends.any_shared)
		err = op.state == BCH_FINSERT_shift_extents ? LEFT : ENDED;
	else if (!err)
		err = shift(&t, &op, &ends, by);
	bch_array_end(&ends.a);
	return err;
}

/* ------------------------------------------------------------------ all of them */

static int resume(struct bch_check *c, const struct bch_key *k)
{
	switch (k->type) {
	case BCH_KEY_logged_op_truncate:
		return resume_truncate(c, k);
	case BCH_KEY_logged_op_finsert:
		return resume_finsert(c, k);
	default:
		return ENDED;
	}
}

/* What a crash left is ended without a word, as by a mount. */
static int check_op(struct bch_check *c, const struct bch_key *k)
{
	int err, fix = c->writes;

	if (c->fs->state.was_clean)
		fix = bch_problem_key(c, BCH_FSCK_logged_op_but_clean, BCH_BTREE_logged_ops, k,
				      "filesystem marked as clean but have logged op");
	if (fix <= 0)
		return fix;
	err = resume(c, k);
	if (err == LEFT)
		bch_log(c->ctx, BCH_LOG_warn,
			"logged op %" PRIu64 ": half done, in what a snapshot shares: left",
			k->pos.offset);
	return err != ENDED ? err : bch_repair_delete(c, BCH_BTREE_logged_ops, k->pos);
}

/* Behind inode 0 are cursors. */
int bch_check_logged_ops(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) = bch_check_walk(
		c, BCH_BTREE_logged_ops, BCH_POS_MIN, bch_spos(0, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : check_op(c, &k);
	return err;
}
