// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filesystems of another version: which may become which, and the steps. Format reference: 01 §9, 07 §1.6; CLI 14.5.
 *
 * The check does the work: with the new version in the superblock in memory it finds what follows from other keys in its
 * old form, and has it be in the new one. What the table says is to be expected it repairs without a word.
 */

#include <bcachefs/journal.h>

#include "base/checked.h"
#include "commit/commit.h"
#include "ops/upgrade.h"

#define VERSION_MIN	       BCH_VERSION_READ_MIN
#define VERSION_MAX	       BCH_VERSION(1, 28) /* what is changed at all */
#define VERSION_DOWNGRADE_MIN  BCH_VERSION(1, 9)
#define VERSION_INCOMPAT_FIRST BCH_VERSION(1, 16)

#define PAIR(v) BCH_VERSION_MAJOR(v), BCH_VERSION_MINOR(v)

u16 bch_fs_version(const struct bch_fs *fs)
{
	return le16_get(fs->super.sb->version);
}

/* ------------------------------------------------------------------ which */

static int refuse(const struct bch_reversion *r, const char *why)
{
	return bch_error_whole(r->fs->ctx, -BCH_ERR_version_unsupported,
			       "from version %u.%u to %u.%u: %s", PAIR(r->from), PAIR(r->to), why);
}

static int check_range(const struct bch_reversion *r, u16 min)
{
	u16 version = bch_fs_version(r->fs);

	if (version < VERSION_MIN || version > VERSION_MAX)
		return refuse(r, "only filesystems of version 1.4 to 1.28 can be changed");
	if (r->to < min || r->to > VERSION_MAX)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_version_unsupported,
				       "cannot become version %u.%u; it can be %u.%u to %u.%u",
				       PAIR(r->to), PAIR(min), PAIR(VERSION_MAX));
	return 0;
}

/* What an upgrade that did not end has already: 01 §9.2. */
static u16 reached(const struct bch_fs *fs)
{
	u16 complete = (u16)bch_sb_flag(fs->super.sb, BCH_SB_VERSION_UPGRADE_COMPLETE);

	return complete ? bch_min(complete, bch_fs_version(fs)) : bch_fs_version(fs);
}

static bool may_use_features(const struct bch_reversion *r)
{
	return bch_sb_flag(r->fs->super.sb, BCH_SB_VERSION_INCOMPAT_ALLOWED) >= r->to;
}

/* Something may be left of one that was cut off, in either direction. */
static bool is_done(const struct bch_reversion *r)
{
	return r->from == r->to && bch_fs_version(r->fs) == r->to && !bch_fs_wants_fsck(r->fs) &&
	       (!r->incompatible || may_use_features(r));
}

/* ------------------------------------------------------------------ the steps */

static int check(const struct bch_reversion *r, const struct bch_upgrade_opts *opts)
{
	const struct bch_fsck_opts fsck = {
		.answer = opts->repair ? BCH_FSCK_YES : BCH_FSCK_SAFE,
		.changed = true,
		.all_or_nothing = true,
		.problem = opts->problem,
		.arg = opts->arg,
	};
	struct bch_fsck_result result;
	int err = bch_fsck(r->fs, &fsck, &result);
	u64 left = result.nr_found - result.nr_repaired;

	bch_fsck_result_end(&result);
	if (err || !left)
		return err;
	return bch_error_whole(
		r->fs->ctx, -BCH_ERR_refused,
		"%" PRIu64 " problems are left, it stays what it is; -y repairs them", left);
}

/*
 * Until the last commit is there an older version may have to read what is there now: what it does not understand goes
 * before.
 */
static int remove_first(const struct bch_reversion *r)
{
	int err = bch_reversion_remove(r);

	if (err || !bch_changes_bytes(r->fs))
		return err;
	err = bch_writer_start(r->fs, NULL);
	return err ? err : bch_commit(r->fs);
}

/* One that was never mounted holds nothing that could be old. */
static int change_super_alone(const struct bch_reversion *r)
{
	static const struct bch_sb_ext nothing_to_do;
	int err = bch_reversion_super(r);

	if (!err)
		err = bch_super_ext_put(&r->fs->super, &nothing_to_do);
	if (err)
		return err;
	r->fs->super.sb->version_min = le16_of(r->to);
	bch_sb_flag_set(r->fs->super.sb, BCH_SB_VERSION_UPGRADE_COMPLETE, r->to);
	return bch_fs_write_super(r->fs);
}

static int convert(const struct bch_reversion *r, const struct bch_upgrade_opts *opts)
{
	static const struct bch_files_opts quiet = { .flags = BCH_FILES_QUIET };
	int err;

	if (!bch_sb_flag(r->fs->super.sb, BCH_SB_INITIALIZED))
		return change_super_alone(r);
	err = bch_fs_start(r->fs, NULL);
	if (!err)
		err = bch_files_start(r->fs, &quiet);
	if (!err)
		err = bch_reversion_blockers(r);
	if (!err)
		err = remove_first(r);
	if (!err)
		err = bch_reversion_alloc(r);
	if (!err)
		err = bch_reversion_super(r);
	return err ? err : check(r, opts);
}

int bch_fs_upgrade(struct bch_fs *fs, const struct bch_upgrade_opts *opts)
{
	const struct bch_reversion r = { fs, reached(fs), opts->to, opts->incompatible };
	int err = check_range(&r, VERSION_MIN);

	if (err)
		return err;
	if (r.to < bch_fs_version(fs))
		return refuse(&r, "that is older; try 'bcachefs downgrade'");
	if (r.incompatible && r.to < VERSION_INCOMPAT_FIRST)
		return refuse(&r, "no version up to that has features that older ones lack");
	return is_done(&r) ? 0 : convert(&r, opts);
}

int bch_fs_downgrade(struct bch_fs *fs, const struct bch_upgrade_opts *opts)
{
	const struct bch_reversion r = { fs, bch_fs_version(fs), opts->to, false };
	int err = check_range(&r, VERSION_DOWNGRADE_MIN);

	if (err)
		return err;
	if (r.to > r.from)
		return refuse(&r, "that is newer; try 'bcachefs upgrade'");
	return is_done(&r) ? 0 : convert(&r, opts);
}
