// SPDX-License-Identifier: GPL-2.0-or-later
/* The superblock's fixed part: flag fields, memory, fs-wide copy. Format reference: 01 §3, §4, §10.4. */

#include "base/memory.h"
#include "ondisk/superblock.h"

#include <stdlib.h>
#include <bcachefs/error.h>

const u8 bch_magic[16] = { 0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9,
			   0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef };
const u8 bch_magic_bcache[16] = { 0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca,
				  0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81 };
const u8 bch_member_deleted_uuid[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef };

static const struct {
	u8 word, lo, hi;
} flags[BCH_SB_FLAG_NR] = {
#define F(name, word, lo, hi) [BCH_SB_##name] = { word, lo, hi },
	BCH_SB_FLAGS(F)
#undef F
};

u64 bch_sb_flag(const struct bch_sb *sb, enum bch_sb_flag flag)
{
	return bch_bits_get(le64_get(sb->flags[flags[flag].word]), flags[flag].lo, flags[flag].hi);
}

void bch_sb_flag_set(struct bch_sb *sb, enum bch_sb_flag flag, u64 value)
{
	le64 *word = &sb->flags[flags[flag].word];

	*word = le64_of(bch_bits_set(le64_get(*word), flags[flag].lo, flags[flag].hi, value));
}

void bch_super_end(struct bch_super *super)
{
	free(super->sb);
	*super = (struct bch_super){ 0 };
}

size_t bch_super_len(const struct bch_super *super)
{
	return sizeof(struct bch_sb) + (size_t)le32_get(super->sb->u64s) * 8;
}

int bch_super_set(struct bch_super *super, struct bch_bytes from)
{
	const struct bch_sb *sb = bch_bytes_view(from, 0, sizeof(*sb));
	u64 len = sb ? sizeof(*sb) + (u64)le32_get(sb->u64s) * 8 : 0;
	void *copy;

	if (!sb || len > from.len)
		return -BCH_ERR_invalid_sb_too_big;
	copy = bch_malloc((size_t)len);
	if (!copy)
		return -BCH_ERR_no_memory;
	memcpy(copy, from.p, (size_t)len);
	bch_super_end(super);
	super->sb = copy;
	super->size = (size_t)len;
	return 0;
}

int bch_super_new(struct bch_super *super)
{
	static const struct bch_sb zero;

	return bch_super_set(super, (struct bch_bytes){ (const u8 *)&zero, sizeof(zero) });
}

/* A device's own sections: never copied from one member to another. */
static bool section_is_own(u32 type)
{
	return type == BCH_SECTION_journal || type == BCH_SECTION_journal_v2 ||
	       type >= BCH_SECTION_NR;
}

int bch_super_copy_fs(struct bch_super *to, const struct bch_super *from)
{
	const struct bch_sb *f = from->sb;
	struct bch_sb own = *to->sb;
	int err;

	*to->sb = *f;
	to->sb->offset = own.offset;
	to->sb->dev_idx = own.dev_idx;
	to->sb->u64s = own.u64s;
	to->sb->layout = own.layout;
	memcpy(to->sb->magic, own.magic, sizeof(own.magic));

	for (u32 type = 0; type < BCH_SECTION_NR; type++) {
		struct bch_bytes body = bch_super_section(from, type);

		if (section_is_own(type))
			continue;
		if (!body.p) {
			bch_super_section_drop(to, type);
			continue;
		}
		err = bch_super_section_put(to, type, body.p, body.len);
		if (err)
			return err;
	}
	return 0;
}
