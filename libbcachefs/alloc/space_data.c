// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Room for file data: on each member one bucket is filled after another. Format reference: 06 §12.2, §12.3, §12.5; 05 §10.
 *
 * What is given out is the end of buckets that nobody used before: a begun one is given up at the next commit.
 */

#include "alloc/space.h"
#include "ondisk/data_types.h"

#define NODES_RESERVED 28 /* that a kernel keeps room for */

/* What is being put together. */
struct choice {
	struct bch_space *s;
	u64 taken[4]; /* members: chosen, or without room */
	u32 nr_sectors;
	u32 durability, want;
};

/* Has the member no bucket that could hold so much? */
static bool is_too_small(const struct choice *c, u32 dev_idx)
{
	return c->s->members[dev_idx].bucket_sectors < c->nr_sectors;
}

/* Buckets that a kernel gives to metadata and to moving data alone. */
static u64 nr_reserved(const struct bch_space *s, const struct bch_member *m)
{
	u32 nodes = m->bucket_size / s->node_sectors;
	u32 for_nodes = nodes ? (NODES_RESERVED + nodes - 1) / nodes : NODES_RESERVED;

	return m->nbuckets / 64 + 2ULL * for_nodes;
}

u64 bch_space_data_buckets(struct bch_space *s, u32 dev_idx)
{
	struct bch_member member;
	u64 nr_free = bch_space_nr_free(s, dev_idx), reserved;

	if (!bch_super_member(&s->fs->super, dev_idx, &member))
		return 0;
	reserved = nr_reserved(s, &member);
	return nr_free > reserved ? nr_free - reserved : 0;
}

static int open_bucket(struct bch_space *s, u32 dev_idx)
{
	struct bch_space_member *m = &s->members[dev_idx];
	u64 bucket;
	int err;

	if (!bch_space_data_buckets(s, dev_idx))
		return -BCH_ERR_no_space;
	err = bch_space_bucket(s, dev_idx, &bucket, &m->data_gen);
	if (err)
		return err;
	m->data_sector = bucket * m->bucket_sectors;
	m->data_left = m->bucket_sectors;
	return 0;
}

/* Members with room in a begun bucket come first. */
static u32 next_member(const struct choice *c, const struct bch_write_devs *devs)
{
	for (u32 i = 0; i < devs->nr; i++)
		if (c->s->members[devs->v[i]].data_left >= c->nr_sectors &&
		    !bch_space_is_taken(c->taken, devs->v[i]))
			return devs->v[i];
	return bch_space_emptiest(c->s, devs, c->taken);
}

static int add_member(struct choice *c, u32 dev_idx, struct bch_space_run *run)
{
	struct bch_space_member *m = &c->s->members[dev_idx];
	struct bch_member member;
	int err = 0;

	c->taken[dev_idx / 64] |= 1ULL << dev_idx % 64;
	if (is_too_small(c, dev_idx))
		return 0;
	if (m->data_left < c->nr_sectors)
		err = open_bucket(c->s, dev_idx);
	if (err)
		return err == -BCH_ERR_no_space ? 0 : err;
	run->ptrs[run->nr_ptrs++] = (struct bch_ptr){
		.offset_sectors = m->data_sector,
		.dev_idx = (u8)dev_idx,
		.gen = m->data_gen,
	};
	if (run->nr_sectors > m->data_left)
		run->nr_sectors = m->data_left;
	(void)bch_super_member(&c->s->fs->super, dev_idx, &member);
	c->durability += bch_member_durability(&member);
	return 0;
}

/* Copies that are not needed, since later ones count for more. */
static void drop_surplus(struct choice *c, struct bch_space_run *run)
{
	struct bch_member m;
	u32 nr = 0;

	for (u32 i = 0; i < run->nr_ptrs; i++) {
		u32 durability = bch_super_member(&c->s->fs->super, run->ptrs[i].dev_idx, &m)
					 ? bch_member_durability(&m)
					 : 0;

		if (c->durability - durability >= c->want)
			c->durability -= durability;
		else
			run->ptrs[nr++] = run->ptrs[i];
	}
	run->nr_ptrs = nr;
}

static int add_members(struct choice *c, u64 target, struct bch_space_run *run)
{
	struct bch_fs *fs = c->s->fs;
	struct bch_write_devs devs;
	int err = 0;

	bch_fs_target_devs(fs, BCH_DATA_user, target, &devs);
	while (!err && c->durability < c->want && run->nr_ptrs < BCH_REPLICAS_MAX) {
		u32 dev = next_member(c, &devs);

		if (dev == fs->nr_members)
			break;
		err = add_member(c, dev, run);
	}
	return err;
}

/* As many copies as there is room for: none is no error. */
static int find_room(struct choice *c, u64 target, struct bch_space_run *run)
{
	int err;

	*run = (struct bch_space_run){ .nr_sectors = BCH_U32_MAX };
	err = add_members(c, target, run);
	if (!err && target && c->durability < c->want)
		err = add_members(c, 0, run);
	if (!err)
		drop_surplus(c, run);
	return err;
}

int bch_space_data(struct bch_space *s, u64 target, u32 nr_replicas, u32 nr_sectors,
		   struct bch_space_run *run)
{
	struct choice c = { .s = s, .nr_sectors = nr_sectors, .want = nr_replicas };
	int err = find_room(&c, target, run);

	if (err)
		return err;
	if (run->nr_ptrs &&
	    c.durability >= bch_sb_opt(s->fs->super.sb, BCH_OPT_data_replicas_required))
		return 0;
	return bch_error_whole(s->fs->ctx, -BCH_ERR_no_space, "no space for file data");
}

int bch_space_copies(struct bch_space *s, const struct bch_space_want *want,
		     struct bch_space_run *run)
{
	struct choice c = { .s = s, .nr_sectors = want->nr_sectors, .want = want->durability };

	memcpy(c.taken, want->taken, sizeof(c.taken));
	return find_room(&c, want->target, run);
}

void bch_space_take(struct bch_space *s, struct bch_space_run *run, u32 nr_sectors)
{
	for (u32 i = 0; i < run->nr_ptrs; i++) {
		struct bch_space_member *m = &s->members[run->ptrs[i].dev_idx];

		m->data_sector += nr_sectors;
		m->data_left -= nr_sectors;
		run->ptrs[i].offset_sectors += nr_sectors;
	}
	run->nr_sectors -= nr_sectors;
}
