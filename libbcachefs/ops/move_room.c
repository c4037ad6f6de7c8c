// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is there room? All copies are given places as they will be, on paper: members by how empty they are, bucket after bucket.
 * Format reference: 06 §12.
 */

#include <stdlib.h>

#include "base/checked.h"
#include "base/memory.h"
#include "commit/commit.h"
#include "ops/move.h"

#define NR_RECENT 64 /* blobs, of which other keys may show other parts */

struct member {
	u64 nr_buckets; /* free ones */
	u32 left;	/* sectors in the one that is begun */
	u32 bucket_sectors;
};

struct bch_move_room {
	struct bch_fs *fs;
	struct member members[BCH_SB_MAX_MEMBERS];
	u64 missing;	       /* bytes */
	u64 recent[NR_RECENT]; /* places of blobs */
	u32 next_recent;
};

int bch_move_room_new(struct bch_move *m)
{
	struct bch_space *space = bch_writer_space(m->fs);
	struct bch_move_room *r = bch_calloc(1, sizeof(*r));
	struct bch_member member;

	m->room = r;
	if (!r)
		return -BCH_ERR_no_memory;
	r->fs = m->fs;
	for (u32 i = 0; i < m->fs->nr_members; i++)
		if (bch_super_member(&m->fs->super, i, &member) && bch_member_alive(&member)) {
			r->members[i].nr_buckets = bch_space_data_buckets(space, i);
			r->members[i].bucket_sectors = member.bucket_size;
		}
	if (m->job->tail_reserved) {
		u64 *nr = &r->members[m->job->tail_dev].nr_buckets;

		*nr -= bch_min(*nr, m->job->tail_reserved);
	}
	return 0;
}

void bch_move_room_free(struct bch_move *m)
{
	free(m->room);
	m->room = NULL;
}

/* ------------------------------------------------------------------ members */

static bool has_room(const struct member *m, u32 nr_sectors)
{
	return m->left >= nr_sectors || (m->nr_buckets && m->bucket_sectors >= nr_sectors);
}

/* One with room in a begun bucket, or else the emptiest; nr_members where none has room. */
static u32 choose(const struct bch_move_room *r, const struct bch_write_devs *devs,
		  const u64 taken[4], u32 nr_sectors)
{
	u32 best = r->fs->nr_members;

	for (u32 i = 0; i < devs->nr; i++) {
		u32 dev = devs->v[i];

		if (bch_move_has(taken, dev) || !has_room(&r->members[dev], nr_sectors))
			continue;
		if (r->members[dev].left >= nr_sectors)
			return dev;
		if (best == r->fs->nr_members ||
		    r->members[dev].nr_buckets * r->members[dev].bucket_sectors >
			    r->members[best].nr_buckets * r->members[best].bucket_sectors)
			best = dev;
	}
	return best;
}

static void take_from(struct member *m, u32 nr_sectors)
{
	if (m->left < nr_sectors) {
		m->nr_buckets--;
		m->left = m->bucket_sectors;
	}
	m->left -= nr_sectors;
}

/* Could any of them have a copy if only it had room? */
static bool is_any_open(const struct bch_move_room *r, const struct bch_write_devs *devs,
			const u64 taken[4])
{
	for (u32 i = 0; i < devs->nr; i++)
		if (!bch_move_has(taken, devs->v[i]))
			return true;
	return false;
}

/* Takes up to @want; what is given. */
static u32 take_on(struct bch_move_room *r, const struct bch_write_devs *devs, u64 taken[4],
		   u32 nr_sectors, u32 want)
{
	u32 got = 0;

	while (got < want) {
		u32 dev = choose(r, devs, taken, nr_sectors);

		if (dev == r->fs->nr_members)
			break;
		take_from(&r->members[dev], nr_sectors);
		bch_move_add(taken, dev);
		got += bch_move_durability(r->fs, dev);
	}
	return got;
}

/* ------------------------------------------------------------------ what is wanted */

/* Several keys show parts of one blob: it is copied once. */
static bool was_taken(struct bch_move_room *r, const struct bch_ptr *p)
{
	u64 place = (u64)p->dev_idx << 56 | (p->offset_sectors + 1);

	for (u32 i = 0; i < NR_RECENT; i++)
		if (r->recent[i] == place)
			return true;
	r->recent[r->next_recent++ % NR_RECENT] = place;
	return false;
}

void bch_move_room_take(struct bch_move *m, const struct bch_key *k,
			const struct bch_move_verdict *v)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	struct bch_move_room *r = m->room;
	struct bch_write_devs devs;
	u64 taken[4];
	struct bch_extent_ptr p;
	u32 nr_sectors, got = 0;

	if (!v->durability || !bch_extent_ptr_next(&walk, &p) || was_taken(r, &p.ptr))
		return;
	nr_sectors = p.crc.compressed_sectors;
	if (m->job->onto) {
		m->total += BCH_BYTES(nr_sectors);
		return;
	}
	memcpy(taken, v->taken, sizeof(taken));
	if (v->target) {
		bch_fs_target_devs(m->fs, BCH_DATA_user, v->target, &devs);
		got = take_on(r, &devs, taken, nr_sectors, v->durability);
	}
	bch_fs_target_devs(m->fs, BCH_DATA_user, 0, &devs);
	if (got < v->durability)
		got += take_on(r, &devs, taken, nr_sectors, v->durability - got);
	if (!v->unwritten)
		m->total += BCH_BYTES(nr_sectors) * got;
	if (got < v->durability && (is_any_open(r, &devs, taken) || (!got && !v->kept)))
		r->missing += BCH_BYTES(nr_sectors);
}

void bch_move_room_take_node(struct bch_move *m, const struct bch_move_verdict *v)
{
	u32 nr_sectors = (u32)bch_sb_flag(m->fs->super.sb, BCH_SB_BTREE_NODE_SIZE);
	struct bch_write_devs devs;
	u64 taken[4];
	u32 got;

	bch_fs_metadata_devs(m->fs, BCH_DATA_btree, &devs);
	memcpy(taken, v->taken, sizeof(taken));
	m->total += BCH_BYTES(nr_sectors);
	if (m->job->onto)
		return;
	got = take_on(m->room, &devs, taken, nr_sectors, v->durability);
	if (got < v->durability && is_any_open(m->room, &devs, taken))
		m->room->missing += BCH_BYTES(nr_sectors);
}

int bch_move_room_check(struct bch_move *m)
{
	if (!m->room->missing)
		return 0;
	return bch_error_whole(m->fs->ctx, -BCH_ERR_no_space,
			       "%" PRIu64 " bytes are missing on the other members; nothing was "
			       "changed",
			       m->room->missing);
}
