// SPDX-License-Identifier: GPL-2.0-or-later
/* Extended attributes as the system's calls show them: stored ones, ACLs, options. Format reference: 04 §6.9, §9. */

#include "base/memory.h"
#include "file/private.h"
#include "ondisk/key_xattr.h"

#define ACL_VERSION   2
#define ACL_NO_ID     BCH_U32_MAX
#define OPTION_PREFIX "bcachefs."

/* ------------------------------------------------------------------ the list */

void bch_file_xattrs_end(struct bch_file_xattrs *x)
{
	for (size_t i = 0; i < x->nr; i++) {
		free((char *)(uintptr_t)x->v[i].name);
		free((u8 *)(uintptr_t)x->v[i].value);
	}
	bch_array_end(x);
}

int bch_file_xattrs_add(struct bch_file_xattrs *x, struct bch_buf *name, struct bch_buf *value)
{
	size_t len = value->len;
	struct bch_file_xattr a = {
		.name = bch_buf_take(name),
		.value = bch_buf_take(value),
		.len = len,
	};
	int err = a.name && a.value ? bch_array_push(x, a) : -BCH_ERR_no_memory;

	if (err) {
		free((char *)(uintptr_t)a.name);
		free((u8 *)(uintptr_t)a.value);
	}
	return err;
}

static int compare(const void *l, const void *r)
{
	const struct bch_file_xattr *a = l, *b = r;

	return strcmp(a->name, b->name);
}

/* ------------------------------------------------------------------ stored ones */

/* The system's form: all entries alike, and another version. False where the stored one is none. */
static bool put_acl(struct bch_buf *out, struct bch_bytes stored)
{
	struct bch_bytes entries;
	struct bch_acl_entry e;
	le32 version = le32_of(ACL_VERSION);
	int more;

	if (!bch_acl_begin(stored, &entries))
		return false;
	bch_buf_mem(out, &version, sizeof(version));
	while ((more = bch_acl_next(&entries, &e)) > 0) {
		bool has_id = e.tag == BCH_ACL_user || e.tag == BCH_ACL_group;
		struct {
			le16 tag, perm;
			le32 id;
		} disk = { le16_of(e.tag), le16_of(e.perm), le32_of(has_id ? e.id : ACL_NO_ID) };

		bch_buf_mem(out, &disk, sizeof(disk));
	}
	return !more;
}

static int add_stored(struct bch_file_xattrs *list, const struct bch_xattr *x)
{
	const char *prefix = bch_xattr_prefix(x->type);
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_buf value bch_auto(buf) = { 0 };

	if (!prefix)
		return 0;
	bch_buf_puts(&name, prefix);
	bch_buf_mem(&name, x->name.p, x->name.len);
	if (x->type == BCH_XATTR_posix_acl_access || x->type == BCH_XATTR_posix_acl_default) {
		if (!put_acl(&value, x->value))
			return 0;
	} else {
		bch_buf_mem(&value, x->value.p, x->value.len);
	}
	return bch_file_xattrs_add(list, &name, &value);
}

static int read_stored(struct bch_fs *fs, const struct bch_file *file, struct bch_file_xattrs *list)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, file->snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, BCH_BTREE_xattrs, bch_pos(file->inum, 0),
				       bch_pos(file->inum, BCH_U64_MAX), 0, &view);
	struct bch_xattr x;
	struct bch_key k;
	int more, err;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (k.type != BCH_KEY_xattr || !bch_xattr_get(&k, &x))
			continue;
		err = add_stored(list, &x);
		if (err)
			return err;
	}
	return more;
}

/* ------------------------------------------------------------------ options */

bool bch_inode_option(const struct bch_inode *inode, size_t nr, struct bch_inode_option *o)
{
#define O(bit, name) { bit, BCH_OPT_##name, inode->bi_##name },
	const struct {
		unsigned bit;
		enum bch_opt_id id;
		u64 stored;
	} options[] = { BCH_INODE_OPTS(O) };
#undef O

	if (nr >= bch_array_size(options))
		return false;
	*o = (struct bch_inode_option){
		.opt = bch_opt(options[nr].id),
		.is_set = options[nr].stored,
		.is_own = options[nr].stored && inode->bi_fields_set >> options[nr].bit & 1,
		.value = options[nr].stored ? options[nr].stored - 1 : 0,
	};
	return true;
}

void bch_inode_option_put(struct bch_buf *out, const struct bch_fs *fs,
			  const struct bch_inode_option *o)
{
	if (o->opt->type == BCH_OPT_TARGET)
		bch_super_target_put(out, &fs->super, o->value);
	else
		bch_opt_put(out, o->opt, o->value);
}

/* Those that were set on the file itself. */
static int add_options(const struct bch_fs *fs, const struct bch_inode *inode,
		       struct bch_file_xattrs *list)
{
	struct bch_inode_option o;
	int err = 0;

	for (size_t i = 0; !err && bch_inode_option(inode, i, &o); i++) {
		struct bch_buf name bch_auto(buf) = { 0 };
		struct bch_buf value bch_auto(buf) = { 0 };

		if (!o.is_own)
			continue;
		bch_buf_put(&name, OPTION_PREFIX "%s", o.opt->name);
		bch_inode_option_put(&value, fs, &o);
		err = bch_file_xattrs_add(list, &name, &value);
	}
	return err;
}

int bch_file_xattrs_read(struct bch_fs *fs, const struct bch_file *file,
			 struct bch_file_xattrs *xattrs)
{
	struct bch_inode inode;
	int err;

	*xattrs = (struct bch_file_xattrs){ 0 };
	err = bch_file_inode(fs, file, &inode, NULL);
	if (!err)
		err = add_options(fs, &inode, xattrs);
	if (!err)
		err = read_stored(fs, file, xattrs);
	if (xattrs->nr)
		qsort(xattrs->v, xattrs->nr, sizeof(*xattrs->v), compare);
	return err;
}
