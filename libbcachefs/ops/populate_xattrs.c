// SPDX-License-Identifier: GPL-2.0-or-later
/* Extended attributes that are put into a new filesystem. Format reference: 04 §7, §9. */

#include "codec/codec.h"
#include "commit/commit.h"
#include "ondisk/key_xattr.h"
#include "ops/populate.h"

struct attribute {
	u64 hash;
	struct bch_xattr x;
};

static bool is_acl(const struct bch_xattr *x)
{
	return x->type == BCH_XATTR_posix_acl_access || x->type == BCH_XATTR_posix_acl_default;
}

/* ------------------------------------------------------------------ keys */

static int compare(const void *l, const void *r)
{
	const struct attribute *a = l, *b = r;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->x.type != b->x.type)
		return a->x.type < b->x.type ? -1 : 1;
	if (a->x.name.len != b->x.name.len)
		return a->x.name.len < b->x.name.len ? -1 : 1;
	return memcmp(a->x.name.p, b->x.name.p, a->x.name.len);
}

static int put_xattr(struct bch_populate *p, u32 file, const struct bch_xattr *x, u64 offset)
{
	struct bch_buf acl bch_auto(buf) = { 0 };
	struct bch_xattr stored = *x;
	u8 val[BCH_XATTR_VAL_MAX];
	struct bch_key k = {
		.pos = bch_spos(bch_populate_inum(p->source, file), offset,
				bch_populate_snapshot(p, file)),
		.type = BCH_KEY_xattr,
	};

	if (is_acl(x)) {
		int err = bch_acl_store(x->value.p, x->value.len, &acl);

		if (err)
			return bch_source_error(p->source, err, file, "ACL");
		stored.value = (struct bch_bytes){ (const u8 *)acl.p, acl.len };
	}
	k.val = (struct bch_bytes){ val, bch_xattr_put(&stored, val) };
	if (!k.val.len)
		return bch_source_error(p->source, -BCH_ERR_option_too_big, file,
					"extended attribute, name and value");
	return bch_update(p->fs, BCH_BTREE_xattrs, &k, 0);
}

static int put_xattrs(struct bch_populate *p, u32 file, const struct bch_inode *inode,
		      const struct bch_file_xattrs *xattrs)
{
	BCH_ARRAY(struct attribute) sorted = { 0 };
	u64 offset = 0;
	int err = 0;

	for (size_t i = 0; i < xattrs->nr && !err; i++) {
		struct attribute a = { .x.value = { xattrs->v[i].value, xattrs->v[i].len } };
		struct bch_xattr named;

		if (bch_xattr_parse(xattrs->v[i].name, &named)) {
			p->nr_foreign++;
			continue;
		}
		a.x.type = named.type;
		a.x.name = named.name;
		a.hash = bch_xattr_hash(inode, &a.x);
		err = bch_array_push(&sorted, a);
	}
	if (sorted.nr)
		qsort(sorted.v, sorted.nr, sizeof(*sorted.v), compare);
	for (size_t i = 0; i < sorted.nr && !err; i++) {
		offset = bch_populate_slot(sorted.v[i].hash, offset, i);
		err = put_xattr(p, file, &sorted.v[i].x, offset);
	}
	bch_array_end(&sorted);
	return err;
}

int bch_populate_xattrs(struct bch_populate *p, u32 file, const struct bch_inode *inode)
{
	struct bch_file_xattrs xattrs bch_auto(file_xattrs) = { 0 };
	int err = p->source->ops->xattrs(p->source, file, &xattrs);

	return err ? err : put_xattrs(p, file, inode, &xattrs);
}
