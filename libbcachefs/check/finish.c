// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a check: repairs become durable, and the superblock says so. Format reference: 07 §1.5, §2.6. */

#include "check/check.h"
#include "commit/commit.h"
#include "ondisk/passes.h"

#define ALL_PASSES ((1ULL << BCH_PASS_NR) - 1)

/* ------------------------------------------------------------------ how often what was seen */

struct errors {
	BCH_ARRAY(struct bch_sb_error) a;
};

static int read_errors(const struct bch_super *super, struct errors *errors)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_errors);
	struct bch_sb_error e;
	int err = 0;

	for (u32 i = 0; !err && bch_sb_error_get(body, BCH_SECTION_errors, i, &e); i++)
		err = bch_array_push(&errors->a, e);
	return err;
}

static int add_error(struct errors *errors, const struct bch_fsck_count *count, u64 now)
{
	size_t at = 0;
	int err = 0;

	while (at < errors->a.nr && errors->a.v[at].id < count->id)
		at++;
	if (at == errors->a.nr || errors->a.v[at].id != count->id)
		err = bch_array_insert(&errors->a, at,
				       ((struct bch_sb_error){ .id = (u16)count->id }));
	if (err)
		return err;
	errors->a.v[at].nr += count->nr_found;
	errors->a.v[at].last_time = now;
	return 0;
}

static int put_counts(struct bch_check *c)
{
	struct errors errors = { 0 };
	int err = read_errors(&c->fs->super, &errors);

	for (size_t i = 0; i < c->counts.a.nr && !err; i++)
		if (c->counts.a.v[i].id < BCH_FSCK_ERROR_NR)
			err = add_error(&errors, &c->counts.a.v[i], c->fs->now);
	if (!err)
		err = bch_super_errors_put(&c->fs->super, BCH_SECTION_errors, errors.a.v,
					   (u32)errors.a.nr);
	bch_array_end(&errors.a);
	return err ? bch_error(c->ctx, err, "superblock: errors section") : 0;
}

/* ------------------------------------------------------------------ what is known to be wrong */

bool bch_fs_wants_fsck(const struct bch_fs *fs)
{
	const struct bch_sb *sb = fs->super.sb;
	struct bch_sb_ext ext;

	bch_super_ext(&fs->super, &ext);
	return bch_sb_flag(sb, BCH_SB_HAS_ERRORS) || bch_sb_flag(sb, BCH_SB_HAS_TOPOLOGY_ERRORS) ||
	       ext.recovery_passes_required[0] & ALL_PASSES || ext.btrees_lost_data ||
	       bch_sb_flag(sb, BCH_SB_VERSION_UPGRADE_COMPLETE) < le16_get(sb->version);
}

/* All was checked, and nothing is left. */
static int clear_flags(struct bch_check *c, struct bch_sb_ext *ext)
{
	struct bch_sb *sb = c->fs->super.sb;
	int err;

	bch_sb_flag_set(sb, BCH_SB_HAS_ERRORS, 0);
	bch_sb_flag_set(sb, BCH_SB_HAS_TOPOLOGY_ERRORS, 0);
	bch_sb_flag_set(sb, BCH_SB_VERSION_UPGRADE_COMPLETE, le16_get(sb->version));
	ext->recovery_passes_required[0] &= ~ALL_PASSES;
	memset(ext->errors_silent, 0, sizeof(ext->errors_silent));
	ext->btrees_lost_data = 0;
	err = bch_super_ext_put(&c->fs->super, ext);
	return err ? bch_error(c->ctx, err, "superblock: ext section") : 0;
}

/* ------------------------------------------------------------------ write */

/* Members whose freespace was filled say so after it is durable. */
static void mark_freespace(struct bch_check *c)
{
	for (u32 i = 0; i < c->fs->nr_members; i++) {
		struct bch_member m;

		if (!(c->freespace_made[i / 64] >> i % 64 & 1) ||
		    !bch_super_member(&c->fs->super, i, &m))
			continue;
		bch_member_FREESPACE_INITIALIZED_set(&m, 1);
		bch_super_member_put(&c->fs->super, i, &m);
	}
}

/* What was given up while something else is left: who checks next has to know. */
static int put_lost_data(struct bch_check *c, struct bch_sb_ext *ext)
{
	if (!(c->lost_data & ~ext->btrees_lost_data))
		return 0;
	ext->btrees_lost_data |= c->lost_data;
	return bch_super_ext_put(&c->fs->super, ext);
}

static int change_super(struct bch_check *c, bool clear, struct bch_sb_ext *ext)
{
	int err = c->counts.a.nr ? put_counts(c) : 0;

	mark_freespace(c);
	if (err)
		return err;
	return clear ? clear_flags(c, ext) : put_lost_data(c, ext);
}

static int start_writer(struct bch_check *c)
{
	const struct bch_writer_opts opts = { .counted = bch_alloc_found(c) };

	if (!c->fs->writer)
		return bch_writer_start(c->fs, &opts);
	bch_writer_super_changed(c->fs);
	if (opts.counted)
		bch_space_trust(bch_writer_space(c->fs), opts.counted);
	return 0;
}

/* The repairs, what only the journal held, and at last the superblock, clean. */
static int write_all(struct bch_check *c, bool clear, struct bch_sb_ext *ext)
{
	int err = start_writer(c);

	if (!err)
		err = bch_commit(c->fs);
	if (!err)
		err = change_super(c, clear, ext);
	return err ? err : bch_writer_finish(c->fs);
}

static int write_super(struct bch_check *c, bool clear, struct bch_sb_ext *ext)
{
	int err = change_super(c, clear, ext);

	return err ? err : bch_fs_write_super(c->fs);
}

int bch_check_commit(struct bch_check *c, struct bch_fsck_result *result)
{
	struct bch_sb_ext ext;
	bool complete = !c->opts->passes && result->nr_found == result->nr_repaired;
	bool clear = complete && (c->opts->changed || bch_fs_wants_fsck(c->fs));
	int err = 0;

	bch_super_ext(&c->fs->super, &ext);
	if (c->write_supers) /* first: the one good copy is not the one to be torn */
		err = bch_fs_write_copies(c->fs, true);
	if (err)
		return err;
	if (complete)
		c->lost_data = 0; /* what follows from that is repaired too */
	if (c->repaired || bch_changes_bytes(c->fs) || c->fs->writer || !c->fs->state.was_clean)
		err = write_all(c, clear, &ext);
	else if (clear || result->nr_found)
		err = write_super(c, clear, &ext);
	else
		return 0;
	result->written = !err;
	return err;
}
