// SPDX-License-Identifier: GPL-2.0-or-later
/* Superblock sections: walk, find, resize, and the table of what each type's bytes must be. Format reference: 01 §7. */

#include <stdlib.h>
#include <string.h>

#include <stdio.h>

#include "base/memory.h"
#include "ondisk/sb_private.h"

static const struct {
	bch_sb_validate_fn *validate;
	bch_sb_show_fn *show;
} sections[BCH_SECTION_NR] = {
#define S(name) [BCH_SECTION_##name] = { bch_sb_validate_##name, bch_sb_show_##name },
	BCH_SB_SECTION_FNS(S)
#undef S
};

int bch_sb_why(struct bch_buf *why, int err, const char *fmt, ...)
{
	va_list args;

	if (why) {
		va_start(args, fmt);
		bch_buf_vput(why, fmt, args);
		va_end(args);
	}
	return err;
}

int bch_sb_section_next(struct bch_bytes *rest, u32 *type, struct bch_bytes *body)
{
	const struct bch_sb_section_header *h = bch_bytes_view(*rest, 0, sizeof(*h));
	u64 size;

	if (!rest->len)
		return 0;
	if (!h)
		return -BCH_ERR_invalid_sb_field_size;

	size = (u64)le32_get(h->u64s) * 8; /* in 64 bits: size_t may have 32 */
	if (size < sizeof(*h) || size > rest->len)
		return -BCH_ERR_invalid_sb_field_size;

	*type = le32_get(h->type);
	*body = (struct bch_bytes){ rest->p + sizeof(*h), (size_t)size - sizeof(*h) };
	rest->p += size;
	rest->len -= (size_t)size;
	return 1;
}

struct bch_bytes bch_super_sections(const struct bch_super *super)
{
	return (struct bch_bytes){ (const u8 *)(super->sb + 1),
				   (size_t)le32_get(super->sb->u64s) * 8 };
}

struct bch_bytes bch_super_section(const struct bch_super *super, u32 type)
{
	struct bch_bytes rest = bch_super_sections(super), body;
	u32 found;

	while (bch_sb_section_next(&rest, &found, &body) > 0)
		if (found == type)
			return body;
	return (struct bch_bytes){ 0 };
}

/* Room for @len bytes in all. */
static int reserve(struct bch_super *super, size_t len)
{
	size_t max =
		(size_t)BCH_BYTES(1ULL << (super->sb->layout.sb_max_size_bits < BCH_SB_MAX_SIZE_BITS
						   ? super->sb->layout.sb_max_size_bits
						   : BCH_SB_MAX_SIZE_BITS));
	struct bch_sb *sb;

	if (len > max)
		return -BCH_ERR_no_space_in_sb;
	if (len <= super->size)
		return 0;
	sb = bch_realloc(super->sb, len);
	if (!sb)
		return -BCH_ERR_no_memory;
	super->sb = sb;
	super->size = len;
	return 0;
}

/* Makes the @old_len bytes at @at (an offset into the superblock) @new_len, added ones zero. */
static int replace(struct bch_super *super, size_t at, size_t old_len, size_t new_len)
{
	size_t len = bch_super_len(super);
	int err = new_len > old_len ? reserve(super, len - old_len + new_len) : 0;
	u8 *p;

	if (err)
		return err;
	p = (u8 *)super->sb;
	memmove(p + at + new_len, p + at + old_len, len - at - old_len);
	if (new_len > old_len)
		memset(p + at + old_len, 0, new_len - old_len);
	super->sb->u64s = le32_of((u32)((len - old_len + new_len - sizeof(struct bch_sb)) / 8));
	return 0;
}

int bch_super_section_resize(struct bch_super *super, u32 type, size_t len)
{
	struct bch_bytes body = bch_super_section(super, type);
	struct bch_sb_section_header h;
	size_t new_len, at;
	int err;

	if (len > BCH_BYTES(1ULL << BCH_SB_MAX_SIZE_BITS))
		return -BCH_ERR_no_space_in_sb;
	new_len = sizeof(h) + (len + 7) / 8 * 8;
	at = body.p ? (size_t)(body.p - (const u8 *)super->sb) - sizeof(h) : bch_super_len(super);
	err = replace(super, at, body.p ? body.len + sizeof(h) : 0, new_len);
	if (err)
		return err;
	h.u64s = le32_of((u32)(new_len / 8));
	h.type = le32_of(type);
	memcpy((u8 *)super->sb + at, &h, sizeof(h));
	return 0;
}

int bch_super_section_put(struct bch_super *super, u32 type, const void *body, size_t len)
{
	int err = bch_super_section_resize(super, type, len);
	u8 *p;

	if (err)
		return err;
	p = bch_super_section_mut(super, type);
	memset(p, 0, (len + 7) / 8 * 8);
	if (len)
		memcpy(p, body, len);
	return 0;
}

void bch_super_section_drop(struct bch_super *super, u32 type)
{
	struct bch_bytes body;

	while ((body = bch_super_section(super, type)).p) {
		size_t header = sizeof(struct bch_sb_section_header);

		/* shrinking cannot fail */
		(void)replace(super, (size_t)(body.p - (const u8 *)super->sb) - header,
			      body.len + header, 0);
	}
}

int bch_sb_section_validate(const struct bch_super *super, u32 type, struct bch_bytes body,
			    unsigned flags, struct bch_buf *why)
{
	return type < BCH_SECTION_NR ? sections[type].validate(super, body, flags, why) : 0;
}

void bch_sb_section_show(struct bch_facts *facts, const struct bch_sb_show *show, u32 type,
			 struct bch_bytes body, bool heading)
{
	char number[32];
	const char *name = number;

	if (type < BCH_SECTION_NR)
		name = bch_sb_section_names[type];
	else
		snprintf(number, sizeof(number), "unknown(%u)", type);

	if (heading)
		bch_facts_heading(facts, "%s (size %zu):", name,
				  body.len + sizeof(struct bch_sb_section_header));
	bch_facts_object(facts, name);
	if (type < BCH_SECTION_NR)
		sections[type].show(facts, show, body);
	bch_facts_end(facts);
}

int bch_sb_sections_parse(struct bch_ctx *ctx, const char *list, u64 *set)
{
	bool invert = *list == '-';

	*set = 0;
	if (!strcmp(list, "all")) {
		*set = BCH_U64_MAX;
		return 0;
	}
	list += invert;
	while (*list) {
		size_t len = strcspn(list, ",;");
		u32 i;

		for (i = 0; i < BCH_SECTION_NR; i++)
			if (strlen(bch_sb_section_names[i]) == len &&
			    !strncmp(bch_sb_section_names[i], list, len))
				break;
		if (i == BCH_SECTION_NR)
			return bch_error_whole(ctx, -BCH_ERR_option_value,
					       "no such superblock section: %.*s", (int)len, list);
		*set |= 1ULL << i;
		list += len + (list[len] != 0);
	}
	if (invert)
		*set = ~*set;
	return 0;
}
