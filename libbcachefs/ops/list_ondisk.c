// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every byte of the nodes as they are on each device: sets of keys, what fills them up to whole blocks, and the rest.
 * CLI 7.1; format reference: 02 §6, §7.
 */

#include "ops/list_private.h"

#include "ondisk/key_extent.h"

/* One copy of a node. */
struct copy {
	struct bch_list *l;
	const struct bch_key_context *context; /* of the keys in it */
	struct bch_node_want want;
	struct bch_ptr ptr;
	struct bch_btree_node node;
	size_t size; /* all bytes that it has on the device */
};

/* A stretch of it: a set of keys, or the rest, where @b is NULL. */
struct stretch {
	const struct bch_bset *b;
	size_t start, end;
	size_t keys_end; /* up to where the set's keys are */
	bool behind;	 /* the pointer does not know of it */
};

/* Lines of JSON have none. */
static void indent(struct bch_list *l)
{
	bch_buf_indent_add(&l->text, l->opts->json ? 0 : 2);
}

static void outdent(struct bch_list *l)
{
	bch_buf_indent_sub(&l->text, l->opts->json ? 0 : 2);
}

static bool is_blacklisted(const struct copy *c, const struct bch_bset *b)
{
	return bch_super_blacklisted(&c->l->fs->super, b->journal_seq);
}

/* ------------------------------------------------------------------ what is said of a stretch */

/* Calls @put with each word that is to be said of it. */
static void for_each_mark(const struct copy *c, const struct stretch *s,
			  void (*put)(void *arg, const char *mark), void *arg)
{
	const struct bch_btree_node *node = &c->node;

	if (s->b && is_blacklisted(c, s->b))
		put(arg, s->start ? "blacklisted, not used" : "blacklisted");
	if (s->behind)
		put(arg, "behind the end, not used");
	for (size_t i = 0; i < node->problems.nr; i++) {
		const struct bch_node_problem *p = &node->problems.v[i];

		if (!p->of_key && p->offset >= s->start && p->offset < s->end)
			put(arg, bch_fsck_error_name(p->id));
	}
}

static void put_mark_text(void *arg, const char *mark)
{
	struct bch_list *l = arg;

	bch_buf_puts(&l->text, ", ");
	bch_list_color(l, BCH_LIST_RED);
	bch_buf_puts(&l->text, mark);
	bch_list_color(l, BCH_LIST_PLAIN);
}

static void put_mark_json(void *arg, const char *mark)
{
	bch_fact_json_str(arg, NULL, mark);
}

static void put_stretch_text(struct copy *c, const struct stretch *s)
{
	struct bch_buf *out = &c->l->text;

	bch_buf_put(out, "offset %zu ", s->start / 512);
	if (s->b) {
		bch_buf_puts(out, "version ");
		bch_version_put(out, s->b->version);
		bch_buf_put(out,
			    ", journal seq %" PRIu64 ", bytes: header %zu keys %zu padding %zu",
			    s->b->journal_seq, s->b->keys - s->start, s->keys_end - s->b->keys,
			    s->end - s->keys_end);
	} else {
		bch_buf_put(out, "unused, bytes: %zu", s->end - s->start);
	}
	for_each_mark(c, s, put_mark_text, c->l);
	bch_buf_newline(out);
}

static void put_stretch_json(struct copy *c, const struct stretch *s)
{
	struct bch_facts *facts = bch_list_json_begin(c->l, c->context);
	struct bch_buf version bch_auto(buf) = { 0 };

	if (!facts)
		return;
	bch_pos_text_facts(facts, "node", c->want.ptr.max);
	bch_fact_json_u64(facts, "device", c->ptr.dev_idx);
	bch_fact_json_u64(facts, "node_sector", c->ptr.offset_sectors);
	bch_fact_json_u64(facts, "offset_bytes", s->start);
	if (s->b) {
		bch_version_put(&version, s->b->version);
		bch_fact_json_str(facts, "set_version", bch_buf_str(&version));
		bch_fact_json_u64(facts, "journal_seq", s->b->journal_seq);
		bch_fact_json_u64(facts, "header_bytes", s->b->keys - s->start);
		bch_fact_json_u64(facts, "keys_bytes", s->keys_end - s->b->keys);
		bch_fact_json_u64(facts, "padding_bytes", s->end - s->keys_end);
	} else {
		bch_fact_json_u64(facts, "unused_bytes", s->end - s->start);
	}
	bch_facts_list(facts, "problems");
	for_each_mark(c, s, put_mark_json, facts);
	bch_facts_end(facts);
	bch_list_json_end(c->l, facts);
}

static void put_stretch(struct copy *c, const struct stretch *s)
{
	if (c->l->opts->json)
		put_stretch_json(c, s);
	else
		put_stretch_text(c, s);
}

/* ------------------------------------------------------------------ keys */

static void put_problem_json(struct copy *c, const struct bch_set_walk *w,
			     const struct bch_set_item *item, const char *name)
{
	struct bch_facts *facts = bch_list_json_begin(c->l, c->context);

	if (!facts)
		return;
	bch_fact_json_u64(facts, "offset_bytes", item->at);
	bch_fact_json_u64(facts, "bad_bytes", w->at - item->at);
	bch_fact_json_str(facts, "problem", name);
	bch_list_json_end(c->l, facts);
}

/* Something is wrong with what was just listed, or is there instead of a key. */
static void put_problem(struct copy *c, const struct bch_set_walk *w,
			const struct bch_set_item *item, int id)
{
	const char *name = bch_fsck_error_name((u64)id);
	struct bch_list *l = c->l;

	if (l->opts->json) {
		put_problem_json(c, w, item, name);
		return;
	}
	bch_list_color(l, BCH_LIST_RED);
	bch_buf_put(&l->text, "%s at byte %zu, %zu bytes: %s", item->is_key ? "key" : "no key",
		    item->at, w->at - item->at, name);
	bch_list_color(l, BCH_LIST_PLAIN);
	bch_buf_newline(&l->text);
}

/* A key in its place is good or bad by itself; whether it follows the one before it, decoding found out. */
static void list_item(struct copy *c, const struct bch_set_walk *w, const struct bch_set_item *item)
{
	const struct bch_btree_node *node = &c->node;
	struct bch_list *l = c->l;

	if (item->is_key && (l->type < 0 || item->k.type == l->type))
		bch_list_key(l, &item->k, c->context);
	if (item->problem != BCH_KEY_VALID)
		put_problem(c, w, item, item->problem);
	for (size_t i = 0; i < node->problems.nr; i++)
		if (node->problems.v[i].id == BCH_FSCK_btree_node_bkey_out_of_order &&
		    node->problems.v[i].offset == item->at)
			put_problem(c, w, item, node->problems.v[i].id);
}

static void list_keys(struct copy *c, const struct bch_bset *b)
{
	struct bch_set_walk w = { .node = &c->node,
				  .context = c->context,
				  .any_pos = c->want.ptr.range_updated,
				  .at = b->keys,
				  .end = b->end };
	struct bch_set_item item;

	indent(c->l);
	while (bch_set_walk_next(&w, &item))
		list_item(c, &w, &item);
	outdent(c->l);
}

/* ------------------------------------------------------------------ sets, and the rest */

/* The set at @at, where this node goes on there. */
static bool set_at(const struct copy *c, size_t at, struct bch_bset *b)
{
	return c->node.cookie && bch_bset_at((struct bch_bytes){ c->node.bytes, c->size }, at, b) &&
	       b->seq == c->node.cookie;
}

static void list_sets(struct copy *c)
{
	u32 block_bytes = BCH_BYTES(le16_get(c->l->fs->super.sb->block_size));
	u32 nr_sectors = c->want.ptr.nr_sectors;
	bool readable = c->node.grade != BCH_NODE_UNUSABLE;
	struct stretch s = { 0 };
	struct bch_bset b;

	for (; set_at(c, s.start, &b); s.start = s.end) {
		size_t end = bch_bset_end(&b, block_bytes);

		s.b = &b;
		s.behind = nr_sectors && s.start >= BCH_BYTES(nr_sectors);
		s.keys_end = b.end < c->size ? b.end : c->size;
		s.end = end < c->size ? end : c->size;
		put_stretch(c, &s);
		if (readable && b.end <= c->node.len)
			list_keys(c, &b);
	}
	s = (struct stretch){ .start = s.start, .end = c->size };
	if (s.start < s.end)
		put_stretch(c, &s);
}

static int list_copy(struct copy *c)
{
	int err = bch_btree_node_read_copy(c->l->fs, &c->want, &c->ptr, &c->node);
	bool is_text = !c->l->opts->json;

	if (is_text)
		bch_buf_put(&c->l->text, "device %u, sector %" PRIu64 "%s\n", c->ptr.dev_idx,
			    c->ptr.offset_sectors,
			    err == -BCH_ERR_btree_node_read_failed ? ": not read" : "");
	if (!err)
		list_sets(c);
	bch_btree_node_end(&c->node);
	return err;
}

int bch_list_ondisk(struct bch_list *l, const struct bch_key *ptr, const struct bch_key_context *c)
{
	struct bch_extent_walk walk = bch_extent_walk(ptr, &l->fs->super);
	struct bch_key_context below = *c;
	struct bch_extent_ptr p;
	int err = 0;

	below.level--;
	if (!l->opts->json)
		bch_list_key(l, ptr, c);
	indent(l);
	while (bch_extent_ptr_next(&walk, &p)) {
		struct copy copy = {
			.l = l,
			.context = &below,
			.want = { .btree_id = below.btree_id, .level = below.level },
			.ptr = p.ptr,
			.size = BCH_BYTES(l->key_fs.node_sectors),
		};
		int bad = bch_node_ptr_get(ptr, &copy.want.ptr) ? list_copy(&copy)
								: -BCH_ERR_btree_node_read_failed;

		err = err ? err : bad;
	}
	outdent(l);
	return err;
}
