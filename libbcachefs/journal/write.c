// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing entries: where the next one goes on each member, and its bytes. Format reference: 03 §1, §8.
 *
 * Of each member's ring is known how far the numbers in each bucket go. The bucket with the newest entry is filled up,
 * unless something torn lies in it; then the next one whose entries nobody needs any more is begun.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "journal/journal.h"
#include "ondisk/data_types.h"

struct ring_bucket {
	u64 sector;
	u64 newest_seq; /* at most; 0: none */
};

struct ring {
	struct ring_bucket *v;
	u32 nr, nr_sectors; /* of each */
	u32 at;		    /* the bucket that is being filled */
	u32 used_sectors;   /* of it */
	u64 end_sector;	    /* 0, or nothing is written from there on */
};

struct bch_journal_writer {
	struct bch_fs *fs;
	u64 next_seq, needed_seq;
	bool has_last; /* the entry after which the filesystem was unmounted */
	struct ring rings[BCH_SB_MAX_MEMBERS];
};

/* ------------------------------------------------------------------ where the newest entries are */

static int add_buckets(struct bch_fs *fs, u32 dev_idx, struct ring *ring)
{
	struct bch_bucket_range *ranges;
	struct bch_member m;
	u32 nr_ranges, nr = 0;
	int err;

	if (!fs->members[dev_idx].blkdev || !bch_super_member(&fs->super, dev_idx, &m))
		return 0;
	err = bch_super_journal(&fs->members[dev_idx].super, &ranges, &nr_ranges);
	if (err)
		return err;
	for (u32 i = 0; i < nr_ranges; i++)
		nr += (u32)ranges[i].nr;
	ring->v = bch_calloc(nr + 1, sizeof(*ring->v));
	for (u32 i = 0; ring->v && i < nr_ranges; i++)
		for (u64 b = 0; b < ranges[i].nr; b++)
			ring->v[ring->nr++].sector = (ranges[i].start + b) * m.bucket_size;
	ring->nr_sectors = m.bucket_size;
	free(ranges);
	return ring->v ? 0 : -BCH_ERR_no_memory;
}

/*
 * Where the entries in a bucket that was read end; all of it, where something in it is torn or lost: what is written behind
 * that is not found by all.
 */
static u32 end_of(const struct bch_journal_bucket *b, u32 block_sectors)
{
	u32 end = 0;

	for (size_t i = 0; i < b->copies.a.nr; i++) {
		const struct bch_journal_copy *c = &b->copies.a.v[i];
		u64 len = BCH_JSET_BYTES + c->u64s * 8ULL;

		if (!c->good || c->bucket_offset != end)
			return b->nr_sectors;
		end = c->bucket_offset +
		      (u32)((BCH_SECTORS(len + BCH_SECTOR_SIZE - 1) + block_sectors - 1) /
			    block_sectors * block_sectors);
	}
	return end;
}

static u64 newest_in(const struct bch_journal_bucket *b, u64 limit)
{
	u64 newest = 0;

	if (!b->was_read) /* what begins the device's next one is not in it */
		return b->first_seq ? b->seqs_below - 1 : 0;
	for (size_t i = 0; i < b->copies.a.nr; i++)
		if (b->copies.a.v[i].seq > newest && b->copies.a.v[i].seq <= limit)
			newest = b->copies.a.v[i].seq;
	return newest;
}

static void take_bucket(struct bch_journal_writer *w, const struct bch_journal_bucket *b, u64 limit)
{
	struct ring *ring = &w->rings[b->dev_idx];
	u64 newest = newest_in(b, limit);

	if (b->ring_idx >= ring->nr)
		return;
	ring->v[b->ring_idx].newest_seq = newest;
	if (newest && newest >= ring->v[ring->at].newest_seq) {
		ring->at = b->ring_idx;
		ring->used_sectors = end_of(b, le16_get(w->fs->super.sb->block_size));
	}
	if (newest >= w->next_seq)
		w->next_seq = newest + 1;
}

/* What was never to be seen has used up its numbers: 03 §8.1, R1. */
static void pass_blacklisted(struct bch_journal_writer *w)
{
	struct bch_blacklist range;

	while (bch_super_blacklist_find(&w->fs->super, w->next_seq, &range))
		w->next_seq = range.end;
}

static int look(struct bch_journal_writer *w)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	int err = bch_journal_read(w->fs, &j);
	size_t at;

	if (err)
		return err;
	if (w->next_seq < j->start_seq)
		w->next_seq = j->start_seq;
	w->needed_seq = j->last_seq;
	at = bch_journal_find(j, w->fs->state.seq);
	w->has_last = at < j->entries.a.nr && j->entries.a.v[at].seq == w->fs->state.seq &&
		      j->entries.a.v[at].copy[j->entries.a.v[at].best].good;
	for (size_t i = 0; i < j->buckets.a.nr; i++)
		take_bucket(w, &j->buckets.a.v[i], j->seq_limit);
	pass_blacklisted(w);
	return 0;
}

int bch_journal_writer_new(struct bch_fs *fs, bool is_new, struct bch_journal_writer **w)
{
	int err = 0;

	*w = bch_calloc(1, sizeof(**w));
	if (!*w)
		return -BCH_ERR_no_memory;
	(*w)->fs = fs;
	(*w)->next_seq = fs->state.seq + 1;
	for (u32 i = 0; !err && i < fs->nr_members; i++)
		err = add_buckets(fs, i, &(*w)->rings[i]);
	if (!err && !is_new)
		err = look(*w);
	if (err) {
		bch_journal_writer_free(*w);
		*w = NULL;
	}
	return err;
}

void bch_journal_writer_free(struct bch_journal_writer *w)
{
	for (u32 i = 0; w && i < BCH_SB_MAX_MEMBERS; i++)
		free(w->rings[i].v);
	free(w);
}

bool bch_journal_writer_has_last(const struct bch_journal_writer *w)
{
	return w->has_last;
}

u64 bch_journal_writer_next_seq(const struct bch_journal_writer *w)
{
	return w->next_seq;
}

/* ------------------------------------------------------------------ which members */

void bch_journal_write_devs(const struct bch_journal_writer *w, struct bch_write_devs *devs)
{
	u64 want = bch_sb_opt(w->fs->super.sb, BCH_OPT_metadata_replicas);
	struct bch_write_devs all;
	struct bch_member m;

	bch_fs_metadata_devs(w->fs, BCH_DATA_journal, &all);
	devs->nr = devs->durability = 0;
	for (u32 i = 0; i < all.nr && devs->durability < want; i++) {
		if (!w->rings[all.v[i]].nr)
			continue;
		(void)bch_super_member(&w->fs->super, all.v[i], &m);
		devs->v[devs->nr++] = all.v[i];
		devs->durability += bch_member_durability(&m);
	}
}

/* ------------------------------------------------------------------ one entry */

/* The entry's bytes, whole blocks, encrypted, with its checksum; to be freed. */
static int encode(const struct bch_journal_writer *w, u64 seq, u64 last_seq,
		  const struct bch_records *records, u8 **bytes, size_t *len)
{
	const struct bch_fs *fs = w->fs;
	size_t block = (size_t)BCH_BYTES(le16_get(fs->super.sb->block_size));
	size_t used = BCH_JSET_BYTES + records->a.nr;
	struct bch_jset j = {
		.magic = bch_jset_magic(fs->super.sb->uuid),
		.seq = seq,
		.version = le16_get(fs->super.sb->version),
		.flags = bch_fs_metadata_csum_type(fs),
		.u64s = (u32)(records->a.nr / 8),
		.last_seq = last_seq,
	};
	struct bch_csum csum;
	int err;

	*len = (used + block - 1) / block * block;
	*bytes = bch_calloc(1, *len);
	if (!*bytes)
		return -BCH_ERR_no_memory;
	bch_jset_put(&j, *bytes, BCH_JSET_BYTES);
	memcpy(*bytes + BCH_JSET_BYTES, records->a.v, records->a.nr);
	err = bch_crypt((u8)j.flags, fs->key, bch_journal_nonce(seq), *bytes + BCH_JSET_CRYPT_START,
			used - BCH_JSET_CRYPT_START);
	if (!err)
		err = bch_csum((u8)j.flags, fs->key, bch_journal_nonce(seq),
			       *bytes + BCH_JSET_CSUM_START, used - BCH_JSET_CSUM_START, &csum);
	if (err) {
		free(*bytes);
		return err;
	}
	j.csum[0] = csum.lo;
	j.csum[1] = csum.hi;
	bch_jset_put(&j, *bytes, offsetof(struct bch_jset_disk, magic));
	return 0;
}

static bool is_before_end(const struct ring *ring, u32 i)
{
	return !ring->end_sector || ring->v[i].sector < ring->end_sector;
}

/* Makes room for @nr_sectors at the ring's place: in its bucket, else in the next that nobody needs. */
static bool make_room(const struct bch_journal_writer *w, struct ring *ring, u64 nr_sectors)
{
	if (nr_sectors > ring->nr_sectors)
		return false;
	if (ring->nr_sectors - ring->used_sectors >= nr_sectors && is_before_end(ring, ring->at))
		return true;
	for (u32 i = 1; i < ring->nr; i++) {
		u32 next = (ring->at + i) % ring->nr;

		if (ring->v[next].newest_seq < w->needed_seq && is_before_end(ring, next)) {
			ring->at = next;
			ring->used_sectors = 0;
			return true;
		}
	}
	return false;
}

static int write_to(struct bch_journal_writer *w, u32 dev_idx, u64 seq, const u8 *bytes, size_t len)
{
	struct bch_blkdev *dev = w->fs->members[dev_idx].blkdev;
	struct ring *ring = &w->rings[dev_idx];
	struct ring_bucket *b;
	int err;

	if (!make_room(w, ring, BCH_SECTORS(len)))
		return bch_error(w->fs->ctx, -BCH_ERR_no_space, "%s: journal", dev->name);
	b = &ring->v[ring->at];
	err = bch_blkdev_write(dev, bytes, len, BCH_BYTES(b->sector + ring->used_sectors));
	if (err)
		return err;
	ring->used_sectors += (u32)BCH_SECTORS(len);
	b->newest_seq = seq;
	return 0;
}

int bch_journal_write(struct bch_journal_writer *w, u64 seq, u64 last_seq,
		      const struct bch_records *records)
{
	struct bch_write_devs devs;
	size_t len;
	u8 *bytes;
	int err;

	bch_journal_write_devs(w, &devs);
	if (!devs.nr)
		return bch_error_whole(w->fs->ctx, -BCH_ERR_no_space,
				       "no member takes journal entries");
	err = encode(w, seq, last_seq, records, &bytes, &len);
	if (err)
		return err;
	for (u32 i = 0; i < devs.nr && !err; i++)
		err = write_to(w, devs.v[i], seq, bytes, len);
	free(bytes);
	if (seq >= w->next_seq)
		w->next_seq = seq + 1;
	return err;
}

void bch_journal_write_done(struct bch_journal_writer *w, u64 last_seq)
{
	w->needed_seq = last_seq;
}

void bch_journal_writer_hints(const struct bch_journal_writer *w)
{
	struct bch_member m;

	for (u32 i = 0; i < w->fs->nr_members; i++) {
		if (!w->rings[i].nr || !bch_super_member(&w->fs->super, i, &m))
			continue;
		m.last_journal_bucket = w->rings[i].at;
		m.last_journal_bucket_offset = w->rings[i].used_sectors;
		bch_super_member_put(&w->fs->super, i, &m);
	}
}

/* ------------------------------------------------------------------ other buckets */

void bch_journal_writer_limit(struct bch_journal_writer *w, u32 dev_idx, u64 sector)
{
	w->rings[dev_idx].end_sector = sector;
}

/* The buckets as the ring has them, of which neighbours need not be joined. */
static int put_ring(struct bch_journal_writer *w, u32 dev_idx)
{
	const struct ring *ring = &w->rings[dev_idx];
	struct bch_bucket_ranges ranges = { 0 };
	int err = 0;

	for (u32 i = 0; i < ring->nr && !err; i++)
		err = bch_array_push(&ranges, ((struct bch_bucket_range){
						      ring->v[i].sector / ring->nr_sectors, 1 }));
	if (!err)
		err = bch_super_journal_put(&w->fs->members[dev_idx].super, ranges.v,
					    (u32)ranges.nr);
	free(ranges.v);
	return err;
}

int bch_journal_writer_add(struct bch_journal_writer *w, u32 dev_idx, u64 bucket)
{
	struct ring *ring = &w->rings[dev_idx];
	u32 at = ring->nr ? ring->at + 1 : 0;
	struct ring_bucket *v = bch_calloc(ring->nr + 1, sizeof(*v));

	if (!v)
		return -BCH_ERR_no_memory;
	if (ring->nr)
		memcpy(v, ring->v, at * sizeof(*v));
	v[at].sector = bucket * ring->nr_sectors;
	if (ring->nr)
		memcpy(v + at + 1, ring->v + at, (ring->nr - at) * sizeof(*v));
	free(ring->v);
	ring->v = v;
	ring->nr++;
	return put_ring(w, dev_idx);
}

int bch_journal_writer_remove(struct bch_journal_writer *w, u32 dev_idx, u64 bucket)
{
	struct ring *ring = &w->rings[dev_idx];

	for (u32 i = 0; i < ring->nr; i++) {
		if (ring->v[i].sector != bucket * ring->nr_sectors)
			continue;
		if (i == ring->at ? ring->used_sectors != 0
				  : ring->v[i].newest_seq >= w->needed_seq && w->needed_seq)
			return -BCH_ERR_refused;
		memmove(ring->v + i, ring->v + i + 1, (ring->nr - i - 1) * sizeof(*ring->v));
		ring->nr--;
		if (ring->at > i || ring->at == ring->nr)
			ring->at -= ring->at != 0;
		return put_ring(w, dev_idx);
	}
	return -BCH_ERR_not_found;
}
