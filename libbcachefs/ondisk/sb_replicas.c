// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sets of devices hold data: replicas_v0 and replicas. Format reference: 01 §8.5, 08 §2.7. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ondisk/data_types.h"
#include "ondisk/sb_private.h"

/* No device: a pointer without a place. */
#define DEV_NONE 255

int bch_replicas_next(struct bch_bytes *rest, u32 section, struct bch_replicas *r)
{
	size_t header = section == BCH_SECTION_replicas ? 3 : 2;
	const u8 *p = bch_bytes_view(*rest, 0, 1);

	if (!p || !p[0])
		return 0; /* the rest is padding */
	p = bch_bytes_view(*rest, 0, header);
	if (!p)
		return -BCH_ERR_invalid_replicas_entry;

	*r = (struct bch_replicas){ .data_type = p[0],
				    .nr_devs = p[1],
				    .nr_required = header == 3 ? p[2] : 1,
				    .devs = p + header };
	if (!bch_bytes_view(*rest, header, r->nr_devs))
		return -BCH_ERR_invalid_replicas_entry;
	rest->p += header + r->nr_devs;
	rest->len -= header + r->nr_devs;
	return 1;
}

struct bch_bytes bch_super_replicas(const struct bch_super *super, u32 *section)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_replicas);

	*section = body.p ? BCH_SECTION_replicas : BCH_SECTION_replicas_v0;
	return body.p ? body : bch_super_section(super, BCH_SECTION_replicas_v0);
}

static bool all_require_one(const struct bch_replicas *r, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (r[i].nr_required != 1)
			return false;
	return true;
}

int bch_super_replicas_put(struct bch_super *super, const struct bch_replicas *r, u32 nr)
{
	u32 section = all_require_one(r, nr) ? BCH_SECTION_replicas_v0 : BCH_SECTION_replicas;
	u32 other = BCH_SECTION_replicas + BCH_SECTION_replicas_v0 - section;
	struct bch_buf buf bch_auto(buf) = { 0 };

	for (u32 i = 0; i < nr; i++) {
		u8 header[3] = { r[i].data_type, r[i].nr_devs, r[i].nr_required };

		bch_buf_mem(&buf, header, section == BCH_SECTION_replicas ? 3 : 2);
		bch_buf_mem(&buf, r[i].devs, r[i].nr_devs);
	}
	if (bch_buf_failed(&buf))
		return -BCH_ERR_no_memory;
	bch_super_section_drop(super, other);
	return bch_super_section_put(super, section, bch_buf_str(&buf), buf.len);
}

u64 bch_super_dev_has_data(const struct bch_super *super, u32 dev_idx)
{
	struct bch_replicas r;
	u64 types = 0;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(super, &section);

	while (bch_replicas_next(&rest, section, &r) > 0)
		if (r.data_type < 64 && memchr(r.devs, (int)dev_idx, r.nr_devs))
			types |= 1ULL << r.data_type;
	return types;
}

void bch_replicas_put(struct bch_buf *out, const struct bch_replicas *r)
{
	if (r->data_type < BCH_DATA_NR)
		bch_buf_puts(out, bch_data_type_names[r->data_type]);
	else
		bch_buf_put(out, "unknown(%u)", r->data_type);
	bch_buf_put(out, ": %u/%u [", r->nr_required, r->nr_devs);
	for (u32 i = 0; i < r->nr_devs; i++)
		bch_buf_put(out, "%s%u", i ? " " : "", r->devs[i]);
	bch_buf_putc(out, ']');
}

/* Which devices a record may name. */
struct devs {
	bool ok[DEV_NONE + 1];
};

static struct devs devs_of(const struct bch_super *super)
{
	struct devs devs = { .ok[DEV_NONE] = true };
	struct bch_member m;

	for (u32 i = 0; i < super->sb->nr_devices; i++)
		devs.ok[i] = bch_super_member(super, i, &m) && bch_member_alive(&m);
	return devs;
}

static int validate_record(const struct devs *devs, const struct bch_replicas *r,
			   struct bch_buf *why)
{
	int err = -BCH_ERR_invalid_replicas_entry;

	if (!r->nr_devs || (r->nr_required > 1 && r->nr_required >= r->nr_devs))
		goto bad;
	for (u32 i = 0; i < r->nr_devs; i++)
		if (!devs->ok[r->devs[i]])
			goto bad;
	return 0;
bad:
	if (why)
		bch_replicas_put(why, r);
	return err;
}

static bool same_record(const struct bch_replicas *a, const struct bch_replicas *b)
{
	return a->data_type == b->data_type && a->nr_devs == b->nr_devs &&
	       a->nr_required == b->nr_required && !memcmp(a->devs, b->devs, a->nr_devs);
}

static int cmp_record(const void *l, const void *r)
{
	const struct bch_replicas *a = l, *b = r;
	u8 x[3] = { a->data_type, a->nr_devs, a->nr_required };
	u8 y[3] = { b->data_type, b->nr_devs, b->nr_required };
	int c = memcmp(x, y, sizeof(x));

	return c ? c : memcmp(a->devs, b->devs, a->nr_devs);
}

/* At least two bytes a record: the section's length bounds the array. */
static int find_duplicate(struct bch_bytes body, u32 section, struct bch_buf *why)
{
	struct bch_replicas *all = bch_calloc(body.len / 2 + 1, sizeof(*all));
	u32 nr = 0;
	int err = 0;

	if (!all)
		return -BCH_ERR_no_memory;
	while (bch_replicas_next(&body, section, &all[nr]) > 0)
		nr++;
	qsort(all, nr, sizeof(*all), cmp_record);
	for (u32 i = 1; i < nr && !err; i++)
		if (same_record(&all[i - 1], &all[i])) {
			err = bch_sb_why(why, -BCH_ERR_invalid_sb_replicas, "duplicate entry ");
			if (why)
				bch_replicas_put(why, &all[i]);
		}
	free(all);
	return err;
}

static int validate(const struct bch_super *super, u32 section, struct bch_bytes body,
		    struct bch_buf *why)
{
	struct devs devs = devs_of(super);
	struct bch_bytes rest = body;
	struct bch_replicas r;
	int more, err;

	while ((more = bch_replicas_next(&rest, section, &r)) > 0) {
		err = validate_record(&devs, &r, why);
		if (err)
			return err;
	}
	return more ? bch_sb_why(why, more, "entry past the end of the section")
		    : find_duplicate(body, section, why);
}

int bch_sb_validate_replicas_v0(const struct bch_super *super, struct bch_bytes body,
				unsigned flags, struct bch_buf *why)
{
	return validate(super, BCH_SECTION_replicas_v0, body, why);
}

int bch_sb_validate_replicas(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			     struct bch_buf *why)
{
	return validate(super, BCH_SECTION_replicas, body, why);
}

static void show_records(struct bch_facts *facts, u32 section, struct bch_bytes body)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_replicas r;

	bch_facts_list(facts, "entries");
	while (bch_replicas_next(&body, section, &r) > 0) {
		if (line.len)
			bch_buf_putc(&line, ' ');
		bch_buf_put(&line, "%s: %u [",
			    r.data_type < BCH_DATA_NR ? bch_data_type_names[r.data_type]
						      : "unknown",
			    r.nr_required);
		bch_facts_object(facts, NULL);
		bch_fact_json_str(facts, "data_type",
				  r.data_type < BCH_DATA_NR ? bch_data_type_names[r.data_type]
							    : "unknown");
		bch_fact_json_u64(facts, "nr_required", r.nr_required);
		bch_facts_list(facts, "devices");
		for (u32 i = 0; i < r.nr_devs; i++) {
			bch_fact_json_u64(facts, NULL, r.devs[i]);
			bch_buf_put(&line, "%s%u", i ? " " : "", r.devs[i]);
		}
		bch_facts_end(facts);
		bch_facts_end(facts);
		bch_buf_putc(&line, ']');
	}
	bch_facts_end(facts);
	bch_facts_heading(facts, "%s", bch_buf_str(&line));
}

void bch_sb_show_replicas_v0(struct bch_facts *facts, const struct bch_sb_show *show,
			     struct bch_bytes body)
{
	show_records(facts, BCH_SECTION_replicas_v0, body);
}

void bch_sb_show_replicas(struct bch_facts *facts, const struct bch_sb_show *show,
			  struct bch_bytes body)
{
	show_records(facts, BCH_SECTION_replicas, body);
}
