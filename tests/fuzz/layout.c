// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: the layout that stands alone. Format reference: 01 §2. */

#include "filesystem.h"
#include "fuzz.h"

#include "super/super.h"

#define START BCH_BYTES(BCH_SB_LAYOUT_SECTOR)

static void show(const struct bch_sb_layout *layout, enum bch_facts_format format)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(format);

	bch_sb_show_layout(facts, layout, true);
	if (!bch_facts_str(facts))
		abort();
}

void fuzz(struct bch_bytes input)
{
	struct bch_buf why bch_auto(buf) = { 0 };
	struct bch_super super = { 0 };
	struct bch_sb_layout layout;
	static u8 area[65536];
	struct fuzz_dev dev = fuzz_dev(NULL, (struct bch_bytes){ area, sizeof(area) });

	fuzz_take(&input, area + START, sizeof(layout));
	if (!bch_super_read_layout(&dev.dev, &layout, &why)) {
		show(&layout, BCH_FACTS_TEXT);
		show(&layout, BCH_FACTS_JSON);
	}
	/* there is no superblock at any place that it may name */
	if (!bch_super_read(&dev.dev, 0, &super))
		abort();
	bch_super_end(&super);
}
