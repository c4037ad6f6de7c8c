// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tree of files becomes the contents of a new filesystem. Format reference: 04 §11.4.
 *
 * The order of the files gives their numbers, so that keys come sorted and each commit adds at the ends of the btrees.
 */

#include "ops/populate.h"

#include <linux/fs.h>
#include <sys/stat.h>

#include "commit/commit.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode_cursor.h"

/* Flags of files that the format has, too. Format reference: 04 §6.5. */
static const struct {
	u32 system, ours;
} flags[] = {
	{ FS_SYNC_FL, BCH_INODE_sync },	      { FS_IMMUTABLE_FL, BCH_INODE_immutable },
	{ FS_APPEND_FL, BCH_INODE_append },   { FS_NODUMP_FL, BCH_INODE_nodump },
	{ FS_NOATIME_FL, BCH_INODE_noatime },
};

#define CHANGES_BYTES	(64U << 20) /* more are committed */
#define DEV_MINOR_BITS	20
#define VERSION_DEPTH	BCH_VERSION(1, 17)
#define VERSION_CURSORS BCH_VERSION(1, 18)
#define FIRST_INUM	(BCH_INODE_NR_MIN + 2) /* after the root and lost+found */

u64 bch_populate_inum(const struct bch_source *s, u32 file)
{
	return file == BCH_SOURCE_ROOT ? BCH_INODE_NR_MIN : FIRST_INUM - 1 + s->files.v[file].nr;
}

static u16 version_of(const struct bch_populate *p)
{
	return le16_get(p->fs->super.sb->version);
}

/* ------------------------------------------------------------------ inodes */

/* Format reference: 04 §6.6. What lies before the times that there are becomes the first of them. */
u64 bch_populate_time(const struct bch_populate *p, s64 ns)
{
	s64 base = (s64)p->time_base;

	if (ns < INT64_MIN + base)
		ns = INT64_MIN + base;
	return (u64)(ns - base);
}

static u32 nr_subdirs(const struct bch_source *s, u32 dir)
{
	u32 nr = 0;

	for (const struct bch_source_name *n = bch_source_first(s, dir); n; n = bch_source_next(n))
		nr += S_ISDIR(s->files.v[n->file].mode) && !bch_source_is_subvol(s, n->file);
	return nr;
}

/* Below the root of its subvolume. */
static u32 depth_of(const struct bch_source *s, u32 file)
{
	u32 depth = 0;

	for (; s->files.v[file].name && !bch_source_is_subvol(s, file);
	     file = s->files.v[file].name->dir)
		depth++;
	return depth;
}

static struct bch_inode inode_of(struct bch_populate *p, u32 file)
{
	const struct bch_source_file *f = &p->source->files.v[file];
	struct bch_inode inode = file == BCH_SOURCE_ROOT ? p->root : (struct bch_inode){ 0 };
	bool is_dir = S_ISDIR(f->mode);

	inode.bi_mode = (u16)f->mode;
	inode.bi_uid = f->uid;
	inode.bi_gid = f->gid;
	inode.bi_atime = inode.bi_mtime = inode.bi_ctime = inode.bi_otime =
		bch_populate_time(p, f->mtime);
	inode.bi_nlink += is_dir ? nr_subdirs(p->source, file) : f->nr_names - 1;
	if (file == BCH_SOURCE_ROOT)
		return inode;
	inode.hash_type = p->root.hash_type;
	inode.bi_hash_seed = bch_writer_random(p->fs);
	inode.bi_dir = bch_populate_inum(p->source, f->name->dir);
	inode.bi_dir_offset = f->dir_offset;
	if (bch_source_is_subvol(p->source, file)) {
		inode.bi_subvol = bch_populate_subvol(p->source, file);
		inode.bi_parent_subvol = bch_populate_subvol(p->source, f->name->dir);
	}
	if (is_dir && version_of(p) >= VERSION_DEPTH)
		inode.bi_depth = depth_of(p->source, file);
	return inode;
}

static int put_inode(struct bch_populate *p, u32 file, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	const struct bch_key k = {
		.pos = bch_spos(0, bch_populate_inum(p->source, file),
				bch_populate_snapshot(p, file)),
		.type = BCH_KEY_inode_v3,
		.val = { val, bch_inode_put(inode, val) },
	};

	return bch_update(p->fs, BCH_BTREE_inodes, &k, 0);
}

/* A number that has more bits than the format. */
int bch_populate_dev(const struct bch_populate *p, u32 file, u32 *dev)
{
	const struct bch_source_file *f = &p->source->files.v[file];

	*dev = 0;
	if (!S_ISCHR(f->mode) && !S_ISBLK(f->mode))
		return 0;
	*dev = f->major << DEV_MINOR_BITS | f->minor;
	if (f->minor >> DEV_MINOR_BITS || f->major >> (32 - DEV_MINOR_BITS))
		return bch_source_error(p->source, -BCH_ERR_out_of_range, file, "device number");
	return 0;
}

/* What stays on its device has all times that it had; else there is one, so that all kinds of sources give the same. */
static int set_times(struct bch_populate *p, u32 file, struct bch_inode *inode)
{
	struct bch_source_times t;
	int err;

	if (!p->in_place || !p->source->ops->times)
		return 0;
	err = p->source->ops->times(p->source, file, &t);
	if (err)
		return err;
	inode->bi_atime = bch_populate_time(p, t.atime);
	inode->bi_ctime = bch_populate_time(p, t.ctime);
	inode->bi_otime = bch_populate_time(p, t.otime);
	return 0;
}

static int set_attributes(struct bch_populate *p, u32 file, struct bch_inode *inode)
{
	struct bch_source_attributes a;
	int err = bch_source_attributes(p->source, file, &a);

	for (size_t i = 0; i < bch_array_size(flags); i++)
		if (a.flags & flags[i].system)
			inode->bi_flags |= 1U << flags[i].ours;
	if (a.flags & FS_PROJINHERIT_FL)
		inode->bi_fields_set |= (u16)(1U << bch_inode_opt_bit(BCH_OPT_project));
	if (a.project || a.flags & FS_PROJINHERIT_FL)
		inode->bi_project = a.project + 1;
	return err;
}

static int put(struct bch_populate *p, u32 file)
{
	const struct bch_source_file *f = &p->source->files.v[file];
	struct bch_inode inode = inode_of(p, file);
	int err;

	if (p->in_place && file == p->in_place->file)
		return 0; /* once it is known what is left of it */
	err = set_times(p, file, &inode);
	if (!err)
		err = set_attributes(p, file, &inode);
	if (!err)
		err = bch_populate_xattrs(p, file, &inode);
	if (err)
		return err;
	if (S_ISDIR(f->mode))
		err = bch_populate_dir(p, file, &inode);
	else if (S_ISREG(f->mode) || S_ISLNK(f->mode))
		err = bch_populate_data(p, file, bch_populate_inum(p->source, file), &inode);
	else
		err = bch_populate_dev(p, file, &inode.bi_dev);
	p->sums.nr_dirs += S_ISDIR(f->mode);
	p->sums.nr_files += !S_ISDIR(f->mode);
	p->sums.nr_links += f->nr_names - 1;
	return err ? err : put_inode(p, file, &inode);
}

/* ------------------------------------------------------------------ in place */

int bch_populate_cover(struct bch_fs *fs, struct bch_source *source, struct bch_in_place *in_place)
{
	int err = bch_in_place_add_file(in_place, source);

	if (err)
		return err;
	in_place->inum = bch_populate_inum(source, in_place->file);
	return bch_in_place_cover(in_place, fs, BCH_U32_MAX);
}

/* What is linked by now belongs to its files alone. */
static int finish_in_place(struct bch_populate *p)
{
	struct bch_inode inode = inode_of(p, p->in_place->file);
	int err = bch_in_place_finish(p->in_place, p->fs, p->snapshot);

	inode.bi_size = p->source->files.v[p->in_place->file].size;
	inode.bi_sectors = p->in_place->nr_sectors;
	return err ? err : put_inode(p, p->in_place->file, &inode);
}

/* ------------------------------------------------------------------ the whole */

static int commit(struct bch_populate *p)
{
	int err = bch_data_writer_flush(p->data);

	return err ? err : bch_commit(p->fs);
}

/* From there on kernels look for numbers that are free. */
static int put_cursor(struct bch_populate *p)
{
	const struct bch_inode_cursor cursor = { .idx = FIRST_INUM - 1 + p->source->order.nr };
	struct bch_inode_cursor_disk val;
	const struct bch_key k = {
		.pos = bch_pos(BCH_INODE_CURSOR_INODE, 0),
		.type = BCH_KEY_inode_alloc_cursor,
		.val = { (const u8 *)&val, sizeof(val) },
	};

	if (version_of(p) < VERSION_CURSORS)
		return 0;
	bch_inode_cursor_put(&cursor, &val, sizeof(val));
	return bch_update(p->fs, BCH_BTREE_logged_ops, &k, 0);
}

static int put_all(struct bch_populate *p)
{
	struct bch_source *s = p->source;
	const struct bch_progress_work work = { .name = "files",
						.unit = "files",
						.total = s->order.nr };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(p->fs->ctx, s->opts->progress, &work);
	int err = bch_populate_subvols(p);

	for (size_t i = 0; i < s->order.nr && !err; i++) {
		bch_source_is_at(s, i);
		err = put(p, s->order.v[i]);
		if (!err && bch_changes_bytes(p->fs) > CHANGES_BYTES)
			err = commit(p);
		if (!err && bch_cancelled(p->fs->ctx))
			err = -BCH_ERR_cancelled;
		bch_progress_add(progress, 1);
	}
	if (!err && p->in_place)
		err = bch_data_writer_flush(p->data);
	if (!err && p->in_place)
		err = finish_in_place(p);
	if (!err)
		err = put_cursor(p);
	return err ? err : commit(p);
}

static int find_root(struct bch_populate *p)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(p->fs, BCH_BTREE_inodes, bch_pos(0, BCH_INODE_NR_MIN), BCH_SPOS_MAX);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more < 0)
		return more;
	if (!more || !bch_inode_get(&k, &p->root))
		return -BCH_ERR_not_found;
	p->snapshot = k.pos.snapshot;
	return 0;
}

static void say_foreign(const struct bch_populate *p)
{
	if (p->nr_foreign)
		bch_log(p->fs->ctx, BCH_LOG_warn,
			"%" PRIu64 " extended attributes were left out, of kinds that the "
			"filesystem does not have",
			p->nr_foreign);
}

int bch_populate(struct bch_fs *fs, struct bch_source *source, struct bch_in_place *in_place,
		 struct bch_populate_sums *sums)
{
	struct bch_populate p = { .fs = fs,
				  .source = source,
				  .in_place = in_place,
				  .time_base = le64_get(fs->super.sb->time_base_lo) };
	const struct bch_data_writer_opts opts = { .dedupe = source->opts->dedupe };
	int err = find_root(&p);

	if (!err)
		err = bch_data_writer_new(fs, &opts, &p.data);
	if (!err)
		err = put_all(&p);
	if (!err)
		p.sums.shared_bytes += bch_data_writer_shared(p.data);
	bch_data_writer_free(p.data);
	say_foreign(&p);
	*sums = p.sums;
	return err;
}
