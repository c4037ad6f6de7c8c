/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A structure of the format from one list of its fields: the bytes on disk, the numbers in memory, decode and encode.
 *
 *	#define GROUP_FIELDS(F, B)	\
 *		B(label, 32)		\
 *		F(u64, flags, 1)
 *	BCH_DISK_STRUCT(bch_group, GROUP_FIELDS, 40)
 *
 * declares struct bch_group_disk (size asserted), struct bch_group, and
 *	void bch_group_get(struct bch_group *, const void *from, size_t len)
 *	void bch_group_put(const struct bch_group *, void *to, size_t len)
 * A value may be shorter than the structure (an older writer: the rest reads as zero, and is not written) or longer (a
 * newer one: its tail is left alone). F is a number or an array of them, B raw bytes.
 */

#ifndef BCHFS_ONDISK_FIELDS_H
#define BCHFS_ONDISK_FIELDS_H

#include "ondisk/le.h"

#define BCH_LE_u8  u8
#define BCH_LE_u16 le16
#define BCH_LE_u32 le32
#define BCH_LE_u64 le64

#define BCH_GET_u8(v)  (v)
#define BCH_GET_u16(v) le16_get(v)
#define BCH_GET_u32(v) le32_get(v)
#define BCH_GET_u64(v) le64_get(v)

#define BCH_PUT_u8(v)  (v)
#define BCH_PUT_u16(v) le16_of(v)
#define BCH_PUT_u32(v) le32_of(v)
#define BCH_PUT_u64(v) le64_of(v)

/* A field of one element is a number, of more an array: both are reached through a pointer to the first. */
#define BCH_DISK_FIELD(type, name, nr) BCH_LE_##type name[nr];
#define BCH_DISK_BYTES(name, nr)       u8 name[nr];
#define BCH_HOST_FIELD(type, name, nr) BCH_HOST_FIELD_##nr(type, name)
#define BCH_HOST_FIELD_1(type, name)   type name;
#define BCH_HOST_FIELD_2(type, name)   type name[2];
#define BCH_HOST_FIELD_3(type, name)   type name[3];
#define BCH_HOST_FIELD_4(type, name)   type name[4];
#define BCH_HOST_FIELD_8(type, name)   type name[8];
#define BCH_HOST_BYTES(name, nr)       u8 name[nr];

#define BCH_GET_FIELD(type, name, nr)       \
	for (unsigned i = 0; i < (nr); i++) \
		((type *)&host->name)[i] = BCH_GET_##type(disk.name[i]);
#define BCH_GET_BYTES(name, nr) memcpy(host->name, disk.name, nr);
#define BCH_PUT_FIELD(type, name, nr)       \
	for (unsigned i = 0; i < (nr); i++) \
		disk.name[i] = BCH_PUT_##type(((const type *)&host->name)[i]);
#define BCH_PUT_BYTES(name, nr) memcpy(disk.name, host->name, nr);

#define BCH_DISK_STRUCT(struct_name, FIELDS, bytes)                                                \
	struct struct_name##_disk {                                                                \
		FIELDS(BCH_DISK_FIELD, BCH_DISK_BYTES)                                             \
	};                                                                                         \
	_Static_assert(sizeof(struct struct_name##_disk) == (bytes), "format reference");          \
	struct struct_name {                                                                       \
		FIELDS(BCH_HOST_FIELD, BCH_HOST_BYTES)                                             \
	};                                                                                         \
	static inline __attribute__((unused)) void struct_name##_get(struct struct_name *host,     \
								     const void *from, size_t len) \
	{                                                                                          \
		struct struct_name##_disk disk = { 0 };                                            \
                                                                                                   \
		if (len) /* of no bytes @from may be NULL */                                       \
			memcpy(&disk, from, len < sizeof(disk) ? len : sizeof(disk));              \
		FIELDS(BCH_GET_FIELD, BCH_GET_BYTES)                                               \
	}                                                                                          \
	static inline __attribute__((unused)) void struct_name##_put(                              \
		const struct struct_name *host, void *to, size_t len)                              \
	{                                                                                          \
		struct struct_name##_disk disk;                                                    \
                                                                                                   \
		FIELDS(BCH_PUT_FIELD, BCH_PUT_BYTES)                                               \
		memcpy(to, &disk, len < sizeof(disk) ? len : sizeof(disk));                        \
	}

#endif
