// SPDX-License-Identifier: GPL-2.0-or-later
/* Persistent counters. Format reference: 01 §8.10. */

#include <string.h>

#include <stdio.h>

#include "ondisk/counters.h"
#include "ondisk/sb_private.h"

u32 bch_super_counters_nr(const struct bch_super *super)
{
	return (u32)(bch_super_section(super, BCH_SECTION_counters).len / sizeof(le64));
}

u64 bch_super_counter(const struct bch_super *super, u32 index)
{
	const le64 *v = bch_bytes_view(bch_super_section(super, BCH_SECTION_counters),
				       index * sizeof(*v), sizeof(*v));

	return v ? le64_get(*v) : 0;
}

void bch_super_counter_put(struct bch_super *super, u32 index, u64 value)
{
	le64 v = le64_of(value);

	if (index < bch_super_counters_nr(super))
		memcpy(bch_super_section_mut(super, BCH_SECTION_counters) + index * sizeof(v), &v,
		       sizeof(v));
}

int bch_sb_validate_counters(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			     struct bch_buf *why)
{
	return 0; /* whatever is there is taken */
}

void bch_sb_show_counters(struct bch_facts *facts, const struct bch_sb_show *show,
			  struct bch_bytes body)
{
	u16 version = le16_get(show->super->sb->version);
	const le64 *v;

	for (u32 i = 0; (v = bch_bytes_view(body, i * sizeof(*v), sizeof(*v))); i++) {
		const char *name = bch_counter_name(i, version);
		char number[32];

		snprintf(number, sizeof(number), "unknown %u", i);
		bch_fact_u64(facts, name ? name : number, le64_get(*v));
	}
}
