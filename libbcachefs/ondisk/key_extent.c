// SPDX-License-Identifier: GPL-2.0-or-later
/* What points to data: entries, both ways, and walks over pointers. Rules and text: key_ptrs.c. Format reference: 05 §2, 08 §4.3. */

#include "ondisk/key_extent.h"

#include "ondisk/csum_types.h"
#include "ondisk/sb_sections.h"

static const u8 entry_u64s[BCH_EXTENT_ENTRY_NR] = {
#define E(nr, name, u64s) [nr] = u64s,
	BCH_EXTENT_ENTRIES(E)
#undef E
};

#define BTREE_PTR_V2_HEADER 40
#define REFLINK_V_HEADER    8
#define STRIPE_HEADER	    8
#define STRIPE_NR_BLOCKS    3 /* byte that says how many */

static u64 word_at(struct bch_bytes b, size_t nr)
{
	le64 v;

	memcpy(&v, b.p + nr * 8, sizeof(v));
	return le64_get(v);
}

/* A field of an entry's first word, and the word with it set. */
#define GET(word, entry, name) \
	bch_bits_get(word, BCH_ENTRY_##entry##_##name##_lo, BCH_ENTRY_##entry##_##name##_hi)
#define SET(word, entry, name, bits) \
	bch_bits_set(word, BCH_ENTRY_##entry##_##name##_lo, BCH_ENTRY_##entry##_##name##_hi, bits)

struct bch_ptr bch_ptr_get(u64 word)
{
	return (struct bch_ptr){
		.cached = GET(word, ptr, cached),
		.unwritten = GET(word, ptr, unwritten),
		.offset_sectors = GET(word, ptr, offset),
		.dev_idx = (u8)GET(word, ptr, dev),
		.gen = (u8)GET(word, ptr, gen),
	};
}

u64 bch_ptr_word(const struct bch_ptr *ptr)
{
	u64 word = 1ULL << BCH_EXTENT_ENTRY_ptr;

	word = SET(word, ptr, cached, ptr->cached);
	word = SET(word, ptr, unwritten, ptr->unwritten);
	word = SET(word, ptr, offset, ptr->offset_sectors);
	word = SET(word, ptr, dev, ptr->dev_idx);
	return SET(word, ptr, gen, ptr->gen);
}

/* Where each form of a crc keeps its fields: bits of the first word, each up to the next. */
#define CRC_FORM(entry, nonce_lo, nonce_hi)                                                       \
	{                                                                                         \
		BCH_ENTRY_##entry##_compressed_size_lo, BCH_ENTRY_##entry##_uncompressed_size_lo, \
			BCH_ENTRY_##entry##_offset_lo, nonce_lo, nonce_hi,                        \
			BCH_ENTRY_##entry##_csum_type_lo, BCH_ENTRY_##entry##_compression_type_lo \
	}

static const struct crc_form {
	u8 compressed, uncompressed, offset, nonce, nonce_end, csum_type, compression_type;
} crc_forms[] = {
	[BCH_EXTENT_ENTRY_crc32] =
		CRC_FORM(crc32, BCH_ENTRY_crc32_offset_hi, BCH_ENTRY_crc32_offset_hi),
	[BCH_EXTENT_ENTRY_crc64] =
		CRC_FORM(crc64, BCH_ENTRY_crc64_nonce_lo, BCH_ENTRY_crc64_nonce_hi),
	[BCH_EXTENT_ENTRY_crc128] =
		CRC_FORM(crc128, BCH_ENTRY_crc128_nonce_lo, BCH_ENTRY_crc128_nonce_hi),
};

static struct bch_crc get_crc(enum bch_extent_entry_type type, struct bch_bytes b)
{
	const struct crc_form *f = &crc_forms[type];
	u64 w = word_at(b, 0);
	struct bch_crc crc = {
		.compressed_sectors = (u32)bch_bits_get(w, f->compressed, f->uncompressed) + 1,
		.uncompressed_sectors = (u32)bch_bits_get(w, f->uncompressed, f->offset) + 1,
		.offset_sectors = (u32)bch_bits_get(w, f->offset, f->nonce),
		.nonce = (u32)bch_bits_get(w, f->nonce, f->nonce_end),
		.csum_type = (u8)bch_bits_get(w, f->csum_type, f->csum_type + 4U),
		.compression_type =
			(u8)bch_bits_get(w, f->compression_type, f->compression_type + 4U),
	};

	if (type == BCH_EXTENT_ENTRY_crc32) {
		crc.csum_lo = w >> 32;
	} else if (type == BCH_EXTENT_ENTRY_crc64) {
		crc.csum_hi = w >> 48;
		crc.csum_lo = word_at(b, 1);
	} else {
		crc.csum_lo = word_at(b, 1);
		crc.csum_hi = word_at(b, 2);
	}
	return crc;
}

/* Where rebalance and reconcile keep the options: bits, and that of "from the inode". */
struct opts_form {
	struct {
		u8 lo, hi, from_inode;
	} opt[BCH_EXTENT_OPT_NR];
};

/* clang-format off */
static const struct opts_form rebalance_form = { {
#define O(nr, name)						\
	[nr] = { BCH_ENTRY_rebalance_##name##_lo,		\
		 BCH_ENTRY_rebalance_##name##_hi,		\
		 BCH_ENTRY_rebalance_##name##_from_inode_lo },
	BCH_EXTENT_OPTS(O)
#undef O
} };
/* clang-format on */

static const struct opts_form reconcile_form = { {
	[BCH_EXTENT_OPT_data_replicas] = { 28, 31, 22 },
	[BCH_EXTENT_OPT_data_checksum] = { 31, 35, 23 },
	[BCH_EXTENT_OPT_erasure_code] = { 35, 36, 24 },
	[BCH_EXTENT_OPT_background_compression] = { 36, 44, 25 },
	[BCH_EXTENT_OPT_background_target] = { 44, 54, 26 },
	[BCH_EXTENT_OPT_promote_target] = { 54, 64, 27 },
} };

static struct bch_extent_opts get_opts(const struct opts_form *f, u64 word)
{
	struct bch_extent_opts o = { 0 };

	for (unsigned i = 0; i < BCH_EXTENT_OPT_NR; i++) {
		o.value[i] = (u16)bch_bits_get(word, f->opt[i].lo, f->opt[i].hi);
		if (word >> f->opt[i].from_inode & 1)
			o.from_inode = (u8)(o.from_inode | 1 << i);
	}
	return o;
}

static struct bch_extent_opts get_reconcile(u64 word)
{
	struct bch_extent_opts o = get_opts(&reconcile_form, word);

	o.ptrs_moving = (u8)bch_bits_get(word, 10, 15);
	o.hipri = bch_bits_get(word, 15, 16);
	o.pending = bch_bits_get(word, 16, 17);
	o.need = (u8)bch_bits_get(word, 17, 22);
	return o;
}

/* ------------------------------------------------------------------ put */

static void put_word(struct bch_extent_val *val, u64 word)
{
	if (val->nr < BCH_EXTENT_U64S_MAX)
		val->v[val->nr++] = le64_of(word);
}

void bch_extent_val_ptr(struct bch_extent_val *val, const struct bch_ptr *ptr)
{
	put_word(val, bch_ptr_word(ptr));
}

/* The smallest form: format reference 05 §2.4. */
static enum bch_extent_entry_type form_of(const struct bch_crc *crc)
{
	static const struct {
		u16 sectors, nonce;
		u8 csum_bytes;
	} most[] = {
		[BCH_EXTENT_ENTRY_crc32] = { 128, 0, 4 },
		[BCH_EXTENT_ENTRY_crc64] = { 512, 1023, 10 },
	};
	static const u8 csum_bytes[] = {
#define C(nr, name, bytes) [nr] = bytes,
		BCH_CSUM_TYPES(C)
#undef C
	};

	for (enum bch_extent_entry_type t = BCH_EXTENT_ENTRY_crc32; t <= BCH_EXTENT_ENTRY_crc64;
	     t++)
		if (crc->uncompressed_sectors <= most[t].sectors && crc->nonce <= most[t].nonce &&
		    csum_bytes[crc->csum_type] <= most[t].csum_bytes)
			return t;
	return BCH_EXTENT_ENTRY_crc128;
}

void bch_extent_val_crc(struct bch_extent_val *val, const struct bch_crc *crc)
{
	enum bch_extent_entry_type type = form_of(crc);
	const struct crc_form *f = &crc_forms[type];
	u64 w = 1ULL << type;

	if (!crc->csum_type && !crc->compression_type && !crc->nonce)
		return;
	w = bch_bits_set(w, f->compressed, f->uncompressed, crc->compressed_sectors - 1);
	w = bch_bits_set(w, f->uncompressed, f->offset, crc->uncompressed_sectors - 1);
	w = bch_bits_set(w, f->offset, f->nonce, crc->offset_sectors);
	if (f->nonce < f->nonce_end)
		w = bch_bits_set(w, f->nonce, f->nonce_end, crc->nonce);
	w = bch_bits_set(w, f->csum_type, f->csum_type + 4U, crc->csum_type);
	w = bch_bits_set(w, f->compression_type, f->compression_type + 4U, crc->compression_type);
	if (type == BCH_EXTENT_ENTRY_crc32)
		w |= crc->csum_lo << 32;
	else if (type == BCH_EXTENT_ENTRY_crc64)
		w |= crc->csum_hi << 48;
	put_word(val, w);
	if (type != BCH_EXTENT_ENTRY_crc32)
		put_word(val, crc->csum_lo);
	if (type == BCH_EXTENT_ENTRY_crc128)
		put_word(val, crc->csum_hi);
}

void bch_extent_val_rebalance(struct bch_extent_val *val, const struct bch_extent_opts *opts)
{
	const struct opts_form *f = &rebalance_form;
	u64 w = 1ULL << BCH_EXTENT_ENTRY_rebalance;

	for (unsigned i = 0; i < BCH_EXTENT_OPT_NR; i++) {
		w = bch_bits_set(w, f->opt[i].lo, f->opt[i].hi, opts->value[i]);
		if (opts->from_inode >> i & 1)
			w |= 1ULL << f->opt[i].from_inode;
	}
	put_word(val, w);
}

/* ------------------------------------------------------------------ get */

static void decode_entry(struct bch_bytes b, struct bch_extent_entry *e)
{
	u64 word = word_at(b, 0);

	switch (e->type) {
	case BCH_EXTENT_ENTRY_ptr:
		e->ptr = bch_ptr_get(word);
		break;
	case BCH_EXTENT_ENTRY_crc32:
	case BCH_EXTENT_ENTRY_crc64:
	case BCH_EXTENT_ENTRY_crc128:
		e->crc = get_crc(e->type, b);
		break;
	case BCH_EXTENT_ENTRY_stripe_ptr:
		e->stripe = (struct bch_stripe_ptr){ .block = (u8)GET(word, stripe_ptr, block),
						     .redundancy =
							     (u8)GET(word, stripe_ptr, redundancy),
						     .idx = GET(word, stripe_ptr, idx) };
		break;
	case BCH_EXTENT_ENTRY_rebalance:
		e->opts = get_opts(&rebalance_form, word);
		break;
	case BCH_EXTENT_ENTRY_reconcile:
		e->opts = get_reconcile(word);
		break;
	case BCH_EXTENT_ENTRY_flags:
		e->flags = GET(word, flags, flags);
		break;
	case BCH_EXTENT_ENTRY_reconcile_bp:
		e->idx = word >> 9;
		break;
	default:
		break;
	}
}

/* 0: nobody knows. */
static size_t u64s_of(const struct bch_super *super, u32 type)
{
	if (type < BCH_EXTENT_ENTRY_NR)
		return entry_u64s[type];
	return super ? bch_super_extent_type_u64s(super, type) : 0;
}

bool bch_extent_entry_next(struct bch_bytes *rest, const struct bch_super *super,
			   struct bch_extent_entry *e)
{
	size_t u64s;
	u64 word;

	if (rest->len < 8)
		return false;
	word = word_at(*rest, 0);
	if (!word)
		return false;
	e->type = (enum bch_extent_entry_type)__builtin_ctzll(word);
	u64s = u64s_of(super, e->type);
	if (!u64s || rest->len < u64s * 8)
		return false;

	decode_entry(*rest, e);
	*rest = bch_bytes_from(*rest, u64s * 8);
	return true;
}

int bch_key_extent_entries_start(u8 type)
{
	switch (type) {
	case BCH_KEY_btree_ptr:
	case BCH_KEY_extent:
		return 0;
	case BCH_KEY_btree_ptr_v2:
		return BTREE_PTR_V2_HEADER;
	case BCH_KEY_reflink_v:
		return REFLINK_V_HEADER;
	case BCH_KEY_stripe:
		return STRIPE_HEADER;
	default:
		return -1;
	}
}

struct bch_bytes bch_key_extent_entries(const struct bch_key *k)
{
	int start = bch_key_extent_entries_start(k->type);
	struct bch_bytes entries = { 0 };

	if (start >= 0)
		entries = bch_bytes_from(k->val, (size_t)start);
	if (k->type == BCH_KEY_stripe && entries.len &&
	    entries.len > k->val.p[STRIPE_NR_BLOCKS] * 8U)
		entries.len = k->val.p[STRIPE_NR_BLOCKS] * 8U;
	return entries;
}

bool bch_crc_is_compressed(const struct bch_crc *crc)
{
	return crc->compression_type && crc->compression_type != BCH_COMPRESSION_incompressible;
}

u64 bch_crc_disk_sectors(const struct bch_crc *crc, u32 key_sectors)
{
	if (!bch_crc_is_compressed(crc))
		return key_sectors;
	return ((u64)key_sectors * crc->compressed_sectors + crc->uncompressed_sectors - 1) /
	       crc->uncompressed_sectors;
}

struct bch_extent_walk bch_extent_walk(const struct bch_key *k, const struct bch_super *super)
{
	return (struct bch_extent_walk){
		.super = super,
		.rest = bch_key_extent_entries(k),
		.crc = { .compressed_sectors = k->size, .uncompressed_sectors = k->size },
	};
}

bool bch_extent_ptr_next(struct bch_extent_walk *w, struct bch_extent_ptr *p)
{
	struct bch_extent_entry e;

	*p = (struct bch_extent_ptr){ 0 };
	while (bch_extent_entry_next(&w->rest, w->super, &e)) {
		if (bch_extent_entry_is_crc(e.type)) {
			w->crc = e.crc;
		} else if (e.type == BCH_EXTENT_ENTRY_stripe_ptr) {
			p->stripe = e.stripe;
			p->in_stripe = true;
		} else if (e.type == BCH_EXTENT_ENTRY_ptr) {
			p->ptr = e.ptr;
			p->crc = w->crc;
			return true;
		}
	}
	return false;
}
