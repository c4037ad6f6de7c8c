// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters as they are stored against the recount. Format reference: 06 §7, §14.1, §14.2. */

#include "check/alloc_private.h"
#include "commit/commit.h"

/* ------------------------------------------------------------------ repair */

/* Of the counter that is there, else of the newest entry: never newer than the next. 06 §7.4 */
static int find_version(struct bch_check *c, struct bch_key *k)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	u64 seq = c->fs->state.seq ? c->fs->state.seq : 1;
	struct bch_key there;
	int more = bch_check_key(c, BCH_BTREE_accounting, k->pos, &cur, &there);

	k->version_hi = (u32)(seq >> 32);
	k->version_lo = seq << 32 | 1;
	if (more > 0 && (there.version_hi || there.version_lo)) {
		k->version_hi = there.version_hi;
		k->version_lo = there.version_lo;
	}
	return more < 0 ? more : 0;
}

static int repair(struct bch_check *c, const struct bch_accounting *what, const s64 *v)
{
	u32 nr = bch_accounting_nr_counters(what->type, c->version);
	struct bch_key k = { .pos = bch_accounting_pos(what, c->version) };
	le64 stored[BCH_ACCOUNTING_COUNTERS_MAX];
	bool zero = true;
	int err;

	if (!bch_version_has_accounting(c->version))
		return 0; /* an upgrade counts anew */
	for (u32 i = 0; i < nr; i++) {
		stored[i] = le64_of((u64)v[i]);
		zero &= !v[i];
	}
	if (zero)
		return bch_repair(c, BCH_BTREE_accounting, &k, BCH_UPDATE_QUIET);
	err = find_version(c, &k);
	k.type = BCH_KEY_accounting;
	k.val = (struct bch_bytes){ (const u8 *)stored, nr * sizeof(stored[0]) };
	return err ? err : bch_repair(c, BCH_BTREE_accounting, &k, BCH_UPDATE_QUIET);
}

int bch_alloc_drop_old_counters(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_accounting, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	if (c->round || !bch_problem_is_silent(c, BCH_FSCK_accounting_mismatch))
		return 0;
	while (!err && (more = bch_check_walk_next(&w, &k))) {
		const struct bch_key gone = { .pos = k.pos };

		err = more < 0 ? more
			       : bch_repair(c, BCH_BTREE_accounting, &gone, BCH_UPDATE_QUIET);
	}
	return err ? err : bch_repairs_apply(c);
}

/* ------------------------------------------------------------------ what differs */

static void put_numbers(struct bch_buf *out, const s64 *v, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		bch_buf_put(out, " %" PRId64, v[i]);
}

static bool is_dead(const struct bch_check *c, u8 dev_idx)
{
	return dev_idx != BCH_PTR_DEV_NONE && !c->key_fs.devs[dev_idx].bucket_sectors;
}

bool bch_alloc_counts_no_device(const struct bch_check *c, const struct bch_accounting *what)
{
	bool dead = what->type == BCH_ACCOUNTING_dev_data_type && is_dead(c, what->dev_idx);

	for (u32 i = 0; what->type == BCH_ACCOUNTING_replicas && i < what->nr_devs &&
			i < BCH_ACCOUNTING_DEVS_MAX;
	     i++)
		dead |= is_dead(c, what->devs[i]);
	return dead;
}

static int check_counter(struct bch_check *c, const struct bch_accounting *what, const s64 *stored,
			 const s64 *counted)
{
	u32 nr = bch_accounting_nr_counters(what->type, c->version);
	struct bch_buf text bch_auto(buf) = { 0 };
	int yes;

	bch_accounting_put(&text, what, c->version);
	if (what->type == BCH_ACCOUNTING_inum)
		bch_buf_put(&text, " %" PRIu64, what->inum);
	if (bch_alloc_counts_no_device(c, what)) {
		yes = bch_problem(c, BCH_FSCK_accounting_to_invalid_device,
				  "accounting key references invalid device: %s",
				  bch_buf_str(&text));
		return yes > 0 ? repair(c, what, counted) : yes;
	}
	bch_buf_puts(&text, ": got");
	put_numbers(&text, stored, nr);
	bch_buf_puts(&text, " should be");
	put_numbers(&text, counted, nr);
	yes = bch_problem(c, BCH_FSCK_accounting_mismatch, "accounting mismatch for %s",
			  bch_buf_str(&text));
	return yes > 0 ? repair(c, what, counted) : yes;
}

static int take_counter(void *arg, const struct bch_recount_difference *d)
{
	return check_counter(arg, &d->what, d->stored, d->counted);
}

/*
 * Those that alone are not there kernels lost when they upgraded, and do not miss: 06 §10. But what is repaired is taken
 * from them too, so they are put there then.
 */
int bch_alloc_take_inum(void *arg, const struct bch_inum_count *stored,
			const struct bch_inum_count *counted)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_inum, .inum = counted->inum };
	static const struct bch_inum_count none;
	struct bch_check *c = arg;

	if (!memcmp(stored->v, counted->v, sizeof(stored->v)))
		return 0;
	if (!c->alloc->no_counters && !memcmp(stored->v, none.v, sizeof(stored->v)))
		return c->repaired ? repair(c, &what, counted->v) : 0;
	return check_counter(c, &what, stored->v, counted->v);
}

/* Before 1.9 a crash leaves what some entry knew. */
int bch_alloc_check_counters(struct bch_check *c)
{
	int err;

	if (!bch_version_has_accounting(c->version) && !c->fs->state.was_clean)
		return 0;
	err = bch_recount_compare_counters(c->alloc->recount, take_counter, c);

	return err ? err : bch_inums_finish(&c->alloc->inums);
}
