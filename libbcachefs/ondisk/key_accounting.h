/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters: what each counts lies in its key's position. Format reference: 06 §7, 08 §7. */

#ifndef BCHFS_ONDISK_KEY_ACCOUNTING_H
#define BCHFS_ONDISK_KEY_ACCOUNTING_H

#include "ondisk/bkey.h"

/* Number, name, counters; how many before the version from which on there are that many. */
/* clang-format off */
#define BCH_ACCOUNTING_TYPES(A)					\
	A(0,  nr_inodes,		1, 1, 0)		\
	A(1,  persistent_reserved,	1, 1, 0)		\
	A(2,  replicas,			1, 1, 0)		\
	A(3,  dev_data_type,		3, 3, 0)		\
	A(4,  compression,		3, 3, 0)		\
	A(5,  snapshot,			3, 1, BCH_VERSION(1, 39)) \
	A(6,  btree,			3, 1, BCH_VERSION(1, 31)) \
	A(7,  rebalance_work,		1, 1, 0)		\
	A(8,  inum,			3, 3, 0)		\
	A(9,  reconcile_work,		2, 2, 0)		\
	A(10, dev_leaving,		1, 1, 0)

/* Number, name: kinds of reconcile_work. */
#define BCH_RECONCILE_WORKS(W)	\
	W(0, replicas)		\
	W(1, checksum)		\
	W(2, erasure_code)	\
	W(3, compression)	\
	W(4, target)		\
	W(5, high_priority)	\
	W(6, pending)		\
	W(7, stripes)
/* clang-format on */

enum bch_accounting_type {
#define A(nr, name, ...) BCH_ACCOUNTING_##name = nr,
	BCH_ACCOUNTING_TYPES(A)
#undef A
	BCH_ACCOUNTING_NR
};

enum bch_reconcile_work {
#define W(nr, name) BCH_RECONCILE_WORK_##name = nr,
	BCH_RECONCILE_WORKS(W)
#undef W
	BCH_RECONCILE_WORK_NR
};

/* Ends with NULL. */
extern const char *const bch_reconcile_work_names[];

#define BCH_ACCOUNTING_COUNTERS_MAX 3
#define BCH_ACCOUNTING_DEVS_MAX	    16

/* Since then positions hold the bytes the other way round, so that keys of a type lie together. */
#define BCH_ACCOUNTING_VERSION_BIG_ENDIAN BCH_VERSION(1, 15)

/* What is counted. Only what @type names is set; all zero but @type for types that we do not know. */
struct bch_accounting {
	u8 type;
	u8 nr_replicas;			  /* persistent_reserved */
	u8 nr_devs, nr_required;	  /* replicas */
	u8 devs[BCH_ACCOUNTING_DEVS_MAX]; /* replicas: min(nr_devs, room) */
	u8 dev_idx;			  /* dev_data_type */
	u8 data_type;			  /* replicas, dev_data_type */
	u8 compression_type;		  /* compression */
	u8 work;			  /* reconcile_work */
	u32 snapshot;			  /* snapshot */
	u32 btree_id;			  /* btree; snapshot since 1.39 */
	u32 leaving_dev_idx;		  /* dev_leaving */
	u64 inum;			  /* inum */
};

/* The type alone of what is counted at @pos. */
u8 bch_accounting_type(struct bch_pos pos, u16 version);

/* From a position of the accounting btree, and back (types that we know). Any position will do. */
void bch_accounting_get(struct bch_pos pos, u16 version, struct bch_accounting *a);
struct bch_pos bch_accounting_pos(const struct bch_accounting *a, u16 version);

/* Counter @i of a key; 0 where it is not stored. */
s64 bch_accounting_counter(const struct bch_key *k, u32 i);

/* "replicas user: 1/2 [0 1]": what is counted; of inum the name alone, as the tools print it. */
void bch_accounting_put(struct bch_buf *out, const struct bch_accounting *a, u16 version);

/* How many counters a key of @type has; 0 for types that we do not know. */
u32 bch_accounting_nr_counters(u8 type, u16 version);

#endif
