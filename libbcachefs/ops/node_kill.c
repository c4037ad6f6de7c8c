// SPDX-License-Identifier: GPL-2.0-or-later
/* Making btree nodes unreadable: which bytes of which copies. CLI 7.4; format reference: 02 §6. */

#include <bcachefs/node_kill.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "btree/btree.h"
#include "ondisk/bbpos.h"
#include "ondisk/key_extent.h"
#include "super/super.h"

/* A copy, and the bytes of it that are to change: @len at @offset become others. */
struct copy {
	u32 dev_idx;
	u64 sector;
	u8 btree_id, level;
	u64 idx; /* of the node in its level */
	struct bch_pos max;
	size_t offset, len;
};

struct bch_node_kill {
	struct bch_fs *fs;
	struct bch_node_kill_opts opts;
	BCH_ARRAY(struct copy) copies;
};

/* ------------------------------------------------------------------ names */

/* The number behind a colon, 0 where there is none. */
static bool take_number(const char **text, u64 *n)
{
	char *end;

	*n = 0;
	if (!**text)
		return true;
	*n = strtoull(*text + 1, &end, 10);
	if ((*text)[1] < '0' || (*text)[1] > '9' || (*end && *end != ':'))
		return false;
	*text = end;
	return true;
}

static int parse_node(struct bch_fs *fs, const char *text, struct copy *c)
{
	size_t len = strcspn(text, ":");
	const char *rest = text + len;
	u64 level;

	if (!bch_btree_parse(text, len, &c->btree_id) || !take_number(&rest, &level) ||
	    !take_number(&rest, &c->idx) || *rest || level >= BCH_BTREE_DEPTH_MAX)
		return bch_error_whole(fs->ctx, -BCH_ERR_option_value,
				       "not BTREE[:LEVEL[:INDEX]]: %s", text);
	c->level = (u8)level;
	return 0;
}

/* ------------------------------------------------------------------ what is to change */

static void put_node(struct bch_buf *out, const struct copy *c, u16 version)
{
	bch_buf_puts(out, "btree ");
	bch_btree_name_put(out, c->btree_id, version);
	bch_buf_put(out, ", level %u, node %" PRIu64, c->level, c->idx);
}

static int refuse(const struct bch_node_kill *kill, const struct copy *c, int err, const char *why)
{
	struct bch_buf node bch_auto(buf) = { 0 };

	put_node(&node, c, le16_get(kill->fs->super.sb->version));
	return bch_error_whole(kill->fs->ctx, err, "%s: %s", bch_buf_str(&node), why);
}

/* The first set of keys that is not empty. */
static bool find_set(struct bch_bytes node, u32 block_bytes, struct bch_bset *b)
{
	u64 cookie = 0;

	for (size_t at = 0; bch_bset_at(node, at, b); at = bch_bset_end(b, block_bytes)) {
		if (!at)
			cookie = b->seq;
		if (b->seq != cookie || b->end > node.len)
			return false;
		if (b->end > b->keys)
			return true;
	}
	return false;
}

static int choose_in_set(const struct bch_node_kill *kill, struct copy *c, struct bch_bytes node)
{
	u32 block_bytes = bch_btree_rules(kill->fs).block_bytes;
	struct bch_bset b;

	if (!find_set(node, block_bytes, &b))
		return refuse(kill, c, -BCH_ERR_refused, "no set of keys in it");
	if (!b.csum_type && kill->opts.mode == BCH_NODE_KILL_csum)
		return refuse(kill, c, -BCH_ERR_refused, "it has no checksum");
	c->offset = kill->opts.mode == BCH_NODE_KILL_csum ? b.start : (b.keys + b.end) / 2;
	c->len = 1;
	return 0;
}

/* Reads the copy to see where the damage goes, and that it would change it. */
static int choose_bytes(const struct bch_node_kill *kill, struct copy *c)
{
	struct bch_node_rules rules = bch_btree_rules(kill->fs);
	struct bch_blkdev *dev = kill->fs->members[c->dev_idx].blkdev;
	u8 *bytes = bch_malloc(rules.node_bytes);
	int err = bytes ? bch_blkdev_read(dev, bytes, rules.node_bytes, BCH_BYTES(c->sector))
			: -BCH_ERR_no_memory;

	c->len = rules.block_bytes;
	if (!err && kill->opts.mode != BCH_NODE_KILL_zero)
		err = choose_in_set(kill, c, (struct bch_bytes){ bytes, rules.node_bytes });
	else if (!err && bch_bytes_are_zero((struct bch_bytes){ bytes, c->len }))
		err = refuse(kill, c, -BCH_ERR_refused, "it is zeroes already");
	free(bytes);
	return err;
}

/* ------------------------------------------------------------------ copies */

static int add_copy(struct bch_node_kill *kill, struct copy c)
{
	int err;

	for (size_t i = 0; i < kill->copies.nr; i++)
		if (kill->copies.v[i].dev_idx == c.dev_idx && kill->copies.v[i].sector == c.sector)
			return refuse(kill, &c, -BCH_ERR_refused, "named twice");
	if (c.dev_idx >= kill->fs->nr_members || !kill->fs->members[c.dev_idx].blkdev)
		return refuse(kill, &c, -BCH_ERR_device_missing, "a member that has it is missing");
	err = choose_bytes(kill, &c);
	return err ? err : bch_array_push(&kill->copies, c);
}

static int add_copies(struct bch_node_kill *kill, struct copy c, const struct bch_key *ptr)
{
	struct bch_extent_walk w = bch_extent_walk(ptr, &kill->fs->super);
	size_t before = kill->copies.nr;
	struct bch_extent_ptr p;
	int err = 0;

	c.max = ptr->pos;
	while (!err && bch_extent_ptr_next(&w, &p)) {
		if (kill->opts.one_dev && p.ptr.dev_idx != kill->opts.dev_idx)
			continue;
		c.dev_idx = p.ptr.dev_idx;
		c.sector = p.ptr.offset_sectors;
		err = add_copy(kill, c);
	}
	if (!err && kill->copies.nr == before)
		err = refuse(kill, &c, -BCH_ERR_not_found, "no copy of it is on that member");
	return err;
}

static int add_node(struct bch_node_kill *kill, const char *text)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct copy c = { 0 };
	struct bch_key k;
	int err = parse_node(kill->fs, text, &c), more = 1;

	if (err)
		return err;
	cur = bch_cursor_nodes(kill->fs, c.btree_id, c.level, BCH_POS_MIN, BCH_SPOS_MAX);
	for (u64 i = 0; i <= c.idx && more > 0; i++)
		more = bch_cursor_next(&cur, &k);
	if (more < 0)
		return more;
	return more ? add_copies(kill, c, &k)
		    : refuse(kill, &c, -BCH_ERR_not_found, "there is no such node");
}

int bch_node_kill_find(struct bch_fs *fs, const char *const *nodes, size_t nr,
		       const struct bch_node_kill_opts *opts, struct bch_node_kill **out)
{
	struct bch_node_kill *kill = bch_calloc(1, sizeof(*kill));
	int err = 0;

	*out = kill;
	if (!kill)
		return -BCH_ERR_no_memory;
	kill->fs = fs;
	kill->opts = *opts;
	for (size_t i = 0; i < nr && !err; i++)
		err = add_node(kill, nodes[i]);
	return err;
}

void bch_node_kill_put(const struct bch_node_kill *kill, struct bch_buf *out)
{
	for (size_t i = 0; i < kill->copies.nr; i++) {
		const struct copy *c = &kill->copies.v[i];

		bch_buf_put(out, "%s: sector %" PRIu64 ", %zu byte%s at %zu: ",
			    kill->fs->members[c->dev_idx].blkdev->name, c->sector, c->len,
			    c->len == 1 ? "" : "s", c->offset);
		put_node(out, c, le16_get(kill->fs->super.sb->version));
		bch_buf_puts(out, ", up to ");
		bch_pos_put(out, c->max);
		bch_buf_newline(out);
	}
}

/* ------------------------------------------------------------------ write */

/* Whole blocks are written, of which all but @len bytes are as they were; then read again. */
static int damage(const struct bch_node_kill *kill, const struct copy *c, u8 *block, u8 *again,
		  u32 block_bytes)
{
	struct bch_blkdev *dev = kill->fs->members[c->dev_idx].blkdev;
	size_t in_block = c->offset % block_bytes;
	u64 at = BCH_BYTES(c->sector) + c->offset - in_block;
	int err = bch_blkdev_read(dev, block, block_bytes, at);

	if (err)
		return err;
	if (kill->opts.mode == BCH_NODE_KILL_zero)
		memset(block, 0, block_bytes);
	else
		block[in_block] ^= 0xff;
	err = bch_blkdev_write(dev, block, block_bytes, at);
	if (!err)
		err = bch_blkdev_flush(dev);
	if (!err)
		err = bch_blkdev_read(dev, again, block_bytes, at);
	return !err && memcmp(block, again, block_bytes) ? -BCH_ERR_io : err;
}

int bch_node_kill_write(struct bch_node_kill *kill)
{
	u32 block_bytes = bch_btree_rules(kill->fs).block_bytes;
	u8 *blocks = bch_malloc(2 * (size_t)block_bytes);
	int err = blocks ? 0 : -BCH_ERR_no_memory;

	for (size_t i = 0; i < kill->copies.nr && !err; i++)
		err = damage(kill, &kill->copies.v[i], blocks, blocks + block_bytes, block_bytes);
	free(blocks);
	return err;
}

void bch_node_kill_free(struct bch_node_kill *kill)
{
	if (kill)
		bch_array_end(&kill->copies);
	free(kill);
}
