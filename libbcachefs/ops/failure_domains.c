// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is lost with a device, by the counters of who holds what. CLI 8.2; format reference: 06 §7.
 *
 * Data counts once, however many copies of it there are. A copy on a member of durability 0, or on one that is not there,
 * is none.
 */

#include <bcachefs/device.h>

#include "ondisk/data_types.h"
#include "ops/usage_private.h"

struct domain {
	u64 lost, degraded; /* sectors, when it is gone */
};

struct domains {
	struct bch_usage usage;
	struct domain v[BCH_SB_MAX_MEMBERS];
	u64 nr_sectors; /* of data and metadata */
	u32 worst;	/* the one with which most is lost */
	u32 nr_devs, nr_offline;
};

static bool is_copy(const struct domains *d, u32 dev_idx)
{
	return dev_idx < d->usage.fs->nr_members && d->usage.devs[dev_idx] &&
	       d->usage.fs->members[dev_idx].blkdev &&
	       bch_member_durability(&d->usage.devs[dev_idx]->m);
}

static void add(struct domains *d, const struct bch_accounting *a, u64 nr_stored)
{
	u32 required = a->nr_required ? a->nr_required : 1, nr = 0;
	u64 nr_sectors = a->nr_devs ? nr_stored / a->nr_devs * required : 0;

	d->nr_sectors += nr_sectors;
	for (u32 i = 0; i < a->nr_devs && i < BCH_ACCOUNTING_DEVS_MAX; i++)
		nr += is_copy(d, a->devs[i]);
	for (u32 i = 0; i < a->nr_devs && i < BCH_ACCOUNTING_DEVS_MAX; i++) {
		if (!is_copy(d, a->devs[i]))
			continue;
		if (nr > required)
			d->v[a->devs[i]].degraded += nr_sectors;
		else
			d->v[a->devs[i]].lost += nr_sectors;
	}
}

static void gather(struct domains *d)
{
	const struct bch_counter *c = NULL;
	struct bch_accounting a;

	while ((c = bch_usage_next(&d->usage, BCH_ACCOUNTING_replicas, c, &a)))
		if (a.data_type != BCH_DATA_cached && c->v[0] > 0)
			add(d, &a, (u64)c->v[0]);
	for (u32 i = 0; i < d->usage.fs->nr_members; i++) {
		if (!d->usage.devs[i])
			continue;
		d->nr_devs++;
		d->nr_offline += !d->usage.fs->members[i].blkdev;
		if (d->v[i].lost > d->v[d->worst].lost)
			d->worst = i;
	}
}

/* ------------------------------------------------------------------ shown */

static void put_name(struct bch_buf *out, const struct domains *d, u32 idx)
{
	const struct bch_usage_dev *dev = d->usage.devs[idx];

	if (bch_member_GROUP(&dev->m))
		bch_buf_name(out, dev->label);
	else if (dev->name)
		bch_buf_name(out, dev->name);
	else
		bch_buf_put(out, "device %u", idx);
}

static void show_verdict(const struct domains *d, struct bch_facts *facts)
{
	u64 lost = d->v[d->worst].lost;
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_buf size bch_auto(buf) = { 0 };

	bch_fact_json_bool(facts, "separation_violated", lost != 0);
	if (!lost) {
		bch_fact_text(facts, NULL, "All data survives losing any one device");
		return;
	}
	put_name(&name, d, d->worst);
	bch_buf_human(&size, BCH_BYTES(lost));
	bch_fact_text(facts, NULL, "Failure domain separation violated: %s lost if %s is",
		      bch_buf_str(&size), bch_buf_str(&name));
}

static void show_row(const struct domains *d, struct bch_facts *facts, u32 idx)
{
	static const int widths[] = { 24, -8, -12, -12 };
	bool offline = !d->usage.fs->members[idx].blkdev;
	struct bch_buf name bch_auto(buf) = { 0 };

	put_name(&name, d, idx);
	bch_facts_object(facts, NULL);
	bch_facts_row(facts, widths, bch_array_size(widths));
	bch_fact(facts, "domain", "%s", bch_buf_str(&name));
	bch_fact_text(facts, NULL, "%s", offline ? "offline" : "1");
	bch_fact_bytes(facts, "lost", BCH_BYTES(d->v[idx].lost));
	bch_fact_bytes(facts, "degraded", BCH_BYTES(d->v[idx].degraded));
	bch_facts_row_end(facts);
	bch_fact_json_u64(facts, "devices", 1);
	bch_fact_json_u64(facts, "offline_devices", offline);
	bch_facts_end(facts);
}

static void show(const struct domains *d, struct bch_facts *facts)
{
	bch_fact_text(facts, "Devices", "%u (%u offline)", d->nr_devs, d->nr_offline);
	bch_fact_json_u64(facts, "devices", d->nr_devs);
	bch_fact_json_u64(facts, "offline_devices", d->nr_offline);
	bch_fact_bytes(facts, "Data", BCH_BYTES(d->nr_sectors));
	show_verdict(d, facts);
	bch_facts_list(facts, "domains");
	for (u32 i = 0; i < d->usage.fs->nr_members; i++)
		if (d->usage.devs[i])
			show_row(d, facts, i);
	bch_facts_end(facts);
}

int bch_fs_show_failure_domains(struct bch_fs *fs, bool mapper_names, struct bch_facts *facts)
{
	const struct bch_usage_opts opts = { .mapper_names = mapper_names };
	struct domains d = { .usage = bch_usage_of(fs, &opts) };
	u64 nr_differences;
	int err = bch_usage_gather(&d.usage, facts, &nr_differences);

	if (!err) {
		gather(&d);
		show(&d, facts);
	}
	bch_usage_end(&d.usage);
	return err;
}
