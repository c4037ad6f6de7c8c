/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the key types give to the table in keys.c. */

#ifndef BCHFS_ONDISK_KEY_PRIVATE_H
#define BCHFS_ONDISK_KEY_PRIVATE_H

#include "ondisk/field.h"
#include "ondisk/keys.h"

/* The rules of one type's value, which is as long as the table wants it. As bch_key_validate(). */
typedef int bch_key_validate_fn(const struct bch_key *k, const struct bch_key_context *c,
				struct bch_buf *why);

/* One type's value, as long as the table wants it but at least 1 byte, as text. */
typedef void bch_key_put_fn(struct bch_buf *out, const struct bch_key *k,
			    const struct bch_key_context *c);

/* Types whose values have rules, and those whose values have a text. */
/* clang-format off */
#define BCH_KEY_VALIDATES(K)	\
	K(btree_ptr)		\
	K(reservation)		\
	K(inode)		\
	K(dirent)		\
	K(xattr)		\
	K(alloc)		\
	K(quota)		\
	K(stripe)		\
	K(reflink_p)		\
	K(reflink_v)		\
	K(btree_ptr_v2)		\
	K(subvolume)		\
	K(snapshot)		\
	K(lru)			\
	K(alloc_v4)		\
	K(backpointer)		\
	K(bucket_gens)		\
	K(snapshot_tree)	\
	K(accounting)		\
	K(inode_generation)	\
	K(inode_alloc_cursor)	\
	K(damage)

#define BCH_KEY_PUTS(K)			\
	K(error)			\
	K(cookie)			\
	K(reservation)			\
	K(inode)			\
	K(inode_generation)		\
	K(dirent)			\
	K(xattr)			\
	K(alloc)			\
	K(quota)			\
	K(stripe)			\
	K(reflink_p)			\
	K(reflink_v)			\
	K(inline_data)			\
	K(btree_ptr_v2)			\
	K(indirect_inline_data)		\
	K(subvolume)			\
	K(snapshot)			\
	K(lru)				\
	K(backpointer)			\
	K(bucket_gens)			\
	K(snapshot_tree)		\
	K(logged_op_truncate)		\
	K(logged_op_finsert)		\
	K(accounting)			\
	K(inode_alloc_cursor)		\
	K(logged_op_stripe_update)	\
	K(damage)

/* Types whose values have fields in places that do not move: BCH_KEY_FIELDS(). */
#define BCH_KEY_FIELD_TYPES(K)		\
	K(cookie)			\
	K(reservation)			\
	K(inode_v3)			\
	K(inode_generation)		\
	K(dirent)			\
	K(xattr)			\
	K(quota)			\
	K(stripe)			\
	K(reflink_p)			\
	K(reflink_v)			\
	K(indirect_inline_data)		\
	K(btree_ptr_v2)			\
	K(subvolume)			\
	K(snapshot)			\
	K(lru)				\
	K(alloc_v4)			\
	K(backpointer)			\
	K(bucket_gens)			\
	K(snapshot_tree)		\
	K(logged_op_truncate)		\
	K(logged_op_finsert)		\
	K(accounting)			\
	K(inode_alloc_cursor)

#define K(name) bch_key_validate_fn bch_key_validate_##name;
BCH_KEY_VALIDATES(K)
#undef K
#define K(name) const struct bch_field *bch_key_fields_##name(void);
BCH_KEY_FIELD_TYPES(K)
#undef K
#define K(name) bch_key_put_fn bch_key_put_##name;
BCH_KEY_PUTS(K)
#undef K
/* clang-format on */

/* Has bch_key_fields_@type() give rows, made by BCH_FIELD() of struct @struct_name. */
#define BCH_KEY_FIELDS(type, struct_name, ...)                                          \
	const struct bch_field *bch_key_fields_##type(void)                             \
	{                                                                               \
		typedef struct struct_name this_struct __attribute__((unused));         \
		static const struct bch_field rows[] = { __VA_ARGS__{ .name = NULL } }; \
                                                                                        \
		return rows;                                                            \
	}

/* The member that a pointer is to, NULL where it is none or unknown. */
const struct bch_key_dev *bch_key_dev(const struct bch_key_context *c, u64 dev_idx);

/* Rules and text of a list of pointers (key_ptrs.c): "durability: 1 crc: … ptr: …". */
bch_key_validate_fn bch_key_validate_ptrs;
bch_key_put_fn bch_key_put_ptrs;

/* "0:30:74 gen 0": device, bucket, sector in it; device and sector where the device is unknown. */
void bch_ptr_place_put(struct bch_buf *out, const struct bch_ptr *p,
		       const struct bch_key_context *c);

/* Appends to @why where there is one, and gives @id back. */
int bch_key_why(struct bch_buf *why, int id, const char *fmt, ...) bch_printf(3, 4);

/* Since then the tools print the forms of 1.28, and since then an extent takes several lines. */
#define BCH_TEXT_1_28  BCH_VERSION(1, 20)
#define BCH_TEXT_LINES BCH_VERSION(1, 29)

#endif
