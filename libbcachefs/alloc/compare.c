// SPDX-License-Identifier: GPL-2.0-or-later
/* What is stored against what is counted: counters, counters of inodes, buckets. Format reference: 06 §10, §14.2. */

#include "alloc/private.h"

#include "ondisk/data_types.h"
#include "super/super.h"

struct compare {
	struct bch_fs *fs;
	u16 version;
	bch_recount_report *report;
	void *arg;
	bool missing; /* something could not be read */
	struct bch_inums inums;
};

static struct compare compare_of(struct bch_fs *fs, bch_recount_report *report, void *arg)
{
	return (struct compare){
		.fs = fs, .version = le16_get(fs->super.sb->version), .report = report, .arg = arg
	};
}

static bool equal(const s64 *a, const s64 *b)
{
	return !memcmp(a, b, BCH_ACCOUNTING_COUNTERS_MAX * sizeof(*a));
}

/* Records, before 1.9, hold less than keys. */
static bool is_stored(const struct compare *c, u8 type)
{
	return bch_version_has_accounting(c->version) || type <= BCH_ACCOUNTING_dev_data_type;
}

static int compare_counter(struct compare *c, const struct bch_accounting *what, const s64 *stored,
			   const s64 *counted)
{
	struct bch_recount_difference d = { .what = *what };

	if (equal(stored, counted) || !is_stored(c, what->type))
		return 0;
	memcpy(d.stored, stored, sizeof(d.stored));
	memcpy(d.counted, counted, sizeof(d.counted));
	return c->report(c->arg, &d);
}

/* ------------------------------------------------------------------ counters */

/* Those of one set; of the other only those that are not in it are left then. */
static int compare_counters(struct compare *c, const struct bch_counters *stored,
			    const struct bch_counters *counted)
{
	const struct bch_counter *s = bch_counters_next(stored, NULL);
	const struct bch_counter *n = bch_counters_next(counted, NULL);
	static const s64 zeroes[BCH_ACCOUNTING_COUNTERS_MAX];
	int err = 0;

	while (!err && (s || n)) {
		int order = !s ? 1 : !n ? -1 : bch_pos_compare(s->pos, n->pos);
		struct bch_accounting what = bch_counter_what(order <= 0 ? s : n);

		err = compare_counter(c, &what, order <= 0 ? s->v : zeroes,
				      order >= 0 ? n->v : zeroes);
		if (order <= 0)
			s = bch_counters_next(stored, s);
		if (order >= 0)
			n = bch_counters_next(counted, n);
	}
	return err;
}

/* ------------------------------------------------------------------ counters of inodes */

static int compare_inum(void *arg, const struct bch_inum_count *stored,
			const struct bch_inum_count *counted)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_inum, .inum = counted->inum };

	return compare_counter(arg, &what, stored->v, counted->v);
}

static int take_inum(void *arg, const struct bch_inum_count *counted)
{
	struct compare *c = arg;

	bch_inums_take(&c->inums, counted);
	return 0;
}

/* ------------------------------------------------------------------ buckets */

static bool same_bucket(const struct bch_alloc *a, const struct bch_alloc *b)
{
	return a->data_type == b->data_type && a->gen == b->gen &&
	       a->dirty_sectors == b->dirty_sectors && a->cached_sectors == b->cached_sectors &&
	       a->stripe_sectors == b->stripe_sectors && a->stripe == b->stripe &&
	       a->stripe_redundancy == b->stripe_redundancy;
}

static int compare_bucket(struct compare *c, struct bch_pos pos, const struct bch_alloc *stored,
			  const struct bch_alloc *counted)
{
	const struct bch_recount_difference d = { .is_bucket = true,
						  .dev_idx = (u32)pos.inode,
						  .bucket = pos.offset,
						  .stored_alloc = *stored,
						  .counted_alloc = *counted };

	return same_bucket(stored, counted) ? 0 : c->report(c->arg, &d);
}

static int compare_alloc_key(struct compare *c, struct bch_recount *r, const struct bch_key *k)
{
	static const struct bch_alloc none;
	struct bch_recount_bucket *b;
	struct bch_alloc stored, counted;
	int err;

	if (bch_alloc_get(k, r->version, &stored) != BCH_KEY_VALID)
		return 0;
	err = bch_recount_bucket(r, k->pos.inode, k->pos.offset, &b);
	if (err)
		return err;
	counted = b ? bch_recount_alloc(r, b) : none;
	return compare_bucket(c, k->pos, &stored, &counted);
}

/* Buckets without a key have to be free. */
static int compare_keyless(struct compare *c, const struct bch_recount *r)
{
	static const struct bch_alloc none;
	const struct bch_recount_bucket *b;
	u32 dev_idx = 0;
	u64 bucket = 0;
	int err = 0;

	for (; !err && (b = bch_recount_bucket_next(r, &dev_idx, &bucket)); bucket++) {
		struct bch_alloc counted = bch_recount_alloc(r, b);

		if (!b->has_key)
			err = compare_bucket(c, bch_pos(dev_idx, bucket), &none, &counted);
	}
	return err;
}

static int compare_buckets(struct compare *c, struct bch_recount *r)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, BCH_BTREE_alloc, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		c->missing |= more == -BCH_ERR_btree_node_read_failed;
		if (more < 0 && more != -BCH_ERR_btree_node_read_failed)
			return more;
		if (more > 0)
			err = compare_alloc_key(c, r, &k);
	}
	return err ? err : compare_keyless(c, r);
}

/* ------------------------------------------------------------------ all */

static int count(struct compare *c, struct bch_recount **r)
{
	const struct bch_recount_sink sink = { .arg = c, .inum = take_inum };
	int err = bch_recount_new(c->fs, &sink, r);

	c->inums = bch_inums(c->fs, false, compare_inum, c);
	if (!err)
		err = bch_recount_walk(*r);
	c->missing |= err == -BCH_ERR_btree_node_read_failed;
	if (!err || err == -BCH_ERR_btree_node_read_failed)
		err = bch_inums_compare(&c->inums, c->missing);
	if (!err)
		err = bch_inums_finish(&c->inums);
	c->missing |= c->inums.missing;
	return err;
}

static int compare_stored_counters(struct compare *c, const struct bch_recount *r)
{
	struct bch_counters stored bch_auto(counters) = bch_counters();
	int err = bch_accounting_read(c->fs, &stored);

	c->missing |= err == -BCH_ERR_btree_node_read_failed;
	if (err && err != -BCH_ERR_btree_node_read_failed)
		return err;
	return compare_counters(c, &stored, &r->counters);
}

static int end(const struct compare *c, int err)
{
	return !err && c->missing ? -BCH_ERR_btree_node_read_failed : err;
}

int bch_recount_compare_counters(struct bch_recount *r, bch_recount_report *report, void *arg)
{
	struct compare c = compare_of(r->fs, report, arg);

	return end(&c, compare_stored_counters(&c, r));
}

int bch_recount_compare_buckets(struct bch_recount *r, bch_recount_report *report, void *arg)
{
	struct compare c = compare_of(r->fs, report, arg);

	return end(&c, compare_buckets(&c, r));
}

int bch_recount_compare(struct bch_fs *fs, bch_recount_report *report, void *arg,
			struct bch_counters *counted)
{
	struct compare c = compare_of(fs, report, arg);
	struct bch_recount *r bch_auto(recount) = NULL;
	int err = count(&c, &r);

	if (!err)
		err = compare_stored_counters(&c, r);
	if (!err)
		err = compare_buckets(&c, r);
	if (!err)
		bch_recount_take_counters(r, counted);
	return end(&c, err);
}

/* ------------------------------------------------------------------ text */

static void put_counters(struct bch_buf *out, const s64 *v, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		bch_buf_put(out, "%s%" PRId64, i ? " " : "", v[i]);
}

static void put_alloc(struct bch_buf *out, const struct bch_alloc *a)
{
	bch_buf_choice(out, bch_data_type_names, a->data_type);
	bch_buf_put(out, " dirty %u", a->dirty_sectors);
	if (a->cached_sectors)
		bch_buf_put(out, " cached %u", a->cached_sectors);
	if (a->stripe_sectors)
		bch_buf_put(out, " in stripes %u", a->stripe_sectors);
	if (a->stripe)
		bch_buf_put(out, " stripe %u", a->stripe);
	if (a->stripe_redundancy)
		bch_buf_put(out, " redundancy %u", a->stripe_redundancy);
}

void bch_recount_difference_put(struct bch_buf *out, const struct bch_recount_difference *d,
				u16 version)
{
	u32 nr = bch_accounting_nr_counters(d->what.type, version);

	if (d->is_bucket) {
		bch_buf_put(out, "bucket %u:%" PRIu64 ": ", d->dev_idx, d->bucket);
		put_alloc(out, &d->stored_alloc);
		bch_buf_puts(out, ", counted ");
		put_alloc(out, &d->counted_alloc);
		return;
	}
	bch_buf_puts(out, "accounting ");
	bch_accounting_put(out, &d->what, version);
	if (d->what.type == BCH_ACCOUNTING_inum)
		bch_buf_put(out, "%" PRIu64, d->what.inum);
	bch_buf_puts(out, ": ");
	put_counters(out, d->stored, nr);
	bch_buf_puts(out, ", counted ");
	put_counters(out, d->counted, nr);
}
