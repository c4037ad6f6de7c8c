// SPDX-License-Identifier: GPL-2.0-or-later
/* The superblock of another version: options, sections, features, what is to be run. Format reference: 01 §4, §5, §9. */

#include "ondisk/upgrade.h"
#include "ops/upgrade.h"

#define VERSION_INCOMPAT_FIELDS	 BCH_VERSION(1, 14)
#define VERSION_FIX_SAFE	 BCH_VERSION(1, 19)
#define VERSION_MEMBERS_V2_ALONE BCH_VERSION(1, 25)

/* Bits of compat[0] that software up to 1.30 knows. 01 §5.2 */
#define COMPATS_KNOWN 0xfULL

/* Sections that came later. */
static const struct {
	u16 since;
	u32 type;
} sections[] = {
	{ BCH_VERSION(1, 28), BCH_SECTION_recovery_passes },
};

static const struct {
	u16 since;
	u32 bit;
} features[] = {
	{ VERSION_INCOMPAT_FIELDS, BCH_FEATURE_incompat_version_field },
	{ BCH_VERSION(1, 24), BCH_FEATURE_casefolding },
};

/* Options that one of the two sides does not have: their default, or nothing. */
static void change_options(const struct bch_reversion *r)
{
	struct bch_sb *sb = r->fs->super.sb;

	for (u32 id = 0; id < BCH_OPT_NR; id++) {
		const struct bch_opt *opt = bch_opt(id);
		bool had = bch_opt_in_version(opt, r->from), has = bch_opt_in_version(opt, r->to);

		if (opt->stored && had != has)
			bch_sb_opt_set(sb, id, has ? bch_opt_default(opt, r->to) : 0);
	}
	if (bch_crosses_up(r, VERSION_FIX_SAFE))
		bch_sb_opt_set(sb, BCH_OPT_errors, bch_opt(BCH_OPT_errors)->def);
}

/* ------------------------------------------------------------------ up */

static void raise(const struct bch_reversion *r)
{
	struct bch_sb *sb = r->fs->super.sb;
	u64 all = r->incompatible		      ? BCH_FEATURES_ALL_1_14
		  : r->from < VERSION_INCOMPAT_FIELDS ? BCH_FEATURES_ALL
						      : 0;

	sb->features[0] = le64_of(le64_get(sb->features[0]) | all);
	if (r->incompatible)
		bch_sb_flag_set(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, r->to);
}

/* ------------------------------------------------------------------ down */

static void lower_flag(struct bch_sb *sb, enum bch_sb_flag flag, u16 version)
{
	if (bch_sb_flag(sb, flag) > version)
		bch_sb_flag_set(sb, flag, version);
}

/* Of a deleted member older software knows only that its place is free. */
static void forget_deleted_members(struct bch_super *super)
{
	struct bch_member m;

	for (u32 i = 0; i < super->sb->nr_devices; i++)
		if (bch_super_member(super, i, &m) &&
		    !memcmp(m.uuid, bch_member_deleted_uuid, sizeof(m.uuid))) {
			memset(m.uuid, 0, sizeof(m.uuid));
			bch_super_member_put(super, i, &m);
		}
}

/* Newer software drops the copy that older wants beside members_v2. 08 §2.1 */
static int bring_back_members_v1(struct bch_super *super)
{
	struct bch_member m;
	int err;

	if (bch_super_section(super, BCH_SECTION_members_v1).p)
		return 0;
	err = bch_super_section_resize(super, BCH_SECTION_members_v1,
				       (size_t)super->sb->nr_devices * BCH_MEMBER_V1_BYTES);
	for (u32 i = 0; i < super->sb->nr_devices && !err; i++)
		if (bch_super_member(super, i, &m))
			bch_super_member_put(super, i, &m);
	return err;
}

static int lower(const struct bch_reversion *r)
{
	struct bch_super *super = &r->fs->super;
	struct bch_sb *sb = super->sb;
	u16 incompat = r->to < VERSION_INCOMPAT_FIELDS ? 0 : r->to;

	if (le16_get(sb->version_min) > r->to)
		sb->version_min = le16_of(r->to);
	lower_flag(sb, BCH_SB_VERSION_UPGRADE_COMPLETE, r->to);
	lower_flag(sb, BCH_SB_VERSION_INCOMPAT, incompat);
	lower_flag(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, incompat);
	sb->compat[0] = le64_of(le64_get(sb->compat[0]) & COMPATS_KNOWN);
	for (size_t i = 0; i < bch_array_size(features); i++)
		if (r->to < features[i].since)
			sb->features[0] =
				le64_of(le64_get(sb->features[0]) & ~(1ULL << features[i].bit));
	for (size_t i = 0; i < bch_array_size(sections); i++)
		if (r->to < sections[i].since)
			bch_super_section_drop(super, sections[i].type);
	if (bch_crosses_down(r, BCH_VERSION(1, 27)))
		forget_deleted_members(super);
	return r->to < VERSION_MEMBERS_V2_ALONE ? bring_back_members_v1(super) : 0;
}

int bch_reversion_super(const struct bch_reversion *r)
{
	struct bch_super *super = &r->fs->super;
	struct bch_sb_ext ext;
	int err;

	bch_super_ext(super, &ext);
	bch_version_work_add(&ext, r->from, r->to);
	err = bch_super_ext_put(super, &ext);
	if (err)
		return bch_error(r->fs->ctx, err, "superblock: ext section");
	super->sb->version = le16_of(r->to);
	change_options(r);
	if (r->to < r->from)
		err = lower(r);
	else
		raise(r);
	bch_sb_fix_up(super->sb);
	if (!err)
		err = bch_super_downgrade_put(super, r->to);
	if (!err)
		err = bch_super_members_widen(super, BCH_MEMBER_BYTES_1_13);
	return err ? bch_error(r->fs->ctx, err, "superblock") : 0;
}
