// SPDX-License-Identifier: GPL-2.0-or-later
/* The header of a member: ustar, and before it pax records of what ustar has no room for. POSIX, pax: "pax Interchange Format". */

#include <string.h>

#include "ops/tar_private.h"
#include "ops/ustar.h"

#define PAX_TYPE    'x'
#define PAX_NAME    "PaxHeaders/" /* before the member's name: seen only by what does not know pax */
#define SPARSE_NAME "GNUSparseFile.0/"
#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define MODE_BITS   07777

/* ------------------------------------------------------------------ pax records */

/* "%u %s=%s\n", where the number is the record's length with its own digits. */
static void put_record(struct bch_buf *pax, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + strlen(" =\n"), digits = 1;

	for (size_t limit = 10; rest + digits >= limit; limit *= 10)
		digits++;
	bch_buf_put(pax, "%zu %s=", rest + digits, key);
	bch_buf_mem(pax, value, len);
	bch_buf_mem(pax, "\n", 1);
}

static void put_text(struct bch_buf *pax, const char *key, const char *value)
{
	put_record(pax, key, value, strlen(value));
}

static void put_number(struct bch_buf *pax, const char *key, u64 value)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "%" PRIu64, value);
	put_text(pax, key, bch_buf_str(&text));
}

/* A fraction of a second that is negative counts backwards. */
static void put_time(struct bch_buf *pax, const char *key, struct bch_time time)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	bool before = time.sec < 0 && time.nsec;
	u32 nsec = before ? 1000000000 - time.nsec : time.nsec;
	s64 sec = before ? time.sec + 1 : time.sec;

	bch_buf_put(&text, "%s%" PRId64, before && !sec ? "-" : "", sec);
	if (nsec)
		bch_buf_put(&text, ".%09u", nsec);
	put_text(pax, key, bch_buf_str(&text));
}

/* '=' would end the key. */
static void put_xattr(struct bch_buf *pax, const struct bch_file_xattr *x)
{
	struct bch_buf key bch_auto(buf) = { 0 };

	bch_buf_puts(&key, "SCHILY.xattr.");
	for (const char *p = x->name; *p; p++) {
		if (*p == '=' || *p == '%')
			bch_buf_put(&key, "%%%02X", *p);
		else
			bch_buf_putc(&key, *p);
	}
	put_record(pax, bch_buf_str(&key), x->value, x->len);
}

static void put_xattrs(struct bch_buf *pax, const struct bch_file_xattrs *xattrs)
{
	for (size_t i = 0; i < xattrs->nr; i++) {
		const struct bch_file_xattr *x = &xattrs->v[i];
		struct bch_buf acl bch_auto(buf) = { 0 };
		bool is_access = !strcmp(x->name, ACL_ACCESS);

		if (!is_access && strcmp(x->name, ACL_DEFAULT))
			put_xattr(pax, x);
		else if (bch_tar_acl_put(&acl, x->value, x->len))
			put_text(pax, is_access ? "SCHILY.acl.access" : "SCHILY.acl.default",
				 bch_buf_str(&acl));
	}
}

/* ------------------------------------------------------------------ fields */

/* A field, and where that has no room a record. */
static void put_field(struct bch_buf *pax, char *field, size_t size, const char *key, u64 value)
{
	if (!bch_ustar_put_octal(field, size, value))
		put_number(pax, key, value);
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			return false;
	return true;
}

/* What fits of it; true where that is all, and has the same meaning everywhere. */
static bool put_name(char *field, size_t size, const char *name)
{
	size_t len = strlen(name);

	memcpy(field, name, len < size ? len : size);
	return len <= size && is_ascii(name);
}

static void put_mtime(struct bch_buf *pax, struct bch_ustar *h, struct bch_time time)
{
	bool fits = time.sec >= 0 && bch_ustar_put_octal(h->mtime, sizeof(h->mtime), (u64)time.sec);

	if (!fits || time.nsec)
		put_time(pax, "mtime", time);
}

static void put_names(struct bch_buf *pax, struct bch_ustar *h, const struct bch_tar_member *m)
{
	if (m->sparse) {
		struct bch_buf name bch_auto(buf) = { 0 };

		bch_buf_put(&name, SPARSE_NAME "%s", m->name);
		put_name(h->name, sizeof(h->name), bch_buf_str(&name));
		put_text(pax, "GNU.sparse.major", "1");
		put_text(pax, "GNU.sparse.minor", "0");
		put_text(pax, "GNU.sparse.name", m->name);
		put_number(pax, "GNU.sparse.realsize", m->st->size);
	} else if (!put_name(h->name, sizeof(h->name), m->name)) {
		put_text(pax, "path", m->name);
	}
	if (!put_name(h->linkname, sizeof(h->linkname), m->target))
		put_text(pax, "linkpath", m->target);
}

static void put_devices(struct bch_ustar *h, const struct bch_tar_member *m)
{
	bool is_device = m->type == BCH_TAR_CHR || m->type == BCH_TAR_BLK;

	bch_ustar_put_octal(h->devmajor, sizeof(h->devmajor), is_device ? m->st->major : 0);
	bch_ustar_put_octal(h->devminor, sizeof(h->devminor), is_device ? m->st->minor : 0);
}

static struct bch_ustar make_header(struct bch_buf *pax, const struct bch_tar_member *m)
{
	struct bch_ustar h = bch_ustar_new((char)m->type);

	put_names(pax, &h, m);
	bch_ustar_put_octal(h.mode, sizeof(h.mode), m->st->mode & MODE_BITS);
	put_field(pax, h.uid, sizeof(h.uid), "uid", m->st->uid);
	put_field(pax, h.gid, sizeof(h.gid), "gid", m->st->gid);
	put_field(pax, h.size, sizeof(h.size), "size", m->size);
	put_mtime(pax, &h, m->st->mtime);
	put_devices(&h, m);
	put_xattrs(pax, &m->xattrs);
	bch_ustar_seal(&h);
	return h;
}

/* ------------------------------------------------------------------ headers */

/* The records are the data of a member of their own. */
static int put_pax(struct bch_tar *t, const struct bch_tar_member *m, const struct bch_buf *pax)
{
	struct bch_ustar h = bch_ustar_new(PAX_TYPE);
	struct bch_buf name bch_auto(buf) = { 0 };
	int err;

	bch_buf_put(&name, PAX_NAME "%s", m->name);
	put_name(h.name, sizeof(h.name), bch_buf_str(&name));
	bch_ustar_put_octal(h.mode, sizeof(h.mode), 0644);
	bch_ustar_put_octal(h.size, sizeof(h.size), pax->len);
	bch_ustar_seal(&h);
	err = bch_tar_put(t, &h, sizeof(h));
	if (!err)
		err = bch_tar_put(t, pax->p, pax->len);
	return err ? err : bch_tar_pad(t, BCH_USTAR_BLOCK);
}

int bch_tar_header(struct bch_tar *t, const struct bch_tar_member *m)
{
	struct bch_buf pax bch_auto(buf) = { 0 };
	struct bch_ustar h = make_header(&pax, m);
	int err = bch_buf_failed(&pax) ? -BCH_ERR_no_memory : 0;

	if (!err && pax.len)
		err = put_pax(t, m, &pax);
	return err ? err : bch_tar_put(t, &h, sizeof(h));
}
