// SPDX-License-Identifier: GPL-2.0-or-later
/* ACLs as text, as archives have them: "user::rwx,user:1000:r--,group::r-x,mask::r-x,other::---". */

#include "ondisk/key_xattr.h"
#include "ops/tar_private.h"

#define ACL_VERSION 2

/* Of the system's calls. */
struct acl_entry {
	le16 tag, perm;
	le32 id;
};

/* The first part of an entry; NULL for an unknown tag. */
static const char *tag_text(u16 tag, bool *has_id)
{
	*has_id = tag == BCH_ACL_user || tag == BCH_ACL_group;
	switch (tag) {
	case BCH_ACL_user_obj:
	case BCH_ACL_user:
		return "user";
	case BCH_ACL_group_obj:
	case BCH_ACL_group:
		return "group";
	case BCH_ACL_mask:
		return "mask";
	case BCH_ACL_other:
		return "other";
	default:
		return NULL;
	}
}

static bool put_entry(struct bch_buf *out, const struct acl_entry *e)
{
	u16 perm = le16_get(e->perm);
	bool has_id;
	const char *tag = tag_text(le16_get(e->tag), &has_id);

	if (!tag)
		return false;
	bch_buf_put(out, "%s:", tag);
	if (has_id)
		bch_buf_put(out, "%u", le32_get(e->id));
	bch_buf_put(out, ":%c%c%c", perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-',
		    perm & 1 ? 'x' : '-');
	return true;
}

bool bch_tar_acl_put(struct bch_buf *out, const void *acl, size_t len)
{
	const u8 *p = acl;
	le32 version;

	if (len < sizeof(version))
		return false;
	memcpy(&version, p, sizeof(version));
	if (le32_get(version) != ACL_VERSION)
		return false;
	for (size_t at = sizeof(version); len - at >= sizeof(struct acl_entry);
	     at += sizeof(struct acl_entry)) {
		struct acl_entry e;

		memcpy(&e, p + at, sizeof(e));
		if (at > sizeof(version))
			bch_buf_putc(out, ',');
		if (!put_entry(out, &e))
			return false;
	}
	return true;
}
