// SPDX-License-Identifier: GPL-2.0-or-later
/* Which versions a filesystem can be upgraded to, and what each adds. CLI 14.5. */

#include "ondisk/upgrade.h"
#include "ops/upgrade.h"

static void put_version(struct bch_facts *facts, const char *label, u16 version)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_version_put(&text, version);
	bch_fact(facts, label, "%s", bch_buf_str(&text));
}

static void show_step(struct bch_facts *facts, const struct bch_version_step *s)
{
	static const int widths[] = { 38 };

	bch_facts_object(facts, NULL);
	bch_facts_row(facts, widths, bch_array_size(widths));
	put_version(facts, "version", s->version);
	bch_fact(facts, "adds", "%s", s->adds);
	bch_facts_row_end(facts);
	bch_facts_end(facts);
}

static void show_steps(const struct bch_fs *fs, struct bch_facts *facts, const char *key,
		       bool is_incompat)
{
	u64 allowed = bch_sb_flag(fs->super.sb, BCH_SB_VERSION_INCOMPAT_ALLOWED);

	bch_facts_list(facts, key);
	bch_facts_indent(facts);
	for (u32 i = 0; i < bch_nr_version_steps; i++) {
		const struct bch_version_step *s = &bch_version_steps[i];

		if (s->version > (is_incompat ? allowed : bch_fs_version(fs)) &&
		    (!is_incompat || s->is_incompat))
			show_step(facts, s);
	}
	bch_facts_outdent(facts);
	bch_facts_end(facts);
}

void bch_fs_show_upgrades(const struct bch_fs *fs, struct bch_facts *facts)
{
	put_version(facts, "Version", bch_fs_version(fs));
	put_version(facts, "Version upgrade complete",
		    (u16)bch_sb_flag(fs->super.sb, BCH_SB_VERSION_UPGRADE_COMPLETE));
	bch_facts_heading(facts, "Reachable so that older software can go back:");
	show_steps(fs, facts, "compatible", false);
	bch_facts_heading(facts,
			  "With --incompatible; once in use, older software cannot go back:");
	show_steps(fs, facts, "incompatible", true);
}
