/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes of the snapshot trees, and the trees. Format reference: 04 §3.1, §3.2; 08 §10. */

#ifndef BCHFS_ONDISK_KEY_SNAPSHOT_H
#define BCHFS_ONDISK_KEY_SNAPSHOT_H

#include <bcachefs/buf.h>
#include <bcachefs/opts.h>
#include "ondisk/fields.h"

/* @btime in units of the filesystem, from its base: 04 §6.6. @state 0: as the flags say. */
/* clang-format off */
#define BCH_SNAPSHOT_FIELDS(F, B)	\
	F(u32, flags, 1)		\
	F(u32, parent, 1)		\
	F(u32, children, 2)		\
	F(u32, subvol, 1)		\
	F(u32, tree, 1)			\
	F(u32, depth, 1)		\
	F(u32, skip, 3)			\
	F(u64, btime, 1)		\
	F(u64, btime_hi, 1)		\
	F(u32, state, 1)		\
	F(u32, pad, 1)

BCH_DISK_STRUCT(bch_snapshot, BCH_SNAPSHOT_FIELDS, 64)

/* Bit, name in texts. Before 1.26 will_delete was called deleted, the last two were not there. */
#define BCH_SNAPSHOT_FLAGS(F)	\
	F(0, will_delete)	\
	F(1, subvol)		\
	F(2, deleted)		\
	F(3, no_keys)

enum bch_snapshot_flag {
#define F(nr, name) BCH_SNAPSHOT_##name = nr,
	BCH_SNAPSHOT_FLAGS(F)
#undef F
};

/* Word, name: since 1.39. Format reference: 08 §10.2. */
#define BCH_SNAPSHOT_STATES(S)		\
	S(0x757c47a2, live)		\
	S(0x3316a8d2, will_delete)	\
	S(0x372b5a01, no_keys)		\
	S(0x7cd4a225, deleted)

enum bch_snapshot_state {
#define S(word, name) BCH_SNAPSHOT_STATE_##name = word,
	BCH_SNAPSHOT_STATES(S)
#undef S
};

#define BCH_SNAPSHOT_TREE_FIELDS(F, B)	\
	F(u32, master_subvol, 1)	\
	F(u32, root_snapshot, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_snapshot_tree, BCH_SNAPSHOT_TREE_FIELDS, 8)

/* Since then snapshots and subvolumes have a state. */
#define BCH_SNAPSHOT_STATES_SINCE BCH_VERSION(1, 39)

/* A state and its name. */
struct bch_state {
	u32 word;
	const char *name;
};

/* The name of state @word, "unknown(HEX)" where it has none. @states ends with a name of NULL. */
void bch_state_put(struct bch_buf *out, const struct bch_state *states, u32 word);

#endif
