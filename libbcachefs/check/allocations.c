// SPDX-License-Identifier: GPL-2.0-or-later
/* The step of buckets, counters and shared data: pass check_allocations. Format reference: 06 §14.2, 07 §4.3. */

#include "check/alloc_private.h"

int bch_check_allocations(struct bch_check *c)
{
	int err;

	if (!bch_alloc_is_checked(c))
		return 0;
	err = bch_alloc_scan(c);
	if (err || c->alloc->missing)
		return err;
	err = bch_alloc_check_ptrs(c);
	if (!err)
		err = bch_alloc_check_buckets(c);
	if (!err)
		err = bch_alloc_check_counters(c);
	if (!err)
		err = bch_alloc_check_stripes(c);
	if (err || c->version > BCH_VERSION_DERIVED_MAX)
		return err;
	err = bch_alloc_check_shared(c);
	return err ? err : bch_alloc_check_super(c);
}
