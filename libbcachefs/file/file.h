/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files, for later floors: snapshot trees, subvolumes, inodes, and what a file's data is made of. Format reference: 04, 05.
 *
 * As in <bcachefs/file.h> all is safe for several threads once bch_files_start() has returned.
 */

#ifndef BCHFS_FILE_FILE_H
#define BCHFS_FILE_FILE_H

#include <bcachefs/file.h>
#include "btree/btree.h"
#include "file/edit.h"
#include "ondisk/key_extent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_snapshot.h"
#include "ondisk/key_stripe.h"
#include "ondisk/key_subvolume.h"

/* ------------------------------------------------------------------ snapshots: 04 §2, §3.1 */

struct bch_snapshot_node {
	u32 id;
	u32 parent; /* 0, or greater than id */
	u32 children[2];
	u32 subvol; /* that points to it; 0: none */
	u32 tree;
	enum bch_snapshot_state state;
	u64 btime; /* units of the filesystem */
};

/* All that are there, ascending by id. */
size_t bch_snapshots_nr(const struct bch_fs *fs);
const struct bch_snapshot_node *bch_snapshot_at(const struct bch_fs *fs, size_t nr);

/* Reads them again, after they were changed; nobody else may use them meanwhile. -BCH_ERR_no_memory. */
int bch_files_reload_snapshots(struct bch_fs *fs);

/* NULL where there is none. */
const struct bch_snapshot_node *bch_snapshot_find(const struct bch_fs *fs, u32 id);

/* Is @ancestor above @id, or @id itself? The parent of one that is missing is not known. */
bool bch_snapshot_is_ancestor(const struct bch_fs *fs, u32 id, u32 ancestor);

/*
 * All snapshots in an order in which those below one follow it at once: the place of @id, from 0 on, and (@nr) of how many
 * it and those below it are. False where there is none.
 */
bool bch_snapshot_subtree(const struct bch_fs *fs, u32 id, size_t *place, size_t *nr);

/* For cursors; valid as long as @fs is open. */
struct bch_snapshot_view bch_snapshot_view(const struct bch_fs *fs, u32 id);

/* ------------------------------------------------------------------ subvolumes and inodes: 04 §3.3, §6 */

/* -BCH_ERR_subvol_missing. */
int bch_subvolume_read(struct bch_fs *fs, u32 id, struct bch_subvolume *subvol);

/* The version that the file's snapshot sees, and (may be NULL) where it is. -BCH_ERR_not_found. */
int bch_file_inode(struct bch_fs *fs, const struct bch_file *file, struct bch_inode *inode,
		   u32 *snapshot);

/*
 * The directory that the inode's back pointer says, and its name there, appended to @name. -BCH_ERR_not_found where no
 * entry is there that leads to it. Format reference: 04 §6.8.
 */
int bch_file_parent(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode,
		    struct bch_file *dir, struct bch_buf *name);

/* A time of the filesystem as seconds and nanoseconds: 04 §6.6. */
struct bch_time bch_time_get(const struct bch_fs *fs, u64 time);

/* The other way; what lies between two units is lost. */
u64 bch_time_put(const struct bch_fs *fs, struct bch_time time);

/* Are names in the directory hashed casefolded? */
bool bch_inode_is_casefolded(const struct bch_fs *fs, const struct bch_inode *inode);

/*
 * An entry's names as an entry of @dir has them, casefolded (into @folded) where it is: 04 §8.5.
 * -BCH_ERR_invalid_argument where it is not UTF-8.
 */
struct bch_dirent;
int bch_dirent_begin(struct bch_fs *fs, const struct bch_inode *dir, const char *name, size_t len,
		     struct bch_buf *folded, struct bch_dirent *d);

/* An inode as stat(2) has it. */
void bch_inode_stat(const struct bch_fs *fs, u64 inum, const struct bch_inode *inode,
		    struct bch_stat *st);

/* Adds an attribute, taking the texts, which are empty afterwards. -BCH_ERR_no_memory. */
int bch_file_xattrs_add(struct bch_file_xattrs *xattrs, struct bch_buf *name,
			struct bch_buf *value);

/* An option of an inode: 04 §6.9. */
struct bch_inode_option {
	const struct bch_opt *opt;
	u64 value;
	bool is_set; /* it has one: else the filesystem's holds */
	bool is_own; /* set on the file itself, not inherited from its directory */
};

/* The options that inodes can have, from 0 on; false past the last. And a value as text. */
bool bch_inode_option(const struct bch_inode *inode, size_t nr, struct bch_inode_option *o);
void bch_inode_option_put(struct bch_buf *out, const struct bch_fs *fs,
			  const struct bch_inode_option *o);

/* ------------------------------------------------------------------ walks over trees */

enum bch_walk_flags {
	BCH_WALK_SORTED = 1 << 0, /* each directory by name, else in the order of the disk */
	BCH_WALK_LEAVES = 1 << 1, /* each directory again, when all that is in it has been given */
	BCH_WALK_ONE_SUBVOL = 1 << 2, /* the roots of others are given, but not gone into */
	BCH_WALK_DIRS = 1 << 3,	      /* directories alone */
};

/* What a walk has come to. The texts are valid until the next call. */
struct bch_walk_entry {
	const char *path; /* from where the walk began, whose own is "" */
	const char *name; /* the last part */
	u32 depth;	  /* 0: where it began */
	u8 type;	  /* of the entry: mode >> 12, or BCH_FILE_SUBVOL */
	bool leaving;	  /* a directory for the second time */
	bool last;	  /* of its directory */
	struct bch_file file;
};

struct bch_walk;

/* From @file down; a directory before what is in it. Memory: the names in all directories above. */
int bch_walk_begin(struct bch_fs *fs, const struct bch_file *file, unsigned flags,
		   struct bch_walk **walk);

/*
 * 1 and the next one, 0 at the end, or an error about what is missing (of the directory that was given last), said; the
 * next call goes on behind it. A directory within itself is an error of that kind: -BCH_ERR_too_many_links.
 */
int bch_walk_next(struct bch_walk *walk, struct bch_walk_entry *entry);

/* Not into the directory that was given last. */
void bch_walk_skip(struct bch_walk *walk);
void bch_walk_end(struct bch_walk *walk);
static inline void bch_walk_cleanup(struct bch_walk **walk)
{
	bch_walk_end(*walk);
}

/* ------------------------------------------------------------------ what a file's data is made of: 05 §11 */

enum bch_piece_kind {
	BCH_PIECE_HOLE,	     /* nothing */
	BCH_PIECE_RESERVED,  /* promised; reads as zeroes */
	BCH_PIECE_UNWRITTEN, /* allocated, never written; reads as zeroes */
	BCH_PIECE_INLINE,    /* in the key */
	BCH_PIECE_DATA,	     /* where the key's pointers lead */
	BCH_PIECE_LOST,	     /* known to be lost */
};

/* A run of a file that one key tells of. All in sectors. */
struct bch_piece {
	u64 start, len; /* in the file */
	enum bch_piece_kind kind;
	bool shared;	   /* the key is in the reflink btree */
	struct bch_key k;  /* of a HOLE: nothing. Valid until the next call on the map */
	u64 k_skip;	   /* from the key's start to the piece's */
	struct bch_pos of; /* the key in the extents btree: the same, or the reflink_p */
};

/* Use the functions. One thread. */
struct bch_file_map {
	struct bch_fs *fs;
	struct bch_snapshot_view view;
	struct bch_cursor extents, reflink;
	struct bch_key
		k; /* of the extents btree: the next one, or the reflink_p that is being followed */
	struct bch_key v;  /* of the reflink btree: the next one */
	u64 at, end;	   /* sectors */
	bool has_k, has_v; /* are they there? */
	bool follows;	   /* @reflink is in use */
	bool missed;	   /* something before @k could not be read */
};

/* The pieces of [@start, @end), holes too, in order and without gaps. @map stays where it is until it is ended. */
void bch_file_map_begin(struct bch_file_map *map, struct bch_fs *fs, const struct bch_file *file,
			u64 start_sector, u64 end_sector);

/* 1 and the next piece, 0 at the end, or an error, behind which the next call goes on. */
int bch_file_map_next(struct bch_file_map *map, struct bch_piece *piece);
void bch_file_map_end(struct bch_file_map *map);
static inline void bch_file_map_cleanup(struct bch_file_map *map)
{
	bch_file_map_end(map);
}

/* ------------------------------------------------------------------ one pointer: 05 §2.8, §2.9 */

/* NULL where the pointer leads to no device that is there. */
struct bch_blkdev *bch_ptr_blkdev(const struct bch_fs *fs, const struct bch_ptr *p);

/* Does the pointer lead into a bucket that was reused since? An error of the btree alloc is given. */
int bch_ptr_is_stale(struct bch_fs *fs, const struct bch_ptr *p, bool *stale);

/* Has the blob a checksum or is it compressed: can it be used only as a whole? */
bool bch_crc_is_encoded(const struct bch_crc *crc);

/* Do the sizes fit each other and the key? */
bool bch_crc_is_possible(const struct bch_key *k, const struct bch_crc *crc);

/* The checksum of stored bytes: -BCH_ERR_data_checksum. */
int bch_blob_verify(const struct bch_fs *fs, const struct bch_key *k, const struct bch_crc *crc,
		    const void *blob);

/*
 * The stored bytes that one pointer of @k leads to, of bch_crc's compressed_sectors (uncompressed without checksum: the
 * key's size), verified: -BCH_ERR_data_checksum. Not from a stripe's other blocks. @blob is the caller's.
 */
int bch_blob_read(struct bch_fs *fs, const struct bch_key *k, const struct bch_extent_ptr *p,
		  void *blob);

/* The same reconstructed from the other blocks of its stripe: 05 §7.3. -BCH_ERR_data_lost where too few are left. */
int bch_blob_reconstruct(struct bch_fs *fs, const struct bch_key *k, const struct bch_extent_ptr *p,
			 void *blob);

/* Was the data known to be bad when it was written? */
bool bch_key_is_poisoned(const struct bch_fs *fs, const struct bch_key *k);

/*
 * Stripes: can one be computed with; the sectors that have one checksum (the last of a block may be fewer); are @len
 * bytes what unit @unit of a block should be: -BCH_ERR_data_checksum. The type of its checksums must not be none.
 */
bool bch_stripe_is_usable(const struct bch_stripe *s);
u32 bch_stripe_unit_sectors(const struct bch_stripe *s);
int bch_stripe_unit_verify(const struct bch_stripe *s, u32 block, u32 unit, const void *bytes,
			   size_t len);

/* Sectors [@skip, @skip + @nr) of the key's data, by any of its pointers. -BCH_ERR_data_lost. */
int bch_key_data_read(struct bch_fs *fs, const struct bch_key *k, u64 skip, u64 nr_sectors,
		      void *buf);

/* ------------------------------------------------------------------ writing data: 05 §10 */

/* How data is to be stored: the options that hold for a file. Numbers as options have them. */
struct bch_io_opts {
	u8 data_checksum;
	u8 compression, background_compression;
	u8 data_replicas;
	u16 foreground_target, background_target, promote_target;
	bool erasure_code;
	bool nocow;    /* neither checksum nor compression, nor encryption */
	u8 from_inode; /* bits of enum bch_extent_opt: the inode's own */
};

/* Those of @inode, and where it has none (or is NULL) those of the filesystem. */
struct bch_io_opts bch_io_opts(const struct bch_fs *fs, const struct bch_inode *inode);

/* The kind of checksum that data is written with. */
u8 bch_io_csum_type(const struct bch_fs *fs, const struct bch_io_opts *io);

/*
 * Has the superblock announce the kind of compression of an option, before data is stored so, or only the option: a
 * kernel whose mover comes to it stops the machine otherwise. 05 §4.1.
 */
void bch_io_need_compression(struct bch_fs *fs, u8 option);

/*
 * The entry with what the mover is to do with an extent that was written so: 05 §9. False where there is nothing.
 * @key has its pointers already.
 */
bool bch_io_opts_rebalance(const struct bch_fs *fs, const struct bch_io_opts *opts,
			   const struct bch_key *key, struct bch_extent_opts *rebalance);

/*
 * A writer of file data: bytes go in as a stream, extents come out as pending changes. Data is compressed, encrypted and
 * checksummed by all threads, and written long before the commit, which makes it durable; where it lies depends on the
 * stream alone, not on the timing. Memory: 48 MiB. One thread.
 */
struct bch_data_writer;

struct bch_data_writer_opts {
	bool no_inline; /* small data is not put into keys */
	bool dedupe; /* what is the same as something that was written before is shared with it: 130 MiB */
};

/* After bch_writer_start(). @opts may be NULL. -BCH_ERR_no_memory. */
int bch_data_writer_new(struct bch_fs *fs, const struct bch_data_writer_opts *opts,
			struct bch_data_writer **w);

/* What was not flushed is not written. NULL is nothing. */
void bch_data_writer_free(struct bch_data_writer *w);
static inline void bch_data_writer_cleanup(struct bch_data_writer **w)
{
	bch_data_writer_free(*w);
}

/* A file that data is written for: nothing may be there yet in what the snapshot sees of it. */
struct bch_data_file {
	u64 inum;
	u32 snapshot;	  /* that the keys belong to: a leaf */
	bool skip_zeroes; /* blocks of zeroes become holes */
	struct bch_io_opts opts;
};

/* From the start of @file on. The one before must have been ended. */
void bch_data_begin(struct bch_data_writer *w, const struct bch_data_file *file);

/* The next bytes of the file, or zeroes without storage. Errors are said. */
int bch_data_put(struct bch_data_writer *w, const void *buf, size_t len);
int bch_data_hole(struct bch_data_writer *w, u64 len);

/*
 * The next bytes, whole blocks from a whole block on, lie at @sector of member 0 already and stay there: @bytes, of which
 * checksums are made. Not for filesystems that encrypt.
 */
int bch_data_link(struct bch_data_writer *w, u64 sector, const void *bytes, size_t len);

/*
 * Where the next bytes will lie, and room for how many (not 0): to read them there, and then to put them from there, which
 * copies nothing.
 */
int bch_data_room(struct bch_data_writer *w, void **buf, size_t *len);

/*
 * The file ends here, at the sum of what was put. @nr_sectors (may be NULL): what it takes, as bi_sectors counts. Its keys
 * are all there after the next flush.
 */
int bch_data_end(struct bch_data_writer *w, u64 *nr_sectors);

/* Writes all that is held back, and puts its keys; to be called before a commit, between files. */
int bch_data_writer_flush(struct bch_data_writer *w);

/* Bytes that were shared instead of written so far. */
u64 bch_data_writer_shared(const struct bch_data_writer *w);

#endif
