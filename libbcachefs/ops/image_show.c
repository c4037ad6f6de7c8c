// SPDX-License-Identifier: GPL-2.0-or-later
/* What an image holds: its size by types of data. CLI 11.2. */

#include <bcachefs/facts.h>
#include <bcachefs/image.h>

#include "alloc/alloc.h"
#include "ondisk/btree_ids.h"
#include "ondisk/csum_types.h"
#include "ondisk/data_types.h"
#include "super/super.h"

#define COLUMN 24

static u64 bytes_of(s64 nr_sectors)
{
	return nr_sectors > 0 ? BCH_BYTES((u64)nr_sectors) : 0;
}

/* Of a device's counter: 1 sectors, 2 those that its buckets have besides. */
static u64 type_bytes(const struct bch_counters *counters, u8 data_type, u32 which)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
					     .data_type = data_type };

	return bytes_of(bch_counters_get(counters, &what)[which]);
}

/* The next counter of @type; what it counts is in @what. */
static const struct bch_counter *next(const struct bch_counters *counters, u8 type,
				      const struct bch_counter *after, struct bch_accounting *what)
{
	while ((after = bch_counters_next(counters, after))) {
		*what = bch_counter_what(after);
		if (what->type == type)
			return after;
	}
	return NULL;
}

static void show_btrees(const struct bch_counters *counters, struct bch_facts *facts)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting what;

	bch_facts_object(facts, "btrees");
	bch_facts_indent(facts);
	while ((c = next(counters, BCH_ACCOUNTING_btree, c, &what)))
		if (what.btree_id < BCH_BTREE_NR)
			bch_fact_bytes(facts, bch_btree_names[what.btree_id], bytes_of(c->v[0]));
	bch_facts_outdent(facts);
	bch_facts_end(facts);
}

static void show_types(const struct bch_counters *counters, struct bch_facts *facts)
{
	bch_fact_bytes(facts, "sb", type_bytes(counters, BCH_DATA_sb, 1));
	bch_fact_bytes(facts, "journal", type_bytes(counters, BCH_DATA_journal, 1));
	bch_fact_bytes(facts, "btree", type_bytes(counters, BCH_DATA_btree, 1));
	show_btrees(counters, facts);
	bch_fact_bytes(facts, "user", type_bytes(counters, BCH_DATA_user, 1));
	bch_fact_bytes(facts, "user fragmented", type_bytes(counters, BCH_DATA_user, 2));
}

static void show_ratio(const struct bch_counter *c, u8 type, struct bch_facts *facts)
{
	static const int widths[] = { 18, -12, -14, -7 };

	bch_facts_object(facts, NULL);
	bch_facts_row(facts, widths, bch_array_size(widths));
	bch_fact(facts, "type", "%s", bch_compression_type_names[type]);
	bch_fact_bytes(facts, "compressed", bytes_of(c->v[2]));
	bch_fact_bytes(facts, "uncompressed", bytes_of(c->v[1]));
	bch_fact(facts, "ratio", "%.2f", c->v[2] > 0 ? (double)c->v[1] / (double)c->v[2] : 0);
	bch_facts_row_end(facts);
	bch_facts_end(facts);
}

static void show_compression(const struct bch_counters *counters, struct bch_facts *facts)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting what;

	bch_facts_blank(facts);
	bch_facts_heading(facts, "%-18s%12s%14s%7s", "compression type", "compressed",
			  "uncompressed", "ratio");
	bch_facts_list(facts, "compression");
	while ((c = next(counters, BCH_ACCOUNTING_compression, c, &what)))
		if (what.compression_type < BCH_COMPRESSION_NR)
			show_ratio(c, what.compression_type, facts);
	bch_facts_end(facts);
}

int bch_image_show(struct bch_fs *fs, struct bch_facts *facts)
{
	struct bch_counters counters = bch_counters();
	struct bch_member m;
	int err = bch_super_member(&fs->super, 0, &m) ? bch_accounting_read(fs, &counters)
						      : -BCH_ERR_not_found;

	if (!err) {
		bch_facts_column(facts, COLUMN);
		show_types(&counters, facts);
		show_compression(&counters, facts);
		bch_facts_blank(facts);
		bch_fact_bytes(facts, "image size", BCH_BYTES(m.nbuckets * m.bucket_size));
	}
	bch_counters_end(&counters);
	return err;
}
