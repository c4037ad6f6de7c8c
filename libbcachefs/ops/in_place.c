// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets of a filesystem that is made in a file of another one: which are ours, and the file that has the others. */

#include "ops/in_place.h"

#include <stdlib.h>

#include <sys/stat.h>

#include "commit/commit.h"

#define NR_COPIES	    2
#define JOURNAL_BUCKETS_MIN 8U
#define JOURNAL_BUCKETS_MAX 8192U
#define JOURNAL_SHARE	    32U /* of the reserve's buckets */
#define BUCKETS_MIN	    32U /* beside superblocks and journal */
#define MODE_OLD	    (S_IFREG | 0400)

/* ------------------------------------------------------------------ the reserve */

/* Bytes, whole buckets, that the default superblocks will take: nothing of the new filesystem lies there. */
static u64 supers_end(const struct bch_in_place *ip)
{
	u64 end = BCH_BYTES(BCH_SB_SECTOR) + NR_COPIES * ip->superblock_bytes;

	return (end + ip->bucket_bytes - 1) / ip->bucket_bytes * ip->bucket_bytes;
}

static int add_fenced(struct bch_in_place *ip, const struct bch_io_range *r)
{
	u64 first = (r->start + ip->bucket_bytes - 1) / ip->bucket_bytes;
	u64 end = (r->start + r->len) / ip->bucket_bytes;
	struct bch_io_range *last = ip->fenced.a.nr ? &ip->fenced.a.v[ip->fenced.a.nr - 1] : NULL;
	struct bch_io_range whole;

	if (first < supers_end(ip) / ip->bucket_bytes)
		first = supers_end(ip) / ip->bucket_bytes;
	if (end > ip->nr_buckets)
		end = ip->nr_buckets;
	if (first >= end)
		return 0;
	whole.start = first * ip->bucket_bytes;
	whole.len = (end - first) * ip->bucket_bytes;
	if (last && last->start + last->len == whole.start) {
		last->len += whole.len;
		return 0;
	}
	return bch_array_push(&ip->fenced.a, whole);
}

static u64 nr_fenced(const struct bch_in_place *ip)
{
	u64 bytes = 0;

	for (size_t i = 0; i < ip->fenced.a.nr; i++)
		bytes += ip->fenced.a.v[i].len;
	return bytes / ip->bucket_bytes;
}

static u64 super_buckets(const struct bch_in_place *ip)
{
	return (ip->superblock_bytes + ip->bucket_bytes - 1) / ip->bucket_bytes;
}

static u32 journal_buckets(const struct bch_in_place *ip)
{
	u64 nr = nr_fenced(ip) / JOURNAL_SHARE;

	nr = nr < JOURNAL_BUCKETS_MAX ? nr : JOURNAL_BUCKETS_MAX;
	return (u32)(nr > JOURNAL_BUCKETS_MIN ? nr : JOURNAL_BUCKETS_MIN);
}

/* The first byte behind @from of a run of so many buckets of the reserve; 0 where there is none. */
static u64 find_run(const struct bch_in_place *ip, u64 from, u64 nr_buckets)
{
	u64 len = nr_buckets * ip->bucket_bytes;

	for (size_t i = 0; i < ip->fenced.a.nr; i++) {
		const struct bch_io_range *r = &ip->fenced.a.v[i];
		u64 start = r->start > from ? r->start : from;

		if (start + len <= r->start + r->len)
			return start;
	}
	return 0;
}

/* Where a superblock begins, and where what follows it may. */
static u64 super_at(const struct bch_in_place *ip, u32 copy, u64 *end)
{
	u64 nr = super_buckets(ip), at = 0;

	*end = 0;
	for (u32 i = 0; i <= copy; i++) {
		at = find_run(ip, *end, nr);
		*end = at + nr * ip->bucket_bytes;
	}
	return at;
}

int bch_in_place_begin(struct bch_in_place *ip, struct bch_ctx *ctx, const char *dev, u64 dev_bytes,
		       u32 bucket_bytes, u64 superblock_bytes)
{
	u64 end, need;
	int err = 0;

	ip->bucket_bytes = bucket_bytes;
	ip->nr_buckets = dev_bytes / bucket_bytes;
	ip->superblock_bytes = superblock_bytes;
	for (size_t i = 0; i < ip->nr_reserve && !err; i++)
		err = add_fenced(ip, &ip->reserve[i]);
	if (err)
		return err;
	need = NR_COPIES * super_buckets(ip) + journal_buckets(ip) + BUCKETS_MIN;
	if (nr_fenced(ip) >= need && super_at(ip, NR_COPIES - 1, &end))
		return 0;
	return bch_error_whole(ctx, -BCH_ERR_device_too_small,
			       "%s: too little free space: %" PRIu64
			       " whole buckets of %u bytes, want %" PRIu64,
			       dev, nr_fenced(ip), bucket_bytes, need);
}

void bch_in_place_end(struct bch_in_place *ip)
{
	bch_array_end(&ip->fenced.a);
	bch_array_end(&ip->linked.a);
}

void bch_in_place_layout(const struct bch_in_place *ip, struct bch_sb_layout *layout)
{
	u64 end;

	layout->nr_superblocks = NR_COPIES;
	for (u32 i = 0; i < NR_COPIES; i++)
		layout->sb_offset[i] = le64_of(BCH_SECTORS(super_at(ip, i, &end)));
}

int bch_in_place_journal(const struct bch_in_place *ip, struct bch_bucket_ranges *ranges)
{
	u64 at, end;
	int err = 0;

	(void)super_at(ip, NR_COPIES - 1, &end);
	for (u32 left = journal_buckets(ip); left && !err; left--) {
		struct bch_bucket_range r = { .nr = 1 };

		at = find_run(ip, end, 1);
		r.start = at / ip->bucket_bytes;
		end = at + ip->bucket_bytes;
		err = at ? bch_array_push(ranges, r) : -BCH_ERR_no_space;
	}
	return err;
}

/* ------------------------------------------------------------------ OLD */

int bch_in_place_add_file(struct bch_in_place *ip, struct bch_source *s)
{
	const struct bch_source_file f = {
		.size = ip->nr_buckets * ip->bucket_bytes,
		.mtime = s->opts->now_ns,
		.mode = MODE_OLD,
	};
	int err = bch_source_append(s, BCH_MIGRATE_OLD_FILE, &f, &ip->file);

	return err ? bch_error(s->ctx, err, "%s", BCH_MIGRATE_OLD_FILE) : 0;
}

/* Bytes of the device, within a bucket, as they are: no checksum, somebody else may write them. */
static int put_old(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot, u64 start, u64 end)
{
	const struct bch_ptr ptr = { .offset_sectors = BCH_SECTORS(start) };
	struct bch_extent_val val = { .nr = 0 };
	struct bch_key k = {
		.pos = bch_spos(ip->inum, BCH_SECTORS(end), snapshot),
		.size = (u32)BCH_SECTORS(end - start),
		.type = BCH_KEY_extent,
	};

	if (start == end)
		return 0;
	bch_extent_val_ptr(&val, &ptr);
	k.val = (struct bch_bytes){ val.v->b, val.nr * sizeof(*val.v) };
	ip->nr_sectors += k.size;
	return bch_update(fs, BCH_BTREE_extents, &k, 0);
}

static int put_buckets(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot, u64 start, u64 end)
{
	int err = 0;

	for (; start < end && !err; start += ip->bucket_bytes)
		err = put_old(ip, fs, snapshot, start, start + ip->bucket_bytes);
	return err;
}

int bch_in_place_cover(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot)
{
	u64 at = 0;
	int err = 0;

	for (size_t i = 0; i < ip->fenced.a.nr && !err; i++) {
		const struct bch_io_range *r = &ip->fenced.a.v[i];

		err = put_buckets(ip, fs, snapshot, at, r->start);
		at = r->start + r->len;
	}
	return err ? err : put_buckets(ip, fs, snapshot, at, ip->nr_buckets * ip->bucket_bytes);
}

/* ------------------------------------------------------------------ what is linked */

bool bch_in_place_can_link(const struct bch_in_place *ip, u64 start, u64 len)
{
	u64 end = ip->nr_buckets * ip->bucket_bytes;

	return start >= supers_end(ip) && start < end && len <= end - start;
}

/* What OLD keeps of a bucket, in which linked ranges begin or end from number *@i on. */
static int cut_bucket(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot, u64 bucket,
		      size_t *i)
{
	u64 at = bucket * ip->bucket_bytes, end = at + ip->bucket_bytes;
	const struct bch_key gone = {
		.pos = bch_spos(ip->inum, BCH_SECTORS(end), snapshot),
		.type = BCH_KEY_deleted,
	};
	int err = bch_update(fs, BCH_BTREE_extents, &gone, 0);

	ip->nr_sectors -= BCH_SECTORS(ip->bucket_bytes);
	while (!err && *i < ip->linked.a.nr && ip->linked.a.v[*i].start < end) {
		const struct bch_io_range *r = &ip->linked.a.v[*i];
		u64 stop = r->start + r->len;

		if (r->start > at)
			err = put_old(ip, fs, snapshot, at, r->start);
		at = stop < end ? stop : end;
		if (stop > end)
			break; /* the next bucket's too */
		++*i;
	}
	return err ? err : put_old(ip, fs, snapshot, at, end);
}

static int check_linked(const struct bch_in_place *ip, struct bch_ctx *ctx)
{
	const struct bch_io_range *v = ip->linked.a.v;

	for (size_t i = 1; i < ip->linked.a.nr; i++)
		if (v[i - 1].start + v[i - 1].len > v[i].start)
			return bch_error_whole(ctx, -BCH_ERR_refused,
					       "two files lie at byte %" PRIu64 " of the device",
					       v[i].start);
	return 0;
}

int bch_in_place_finish(struct bch_in_place *ip, struct bch_fs *fs, u32 snapshot)
{
	struct bch_io_range *v = ip->linked.a.v;
	u64 bucket = 0;
	int err;

	if (ip->linked.a.nr)
		qsort(v, ip->linked.a.nr, sizeof(*v), bch_io_range_compare);
	err = check_linked(ip, fs->ctx);
	for (size_t i = 0; i < ip->linked.a.nr && !err; bucket++) {
		u64 first = v[i].start / ip->bucket_bytes;

		bucket = bucket > first ? bucket : first;
		err = cut_bucket(ip, fs, snapshot, bucket, &i);
		if (!err && bch_commit_wanted(fs))
			err = bch_commit(fs);
	}
	return err;
}
