// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys by the names of their fields: finding a path, reading and setting what is there. The tables stand with each type.
 *
 * Work is done on a copy that is opened first: old types become new ones, an inode lies flat. So every field but those of
 * key_bytes.c is some bits at a place.
 */

#include "ondisk/key_fields.h"

#include <bcachefs/error.h>
#include "ondisk/csum_types.h"
#include "ondisk/key_alloc.h"
#include "ondisk/key_bytes.h"
#include "ondisk/key_extent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_private.h"
#include "ondisk/key_snapshot.h"
#include "ondisk/key_stripe.h"
#include "ondisk/key_subvolume.h"

/* ------------------------------------------------------------------ tables */

static const struct bch_field no_rows[] = { { .name = NULL } };

static const struct bch_field *rows_of(u8 type)
{
	switch (type) {
#define K(name)              \
	case BCH_KEY_##name: \
		return bch_key_fields_##name();
		BCH_KEY_FIELD_TYPES(K)
#undef K
	default:
		return no_rows;
	}
}

/* Of all entries one after another: a field, and the entry that has it. */
static const struct entry_row {
	enum bch_extent_entry_type type;
	struct bch_field f;
} entry_rows[] = {
#define F(entry, name_, lo, hi, add_) \
	{ BCH_EXTENT_ENTRY_##entry,   \
	  { .name = #name_, .bit = (lo), .bits = (hi) - (lo), .nr = 1, .add = (add_) } },
	BCH_EXTENT_ENTRY_FIELDS(F)
#undef F
};

/* How those of them are written that are not plain numbers. */
static const struct bch_field entry_looks[] = {
	{ .name = "csum_type", BCH_FIELD_ONE_OF(bch_csum_type_names, BCH_CSUM_NR) },
	{ .name = "compression_type",
	  BCH_FIELD_ONE_OF(bch_compression_type_names, BCH_COMPRESSION_NR) },
	{ .name = "csum_lo", .kind = BCH_FIELD_HEX },
	{ .name = "csum_hi", .kind = BCH_FIELD_HEX },
	{ .name = NULL },
};

static const struct {
	const char *name;
	size_t bytes;
} entries[BCH_EXTENT_ENTRY_NR] = {
#define E(nr, name, u64s) [nr] = { #name, 8 * (u64s) },
	BCH_EXTENT_ENTRIES(E)
#undef E
};

static const char *const type_names[] = {
#define K(nr, name) [nr] = #name,
	BCH_KEY_TYPES(K)
#undef K
};

typedef struct bkey this_struct;
static const struct bch_field header_rows[] = {
	BCH_FIELD("type", type, 0, 8, 1, BCH_FIELD_ONE_OF(type_names, BCH_KEY_TYPE_NR))
		BCH_FIELD_ROW(u32, size, 1) BCH_FIELD_ROW(u64, version_lo, 1)
			BCH_FIELD_ROW(u32, version_hi, 1){ .name = NULL },
};

/* Bytes of new values where that is more than the least: 04 §3. */
static size_t new_len(u8 type)
{
	switch (type) {
	case BCH_KEY_snapshot:
		return offsetof(struct bch_snapshot_disk, state);
	case BCH_KEY_subvolume:
		return offsetof(struct bch_subvolume_disk, state);
	case BCH_KEY_logged_op_finsert:
		return 40;
	case BCH_KEY_bucket_gens:
		return 256;
	default:
		return bch_key_val_min(type);
	}
}

/* ------------------------------------------------------------------ copies */

int bch_key_edit_copy(struct bch_key_edit *e, const struct bch_key *k)
{
	if (k->val.len > sizeof(e->val))
		return -BCH_ERR_out_of_range;
	memset(e->val, 0, sizeof(e->val));
	if (k->val.len)
		memcpy(e->val, k->val.p, k->val.len);
	e->k = *k;
	e->k.val.p = e->val;
	return 0;
}

void bch_key_edit_new(struct bch_key_edit *e, struct bch_pos pos, u8 type, u16 version)
{
	static const struct bch_inode inode;
	static const struct bch_alloc alloc;

	*e = (struct bch_key_edit){ .k = { .pos = pos, .type = type } };
	e->k.val = (struct bch_bytes){ e->val, new_len(type) };
	if (type == BCH_KEY_inode_v3) {
		e->k.val.len = bch_inode_put(&inode, e->val);
	} else if (type == BCH_KEY_alloc_v4) {
		e->k.val.len = BCH_ALLOC_V4_LEN;
		bch_alloc_put(&alloc, version, e->val);
	}
}

/* Old types become new ones, an inode lies flat. */
static int open_edit(struct bch_key_edit *e, u16 version)
{
	struct bch_inode_flat flat;
	struct bch_inode inode;
	struct bch_alloc alloc;

	if (e->k.type == BCH_KEY_alloc || e->k.type == BCH_KEY_alloc_v2 ||
	    e->k.type == BCH_KEY_alloc_v3) {
		if (bch_alloc_get(&e->k, version, &alloc) != BCH_KEY_VALID)
			return -BCH_ERR_invalid_argument;
		e->k.type = BCH_KEY_alloc_v4;
		e->k.val.len = BCH_ALLOC_V4_LEN;
		bch_alloc_put(&alloc, version, e->val);
	} else if (bch_key_is_inode(&e->k)) {
		if (!bch_inode_get(&e->k, &inode) || inode.nr_unknown)
			return -BCH_ERR_invalid_argument;
		bch_inode_flat_get(&flat, &inode);
		e->k.type = BCH_KEY_inode_v3;
		e->k.val.len = sizeof(flat);
		memcpy(e->val, &flat, sizeof(flat));
	}
	return 0;
}

static void close_edit(struct bch_key_edit *e)
{
	struct bch_inode_flat flat;
	struct bch_inode inode;

	if (e->k.type != BCH_KEY_inode_v3)
		return;
	memcpy(&flat, e->val, sizeof(flat));
	bch_inode_flat_put(&flat, &inode);
	e->k.val.len = bch_inode_put(&inode, e->val);
}

/* ------------------------------------------------------------------ paths */

/* Where a field is, of a key that is open. */
struct place {
	struct bch_field f; /* its bits counted from the value's start */
	bool is_next;	    /* the entry before it is the last: it is to be appended */
	enum bch_extent_entry_type entry; /* which one then */
};

/* Where the nth entry of a type is; at the end of all, with @is_next set, the one behind the last. */
static bool find_entry(const struct bch_key *k, enum bch_extent_entry_type type, u32 idx,
		       size_t *offset, bool *is_next)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;

	*offset = (size_t)bch_key_extent_entries_start(k->type);
	while (bch_extent_entry_next(&rest, NULL, &e)) {
		if (e.type == type && !idx--)
			return true;
		*offset = (size_t)(rest.p ? rest.p - k->val.p : (ptrdiff_t)k->val.len);
	}
	*is_next = !idx;
	return *is_next;
}

static const struct entry_row *find_entry_row(const struct bch_field_path *p)
{
	for (size_t i = 0; i < bch_array_size(entry_rows); i++) {
		const char *name = entries[entry_rows[i].type].name;

		if (strlen(name) == p->len && !memcmp(name, p->name, p->len) &&
		    !strcmp(entry_rows[i].f.name, p->rest))
			return &entry_rows[i];
	}
	return NULL;
}

static int find_in_entry(const struct bch_key *k, const struct bch_field_path *p,
			 struct place *place)
{
	const struct entry_row *row = find_entry_row(p);
	const struct bch_field *look = bch_field_find(entry_looks, p->rest, strlen(p->rest));
	size_t offset;

	if (!row || bch_key_extent_entries_start(k->type) < 0)
		return -BCH_ERR_option_unknown;
	*place = (struct place){ .f = row->f, .entry = row->type };
	if (!find_entry(k, row->type, p->idx, &offset, &place->is_next))
		return -BCH_ERR_out_of_range;
	place->f.bit += (u32)offset * 8;
	if (look) {
		place->f.kind = look->kind;
		place->f.names = look->names;
		place->f.nr_names = look->nr_names;
	}
	return 0;
}

/* How much of each block is used stands behind the checksums, whose type and number say how far. */
static bool stripe_counts(const struct bch_key *k, struct bch_field *f)
{
	struct bch_stripe s;

	if (k->type != BCH_KEY_stripe || k->val.len < 8)
		return false;
	bch_stripe_get(k, &s);
	*f = (struct bch_field){ .name = "block_sectors",
				 .bit = 8 * (u32)(s.want - 2U * s.nr_blocks),
				 .bits = 16,
				 .nr = s.nr_blocks };
	return s.nr_blocks && s.want <= BCH_KEY_VAL_MAX;
}

static int find(const struct bch_key *k, const char *text, struct place *place)
{
	struct bch_field counts[2] = { 0 };
	struct bch_field_path p;
	int err;

	if (!bch_field_path_parse(text, &p))
		return -BCH_ERR_option_unknown;
	if (p.has_idx && *p.rest)
		return find_in_entry(k, &p, place);
	*place = (struct place){ 0 };
	err = bch_field_at(rows_of(k->type), &p, &place->f);
	if (err == -BCH_ERR_option_unknown && stripe_counts(k, counts))
		err = bch_field_at(counts, &p, &place->f);
	return err;
}

/* ------------------------------------------------------------------ the header */

static struct bkey header_of(const struct bch_key *k)
{
	return (struct bkey){ .type = k->type,
			      .version_lo = le64_of(k->version_lo),
			      .version_hi = le32_of(k->version_hi),
			      .size = le32_of(k->size) };
}

static const struct bch_field *header_field(const char *path)
{
	return bch_field_find(header_rows, path + 2, strlen(path + 2));
}

static bool is_header(const char *path)
{
	return path[0] == 'k' && path[1] == '.';
}

static int put_header_field(struct bch_buf *out, const struct bch_key *k, const char *path)
{
	const struct bch_field *f = header_field(path);
	struct bkey h = header_of(k);

	if (!f)
		return -BCH_ERR_option_unknown;
	bch_field_put(out, f, (const u8 *)&h);
	return 0;
}

static int set_header_field(struct bch_key *k, const char *path, const char *text)
{
	const struct bch_field *f = header_field(path);
	struct bkey h = header_of(k);
	int err = f ? bch_field_parse(f, (u8 *)&h, text) : -BCH_ERR_option_unknown;

	if (err)
		return err;
	k->type = h.type;
	k->version_lo = le64_get(h.version_lo);
	k->version_hi = le32_get(h.version_hi);
	k->size = le32_get(h.size);
	return 0;
}

/* ------------------------------------------------------------------ get */

static int put_place(struct bch_buf *out, const struct bch_key *k, const struct place *p)
{
	if (p->is_next || bch_field_end(&p->f) > k->val.len)
		return -BCH_ERR_out_of_range;
	bch_field_put(out, &p->f, k->val.p);
	return 0;
}

int bch_key_field_get(struct bch_buf *out, const struct bch_key *k, u16 version, const char *path)
{
	const struct bch_key_bytes *bytes = bch_key_bytes_find(k->type, path);
	struct bch_key_edit e;
	struct place place;
	int err;

	if (is_header(path))
		return put_header_field(out, k, path);
	if (bytes)
		return bch_key_bytes_put(out, bytes, k);
	if (!strcmp(path, "raw")) {
		bch_buf_hex(out, k->val.p, k->val.len);
		return 0;
	}
	err = bch_key_edit_copy(&e, k);
	if (!err)
		err = open_edit(&e, version);
	if (!err)
		err = find(&e.k, path, &place);
	return err ? err : put_place(out, &e.k, &place);
}

/* ------------------------------------------------------------------ set */

static int set_raw(struct bch_key_edit *e, const char *text)
{
	size_t len = strlen(text) / 2, padded = (len + 7) & ~(size_t)7;

	if (padded > sizeof(e->val))
		return -BCH_ERR_no_space;
	if (strlen(text) % 2)
		return -BCH_ERR_option_value;
	memset(e->val, 0, sizeof(e->val));
	e->k.val.len = padded;
	return bch_hex_parse(text, e->val, len) ? 0 : -BCH_ERR_option_value;
}

/* An entry of zeros where the place is. */
static int insert_entry(struct bch_key_edit *e, const struct place *p)
{
	size_t bytes = entries[p->entry].bytes;
	size_t at = (size_t)bch_key_extent_entries_start(e->k.type);
	bool is_next;

	(void)find_entry(&e->k, BCH_EXTENT_ENTRY_NR, 0, &at, &is_next);
	if (e->k.val.len < at)
		e->k.val.len = at;
	if (e->k.val.len + bytes > sizeof(e->val))
		return -BCH_ERR_no_space;
	memmove(e->val + at + bytes, e->val + at, e->k.val.len - at);
	memset(e->val + at, 0, bytes);
	e->val[at + p->entry / 8] = (u8)(1U << p->entry % 8);
	e->k.val.len += bytes;
	return 0;
}

/* A value that is too short has zeros there. */
static int make_room(struct bch_key_edit *e, const struct place *p)
{
	size_t end = (bch_field_end(&p->f) + 7) & ~(size_t)7;

	if (end > sizeof(e->val))
		return -BCH_ERR_no_space;
	if (end <= e->k.val.len)
		return 0;
	if (!p->f.nr && end > e->k.val.len + 8)
		return -BCH_ERR_out_of_range;
	memset(e->val + e->k.val.len, 0, end - e->k.val.len);
	e->k.val.len = end;
	return 0;
}

static int set_open(struct bch_key_edit *e, const char *path, const char *text)
{
	struct place place;
	int err = find(&e->k, path, &place);

	if (!err && place.is_next) {
		err = insert_entry(e, &place);
		if (!err)
			err = find(&e->k, path, &place);
		if (!err && place.is_next) /* a stripe has as many as it says */
			err = -BCH_ERR_out_of_range;
	}
	if (!err)
		err = make_room(e, &place);
	return err ? err : bch_field_parse(&place.f, e->val, text);
}

int bch_key_field_set(struct bch_key_edit *e, u16 version, const char *path, const char *text)
{
	const struct bch_key_bytes *bytes = bch_key_bytes_find(e->k.type, path);
	int err;

	if (is_header(path))
		return set_header_field(&e->k, path, text);
	if (bytes)
		return bch_key_bytes_parse(bytes, e, text);
	if (!strcmp(path, "raw"))
		return set_raw(e, text);
	err = open_edit(e, version);
	if (!err)
		err = set_open(e, path, text);
	if (!err)
		close_edit(e);
	return err;
}

/* ------------------------------------------------------------------ lists */

static void put_row_paths(struct bch_buf *out, const struct bch_key *k, const struct bch_field *f)
{
	for (u32 i = 0; i < f->nr || !f->nr; i++) {
		struct bch_field one = bch_field_element(f, i);

		if (bch_field_end(&one) > k->val.len)
			return;
		if (f->nr == 1)
			bch_buf_put(out, "%s\n", f->name);
		else
			bch_buf_put(out, "%s[%u]\n", f->name, i);
	}
}

static void put_entry_paths(struct bch_buf *out, const struct bch_key *k)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	u32 nr[BCH_EXTENT_ENTRY_NR] = { 0 };
	struct bch_extent_entry e;

	while (bch_extent_entry_next(&rest, NULL, &e)) {
		for (size_t i = 0; i < bch_array_size(entry_rows); i++)
			if (entry_rows[i].type == e.type)
				bch_buf_put(out, "%s[%u].%s\n", entries[e.type].name, nr[e.type],
					    entry_rows[i].f.name);
		nr[e.type]++;
	}
}

void bch_key_field_paths(struct bch_buf *out, const struct bch_key *k, u16 version)
{
	struct bch_field counts;
	struct bch_key_edit e;
	struct bch_bytes bytes;

	if (bch_key_edit_copy(&e, k) || open_edit(&e, version))
		return;
	for (const struct bch_field *f = rows_of(e.k.type); f->name; f++)
		if (bch_field_find(rows_of(e.k.type), f->name, strlen(f->name)) == f)
			put_row_paths(out, &e.k, f);
	if (stripe_counts(&e.k, &counts))
		put_row_paths(out, &e.k, &counts);
	put_entry_paths(out, &e.k);
	for (const struct bch_key_bytes *b = bch_key_bytes; b->name; b++)
		if (b->type == e.k.type && b->get(&e.k, &bytes))
			bch_buf_put(out, "%s\n", b->name);
}

void bch_key_field_names(struct bch_buf *out, u8 type)
{
	for (const struct bch_field *f = rows_of(type); f->name; f++)
		if (bch_field_find(rows_of(type), f->name, strlen(f->name)) == f)
			bch_buf_put(out, "%s%s\n", f->name, f->nr == 1 ? "" : "[N]");
	if (type == BCH_KEY_stripe)
		bch_buf_puts(out, "block_sectors[N]\n");
	for (size_t i = 0; i < bch_array_size(entry_rows); i++)
		if (bch_key_extent_entries_start(type) >= 0)
			bch_buf_put(out, "%s[N].%s\n", entries[entry_rows[i].type].name,
				    entry_rows[i].f.name);
	for (const struct bch_key_bytes *b = bch_key_bytes; b->name; b++)
		if (b->type == type)
			bch_buf_put(out, "%s\n", b->name);
	for (const struct bch_field *f = header_rows; f->name; f++)
		bch_buf_put(out, "k.%s\n", f->name);
	bch_buf_puts(out, "raw\n");
}
