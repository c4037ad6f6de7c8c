// SPDX-License-Identifier: GPL-2.0-or-later
/* Key types: the table, the rules of all keys, a key as text. Format reference: 02 §3, §4, §11.4; 08 §4. */

#include "ondisk/keys.h"

#include "ondisk/btree_ids.h"
#include "ondisk/key_backpointer.h"
#include "ondisk/key_private.h"
#include "ondisk/sb_sections.h"

#define IN(name) (1ULL << BCH_BTREE_##name)

/* Btrees by what their leaf keys are: 02 §4, 08 §4.1. */
#define EXTENTS_BTREES	 (IN(extents) | IN(reflink) | IN(freespace))
#define SNAPSHOT_BTREES	 (IN(extents) | IN(inodes) | IN(dirents) | IN(xattrs) | IN(damage))
#define RECONCILE_BTREES (IN(rebalance_work) | IN(reconcile_hipri) | IN(reconcile_pending))
#define PHYS_BTREES	 (IN(reconcile_work_phys) | IN(reconcile_hipri_phys))

/* Their snapshot field is used, but not a snapshot that must be there. */
#define SNAPSHOT_FIELD_BTREES (IN(deleted_inodes) | IN(accounting) | RECONCILE_BTREES)

#define SET_BTREES                                                         \
	(IN(lru) | IN(freespace) | IN(need_discard) | IN(deleted_inodes) | \
	 IN(subvolume_children) | IN(bucket_to_stripe) | RECONCILE_BTREES | PHYS_BTREES)
#define BACKPOINTER_BTREES (IN(backpointers) | IN(stripe_backpointers) | IN(reconcile_scan))

#define VERSION_STRICT_LEAVES BCH_VERSION(1, 25)
#define VERSION_EVACUATING    BCH_VERSION(1, 33)

#define VERSION_ERROR_REASON BCH_VERSION(1, 34)

enum {
	STRICT = 1 << 0, /* nowhere but in its btrees; others are held to theirs only by writers */
	EMPTY = 1 << 1,	 /* the value */
	INTERIOR = 1 << 2, /* in interior nodes */
	NO_SIZE = 1 << 3,  /* hides a range of an extents btree, but has no size itself */
};

struct key_type {
	u8 min, flags;
	u64 btrees;
	bch_key_validate_fn *validate;
	bch_key_put_fn *put;
};

#define VALIDATE(name) bch_key_validate_##name
#define PUT(name)      bch_key_put_##name

/* Least bytes of a value, flags, btrees, rules, text. */
/* clang-format off */
static const struct key_type types[BCH_KEY_TYPE_NR] = {
#define T(name, ...) [BCH_KEY_##name] = { __VA_ARGS__ },
	T(deleted,		0,  INTERIOR | NO_SIZE, ~0ULL,	NULL, NULL)
	T(whiteout,		0,  NO_SIZE,	SNAPSHOT_BTREES, NULL, NULL)
	T(error,		0,  EMPTY,	IN(extents) | IN(reflink), NULL, PUT(error))
	T(cookie,		8,  0,		IN(extents) | IN(xattrs) | IN(rebalance_work) | IN(reconcile_scan),
									NULL, PUT(cookie))
	T(hash_whiteout,	0,  EMPTY | STRICT, IN(dirents) | IN(xattrs), NULL, NULL)
	T(btree_ptr,		0,  STRICT | INTERIOR, 0,	VALIDATE(btree_ptr), PUT(ptrs))
	T(extent,		0,  STRICT,	IN(extents),	VALIDATE(ptrs), PUT(ptrs))
	T(reservation,		8,  STRICT,	IN(extents),	VALIDATE(reservation), PUT(reservation))
	T(inode,		16, STRICT,	IN(inodes),	VALIDATE(inode), PUT(inode))
	T(inode_generation,	8,  STRICT,	IN(inodes),	VALIDATE(inode_generation), PUT(inode_generation))
	T(dirent,		16, STRICT,	IN(dirents),	VALIDATE(dirent), PUT(dirent))
	T(xattr,		8,  STRICT,	IN(xattrs),	VALIDATE(xattr), PUT(xattr))
	T(alloc,		8,  STRICT,	IN(alloc),	VALIDATE(alloc), PUT(alloc))
	T(quota,		32, STRICT,	IN(quotas),	VALIDATE(quota), PUT(quota))
	T(stripe,		8,  STRICT,	IN(stripes),	VALIDATE(stripe), PUT(stripe))
	T(reflink_p,		16, STRICT,	IN(extents),	VALIDATE(reflink_p), PUT(reflink_p))
	T(reflink_v,		8,  STRICT,	IN(reflink),	VALIDATE(reflink_v), PUT(reflink_v))
	T(inline_data,		0,  STRICT,	IN(extents),	NULL, PUT(inline_data))
	T(btree_ptr_v2,		40, STRICT | INTERIOR, 0,	VALIDATE(btree_ptr_v2), PUT(btree_ptr_v2))
	T(indirect_inline_data,	8,  STRICT,	IN(reflink),	NULL, PUT(indirect_inline_data))
	T(alloc_v2,		8,  STRICT,	IN(alloc),	VALIDATE(alloc), PUT(alloc))
	T(subvolume,		16, STRICT,	IN(subvolumes),	VALIDATE(subvolume), PUT(subvolume))
	T(snapshot,		24, STRICT,	IN(snapshots),	VALIDATE(snapshot), PUT(snapshot))
	T(inode_v2,		32, STRICT,	IN(inodes),	VALIDATE(inode), PUT(inode))
	T(alloc_v3,		16, STRICT,	IN(alloc),	VALIDATE(alloc), PUT(alloc))
	T(set,			0,  EMPTY,	SET_BTREES,	NULL, NULL)
	T(lru,			8,  STRICT,	IN(lru),	VALIDATE(lru), PUT(lru))
	T(alloc_v4,		48, STRICT,	IN(alloc),	VALIDATE(alloc_v4), PUT(alloc))
	T(backpointer,		32, STRICT,	BACKPOINTER_BTREES, VALIDATE(backpointer), PUT(backpointer))
	T(inode_v3,		48, STRICT,	IN(inodes),	VALIDATE(inode), PUT(inode))
	T(bucket_gens,		0,  STRICT,	IN(bucket_gens), VALIDATE(bucket_gens), PUT(bucket_gens))
	T(snapshot_tree,	8,  STRICT,	IN(snapshot_trees), VALIDATE(snapshot_tree), PUT(snapshot_tree))
	T(logged_op_truncate,	24, STRICT,	IN(logged_ops),	NULL, PUT(logged_op_truncate))
	T(logged_op_finsert,	24, STRICT,	IN(logged_ops),	NULL, PUT(logged_op_finsert))
	T(accounting,		8,  STRICT,	IN(accounting),	VALIDATE(accounting), PUT(accounting))
	T(inode_alloc_cursor,	16, STRICT,	IN(logged_ops),	VALIDATE(inode_alloc_cursor), PUT(inode_alloc_cursor))
	T(extent_whiteout,	0,  STRICT | NO_SIZE, IN(extents), NULL, NULL)
	T(logged_op_stripe_update, 0, STRICT,	IN(logged_ops),	NULL, PUT(logged_op_stripe_update))
	T(damage,		0,  STRICT,	IN(damage),	VALIDATE(damage), PUT(damage))
#undef T
};

static const char *const type_names[BCH_KEY_TYPE_NR] = {
#define K(nr, name) [nr] = #name,
	BCH_KEY_TYPES(K)
#undef K
};
/* clang-format on */

const char *bch_key_type_name(u8 type)
{
	return type < BCH_KEY_TYPE_NR ? type_names[type] : NULL;
}

int bch_key_type_find(const char *name)
{
	for (int i = 0; i < BCH_KEY_TYPE_NR; i++)
		if (!strcmp(type_names[i], name))
			return i;
	return -1;
}

size_t bch_key_val_min(u8 type)
{
	return type < BCH_KEY_TYPE_NR ? types[type].min : 0;
}

void bch_btree_name_put(struct bch_buf *out, u32 btree_id, u16 version)
{
	if (btree_id == BCH_BTREE_rebalance_work && version >= BCH_VERSION(1, 33))
		bch_buf_puts(out, "reconcile_work");
	else if (btree_id < BCH_BTREE_NR)
		bch_buf_puts(out, bch_btree_names[btree_id]);
	else
		bch_buf_put(out, "%u", btree_id);
}

/* ------------------------------------------------------------------ against what */

static u8 durability(const struct bch_super *super, const struct bch_member *m)
{
	if (bch_member_STATE(m) == BCH_MEMBER_STATE_failed &&
	    le16_get(super->sb->version) < VERSION_EVACUATING)
		return 0;
	return (u8)bch_member_durability(m);
}

void bch_key_fs_init(struct bch_key_fs *fs, const struct bch_super *super)
{
	u64 shift = bch_sb_flag(super->sb, BCH_SB_EXTENT_BP_SHIFT);
	u64 coded_bits = bch_sb_flag(super->sb, BCH_SB_ENCODED_EXTENT_MAX_BITS);
	struct bch_member m;

	*fs = (struct bch_key_fs){
		.super = super,
		.node_sectors = (u32)bch_sb_flag(super->sb, BCH_SB_BTREE_NODE_SIZE),
		.coded_sectors_max = coded_bits < 32 ? 1U << coded_bits : BCH_U32_MAX,
		.backpointer_shift = shift && shift < 64 ? (u8)shift : BCH_BACKPOINTER_SHIFT,
		.encrypted = bch_sb_flag(super->sb, BCH_SB_ENCRYPTION_TYPE),
	};
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++)
		if (bch_super_member(super, i, &m) && bch_member_alive(&m))
			fs->devs[i] = (struct bch_key_dev){ .first_bucket = m.first_bucket,
							    .nr_buckets = m.nbuckets,
							    .bucket_sectors = m.bucket_size,
							    .durability = durability(super, &m) };
}

/* ------------------------------------------------------------------ rules */

int bch_key_why(struct bch_buf *why, int id, const char *fmt, ...)
{
	va_list args;

	if (why) {
		va_start(args, fmt);
		bch_buf_vput(why, fmt, args);
		va_end(args);
	}
	return id;
}

/* Is the btree of @c one of the set @btrees? */
static bool is_in(u64 btrees, const struct bch_key_context *c)
{
	return c->btree_id < BCH_BTREE_NR && btrees >> c->btree_id & 1;
}

/* Kernels before 1.25 read keys of any type in any leaf, but crash on some: of those none is left that has a value. */
static int check_type(const struct bch_key *k, const struct bch_key_context *c, struct bch_buf *why)
{
	const struct key_type *t = &types[k->type];
	bool held = c->writing || (t->flags & STRICT &&
				   (c->version >= VERSION_STRICT_LEAVES || !(t->flags & EMPTY)));

	if (c->level ? t->flags & INTERIOR : is_in(t->btrees, c) || !held)
		return BCH_KEY_VALID;
	bch_key_why(why, 0, "invalid key type for btree ");
	if (why)
		bch_btree_name_put(why, c->btree_id, c->version);
	return bch_key_why(why, BCH_FSCK_bkey_invalid_type_for_btree, " level %u: %s", c->level,
			   type_names[k->type]);
}

static int check_size(const struct bch_key *k, const struct bch_key_context *c, struct bch_buf *why)
{
	bool no_size = k->type < BCH_KEY_TYPE_NR && types[k->type].flags & NO_SIZE;

	if (c->level || !is_in(EXTENTS_BTREES, c) || no_size) {
		if (k->size)
			return bch_key_why(why, BCH_FSCK_bkey_size_nonzero, "size != 0");
		return BCH_KEY_VALID;
	}
	if (!k->size)
		return bch_key_why(why, BCH_FSCK_bkey_extent_size_zero, "size == 0");
	if (k->size > k->pos.offset)
		return bch_key_why(why, BCH_FSCK_bkey_extent_size_greater_than_offset,
				   "size greater than offset (%u > %" PRIu64 ")", k->size,
				   k->pos.offset);
	return BCH_KEY_VALID;
}

bool bch_btree_has_snapshots(u8 btree_id)
{
	return btree_id < BCH_BTREE_NR && SNAPSHOT_BTREES >> btree_id & 1;
}

static int check_leaf_pos(const struct bch_key *k, const struct bch_key_context *c,
			  struct bch_buf *why)
{
	if (is_in(SNAPSHOT_BTREES, c) && !k->pos.snapshot)
		return bch_key_why(why, BCH_FSCK_bkey_snapshot_zero, "snapshot == 0");
	if (!is_in(SNAPSHOT_BTREES | SNAPSHOT_FIELD_BTREES, c) && k->pos.snapshot)
		return bch_key_why(why, BCH_FSCK_bkey_snapshot_nonzero, "nonzero snapshot");
	if (k->pos.inode == BCH_U64_MAX && k->pos.offset == BCH_U64_MAX)
		return bch_key_why(why, BCH_FSCK_bkey_at_pos_max, "key at POS_MAX");
	return BCH_KEY_VALID;
}

/* The rules of all keys. Of a btree that we do not know, none holds for leaves. */
static int check_key(const struct bch_key *k, const struct bch_key_context *c, struct bch_buf *why)
{
	int problem = BCH_KEY_VALID;

	if (!c->level && c->btree_id >= BCH_BTREE_NR)
		return BCH_KEY_VALID;
	if (k->type < BCH_KEY_TYPE_NR)
		problem = check_type(k, c, why);
	if (problem == BCH_KEY_VALID)
		problem = check_size(k, c, why);
	if (problem == BCH_KEY_VALID && !c->level)
		problem = check_leaf_pos(k, c, why);
	return problem;
}

static int check_val(const struct bch_key *k, const struct bch_key_context *c, struct bch_buf *why)
{
	const struct key_type *t = &types[k->type];
	size_t max = k->type == BCH_KEY_error && c->version >= VERSION_ERROR_REASON ? 8 : 0;

	if (k->val.len < t->min)
		return bch_key_why(why, BCH_FSCK_bkey_val_size_too_small,
				   "value too small (%zu < %u bytes)", k->val.len, t->min);
	if (t->flags & EMPTY && k->val.len > max)
		return bch_key_why(why, BCH_FSCK_bkey_val_size_nonzero,
				   "incorrect value size (%zu bytes)", k->val.len);
	return t->validate ? t->validate(k, c, why) : BCH_KEY_VALID;
}

int bch_key_validate(const struct bch_key *k, const struct bch_key_context *c, struct bch_buf *why)
{
	int problem = check_key(k, c, why);

	if (problem == BCH_KEY_VALID && k->type < BCH_KEY_TYPE_NR)
		problem = check_val(k, c, why);
	return problem;
}

/* ------------------------------------------------------------------ text */

void bch_key_put_cookie(struct bch_buf *out, const struct bch_key *k,
			const struct bch_key_context *c)
{
	le64 cookie;

	memcpy(&cookie, k->val.p, sizeof(cookie));
	bch_buf_put(out, "%" PRIu64, le64_get(cookie));
}

static bool has_text(const struct bch_key *k)
{
	return k->val.len && k->type < BCH_KEY_TYPE_NR && types[k->type].put;
}

void bch_key_value_put(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c)
{
	if (!has_text(k))
		return;
	if (k->val.len < types[k->type].min)
		bch_buf_puts(out, "(value too small)");
	else
		types[k->type].put(out, k, c);
}

void bch_key_header_put(struct bch_buf *out, const struct bch_key *k)
{
	bch_buf_put(out, "u64s %zu type ", BCH_BKEY_U64S + k->val.len / 8);
	if (k->type < BCH_KEY_TYPE_NR)
		bch_buf_puts(out, type_names[k->type]);
	else
		bch_buf_put(out, "(unknown %u)", k->type);
	bch_buf_putc(out, ' ');
	bch_pos_put(out, k->pos);
	bch_buf_put(out, " len %u ver %" PRIu64, k->size, k->version_lo);
}

void bch_key_text_put(struct bch_buf *out, const struct bch_key *k, const struct bch_key_context *c)
{
	bch_key_header_put(out, k);
	if (has_text(k)) {
		bch_buf_puts(out, ": ");
		bch_key_value_put(out, k, c);
	}
}

struct cookie {
	le64 cookie;
};

BCH_KEY_FIELDS(cookie, cookie, BCH_FIELD_ROW(u64, cookie, 1))
