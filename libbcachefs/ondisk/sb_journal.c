// SPDX-License-Identifier: GPL-2.0-or-later
/* The device's journal buckets: journal and journal_v2. Format reference: 01 §8.1. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ondisk/sb_private.h"

/* clang-format off */
#define RANGE_FIELDS(F, B)	\
	F(u64, start, 1)	\
	F(u64, nr, 1)
/* clang-format on */
BCH_DISK_STRUCT(journal_range, RANGE_FIELDS, 16)

static u32 ranges_nr(struct bch_bytes body, u32 section)
{
	return (u32)(body.len / (section == BCH_SECTION_journal
					 ? sizeof(le64)
					 : sizeof(struct journal_range_disk)));
}

static struct bch_bucket_range range_at(struct bch_bytes body, u32 section, u32 i)
{
	struct journal_range r;
	le64 bucket;

	if (section == BCH_SECTION_journal) {
		memcpy(&bucket, body.p + i * sizeof(bucket), sizeof(bucket));
		return (struct bch_bucket_range){ le64_get(bucket), 1 };
	}
	journal_range_get(&r, body.p + i * sizeof(struct journal_range_disk),
			  sizeof(struct journal_range_disk));
	return (struct bch_bucket_range){ r.start, r.nr };
}

static int read_ranges(struct bch_bytes body, u32 section, struct bch_bucket_range **ranges,
		       u32 *nr)
{
	*nr = body.p ? ranges_nr(body, section) : 0;
	*ranges = bch_calloc(*nr ? *nr : 1, sizeof(**ranges));
	if (!*ranges)
		return -BCH_ERR_no_memory;
	for (u32 i = 0; i < *nr; i++)
		(*ranges)[i] = range_at(body, section, i);
	return 0;
}

int bch_super_journal(const struct bch_super *super, struct bch_bucket_range **ranges, u32 *nr)
{
	u32 section = BCH_SECTION_journal_v2;
	struct bch_bytes body = bch_super_section(super, section);

	if (!body.p) {
		section = BCH_SECTION_journal;
		body = bch_super_section(super, section);
	}
	return read_ranges(body, section, ranges, nr);
}

int bch_super_journal_put(struct bch_super *super, const struct bch_bucket_range *ranges, u32 nr)
{
	struct journal_range_disk *out = bch_calloc(nr ? nr : 1, sizeof(*out));
	struct journal_range r = { 0 };
	size_t len = 0;
	int err;

	if (!out)
		return -BCH_ERR_no_memory;
	for (u32 i = 0; i < nr; i++) {
		if (r.nr && r.start + r.nr == ranges[i].start) {
			r.nr += ranges[i].nr;
			len--;
		} else {
			r = (struct journal_range){ ranges[i].start, ranges[i].nr };
		}
		journal_range_put(&r, &out[len++], sizeof(*out));
	}

	bch_super_section_drop(super, BCH_SECTION_journal);
	bch_super_section_drop(super, BCH_SECTION_journal_v2);
	err = len ? bch_super_section_put(super, BCH_SECTION_journal_v2, out, len * sizeof(*out))
		  : 0;
	free(out);
	return err;
}

static int cmp_range(const void *l, const void *r)
{
	const struct bch_bucket_range *a = l, *b = r;

	return a->start < b->start ? -1 : a->start > b->start;
}

static int validate_range(struct bch_bucket_range r, const struct bch_member *m,
			  struct bch_buf *why)
{
	int err = -BCH_ERR_invalid_sb_journal;

	if (!r.nr || r.start + r.nr <= r.start)
		return bch_sb_why(why, err, "empty range at bucket %" PRIu64, r.start);
	if (!r.start)
		return bch_sb_why(why, err, "journal bucket at sector 0");
	if (r.start < m->first_bucket)
		return bch_sb_why(why, err, "journal bucket %" PRIu64 " before first bucket %u",
				  r.start, m->first_bucket);
	if (r.start + r.nr > m->nbuckets)
		return bch_sb_why(why, err,
				  "journal bucket %" PRIu64 " past end of device (%" PRIu64 ")",
				  r.start + r.nr - 1, m->nbuckets);
	return 0;
}

/* @ranges will be sorted. */
static int validate_ranges(struct bch_bucket_range *ranges, u32 nr, const struct bch_member *m,
			   struct bch_buf *why)
{
	u64 total = 0;

	for (u32 i = 0; i < nr; i++) {
		int err = validate_range(ranges[i], m, why);

		if (err)
			return err;
		total += ranges[i].nr; /* each is within the device: no overflow in 2^32 of them */
	}
	if (total > BCH_U32_MAX)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_journal, "too many journal buckets");

	qsort(ranges, nr, sizeof(*ranges), cmp_range);
	for (u32 i = 1; i < nr; i++)
		if (ranges[i].start < ranges[i - 1].start + ranges[i - 1].nr)
			return bch_sb_why(why, -BCH_ERR_invalid_sb_journal,
					  "duplicate journal bucket %" PRIu64, ranges[i].start);
	return 0;
}

static int validate(const struct bch_super *super, u32 section, struct bch_bytes body,
		    struct bch_buf *why)
{
	struct bch_bucket_range *ranges;
	struct bch_member m;
	u32 nr;
	int err;

	if (!bch_super_member(super, super->sb->dev_idx, &m))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_journal, "journal of no member");
	err = read_ranges(body, section, &ranges, &nr);
	if (err)
		return err;
	err = validate_ranges(ranges, nr, &m, why);
	free(ranges);
	return err;
}

int bch_sb_validate_journal(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			    struct bch_buf *why)
{
	return validate(super, BCH_SECTION_journal, body, why);
}

int bch_sb_validate_journal_v2(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			       struct bch_buf *why)
{
	return validate(super, BCH_SECTION_journal_v2, body, why);
}

static void show_ranges(struct bch_facts *facts, u32 section, struct bch_bytes body)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_facts_list(facts, "buckets");
	for (u32 i = 0; i < ranges_nr(body, section); i++) {
		struct bch_bucket_range r = range_at(body, section, i);

		bch_facts_object(facts, NULL);
		bch_fact_json_u64(facts, "start", r.start);
		bch_fact_json_u64(facts, "nr", r.nr);
		bch_facts_end(facts);
		bch_buf_put(&buf, " %" PRIu64, r.start);
		if (r.nr > 1)
			bch_buf_put(&buf, "-%" PRIu64, r.start + r.nr - 1);
	}
	bch_facts_end(facts);
	bch_fact_text(facts, "Buckets", "%s", bch_buf_str(&buf) + (buf.len ? 1 : 0));
}

void bch_sb_show_journal(struct bch_facts *facts, const struct bch_sb_show *show,
			 struct bch_bytes body)
{
	show_ranges(facts, BCH_SECTION_journal, body);
}

void bch_sb_show_journal_v2(struct bch_facts *facts, const struct bch_sb_show *show,
			    struct bch_bytes body)
{
	show_ranges(facts, BCH_SECTION_journal_v2, body);
}
