// SPDX-License-Identifier: GPL-2.0-or-later
/* How often each error was seen: errors and errors_v2. Format reference: 01 §8.11, 08 §2.3. */

#include <stdlib.h>
#include <string.h>

#include "ondisk/error_ids.h"
#include "ondisk/sb_private.h"

#define ENTRY_BYTES 16
#define V2_NR_MAX   BCH_U32_MAX
#define V2_TIME_MAX ((1ULL << 40) - 1)

struct words {
	le64 w[2];
};

static struct bch_sb_error decode(const struct words *d, u32 section)
{
	u64 w0 = le64_get(d->w[0]), w1 = le64_get(d->w[1]);

	if (section == BCH_SECTION_errors)
		return (struct bch_sb_error){
			.id = (u16)w0, .nr = w0 >> 16, .last_time = w1, .first_time = w1
		};
	return (struct bch_sb_error){ .id = (u16)w0,
				      .nr = bch_bits_get(w0, 16, 48),
				      .last_time = w0 >> 48 | bch_bits_get(w1, 0, 24) << 16,
				      .first_time = w1 >> 24 };
}

static u64 at_most(u64 v, u64 max)
{
	return v < max ? v : max;
}

static struct words encode(const struct bch_sb_error *e, u32 section)
{
	u64 last = at_most(e->last_time, V2_TIME_MAX), first = at_most(e->first_time, V2_TIME_MAX);

	if (section == BCH_SECTION_errors)
		return (struct words){ { le64_of(e->id | e->nr << 16), le64_of(e->last_time) } };
	return (struct words){ { le64_of(e->id | at_most(e->nr, V2_NR_MAX) << 16 | last << 48),
				 le64_of(last >> 16 | first << 24) } };
}

bool bch_sb_error_get(struct bch_bytes body, u32 section, u32 i, struct bch_sb_error *e)
{
	const struct words *d = bch_bytes_view(body, (size_t)i * ENTRY_BYTES, ENTRY_BYTES);

	if (!d)
		return false;
	*e = decode(d, section);
	return true;
}

int bch_super_errors_put(struct bch_super *super, u32 section, const struct bch_sb_error *e, u32 nr)
{
	int err = bch_super_section_resize(super, section, (size_t)nr * ENTRY_BYTES);
	u8 *p;

	if (err)
		return err;
	p = bch_super_section_mut(super, section);
	for (u32 i = 0; i < nr; i++) {
		struct words d = encode(&e[i], section);

		memcpy(p + (size_t)i * ENTRY_BYTES, &d, ENTRY_BYTES);
	}
	return 0;
}

static int validate(struct bch_bytes body, u32 section, struct bch_buf *why)
{
	struct bch_sb_error e;
	s32 prev = -1;

	for (u32 i = 0; bch_sb_error_get(body, section, i, &e); prev = e.id, i++) {
		if (!e.nr)
			return bch_sb_why(why, -BCH_ERR_invalid_sb_errors,
					  "entry %u has count 0 (id %u)", i, e.id);
		if (e.id <= prev)
			return bch_sb_why(why, -BCH_ERR_invalid_sb_errors,
					  "entry %u out of order (id %u after %d)", i, e.id, prev);
		if (e.first_time > e.last_time)
			return bch_sb_why(why, -BCH_ERR_invalid_sb_errors,
					  "entry %u was last seen before it was first seen", i);
	}
	return 0;
}

int bch_sb_validate_errors(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			   struct bch_buf *why)
{
	return validate(body, BCH_SECTION_errors, why);
}

int bch_sb_validate_errors_v2(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			      struct bch_buf *why)
{
	return validate(body, BCH_SECTION_errors_v2, why);
}

static void show(struct bch_facts *facts, struct bch_bytes body, u32 section)
{
	static const int widths[] = { 44, 16, 0 };
	struct bch_sb_error e;

	bch_facts_list(facts, "entries");
	for (u32 i = 0; bch_sb_error_get(body, section, i, &e); i++) {
		const char *name = bch_fsck_error_name(e.id);

		bch_facts_object(facts, NULL);
		bch_facts_row(facts, widths, bch_array_size(widths));
		if (name)
			bch_fact(facts, "Name", "%s", name);
		else
			bch_fact(facts, "Name", "(unknown error %u)", e.id);
		bch_fact_u64(facts, "Count", e.nr);
		bch_fact_time(facts, "Last", e.last_time);
		bch_facts_row_end(facts);
		if (section == BCH_SECTION_errors_v2)
			bch_fact_json_u64(facts, "first", e.first_time);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

void bch_sb_show_errors(struct bch_facts *facts, const struct bch_sb_show *sb_show,
			struct bch_bytes body)
{
	show(facts, body, BCH_SECTION_errors);
}

void bch_sb_show_errors_v2(struct bch_facts *facts, const struct bch_sb_show *sb_show,
			   struct bch_bytes body)
{
	show(facts, body, BCH_SECTION_errors_v2);
}
