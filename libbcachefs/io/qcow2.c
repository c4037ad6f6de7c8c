// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading qcow2 files: dumps, and whatever qemu makes without compression, encryption and backing files.
 *
 * Nothing is kept but pages of tables in a cache of fixed size, whatever the file says of its own.
 * Each place that a table names is checked against the file when it is used. cache_lock guards the
 * pages and is never held while one is read.
 */

#include <pthread.h>
#include <string.h>

#include "io/blkdev.h"
#include "io/qcow2.h"

#define PAGE_ENTRIES 512U
#define PAGE_BYTES   (PAGE_ENTRIES * sizeof(be64))
#define ZSTD_MAGIC   0x28b52ffdU /* the first bytes of its files */
#define NR_PAGES     256U
#define RUN_MAX	     (1ULL << 30) /* device bytes looked at between two questions whether to go on */

/* A piece of the file, aligned to its size. */
struct page {
	u64 nr; /* 1 for the first of the file; 0: empty */
	be64 entry[PAGE_ENTRIES];
};

struct qcow2 {
	struct bch_blkdev dev;
	u32 version;
	u32 cluster_bits;
	u64 l1_offset;
	pthread_mutex_t cache_lock;
	struct page pages[NR_PAGES]; /* page nr stands at nr % NR_PAGES or nowhere */
};

static struct qcow2 *to_qcow2(struct bch_blkdev *dev)
{
	return (struct qcow2 *)dev;
}

static u64 cluster_size(const struct qcow2 *q)
{
	return 1ULL << q->cluster_bits;
}

/* Device bytes that one L2 table is for. */
static u64 table_span(const struct qcow2 *q)
{
	return cluster_size(q) * (cluster_size(q) / sizeof(be64));
}

static u64 file_size(const struct qcow2 *q)
{
	return q->dev.below->geometry.size;
}

static int damaged(struct qcow2 *q, const char *what, u64 place)
{
	return bch_error_whole(q->dev.ctx, -BCH_ERR_io, "%s: damaged qcow2 image: %s at %" PRIu64,
			       q->dev.name, what, place);
}

static int not_supported(struct qcow2 *q, const char *what)
{
	return bch_error(q->dev.ctx, -BCH_ERR_not_supported, "%s: qcow2 %s", q->dev.name, what);
}

/* Begins at a cluster, and @len bytes of it are in the file. */
static bool is_place(const struct qcow2 *q, u64 place, u64 len)
{
	return !(place & (cluster_size(q) - 1)) && place <= file_size(q) &&
	       len <= file_size(q) - place;
}

static int read_page(struct qcow2 *q, struct page *page)
{
	u64 start = (page->nr - 1) * PAGE_BYTES;
	u64 have = file_size(q) - start;

	memset(page->entry, 0, sizeof(page->entry));
	return bch_blkdev_read(q->dev.below, page->entry,
			       have < PAGE_BYTES ? (size_t)have : PAGE_BYTES, start);
}

/* The table entry at @place of the file, which is within it and a multiple of its size. */
static int read_entry(struct qcow2 *q, u64 place, u64 *entry)
{
	struct page fresh = { .nr = place / PAGE_BYTES + 1 };
	struct page *cached = &q->pages[fresh.nr % NR_PAGES];
	u64 i = place % PAGE_BYTES / sizeof(be64);
	bool have;
	int err;

	pthread_mutex_lock(&q->cache_lock);
	have = cached->nr == fresh.nr;
	if (have)
		*entry = be64_get(cached->entry[i]);
	pthread_mutex_unlock(&q->cache_lock);
	if (have)
		return 0;

	err = read_page(q, &fresh);
	if (err)
		return err;
	*entry = be64_get(fresh.entry[i]);
	pthread_mutex_lock(&q->cache_lock);
	*cached = fresh;
	pthread_mutex_unlock(&q->cache_lock);
	return 0;
}

/* Bytes of the device, and where in the file they lie; 0: nowhere, they are zeroes. */
struct run {
	u64 place, len;
};

/* The L2 table for @offset; 0: none. */
static int find_table(struct qcow2 *q, u64 offset, u64 *table)
{
	u64 entry;
	int err = read_entry(q, q->l1_offset + offset / table_span(q) * sizeof(be64), &entry);

	if (err)
		return err;
	*table = entry & BCH_QCOW2_OFFSET;
	return is_place(q, *table, cluster_size(q)) ? 0 : damaged(q, "table", *table);
}

/* The cluster of @offset, by its entry in @table; 0: none. The end of the file may cut it short. */
static int find_cluster(struct qcow2 *q, u64 table, u64 offset, u64 *cluster)
{
	u64 i = offset % table_span(q) >> q->cluster_bits, entry;
	int err = read_entry(q, table + i * sizeof(be64), &entry);

	if (err)
		return err;
	if (entry & BCH_QCOW2_COMPRESSED)
		return not_supported(q, "compressed cluster");
	*cluster = entry & BCH_QCOW2_OFFSET;
	if (q->version > 2 && entry & BCH_QCOW2_ZERO)
		*cluster = 0;
	return is_place(q, *cluster, 1) ? 0 : damaged(q, "cluster", *cluster);
}

/* From @offset to the end of its cluster, or of what a missing table is for. */
static int find_piece(struct qcow2 *q, u64 offset, struct run *piece)
{
	u64 table, skip = offset & (cluster_size(q) - 1);
	int err = find_table(q, offset, &table);

	if (err)
		return err;
	*piece = (struct run){ 0, table_span(q) - offset % table_span(q) };
	if (!table)
		return 0;
	piece->len = cluster_size(q) - skip;
	err = find_cluster(q, table, offset, &piece->place);
	if (piece->place)
		piece->place += skip;
	return err;
}

/* Does @next go on where @run ends, in the file too? */
static bool adjoins(const struct run *run, const struct run *next)
{
	return next->place == (run->place ? run->place + run->len : 0);
}

/* As many bytes from @offset on as lie together, @len at most, which lie within the device. */
static int find_run(struct qcow2 *q, u64 offset, u64 len, struct run *run)
{
	struct run next;
	int err;

	*run = (struct run){ 0 };
	err = find_piece(q, offset, &next);
	if (!err)
		run->place = next.place;
	while (!err && run->len < len && adjoins(run, &next)) {
		run->len += next.len;
		if (run->len < len)
			err = find_piece(q, offset + run->len, &next);
	}
	if (run->len > len)
		run->len = len;
	return err;
}

/* What the file has not is zeroes: its last cluster need not be whole. */
static int read_run(struct qcow2 *q, u8 *buf, const struct run *run)
{
	u64 rest = run->place && run->place < file_size(q) ? file_size(q) - run->place : 0;
	size_t have = (size_t)(rest < run->len ? rest : run->len);

	memset(buf + have, 0, (size_t)run->len - have);
	return have ? bch_blkdev_read(q->dev.below, buf, have, run->place) : 0;
}

static int qcow2_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	struct qcow2 *q = to_qcow2(dev);
	int err = 0;

	for (u64 done = 0; done < len && !err;) {
		struct run run;

		err = find_run(q, offset + done, len - done, &run);
		if (!err)
			err = read_run(q, (u8 *)buf + done, &run);
		done += run.len;
	}
	return err;
}

static int qcow2_close(struct bch_blkdev *dev)
{
	pthread_mutex_destroy(&to_qcow2(dev)->cache_lock);
	return 0;
}

static const struct bch_blkdev_ops qcow2_ops = {
	.read = qcow2_read,
	.close = qcow2_close,
};

bool bch_blkdev_is_qcow2(const struct bch_blkdev *dev)
{
	return dev->ops == &qcow2_ops;
}

int bch_qcow2_next(struct bch_blkdev *dev, u64 offset, u64 *start, u64 *len)
{
	struct qcow2 *q = to_qcow2(dev);
	u64 size = dev->geometry.size;

	while (offset < size) {
		u64 most = size - offset < RUN_MAX ? size - offset : RUN_MAX;
		struct run run;
		int err = bch_cancelled(dev->ctx) ? -BCH_ERR_cancelled
						  : find_run(q, offset, most, &run);

		if (err)
			return err;
		*start = offset;
		*len = run.len;
		if (run.place)
			return 1;
		offset += run.len;
	}
	return 0;
}

static const char *foreign_feature(u64 features)
{
	features &= ~BCH_QCOW2_HARMLESS;
	if (features & BCH_QCOW2_EXTERNAL_DATA)
		return "external data file";
	if (features & BCH_QCOW2_EXTENDED_L2)
		return "extended L2 entries";
	return features ? "unknown feature" : NULL;
}

static int check_features(struct qcow2 *q, const struct bch_qcow2_header *h)
{
	const char *foreign = NULL;

	if (q->version != 2 && q->version != 3)
		return not_supported(q, "version other than 2 and 3");
	if (be64_get(h->backing_file_offset))
		return not_supported(q, "backing file");
	if (be32_get(h->crypt_method))
		return not_supported(q, "encryption");
	if (q->version > 2)
		foreign = foreign_feature(be64_get(h->incompatible_features));
	return foreign ? not_supported(q, foreign) : 0;
}

static int check_geometry(struct qcow2 *q, const struct bch_qcow2_header *h)
{
	u64 l1_size = be32_get(h->l1_size), size = be64_get(h->size);

	if (q->cluster_bits < BCH_QCOW2_CLUSTER_BITS_MIN ||
	    q->cluster_bits > BCH_QCOW2_CLUSTER_BITS_MAX || size > INT64_MAX)
		return damaged(q, "header", 0);
	if (!is_place(q, q->l1_offset, l1_size * sizeof(be64)) ||
	    l1_size < size / table_span(q) + !!(size % table_span(q)))
		return damaged(q, "L1 table", q->l1_offset);
	q->dev.geometry.size = size;
	q->dev.geometry.can_discard = false;
	return 0;
}

static int read_header(struct qcow2 *q)
{
	struct bch_qcow2_header h;
	int err = bch_blkdev_read(q->dev.below, &h, sizeof(h), 0);

	if (err)
		return err;
	q->version = be32_get(h.version);
	q->cluster_bits = be32_get(h.cluster_bits);
	q->l1_offset = be64_get(h.l1_table_offset);
	err = check_features(q, &h);
	return err ? err : check_geometry(q, &h);
}

/* What cannot be read is not recognised: its reader will hear of it. */
static u32 magic_of(struct bch_blkdev *dev)
{
	be32 magic;

	if (dev->geometry.is_block || dev->geometry.size < sizeof(magic) ||
	    bch_blkdev_read(dev, &magic, sizeof(magic), 0))
		return 0;
	return be32_get(magic);
}

/* Of a file that is named as one: any image may begin with such bytes. */
static bool is_compressed(const struct bch_blkdev *dev, u32 magic)
{
	size_t len = strlen(dev->name), suffix = strlen(".zst");

	return magic == ZSTD_MAGIC && !dev->writable && len > suffix &&
	       !strcmp(dev->name + len - suffix, ".zst");
}

static int refuse_compressed(struct bch_blkdev *dev)
{
	return bch_error_whole(dev->ctx, -BCH_ERR_not_supported,
			       "%s: is compressed; try 'zstd -d' first", dev->name);
}

static int refuse_writer(struct bch_blkdev *dev)
{
	return bch_error_whole(dev->ctx, -BCH_ERR_read_only,
			       "%s: qcow2 images can only be read; try 'bcachefs undump'",
			       dev->name);
}

/* The reader takes *@dev, also where it fails. */
static int stack_reader(struct bch_blkdev **dev)
{
	struct qcow2 *q = bch_blkdev_new_on(*dev, &qcow2_ops, sizeof(*q));

	*dev = q ? &q->dev : NULL;
	if (!q)
		return -BCH_ERR_no_memory;
	pthread_mutex_init(&q->cache_lock, NULL);
	return read_header(q);
}

int bch_qcow2_stack(struct bch_blkdev **dev)
{
	u32 magic = magic_of(*dev);
	int err = 0;

	if (magic == BCH_QCOW2_MAGIC)
		err = (*dev)->writable ? refuse_writer(*dev) : stack_reader(dev);
	else if (is_compressed(*dev, magic))
		err = refuse_compressed(*dev);
	if (err) {
		(void)bch_blkdev_close(*dev); /* nothing was written */
		*dev = NULL;
	}
	return err;
}
