/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Superblocks on devices: read, choose, write; an open filesystem. Format reference: 01 §2, §10, §11. */

#ifndef BCHFS_SUPER_SUPER_H
#define BCHFS_SUPER_SUPER_H

#include <bcachefs/super.h>
#include "base/array.h"
#include "codec/codec.h"
#include "io/io.h"
#include "ondisk/sb_sections.h"

/* What statfs(2) calls a mounted bcachefs. */
#define BCH_STATFS_MAGIC 0xca451a4eU

/* ------------------------------------------------------------------ one device */

/*
 * The copy at @sector: magic, version, length, checksum (01 §10.1), not the rules of 01 §10.3. Details of an error are
 * appended to @why. @super is the caller's to end.
 */
int bch_super_read_copy(struct bch_blkdev *dev, u64 sector, struct bch_super *super,
			struct bch_buf *why);

/* The layout of sector 7, valid. */
int bch_super_read_layout(struct bch_blkdev *dev, struct bch_sb_layout *layout,
			  struct bch_buf *why);

/*
 * A device's superblock as a kernel takes it (01 §10.2): at @sector, or where that is 0 the default one, else the first
 * good backup; valid and fixed up. Says its error through @dev's context; a backup in use is a warning.
 */
int bch_super_read(struct bch_blkdev *dev, u64 sector, struct bch_super *super);

/* Was @a written after @b? Format reference: 01 §10.4. */
static inline bool bch_sb_is_newer(const struct bch_sb *a, const struct bch_sb *b)
{
	if (le64_get(a->seq) != le64_get(b->seq))
		return le64_get(a->seq) > le64_get(b->seq);
	return le64_get(a->write_time) > le64_get(b->write_time);
}

/* Fills the layout: 01 §2.2. All in bytes. -BCH_ERR_device_too_small. */
int bch_layout_make(struct bch_sb_layout *layout, u64 dev_size, u32 block_size, u32 bucket_size,
		    u64 superblock_size);

/* Copies that would not lie before sector @end are no more: how many. */
u32 bch_layout_cut(struct bch_sb_layout *layout, u64 end);

/* Whole buckets that the device has room for, whatever the member says. */
static inline u64 bch_blkdev_buckets(const struct bch_blkdev *dev, const struct bch_member *m)
{
	return BCH_SECTORS(dev->geometry.size) / m->bucket_size;
}

/* The checksum type of the superblock that goes with the option metadata_checksum: 01 §6. */
u8 bch_super_csum_type(const struct bch_sb *sb);

struct bch_bucket_ranges {
	struct bch_bucket_range *v;
	size_t nr, size; /* used, allocated: base/array.h */
};

/* The buckets that a kernel gives the journal of a new member, each a range of its own; to be freed. 01 §13.1. */
int bch_journal_default_place(const struct bch_sb_layout *layout, const struct bch_member *m,
			      struct bch_bucket_ranges *ranges);

/* Do journal entries of the filesystem begin buckets of @ranges on @dev? 1, 0, or the error of a read. */
int bch_journal_is_there(struct bch_blkdev *dev, const struct bch_super *super,
			 const struct bch_member *m, const struct bch_bucket_ranges *ranges);

/* Sets offset and checksum for the copy at @sector. */
int bch_super_seal(struct bch_super *super, u64 sector);

/* ------------------------------------------------------------------ an open filesystem */

struct bch_fs_member {
	struct bch_blkdev *blkdev; /* NULL: missing */
	struct bch_super super;	   /* as it is on that device */
	bool new_layout;	   /* that on disk, which stands alone, is to be written too */
};

/* What a later floor keeps with an open filesystem: part of something of its own, which end() frees. */
struct bch_fs_attachment {
	struct bch_fs_attachment *next;
	void (*end)(struct bch_fs *fs);
};

/* What entries and the clean section carry besides keys, as it was when the filesystem was started. */
struct bch_fs_state {
	u64 key_version; /* the last that data was encrypted with */
	u64 clock[2];	 /* sectors read, written */
	u64 seq;	 /* of the newest entry that counts */
	bool was_clean;
};

/* Something wrong that a start met. */
struct bch_finding {
	u32 id; /* enum bch_fsck_error */
	char *text;
};

struct bch_findings {
	BCH_ARRAY(struct bch_finding) a;
	bool keeps; /* they are for a check, and not logged */
};

struct bch_btrees;
struct bch_writer;
struct bch_files;

struct bch_fs {
	struct bch_ctx *ctx;
	unsigned flags;		       /* enum bch_open_flags */
	u64 now;		       /* unix seconds */
	struct bch_super super;	       /* fs-wide state: the newest copy, and what is changed */
	struct bch_fs_member *members; /* super.sb->nr_devices when opened */
	u32 nr_members;
	struct bch_undo *undo;		    /* NULL: none */
	struct bch_crypt_key *key;	    /* the filesystem's; NULL while locked */
	struct bch_fs_attachment *attached; /* the newest first */
	struct bch_fs_state state;	    /* set by bch_fs_start() */
	struct bch_findings findings;	    /* likewise */
	struct bch_btrees *btrees;	    /* NULL: not started */
	struct bch_writer *writer;	    /* NULL: nothing is to be changed */
	struct bch_files *files;	    /* NULL: not started */
};

/* bch_fs_close() calls a->end() while the members are still open, the newest first. */
void bch_fs_attach(struct bch_fs *fs, struct bch_fs_attachment *a);

/* A filesystem to be made: no members yet. */
int bch_fs_new(struct bch_ctx *ctx, u32 nr_members, struct bch_fs **fs);

/*
 * Makes the undo file that @opts names; *undo is NULL where they name none. @header: all but the command line;
 * @user_uuid and its time are for the name in a folder.
 */
int bch_undo_begin(struct bch_ctx *ctx, const struct bch_undo_opts *opts,
		   struct bch_undo_header *header, const u8 user_uuid[16], struct bch_undo **undo);

/* From now on what is overwritten on the members goes to the undo file first, if @opts names one. */
int bch_fs_start_undo(struct bch_fs *fs, const struct bch_undo_opts *opts, u64 now);

/* The same for a member that came later. */
int bch_fs_undo_member(struct bch_fs *fs, u32 dev_idx);

/* Has @fs have @nr slots for members, no fewer than now, in memory and in the superblock: the new ones are empty. */
int bch_fs_grow_members(struct bch_fs *fs, u32 nr);

/*
 * Writes all copies of one member's superblock, and its layout. It says that it was never written together with the
 * others: until bch_fs_write_super() it is a stranger to them.
 */
int bch_fs_write_stranger(struct bch_fs *fs, u32 dev_idx);

/*
 * Writes all copies of the members' superblocks as they are, in the order of 01 §11: backups, then the first sector of
 * each primary, then its rest, a flush after each; the layouts too (@with_layout) of those that
 * have the default superblock.
 */
int bch_fs_write_copies(struct bch_fs *fs, bool with_layout);

/*
 * The target that @text means: "none" or nothing, a label or a part of one, a member (bch_fs_member_find()).
 * -BCH_ERR_target_unknown. Format reference: 01 §12.3.
 */
int bch_target_parse(struct bch_fs *fs, const char *text, u64 *target);

/* ------------------------------------------------------------------ where to write: 06 §12 */

/* Members by index, ascending. */
struct bch_write_devs {
	u8 v[BCH_SB_MAX_MEMBERS];
	u32 nr;
	u32 durability; /* of a copy on each of them */
};

/* May new data of @data_type (enum bch_data_type) go to the member: open, read-write, allowed? */
bool bch_fs_dev_takes(const struct bch_fs *fs, u32 dev_idx, u8 data_type);

/* The members of @target (0: all) that take new data of @data_type, none of durability 0; and that of all of them. */
u32 bch_fs_target_devs(const struct bch_fs *fs, u8 data_type, u64 target,
		       struct bch_write_devs *devs);

/*
 * The members for btree nodes or the journal: those of metadata_target, else of foreground_target; all where these do
 * not suffice for metadata_replicas. None of durability 0.
 */
void bch_fs_metadata_devs(const struct bch_fs *fs, u8 data_type, struct bch_write_devs *devs);

/* The checksum type of nodes and journal entries: 05 §3.1. */
u8 bch_fs_metadata_csum_type(const struct bch_fs *fs);

/* ------------------------------------------------------------------ find */

/* A device that holds a valid superblock. */
struct bch_found {
	char *path;
	struct bch_super super;
};

struct bch_founds {
	BCH_ARRAY(struct bch_found) a;
};

/* "UUID=...  LABEL=tank  version 1.13  clean  2 of 3 devices". */
void bch_super_headline_put(struct bch_buf *out, const struct bch_super *super, u32 have, u32 want);

/* The same for JSON alone, as the keys of an object that is open. */
void bch_super_facts(struct bch_facts *facts, const struct bch_super *super, u32 have, u32 want);

/* What is known of a member that is not there: "last seen as sda, mounted 2 days before the others were written". */
void bch_member_absence_put(struct bch_buf *out, const struct bch_super *super,
			    const struct bch_member *m);

/* Frees what was found. */
void bch_founds_end(struct bch_founds *found);
static inline void bch_founds_cleanup(struct bch_founds *found)
{
	bch_founds_end(found);
}

/* Paths, owned. */
struct bch_paths {
	BCH_ARRAY(char *) a;
};

/* Frees the paths. */
void bch_paths_end(struct bch_paths *paths);
static inline void bch_paths_cleanup(struct bch_paths *paths)
{
	bch_paths_end(paths);
}

/* Adds a copy of @path unless it is there. -BCH_ERR_no_memory. */
int bch_paths_add(struct bch_paths *paths, const char *path);

/* One of several paths to a disk, of which the whole is to be used instead? */
bool bch_is_multipath_component(const char *path);

/* All block devices that can be members (not components of multipath), and the files in the folders @scan. */
int bch_find_block_devices(struct bch_ctx *ctx, struct bch_paths *paths);
int bch_find_files(struct bch_ctx *ctx, const char *dir, struct bch_paths *paths);

/* Those of @paths that hold a superblock, read by several threads; what cannot be read is passed over silently. */
int bch_find_members(struct bch_ctx *ctx, const struct bch_paths *paths, struct bch_founds *found);

/*
 * The paths of the members that @names say. @opts: where else to look. Adds the other members of a filesystem that is
 * named by one block device. -BCH_ERR_no_such_device where nothing is found.
 */
int bch_resolve_names(struct bch_ctx *ctx, const char *const *names, size_t nr,
		      const struct bch_open_opts *opts, struct bch_paths *paths);

#endif
