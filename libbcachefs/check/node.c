// SPDX-License-Identifier: GPL-2.0-or-later
/* One btree node: its copies, and what is wrong with each. Format reference: 02 §11; 07 §2.3, §6.2, §6.3. */

#include "check/nodes.h"

#include "super/super.h"

/* A node on its way. */
struct looking {
	struct bch_check *c;
	struct bch_node_want want;
	u8 depth;
	const struct bch_key *ptr;
	struct bch_node_ahead *ahead; /* NULL: none was read */
	struct bch_checked_node *found;
	struct bch_btree_node best; /* of the copies so far; everybody reads that one */
	bool rewrite;
};

/* ------------------------------------------------------------------ texts */

/* What is wrong with a set of keys; those that say numbers too are below. */
static const struct {
	u16 id;
	const char *text;
} reasons[] = {
	{ BCH_FSCK_btree_node_bad_btree, "incorrect btree id" },
	{ BCH_FSCK_btree_node_bad_level, "incorrect level" },
	{ BCH_FSCK_btree_node_bad_format, "invalid bkey format" },
	{ BCH_FSCK_bset_past_end_of_btree_node, "bset past end of btree node" },
	{ BCH_FSCK_bset_wrong_sector_offset, "bset at wrong sector offset" },
	{ BCH_FSCK_bset_empty, "empty bset" },
	{ BCH_FSCK_bset_blacklisted_journal_seq, "first bset has blacklisted journal seq" },
	{ BCH_FSCK_first_bset_blacklisted_journal_seq, "bset has blacklisted journal seq" },
	{ BCH_FSCK_btree_node_bset_after_end, "found bset signature after last bset" },
	{ BCH_FSCK_btree_node_bkey_past_bset_end, "key extends past end of bset" },
	{ BCH_FSCK_btree_node_bkey_bad_format, "invalid bkey format" },
	{ BCH_FSCK_btree_node_bkey_bad_u64s, "bad k->u64s" },
	{ BCH_FSCK_btree_node_bkey_out_of_order, "keys out of order" },
};

static void put_got(struct bch_buf *out, const char *what, struct bch_pos got, struct bch_pos want)
{
	bch_buf_put(out, "incorrect %s: got ", what);
	bch_pos_put(out, got);
	bch_buf_puts(out, " should be ");
	bch_pos_put(out, want);
}

static void put_wrong_node(struct bch_buf *out, const struct looking *l,
			   const struct bch_node_header *h, u64 seq)
{
	bch_buf_puts(out, "got wrong btree node: got btree=");
	bch_btree_name_put(out, h->btree_id, l->c->version);
	bch_buf_put(out, " l=%u seq %" PRIx64 " want %" PRIx64 " min: ", h->level, seq,
		    l->want.ptr.seq);
	bch_pos_put(out, h->min);
	bch_buf_puts(out, " max: ");
	bch_pos_put(out, h->max);
}

static void put_version(struct bch_buf *out, u16 id, u16 version)
{
	bch_buf_put(out, "%s %u.%u",
		    id == BCH_FSCK_btree_node_unsupported_version ? "unsupported bset version"
		    : id == BCH_FSCK_btree_node_bset_older_than_sb_min
			    ? "bset older than the superblock's version_min: version"
			    : "bset newer than the superblock: version",
		    BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
}

/* @b: the set; nothing is asked of it where the problem is one of a key. */
static void put_reason(struct bch_buf *out, const struct looking *l,
		       const struct bch_btree_node *node, const struct bch_node_problem *p,
		       const struct bch_bset *b)
{
	struct bch_bytes bytes = { node->bytes, node->len };
	struct bch_node_header h = { 0 };

	(void)bch_node_header_get(bytes, &h);
	switch (p->id) {
	case BCH_FSCK_btree_node_bad_magic:
		bch_buf_put(out, "bad magic: want %" PRIx64 ", got %" PRIx64,
			    bch_btree_rules(l->c->fs).magic, bch_node_magic_at(bytes));
		return;
	case BCH_FSCK_btree_node_bad_seq:
		put_wrong_node(out, l, &h, b->seq);
		return;
	case BCH_FSCK_btree_node_bad_min_key:
		put_got(out, "min_key", h.min, l->want.ptr.min);
		return;
	case BCH_FSCK_btree_node_bad_max_key:
		put_got(out, "max key", h.max, l->want.ptr.max);
		return;
	case BCH_FSCK_btree_node_unsupported_version:
	case BCH_FSCK_btree_node_bset_older_than_sb_min:
	case BCH_FSCK_btree_node_bset_newer_than_sb:
		put_version(out, p->id, b->version);
		return;
	case BCH_FSCK_bset_unknown_csum:
		bch_buf_put(out, "unknown checksum type %u", b->csum_type);
		return;
	case BCH_FSCK_bset_bad_csum:
		bch_buf_put(out, "checksum error, type %s", bch_csum_type_name(b->csum_type));
		return;
	case BCH_FSCK_btree_node_data_missing:
		bch_buf_put(out, "btree node data missing: expected %u sectors, found %" PRIu64,
			    l->want.ptr.nr_sectors, BCH_SECTORS((u64)p->offset));
		return;
	}
	for (size_t i = 0; i < bch_array_size(reasons); i++)
		if (reasons[i].id == p->id) {
			bch_buf_puts(out, reasons[i].text);
			return;
		}
	bch_buf_puts(out, bch_fsck_error_name(p->id));
}

/* Bytes that no key can be made of. */
static bool is_no_key(u16 id)
{
	return id == BCH_FSCK_btree_node_bkey_past_bset_end ||
	       id == BCH_FSCK_btree_node_bkey_bad_format || id == BCH_FSCK_btree_node_bkey_bad_u64s;
}

/* The key that breaks a rule, and the rule. */
static void put_key(struct bch_buf *out, const struct looking *l, const struct bch_btree_node *node,
		    const struct bch_node_problem *p)
{
	struct bch_key_context context = l->c->key_context;
	struct bch_set_walk w = { .node = node,
				  .context = &context,
				  .any_pos = l->want.ptr.range_updated,
				  .end = node->len };
	struct bch_buf why bch_auto(buf) = { 0 };
	struct bch_key k;
	size_t len;

	context.btree_id = l->want.btree_id;
	context.level = l->want.level;
	if (p->id != BCH_FSCK_btree_node_bkey_out_of_order)
		bch_buf_puts(out, "invalid bkey ");
	(void)bch_set_walk_check(&w, p->offset, &k, &len);
	bch_key_text_put(out, &k, &context);
	bch_buf_puts(out, "\n  ");
	(void)bch_key_validate(&k, &context, &why);
	if (why.len)
		bch_buf_puts(out, bch_buf_str(&why));
	else
		put_reason(out, l, node, p, NULL);
}

/* "error validating btree node on vda at btree dirents level 0/1", and the pointer. */
static void put_place(struct bch_buf *out, const struct looking *l, const char *dev)
{
	bch_buf_put(out, "error validating btree node on %s at btree ", dev);
	bch_btree_name_put(out, l->want.btree_id, l->c->version);
	bch_buf_put(out, " level %u/%u\n  ", l->want.level, l->depth);
	bch_check_key_put(l->c, out, l->want.btree_id, l->ptr);
	bch_buf_puts(out, "\n  ");
}

static void put_problem(struct bch_buf *out, const struct looking *l, const char *dev,
			const struct bch_btree_node *node, const struct bch_node_problem *p)
{
	struct bch_bytes bytes = { node->bytes, node->len };
	struct bch_bset b = { 0 };

	put_place(out, l, dev);
	if (!p->of_key)
		(void)bch_bset_at(bytes, p->offset, &b);
	bch_buf_put(out, "node offset %" PRIu64 "/%u", BCH_SECTORS((u64)p->offset),
		    l->want.ptr.nr_sectors);
	if (b.end)
		bch_buf_put(out, " bset u64s %zu", (b.end - b.keys) / 8);
	if (p->of_key)
		bch_buf_put(out, " byte offset %u", p->offset);
	bch_buf_puts(out, ": ");
	if (p->of_key && !is_no_key(p->id))
		put_key(out, l, node, p);
	else
		put_reason(out, l, node, p, &b);
}

/* ------------------------------------------------------------------ copies */

static int tell(struct looking *l, u32 id, const struct bch_buf *text)
{
	int yes = bch_problem(l->c, id, "%s", bch_buf_str(text));

	l->rewrite |= yes > 0;
	return yes < 0 ? yes : 0;
}

/* To give it up would lose what is only newer than we are. */
static int refuse(struct looking *l, const struct bch_buf *text)
{
	return bch_error_whole(l->c->ctx, -BCH_ERR_version_unsupported, "%s", bch_buf_str(text));
}

static int tell_all(struct looking *l, const char *dev, const struct bch_btree_node *node)
{
	int err = 0;

	for (size_t i = 0; i < node->problems.nr && !err; i++) {
		struct bch_buf text bch_auto(buf) = { 0 };

		put_problem(&text, l, dev, node, &node->problems.v[i]);
		err = node->problems.v[i].id == BCH_FSCK_btree_node_unsupported_version
			      ? refuse(l, &text)
			      : tell(l, node->problems.v[i].id, &text);
	}
	return err;
}

static int tell_read_error(struct looking *l, const char *dev)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	put_place(&text, l, dev);
	bch_buf_puts(&text, "btree node read error");
	return tell(l, BCH_FSCK_btree_node_read_error, &text);
}

/* Numbers of entries go on behind it, and what lies between is never to be used. */
static int check_seq(struct looking *l, const char *dev, const struct bch_btree_node *node)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (node->grade != BCH_NODE_GOOD || node->problems.nr ||
	    node->journal_seq <= l->c->fs->state.seq)
		return 0;
	put_place(&text, l, dev);
	bch_buf_put(&text, "bset with journal seq %" PRIu64 ", which is not reached yet",
		    node->journal_seq);
	return tell(l, BCH_FSCK_bset_blacklisted_journal_seq, &text);
}

static int read_copy(struct looking *l, u32 nr, const struct bch_ptr *p,
		     struct bch_btree_node *node)
{
	struct bch_node_copy *copy;

	if (!l->ahead || nr >= l->ahead->nr_read)
		return bch_btree_node_read_used(l->c->fs, &l->want, p, node);
	copy = &l->ahead->copies[nr];
	*node = copy->node;
	copy->node = (struct bch_btree_node){ 0 };
	return copy->err;
}

/* Both have right checksums; a pointer that does not say what is used leaves old bytes behind it. */
static int compare_copy(struct looking *l, const char *dev, const struct bch_btree_node *node)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (node->grade != BCH_NODE_GOOD || l->best.grade != BCH_NODE_GOOD || node->problems.nr ||
	    l->best.problems.nr || !l->want.ptr.nr_sectors ||
	    !memcmp(node->bytes, l->best.bytes, node->len))
		return 0;
	put_place(&text, l, dev);
	bch_buf_puts(&text, "not the same as another copy of it");
	return tell(l, BCH_FSCK_btree_node_replicas_data_mismatch, &text);
}

/* @node is one that was read and looked at. */
static int rank_copy(struct looking *l, const char *dev, struct bch_btree_node *node)
{
	int err = compare_copy(l, dev, node);

	if (err || node->grade >= l->best.grade)
		return err;
	if (!l->found->usable)
		l->c->metadata_bytes += BCH_BYTES(l->want.ptr.nr_sectors);
	*l->found = (struct bch_checked_node){ true, false, node->seq, node->min, node->max };
	bch_btree_node_end(&l->best);
	l->best = *node;
	*node = (struct bch_btree_node){ 0 };
	return 0;
}

static int look_at_copy(struct looking *l, u32 nr, const struct bch_ptr *p)
{
	struct bch_fs *fs = l->c->fs;
	struct bch_btree_node node bch_auto(btree_node) = { 0 };
	const char *dev;
	int err;

	if (p->dev_idx >= fs->nr_members || !fs->members[p->dev_idx].blkdev) {
		struct bch_member m;

		l->found->is_absent |= p->dev_idx < fs->nr_members &&
				       bch_super_member(&fs->super, p->dev_idx, &m) &&
				       bch_member_alive(&m);
		return 0;
	}
	dev = fs->members[p->dev_idx].blkdev->name;
	err = read_copy(l, nr, p, &node);
	if (err == -BCH_ERR_btree_node_read_failed)
		return tell_read_error(l, dev);
	if (!err)
		err = tell_all(l, dev, &node);
	if (!err)
		err = check_seq(l, dev, &node);
	return err ? err : rank_copy(l, dev, &node);
}

static int look_at_copies(struct looking *l)
{
	struct bch_extent_walk walk = bch_extent_walk(l->ptr, &l->c->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	for (u32 nr = 0; !err && bch_extent_ptr_next(&walk, &p); nr++)
		err = look_at_copy(l, nr, &p.ptr);
	return err;
}

int bch_check_node(struct bch_check *c, u8 btree_id, u8 level, u8 depth, const struct bch_key *ptr,
		   struct bch_node_ahead *ahead, struct bch_checked_node *node)
{
	struct looking l = { .c = c,
			     .want = { .btree_id = btree_id, .level = level },
			     .depth = depth,
			     .ptr = ptr,
			     .ahead = ahead,
			     .found = node,
			     .best.grade = BCH_NODE_UNUSABLE };
	int err;

	*node = (struct bch_checked_node){ 0 };
	if (!bch_node_ptr_get(ptr, &l.want.ptr))
		return 0;
	err = look_at_copies(&l);
	bch_btree_node_end(&l.best);
	if (err || !node->usable || !l.rewrite)
		return err;
	c->repaired = true;
	c->nr_repairs++;
	return bch_change_touch(c->fs, btree_id, level, ptr->pos);
}
