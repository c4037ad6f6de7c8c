// SPDX-License-Identifier: GPL-2.0-or-later
/* Journal entries: walk their records and keys, and what is valid. Format reference: 03 §1, §2, §4.5. */

#include "ondisk/jset.h"

#include <bcachefs/error.h>

#include "ondisk/btree_ids.h"
#include "ondisk/data_types.h"
#include "ondisk/sb_sections.h"

#define JSET_MAGIC 0x245235c1a3625032ULL

u64 bch_jset_magic(const u8 uuid[16])
{
	le64 v;

	memcpy(&v, uuid, sizeof(v));
	return le64_get(v) ^ JSET_MAGIC;
}

/* ------------------------------------------------------------------ walk */

int bch_jset_entry_next(struct bch_bytes *rest, struct bch_jset_entry *e)
{
	const struct jset_entry *h = bch_bytes_view(*rest, 0, sizeof(*h));
	size_t len;

	if (!rest->len)
		return 0;
	if (!h)
		return -BCH_ERR_out_of_range;
	len = (size_t)le16_get(h->u64s) * 8;
	if (!bch_bytes_view(*rest, sizeof(*h), len))
		return -BCH_ERR_out_of_range;

	*e = (struct bch_jset_entry){ .btree_id = h->btree_id,
				      .level = h->level,
				      .type = h->type,
				      .payload = { rest->p + sizeof(*h), len } };
	rest->p += sizeof(*h) + len;
	rest->len -= sizeof(*h) + len;
	return 1;
}

u64 bch_jset_entry_u64(const struct bch_jset_entry *e, size_t nr)
{
	const le64 *v = bch_bytes_view(e->payload, nr * sizeof(*v), sizeof(*v));

	return v ? le64_get(*v) : 0;
}

struct bch_bytes bch_jset_entry_log(const struct bch_jset_entry *e)
{
	const void *p = e->payload.p;

	return (struct bch_bytes){ p, p ? strnlen(p, e->payload.len) : 0 };
}

bool bch_jset_entry_has_keys(u8 type)
{
	return type == BCH_JSET_ENTRY_btree_keys || type == BCH_JSET_ENTRY_overwrite ||
	       type == BCH_JSET_ENTRY_write_buffer_keys || type == BCH_JSET_ENTRY_log_bkey;
}

/* The first key's bytes, cut off @rest; without length, and @rest empty, where they do not add up. */
static struct bch_bytes take_key(struct bch_bytes *rest, int *problem)
{
	struct bch_bytes key = { rest->p, rest->p[0] * (size_t)8 };

	*problem = !key.len		 ? BCH_FSCK_journal_entry_bkey_u64s_0
		   : key.len > rest->len ? BCH_FSCK_journal_entry_bkey_past_end
					 : BCH_KEY_VALID;
	if (*problem != BCH_KEY_VALID)
		key.len = rest->len;
	*rest = bch_bytes_from(*rest, key.len);
	return key;
}

int bch_jset_key_next(struct bch_bytes *rest, struct bch_key *k, int *problem)
{
	struct bch_bytes key;

	if (!rest->len)
		return 0;
	key = take_key(rest, problem);
	if (*problem != BCH_KEY_VALID)
		return 1;

	if (key.len < sizeof(struct bkey))
		*problem = BCH_FSCK_bkey_u64s_too_small;
	else if (!bch_key_get_unpacked(key, k))
		*problem = BCH_FSCK_journal_entry_bkey_bad_format;
	return 1;
}

/* ------------------------------------------------------------------ validate */

static int size_error(const struct bch_jset_entry *e)
{
	/* clang-format off */
	static const struct {
		size_t min, max;
		int error;
	} rules[BCH_JSET_ENTRY_NR] = {
#define J(nr, name, min, max, error) [nr] = { min, max, BCH_FSCK_##error },
		BCH_JSET_ENTRY_TYPES(J)
#undef J
	};
	/* clang-format on */
	size_t len = e->payload.len;

	if (e->type >= BCH_JSET_ENTRY_NR)
		return BCH_KEY_VALID;
	return len < rules[e->type].min || (rules[e->type].max && len > rules[e->type].max)
		       ? rules[e->type].error
		       : BCH_KEY_VALID;
}

static int validate_root(const struct bch_jset_entry *e)
{
	struct bch_key k;

	if (e->btree_id >= BCH_BTREE_ID_MAX)
		return BCH_FSCK_invalid_btree_id;
	return bch_key_get_unpacked(e->payload, &k) ? BCH_KEY_VALID
						    : BCH_FSCK_journal_entry_btree_root_bad_size;
}

/* The count, then a record as those of the superblock's section. */
static int validate_data_usage(const struct bch_jset_entry *e)
{
	struct bch_bytes rest = bch_bytes_from(e->payload, sizeof(le64));
	struct bch_replicas r;

	if (bch_replicas_next(&rest, BCH_SECTION_replicas, &r) <= 0 || !r.nr_devs ||
	    r.data_type >= BCH_DATA_NR || r.nr_required > r.nr_devs)
		return BCH_FSCK_journal_entry_data_usage_bad_size;
	return BCH_KEY_VALID;
}

static int validate_content(const struct bch_jset_entry *e)
{
	switch (e->type) {
	case BCH_JSET_ENTRY_btree_root:
		return validate_root(e);
	case BCH_JSET_ENTRY_blacklist_v2:
		return bch_jset_entry_u64(e, 0) > bch_jset_entry_u64(e, 1)
			       ? BCH_FSCK_journal_entry_blacklist_v2_start_past_end
			       : BCH_KEY_VALID;
	case BCH_JSET_ENTRY_data_usage:
		return validate_data_usage(e);
	case BCH_JSET_ENTRY_clock:
		return e->payload.p[0] > 1 ? BCH_FSCK_journal_entry_clock_bad_rw : BCH_KEY_VALID;
	case BCH_JSET_ENTRY_dev_usage:
		return bch_jset_entry_u64(e, 0) >> 32 ? BCH_FSCK_journal_entry_dev_usage_bad_pad
						      : BCH_KEY_VALID;
	default:
		return BCH_KEY_VALID;
	}
}

int bch_jset_entry_validate(const struct bch_jset_entry *e, struct bch_buf *why)
{
	int error = size_error(e);

	if (error == BCH_KEY_VALID)
		error = validate_content(e);
	if (error != BCH_KEY_VALID && why)
		bch_buf_put(why, "%s record of %zu bytes", bch_jset_entry_type_name(e->type),
			    e->payload.len);
	return error;
}

struct bch_key_context bch_jset_key_context(const struct bch_jset_entry *e,
					    const struct bch_key_context *c)
{
	struct bch_key_context of_key = *c;

	of_key.btree_id = e->btree_id;
	of_key.level = e->level;
	if (e->type == BCH_JSET_ENTRY_btree_root && of_key.level < 255)
		of_key.level++; /* the pointer to the root lies as if in a node above it */
	return of_key;
}
