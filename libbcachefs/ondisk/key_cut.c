// SPDX-License-Identifier: GPL-2.0-or-later
/* Cutting extents of all types at either end: what is stored stays, the key shows less of it. Format reference: 05 §2.5. */

#include <string.h>

#include "ondisk/key_extent.h"

#define SECTOR 512U

/* Where each form of a crc has the place of the key's data in the blob: bits of its first word. */
static const struct {
	u8 lo, hi;
} crc_offset[] = {
	[BCH_EXTENT_ENTRY_crc32] = { 16, 23 },
	[BCH_EXTENT_ENTRY_crc64] = { 21, 30 },
	[BCH_EXTENT_ENTRY_crc128] = { 30, 43 },
};

static u64 get_word(const u8 *p)
{
	le64 v;

	memcpy(&v, p, sizeof(v));
	return le64_get(v);
}

static void put_word(u8 *p, u64 word)
{
	le64 v = le64_of(word);

	memcpy(p, &v, sizeof(v));
}

static void add_to_crc(u8 *entry, enum bch_extent_entry_type type, u64 nr)
{
	u8 lo = crc_offset[type].lo, hi = crc_offset[type].hi;
	u64 w = get_word(entry);

	put_word(entry, bch_bits_set(w, lo, hi, bch_bits_get(w, lo, hi) + nr));
}

/* Blobs that a crc tells of are used whole; a pointer before any crc leads to the data itself. */
static void move_pointers(const struct bch_key *k, u8 *val, u64 nr)
{
	struct bch_bytes rest = bch_key_extent_entries(k), at = rest;
	struct bch_extent_entry e;
	bool coded = false;

	for (; bch_extent_entry_next(&rest, NULL, &e); at = rest) {
		u8 *entry = val + (at.p - k->val.p);

		if (bch_extent_entry_is_crc(e.type)) {
			coded = true;
			add_to_crc(entry, e.type, nr);
		} else if (e.type == BCH_EXTENT_ENTRY_ptr && !coded) {
			e.ptr.offset_sectors += nr;
			put_word(entry, bch_ptr_word(&e.ptr));
		}
	}
}

/* The index has the low bits of the first word. */
static void move_shared(const struct bch_key *k, u8 *val, u64 nr)
{
	if (k->val.len >= sizeof(le64))
		put_word(val, get_word(val) + nr);
}

static void drop_inline(struct bch_key *k, u8 *val, u64 nr, size_t header)
{
	size_t len = k->val.len > header ? k->val.len - header : 0;
	size_t gone = nr < len / SECTOR ? nr * SECTOR : len;

	memmove(val + header, val + header + gone, len - gone);
	k->val.len -= gone;
}

static size_t inline_header(u8 type)
{
	return type == BCH_KEY_indirect_inline_data ? sizeof(le64) : 0;
}

void bch_key_cut_front(struct bch_key *k, u8 *val, u32 nr_sectors)
{
	k->size -= nr_sectors;
	switch (k->type) {
	case BCH_KEY_extent:
	case BCH_KEY_reflink_v:
		move_pointers(k, val, nr_sectors);
		break;
	case BCH_KEY_reflink_p:
		move_shared(k, val, nr_sectors);
		break;
	case BCH_KEY_inline_data:
	case BCH_KEY_indirect_inline_data:
		drop_inline(k, val, nr_sectors, inline_header(k->type));
		break;
	default:
		break;
	}
}

void bch_key_cut_back(struct bch_key *k, u32 nr_sectors)
{
	size_t header = inline_header(k->type), max;

	k->size -= nr_sectors;
	k->pos.offset -= nr_sectors;
	max = header + (size_t)k->size * SECTOR;
	if ((k->type == BCH_KEY_inline_data || header) && k->val.len > max)
		k->val.len = max;
}
