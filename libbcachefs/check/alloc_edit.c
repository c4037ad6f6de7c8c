// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys without some of their pointers. Format reference: 05 §2; 06 §14.2. */

#include "check/alloc_private.h"

/* The value that grows, and what waits for the next pointer that stays. */
struct edit {
	u8 *val;
	size_t len;
	struct bch_bytes crc, stripe;
	bool has_data;
};

static void emit(struct edit *e, struct bch_bytes b)
{
	if (b.len)
		memcpy(e->val + e->len, b.p, b.len);
	e->len += b.len;
}

static void take_ptr(struct edit *e, const struct bch_ptr_edit *how, u32 nr,
		     const struct bch_ptr *p)
{
	struct bch_ptr changed = *p;
	le64 word;

	if (how->drop >> nr & 1) {
		e->stripe.len = 0;
		return;
	}
	if (how->set_gen >> nr & 1)
		changed.gen = how->gens[nr];
	word = le64_of(bch_ptr_word(&changed));
	emit(e, e->crc);
	if (!(how->drop_stripe >> nr & 1))
		emit(e, e->stripe);
	emit(e, (struct bch_bytes){ word.b, sizeof(word) });
	e->crc.len = e->stripe.len = 0;
	e->has_data |= !p->cached;
}

struct bch_key bch_ptrs_edited(const struct bch_check *c, const struct bch_key *k,
			       const struct bch_ptr_edit *how, u8 val[BCH_KEY_VALUE_MAX])
{
	struct bch_bytes rest = bch_key_extent_entries(k), before = rest;
	struct edit e = { .val = val, .len = k->val.len - rest.len };
	struct bch_extent_entry entry;
	struct bch_key edited = *k;
	u32 nr = 0;

	if (e.len)
		memcpy(val, k->val.p, e.len);
	for (; bch_extent_entry_next(&rest, &c->fs->super, &entry); before = rest) {
		struct bch_bytes bytes = { before.p, before.len - rest.len };

		if (bch_extent_entry_is_crc(entry.type))
			e.crc = bytes;
		else if (entry.type == BCH_EXTENT_ENTRY_stripe_ptr)
			e.stripe = bytes;
		else if (entry.type == BCH_EXTENT_ENTRY_ptr)
			take_ptr(&e, how, nr++, &entry.ptr);
		else
			emit(&e, bytes);
	}
	emit(&e, rest);
	edited.type = e.has_data ? k->type : BCH_KEY_error;
	edited.val = (struct bch_bytes){ val, e.has_data ? e.len : 0 };
	return edited;
}
