/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The usage of a filesystem, gathered, for the text and for JSON. */

#ifndef BCHFS_OPS_USAGE_PRIVATE_H
#define BCHFS_OPS_USAGE_PRIVATE_H

#include <bcachefs/usage.h>
#include "alloc/alloc.h"
#include "ondisk/sb_sections.h"
#include "super/super.h"

/* Durabilities from here on are shown as this. */
#define BCH_DURABILITY_MAX 16

struct bch_usage_dev {
	struct bch_member m;
	char *name; /* short; NULL: missing */
	char *label;
	u64 nr_used_sectors; /* of buckets that hold data or metadata */
	u64 nr_all_sectors;
};

struct bch_usage {
	struct bch_fs *fs;
	const struct bch_usage_opts *opts;
	u16 version;
	struct bch_counters counters;
	u64 size_sectors, used_sectors, reserved_sectors, cached_sectors;
	/* of data and metadata, by wanted durability and what of it is missing */
	u64 durability[BCH_DURABILITY_MAX + 1][BCH_DURABILITY_MAX + 1];
	struct bch_usage_dev *devs[BCH_SB_MAX_MEMBERS]; /* NULL: no member */
};

/* Nothing is known yet; then all is; and its memory is given back, whatever gathering returned. */
struct bch_usage bch_usage_of(struct bch_fs *fs, const struct bch_usage_opts *opts);
int bch_usage_gather(struct bch_usage *u, struct bch_facts *facts, u64 *nr_differences);
void bch_usage_end(struct bch_usage *u);

/* Copies that a replicas counter's data has, and how many of them are missing. */
struct bch_usage_copies {
	u32 wanted, missing;
};
struct bch_usage_copies bch_usage_copies(const struct bch_usage *u, const struct bch_accounting *a);

/* The next counter of @type; @after NULL: the first. Those that are zero are passed over. NULL at the end. */
const struct bch_counter *bch_usage_next(const struct bch_usage *u, u8 type,
					 const struct bch_counter *after, struct bch_accounting *a);

/* A device's numbers for a data type, never negative. */
struct bch_usage_type {
	u64 nr_buckets, nr_sectors, nr_fragmented;
};
struct bch_usage_type bch_usage_type(const struct bch_usage *u, u32 dev_idx, u8 data_type);

/* Sectors that a data type takes on a device: of empty buckets all. */
u64 bch_usage_data_sectors(const struct bch_usage *u, u32 dev_idx, u8 data_type);

/* All as facts. */
void bch_usage_text(const struct bch_usage *u, struct bch_facts *facts);
void bch_usage_json(const struct bch_usage *u, struct bch_facts *facts);

#endif
