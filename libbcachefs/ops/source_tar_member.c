// SPDX-License-Identifier: GPL-2.0-or-later
/* One member of an archive: its headers. POSIX, pax: "ustar Interchange Format"; GNU tar: "Basic Tar Format". */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/source_tar.h"

#define WINDOW_BYTES   65536
#define EXTENDED_BYTES (64U << 20) /* that a header for names and records may have */
#define NOT_TAR	       "not a tar archive"
#define MODE_BITS      07777
#define NS_PER_SECOND  1000000000
#define GNU_MAGIC      "ustar  " /* behind it there is no prefix, but other things */
#define OLD_REAL_SIZE  483	 /* of a sparse file of type S */

/* ------------------------------------------------------------------ bytes */

int bch_archive_read(struct bch_archive *a, void *buf, size_t len, u64 at)
{
	u8 *p = buf;

	while (len) {
		ssize_t n = pread(a->fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bch_error(a->ctx, bch_errno(errno), "%s", a->path);
		if (!n)
			return bch_error_whole(a->ctx, -BCH_ERR_short_read, "%s: became shorter",
					       a->path);
		p += n;
		len -= (size_t)n;
		at += (u64)n;
	}
	return 0;
}

int bch_archive_block(struct bch_archive *a, u64 at, const u8 **block)
{
	int err = 0;

	*block = NULL;
	if (at > a->len || a->len - at < BCH_USTAR_BLOCK)
		return 0;
	if (at < a->window_at || at - a->window_at + BCH_USTAR_BLOCK > a->window_len) {
		a->window_at = at;
		a->window_len = a->len - at < WINDOW_BYTES ? (size_t)(a->len - at) : WINDOW_BYTES;
		err = bch_archive_read(a, a->window, a->window_len, at);
		if (err)
			a->window_len = 0;
	}
	*block = a->window + (at - a->window_at);
	return err;
}

int bch_archive_append(struct bch_archive *a, u64 at, u64 len, struct bch_buf *out)
{
	const u8 *block;
	int err = 0;

	while (!err && len) {
		size_t part = len < BCH_USTAR_BLOCK ? (size_t)len : BCH_USTAR_BLOCK;

		err = bch_archive_block(a, at, &block);
		if (!err && !block)
			err = -BCH_ERR_short_read;
		if (!err)
			bch_buf_mem(out, block, part);
		at += part;
		len -= part;
	}
	return !err && bch_buf_failed(out) ? -BCH_ERR_no_memory : err;
}

/* ------------------------------------------------------------------ numbers */

/* Two's complement, the highest bit of the first byte says that it is one. */
static bool base_256(const u8 *p, size_t size, s64 *value)
{
	u64 v = p[0] & 0x40 ? BCH_U64_MAX << 7 | p[0] : p[0] & 0x7f;
	u8 sign = p[0] & 0x40 ? 0xff : 0;

	for (size_t i = 1; i < size; i++) {
		if (size - i >= sizeof(v) && (i == 1 ? p[0] != (sign | 0x80) : p[i - 1] != sign))
			return false;
		v = v << 8 | p[i];
	}
	*value = (s64)v;
	return (*value < 0) == (sign != 0);
}

bool bch_archive_number(const char *field, size_t size, s64 *value)
{
	size_t i = 0;
	u64 v = 0;

	if (*field & 0x80)
		return base_256((const u8 *)field, size, value);
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
		if (v >> 60)
			return false;
		v = v << 3 | (u64)(field[i] - '0');
	}
	*value = (s64)v;
	return i == size || !field[i] || field[i] == ' ';
}

/* Those that may not be negative. */
static bool field_u32(const char *field, size_t size, u32 *value)
{
	s64 v;

	if (!bch_archive_number(field, size, &v) || v < 0 || v > BCH_U32_MAX)
		return false;
	*value = (u32)v;
	return true;
}

/* Old programs took bytes for signed numbers. */
static bool checksum_fits(const struct bch_ustar *h)
{
	const u8 *p = (const u8 *)h;
	s64 want, sum = 0, as_signed = 0;

	for (size_t i = 0; i < sizeof(*h); i++) {
		bool own = i - offsetof(struct bch_ustar, chksum) < sizeof(h->chksum);

		sum += own ? ' ' : p[i];
		as_signed += own ? ' ' : (signed char)p[i];
	}
	return bch_archive_number(h->chksum, sizeof(h->chksum), &want) &&
	       (want == sum || want == as_signed);
}

/* ------------------------------------------------------------------ the header that all have */

static const struct {
	char type;
	u32 mode;
} types[] = {
	{ '0', S_IFREG }, { '\0', S_IFREG }, { '7', S_IFREG }, { 'S', S_IFREG },
	{ '2', S_IFLNK }, { '3', S_IFCHR },  { '4', S_IFBLK }, { '5', S_IFDIR },
	{ '6', S_IFIFO }, { 'D', S_IFDIR },  { '1', S_IFREG },
};

static bool find_type(char type, u32 *mode)
{
	for (size_t i = 0; i < bch_array_size(types); i++)
		if (types[i].type == type) {
			*mode = types[i].mode;
			return true;
		}
	return false;
}

static void put_text(struct bch_buf *out, const char *field, size_t size)
{
	bch_buf_mem(out, field, strnlen(field, size));
}

static void take_names(const struct bch_ustar *h, struct bch_archive_member *m)
{
	bool has_prefix = !memcmp(h->magic, "ustar", 6) && *h->prefix;

	if (!m->path.len) {
		if (has_prefix) {
			put_text(&m->path, h->prefix, sizeof(h->prefix));
			bch_buf_putc(&m->path, '/');
		}
		put_text(&m->path, h->name, sizeof(h->name));
	}
	if (!m->target.len)
		put_text(&m->target, h->linkname, sizeof(h->linkname));
}

static const char *take_numbers(const struct bch_ustar *h, struct bch_archive_member *m)
{
	struct bch_source_file *f = &m->file;
	s64 mtime, size;
	u32 mode;

	if (!field_u32(h->mode, sizeof(h->mode), &mode))
		return "mode";
	f->mode |= mode & MODE_BITS;
	if (!field_u32(h->uid, sizeof(h->uid), &f->uid))
		return "uid";
	if (!field_u32(h->gid, sizeof(h->gid), &f->gid))
		return "gid";
	if (!bch_archive_number(h->size, sizeof(h->size), &size) || size < 0)
		return "size";
	m->data_len = (u64)size;
	if (!bch_archive_number(h->mtime, sizeof(h->mtime), &mtime) ||
	    __builtin_mul_overflow(mtime, NS_PER_SECOND, &f->mtime))
		return "mtime";
	if (!S_ISCHR(f->mode) && !S_ISBLK(f->mode))
		return NULL;
	if (!field_u32(h->devmajor, sizeof(h->devmajor), &f->major) ||
	    !field_u32(h->devminor, sizeof(h->devminor), &f->minor))
		return "device";
	return NULL;
}

static int bad(struct bch_archive *a, u64 at, const char *what)
{
	return bch_error_whole(a->ctx, -BCH_ERR_invalid_argument, "%s: byte %" PRIu64 ": %s",
			       a->path, at, what);
}

/* Old archives tell directories by the end of the name alone. */
static void settle_type(const struct bch_ustar *h, struct bch_archive_member *m)
{
	bool ends_in_slash = m->path.len && m->path.p[m->path.len - 1] == '/';

	if (h->typeflag == '\0' && ends_in_slash)
		m->file.mode = (m->file.mode & MODE_BITS) | S_IFDIR;
	m->is_link = h->typeflag == '1';
	if (h->typeflag == 'S')
		m->sparse = BCH_ARCHIVE_SPARSE_GNU;
	if (m->is_link || (!S_ISREG(m->file.mode) && h->typeflag != 'D'))
		m->data_len = 0;
}

/* Where the data begin and end, and the size of the file. */
static int place_data(struct bch_archive *a, const struct bch_ustar *h,
		      struct bch_archive_member *m)
{
	u64 real_size = m->file.size;
	s64 size;
	int err = 0;

	m->data = m->header + BCH_USTAR_BLOCK;
	if (m->sparse == BCH_ARCHIVE_SPARSE_GNU) {
		if (!bch_archive_number((const char *)h + OLD_REAL_SIZE, 12, &size) || size < 0)
			return bad(a, m->header, "size");
		real_size = (u64)size;
		err = bch_archive_sparse_end(a, m->header, &m->data);
	}
	if (err)
		return err;
	if (m->data > a->len || m->data_len > a->len - m->data)
		return bad(a, m->header, "the archive ends within a file");
	m->next = m->data + (m->data_len + BCH_USTAR_BLOCK - 1) / BCH_USTAR_BLOCK * BCH_USTAR_BLOCK;
	m->file.size = !S_ISREG(m->file.mode) ? 0 : m->sparse ? real_size : m->data_len;
	if (S_ISLNK(m->file.mode))
		m->file.size = m->target.len;
	return 0;
}

static int take_header(struct bch_archive *a, const struct bch_ustar *h, u64 at,
		       struct bch_archive_member *m)
{
	const struct bch_bytes globals = { (const u8 *)bch_buf_str(&a->globals), a->globals.len };
	const char *wrong;
	int err;

	m->header = at;
	m->is_none = h->typeflag == 'V'; /* the archive's label */
	if (!m->is_none && !find_type(h->typeflag, &m->file.mode))
		return bad(a, at, "a type of file that is not known");
	wrong = take_numbers(h, m);
	if (wrong)
		return bad(a, at, wrong);
	take_names(h, m);
	err = bch_pax_apply(globals, true, m);
	if (!err)
		err = bch_pax_apply(bch_archive_pax(m), false, m);
	if (err == -BCH_ERR_invalid_argument)
		return bad(a, m->at, "a pax record that cannot be");
	if (err)
		return err;
	settle_type(h, m);
	m->file.place = m->at;
	return place_data(a, h, m);
}

/* ------------------------------------------------------------------ all its headers */

/* Takes a header that says more about what follows it. */
static int take_extended(struct bch_archive *a, const struct bch_ustar *h, u64 *at,
			 struct bch_archive_member *m, bool *is_one)
{
	struct bch_buf *to = h->typeflag == 'x' || h->typeflag == 'X' ? &m->pax
			     : h->typeflag == 'g'		      ? &a->globals
			     : h->typeflag == 'L'		      ? &m->path
			     : h->typeflag == 'K'		      ? &m->target
								      : NULL;
	u64 data = *at + BCH_USTAR_BLOCK;
	s64 size;
	int err;

	*is_one = to;
	if (!to)
		return 0;
	if (!bch_archive_number(h->size, sizeof(h->size), &size) || size < 0 ||
	    size > EXTENDED_BYTES)
		return bad(a, *at, "size");
	if ((u64)size > a->len - data)
		return bad(a, *at, "the archive ends within a header");
	if (to != &a->globals)
		bch_buf_reset(to);
	err = bch_archive_append(a, data, (u64)size, to);
	if (to == &m->path || to == &m->target)
		to->len = strnlen(bch_buf_str(to), to->len);
	*at = data + ((u64)size + BCH_USTAR_BLOCK - 1) / BCH_USTAR_BLOCK * BCH_USTAR_BLOCK;
	if (to == &a->globals) { /* read once: what follows it is the member */
		bch_archive_member_end(m);
		m->at = *at;
	}
	return err;
}

static bool is_end(const u8 *block)
{
	for (size_t i = 0; i < BCH_USTAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

int bch_archive_member(struct bch_archive *a, u64 at, struct bch_archive_member *m)
{
	bool is_extended = true;
	struct bch_ustar h;
	const u8 *block;
	int err = 0;

	bch_archive_member_end(m);
	m->at = at;
	while (!err && is_extended) {
		err = bch_archive_block(a, at, &block);
		if (!err && (!block || is_end(block)))
			return block || (at && at == m->at)
				       ? 0
				       : bad(a, at, at ? "the archive ends here" : NOT_TAR);
		if (!err) {
			memcpy(&h, block, sizeof(h));
			err = checksum_fits(&h) ? take_extended(a, &h, &at, m, &is_extended)
						: bad(a, at, at ? "no header of a file" : NOT_TAR);
		}
	}
	if (!err)
		err = take_header(a, &h, at, m);
	if (!err && (bch_buf_failed(&m->path) || bch_buf_failed(&m->target)))
		err = -BCH_ERR_no_memory;
	return err ? err : 1;
}

void bch_archive_member_end(struct bch_archive_member *m)
{
	bch_buf_end(&m->path);
	bch_buf_end(&m->target);
	bch_buf_end(&m->pax);
	*m = (struct bch_archive_member){ 0 };
}
