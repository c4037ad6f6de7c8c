// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A new filesystem: the superblock alone, which the first mount initialises. Format reference: 01 §13.2, §13.3.
 *
 * Everything is decided and checked on superblocks in memory, one for each device; then the devices are written.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <uuid/uuid.h>

#include "base/checked.h"
#include "base/memory.h"
#include "ops/contents.h"
#include "ops/format_private.h"

#define NS_PER_SECOND	    1000000000ULL
#define VERSION_INITIALISED BCH_VERSION(1, 9)

/* ------------------------------------------------------------------ identity */

static int set_identity(struct bch_format *f)
{
	struct bch_sb *sb = f->fs->super.sb;
	u16 version = f->opts->version;
	int err = bch_fs_set_uuid(f->fs, f->opts->uuid);

	if (!err && f->opts->label)
		err = bch_fs_set_label(f->fs, f->opts->label);
	bch_format_uuid(f, "internal", 0, sb->uuid);
	memcpy(sb->magic, bch_magic, sizeof(bch_magic));
	sb->version = le16_of(version);
	sb->version_min = le16_of(version);
	sb->time_base_lo = le64_of(f->opts->now_ns);
	sb->time_precision = le32_of(1);
	sb->features[0] =
		le64_of(version > BCH_VERSION(1, 13) ? BCH_FEATURES_ALL_1_14 : BCH_FEATURES_ALL);
	if (version > BCH_VERSION(1, 13))
		bch_sb_flag_set(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, version);
	return err;
}

/* ------------------------------------------------------------------ options */

/* Every stored option has its default; block and node size are known by now. */
static void set_defaults(struct bch_format *f)
{
	struct bch_sb *sb = f->fs->super.sb;
	u16 version = f->opts->version;

	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if (bch_opt(id)->stored && bch_opt_in_version(bch_opt(id), version))
			bch_sb_opt_set(sb, id, bch_opt_default(bch_opt(id), version));
	bch_sb_opt_set(sb, BCH_OPT_block_size, f->block_size);
	bch_sb_opt_set(sb, BCH_OPT_btree_node_size, f->btree_node_size);
}

static int check_version(const struct bch_format *f)
{
	u16 version = f->opts->version;

	if (f->source && version < VERSION_INITIALISED)
		return bch_error_whole(f->ctx, -BCH_ERR_version_unsupported,
				       "source: versions before 1.9 cannot be filled");
	if (version >= BCH_VERSION_FORMAT_MIN && version <= BCH_VERSION_FORMAT_MAX)
		return 0;
	return bch_error_whole(f->ctx, -BCH_ERR_version_unsupported,
			       "cannot make version %u.%u; versions 1.4 to %u.%u can be made",
			       BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version),
			       BCH_VERSION_MAJOR(BCH_VERSION_FORMAT_MAX),
			       BCH_VERSION_MINOR(BCH_VERSION_FORMAT_MAX));
}

/* All but the sizes, which are set. */
static int set_fs_opts(struct bch_format *f)
{
	struct bch_opt_set set = f->opts->fs;

	set.given[BCH_OPT_block_size] = false;
	set.given[BCH_OPT_btree_node_size] = false;
	if (f->opts->encrypted && set.given[BCH_OPT_nocow] && set.value[BCH_OPT_nocow])
		return bch_error_whole(f->ctx, -BCH_ERR_option_value,
				       "nocow: not together with encryption");
	return bch_fs_set_opts(f->fs, &set, NULL, 0);
}

/* ------------------------------------------------------------------ members */

static int make_members(struct bch_format *f)
{
	int err = bch_super_members_create(&f->fs->super, (u32)f->nr_devs, BCH_MEMBER_BYTES_1_13);

	for (u32 i = 0; !err && i < f->nr_devs; i++)
		err = bch_format_make_member(f, i, f->fs, i);
	return err;
}

static int make_key(struct bch_format *f)
{
	struct bch_sb *sb = f->fs->super.sb;

	if (!f->opts->encrypted)
		return 0;
	f->fs->key = bch_crypt_key_new();
	if (!f->fs->key)
		return -BCH_ERR_no_memory;
	bch_random(f->fs->key, sizeof(*f->fs->key));
	bch_sb_flag_set(sb, BCH_SB_ENCRYPTION_TYPE, 1);
	return bch_fs_set_passphrase(f->fs, f->opts->passphrase);
}

/* ------------------------------------------------------------------ writing */

/* Each device's superblock: the filesystem's, its index, its layout. All must be valid before anything is written. */
static int seal_members(struct bch_format *f)
{
	int err = 0;

	for (size_t i = 0; !err && i < f->nr_devs; i++) {
		struct bch_fs_member *m = &f->fs->members[i];
		struct bch_buf why bch_auto(buf) = { 0 };

		m->super.sb->dev_idx = (u8)i;
		memcpy(m->super.sb->magic, bch_magic, sizeof(bch_magic));
		err = bch_super_copy_fs(&m->super, &f->fs->super);
		if (!err) {
			m->super.sb->offset = m->super.sb->layout.sb_offset[0];
			err = bch_sb_validate(&m->super, le64_get(m->super.sb->offset),
					      BCH_SB_VALIDATE_WRITE, &why);
		}
		if (err)
			err = bch_error(f->ctx, err, "%s: new superblock: %s",
					f->opts->devs[i].path, bch_buf_str(&why));
	}
	return err;
}

static int wipe_devices(struct bch_format *f)
{
	int err = 0;

	for (size_t i = 0; !err && i < f->nr_devs; i++)
		err = bch_format_wipe(f->opts->devs[i].path, f->fs->members[i].blkdev);
	return err;
}

/* Copies on one disk go with it. */
static void warn_of_same_disk(const struct bch_format *f)
{
	const struct bch_sb *sb = f->fs->super.sb;

	if (bch_sb_opt(sb, BCH_OPT_data_replicas) < 2 &&
	    bch_sb_opt(sb, BCH_OPT_metadata_replicas) < 2)
		return;
	for (size_t i = 1; i < f->nr_devs; i++)
		for (size_t j = 0; j < i; j++)
			if (bch_blkdev_same_disk(f->opts->devs[i].path, f->opts->devs[j].path))
				bch_log(f->ctx, BCH_LOG_warn,
					"%s and %s lie on one disk: copies on both are lost with "
					"it",
					f->opts->devs[j].path, f->opts->devs[i].path);
}

static int build(struct bch_format *f)
{
	struct bch_sb *sb;
	int err;

	/* the fs-wide superblock is no device's: nothing bounds it but the largest place */
	f->fs->super.sb->layout.sb_max_size_bits = BCH_SB_MAX_SIZE_BITS;
	if ((err = check_version(f)) || (err = set_identity(f)) ||
	    (err = bch_format_choose_geometry(f)))
		return err;
	set_defaults(f);
	if ((err = make_members(f)) || (err = set_fs_opts(f)) || (err = make_key(f)) ||
	    (err = bch_format_make_layouts(f)))
		return err;
	sb = f->fs->super.sb;
	bch_sb_flag_set(sb, BCH_SB_CSUM_TYPE, bch_super_csum_type(sb));
	sb->layout = f->fs->members[0].super.sb->layout;
	warn_of_same_disk(f);
	return seal_members(f);
}

int bch_format_from(struct bch_ctx *ctx, const struct bch_format_opts *opts,
		    const struct bch_format_from *from, struct bch_fs **fs)
{
	struct bch_format f = { .ctx = ctx,
				.opts = opts,
				.nr_devs = opts->nr_devs,
				.source = from->source,
				.image = from->image,
				.in_place = from->in_place };
	int err;

	*fs = NULL;
	if (!opts->nr_devs || opts->nr_devs > 64)
		return bch_error_whole(ctx, -BCH_ERR_invalid_argument, "%zu devices: want 1 to 64",
				       opts->nr_devs);
	err = bch_fs_new(ctx, (u32)opts->nr_devs, &f.fs);
	if (err)
		return err;
	f.fs->now = opts->now_ns / NS_PER_SECOND;
	f.geometry = bch_calloc(opts->nr_devs, sizeof(*f.geometry));
	err = f.geometry ? bch_format_refuse_twice(&f) : -BCH_ERR_no_memory;
	if (!err)
		err = bch_format_open_devices(&f);
	if (!err)
		err = build(&f);
	if (!err && !opts->dry_run)
		err = bch_fs_start_undo(f.fs, &opts->undo, f.fs->now);
	if (!err && !f.in_place)
		err = wipe_devices(&f);
	if (!err)
		err = bch_fs_write_copies(f.fs, true);
	if (!err && !opts->no_initialise && opts->version >= VERSION_INITIALISED)
		err = bch_format_initialise(&f);
	if (!err)
		bch_sb_fix_up(f.fs->members[0].super.sb); /* shown as everybody will read it */
	free(f.geometry);
	if (err)
		(void)bch_fs_close(f.fs); /* the first error counts */
	else
		*fs = f.fs;
	return err;
}

int bch_format(struct bch_ctx *ctx, const struct bch_format_opts *opts, struct bch_fs **fs)
{
	struct bch_source *source bch_auto(source) = NULL;
	int err = opts->source ? bch_source_open(ctx, opts->source, &source) : 0;

	return err ? err
		   : bch_format_from(ctx, opts, &(const struct bch_format_from){ .source = source },
				     fs);
}
