// SPDX-License-Identifier: GPL-2.0-or-later
/* accounting: decode, encode, rules, text. Format reference: 06 §7, 08 §7. */

#include "ondisk/key_accounting.h"

#include "ondisk/csum_types.h"
#include "ondisk/data_types.h"
#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

#define POS_BYTES 20

#define VERSION_SNAPSHOT_BTREE BCH_VERSION(1, 39)
#define VERSION_COUNTERS       BCH_VERSION(1, 25)
#define VERSION_EXACT_COUNTERS BCH_VERSION(1, 33)

/* clang-format off */
static const struct {
	const char *name;
	u8 nr_counters, nr_before;
	u16 since;
} types[BCH_ACCOUNTING_NR] = {
#define A(nr, name, nr_counters, nr_before, since) [nr] = { #name, nr_counters, nr_before, since },
	BCH_ACCOUNTING_TYPES(A)
#undef A
};

/* clang-format on */

u32 bch_accounting_nr_counters(u8 type, u16 version)
{
	if (type >= BCH_ACCOUNTING_NR)
		return 0;
	return version < types[type].since ? types[type].nr_before : types[type].nr_counters;
}

/* ------------------------------------------------------------------ positions */

/* The 20 bytes in the order in which their fields are told: the last byte of the position first since 1.15. */
static void pos_to_bytes(struct bch_pos pos, u16 version, u8 b[POS_BYTES])
{
	struct bpos d = { le32_of(pos.snapshot), le64_of(pos.offset), le64_of(pos.inode) };
	le64 high = le64_of(__builtin_bswap64(pos.inode));
	le64 middle = le64_of(__builtin_bswap64(pos.offset));
	le32 low = le32_of(__builtin_bswap32(pos.snapshot));

	if (version < BCH_ACCOUNTING_VERSION_BIG_ENDIAN) {
		memcpy(b, &d, POS_BYTES);
		return;
	}
	memcpy(b, &high, 8);
	memcpy(b + 8, &middle, 8);
	memcpy(b + 16, &low, 4);
}

static struct bch_pos pos_of_bytes(const u8 b[POS_BYTES], u16 version)
{
	bool reversed = version >= BCH_ACCOUNTING_VERSION_BIG_ENDIAN;
	u8 raw[POS_BYTES];
	struct bpos d;

	for (unsigned i = 0; i < POS_BYTES; i++)
		raw[i] = b[reversed ? POS_BYTES - 1 - i : i];
	memcpy(&d, raw, sizeof(d));
	return bch_pos_get(&d);
}

static u32 get_u32(const u8 *p)
{
	le32 v;

	memcpy(&v, p, sizeof(v));
	return le32_get(v);
}

static void put_u32(u8 *p, u32 v)
{
	le32 d = le32_of(v);

	memcpy(p, &d, sizeof(d));
}

/*
 * Bytes of the position that mean something, the type included; all of them for those that are not checked. Kernels do not
 * check those of inodes either, but count there what nobody finds.
 */
static u32 bytes_used(const struct bch_accounting *a, u16 version)
{
	switch (a->type) {
	case BCH_ACCOUNTING_nr_inodes:
	case BCH_ACCOUNTING_rebalance_work:
		return 1;
	case BCH_ACCOUNTING_persistent_reserved:
	case BCH_ACCOUNTING_compression:
		return 2;
	case BCH_ACCOUNTING_dev_data_type:
		return 3;
	case BCH_ACCOUNTING_btree:
		return 5;
	case BCH_ACCOUNTING_snapshot:
		return version < VERSION_SNAPSHOT_BTREE ? 5 : 9;
	case BCH_ACCOUNTING_inum:
		return 9;
	case BCH_ACCOUNTING_replicas:
		return 4U + a->nr_devs;
	default:
		return POS_BYTES;
	}
}

static void get_replicas(const u8 *b, struct bch_accounting *a)
{
	a->data_type = b[1];
	a->nr_devs = b[2];
	a->nr_required = b[3];
	memcpy(a->devs, b + 4, a->nr_devs < sizeof(a->devs) ? a->nr_devs : sizeof(a->devs));
}

u8 bch_accounting_type(struct bch_pos pos, u16 version)
{
	return version < BCH_ACCOUNTING_VERSION_BIG_ENDIAN ? (u8)pos.snapshot
							   : (u8)(pos.inode >> 56);
}

void bch_accounting_get(struct bch_pos pos, u16 version, struct bch_accounting *a)
{
	u8 b[POS_BYTES];

	pos_to_bytes(pos, version, b);
	*a = (struct bch_accounting){ .type = b[0] };
	switch (a->type) {
	case BCH_ACCOUNTING_persistent_reserved:
		a->nr_replicas = b[1];
		break;
	case BCH_ACCOUNTING_replicas:
		get_replicas(b, a);
		break;
	case BCH_ACCOUNTING_dev_data_type:
		a->dev_idx = b[1];
		a->data_type = b[2];
		break;
	case BCH_ACCOUNTING_compression:
		a->compression_type = b[1];
		break;
	case BCH_ACCOUNTING_snapshot:
		a->snapshot = get_u32(b + 1);
		a->btree_id = version < VERSION_SNAPSHOT_BTREE ? 0 : get_u32(b + 5);
		break;
	case BCH_ACCOUNTING_btree:
		a->btree_id = get_u32(b + 1);
		break;
	case BCH_ACCOUNTING_inum:
		a->inum = get_u32(b + 1) | (u64)get_u32(b + 5) << 32;
		break;
	case BCH_ACCOUNTING_reconcile_work:
		a->work = b[1];
		break;
	case BCH_ACCOUNTING_dev_leaving:
		a->leaving_dev_idx = get_u32(b + 1);
		break;
	default:
		break;
	}
}

struct bch_pos bch_accounting_pos(const struct bch_accounting *a, u16 version)
{
	u8 b[POS_BYTES] = { a->type };

	switch (a->type) {
	case BCH_ACCOUNTING_persistent_reserved:
		b[1] = a->nr_replicas;
		break;
	case BCH_ACCOUNTING_replicas:
		b[1] = a->data_type;
		b[2] = a->nr_devs;
		b[3] = a->nr_required;
		memcpy(b + 4, a->devs, sizeof(a->devs));
		break;
	case BCH_ACCOUNTING_dev_data_type:
		b[1] = a->dev_idx;
		b[2] = a->data_type;
		break;
	case BCH_ACCOUNTING_compression:
		b[1] = a->compression_type;
		break;
	case BCH_ACCOUNTING_snapshot:
		put_u32(b + 1, a->snapshot);
		put_u32(b + 5, version < VERSION_SNAPSHOT_BTREE ? 0 : a->btree_id);
		break;
	case BCH_ACCOUNTING_btree:
		put_u32(b + 1, a->btree_id);
		break;
	case BCH_ACCOUNTING_inum:
		put_u32(b + 1, (u32)a->inum);
		put_u32(b + 5, (u32)(a->inum >> 32));
		break;
	case BCH_ACCOUNTING_reconcile_work:
		b[1] = a->work;
		break;
	case BCH_ACCOUNTING_dev_leaving:
		put_u32(b + 1, a->leaving_dev_idx);
		break;
	default:
		break;
	}
	return pos_of_bytes(b, version);
}

s64 bch_accounting_counter(const struct bch_key *k, u32 i)
{
	const le64 *v = bch_bytes_view(k->val, i * sizeof(*v), sizeof(*v));

	return v ? (s64)le64_get(*v) : 0;
}

/* ------------------------------------------------------------------ rules */

static int check_replicas(const struct bch_accounting *a, struct bch_buf *why)
{
	if (!a->nr_devs)
		return bch_key_why(why, BCH_FSCK_accounting_key_replicas_nr_devs_0,
				   "no devices in replicas entry");
	if (a->nr_required > a->nr_devs || (a->nr_required > 1 && a->nr_required == a->nr_devs))
		return bch_key_why(why, BCH_FSCK_accounting_key_replicas_nr_required_bad,
				   "bad nr_required %u of %u", a->nr_required, a->nr_devs);
	for (u32 i = 0; i + 1 < a->nr_devs && i + 1 < BCH_ACCOUNTING_DEVS_MAX; i++)
		if (a->devs[i] >= a->devs[i + 1])
			return bch_key_why(why, BCH_FSCK_accounting_key_replicas_devs_unsorted,
					   "devices not sorted");
	return BCH_KEY_VALID;
}

/* Nothing follows the fields of the type. */
static int check_junk(const struct bch_key *k, const struct bch_accounting *a, u16 version,
		      struct bch_buf *why)
{
	u32 used = bytes_used(a, version);
	u8 b[POS_BYTES];

	pos_to_bytes(k->pos, version, b);
	if (used > POS_BYTES ||
	    !bch_bytes_are_zero((struct bch_bytes){ b + used, POS_BYTES - used }))
		return bch_key_why(why, BCH_FSCK_accounting_key_junk_at_end, "junk at end");
	return BCH_KEY_VALID;
}

static int check_counters(const struct bch_key *k, u8 type, u16 version, struct bch_buf *why)
{
	size_t nr = k->val.len / 8, want = bch_accounting_nr_counters(type, version);

	if ((version >= VERSION_COUNTERS && nr > BCH_ACCOUNTING_COUNTERS_MAX) ||
	    (version >= VERSION_EXACT_COUNTERS && want && nr != want))
		return bch_key_why(why, BCH_FSCK_accounting_key_nr_counters_wrong,
				   "%zu counters, should be %zu", nr, want);
	return BCH_KEY_VALID;
}

int bch_key_validate_accounting(const struct bch_key *k, const struct bch_key_context *c,
				struct bch_buf *why)
{
	int problem = BCH_KEY_VALID;
	struct bch_accounting a;

	bch_accounting_get(k->pos, c->version, &a);
	if (!k->version_lo && !k->version_hi)
		return bch_key_why(why, BCH_FSCK_accounting_key_version_0,
				   "accounting key with version 0");
	if (a.type == BCH_ACCOUNTING_replicas)
		problem = check_replicas(&a, why);
	if (problem == BCH_KEY_VALID)
		problem = check_junk(k, &a, c->version, why);
	if (problem == BCH_KEY_VALID)
		problem = check_counters(k, a.type, c->version, why);
	return problem;
}

/* ------------------------------------------------------------------ text */

static void put_replicas(struct bch_buf *out, const struct bch_accounting *a)
{
	struct bch_replicas r = { a->data_type, a->nr_devs, a->nr_required, a->devs };

	if (r.nr_devs > BCH_ACCOUNTING_DEVS_MAX)
		r.nr_devs = BCH_ACCOUNTING_DEVS_MAX;
	bch_replicas_put(out, &r);
}

static void put_fields(struct bch_buf *out, const struct bch_accounting *a, u16 version)
{
	switch (a->type) {
	case BCH_ACCOUNTING_persistent_reserved:
		bch_buf_put(out, "replicas=%u", a->nr_replicas);
		break;
	case BCH_ACCOUNTING_replicas:
		put_replicas(out, a);
		break;
	case BCH_ACCOUNTING_dev_data_type:
		bch_buf_put(out, "dev=%u data_type=", a->dev_idx);
		bch_buf_choice(out, bch_data_type_names, a->data_type);
		break;
	case BCH_ACCOUNTING_compression:
		bch_buf_choice(out, bch_compression_type_names, a->compression_type);
		break;
	case BCH_ACCOUNTING_snapshot:
		bch_buf_put(out, "id=%u", a->snapshot);
		if (version < VERSION_SNAPSHOT_BTREE)
			break;
		bch_buf_putc(out, ' ');
		/* fallthrough */
	case BCH_ACCOUNTING_btree:
		bch_buf_puts(out, "btree=");
		bch_btree_name_put(out, a->btree_id, version);
		break;
	case BCH_ACCOUNTING_reconcile_work:
		bch_buf_choice(out, bch_reconcile_work_names, a->work);
		break;
	case BCH_ACCOUNTING_dev_leaving:
		bch_buf_put(out, "dev=%u", a->leaving_dev_idx);
		break;
	default: /* nothing, or as in inum what the tools leave out */
		break;
	}
}

void bch_accounting_put(struct bch_buf *out, const struct bch_accounting *a, u16 version)
{
	if (a->type < BCH_ACCOUNTING_NR)
		bch_buf_put(out, "%s ", types[a->type].name);
	else
		bch_buf_put(out, "unknown(%u) ", a->type);
	put_fields(out, a, version);
}

void bch_key_put_accounting(struct bch_buf *out, const struct bch_key *k,
			    const struct bch_key_context *c)
{
	struct bch_accounting a;

	bch_accounting_get(k->pos, c->version, &a);
	bch_accounting_put(out, &a, c->version);
	for (u32 i = 0; i < BCH_ACCOUNTING_COUNTERS_MAX && i < k->val.len / 8; i++)
		bch_buf_put(out, " %" PRId64, bch_accounting_counter(k, i));
}

struct accounting {
	le64 counters[BCH_ACCOUNTING_COUNTERS_MAX];
};

BCH_KEY_FIELDS(accounting, accounting,
	       BCH_FIELD("counters", counters, 0, 64, 0, .kind = BCH_FIELD_SIGNED))
