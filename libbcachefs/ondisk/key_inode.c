// SPDX-License-Identifier: GPL-2.0-or-later
/* Inodes: unpack, pack, validate, print. Format reference: 04 §6, §12.1; 08 §11. */

#include "ondisk/key_inode.h"

#include "ondisk/key_dirent.h"
#include "ondisk/key_private.h"
#include "ondisk/varint.h"

/* What comes before the packed fields. Bits of bi_flags: 0-19 flags, 20-23 hash, 24-30 fields. */
/* clang-format off */
#define INODE_V1_HEAD(F, B)		\
	F(u64, bi_hash_seed, 1)		\
	F(u32, bi_flags, 1)		\
	F(u16, bi_mode, 1)

#define INODE_V2_HEAD(F, B)		\
	F(u64, bi_journal_seq, 1)	\
	F(u64, bi_hash_seed, 1)		\
	F(u64, bi_flags, 1)		\
	F(u16, bi_mode, 1)

#define INODE_V3_HEAD(F, B)		\
	F(u64, bi_journal_seq, 1)	\
	F(u64, bi_hash_seed, 1)		\
	F(u64, bi_flags, 1)		\
	F(u64, bi_sectors, 1)		\
	F(u64, bi_size, 1)		\
	F(u64, bi_version, 1)
/* clang-format on */

BCH_DISK_STRUCT(inode_v1, INODE_V1_HEAD, 14)
BCH_DISK_STRUCT(inode_v2, INODE_V2_HEAD, 26)
BCH_DISK_STRUCT(inode_v3, INODE_V3_HEAD, 48)

#define V1_NEW_VARINT	31
#define V3_FIELDS_START (sizeof(struct inode_v3_disk) / 8)

#define COMPRESSION_NR 4

/* The packed fields that are left. */
struct fields {
	struct bch_bytes rest;
	u32 nr;
	bool legacy;
};

/* The next field, of which there is one. False where it is cut off or too wide. */
static bool next_field(struct fields *f, u32 bits, u64 *v)
{
	u64 high = 0;

	f->nr--;
	if (f->legacy)
		return bch_varint_take_legacy(&f->rest, v) && (bits >= 64 || !(*v >> bits));
	if (!bch_varint_take(&f->rest, v) || (bits < 64 && *v >> bits))
		return false;
	return bits <= 64 || (bch_varint_take(&f->rest, &high) && !high);
}

/* Those behind the last one are 0. */
/* clang-format off */
#define GET_FIELD(name, bits, since)			\
	if (!f->nr)					\
		return true;				\
	if (!next_field(f, bits, &v))			\
		return false;				\
	inode->name = (BCH_INODE_TYPE_##bits)v;
/* clang-format on */

static bool get_v2_fields(struct fields *f, struct bch_inode *inode)
{
	u64 v;

	BCH_INODE_V2_FIELDS(GET_FIELD)
	return true;
}

static bool get_v3_fields(struct fields *f, struct bch_inode *inode)
{
	u64 v;

	BCH_INODE_V3_FIELDS(GET_FIELD)
	return true;
}

static void get_flags(struct bch_inode *inode, u64 flags)
{
	inode->bi_flags = (u32)bch_bits_get(flags, 0, 20);
	inode->hash_type = (u8)bch_bits_get(flags, 20, 24);
	inode->nr_fields = (u8)bch_bits_get(flags, 24, 31);
}

static struct fields get_v1_head(struct bch_bytes val, struct bch_inode *inode)
{
	struct inode_v1 h;

	inode_v1_get(&h, val.p, val.len);
	get_flags(inode, h.bi_flags);
	inode->bi_hash_seed = h.bi_hash_seed;
	inode->bi_mode = h.bi_mode;
	return (struct fields){ bch_bytes_from(val, sizeof(struct inode_v1_disk)), inode->nr_fields,
				!(h.bi_flags >> V1_NEW_VARINT) };
}

static struct fields get_v2_head(struct bch_bytes val, struct bch_inode *inode)
{
	struct inode_v2 h;

	inode_v2_get(&h, val.p, val.len);
	get_flags(inode, h.bi_flags);
	inode->bi_journal_seq = h.bi_journal_seq;
	inode->bi_hash_seed = h.bi_hash_seed;
	inode->bi_mode = h.bi_mode;
	return (struct fields){ bch_bytes_from(val, sizeof(struct inode_v2_disk)), inode->nr_fields,
				false };
}

static struct fields get_v3_head(struct bch_bytes val, struct bch_inode *inode)
{
	struct inode_v3 h;

	inode_v3_get(&h, val.p, val.len);
	get_flags(inode, h.bi_flags);
	inode->bi_journal_seq = h.bi_journal_seq;
	inode->bi_hash_seed = h.bi_hash_seed;
	inode->bi_mode = (u16)bch_bits_get(h.bi_flags, 36, 52);
	inode->bi_sectors = h.bi_sectors;
	inode->bi_size = h.bi_size;
	inode->bi_version = h.bi_version;
	return (struct fields){ bch_bytes_from(val, sizeof(struct inode_v3_disk)), inode->nr_fields,
				false };
}

bool bch_inode_get(const struct bch_key *k, struct bch_inode *inode)
{
	struct fields f;
	bool got;

	*inode = (struct bch_inode){ 0 };
	if (!bch_key_is_inode(k) || !k->val.len)
		return false;

	if (k->type == BCH_KEY_inode_v3) {
		f = get_v3_head(k->val, inode);
		got = get_v3_fields(&f, inode);
	} else {
		f = k->type == BCH_KEY_inode_v2 ? get_v2_head(k->val, inode)
						: get_v1_head(k->val, inode);
		got = get_v2_fields(&f, inode);
	}
	inode->nr_unknown = (u8)f.nr;
	return got;
}

size_t bch_inode_put(const struct bch_inode *inode, u8 val[BCH_INODE_VAL_MAX])
{
#define F(name, bits, since) { inode->name, bits },
	const struct {
		u64 v;
		u32 bits;
	} fields[] = { BCH_INODE_V3_FIELDS(F) };
#undef F
	u64 nr = bch_array_size(fields);
	u8 *p = val + sizeof(struct inode_v3_disk);
	struct inode_v3 h = {
		.bi_journal_seq = inode->bi_journal_seq,
		.bi_hash_seed = inode->bi_hash_seed,
		.bi_sectors = inode->bi_sectors,
		.bi_size = inode->bi_size,
		.bi_version = inode->bi_version,
	};

	if (inode->nr_unknown)
		return 0;

	memset(val, 0, BCH_INODE_VAL_MAX);
	while (nr && !fields[nr - 1].v)
		nr--;
	for (u64 i = 0; i < nr; i++) {
		p += bch_varint_put(p, fields[i].v);
		if (fields[i].bits > 64)
			p += bch_varint_put(p, 0);
	}

	h.bi_flags = inode->bi_flags | (u64)inode->hash_type << 20 | nr << 24 |
		     V3_FIELDS_START << 31 | (u64)inode->bi_mode << 36;
	inode_v3_put(&h, val, sizeof(struct inode_v3_disk));
	return ((size_t)(p - val) + 7) & ~(size_t)7;
}

static int check_pos(const struct bch_key *k, struct bch_buf *why)
{
	if (k->pos.inode)
		return bch_key_why(why, BCH_FSCK_inode_pos_inode_nonzero,
				   "inode part of the position is %" PRIu64, k->pos.inode);
	if (k->pos.offset < BCH_INODE_NR_MIN)
		return bch_key_why(why, BCH_FSCK_inode_pos_blockdev_range,
				   "inode number %" PRIu64 " is less than %u", k->pos.offset,
				   BCH_INODE_NR_MIN);
	return BCH_KEY_VALID;
}

static int check_fields_start(const struct bch_key *k, struct bch_buf *why)
{
	struct inode_v3 h;
	u64 start;

	inode_v3_get(&h, k->val.p, k->val.len);
	start = bch_bits_get(h.bi_flags, 31, 36);
	if (start < V3_FIELDS_START || start > k->val.len / 8)
		return bch_key_why(why, BCH_FSCK_inode_v3_fields_start_bad,
				   "fields start at u64 %" PRIu64 " of %zu", start, k->val.len / 8);
	return BCH_KEY_VALID;
}

static bool compression_valid(u8 biased)
{
	u8 type = (u8)(biased - 1) & 15, level = (u8)(biased - 1) >> 4;

	return !biased || (type < COMPRESSION_NR && (type || !level));
}

static int check_inode(const struct bch_inode *inode, struct bch_buf *why)
{
	bool unlinked = inode->bi_flags >> BCH_INODE_unlinked & 1;

	if (inode->hash_type >= BCH_STR_HASH_NR)
		return bch_key_why(why, BCH_FSCK_inode_str_hash_invalid, "hash type %u",
				   inode->hash_type);
	if (inode->bi_data_checksum > 4)
		return bch_key_why(why, BCH_FSCK_inode_checksum_type_invalid, "data checksum %u",
				   inode->bi_data_checksum - 1U);
	if (!compression_valid(inode->bi_compression))
		return bch_key_why(why, BCH_FSCK_inode_compression_type_invalid, "compression %u",
				   inode->bi_compression - 1U);
	if (unlinked && inode->bi_nlink)
		return bch_key_why(why, BCH_FSCK_inode_unlinked_but_nlink_nonzero,
				   "flag unlinked, but bi_nlink is %u", inode->bi_nlink);
	if (inode->bi_subvol && inode->bi_mode >> 12 != BCH_DIRENT_dir)
		return bch_key_why(why, BCH_FSCK_inode_subvol_root_but_not_dir,
				   "root of subvolume %u has mode %o", inode->bi_subvol,
				   inode->bi_mode);
	return BCH_KEY_VALID;
}

int bch_key_validate_inode(const struct bch_key *k, const struct bch_key_context *c,
			   struct bch_buf *why)
{
	int id = check_pos(k, why);
	struct bch_inode inode;

	if (id == BCH_KEY_VALID && k->type == BCH_KEY_inode_v3)
		id = check_fields_start(k, why);
	if (id != BCH_KEY_VALID)
		return id;
	if (!bch_inode_get(k, &inode))
		return bch_key_why(why, BCH_FSCK_inode_unpack_error,
				   "fields are cut off or too wide");
	return check_inode(&inode, why);
}

#define NAME(nr, name) [nr] = #name,
static const char *const hash_names[] = { BCH_STR_HASHES(NAME) NULL };
static const char *const flag_names[] = { BCH_INODE_FLAGS(NAME) NULL };
#undef NAME

static void put_mode(struct bch_buf *out, u16 mode, u16 version)
{
	const char *type = bch_dirent_type_name((u8)(mode >> 12));

	bch_buf_put(out, "mode=%o", mode);
	if (version >= BCH_INODE_TEXT_1_38)
		bch_buf_put(out, " (%s)", type ? type : "unknown");
	bch_buf_newline(out);
}

static void put_hash(struct bch_buf *out, const struct bch_inode *inode)
{
	bch_buf_put(out, "hash_seed=%" PRIx64 "\nhash_type=", inode->bi_hash_seed);
	bch_buf_choice(out, hash_names, inode->hash_type);
	bch_buf_newline(out);
}

static void put_flags(struct bch_buf *out, const struct bch_inode *inode)
{
	bch_buf_puts(out, "flags=");
	bch_buf_flags(out, inode->bi_flags, flag_names);
	bch_buf_put(out, "(%x)\n",
		    inode->bi_flags | (u32)inode->hash_type << 20 | (u32)inode->nr_fields << 24);
}

/* One line a number; the tools print v1 and v2 as if they were v3. */
static void put_numbers(struct bch_buf *out, const struct bch_inode *inode, u16 version)
{
#define F(name, bits, since) { #name, inode->name, since },
	const struct {
		const char *name;
		u64 v;
		u16 since;
	} fields[] = { BCH_INODE_SIZES(F) F(bi_version, 64, 0) BCH_INODE_V3_FIELDS(F) };
#undef F

	for (size_t i = 0; i < bch_array_size(fields) && fields[i].since <= version; i++)
		bch_buf_put(out, "%s%s=%" PRIu64, i ? "\n" : "", fields[i].name, fields[i].v);
}

void bch_key_put_inode(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c)
{
	struct bch_inode inode;

	if (!bch_inode_get(k, &inode)) {
		bch_buf_puts(out, "(cannot be unpacked)");
		return;
	}
	bch_buf_newline(out);
	bch_buf_indent_add(out, 2);
	put_mode(out, inode.bi_mode, c->version);
	put_flags(out, &inode);
	bch_buf_put(out, "journal_seq=%" PRIu64 "\n", inode.bi_journal_seq);
	if (c->version >= BCH_TEXT_1_28)
		put_hash(out, &inode);
	put_numbers(out, &inode, c->version);
	bch_buf_indent_sub(out, 2);
	if (c->version >= BCH_INODE_TEXT_1_38)
		bch_buf_newline(out);
}

int bch_key_validate_inode_generation(const struct bch_key *k, const struct bch_key_context *c,
				      struct bch_buf *why)
{
	return check_pos(k, why);
}

void bch_key_put_inode_generation(struct bch_buf *out, const struct bch_key *k,
				  const struct bch_key_context *c)
{
	struct bch_inode_generation g;

	bch_inode_generation_get(&g, k->val.p, k->val.len);
	bch_buf_put(out, "generation: %u", g.bi_generation);
}

BCH_KEY_FIELDS(inode_generation, bch_inode_generation_disk,
	       BCH_INODE_GENERATION_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))

/* ------------------------------------------------------------------ fields in places that do not move */

void bch_inode_flat_get(struct bch_inode_flat *flat, const struct bch_inode *inode)
{
#define F(name, bits, since) flat->name = le64_of(inode->name);
	BCH_INODE_FLAT_FIELDS(F)
#undef F
}

void bch_inode_flat_put(const struct bch_inode_flat *flat, struct bch_inode *inode)
{
	*inode = (struct bch_inode){ 0 };
#define F(name, bits, since) inode->name = (BCH_INODE_TYPE_##bits)le64_get(flat->name);
	BCH_INODE_FLAT_FIELDS(F)
#undef F
}

/* Of an inode that is flat: as it is packed its fields have no places. */
#define ROW(name, bits, since) BCH_FIELD(#name, name, 0, (bits) < 64 ? (bits) : 64, 1)
/* clang-format off */
BCH_KEY_FIELDS(inode_v3, bch_inode_flat,
	BCH_FIELD("bi_mode", bi_mode, 0, 16, 1, .kind = BCH_FIELD_OCTAL)
	BCH_FIELD("bi_flags", bi_flags, 0, 20, 1, BCH_FIELD_SET_OF(flag_names, bch_array_size(flag_names) - 1))
	BCH_FIELD("hash_type", hash_type, 0, 4, 1, BCH_FIELD_ONE_OF(hash_names, BCH_STR_HASH_NR))
	BCH_INODE_FLAT_FIELDS(ROW))
/* clang-format on */
