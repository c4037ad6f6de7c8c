// SPDX-License-Identifier: GPL-2.0-or-later
/* What no key leads to: superblocks, and the journal. Format reference: 01 §2, 03 §4. */

#include "journal/journal.h"
#include "ops/scrub_private.h"

/* ------------------------------------------------------------------ superblocks */

/* Every copy counts with all its place: what it says about its length may be wrong. */
static int check_copy(struct bch_scrub *s, struct bch_scrub_member *m, u64 sector, u64 nr_sectors)
{
	struct bch_scrub_finding f = { .kind = BCH_SCRUB_superblock,
				       .dev_idx = m->dev.dev_idx,
				       .sector = sector,
				       .bytes = BCH_BYTES(nr_sectors) };
	struct bch_super super = { 0 };

	f.err = bch_super_read_copy(m->blkdev, sector, &super, NULL);
	bch_super_end(&super);
	m->found += BCH_BYTES(nr_sectors);
	bch_scrub_advance(s, m, BCH_BYTES(nr_sectors), 0);
	if (!f.err || f.err == -BCH_ERR_no_memory)
		return f.err;
	m->dev.bad += BCH_BYTES(nr_sectors);
	return bch_scrub_found(s, &f);
}

static int check_layout(struct bch_scrub *s, struct bch_scrub_member *m)
{
	struct bch_scrub_finding f = { .kind = BCH_SCRUB_superblock,
				       .dev_idx = m->dev.dev_idx,
				       .sector = BCH_SB_LAYOUT_SECTOR,
				       .bytes = BCH_SECTOR_SIZE };
	struct bch_sb_layout layout;

	f.err = bch_super_read_layout(m->blkdev, &layout, NULL);
	m->found += BCH_SECTOR_SIZE;
	bch_scrub_advance(s, m, BCH_SECTOR_SIZE, 0);
	if (!f.err || f.err == -BCH_ERR_no_memory)
		return f.err;
	m->dev.bad += BCH_SECTOR_SIZE;
	return bch_scrub_found(s, &f);
}

int bch_scrub_supers(struct bch_scrub *s)
{
	int err = 0;

	for (u32 i = 0; !err && i < s->nr_members; i++) {
		struct bch_scrub_member *m = bch_scrub_wanted(s, i);
		const struct bch_sb_layout *l;

		if (!m)
			continue;
		l = &s->fs->members[i].super.sb->layout;
		err = check_layout(s, m);
		for (u32 j = 0; !err && j < l->nr_superblocks && j < BCH_SB_MAX_COPIES; j++)
			err = check_copy(s, m, le64_get(l->sb_offset[j]),
					 1ULL << l->sb_max_size_bits);
	}
	return err;
}

/* ------------------------------------------------------------------ journal */

static int check_journal_copy(struct bch_scrub *s, const struct bch_journal_entry *e,
			      const struct bch_journal_copy *copy)
{
	struct bch_scrub_member *m = bch_scrub_wanted(s, copy->dev_idx);
	u64 bytes = BCH_JSET_BYTES + (u64)copy->u64s * 8;
	const struct bch_scrub_finding f = {
		.kind = BCH_SCRUB_journal,
		.lost = !e->copy[e->best].good,
		.err = -BCH_ERR_data_checksum,
		.dev_idx = copy->dev_idx,
		.sector = copy->sector,
		.bytes = bytes,
		.seq = e->seq,
	};

	if (!m)
		return 0;
	m->found += bytes;
	bch_scrub_advance(s, m, bytes, 0);
	if (copy->good)
		return 0;
	m->dev.bad += bytes;
	return bch_scrub_found(s, &f);
}

/* Of a clean filesystem none of the journal matters. What a crash cut off is not among what is replayed. */
int bch_scrub_journal(struct bch_scrub *s)
{
	const struct bch_sb *sb = s->fs->super.sb;
	struct bch_journal *j bch_auto(journal) = NULL;
	int err;

	if (bch_sb_flag(sb, BCH_SB_CLEAN) || !bch_sb_flag(sb, BCH_SB_INITIALIZED))
		return 0;
	err = bch_journal_read(s->fs, &j);
	for (size_t i = 0; !err && i < j->entries.a.nr; i++) {
		const struct bch_journal_entry *e = &j->entries.a.v[i];

		for (u32 c = 0; !err && e->use == BCH_JOURNAL_REPLAYED && c < e->nr_copies; c++)
			err = check_journal_copy(s, e, &e->copy[c]);
	}
	return err;
}
