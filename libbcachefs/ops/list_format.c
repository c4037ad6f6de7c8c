// SPDX-License-Identifier: GPL-2.0-or-later
/* How nodes pack their keys, and how full they are. CLI 7.1; format reference: 02 §5. */

#include "ops/list_private.h"

#define PACKED_FORMAT_MASK 0x7f /* of a key's second byte: 0 where it is packed */

/* A node merges with its neighbours when it is less than a third full. */
#define MERGE_FRACTION 3

struct fill {
	u32 used_u64s, nr_packed, nr_unpacked, size;
};

static struct fill fill_of(const struct bch_list *l, const struct bch_btree_node *node)
{
	struct fill f = { .size = (u32)(BCH_BYTES(l->key_fs.node_sectors) -
					sizeof(struct btree_node)) };

	for (size_t i = 0; i < node->keys.nr; i++) {
		const u8 *key = node->bytes + node->keys.v[i] * 8ULL;

		f.used_u64s += key[0];
		if (key[1] & PACKED_FORMAT_MASK)
			f.nr_unpacked++;
		else
			f.nr_packed++;
	}
	return f;
}

static void put_fields(struct bch_buf *out, const struct bch_key_format *format)
{
	bch_buf_put(out, "u64s %u fields ", format->key_u64s);
	for (u32 i = 0; i < BCH_KEY_FIELD_NR; i++)
		bch_buf_put(out, "%s%u:%" PRIu64, i ? ", " : "", format->bits[i],
			    format->offset[i]);
}

static void put_text(struct bch_list *l, const struct bch_key *ptr, const struct bch_key_context *c,
		     const struct bch_btree_node *node)
{
	struct fill f = fill_of(l, node);
	struct bch_buf *out = &l->text;

	bch_list_color(l, BCH_LIST_BOLD);
	bch_buf_put(out, "l %u ", node->level);
	bch_pos_put(out, node->min);
	bch_buf_puts(out, " - ");
	bch_pos_put(out, node->max);
	bch_buf_puts(out, ":");
	bch_list_color(l, BCH_LIST_PLAIN);
	bch_buf_newline(out);
	bch_buf_indent_add(out, 4);
	bch_buf_puts(out, "ptrs: ");
	bch_key_value_put(out, ptr, c);
	bch_buf_puts(out, "\nformat: ");
	put_fields(out, &node->format);
	bch_buf_put(out, "\nbytes used %u/%u (%u%% full)\n", f.used_u64s * 8, f.size,
		    (u32)(f.used_u64s * 800ULL / f.size));
	bch_buf_put(out, "sib u64s: %u, %u (merge threshold %u)\n", f.used_u64s, f.used_u64s,
		    f.size / 8 / MERGE_FRACTION);
	bch_buf_put(out, "nr packed keys %u\n", f.nr_packed);
	bch_buf_put(out, "nr unpacked keys %u\n", f.nr_unpacked);
	bch_buf_indent_sub(out, 4);
}

static void format_facts(struct bch_facts *facts, const struct bch_key_format *format)
{
	static const char *const names[BCH_KEY_FIELD_NR] = { "inode", "offset",	    "snapshot",
							     "size",  "version_hi", "version_lo" };

	bch_facts_object(facts, "format");
	bch_fact_json_u64(facts, "key_u64s", format->key_u64s);
	for (u32 i = 0; i < BCH_KEY_FIELD_NR; i++) {
		bch_facts_object(facts, names[i]);
		bch_fact_json_u64(facts, "bits", format->bits[i]);
		bch_fact_json_u64(facts, "first", format->offset[i]);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

static void put_json(struct bch_list *l, const struct bch_key *ptr, const struct bch_key_context *c,
		     const struct bch_btree_node *node)
{
	struct bch_key_context below = *c;
	struct bch_buf value bch_auto(buf) = { 0 };
	struct fill f = fill_of(l, node);
	struct bch_facts *facts;

	below.level = node->level;
	facts = bch_list_json_begin(l, &below);
	if (!facts)
		return;
	bch_pos_text_facts(facts, "min", node->min);
	bch_pos_text_facts(facts, "max", node->max);
	bch_key_value_put(&value, ptr, c);
	bch_fact_json_str(facts, "pointer", bch_buf_str(&value));
	format_facts(facts, &node->format);
	bch_fact_json_u64(facts, "used_bytes", f.used_u64s * 8ULL);
	bch_fact_json_u64(facts, "size_bytes", f.size);
	bch_fact_json_u64(facts, "nr_packed", f.nr_packed);
	bch_fact_json_u64(facts, "nr_unpacked", f.nr_unpacked);
	bch_list_json_end(l, facts);
}

int bch_list_format(struct bch_list *l, const struct bch_key *ptr, const struct bch_key_context *c)
{
	struct bch_btree_node node bch_auto(btree_node) = { 0 };
	int err = bch_btree_node_read(l->fs, c->btree_id, (u8)(c->level - 1), ptr, &node);

	if (err)
		return err;
	if (l->opts->json)
		put_json(l, ptr, c, &node);
	else
		put_text(l, ptr, c, &node);
	return 0;
}
