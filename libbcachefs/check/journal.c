// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the start found in journal and clean section. Format reference: 07 §6.1.
 *
 * What was replayed of a journal with holes is what there is: the next commit makes it all that there is.
 */

#include "check/check.h"

#include "super/super.h"

/* An entry is written whatever else is repaired: with some node, whichever. */
static int want_commit(struct bch_check *c)
{
	for (u8 id = 0; id < BCH_BTREE_ID_MAX; id++) {
		struct bch_btree_root root = bch_btree_root(c->fs, id);

		if (root.state == BCH_ROOT_PRESENT)
			return bch_change_touch(c->fs, id, root.level, BCH_SPOS_MAX);
	}
	return 0;
}

int bch_check_journal(struct bch_check *c)
{
	const struct bch_findings *findings = &c->fs->findings;
	bool any = false;
	int yes = 0;

	for (size_t i = 0; i < findings->a.nr && yes >= 0; i++) {
		yes = bch_problem(c, findings->a.v[i].id, "%s", findings->a.v[i].text);
		any |= yes > 0;
	}
	if (yes < 0 || !any)
		return yes < 0 ? yes : 0;
	c->repaired = true;
	c->nr_repairs++;
	return want_commit(c);
}
