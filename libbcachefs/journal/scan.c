// SPDX-License-Identifier: GPL-2.0-or-later
/* The entries that a journal bucket holds. Format reference: 03 §1.2, §4.1. */

#include "journal/journal.h"

#include "base/checked.h"

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

static struct bch_journal_copy look_at(const struct bch_fs *fs, struct bch_jset *j,
				       struct bch_bytes bytes)
{
	struct bch_journal_copy c = { .truncated = truncate_entry(j, bytes) };
	struct bch_csum hash = { 0 };

	c.good = !c.truncated && checksum_is_good(fs, j, bytes.p);
	(void)bch_csum(BCH_CSUM_xxhash, NULL, (struct bch_nonce){ 0 },
		       bytes.p + BCH_JSET_CSUM_START, (size_t)bch_jset_len(j) - BCH_JSET_CSUM_START,
		       &hash);

	c.hash = hash.lo;
	c.seq = j->seq;
	c.last_seq = decrypt_last_seq(fs, j, bytes.p);
	c.version = j->version;
	c.flags = j->flags;
	c.u64s = j->u64s;
	return c;
}

static int check_readable(const struct bch_jset *j)
{
	if (j->version > 0xffff || !bch_version_compatible((u16)j->version))
		return -BCH_ERR_version_unsupported;
	return bch_jset_BIG_ENDIAN(j->flags) ? -BCH_ERR_not_supported : 0;
}

int bch_journal_scan_bytes(const struct bch_fs *fs, struct bch_journal_bucket *bucket,
			   struct bch_bytes bytes)
{
	u64 magic = bch_jset_magic(fs->super.sb->uuid);
	u64 block = BCH_BYTES(le16_get(fs->super.sb->block_size));
	u64 newest = 0, footprint;
	int err = 0;

	for (u64 at = 0; !err && bytes.len >= at && bytes.len - at >= BCH_JSET_BYTES;
	     at += footprint) {
		struct bch_bytes rest = bch_bytes_from(bytes, (size_t)at);
		struct bch_journal_copy c;
		struct bch_jset j;

		bch_jset_get(&j, rest.p, rest.len);
		footprint = block;
		if (j.magic != magic)
			continue; /* entries may go on behind a torn one */
		if (j.seq < newest)
			break; /* left over from an earlier pass around the ring */
		c = look_at(fs, &j, rest);
		err = check_readable(&j);
		if (err &&
		    !c.good) { /* what a torn one says of its version counts no more than the rest */
			err = 0;
			continue;
		}
		if (err)
			break;

		newest = j.seq;
		c.dev_idx = bucket->dev_idx;
		c.ring_idx = bucket->ring_idx;
		c.bucket_offset = (u32)BCH_SECTORS(at);
		c.sector = bucket->sector + c.bucket_offset;
		(void)bch_round_up(bch_jset_len(&j), block, &footprint);
		err = bch_array_push(&bucket->copies.a, c);
	}
	return err;
}
