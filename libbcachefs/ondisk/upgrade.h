/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each version adds, and what has to be checked on the way to it and back. Format reference: 01 §9.1, §9.4, §9.5. */

#ifndef BCHFS_ONDISK_UPGRADE_H
#define BCHFS_ONDISK_UPGRADE_H

#include "ondisk/sb_sections.h"

/* What the check has to run, and which of its findings are no surprise: ids up to the first 0. */
struct bch_version_work {
	u64 passes; /* bits by stable number */
	u16 errors[BCH_DOWNGRADE_ERRORS_MAX + 1];
};

struct bch_version_step {
	u16 version;
	bool is_incompat; /* it brings what older software does not understand, once it is in use */
	const char *adds;
	struct bch_version_work up;   /* crossing it from below */
	struct bch_version_work down; /* from above, as the section downgrade says it */
};

/* Those from 1.5 to 1.28, in order. */
extern const struct bch_version_step bch_version_steps[];
extern const u32 bch_nr_version_steps;

/* Has @ext call for what the way between two versions takes, in whichever direction. */
void bch_version_work_add(struct bch_sb_ext *ext, u16 from, u16 to);

/* The section downgrade becomes that which software of @version writes. */
int bch_super_downgrade_put(struct bch_super *super, u16 version);

#endif
