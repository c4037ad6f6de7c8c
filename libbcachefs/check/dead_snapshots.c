// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots that nobody sees any more are taken away with their keys. Format reference: 07 §4.14. */

#include "check/inode.h"

/*
 * That there are any is no problem: without a word, as by a mount. Without writing, all checks pass over them. Those of a
 * subvolume that was removed and is still there are left to a mount, which ends that first: 04 §4.5.
 */
int bch_check_dead_snapshots(struct bch_check *c)
{
	size_t before;
	int err;

	if (!c->dead.a.nr || !c->writes)
		return 0;
	err = bch_repairs_apply(c);
	before = bch_changes_bytes(c->fs);
	if (!err)
		err = bch_edit_dead_snapshots(c->fs, BCH_DEAD_AT_ONCE);
	if (bch_changes_bytes(c->fs) == before)
		return err;
	c->nr_repairs++;
	c->nr_applied++;
	return err;
}
