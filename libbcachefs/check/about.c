// SPDX-License-Identifier: GPL-2.0-or-later
/* What a filesystem that is checked is called, and how it was found. CLI 6.1. */

#include <bcachefs/fsck.h>
#include <bcachefs/opts.h>
#include "super/super.h"

bool bch_fs_is_clean(const struct bch_fs *fs)
{
	return fs->state.was_clean;
}

void bch_fs_name_put(struct bch_buf *out, const struct bch_fs *fs)
{
	const struct bch_sb *sb = fs->super.sb;

	if (sb->label[0])
		bch_buf_text(out, sb->label, sizeof(sb->label));
	bch_buf_puts(out, sb->label[0] ? " (" : "");
	bch_buf_uuid(out, bch_fs_uuid(fs));
	bch_buf_puts(out, sb->label[0] ? ")" : "");
}

void bch_fsck_heading_put(struct bch_buf *out, const struct bch_fs *fs, const char *opts)
{
	bch_buf_puts(out, "Running userspace offline fsck\nstarting version ");
	bch_version_put(out, le16_get(fs->super.sb->version));
	bch_buf_put(out, " opts=%s\n", opts);
	if (fs->state.seq)
		bch_buf_put(out, "recovering from %s shutdown, journal seq %" PRIu64 "\n",
			    fs->state.was_clean ? "clean" : "unclean", fs->state.seq);
}
