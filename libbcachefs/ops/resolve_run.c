// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions, their answers, and the order of the walks that find them. CLI 14.2. */

#include "base/memory.h"
#include "ops/resolve_private.h"

/* ------------------------------------------------------------------ begin and end */

static int compare_texts(const void *key, const struct bch_map_node *node)
{
	return strcmp(key, bch_map_entry(node, struct bch_question, node)->text);
}

int bch_resolver_init(struct bch_resolver *r, struct bch_fs *fs,
		      const struct bch_resolve_opts *opts)
{
	*r = (struct bch_resolver){
		.fs = fs,
		.opts = opts,
		.version = le16_get(fs->super.sb->version),
		.by_text = BCH_MAP(compare_texts),
		.scans = opts->scan,
	};
	bch_key_fs_init(&r->key_fs, &fs->super);
	return bch_viewers_load(fs, &r->viewers);
}

static void answer_end(struct bch_answer *a)
{
	for (size_t i = 0; i < a->paths.nr; i++)
		free(a->paths.v[i].text);
	bch_array_end(&a->paths);
	bch_array_end(&a->nodes);
	free(a->text);
}

static void question_free(struct bch_question *q)
{
	for (size_t i = 0; i < q->answers.nr; i++)
		answer_end(&q->answers.v[i]);
	bch_array_end(&q->answers);
	free(q->text);
	free(q);
}

void bch_resolver_end(struct bch_resolver *r)
{
	for (size_t i = 0; i < r->questions.nr; i++)
		question_free(r->questions.v[i]);
	for (size_t i = 0; i < r->names.nr; i++)
		free(r->names.v[i].name);
	bch_array_end(&r->questions);
	bch_array_end(&r->names);
	bch_array_end(&r->wanted);
	bch_viewers_end(&r->viewers);
}

/* ------------------------------------------------------------------ questions and answers */

int bch_resolver_question(struct bch_resolver *r, const char *text, struct bch_question **q,
			  bool *is_new)
{
	struct bch_map_node *node = bch_map_find(&r->by_text, text);
	size_t len = strlen(text);
	int err;

	*q = bch_map_entry(node, struct bch_question, node);
	*is_new = !node;
	if (node)
		return 0;
	*q = bch_calloc(1, sizeof(**q));
	if (!*q)
		return -BCH_ERR_no_memory;
	(*q)->text = bch_malloc(len + 1);
	err = (*q)->text ? bch_array_push(&r->questions, *q) : -BCH_ERR_no_memory;
	if (err) {
		question_free(*q);
		return err;
	}
	memcpy((*q)->text, text, len + 1);
	bch_map_insert(&r->by_text, (*q)->text, &(*q)->node);
	return 0;
}

int bch_answer_add(struct bch_question *q, struct bch_answer *a)
{
	int err = bch_array_push(&q->answers, *a);

	if (err)
		answer_end(a);
	return err;
}

int bch_answer_say(struct bch_question *q, enum bch_answer_kind kind, const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_answer a = { .kind = kind };
	va_list args;

	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	a.text = bch_buf_take(&text);
	return a.text ? bch_answer_add(q, &a) : -BCH_ERR_no_memory;
}

static u64 owner_of(u8 btree_id, const struct bch_pos *pos)
{
	switch (btree_id) {
	case BCH_BTREE_extents:
	case BCH_BTREE_dirents:
	case BCH_BTREE_xattrs:
		return pos->inode;
	case BCH_BTREE_inodes:
		return pos->offset;
	default:
		return 0;
	}
}

/* The nodes that lead to the key: those above its level. */
static int add_nodes(struct bch_resolver *r, struct bch_answer *a)
{
	struct bch_btree_root root = bch_btree_root(r->fs, a->btree_id);
	int err = 0;

	for (u8 level = root.level + 1;
	     root.state == BCH_ROOT_PRESENT && level-- > a->level && !err;) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(r->fs, a->btree_id, level, a->pos, a->pos);
		struct bch_extent_walk walk;
		struct bch_extent_ptr p;
		struct bch_key k;
		int more = bch_cursor_next(&cur, &k);

		if (more == -BCH_ERR_no_memory)
			return more;
		if (more > 0) {
			walk = bch_extent_walk(&k, &r->fs->super);
			if (bch_extent_ptr_next(&walk, &p))
				err = bch_array_push(&a->nodes, p.ptr);
		}
	}
	return err;
}

int bch_answer_key(struct bch_resolver *r, struct bch_question *q, u8 btree_id, u8 level,
		   const struct bch_key *k, u64 from, u64 to)
{
	const struct bch_key_context context = {
		.version = r->version, .btree_id = btree_id, .level = level, .fs = &r->key_fs
	};
	struct bch_answer a = {
		.kind = level ? BCH_ANSWER_metadata : BCH_ANSWER_key,
		.has_key = true,
		.btree_id = btree_id,
		.level = level,
		.pos = k->pos,
		.from = from,
		.to = to,
		.inum = level ? 0 : owner_of(btree_id, &k->pos),
		.by_key = true,
	};
	struct bch_buf text bch_auto(buf) = { 0 };
	int err;

	bch_key_text_put(&text, k, &context);
	a.text = bch_buf_take(&text);
	err = a.text ? add_nodes(r, &a) : -BCH_ERR_no_memory;
	if (!err)
		return bch_answer_add(q, &a);
	answer_end(&a);
	return err;
}

/* ------------------------------------------------------------------ run */

int bch_resolver_passed_over(struct bch_resolver *r, int err)
{
	if (err != -BCH_ERR_btree_node_read_failed)
		return err;
	bch_log(r->fs->ctx, BCH_LOG_warn, "%s", bch_error_message(r->fs->ctx, err));
	r->missing = true;
	return 0;
}

/* Backpointers may be lost, as all that is derived: then each place costs a walk over everything. */
static void choose_scan(struct bch_resolver *r)
{
	enum bch_root_state state = bch_btree_root(r->fs, BCH_BTREE_backpointers).state;

	if (r->scans || state != BCH_ROOT_LOST)
		return;
	r->scans = true;
	bch_log(r->fs->ctx, BCH_LOG_warn,
		"the backpointers are lost: places are looked for in all btrees");
}

/* Before these, all questions have been asked; each finds what the next ones need. */
int bch_resolver_run(struct bch_resolver *r)
{
	int err = 0;

	choose_scan(r);
	for (size_t i = 0; !err && i < r->questions.nr; i++)
		if (r->questions.v[i]->has_place)
			err = bch_resolver_place(r, r->questions.v[i]);
	if (!err)
		err = bch_resolver_scan(r);
	if (!err)
		err = bch_resolver_shared(r);
	return err ? err : bch_resolver_paths(r);
}
