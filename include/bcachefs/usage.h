/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the space of an unmounted filesystem is used. CLI 8.1. */

#ifndef BCHFS_USAGE_H
#define BCHFS_USAGE_H

#include <bcachefs/super.h>

/* Name of what is shown; bits of bch_usage_opts.fields. */
/* clang-format off */
#define BCH_USAGE_FIELDS(F)	\
	F(replicas)		\
	F(btree)		\
	F(compression)		\
	F(rebalance_work)	\
	F(devices)
/* clang-format on */

enum bch_usage_field {
#define F(name) BCH_USAGE_##name,
	BCH_USAGE_FIELDS(F)
#undef F
	BCH_USAGE_FIELD_NR
};

/* By number. Ends with NULL. */
extern const char *const bch_usage_field_names[];

struct bch_usage_opts {
	u64 fields;	   /* bits; JSON has them all */
	bool human;	   /* 23.6 MiB, not bytes */
	bool mapper_names; /* /dev/mapper/NAME, not dm-N */
	bool recount;	   /* count all keys, and name what is stored otherwise */
};

/*
 * The usage of @fs as facts, after bch_fs_start(). With opts->recount figures are the counted ones, and *@nr_differences
 * is how many are stored otherwise; each is a line, a thousand at most. Counters of inodes, which no kernel corrects
 * and nothing depends on, are not among them: a warning says how many differ.
 *
 * Return: 0, or
 *   -BCH_ERR_btree_node_read_failed	some keys could not be read: no figures
 *
 * Format reference: 06 §7, §12.5.
 */
int bch_fs_usage(struct bch_fs *fs, const struct bch_usage_opts *opts, struct bch_facts *facts,
		 u64 *nr_differences);

/* What statfs(2) of the kernel that wrote the filesystem last says of it. */
struct bch_statfs {
	u32 block_size; /* bytes */
	u64 nr_blocks, nr_free, nr_avail;
	u64 nr_inodes, nr_free_inodes;
};

/* After bch_fs_start(), by any thread. -BCH_ERR_btree_node_read_failed where some counters could not be read. */
int bch_fs_statfs(struct bch_fs *fs, struct bch_statfs *st);

#endif
