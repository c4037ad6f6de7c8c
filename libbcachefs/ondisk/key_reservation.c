// SPDX-License-Identifier: GPL-2.0-or-later
/* reservation: rules and text. Format reference: 05 §6.1. */

#include "ondisk/key_reservation.h"

#include "ondisk/key_extent.h"
#include "ondisk/key_private.h"

int bch_key_validate_reservation(const struct bch_key *k, const struct bch_key_context *c,
				 struct bch_buf *why)
{
	struct bch_reservation r;

	bch_reservation_get(&r, k->val.p, k->val.len);
	if (!r.nr_replicas || r.nr_replicas > BCH_REPLICAS_MAX)
		return bch_key_why(why, BCH_FSCK_reservation_key_nr_replicas_invalid,
				   "invalid nr_replicas (%u)", r.nr_replicas);
	return BCH_KEY_VALID;
}

void bch_key_put_reservation(struct bch_buf *out, const struct bch_key *k,
			     const struct bch_key_context *c)
{
	struct bch_reservation r;

	bch_reservation_get(&r, k->val.p, k->val.len);
	bch_buf_put(out, "generation %u replicas %u", r.generation, r.nr_replicas);
}

BCH_KEY_FIELDS(reservation, bch_reservation_disk,
	       BCH_RESERVATION_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
