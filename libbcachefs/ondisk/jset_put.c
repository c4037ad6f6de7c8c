// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of journal entries as text. Format reference: 03 §2. */

#include "ondisk/jset.h"

#include "ondisk/data_types.h"
#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

/* From here on "level=", before it "l=". */
#define VERSION_LONG_NAMES BCH_VERSION(1, 20)

/* clang-format off */
static const char *const type_names[BCH_JSET_ENTRY_NR] = {
#define J(nr, name, min, max, error) [nr] = #name,
	BCH_JSET_ENTRY_TYPES(J)
#undef J
};

static const char *const usage_names[] = {
#define U(nr, name) [nr] = #name,
	BCH_JSET_USAGES(U)
#undef U
	NULL
};
/* clang-format on */

const char *bch_jset_entry_type_name(u8 type)
{
	return type < BCH_JSET_ENTRY_NR ? type_names[type] : NULL;
}

static void put_type(struct bch_buf *out, u8 type)
{
	if (type < BCH_JSET_ENTRY_NR)
		bch_buf_put(out, "%s: ", type_names[type]);
	else
		bch_buf_put(out, "unknown(%u): ", type);
}

static void put_key_place(struct bch_buf *out, const struct bch_jset_entry *e, u16 version)
{
	put_type(out, e->type);
	bch_buf_puts(out, "btree=");
	bch_btree_name_put(out, e->btree_id, version);
	bch_buf_put(out, version < VERSION_LONG_NAMES ? " l=%u " : " level=%u ", e->level);
}

void bch_jset_key_header_put(struct bch_buf *out, const struct bch_jset_entry *e,
			     const struct bch_key *k, u16 version)
{
	put_key_place(out, e, version);
	bch_key_header_put(out, k);
}

void bch_jset_key_put(struct bch_buf *out, const struct bch_jset_entry *e, const struct bch_key *k,
		      const struct bch_key_context *c)
{
	struct bch_key_context of_key = bch_jset_key_context(e, c);

	put_key_place(out, e, c->version);
	bch_key_text_put(out, k, &of_key);
}

static void put_keys(struct bch_buf *out, const struct bch_jset_entry *e,
		     const struct bch_key_context *c)
{
	struct bch_bytes rest = e->payload;
	struct bch_key k;
	int problem;

	if (!rest.len)
		put_type(out, e->type);
	for (bool first = true; bch_jset_key_next(&rest, &k, &problem); first = false) {
		if (!first)
			bch_buf_newline(out);
		if (problem == BCH_KEY_VALID)
			bch_jset_key_put(out, e, &k, c);
		else
			bch_buf_put(out, "%s: (%s)", type_names[e->type],
				    bch_fsck_error_name((u64)problem));
	}
}

/* le32 dev, then for each data type three counts. */
static void put_dev_usage(struct bch_buf *out, const struct bch_jset_entry *e)
{
	bch_buf_put(out, "dev=%" PRIu64, bch_jset_entry_u64(e, 0));
	bch_buf_indent_add(out, 2);
	for (size_t at = 3, type = 0; (at + 3) * 8 <= e->payload.len; at += 3, type++) {
		bch_buf_newline(out);
		if (type < BCH_DATA_NR)
			bch_buf_puts(out, bch_data_type_names[type]);
		else
			bch_buf_put(out, "unknown(%zu)", type);
		bch_buf_put(out, ": buckets=%" PRIu64 " sectors=%" PRIu64 " fragmented=%" PRIu64,
			    bch_jset_entry_u64(e, at), bch_jset_entry_u64(e, at + 1),
			    bch_jset_entry_u64(e, at + 2));
	}
	bch_buf_indent_sub(out, 2);
}

static void put_data_usage(struct bch_buf *out, const struct bch_jset_entry *e)
{
	struct bch_bytes rest = bch_bytes_from(e->payload, sizeof(le64));
	struct bch_replicas r;

	if (bch_replicas_next(&rest, BCH_SECTION_replicas, &r) > 0)
		bch_replicas_put(out, &r);
	bch_buf_put(out, "=%" PRIu64, bch_jset_entry_u64(e, 0));
}

static void put_numbers(struct bch_buf *out, const struct bch_jset_entry *e)
{
	u64 a = bch_jset_entry_u64(e, 0), b = bch_jset_entry_u64(e, 1);

	switch (e->type) {
	case BCH_JSET_ENTRY_blacklist:
	case BCH_JSET_ENTRY_rewind_limit:
		bch_buf_put(out, "seq=%" PRIu64, a);
		break;
	case BCH_JSET_ENTRY_blacklist_v2:
		bch_buf_put(out, "start=%" PRIu64 " end=%" PRIu64, a, b);
		break;
	case BCH_JSET_ENTRY_rewind:
		bch_buf_put(out, "from=%" PRIu64 " to=%" PRIu64, a, b);
		break;
	case BCH_JSET_ENTRY_usage:
		bch_buf_puts(out, "type=");
		bch_buf_choice(out, usage_names, e->btree_id);
		bch_buf_put(out, " v=%" PRIu64, a);
		break;
	case BCH_JSET_ENTRY_clock:
		bch_buf_put(out, "%s=%" PRIu64, a & 1 ? "write" : "read", b);
		break;
	case BCH_JSET_ENTRY_datetime:
		bch_buf_time(out, a);
		break;
	}
}

static void put_valid(struct bch_buf *out, const struct bch_jset_entry *e)
{
	struct bch_bytes text = bch_jset_entry_log(e);

	put_type(out, e->type);
	switch (e->type) {
	case BCH_JSET_ENTRY_log:
		bch_buf_text(out, text.p, text.len);
		break;
	case BCH_JSET_ENTRY_dev_usage:
		put_dev_usage(out, e);
		break;
	case BCH_JSET_ENTRY_data_usage:
		put_data_usage(out, e);
		break;
	default:
		if (e->type < BCH_JSET_ENTRY_NR)
			put_numbers(out, e);
		else
			bch_buf_put(out, "%zu bytes", e->payload.len);
	}
}

void bch_jset_entry_put(struct bch_buf *out, const struct bch_jset_entry *e,
			const struct bch_key_context *c)
{
	int problem = bch_jset_entry_validate(e, NULL);

	if (problem != BCH_KEY_VALID) {
		put_type(out, e->type);
		bch_buf_put(out, "(%s)", bch_fsck_error_name((u64)problem));
	} else if (e->type == BCH_JSET_ENTRY_btree_root || bch_jset_entry_has_keys(e->type)) {
		put_keys(out, e, c);
	} else {
		put_valid(out, e);
	}
}
