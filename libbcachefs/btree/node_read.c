// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a node: its replicas in turn, until one is good; what is wrong goes to the log. Format reference: 02 §7. */

#include <stdlib.h>

#include "base/memory.h"
#include "btree/private.h"
#include "ondisk/key_extent.h"

#define NR_PROBLEMS_SAID 8

static void put_place(struct bch_buf *out, const struct bch_fs *fs, const char *dev, u8 btree_id,
		      u8 level, u64 sector)
{
	bch_buf_put(out, "%s: btree ", dev);
	bch_btree_name_put(out, btree_id, fs->btrees->rules.version);
	bch_buf_put(out, ", level %u, node at sector %" PRIu64 ": ", level, sector);
}

static void log_problem(struct bch_fs *fs, const struct bch_btree_node *node,
			const struct bch_node_problem *p, const char *dev, u64 sector)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	put_place(&line, fs, dev, node->btree_id, node->level, sector);
	if (p->of_key) {
		bch_buf_puts(&line, "key ");
		bch_pos_put(&line, p->pos);
		bch_buf_put(&line, " at byte %u: ", p->offset);
	} else if (p->offset) {
		bch_buf_put(&line, "keys at byte %u: ", p->offset);
	}
	bch_buf_puts(&line, bch_fsck_error_name(p->id));
	bch_log(fs->ctx, BCH_LOG_warn, "%s", bch_buf_str(&line));
}

void bch_node_problems_log(struct bch_fs *fs, const struct bch_btree_node *node, const char *dev,
			   u64 sector)
{
	struct bch_buf more bch_auto(buf) = { 0 };
	size_t nr = node->problems.nr;

	for (size_t i = 0; i < nr && i < NR_PROBLEMS_SAID; i++)
		log_problem(fs, node, &node->problems.v[i], dev, sector);
	if (nr <= NR_PROBLEMS_SAID)
		return;
	put_place(&more, fs, dev, node->btree_id, node->level, sector);
	bch_log(fs->ctx, BCH_LOG_warn, "%s%zu more problems", bch_buf_str(&more),
		nr - NR_PROBLEMS_SAID);
}

/* ------------------------------------------------------------------ one replica */

/* The bytes that the pointer says are used; all where it says nothing. */
static size_t used_bytes(const struct bch_fs *fs, const struct bch_node_want *want)
{
	u32 node_bytes = fs->btrees->rules.node_bytes;
	size_t len = BCH_BYTES(want->ptr.nr_sectors);

	return len && len < node_bytes ? len : node_bytes;
}

static int read_bytes(const struct bch_fs_member *m, const struct bch_ptr *p,
		      struct bch_btree_node *node, size_t len)
{
	node->len = len;
	node->bytes = bch_malloc(len);
	if (!node->bytes)
		return -BCH_ERR_no_memory;
	return bch_blkdev_read(m->blkdev, node->bytes, len, BCH_BYTES(p->offset_sectors));
}

static void log_read_error(struct bch_fs *fs, const struct bch_node_want *want, const char *dev,
			   u64 sector, int err)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	put_place(&line, fs, dev, want->btree_id, want->level, sector);
	bch_log(fs->ctx, BCH_LOG_warn, "%s%s", bch_buf_str(&line), bch_err_text(err));
}

/* NULL: missing, which was said when the filesystem was opened. */
static const struct bch_fs_member *member_of(const struct bch_fs *fs, const struct bch_ptr *p)
{
	const struct bch_fs_member *m =
		p->dev_idx < fs->nr_members ? &fs->members[p->dev_idx] : NULL;

	return m && m->blkdev ? m : NULL;
}

static int decode(struct bch_fs *fs, const struct bch_node_want *want, bool judged,
		  struct bch_btree_node *node)
{
	struct bch_node_rules rules = fs->btrees->rules;

	rules.key = fs->key;
	rules.judged = judged;
	node->grade = BCH_NODE_GOOD;
	return bch_btree_node_decode(node, &rules, want);
}

int bch_btree_node_decode_in(struct bch_fs *fs, const struct bch_node_want *want,
			     struct bch_btree_node *node)
{
	return decode(fs, want, false, node);
}

void bch_btree_nodes_judged(struct bch_fs *fs, bool judged)
{
	fs->btrees->judged = judged;
}

/* Reads @len bytes and decodes those that are used. */
static int read_and_decode(struct bch_fs *fs, const struct bch_node_want *want,
			   const struct bch_ptr *p, size_t len, bool judged,
			   struct bch_btree_node *node)
{
	const struct bch_fs_member *m = member_of(fs, p);
	int err = m ? read_bytes(m, p, node, len) : -BCH_ERR_btree_node_read_failed;

	node->grade = BCH_NODE_UNUSABLE;
	if (m && err && err != -BCH_ERR_no_memory) {
		fs->btrees->nr_unreadable++;
		log_read_error(fs, want, m->blkdev->name, p->offset_sectors, err);
		err = -BCH_ERR_btree_node_read_failed;
	}
	if (err)
		return err;
	node->len = used_bytes(fs, want);
	return decode(fs, want, judged, node);
}

int bch_btree_node_read_copy(struct bch_fs *fs, const struct bch_node_want *want,
			     const struct bch_ptr *p, struct bch_btree_node *node)
{
	*node = (struct bch_btree_node){ 0 };
	return read_and_decode(fs, want, p, fs->btrees->rules.node_bytes, false, node);
}

int bch_btree_node_read_used(struct bch_fs *fs, const struct bch_node_want *want,
			     const struct bch_ptr *p, struct bch_btree_node *node)
{
	*node = (struct bch_btree_node){ 0 };
	return read_and_decode(fs, want, p, used_bytes(fs, want), false, node);
}

/* @node is unusable where it cannot be read. -BCH_ERR_no_memory alone is an error. */
static int read_replica(struct bch_fs *fs, const struct bch_node_want *want,
			const struct bch_ptr *p, struct bch_btree_node *node)
{
	int err = read_and_decode(fs, want, p, used_bytes(fs, want), fs->btrees->judged, node);

	if (err == -BCH_ERR_btree_node_read_failed)
		return 0;
	if (!err && node->problems.nr) {
		fs->btrees->nr_bad++;
		bch_node_problems_log(fs, node, member_of(fs, p)->blkdev->name, p->offset_sectors);
	}
	return err;
}

/* ------------------------------------------------------------------ all replicas */

static void trim(struct bch_btree_node *node)
{
	u8 *less = bch_realloc(node->bytes, node->len);

	if (less)
		node->bytes = less;
}

int bch_node_unreadable(struct bch_fs *fs, u8 btree_id, u8 level, struct bch_pos max)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_buf pos bch_auto(buf) = { 0 };

	bch_btree_name_put(&name, btree_id, fs->btrees->rules.version);
	bch_pos_put(&pos, max);
	return bch_error_whole(fs->ctx, -BCH_ERR_btree_node_read_failed,
			       "btree %s, level %u: no usable copy of the node up to %s",
			       bch_buf_str(&name), level, bch_buf_str(&pos));
}

int bch_btree_node_read(struct bch_fs *fs, u8 btree_id, u8 level, const struct bch_key *ptr,
			struct bch_btree_node *node)
{
	struct bch_node_want want = { .btree_id = btree_id, .level = level };
	struct bch_extent_walk walk = bch_extent_walk(ptr, &fs->super);
	struct bch_extent_ptr p;

	*node = (struct bch_btree_node){ .grade = BCH_NODE_UNUSABLE };
	if (!bch_node_ptr_get(ptr, &want.ptr))
		return bch_node_unreadable(fs, btree_id, level, ptr->pos);

	while (node->grade != BCH_NODE_GOOD && bch_extent_ptr_next(&walk, &p)) {
		struct bch_btree_node copy = { 0 };
		int err = read_replica(fs, &want, &p.ptr, &copy);
		struct bch_btree_node worse = copy;

		if (!err && copy.grade < node->grade) {
			worse = *node;
			*node = copy;
		}
		bch_btree_node_end(&worse);
		if (err)
			return err;
	}
	if (node->grade == BCH_NODE_UNUSABLE)
		return bch_node_unreadable(fs, btree_id, level, ptr->pos);
	trim(node);
	return 0;
}

struct bch_btree_failures bch_btree_failures(const struct bch_fs *fs)
{
	return (struct bch_btree_failures){ fs->btrees->nr_unreadable, fs->btrees->nr_bad };
}
