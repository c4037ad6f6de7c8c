// SPDX-License-Identifier: GPL-2.0-or-later
/* Dropping what is known about allocation: which filesystems may be, and the steps. CLI 5.6. */

#include <bcachefs/journal.h>
#include <bcachefs/strip_alloc.h>

#include "commit/commit.h"

#define CAPACITY_MAX (1ULL << 40)

/* Since then kernels know the feature. */
#define VERSION_FEATURE BCH_VERSION(1, 25)

static u64 capacity(const struct bch_fs *fs)
{
	struct bch_member m;
	u64 sum = 0;

	for (u32 i = 0; i < fs->nr_members; i++)
		if (bch_super_member(&fs->super, i, &m) && bch_member_alive(&m))
			sum += BCH_BYTES(m.nbuckets * m.bucket_size);
	return sum;
}

static int check(struct bch_fs *fs, bool force)
{
	u16 version = le16_get(fs->super.sb->version);

	if (version < VERSION_FEATURE && !force)
		return bch_error_whole(
			fs->ctx, -BCH_ERR_version_unsupported,
			"kernels of version %u.%u cannot mount the result, only newer "
			"ones; -f goes on",
			BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
	if (capacity(fs) > CAPACITY_MAX)
		return bch_error_whole(fs->ctx, -BCH_ERR_out_of_range,
				       "filesystem has more than 1 TiB");
	return 0;
}

int bch_fs_strip_alloc(struct bch_fs *fs, bool force)
{
	int err = check(fs, force);

	if (!err && !bch_sb_flag(fs->super.sb, BCH_SB_CLEAN))
		bch_log(fs->ctx, BCH_LOG_warn, "filesystem is not clean, running recovery");
	if (!err)
		err = bch_fs_start(fs, NULL);
	if (!err)
		err = bch_writer_start(fs, NULL);
	return err ? err : bch_strip_alloc(fs);
}
