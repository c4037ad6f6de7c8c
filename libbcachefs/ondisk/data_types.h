/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bucket or a replicas record holds. Format reference: 01 §8.2, 06 §2. */

#ifndef BCHFS_ONDISK_DATA_TYPES_H
#define BCHFS_ONDISK_DATA_TYPES_H

/* clang-format off */
#define BCH_DATA_TYPES(D)	\
	D(0,  free)		\
	D(1,  sb)		\
	D(2,  journal)		\
	D(3,  btree)		\
	D(4,  user)		\
	D(5,  cached)		\
	D(6,  parity)		\
	D(7,  stripe)		\
	D(8,  need_gc_gens)	\
	D(9,  need_discard)	\
	D(10, unstriped)	\
	D(11, multiple) /* pointers of different types lead into the bucket: 1.38 */
/* clang-format on */

enum bch_data_type {
#define D(nr, name) BCH_DATA_##name = nr,
	BCH_DATA_TYPES(D)
#undef D
	BCH_DATA_NR
};

/* Ends with NULL. */
extern const char *const bch_data_type_names[];

#endif
