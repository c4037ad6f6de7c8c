/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a dump changes in what it copies, for the files of this folder: user data and names are taken out, pointers to
 * copies that are not in the dump are taken back, and what was changed gets its checksum anew.
 *
 * Where something is to be hidden only what is understood is kept: what is not is zeroed, as it may hold anything.
 */

#ifndef BCHFS_OPS_DUMP_PRIVATE_H
#define BCHFS_OPS_DUMP_PRIVATE_H

#include <bcachefs/dump.h>
#include "ondisk/keys.h"
#include "super/super.h"

struct bch_dump_edit {
	const struct bch_fs *fs;
	bool data;	/* hide inline data */
	bool names;	/* and names of files */
	bool xattrs;	/* and values of extended attributes */
	bool one_copy;	/* pointers to nodes keep the one to the lowest open member */
	bool clear_key; /* the filesystem's key is stored in the clear */
};

static inline bool bch_dump_edits_keys(const struct bch_dump_edit *e)
{
	return e->data || e->one_copy;
}

/* The member whose copy is kept of those that @k, a pointer to a node, leads to; BCH_PTR_DEV_NONE: all are. */
u8 bch_dump_kept_copy(const struct bch_dump_edit *e, const struct bch_key *k);

/* A key whose value lies in writable bytes at @val. */
void bch_dump_edit_key(const struct bch_dump_edit *e, const struct bch_key *k, u8 *val);

/* The records of a journal entry or of the clean section, decrypted. */
void bch_dump_edit_records(const struct bch_dump_edit *e, u8 *p, size_t len);

/*
 * A node as it is on the device, and the same when it returns. @nr_sectors: what its pointer says is written, 0 for
 * unknown. False where something in that part is damaged; what is damaged stays as it is, or is zeroed.
 */
bool bch_dump_edit_node(const struct bch_dump_edit *e, u8 *p, size_t len, u32 nr_sectors);

/* A journal bucket. -BCH_ERR_no_memory. */
int bch_dump_edit_bucket(const struct bch_dump_edit *e, u8 *p, size_t len);

/* A valid superblock for @sector. */
int bch_dump_edit_super(const struct bch_dump_edit *e, struct bch_super *super, u64 sector);

/* ------------------------------------------------------------------ the whole */

/* A copy of a node. */
struct bch_dump_node {
	u64 sector;
	u32 nr_sectors; /* that are written, as its pointer says; 0: unknown */
};

/* What a range of the device is: in the lower half of its "what", above it nr_sectors of a node. */
enum bch_dump_kind {
	BCH_DUMP_layout,
	BCH_DUMP_super,
	BCH_DUMP_bucket,
	BCH_DUMP_node,
};

/* An open member, and its file. */
struct bch_dump_member {
	u32 dev_idx;
	struct bch_blkdev *dev;
	struct {
		BCH_ARRAY(struct bch_dump_node) a;
	} nodes; /* as they are found; then sorted, each once */
	struct bch_qcow2_writer *writer;
	u64 nr_supers, nr_buckets, nr_nodes;
	u64 size;   /* of the file */
	char *name; /* of the file; NULL for a stream */
	struct bch_output *out;
};

struct bch_dump {
	struct bch_fs *fs;
	struct bch_dump_opts opts;
	struct bch_dump_edit edit;
	struct bch_dump_member *members;
	u32 nr_members;
};

/* Finds what is to be in the dump, and gives it to the members' writers. */
int bch_dump_collect(struct bch_dump *d);

/* The valid superblock that is at @sector of @dev; false where none is, or a damaged one. */
bool bch_dump_super_at(struct bch_blkdev *dev, u64 sector, struct bch_super *super);

/* The bytes of a range as they are to be in the dump. */
int bch_dump_read(const struct bch_dump *d, const struct bch_dump_member *m,
		  const struct bch_qcow2_range *range, void *buf);

/* A file of @size bytes in a tar stream: before its bytes, behind them, and behind all files. */
int bch_tar_begin(struct bch_output *out, const char *name, u64 size, u64 mtime);
int bch_tar_end(struct bch_output *out, u64 size);
int bch_tar_close(struct bch_output *out);

#endif
