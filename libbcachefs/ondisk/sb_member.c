// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of the filesystem: members_v1 and members_v2. Format reference: 01 §8.2, §8.3, 08 §2.6. */

#include <string.h>

#include <stdio.h>

#include "ondisk/data_types.h"
#include "ondisk/sb_private.h"

/* What a kernel takes at most. */
#define MEMBER_MAX_BUCKETS ((1ULL << 31) - 1 - 64)

#define MEMBER_MAX_BITMAP_SHIFT 58

/* States with a name. */
#define BCH_MEMBER_STATES 4

/* Where the entries of one of the two sections lie. */
struct slots {
	struct bch_bytes entries;
	size_t stride;
};

static struct slots slots_v1(struct bch_bytes body)
{
	return (struct slots){ body, BCH_MEMBER_V1_BYTES };
}

static struct slots slots_v2(struct bch_bytes body)
{
	const le16 *bytes = bch_bytes_view(body, 0, sizeof(*bytes));

	return (struct slots){ bch_bytes_from(body, BCH_MEMBERS_V2_HEADER),
			       bytes ? le16_get(*bytes) : 0 };
}

static bool slot_get(struct slots s, u32 idx, struct bch_member *m)
{
	const void *p = s.stride ? bch_bytes_view(s.entries, s.stride * idx, s.stride) : NULL;

	if (!p)
		return false;
	bch_member_get(m, p, s.stride);
	return true;
}

bool bch_member_alive(const struct bch_member *m)
{
	static const u8 none[16];

	return memcmp(m->uuid, none, 16) != 0 && memcmp(m->uuid, bch_member_deleted_uuid, 16) != 0;
}

bool bch_super_member(const struct bch_super *super, u32 dev_idx, struct bch_member *m)
{
	struct bch_bytes v2 = bch_super_section(super, BCH_SECTION_members_v2);

	if (dev_idx >= super->sb->nr_devices)
		return false;
	if (v2.p)
		return slot_get(slots_v2(v2), dev_idx, m);
	return slot_get(slots_v1(bch_super_section(super, BCH_SECTION_members_v1)), dev_idx, m);
}

static void slot_put(struct bch_super *super, struct slots s, u32 idx, const struct bch_member *m)
{
	const u8 *p = s.stride ? bch_bytes_view(s.entries, s.stride * idx, s.stride) : NULL;

	if (p)
		bch_member_put(m, (u8 *)super->sb + (p - (const u8 *)super->sb), s.stride);
}

void bch_super_member_put(struct bch_super *super, u32 dev_idx, const struct bch_member *m)
{
	slot_put(super, slots_v2(bch_super_section(super, BCH_SECTION_members_v2)), dev_idx, m);
	slot_put(super, slots_v1(bch_super_section(super, BCH_SECTION_members_v1)), dev_idx, m);
}

int bch_super_members_create(struct bch_super *super, u32 nr, u16 member_bytes)
{
	le16 bytes = le16_of(member_bytes);
	int err;

	err = bch_super_section_resize(super, BCH_SECTION_members_v2,
				       BCH_MEMBERS_V2_HEADER + (size_t)nr * member_bytes);
	if (!err)
		err = bch_super_section_resize(super, BCH_SECTION_members_v1,
					       (size_t)nr * BCH_MEMBER_V1_BYTES);
	if (err)
		return err;
	memcpy(bch_super_section_mut(super, BCH_SECTION_members_v2), &bytes, sizeof(bytes));
	super->sb->nr_devices = (u8)nr;
	return 0;
}

int bch_super_members_grow(struct bch_super *super, u32 nr)
{
	struct bch_bytes v1 = bch_super_section(super, BCH_SECTION_members_v1);
	struct bch_bytes v2 = bch_super_section(super, BCH_SECTION_members_v2);
	size_t stride = slots_v2(v2).stride;
	int err = 0;

	if (v1.p)
		err = bch_super_section_resize(super, BCH_SECTION_members_v1,
					       (size_t)nr * BCH_MEMBER_V1_BYTES);
	if (!err && stride)
		err = bch_super_section_resize(super, BCH_SECTION_members_v2,
					       BCH_MEMBERS_V2_HEADER + nr * stride);
	if (!err)
		super->sb->nr_devices = (u8)nr;
	return err;
}

/* From the last on: each moves into room that is free by then. */
int bch_super_members_widen(struct bch_super *super, u16 member_bytes)
{
	struct slots s = slots_v2(bch_super_section(super, BCH_SECTION_members_v2));
	u32 nr = super->sb->nr_devices;
	le16 bytes = le16_of(member_bytes);
	u8 *p;
	int err;

	if (!s.stride || s.stride >= member_bytes)
		return 0;
	err = bch_super_section_resize(super, BCH_SECTION_members_v2,
				       BCH_MEMBERS_V2_HEADER + (size_t)nr * member_bytes);
	if (err)
		return err;
	p = bch_super_section_mut(super, BCH_SECTION_members_v2);
	memcpy(p, &bytes, sizeof(bytes));
	p += BCH_MEMBERS_V2_HEADER;
	while (nr--) {
		memmove(p + (size_t)nr * member_bytes, p + nr * s.stride, s.stride);
		memset(p + (size_t)nr * member_bytes + s.stride, 0, member_bytes - s.stride);
	}
	return 0;
}

/* One slot's geometry, whether it is a member or not: 01 §8.2. */
static int validate_slot(const struct bch_sb *sb, const struct bch_member *m, u32 idx,
			 struct bch_buf *why)
{
	int err = -BCH_ERR_invalid_sb_members;

	if (m->nbuckets > MEMBER_MAX_BUCKETS)
		return bch_sb_why(why, err, "device %u: too many buckets (%" PRIu64 ", max %llu)",
				  idx, m->nbuckets, MEMBER_MAX_BUCKETS);
	if (m->nbuckets < m->first_bucket + BCH_MEMBER_MIN_BUCKETS)
		return bch_sb_why(why, err, "device %u: not enough buckets (%" PRIu64 ", min %u)",
				  idx, m->nbuckets, BCH_MEMBER_MIN_BUCKETS);
	if (m->bucket_size < le16_get(sb->block_size))
		return bch_sb_why(why, err, "device %u: bucket size %u sectors, block size %u", idx,
				  m->bucket_size, le16_get(sb->block_size));
	if (m->bucket_size < bch_sb_flag(sb, BCH_SB_BTREE_NODE_SIZE))
		return bch_sb_why(why, err,
				  "device %u: bucket size %u sectors, btree node size %" PRIu64,
				  idx, m->bucket_size, bch_sb_flag(sb, BCH_SB_BTREE_NODE_SIZE));
	if (m->btree_bitmap_shift >= MEMBER_MAX_BITMAP_SHIFT)
		return bch_sb_why(why, err, "device %u: btree bitmap shift %u, max %u", idx,
				  m->btree_bitmap_shift, MEMBER_MAX_BITMAP_SHIFT - 1);
	if (le16_get(sb->version) >= BCH_VERSION(1, 14) && bch_member_FREESPACE_INITIALIZED(m) &&
	    le64_get(sb->features[0]) >> BCH_FEATURE_no_alloc_info & 1)
		return bch_sb_why(why, err, "device %u: freespace initialized, but no alloc info",
				  idx);
	return 0;
}

static int validate_slots(const struct bch_sb *sb, struct slots s, struct bch_buf *why)
{
	struct bch_member m;

	for (u32 i = 0; i < sb->nr_devices; i++) {
		int err;

		if (!slot_get(s, i, &m))
			return bch_sb_why(why, -BCH_ERR_invalid_sb_members,
					  "section too small for %u devices", sb->nr_devices);
		err = validate_slot(sb, &m, i, why);
		if (err)
			return err;
	}
	return 0;
}

int bch_sb_validate_members_v1(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			       struct bch_buf *why)
{
	return validate_slots(super->sb, slots_v1(body), why);
}

int bch_sb_validate_members_v2(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			       struct bch_buf *why)
{
	return validate_slots(super->sb, slots_v2(body), why);
}

/* Text of a member that need not end with a NUL. */
static void show_text(struct bch_facts *facts, const char *label, const u8 *text, size_t max)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	if (!text[0])
		return;
	bch_buf_text(&buf, text, max);
	bch_fact(facts, label, "%s", bch_buf_str(&buf));
}

static void show_label(struct bch_facts *facts, const struct bch_super *super,
		       const struct bch_member *m)
{
	struct bch_buf buf bch_auto(buf) = { 0 };
	u64 group = bch_member_GROUP(m);

	if (group)
		bch_super_group_path_put(&buf, super, (u32)group - 1);
	bch_fact_text(facts, "Label", "%s", group ? bch_buf_str(&buf) : "(none)");
	if (group)
		bch_fact_json_str(facts, "label", bch_buf_str(&buf));
}

static void show_use(struct bch_facts *facts, const struct bch_super *super, u32 idx,
		     const struct bch_member *m)
{
	u64 state = bch_member_STATE(m);
	char bits[65];

	for (unsigned i = 0; i < 64; i++)
		bits[i] = m->btree_allocated_bitmap >> (63 - i) & 1 ? '1' : '0';
	bits[64] = 0;

	bch_fact_u64(facts, "Last superblock write", m->seq);
	bch_fact(facts, "State", "%s",
		 state < BCH_MEMBER_STATES ? bch_opt_member_states[state] : "(unknown)");
	bch_fact_flags(facts, "Data allowed", bch_member_DATA_ALLOWED(m), bch_data_type_names);
	bch_fact_flags(facts, "Has data", bch_super_dev_has_data(super, idx), bch_data_type_names);
	bch_fact_bytes(facts, "Btree allocated bitmap blocksize", 1ULL << m->btree_bitmap_shift);
	bch_fact(facts, "Btree allocated bitmap", "%s", bits);
	bch_fact_u64(facts, "Durability", bch_member_durability(m));
	bch_fact_bool(facts, "Discard", bch_member_DISCARD(m));
	bch_fact_bool(facts, "Freespace initialized", bch_member_FREESPACE_INITIALIZED(m));
}

/* What versions after 1.13 say too. */
static void show_newer(struct bch_facts *facts, const struct bch_super *super,
		       const struct bch_member *m)
{
	if (le16_get(super->sb->version) < BCH_VERSION(1, 14))
		return;
	bch_fact_bool(facts, "Resize on mount", bch_member_RESIZE_ON_MOUNT(m));
	if (bch_member_ROTATIONAL_SET(m))
		bch_fact_bool(facts, "Rotational", bch_member_ROTATIONAL(m));
	show_text(facts, "Last device name", m->device_name, sizeof(m->device_name));
	show_text(facts, "Last device model", m->device_model, sizeof(m->device_model));
	show_text(facts, "Last device serial", m->device_serial, sizeof(m->device_serial));
	show_text(facts, "Failure domain", m->failure_domain, sizeof(m->failure_domain));
	if (m->flush_errors)
		bch_fact_u64(facts, "Flush errors", m->flush_errors);
}

static void show_member(struct bch_facts *facts, const struct bch_sb_show *show, u32 idx,
			const struct bch_member *m)
{
	static const char *const iops[] = { "seqread iops", "seqwrite iops", "randread iops",
					    "randwrite iops" };
	static const char *const errors[] = { "read errors", "write errors", "checksum errors" };
	u64 bucket_bytes = BCH_BYTES(m->bucket_size);

	show_label(facts, show->super, m);
	bch_fact_uuid(facts, "UUID", m->uuid);
	bch_fact_bytes(facts, "Size", m->nbuckets * bucket_bytes);
	for (unsigned i = 0; i < 3; i++)
		bch_fact_u64(facts, errors[i], m->errors[i]);
	for (unsigned i = 0; i < 4; i++)
		bch_fact_u64(facts, iops[i], m->iops[i]);
	bch_fact_bytes(facts, "Bucket size", bucket_bytes);
	bch_fact_u64(facts, "First bucket", m->first_bucket);
	bch_fact_u64(facts, "Buckets", m->nbuckets);
	if (m->last_mount)
		bch_fact_time(facts, "Last mount", m->last_mount);
	else
		bch_fact_text(facts, "Last mount", "(never)");
	show_use(facts, show->super, idx, m);
	show_newer(facts, show->super, m);
}

/* Slots that hold no member are left out. */
static void show_slots(struct bch_facts *facts, const struct bch_sb_show *show, struct slots s)
{
	struct bch_member m;

	bch_facts_list(facts, "devices");
	for (u32 i = 0; i < show->super->sb->nr_devices && slot_get(s, i, &m); i++) {
		const char *name = show->dev_names ? show->dev_names[i] : NULL;
		char label[16];

		if (!bch_member_alive(&m))
			continue;
		snprintf(label, sizeof(label), "Device %u", i);
		bch_facts_object(facts, NULL);
		bch_fact_json_u64(facts, "index", i);
		if (name)
			bch_fact_json_str(facts, "path", name);
		bch_fact_text(facts, label, "%s", name ? name : "(not found)");
		bch_facts_indent(facts);
		show_member(facts, show, i, &m);
		bch_facts_outdent(facts);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

void bch_sb_show_members_v1(struct bch_facts *facts, const struct bch_sb_show *show,
			    struct bch_bytes body)
{
	show_slots(facts, show, slots_v1(body));
}

void bch_sb_show_members_v2(struct bch_facts *facts, const struct bch_sb_show *show,
			    struct bch_bytes body)
{
	show_slots(facts, show, slots_v2(body));
}
