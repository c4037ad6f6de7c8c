// SPDX-License-Identifier: GPL-2.0-or-later
/* All that is known of a file: what stat(1) shows, in its layout, and what the filesystem keeps besides. CLI 14.2. */

#include <string.h>
#include <sys/stat.h>

#include <bcachefs/stat.h>
#include "ondisk/keys.h"
#include "ops/listing.h"
#include "super/super.h"

#define COLUMN 19

struct show {
	struct bch_fs *fs;
	const struct bch_stat_opts *opts;
	const struct bch_file *file;
	struct bch_facts *facts;
	struct bch_listed e;
	struct bch_inode inode;
	u32 snapshot; /* that the inode is of */
};

/* ------------------------------------------------------------------ stat(1) */

static void put_name(struct show *s, const char *path)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_buf target bch_auto(buf) = { 0 };
	void (*put)(struct bch_buf *, const char *) =
		s->opts->terminal ? bch_buf_name : bch_buf_puts;

	put(&line, path);
	if (S_ISLNK(s->e.st.mode) && !bch_file_readlink(s->fs, s->file, &target)) {
		bch_buf_puts(&line, " -> ");
		put(&line, bch_buf_str(&target));
	}
	bch_facts_heading(s->facts, "  File: %s", bch_buf_str(&line));
}

static void put_owner(struct show *s)
{
	const struct bch_stat *st = &s->e.st;
	struct bch_buf mode bch_auto(buf) = { 0 };
	struct bch_buf user bch_auto(buf) = { 0 };
	struct bch_buf group bch_auto(buf) = { 0 };

	bch_buf_mode(&mode, st->mode);
	bch_buf_user(&user, s->opts->names, st->uid);
	bch_buf_group(&group, s->opts->names, st->gid);
	bch_facts_heading(s->facts, "Access: (%04o/%s)  Uid: (%5u/%8s)   Gid: (%5u/%8s)",
			  st->mode & 07777, bch_buf_str(&mode), st->uid, bch_buf_str(&user),
			  st->gid, bch_buf_str(&group));
}

static void put_time(struct show *s, const char *label, struct bch_time t)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_time_full(&text, t.sec, t.nsec);
	bch_facts_heading(s->facts, "%s: %s", label, bch_buf_str(&text));
}

static void put_stat(struct show *s, const char *path)
{
	const struct bch_stat *st = &s->e.st;
	struct bch_buf device bch_auto(buf) = { 0 };

	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		bch_buf_put(&device, "     Device type: %u,%u", st->major, st->minor);
	put_name(s, path);
	bch_facts_heading(
		s->facts, "  Size: %-15" PRIu64 " Blocks: %-10" PRIu64 " IO Block: %-6u %s",
		st->size, st->nr_sectors, (u32)BCH_BYTES(le16_get(s->fs->super.sb->block_size)),
		st->size || !S_ISREG(st->mode) ? bch_mode_type(st->mode) : "regular empty file");
	bch_facts_heading(s->facts, "Subvol: %-15u Inode: %-11" PRIu64 " Links: %u%s",
			  s->file->subvol, s->file->inum, st->nlink, bch_buf_str(&device));
	put_owner(s);
	put_time(s, "Access", st->atime);
	put_time(s, "Modify", st->mtime);
	put_time(s, "Change", st->ctime);
	put_time(s, " Birth", st->otime);
}

/* ------------------------------------------------------------------ the inode */

static const char *const flag_names[] = {
#define F(nr, name) [nr] = #name,
	BCH_INODE_FLAGS(F)
#undef F
		NULL,
};

/* What was set on the file itself, and what was inherited. */
static void fact_options(struct show *s)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_facts_options(s->facts, s->fs, &s->inode);
	bch_buf_options(&text, s->fs, &s->inode);
	bch_fact_text(s->facts, "Options", "%s", text.len ? bch_buf_str(&text) : "-");
}

static int fact_xattrs(struct show *s)
{
	struct bch_file_xattrs xattrs bch_auto(file_xattrs) = { 0 };
	struct bch_buf names bch_auto(buf) = { 0 };
	int err = bch_file_xattrs_read(s->fs, s->file, &xattrs);

	bch_facts_list(s->facts, "xattrs");
	for (size_t i = 0; i < xattrs.nr; i++) {
		bch_fact_json_str(s->facts, NULL, xattrs.v[i].name);
		bch_buf_puts(&names, i ? " " : "");
		bch_buf_name(&names, xattrs.v[i].name);
	}
	bch_facts_end(s->facts);
	bch_fact_text(s->facts, "Xattrs", "%s", names.len ? bch_buf_str(&names) : "-");
	return err;
}

static void facts_inode(struct show *s)
{
	const struct bch_inode *i = &s->inode;

	bch_fact_text(s->facts, "Snapshot", "%u", s->file->snapshot);
	bch_fact_u64(s->facts, "Inode snapshot", s->snapshot);
	if (i->bi_subvol)
		bch_fact_text(s->facts, "Root of subvol", "%u", i->bi_subvol);
	fact_options(s);
	bch_fact_flags(s->facts, "Flags", i->bi_flags, flag_names);
	bch_fact_u64(s->facts, "Version", i->bi_version);
	bch_fact_u64(s->facts, "Generation", i->bi_generation);
	bch_fact_u64(s->facts, "Journal seq", i->bi_journal_seq);
	if (s->e.st.project)
		bch_fact_u64(s->facts, "Project", s->e.st.project);
	if (S_ISDIR(s->e.st.mode))
		bch_fact_bool(s->facts, "Casefold", s->e.st.casefold);
}

/* ------------------------------------------------------------------ the data */

/* What a file's extents come to. */
struct sums {
	struct bch_key_fs key_fs;
	u64 nr_extents, nr_lost;
	u64 data_sectors;   /* in the file */
	u64 stored_sectors; /* of one copy */
	u64 dev_sectors[BCH_SB_MAX_MEMBERS];
	u32 least_copies; /* of all data, on devices that are there; BCH_U32_MAX: there is none */
};

static bool is_there(const struct bch_fs *fs, u8 dev_idx)
{
	return dev_idx < fs->nr_members && fs->members[dev_idx].blkdev;
}

static void add_data(const struct bch_fs *fs, struct sums *sums, const struct bch_piece *p)
{
	struct bch_extent_walk w = bch_extent_walk(&p->k, &fs->super);
	struct bch_extent_ptr e;
	u32 copies = 0;
	u64 stored = 0;

	while (bch_extent_ptr_next(&w, &e)) {
		u64 sectors = bch_crc_disk_sectors(&e.crc, (u32)p->len);
		u8 dev = e.ptr.dev_idx;

		if (e.ptr.cached)
			continue;
		stored = stored ? stored : sectors;
		if (dev < BCH_SB_MAX_MEMBERS)
			sums->dev_sectors[dev] += sectors;
		if (is_there(fs, dev))
			copies += e.in_stripe ? e.stripe.redundancy + 1U
					      : sums->key_fs.devs[dev].durability;
	}
	sums->data_sectors += p->len;
	sums->stored_sectors += stored;
	sums->least_copies = copies < sums->least_copies ? copies : sums->least_copies;
}

static int sum_up(struct show *s, struct sums *sums)
{
	struct bch_file_map map bch_auto(file_map);
	struct bch_piece p;
	int more;

	bch_key_fs_init(&sums->key_fs, &s->fs->super);
	sums->least_copies = BCH_U32_MAX;
	bch_file_map_begin(&map, s->fs, s->file, 0, BCH_U64_MAX);
	while ((more = bch_file_map_next(&map, &p)) > 0) {
		sums->nr_extents += p.kind != BCH_PIECE_HOLE;
		sums->nr_lost += p.kind == BCH_PIECE_LOST;
		if (p.kind == BCH_PIECE_DATA || p.kind == BCH_PIECE_UNWRITTEN)
			add_data(s->fs, sums, &p);
	}
	return more;
}

static void facts_devices(struct show *s, const struct sums *sums)
{
	bch_facts_list(s->facts, "on_disk");
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS; i++) {
		struct bch_buf bytes bch_auto(buf) = { 0 };

		if (!sums->dev_sectors[i])
			continue;
		bch_facts_object(s->facts, NULL);
		bch_fact_json_u64(s->facts, "device", i);
		bch_fact_json_u64(s->facts, "stored_bytes", BCH_BYTES(sums->dev_sectors[i]));
		bch_facts_end(s->facts);
		bch_buf_human(&bytes, BCH_BYTES(sums->dev_sectors[i]));
		bch_fact_text(s->facts, "On disk", "%s on %s (device %u)", bch_buf_str(&bytes),
			      is_there(s->fs, (u8)i) ? s->fs->members[i].blkdev->name : "(missing)",
			      i);
	}
	bch_facts_end(s->facts);
}

/* How many copies there are to be. */
static u64 copies_wanted(const struct show *s)
{
	u8 stored = s->inode.bi_data_replicas;

	return stored ? stored - 1U : bch_sb_opt(s->fs->super.sb, BCH_OPT_data_replicas);
}

static void facts_copies(struct show *s, const struct sums *sums)
{
	bch_facts_object(s->facts, "copies");
	bch_fact_json_u64(s->facts, "wanted", copies_wanted(s));
	if (sums->least_copies != BCH_U32_MAX)
		bch_fact_json_u64(s->facts, "there", sums->least_copies);
	bch_facts_end(s->facts);
	if (sums->least_copies != BCH_U32_MAX)
		bch_fact_text(s->facts, "Copies", "%" PRIu64 " wanted, %u there", copies_wanted(s),
			      sums->least_copies);
	else
		bch_fact_text(s->facts, "Copies", "%" PRIu64 " wanted", copies_wanted(s));
}

static int facts_data(struct show *s)
{
	struct sums sums = { 0 };
	int err = sum_up(s, &sums);

	bch_fact_u64(s->facts, "Extents", sums.nr_extents);
	if (sums.nr_lost)
		bch_fact_u64(s->facts, "Lost extents", sums.nr_lost);
	facts_devices(s, &sums);
	if (sums.stored_sectors)
		bch_fact(s->facts, "Compression ratio", "%" PRIu64 ".%02" PRIu64,
			 sums.data_sectors / sums.stored_sectors,
			 sums.data_sectors % sums.stored_sectors * 100 / sums.stored_sectors);
	facts_copies(s, &sums);
	return err;
}

/* ------------------------------------------------------------------ all */

int bch_file_show(struct bch_fs *fs, const struct bch_stat_opts *opts, const char *path,
		  const struct bch_file *file, struct bch_facts *facts)
{
	struct show s = { .fs = fs, .opts = opts, .file = file, .facts = facts };
	int err = bch_file_inode(fs, file, &s.inode, &s.snapshot);

	if (err)
		return bch_error(fs->ctx, err, "%s", path);
	s.e = (struct bch_listed){ .name = path, .file = *file };
	bch_inode_stat(fs, file->inum, &s.inode, &s.e.st);
	bch_facts_column(facts, COLUMN);
	put_stat(&s, path);
	bch_facts_name(facts, "path", path);
	bch_facts_listed(facts, fs, opts->names, &s.e);
	facts_inode(&s);
	if (S_ISREG(s.e.st.mode) || S_ISLNK(s.e.st.mode))
		err = facts_data(&s);
	if (!err)
		err = fact_xattrs(&s);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}
