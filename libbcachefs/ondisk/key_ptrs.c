// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of pointers: their rules and their text. Format reference: 05 §2.8, §2.10; 08 §8.8. */

#include "ondisk/key_extent.h"

#include "ondisk/csum_types.h"
#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

#define NAME(nr, name, ...) [nr] = #name,
static const char *const entry_names[] = { BCH_EXTENT_ENTRIES(NAME) };
static const char *const opt_names[] = { BCH_EXTENT_OPTS(NAME) NULL };
static const char *const flag_names[] = { "poisoned", NULL };
#undef NAME

/* Entries of types that are unknown have no name. */
static const char *entry_name(enum bch_extent_entry_type type)
{
	return type < BCH_EXTENT_ENTRY_NR ? entry_names[type] : "unknown entry";
}

static const struct bch_super *super_of(const struct bch_key_context *c)
{
	return c->fs ? c->fs->super : NULL;
}

static bool csum_encrypts(u8 type)
{
	return type == BCH_CSUM_chacha20_poly1305_80 || type == BCH_CSUM_chacha20_poly1305_128;
}

/* ------------------------------------------------------------------ rules */

/* What was seen of a list so far. */
struct list {
	const struct bch_key *k;
	const struct bch_key_context *c;
	struct bch_buf *why;
	u64 disk_sectors; /* of the blob behind the next pointer */
	u64 devs[4];	  /* a bit a device */
	u32 nr_entries, nr_ptrs, nr_unwritten, nr_without_dev;
	u32 nonce;
	bool have_nonce, have_stripe, crc_waits, stripe_waits;
};

static bool is_btree_ptr(const struct bch_key *k)
{
	return k->type == BCH_KEY_btree_ptr || k->type == BCH_KEY_btree_ptr_v2;
}

const struct bch_key_dev *bch_key_dev(const struct bch_key_context *c, u64 dev_idx)
{
	if (!c->fs || dev_idx >= bch_array_size(c->fs->devs) ||
	    !c->fs->devs[dev_idx].bucket_sectors)
		return NULL;
	return &c->fs->devs[dev_idx];
}

/* The bucket holds what the pointer leads to. */
static int check_place(struct list *l, const struct bch_ptr *p, const struct bch_key_dev *d)
{
	u64 bucket = p->offset_sectors / d->bucket_sectors;
	u64 in_bucket = p->offset_sectors % d->bucket_sectors;

	if (bucket >= d->nr_buckets)
		return bch_key_why(l->why, BCH_FSCK_ptr_after_last_bucket,
				   "pointer past last bucket (%" PRIu64 " >= %" PRIu64 ")", bucket,
				   d->nr_buckets);
	if (bucket < d->first_bucket)
		return bch_key_why(l->why, BCH_FSCK_ptr_before_first_bucket,
				   "pointer before first bucket (%" PRIu64 " < %" PRIu64 ")",
				   bucket, d->first_bucket);
	if (in_bucket + l->disk_sectors > d->bucket_sectors)
		return bch_key_why(l->why, BCH_FSCK_ptr_spans_multiple_buckets,
				   "pointer spans multiple buckets (%" PRIu64 " + %" PRIu64
				   " > %u)",
				   in_bucket, l->disk_sectors, d->bucket_sectors);
	return BCH_KEY_VALID;
}

static int check_ptr(struct list *l, const struct bch_ptr *p)
{
	const struct bch_key_dev *d = bch_key_dev(l->c, p->dev_idx);
	u64 *devs = &l->devs[p->dev_idx / 64], dev = 1ULL << p->dev_idx % 64;
	int problem = BCH_KEY_VALID;

	l->nr_ptrs++;
	l->nr_unwritten += p->unwritten;
	l->nr_without_dev += p->dev_idx == BCH_PTR_DEV_NONE;
	if (p->dev_idx != BCH_PTR_DEV_NONE) {
		if (*devs & dev)
			return bch_key_why(l->why, BCH_FSCK_ptr_to_duplicate_device,
					   "multiple pointers to same device (%u)", p->dev_idx);
		*devs |= dev;
		if (d)
			problem = check_place(l, p, d);
	}
	if (problem == BCH_KEY_VALID && p->cached && l->stripe_waits)
		return bch_key_why(l->why, BCH_FSCK_ptr_cached_and_erasure_coded,
				   "cached, erasure coded pointer");
	l->crc_waits = l->stripe_waits = false;
	return problem;
}

/* The rules of what a crc says by itself. */
static int check_crc_fields(const struct list *l, const struct bch_crc *crc)
{
	bool coded = crc->csum_type || bch_crc_is_compressed(crc);
	const struct bch_key_fs *fs = l->c->fs;

	if ((u64)crc->offset_sectors + l->k->size > crc->uncompressed_sectors)
		return bch_key_why(l->why, BCH_FSCK_ptr_crc_uncompressed_size_too_small,
				   "checksum offset + key size > uncompressed size");
	if (crc->csum_type >= BCH_CSUM_NR ||
	    (csum_encrypts(crc->csum_type) && fs && !fs->encrypted))
		return bch_key_why(l->why, BCH_FSCK_ptr_crc_csum_type_unknown,
				   "invalid checksum type %u", crc->csum_type);
	if (crc->compression_type >= BCH_COMPRESSION_NR)
		return bch_key_why(l->why, BCH_FSCK_ptr_crc_compression_type_unknown,
				   "invalid compression type %u", crc->compression_type);
	if (!bch_crc_is_compressed(crc) && crc->compressed_sectors != crc->uncompressed_sectors)
		return bch_key_why(l->why, BCH_FSCK_ptr_crc_uncompressed_size_mismatch,
				   "not compressed but compressed != uncompressed size");
	if (l->c->writing && fs && coded && crc->uncompressed_sectors > fs->coded_sectors_max)
		return bch_key_why(l->why, BCH_FSCK_ptr_crc_uncompressed_size_too_big,
				   "too large encoded extent (%u sectors)",
				   crc->uncompressed_sectors);
	return BCH_KEY_VALID;
}

static int check_crc(struct list *l, const struct bch_crc *crc)
{
	int problem = check_crc_fields(l, crc);
	u32 nonce = crc->offset_sectors + crc->nonce;

	if (problem != BCH_KEY_VALID)
		return problem;
	if (csum_encrypts(crc->csum_type)) {
		if (l->have_nonce && nonce != l->nonce)
			return bch_key_why(l->why, BCH_FSCK_ptr_crc_nonce_mismatch,
					   "incorrect nonce");
		l->nonce = nonce;
		l->have_nonce = true;
	}
	if (l->crc_waits)
		return bch_key_why(l->why, BCH_FSCK_ptr_crc_redundant, "redundant crc entry");
	l->crc_waits = true;
	l->disk_sectors = crc->compressed_sectors;
	return BCH_KEY_VALID;
}

static int check_reconcile(const struct list *l, const struct bch_extent_opts *o)
{
	if (o->pending && !o->need)
		return bch_key_why(l->why, BCH_FSCK_extent_reconcile_bad_pending,
				   "pending, but nothing to do");
	if (o->hipri && !(o->need & 1 << BCH_EXTENT_OPT_data_replicas))
		return bch_key_why(l->why, BCH_FSCK_extent_reconcile_bad_hipri,
				   "high priority, but not for replicas");
	if (!o->value[BCH_EXTENT_OPT_data_replicas])
		return bch_key_why(l->why, BCH_FSCK_extent_reconcile_bad_replicas, "0 replicas");
	return BCH_KEY_VALID;
}

static int check_entry(struct list *l, const struct bch_extent_entry *e)
{
	bool first = !l->nr_entries++;

	if (is_btree_ptr(l->k) && e->type != BCH_EXTENT_ENTRY_ptr &&
	    e->type < BCH_EXTENT_ENTRY_reconcile) /* nor is what is unknown known to be wrong */
		return bch_key_why(l->why, BCH_FSCK_btree_ptr_has_non_ptr, "%s in btree pointer",
				   entry_name(e->type));
	if (l->k->type == BCH_KEY_stripe && e->type != BCH_EXTENT_ENTRY_ptr)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_invalid_entry, "%s in stripe",
				   entry_name(e->type));
	if (bch_extent_entry_is_crc(e->type))
		return check_crc(l, &e->crc);
	if (e->type == BCH_EXTENT_ENTRY_ptr)
		return check_ptr(l, &e->ptr);
	if (e->type == BCH_EXTENT_ENTRY_reconcile)
		return check_reconcile(l, &e->opts);
	if (e->type == BCH_EXTENT_ENTRY_flags && !first)
		return bch_key_why(l->why, BCH_FSCK_extent_flags_not_at_start, "flags not first");
	if (e->type == BCH_EXTENT_ENTRY_stripe_ptr) {
		if (l->stripe_waits)
			return bch_key_why(l->why, BCH_FSCK_ptr_stripe_redundant,
					   "redundant stripe entry");
		l->stripe_waits = l->have_stripe = true;
	}
	return BCH_KEY_VALID;
}

static int check_whole(const struct list *l)
{
	if (!l->nr_ptrs)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_no_ptrs, "no pointers");
	if (l->nr_ptrs > BCH_PTRS_MAX)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_too_many_ptrs,
				   "too many pointers: %u", l->nr_ptrs);
	if (l->nr_unwritten && l->nr_unwritten != l->nr_ptrs)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_written_and_unwritten,
				   "extent with unwritten and written pointers");
	if (l->nr_unwritten && l->k->type != BCH_KEY_extent)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_unwritten, "unwritten pointers");
	if (l->crc_waits)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_redundant_crc,
				   "redundant crc entry");
	if (l->stripe_waits)
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_redundant_stripe,
				   "redundant stripe entry");
	if (l->nr_without_dev == l->nr_ptrs && !l->have_stripe &&
	    l->c->version >= BCH_VERSION(1, 33) &&
	    (l->k->type == BCH_KEY_extent || l->k->type == BCH_KEY_reflink_v))
		return bch_key_why(l->why, BCH_FSCK_extent_ptrs_all_invalid,
				   "no pointer to a device");
	return BCH_KEY_VALID;
}

int bch_key_validate_ptrs(const struct bch_key *k, const struct bch_key_context *c,
			  struct bch_buf *why)
{
	struct list l = { .k = k, .c = c, .why = why, .disk_sectors = k->size };
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;
	int problem;

	if (is_btree_ptr(k) && c->fs)
		l.disk_sectors = c->fs->node_sectors;
	while (bch_extent_entry_next(&rest, super_of(c), &e)) {
		problem = check_entry(&l, &e);
		if (problem != BCH_KEY_VALID)
			return problem;
	}
	if (rest.len)
		return bch_key_why(why, BCH_FSCK_extent_ptrs_invalid_entry,
				   "invalid extent entry, %zu bytes before the end", rest.len);
	return check_whole(&l);
}

/* ------------------------------------------------------------------ text */

static u32 durability(const struct bch_key *k, const struct bch_key_context *c)
{
	struct bch_extent_walk w = bch_extent_walk(k, super_of(c));
	struct bch_extent_ptr p;
	u32 sum = 0;

	while (bch_extent_ptr_next(&w, &p)) {
		const struct bch_key_dev *d = bch_key_dev(c, p.ptr.dev_idx);

		if (p.ptr.cached || (c->fs && (!d || !d->durability)))
			continue;
		sum += p.in_stripe ? p.stripe.redundancy + 1U : d ? d->durability : 1;
	}
	return sum;
}

void bch_ptr_place_put(struct bch_buf *out, const struct bch_ptr *p,
		       const struct bch_key_context *c)
{
	const struct bch_key_dev *d = bch_key_dev(c, p->dev_idx);

	if (d)
		bch_buf_put(out, "%u:%" PRIu64 ":%" PRIu64 " gen %u", p->dev_idx,
			    p->offset_sectors / d->bucket_sectors,
			    p->offset_sectors % d->bucket_sectors, p->gen);
	else
		bch_buf_put(out, "%u:%" PRIu64 " gen %u", p->dev_idx, p->offset_sectors, p->gen);
}

static void put_ptr(struct bch_buf *out, const struct bch_ptr *p, const struct bch_key_context *c)
{
	const struct bch_key_dev *d = bch_key_dev(c, p->dev_idx);

	bch_buf_puts(out, "ptr: ");
	bch_ptr_place_put(out, p, c);
	if (d && d->durability != 1)
		bch_buf_put(out, " d=%u", d->durability);
	if (p->cached)
		bch_buf_puts(out, " cached");
	if (p->unwritten)
		bch_buf_puts(out, " unwritten");
	if (d && c->fs->is_stale && c->fs->is_stale(c->fs->is_stale_arg, p))
		bch_buf_puts(out, " stale");
}

static void put_crc(struct bch_buf *out, const struct bch_extent_entry *e,
		    const struct bch_key_context *c)
{
	const struct bch_crc *crc = &e->crc;

	bch_buf_puts(out, c->version < BCH_TEXT_LINES ? "crc" : entry_names[e->type]);
	bch_buf_put(out, ": c_size %u size %u offset %u nonce %u csum ", crc->compressed_sectors,
		    crc->uncompressed_sectors, crc->offset_sectors, crc->nonce);
	bch_buf_choice(out, bch_csum_type_names, crc->csum_type);
	bch_buf_put(out, " %" PRIx64 ":%" PRIx64 "  compress ", crc->csum_hi, crc->csum_lo);
	bch_buf_choice(out, bch_compression_type_names, crc->compression_type);
}

static void put_target(struct bch_buf *out, const struct bch_key_context *c, u16 target)
{
	if (c->fs)
		bch_super_target_put(out, c->fs->super, target);
	else
		bch_buf_put(out, "%u", target);
}

/* Name in texts, option whose values have the text; targets need the filesystem. */
static const struct {
	const char *name;
	enum bch_opt_id opt;
} opt_texts[BCH_EXTENT_OPT_NR] = {
	[BCH_EXTENT_OPT_data_replicas] = { "replicas", BCH_OPT_data_replicas },
	[BCH_EXTENT_OPT_data_checksum] = { "checksum", BCH_OPT_data_checksum },
	[BCH_EXTENT_OPT_erasure_code] = { "ec", BCH_OPT_erasure_code },
	[BCH_EXTENT_OPT_background_compression] = { "background_compression",
						    BCH_OPT_background_compression },
	[BCH_EXTENT_OPT_background_target] = { "background_target", BCH_OPT_background_target },
	[BCH_EXTENT_OPT_promote_target] = { "promote_target", BCH_OPT_promote_target },
};

/* Those that are set or the inode's own. */
static void put_opts(struct bch_buf *out, const struct bch_extent_opts *o,
		     const struct bch_key_context *c)
{
	for (unsigned i = 0; i < BCH_EXTENT_OPT_NR; i++) {
		const struct bch_opt *opt = bch_opt(opt_texts[i].opt);
		bool from_inode = o->from_inode >> i & 1;

		if (!o->value[i] && !from_inode)
			continue;
		bch_buf_put(out, " %s=", opt_texts[i].name);
		if (opt->type == BCH_OPT_TARGET)
			put_target(out, c, o->value[i]);
		else
			bch_opt_put(out, opt, o->value[i]);
		if (from_inode)
			bch_buf_puts(out, " (inode)");
	}
}

static void put_rebalance(struct bch_buf *out, const struct bch_extent_opts *o,
			  const struct bch_key_context *c)
{
	bch_buf_puts(out, "rebalance:");
	if (c->version >= BCH_TEXT_1_28) {
		put_opts(out, o, c);
		return;
	}
	bch_buf_puts(out, " target ");
	put_target(out, c, o->value[BCH_EXTENT_OPT_background_target]);
	bch_buf_puts(out, " compression ");
	bch_opt_put(out, bch_opt(BCH_OPT_background_compression),
		    o->value[BCH_EXTENT_OPT_background_compression]);
}

static void put_reconcile(struct bch_buf *out, const struct bch_extent_opts *o,
			  const struct bch_key_context *c)
{
	bch_buf_puts(out, "reconcile:");
	if (o->need) {
		bch_buf_puts(out, " need_rb=");
		bch_buf_flags(out, o->need, opt_names);
	}
	if (o->hipri)
		bch_buf_puts(out, " hipri");
	if (o->pending)
		bch_buf_puts(out, " pending");
	put_opts(out, o, c);
}

static void put_entry(struct bch_buf *out, const struct bch_extent_entry *e,
		      const struct bch_key_context *c)
{
	switch (e->type) {
	case BCH_EXTENT_ENTRY_ptr:
		put_ptr(out, &e->ptr, c);
		break;
	case BCH_EXTENT_ENTRY_stripe_ptr:
		bch_buf_put(out, "%s: idx %" PRIu64 " block %u",
			    c->version < BCH_TEXT_LINES ? "ec" : entry_names[e->type],
			    e->stripe.idx, e->stripe.block);
		break;
	case BCH_EXTENT_ENTRY_rebalance:
		put_rebalance(out, &e->opts, c);
		break;
	case BCH_EXTENT_ENTRY_reconcile:
		put_reconcile(out, &e->opts, c);
		break;
	case BCH_EXTENT_ENTRY_flags:
		bch_buf_puts(out, "flags: ");
		bch_buf_flags(out, e->flags, flag_names);
		break;
	case BCH_EXTENT_ENTRY_reconcile_bp:
		bch_buf_put(out, "reconcile_bp: idx %" PRIu64, e->idx);
		break;
	case BCH_EXTENT_ENTRY_crc32:
	case BCH_EXTENT_ENTRY_crc64:
	case BCH_EXTENT_ENTRY_crc128:
		put_crc(out, e, c);
		break;
	default:
		bch_buf_put(out, "unknown(%u)", e->type);
	}
}

void bch_key_put_ptrs(struct bch_buf *out, const struct bch_key *k, const struct bch_key_context *c)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	bool lines = c->version >= BCH_TEXT_LINES;
	struct bch_extent_entry e;

	bch_buf_put(out, "durability: %u", durability(k, c));
	if (lines)
		bch_buf_indent_add(out, 2);
	while (bch_extent_entry_next(&rest, super_of(c), &e)) {
		bch_buf_putc(out, lines ? '\n' : ' ');
		put_entry(out, &e, c);
	}
	if (rest.len)
		bch_buf_puts(out, " (invalid extent entry)");
	if (lines)
		bch_buf_indent_sub(out, 2);
}
