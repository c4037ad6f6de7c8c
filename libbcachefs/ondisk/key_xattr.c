// SPDX-License-Identifier: GPL-2.0-or-later
/* Extended attributes and ACLs: decode, encode, validate, print. Format reference: 04 §9, §12.1. */

#include "ondisk/key_xattr.h"

#include <bcachefs/error.h>
#include "ondisk/key_private.h"

struct xattr {
	u8 x_type;
	u8 x_name_len;
	le16 x_val_len;
};
_Static_assert(sizeof(struct xattr) == 4, "format reference 04 §9");

/* Old writers made room for so many bytes too many. */
#define SLACK 4

#define TEXT_INDENTED BCH_VERSION(1, 38)

static const struct {
	const char *prefix, *text;
} types[BCH_XATTR_TYPE_NR] = {
#define T(nr, name, prefix, text) [nr] = { prefix, text },
	BCH_XATTR_TYPES(T)
#undef T
};

const char *bch_xattr_prefix(u8 type)
{
	return type < BCH_XATTR_TYPE_NR ? types[type].prefix : NULL;
}

bool bch_xattr_get(const struct bch_key *k, struct bch_xattr *x)
{
	const struct xattr *h = bch_bytes_view(k->val, 0, sizeof(*h));
	size_t val_len;

	if (!h)
		return false;
	val_len = le16_get(h->x_val_len);
	if (!bch_bytes_view(k->val, sizeof(*h), h->x_name_len + val_len))
		return false;
	x->type = h->x_type;
	x->name = (struct bch_bytes){ k->val.p + sizeof(*h), h->x_name_len };
	x->value = (struct bch_bytes){ x->name.p + h->x_name_len, val_len };
	return true;
}

static size_t round_up_8(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

size_t bch_xattr_put(const struct bch_xattr *x, u8 val[BCH_XATTR_VAL_MAX])
{
	struct xattr h = { x->type, (u8)x->name.len, le16_of((u16)x->value.len) };

	if (x->name.len > BCH_XATTR_NAME_MAX ||
	    x->value.len > BCH_XATTR_VAL_MAX - sizeof(h) - x->name.len)
		return 0;

	memset(val, 0, BCH_XATTR_VAL_MAX);
	memcpy(val, &h, sizeof(h));
	if (x->name.len)
		memcpy(val + sizeof(h), x->name.p, x->name.len);
	if (x->value.len)
		memcpy(val + sizeof(h) + x->name.len, x->value.p, x->value.len);
	return round_up_8(sizeof(h) + x->name.len + x->value.len);
}

bool bch_acl_begin(struct bch_bytes value, struct bch_bytes *entries)
{
	const le32 *version = bch_bytes_view(value, 0, sizeof(*version));

	if (!version || le32_get(*version) != 1)
		return false;
	*entries = bch_bytes_from(value, sizeof(*version));
	return true;
}

static const struct acl_tag {
	u16 nr;
	const char *name, *id_name;
} acl_tags[] = {
#define T(nr, name, id_name) { nr, #name, id_name },
	BCH_ACL_TAGS(T)
#undef T
};

static const struct acl_tag *find_acl_tag(u16 nr)
{
	for (size_t i = 0; i < bch_array_size(acl_tags); i++)
		if (acl_tags[i].nr == nr)
			return &acl_tags[i];
	return NULL;
}

int bch_acl_next(struct bch_bytes *entries, struct bch_acl_entry *e)
{
	const struct {
		le16 tag, perm;
		le32 id;
	} *d = (const void *)entries->p;
	size_t len = offsetof(typeof(*d), id);
	const struct acl_tag *tag;

	if (!entries->len)
		return 0;
	if (entries->len < len)
		return -BCH_ERR_invalid_argument;
	*e = (struct bch_acl_entry){ le16_get(d->tag), le16_get(d->perm), 0 };
	tag = find_acl_tag(e->tag);
	if (!tag)
		return -BCH_ERR_invalid_argument;

	if (tag->id_name) {
		len = sizeof(*d);
		if (entries->len < len)
			return -BCH_ERR_invalid_argument;
		e->id = le32_get(d->id);
	}
	*entries = bch_bytes_from(*entries, len);
	return 1;
}

int bch_key_validate_xattr(const struct bch_key *k, const struct bch_key_context *c,
			   struct bch_buf *why)
{
	struct bch_xattr x;
	size_t most;

	if (!bch_xattr_get(k, &x))
		return bch_key_why(why, BCH_FSCK_xattr_val_size_too_small,
				   "name and value do not fit %zu bytes", k->val.len);
	most = round_up_8(sizeof(struct xattr) + SLACK + x.name.len + x.value.len);
	if (k->val.len > most)
		return bch_key_why(why, BCH_FSCK_xattr_val_size_too_big,
				   "%zu bytes, name and value need %zu", k->val.len, most);
	if (x.type >= BCH_XATTR_TYPE_NR)
		return bch_key_why(why, BCH_FSCK_xattr_invalid_type, "type %u", x.type);
	if (memchr(x.name.p, 0, x.name.len))
		return bch_key_why(why, BCH_FSCK_xattr_name_invalid_chars, "NUL in the name");
	return BCH_KEY_VALID;
}

static void put_acl(struct bch_buf *out, struct bch_bytes value)
{
	struct bch_bytes rest;
	struct bch_acl_entry e;
	int more;

	if (!bch_acl_begin(value, &rest)) {
		bch_buf_puts(out, " (no ACL)");
		return;
	}
	while ((more = bch_acl_next(&rest, &e)) > 0) {
		const struct acl_tag *tag = find_acl_tag(e.tag);

		bch_buf_put(out, " %s ", tag->name);
		if (tag->id_name)
			bch_buf_put(out, "%s %u ", tag->id_name, e.id);
		bch_buf_put(out, "%u", e.perm);
	}
	if (more < 0)
		bch_buf_puts(out, " (invalid)");
}

/* As it is; it ends at a NUL, where the tools end it too. Newer ones indent the lines in it. */
static void put_value(struct bch_buf *out, struct bch_bytes value, u16 version)
{
	const char *indent = version >= TEXT_INDENTED ? "  " : "";

	for (size_t i = 0; i < value.len && value.p[i]; i++) {
		if (i && value.p[i - 1] == '\n')
			bch_buf_puts(out, indent);
		bch_buf_putc(out, (char)value.p[i]);
	}
}

void bch_key_put_xattr(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c)
{
	struct bch_xattr x;

	if (!bch_xattr_get(k, &x)) {
		bch_buf_puts(out, "(name and value longer than the key)");
		return;
	}
	if (x.type < BCH_XATTR_TYPE_NR)
		bch_buf_puts(out, types[x.type].text);
	else
		bch_buf_put(out, "(unknown type %u)", x.type);
	bch_buf_put(out, "%.*s:", (int)x.name.len, (const char *)x.name.p);
	put_value(out, x.value, c->version);
	if (x.type == BCH_XATTR_posix_acl_access || x.type == BCH_XATTR_posix_acl_default)
		put_acl(out, x.value);
}

static const char *const type_names[] = {
#define T(nr, name, prefix, text) [nr] = #name,
	BCH_XATTR_TYPES(T)
#undef T
};

/* clang-format off */
BCH_KEY_FIELDS(xattr, xattr,
	BCH_FIELD("x_type", x_type, 0, 8, 1, BCH_FIELD_ONE_OF(type_names, bch_array_size(type_names)))
	BCH_FIELD_ROW(u8, x_name_len, 1)
	BCH_FIELD_ROW(u16, x_val_len, 1))
/* clang-format on */
