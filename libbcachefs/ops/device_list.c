// SPDX-License-Identifier: GPL-2.0-or-later
/* The members of one filesystem: where they are, their state, what they hold. CLI 14.3. */

#include <bcachefs/device.h>

#include "ondisk/data_types.h"
#include "ops/usage_private.h"

/* Kinds of errors that a member counts, in their order. */
static const char *const error_kinds[] = { "read", "write", "checksum" };

static void put_errors(struct bch_buf *out, const struct bch_member *m)
{
	u64 sum = 0;

	for (u32 i = 0; i < bch_array_size(error_kinds); i++) {
		sum += m->errors[i];
		if (m->errors[i])
			bch_buf_put(out, "%s%" PRIu64 " %s", out->len ? ", " : "", m->errors[i],
				    error_kinds[i]);
	}
	bch_buf_put(out, sum ? " error%s" : "no error%s", sum == 1 ? "" : "s");
}

static void show_json(struct bch_facts *facts, const struct bch_usage_dev *d,
		      const struct bch_blkdev *blkdev, u64 types)
{
	struct bch_buf key bch_auto(buf) = { 0 };
	struct bch_buf uuid bch_auto(buf) = { 0 };

	bch_buf_uuid(&uuid, d->m.uuid);
	bch_fact_json_str(facts, "uuid", bch_buf_str(&uuid));
	bch_fact_json_flags(facts, "has_data", types, bch_data_type_names);
	bch_fact_json_u64(facts, "durability", bch_member_durability(&d->m));
	for (u32 i = 0; i < bch_array_size(error_kinds); i++) {
		bch_buf_reset(&key);
		bch_buf_put(&key, "%s_errors", error_kinds[i]);
		bch_fact_json_u64(facts, bch_buf_str(&key), d->m.errors[i]);
	}
	if (blkdev)
		bch_fact_json_str(facts, "path", blkdev->name);
}

static void show_row(const struct bch_usage *u, struct bch_facts *facts, u32 idx)
{
	static const int widths[] = { -3, 1, 16, 12, 12, 10, 16, 14, 20, 0 };
	const struct bch_blkdev *blkdev = u->fs->members[idx].blkdev;
	const struct bch_usage_dev *d = u->devs[idx];
	u64 types = bch_super_dev_has_data(&u->fs->super, idx);
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_facts_object(facts, NULL);
	bch_facts_row(facts, widths, bch_array_size(widths));
	bch_fact_u64(facts, "index", idx);
	bch_fact_text(facts, NULL, "%s", "");
	bch_fact_text(facts, NULL, "%s", blkdev ? blkdev->name : "(missing)");
	bch_fact(facts, "label", "%s", bch_member_GROUP(&d->m) ? d->label : "");
	bch_fs_state_put(&text, u->fs, idx);
	bch_fact(facts, "state", "%s", bch_buf_str(&text));
	bch_fact_bytes(facts, "size", BCH_BYTES(d->m.nbuckets * d->m.bucket_size));
	bch_buf_reset(&text);
	bch_buf_human(&text, BCH_BYTES(d->nr_used_sectors));
	bch_fact_text(facts, NULL, "%s used", bch_buf_str(&text));
	bch_fact_json_u64(facts, "used_bytes", BCH_BYTES(d->nr_used_sectors));
	bch_fact_text(facts, NULL, "durability %u", bch_member_durability(&d->m));
	bch_buf_reset(&text);
	bch_buf_flags(&text, types, bch_data_type_names);
	bch_fact_text(facts, NULL, "%s", types ? bch_buf_str(&text) : "no data");
	bch_buf_reset(&text);
	put_errors(&text, &d->m);
	bch_fact_text(facts, NULL, "%s", bch_buf_str(&text));
	bch_facts_row_end(facts);
	show_json(facts, d, blkdev, types);
	bch_facts_end(facts);
}

static void count(const struct bch_usage *u, u32 *have, u32 *want)
{
	*have = *want = 0;
	for (u32 i = 0; i < u->fs->nr_members; i++) {
		*want += u->devs[i] != NULL;
		*have += u->devs[i] && u->fs->members[i].blkdev;
	}
}

static void show(const struct bch_usage *u, struct bch_facts *facts, u32 *nr_missing)
{
	struct bch_buf headline bch_auto(buf) = { 0 };
	const struct bch_super *super = &u->fs->super;
	u32 have, want;

	count(u, &have, &want);
	*nr_missing = want - have;
	bch_super_headline_put(&headline, super, have, want);
	bch_facts_heading(facts, "%s", bch_buf_str(&headline));
	bch_super_facts(facts, super, have, want);
	bch_facts_list(facts, "devices");
	for (u32 i = 0; i < u->fs->nr_members; i++)
		if (u->devs[i])
			show_row(u, facts, i);
	bch_facts_end(facts);
}

int bch_fs_show_devices(struct bch_fs *fs, struct bch_facts *facts, u32 *nr_missing)
{
	static const struct bch_usage_opts opts;
	struct bch_usage u = bch_usage_of(fs, &opts);
	u64 nr_differences;
	int err = bch_usage_gather(&u, facts, &nr_differences);

	if (!err)
		show(&u, facts, nr_missing);
	bch_usage_end(&u);
	return err;
}
