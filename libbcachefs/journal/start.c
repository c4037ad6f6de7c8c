// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting to read: roots from the clean section or the journal, and the journal's keys over the nodes. Format
 * reference: 03 §7.3, §9.2.
 */

#include <bcachefs/journal.h>
#include "btree/btree.h"
#include "journal/journal.h"

/* Numbers that a kernel may have had in flight: 03 §5. */
#define SKIP	   64
#define SKIP_NEWER 4096

#define VERSION_NEWER BCH_VERSION(1, 29)

#define KEY_VERSIONS_IN_FLIGHT 65536

static int take_root(void *arg, u8 btree_id, u8 level, const struct bch_key *k)
{
	return bch_btree_root_set(arg, btree_id, level, k);
}

static int take_key(void *arg, u8 btree_id, u8 level, const struct bch_key *k)
{
	return bch_key_overlay_add(arg, btree_id, level, k);
}

static bool has_feature(const struct bch_fs *fs, enum bch_sb_feature feature)
{
	return le64_get(fs->super.sb->features[0]) >> feature & 1;
}

static int check_features(struct bch_fs *fs, bool clean)
{
	if (has_feature(fs, BCH_FEATURE_new_extent_overwrite) &&
	    (clean || has_feature(fs, BCH_FEATURE_extents_above_btree_updates)))
		return 0;
	return bch_error_whole(
		fs->ctx, -BCH_ERR_invalid_sb_features,
		"filesystem was written by a version that is too old to be recovered");
}

/* What nodes hold of updates whose entries never became durable is to be ignored: 03 §5. */
static int blacklist_tail(struct bch_fs *fs, const struct bch_journal *j)
{
	bool newer = le16_get(fs->super.sb->version) >= VERSION_NEWER;
	u64 skip = newer ? SKIP_NEWER : SKIP;

	return bch_super_blacklist_add(
		&fs->super, (struct bch_blacklist){ j->blacklist_seq, j->start_seq + skip });
}

/* Nothing tells where the btrees are; a scan may find their nodes. */
static int lose_roots(struct bch_fs *fs)
{
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_NR && !err; id++)
		err = bch_btree_root_set(fs, id, 0, NULL);
	return err;
}

static int replay_keys(struct bch_fs *fs, struct bch_journal *j, const struct bch_rewind *rewind)
{
	struct bch_key_overlay *overlay = bch_key_overlay_new();
	struct bch_replay_sink sink = { .arg = overlay, .key = take_key };
	int err = overlay ? 0 : -BCH_ERR_no_memory;

	if (!err && rewind->from != rewind->to)
		err = bch_journal_reach(j, rewind->to);
	if (!err)
		err = bch_journal_replay_keys(j, &sink, rewind);
	if (err) {
		bch_key_overlay_free(overlay);
		return err;
	}
	bch_key_overlay_seal(overlay);
	bch_btrees_set_overlay(fs, overlay);
	return 0;
}

/* After a crash more data may have been encrypted than any entry says: 05 §5.4. */
static void keep_state(struct bch_fs *fs, const struct bch_journal *j,
		       const struct bch_replay_state *state)
{
	fs->state = (struct bch_fs_state){
		.key_version = state->key_version,
		.clock = { state->clock[0], state->clock[1] },
		.seq = j->blacklist_seq ? j->blacklist_seq - 1 : 0,
	};
	if (fs->key)
		fs->state.key_version += KEY_VERSIONS_IN_FLIGHT;
}

static int replay(struct bch_fs *fs, struct bch_journal *j, const struct bch_start_opts *opts)
{
	struct bch_replay_sink sink = { .arg = fs, .root = take_root };
	struct bch_replay_state state = { 0 };
	int err = opts->rewind ? bch_journal_rewind(j, opts->rewind_to, &state.rewind) : 0;

	if (!err)
		err = bch_journal_replay_early(j, &sink, &state);
	if (!err)
		keep_state(fs, j, &state);
	return err || opts->no_journal ? err : replay_keys(fs, j, &state.rewind);
}

/* @clean: nothing was in flight when it was left. */
static int start_from_journal(struct bch_fs *fs, struct bch_journal *j, bool clean,
			      const struct bch_btree_opts *btree_opts,
			      const struct bch_start_opts *opts)
{
	bool usable = j->last_seq || bch_journal_use_newest(j);
	int err = usable && !clean ? blacklist_tail(fs, j) : 0;

	if (!err)
		err = bch_btrees_start(fs, btree_opts);
	if (err)
		return err;
	return usable ? replay(fs, j, opts) : lose_roots(fs);
}

static void take_clean_value(struct bch_fs *fs, const struct bch_jset_entry *e)
{
	if (e->type == BCH_JSET_ENTRY_usage && e->btree_id == BCH_JSET_USAGE_key_version)
		fs->state.key_version = bch_jset_entry_u64(e, 0);
	else if (e->type == BCH_JSET_ENTRY_clock)
		fs->state.clock[bch_jset_entry_u64(e, 0) & 1] = bch_jset_entry_u64(e, 1);
}

static int start_clean(struct bch_fs *fs)
{
	struct bch_bytes body = bch_super_section(&fs->super, BCH_SECTION_clean);
	const struct sb_clean *clean = bch_bytes_view(body, 0, sizeof(*clean));
	struct bch_bytes rest = bch_bytes_from(body, sizeof(*clean));
	struct bch_jset_entry e;

	if (!clean)
		return -BCH_ERR_invalid_sb_clean;
	fs->state = (struct bch_fs_state){ .seq = le64_get(clean->journal_seq), .was_clean = true };
	while (bch_jset_entry_next(&rest, &e) > 0)
		take_clean_value(fs, &e);
	return bch_btree_roots_from_clean(fs);
}

static bool has_clean_section(const struct bch_fs *fs)
{
	return bch_super_section(&fs->super, BCH_SECTION_clean).len >= sizeof(struct sb_clean);
}

/* Nobody knows then what else of it is right. */
static bool clean_section_overruns(const struct bch_fs *fs)
{
	struct bch_bytes rest = bch_bytes_from(bch_super_section(&fs->super, BCH_SECTION_clean),
					       sizeof(struct sb_clean));
	struct bch_jset_entry e;
	int more;

	while ((more = bch_jset_entry_next(&rest, &e)) > 0)
		;
	return more < 0;
}

static void report_no_section(const struct bch_journal *j, bool overruns)
{
	if (overruns)
		bch_journal_problem(j, BCH_FSCK_sb_clean_entry_overrun, 0,
				    "an entry of the superblock's clean section goes past its end");
	else
		bch_journal_problem(j, BCH_FSCK_sb_clean_missing, 0,
				    "the superblock says that it is clean, but not where its "
				    "btrees are");
}

static int start_with_journal(struct bch_fs *fs, bool clean,
			      const struct bch_btree_opts *btree_opts,
			      const struct bch_start_opts *opts)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	bool behind, overruns = clean_section_overruns(fs), has_section;
	int err = bch_journal_read(fs, &j);

	if (overruns)
		bch_super_section_drop(&fs->super, BCH_SECTION_clean);
	has_section = has_clean_section(fs);
	if (!err)
		err = bch_journal_report_clean(j, &behind);
	if (err)
		return err;
	if (clean && !has_section)
		report_no_section(j, overruns);
	clean &= has_section && !behind;
	if (clean && !opts->rewind) {
		err = bch_btrees_start(fs, btree_opts);
		return err ? err : start_clean(fs);
	}
	bch_journal_report(j);
	return start_from_journal(fs, j, clean, btree_opts, opts);
}

int bch_fs_start(struct bch_fs *fs, const struct bch_start_opts *opts)
{
	static const struct bch_start_opts none;
	struct bch_btree_opts btree_opts = { 0 };
	bool clean = bch_sb_flag(fs->super.sb, BCH_SB_CLEAN);
	int err;

	opts = opts ? opts : &none;
	btree_opts.cache_bytes = opts->cache_bytes;
	btree_opts.nr_threads = opts->nr_threads;
	fs->findings.keeps = opts->for_check;
	if (!bch_sb_flag(fs->super.sb, BCH_SB_INITIALIZED)) {
		bch_log(fs->ctx, BCH_LOG_info, "filesystem was never mounted: it holds no keys");
		return bch_btrees_start(fs, &btree_opts);
	}
	err = check_features(fs, clean);
	if (err)
		return err;
	if (!clean || opts->rewind || opts->for_check || !has_clean_section(fs) ||
	    clean_section_overruns(fs))
		return start_with_journal(fs, clean, &btree_opts, opts);
	err = bch_btrees_start(fs, &btree_opts);
	return err ? err : start_clean(fs);
}
