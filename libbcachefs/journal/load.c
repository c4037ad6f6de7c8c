// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of one journal entry, decrypted, and its records. Format reference: 03 §1.2. */

#include "journal/records.h"

#include <stdlib.h>

#include "base/memory.h"

void bch_journal_buf_end(struct bch_journal_buf *buf)
{
	free(buf->p);
	*buf = (struct bch_journal_buf){ 0 };
}

static size_t copy_len(const struct bch_journal_copy *c)
{
	return BCH_JSET_BYTES + (size_t)c->u64s * 8;
}

static int make_room(struct bch_journal_buf *buf, size_t len)
{
	u8 *p;

	if (len <= buf->size)
		return 0;
	p = bch_realloc(buf->p, len);
	if (!p)
		return -BCH_ERR_no_memory;
	buf->p = p;
	buf->size = len;
	return 0;
}

/* -BCH_ERR_io too where the bytes are not those that were scanned. */
static int load_copy(const struct bch_journal *j, const struct bch_journal_copy *c,
		     struct bch_journal_buf *buf)
{
	size_t len = copy_len(c);
	struct bch_csum hash;
	int err = make_room(buf, len);

	if (!err)
		err = bch_blkdev_read(j->fs->members[c->dev_idx].blkdev, buf->p, len,
				      BCH_BYTES(c->sector));
	if (!err)
		err = bch_csum(BCH_CSUM_xxhash, NULL, (struct bch_nonce){ 0 },
			       buf->p + BCH_JSET_CSUM_START, len - BCH_JSET_CSUM_START, &hash);
	if (!err && hash.lo != c->hash)
		err = bch_error_whole(j->fs->ctx, -BCH_ERR_io,
				      "%s: journal entry %" PRIu64 " at sector %" PRIu64
				      " changed while it was read",
				      j->fs->members[c->dev_idx].blkdev->name, c->seq, c->sector);
	if (err)
		return err;

	if (bch_csum_type_encrypts(bch_jset_CSUM_TYPE(c->flags)) && j->fs->key)
		err = bch_crypt(bch_jset_CSUM_TYPE(c->flags), j->fs->key, bch_journal_nonce(c->seq),
				buf->p + BCH_JSET_CRYPT_START, len - BCH_JSET_CRYPT_START);
	buf->records = (struct bch_bytes){ buf->p + BCH_JSET_BYTES, len - BCH_JSET_BYTES };
	return err;
}

int bch_journal_load(const struct bch_journal *j, const struct bch_journal_entry *e,
		     struct bch_journal_buf *buf)
{
	int err = load_copy(j, &e->copy[e->best], buf);

	for (u32 i = 0; err && err != -BCH_ERR_no_memory && i < e->nr_copies; i++)
		if (i != e->best && e->copy[i].good)
			err = load_copy(j, &e->copy[i], buf);
	return err;
}

void bch_journal_records_end(struct bch_journal_records *records)
{
	bch_journal_buf_end(&records->buf);
	bch_array_end(&records->of.a);
}

int bch_journal_records_load(const struct bch_journal *j, const struct bch_journal_entry *e,
			     struct bch_journal_records *records)
{
	struct bch_jset_entry record;
	struct bch_bytes rest;
	int err = bch_journal_load(j, e, &records->buf), more = 0;

	records->of.a.nr = 0;
	rest = records->buf.records;
	while (!err && (more = bch_jset_entry_next(&rest, &record)) > 0)
		err = bch_array_push(&records->of.a, record);
	records->overrun = more < 0;
	return err;
}
