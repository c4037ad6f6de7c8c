// SPDX-License-Identifier: GPL-2.0-or-later
/* stripe: decode, rules, text. Format reference: 05 §7.1, 08 §9.1. */

#include "ondisk/key_stripe.h"

#include "ondisk/csum_types.h"
#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

/* clang-format off */
#define STRIPE_FIELDS(F, B)		\
	F(u16, sectors, 1)		\
	F(u8, algorithm_flags, 1)	\
	F(u8, nr_blocks, 1)		\
	F(u8, nr_redundant, 1)		\
	F(u8, csum_granularity_bits, 1)	\
	F(u8, csum_type, 1)		\
	F(u8, disk_label, 1)
/* clang-format on */
BCH_DISK_STRUCT(stripe, STRIPE_FIELDS, 8)

#define CSUM(nr, name, bytes) [nr] = bytes,
static const u8 csum_bytes[] = { BCH_CSUM_TYPES(CSUM) };
#undef CSUM

static u32 csums_per_block(u32 sectors, u8 granularity_bits)
{
	if (granularity_bits >= 16)
		return sectors ? 1 : 0;
	return (sectors + (1U << granularity_bits) - 1) >> granularity_bits;
}

/* The part [at, at + len) of @val, empty where not all of it is there. */
static struct bch_bytes part(struct bch_bytes val, size_t at, size_t len)
{
	const void *p = bch_bytes_view(val, at, len);

	return p ? (struct bch_bytes){ p, len } : (struct bch_bytes){ 0 };
}

void bch_stripe_get(const struct bch_key *k, struct bch_stripe *s)
{
	struct stripe d;
	size_t csums;

	stripe_get(&d, k->val.p, k->val.len);
	*s = (struct bch_stripe){
		.block_sectors = d.sectors,
		.algorithm = d.algorithm_flags & 0xf,
		.needs_reconcile = d.algorithm_flags >> 4 & 1,
		.can_widen = d.algorithm_flags >> 5,
		.nr_blocks = d.nr_blocks,
		.nr_redundant = d.nr_redundant,
		.csum_granularity_bits = d.csum_granularity_bits,
		.csum_type = d.csum_type,
		.disk_label = d.disk_label,
		.csum_bytes = d.csum_type < BCH_CSUM_NR ? csum_bytes[d.csum_type] : 0,
		.csums_per_block = csums_per_block(d.sectors, d.csum_granularity_bits),
	};
	csums = sizeof(struct stripe_disk) + 8U * s->nr_blocks;
	s->want = csums + s->csum_bytes * s->csums_per_block * s->nr_blocks + 2U * s->nr_blocks;
	s->ptrs = bch_key_extent_entries(k);
	s->csums = part(k->val, csums, s->want - 2U * s->nr_blocks - csums);
	if (d.csum_type < BCH_CSUM_NR)
		s->counts = part(k->val, s->want - 2U * s->nr_blocks, 2U * s->nr_blocks);
}

bool bch_stripe_block(const struct bch_stripe *s, u32 nr, struct bch_ptr *p)
{
	const le64 *word = bch_bytes_view(s->ptrs, nr * sizeof(*word), sizeof(*word));

	if (word)
		*p = bch_ptr_get(le64_get(*word));
	return word;
}

bool bch_stripe_block_used(const struct bch_stripe *s, u32 nr, u16 *nr_sectors)
{
	const le16 *count = bch_bytes_view(s->counts, nr * sizeof(*count), sizeof(*count));

	if (count)
		*nr_sectors = le16_get(*count);
	return count;
}

bool bch_stripe_block_csum(const struct bch_stripe *s, u32 nr, u32 i, struct bch_bytes *csum)
{
	if (i >= s->csums_per_block)
		return false;
	*csum = part(s->csums, ((size_t)nr * s->csums_per_block + i) * s->csum_bytes,
		     s->csum_bytes);
	return csum->p;
}

int bch_key_validate_stripe(const struct bch_key *k, const struct bch_key_context *c,
			    struct bch_buf *why)
{
	u8 bits_max = c->version < BCH_VERSION(1, 39) ? 63 : 30;
	struct bch_stripe s;

	bch_stripe_get(k, &s);
	if (k->pos.inode || !k->pos.offset || k->pos.offset > BCH_U32_MAX || k->pos.snapshot)
		return bch_key_why(why, BCH_FSCK_stripe_pos_bad, "stripe at bad pos");
	if (s.csum_granularity_bits > bits_max)
		return bch_key_why(why, BCH_FSCK_stripe_csum_granularity_bad,
				   "invalid csum granularity (%u > %u)", s.csum_granularity_bits,
				   bits_max);
	if (k->val.len < s.want)
		return bch_key_why(why, BCH_FSCK_stripe_val_size_bad,
				   "incorrect value size (%zu < %zu)", k->val.len, s.want);
	if (!s.block_sectors && c->version >= BCH_VERSION(1, 39))
		return bch_key_why(why, BCH_FSCK_stripe_sectors_zero, "blocks of 0 sectors");
	return bch_key_validate_ptrs(k, c, why);
}

static void put_label(struct bch_buf *out, const struct bch_stripe *s,
		      const struct bch_key_context *c)
{
	bch_buf_puts(out, " label=");
	if (!s->disk_label)
		bch_buf_puts(out, "(none)");
	else if (c->fs)
		bch_super_group_path_put(out, c->fs->super, s->disk_label - 1U);
	else
		bch_buf_put(out, "%u", s->disk_label - 1U);
	if (s->needs_reconcile)
		bch_buf_puts(out, " needs_reconcile");
	if (s->can_widen)
		bch_buf_put(out, " can_widen=%u", s->can_widen);
}

/* Before the time of lines only data blocks show what is used of them. */
static void put_blocks(struct bch_buf *out, const struct bch_stripe *s,
		       const struct bch_key_context *c, bool lines)
{
	struct bch_ptr p;
	u16 used;

	for (u32 i = 0; bch_stripe_block(s, i, &p); i++) {
		bch_buf_puts(out, lines ? "\n" : " ptr: ");
		bch_ptr_place_put(out, &p, c);
		if ((lines || i + s->nr_redundant < s->nr_blocks) &&
		    bch_stripe_block_used(s, i, &used))
			bch_buf_put(out, "#%u", used);
	}
}

void bch_key_put_stripe(struct bch_buf *out, const struct bch_key *k,
			const struct bch_key_context *c)
{
	bool lines = c->version >= BCH_TEXT_LINES;
	struct bch_stripe s;

	bch_stripe_get(k, &s);
	bch_buf_put(out, "algo %u sectors %u blocks %d:%u csum ", s.algorithm, s.block_sectors,
		    s.nr_blocks - s.nr_redundant, s.nr_redundant);
	bch_buf_choice(out, bch_csum_type_names, s.csum_type);
	if (s.csum_granularity_bits < 64)
		bch_buf_put(out, " gran %" PRIu64, (u64)1 << s.csum_granularity_bits);
	else
		bch_buf_put(out, " gran 2^%u", s.csum_granularity_bits);
	if (lines) {
		put_label(out, &s, c);
		bch_buf_indent_add(out, 2);
	}
	put_blocks(out, &s, c, lines);
	if (lines)
		bch_buf_indent_sub(out, 2);
}

/* clang-format off */
BCH_KEY_FIELDS(stripe, stripe_disk,
	BCH_FIELD("csum_type", csum_type, 0, 8, 1, BCH_FIELD_ONE_OF(bch_csum_type_names, BCH_CSUM_NR))
	STRIPE_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
/* clang-format on */
