// SPDX-License-Identifier: GPL-2.0-or-later
/* A device's superblock as facts, and all its copies compared. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "super/super.h"

#define USUAL_SECTIONS                                                                           \
	(1ULL << BCH_SECTION_members_v2 | 1ULL << BCH_SECTION_errors | 1ULL << BCH_SECTION_ext | \
	 1ULL << BCH_SECTION_errors_v2)

/* members_v2 says what members_v1 does and more: the latter only where it is asked for, or alone. */
static bool is_wanted(const struct bch_super *super, u64 sections, u32 type)
{
	u32 bit = type < 63 ? type : 63; /* unknown types are shown by "all" */

	if (!sections)
		return USUAL_SECTIONS >> bit & 1 ||
		       (type == BCH_SECTION_members_v1 &&
			!bch_super_section(super, BCH_SECTION_members_v2).p);
	return sections >> bit & 1;
}

static void show_sections(const struct bch_sb_show *show, const struct bch_show_opts *opts,
			  struct bch_facts *facts)
{
	struct bch_bytes rest = bch_super_sections(show->super), body;
	u64 sections = opts->sections;
	u32 type;

	/* ext is usual since 1.28: what 1.13 prints without being asked does not have it */
	if (!sections && le16_get(show->super->sb->version) <= BCH_VERSION(1, 13))
		sections = (USUAL_SECTIONS & ~(1ULL << BCH_SECTION_ext)) |
			   (bch_super_section(show->super, BCH_SECTION_members_v2).p
				    ? 0
				    : 1ULL << BCH_SECTION_members_v1);

	bch_facts_object(facts, "sections");
	while (bch_sb_section_next(&rest, &type, &body) > 0) {
		if (!is_wanted(show->super, sections, type))
			continue;
		if (!opts->section_only)
			bch_facts_blank(facts);
		bch_sb_section_show(facts, show, type, body, !opts->section_only);
	}
	bch_facts_end(facts);
}

static void show_super(const struct bch_sb_show *show, const struct bch_show_opts *opts,
		       struct bch_facts *facts)
{
	if (!opts->section_only)
		bch_sb_show_header(facts, show);
	if (opts->layout) {
		bch_facts_blank(facts);
		bch_sb_show_layout(facts, &show->super->sb->layout, true);
	}
	show_sections(show, opts, facts);
}

/* The names of the open members, by index; to be freed. NULL where memory is out: then none is known. */
static const char **member_names(const struct bch_fs *fs)
{
	const char **names = bch_calloc(BCH_SB_MAX_MEMBERS + 1, sizeof(*names));

	for (u32 i = 0; names && i < fs->nr_members; i++)
		if (fs->members[i].blkdev)
			names[i] = fs->members[i].blkdev->name;
	return names;
}

/* As it is on the first device that is open: its journal is in there too. */
static const struct bch_super *first_super(const struct bch_fs *fs)
{
	for (u32 i = 0; i < fs->nr_members; i++)
		if (fs->members[i].blkdev)
			return &fs->members[i].super;
	return &fs->super;
}

void bch_fs_show(const struct bch_fs *fs, struct bch_facts *facts)
{
	const char **names = member_names(fs);
	struct bch_sb_show show = { first_super(fs), names };
	struct bch_show_opts opts = { .sections = 1ULL << BCH_SECTION_members_v2 };

	show_super(&show, &opts, facts);
	free(names);
}

/* ------------------------------------------------------------------ all copies */

static void show_copy(struct bch_blkdev *dev, u64 sector, const struct bch_super *first,
		      struct bch_facts *facts)
{
	struct bch_super super bch_auto(super) = { 0 };
	struct bch_buf why bch_auto(buf) = { 0 };
	int err = bch_super_read_copy(dev, sector, &super, &why);

	if (!err)
		err = bch_sb_validate(&super, sector, 0, &why);
	bch_facts_heading(facts, "copy at sector %" PRIu64 ":", sector);
	bch_facts_object(facts, NULL);
	bch_facts_indent(facts);
	bch_fact_json_u64(facts, "sector", sector);
	if (err) {
		bch_fact(facts, "State", "%s%s%s", bch_err_text(err), why.len ? ": " : "",
			 bch_buf_str(&why));
	} else {
		bool same = first->sb && bch_super_len(&super) == bch_super_len(first);

		if (same) { /* but for what every copy has of its own */
			super.sb->offset = first->sb->offset;
			memcpy(super.sb->csum, first->sb->csum, sizeof(super.sb->csum));
			same = !memcmp(super.sb, first->sb, bch_super_len(first));
		}
		bch_fact(facts, "State", "%s",
			 same	     ? "same as the default copy"
			 : first->sb ? "differs from the default copy"
				     : "valid");
		bch_fact_u64(facts, "Sequence number", le64_get(super.sb->seq));
		bch_fact_time(facts, "Time of last write", le64_get(super.sb->write_time));
	}
	bch_facts_outdent(facts);
	bch_facts_end(facts);
}

static int show_copies(struct bch_blkdev *dev, struct bch_facts *facts)
{
	struct bch_super first bch_auto(super) = { 0 };
	struct bch_sb_layout layout;
	struct bch_buf why bch_auto(buf) = { 0 };
	int err;

	if (bch_super_read_copy(dev, BCH_SB_SECTOR, &first, NULL))
		bch_super_end(&first);
	err = bch_super_read_layout(dev, &layout, &why);
	if (err && first.sb && !bch_sb_layout_validate(&first.sb->layout, NULL)) {
		bch_log(dev->ctx, BCH_LOG_warn, "%s: layout at sector %u: %s (%s)", dev->name,
			BCH_SB_LAYOUT_SECTOR, bch_err_text(err), bch_buf_str(&why));
		layout = first.sb->layout;
		err = 0;
	}
	if (err)
		return bch_error(dev->ctx, err, "%s: layout at sector %u", dev->name,
				 BCH_SB_LAYOUT_SECTOR);

	bch_facts_list(facts, "copies");
	for (u32 i = 0; i < layout.nr_superblocks; i++)
		show_copy(dev, le64_get(layout.sb_offset[i]), &first, facts);
	bch_facts_end(facts);
	return 0;
}

/* The filesystem of the device, for its members' names alone: what is wrong with the others is not asked here. */
static struct bch_fs *open_for_names(const char *name, const struct bch_open_opts *open_opts)
{
	struct bch_ctx *quiet bch_auto(ctx) = bch_ctx_new(NULL, NULL);
	struct bch_open_opts opts = *open_opts;
	struct bch_fs *fs = NULL;

	opts.flags = BCH_OPEN_NO_SPLITBRAIN_CHECK;
	opts.no_split = true;
	if (quiet)
		(void)bch_fs_open(quiet, &name, 1, &opts, &fs);
	return fs;
}

/* What the device holds instead of a superblock is part of the message. */
static int say_foreign(struct bch_ctx *ctx, int err, const char *name)
{
	struct bch_signatures found bch_auto(signatures) = { 0 };
	struct bch_buf said bch_auto(buf) = { 0 };

	bch_buf_puts(&said, bch_error_message(ctx, err));
	if (bch_signatures_probe(ctx, name, &found) || !found.nr)
		return bch_error_whole(ctx, err, "%s", bch_buf_str(&said));
	bch_buf_puts(&said, "; blkid says ");
	bch_signature_put(&said, &found.v[0]);
	return bch_error_whole(ctx, err, "%s", bch_buf_str(&said));
}

int bch_super_show(struct bch_ctx *ctx, const char *name, const struct bch_open_opts *open_opts,
		   const struct bch_show_opts *opts, struct bch_facts *facts)
{
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	struct bch_super super bch_auto(super) = { 0 };
	struct bch_fs *fs bch_auto(fs) = NULL;
	const char **names = NULL;
	int err = bch_blkdev_open(ctx, name, 0, &dev);

	if (!err && opts->all_copies)
		return show_copies(dev, facts);
	if (!err)
		err = bch_super_read(dev, open_opts->sb_sector, &super);
	if (err)
		return err == -BCH_ERR_invalid_sb_magic ? say_foreign(ctx, err, name) : err;

	fs = open_for_names(name, open_opts);
	if (fs)
		names = member_names(fs);
	show_super(&(struct bch_sb_show){ &super, names }, opts, facts);
	free(names);
	return 0;
}
