// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sweep: all that the batch leads to is read, each member in its own order, by all threads. Pieces that lie near each
 * other are read as one chunk; where that fails each is read alone, so that what is bad is known exactly.
 */

#include <stdlib.h>

#include "base/checked.h"
#include "ops/scrub_private.h"

#define CHUNK_SECTORS 4096U /* at most, but for larger pieces */
#define GAP_SECTORS   128U  /* between pieces, read with them: cheaper than another request */
#define ALIGN_BYTES   4096U /* of what is read, for direct I/O */

struct chunk {
	u32 first, nr;	/* pieces */
	u64 start, end; /* sectors */
	u64 nr_new;	/* sectors of pieces, each once */
};

struct member_sweep {
	struct bch_scrub *s;
	struct bch_scrub_member *m;
	BCH_ARRAY(struct chunk) chunks;
};

struct sweep {
	struct bch_scrub *s;
	struct member_sweep *members;
	u32 nr;
};

/* ------------------------------------------------------------------ chunks */

static int compare(const void *l, const void *r)
{
	const struct bch_scrub_piece *a = l, *b = r;

	if (a->sector != b->sector)
		return a->sector < b->sector ? -1 : 1;
	if (a->nr_sectors != b->nr_sectors)
		return a->nr_sectors < b->nr_sectors ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static u64 end_of(const struct bch_scrub_piece *p)
{
	return p->sector + p->nr_sectors;
}

static bool fits(const struct chunk *c, const struct bch_scrub_piece *p)
{
	u64 end = end_of(p) > c->end ? end_of(p) : c->end;

	return p->sector <= c->end + GAP_SECTORS && end - c->start <= CHUNK_SECTORS;
}

/* Chunks of the pieces, which are sorted; @m->found grows by what is to be read. */
static int make_chunks(struct member_sweep *ms)
{
	struct bch_scrub_member *m = ms->m;
	u64 end = 0; /* of all pieces so far */
	int err = 0;

	for (size_t i = 0; !err && i < m->pieces.nr; i++) {
		const struct bch_scrub_piece *p = &m->pieces.v[i];
		struct chunk *c = ms->chunks.nr ? &ms->chunks.v[ms->chunks.nr - 1] : NULL;
		u64 start = p->sector > end ? p->sector : end;
		u64 nr_new = end_of(p) > start ? end_of(p) - start : 0;

		if (!c || !fits(c, p))
			err = bch_array_push(&ms->chunks, ((struct chunk){ (u32)i, 0, p->sector,
									   p->sector, 0 }));
		if (err)
			break;
		c = &ms->chunks.v[ms->chunks.nr - 1];
		c->nr++;
		c->end = end_of(p) > c->end ? end_of(p) : c->end;
		c->nr_new += nr_new;
		end = end_of(p) > end ? end_of(p) : end;
		m->found += BCH_BYTES(nr_new);
	}
	return err;
}

/* ------------------------------------------------------------------ reading */

/* Memory that holds [@from, @to) of the member, read, in bytes. NULL: @err. */
static void *read_bytes(const struct bch_scrub_member *m, u64 from, u64 to, int *err)
{
	u64 room = bch_round_down(to - from + ALIGN_BYTES - 1, ALIGN_BYTES);
	void *bytes = aligned_alloc(ALIGN_BYTES, room);

	*err = bytes ? bch_blkdev_read(m->blkdev, bytes, to - from, from) : -BCH_ERR_no_memory;
	if (!*err)
		return bytes;
	free(bytes);
	return NULL;
}

/* A piece alone, not a byte more: around it the device may be bad. */
static int judge_alone(struct bch_scrub *s, struct bch_scrub_member *m, struct bch_scrub_piece *p)
{
	int err;
	void *bytes = read_bytes(m, BCH_BYTES(p->sector), BCH_BYTES(end_of(p)), &err);

	if (err == -BCH_ERR_no_memory)
		return err;
	p->err = err;
	if (bytes)
		bch_scrub_judge(s, p, bytes);
	free(bytes);
	return 0;
}

/* Several keys may show parts of one blob. */
static void judge_all(struct bch_scrub *s, struct bch_scrub_piece *p, u32 nr, u64 start,
		      const u8 *bytes)
{
	for (u32 i = 0; i < nr; i++)
		if (i && bch_scrub_same_blob(s, &p[i - 1], &p[i]))
			p[i].err = p[i - 1].err;
		else
			bch_scrub_judge(s, &p[i], bytes + BCH_BYTES(p[i].sector - start));
}

static u64 plain_bytes(const struct bch_scrub_piece *p, u32 nr)
{
	u64 bytes = 0, end = 0;

	for (u32 i = 0; i < nr; i++) {
		u64 start = p[i].sector > end ? p[i].sector : end;

		if (p[i].plain && end_of(&p[i]) > start)
			bytes += BCH_BYTES(end_of(&p[i]) - start);
		end = end_of(&p[i]) > end ? end_of(&p[i]) : end;
	}
	return bytes;
}

/* All at once, else each alone. */
static int check_pieces(struct member_sweep *ms, const struct chunk *c, struct bch_scrub_piece *p)
{
	u64 from = bch_round_down(BCH_BYTES(c->start), ALIGN_BYTES), to;
	u8 *bytes;
	int err;

	if (!bch_round_up(BCH_BYTES(c->end), ALIGN_BYTES, &to) || to > ms->m->blkdev->geometry.size)
		to = BCH_BYTES(c->end);
	bytes = read_bytes(ms->m, from, to, &err);
	if (bytes) {
		judge_all(ms->s, p, c->nr, c->start, bytes + (BCH_BYTES(c->start) - from));
		free(bytes);
		return 0;
	}
	if (err == -BCH_ERR_no_memory)
		return err;
	err = 0;
	for (u32 i = 0; !err && i < c->nr; i++)
		err = judge_alone(ms->s, ms->m, &p[i]);
	return err;
}

static int check_chunk(void *arg, u64 idx, u32 worker_idx)
{
	struct member_sweep *ms = arg;
	const struct chunk *c = &ms->chunks.v[idx];
	struct bch_scrub_piece *p = &ms->m->pieces.v[c->first];
	int err;

	if (bch_cancelled(ms->s->fs->ctx))
		return -BCH_ERR_cancelled;
	err = check_pieces(ms, c, p);
	if (!err)
		bch_scrub_advance(ms->s, ms->m, BCH_BYTES(c->nr_new), plain_bytes(p, c->nr));
	return err;
}

/* ------------------------------------------------------------------ the whole */

static int sweep_member(void *arg, u64 idx, u32 worker_idx)
{
	struct sweep *sweep = arg;
	struct member_sweep *ms = &sweep->members[idx];
	int err;

	if (ms->m->pieces.nr)
		qsort(ms->m->pieces.v, ms->m->pieces.nr, sizeof(*ms->m->pieces.v), compare);
	err = make_chunks(ms);
	return err ? err : bch_thread_pool_for_each(ms->s->pool, ms->chunks.nr, check_chunk, ms);
}

int bch_scrub_sweep(struct bch_scrub *s)
{
	struct sweep sweep = { s, calloc(s->nr_members, sizeof(*sweep.members)), 0 };
	int err = sweep.members ? 0 : -BCH_ERR_no_memory;

	for (u32 i = 0; !err && i < s->nr_members; i++)
		if (bch_scrub_wanted(s, i))
			sweep.members[sweep.nr++] =
				(struct member_sweep){ s, &s->members[i], { 0 } };
	if (!err)
		err = bch_thread_pool_for_each(s->pool, sweep.nr, sweep_member, &sweep);
	for (u32 i = 0; i < sweep.nr; i++)
		bch_array_end(&sweep.members[i].chunks);
	free(sweep.members);
	return err;
}
