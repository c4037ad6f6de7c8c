// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal entry of a commit, and the clean section: all roots. Format reference: 03 §7.1, §8.4 (2). */

#include "commit/private.h"
#include "ondisk/sb_sections.h"

static struct bch_btree_root root_of(const struct bch_plan *plan, const struct bch_fs *fs, u8 id)
{
	struct bch_btree_root root = bch_btree_root(fs, id);

	if (!plan || !plan->btrees[id].touched)
		return root;
	root.state = BCH_ROOT_PRESENT;
	root.level = plan->btrees[id].root_level;
	root.k = bch_node_key_get(&plan->btrees[id].root);
	return root;
}

/* Of every btree, changed or not. */
static int add_roots(struct bch_records *r, const struct bch_plan *plan, const struct bch_fs *fs)
{
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_btree_root root = root_of(plan, fs, id);

		if (root.state == BCH_ROOT_PRESENT)
			err = bch_records_add_key(r, BCH_JSET_ENTRY_btree_root, id, root.level,
						  &root.k);
	}
	return err;
}

/* As if they had never been counted before: there is no node of them. */
static int add_counters(struct bch_records *r, struct bch_fs *fs)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_accounting, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0 ? more
			       : bch_records_add_key(r, BCH_JSET_ENTRY_btree_keys,
						     BCH_BTREE_accounting, 0, &k);
	return err;
}

int bch_commit_entry(struct bch_plan *plan)
{
	le64 now = le64_of(plan->fs->now);
	struct bch_records r = { 0 };
	int err = plan->w->counters_in_journal ? add_counters(&r, plan->fs) : 0;

	if (!err)
		err = add_roots(&r, plan, plan->fs);
	if (!err)
		err = bch_records_add(&r, BCH_JSET_ENTRY_datetime, 0, 0,
				      (struct bch_bytes){ now.b, sizeof(now) });
	if (!err)
		err = bch_records_add_state(&r, &plan->fs->state);
	if (!err)
		err = bch_journal_write(plan->w->journal, plan->seq, plan->seq, &r);
	bch_array_end(&r.a);
	return err;
}

int bch_commit_clean_state(struct bch_plan *plan)
{
	struct bch_bytes section = bch_super_section(&plan->fs->super, BCH_SECTION_clean);
	struct bch_records r = { 0 };
	int err;

	if (section.len <= sizeof(struct sb_clean))
		return 0;
	section = bch_bytes_from(section, sizeof(struct sb_clean));
	err = bch_array_reserve(&r.a, section.len);
	if (!err) {
		memcpy(r.a.v, section.p, section.len);
		r.a.nr = section.len;
		err = bch_journal_write(plan->w->journal, plan->seq, plan->seq, &r);
	}
	if (!err)
		err = bch_fs_flush(plan->fs);
	if (!err)
		bch_journal_write_done(plan->w->journal, plan->seq++);
	bch_array_end(&r.a);
	return err;
}

/* The section, with the same roots as the entry @seq. */
static int put_clean_section(struct bch_fs *fs, u64 seq)
{
	const struct sb_clean clean = { .journal_seq = le64_of(seq) };
	struct bch_records r = { 0 }, all = { 0 };
	int err = bch_records_add_state(&r, &fs->state);

	if (!err)
		err = add_roots(&r, NULL, fs);
	if (!err)
		err = bch_array_reserve(&all.a, sizeof(clean) + r.a.nr);
	if (!err) {
		memcpy(all.a.v, &clean, sizeof(clean));
		memcpy(all.a.v + sizeof(clean), r.a.v, r.a.nr);
		err = bch_super_section_put(&fs->super, BCH_SECTION_clean, all.a.v,
					    sizeof(clean) + r.a.nr);
	}
	bch_array_end(&r.a);
	bch_array_end(&all.a);
	return err;
}

static void set_bits(le64 *word, u64 on, u64 off)
{
	*word = le64_of((le64_get(*word) | on) & ~off);
}

int bch_super_mark_clean(struct bch_fs *fs)
{
	const u64 alloc_compat = 1ULL << BCH_COMPAT_alloc_info | 1ULL << BCH_COMPAT_alloc_metadata;
	struct bch_sb *sb = fs->super.sb;
	int err = put_clean_section(fs, fs->writer->seq);

	if (err)
		return bch_error(fs->ctx, err, "superblock: clean section");
	bch_journal_writer_hints(fs->writer->journal);
	sb = fs->super.sb; /* it may have moved */
	bch_sb_flag_set(sb, BCH_SB_CLEAN, 1);
	if (le64_get(sb->features[0]) >> BCH_FEATURE_no_alloc_info & 1)
		set_bits(&sb->compat[0], 0, alloc_compat);
	else
		set_bits(&sb->compat[0], alloc_compat, 0);
	set_bits(&sb->features[0], 0,
		 1ULL << BCH_FEATURE_extents_above_btree_updates |
			 1ULL << BCH_FEATURE_btree_updates_journalled);
	return bch_fs_write_super(fs);
}
