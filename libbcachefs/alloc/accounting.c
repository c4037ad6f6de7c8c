// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters as they are stored: in keys, or before 1.9 in records. Format reference: 06 §7, §7.6; 03 §2. */

#include "alloc/alloc.h"

#include "btree/btree.h"
#include "journal/journal.h"
#include "ondisk/sb_sections.h"

/* ------------------------------------------------------------------ since 1.9: keys */

static int read_keys(struct bch_fs *fs, struct bch_counters *counters)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_accounting, BCH_POS_MIN, BCH_SPOS_MAX);
	u16 version = le16_get(fs->super.sb->version);
	bool missing = false;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k))) {
		s64 v[BCH_ACCOUNTING_COUNTERS_MAX];
		struct bch_accounting a;
		int err;

		missing |= more == -BCH_ERR_btree_node_read_failed;
		if (more == -BCH_ERR_btree_node_read_failed)
			continue;
		if (more < 0)
			return more;
		if (k.type != BCH_KEY_accounting ||
		    bch_accounting_type(k.pos, version) == BCH_ACCOUNTING_inum)
			continue;
		bch_accounting_get(k.pos, version, &a);
		if (a.type >= BCH_ACCOUNTING_NR)
			continue;
		for (u32 i = 0; i < BCH_ACCOUNTING_COUNTERS_MAX; i++)
			v[i] = bch_accounting_counter(&k, i);
		err = bch_counters_add(counters, &a, v);
		if (err)
			return err;
	}
	return missing ? -BCH_ERR_btree_node_read_failed : 0;
}

/* ------------------------------------------------------------------ before: records */

/* Of dev_usage: what stands before the first data type, and a data type's numbers. */
#define DEV_USAGE_HEADER 3
#define DEV_USAGE_TYPE	 3

/* Of usage of what is reserved: there is a record for each number of replicas. */
#define RESERVED_LEVELS 4

/* Records count reserved sectors times their replicas, keys without. */
static int take_usage(const struct bch_jset_entry *e, struct bch_counters *counters)
{
	struct bch_accounting a = { 0 };
	s64 v[BCH_ACCOUNTING_COUNTERS_MAX] = { (s64)bch_jset_entry_u64(e, 0) };

	if (e->btree_id == BCH_JSET_USAGE_inodes) {
		a.type = BCH_ACCOUNTING_nr_inodes;
	} else if (e->btree_id == BCH_JSET_USAGE_reserved && e->level < RESERVED_LEVELS) {
		a.type = BCH_ACCOUNTING_persistent_reserved;
		a.nr_replicas = (u8)(e->level + 1);
		v[0] /= a.nr_replicas;
	} else {
		return 0;
	}
	return v[0] ? bch_counters_add(counters, &a, v) : 0;
}

static int take_data_usage(const struct bch_jset_entry *e, struct bch_counters *counters)
{
	struct bch_bytes rest = bch_bytes_from(e->payload, sizeof(u64));
	struct bch_accounting a = { .type = BCH_ACCOUNTING_replicas };
	const s64 v[BCH_ACCOUNTING_COUNTERS_MAX] = { (s64)bch_jset_entry_u64(e, 0) };
	struct bch_replicas r;

	if (bch_replicas_next(&rest, BCH_SECTION_replicas, &r) <= 0 ||
	    r.nr_devs > BCH_ACCOUNTING_DEVS_MAX)
		return 0;
	a.data_type = r.data_type;
	a.nr_devs = r.nr_devs;
	a.nr_required = r.nr_required;
	memcpy(a.devs, r.devs, r.nr_devs);
	return bch_counters_add(counters, &a, v);
}

static int take_dev_usage(const struct bch_jset_entry *e, struct bch_counters *counters)
{
	struct bch_accounting a = { .type = BCH_ACCOUNTING_dev_data_type,
				    .dev_idx = (u8)bch_jset_entry_u64(e, 0) };
	size_t nr = e->payload.len / 8;
	int err = 0;

	for (size_t at = DEV_USAGE_HEADER;
	     !err && at + DEV_USAGE_TYPE <= nr && a.data_type < BCH_DATA_NR;
	     at += DEV_USAGE_TYPE, a.data_type++) {
		const s64 v[BCH_ACCOUNTING_COUNTERS_MAX] = { (s64)bch_jset_entry_u64(e, at),
							     (s64)bch_jset_entry_u64(e, at + 1),
							     (s64)bch_jset_entry_u64(e, at + 2) };

		err = bch_counters_add(counters, &a, v);
	}
	return err;
}

static int take_records(struct bch_bytes rest, struct bch_counters *counters)
{
	struct bch_jset_entry e;
	int err = 0;

	while (!err && bch_jset_entry_next(&rest, &e) > 0) {
		if (bch_jset_entry_validate(&e, NULL) != BCH_KEY_VALID)
			continue;
		if (e.type == BCH_JSET_ENTRY_usage)
			err = take_usage(&e, counters);
		else if (e.type == BCH_JSET_ENTRY_data_usage)
			err = take_data_usage(&e, counters);
		else if (e.type == BCH_JSET_ENTRY_dev_usage)
			err = take_dev_usage(&e, counters);
	}
	return err;
}

/* Each entry holds all of them: the newest that is replayed counts. */
static int read_from_journal(struct bch_fs *fs, struct bch_counters *counters)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	struct bch_journal_buf buf bch_auto(journal_buf) = { 0 };
	int err = bch_journal_read(fs, &j);

	for (size_t i = err ? 0 : j->entries.a.nr; i-- > 0;) {
		const struct bch_journal_entry *e = &j->entries.a.v[i];

		if (e->use != BCH_JOURNAL_REPLAYED)
			continue;
		err = bch_journal_load(j, e, &buf);
		return err ? err : take_records(buf.records, counters);
	}
	return err;
}

static int read_from_clean(struct bch_fs *fs, struct bch_counters *counters)
{
	struct bch_bytes body = bch_super_section(&fs->super, BCH_SECTION_clean);

	return take_records(bch_bytes_from(body, sizeof(struct sb_clean)), counters);
}

/* ------------------------------------------------------------------ both */

int bch_accounting_read(struct bch_fs *fs, struct bch_counters *counters)
{
	if (bch_version_has_accounting(le16_get(fs->super.sb->version)))
		return read_keys(fs, counters);
	return bch_sb_flag(fs->super.sb, BCH_SB_CLEAN) ? read_from_clean(fs, counters)
						       : read_from_journal(fs, counters);
}
