// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the keys of each snapshot take. Format reference: 06 §7.2, 08 §7.
 *
 * The filesystem counts sectors since 1.9, and keys since 1.39; what is not counted is read from the keys, by the rules
 * by which it would have been.
 */

#include "alloc/alloc.h"
#include "ops/subvolumes.h"
#include "super/super.h"

#define KEYS_COUNTED_SINCE BCH_VERSION(1, 39)

#define KEY_HEADER_BYTES 40 /* of a key that is not packed */

void bch_snapshot_sizes_end(struct bch_snapshot_sizes *sizes)
{
	bch_array_end(&sizes->a);
}

/* NULL where there is no such snapshot. */
static struct bch_snapshot_size *find(const struct bch_snapshot_sizes *sizes, u32 id)
{
	size_t low = 0, high = sizes->a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sizes->a.v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizes->a.nr && sizes->a.v[low].id == id ? &sizes->a.v[low] : NULL;
}

struct bch_snapshot_size bch_snapshot_size_of(const struct bch_snapshot_sizes *sizes, u32 id)
{
	const struct bch_snapshot_size *s = find(sizes, id);

	return s ? *s : (struct bch_snapshot_size){ .id = id };
}

u64 bch_snapshot_total_sectors(const struct bch_fs *fs, const struct bch_snapshot_sizes *sizes,
			       u32 id)
{
	const struct bch_snapshot_node *n = bch_snapshot_find(fs, id);
	u64 sum = 0;

	for (; n; n = n->parent ? bch_snapshot_find(fs, n->parent) : NULL) /* ids ascend */
		sum += bch_snapshot_size_of(sizes, n->id).sectors;
	return sum;
}

/* ------------------------------------------------------------------ counters */

static u64 positive(s64 v)
{
	return v > 0 ? (u64)v : 0;
}

static int read_counters(struct bch_fs *fs, struct bch_snapshot_sizes *sizes)
{
	bool counts_keys = le16_get(fs->super.sb->version) >= KEYS_COUNTED_SINCE;
	struct bch_counters counters bch_auto(counters) = bch_counters();
	int err = bch_accounting_read(fs, &counters);

	for (const struct bch_counter *c = bch_counters_next(&counters, NULL); c;
	     c = bch_counters_next(&counters, c)) {
		struct bch_accounting what = bch_counter_what(c);
		struct bch_snapshot_size *s =
			what.type == BCH_ACCOUNTING_snapshot ? find(sizes, what.snapshot) : NULL;

		if (!s)
			continue;
		s->sectors += positive(c->v[counts_keys ? 2 : 0]);
		s->nr_keys += counts_keys ? positive(c->v[0]) : 0;
		s->key_bytes += counts_keys ? positive(c->v[1]) : 0;
	}
	return err;
}

/* ------------------------------------------------------------------ keys */

static u64 sectors_of(const struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;
	u64 sum = 0;

	while (bch_extent_ptr_next(&w, &p))
		if (!p.ptr.cached && !p.in_stripe)
			sum += bch_crc_disk_sectors(&p.crc, k->size);
	return sum;
}

static void count_key(const struct bch_fs *fs, struct bch_snapshot_sizes *sizes, u8 btree_id,
		      const struct bch_key *k)
{
	struct bch_snapshot_size *s = find(sizes, k->pos.snapshot);

	if (!s || k->type == BCH_KEY_deleted || k->type == BCH_KEY_whiteout ||
	    k->type == BCH_KEY_extent_whiteout)
		return;
	s->nr_keys++;
	s->key_bytes += KEY_HEADER_BYTES + k->val.len;
	if (btree_id == BCH_BTREE_extents)
		s->sectors += sectors_of(fs, k);
}

static int count_btree(struct bch_fs *fs, struct bch_snapshot_sizes *sizes, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while ((more = bch_cursor_next(&cur, &k))) {
		if (more == -BCH_ERR_no_memory)
			return more;
		if (bch_cancelled(fs->ctx))
			return -BCH_ERR_cancelled;
		if (more > 0)
			count_key(fs, sizes, btree_id, &k);
		else
			err = more;
	}
	return err;
}

/* What can be read of it counts. */
static int count_keys(struct bch_fs *fs, struct bch_snapshot_sizes *sizes)
{
	static const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_inodes, BCH_BTREE_dirents,
				     BCH_BTREE_xattrs };
	int err = 0;

	for (size_t i = 0; i < bch_array_size(btrees); i++) {
		int one = count_btree(fs, sizes, btrees[i]);

		if (one == -BCH_ERR_no_memory || one == -BCH_ERR_cancelled)
			return one;
		err = one ? one : err;
	}
	return err;
}

int bch_snapshot_sizes_read(struct bch_fs *fs, bool want_keys, struct bch_snapshot_sizes *sizes)
{
	u16 version = le16_get(fs->super.sb->version);
	int err = 0;

	*sizes = (struct bch_snapshot_sizes){ 0 };
	for (size_t i = 0; !err && i < bch_snapshots_nr(fs); i++) {
		struct bch_snapshot_size s = { .id = bch_snapshot_at(fs, i)->id };

		err = bch_array_push(&sizes->a, s);
	}
	if (err)
		return err;
	if (version >= KEYS_COUNTED_SINCE || (bch_version_has_accounting(version) && !want_keys))
		return read_counters(fs, sizes);
	return count_keys(fs, sizes);
}
