// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The usage of a filesystem as text, in the layout of the tools of 1.28 to 1.31: CLI 8.1. There is always a blank between
 * columns.
 */

#include <string.h>

#include "ondisk/btree_ids.h"
#include "ondisk/csum_types.h"
#include "ondisk/data_types.h"
#include "ops/usage_private.h"

/* Where the columns end that are aligned to the right, and where those begin that are not. */
enum {
	HEAD_VALUE = 36,
	COPIES_FIRST = 20,
	COPIES_WIDTH = 12,
	REPLICAS_REQUIRED = 16,
	REPLICAS_DURABILITY = 32,
	REPLICAS_DEVICES = 46,
	REPLICAS_SIZE = 74,
	BTREE_SIZE = 28,
	COMPRESSION_FIRST = 28,
	COMPRESSION_WIDTH = 16,
	COMPRESSION_AVERAGE = 68,
	WORK_NAME = 2,
	WORK_FIRST = 28,
	WORK_WIDTH = 16,
	TYPE_DATA = 36,
	TYPE_BUCKETS = 52,
	TYPE_FRAGMENTED = 66,
	DEVICE_NAME = 31,
	DEVICE_STATE = 43,
	DEVICE_SIZE = 62,
	DEVICE_USED = 72,
	DEVICE_PERCENT = 78,
};

/* ------------------------------------------------------------------ cells */

/* Ends at column @end, or after a blank where it does not fit. */
static void put_right(struct bch_buf *line, u32 end, const char *text)
{
	size_t len = bch_text_columns(text, strlen(text));

	bch_buf_pad(line, len < end ? end - (u32)len : 0);
	bch_buf_puts(line, text);
}

static void put_bytes(const struct bch_usage *u, struct bch_buf *line, u32 end, u64 bytes)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (u->opts->human)
		bch_buf_human(&text, bytes);
	else
		bch_buf_put(&text, "%" PRIu64, bytes);
	put_right(line, end, bch_buf_str(&text));
}

/* Counters as they are stored: any number. */
static void put_sectors(const struct bch_usage *u, struct bch_buf *line, u32 end, s64 nr_sectors)
{
	put_bytes(u, line, end, nr_sectors > 0 ? BCH_BYTES((u64)nr_sectors) : 0);
}

static void put_number(struct bch_buf *line, u32 end, u64 n)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "%" PRIu64, n);
	put_right(line, end, bch_buf_str(&text));
}

/* Writes the line and empties it for the next. */
static void end_line(struct bch_facts *facts, struct bch_buf *line)
{
	bch_facts_heading(facts, "%s", bch_buf_str(line));
	bch_buf_reset(line);
}

static bool wanted(const struct bch_usage *u, enum bch_usage_field field)
{
	return u->opts->fields >> field & 1;
}

/* ------------------------------------------------------------------ the whole */

static void put_head(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_buf_puts(&line, "Filesystem: ");
	bch_buf_uuid(&line, u->fs->super.sb->user_uuid);
	end_line(facts, &line);
	bch_buf_puts(&line, "Size:");
	put_sectors(u, &line, HEAD_VALUE, (s64)u->size_sectors);
	end_line(facts, &line);
	bch_buf_puts(&line, "Used:");
	put_sectors(u, &line, HEAD_VALUE, (s64)u->used_sectors);
	end_line(facts, &line);
	bch_buf_puts(&line,
		     "Online reserved:"); /* what writers have in their hands: there are none */
	put_sectors(u, &line, HEAD_VALUE, 0);
	end_line(facts, &line);
}

/* The columns that the table of copies has: how many copies some data misses at most. */
static u32 most_missing(const struct bch_usage *u)
{
	u32 most = 0;

	for (u32 want = 0; want <= BCH_DURABILITY_MAX; want++)
		for (u32 missing = 0; missing <= want; missing++)
			if (u->durability[want][missing] && missing > most)
				most = missing;
	return most;
}

static void put_copies_head(struct bch_buf *line, u32 most)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_puts(line, "        ");
	put_right(line, COPIES_FIRST, "undegraded");
	for (u32 missing = 1; missing <= most; missing++) {
		bch_buf_reset(&text);
		bch_buf_put(&text, "-%ux", missing);
		put_right(line, COPIES_FIRST + missing * COPIES_WIDTH, bch_buf_str(&text));
	}
}

static bool has_copies(const struct bch_usage *u, u32 want)
{
	for (u32 missing = 0; missing <= want; missing++)
		if (u->durability[want][missing])
			return true;
	return false;
}

static void put_row(const struct bch_usage *u, struct bch_facts *facts, const char *name,
		    u64 nr_sectors)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	if (!nr_sectors)
		return;
	bch_buf_puts(&line, name);
	put_sectors(u, &line, COPIES_FIRST, (s64)nr_sectors);
	end_line(facts, &line);
}

static void put_copies(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	u32 most = most_missing(u);

	bch_facts_blank(facts);
	bch_facts_heading(facts, "Data by durability desired and amount degraded:");
	put_copies_head(&line, most);
	end_line(facts, &line);
	for (u32 want = 0; want <= BCH_DURABILITY_MAX; want++) {
		if (!has_copies(u, want))
			continue;
		bch_buf_put(&line, "%ux:", want);
		for (u32 missing = 0; missing <= most; missing++)
			put_sectors(u, &line, COPIES_FIRST + missing * COPIES_WIDTH,
				    (s64)u->durability[want][missing]);
		end_line(facts, &line);
	}
	put_row(u, facts, "cached:", u->cached_sectors);
	put_row(u, facts, "reserved:", u->reserved_sectors);
}

/* ------------------------------------------------------------------ replicas */

static void put_dev_names(const struct bch_usage *u, struct bch_buf *line,
			  const struct bch_accounting *a)
{
	bch_buf_putc(line, '[');
	for (u32 i = 0; i < a->nr_devs && i < BCH_ACCOUNTING_DEVS_MAX; i++) {
		u8 idx = a->devs[i];
		const struct bch_usage_dev *d = idx < BCH_SB_MAX_MEMBERS ? u->devs[idx] : NULL;

		if (i)
			bch_buf_putc(line, ' ');
		if (d && d->name)
			bch_buf_puts(line, d->name);
		else if (idx == BCH_PTR_DEV_NONE)
			bch_buf_puts(line, "none");
		else
			bch_buf_put(line, "%u", idx);
	}
	bch_buf_putc(line, ']');
}

static void put_reserved(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	while ((c = bch_usage_next(u, BCH_ACCOUNTING_persistent_reserved, c, &a))) {
		bch_buf_puts(&line, "reserved:");
		bch_buf_pad(&line, REPLICAS_REQUIRED);
		bch_buf_put(&line, "1/%u", a.nr_replicas);
		bch_buf_pad(&line, REPLICAS_DEVICES);
		bch_buf_puts(&line, "[]");
		put_bytes(u, &line, REPLICAS_SIZE,
			  c->v[0] > 0 ? BCH_BYTES((u64)c->v[0]) * a.nr_replicas : 0);
		end_line(facts, &line);
	}
}

static void put_replicas(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	bch_facts_blank(facts);
	bch_facts_heading(facts, "Data type       Required/total  Durability    Devices");
	put_reserved(u, facts);
	while ((c = bch_usage_next(u, BCH_ACCOUNTING_replicas, c, &a))) {
		bch_buf_choice(&line, bch_data_type_names, a.data_type);
		bch_buf_putc(&line, ':');
		bch_buf_pad(&line, REPLICAS_REQUIRED);
		bch_buf_put(&line, "%u/%u", a.nr_required, a.nr_devs);
		bch_buf_pad(&line, REPLICAS_DURABILITY);
		bch_buf_put(&line, "%u", bch_usage_copies(u, &a).wanted);
		bch_buf_pad(&line, REPLICAS_DEVICES);
		put_dev_names(u, &line, &a);
		put_sectors(u, &line, REPLICAS_SIZE, c->v[0]);
		end_line(facts, &line);
	}
}

/* ------------------------------------------------------------------ btrees, compression, work */

static void put_btrees(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	bch_facts_blank(facts);
	bch_facts_heading(facts, "Btree usage:");
	while ((c = bch_usage_next(u, BCH_ACCOUNTING_btree, c, &a))) {
		bch_btree_name_put(&line, a.btree_id, u->version);
		bch_buf_putc(&line, ':');
		put_sectors(u, &line, BTREE_SIZE, c->v[0]);
		end_line(facts, &line);
	}
}

static void put_compression(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_accounting a;
	const struct bch_counter *c = bch_usage_next(u, BCH_ACCOUNTING_compression, NULL, &a);

	if (!c)
		return;
	bch_facts_blank(facts);
	bch_facts_heading(facts, "Compression:");
	bch_buf_puts(&line, "type");
	put_right(&line, COMPRESSION_FIRST, "compressed");
	put_right(&line, COMPRESSION_FIRST + COMPRESSION_WIDTH, "uncompressed");
	put_right(&line, COMPRESSION_AVERAGE, "average extent size");
	end_line(facts, &line);
	for (; c; c = bch_usage_next(u, BCH_ACCOUNTING_compression, c, &a)) {
		bch_buf_choice(&line, bch_compression_type_names, a.compression_type);
		put_sectors(u, &line, COMPRESSION_FIRST, c->v[2]);
		put_sectors(u, &line, COMPRESSION_FIRST + COMPRESSION_WIDTH, c->v[1]);
		put_bytes(u, &line, COMPRESSION_AVERAGE,
			  c->v[0] > 0 && c->v[1] > 0 ? BCH_BYTES((u64)c->v[1]) / (u64)c->v[0] : 0);
		end_line(facts, &line);
	}
}

/* Before 1.33: one number. */
static void put_rebalance(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_accounting a;
	const struct bch_counter *c = bch_usage_next(u, BCH_ACCOUNTING_rebalance_work, NULL, &a);

	if (!c)
		return;
	bch_facts_blank(facts);
	bch_buf_puts(&line, "Pending rebalance work:");
	put_sectors(u, &line, HEAD_VALUE, c->v[0]);
	end_line(facts, &line);
}

static void put_reconcile(const struct bch_usage *u, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_accounting a;
	const struct bch_counter *c = bch_usage_next(u, BCH_ACCOUNTING_reconcile_work, NULL, &a);

	if (!c)
		return;
	bch_facts_blank(facts);
	bch_buf_puts(&line, "Pending reconcile:");
	put_right(&line, WORK_FIRST, "data");
	put_right(&line, WORK_FIRST + WORK_WIDTH, "metadata");
	end_line(facts, &line);
	for (; c; c = bch_usage_next(u, BCH_ACCOUNTING_reconcile_work, c, &a)) {
		bch_buf_puts(&line, "  ");
		bch_buf_choice(&line, bch_reconcile_work_names, a.work);
		bch_buf_putc(&line, ':');
		put_sectors(u, &line, WORK_FIRST, c->v[0]);
		put_sectors(u, &line, WORK_FIRST + WORK_WIDTH, c->v[1]);
		end_line(facts, &line);
	}
}

/* ------------------------------------------------------------------ devices */

static void put_dev_title(struct bch_buf *line, const struct bch_usage_dev *d, u32 idx)
{
	bch_buf_put(line, "%s (device %u):", d->label, idx);
}

static void put_percent(struct bch_buf *text, const struct bch_usage_dev *d)
{
	u64 percent = d->nr_all_sectors ? d->nr_used_sectors * 100 / d->nr_all_sectors : 0;

	bch_buf_put(text, "%02" PRIu64 "%%", percent);
}

static const char *dev_name(const struct bch_usage_dev *d)
{
	return d->name ? d->name : "(missing)";
}

static void put_type(const struct bch_usage *u, struct bch_facts *facts, u32 idx, u8 data_type)
{
	struct bch_usage_type t = bch_usage_type(u, idx, data_type);
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_buf_put(&line, "  %s:", bch_data_type_names[data_type]);
	put_bytes(u, &line, TYPE_DATA, BCH_BYTES(bch_usage_data_sectors(u, idx, data_type)));
	put_number(&line, TYPE_BUCKETS, t.nr_buckets);
	if (t.nr_fragmented)
		put_bytes(u, &line, TYPE_FRAGMENTED, BCH_BYTES(t.nr_fragmented));
	end_line(facts, &line);
}

static void put_dev(const struct bch_usage *u, struct bch_facts *facts, u32 idx)
{
	const struct bch_usage_dev *d = u->devs[idx];
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_facts_blank(facts);
	put_dev_title(&line, d, idx);
	bch_buf_put(&line, "  %s  ", dev_name(d));
	bch_buf_choice(&line, bch_opt_member_states, bch_member_STATE(&d->m));
	bch_buf_puts(&line, "  ");
	put_percent(&line, d);
	end_line(facts, &line);
	bch_buf_puts(&line, "  ");
	put_right(&line, TYPE_DATA, "data");
	put_right(&line, TYPE_BUCKETS, "buckets");
	put_right(&line, TYPE_FRAGMENTED, "fragmented");
	end_line(facts, &line);
	for (u8 type = 0; type < BCH_DATA_NR; type++)
		if (type != BCH_DATA_multiple || bch_usage_type(u, idx, type).nr_buckets)
			put_type(u, facts, idx, type);
	bch_buf_puts(&line, "  capacity:");
	put_sectors(u, &line, TYPE_DATA, (s64)d->nr_all_sectors);
	put_number(&line, TYPE_BUCKETS, d->m.nbuckets - d->m.first_bucket);
	end_line(facts, &line);
	bch_buf_puts(&line, "  bucket size:");
	put_sectors(u, &line, TYPE_DATA, d->m.bucket_size);
	end_line(facts, &line);
}

static void put_dev_row(const struct bch_usage *u, struct bch_facts *facts, u32 idx)
{
	const struct bch_usage_dev *d = u->devs[idx];
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_buf percent bch_auto(buf) = { 0 };

	put_dev_title(&line, d, idx);
	bch_buf_pad(&line, DEVICE_NAME);
	bch_buf_puts(&line, dev_name(d));
	bch_buf_pad(&line, DEVICE_STATE);
	bch_buf_choice(&line, bch_opt_member_states, bch_member_STATE(&d->m));
	put_sectors(u, &line, DEVICE_SIZE, (s64)d->nr_all_sectors);
	put_sectors(u, &line, DEVICE_USED, (s64)d->nr_used_sectors);
	put_percent(&percent, d);
	put_right(&line, DEVICE_PERCENT, bch_buf_str(&percent));
	end_line(facts, &line);
}

static void put_dev_rows_head(struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_facts_blank(facts);
	bch_buf_puts(&line, "Device label");
	bch_buf_pad(&line, DEVICE_NAME);
	bch_buf_puts(&line, "Device");
	bch_buf_pad(&line, DEVICE_STATE);
	bch_buf_puts(&line, "State");
	put_right(&line, DEVICE_SIZE, "Size");
	put_right(&line, DEVICE_USED, "Used");
	put_right(&line, DEVICE_PERCENT, "Use%");
	end_line(facts, &line);
}

/* By label, then name, then index. */
static int compare_devs(const struct bch_usage *u, u8 a, u8 b)
{
	const struct bch_usage_dev *x = u->devs[a], *y = u->devs[b];
	int order = strcmp(x->label, y->label);

	if (!order)
		order = strcmp(dev_name(x), dev_name(y));
	return order ? order : a - b;
}

static u32 sorted_devs(const struct bch_usage *u, u8 order[BCH_SB_MAX_MEMBERS])
{
	u32 nr = 0;

	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++) {
		u32 at = nr;

		if (!u->devs[i])
			continue;
		for (; at > 0 && compare_devs(u, order[at - 1], (u8)i) > 0; at--)
			order[at] = order[at - 1];
		order[at] = (u8)i;
		nr++;
	}
	return nr;
}

static void put_devs(const struct bch_usage *u, struct bch_facts *facts)
{
	bool each = wanted(u, BCH_USAGE_devices);
	u8 order[BCH_SB_MAX_MEMBERS];
	u32 nr = sorted_devs(u, order);

	if (!each)
		put_dev_rows_head(facts);
	for (u32 i = 0; i < nr; i++) {
		if (each)
			put_dev(u, facts, order[i]);
		else
			put_dev_row(u, facts, order[i]);
	}
}

void bch_usage_text(const struct bch_usage *u, struct bch_facts *facts)
{
	put_head(u, facts);
	if (wanted(u, BCH_USAGE_replicas))
		put_replicas(u, facts);
	else
		put_copies(u, facts);
	if (wanted(u, BCH_USAGE_compression))
		put_compression(u, facts);
	if (wanted(u, BCH_USAGE_btree))
		put_btrees(u, facts);
	if (wanted(u, BCH_USAGE_rebalance_work)) {
		put_rebalance(u, facts);
		put_reconcile(u, facts);
	}
	put_devs(u, facts);
}
