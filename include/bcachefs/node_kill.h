/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making btree nodes unreadable, for tests of what repairs them. CLI 7.4. */

#ifndef BCHFS_NODE_KILL_H
#define BCHFS_NODE_KILL_H

#include <bcachefs/super.h>

enum bch_node_kill_mode {
	BCH_NODE_KILL_zero, /* the first block becomes zeroes */
	BCH_NODE_KILL_csum, /* the checksum of the first set with keys becomes another */
	BCH_NODE_KILL_keys, /* a byte of its keys does */
};

struct bch_node_kill_opts {
	enum bch_node_kill_mode mode;
	bool one_dev; /* only the copies on member @dev_idx */
	u32 dev_idx;
};

struct bch_node_kill;

/*
 * Finds the copies of the nodes that @nodes say, "BTREE[:LEVEL[:INDEX]]" each, level and index 0 where they are not said,
 * and what is to be written over them; after bch_fs_start(). Nothing is written. Every copy that is meant must be there and
 * must be one that the damage changes: -BCH_ERR_not_found, -BCH_ERR_device_missing, -BCH_ERR_refused, said.
 * -BCH_ERR_option_value for a name that is none, said. @kill is for bch_node_kill_free(), whatever is returned.
 */
int bch_node_kill_find(struct bch_fs *fs, const char *const *nodes, size_t nr,
		       const struct bch_node_kill_opts *opts, struct bch_node_kill **kill);

/* Appends a line for each write to come: device, sector, node. */
void bch_node_kill_put(const struct bch_node_kill *kill, struct bch_buf *out);

/* Writes, and reads it back: -BCH_ERR_io where it is not there. */
int bch_node_kill_write(struct bch_node_kill *kill);
void bch_node_kill_free(struct bch_node_kill *kill);

#endif
