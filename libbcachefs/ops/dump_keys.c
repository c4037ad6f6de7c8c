// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and journal records in a dump: what of the users is in them, and pointers to nodes. Format reference: 03 §2, 04, 05. */

#include "ops/dump_private.h"

#include "ondisk/jset.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_extent.h"
#include "ondisk/key_reflink.h"
#include "ondisk/key_xattr.h"

#define MASK 'X'

/* Bytes that are seen through a const view of the buffer at @base, which is @val. */
static u8 *writable(const struct bch_key *k, u8 *val, const u8 *p)
{
	return val + (p - k->val.p);
}

static void zero_value(const struct bch_key *k, u8 *val)
{
	if (k->val.len)
		memset(val, 0, k->val.len);
}

/* ------------------------------------------------------------------ what types hold */

static void hide_all(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val)
{
	zero_value(k, val);
}

static void hide_indirect_data(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val)
{
	struct bch_bytes data = bch_bytes_from(k->val, sizeof(le64)); /* behind the count */

	if (data.len)
		memset(writable(k, val, data.p), 0, data.len);
}

/* From @text on: a mask over it, nothing behind it. */
static void mask(const struct bch_key *k, u8 *val, struct bch_bytes text)
{
	u8 *p = writable(k, val, text.p), *end = val + k->val.len;

	if (text.len)
		memset(p, MASK, text.len);
	memset(p + text.len, 0, (size_t)(end - (p + text.len)));
}

static void hide_name(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val)
{
	struct bch_dirent d;

	if (!e->names)
		return;
	if (!bch_dirent_get(k, &d))
		zero_value(k, val);
	else
		mask(k, val, (struct bch_bytes){ d.name.p, d.name.len + d.cf_name.len });
}

/* ACLs are numbers, as owners and modes are; with others nobody could look at the files. */
static void hide_attribute(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val)
{
	struct bch_xattr x;

	if (!e->xattrs)
		return;
	if (!bch_xattr_get(k, &x))
		zero_value(k, val);
	else if (x.type != BCH_XATTR_posix_acl_access && x.type != BCH_XATTR_posix_acl_default)
		mask(k, val, x.value);
}

u8 bch_dump_kept_copy(const struct bch_dump_edit *e, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &e->fs->super);
	struct bch_extent_ptr p;
	u8 kept = BCH_PTR_DEV_NONE;

	while (e->one_copy && bch_extent_ptr_next(&walk, &p))
		if (p.ptr.dev_idx < kept && p.ptr.dev_idx < e->fs->nr_members &&
		    e->fs->members[p.ptr.dev_idx].blkdev)
			kept = p.ptr.dev_idx;
	return kept;
}

static void drop_copies(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val)
{
	enum {
		DEV_BYTE = 6
	}; /* of the pointer's word: bits 48 to 55 */
	struct bch_bytes rest = bch_key_extent_entries(k);
	u8 kept = bch_dump_kept_copy(e, k);
	const u8 *p = rest.p;
	struct bch_extent_entry entry;

	if (kept == BCH_PTR_DEV_NONE)
		return;
	for (; bch_extent_entry_next(&rest, &e->fs->super, &entry); p = rest.p)
		if (entry.type == BCH_EXTENT_ENTRY_ptr && entry.ptr.dev_idx != kept)
			writable(k, val, p)[DEV_BYTE] = BCH_PTR_DEV_NONE;
}

/* Those whose values hold what is the users', and those that should have none but may have kept one. */
static void (*const hide[BCH_KEY_TYPE_NR])(const struct bch_dump_edit *e, const struct bch_key *k,
					   u8 *val) = {
	[BCH_KEY_deleted] = hide_all,
	[BCH_KEY_whiteout] = hide_all,
	[BCH_KEY_error] = hide_all,
	[BCH_KEY_hash_whiteout] = hide_all,
	[BCH_KEY_extent_whiteout] = hide_all,
	[BCH_KEY_inline_data] = hide_all,
	[BCH_KEY_indirect_inline_data] = hide_indirect_data,
	[BCH_KEY_dirent] = hide_name,
	[BCH_KEY_xattr] = hide_attribute,
};

void bch_dump_edit_key(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val)
{
	if (e->one_copy && (k->type == BCH_KEY_btree_ptr || k->type == BCH_KEY_btree_ptr_v2))
		drop_copies(e, k, val);
	if (!e->data)
		return;
	if (k->type >= BCH_KEY_TYPE_NR)
		zero_value(k, val);
	else if (hide[k->type])
		hide[k->type](e, k, val);
}

/* ------------------------------------------------------------------ records */

/* A key that is none keeps its length, so that those behind it are found. */
static void edit_keys(const struct bch_dump_edit *e, u8 *p, size_t len)
{
	struct bch_bytes rest = { p, len };
	struct bch_key k;
	int problem;

	for (size_t at = 0; bch_jset_key_next(&rest, &k, &problem); at = len - rest.len) {
		if (problem == BCH_KEY_VALID)
			bch_dump_edit_key(e, &k, p + (k.val.p - p));
		else if (e->data)
			memset(p + at + 1, 0, len - rest.len - at - 1);
	}
}

/* Names of functions stay. Messages may say anything. */
static void edit_log(const struct bch_dump_edit *e, const struct bch_jset_entry *r, u8 *p)
{
	struct bch_bytes text = bch_jset_entry_log(r);

	if (e->names && r->level != BCH_JSET_LOG_transaction)
		memset(p, MASK, text.len);
	memset(p + text.len, 0, r->payload.len - text.len);
}

static void edit_record(const struct bch_dump_edit *e, const struct bch_jset_entry *r, u8 *p)
{
	if (!r->payload.len)
		return;
	if (bch_jset_entry_has_keys(r->type) || r->type == BCH_JSET_ENTRY_btree_root)
		edit_keys(e, p, r->payload.len);
	else if (e->data && r->type == BCH_JSET_ENTRY_log)
		edit_log(e, r, p);
	else if (e->data && r->type >= BCH_JSET_ENTRY_NR)
		memset(p, 0, r->payload.len);
}

void bch_dump_edit_records(const struct bch_dump_edit *e, u8 *p, size_t len)
{
	struct bch_bytes rest = { p, len };
	struct bch_jset_entry r;
	int more;

	while ((more = bch_jset_entry_next(&rest, &r)) > 0)
		edit_record(e, &r, p + (r.payload.p - p));
	if (more < 0 && e->data)
		memset(p + (rest.p - p), 0, rest.len);
}
