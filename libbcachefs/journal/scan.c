// SPDX-License-Identifier: GPL-2.0-or-later
/* The entries that a journal bucket holds. Format reference: 03 §1.2, §4.1. */

#include "journal/journal.h"

#include "base/checked.h"

#define SUMMED_MAX 16

struct bch_nonce bch_journal_nonce(u64 seq)
{
	return (struct bch_nonce){ { 0, (u32)seq, (u32)(seq >> 32), BCH_NONCE_JOURNAL } };
}

static bool checksum_is_good(const struct bch_fs *fs, const struct bch_jset *j, const u8 *p)
{
	struct bch_csum want = { j->csum[0], j->csum[1] }, have;
	size_t len = (size_t)bch_jset_len(j) - BCH_JSET_CSUM_START;
	u8 type = bch_jset_CSUM_TYPE(j->flags);

	if (type >= BCH_CSUM_NR)
		return false;
	if (bch_csum(type, fs->key, bch_journal_nonce(j->seq), p + BCH_JSET_CSUM_START, len, &have))
		return false;
	return bch_csum_equal(want, have);
}

/* The header's encrypted part, at its end, holds this alone. */
static u64 decrypt_last_seq(const struct bch_fs *fs, const struct bch_jset *j, const u8 *p)
{
	u8 bytes[BCH_JSET_BYTES];
	struct bch_jset clear;

	memcpy(bytes, p, sizeof(bytes));
	if (bch_crypt(bch_jset_CSUM_TYPE(j->flags), fs->key, bch_journal_nonce(j->seq),
		      bytes + BCH_JSET_CRYPT_START, sizeof(bytes) - BCH_JSET_CRYPT_START))
		return j->last_seq;
	bch_jset_get(&clear, bytes, sizeof(bytes));
	return clear.last_seq;
}

/* Cuts @j off at the end of @bytes, which are what is left of the bucket. */
static bool truncate_entry(struct bch_jset *j, struct bch_bytes bytes)
{
	u64 room = (bytes.len - BCH_JSET_BYTES) / 8;

	if (j->u64s <= room)
		return false;
	j->u64s = (u32)room;
	return true;
}

static int check_readable(const struct bch_jset *j)
{
	if (j->version > 0xffff || !bch_version_compatible((u16)j->version))
		return -BCH_ERR_version_unsupported;
	return bch_jset_BIG_ENDIAN(j->flags) ? -BCH_ERR_not_supported : 0;
}

/* Where a walk over a bucket is. */
struct scan {
	const struct bch_fs *fs;
	struct bch_journal_bucket *bucket;
	u64 len, block; /* bytes */
	u64 newest;	/* number of good ones */
	u64 nr_summed;	/* bytes of bad ones */
	bool saw_bad;	/* entries may go on behind what is none */
};

/* A bad one that says that it goes on where a later one begins ends there. */
static void end_before_next(const struct scan *s, struct bch_jset *j, struct bch_bytes bytes)
{
	for (u64 at = s->block; at < bch_jset_len(j); at += s->block) {
		struct bch_bytes rest = bch_bytes_from(bytes, (size_t)at);
		struct bch_jset next;

		if (rest.len < BCH_JSET_BYTES)
			return;
		bch_jset_get(&next, rest.p, rest.len);
		if (next.magic == j->magic && next.seq >= s->newest) {
			j->u64s = (u32)((at - BCH_JSET_BYTES) / 8);
			return;
		}
	}
}

/* Many that say that they are long are summed for their bucket's length a few times, not each. */
static bool is_good(struct scan *s, const struct bch_jset *j, const u8 *p)
{
	if (s->nr_summed > SUMMED_MAX * s->len)
		return false;
	if (checksum_is_good(s->fs, j, p))
		return true;
	s->nr_summed += bch_jset_len(j);
	return false;
}

static struct bch_journal_copy look_at(struct scan *s, struct bch_jset *j, struct bch_bytes bytes)
{
	struct bch_journal_copy c = { .truncated = truncate_entry(j, bytes) };
	struct bch_csum hash = { 0 };

	c.good = !c.truncated && is_good(s, j, bytes.p);
	if (!c.good)
		end_before_next(s, j, bytes);
	(void)bch_csum(BCH_CSUM_xxhash, NULL, (struct bch_nonce){ 0 },
		       bytes.p + BCH_JSET_CSUM_START, (size_t)bch_jset_len(j) - BCH_JSET_CSUM_START,
		       &hash);

	c.hash = hash.lo;
	c.seq = j->seq;
	c.last_seq = decrypt_last_seq(s->fs, j, bytes.p);
	c.version = j->version;
	c.flags = j->flags;
	c.u64s = j->u64s;
	return c;
}

/* What a bad one says of its length and its number counts no more than the rest. */
static int take_entry(struct scan *s, struct bch_jset *j, struct bch_bytes rest, u64 at,
		      u64 *footprint)
{
	struct bch_journal_copy c = look_at(s, j, rest);
	int err = check_readable(j);

	s->saw_bad |= !c.good;
	if (err)
		return c.good ? err : 0;
	c.dev_idx = s->bucket->dev_idx;
	c.ring_idx = s->bucket->ring_idx;
	c.bucket_offset = (u32)BCH_SECTORS(at);
	c.sector = s->bucket->sector + c.bucket_offset;
	if (c.good) {
		s->newest = j->seq;
		(void)bch_round_up(bch_jset_len(j), s->block, footprint);
	}
	return bch_array_push(&s->bucket->copies.a, c);
}

int bch_journal_scan_bytes(const struct bch_fs *fs, struct bch_journal_bucket *bucket,
			   struct bch_bytes bytes)
{
	u64 magic = bch_jset_magic(fs->super.sb->uuid);
	struct scan s = { .fs = fs,
			  .bucket = bucket,
			  .len = bytes.len,
			  .block = BCH_BYTES(le16_get(fs->super.sb->block_size)) };
	u64 footprint;
	int err = 0;

	for (u64 at = 0; !err && bytes.len >= at && bytes.len - at >= BCH_JSET_BYTES;
	     at += footprint) {
		struct bch_bytes rest = bch_bytes_from(bytes, (size_t)at);
		struct bch_jset j;

		bch_jset_get(&j, rest.p, rest.len);
		footprint = s.block;
		if (j.magic != magic)
			s.saw_bad = true;
		else if (j.seq >= s.newest)
			err = take_entry(&s, &j, rest, at, &footprint);
		else if (!s.saw_bad)
			break; /* left over from an earlier pass around the ring */
	}
	return err;
}
