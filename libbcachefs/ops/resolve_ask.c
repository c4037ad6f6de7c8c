// SPDX-License-Identifier: GPL-2.0-or-later
/* What a question means, and the answers that take no walk. CLI 14.2. */

#include <errno.h>

#include "base/checked.h"
#include "ondisk/bbpos.h"
#include "ops/resolve_private.h"

/* ------------------------------------------------------------------ inodes */

static bool is_inode(const struct bch_key *k)
{
	return k->type == BCH_KEY_inode || k->type == BCH_KEY_inode_v2 ||
	       k->type == BCH_KEY_inode_v3;
}

/* Has any snapshot the inode? */
static int inode_exists(struct bch_resolver *r, u64 inum, bool *exists)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(
		r->fs, BCH_BTREE_inodes, bch_pos(0, inum), bch_spos(0, inum, BCH_U32_MAX));
	struct bch_key k;
	int more;

	*exists = false;
	while (!*exists && (more = bch_cursor_next(&cur, &k)) > 0)
		*exists = is_inode(&k);
	return *exists ? 0 : more;
}

static int answer_file(struct bch_question *q, u64 inum, u32 subvol)
{
	struct bch_answer a = { .kind = BCH_ANSWER_file, .inum = inum, .subvol = subvol };

	return bch_answer_add(q, &a);
}

static int ask_inode(struct bch_resolver *r, struct bch_question *q, u64 inum)
{
	bool exists;
	int err = inode_exists(r, inum, &exists);

	if (err)
		return err;
	return exists ? answer_file(q, inum, 0)
		      : bch_answer_say(q, BCH_ANSWER_missing, "no such inode");
}

static int ask_inode_in_subvol(struct bch_resolver *r, struct bch_question *q, u32 subvol, u64 inum)
{
	struct bch_inode inode;
	struct bch_file file;
	int err = bch_file_subvol_root(r->fs, subvol, &file);

	if (err == -BCH_ERR_subvol_missing)
		return bch_answer_say(q, BCH_ANSWER_missing,
				      "no such subvolume; for a sector of a member, try -b");
	file.inum = inum;
	if (!err)
		err = bch_file_inode(r->fs, &file, &inode, NULL);
	if (err == -BCH_ERR_not_found)
		return bch_answer_say(q, BCH_ANSWER_missing, "no such inode in the subvolume");
	return err ? err : answer_file(q, inum, subvol);
}

static int ask_subvol(struct bch_resolver *r, struct bch_question *q, u32 subvol)
{
	struct bch_answer a = { .kind = BCH_ANSWER_subvolume, .subvol = subvol };
	struct bch_file root;
	int err = bch_file_subvol_root(r->fs, subvol, &root);

	if (err == -BCH_ERR_subvol_missing)
		return bch_answer_say(q, BCH_ANSWER_missing, "no such subvolume");
	a.inum = root.inum;
	return err ? err : bch_answer_add(q, &a);
}

/* ------------------------------------------------------------------ what a file has at an offset */

static bool has_answer(const struct bch_question *q, struct bch_pos pos)
{
	for (size_t i = 0; i < q->answers.nr; i++)
		if (!bch_pos_compare(q->answers.v[i].pos, pos))
			return true;
	return false;
}

static int ask_offset_in(struct bch_resolver *r, struct bch_question *q,
			 const struct bch_viewer *viewer, u64 inum, u64 sector)
{
	struct bch_snapshot_view view = bch_snapshot_view(r->fs, viewer->snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(r->fs, BCH_BTREE_extents, bch_pos(inum, sector),
				       bch_pos(inum, sector + 1), BCH_CURSOR_EXTENTS, &view);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (!has_answer(q, k.pos))
			return bch_answer_key(r, q, BCH_BTREE_extents, 0, &k, sector, sector + 1);
	return more;
}

static int ask_offset(struct bch_resolver *r, struct bch_question *q, u64 inum, u64 offset)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->viewers.a.nr; i++)
		err = ask_offset_in(r, q, &r->viewers.a.v[i], inum, offset / BCH_SECTOR_SIZE);
	/* a hole, but a file */
	return err || q->answers.nr ? err : ask_inode(r, q, inum);
}

/* ------------------------------------------------------------------ keys */

static int ask_key(struct bch_resolver *r, struct bch_question *q, u8 btree_id,
		   struct bch_pos first, struct bch_pos last)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(r->fs, btree_id, first, last);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) > 0)
		err = bch_answer_key(r, q, btree_id, 0, &k,
				     k.pos.offset - (k.size < k.pos.offset ? k.size : k.pos.offset),
				     k.pos.offset);
	if (!err && !more && !q->answers.nr)
		return bch_answer_say(q, BCH_ANSWER_missing, "no such key");
	return err ? err : more;
}

/* ------------------------------------------------------------------ texts */

static bool parse_number(const char *text, size_t len, u64 *n)
{
	bool hex = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (!len || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoull(text, &end, hex ? 16 : 10);
	return !errno && end == text + len;
}

static bool find_member(struct bch_resolver *r, const char *text, size_t len, u32 *dev_idx)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_buf_mem(&name, text, len);
	return !bch_fs_member_find(r->fs, bch_buf_str(&name), dev_idx);
}

/* DEV:BUCKET:OFFSET: @bucket is where the second part begins. */
static bool parse_bucket(struct bch_resolver *r, const char *text, const char *bucket,
			 const char *offset, struct bch_place *place)
{
	u64 nr, rest;

	return parse_number(bucket, (size_t)(offset - 1 - bucket), &nr) &&
	       parse_number(offset, strlen(offset), &rest) &&
	       find_member(r, text, (size_t)(bucket - 1 - text), &place->dev_idx) &&
	       bch_mul(nr, r->key_fs.devs[place->dev_idx].bucket_sectors, &nr) &&
	       bch_add(nr, rest, &place->sector);
}

static bool parse_sector(struct bch_resolver *r, const char *text, const char *sector,
			 struct bch_place *place)
{
	return parse_number(sector, strlen(sector), &place->sector) &&
	       find_member(r, text, (size_t)(sector - 1 - text), &place->dev_idx);
}

static bool parse_place(struct bch_resolver *r, const char *text, struct bch_place *place)
{
	const char *last = strrchr(text, ':'), *before = last;

	if (!last)
		return false;
	while (before > text && before[-1] != ':')
		before--;
	if (before > text && parse_bucket(r, text, before, last + 1, place))
		return true;
	return parse_sector(r, text, last + 1, place);
}

/* Small numbers are no inodes. */
static int ask_numbers(struct bch_resolver *r, struct bch_question *q, u64 a, u64 b)
{
	if (a >= BCH_INODE_NR_MIN)
		return ask_offset(r, q, a, b);
	return ask_inode_in_subvol(r, q, (u32)a, b);
}

static int ask_text(struct bch_resolver *r, struct bch_question *q)
{
	const char *text = q->text, *colon = strchr(text, ':'), *rest = colon ? colon + 1 : "";
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	bool hex = rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X');
	struct bch_pos first, last;
	u8 btree_id;
	u64 a, b;

	if (!colon && parse_number(text, len, &a)) {
		if (!r->opts->subvols)
			return ask_inode(r, q, a);
		return a <= BCH_U32_MAX ? ask_subvol(r, q, (u32)a) : -BCH_ERR_invalid_argument;
	}
	if (colon && (*text < '0' || *text > '9') && bch_btree_parse(text, len, &btree_id) &&
	    btree_id < BCH_BTREE_NR && bch_pos_parse(rest, strlen(rest), 0, &first) &&
	    bch_pos_parse(rest, strlen(rest), BCH_U32_MAX, &last))
		return ask_key(r, q, btree_id, first, last);
	if (colon && !r->opts->places && !hex && parse_number(text, len, &a) &&
	    parse_number(rest, strlen(rest), &b))
		return ask_numbers(r, q, a, b);
	q->has_place = parse_place(r, text, &q->place);
	return q->has_place ? 0 : -BCH_ERR_invalid_argument;
}

int bch_resolver_ask(struct bch_resolver *r, const char *text, struct bch_question **q)
{
	bool is_new;
	int err = bch_resolver_question(r, text, q, &is_new);

	if (err || !is_new)
		return err;
	return bch_resolver_passed_over(r, ask_text(r, *q));
}
