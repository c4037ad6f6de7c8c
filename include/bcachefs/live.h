/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filesystem that the running kernel has mounted: what it does when it is asked. CLI 8, 9. */

#ifndef BCHFS_LIVE_H
#define BCHFS_LIVE_H

#include <bcachefs/move.h>
#include <bcachefs/types.h>

struct bch_live;

/* Does @name say a mounted filesystem: a folder in it, or one of its block devices? */
bool bch_is_live(const char *name);

/* Is @path in a mounted bcachefs, or would it be, if it is to be made? */
bool bch_is_in_live(const char *path);

/* Opens the filesystem that @name says, as bch_is_live(), or @name is a device whose superblock names it. Errors are said. */
int bch_live_open(struct bch_ctx *ctx, const char *name, struct bch_live **live);

/* Lets go of it. NULL is nothing. */
void bch_live_close(struct bch_live *live);
static inline void bch_live_cleanup(struct bch_live **live)
{
	bch_live_close(*live);
}

/* The index of the member that @which says: index, path, label, UUID. -BCH_ERR_no_such_device, said. */
int bch_live_member_find(struct bch_live *live, const char *which, u32 *dev_idx);

enum bch_live_flags {
	BCH_LIVE_DATA_LOST = 1 << 0,
	BCH_LIVE_METADATA_LOST = 1 << 1,
	BCH_LIVE_DEGRADED = 3 << 2, /* data and metadata have fewer copies then */
};

/* These say the kernel's error. */
int bch_live_online(struct bch_live *live, const char *path);
int bch_live_offline(struct bch_live *live, u32 dev_idx, unsigned flags);
int bch_live_remove(struct bch_live *live, u32 dev_idx, unsigned flags);
int bch_live_set_state(struct bch_live *live, u32 dev_idx, u64 state, unsigned flags);

/* Has the member use @size bytes of its device, 0 for all; has its journal take so much. */
int bch_live_resize(struct bch_live *live, u32 dev_idx, u64 size);
int bch_live_resize_journal(struct bch_live *live, u32 dev_idx, u64 size);

/* The kernel's numbers. */
enum bch_live_job {
	BCH_LIVE_JOB_rereplicate = 1,
	BCH_LIVE_JOB_migrate = 2,
	BCH_LIVE_JOB_rewrite_old_nodes = 3,
	BCH_LIVE_JOB_drop_extra_replicas = 4,
};

/* Has the kernel do it, and waits: @dev_idx is the member to be emptied. -BCH_ERR_cancelled stops it. */
int bch_live_job(struct bch_live *live, enum bch_live_job job, u32 dev_idx,
		 enum bch_progress_mode progress);

/* Subvolumes, by path. @source NULL: the one that @dest is in. */
int bch_live_subvol_create(struct bch_ctx *ctx, const char *path);
int bch_live_subvol_delete(struct bch_ctx *ctx, const char *path);
int bch_live_subvol_snapshot(struct bch_ctx *ctx, const char *source, const char *dest,
			     bool read_only);

/* Option @name of a file; @value "-" returns to that of its directory. */
int bch_live_set_option(struct bch_ctx *ctx, const char *path, const char *name, const char *value);

#endif
