// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two keys that claim one place. Of those whose data is good by its checksum the one that the backpointer leads to keeps
 * it; the other loses its pointer, and is an error where it has no other. Format reference: 06 §14.5, 07 §4.7.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "check/alloc_private.h"

#define CLAIMS_MAX 1024

/* One of them. */
struct claim {
	struct bch_check *c;
	struct bch_implied *implied;
	struct bch_backpointer bp; /* where its key is */
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k;
	u32 nr_ptr; /* which pointer of it, by index */
	bool bad;   /* it does not match its checksum */
};

/* ------------------------------------------------------------------ the key as it is by now */

static bool leads_there(struct claim *cl, const struct bch_key *k)
{
	struct bch_backpointers w = bch_backpointers_of(&cl->c->key_fs, cl->c->version,
							cl->bp.btree_id, cl->bp.level, k);
	struct bch_backpointer bp;
	u8 val[BCH_BACKPOINTER_LEN];
	struct bch_pos at;

	while (bch_backpointers_next(&w, &at, &bp)) {
		bch_backpointer_put(&bp, cl->c->version, val);
		if (!bch_pos_compare(at, cl->implied->at) &&
		    !memcmp(val, cl->implied->val, sizeof(val)))
			return true;
	}
	return false;
}

static int load(struct claim *cl)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key bp = { .pos = cl->implied->at,
			      .type = BCH_KEY_backpointer,
			      .val = { cl->implied->val, BCH_BACKPOINTER_LEN } };
	struct bch_key k;
	int more;

	bch_backpointer_get(&bp, cl->c->version, &cl->bp);
	if (cl->bp.level || cl->bp.btree_id >= BCH_BTREE_NR)
		return 0;
	more = bch_check_key(cl->c, cl->bp.btree_id, cl->bp.pos, &cur, &k);
	if (more < 0)
		return more;
	cl->implied->gone = !more || k.val.len > sizeof(cl->val) || !leads_there(cl, &k);
	if (cl->implied->gone)
		return 0;
	cl->k = k;
	memcpy(cl->val, k.val.p, k.val.len);
	cl->k.val.p = cl->val;
	return 0;
}

/* ------------------------------------------------------------------ its data */

static int find_ptr(struct claim *cl, struct bch_extent_ptr *p)
{
	struct bch_extent_walk w = bch_extent_walk(&cl->k, &cl->c->fs->super);
	u64 sector = cl->implied->at.offset >> BCH_BACKPOINTER_SHIFT;

	for (cl->nr_ptr = 0; bch_extent_ptr_next(&w, p); cl->nr_ptr++)
		if (p->ptr.dev_idx == cl->implied->at.inode && p->ptr.offset_sectors == sector)
			return 1;
	return 0;
}

/* Without a checksum nobody knows. */
static int verify(struct claim *cl)
{
	struct bch_extent_ptr p;
	void *blob;
	int err;

	if (cl->implied->gone || cl->bp.level || cl->bp.btree_id == BCH_BTREE_stripes ||
	    !find_ptr(cl, &p) || !p.crc.csum_type)
		return 0;
	if (!bch_crc_is_possible(&cl->k, &p.crc)) {
		cl->bad = true;
		return 0;
	}
	blob = bch_malloc(BCH_BYTES(p.crc.compressed_sectors));
	if (!blob)
		return -BCH_ERR_no_memory;
	err = bch_blob_read(cl->c->fs, &cl->k, &p, blob);
	free(blob);
	cl->bad = err;
	return err == -BCH_ERR_no_memory ? err : 0;
}

/* ------------------------------------------------------------------ who keeps it */

/* Nodes before all else, then what is good, then what the backpointer leads to. */
static u32 rank(const struct claim *cl, const u8 *stored)
{
	bool fits = stored && !memcmp(cl->implied->val, stored, BCH_BACKPOINTER_LEN);

	if (cl->implied->gone)
		return 0;
	return 1 + (cl->bp.level ? 8U : 0) + (cl->bad ? 0 : 2U) + fits;
}

static int lose(struct claim *cl)
{
	struct bch_ptr_edit edit = { .drop = 1U << cl->nr_ptr };
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key edited;
	int yes;

	if (cl->implied->gone || cl->bp.level || cl->bp.btree_id == BCH_BTREE_stripes)
		return 0; /* these are repaired as what they are */
	yes = bch_problem_key(cl->c, BCH_FSCK_dup_backpointer_to_bad_csum_extent, cl->bp.btree_id,
			      &cl->k,
			      cl->bad ? "duplicate extents pointing to same space on dev %u, and "
					"this one's checksum is wrong"
				      : "duplicate extents pointing to same space on dev %u",
			      (u32)cl->implied->at.inode);
	if (yes <= 0)
		return yes;
	cl->implied->gone = true;
	edited = bch_ptrs_edited(cl->c, &cl->k, &edit, val);
	return bch_repair(cl->c, cl->bp.btree_id, &edited, 0);
}

static int decide(struct claim *claims, size_t nr, const u8 *stored)
{
	size_t best = 0;
	int err = 0;

	for (size_t i = 1; i < nr; i++)
		if (rank(&claims[i], stored) > rank(&claims[best], stored))
			best = i;
	for (size_t i = 0; i < nr && !err; i++)
		if (i != best)
			err = lose(&claims[i]);
	return err;
}

int bch_alloc_check_duplicates(struct bch_check *c, struct bch_implied *same, size_t nr,
			       const u8 stored[BCH_BACKPOINTER_LEN])
{
	struct claim *claims;
	int err;

	if (nr > CLAIMS_MAX)
		nr = CLAIMS_MAX; /* the others in the next round */
	claims = bch_calloc(nr, sizeof(*claims));
	err = claims ? 0 : -BCH_ERR_no_memory;
	for (size_t i = 0; i < nr && !err; i++) {
		struct bch_extent_ptr p;

		claims[i].c = c;
		claims[i].implied = &same[i];
		err = load(&claims[i]);
		if (!err)
			err = verify(&claims[i]);
		if (!err && !claims[i].implied->gone && !claims[i].bp.level)
			find_ptr(&claims[i], &p);
	}
	if (!err)
		err = decide(claims, nr, stored);
	free(claims);
	return err;
}
