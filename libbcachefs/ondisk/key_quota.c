// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits of a user, a group or a project: rules and text. Format reference: 04 §10.4. */

#include "ondisk/key_quota.h"

#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

int bch_key_validate_quota(const struct bch_key *k, const struct bch_key_context *c,
			   struct bch_buf *why)
{
	if (k->pos.inode >= BCH_QUOTA_TYPES)
		return bch_key_why(why, BCH_FSCK_quota_type_invalid, "quota type %" PRIu64,
				   k->pos.inode);
	return BCH_KEY_VALID;
}

/* As the tools do, nothing stands between space and inodes. */
void bch_key_put_quota(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c)
{
	struct bch_quota q;

	bch_quota_get(&q, k->val.p, k->val.len);
	bch_buf_put(out, "space hardlimit %" PRIu64 " softlimit %" PRIu64,
		    q.space_hardlimit_sectors, q.space_softlimit_sectors);
	bch_buf_put(out, "inodes hardlimit %" PRIu64 " softlimit %" PRIu64, q.nr_inodes_hardlimit,
		    q.nr_inodes_softlimit);
}

BCH_KEY_FIELDS(quota, bch_quota_disk, BCH_QUOTA_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
