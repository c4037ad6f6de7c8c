// SPDX-License-Identifier: GPL-2.0-or-later
/* Recount of what is still to be done with data. Format reference: 06 §9.6, 08 §7. */

#include "alloc/private.h"

#include "codec/codec.h"
#include "ondisk/csum_types.h"
#include "ondisk/sb_sections.h"
#include "super/super.h"

/* The options that a key has recorded: of rebalance or of reconcile. */
static bool find_opts(const struct bch_fs *fs, const struct bch_key *k,
		      enum bch_extent_entry_type type, struct bch_extent_opts *opts)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;

	while (bch_extent_entry_next(&rest, &fs->super, &e))
		if (e.type == type) {
			*opts = e.opts;
			return true;
		}
	return false;
}

/* ------------------------------------------------------------------ before 1.33: rebalance */

static u64 to_compress(const struct bch_fs *fs, const struct bch_key *k, u16 opt)
{
	struct bch_extent_walk w = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;
	u64 nr_sectors = 0;

	while (opt && bch_extent_ptr_next(&w, &p)) {
		if (p.crc.compression_type == BCH_COMPRESSION_incompressible || p.ptr.unwritten)
			return 0;
		if (!p.ptr.cached && p.crc.compression_type != bch_compression_type((u8)opt))
			nr_sectors += p.crc.compressed_sectors;
	}
	return nr_sectors;
}

/* Can data be moved there: does it have a member that is written to? */
static bool target_takes_data(const struct bch_fs *fs, u64 target)
{
	for (u32 i = 0; i < fs->nr_members; i++)
		if (bch_fs_dev_takes(fs, i, BCH_DATA_user) &&
		    bch_super_in_target(&fs->super, i, target))
			return true;
	return false;
}

static u64 to_move(const struct bch_fs *fs, const struct bch_key *k, u16 target)
{
	struct bch_extent_walk w = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;
	u64 nr_sectors = 0;

	if (!target || !target_takes_data(fs, target))
		return 0;
	while (bch_extent_ptr_next(&w, &p))
		if (!p.ptr.cached && !bch_super_in_target(&fs->super, p.ptr.dev_idx, target))
			nr_sectors += p.crc.compressed_sectors;
	return nr_sectors;
}

u64 bch_rebalance_todo(const struct bch_fs *fs, const struct bch_key *k,
		       const struct bch_extent_opts *opts)
{
	return to_compress(fs, k, opts->value[BCH_EXTENT_OPT_background_compression]) +
	       to_move(fs, k, opts->value[BCH_EXTENT_OPT_background_target]);
}

bool bch_rebalance_opts(const struct bch_fs *fs, const struct bch_key *k,
			struct bch_extent_opts *opts)
{
	return find_opts(fs, k, BCH_EXTENT_ENTRY_rebalance, opts);
}

u64 bch_rebalance_sectors(const struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_extent_opts opts;

	return bch_rebalance_opts(fs, k, &opts) ? bch_rebalance_todo(fs, k, &opts) : 0;
}

static int count_rebalance(struct bch_recount *r, const struct bch_key *k)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_rebalance_work };
	u64 nr_sectors = bch_rebalance_sectors(r->fs, k);

	return nr_sectors ? bch_recount_add(r, &what, (s64)nr_sectors, 0, 0) : 0;
}

/* ------------------------------------------------------------------ since 1.33: reconcile */

/* The counters that a key adds to, as bits. */
static u32 works(const struct bch_extent_opts *o)
{
	u32 set = o->need & ((1U << BCH_RECONCILE_WORK_high_priority) - 1);

	if (o->pending)
		return (set | 1U << BCH_RECONCILE_WORK_pending) &
		       ~(1U << BCH_RECONCILE_WORK_target | 1U << BCH_RECONCILE_WORK_replicas);
	return o->hipri ? set | 1U << BCH_RECONCILE_WORK_high_priority : set;
}

static int count_leaving(struct bch_recount *r, u8 level, const struct bch_key *k,
			 const struct bch_extent_opts *o)
{
	struct bch_extent_walk w = bch_extent_walk(k, &r->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	for (u32 i = 0; i < 8 && !err && bch_extent_ptr_next(&w, &p); i++) {
		const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_leaving,
						     .leaving_dev_idx = p.ptr.dev_idx };

		if (o->ptrs_moving >> i & 1)
			err = bch_recount_add(
				r, &what, level ? r->key_fs.node_sectors : p.crc.compressed_sectors,
				0, 0);
	}
	return err;
}

static int count_reconcile(struct bch_recount *r, u8 level, const struct bch_key *k)
{
	struct bch_extent_opts opts;
	int err = 0;

	if (!find_opts(r->fs, k, BCH_EXTENT_ENTRY_reconcile, &opts))
		return 0;
	for (u8 i = 0; i < BCH_RECONCILE_WORK_NR && !err; i++) {
		const struct bch_accounting what = { .type = BCH_ACCOUNTING_reconcile_work,
						     .work = i };

		if (works(&opts) >> i & 1)
			err = bch_recount_add(r, &what, level ? 0 : k->size,
					      level ? r->key_fs.node_sectors : 0, 0);
	}
	return err || opts.pending ? err : count_leaving(r, level, k, &opts);
}

int bch_recount_work(struct bch_recount *r, u8 level, const struct bch_key *k)
{
	if (r->version >= BCH_VERSION_RECONCILE)
		return count_reconcile(r, level, k);
	return level ? 0 : count_rebalance(r, k);
}
