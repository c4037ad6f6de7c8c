// SPDX-License-Identifier: GPL-2.0-or-later
/* The usage of a filesystem, gathered from its counters. CLI 8.1; format reference: 06 §7, §8.1, §12.5. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ops/usage_private.h"

#define DIFFERENCES_MAX 1000 /* that are shown */

/* What can be used counts a 64th less, for the keys that it will take. */
#define RESERVE_FACTOR 64

/* Bytes that an inode may take: until then, and since. */
#define VERSION_LARGE_INODES BCH_VERSION(1, 38)
#define INODE_BYTES_UNTIL    64
#define INODE_BYTES_SINCE    256

/* Since then the state "failed" is "evacuating": what lies there is read. */
#define VERSION_EVACUATING BCH_VERSION(1, 33)

const char *const bch_usage_field_names[] = {
#define F(name) #name,
	BCH_USAGE_FIELDS(F)
#undef F
		NULL
};

/* ------------------------------------------------------------------ members */

static int add_dev(struct bch_usage *u, u32 idx)
{
	const struct bch_blkdev *blkdev = u->fs->members[idx].blkdev;
	struct bch_buf label bch_auto(buf) = { 0 };
	struct bch_usage_dev *d;
	struct bch_member m;

	if (!bch_super_member(&u->fs->super, idx, &m) || !bch_member_alive(&m))
		return 0;
	d = bch_calloc(1, sizeof(*d));
	if (!d)
		return -BCH_ERR_no_memory;
	u->devs[idx] = d;
	d->m = m;
	d->nr_all_sectors = (m.nbuckets - m.first_bucket) * m.bucket_size;
	if (bch_member_GROUP(&m))
		bch_super_group_path_put(&label, &u->fs->super, (u32)bch_member_GROUP(&m) - 1);
	else
		bch_buf_puts(&label, "(no label)");
	d->label = bch_buf_take(&label);
	if (blkdev)
		d->name = bch_blkdev_short_name(blkdev->name, u->opts->mapper_names);
	return !d->label || (blkdev && !d->name) ? -BCH_ERR_no_memory : 0;
}

/* Can what lies on device @idx be read? */
static bool is_there(const struct bch_usage *u, u8 idx)
{
	const struct bch_usage_dev *d = idx < BCH_SB_MAX_MEMBERS ? u->devs[idx] : NULL;

	return d && d->name &&
	       (u->version >= VERSION_EVACUATING ||
		bch_member_STATE(&d->m) != BCH_MEMBER_STATE_failed);
}

static u32 durability(const struct bch_usage *u, u8 idx)
{
	const struct bch_usage_dev *d = idx < BCH_SB_MAX_MEMBERS ? u->devs[idx] : NULL;

	return d ? bch_member_durability(&d->m) : 1;
}

/* ------------------------------------------------------------------ counters */

const struct bch_counter *bch_usage_next(const struct bch_usage *u, u8 type,
					 const struct bch_counter *c, struct bch_accounting *a)
{
	while ((c = bch_counters_next(&u->counters, c))) {
		*a = bch_counter_what(c);
		if (a->type == type && (c->v[0] || c->v[1] || c->v[2]))
			return c;
	}
	return NULL;
}

static u64 not_negative(s64 n)
{
	return n > 0 ? (u64)n : 0;
}

struct bch_usage_type bch_usage_type(const struct bch_usage *u, u32 dev_idx, u8 data_type)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
					     .dev_idx = (u8)dev_idx,
					     .data_type = data_type };
	const s64 *v = bch_counters_get(&u->counters, &what);

	return (struct bch_usage_type){ not_negative(v[0]), not_negative(v[1]),
					not_negative(v[2]) };
}

u64 bch_usage_data_sectors(const struct bch_usage *u, u32 dev_idx, u8 data_type)
{
	struct bch_usage_type t = bch_usage_type(u, dev_idx, data_type);
	bool empty = data_type == BCH_DATA_free || data_type == BCH_DATA_need_gc_gens ||
		     data_type == BCH_DATA_need_discard;

	return empty ? t.nr_buckets * u->devs[dev_idx]->m.bucket_size : t.nr_sectors;
}

static u32 at_most(u32 n, u32 max)
{
	return n < max ? n : max;
}

struct bch_usage_copies bch_usage_copies(const struct bch_usage *u, const struct bch_accounting *a)
{
	struct bch_usage_copies c = { 0 };
	u32 nr = at_most(a->nr_devs, BCH_ACCOUNTING_DEVS_MAX), nr_missing = 0;

	for (u32 i = 0; i < nr; i++) {
		u32 copies = durability(u, a->devs[i]);

		c.wanted += copies;
		c.missing += is_there(u, a->devs[i]) ? 0 : copies;
		nr_missing += !is_there(u, a->devs[i]);
	}
	if (a->nr_required > 1 && a->nr_required <= nr) { /* a stripe bears the loss of the rest */
		c.wanted = nr - a->nr_required + 1;
		c.missing = nr_missing;
	}
	c.wanted = at_most(c.wanted, BCH_DURABILITY_MAX);
	c.missing = at_most(c.missing, c.wanted);
	return c;
}

static void sum_replicas(struct bch_usage *u)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	while ((c = bch_usage_next(u, BCH_ACCOUNTING_replicas, c, &a))) {
		struct bch_usage_copies copies = bch_usage_copies(u, &a);
		u64 nr_sectors = not_negative(c->v[0]);

		if (a.data_type == BCH_DATA_cached) {
			u->cached_sectors += nr_sectors;
			continue;
		}
		u->durability[copies.wanted][copies.missing] += nr_sectors;
		if (a.data_type == BCH_DATA_btree || a.data_type == BCH_DATA_user ||
		    a.data_type == BCH_DATA_parity)
			u->used_sectors += nr_sectors;
	}
}

/* What is promised counts a 64th more, rounded up, for the keys that it will take. */
static void sum_reserved(struct bch_usage *u)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	while ((c = bch_usage_next(u, BCH_ACCOUNTING_persistent_reserved, c, &a)))
		u->reserved_sectors += not_negative(c->v[0]) * a.nr_replicas;
	u->used_sectors +=
		u->reserved_sectors + (u->reserved_sectors + RESERVE_FACTOR - 1) / RESERVE_FACTOR;
}

/* Buckets that allocation cannot take: neither empty, nor filled with what can be dropped, nor outside of it all. */
static bool is_occupied(u8 data_type)
{
	return data_type == BCH_DATA_btree || data_type == BCH_DATA_user ||
	       data_type == BCH_DATA_parity || data_type == BCH_DATA_stripe ||
	       data_type == BCH_DATA_multiple;
}

static void sum_dev(struct bch_usage *u, u32 idx)
{
	struct bch_usage_dev *d = u->devs[idx];

	for (u8 type = 0; type < BCH_DATA_NR; type++)
		if (is_occupied(type))
			d->nr_used_sectors +=
				bch_usage_type(u, idx, type).nr_buckets * d->m.bucket_size;
}

/* ------------------------------------------------------------------ size: 06 §12.5 */

/* Buckets that the allocator keeps for itself on a member, in sectors. */
static u64 reserve_of(const struct bch_usage *u, const struct bch_member *m)
{
	u64 node = bch_sb_flag(u->fs->super.sb, BCH_SB_BTREE_NODE_SIZE);
	u64 nodes = node ? m->bucket_size / node : 0;
	u64 btree_reserve = nodes ? (28 + nodes - 1) / nodes : 28;

	return (2 * btree_reserve + m->nbuckets / 64 + 3) * m->bucket_size;
}

static void sum_size(struct bch_usage *u)
{
	const struct bch_sb *sb = u->fs->super.sb;
	u64 capacity = 0, reserve = 0, hidden = 0, gc;

	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++) {
		const struct bch_usage_dev *d = u->devs[i];

		if (!d)
			continue;
		hidden += (bch_usage_type(u, i, BCH_DATA_sb).nr_buckets +
			   bch_usage_type(u, i, BCH_DATA_journal).nr_buckets) *
			  d->m.bucket_size;
		if (!d->name || bch_member_STATE(&d->m) != BCH_MEMBER_STATE_rw)
			continue;
		capacity += d->nr_all_sectors;
		reserve += reserve_of(u, &d->m);
	}
	gc = bch_sb_flag(sb, BCH_SB_GC_RESERVE_BYTES)
		     ? BCH_SECTORS(bch_sb_flag(sb, BCH_SB_GC_RESERVE_BYTES))
		     : capacity * bch_sb_flag(sb, BCH_SB_GC_RESERVE) / 100;
	reserve = 2 * reserve > gc ? 2 * reserve : gc;
	u->size_sectors = capacity > reserve + hidden ? capacity - reserve - hidden : 0;
}

/* ------------------------------------------------------------------ recount */

struct differences {
	struct bch_usage *u;
	struct bch_facts *facts;
	u64 nr, nr_inums;
};

static int note_difference(void *arg, const struct bch_recount_difference *d)
{
	struct differences *ds = arg;
	struct bch_buf line bch_auto(buf) = { 0 };

	if (!d->is_bucket && d->what.type == BCH_ACCOUNTING_inum) {
		ds->nr_inums++;
		return 0;
	}
	if (++ds->nr > DIFFERENCES_MAX)
		return 0;
	bch_recount_difference_put(&line, d, ds->u->version);
	bch_facts_heading(ds->facts, "%s", bch_buf_str(&line));
	bch_fact_json_str(ds->facts, NULL, bch_buf_str(&line));
	return bch_buf_failed(&line) ? -BCH_ERR_no_memory : 0;
}

static int recount(struct bch_usage *u, struct bch_facts *facts, u64 *nr_differences)
{
	struct differences ds = { .u = u, .facts = facts };
	int err;

	bch_facts_list(facts, "differences");
	err = bch_recount_compare(u->fs, note_difference, &ds, &u->counters);
	bch_facts_end(facts);
	if (ds.nr > DIFFERENCES_MAX)
		bch_facts_heading(facts, "… and %" PRIu64 " more", ds.nr - DIFFERENCES_MAX);
	if (ds.nr)
		bch_facts_blank(facts);
	if (ds.nr_inums)
		bch_log(u->fs->ctx, BCH_LOG_warn,
			"the counters of %" PRIu64
			" inodes are not what was counted, which is harmless",
			ds.nr_inums);
	*nr_differences = ds.nr;
	return err;
}

/* What no kernel has mounted yet has no counters: superblock and journal are all that there is. */
static int count_unmounted(struct bch_usage *u)
{
	struct bch_recount *r bch_auto(recount) = NULL;
	int err = bch_recount_new(u->fs, NULL, &r);

	if (!err)
		err = bch_recount_walk(r);
	if (!err)
		bch_recount_take_counters(r, &u->counters);
	return err;
}

/* ------------------------------------------------------------------ all */

int bch_usage_gather(struct bch_usage *u, struct bch_facts *facts, u64 *nr_differences)
{
	int err = 0;

	for (u32 i = 0; i < u->fs->nr_members && !err; i++)
		err = add_dev(u, i);
	if (err)
		return err;
	if (!bch_sb_flag(u->fs->super.sb, BCH_SB_INITIALIZED))
		err = count_unmounted(u);
	else if (u->opts->recount)
		err = recount(u, facts, nr_differences);
	else
		err = bch_accounting_read(u->fs, &u->counters);
	if (err)
		return err;
	sum_replicas(u);
	sum_reserved(u);
	sum_size(u);
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++)
		if (u->devs[i])
			sum_dev(u, i);
	return 0;
}

void bch_usage_end(struct bch_usage *u)
{
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++)
		if (u->devs[i]) {
			free(u->devs[i]->name);
			free(u->devs[i]->label);
			free(u->devs[i]);
		}
	bch_counters_end(&u->counters);
}

struct bch_usage bch_usage_of(struct bch_fs *fs, const struct bch_usage_opts *opts)
{
	return (struct bch_usage){ .fs = fs,
				   .opts = opts,
				   .version = le16_get(fs->super.sb->version),
				   .counters = bch_counters() };
}

int bch_fs_usage(struct bch_fs *fs, const struct bch_usage_opts *opts, struct bch_facts *facts,
		 u64 *nr_differences)
{
	struct bch_usage u = bch_usage_of(fs, opts);
	int err;

	*nr_differences = 0;
	err = bch_usage_gather(&u, facts, nr_differences);
	if (err == -BCH_ERR_btree_node_read_failed)
		err = bch_error_whole(fs->ctx, err,
				      "some keys could not be read: the usage is not known");
	if (!err) {
		bch_usage_json(&u, facts);
		bch_usage_text(&u, facts);
	}
	bch_usage_end(&u);
	return err;
}

static void sum_statfs(const struct bch_usage *u, struct bch_statfs *st)
{
	const struct bch_accounting inodes = { .type = BCH_ACCOUNTING_nr_inodes };
	u64 block = le16_get(u->fs->super.sb->block_size);
	u64 free = u->size_sectors > u->used_sectors ? u->size_sectors - u->used_sectors : 0;
	bool counts_inodes = u->version >= VERSION_LARGE_INODES;

	st->block_size = (u32)BCH_BYTES(block);
	st->nr_blocks = u->size_sectors / block;
	st->nr_free = free / block;
	st->nr_avail = st->nr_free - st->nr_free / (RESERVE_FACTOR + 1) -
		       (st->nr_free % (RESERVE_FACTOR + 1) != 0);
	st->nr_free_inodes =
		free * (BCH_SECTOR_SIZE / (counts_inodes ? INODE_BYTES_SINCE : INODE_BYTES_UNTIL));
	st->nr_inodes = st->nr_free_inodes;
	if (counts_inodes)
		st->nr_inodes += not_negative(bch_counters_get(&u->counters, &inodes)[0]);
}

int bch_fs_statfs(struct bch_fs *fs, struct bch_statfs *st)
{
	static const struct bch_usage_opts opts;
	struct bch_usage u = bch_usage_of(fs, &opts);
	u64 nr_differences;
	int err = bch_usage_gather(&u, NULL, &nr_differences);

	if (!err)
		sum_statfs(&u, st);
	bch_usage_end(&u);
	return err;
}
