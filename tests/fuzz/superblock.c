// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: a superblock whose checksum is right, read, shown as text and JSON. Format reference: 01. */

#include "filesystem.h"
#include "fuzz.h"

#include "super/super.h"

#define AREA  65536U
#define START BCH_BYTES(BCH_SB_SECTOR)

static u8 area[AREA];

/* Makes the checksum right, as far as it can be. */
static void seal(void)
{
	struct bch_super super bch_auto(super) = { 0 };

	if (!bch_super_set(&super, (struct bch_bytes){ area + START, AREA - START }) &&
	    !bch_super_seal(&super, le64_get(super.sb->offset)))
		memcpy(area + START, super.sb->csum, sizeof(super.sb->csum));
}

/* Everything there is to say. */
static void show(const struct bch_super *super, enum bch_facts_format format)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(format);
	struct bch_bytes rest = bch_super_sections(super), body;
	struct bch_sb_show s = { super, NULL };
	u32 type;

	bch_sb_show_header(facts, &s);
	bch_sb_show_layout(facts, &super->sb->layout, true);
	bch_facts_object(facts, "sections");
	while (bch_sb_section_next(&rest, &type, &body) > 0)
		bch_sb_section_show(facts, &s, type, body, true);
	bch_facts_end(facts);
	if (!bch_facts_str(facts))
		abort();
}

/* What those do who open a filesystem. */
static void use(const struct bch_super *super)
{
	static struct bch_key_fs fs;
	struct bch_blacklist range;
	struct bch_sb_ext ext;

	bch_key_fs_init(&fs, super);
	bch_super_ext(super, &ext);
	(void)bch_super_blacklist_find(super, 40, &range);
	for (u32 i = 0; i < bch_super_counters_nr(super); i++)
		(void)bch_super_counter(super, i);
}

void fuzz(struct bch_bytes input)
{
	struct fuzz_dev dev = fuzz_dev(NULL, (struct bch_bytes){ area, AREA });
	struct bch_super super bch_auto(super) = { 0 };

	memset(area, 0, sizeof(area));
	fuzz_take(&input, area + START, AREA - START);
	memcpy(area + START - 512, area + START + offsetof(struct bch_sb, layout), 512);
	seal();
	if (bch_super_read(&dev.dev, 0, &super))
		return;
	use(&super);
	show(&super, BCH_FACTS_TEXT);
	show(&super, BCH_FACTS_JSON);
}
