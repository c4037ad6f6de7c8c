// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing qcow2 files, front to back. The file is, each part beginning a cluster:
 *
 *	header | refcount table | refcount blocks | clusters of data | L2 tables | L1 table
 *
 * All is computed from the ranges before the first byte is written: the nth cluster of the device
 * that a range touches is the nth of the data. Reference counts, which are all 1, are there because
 * qemu opens nothing without them.
 */

#include <stdlib.h>

#include "base/array.h"
#include "base/checked.h"
#include "base/memory.h"
#include "io/qcow2.h"

struct bch_qcow2_writer {
	struct bch_ctx *ctx;
	u64 size; /* of the device */
	u64 cluster_size;
	u64 table_entries; /* of an L2 table */
	BCH_ARRAY(struct bch_qcow2_range) ranges;
};

/* Where the parts begin, in clusters. */
struct layout {
	u64 refcount_table, refcount_blocks, data, l2, l1, end;
};

static u64 div_up(u64 a, u64 b)
{
	return a / b + !!(a % b);
}

static u64 l1_entries(const struct bch_qcow2_writer *w)
{
	return div_up(w->size, w->cluster_size * w->table_entries);
}

int bch_qcow2_writer_new(struct bch_ctx *ctx, u64 size, u32 cluster_size,
			 struct bch_qcow2_writer **out)
{
	struct bch_qcow2_writer *w = bch_calloc(1, sizeof(*w));

	*out = NULL;
	if (!w)
		return -BCH_ERR_no_memory;
	w->ctx = ctx;
	w->size = size;
	w->cluster_size = cluster_size;
	w->table_entries = cluster_size / sizeof(be64);
	if (!bch_is_power_of_two(cluster_size) || cluster_size < 1U << BCH_QCOW2_CLUSTER_BITS_MIN ||
	    cluster_size > 1U << BCH_QCOW2_CLUSTER_BITS_MAX || size > INT64_MAX ||
	    l1_entries(w) > BCH_QCOW2_L1_MAX) {
		free(w);
		return bch_error(ctx, -BCH_ERR_out_of_range,
				 "qcow2 clusters of %u bytes for %" PRIu64 " bytes", cluster_size,
				 size);
	}
	*out = w;
	return 0;
}

void bch_qcow2_writer_free(struct bch_qcow2_writer *w)
{
	if (!w)
		return;
	bch_array_end(&w->ranges);
	free(w);
}

int bch_qcow2_add(struct bch_qcow2_writer *w, const struct bch_qcow2_range *range)
{
	if (range->offset > w->size || range->len > w->size - range->offset)
		return bch_error(w->ctx, -BCH_ERR_out_of_range,
				 "%" PRIu64 " bytes at %" PRIu64 " of a device of %" PRIu64
				 " bytes",
				 range->len, range->offset, w->size);
	return range->len ? bch_array_push(&w->ranges, *range) : 0;
}

/* Of two that begin together the longer one goes first: the other is then not needed. */
static int compare(const void *a, const void *b)
{
	const struct bch_qcow2_range *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->len < y->len) - (x->len > y->len);
}

/* The clusters of the device that ranges touch: begins as all zero. */
struct walk {
	size_t range;
	u64 next;
};

/* The next one, ascending, each once. */
static bool next_cluster(const struct bch_qcow2_writer *w, struct walk *walk, u64 *cluster)
{
	for (; walk->range < w->ranges.nr; walk->range++) {
		const struct bch_qcow2_range *r = &w->ranges.v[walk->range];
		u64 first = r->offset / w->cluster_size;

		if (walk->next < first)
			walk->next = first;
		if (walk->next <= (r->offset + r->len - 1) / w->cluster_size) {
			*cluster = walk->next++;
			return true;
		}
	}
	return false;
}

/* Counts clusters and L2 tables; the refcounts count themselves too. Sorts the ranges. */
static struct layout lay_out(struct bch_qcow2_writer *w)
{
	u64 nr_data = 0, nr_l2 = 0, nr_blocks = 0, nr_tables = 0, last = 0, cluster, want;
	u64 nr_l1 = div_up(l1_entries(w), w->table_entries);
	struct walk walk = { 0 };
	struct layout l;

	if (w->ranges.nr)
		qsort(w->ranges.v, w->ranges.nr, sizeof(w->ranges.v[0]), compare);
	for (; next_cluster(w, &walk, &cluster); nr_data++, last = cluster / w->table_entries)
		nr_l2 += !nr_data || last != cluster / w->table_entries;
	do {
		l.refcount_table = 1;
		l.refcount_blocks = l.refcount_table + nr_tables;
		l.data = l.refcount_blocks + nr_blocks;
		l.l2 = l.data + nr_data;
		l.l1 = l.l2 + nr_l2;
		l.end = l.l1 + nr_l1;
		want = nr_blocks;
		nr_blocks = div_up(l.end, w->cluster_size / sizeof(u16));
		nr_tables = div_up(nr_blocks, w->table_entries);
	} while (nr_blocks != want);
	return l;
}

u64 bch_qcow2_size(struct bch_qcow2_writer *w)
{
	return lay_out(w).end * w->cluster_size;
}

/* ------------------------------------------------------------------ the parts, in their order */

struct stream {
	struct bch_qcow2_writer *w;
	struct bch_output *out;
	struct layout layout;
	u64 pos; /* bytes written so far */
};

static u64 place_of(const struct stream *s, u64 cluster)
{
	return cluster * s->w->cluster_size;
}

/* Zeroes up to @place, then the bytes. Places only ascend. */
static int put_at(struct stream *s, u64 place, const void *buf, size_t len)
{
	int err = bch_output_skip(s->out, place - s->pos);

	s->pos = place + len;
	return err ? err : bch_output_put(s->out, buf, len);
}

static int put_entry(struct stream *s, u64 place, u64 entry)
{
	be64 v = be64_of(entry);

	return put_at(s, place, &v, sizeof(v));
}

static int put_header(struct stream *s)
{
	const struct layout *l = &s->layout;
	struct bch_qcow2_header h = {
		.magic = be32_of(BCH_QCOW2_MAGIC),
		.version = be32_of(2),
		.cluster_bits = be32_of(bch_ilog2(s->w->cluster_size)),
		.size = be64_of(s->w->size),
		.l1_size = be32_of((u32)l1_entries(s->w)),
		.l1_table_offset = be64_of(place_of(s, l->l1)),
		.refcount_table_offset = be64_of(place_of(s, l->refcount_table)),
		.refcount_table_clusters = be32_of((u32)(l->refcount_blocks - l->refcount_table)),
	};

	return put_at(s, 0, &h, BCH_QCOW2_HEADER_V2);
}

static int put_refcounts(struct stream *s)
{
	static const u8 one[2] = { 0, 1 };
	u64 first = s->layout.refcount_blocks, nr = s->layout.data - first;
	int err = 0;

	for (u64 i = 0; i < nr && !err; i++)
		err = put_entry(s, place_of(s, s->layout.refcount_table) + i * sizeof(be64),
				place_of(s, first + i));
	for (u64 i = 0; i < s->layout.end && !err; i++)
		err = put_at(s, place_of(s, first) + i * sizeof(one), one, sizeof(one));
	return err;
}

/* A gapless stretch of clusters: where it begins on the device and in the file, and what is done of it. */
struct stretch {
	u64 start, place, end;
};

/* The stretch that @offset belongs to: the last one, if not even a cluster lies between. */
static void enter(const struct stream *s, struct stretch *stretch, u64 offset)
{
	u64 start = bch_round_down(offset, s->w->cluster_size);
	u64 len = div_up(stretch->end - stretch->start, s->w->cluster_size) * s->w->cluster_size;

	if (start < stretch->start + len)
		return;
	stretch->place += len;
	stretch->start = stretch->end = start;
}

static int put_data(struct stream *s, u8 *buf,
		    int (*read)(void *arg, const struct bch_qcow2_range *range, void *buf),
		    void *arg)
{
	struct stretch stretch = { .place = place_of(s, s->layout.data) };
	int err = 0;

	for (size_t i = 0; i < s->w->ranges.nr && !err; i++) {
		const struct bch_qcow2_range *r = &s->w->ranges.v[i];
		u64 from, end = r->offset + r->len;

		enter(s, &stretch, r->offset);
		from = r->offset < stretch.end ? stretch.end : r->offset;
		if (from >= end)
			continue; /* lies within those before it */
		err = read(arg, r, buf);
		if (!err)
			err = put_at(s, stretch.place + (from - stretch.start),
				     buf + (from - r->offset), (size_t)(end - from));
		stretch.end = end;
	}
	return err;
}

static int put_l2(struct stream *s)
{
	u64 data = s->layout.data, table = s->layout.l2, nr = s->w->table_entries, cluster,
	    last = 0;
	struct walk walk = { 0 };
	int err = 0;

	for (; !err && next_cluster(s->w, &walk, &cluster); last = cluster / nr) {
		if (data > s->layout.data && cluster / nr != last)
			table++;
		err = put_entry(s, place_of(s, table) + cluster % nr * sizeof(be64),
				place_of(s, data++) | BCH_QCOW2_COPIED);
	}
	return err;
}

static int put_l1(struct stream *s)
{
	u64 table = s->layout.l2, nr = s->w->table_entries, cluster;
	struct walk walk = { 0 };
	int err = 0;

	while (!err && next_cluster(s->w, &walk, &cluster)) {
		err = put_entry(s, place_of(s, s->layout.l1) + cluster / nr * sizeof(be64),
				place_of(s, table++) | BCH_QCOW2_COPIED);
		walk.next = (cluster / nr + 1) * nr;
	}
	return err ? err : bch_output_skip(s->out, place_of(s, s->layout.end) - s->pos);
}

/* A buffer for any of the ranges. */
static u8 *buf_new(const struct bch_qcow2_writer *w)
{
	u64 most = 1;

	for (size_t i = 0; i < w->ranges.nr; i++)
		if (w->ranges.v[i].len > most)
			most = w->ranges.v[i].len;
	return most <= SIZE_MAX ? bch_malloc((size_t)most) : NULL;
}

int bch_qcow2_write(struct bch_qcow2_writer *w, struct bch_output *out,
		    int (*read)(void *arg, const struct bch_qcow2_range *range, void *buf),
		    void *arg)
{
	struct stream s = { .w = w, .out = out, .layout = lay_out(w) };
	u8 *buf = buf_new(w);
	int err = buf ? put_header(&s) : -BCH_ERR_no_memory;

	if (!err)
		err = put_refcounts(&s);
	if (!err)
		err = put_data(&s, buf, read, arg);
	if (!err)
		err = put_l2(&s);
	if (!err)
		err = put_l1(&s);
	free(buf);
	return err;
}
