// SPDX-License-Identifier: GPL-2.0-or-later
/* A superblock as facts: fixed part, options, layout. Form: the labels that scripts know (1.13 to 1.31). */

#include <string.h>

#include "ondisk/sb_private.h"

#define NS_PER_SECOND 1000000000ULL

static void show_version(struct bch_facts *facts, const char *label, u64 version)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_version_put(&buf, (u16)version);
	bch_fact(facts, label, "%s", bch_buf_str(&buf));
}

static void show_identity(struct bch_facts *facts, const struct bch_sb *sb)
{
	struct bch_buf label bch_auto(buf) = { 0 };

	bch_fact_uuid(facts, "External UUID", sb->user_uuid);
	bch_fact_uuid(facts, "Internal UUID", sb->uuid);
	bch_fact_uuid(facts, "Magic number", sb->magic);
	bch_fact_u64(facts, "Device index", sb->dev_idx);
	bch_buf_text(&label, sb->label, sizeof(sb->label));
	bch_fact_text(facts, "Label", "%s", label.len ? bch_buf_str(&label) : "(none)");
	if (label.len)
		bch_fact_json_str(facts, "label", bch_buf_str(&label));
}

static void show_versions(struct bch_facts *facts, const struct bch_sb *sb)
{
	u16 version = le16_get(sb->version);
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_version_put(&buf, version);
	bch_fact_text(facts, "Version", "%s", bch_buf_str(&buf));
	/* "version" itself is the JSON document's */
	bch_fact_json_str(facts, "on_disk_version", bch_buf_str(&buf));
	if (version > BCH_VERSION(1, 13)) {
		show_version(facts, "Incompatible features allowed",
			     bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED));
		show_version(facts, "Incompatible features in use",
			     bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT));
	}
	show_version(facts, "Version upgrade complete",
		     bch_sb_flag(sb, BCH_SB_VERSION_UPGRADE_COMPLETE));
	show_version(facts, "Oldest version on disk", le16_get(sb->version_min));
}

static u32 alive_members(const struct bch_super *super)
{
	struct bch_member m;
	u32 nr = 0;

	for (u32 i = 0; i < super->sb->nr_devices; i++)
		nr += bch_super_member(super, i, &m) && bch_member_alive(&m);
	return nr;
}

static void show_sizes(struct bch_facts *facts, const struct bch_super *super)
{
	u64 max = BCH_BYTES(1ULL << super->sb->layout.sb_max_size_bits);
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_buf_human(&buf, bch_super_len(super));
	bch_buf_putc(&buf, '/');
	bch_buf_human(&buf, max);
	bch_fact_text(facts, "Superblock size", "%s", bch_buf_str(&buf));
	bch_fact_json_u64(facts, "superblock_size_bytes", bch_super_len(super));
	bch_fact_json_u64(facts, "superblock_max_size_bytes", max);
}

static void show_section_names(struct bch_facts *facts, const struct bch_super *super)
{
	struct bch_bytes rest = bch_super_sections(super), body;
	u64 types = 0;
	u32 type;

	while (bch_sb_section_next(&rest, &type, &body) > 0)
		if (type < 64)
			types |= 1ULL << type;
	bch_fact_flags(facts, "Sections", types, bch_sb_section_names);
}

void bch_sb_opt_show(struct bch_facts *facts, const struct bch_super *super, enum bch_opt_id id)
{
	const struct bch_opt *opt = bch_opt(id);
	u64 value = bch_sb_opt(super->sb, id);
	struct bch_buf buf bch_auto(buf) = { 0 };

	switch (opt->type) {
	case BCH_OPT_BOOL:
		bch_fact_bool(facts, opt->name, value);
		return;
	case BCH_OPT_NUMBER:
		bch_fact_u64(facts, opt->name, value);
		return;
	case BCH_OPT_SIZE:
		bch_fact_bytes(facts, opt->name, value);
		return;
	case BCH_OPT_TARGET:
		bch_super_target_put(&buf, super, value);
		break;
	default:
		bch_opt_put(&buf, opt, value);
	}
	bch_fact(facts, opt->name, "%s", bch_buf_str(&buf));
}

/* As everywhere, but choices with all that there are. */
static void show_opt(struct bch_facts *facts, const struct bch_super *super, enum bch_opt_id id)
{
	const struct bch_opt *opt = bch_opt(id);

	if (opt->type == BCH_OPT_CHOICE)
		bch_fact_choice(facts, opt->name, opt->choices, bch_sb_opt(super->sb, id));
	else
		bch_sb_opt_show(facts, super, id);
}

static void show_opts(struct bch_facts *facts, const struct bch_super *super)
{
	u16 version = le16_get(super->sb->version);

	bch_facts_heading(facts, "Options:");
	bch_facts_object(facts, "options");
	bch_facts_indent(facts);
	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if ((id == BCH_OPT_block_size || bch_opt(id)->stored) &&
		    bch_opt_in_version(bch_opt(id), version))
			show_opt(facts, super, id);
	bch_facts_outdent(facts);
	bch_facts_end(facts);
}

void bch_sb_show_header(struct bch_facts *facts, const struct bch_sb_show *show)
{
	const struct bch_sb *sb = show->super->sb;

	show_identity(facts, sb);
	show_versions(facts, sb);
	bch_fact_time(facts, "Created", le64_get(sb->time_base_lo) / NS_PER_SECOND);
	bch_fact_u64(facts, "Sequence number", le64_get(sb->seq));
	bch_fact_time(facts, "Time of last write", le64_get(sb->write_time));
	show_sizes(facts, show->super);
	bch_fact_bool(facts, "Clean", bch_sb_flag(sb, BCH_SB_CLEAN));
	bch_fact_u64(facts, "Devices", alive_members(show->super));
	show_section_names(facts, show->super);
	bch_fact_flags(facts, "Features", le64_get(sb->features[0]), bch_sb_feature_names);
	bch_fact_flags(facts, "Compat features", le64_get(sb->compat[0]), bch_sb_compat_names);
	bch_facts_blank(facts);
	show_opts(facts, show->super);
}

void bch_sb_show_layout(struct bch_facts *facts, const struct bch_sb_layout *layout, bool heading)
{
	struct bch_buf offsets bch_auto(buf) = { 0 };

	if (heading) {
		bch_facts_heading(facts, "layout:");
		bch_facts_indent(facts);
	}
	bch_facts_object(facts, "layout");
	bch_facts_column(facts, 27);
	bch_fact_u64(facts, "Type", layout->layout_type);
	bch_fact_bytes(facts, "Superblock max size", BCH_BYTES(1ULL << layout->sb_max_size_bits));
	bch_fact_u64(facts, "Nr superblocks", layout->nr_superblocks);

	bch_facts_list(facts, "offsets");
	for (u32 i = 0; i < layout->nr_superblocks; i++) {
		u64 offset = le64_get(layout->sb_offset[i]);

		bch_fact_json_u64(facts, NULL, offset);
		bch_buf_put(&offsets, "%s%" PRIu64, i ? ", " : "", offset);
	}
	bch_facts_end(facts);
	bch_fact_text(facts, "Offsets", "%s", bch_buf_str(&offsets));
	bch_facts_column(facts, 43);
	bch_facts_end(facts);
	if (heading)
		bch_facts_outdent(facts);
}
