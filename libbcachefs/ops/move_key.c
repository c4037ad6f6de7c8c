// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to become of a key's pointers. Format reference: 05 §2.8, §2.9; 06 §13.2, §13.4, §13.7. */

#include "ops/move.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ members */

/* What a copy there counts for once the member is back. */
static u32 nominal_durability(const struct bch_fs *fs, u32 dev_idx)
{
	struct bch_member m;

	return bch_super_member(&fs->super, dev_idx, &m) && bch_member_alive(&m)
		       ? bch_member_durability(&m)
		       : 0;
}

u32 bch_move_durability(const struct bch_fs *fs, u32 dev_idx)
{
	struct bch_member m;

	if (dev_idx >= fs->nr_members || !fs->members[dev_idx].blkdev ||
	    !bch_super_member(&fs->super, dev_idx, &m) ||
	    bch_member_STATE(&m) == BCH_MEMBER_STATE_failed)
		return 0;
	return nominal_durability(fs, dev_idx);
}

/* ------------------------------------------------------------------ the options of its file */

/* Shared data has those of the filesystem: nobody knows whose it was. */
void bch_move_take_options(struct bch_move *m, const struct bch_key *k)
{
	const struct bch_file file = { .snapshot = k->pos.snapshot, .inum = k->pos.inode };
	struct bch_inode inode;
	bool found;

	if (m->has_opts && m->opts_inum == k->pos.inode && m->opts_snapshot == k->pos.snapshot)
		return;
	found = k->type == BCH_KEY_extent && !bch_file_inode(m->fs, &file, &inode, NULL);
	m->io = bch_io_opts(m->fs, found ? &inode : NULL);
	if (!m->io.data_replicas)
		m->io.data_replicas = 1;
	if (m->io.data_replicas > BCH_REPLICAS_MAX)
		m->io.data_replicas = BCH_REPLICAS_MAX;
	m->opts_inum = k->pos.inode;
	m->opts_snapshot = k->pos.snapshot;
	m->has_opts = true;
}

/* ------------------------------------------------------------------ pointers */

static int compare_bad(const void *l, const void *r)
{
	const struct bch_move_bad *a = l, *b = r;
	int order = bch_pos_compare(a->pos, b->pos);

	if (order)
		return order;
	if (a->dev_idx != b->dev_idx)
		return a->dev_idx < b->dev_idx ? -1 : 1;
	return a->sector < b->sector ? -1 : a->sector > b->sector;
}

void bch_move_bad_sort(struct bch_move_bad *bad, size_t nr)
{
	if (nr)
		qsort(bad, nr, sizeof(*bad), compare_bad);
}

static bool is_bad(const struct bch_move_job *job, const struct bch_key *k, const struct bch_ptr *p)
{
	const struct bch_move_bad copy = { k->pos, p->offset_sectors, p->dev_idx };

	return job->nr_bad && bsearch(&copy, job->bad, job->nr_bad, sizeof(copy), compare_bad);
}

bool bch_move_is_source(const struct bch_move *m, const struct bch_key *k,
			const struct bch_extent_ptr *p)
{
	bool stale;

	if (p->ptr.unwritten || !bch_ptr_blkdev(m->fs, &p->ptr) ||
	    !bch_crc_is_possible(k, &p->crc) || is_bad(m->job, k, &p->ptr))
		return false;
	return !p->ptr.cached || (!bch_ptr_is_stale(m->fs, &p->ptr, &stale) && !stale);
}

/* What was seen of a list of pointers. */
struct seen {
	struct bch_move *m;
	struct bch_move_verdict *v;
	u32 nr, nr_dirty;
	u32 lost;     /* durability that goes */
	u64 target;   /* 0, or where copies are to lie */
	u32 nr_seats; /* of it, that have no copy yet */
	bool cached_goes, cached_stays;
};

static void see_cached(struct seen *s, const struct bch_key *k, const struct bch_extent_ptr *p)
{
	const struct bch_move_job *job = s->m->job;
	bool goes = bch_move_leaves(job, &p->ptr) || (job->drop_extra && !job->keep_cached) ||
		    is_bad(job, k, &p->ptr);

	if (goes)
		s->v->drop |= 1U << s->nr;
	if (bch_move_is_source(s->m, k, p)) {
		s->cached_goes |= goes;
		s->cached_stays |= !goes;
	}
}

/* Is it to go where it is wanted? Then one seat is taken. */
static bool is_astray(struct seen *s, const struct bch_extent_ptr *p)
{
	if (!s->nr_seats || p->in_stripe ||
	    bch_super_in_target(&s->m->fs->super, p->ptr.dev_idx, s->target) ||
	    !bch_move_durability(s->m->fs, p->ptr.dev_idx))
		return false;
	s->nr_seats--;
	return true;
}

static void see_dirty(struct seen *s, const struct bch_key *k, const struct bch_extent_ptr *p)
{
	const struct bch_move_job *job = s->m->job;
	u32 dev = p->ptr.dev_idx, durability = bch_move_durability(s->m->fs, dev);

	s->nr_dirty++;
	s->v->unwritten |= p->ptr.unwritten;
	if (bch_move_leaves(job, &p->ptr)) {
		s->v->drop |= 1U << s->nr;
		s->lost += nominal_durability(s->m->fs, dev);
		return;
	}
	if (is_bad(job, k, &p->ptr) || is_astray(s, p)) {
		s->v->replaced |= 1U << s->nr;
		s->lost += nominal_durability(s->m->fs, dev);
		return;
	}
	bch_move_add(s->v->taken, dev);
	if (!durability && job->restore)
		s->v->replaced |= 1U << s->nr;
	s->v->kept += durability;
}

static int see(struct seen *s, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->m->fs->super);
	struct bch_extent_ptr p;

	for (; s->nr < BCH_PTRS_MAX && bch_extent_ptr_next(&walk, &p); s->nr++) {
		if (p.in_stripe && bch_move_leaves(s->m->job, &p.ptr))
			return bch_error_whole(s->m->fs->ctx, -BCH_ERR_refused,
					       "data in stripes cannot be moved: device %u",
					       p.ptr.dev_idx);
		if (p.ptr.cached)
			see_cached(s, k, &p);
		else
			see_dirty(s, k, &p);
	}
	return 0;
}

/* ------------------------------------------------------------------ how many */

/* New copies: what goes comes again, or what is missing comes; the last copy is never only dropped. */
static u32 new_durability(const struct seen *s, u32 wanted)
{
	const struct bch_move_job *job = s->m->job;
	u32 want = job->degrade ? 0 : s->lost;
	bool none_left = !s->v->kept && (s->v->drop || s->v->replaced);

	if (job->restore && s->nr_dirty && wanted > s->v->kept && wanted - s->v->kept > want)
		want = wanted - s->v->kept;
	if (!want && none_left && (s->nr_dirty || (s->cached_goes && !s->cached_stays)))
		want = 1;
	return want;
}

/* In the order of the pointers, as a kernel does. */
static void drop_extra(const struct seen *s, const struct bch_key *k, u32 wanted)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->m->fs->super);
	struct bch_move_verdict *v = s->v;
	struct bch_extent_ptr p;

	for (u32 nr = 0; nr < s->nr && bch_extent_ptr_next(&walk, &p); nr++) {
		u32 durability = bch_move_durability(s->m->fs, p.ptr.dev_idx);

		if (p.ptr.cached || p.in_stripe || !durability || v->kept - durability < wanted ||
		    durability > v->kept)
			continue;
		v->drop |= 1U << nr;
		v->kept -= durability;
	}
}

/* Members of the target that take data and have no copy yet. What is shared has its own record of what was wanted. */
static void count_seats(struct seen *s, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->m->fs->super);
	struct bch_write_devs devs;
	struct bch_extent_opts want;
	struct bch_extent_ptr p;
	u32 nr_there = 0;

	if (k->type != BCH_KEY_reflink_v || !bch_rebalance_opts(s->m->fs, k, &want))
		bch_io_opts_rebalance(s->m->fs, &s->m->io, k, &want);
	s->target = want.value[BCH_EXTENT_OPT_background_target];
	if (!s->target)
		return;
	bch_fs_target_devs(s->m->fs, BCH_DATA_user, s->target, &devs);
	while (bch_extent_ptr_next(&walk, &p))
		for (u32 i = 0; i < devs.nr; i++)
			nr_there += !p.ptr.cached && devs.v[i] == p.ptr.dev_idx;
	s->nr_seats = devs.nr > nr_there ? devs.nr - nr_there : 0;
}

int bch_move_judge(struct bch_move *m, const struct bch_key *k, struct bch_move_verdict *v)
{
	struct seen s = { .m = m, .v = v };
	int err;

	*v = (struct bch_move_verdict){ 0 };
	if (k->type != BCH_KEY_extent && k->type != BCH_KEY_reflink_v)
		return 0;
	bch_move_take_options(m, k);
	if (m->job->retarget)
		count_seats(&s, k);
	err = see(&s, k);
	if (err)
		return err;
	v->target = s.target		      ? s.target
		    : m->io.background_target ? m->io.background_target
					      : m->io.foreground_target;
	v->durability = new_durability(&s, m->io.data_replicas);
	if (m->job->drop_extra)
		drop_extra(&s, k, m->io.data_replicas);
	return v->drop || v->durability;
}

/* ------------------------------------------------------------------ nodes */

bool bch_move_judge_node(struct bch_move *m, const struct bch_key *k, struct bch_move_verdict *v)
{
	u32 wanted = (u32)bch_sb_opt(m->fs->super.sb, BCH_OPT_metadata_replicas);
	struct seen s = { .m = m, .v = v };

	*v = (struct bch_move_verdict){ 0 };
	if (see(&s, k))
		return false;
	v->durability = new_durability(&s, wanted);
	if (m->job->drop_extra)
		drop_extra(&s, k, wanted);
	return v->drop || v->durability;
}

/* ------------------------------------------------------------------ a key with other pointers */

/* A value being put together from the entries of another. */
struct entries {
	u8 *val;
	size_t len;
	struct bch_bytes crc, stripe; /* of the next pointer, not put yet */
	u32 nr_ptrs;
	bool no_cached;
};

static void put(struct entries *e, struct bch_bytes *raw)
{
	if (raw->len)
		memcpy(e->val + e->len, raw->p, raw->len);
	e->len += raw->len;
	*raw = (struct bch_bytes){ 0 };
}

static void put_old(struct entries *e, struct bch_bytes *raw)
{
	put(e, &e->crc);
	put(e, &e->stripe);
	put(e, raw);
	e->nr_ptrs++;
}

static void put_new(struct entries *e, const struct bch_ptr *p)
{
	le64 word = le64_of(bch_ptr_word(p));
	struct bch_bytes raw = { word.b, sizeof(word) };

	put(e, &e->crc);
	put(e, &raw);
	e->nr_ptrs++;
}

static bool has_member(const struct bch_ptr *ptrs, u32 nr, u32 dev_idx)
{
	for (u32 i = 0; i < nr; i++)
		if (ptrs[i].dev_idx == dev_idx)
			return true;
	return false;
}

/* What governs pointers comes once, before the first that stays or is new; all that is no pointer stays. */
static int put_entries(const struct bch_fs *fs, const struct bch_key *k, u32 drop, u32 source,
		       const struct bch_ptr *new, u32 nr_new, struct entries *e)
{
	const struct bch_bytes all = bch_key_extent_entries(k);
	struct bch_bytes rest = all;
	struct bch_extent_entry entry;
	size_t left = all.len;
	u32 nr = 0;

	for (; bch_extent_entry_next(&rest, &fs->super, &entry); left = rest.len) {
		struct bch_bytes raw = { all.p + (all.len - left), left - rest.len };

		if (bch_extent_entry_is_crc(entry.type)) {
			e->crc = raw;
		} else if (entry.type == BCH_EXTENT_ENTRY_stripe_ptr) {
			e->stripe = raw;
		} else if (entry.type != BCH_EXTENT_ENTRY_ptr) {
			put(e, &raw);
		} else {
			bool gives_way =
				entry.ptr.cached &&
				(e->no_cached || has_member(new, nr_new, entry.ptr.dev_idx));

			if (!(drop >> nr & 1) && !gives_way)
				put_old(e, &raw);
			e->stripe = (struct bch_bytes){ 0 };
			for (u32 i = 0; nr == source && i < nr_new; i++)
				put_new(e, &new[i]);
			nr++;
		}
	}
	return rest.len ? -BCH_ERR_not_supported : 0;
}

/* Data that nothing leads to: what was only cached was given up on purpose, what is shared is missed. */
static struct bch_key nothing_of(const struct bch_key *k)
{
	struct bch_key none = *k;

	none.type = k->type == BCH_KEY_extent ? BCH_KEY_deleted : BCH_KEY_error;
	none.val = (struct bch_bytes){ 0 };
	return none;
}

int bch_move_rebuild(const struct bch_fs *fs, const struct bch_key *k, u32 drop, u32 source,
		     const struct bch_ptr *new, u32 nr_new, u8 val[BCH_KEY_VALUE_MAX],
		     struct bch_key *rebuilt)
{
	size_t start = (size_t)bch_key_extent_entries_start(k->type);
	struct entries e = { .val = val, .len = start };
	int err;

	if (k->val.len < start || k->val.len > BCH_KEY_VALUE_MAX - nr_new * sizeof(le64))
		return -BCH_ERR_not_supported;
	memcpy(val, k->val.p, start);
	err = put_entries(fs, k, drop, source, new, nr_new, &e);
	if (!err && e.len - start > BCH_EXTENT_U64S_MAX * sizeof(le64)) {
		e = (struct entries){ .val = val, .len = start, .no_cached = true };
		err = put_entries(fs, k, drop, source, new, nr_new, &e);
	}
	if (err)
		return err;
	*rebuilt = *k;
	rebuilt->val = (struct bch_bytes){ val, e.len };
	if (!e.nr_ptrs)
		*rebuilt = nothing_of(k);
	return 0;
}
