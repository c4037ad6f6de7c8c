// SPDX-License-Identifier: GPL-2.0-or-later
/* Time and warning limits of the three kinds of quotas. Format reference: 01 §8.6. */

#include "ondisk/sb_private.h"

#define QUOTA_BYTES sizeof(struct bch_sb_quota_disk)

int bch_sb_validate_quota(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			  struct bch_buf *why)
{
	if (!bch_bytes_view(body, 0, BCH_QUOTA_TYPES * QUOTA_BYTES))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_quota,
				  "wrong size (got %zu should be %zu)", body.len + 8,
				  BCH_QUOTA_TYPES * QUOTA_BYTES + 8);
	return 0;
}

void bch_sb_show_quota(struct bch_facts *facts, const struct bch_sb_show *show,
		       struct bch_bytes body)
{
	static const char *const types[BCH_QUOTA_TYPES] = { "user", "group", "project" };
	struct bch_sb_quota q;

	for (unsigned i = 0; i < BCH_QUOTA_TYPES; i++) {
		bch_sb_quota_get(&q, body.p + i * QUOTA_BYTES, QUOTA_BYTES);
		bch_facts_heading(facts, "%s:", types[i]);
		bch_facts_object(facts, types[i]);
		bch_facts_indent(facts);
		bch_fact_u64(facts, "space timelimit", q.space_timelimit);
		bch_fact_u64(facts, "space warnlimit", q.space_warnlimit);
		bch_fact_u64(facts, "inodes timelimit", q.inodes_timelimit);
		bch_fact_u64(facts, "inodes warnlimit", q.inodes_warnlimit);
		bch_facts_outdent(facts);
		bch_facts_end(facts);
	}
}
