// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACLs as archives have them, "user::rwx,user:1000:r--,group::r-x,mask::r-x,other::---", in the form of the system's
 * calls. Some programs write one entry a line, with a comment, and after the name of somebody the number.
 */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "ondisk/key_xattr.h"
#include "ops/source_tar.h"

#define ACL_VERSION 2
#define ACL_NO_ID   BCH_U32_MAX
#define FIELDS_MAX  4

struct acl_entry {
	le16 tag, perm;
	le32 id;
};

static const struct {
	const char *name;
	u16 tag, named; /* without and with an id; 0: cannot be */
} tags[] = {
	{ "user", BCH_ACL_user_obj, BCH_ACL_user },
	{ "u", BCH_ACL_user_obj, BCH_ACL_user },
	{ "group", BCH_ACL_group_obj, BCH_ACL_group },
	{ "g", BCH_ACL_group_obj, BCH_ACL_group },
	{ "mask", BCH_ACL_mask, 0 },
	{ "m", BCH_ACL_mask, 0 },
	{ "other", BCH_ACL_other, 0 },
	{ "o", BCH_ACL_other, 0 },
};

static bool is_text(struct bch_bytes b, const char *text)
{
	return b.len == strlen(text) && !memcmp(b.p, text, b.len);
}

/* "rwx", in which '-' stands for what is not given; or one digit. */
static bool take_perm(struct bch_bytes text, u16 *perm)
{
	static const char letters[] = "rwx";

	*perm = 0;
	if (text.len == 1 && *text.p >= '0' && *text.p <= '7') {
		*perm = (u16)(*text.p - '0');
		return true;
	}
	for (size_t i = 0; i < text.len; i++) {
		const char *letter = text.p[i] ? strchr(letters, text.p[i]) : NULL;

		if (letter)
			*perm |= (u16)(4 >> (letter - letters));
		else if (text.p[i] != '-')
			return false;
	}
	return text.len;
}

/* GNU tar writes names even if it is not to. They are what they are on this machine, as for tar -x. */
static bool find_user(const char *name, u32 *id)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *p = NULL;

	while (f && (p = fgetpwent(f)) && strcmp(p->pw_name, name))
		;
	if (p)
		*id = p->pw_uid;
	if (f)
		fclose(f);
	return p;
}

static bool find_group(const char *name, u32 *id)
{
	FILE *f = fopen("/etc/group", "re");
	const struct group *g = NULL;

	while (f && (g = fgetgrent(f)) && strcmp(g->gr_name, name))
		;
	if (g)
		*id = g->gr_gid;
	if (f)
		fclose(f);
	return g;
}

/* The number is the name, or comes last; or there is a name alone. */
static bool take_id(const struct bch_bytes *fields, size_t nr, u16 tag, u32 *id)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	u64 v;

	if (!bch_pax_number(fields[1], &v) && (nr < FIELDS_MAX || !bch_pax_number(fields[3], &v))) {
		bch_buf_mem(&name, fields[1].p, fields[1].len);
		return tag == BCH_ACL_user ? find_user(bch_buf_str(&name), id)
					   : find_group(bch_buf_str(&name), id);
	}
	*id = (u32)v;
	return v <= BCH_U32_MAX;
}

static bool take_entry(const struct bch_bytes *fields, size_t nr, struct acl_entry *e)
{
	bool has_id = nr > 2 && fields[1].len;
	u16 tag = 0, perm;
	u32 id = ACL_NO_ID;

	for (size_t i = 0; nr && i < bch_array_size(tags); i++)
		if (is_text(fields[0], tags[i].name))
			tag = has_id ? tags[i].named : tags[i].tag;
	if (!tag || nr < 2 || !take_perm(fields[nr < 3 ? 1 : 2], &perm) ||
	    (has_id && !take_id(fields, nr, tag, &id)))
		return false;
	*e = (struct acl_entry){ le16_of(tag), le16_of(perm), le32_of(id) };
	return true;
}

/* The order that the system wants. */
static int compare(const void *l, const void *r)
{
	const struct acl_entry *a = l, *b = r;
	u16 x = le16_get(a->tag), y = le16_get(b->tag);

	if (x != y)
		return x < y ? -1 : 1;
	return le32_get(a->id) < le32_get(b->id) ? -1 : le32_get(a->id) > le32_get(b->id);
}

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == ',';
}

/* Takes an entry off the front of @text, as fields; how many: 0 at the end, more than FIELDS_MAX where it is none. */
static size_t next_entry(struct bch_bytes *text, struct bch_bytes fields[FIELDS_MAX])
{
	size_t nr = 0, at = 0;

	while (at < text->len && is_blank(text->p[at]))
		at++;
	while (at < text->len && text->p[at] != '#' && !is_blank(text->p[at])) {
		size_t start = at;

		while (at < text->len && text->p[at] != ':' && !is_blank(text->p[at]))
			at++;
		if (nr < FIELDS_MAX)
			fields[nr] = (struct bch_bytes){ text->p + start, at - start };
		nr++;
		at += at < text->len && text->p[at] == ':';
	}
	if (at < text->len && text->p[at] == '#')
		while (at < text->len && text->p[at] != '\n')
			at++;
	*text = bch_bytes_from(*text, at);
	return nr;
}

bool bch_pax_acl(struct bch_bytes text, struct bch_buf *out)
{
	BCH_ARRAY(struct acl_entry) entries = { 0 };
	struct bch_bytes fields[FIELDS_MAX];
	const le32 version = le32_of(ACL_VERSION);
	struct acl_entry e;
	bool good = true;

	while (good && text.len) {
		size_t nr = next_entry(&text, fields);

		if (nr)
			good = nr <= FIELDS_MAX && take_entry(fields, nr, &e) &&
			       !bch_array_push(&entries, e);
	}
	if (good && entries.nr) {
		qsort(entries.v, entries.nr, sizeof(*entries.v), compare);
		bch_buf_mem(out, &version, sizeof(version));
		bch_buf_mem(out, entries.v, entries.nr * sizeof(*entries.v));
	}
	bch_array_end(&entries);
	return good;
}
