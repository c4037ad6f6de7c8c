// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the journal: the buckets of all devices, and of those the ones that are wanted. Format reference: 03 §3, §4.1.
 *
 * A device's buckets, sorted by the sequence number that begins each, hold ascending ranges of numbers (03 §3.1). So
 * after a look at the first block of all buckets it is known which of them can hold a number, whatever their order in
 * the ring is, and the newest alone mostly tell where recovery begins. Where the first block may be a lost one the whole
 * bucket is looked at.
 */

#include "journal/journal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "ondisk/data_types.h"

#define MAX_THREADS 8

/* Here evacuating begins to be a state of its own, of members that are still read. */
#define VERSION_EVACUATING BCH_VERSION(1, 33)

/* ------------------------------------------------------------------ which buckets there are */

static bool may_be_read(const struct bch_fs *fs, u32 dev_idx)
{
	bool newer = le16_get(fs->super.sb->version) >= VERSION_EVACUATING;
	struct bch_member m;

	return fs->members[dev_idx].blkdev && bch_super_member(&fs->super, dev_idx, &m) &&
	       bch_member_alive(&m) &&
	       bch_member_STATE(&m) <= (newer ? BCH_MEMBER_STATE_failed : BCH_MEMBER_STATE_ro);
}

static bool is_marked(const struct bch_fs *fs, u32 dev_idx)
{
	return bch_super_dev_has_data(&fs->super, dev_idx) & 1ULL << BCH_DATA_journal;
}

/*
 * An unclean filesystem whose superblock was lost and found again may mark none: then all are read. Clean ones mark none
 * from 1.36 on.
 */
static bool any_is_marked(const struct bch_fs *fs)
{
	for (u32 i = 0; i < fs->nr_members; i++)
		if (may_be_read(fs, i) && is_marked(fs, i))
			return true;
	if (!bch_sb_flag(fs->super.sb, BCH_SB_CLEAN))
		bch_log(fs->ctx, BCH_LOG_warn,
			"the superblock marks no open member as holding journal: all are read");
	return false;
}

static int add_range(struct bch_journal *j, u32 dev_idx, struct bch_bucket_range r, u32 bucket_size,
		     u32 *ring_idx)
{
	int err = 0;

	for (u64 i = 0; i < r.nr && !err; i++) {
		struct bch_journal_bucket b = {
			.sector = (r.start + i) * bucket_size,
			.dev_idx = dev_idx,
			.ring_idx = (*ring_idx)++,
			.nr_sectors = bucket_size,
		};

		err = bch_array_push(&j->buckets.a, b);
	}
	return err;
}

/* The device's own superblock has the list. */
static int add_ring(struct bch_journal *j, u32 dev_idx)
{
	struct bch_fs_member *member = &j->fs->members[dev_idx];
	struct bch_bucket_range *ranges;
	struct bch_member m;
	u32 nr, ring_idx = 0;
	int err;

	if (!bch_super_member(&j->fs->super, dev_idx, &m))
		return 0;
	err = bch_super_journal(&member->super, &ranges, &nr);
	if (err)
		return err;
	for (u32 i = 0; i < nr && !err; i++)
		err = add_range(j, dev_idx, ranges[i], m.bucket_size, &ring_idx);
	free(ranges);
	return err;
}

static int find_buckets(struct bch_journal *j)
{
	bool marked_alone = any_is_marked(j->fs);
	int err = 0;

	for (u32 i = 0; i < j->fs->nr_members && !err; i++)
		if (may_be_read(j->fs, i) && (!marked_alone || is_marked(j->fs, i)))
			err = add_ring(j, i);
	return err;
}

/* ------------------------------------------------------------------ looking and reading */

static void warn_unreadable(const struct bch_journal *j, const struct bch_journal_bucket *b,
			    u64 from_sector, int err)
{
	bch_log(j->fs->ctx, BCH_LOG_warn,
		"%s: journal bucket at sector %" PRIu64 " cannot be read from sector %" PRIu64
		" on: %s",
		j->fs->members[b->dev_idx].blkdev->name, b->sector, from_sector, bch_err_text(err));
}

/* What cannot be read holds nothing, as far as we can know. */
static int look_at_first(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_journal *j = arg;
	struct bch_journal_bucket *b = &j->buckets.a.v[idx];
	u8 bytes[BCH_JSET_BYTES];
	struct bch_jset jset;
	int err;

	if (bch_cancelled(j->fs->ctx))
		return -BCH_ERR_cancelled;
	err = bch_blkdev_read(j->fs->members[b->dev_idx].blkdev, bytes, sizeof(bytes),
			      BCH_BYTES(b->sector));
	if (err) {
		warn_unreadable(j, b, b->sector, err);
		return 0;
	}
	bch_jset_get(&jset, bytes, sizeof(bytes));
	if (jset.magic == bch_jset_magic(j->fs->super.sb->uuid))
		b->first_seq = jset.seq;
	return 0;
}

/* As many bytes of the bucket as can be read, from its start. */
static size_t read_bytes(const struct bch_journal *j, const struct bch_journal_bucket *b, u8 *p)
{
	struct bch_blkdev *dev = j->fs->members[b->dev_idx].blkdev;
	size_t block = (size_t)BCH_BYTES(le16_get(j->fs->super.sb->block_size));
	size_t len = (size_t)BCH_BYTES(b->nr_sectors), at = 0;

	int err = bch_blkdev_read(dev, p, len, BCH_BYTES(b->sector));

	if (!err)
		return len;
	for (; len - at >= block; at += block)
		if (bch_blkdev_read(dev, p + at, block, BCH_BYTES(b->sector) + at))
			break;
	warn_unreadable(j, b, b->sector + BCH_SECTORS(at), err);
	return at;
}

static int read_bucket(struct bch_journal *j, struct bch_journal_bucket *b)
{
	u8 *p = bch_malloc((size_t)BCH_BYTES(b->nr_sectors));
	int err;

	if (!p)
		return -BCH_ERR_no_memory;
	err = bch_journal_scan_bytes(j->fs, b, (struct bch_bytes){ p, read_bytes(j, b, p) });
	free(p);
	if (err)
		return bch_error(j->fs->ctx, err, "%s: journal bucket at sector %" PRIu64,
				 j->fs->members[b->dev_idx].blkdev->name, b->sector);
	b->was_read = true;
	return 0;
}

/* ------------------------------------------------------------------ looking closer */

/*
 * May what begins a bucket be lost, or not be what it says? Of the ring of @nr at @v: where numbers do not ascend from the
 * bucket before it, as behind the newest, and beside those with entries; all, where none is known to have any.
 */
static bool is_doubtful(const struct bch_journal_bucket *v, u32 nr, u32 i, bool any)
{
	u64 before = v[(i ? i : nr) - 1].first_seq, behind = v[i + 1 < nr ? i + 1 : 0].first_seq;

	if (v[i].was_read)
		return false;
	return v[i].first_seq ? before >= v[i].first_seq : before || behind || !any;
}

/* The first that is good says which numbers the bucket has. */
static int look_closer(struct bch_journal *j, struct bch_journal_bucket *b)
{
	int err = read_bucket(j, b);
	size_t i = 0;

	if (err)
		return err;
	while (i < b->copies.a.nr && !b->copies.a.v[i].good)
		i++;
	if (i < b->copies.a.nr)
		b->first_seq = b->copies.a.v[i].seq;
	return 0;
}

/* Until nothing comes of it. */
static int look_at_ring(struct bch_journal *j, struct bch_journal_bucket *v, u32 nr)
{
	bool any = false, more = true;
	int err = 0;

	for (u32 i = 0; i < nr; i++)
		any |= v[i].first_seq != 0;
	while (more) {
		more = false;
		for (u32 i = 0; i < nr && !err; i++) {
			if (!is_doubtful(v, nr, i, any))
				continue;
			more = true;
			err = look_closer(j, &v[i]);
		}
		any = true;
	}
	return err;
}

static int look_at_doubtful(struct bch_journal *j)
{
	struct bch_journal_bucket *v = j->buckets.a.v;
	u32 nr;
	int err = 0;

	for (size_t i = 0; i < j->buckets.a.nr && !err; i += nr) {
		for (nr = 1; i + nr < j->buckets.a.nr && v[i + nr].dev_idx == v[i].dev_idx;)
			nr++;
		err = look_at_ring(j, &v[i], nr);
	}
	return err;
}

/* ------------------------------------------------------------------ reading what is wanted */

struct wanted {
	struct bch_journal *j;
	u64 from; /* sequence number */
};

static int read_if_wanted(void *arg, u64 idx, u32 worker_idx)
{
	const struct wanted *want = arg;
	struct bch_journal_bucket *b = &want->j->buckets.a.v[idx];

	if (bch_cancelled(want->j->fs->ctx))
		return -BCH_ERR_cancelled;
	return !b->was_read && b->first_seq && b->seqs_below > want->from ? read_bucket(want->j, b)
									  : 0;
}

static int for_each_bucket(struct bch_journal *j, int (*fn)(void *arg, u64 idx, u32 worker_idx),
			   void *arg)
{
	long nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	u32 nr_threads = nr_cpus < 1 ? 1 : nr_cpus < MAX_THREADS ? (u32)nr_cpus : MAX_THREADS;
	struct bch_thread_pool *pool bch_auto(thread_pool) =
		bch_thread_pool_new(nr_threads - 1, nr_threads);

	return pool ? bch_thread_pool_for_each(pool, j->buckets.a.nr, fn, arg) : -BCH_ERR_no_memory;
}

int bch_journal_reach(struct bch_journal *j, u64 seq)
{
	struct wanted want = { j, seq };
	int err = for_each_bucket(j, read_if_wanted, &want);

	return err ? err : bch_journal_index(j);
}

/* ------------------------------------------------------------------ in which order */

static int cmp_seqs(const void *l, const void *r)
{
	const struct bch_journal_bucket *a = l, *b = r;

	if (a->dev_idx != b->dev_idx)
		return a->dev_idx < b->dev_idx ? -1 : 1;
	if (a->first_seq != b->first_seq)
		return a->first_seq < b->first_seq ? -1 : 1;
	return a->ring_idx < b->ring_idx ? -1 : 1;
}

/* Sorts the buckets by device and number; returns the greatest number that begins one. */
static u64 sort_buckets(struct bch_journal *j)
{
	struct bch_journal_bucket *b = j->buckets.a.v;
	size_t nr = j->buckets.a.nr;
	u64 newest = 0;

	if (nr)
		qsort(b, nr, sizeof(*b), cmp_seqs);
	for (size_t i = 0; i < nr; i++) {
		bool last = i + 1 == nr || b[i + 1].dev_idx != b[i].dev_idx;

		b[i].seqs_below = last ? BCH_U64_MAX : b[i + 1].first_seq;
		newest = b[i].first_seq > newest ? b[i].first_seq : newest;
	}
	return newest;
}

/* Begins with each device's newest bucket, and goes back until all that is to be replayed is there. */
static int read_newest(struct bch_journal *j, u64 newest)
{
	u64 from = newest;
	int err = bch_journal_reach(j, from);

	while (!err && from && j->last_seq < from) {
		from = j->last_seq;
		err = bch_journal_reach(j, from);
	}
	return err;
}

int bch_journal_read(struct bch_fs *fs, struct bch_journal **journal)
{
	struct bch_journal *j;
	int err;

	*journal = NULL;
	if (bch_fs_encryption(fs) != BCH_NOT_ENCRYPTED && !fs->key)
		return bch_error(fs->ctx, -BCH_ERR_no_key, "journal");
	j = bch_calloc(1, sizeof(*j));
	if (!j)
		return -BCH_ERR_no_memory;
	j->fs = fs;

	err = find_buckets(j);
	if (!err)
		err = for_each_bucket(j, look_at_first, j);
	if (!err)
		err = look_at_doubtful(j);
	if (!err)
		err = read_newest(j, sort_buckets(j));
	if (err)
		bch_journal_free(j);
	else
		*journal = j;
	return err;
}

void bch_journal_free(struct bch_journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->buckets.a.nr; i++)
		bch_array_end(&j->buckets.a.v[i].copies.a);
	bch_array_end(&j->buckets.a);
	bch_array_end(&j->copies.a);
	bch_array_end(&j->entries.a);
	free(j);
}
