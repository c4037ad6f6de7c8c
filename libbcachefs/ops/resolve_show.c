// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers as text and as facts. CLI 14.2. */

#include "ondisk/key_facts.h"
#include "ops/resolve_private.h"

static const char *const kind_names[] = {
#define A(name) #name,
	BCH_ANSWERS(A)
#undef A
};

static bool is_of_file(const struct bch_answer *a)
{
	return a->inum && a->has_key && !a->level && a->btree_id == BCH_BTREE_extents;
}

/* ------------------------------------------------------------------ text */

static void put_line(struct bch_buf *out, const char *indent, const char *fmt, ...)
	bch_printf(3, 4);
static void put_line(struct bch_buf *out, const char *indent, const char *fmt, ...)
{
	va_list args;

	bch_buf_puts(out, indent);
	va_start(args, fmt);
	bch_buf_vput(out, fmt, args);
	va_end(args);
	bch_buf_newline(out);
}

static void put_metadata(const struct bch_resolver *r, const struct bch_answer *a,
			 const char *indent, struct bch_buf *out)
{
	bch_buf_puts(out, indent);
	bch_buf_puts(out, "metadata: btree ");
	bch_btree_name_put(out, a->btree_id, r->version);
	bch_buf_put(out, " level %u\n", a->level - 1);
}

/* "0:44:0", of a pointer to a node. */
static void put_place(const struct bch_resolver *r, const struct bch_ptr *p, struct bch_buf *out)
{
	u32 bucket_sectors = r->key_fs.devs[p->dev_idx].bucket_sectors;

	if (bucket_sectors)
		bch_buf_put(out, "%u:%" PRIu64 ":%" PRIu64, p->dev_idx,
			    p->offset_sectors / bucket_sectors, p->offset_sectors % bucket_sectors);
	else
		bch_buf_put(out, "%u:%" PRIu64, p->dev_idx, p->offset_sectors);
}

static void put_nodes(const struct bch_resolver *r, const struct bch_answer *a, const char *indent,
		      struct bch_buf *out)
{
	if (!a->nodes.nr)
		return;
	bch_buf_puts(out, indent);
	bch_buf_puts(out, "below the nodes");
	for (size_t i = 0; i < a->nodes.nr; i++) {
		bch_buf_putc(out, ' ');
		put_place(r, &a->nodes.v[i], out);
	}
	bch_buf_newline(out);
}

static void put_paths(const struct bch_answer *a, const char *indent, struct bch_buf *out)
{
	for (size_t i = 0; i < a->paths.nr; i++) {
		bch_buf_puts(out, indent);
		bch_buf_text(out, a->paths.v[i].text, strlen(a->paths.v[i].text));
		bch_buf_newline(out);
	}
	if (a->inum && !a->paths.nr)
		put_line(out, indent, "inode %" PRIu64 ", which no subvolume sees", a->inum);
}

static void put_answer(const struct bch_resolver *r, const struct bch_answer *a, const char *indent,
		       bool brief, struct bch_buf *out)
{
	if (a->kind == BCH_ANSWER_metadata)
		put_metadata(r, a, indent, out);
	if (a->has_key && !(brief && (a->inum || a->kind == BCH_ANSWER_metadata)))
		put_line(out, indent, "%s", a->text);
	else if (!a->has_key && a->text)
		put_line(out, indent, "%s", a->text);
	if (!brief)
		put_nodes(r, a, indent, out);
	if (is_of_file(a) && !brief)
		put_line(out, indent, "inode %" PRIu64 ", bytes %" PRIu64 " to %" PRIu64, a->inum,
			 BCH_BYTES(a->from), BCH_BYTES(a->to));
	put_paths(a, indent, out);
}

void bch_question_put(const struct bch_resolver *r, const struct bch_question *q,
		      const char *indent, bool brief, struct bch_buf *out)
{
	for (size_t i = 0; i < q->answers.nr; i++)
		put_answer(r, &q->answers.v[i], indent, brief, out);
}

/* ------------------------------------------------------------------ facts */

static void show_key(const struct bch_resolver *r, const struct bch_answer *a,
		     struct bch_facts *facts)
{
	const struct bch_key_context c = { .version = r->version,
					   .btree_id = a->btree_id,
					   .level = a->level };
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_btree_facts(facts, &c);
	bch_pos_text_facts(facts, "pos", a->pos);
	bch_fact_json_str(facts, "key", a->text);
	bch_facts_list(facts, "nodes");
	for (size_t i = 0; i < a->nodes.nr; i++) {
		bch_buf_reset(&text);
		put_place(r, &a->nodes.v[i], &text);
		bch_fact_json_str(facts, NULL, bch_buf_str(&text));
	}
	bch_facts_end(facts);
}

static void show_file(const struct bch_answer *a, struct bch_facts *facts)
{
	bch_fact_json_u64(facts, "inum", a->inum);
	if (is_of_file(a)) {
		bch_fact_json_u64(facts, "offset_bytes", BCH_BYTES(a->from));
		bch_fact_json_u64(facts, "length_bytes", BCH_BYTES(a->to - a->from));
	}
	bch_facts_list(facts, "paths");
	for (size_t i = 0; i < a->paths.nr; i++)
		bch_fact_json_str(facts, NULL, a->paths.v[i].text);
	bch_facts_end(facts);
}

static void show_answer(const struct bch_resolver *r, const struct bch_answer *a,
			struct bch_facts *facts)
{
	bch_facts_object(facts, NULL);
	bch_fact_json_str(facts, "kind", kind_names[a->kind]);
	if (a->has_key)
		show_key(r, a, facts);
	else if (a->text)
		bch_fact_json_str(facts, "text", a->text);
	if (a->kind == BCH_ANSWER_subvolume)
		bch_fact_json_u64(facts, "subvol", a->subvol);
	if (a->inum)
		show_file(a, facts);
	bch_facts_end(facts);
}

void bch_question_json(const struct bch_resolver *r, const struct bch_question *q,
		       struct bch_facts *facts)
{
	bch_facts_object(facts, NULL);
	bch_fact_json_str(facts, "what", q->text);
	bch_facts_list(facts, "answers");
	for (size_t i = 0; i < q->answers.nr; i++)
		show_answer(r, &q->answers.v[i], facts);
	bch_facts_end(facts);
	bch_facts_end(facts);
}

void bch_question_show(const struct bch_resolver *r, const struct bch_question *q,
		       struct bch_facts *facts)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_question_put(r, q, "", false, &text);
	if (text.len) /* the heading ends the last line */
		text.p[--text.len] = '\0';
	bch_facts_heading(facts, "%s:", q->text);
	bch_facts_indent(facts);
	bch_facts_heading(facts, "%s", bch_buf_str(&text));
	bch_facts_outdent(facts);
	bch_question_json(r, q, facts);
}
