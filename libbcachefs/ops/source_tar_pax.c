// SPDX-License-Identifier: GPL-2.0-or-later
/* Pax records: what has no room in a header, and extended attributes. POSIX, pax: "pax Extended Header". */

#include "file/file.h"
#include "ops/source_tar.h"

#define NS_PER_SECOND	  1000000000U
#define ACL_ACCESS	  "system.posix_acl_access"
#define ACL_DEFAULT	  "system.posix_acl_default"
#define ACL_OF_MODE_BYTES (4 + 3 * 8) /* one that says what the mode says already */

/* ------------------------------------------------------------------ records */

/* "%u %s=%s\n", where the number is the length of all. */
int bch_pax_next(struct bch_bytes *rest, struct bch_pax_record *r)
{
	size_t len = 0, at = 0;
	const u8 *equals;

	if (!rest->len)
		return 0;
	for (; at < rest->len && rest->p[at] >= '0' && rest->p[at] <= '9'; at++) {
		len = len * 10 + (size_t)(rest->p[at] - '0');
		if (len > rest->len)
			return -BCH_ERR_invalid_argument;
	}
	if (at == rest->len || rest->p[at] != ' ' || len < at + 2 || rest->p[len - 1] != '\n')
		return -BCH_ERR_invalid_argument;
	at++;
	equals = memchr(rest->p + at, '=', len - 1 - at);
	if (!equals)
		return -BCH_ERR_invalid_argument;
	r->key = (struct bch_bytes){ rest->p + at, (size_t)(equals - rest->p) - at };
	r->value = (struct bch_bytes){ equals + 1, len - 2 - (size_t)(equals - rest->p) };
	*rest = bch_bytes_from(*rest, len);
	return 1;
}

bool bch_pax_is(const struct bch_pax_record *r, const char *key)
{
	return r->key.len == strlen(key) && !memcmp(r->key.p, key, r->key.len);
}

bool bch_pax_number(struct bch_bytes value, u64 *number)
{
	u64 v = 0;

	for (size_t i = 0; i < value.len; i++) {
		u8 digit = (u8)(value.p[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v))
			return false;
	}
	*number = v;
	return value.len;
}

/* "-1.5" is one and a half seconds before. */
static bool take_time(struct bch_bytes value, s64 *ns)
{
	bool negative = value.len && *value.p == '-';
	struct bch_bytes sec = bch_bytes_from(value, negative), fraction;
	const u8 *dot = memchr(sec.p, '.', sec.len);
	u64 whole, part = 0;
	s64 total;

	if (dot)
		sec.len = (size_t)(dot - sec.p);
	if (!bch_pax_number(sec, &whole))
		return false;
	if (dot) {
		fraction = bch_bytes_from(value, (size_t)(dot + 1 - value.p));
		for (size_t i = 0, unit = NS_PER_SECOND / 10; i < fraction.len; i++, unit /= 10) {
			if (fraction.p[i] < '0' || fraction.p[i] > '9')
				return false;
			part += (u64)(fraction.p[i] - '0') * unit;
		}
	}
	if (__builtin_mul_overflow(whole, NS_PER_SECOND, &total) ||
	    __builtin_add_overflow(total, part, &total))
		return false;
	*ns = negative ? -total : total;
	return true;
}

/* ------------------------------------------------------------------ what they say */

static bool take_u32(struct bch_bytes value, u32 *to)
{
	u64 v;

	if (!bch_pax_number(value, &v) || v > BCH_U32_MAX)
		return false;
	*to = (u32)v;
	return true;
}

/* No name has a NUL in it. */
static bool take_text(struct bch_bytes value, struct bch_buf *to)
{
	bch_buf_reset(to);
	bch_buf_mem(to, value.p, value.len);
	return !memchr(value.p, 0, value.len);
}

static bool take_version(struct bch_bytes value, struct bch_archive_member *m)
{
	u64 major;

	if (!bch_pax_number(value, &major) || major > 1)
		return false;
	m->sparse = major ? BCH_ARCHIVE_SPARSE_1_0 : BCH_ARCHIVE_SPARSE_PAX;
	return true;
}

static bool take_sparse(struct bch_bytes value, struct bch_archive_member *m)
{
	m->sparse = BCH_ARCHIVE_SPARSE_PAX;
	return true;
}

static bool take_name(struct bch_bytes value, struct bch_archive_member *m)
{
	return take_text(value, &m->path);
}

static bool take_target(struct bch_bytes value, struct bch_archive_member *m)
{
	return take_text(value, &m->target);
}

static bool take_stored(struct bch_bytes value, struct bch_archive_member *m)
{
	return bch_pax_number(value, &m->data_len) && !(m->data_len >> 62);
}

static bool take_size(struct bch_bytes value, struct bch_archive_member *m)
{
	return bch_pax_number(value, &m->file.size) && !(m->file.size >> 63);
}

static bool take_uid(struct bch_bytes value, struct bch_archive_member *m)
{
	return take_u32(value, &m->file.uid);
}

static bool take_gid(struct bch_bytes value, struct bch_archive_member *m)
{
	return take_u32(value, &m->file.gid);
}

static bool take_mtime(struct bch_bytes value, struct bch_archive_member *m)
{
	return take_time(value, &m->file.mtime);
}

static const struct {
	const char *key;
	bool (*take)(struct bch_bytes value, struct bch_archive_member *m);
	bool global; /* may be said of all members alike */
} keys[] = {
	{ "path", take_name, false },
	{ "linkpath", take_target, false },
	{ "size", take_stored, false },
	{ "uid", take_uid, true },
	{ "gid", take_gid, true },
	{ "mtime", take_mtime, true },
	{ "GNU.sparse.major", take_version, false },
	{ "GNU.sparse.numblocks", take_sparse, false },
	{ "GNU.sparse.map", take_sparse, false },
	{ "GNU.sparse.name", take_name, false },
	{ "GNU.sparse.size", take_size, false },
	{ "GNU.sparse.realsize", take_size, false },
};

int bch_pax_apply(struct bch_bytes rest, bool global, struct bch_archive_member *m)
{
	struct bch_pax_record r;
	int more;

	while ((more = bch_pax_next(&rest, &r)) > 0)
		for (size_t i = 0; i < bch_array_size(keys); i++)
			if (bch_pax_is(&r, keys[i].key) && (keys[i].global || !global) &&
			    !keys[i].take(r.value, m))
				return -BCH_ERR_invalid_argument;
	return more;
}

/* ------------------------------------------------------------------ extended attributes */

static bool begins(const struct bch_pax_record *r, const char *prefix)
{
	return r->key.len > strlen(prefix) && !memcmp(r->key.p, prefix, strlen(prefix));
}

/* GNU tar writes '=' as %3D, '%' as %25. */
static void put_name(struct bch_buf *out, struct bch_bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		bool is_code = name.len - i > 2 && name.p[i] == '%';

		if (is_code && !memcmp(name.p + i, "%3D", 3))
			bch_buf_putc(out, '='), i += 2;
		else if (is_code && !memcmp(name.p + i, "%25", 3))
			bch_buf_putc(out, '%'), i += 2;
		else
			bch_buf_putc(out, (char)name.p[i]);
	}
}

/* A later record is the one that counts. */
static int add(struct bch_file_xattrs *xattrs, struct bch_buf *name, struct bch_buf *value)
{
	for (size_t i = 0; i < xattrs->nr; i++)
		if (!strcmp(xattrs->v[i].name, bch_buf_str(name))) {
			free((u8 *)(uintptr_t)xattrs->v[i].value);
			xattrs->v[i].len = value->len;
			xattrs->v[i].value = bch_buf_take(value);
			return xattrs->v[i].value ? 0 : -BCH_ERR_no_memory;
		}
	return bch_file_xattrs_add(xattrs, name, value);
}

static int add_acl(struct bch_file_xattrs *xattrs, const char *name_text, struct bch_bytes text)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_buf value bch_auto(buf) = { 0 };

	if (!bch_pax_acl(text, &value))
		return -BCH_ERR_invalid_argument;
	if (!value.len || (!strcmp(name_text, ACL_ACCESS) && value.len == ACL_OF_MODE_BYTES))
		return 0;
	bch_buf_puts(&name, name_text);
	return add(xattrs, &name, &value);
}

static int add_xattr(struct bch_file_xattrs *xattrs, const struct bch_pax_record *r, size_t prefix)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_buf value bch_auto(buf) = { 0 };

	put_name(&name, bch_bytes_from(r->key, prefix));
	bch_buf_mem(&value, r->value.p, r->value.len);
	if (memchr(bch_buf_str(&name), 0, name.len))
		return -BCH_ERR_invalid_argument;
	return add(xattrs, &name, &value);
}

int bch_pax_xattrs(struct bch_bytes rest, struct bch_file_xattrs *xattrs, const char **what)
{
	static const char prefix[] = "SCHILY.xattr.";
	struct bch_pax_record r;
	int more, err = 0;

	while (!err && (more = bch_pax_next(&rest, &r)) > 0) {
		*what = "ACL: not valid, or with a name in place of a number; try tar "
			"--numeric-owner";
		if (bch_pax_is(&r, "SCHILY.acl.access")) {
			err = add_acl(xattrs, ACL_ACCESS, r.value);
		} else if (bch_pax_is(&r, "SCHILY.acl.default")) {
			err = add_acl(xattrs, ACL_DEFAULT, r.value);
		} else if (begins(&r, prefix)) {
			*what = "name of an extended attribute";
			err = add_xattr(xattrs, &r, strlen(prefix));
		}
	}
	return err;
}
