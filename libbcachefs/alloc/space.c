// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Free buckets, and places in them, for what a commit writes. Format reference: 06 §12; 02 §9.4 (6), §10.5 (2).
 *
 * Only what is free in the committed state is given out, each bucket once until bch_space_renew(). Of each member the
 * free buckets are taken in their order, so that what is written together lies together; those that still wait for their
 * discard, which are as empty, come after them. Members take turns so that they fill up alike.
 */

#include <stdlib.h>

#include "alloc/space.h"
#include "base/memory.h"
#include "ondisk/node.h"

#define BUCKET_MASK ((1ULL << 56) - 1) /* of an offset in freespace; generation bits lie above */

/*
 * Kernels that upgrade an older filesystem take backpointers whose bucket_offset is not 0 for wrong, and complain of them
 * at the next fsck; so a new one has none of these.
 */
#define VERSION_BUCKET_GEN BCH_VERSION(1, 14)

/* ------------------------------------------------------------------ one member's buckets */

/* Where they are told of. */
static const struct list {
	u8 btree_id;
	u8 data_type;	/* that their alloc keys have */
	unsigned flags; /* of the cursor */
} lists[] = {
	{ BCH_BTREE_freespace, BCH_DATA_free, BCH_CURSOR_EXTENTS },
	{ BCH_BTREE_need_discard, BCH_DATA_need_discard, 0 },
};

/* 1 and the next run of the member's list, 0 at its end. */
static int next_in_list(struct bch_space *s, u32 dev_idx)
{
	struct bch_space_member *m = &s->members[dev_idx];
	const struct list *list = &lists[m->list];
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, list->btree_id, bch_pos(dev_idx, m->after),
				   bch_pos(dev_idx, BCH_U64_MAX), list->flags | s->view);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more <= 0)
		return more;
	m->run_end = list->flags & BCH_CURSOR_EXTENTS ? k.pos.offset : k.pos.offset + 1;
	m->next = list->flags & BCH_CURSOR_EXTENTS ? k.pos.offset - k.size : k.pos.offset;
	if (m->next < m->after)
		m->next = m->after;
	m->after = m->run_end;
	return 1;
}

static int next_run(struct bch_space *s, u32 dev_idx)
{
	struct bch_space_member *m = &s->members[dev_idx];
	int more = 0;

	while (m->list < bch_array_size(lists) && !(more = next_in_list(s, dev_idx))) {
		m->list++;
		m->next = m->run_end = m->after = 0;
	}
	return more < 0 ? more : more ? 0 : -BCH_ERR_no_space;
}

/* May it be given out at all? */
static bool is_allowed(const struct bch_space *s, u32 dev_idx, u64 bucket)
{
	u64 bytes = BCH_BYTES(s->members[dev_idx].bucket_sectors), start = bucket * bytes;

	for (size_t i = 0; i < s->nr_only; i++)
		if (start >= s->only[i].start && start + bytes <= s->only[i].start + s->only[i].len)
			return true;
	return !s->only;
}

/* Is it what the list says it is? Where alloc keys say otherwise nothing must be written. */
static int check_free(struct bch_space *s, u32 dev_idx, u64 bucket, u8 *gen)
{
	const struct bch_recount_bucket *b =
		s->counted ? bch_recount_bucket_find(s->counted, dev_idx, bucket) : NULL;
	struct bch_pos pos = bch_pos(dev_idx, bucket);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_alloc, pos, pos, s->view);
	struct bch_alloc a = { 0 };
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more < 0 || (b && b->hint))
		return more < 0 ? more : 0;
	if (more && bch_alloc_get(&k, le16_get(s->fs->super.sb->version), &a) != BCH_KEY_VALID)
		return 0;
	*gen = a.gen;
	return a.data_type == lists[s->members[dev_idx].list].data_type;
}

int bch_space_bucket(struct bch_space *s, u32 dev_idx, u64 *bucket, u8 *gen)
{
	struct bch_space_member *m = &s->members[dev_idx];
	int err = 0, is_free = 0;

	while (!err && !is_free) {
		if (m->next == m->run_end) {
			err = next_run(s, dev_idx);
			continue;
		}
		*bucket = m->next++ & BUCKET_MASK;
		if (m->end && *bucket >= m->end) {
			m->next = m->run_end;
			continue;
		}
		if (!is_allowed(s, dev_idx, *bucket))
			continue;
		is_free = check_free(s, dev_idx, *bucket, gen);
		if (is_free < 0)
			err = is_free;
		else if (!is_free && s->view == BCH_CURSOR_COMMITTED)
			bch_log(s->fs->ctx, BCH_LOG_warn,
				"device %u bucket %" PRIu64 ": %s_key_wrong: not free", dev_idx,
				*bucket, bch_btree_names[lists[m->list].btree_id]);
	}
	m->nr_free -= !err && m->nr_free;
	return err;
}

/* ------------------------------------------------------------------ which member next */

static int count_buckets(struct bch_space *s, u32 dev_idx, u8 data_type, u64 *sum)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
					     .dev_idx = (u8)dev_idx,
					     .data_type = data_type };
	struct bch_pos pos = bch_accounting_pos(&what, le16_get(s->fs->super.sb->version));
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_accounting, pos, pos, s->view);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);
	s64 nr = more > 0 ? bch_accounting_counter(&k, 0) : 0;

	*sum += nr > 0 ? (u64)nr : 0;
	return more < 0 ? more : 0;
}

/* What a list has before the end of what is given out. */
static int count_before_end(struct bch_space *s, u32 dev_idx, const struct list *list, u64 *sum)
{
	u64 end = s->members[dev_idx].end;
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		s->fs, list->btree_id, bch_pos(dev_idx, 0), bch_pos(dev_idx, BCH_U64_MAX), s->view);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		u64 nr = list->flags & BCH_CURSOR_EXTENTS ? k.size : 1;
		u64 last =
			(k.pos.offset - (list->flags & BCH_CURSOR_EXTENTS ? 1 : 0)) & BUCKET_MASK;
		u64 first = last + 1 - nr;

		*sum += last < end ? nr : first < end ? end - first : 0;
	}
	return more;
}

static int count_free(struct bch_space *s, u32 dev_idx)
{
	struct bch_space_member *m = &s->members[dev_idx];
	int err = 0;

	m->nr_free = 0;
	for (size_t i = 0; i < bch_array_size(lists) && !err && m->end; i++)
		err = count_before_end(s, dev_idx, &lists[i], &m->nr_free);
	for (size_t i = 0; i < bch_array_size(lists) && !err && !m->end; i++)
		err = count_buckets(s, dev_idx, lists[i].data_type, &m->nr_free);
	m->knows_free = true;
	return err;
}

u64 bch_space_nr_free(struct bch_space *s, u32 dev_idx)
{
	if (!s->members[dev_idx].knows_free && count_free(s, dev_idx))
		return 0;
	return s->members[dev_idx].nr_free;
}

static u64 free_sectors(struct bch_space *s, u32 dev_idx)
{
	return bch_space_nr_free(s, dev_idx) * s->members[dev_idx].bucket_sectors;
}

u32 bch_space_emptiest(struct bch_space *s, const struct bch_write_devs *devs, const u64 taken[4])
{
	u32 best = s->fs->nr_members;

	for (u32 i = 0; i < devs->nr; i++) {
		u32 dev = devs->v[i];

		if (bch_space_is_taken(taken, dev))
			continue;
		if (best == s->fs->nr_members || free_sectors(s, dev) > free_sectors(s, best))
			best = dev;
	}
	return best;
}

/* ------------------------------------------------------------------ nodes */

static int open_bucket(struct bch_space *s, u32 dev_idx)
{
	struct bch_space_member *m = &s->members[dev_idx];
	u64 bucket;
	int err = bch_space_bucket(s, dev_idx, &bucket, &m->open_gen);

	if (err)
		return err;
	m->open_sector = bucket * m->bucket_sectors;
	m->nr_slots = s->shares ? m->bucket_sectors / s->node_sectors : 1;
	return 0;
}

static int take_slot(struct bch_space *s, u32 dev_idx, struct bch_ptr *ptr)
{
	struct bch_space_member *m = &s->members[dev_idx];
	int err = m->nr_slots ? 0 : open_bucket(s, dev_idx);

	if (err)
		return err;
	*ptr = (struct bch_ptr){
		.offset_sectors = m->open_sector,
		.dev_idx = (u8)dev_idx,
		.gen = m->open_gen,
	};
	m->open_sector += s->node_sectors;
	m->nr_slots--;
	return 0;
}

/* Members that begun buckets come first: a node there takes no bucket more. */
static u32 choose(struct bch_space *s, u64 taken[4])
{
	for (u32 i = 0; i < s->node_devs.nr; i++) {
		u32 dev = s->node_devs.v[i];

		if (s->members[dev].nr_slots && !bch_space_is_taken(taken, dev))
			return dev;
	}
	return bch_space_emptiest(s, &s->node_devs, taken);
}

int bch_space_node(struct bch_space *s, struct bch_ptr ptrs[BCH_NODE_PTRS_MAX], u32 *nr)
{
	const struct bch_sb *sb = s->fs->super.sb;
	u64 want = bch_sb_opt(sb, BCH_OPT_metadata_replicas), have = 0, taken[4] = { 0 };
	struct bch_member m;
	int err = 0;

	*nr = 0;
	while (have < want && *nr < BCH_NODE_PTRS_MAX) {
		u32 dev = choose(s, taken);

		if (dev == s->fs->nr_members)
			break;
		taken[dev / 64] |= 1ULL << dev % 64;
		err = take_slot(s, dev, &ptrs[*nr]);
		if (err == -BCH_ERR_no_space)
			continue;
		if (err)
			return err;
		(void)bch_super_member(&s->fs->super, dev, &m);
		have += bch_member_durability(&m);
		++*nr;
	}
	if (*nr && have >= bch_sb_opt(sb, BCH_OPT_metadata_replicas_required))
		return 0;
	return bch_error_whole(s->fs->ctx, -BCH_ERR_no_space, "no space for metadata");
}

/* ------------------------------------------------------------------ begin, renew, end */

/* All that was given out belongs to the committed state now, as does what it freed. */
void bch_space_renew(struct bch_space *s)
{
	s->view = BCH_CURSOR_COMMITTED;
	s->counted = NULL;
	s->shares = true;
	for (u32 i = 0; i < s->fs->nr_members; i++) {
		struct bch_space_member *m = &s->members[i];

		m->next = m->run_end = m->after = 0;
		m->list = 0;
		m->knows_free = false;
		m->data_left = 0; /* nobody may have come to point to what is in it */
	}
}

/* Nothing goes behind the end of a device that is shorter than what is on it. */
static void begin_member(struct bch_space_member *sm, const struct bch_blkdev *dev,
			 const struct bch_member *m)
{
	u64 has = dev ? bch_blkdev_buckets(dev, m) : m->nbuckets;

	sm->bucket_sectors = m->bucket_size;
	sm->end = has < m->nbuckets ? has : 0;
}

int bch_space_new(struct bch_fs *fs, bool is_new, struct bch_space **space)
{
	struct bch_space *s = bch_calloc(1, sizeof(*s));
	struct bch_member m;

	*space = s;
	if (!s)
		return -BCH_ERR_no_memory;
	s->fs = fs;
	s->view = is_new ? BCH_CURSOR_GIVEN : BCH_CURSOR_COMMITTED;
	s->shares = !is_new || le16_get(fs->super.sb->version) >= VERSION_BUCKET_GEN;
	s->node_sectors = (u32)bch_sb_flag(fs->super.sb, BCH_SB_BTREE_NODE_SIZE);
	bch_fs_metadata_devs(fs, BCH_DATA_btree, &s->node_devs);
	for (u32 i = 0; i < fs->nr_members; i++)
		if (bch_super_member(&fs->super, i, &m))
			begin_member(&s->members[i], fs->members[i].blkdev, &m);
	return 0;
}

void bch_space_limit(struct bch_space *s, u32 dev_idx, u64 end)
{
	s->members[dev_idx].end = end;
	bch_space_renew(s);
}

void bch_space_only(struct bch_space *s, const struct bch_io_range *only, size_t nr)
{
	s->only = only;
	s->nr_only = nr;
}

void bch_space_trust(struct bch_space *s, const struct bch_recount *counted)
{
	s->view = BCH_CURSOR_GIVEN;
	s->counted = counted;
}

void bch_space_free(struct bch_space *s)
{
	free(s);
}
