/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filesystem that is made in a file of another one, the reserve, on the device that both lie on. CLI 11.1.
 *
 * All buckets that are not wholly the reserve's belong to OLD, a file of the new filesystem, before anything is written;
 * what files of the new one come to point at is taken out of it at the end. So no bucket of the old filesystem is ever
 * free, and a fence keeps what is written within the reserve.
 */

#ifndef BCHFS_OPS_IN_PLACE_H
#define BCHFS_OPS_IN_PLACE_H

#include <bcachefs/migrate.h>
#include "io/io.h"
#include "ops/source.h"
#include "super/super.h"

struct bch_in_place {
	const struct bch_io_range *reserve; /* of the device, ascending */
	size_t nr_reserve;
	u32 block_size; /* of the old filesystem, bytes */

	u32 bucket_bytes;
	u64 nr_buckets, superblock_bytes;
	struct {
		BCH_ARRAY(struct bch_io_range) a;
	} fenced; /* whole buckets of the reserve */
	struct {
		BCH_ARRAY(struct bch_io_range) a;
	} linked; /* what files point at, as it came */
	u32 file; /* OLD, in the source */
	u64 inum;
	u64 nr_sectors; /* that OLD takes */
};

/* Takes the geometry that was chosen. -BCH_ERR_device_too_small where the reserve has too few whole buckets, said. */
int bch_in_place_begin(struct bch_in_place *ip, struct bch_ctx *ctx, const char *dev, u64 dev_bytes,
		       u32 bucket_bytes, u64 superblock_bytes);
void bch_in_place_end(struct bch_in_place *ip);

/* Two superblocks, each from the start of a bucket of the reserve; none where others look for one. */
void bch_in_place_layout(const struct bch_in_place *ip, struct bch_sb_layout *layout);

/* Buckets for the journal, behind those of the superblocks. */
int bch_in_place_journal(const struct bch_in_place *ip, struct bch_bucket_ranges *ranges);

/* Adds OLD to the source; before bch_in_place_cover(). Errors are said. */
int bch_in_place_add_file(struct bch_in_place *ip, struct bch_source *s);

/* Has OLD cover all buckets that are not the reserve's: with the first commit. */
int bch_in_place_cover(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot);

/* May a file point there? Not behind the last bucket, and not where superblocks go one day. */
bool bch_in_place_can_link(const struct bch_in_place *ip, u64 start, u64 len);

/* Takes what is linked out of OLD. Nothing may be linked twice: -BCH_ERR_refused, said. */
int bch_in_place_finish(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot);

#endif
