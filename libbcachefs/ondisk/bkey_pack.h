/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys as they lie in btree nodes: packed by the node's format, or not. Format reference: 02 §5.
 *
 * A decoded key points to its value where it lies. All functions are pure and safe on any bytes.
 */

#ifndef BCHFS_ONDISK_BKEY_PACK_H
#define BCHFS_ONDISK_BKEY_PACK_H

#include "ondisk/keys.h"
#include "ondisk/pos.h"

/* The fields of a key's header in the order in which they are packed. */
enum bch_key_field {
	BCH_KEY_FIELD_inode,
	BCH_KEY_FIELD_offset,
	BCH_KEY_FIELD_snapshot,
	BCH_KEY_FIELD_size,
	BCH_KEY_FIELD_version_hi,
	BCH_KEY_FIELD_version_lo,
	BCH_KEY_FIELD_NR
};

/* A format on disk: 02 §5.1. */
struct bkey_format {
	u8 key_u64s;
	u8 nr_fields;
	u8 bits_per_field[BCH_KEY_FIELD_NR];
	le64 field_offset[BCH_KEY_FIELD_NR];
};
_Static_assert(sizeof(struct bkey_format) == 56, "format reference 02 §5.1");

/* A valid format. */
struct bch_key_format {
	u8 key_u64s; /* of a packed key without its value, 1 to 5 */
	u8 bits[BCH_KEY_FIELD_NR];
	u16 shift[BCH_KEY_FIELD_NR];  /* lowest bit of the field, in the key as one integer */
	u64 offset[BCH_KEY_FIELD_NR]; /* what is added to the packed value */
	/* from the rest: 8 bytes of the key from at[] on, shifted right, hold the field if it is not too wide for them */
	u64 mask[BCH_KEY_FIELD_NR];
	u8 at[BCH_KEY_FIELD_NR], right[BCH_KEY_FIELD_NR];
};

/* False where it is not valid: error id btree_node_bad_format. 02 §5.5. */
bool bch_key_format_get(struct bch_key_format *format, const struct bkey_format *disk);
void bch_key_format_put(const struct bch_key_format *format, struct bkey_format *disk);

/* The header of an unpacked key, as a format: nothing fails to pack. 02 §5.2. */
extern const struct bch_key_format bch_key_format_unpacked;

/*
 * The key that @b begins with, whose packed form is @format's. *@len becomes the bytes that it takes, 0 where that
 * cannot be told.
 *
 * Return: BCH_KEY_VALID, or what is wrong with it:
 *   BCH_FSCK_btree_node_bkey_past_bset_end	@b ends within the key
 *   BCH_FSCK_btree_node_bkey_bad_format	neither packed nor unpacked
 *   BCH_FSCK_btree_node_bkey_bad_u64s		a length that its format does not allow
 *
 * Format reference: 02 §5.2, §11.3.
 */
int bch_key_unpack(struct bch_bytes b, const struct bch_key_format *format, struct bch_key *k,
		   size_t *len);

/* The same without unpacking; *@val_len becomes the bytes of the value at its end. */
int bch_key_measure(struct bch_bytes b, const struct bch_key_format *format, size_t *len,
		    size_t *val_len);

/* For bytes @key of a key that bch_key_unpack() took: its position alone, and its type. */
struct bch_pos bch_key_unpack_pos(const u8 *key, const struct bch_key_format *format);
static inline u8 bch_key_packed_type(const u8 *key)
{
	return key[2];
}

/*
 * Less than, equal to or more than 0 as the position of @a is to that of @b; both as for bch_key_unpack_pos(). Does not
 * unpack where both are packed. 02 §5.3.
 */
int bch_key_packed_compare(const u8 *a, const u8 *b, const struct bch_key_format *format);

/*
 * Writes the header of @k, format->key_u64s * 8 bytes, to @out; its value follows there. False where a field does not
 * fit: the key goes in unpacked, by bch_key_format_unpacked, which always fits. The whole key must take at most 255 u64s.
 */
bool bch_key_pack(const struct bch_key *k, const struct bch_key_format *format, u8 *out);

/* What keys of a node to be written have in their fields: for bch_key_format_of(). All zero but by _init(). */
struct bch_key_ranges {
	u64 min[BCH_KEY_FIELD_NR], max[BCH_KEY_FIELD_NR];
};

/* No key yet; the node's ends are to be added, and every key that goes into it. */
void bch_key_ranges_init(struct bch_key_ranges *ranges);
void bch_key_ranges_add_pos(struct bch_key_ranges *ranges, struct bch_pos pos);
void bch_key_ranges_add(struct bch_key_ranges *ranges, const struct bch_key *k);

/* The format that a kernel chooses for them: 02 §5.4, 1 to 6. */
struct bch_key_format bch_key_format_of(const struct bch_key_ranges *ranges);

#endif
