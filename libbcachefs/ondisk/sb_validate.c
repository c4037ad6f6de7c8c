// SPDX-License-Identifier: GPL-2.0-or-later
/* Is a superblock valid? The rules in the order in which kernels apply them. Format reference: 01 §2.1, §10.3. */

#include <string.h>

#include "ondisk/sb_private.h"

/* Up to here the rules of 6.12 hold, above those of 6.16 and newer. */
#define NEWER_RULES(sb) (le16_get((sb)->version) > BCH_VERSION(1, 13))

#define BLOCK_SECTORS_MAX      64
#define MEMBERS_MAX_BEFORE_138 64
#define NS_PER_SECOND	       1000000000U

static bool magic_is_ours(const u8 magic[16])
{
	return !memcmp(magic, bch_magic, 16) || !memcmp(magic, bch_magic_bcache, 16);
}

int bch_sb_layout_validate(const struct bch_sb_layout *layout, struct bch_buf *why)
{
	u64 size, prev;

	if (!magic_is_ours(layout->magic))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_layout, "wrong magic");
	if (layout->layout_type)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_layout_type, "type %u",
				  layout->layout_type);
	if (!layout->nr_superblocks || layout->nr_superblocks > BCH_SB_MAX_COPIES)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_layout_nr_superblocks, "%u superblocks",
				  layout->nr_superblocks);
	if (layout->sb_max_size_bits > BCH_SB_MAX_SIZE_BITS)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_layout_sb_max_size_bits, "2^%u sectors",
				  layout->sb_max_size_bits);

	size = 1ULL << layout->sb_max_size_bits;
	prev = le64_get(layout->sb_offset[0]);
	for (unsigned i = 1; i < layout->nr_superblocks; i++) {
		u64 offset = le64_get(layout->sb_offset[i]);

		if (offset < prev || offset - prev < size)
			return bch_sb_why(why, -BCH_ERR_invalid_sb_layout_superblocks_overlap,
					  "copy %u at sector %" PRIu64 ", copy %u at %" PRIu64,
					  i - 1, prev, i, offset);
		prev = offset;
	}
	return 0;
}

static int validate_version(const struct bch_sb *sb, struct bch_buf *why)
{
	u16 version = le16_get(sb->version), min = le16_get(sb->version_min);
	u16 incompat = (u16)bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT);
	int err = -BCH_ERR_invalid_sb_version;

	if (!bch_version_compatible(version)) {
		bch_sb_why(why, err, "version ");
		if (why)
			bch_version_put(why, version);
		return err;
	}
	if (!bch_version_compatible(min) || min > version)
		return bch_sb_why(why, err, "oldest version %u.%u, version %u.%u",
				  BCH_VERSION_MAJOR(min), BCH_VERSION_MINOR(min),
				  BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
	if (le64_get(sb->features[0]) >> BCH_FEATURE_incompat_version_field & 1 &&
	    incompat > BCH_VERSION_READ_MAX)
		return bch_sb_why(why, err, "incompatible version %u.%u, newest known %u.%u",
				  BCH_VERSION_MAJOR(incompat), BCH_VERSION_MINOR(incompat),
				  BCH_VERSION_MAJOR(BCH_VERSION_READ_MAX),
				  BCH_VERSION_MINOR(BCH_VERSION_READ_MAX));
	return 0;
}

static int validate_features(const struct bch_sb *sb, struct bch_buf *why)
{
	u64 unknown = le64_get(sb->features[0]) >> BCH_FEATURE_NR << BCH_FEATURE_NR;

	if (unknown || le64_get(sb->features[1]))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_features,
				  "unknown feature bits %" PRIx64 ":%" PRIx64,
				  le64_get(sb->features[1]), unknown);
	return 0;
}

static int validate_identity(const struct bch_sb *sb, u64 sector, struct bch_buf *why)
{
	static const u8 none[16];
	u32 block = le16_get(sb->block_size);
	u32 max = le16_get(sb->version) < BCH_VERSION(1, 38) ? MEMBERS_MAX_BEFORE_138
							     : BCH_SB_MAX_MEMBERS;

	if (!block || block > BLOCK_SECTORS_MAX || block & (block - 1))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_block_size, "%u sectors", block);
	if (!memcmp(sb->user_uuid, none, 16))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_uuid, "external UUID");
	if (!memcmp(sb->uuid, none, 16))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_uuid, "internal UUID");
	if (NEWER_RULES(sb) && le64_get(sb->offset) != sector)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_offset, "written for sector %" PRIu64,
				  le64_get(sb->offset));
	if (!sb->nr_devices || sb->nr_devices > max)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_too_many_members, "%u members",
				  sb->nr_devices);
	if (sb->dev_idx >= sb->nr_devices)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_dev_idx, "device %u of %u", sb->dev_idx,
				  sb->nr_devices);
	return 0;
}

static int validate_incompat(const struct bch_sb *sb, unsigned flags, struct bch_buf *why)
{
	if (!(flags & BCH_SB_VALIDATE_WRITE) ||
	    !(le64_get(sb->features[0]) >> BCH_FEATURE_incompat_version_field & 1))
		return 0;
	if (bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT) >
	    bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_version,
				  "incompatible features in use are not allowed");
	return 0;
}

/* What readers put right silently is no error when read. */
static int validate_opts(const struct bch_sb *stored, unsigned flags, struct bch_buf *why)
{
	u16 version = le16_get(stored->version);
	struct bch_sb sb = *stored;

	if (!(flags & BCH_SB_VALIDATE_WRITE))
		bch_sb_fix_up(&sb);

	for (u32 id = 0; id < BCH_OPT_NR; id++) {
		const struct bch_opt *opt = bch_opt(id);
		u64 value;
		int err;

		if (!opt->stored || !bch_opt_in_version(opt, version))
			continue;
		value = bch_sb_opt(&sb, id);
		err = bch_opt_check(NULL, opt, value, version);
		if (err)
			return bch_sb_why(why, err, "option %s: %" PRIu64, opt->name, value);
	}
	return 0;
}

static int validate_structure(const struct bch_super *super, struct bch_buf *why)
{
	struct bch_bytes rest = bch_super_sections(super), body;
	u32 type;
	int more;

	while ((more = bch_sb_section_next(&rest, &type, &body)) > 0)
		;
	return more ? bch_sb_why(why, more, "after %zu bytes of sections",
				 bch_super_sections(super).len - rest.len)
		    : 0;
}

/* The members first, since the others refer to them. */
static int validate_members(const struct bch_super *super, unsigned flags, struct bch_buf *why)
{
	struct bch_bytes v1 = bch_super_section(super, BCH_SECTION_members_v1);
	struct bch_bytes v2 = bch_super_section(super, BCH_SECTION_members_v2);

	if (v1.p)
		return bch_sb_section_validate(super, BCH_SECTION_members_v1, v1, flags, why);
	if (!NEWER_RULES(super->sb) || !v2.p)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_members_missing, "none found");
	return bch_sb_section_validate(super, BCH_SECTION_members_v2, v2, flags, why);
}

static int validate_sections(const struct bch_super *super, unsigned flags, struct bch_buf *why)
{
	struct bch_bytes rest = bch_super_sections(super), body;
	int err = validate_members(super, flags, why);
	u32 type;

	while (!err && bch_sb_section_next(&rest, &type, &body) > 0)
		err = bch_sb_section_validate(super, type, body, flags, why);
	return err;
}

static int validate_written(const struct bch_super *super, struct bch_buf *why)
{
	struct bch_member m;

	if (bch_super_section(super, BCH_SECTION_members_v2).p &&
	    bch_super_member(super, super->sb->dev_idx, &m) && m.seq != le64_get(super->sb->seq))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_members,
				  "sequence number of device %u is not the superblock's",
				  super->sb->dev_idx);
	return 0;
}

int bch_sb_validate(const struct bch_super *super, u64 sector, unsigned flags, struct bch_buf *why)
{
	const struct bch_sb *sb = super->sb;
	u32 precision = le32_get(sb->time_precision);
	int err;

	if ((err = validate_version(sb, why)) || (err = validate_features(sb, why)) ||
	    (err = validate_identity(sb, sector, why)))
		return err;
	if (!precision || precision > NS_PER_SECOND)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_time_precision, "%u ns", precision);
	if ((err = validate_incompat(sb, flags, why)) || (err = validate_opts(sb, flags, why)) ||
	    (err = bch_sb_layout_validate(&sb->layout, why)) ||
	    (err = validate_structure(super, why)) || (err = validate_sections(super, flags, why)))
		return err;
	return flags & BCH_SB_VALIDATE_WRITE ? validate_written(super, why) : 0;
}

static void default_if_zero(struct bch_sb *sb, enum bch_sb_flag flag, u64 value)
{
	if (!bch_sb_flag(sb, flag))
		bch_sb_flag_set(sb, flag, value);
}

void bch_sb_fix_up(struct bch_sb *sb)
{
	u16 version = le16_get(sb->version);
	u64 incompat = bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT);

	default_if_zero(sb, BCH_SB_JOURNAL_FLUSH_DELAY, 1000);
	default_if_zero(sb, BCH_SB_JOURNAL_RECLAIM_DELAY, 1000);
	default_if_zero(sb, BCH_SB_VERSION_UPGRADE_COMPLETE, version);
	if (version <= BCH_VERSION(1, 9)) {
		default_if_zero(sb, BCH_SB_ALLOCATOR_STUCK_TIMEOUT, 30);
		bch_sb_flag_set(sb, BCH_SB_PROMOTE_WHOLE_EXTENTS, 1);
	}
	if (!NEWER_RULES(sb))
		return;

	default_if_zero(sb, BCH_SB_WRITE_ERROR_TIMEOUT, 30);
	if (version <= BCH_VERSION(1, 25))
		default_if_zero(sb, BCH_SB_CSUM_ERR_RETRY_NR, 3);
	if (bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED) > version)
		bch_sb_flag_set(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, version);
	if (incompat > bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED))
		bch_sb_flag_set(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, incompat);
	if (sb->nr_devices > 1)
		bch_sb_flag_set(sb, BCH_SB_MULTI_DEVICE, 1);
}
