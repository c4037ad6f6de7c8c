// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the data of files lies, as FIEMAP says it, and more. Format reference: 05 §12; CLI 14.2. */

#include <sys/stat.h>

#include <bcachefs/fiemap.h>
#include "alloc/alloc.h"
#include "btree/btree.h"
#include "file/file.h"
#include "ondisk/csum_types.h"
#include "ondisk/keys.h"
#include "super/super.h"

/* Bit, name, what FIEMAP says for it: 0 where that has no flag. */
/* clang-format off */
#define FLAGS(F)			\
	F(0,  last,		0x1)	\
	F(1,  reservation,	0x806)	\
	F(2,  encoded,		0x8)	\
	F(3,  not_aligned,	0x100)	\
	F(4,  inline,		0x300)	\
	F(5,  unwritten,	0x800)	\
	F(6,  reflink,		0x2000)	\
	F(7,  cached,		0)	\
	F(8,  stale,		0)	\
	F(9,  encrypted,	0)	\
	F(10, poisoned,		0)	\
	F(11, degraded,		0)	\
	F(12, lost,		0)
/* clang-format on */

enum {
#define F(nr, name, fiemap) FLAG_##name = 1 << nr,
	FLAGS(F)
#undef F
};

static const char *const flag_names[] = {
#define F(nr, name, fiemap) #name,
	FLAGS(F)
#undef F
		NULL
};

/* One pointer of an extent. */
struct place {
	u8 dev_idx, csum_type, compression_type;
	bool no_device;
	u64 sector; /* on the device: of the data, or of the blob where that is compressed */
	unsigned flags;
};

/* A run of the file that has one key. */
struct extent {
	u64 start, len; /* sectors */
	unsigned flags; /* of all places */
	u32 nr_copies;	/* that can be read */
	u32 nr_places;
	struct place places[BCH_PTRS_MAX];
};

struct fiemap {
	struct bch_fs *fs;
	const struct bch_fiemap_opts *opts;
	struct bch_facts *facts;
	struct bch_key_fs key_fs;
	bool missing; /* something could not be read */
};

/* ------------------------------------------------------------------ pointers */

/* Is there the device, and on it what the pointer was made for? */
static int look_at(struct fiemap *f, const struct bch_ptr *p, bool *there, bool *stale)
{
	u32 bucket_sectors = f->key_fs.devs[p->dev_idx].bucket_sectors;
	u8 gen;
	int err;

	*there = p->dev_idx < f->fs->nr_members && f->fs->members[p->dev_idx].blkdev;
	*stale = false;
	if (!bucket_sectors)
		return 0;
	err = bch_bucket_gen(f->fs, p->dev_idx, p->offset_sectors / bucket_sectors, &gen);
	*stale = !err && gen != p->gen;
	return err == -BCH_ERR_btree_node_read_failed ? 0 : err;
}

static bool is_encrypted(const struct bch_crc *crc)
{
	return crc->csum_type == BCH_CSUM_chacha20_poly1305_80 ||
	       crc->csum_type == BCH_CSUM_chacha20_poly1305_128;
}

static int add_place(struct fiemap *f, const struct bch_piece *piece,
		     const struct bch_extent_ptr *p, struct extent *e)
{
	struct place *at = &e->places[e->nr_places++];
	bool there, stale;
	int err = look_at(f, &p->ptr, &there, &stale);

	*at = (struct place){
		.dev_idx = p->ptr.dev_idx,
		.csum_type = p->crc.csum_type,
		.compression_type = p->crc.compression_type,
		.no_device = !f->key_fs.devs[p->ptr.dev_idx].bucket_sectors,
		.sector = p->ptr.offset_sectors,
	};
	if (p->crc.compression_type)
		at->flags |= FLAG_encoded; /* FIEMAP says it of incompressible data too */
	else
		at->sector += p->crc.offset_sectors + piece->k_skip;
	if (p->ptr.unwritten)
		at->flags |= FLAG_unwritten;
	if (is_encrypted(&p->crc))
		at->flags |= FLAG_encrypted;
	if (p->ptr.cached)
		at->flags |= FLAG_cached;
	if (stale)
		at->flags |= FLAG_stale;
	if (!p->ptr.cached && there && !stale)
		e->nr_copies += 1;
	else if (!p->ptr.cached)
		at->flags |= FLAG_degraded;
	return err;
}

static bool is_poisoned(const struct bch_super *super, const struct bch_key *k)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;

	while (bch_extent_entry_next(&rest, super, &e))
		if (e.type == BCH_EXTENT_ENTRY_flags && e.flags & BCH_EXTENT_FLAG_poisoned)
			return true;
	return false;
}

static int add_places(struct fiemap *f, const struct bch_piece *piece, struct extent *e)
{
	struct bch_extent_walk walk = bch_extent_walk(&piece->k, &f->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	if (is_poisoned(&f->fs->super, &piece->k))
		e->flags |= FLAG_poisoned;
	while (!err && e->nr_places < BCH_PTRS_MAX && bch_extent_ptr_next(&walk, &p))
		err = add_place(f, piece, &p, e);
	return err;
}

/* ------------------------------------------------------------------ extents */

static int extent_of(struct fiemap *f, const struct bch_piece *piece, struct extent *e)
{
	u32 block_sectors = le16_get(f->fs->super.sb->block_size);

	*e = (struct extent){ .start = piece->start, .len = piece->len };
	if (piece->shared)
		e->flags |= FLAG_reflink;
	if (e->start % block_sectors || e->len % block_sectors)
		e->flags |= FLAG_not_aligned;
	switch (piece->kind) {
	case BCH_PIECE_RESERVED:
		e->flags |= FLAG_reservation;
		return 0;
	case BCH_PIECE_INLINE:
		e->flags |= FLAG_inline;
		return 0;
	case BCH_PIECE_LOST:
		e->flags |= FLAG_lost;
		return 0;
	default:
		return add_places(f, piece, e);
	}
}

/* ------------------------------------------------------------------ lines */

static const int widths[] = { -14, -13, 2, 23, -16, 2, 24, 23, 15, -6 };

static void put_number(struct fiemap *f, u64 sectors)
{
	bch_fact_text(f->facts, NULL, "%" PRIu64, f->opts->sectors ? sectors : BCH_BYTES(sectors));
}

/* "0:67:188", or as much of it as there is. */
static void place_put(const struct fiemap *f, const struct place *at, struct bch_buf *out)
{
	u32 bucket_sectors = f->key_fs.devs[at->dev_idx].bucket_sectors;

	if (at->no_device)
		bch_buf_put(out, "%u:%" PRIu64, at->dev_idx, at->sector);
	else
		bch_buf_put(out, "%u:%" PRIu64 ":%" PRIu64, at->dev_idx,
			    at->sector / bucket_sectors, at->sector % bucket_sectors);
}

/* @at NULL: of an extent that lies nowhere. */
static void put_row(struct fiemap *f, const struct extent *e, const struct place *at,
		    unsigned flags)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_facts_row(f->facts, widths, bch_array_size(widths));
	put_number(f, e->start);
	put_number(f, e->len);
	bch_fact_text(f->facts, NULL, "%s", "");
	if (at) {
		place_put(f, at, &text);
		bch_fact_text(f->facts, NULL, "%s", bch_buf_str(&text));
		put_number(f, at->sector);
	} else {
		bch_fact_text(f->facts, NULL, "-");
		bch_fact_text(f->facts, NULL, "-");
	}
	bch_fact_text(f->facts, NULL, "%s", "");
	bch_buf_reset(&text);
	bch_buf_flags(&text, flags, flag_names);
	bch_fact_text(f->facts, NULL, "%s", text.len ? bch_buf_str(&text) : "-");
	bch_buf_reset(&text);
	bch_buf_choice(&text, bch_csum_type_names, at ? at->csum_type : 0);
	bch_fact_text(f->facts, NULL, "%s", at ? bch_buf_str(&text) : "-");
	bch_buf_reset(&text);
	bch_buf_choice(&text, bch_compression_type_names, at ? at->compression_type : 0);
	bch_fact_text(f->facts, NULL, "%s", at ? bch_buf_str(&text) : "-");
	bch_fact_text(f->facts, NULL, "%u", e->nr_copies);
	bch_facts_row_end(f->facts);
}

/* The one to be shown of several: the first that can be read. */
static const struct place *first_good(const struct extent *e)
{
	const unsigned bad = FLAG_cached | FLAG_stale | FLAG_degraded;

	for (u32 i = 0; i < e->nr_places; i++)
		if (!(e->places[i].flags & bad))
			return &e->places[i];
	return e->nr_places ? &e->places[0] : NULL;
}

static void put_rows(struct fiemap *f, const struct extent *e)
{
	const struct place *first = first_good(e);
	unsigned degraded = 0;

	for (u32 i = 0; i < e->nr_places; i++) {
		if (f->opts->pointers)
			put_row(f, e, &e->places[i], e->flags | e->places[i].flags);
		degraded |= e->places[i].flags & FLAG_degraded;
	}
	if (!e->nr_places || !f->opts->pointers)
		put_row(f, e, first, e->flags | degraded | (first ? first->flags : 0));
}

/* What FIEMAP gives for a set of flags. */
static u64 fiemap_flags(unsigned flags)
{
	u64 sum = 0;

#define F(nr, name, fiemap) sum |= flags & FLAG_##name ? (u64)(fiemap) : 0;
	FLAGS(F)
#undef F
	return sum;
}

static void put_json_place(struct fiemap *f, const struct extent *e, const struct place *at)
{
	u32 bucket_sectors = f->key_fs.devs[at->dev_idx].bucket_sectors;

	bch_facts_object(f->facts, NULL);
	bch_fact_json_u64(f->facts, "device", at->dev_idx);
	if (!at->no_device) {
		bch_fact_json_u64(f->facts, "bucket", at->sector / bucket_sectors);
		bch_fact_json_u64(f->facts, "sector", at->sector % bucket_sectors);
	}
	bch_fact_json_u64(f->facts, "physical_bytes", BCH_BYTES(at->sector));
	bch_fact_json_flags(f->facts, "flags", e->flags | at->flags, flag_names);
	bch_fact_json_u64(f->facts, "fiemap_flags", fiemap_flags(e->flags | at->flags));
	if (at->csum_type < BCH_CSUM_NR)
		bch_fact_json_str(f->facts, "csum", bch_csum_type_names[at->csum_type]);
	if (at->compression_type < BCH_COMPRESSION_NR)
		bch_fact_json_str(f->facts, "compression",
				  bch_compression_type_names[at->compression_type]);
	bch_facts_end(f->facts);
}

static void put_json(struct fiemap *f, const struct extent *e)
{
	bch_facts_object(f->facts, NULL);
	bch_fact_json_u64(f->facts, "logical_bytes", BCH_BYTES(e->start));
	bch_fact_json_u64(f->facts, "length_bytes", BCH_BYTES(e->len));
	bch_fact_json_flags(f->facts, "flags", e->flags, flag_names);
	if (!(e->flags & FLAG_lost))
		bch_fact_json_u64(f->facts, "fiemap_flags", fiemap_flags(e->flags));
	bch_fact_json_u64(f->facts, "copies", e->nr_copies);
	bch_facts_list(f->facts, "pointers");
	for (u32 i = 0; i < e->nr_places; i++)
		put_json_place(f, e, &e->places[i]);
	bch_facts_end(f->facts);
	bch_facts_end(f->facts);
}

/* ------------------------------------------------------------------ files */

static bool is_in_fiemap(const struct bch_piece *piece)
{
	return piece->kind != BCH_PIECE_HOLE && piece->kind != BCH_PIECE_LOST;
}

/* Says what went wrong, and whether to go on: 0. */
static int passed_over(struct fiemap *f, const char *path, int err)
{
	err = bch_error(f->fs->ctx, err, "%s", path);
	if (!f->opts->ignore_errors || err == -BCH_ERR_no_memory || err == -BCH_ERR_cancelled)
		return err;
	bch_log(f->fs->ctx, BCH_LOG_warn, "%s", bch_error_message(f->fs->ctx, err));
	f->missing = true;
	return 0;
}

/* Where the last extent begins that FIEMAP gives. What cannot be read is left to the walk that shows it. */
static u64 find_last(struct fiemap *f, const struct bch_file *file)
{
	struct bch_file_map map bch_auto(file_map);
	struct bch_piece piece;
	u64 last = 0;
	int more;

	bch_file_map_begin(&map, f->fs, file, 0, BCH_U64_MAX);
	while ((more = bch_file_map_next(&map, &piece)) && more != -BCH_ERR_no_memory)
		if (more > 0 && is_in_fiemap(&piece))
			last = piece.start;
	return last;
}

static int put_extent(struct fiemap *f, const struct bch_piece *piece, u64 last)
{
	struct extent e;
	int err = extent_of(f, piece, &e);

	if (is_in_fiemap(piece) && piece->start == last)
		e.flags |= FLAG_last;
	put_rows(f, &e);
	put_json(f, &e);
	return err;
}

static int put_extents(struct fiemap *f, const char *path, const struct bch_file *file)
{
	struct bch_file_map map bch_auto(file_map);
	u64 last = find_last(f, file);
	struct bch_piece piece;
	int more, err = 0;

	bch_file_map_begin(&map, f->fs, file, 0, BCH_U64_MAX);
	while (!err && (more = bch_file_map_next(&map, &piece))) {
		if (more > 0 && piece.kind == BCH_PIECE_HOLE)
			continue;
		err = more < 0 ? more : put_extent(f, &piece, last);
		if (err)
			err = passed_over(f, path, err);
		if (!err && bch_cancelled(f->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

static int put_file(struct fiemap *f, const char *path)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_file file;
	struct bch_stat st;
	int err = bch_path_lookup(f->fs, &f->opts->paths, path, &file);

	if (!err)
		err = bch_file_stat(f->fs, &file, &st);
	if (err)
		return passed_over(f, path, err);
	bch_buf_text(&text, path, strlen(path));
	bch_facts_heading(f->facts, "%s:", bch_buf_str(&text));
	bch_facts_heading(f->facts, "%14s%13s  %-23s%16s  %-24s%-23s%-15s%s", "Logical", "Length",
			  "Device:bucket:sector", "Physical", "Flags", "Csum", "Compression",
			  "Copies");
	bch_facts_object(f->facts, NULL);
	bch_fact_json_str(f->facts, "path", path);
	bch_fact_json_u64(f->facts, "inum", file.inum);
	bch_facts_list(f->facts, "extents");
	if (S_ISREG(st.mode) || S_ISLNK(st.mode))
		err = put_extents(f, path, &file);
	bch_facts_end(f->facts);
	bch_facts_end(f->facts);
	return err;
}

int bch_fiemap(struct bch_fs *fs, const struct bch_fiemap_opts *opts, const char *const *paths,
	       size_t nr_paths, struct bch_facts *facts)
{
	struct fiemap f = { .fs = fs, .opts = opts, .facts = facts };
	int err = 0;

	bch_key_fs_init(&f.key_fs, &fs->super);
	bch_facts_list(facts, "files");
	for (size_t i = 0; !err && i < nr_paths; i++) {
		if (i)
			bch_facts_blank(facts);
		err = put_file(&f, paths[i]);
	}
	bch_facts_end(facts);
	if (!err && f.missing)
		err = bch_error_whole(fs->ctx, -BCH_ERR_btree_node_read_failed,
				      "some extents could not be read");
	return err;
}
