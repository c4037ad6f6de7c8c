// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A journal bucket in a dump. Format reference: 03 §1.2, §4.1.
 *
 * Where something is to be hidden the entries that a reader finds are all that stays: the rest is of earlier passes
 * around the ring, or of what was in the bucket before it was the journal's.
 */

#include "ops/dump_private.h"

#include "journal/journal.h"

static void hide_bytes(const struct bch_dump_edit *e, u8 *p, size_t start, size_t end)
{
	if (e->data && start < end)
		memset(p + start, 0, end - start);
}

/* An entry whose checksum was right. */
static void edit_entry(const struct bch_dump_edit *e, const struct bch_journal_copy *c, u8 *p,
		       size_t len)
{
	u8 type = bch_jset_CSUM_TYPE(c->flags);
	struct bch_nonce nonce = bch_journal_nonce(c->seq);
	u8 *crypted = p + BCH_JSET_CRYPT_START;
	struct bch_csum csum;
	le64 v[2];

	if (bch_crypt(type, e->fs->key, nonce, crypted, len - BCH_JSET_CRYPT_START))
		return; /* cannot be: it was good */
	bch_dump_edit_records(e, p + BCH_JSET_BYTES, len - BCH_JSET_BYTES);
	(void)bch_crypt(type, e->fs->key, nonce, crypted, len - BCH_JSET_CRYPT_START);
	(void)bch_csum(type, e->fs->key, nonce, p + BCH_JSET_CSUM_START, len - BCH_JSET_CSUM_START,
		       &csum);
	v[0] = le64_of(csum.lo);
	v[1] = le64_of(csum.hi);
	memcpy(p, v, sizeof(v));
}

/* Returns where it ends. Of one that was torn the header stays. */
static size_t edit_copy(const struct bch_dump_edit *e, const struct bch_journal_copy *c, u8 *p)
{
	size_t start = (size_t)BCH_BYTES(c->bucket_offset);
	size_t len = BCH_JSET_BYTES + (size_t)c->u64s * 8;

	if (c->good)
		edit_entry(e, c, p + start, len);
	else
		hide_bytes(e, p, start + BCH_JSET_BYTES, start + len);
	return start + len;
}

int bch_dump_edit_bucket(const struct bch_dump_edit *e, u8 *p, size_t len)
{
	struct bch_journal_bucket bucket = { 0 };
	size_t at = 0;
	int err;

	if (!bch_dump_edits_keys(e))
		return 0;
	err = bch_journal_scan_bytes(e->fs, &bucket, (struct bch_bytes){ p, len });
	if (err != -BCH_ERR_no_memory) {
		for (size_t i = 0; i < bucket.copies.a.nr; i++) {
			const struct bch_journal_copy *c = &bucket.copies.a.v[i];

			hide_bytes(e, p, at, (size_t)BCH_BYTES(c->bucket_offset));
			at = edit_copy(e, c, p);
		}
		hide_bytes(e, p, at, len);
		err = 0; /* of a version that is not known: hidden */
	}
	bch_array_end(&bucket.copies.a);
	return err;
}
