// SPDX-License-Identifier: GPL-2.0-or-later
/* Data without a copy that can be read, by file. */

#include "commit/commit.h"
#include "ondisk/key_reflink.h"
#include "ops/losses.h"
#include "ops/move.h"
#include "ops/resolve_private.h"

#define LOSSES_NAMED_MAX 10000

int bch_move_lost(struct bch_move *m, u8 btree_id, const struct bch_key *k, int err)
{
	const struct bch_move_loss loss = {
		.btree_id = btree_id, .pos = k->pos, .size = k->size, .err = err
	};

	m->result->nr_lost++;
	return bch_array_push(&m->losses.a, loss);
}

/* ------------------------------------------------------------------ shared data */

/* Does the key show some of what is lost? */
static bool shows_lost(const struct bch_move *m, const struct bch_key *k)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, le16_get(m->fs->super.sb->version));

	for (size_t i = 0; i < m->losses.a.nr; i++) {
		const struct bch_move_loss *l = &m->losses.a.v[i];

		if (l->btree_id == BCH_BTREE_reflink && p.idx < l->pos.offset &&
		    l->pos.offset - l->size < p.idx + k->size)
			return true;
	}
	return false;
}

int bch_move_lose_shared(struct bch_move *m)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		m->fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0) {
		if (more < 0)
			return more;
		if (k.type != BCH_KEY_reflink_p || !shows_lost(m, &k))
			continue;
		k.type = BCH_KEY_error;
		k.val = (struct bch_bytes){ 0 };
		err = bch_update(m->fs, BCH_BTREE_extents, &k, 0);
	}
	return err;
}

/* ------------------------------------------------------------------ names */

static size_t nr_named(const struct bch_move *m)
{
	return m->losses.a.nr < LOSSES_NAMED_MAX ? m->losses.a.nr : LOSSES_NAMED_MAX;
}

/* Loss number i is question number i. */
static int ask(struct bch_move *m, struct bch_resolver *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < nr_named(m); i++) {
		const struct bch_move_loss *l = &m->losses.a.v[i];
		const struct bch_key k = { .pos = l->pos, .size = l->size };
		struct bch_buf text bch_auto(buf) = { 0 };
		struct bch_question *q;
		bool is_new;

		bch_buf_put(&text, "%zu", i);
		err = bch_resolver_question(r, bch_buf_str(&text), &q, &is_new);
		if (!err)
			err = bch_answer_key(r, q, l->btree_id, 0, &k, l->pos.offset - l->size,
					     l->pos.offset);
	}
	if (!err)
		err = bch_resolver_shared(r);
	return err ? err : bch_resolver_paths(r);
}

static void say(struct bch_move *m, const struct bch_move_loss *l, const struct bch_answer *a,
		const struct bch_found_path *path)
{
	struct bch_losses losses bch_auto(losses) = { 0 };
	struct bch_buf line bch_auto(buf) = { 0 };

	if (path)
		bch_buf_text(&line, path->text, strlen(path->text));
	else
		bch_buf_put(&line, "inode %" PRIu64, a->inum);
	bch_buf_puts(&line, ": ");
	bch_losses_add(&losses, BCH_BYTES(a->to - a->from), BCH_BYTES(a->from),
		       bch_err_text(l->err));
	bch_losses_put(&losses, &line);
	bch_log(m->fs->ctx, BCH_LOG_warn, "%s", bch_buf_str(&line));
}

static void say_answers(struct bch_move *m, const struct bch_move_loss *l,
			const struct bch_question *q)
{
	for (size_t i = 0; i < q->answers.nr; i++) {
		const struct bch_answer *a = &q->answers.v[i];

		for (size_t j = 0; a->inum && j < a->paths.nr; j++)
			say(m, l, a, &a->paths.v[j]);
		if (a->inum && !a->paths.nr)
			say(m, l, a, NULL);
	}
}

int bch_move_name_losses(struct bch_move *m)
{
	static const struct bch_resolve_opts none;
	struct bch_resolver r;
	int err;

	if (!m->losses.a.nr)
		return 0;
	err = bch_resolver_init(&r, m->fs, &none);
	if (!err)
		err = ask(m, &r);
	for (size_t i = 0; !err && i < nr_named(m); i++)
		say_answers(m, &m->losses.a.v[i], r.questions.v[i]);
	if (!err && m->losses.a.nr > nr_named(m))
		bch_log(m->fs->ctx, BCH_LOG_warn, "%zu more extents are lost",
			m->losses.a.nr - nr_named(m));
	bch_resolver_end(&r);
	return err;
}
