// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: one key of any type; its rules, its text, and all that decodes its value. Format reference: 04, 05, 06, 08. */

#include "filesystem.h"
#include "fuzz.h"
#include "fuzz_key.h"

#include "ondisk/key_accounting.h"
#include "ondisk/key_alloc.h"
#include "ondisk/key_backpointer.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_reflink.h"
#include "ondisk/key_stripe.h"
#include "ondisk/key_xattr.h"

static void walk_extent(const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, fuzz_key_fs()->super);
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;
	struct bch_extent_ptr p;

	while (bch_extent_ptr_next(&w, &p))
		(void)bch_crc_disk_sectors(&p.crc, k->size);
	while (bch_extent_entry_next(&rest, fuzz_key_fs()->super, &e))
		;
}

static void walk_xattr(const struct bch_key *k)
{
	struct bch_acl_entry e;
	struct bch_bytes rest;
	struct bch_xattr x;

	if (bch_xattr_get(k, &x) && bch_acl_begin(x.value, &rest))
		while (bch_acl_next(&rest, &e) > 0)
			;
}

static void walk_stripe(const struct bch_key *k)
{
	struct bch_stripe s;
	struct bch_bytes csum;
	struct bch_ptr p;
	u16 nr_sectors;

	bch_stripe_get(k, &s);
	for (u32 i = 0; i < s.nr_blocks; i++) {
		(void)bch_stripe_block(&s, i, &p);
		(void)bch_stripe_block_used(&s, i, &nr_sectors);
		for (u32 j = 0; j < 2; j++)
			(void)bch_stripe_block_csum(&s, i, j ? s.csums_per_block - 1 : 0, &csum);
	}
}

static void walk_accounting(const struct bch_key *k, u16 version)
{
	struct bch_accounting a;

	bch_accounting_get(k->pos, version, &a);
	(void)bch_accounting_pos(&a, version);
	for (u32 i = 0; i <= bch_accounting_nr_counters(a.type, version); i++)
		(void)bch_accounting_counter(k, i);
}

/* Decoders whose value must have a least length are called by those who validated the key. */
static void decode(const struct bch_key *k, u16 version)
{
	struct bch_backpointer bp;
	struct bch_dirent dirent;
	struct bch_inode inode;
	struct bch_alloc alloc;

	walk_extent(k);
	walk_xattr(k);
	walk_accounting(k, version);
	(void)bch_alloc_get(k, version, &alloc);
	(void)bch_dirent_get(k, &dirent);
	(void)bch_inode_get(k, &inode);
	bch_backpointer_get(k, version, &bp);
	if (k->val.len >= 8)
		walk_stripe(k);
	if (k->val.len >= 16)
		(void)bch_reflink_p_get(k, version);
}

void fuzz(struct bch_bytes input)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct fuzz_key_head head;
	struct bch_key_context c;
	struct bch_key k;

	fuzz_take(&input, &head, sizeof(head));
	c = fuzz_key_context(&head);
	k = fuzz_key(&head, input);
	c.fs = head.flags & FUZZ_KEY_NO_FS ? NULL : fuzz_key_fs();

	(void)bch_key_validate(&k, &c, NULL);
	(void)bch_key_validate(&k, &c, &text);
	bch_key_text_put(&text, &k, &c);
	decode(&k, c.version);
}
