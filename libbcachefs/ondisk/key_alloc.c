// SPDX-License-Identifier: GPL-2.0-or-later
/* alloc, alloc_v2 to v4: decode, encode, rules, text. Format reference: 06 §2, 08 §5. */

#include "ondisk/key_alloc.h"

#include "ondisk/key_private.h"
#include "ondisk/varint.h"

#define VERSION_TWO_SEQS	BCH_VERSION(1, 20)
#define VERSION_HINT_IS_USER	BCH_VERSION(1, 25)
#define VERSION_STRIPE_REFCOUNT BCH_VERSION(1, 35)
#define VERSION_STICKY_TYPES	BCH_VERSION(1, 38)

/* ------------------------------------------------------------------ alloc_v4 */

/* clang-format off */
#define ALLOC_V4_FIELDS(F, B)		\
	F(u64, journal_seq, 1)		\
	F(u32, flags, 1)		\
	F(u8, gen, 1)			\
	F(u8, oldest_gen, 1)		\
	F(u8, data_type, 1)		\
	F(u8, stripe_redundancy, 1)	\
	F(u32, dirty_sectors, 1)	\
	F(u32, cached_sectors, 1)	\
	F(u64, io_time, 2)		\
	F(u32, stripe, 1)		\
	F(u32, nr_external, 1)		\
	F(u64, journal_seq_empty, 1)	\
	F(u32, stripe_sectors, 1)	\
	F(u32, pad, 1)
/* clang-format on */
BCH_DISK_STRUCT(alloc_v4, ALLOC_V4_FIELDS, BCH_ALLOC_V4_LEN)

#define FLAG_NEED_DISCARD     (1U << 0)
#define FLAG_NEED_INC_GEN     (1U << 1)
#define FIXED_U64S(flags)     ((u32)bch_bits_get(flags, 2, 8))
#define NR_EMBEDDED(flags)    ((u32)bch_bits_get(flags, 8, 14))
#define FIXED_U64S_FLAG(n)    ((u32)(n) << 2)
#define FIXED_U64S_OF_ZERO    6
#define EMBEDDED_BACKPTR_U64S 4

static int get_v4(const struct bch_key *k, u16 version, struct bch_alloc *a)
{
	struct alloc_v4 d;
	size_t fixed;

	alloc_v4_get(&d, k->val.p, k->val.len);
	fixed = FIXED_U64S(d.flags) ? FIXED_U64S(d.flags) : FIXED_U64S_OF_ZERO;
	if (k->val.len / 8 < fixed + EMBEDDED_BACKPTR_U64S * NR_EMBEDDED(d.flags))
		return BCH_FSCK_alloc_v4_val_size_bad;
	if (!FIXED_U64S(d.flags) && NR_EMBEDDED(d.flags))
		return BCH_FSCK_alloc_v4_backpointers_start_bad;

	alloc_v4_get(&d, k->val.p, fixed * 8); /* what follows are backpointers */
	*a = (struct bch_alloc){
		.journal_seq_nonempty = d.journal_seq,
		.journal_seq_empty = version < VERSION_TWO_SEQS ? 0 : d.journal_seq_empty,
		.io_time = { d.io_time[0], d.io_time[1] },
		.dirty_sectors = d.dirty_sectors,
		.cached_sectors = d.cached_sectors,
		.stripe_sectors = d.stripe_sectors,
		.stripe = d.stripe,
		.gen = d.gen,
		.oldest_gen = d.oldest_gen,
		.data_type = d.data_type,
		.stripe_redundancy = d.stripe_redundancy,
		.need_discard = d.flags & FLAG_NEED_DISCARD,
		.need_inc_gen = d.flags & FLAG_NEED_INC_GEN,
	};
	return BCH_KEY_VALID;
}

void bch_alloc_put(const struct bch_alloc *a, u16 version, u8 val[BCH_ALLOC_V4_LEN])
{
	struct alloc_v4 d = {
		.journal_seq = a->journal_seq_nonempty,
		.flags = (a->need_discard ? FLAG_NEED_DISCARD : 0) |
			 (a->need_inc_gen ? FLAG_NEED_INC_GEN : 0) |
			 FIXED_U64S_FLAG(BCH_ALLOC_V4_LEN / 8),
		.gen = a->gen,
		.oldest_gen = a->oldest_gen,
		.data_type = a->data_type,
		.stripe_redundancy = a->stripe_redundancy,
		.dirty_sectors = a->dirty_sectors,
		.cached_sectors = a->cached_sectors,
		.io_time = { a->io_time[0], a->io_time[1] },
		.stripe = a->stripe,
		.journal_seq_empty = version < VERSION_TWO_SEQS ? 0 : a->journal_seq_empty,
		.stripe_sectors = a->stripe_sectors,
	};

	alloc_v4_put(&d, val, BCH_ALLOC_V4_LEN);
}

/* ------------------------------------------------------------------ older ones */

/* Bytes of the fields of alloc, in the order of the bits that say which are there. */
static const u8 v1_field_bytes[8] = { 2, 2, 1, 2, 2, 1, 4, 1 };

static int get_v1(const struct bch_key *k, struct bch_alloc *a)
{
	const u8 *p = k->val.p;
	size_t at = 2;
	u64 v[8] = { 0 };

	for (unsigned i = 0; i < 8; i++) {
		if (!(p[0] >> i & 1))
			continue;
		if (v1_field_bytes[i] > k->val.len - at)
			return BCH_FSCK_alloc_v1_val_size_bad;
		for (unsigned b = 0; b < v1_field_bytes[i]; b++)
			v[i] |= (u64)p[at++] << 8 * b;
	}
	*a = (struct bch_alloc){
		.gen = p[1],
		.io_time = { v[0], v[1] },
		.data_type = (u8)v[2],
		.dirty_sectors = (u32)v[3],
		.cached_sectors = (u32)v[4],
		.oldest_gen = (u8)v[5],
		.stripe = (u32)v[6],
		.stripe_redundancy = (u8)v[7],
	};
	return BCH_KEY_VALID;
}

/* Four bytes and as many numbers as the first of them says; both alloc_v2 and the end of alloc_v3. */
static int get_varints(struct bch_bytes b, struct bch_alloc *a)
{
	static const u64 max[6] = {
		BCH_U64_MAX, BCH_U64_MAX, BCH_U32_MAX, BCH_U32_MAX, BCH_U32_MAX, UINT8_MAX,
	};
	struct bch_bytes rest = bch_bytes_from(b, 4);
	u64 v[6] = { 0 };

	for (unsigned i = 0; i < b.p[0] && i < bch_array_size(v); i++)
		if (!bch_varint_take(&rest, &v[i]) || v[i] > max[i])
			return BCH_FSCK_alloc_v2_unpack_error;
	a->gen = b.p[1];
	a->oldest_gen = b.p[2];
	a->data_type = b.p[3];
	a->io_time[0] = v[0];
	a->io_time[1] = v[1];
	a->dirty_sectors = (u32)v[2];
	a->cached_sectors = (u32)v[3];
	a->stripe = (u32)v[4];
	a->stripe_redundancy = (u8)v[5];
	return BCH_KEY_VALID;
}

static int get_v3(const struct bch_key *k, struct bch_alloc *a)
{
	struct alloc_v4 d; /* begins with the same two fields */

	alloc_v4_get(&d, k->val.p, 12);
	a->journal_seq_nonempty = d.journal_seq;
	a->need_discard = d.flags & FLAG_NEED_DISCARD;
	return get_varints(bch_bytes_from(k->val, 12), a);
}

int bch_alloc_get(const struct bch_key *k, u16 version, struct bch_alloc *a)
{
	*a = (struct bch_alloc){ 0 };
	if (k->val.len < bch_key_val_min(k->type))
		return BCH_FSCK_bkey_val_size_too_small;
	switch (k->type) {
	case BCH_KEY_alloc:
		return get_v1(k, a);
	case BCH_KEY_alloc_v2:
		return get_varints(k->val, a);
	case BCH_KEY_alloc_v3:
		return get_v3(k, a);
	case BCH_KEY_alloc_v4:
		return get_v4(k, version, a);
	default:
		return BCH_FSCK_bkey_invalid_type_for_btree;
	}
}

/* ------------------------------------------------------------------ what follows from the counts */

u8 bch_alloc_data_type(const struct bch_alloc *a, u8 hint, u16 version)
{
	bool sticky = version >= VERSION_STICKY_TYPES;

	if (sticky && a->data_type == BCH_DATA_multiple)
		return BCH_DATA_multiple;
	if (a->stripe)
		return hint == BCH_DATA_parity ? BCH_DATA_parity : BCH_DATA_stripe;
	if (a->dirty_sectors || a->stripe_sectors) {
		if (version >= VERSION_HINT_IS_USER &&
		    (hint == BCH_DATA_cached || hint == BCH_DATA_stripe))
			return BCH_DATA_user;
		return hint;
	}
	if (a->cached_sectors)
		return BCH_DATA_cached;
	if (sticky ? a->data_type == BCH_DATA_need_discard : a->need_discard)
		return BCH_DATA_need_discard;
	return bch_alloc_gc_gen(a) >= BCH_GC_GEN_MAX ? BCH_DATA_need_gc_gens : BCH_DATA_free;
}

u64 bch_alloc_fragmentation(const struct bch_alloc *a, u16 bucket_sectors)
{
	u64 used = (u64)a->dirty_sectors + a->stripe_sectors;

	if (a->data_type != BCH_DATA_btree && a->data_type != BCH_DATA_user &&
	    a->data_type != BCH_DATA_stripe && a->data_type != BCH_DATA_multiple)
		return 0;
	return used < bucket_sectors ? (used << 31) / bucket_sectors : 0;
}

/* ------------------------------------------------------------------ rules */

/* The counts that go with a data type. */
static int check_counts(const struct bch_alloc *a, bool writing)
{
	bool dirty = a->dirty_sectors || a->stripe_sectors;

	switch (a->data_type) {
	case BCH_DATA_free:
	case BCH_DATA_need_gc_gens:
	case BCH_DATA_need_discard:
		if (dirty || a->cached_sectors || a->stripe)
			return BCH_FSCK_alloc_key_empty_but_have_data;
		break;
	case BCH_DATA_sb:
	case BCH_DATA_journal:
	case BCH_DATA_btree:
	case BCH_DATA_user:
	case BCH_DATA_parity:
		if (!dirty)
			return BCH_FSCK_alloc_key_dirty_sectors_0;
		break;
	case BCH_DATA_cached:
		if (!a->cached_sectors || dirty || a->stripe)
			return BCH_FSCK_alloc_key_cached_inconsistency;
		if (writing && !a->io_time[0])
			return BCH_FSCK_alloc_key_cached_but_read_time_zero;
		break;
	default:
		break;
	}
	return BCH_KEY_VALID;
}

static int check_alloc(const struct bch_alloc *a, const struct bch_key_context *c)
{
	bool known = a->data_type < BCH_DATA_unstriped ||
		     (a->data_type == BCH_DATA_multiple && c->version >= VERSION_STICKY_TYPES);

	if (!known || bch_alloc_data_type(a, a->data_type, c->version) != a->data_type)
		return BCH_FSCK_alloc_key_data_type_bad;
	if (a->io_time[0] > BCH_IO_TIME_MAX || a->io_time[1] > BCH_IO_TIME_MAX)
		return BCH_FSCK_alloc_key_io_time_bad;
	return check_counts(a, c->writing);
}

/* alloc, alloc_v2, alloc_v3: they are only read, and converted then. */
int bch_key_validate_alloc(const struct bch_key *k, const struct bch_key_context *c,
			   struct bch_buf *why)
{
	struct bch_alloc a;
	int problem = bch_alloc_get(k, c->version, &a);

	if (problem != BCH_KEY_VALID)
		return bch_key_why(why, problem, "value of %zu bytes cannot be read", k->val.len);
	return BCH_KEY_VALID;
}

int bch_key_validate_alloc_v4(const struct bch_key *k, const struct bch_key_context *c,
			      struct bch_buf *why)
{
	struct bch_alloc a;
	int problem = bch_key_validate_alloc(k, c, why);

	if (problem != BCH_KEY_VALID)
		return problem;
	bch_alloc_get(k, c->version, &a);
	problem = check_alloc(&a, c);
	if (problem != BCH_KEY_VALID)
		return bch_key_why(why, problem,
				   "data type %u, dirty %u, cached %u, stripe %u: %u sectors, io "
				   "time %" PRIu64 " %" PRIu64,
				   a.data_type, a.dirty_sectors, a.cached_sectors, a.stripe,
				   a.stripe_sectors, a.io_time[0], a.io_time[1]);
	return BCH_KEY_VALID;
}

/* ------------------------------------------------------------------ text */

/* A line "  name  value", the values in one column. */
static void put_line(struct bch_buf *out, int column, const char *name, u64 v)
{
	bch_buf_put(out, "\n%-*s %" PRIu64, column, name, v);
}

static void put_stripe(struct bch_buf *out, const struct bch_alloc *a, u16 version, int column)
{
	if (version >= VERSION_STRIPE_REFCOUNT) {
		put_line(out, column, "stripe_refcount", a->stripe);
		return;
	}
	put_line(out, column, "stripe", a->stripe);
	put_line(out, column, "stripe_redundancy", a->stripe_redundancy);
}

static void put_alloc(struct bch_buf *out, const struct bch_alloc *a,
		      const struct bch_key_context *c, u16 bucket_sectors)
{
	bool two_seqs = c->version >= BCH_TEXT_1_28;
	int column = two_seqs ? 20 : 17;

	bch_buf_put(out, "\ngen %u oldest_gen %u data_type ", a->gen, a->oldest_gen);
	bch_buf_choice(out, bch_data_type_names, a->data_type);
	put_line(out, column, two_seqs ? "journal_seq_nonempty" : "journal_seq",
		 a->journal_seq_nonempty);
	if (two_seqs)
		put_line(out, column, "journal_seq_empty", a->journal_seq_empty);
	put_line(out, column, "need_discard", a->need_discard);
	put_line(out, column, "need_inc_gen", a->need_inc_gen);
	put_line(out, column, "dirty_sectors", a->dirty_sectors);
	put_line(out, column, "stripe_sectors", a->stripe_sectors);
	put_line(out, column, "cached_sectors", a->cached_sectors);
	put_stripe(out, a, c->version, column);
	put_line(out, column, "io_time[READ]", a->io_time[0]);
	put_line(out, column, "io_time[WRITE]", a->io_time[1]);
	put_line(out, 17, "fragmentation", bch_alloc_fragmentation(a, bucket_sectors));
	put_line(out, 17, "bp_start", BCH_ALLOC_V4_LEN / 8);
}

void bch_key_put_alloc(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c)
{
	const struct bch_key_dev *d = bch_key_dev(c, k->pos.inode);
	struct bch_alloc a;

	if (bch_alloc_get(k, c->version, &a) != BCH_KEY_VALID) {
		bch_buf_puts(out, "(invalid)");
		return;
	}
	bch_buf_indent_add(out, 2);
	put_alloc(out, &a, c, d ? d->bucket_sectors : 0);
	bch_buf_indent_sub(out, 2);
	bch_buf_newline(out);
}

/* clang-format off */
BCH_KEY_FIELDS(alloc_v4, alloc_v4_disk,
	BCH_FIELD("data_type", data_type, 0, 8, 1, BCH_FIELD_ONE_OF(bch_data_type_names, BCH_DATA_NR))
	BCH_FIELD("flags", flags, 0, 32, 1, .kind = BCH_FIELD_HEX)
	BCH_FIELD("need_discard", flags, 0, 1, 1)
	BCH_FIELD("need_inc_gen", flags, 1, 1, 1)
	BCH_FIELD("journal_seq_nonempty", journal_seq, 0, 64, 1)
	ALLOC_V4_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
/* clang-format on */
