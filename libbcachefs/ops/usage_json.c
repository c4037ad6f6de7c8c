// SPDX-License-Identifier: GPL-2.0-or-later
/* The usage of a filesystem as JSON. CLI 8.1, 2.10. */

#include "ondisk/btree_ids.h"
#include "ondisk/csum_types.h"
#include "ondisk/data_types.h"
#include "ondisk/keys.h"
#include "ops/usage_private.h"

static void put_sectors(struct bch_facts *facts, const char *key, s64 nr_sectors)
{
	bch_fact_json_u64(facts, key, nr_sectors > 0 ? BCH_BYTES((u64)nr_sectors) : 0);
}

static void put_choice(struct bch_facts *facts, const char *key, const char *const names[], u64 nr)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_buf_choice(&name, names, nr);
	bch_fact_json_str(facts, key, bch_buf_str(&name));
}

static void put_uuid(struct bch_facts *facts, const u8 uuid[16])
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_uuid(&text, uuid);
	bch_fact_json_str(facts, "uuid", bch_buf_str(&text));
}

static void put_replicas(const struct bch_usage *u, struct bch_facts *facts)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	bch_facts_list(facts, "replicas");
	while ((c = bch_usage_next(u, BCH_ACCOUNTING_replicas, c, &a))) {
		struct bch_usage_copies copies = bch_usage_copies(u, &a);

		bch_facts_object(facts, NULL);
		put_choice(facts, "data_type", bch_data_type_names, a.data_type);
		bch_fact_json_u64(facts, "required", a.nr_required);
		bch_facts_list(facts, "devices");
		for (u32 i = 0; i < a.nr_devs && i < BCH_ACCOUNTING_DEVS_MAX; i++)
			bch_fact_json_u64(facts, NULL, a.devs[i]);
		bch_facts_end(facts);
		bch_fact_json_u64(facts, "durability", copies.wanted);
		bch_fact_json_u64(facts, "degraded", copies.missing);
		put_sectors(facts, "size_bytes", c->v[0]);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

static void put_btrees(const struct bch_usage *u, struct bch_facts *facts)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	bch_facts_object(facts, "btrees");
	while ((c = bch_usage_next(u, BCH_ACCOUNTING_btree, c, &a))) {
		struct bch_buf name bch_auto(buf) = { 0 };

		bch_btree_name_put(&name, a.btree_id, u->version);
		bch_facts_object(facts, bch_buf_str(&name));
		put_sectors(facts, "size_bytes", c->v[0]);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

static void put_compression(const struct bch_usage *u, struct bch_facts *facts)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	bch_facts_list(facts, "compression");
	while ((c = bch_usage_next(u, BCH_ACCOUNTING_compression, c, &a))) {
		bch_facts_object(facts, NULL);
		put_choice(facts, "type", bch_compression_type_names, a.compression_type);
		put_sectors(facts, "compressed_bytes", c->v[2]);
		put_sectors(facts, "uncompressed_bytes", c->v[1]);
		bch_fact_json_u64(facts, "extents", c->v[0] > 0 ? (u64)c->v[0] : 0);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

static void put_buckets(const struct bch_usage *u, u32 idx, struct bch_facts *facts)
{
	bch_facts_object(facts, "buckets");
	for (u8 type = 0; type < BCH_DATA_NR; type++) {
		struct bch_usage_type t = bch_usage_type(u, idx, type);

		bch_facts_object(facts, bch_data_type_names[type]);
		bch_fact_json_u64(facts, "data_bytes",
				  BCH_BYTES(bch_usage_data_sectors(u, idx, type)));
		bch_fact_json_u64(facts, "buckets", t.nr_buckets);
		bch_fact_json_u64(facts, "fragmented_bytes", BCH_BYTES(t.nr_fragmented));
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

static void put_dev(const struct bch_usage *u, u32 idx, struct bch_facts *facts)
{
	const struct bch_usage_dev *d = u->devs[idx];

	bch_facts_object(facts, NULL);
	bch_fact_json_u64(facts, "idx", idx);
	put_uuid(facts, d->m.uuid);
	if (bch_member_GROUP(&d->m))
		bch_fact_json_str(facts, "label", d->label);
	if (d->name)
		bch_fact_json_str(facts, "path", u->fs->members[idx].blkdev->name);
	put_choice(facts, "state", bch_opt_member_states, bch_member_STATE(&d->m));
	put_sectors(facts, "size_bytes", (s64)d->nr_all_sectors);
	put_sectors(facts, "used_bytes", (s64)d->nr_used_sectors);
	put_buckets(u, idx, facts);
	bch_facts_end(facts);
}

void bch_usage_json(const struct bch_usage *u, struct bch_facts *facts)
{
	const struct bch_sb *sb = u->fs->super.sb;
	struct bch_buf label bch_auto(buf) = { 0 };

	put_uuid(facts, sb->user_uuid);
	bch_buf_text(&label, sb->label, sizeof(sb->label));
	if (label.len)
		bch_fact_json_str(facts, "label", bch_buf_str(&label));
	bch_fact_json_u64(facts, "size_bytes", BCH_BYTES(u->size_sectors));
	bch_fact_json_u64(facts, "used_bytes", BCH_BYTES(u->used_sectors));
	bch_fact_json_u64(facts, "reserved_bytes", BCH_BYTES(u->reserved_sectors));
	put_replicas(u, facts);
	put_btrees(u, facts);
	put_compression(u, facts);
	bch_facts_list(facts, "devices");
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++)
		if (u->devs[i])
			put_dev(u, i, facts);
	bch_facts_end(facts);
}
