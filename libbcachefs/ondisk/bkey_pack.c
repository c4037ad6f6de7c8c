// SPDX-License-Identifier: GPL-2.0-or-later
/* Packed keys: formats, unpacking, comparing, packing, the choice of a format. Format reference: 02 §5. */

#include "ondisk/bkey_pack.h"

#define HEADER_BITS	 24 /* u64s, format, type: below the fields */
#define KEY_FORMAT_LOCAL 0
#define FORMAT_MASK	 0x7f /* bit 7 is needs_whiteout */
#define VALUE_U64S_MAX	 250U
#define SIZE_ROOM_BITS	 4 /* for extents that grow by merging: 02 §5.4 (4) */

static const u8 field_width[BCH_KEY_FIELD_NR] = { 64, 64, 32, 32, 32, 64 };

const struct bch_key_format bch_key_format_unpacked = {
	.key_u64s = BCH_BKEY_U64S,
	.bits = { 64, 64, 32, 32, 32, 64 },
	.shift = { 256, 192, 160, 128, 96, 32 },
	.mask = { BCH_U64_MAX, BCH_U64_MAX, BCH_U32_MAX, BCH_U32_MAX, BCH_U32_MAX, BCH_U64_MAX },
	.at = { 32, 24, 20, 16, 12, 4 },
};

static u64 mask(unsigned bits)
{
	return bits ? BCH_U64_MAX >> (64 - bits) : 0;
}

/* How a field is taken out by one load; the last bytes of the key are as far as it goes. */
static void lay_out_load(struct bch_key_format *f, unsigned i)
{
	unsigned at = f->shift[i] / 8U, last = f->key_u64s * 8U - 8;

	f->at[i] = (u8)(at < last ? at : last);
	f->right[i] = (u8)((f->shift[i] - f->at[i] * 8U) % 64);
	f->mask[i] = mask(f->bits[i]);
}

/* Fills all else from bits and offset. */
static void lay_out(struct bch_key_format *f)
{
	unsigned sum = HEADER_BITS, top;

	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++)
		sum += f->bits[i];
	f->key_u64s = (u8)((sum + 63) / 64);

	top = f->key_u64s * 64U;
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		top -= f->bits[i];
		f->shift[i] = (u16)top;
		lay_out_load(f, i);
	}
}

/* ------------------------------------------------------------------ formats on disk */

static bool field_is_valid(unsigned width, unsigned bits, u64 offset)
{
	if (bits > width || (bits == width && offset))
		return false;
	return offset <= mask(width) - mask(bits);
}

bool bch_key_format_get(struct bch_key_format *f, const struct bkey_format *disk)
{
	if (disk->nr_fields != BCH_KEY_FIELD_NR)
		return false;
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		f->bits[i] = disk->bits_per_field[i];
		f->offset[i] = le64_get(disk->field_offset[i]);
		if (!field_is_valid(field_width[i], f->bits[i], f->offset[i]))
			return false;
	}
	lay_out(f);
	return f->key_u64s == disk->key_u64s;
}

void bch_key_format_put(const struct bch_key_format *f, struct bkey_format *disk)
{
	disk->key_u64s = f->key_u64s;
	disk->nr_fields = BCH_KEY_FIELD_NR;
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		disk->bits_per_field[i] = f->bits[i];
		disk->field_offset[i] = le64_of(f->offset[i]);
	}
}

/* ------------------------------------------------------------------ unpacking */

static u64 word(const u8 *key, unsigned nr)
{
	le64 v;

	memcpy(&v, key + nr * sizeof(v), sizeof(v));
	return le64_get(v);
}

/* One that two words have parts of. */
static u64 wide_field(const u8 *key, const struct bch_key_format *f, enum bch_key_field i)
{
	unsigned lo = f->shift[i] / 64, shift = f->shift[i] % 64;
	u64 v = word(key, lo) >> shift | word(key, lo + 1) << (64 - shift);

	return (v & f->mask[i]) + f->offset[i];
}

static inline u64 field(const u8 *key, const struct bch_key_format *f, enum bch_key_field i)
{
	le64 v;

	if (f->right[i] + f->bits[i] > 64)
		return wide_field(key, f, i);
	memcpy(&v, key + f->at[i], sizeof(v));
	return (le64_get(v) >> f->right[i] & f->mask[i]) + f->offset[i];
}

static bool is_packed(const u8 *key)
{
	return (key[1] & FORMAT_MASK) == KEY_FORMAT_LOCAL;
}

static const struct bch_key_format *format_of(const u8 *key, const struct bch_key_format *packed)
{
	return is_packed(key) ? packed : &bch_key_format_unpacked;
}

static inline struct bch_pos unpack_pos(const u8 *key, const struct bch_key_format *f)
{
	return bch_spos(field(key, f, BCH_KEY_FIELD_inode), field(key, f, BCH_KEY_FIELD_offset),
			(u32)field(key, f, BCH_KEY_FIELD_snapshot));
}

struct bch_pos bch_key_unpack_pos(const u8 *key, const struct bch_key_format *format)
{
	return unpack_pos(key, format_of(key, format));
}

int bch_key_measure(struct bch_bytes b, const struct bch_key_format *format, size_t *len,
		    size_t *val_len)
{
	const u8 *key = bch_bytes_view(b, 0, 8);
	unsigned u64s, key_u64s;

	*len = 0;
	if (!key)
		return BCH_FSCK_btree_node_bkey_past_bset_end;
	if ((key[1] & FORMAT_MASK) > BCH_KEY_FORMAT_CURRENT)
		return BCH_FSCK_btree_node_bkey_bad_format;

	u64s = key[0];
	key_u64s = format_of(key, format)->key_u64s;
	if (u64s < key_u64s || u64s - key_u64s > VALUE_U64S_MAX)
		return BCH_FSCK_btree_node_bkey_bad_u64s;
	if (u64s * 8U > b.len)
		return BCH_FSCK_btree_node_bkey_past_bset_end;
	*len = u64s * 8U;
	*val_len = (u64s - key_u64s) * 8U;
	return BCH_KEY_VALID;
}

int bch_key_unpack(struct bch_bytes b, const struct bch_key_format *format, struct bch_key *k,
		   size_t *len)
{
	const struct bch_key_format *f;
	const u8 *key = b.p;
	size_t val_len;
	int id = bch_key_measure(b, format, len, &val_len);

	if (id != BCH_KEY_VALID)
		return id;
	f = format_of(key, format);
	k->pos = unpack_pos(key, f);
	k->size = (u32)field(key, f, BCH_KEY_FIELD_size);
	k->version_hi = (u32)field(key, f, BCH_KEY_FIELD_version_hi);
	k->version_lo = field(key, f, BCH_KEY_FIELD_version_lo);
	k->type = bch_key_packed_type(key);
	k->val = (struct bch_bytes){ key + *len - val_len, val_len };
	return BCH_KEY_VALID;
}

/* ------------------------------------------------------------------ comparing */

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

/* Of two keys of one format the bits from the top down to the snapshot's last. */
static int compare_packed(const u8 *a, const u8 *b, const struct bch_key_format *f)
{
	unsigned end = f->shift[BCH_KEY_FIELD_snapshot];
	unsigned nr = f->key_u64s;

	while (nr-- > end / 64) {
		unsigned skip = nr == end / 64 ? end % 64 : 0;
		int cmp = compare_u64(word(a, nr) >> skip, word(b, nr) >> skip);

		if (cmp)
			return cmp;
	}
	return 0;
}

int bch_key_packed_compare(const u8 *a, const u8 *b, const struct bch_key_format *format)
{
	if (is_packed(a) == is_packed(b))
		return compare_packed(a, b, format_of(a, format));
	return bch_pos_compare(bch_key_unpack_pos(a, format), bch_key_unpack_pos(b, format));
}

/* ------------------------------------------------------------------ packing */

static void fields_of(const struct bch_key *k, u64 v[BCH_KEY_FIELD_NR])
{
	v[BCH_KEY_FIELD_inode] = k->pos.inode;
	v[BCH_KEY_FIELD_offset] = k->pos.offset;
	v[BCH_KEY_FIELD_snapshot] = k->pos.snapshot;
	v[BCH_KEY_FIELD_size] = k->size;
	v[BCH_KEY_FIELD_version_hi] = k->version_hi;
	v[BCH_KEY_FIELD_version_lo] = k->version_lo;
}

bool bch_key_pack(const struct bch_key *k, const struct bch_key_format *f, u8 *out)
{
	u64 n[BCH_BKEY_U64S + 1] = { 0 }, v[BCH_KEY_FIELD_NR];

	fields_of(k, v);
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		unsigned lo = f->shift[i] / 64, shift = f->shift[i] % 64;
		u64 packed = v[i] - f->offset[i];

		if (v[i] < f->offset[i] || packed > mask(f->bits[i]))
			return false;
		n[lo] |= packed << shift;
		if (shift)
			n[lo + 1] |= packed >> (64 - shift);
	}
	n[0] |= (f->key_u64s + k->val.len / 8) | (u64)k->type << 16;
	if (f == &bch_key_format_unpacked)
		n[0] |= BCH_KEY_FORMAT_CURRENT << 8;

	for (unsigned i = 0; i < f->key_u64s; i++) {
		le64 w = le64_of(n[i]);

		memcpy(out + i * sizeof(w), &w, sizeof(w));
	}
	return true;
}

/* ------------------------------------------------------------------ the choice of a format: 02 §5.4 */

void bch_key_ranges_init(struct bch_key_ranges *r)
{
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		r->min[i] = i == BCH_KEY_FIELD_size ? 0 : BCH_U64_MAX;
		r->max[i] = 0;
	}
}

static void add_field(struct bch_key_ranges *r, unsigned i, u64 v)
{
	if (v < r->min[i])
		r->min[i] = v;
	if (v > r->max[i])
		r->max[i] = v;
}

void bch_key_ranges_add_pos(struct bch_key_ranges *r, struct bch_pos pos)
{
	add_field(r, BCH_KEY_FIELD_inode, pos.inode);
	add_field(r, BCH_KEY_FIELD_offset, pos.offset);
	add_field(r, BCH_KEY_FIELD_snapshot, pos.snapshot);
}

void bch_key_ranges_add(struct bch_key_ranges *r, const struct bch_key *k)
{
	u64 v[BCH_KEY_FIELD_NR];

	fields_of(k, v);
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++)
		add_field(r, i, v[i]);
}

/* A field never reaches past its width. */
static void set_field(struct bch_key_format *f, unsigned i, unsigned bits, u64 offset)
{
	unsigned width = field_width[i];
	u64 highest;

	bits = bits < width ? bits : width;
	highest = mask(width) - mask(bits);
	f->bits[i] = (u8)bits;
	f->offset[i] = offset < highest ? offset : highest;
}

static unsigned significant_bits(u64 v)
{
	return v ? 64U - (unsigned)__builtin_clzll(v) : 0;
}

static unsigned spare_bits(const struct bch_key_format *f)
{
	return f->shift[BCH_KEY_FIELD_NR - 1] - HEADER_BITS;
}

struct bch_key_format bch_key_format_of(const struct bch_key_ranges *r)
{
	struct bch_key_format f = { 0 };
	unsigned spare;
	u8 *size = &f.bits[BCH_KEY_FIELD_size];

	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		u64 min = r->min[i] < r->max[i] ? r->min[i] : r->max[i];

		set_field(&f, i, significant_bits(r->max[i] - min), min);
	}
	if (*size)
		*size = *size < 32 - SIZE_ROOM_BITS ? *size + SIZE_ROOM_BITS : 32;
	lay_out(&f);

	/* Whole bytes are cheaper to take apart. */
	spare = spare_bits(&f);
	for (unsigned i = 0; i < BCH_KEY_FIELD_NR; i++) {
		unsigned more = (8 - f.bits[i] % 8U) % 8;

		if (more > spare)
			continue;
		set_field(&f, i, f.bits[i] + more, f.offset[i]);
		spare -= more;
	}
	lay_out(&f);
	return f;
}
