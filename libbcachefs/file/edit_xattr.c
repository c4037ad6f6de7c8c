// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes set and taken away; ACLs come in the system's form. Format reference: 04 §9. */

#include <sys/stat.h>

#include "file/private.h"
#include "ondisk/key_xattr.h"

#define ACL_OF_SYSTEM 2 /* its version, and that of the disk */
#define ACL_OF_DISK   1
#define ACL_MINIMAL   3 /* entries: owner, group, others, as the mode has them */

/* ------------------------------------------------------------------ names */

static bool is_acl(u8 type)
{
	return type == BCH_XATTR_posix_acl_access || type == BCH_XATTR_posix_acl_default;
}

int bch_xattr_parse(const char *name, struct bch_xattr *x)
{
	for (u8 type = 0; type < BCH_XATTR_TYPE_NR; type++) {
		const char *prefix = bch_xattr_prefix(type);
		size_t len = strlen(prefix);

		if (strncmp(name, prefix, len) || (is_acl(type) ? name[len] : !name[len]))
			continue;
		*x = (struct bch_xattr){
			.type = type,
			.name = { (const u8 *)name + len, strlen(name + len) },
		};
		return x->name.len > BCH_XATTR_NAME_MAX ? -BCH_ERR_name_too_long : 0;
	}
	return -BCH_ERR_not_supported;
}

/* ------------------------------------------------------------------ ACLs */

struct acl {
	struct bch_buf stored;
	u32 nr;
	u16 of_owner, of_group, of_mask, of_others; /* permissions */
	bool has_mask;
};

static void take_entry(struct acl *acl, u16 tag, u16 perm, le32 id)
{
	const le16 head[2] = { le16_of(tag), le16_of(perm) };

	bch_buf_mem(&acl->stored, head, sizeof(head));
	if (tag == BCH_ACL_user || tag == BCH_ACL_group)
		bch_buf_mem(&acl->stored, &id, sizeof(id));
	acl->nr++;
	if (tag == BCH_ACL_user_obj)
		acl->of_owner = perm;
	if (tag == BCH_ACL_group_obj)
		acl->of_group = perm;
	if (tag == BCH_ACL_other)
		acl->of_others = perm;
	if (tag == BCH_ACL_mask) {
		acl->of_mask = perm;
		acl->has_mask = true;
	}
}

static int convert_acl(const void *value, size_t len, struct acl *acl)
{
	struct bch_bytes rest = { value, len };
	const le32 *version = bch_bytes_view(rest, 0, sizeof(*version));
	le32 stored = le32_of(ACL_OF_DISK);

	if (!version || le32_get(*version) != ACL_OF_SYSTEM)
		return -BCH_ERR_invalid_argument;
	bch_buf_mem(&acl->stored, &stored, sizeof(stored));
	for (rest = bch_bytes_from(rest, sizeof(*version)); rest.len;) {
		const struct {
			le16 tag, perm;
			le32 id;
		} *e = bch_bytes_view(rest, 0, sizeof(*e));

		if (!e)
			return -BCH_ERR_invalid_argument;
		take_entry(acl, le16_get(e->tag), le16_get(e->perm), e->id);
		rest = bch_bytes_from(rest, sizeof(*e));
	}
	return bch_buf_failed(&acl->stored) ? -BCH_ERR_no_memory : 0;
}

int bch_acl_store(const void *value, size_t len, struct bch_buf *stored)
{
	struct acl acl = { .stored = *stored };
	int err = convert_acl(value, len, &acl);

	*stored = acl.stored;
	return err;
}

static u16 mode_with(u16 mode, const struct acl *acl)
{
	u16 group = acl->has_mask ? acl->of_mask : acl->of_group;

	return (u16)((mode & ~0777) | (acl->of_owner & 7) << 6 | (group & 7) << 3 |
		     (acl->of_others & 7));
}

/* One that says no more than the mode is not stored. */
static int take_acl(const void *value, size_t len, struct acl *acl, struct bch_inode *inode,
		    struct bch_xattr *x, bool *set)
{
	bool access = x->type == BCH_XATTR_posix_acl_access;
	int err = access || S_ISDIR(inode->bi_mode) ? convert_acl(value, len, acl)
						    : -BCH_ERR_not_supported;

	if (err)
		return err;
	if (access && acl->nr)
		inode->bi_mode = mode_with(inode->bi_mode, acl);
	*set = acl->nr && !(access && acl->nr == ACL_MINIMAL);
	x->value = (struct bch_bytes){ (const u8 *)bch_buf_str(&acl->stored), acl->stored.len };
	return 0;
}

/* ------------------------------------------------------------------ set */

static int put(struct bch_fs *fs, const struct bch_file *file, const struct bch_slot *slot,
	       const struct bch_xattr *x)
{
	u8 val[BCH_XATTR_VAL_MAX];
	const struct bch_key k = {
		.pos = bch_spos(file->inum, slot->offset, file->snapshot),
		.type = BCH_KEY_xattr,
		.val = { val, bch_xattr_put(x, val) },
	};

	return k.val.len ? bch_update(fs, BCH_BTREE_xattrs, &k, 0) : -BCH_ERR_out_of_range;
}

static int set_or_delete(struct bch_fs *fs, const struct bch_file *file, struct bch_inode *inode,
			 const struct bch_xattr *x, bool set)
{
	struct bch_slot slot;
	int err = bch_slot_of_xattr(fs, file, inode, x, &slot);

	if (!err && set)
		err = put(fs, file, &slot, x);
	else if (!err && slot.found)
		err = bch_slot_delete(fs, BCH_BTREE_xattrs, file, inode, slot.offset, false);
	inode->bi_ctime = bch_edit_now(fs);
	return err ? err : bch_edit_inode(fs, file, inode);
}

int bch_edit_xattr(struct bch_fs *fs, const struct bch_file *file, const char *name,
		   const void *value, size_t len)
{
	struct acl acl = { .nr = 0 };
	bool set = value;
	struct bch_inode inode;
	struct bch_xattr x;
	int err = bch_xattr_parse(name, &x);

	if (!err)
		err = bch_file_inode(fs, file, &inode, NULL);
	if (!err && inode.hash_type >= BCH_STR_HASH_NR)
		err = -BCH_ERR_not_supported;
	if (err)
		return err;
	x.value = (struct bch_bytes){ value, len };
	if (set && is_acl(x.type))
		err = take_acl(value, len, &acl, &inode, &x, &set);
	if (!err)
		err = set_or_delete(fs, file, &inode, &x, set);
	bch_buf_end(&acl.stored);
	return err;
}
