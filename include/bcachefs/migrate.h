/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another filesystem becomes bcachefs where it lies. CLI 11.1. */

#ifndef BCHFS_MIGRATE_H
#define BCHFS_MIGRATE_H

#include <bcachefs/format.h>

/* The file at the top of the new filesystem that has what the old one alone uses. */
#define BCH_MIGRATE_OLD_FILE "old_migrated_filesystem"

struct bch_migrate_opts {
	const char
		*path; /* a device or image file, not mounted; or (@mounted) where it is mounted */
	bool mounted;
	bool force;	/* although a filesystem was made in the reserve before */
	bool no_verify; /* the files are not compared at the end */
	/* Options of the new filesystem: all but devices and source. With dry_run: what would be done. */
	struct bch_format_opts format;
	enum bch_progress_mode progress;
};

/* What was made, or would be. */
struct bch_migrate_result {
	char *device, *type; /* of the old filesystem; to be freed by bch_migrate_result_end() */
	struct bch_populate_sums sums;
	u64 copied_bytes;  /* of files; the others are shared_bytes */
	u64 reserve_bytes; /* of the file; as much could be had at least */
	u64 needed_bytes;  /* of it: an estimate before, what is in use after */
	u64 sb_sector;	   /* where the new filesystem is found */
	bool fits;
};

/*
 * Makes a filesystem within the file "bcachefs" of another one, whose files' data it points at, checks it, and compares all
 * files. The old filesystem is read-only from then on (@mounted), and unchanged but for that file. Only for root.
 * *@result is ended by the caller, whatever is returned.
 *
 * Return: 0, or an error that was said: nothing is left but the file, which the next run takes.
 */
int bch_migrate(struct bch_ctx *ctx, const struct bch_migrate_opts *opts,
		struct bch_migrate_result *result);
void bch_migrate_result_end(struct bch_migrate_result *result);

/* Where the new filesystem in the file of the old one on @path, not mounted, has its superblock. -BCH_ERR_not_found. */
int bch_migrate_find(struct bch_ctx *ctx, const char *path, u64 *sb_sector);

/*
 * Writes the superblocks of a migrated filesystem, open to be written, to where all look for them, over the start of the
 * old one: the point of no return, but for an undo file. Errors are said: -BCH_ERR_refused where that was done, and where
 * files lie there.
 */
int bch_migrate_superblock(struct bch_fs *fs);

#endif
