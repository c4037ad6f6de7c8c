// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking members in and out of use: what the state says, and what must be left without them. Format reference: 06 §13.3. */

#include <string.h>

#include "ondisk/data_types.h"
#include "super/super.h"

/* From then on what lies on a failed member is read, while it is being evacuated: 08 §2.6. */
#define VERSION_EVACUATING BCH_VERSION(1, 33)

static bool evacuates(const struct bch_super *super)
{
	return le16_get(super->sb->version) >= VERSION_EVACUATING;
}

void bch_fs_state_put(struct bch_buf *out, const struct bch_fs *fs, u32 dev_idx)
{
	struct bch_member m;

	if (!bch_super_member(&fs->super, dev_idx, &m))
		return;
	if (bch_member_STATE(&m) == BCH_MEMBER_STATE_failed && evacuates(&fs->super))
		bch_buf_puts(out, "evacuating");
	else
		bch_buf_choice(out, bch_opt_member_states, bch_member_STATE(&m));
}

void bch_fs_member_name_put(struct bch_buf *out, const struct bch_fs *fs, u32 dev_idx)
{
	const struct bch_blkdev *dev =
		dev_idx < fs->nr_members ? fs->members[dev_idx].blkdev : NULL;

	if (dev)
		bch_buf_puts(out, dev->name);
	else
		bch_buf_put(out, "device %u", dev_idx);
}

static bool is_read(const struct bch_fs *fs, u64 state)
{
	return state == BCH_MEMBER_STATE_rw || state == BCH_MEMBER_STATE_ro ||
	       (state == BCH_MEMBER_STATE_failed && evacuates(&fs->super));
}

/* ------------------------------------------------------------------ what can still be written */

/* Data type, the option that says how many copies there are to be of it. */
static const struct {
	u8 data_type;
	enum bch_opt_id replicas;
} written[] = {
	{ BCH_DATA_journal, BCH_OPT_metadata_replicas },
	{ BCH_DATA_btree, BCH_OPT_metadata_replicas },
	{ BCH_DATA_user, BCH_OPT_data_replicas },
};

/* Are there enough members to write to, as they are now? */
static int check_written(struct bch_fs *fs, const char *name)
{
	for (u32 i = 0; i < bch_array_size(written); i++) {
		u64 want = bch_sb_opt(fs->super.sb, written[i].replicas);
		struct bch_write_devs devs;
		u32 have = bch_fs_target_devs(fs, written[i].data_type, 0, &devs);

		if (have < want)
			return bch_error_whole(fs->ctx, -BCH_ERR_refused,
					       "without %s there is room for %u of %" PRIu64
					       " copies of %s data; -f goes on",
					       name, have, want,
					       bch_data_type_names[written[i].data_type]);
	}
	return 0;
}

/* ------------------------------------------------------------------ what can still be read */

/* How many of the devices of @r are there to be read. */
static u32 nr_read(const struct bch_fs *fs, const struct bch_replicas *r)
{
	struct bch_member m;
	u32 nr = 0;

	for (u32 i = 0; i < r->nr_devs; i++)
		nr += r->devs[i] < fs->nr_members && fs->members[r->devs[i]].blkdev &&
		      bch_super_member(&fs->super, r->devs[i], &m) &&
		      is_read(fs, bch_member_STATE(&m));
	return nr;
}

/* Nothing in the journal of a clean filesystem is wanted; what is cached is somewhere else too. */
static bool is_wanted(const struct bch_fs *fs, const struct bch_replicas *r, u32 dev_idx)
{
	return r->data_type != BCH_DATA_cached && memchr(r->devs, (int)dev_idx, r->nr_devs) &&
	       !(r->data_type == BCH_DATA_journal && bch_sb_flag(fs->super.sb, BCH_SB_CLEAN));
}

static int check_read(struct bch_fs *fs, u32 dev_idx, const char *name, unsigned flags)
{
	struct bch_replicas r;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(&fs->super, &section);
	bool degraded = false;

	while (bch_replicas_next(&rest, section, &r) > 0) {
		if (!is_wanted(fs, &r, dev_idx))
			continue;
		degraded = true;
		if (nr_read(fs, &r) < r.nr_required && !(flags & BCH_STATE_LOST))
			return bch_error_whole(
				fs->ctx, -BCH_ERR_refused,
				"%s has %s data of which no other device has enough; "
				"evacuate it first, or -F goes on without that data",
				name, bch_data_type_names[r.data_type]);
	}
	if (degraded && !(flags & (BCH_STATE_DEGRADED | BCH_STATE_LOST)))
		return bch_error_whole(fs->ctx, -BCH_ERR_refused,
				       "%s has data of which there would be fewer copies; evacuate "
				       "it first, or -f goes on",
				       name);
	return 0;
}

/* ------------------------------------------------------------------ the change */

/* The member has its new state already. */
static int check(struct bch_fs *fs, u32 dev_idx, u64 old, u64 new, unsigned flags)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	int err = 0;

	bch_fs_member_name_put(&name, fs, dev_idx);
	if (is_read(fs, old) && !is_read(fs, new))
		err = check_read(fs, dev_idx, bch_buf_str(&name), flags);
	if (!err && old == BCH_MEMBER_STATE_rw && new != old &&
	    !(flags & (BCH_STATE_DEGRADED | BCH_STATE_LOST)))
		err = check_written(fs, bch_buf_str(&name));
	return err;
}

int bch_fs_set_state(struct bch_fs *fs, u32 dev_idx, u64 state, unsigned flags)
{
	struct bch_member m;
	u64 old;
	int err;

	if (!bch_super_member(&fs->super, dev_idx, &m) || !bch_member_alive(&m))
		return -BCH_ERR_no_such_device;
	old = bch_member_STATE(&m);
	bch_member_STATE_set(&m, state);
	bch_super_member_put(&fs->super, dev_idx, &m);
	err = check(fs, dev_idx, old, state, flags);
	if (err) {
		bch_member_STATE_set(&m, old);
		bch_super_member_put(&fs->super, dev_idx, &m);
	}
	return err;
}

int bch_member_state_parse(struct bch_ctx *ctx, const char *text, u64 *state)
{
	if (!strcmp(text, "evacuating")) {
		*state = BCH_MEMBER_STATE_failed;
		return 0;
	}
	for (*state = 0; bch_opt_member_states[*state]; ++*state)
		if (!strcmp(text, bch_opt_member_states[*state]))
			return 0;
	return bch_error_whole(ctx, -BCH_ERR_option_value,
			       "Bad device state %s: want rw, ro, failed, evacuating or spare",
			       text);
}
