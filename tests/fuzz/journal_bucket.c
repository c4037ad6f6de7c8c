// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: the bytes of a journal bucket. Format reference: 03 §4.1. */

#include "filesystem.h"
#include "fuzz.h"

#include "journal/journal.h"

#define SMALL_BLOCKS 1U
#define LOCKED	     2U /* encrypted, the key is not known */

/* The UUID by which the first entry belongs to the filesystem. */
static void uuid_of(u8 uuid[16], struct bch_bytes bytes)
{
	static const u8 zero[16];
	struct bch_jset j = { 0 };
	le64 v;

	if (bytes.p)
		bch_jset_get(&j, bytes.p, bytes.len);
	v = le64_of(j.magic ^ bch_jset_magic(zero));
	memset(uuid, 0, 16);
	memcpy(uuid, &v, sizeof(v));
}

void fuzz(struct bch_bytes input)
{
	static struct bch_crypt_key key = { { 1, 2, 3 } };
	struct bch_journal_bucket bucket = { .nr_sectors = (u32)BCH_SECTORS(input.len) };
	struct bch_sb sb = { 0 };
	struct bch_fs fs = { .super = { &sb, sizeof(sb) } };
	u64 newest = 0;
	u8 flags;

	fuzz_take(&input, &flags, 1);
	uuid_of(sb.uuid, input);
	sb.block_size = le16_of(flags & SMALL_BLOCKS ? 1 : 8);
	fs.key = flags & LOCKED ? NULL : &key;

	(void)bch_journal_scan_bytes(&fs, &bucket, input);
	for (size_t i = 0; i < bucket.copies.a.nr; i++) {
		const struct bch_journal_copy *c = &bucket.copies.a.v[i];
		u64 end = BCH_BYTES(c->bucket_offset) + BCH_JSET_BYTES + c->u64s * 8ULL;

		if (end > input.len || (c->good && c->seq < newest))
			abort(); /* who loads it counts on that */
		newest = c->good ? c->seq : newest;
	}
	bch_array_end(&bucket.copies.a);
}
