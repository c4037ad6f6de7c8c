// SPDX-License-Identifier: GPL-2.0-or-later
/* Directory entries: decode, encode, validate, print. Format reference: 04 §8, §12.1. */

#include "ondisk/key_dirent.h"

#include "ondisk/key_private.h"

struct dirent {
	union {
		le64 d_inum;
		struct {
			le32 d_child_subvol;
			le32 d_parent_subvol;
		};
	};
	u8 d_type; /* 0-4 type, 7 casefold */
};
_Static_assert(sizeof(struct dirent) == 9, "format reference 04 §8.1");

struct dirent_casefold {
	struct dirent head;
	u8 d_pad[2];
	le16 d_name_len;
	le16 d_cf_name_len;
};
_Static_assert(sizeof(struct dirent_casefold) == 15, "format reference 04 §8.5");

#define TYPE_BITS    5
#define CASEFOLD_BIT 7

static const char *const type_names[] = {
#define T(nr, name) [nr] = #name,
	BCH_DIRENT_TYPES(T)
#undef T
};

const char *bch_dirent_type_name(u8 type)
{
	return type < bch_array_size(type_names) ? type_names[type] : NULL;
}

/* A plain name ends where the zeroes at the end of the last word begin. */
static bool get_name(struct bch_bytes val, struct bch_dirent *d)
{
	size_t end = val.len;

	while (end > sizeof(struct dirent) && end + 8 > val.len && !val.p[end - 1])
		end--;
	d->name = (struct bch_bytes){ val.p + sizeof(struct dirent), end - sizeof(struct dirent) };
	return true;
}

static bool get_casefold_names(struct bch_bytes val, struct bch_dirent *d)
{
	const struct dirent_casefold *h = bch_bytes_view(val, 0, sizeof(*h));
	size_t name_len, cf_name_len;

	if (!h)
		return false;
	name_len = le16_get(h->d_name_len);
	cf_name_len = le16_get(h->d_cf_name_len);
	if (!bch_bytes_view(val, sizeof(*h), name_len + cf_name_len))
		return false;
	d->name = (struct bch_bytes){ val.p + sizeof(*h), name_len };
	d->cf_name = (struct bch_bytes){ d->name.p + name_len, cf_name_len };
	return true;
}

bool bch_dirent_get(const struct bch_key *k, struct bch_dirent *d)
{
	const struct dirent *h = bch_bytes_view(k->val, 0, sizeof(*h));

	if (!h)
		return false;
	*d = (struct bch_dirent){
		.d_type = (u8)bch_bits_get(h->d_type, 0, TYPE_BITS),
		.d_casefold = h->d_type >> CASEFOLD_BIT,
	};
	if (d->d_type == BCH_DIRENT_subvol) {
		d->d_child_subvol = le32_get(h->d_child_subvol);
		d->d_parent_subvol = le32_get(h->d_parent_subvol);
	} else {
		d->d_inum = le64_get(h->d_inum);
	}
	return d->d_casefold ? get_casefold_names(k->val, d) : get_name(k->val, d);
}

static size_t val_len(const struct bch_dirent *d)
{
	size_t head = d->d_casefold ? sizeof(struct dirent_casefold) : sizeof(struct dirent);

	return (head + d->name.len + d->cf_name.len + 7) & ~(size_t)7;
}

size_t bch_dirent_put(const struct bch_dirent *d, u8 val[BCH_DIRENT_VAL_MAX])
{
	struct dirent_casefold h = {
		.head.d_type = (u8)(d->d_type | d->d_casefold << CASEFOLD_BIT),
		.d_name_len = le16_of((u16)d->name.len),
		.d_cf_name_len = le16_of((u16)d->cf_name.len),
	};
	u8 *name = val + (d->d_casefold ? sizeof(h) : sizeof(h.head));

	if (d->name.len > BCH_NAME_MAX || d->cf_name.len > BCH_NAME_MAX)
		return 0;
	if (d->d_type == BCH_DIRENT_subvol) {
		h.head.d_child_subvol = le32_of(d->d_child_subvol);
		h.head.d_parent_subvol = le32_of(d->d_parent_subvol);
	} else {
		h.head.d_inum = le64_of(d->d_inum);
	}

	memset(val, 0, BCH_DIRENT_VAL_MAX);
	memcpy(val, &h, (size_t)(name - val));
	memcpy(name, d->name.p, d->name.len);
	if (d->d_casefold)
		memcpy(name + d->name.len, d->cf_name.p, d->cf_name.len);
	return val_len(d);
}

static bool equals(struct bch_bytes b, const char *s)
{
	return b.len == strlen(s) && !memcmp(b.p, s, b.len);
}

static int check_length(const struct bch_dirent *d, const struct bch_key *k, bool writing,
			struct bch_buf *why)
{
	if (!d->name.len)
		return bch_key_why(why, BCH_FSCK_dirent_empty_name, "empty name");
	if (!d->d_casefold && k->val.len > val_len(d))
		return bch_key_why(why, BCH_FSCK_dirent_val_too_big,
				   "value of %zu bytes, the name needs %zu", k->val.len,
				   val_len(d));
	/* Longer ones were once written, and stay. */
	if (writing && d->name.len > BCH_NAME_MAX)
		return bch_key_why(why, BCH_FSCK_dirent_name_too_long, "name of %zu bytes",
				   d->name.len);
	if (writing && d->cf_name.len > BCH_NAME_MAX)
		return bch_key_why(why, BCH_FSCK_dirent_cf_name_too_big, "folded name of %zu bytes",
				   d->cf_name.len);
	return BCH_KEY_VALID;
}

static int check_name(const struct bch_dirent *d, struct bch_buf *why)
{
	if (memchr(d->name.p, 0, d->name.len))
		return bch_key_why(why, BCH_FSCK_dirent_name_embedded_nul, "NUL in the name");
	if (d->d_casefold && memchr(d->cf_name.p, 0, d->cf_name.len))
		return bch_key_why(why, BCH_FSCK_dirent_stray_data_after_cf_name,
				   "NUL in the folded name");
	if (equals(d->name, ".") || equals(d->name, ".."))
		return bch_key_why(why, BCH_FSCK_dirent_name_dot_or_dotdot, "name is . or ..");
	if (memchr(d->name.p, '/', d->name.len))
		return bch_key_why(why, BCH_FSCK_dirent_name_has_slash, "slash in the name");
	return BCH_KEY_VALID;
}

int bch_key_validate_dirent(const struct bch_key *k, const struct bch_key_context *c,
			    struct bch_buf *why)
{
	struct bch_dirent d;
	int id;

	if (!bch_dirent_get(k, &d))
		return bch_key_why(why, BCH_FSCK_dirent_val_too_big, "names longer than the value");
	id = check_length(&d, k, c->writing, why);
	if (id == BCH_KEY_VALID)
		id = check_name(&d, why);
	if (id == BCH_KEY_VALID && d.d_type != BCH_DIRENT_subvol && d.d_inum == k->pos.inode)
		id = bch_key_why(why, BCH_FSCK_dirent_to_itself, "entry of %" PRIu64 " to itself",
				 d.d_inum);
	return id;
}

/* Names as they are; they end at a NUL, where the tools end them too. */
void bch_key_put_dirent(struct bch_buf *out, const struct bch_key *k,
			const struct bch_key_context *c)
{
	struct bch_dirent d;
	const char *type;

	if (!bch_dirent_get(k, &d)) {
		bch_buf_puts(out, "(names longer than the value)");
		return;
	}
	bch_buf_put(out, "%.*s", (int)d.name.len, (const char *)d.name.p);
	if (d.d_casefold)
		bch_buf_put(out, " (casefold %.*s)", (int)d.cf_name.len, (const char *)d.cf_name.p);

	if (d.d_type == BCH_DIRENT_subvol)
		bch_buf_put(out, " -> %u -> %u", d.d_parent_subvol, d.d_child_subvol);
	else
		bch_buf_put(out, " -> %" PRIu64, d.d_inum);

	type = bch_dirent_type_name(d.d_type);
	if (type)
		bch_buf_put(out, " type %s", type);
	else
		bch_buf_put(out, " type unknown(%u)", d.d_type);
}

/* clang-format off */
BCH_KEY_FIELDS(dirent, dirent,
	BCH_FIELD("d_inum", d_inum, 0, 64, 1)
	BCH_FIELD("d_child_subvol", d_child_subvol, 0, 32, 1)
	BCH_FIELD("d_parent_subvol", d_parent_subvol, 0, 32, 1)
	BCH_FIELD("d_type", d_type, 0, TYPE_BITS, 1, BCH_FIELD_ONE_OF(type_names, bch_array_size(type_names)))
	BCH_FIELD("d_unused", d_type, TYPE_BITS, CASEFOLD_BIT - TYPE_BITS, 1)
	BCH_FIELD("d_casefold", d_type, CASEFOLD_BIT, 1, 1))
/* clang-format on */
